"""What a handled call is, and the arithmetic that turns the calls of a group into its KPIs. Pure.

Conventions
-----------
A sum covers the calls of which the value is known and is empty when there is none; the count of those calls stands beside it.
A ratio is taken last, as a ratio of sums, so that a week is the ratio of the week's sums. Medians, ratios and their bounds
are not additive.

Definitions
-----------
offered         every call of the group
handled         an agent answered
abandoned       not outbound, and nobody answered
no-hold share   handled calls without any hold / handled calls of which hold is known
service level   calls answered within the threshold / (calls answered + calls abandoned after the threshold); a caller who hangs
                up sooner gave the centre no chance to answer and counts in neither. The clock starts when the call reaches the
                centre, so an IVR's time is in it.

References
----------
Amazon Connect, *Metrics definitions*, for service level and average speed of answer; the rule of 95 % of contacts without
hold is clause mts-06.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any

import pandas as pd

from postcall.errors import MissingInput
from postcall.fields import (
    AgentDeadAirMs,
    AgentInterruptions,
    AgentInterruptionsPerMin,
    AgentTalkMs,
    AgentTalkShare,
    CallDurationMs,
    CallsHandled,
    CallsHoldKnown,
    CallsOffered,
    CallsWithoutHold,
    ConversationMs,
    CustomerInterruptions,
    CustomerInterruptionsPerMin,
    CustomerTalkMs,
    DeadAirMs,
    DeadAirs,
    HoldMs,
    Holds,
    NoHoldHighShare,
    NoHoldLowShare,
    NoHoldShare,
    NoHoldVerdict,
    NonTalkMs,
    OvertalkMs,
    RecordingDurationMs,
    SilenceMs,
    SilenceShare,
    SpeechMs,
    SpeedOfAnswerMs,
    WaitMs,
)
from postcall.policy import Policy, Setting
from postcall.statistics import target_verdict, wilson
from postcall.tables import Field
from postcall.telephony import Direction, Telephony, milliseconds_between


def is_answered(record: Telephony) -> bool | None:
    """Whether an agent answered; None when the record cannot tell.

    A record with a time of answer was answered. One with an end and no answer was not, unless it names both an agent and a
    recording: its source then does not seem to know times of answer.
    """
    if record.answered_at is not None:
        return True
    if record.ended_at is None or (record.agent_id is not None and record.recording is not None):
        return None
    return False


def call_duration_ms(record: Telephony) -> int:
    """From answered to ended, in ms.

    Raises
    ------
    MissingInput
        The call was not answered, or the record lacks one of the times.
    """
    if is_answered(record) is False:
        raise MissingInput("times", "the call was not answered")
    if record.answered_at is None or record.ended_at is None:
        lacking = "answer" if record.answered_at is None else "end"
        raise MissingInput("times", f"the call record has no time of {lacking}")
    return milliseconds_between(record.answered_at, record.ended_at)


class KpiPolicy(Policy):
    """Targets that a group of calls is held to, whether an agent, a queue or the whole centre."""

    SECTION = "kpi"

    no_hold_target_share: float = Setting(
        0.95, gt=0, le=1, description="Share of handled calls that must go without hold. Larger is stricter.", source="mts-06"
    )
    minimum_calls: int = Setting(
        30, ge=1, description="Fewer calls than this get no verdict: the share of a small group says little."
    )
    service_level_s: float = Setting(
        20,
        gt=0,
        description="A call answered within this time of reaching the centre is in time; larger counts more calls as in time.",
        source="research: 80 % in 20 s is in wide use, there is no standard",
    )


@dataclass(frozen=True, kw_only=True)
class GroupKpis:
    """Columns that every ``kpi_`` table of calls has."""

    calls_offered: CallsOffered
    calls_handled: CallsHandled
    calls_abandoned: Annotated[int, Field("Calls, not outbound, that nobody answered.", minimum=0)]
    calls_answer_unknown: Annotated[int, Field("Calls whose record cannot tell whether they were answered.", minimum=0)]

    calls_duration_known: Annotated[int, Field("Handled calls of which the call's length is known.", minimum=0)]
    call_duration_ms: CallDurationMs | None
    average_call_duration_ms: Annotated[
        int | None, Field("call_duration_ms / calls_duration_known.", unit="ms", minimum=0, additive=False)
    ]

    calls_hold_known: CallsHoldKnown
    calls_without_hold: CallsWithoutHold
    no_hold_share: NoHoldShare
    no_hold_low_share: NoHoldLowShare
    no_hold_high_share: NoHoldHighShare
    no_hold_verdict: NoHoldVerdict
    holds: Holds | None
    hold_ms: HoldMs | None
    average_hold_ms: Annotated[
        int | None, Field("hold_ms / calls_hold_known, calls without hold included.", unit="ms", minimum=0, additive=False)
    ]

    calls_speed_known: Annotated[int, Field("Calls of which speed_of_answer_ms is known.", minimum=0)]
    speed_of_answer_ms: SpeedOfAnswerMs | None
    average_speed_of_answer_ms: Annotated[
        int | None, Field("speed_of_answer_ms / calls_speed_known.", unit="ms", minimum=0, additive=False)
    ]
    median_speed_of_answer_ms: Annotated[
        int | None, Field("Median of speed_of_answer_ms over calls.", unit="ms", minimum=0, additive=False)
    ]
    calls_wait_known: Annotated[int, Field("Calls of which wait_ms is known: answered, and not outbound.", minimum=0)]
    wait_ms: WaitMs | None
    average_wait_ms: Annotated[int | None, Field("wait_ms / calls_wait_known.", unit="ms", minimum=0, additive=False)]
    calls_in_time: Annotated[int, Field("Calls answered within the service level's threshold.", minimum=0)]
    calls_abandoned_early: Annotated[int, Field("Calls abandoned within the service level's threshold.", minimum=0)]
    calls_abandoned_late: Annotated[int, Field("Calls abandoned after the service level's threshold.", minimum=0)]
    service_level_share: Annotated[
        float | None,
        Field("calls_in_time / (calls_wait_known + calls_abandoned_late).", unit="share", minimum=0, maximum=1, additive=False),
    ]
    service_level_low_share: Annotated[
        float | None,
        Field(
            "Lower end of the Wilson 95 % interval of service_level_share.", unit="share", minimum=0, maximum=1, additive=False
        ),
    ]
    service_level_high_share: Annotated[
        float | None,
        Field(
            "Upper end of the Wilson 95 % interval of service_level_share.", unit="share", minimum=0, maximum=1, additive=False
        ),
    ]

    calls_measured: Annotated[int, Field("Calls with a recording in which speech was measured.", minimum=0)]
    recording_duration_ms: RecordingDurationMs | None
    speech_ms: SpeechMs | None
    non_talk_ms: NonTalkMs | None
    conversation_ms: ConversationMs | None
    calls_hold_placed: Annotated[
        int, Field("Measured calls whose holds are placed in the recording; in the others hold counts as silence.", minimum=0)
    ]
    silence_ms: SilenceMs | None
    silence_share: SilenceShare | None
    dead_airs: DeadAirs | None
    dead_air_ms: DeadAirMs | None
    agent_dead_air_ms: AgentDeadAirMs | None

    calls_parties_known: Annotated[int, Field("Measured calls in which agent and customer are told apart.", minimum=0)]
    agent_talk_ms: AgentTalkMs | None
    customer_talk_ms: CustomerTalkMs | None
    overtalk_ms: OvertalkMs | None
    agent_talk_share: AgentTalkShare | None
    agent_interruptions: AgentInterruptions | None
    customer_interruptions: CustomerInterruptions | None
    agent_interruptions_per_min: AgentInterruptionsPerMin | None
    customer_interruptions_per_min: CustomerInterruptionsPerMin | None
    median_greeting_ms: Annotated[int | None, Field("Median of greeting_ms over calls.", unit="ms", minimum=0, additive=False)]
    median_agent_latency_ms: Annotated[
        int | None, Field("Median of agent_latency_median_ms over calls.", unit="ms", minimum=0, additive=False)
    ]
    median_agent_rate_wpm: Annotated[
        float | None, Field("Median of agent_rate_wpm over calls.", unit="wpm", minimum=0, additive=False)
    ]
    median_agent_rate_cpm: Annotated[
        float | None, Field("Median of agent_rate_cpm over calls.", unit="cpm", minimum=0, additive=False)
    ]


SUMS = (
    "call_duration_ms",
    "holds",
    "hold_ms",
    "speed_of_answer_ms",
    "wait_ms",
    "recording_duration_ms",
    "speech_ms",
    "non_talk_ms",
    "conversation_ms",
    "silence_ms",
    "dead_airs",
    "dead_air_ms",
    "agent_dead_air_ms",
    "agent_talk_ms",
    "customer_talk_ms",
    "overtalk_ms",
    "agent_interruptions",
    "customer_interruptions",
)
"""Columns of calls that a group carries as sums under their own names."""

MEDIANS_MS = {
    "median_speed_of_answer_ms": "speed_of_answer_ms",
    "median_greeting_ms": "greeting_ms",
    "median_agent_latency_ms": "agent_latency_median_ms",
}
MEDIAN_RATES = {"median_agent_rate_wpm": "agent_rate_wpm", "median_agent_rate_cpm": "agent_rate_cpm"}
"""Column of a group -> column of calls that it is the median of; ms are rounded, rates are not."""


def join_calls(contact: pd.DataFrame, *others: pd.DataFrame) -> pd.DataFrame:
    """All calls with the columns of further ``call_`` tables beside them; a call without a row there keeps empty columns.

    Parameters
    ----------
    contact
        ``call_contact``: every call of the day.
    others
        Call tables. A column that is already there is the same (same name, same meaning) and is not taken again.
    """
    return reduce(_beside, others, contact)


def _beside(calls: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    new = [column for column in other.columns if column not in calls.columns]
    return calls.merge(other[["call_id", *new]], on="call_id", how="left", validate="one_to_one")


def group_kpis(calls: pd.DataFrame, by: str | None, policy: KpiPolicy) -> Iterator[dict[str, Any]]:
    """KPIs of each group of calls.

    Parameters
    ----------
    calls
        Of `join_calls`, with Arrow types.
    by
        Column to group by, or None for all calls as one group.
    policy
        Targets and thresholds.

    Yields
    ------
    Values of the columns of `GroupKpis`, and of ``by``, in order of group; nothing for no calls.
    """
    counts = _counts(calls, policy)
    sums = calls[list(SUMS)].assign(
        holds=calls["holds"].where(_is_handled(calls)),
        hold_ms=calls["hold_ms"].where(_is_handled(calls)),
        recording_duration_ms=calls["recording_duration_ms"].where(calls["speech_ms"].notna()),
    )
    key = calls[by] if by is not None else pd.Series(0, index=calls.index, name="group")
    medians = {**MEDIANS_MS, **MEDIAN_RATES}
    groups = (
        pd.concat([counts, sums], axis=1)
        .groupby(key)
        .sum(min_count=1)
        .join(calls[list(medians.values())].groupby(key).median().set_axis(list(medians), axis=1))
        .reset_index()
    )
    for group in groups.to_dict("records"):
        values: dict[str, Any] = {str(name): value for name, value in group.items() if name != "group"}
        rounded = {name: round(values[name]) for name in MEDIANS_MS if values[name] is not None}
        yield {**values, **rounded, **_ratios(values, policy)}


def _is_handled(calls: pd.DataFrame) -> pd.Series[bool]:
    return calls["is_answered"].fillna(False)


def _counts(calls: pd.DataFrame, policy: KpiPolicy) -> pd.DataFrame:
    """A 1 for each call that a count of `GroupKpis` counts, else 0."""
    threshold_ms = round(policy.service_level_s * 1000)
    answered = calls["is_answered"]
    is_outbound = (calls["direction"] == Direction.OUTBOUND.value).fillna(False)
    marks = pd.DataFrame(
        {
            "calls_offered": calls["call_id"].notna(),
            "calls_handled": _is_handled(calls),
            "calls_abandoned": ~answered.fillna(True) & ~is_outbound,
            "calls_answer_unknown": answered.isna(),
            "calls_duration_known": calls["call_duration_ms"].notna(),
            "calls_hold_known": _is_handled(calls) & calls["has_hold"].notna(),
            "calls_without_hold": _is_handled(calls) & ~calls["has_hold"].fillna(True),
            "calls_speed_known": calls["speed_of_answer_ms"].notna(),
            "calls_wait_known": calls["wait_ms"].notna(),
            "calls_in_time": (calls["wait_ms"] <= threshold_ms).fillna(False),
            "calls_abandoned_early": (calls["abandoned_after_ms"] <= threshold_ms).fillna(False),
            "calls_abandoned_late": (calls["abandoned_after_ms"] > threshold_ms).fillna(False),
            "calls_measured": calls["speech_ms"].notna(),
            "calls_hold_placed": calls["is_hold_known"].fillna(False) & calls["speech_ms"].notna(),
            "calls_parties_known": calls["agent_talk_ms"].notna(),
        }
    )
    return marks.astype("int64[pyarrow]")


def _ratios(group: dict[str, Any], policy: KpiPolicy) -> dict[str, Any]:
    """Ratios of a group, each from sums that stand beside it."""
    without_hold, hold_known = group["calls_without_hold"], group["calls_hold_known"]
    in_time, answerable = group["calls_in_time"], group["calls_wait_known"] + group["calls_abandoned_late"]
    no_hold, service_level = wilson(without_hold, hold_known), wilson(in_time, answerable)
    agent_ms, customer_ms = group["agent_talk_ms"], group["customer_talk_ms"]
    return {
        "average_call_duration_ms": _average_ms(group["call_duration_ms"], group["calls_duration_known"]),
        "no_hold_share": _ratio(without_hold, hold_known),
        "no_hold_low_share": no_hold[0] if no_hold else None,
        "no_hold_high_share": no_hold[1] if no_hold else None,
        "no_hold_verdict": target_verdict(
            without_hold, hold_known, target=policy.no_hold_target_share, minimum_n=policy.minimum_calls
        ),
        "average_hold_ms": _average_ms(group["hold_ms"], hold_known),
        "average_speed_of_answer_ms": _average_ms(group["speed_of_answer_ms"], group["calls_speed_known"]),
        "average_wait_ms": _average_ms(group["wait_ms"], group["calls_wait_known"]),
        "service_level_share": _ratio(in_time, answerable),
        "service_level_low_share": service_level[0] if service_level else None,
        "service_level_high_share": service_level[1] if service_level else None,
        "silence_share": _ratio(group["silence_ms"], group["conversation_ms"]),
        "agent_talk_share": _ratio(agent_ms, agent_ms + customer_ms) if agent_ms is not None else None,
        "agent_interruptions_per_min": _per_min(group["agent_interruptions"], customer_ms),
        "customer_interruptions_per_min": _per_min(group["customer_interruptions"], agent_ms),
    }


def _average_ms(total_ms: int | None, calls: int) -> int | None:
    return round(total_ms / calls) if total_ms is not None and calls else None


def _ratio(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _per_min(events: int | None, of_ms: int | None) -> float | None:
    return events * 60_000 / of_ms if events is not None and of_ms else None
