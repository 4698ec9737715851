"""What a handled call is, and ratios as ratios of sums."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from postcall.errors import MissingInput
from postcall.kpi import MEDIAN_RATES, MEDIANS_MS, SUMS, KpiPolicy, call_duration_ms, group_kpis, is_answered, join_calls
from postcall.kpi_columns import GroupKpis
from postcall.telephony import Telephony

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANSWERED = Telephony(
    "c", recording="c.wav", started_at=START, answered_at=START, ended_at=START + timedelta(seconds=90), agent_id="a"
)
TYPES = {
    "call_id": pa.string(),
    "agent_id": pa.string(),
    "direction": pa.string(),
    "is_answered": pa.bool_(),
    "has_hold": pa.bool_(),
    "is_hold_known": pa.bool_(),
    "is_answered_in_seconds": pa.bool_(),
    "is_answered_in_rings": pa.bool_(),
    "speed_of_answer_basis": pa.string(),
    "hung_up_by": pa.string(),
    "disconnected_by": pa.string(),
    "agent_rated_words": pa.int64(),
    "agent_rated_ms": pa.int64(),
    "abandoned_after_ms": pa.int64(),
    **dict.fromkeys((*SUMS, *MEDIANS_MS.values()), pa.int64()),
    **dict.fromkeys(MEDIAN_RATES.values(), pa.float64()),
}


def calls_of(*rows: dict[str, Any]) -> pd.DataFrame:
    """Calls as `join_calls` gives them; what a row does not say is empty."""
    columns = {
        name: pa.array([row.get(name, f"c-{n}" if name == "call_id" else None) for n, row in enumerate(rows)], kind)
        for name, kind in TYPES.items()
    }
    frame: pd.DataFrame = pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def one_group(*rows: dict[str, Any], policy: KpiPolicy | None = None) -> dict[str, Any]:
    (group,) = group_kpis(calls_of(*rows), None, policy or KpiPolicy())
    return group


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (ANSWERED, True),
        (replace(ANSWERED, ended_at=None), True),
        (replace(ANSWERED, answered_at=None), None),  # agent and recording: the source does not seem to know answers
        (replace(ANSWERED, answered_at=None, agent_id=None), False),  # the queue was recorded, nobody came
        (replace(ANSWERED, answered_at=None, recording=None), False),  # it rang at the agent
        (replace(ANSWERED, answered_at=None, ended_at=None, agent_id=None, recording=None), None),
    ],
)
def test_whether_a_call_was_answered(record: Telephony, expected: bool | None) -> None:
    assert is_answered(record) is expected


def test_the_length_of_a_call() -> None:
    assert call_duration_ms(ANSWERED) == 90_000


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (replace(ANSWERED, answered_at=None), "no time of answer"),
        (replace(ANSWERED, ended_at=None), "no time of end"),
        (replace(ANSWERED, answered_at=None, agent_id=None), "was not answered"),
    ],
)
def test_a_length_that_the_record_does_not_tell(record: Telephony, reason: str) -> None:
    with pytest.raises(MissingInput, match=reason):
        call_duration_ms(record)


def test_a_joined_call_keeps_its_place_and_its_own_columns() -> None:
    contact = calls_of({"agent_id": "a"}, {"agent_id": "b"})[["call_id", "agent_id"]]
    other = pd.DataFrame({"call_id": ["c-1"], "agent_id": ["z"], "speech_ms": [5]}).convert_dtypes(dtype_backend="pyarrow")
    joined = join_calls(contact, other)
    assert joined["agent_id"].tolist() == ["a", "b"]
    assert joined["speech_ms"].isna().tolist() == [True, False]
    assert str(joined["speech_ms"].dtype) == "int64[pyarrow]"


def test_two_rows_for_one_call_are_an_error() -> None:
    contact = calls_of({})[["call_id"]]
    other = pd.DataFrame({"call_id": ["c-0", "c-0"], "speech_ms": [1, 2]}).convert_dtypes(dtype_backend="pyarrow")
    with pytest.raises(pd.errors.MergeError):
        join_calls(contact, other)


def test_a_group_has_the_columns_of_its_table_and_python_values() -> None:
    (group,) = group_kpis(calls_of({"agent_id": "a", "is_answered": True, "agent_rate_wpm": 120.5}), "agent_id", KpiPolicy())
    assert set(group) == {field.name for field in fields(GroupKpis)} | {"agent_id"}
    assert {type(value) for value in group.values()} <= {int, float, str, type(None)}


def test_groups_stand_in_order_of_key() -> None:
    calls = calls_of({"agent_id": "b"}, {"agent_id": ""}, {"agent_id": "b"})
    assert [(g["agent_id"], g["calls_offered"]) for g in group_kpis(calls, "agent_id", KpiPolicy())] == [("", 1), ("b", 2)]


def test_no_calls_no_groups() -> None:
    assert list(group_kpis(calls_of(), "agent_id", KpiPolicy())) == []
    assert list(group_kpis(calls_of(), None, KpiPolicy())) == []


def test_a_rate_is_the_ratio_of_sums_and_not_the_mean_of_rates() -> None:
    group = one_group(
        {"agent_interruptions": 3, "customer_talk_ms": 60_000, "agent_talk_ms": 60_000},
        {"agent_interruptions": 0, "customer_talk_ms": 120_000, "agent_talk_ms": 20_000},
    )
    assert group["agent_interruptions_per_min"] == 1.0
    assert group["agent_talk_share"] == 80 / 260


def test_unknown_is_empty_and_nobody_speaking_has_no_share() -> None:
    unknown = one_group({})
    assert (unknown["calls_offered"], unknown["calls_answer_unknown"]) == (1, 1)
    assert all(unknown[column] is None for column in (*SUMS, *MEDIANS_MS, *MEDIAN_RATES, "agent_talk_share", "silence_share"))
    silent = one_group({"agent_talk_ms": 0, "customer_talk_ms": 0, "agent_interruptions": 0, "conversation_ms": 0})
    assert (silent["agent_talk_share"], silent["agent_interruptions_per_min"], silent["silence_share"]) == (None, None, None)


def test_a_median_of_two_lies_between_them() -> None:
    group = one_group(
        {"agent_latency_median_ms": 100, "agent_rate_wpm": 100.0}, {"agent_latency_median_ms": 201, "agent_rate_wpm": 121.5}, {}
    )
    assert (group["median_agent_latency_ms"], group["median_agent_rate_wpm"]) == (150, 110.75)


def test_a_threshold_is_met_at_itself() -> None:
    policy = KpiPolicy(service_level_s=10.5)
    group = one_group(
        {"is_answered": True, "wait_ms": 10_500},
        {"is_answered": True, "wait_ms": 10_501},
        {"is_answered": False, "abandoned_after_ms": 10_500},
        {"is_answered": False, "abandoned_after_ms": 10_501},
        policy=policy,
    )
    assert (group["calls_in_time"], group["calls_abandoned_early"], group["calls_abandoned_late"]) == (1, 1, 1)
    assert group["service_level_share"] == 1 / 3


def test_the_target_of_the_policy_decides_the_verdict() -> None:
    rows = [{"is_answered": True, "has_hold": n == 0} for n in range(50)]
    assert one_group(*rows)["no_hold_verdict"] == "open"
    assert one_group(*rows, policy=KpiPolicy(no_hold_target_share=0.8))["no_hold_verdict"] == "met"
    assert one_group(*rows, policy=KpiPolicy(minimum_calls=51))["no_hold_verdict"] == "too few calls"


def test_the_default_target_is_the_manuals() -> None:
    assert KpiPolicy().no_hold_target_share == 0.95
    assert KpiPolicy.model_json_schema()["properties"]["no_hold_target_share"]["source"] == "mts-06"


def test_the_share_answered_in_seconds_is_of_calls_whose_speed_is_known() -> None:
    group = one_group(
        {"speed_of_answer_ms": 5_000, "speed_of_answer_basis": "call_record", "is_answered_in_seconds": True},
        {"speed_of_answer_ms": 9_000, "speed_of_answer_basis": "audio", "is_answered_in_seconds": True},
        {"speed_of_answer_ms": 40_000, "speed_of_answer_basis": "audio", "is_answered_in_seconds": False},
        {"is_answered": False, "abandoned_after_ms": 90_000},
    )
    assert (group["calls_speed_known"], group["calls_speed_heard"], group["calls_answered_in_seconds"]) == (3, 2, 2)
    assert group["answered_in_seconds_share"] == 2 / 3
    assert group["answered_in_seconds_low_share"] == pytest.approx(0.2077, abs=1e-4)  # Wilson of 2 of 3
    assert group["answered_in_seconds_high_share"] == pytest.approx(0.9385, abs=1e-4)


def test_rings_are_of_calls_that_were_answered_after_them() -> None:
    group = one_group(
        {"rings": 1, "is_answered_in_rings": True},
        {"rings": 4, "is_answered_in_rings": False},
        {"rings": 9},  # nobody answered, or the customer was to answer
        {},
    )
    assert (group["calls_rings_known"], group["calls_answered_in_rings"], group["rings"]) == (2, 1, 5)
    assert (group["average_rings"], group["answered_in_rings_share"]) == (2.5, 0.5)
    assert group["answered_in_rings_low_share"] < 0.5 < group["answered_in_rings_high_share"]


@pytest.mark.parametrize(
    ("calls", "in_time", "verdict"), [(29, 0, "too few calls"), (30, 24, "open"), (30, 30, "met"), (30, 15, "not met")]
)
def test_the_service_level_has_a_target(calls: int, in_time: int, verdict: str) -> None:
    group = one_group(*({"is_answered": True, "wait_ms": 1_000 if n < in_time else 60_000} for n in range(calls)))
    assert (group["calls_in_time"], group["service_level_verdict"]) == (in_time, verdict)


def test_who_ended_the_handled_calls() -> None:
    group = one_group(
        {"is_answered": True, "hung_up_by": "agent", "disconnected_by": "agent"},
        {"is_answered": True, "hung_up_by": "customer"},
        {"is_answered": True, "disconnected_by": "customer"},  # no recording: the record alone
        {"is_answered": True, "disconnected_by": "ivr"},
        {"is_answered": True},
        {"is_answered": False, "disconnected_by": "customer"},
        {"disconnected_by": "agent"},
    )
    assert (group["calls_handled"], group["calls_ended_by_agent"], group["calls_ended_by_customer"]) == (5, 1, 2)
    assert group["calls_end_unknown"] == 2
    assert group["ended_by_agent_share"] == 1 / 3
    assert group["ended_by_agent_low_share"] < 1 / 3 < group["ended_by_agent_high_share"]


def test_turns_and_talk_against_listening() -> None:
    group = one_group(
        {
            "agent_turns": 3, "customer_turns": 2, "conversation_ms": 30_000, "agent_talk_ms": 12_000,
            "customer_talk_ms": 6_000, "agent_longest_turn_ms": 8_000,
        },
        {
            "agent_turns": 1, "customer_turns": 0, "conversation_ms": 60_000, "agent_talk_ms": 3_000,
            "customer_talk_ms": 0, "agent_longest_turn_ms": 3_000,
        },
        {"conversation_ms": 500_000},  # parties not told apart
    )  # fmt: skip
    assert (group["agent_turns"], group["customer_turns"], group["turns_conversation_ms"]) == (4, 2, 90_000)
    assert group["average_turns_per_min"] == 4.0
    assert group["talk_listen_ratio"] == 15 / 6
    assert (group["agent_longest_turn_ms"], group["median_agent_longest_turn_ms"]) == (8_000, 5_500)


def test_words_and_chinese_characters_are_not_mixed() -> None:
    group = one_group(
        {"agent_rate_wpm": 120.0, "agent_rated_words": 100, "agent_rated_ms": 50_000},
        {"agent_rate_wpm": 150.0, "agent_rated_words": 50, "agent_rated_ms": 20_000},
        {"agent_rate_cpm": 240.0, "agent_rated_words": 80, "agent_rated_ms": 20_000},
        {"agent_rated_words": 0, "agent_rated_ms": 0},  # no turn was long enough
    )
    assert (group["agent_words"], group["agent_words_ms"], group["agent_rate_wpm"]) == (150, 70_000, 150 * 60 / 70)
    assert (group["agent_characters"], group["agent_characters_ms"], group["agent_rate_cpm"]) == (80, 20_000, 240.0)


def test_what_is_heard_of_holds_counts_for_handled_calls() -> None:
    group = one_group(
        {"is_answered": True, "audible_holds": 2, "audible_hold_ms": 30_000, "mutes": 1, "mute_ms": 4_000},
        {"is_answered": True, "audible_holds": 0, "audible_hold_ms": 0, "mutes": 0, "mute_ms": 0},
        {"is_answered": True, "has_hold": True},
        {"audible_holds": 5, "audible_hold_ms": 9_000, "mutes": 5, "mute_ms": 5_000},
    )
    assert (group["calls_hold_heard"], group["audible_holds"], group["audible_hold_ms"]) == (2, 2, 30_000)
    assert (group["mutes"], group["mute_ms"]) == (1, 4_000)


def test_the_tail_is_averaged_over_calls_with_a_last_word() -> None:
    group = one_group({"after_last_word_ms": 1_000, "silences_10s": 2}, {"after_last_word_ms": 4_001, "silences_10s": 0}, {})
    assert (group["calls_last_word_known"], group["after_last_word_ms"]) == (2, 5_001)
    assert (group["average_after_last_word_ms"], group["silences_10s"]) == (2_500, 2)
