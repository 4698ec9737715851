"""What a handled call is, when it was answered, and the arithmetic that turns the calls of a group into its KPIs. Pure.

Conventions
-----------
A sum covers the calls of which the value is known and is empty when there is none; the count of those calls stands beside it.
A ratio is taken last, as a ratio of sums, so that a week is the ratio of the week's sums. Medians, maxima, ratios and their
bounds are not additive.

Definitions
-----------
offered         every call of the group
handled         an agent answered
abandoned       not outbound, and nobody answered
handling time   from answered to ended, and after-call work; over the handled calls of which both are known. Its mean is the AHT
off hold        from answered to ended, less hold: the talk of the AHT; over the handled calls of which both are known
no-hold share   handled calls without any hold / handled calls of which hold is known
service level   calls answered within the threshold / (calls answered + calls abandoned after the threshold); a caller who hangs
                up sooner gave the centre no chance to answer and counts in neither. The clock starts when the call reaches the
                centre, so an IVR's time is in it.
in seconds      calls answered within ``speed_of_answer.max_s`` of ringing at the agent / calls of which that time is known
in rings        calls answered within ``ringing.max_rings`` rings / answered calls whose rings are heard
ended by agent  handled calls that the agent ended / those that agent or customer ended; by the call record where it tells, else
                by what is heard

Where length, hold and after-call work are known of the same calls, off_hold_ms + hold_ms + after_call_work_ms is handling_ms;
where they are known of different calls, each part has its own count beside it, and they do not add up. A call whose after-call
work is not known is in no handling time: it would be a shorter one.

Calls abandoned while they ring at an agent are in the service level alone: the shares in seconds and in rings are of answered
calls. Outbound calls wait for no agent and are in none of the three.

References
----------
ICMI, *Service Level Calculations* (QueueTips, 2002), lists five formulas of the service level; this is the fourth. Amazon
Connect, *Metrics definitions*, for average speed of answer and average handle time. The rule of 95 % of contacts without hold
is clause mts-06; three rings, cabletv-19; to let the customer hang up first, cabletv-08.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pandas as pd

from postcall.acoustics import Sound, SoundKind
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.policy import Policy, Setting
from postcall.statistics import target_verdict, wilson
from postcall.telephony import Direction, Role, Telephony, milliseconds_between


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


def after_call_work_ms(record: Telephony) -> int:
    """Work of the agent on a call after its end, in ms.

    Raises
    ------
    MissingInput
        The record does not tell of it.
    """
    if record.after_call_work_ms is None:
        answered = is_answered(record)
        reason = "the call was not answered" if answered is False else "the call record does not tell of after-call work"
        raise MissingInput("after-call work", reason)
    return record.after_call_work_ms


def handling_ms(record: Telephony) -> int:
    """From answered to ended, and the work after it, in ms.

    Raises
    ------
    MissingInput
        The call was not answered, or the record lacks one of its times or the after-call work.
    """
    return call_duration_ms(record) + after_call_work_ms(record)


@dataclass(frozen=True, slots=True)
class HeardRinging:
    """The rings heard before a call was answered.

    Attributes
    ----------
    rings
        How many; a ring of two bursts is one.
    start_ms, end_ms
        Start of the first burst and end of the last, in the recording.
    answered_ms
        First word after the ringing; None when nobody speaks.
    """

    rings: int
    start_ms: int
    end_ms: int
    answered_ms: int | None


def heard_ringing(call: Call) -> HeardRinging | None:
    """The rings heard before the first word of whoever answers; None when there are none.

    What was said before the ringing is a menu's; once parties have spoken, ringing is a transfer's.

    Raises
    ------
    MissingInput
        Nobody listened to the call.
    """
    bursts = _rings_before_the_answer(call)
    if not bursts:
        return None
    last = bursts[-1].span
    return HeardRinging(
        rings=len({burst.number for burst in bursts}),
        start_ms=bursts[0].span.start_ms,
        end_ms=last.end_ms,
        answered_ms=next((span.start_ms for span in call.speech() if span.start_ms >= last.start_ms), None),
    )


def _rings_before_the_answer(call: Call) -> list[Sound]:
    """Bursts of the first row of rings, before which only a menu can have spoken."""
    found = sorted(sound for _, sound in call.need_acoustics().sounds(SoundKind.RING))
    if not found:
        return []
    speech = call.speech()
    row = [found[0]]
    for ring in found[1:]:
        if ring.number < row[-1].number or any(row[-1].span.end_ms <= s.start_ms < ring.span.start_ms for s in speech):
            break
        row.append(ring)
    answered = call.telephony.answered_at
    if answered is not None and call.recording_started_at is not None:
        latest_ms = max(0, call.at_ms(answered)) + RING_TOLERANCE_MS
        return [ring for ring in row if ring.span.start_ms <= latest_ms]
    is_spoken_before = any(span.end_ms <= row[0].span.start_ms for span in speech)
    return row if not is_spoken_before or row[0].span.start_ms < call.duration_ms // 4 else []


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
    service_level_target_share: float = Setting(
        0.8,
        gt=0,
        le=1,
        description="Share of calls that must be answered in time. Larger is stricter.",
        source="research: 80 % in 20 s is in wide use, there is no standard",
    )


RING_TOLERANCE_MS = 1_000
"""Records round their times to whole seconds: a ring this long after the recorded answer was still before it."""


SUMS = (
    "call_duration_ms",
    "after_call_work_ms",
    "handling_ms",
    "holds",
    "hold_ms",
    "speed_of_answer_ms",
    "wait_ms",
    "recording_duration_ms",
    "speech_ms",
    "non_talk_ms",
    "conversation_ms",
    "audible_holds",
    "audible_hold_ms",
    "mutes",
    "mute_ms",
    "rings",
    "silence_ms",
    "silences_10s",
    "dead_airs",
    "dead_air_ms",
    "agent_dead_air_ms",
    "after_last_word_ms",
    "agent_talk_ms",
    "customer_talk_ms",
    "overtalk_ms",
    "agent_turns",
    "customer_turns",
    "agent_interruptions",
    "customer_interruptions",
)
"""Columns of calls that a group carries as sums under their own names."""

MEDIANS_MS = {
    "median_speed_of_answer_ms": "speed_of_answer_ms",
    "median_greeting_ms": "greeting_ms",
    "median_agent_longest_turn_ms": "agent_longest_turn_ms",
    "median_agent_latency_ms": "agent_latency_median_ms",
}
MEDIAN_RATES = {"median_agent_rate_wpm": "agent_rate_wpm", "median_agent_rate_cpm": "agent_rate_cpm"}
"""Column of a group -> column of calls that it is the median of; ms are rounded, rates are not."""

MAXIMA = ("agent_longest_turn_ms",)
"""Columns of calls of which a group carries the largest under their own names."""

OF_HANDLED = ("after_call_work_ms", "holds", "hold_ms", "audible_holds", "audible_hold_ms", "mutes", "mute_ms")
"""Sums that only handled calls are in: what a queue plays before the answer is no hold."""


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


def group_kpis(calls: pd.DataFrame, by: str | Sequence[str] | None, policy: KpiPolicy) -> Iterator[dict[str, Any]]:
    """KPIs of each group of calls.

    Parameters
    ----------
    calls
        Of `join_calls`, with Arrow types.
    by
        Column, or columns, to group by; None for all calls as one group. An empty key is a group of its own.
    policy
        Targets and thresholds.

    Yields
    ------
    Values of the columns of `GroupKpis`, and of ``by``, in order of group; nothing for no calls.
    """
    counts = _counts(calls, policy)
    names = [by] if isinstance(by, str) else list(by or ())
    key = [calls[name] for name in names] or [pd.Series(0, index=calls.index, name="group")]
    medians = {**MEDIANS_MS, **MEDIAN_RATES}
    groups = (
        pd.concat([counts, _summed(calls)], axis=1)
        .groupby(key, dropna=False)
        .sum(min_count=1)
        .join(calls[list(medians.values())].groupby(key, dropna=False).median().set_axis(list(medians), axis=1))
        .join(calls[list(MAXIMA)].groupby(key, dropna=False).max())
        .reset_index()
    )
    for group in groups.to_dict("records"):
        values: dict[str, Any] = {str(name): value for name, value in group.items() if name != "group"}
        rounded = {name: round(values[name]) for name in MEDIANS_MS if values[name] is not None}
        yield {**values, **rounded, **_ratios(values, policy)}


def _summed(calls: pd.DataFrame) -> pd.DataFrame:
    """What each call adds to the sums of its group; empty where it is not known."""
    handled = _is_handled(calls)
    is_in_words, is_in_characters = calls["agent_rate_wpm"].notna(), calls["agent_rate_cpm"].notna()
    return calls[list(SUMS)].assign(
        **{column: calls[column].where(handled) for column in OF_HANDLED},
        off_hold_ms=_off_hold_ms(calls),
        recording_duration_ms=calls["recording_duration_ms"].where(calls["speech_ms"].notna()),
        rings=calls["rings"].where(calls["is_answered_in_rings"].notna()),
        turns_conversation_ms=calls["conversation_ms"].where(calls["agent_turns"].notna()),
        agent_words=calls["agent_rated_words"].where(is_in_words),
        agent_words_ms=calls["agent_rated_ms"].where(is_in_words),
        agent_characters=calls["agent_rated_words"].where(is_in_characters),
        agent_characters_ms=calls["agent_rated_ms"].where(is_in_characters),
    )


def _off_hold_ms(calls: pd.DataFrame) -> pd.Series[int]:
    """Time of each handled call outside hold; empty where it is not known."""
    # Hold that is only heard may reach back before the answer.
    return (calls["call_duration_ms"] - calls["hold_ms"]).where(_is_handled(calls)).clip(lower=0)


def _is_handled(calls: pd.DataFrame) -> pd.Series[bool]:
    return calls["is_answered"].fillna(False)


def _counts(calls: pd.DataFrame, policy: KpiPolicy) -> pd.DataFrame:
    """A 1 for each call that a count of `GroupKpis` counts, else 0."""
    threshold_ms = round(policy.service_level_s * 1000)
    answered = calls["is_answered"]
    is_outbound = (calls["direction"] == Direction.OUTBOUND.value).fillna(False)
    handled = _is_handled(calls)
    # `call_end` goes by the record, then by the sound; a call without a recording has only its record.
    ended_by = calls["hung_up_by"].fillna(calls["disconnected_by"])
    by_agent = handled & (ended_by == Role.AGENT.value).fillna(False)
    by_customer = handled & (ended_by == Role.CUSTOMER.value).fillna(False)
    marks = pd.DataFrame(
        {
            "calls_offered": calls["call_id"].notna(),
            "calls_handled": handled,
            "calls_abandoned": ~answered.fillna(True) & ~is_outbound,
            "calls_answer_unknown": answered.isna(),
            "calls_duration_known": calls["call_duration_ms"].notna(),
            "calls_after_call_work_known": handled & calls["after_call_work_ms"].notna(),
            "calls_handling_known": calls["handling_ms"].notna(),
            "calls_off_hold_known": _off_hold_ms(calls).notna(),
            "calls_hold_known": handled & calls["has_hold"].notna(),
            "calls_without_hold": handled & ~calls["has_hold"].fillna(True),
            "calls_hold_heard": handled & calls["audible_holds"].notna(),
            "calls_ended_by_agent": by_agent,
            "calls_ended_by_customer": by_customer,
            "calls_end_unknown": handled & ~by_agent & ~by_customer,
            "calls_speed_known": calls["speed_of_answer_ms"].notna(),
            "calls_speed_heard": (calls["speed_of_answer_basis"] == "audio").fillna(False),
            "calls_answered_in_seconds": calls["is_answered_in_seconds"].fillna(False),
            "calls_wait_known": calls["wait_ms"].notna(),
            "calls_in_time": (calls["wait_ms"] <= threshold_ms).fillna(False),
            "calls_abandoned_early": (calls["abandoned_after_ms"] <= threshold_ms).fillna(False),
            "calls_abandoned_late": (calls["abandoned_after_ms"] > threshold_ms).fillna(False),
            "calls_rings_known": calls["is_answered_in_rings"].notna(),
            "calls_answered_in_rings": calls["is_answered_in_rings"].fillna(False),
            "calls_measured": calls["speech_ms"].notna(),
            "calls_hold_placed": calls["is_hold_known"].fillna(False) & calls["speech_ms"].notna(),
            "calls_last_word_known": calls["after_last_word_ms"].notna(),
            "calls_parties_known": calls["agent_talk_ms"].notna(),
        }
    )
    return marks.astype("int64[pyarrow]")


def _ratios(group: dict[str, Any], policy: KpiPolicy) -> dict[str, Any]:
    """Ratios of a group, each from sums that stand beside it."""
    without_hold, hold_known = group["calls_without_hold"], group["calls_hold_known"]
    in_time, answerable = group["calls_in_time"], group["calls_wait_known"] + group["calls_abandoned_late"]
    by_agent, ended = group["calls_ended_by_agent"], group["calls_ended_by_agent"] + group["calls_ended_by_customer"]
    agent_ms, customer_ms, turns = group["agent_talk_ms"], group["customer_talk_ms"], group["agent_turns"]
    return {
        **_proportion("no_hold", without_hold, hold_known),
        **_proportion("answered_in_seconds", group["calls_answered_in_seconds"], group["calls_speed_known"]),
        **_proportion("service_level", in_time, answerable),
        **_proportion("answered_in_rings", group["calls_answered_in_rings"], group["calls_rings_known"]),
        **_proportion("ended_by_agent", by_agent, ended),
        "no_hold_verdict": target_verdict(
            without_hold, hold_known, target=policy.no_hold_target_share, minimum_n=policy.minimum_calls
        ),
        "service_level_verdict": target_verdict(
            in_time, answerable, target=policy.service_level_target_share, minimum_n=policy.minimum_calls
        ),
        "average_call_duration_ms": _average_ms(group["call_duration_ms"], group["calls_duration_known"]),
        "average_after_call_work_ms": _average_ms(group["after_call_work_ms"], group["calls_after_call_work_known"]),
        "average_handling_ms": _average_ms(group["handling_ms"], group["calls_handling_known"]),
        "average_off_hold_ms": _average_ms(group["off_hold_ms"], group["calls_off_hold_known"]),
        "average_hold_ms": _average_ms(group["hold_ms"], hold_known),
        "average_speed_of_answer_ms": _average_ms(group["speed_of_answer_ms"], group["calls_speed_known"]),
        "average_wait_ms": _average_ms(group["wait_ms"], group["calls_wait_known"]),
        "average_rings": _ratio(group["rings"], group["calls_rings_known"]),
        "average_after_last_word_ms": _average_ms(group["after_last_word_ms"], group["calls_last_word_known"]),
        "silence_share": _ratio(group["silence_ms"], group["conversation_ms"]),
        "agent_talk_share": _ratio(agent_ms, agent_ms + customer_ms) if agent_ms is not None else None,
        "talk_listen_ratio": _ratio(agent_ms, customer_ms),
        "average_turns_per_min": _per_min(turns + group["customer_turns"], group["turns_conversation_ms"])
        if turns is not None
        else None,
        "agent_interruptions_per_min": _per_min(group["agent_interruptions"], customer_ms),
        "customer_interruptions_per_min": _per_min(group["customer_interruptions"], agent_ms),
        "agent_rate_wpm": _per_min(group["agent_words"], group["agent_words_ms"]),
        "agent_rate_cpm": _per_min(group["agent_characters"], group["agent_characters_ms"]),
    }


def _proportion(name: str, part: int, whole: int) -> dict[str, float | None]:
    """A share of calls and its Wilson 95 % interval."""
    low, high = wilson(part, whole) or (None, None)
    return {f"{name}_share": _ratio(part, whole), f"{name}_low_share": low, f"{name}_high_share": high}


def _average_ms(total_ms: int | None, calls: int) -> int | None:
    return round(total_ms / calls) if total_ms is not None and calls else None


def _ratio(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _per_min(events: int | None, of_ms: int | None) -> float | None:
    return events * 60_000 / of_ms if events is not None and of_ms else None
