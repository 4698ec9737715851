"""What a handled call is, and ratios as ratios of sums."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from postcall.errors import MissingInput
from postcall.kpi import (
    MEDIAN_RATES,
    MEDIANS_MS,
    SUMS,
    GroupKpis,
    KpiPolicy,
    call_duration_ms,
    group_kpis,
    is_answered,
    join_calls,
)
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
