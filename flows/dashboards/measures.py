"""Measures of any group of calls out of the sums of the KPI tables.

Conventions
-----------
The page's script takes the same sums when its reader filters, and makes the same measures of them (``dashboard.js``); a test
holds both to one result.

Definition
----------
A measure is part / whole, both sums over the group:

==========  ================================================================================
kind        what
==========  ================================================================================
``share``   calls of calls, with its Wilson 95 % interval
``portion`` time of time; it has no interval, because calls are not alike in length
``length``  milliseconds a call
``rate``    events, or words, a minute
``count``   the part alone
==========  ================================================================================

A measure of a group with fewer calls than the policy's minimum is shown, and marked as of too few calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from postcall.statistics import wilson

Kind = Literal["share", "portion", "length", "rate", "count"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure out of sums.

    Attributes
    ----------
    name
        Its key in ``wording.toml``.
    kind
        How part and whole become a number.
    part, whole
        Columns that are added up.
    calls
        Columns whose sum is the number of calls that the measure is of.
    better
        Which way is better; None where neither is.
    """

    name: str
    kind: Kind
    part: tuple[str, ...]
    whole: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    better: Literal["high", "low"] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it needs."""
        return (*self.part, *self.whole, *self.calls)

    def to_json(self) -> dict[str, Any]:
        """For the script of a page."""
        return asdict(self)


def _share(name: str, part: str, *whole: str, better: Literal["high", "low"] | None = "high") -> Measure:
    return Measure(name, "share", (part,), whole, whole, better)


MEASURES = {
    measure.name: measure
    for measure in (
        _share("no_hold", "calls_without_hold", "calls_hold_known"),
        _share("service_level", "calls_in_time", "calls_wait_known", "calls_abandoned_late"),
        _share("answered_in_seconds", "calls_answered_in_seconds", "calls_speed_known"),
        _share("abandoned", "calls_abandoned", "calls_offered", better="low"),
        _share("ended_by_agent", "calls_ended_by_agent", "calls_ended_by_agent", "calls_ended_by_customer", better="low"),
        _share("measured", "calls_measured", "calls_handled"),
        Measure("speed_of_answer", "length", ("speed_of_answer_ms",), ("calls_speed_known",), ("calls_speed_known",), "low"),
        Measure("call_length", "length", ("call_duration_ms",), ("calls_duration_known",), ("calls_duration_known",)),
        Measure("handling", "length", ("handling_ms",), ("calls_handling_known",), ("calls_handling_known",)),
        Measure(
            "after_call_work",
            "length",
            ("after_call_work_ms",),
            ("calls_after_call_work_known",),
            ("calls_after_call_work_known",),
        ),
        Measure("hold", "length", ("hold_ms",), ("calls_hold_known",), ("calls_hold_known",), "low"),
        Measure("silence", "portion", ("silence_ms",), ("conversation_ms",), ("calls_measured",), "low"),
        Measure("dead_air", "length", ("agent_dead_air_ms",), ("calls_parties_known",), ("calls_parties_known",), "low"),
        Measure(
            "overtalk", "portion", ("overtalk_ms",), ("agent_talk_ms", "customer_talk_ms"), ("calls_parties_known",), "low"
        ),
        Measure("interruptions", "rate", ("agent_interruptions",), ("customer_talk_ms",), ("calls_parties_known",), "low"),
        Measure("agent_talk", "portion", ("agent_talk_ms",), ("agent_talk_ms", "customer_talk_ms"), ("calls_parties_known",)),
        Measure("speech_rate", "rate", ("agent_words",), ("agent_words_ms",), ("calls_parties_known",)),
        Measure("offered", "count", ("calls_offered",)),
        Measure("handled_calls", "count", ("calls_handled",)),
        Measure("abandoned_calls", "count", ("calls_abandoned",)),
        Measure("calls", "count", ("calls",)),
        Measure("part_agent_talk_ms", "length", ("agent_talk_ms",), ("calls_parties_known",), ("calls_parties_known",)),
        Measure("part_customer_talk_ms", "length", ("customer_talk_ms",), ("calls_parties_known",), ("calls_parties_known",)),
        Measure("part_silence_ms", "length", ("silence_ms",), ("calls_measured",), ("calls_measured",)),
        Measure("part_off_hold_ms", "length", ("off_hold_ms",), ("calls_off_hold_known",), ("calls_off_hold_known",)),
        Measure(
            "part_after_call_work_ms",
            "length",
            ("after_call_work_ms",),
            ("calls_after_call_work_known",),
            ("calls_after_call_work_known",),
        ),
        Measure("part_hold_ms", "length", ("hold_ms",), ("calls_hold_known",), ("calls_hold_known",)),
        Measure(
            "rule_kept", "share", ("calls_passed",), ("calls_passed", "calls_failed"), ("calls_passed", "calls_failed"), "high"
        ),
        Measure(
            "rule_judged",
            "share",
            ("calls_passed", "calls_failed"),
            ("calls_passed", "calls_failed", "calls_unjudged"),
            ("calls_passed", "calls_failed", "calls_unjudged"),
            "high",
        ),
        Measure("score", "portion", ("passed_weight",), ("judged_weight",), ("calls_scored",), "high"),
        Measure("critical", "share", ("calls_critical",), ("calls_scored",), ("calls_scored",), "low"),
        _share("call_backs_kept", "promises_kept", "promises_kept", "promises_late", "promises_not_kept"),
        # A count of the period's calls and no estimate: it has no interval, and is never of too few.
        Measure("coverage", "portion", ("calls_known",), ("calls_expected",), (), "high"),
    )
}


def columns_of(names: Sequence[str]) -> list[str]:
    """Columns that measures need, each once, in order."""
    return list(dict.fromkeys(column for name in names for column in MEASURES[name].columns))


def measure_of(measure: Measure, sums: Mapping[str, float | None], minimum_n: int) -> dict[str, Any]:
    """Value, interval and number of calls of one group; a sum is None where nothing of it is known."""
    part, whole, calls = (_total(sums, columns) for columns in (measure.part, measure.whole, measure.calls))
    low = high = None
    if measure.kind == "count":
        value = part
    elif part is None or not whole:
        value = None
    elif measure.kind == "rate":
        value = part * 60_000 / whole
    else:
        value = part / whole
    if measure.kind == "share" and value is not None and part is not None and whole is not None:
        low, high = wilson(round(part), round(whole)) or (None, None)
    return {
        "value": value,
        "low": low,
        "high": high,
        "part": part,
        "whole": whole,
        "calls": calls,
        "is_few": bool(measure.calls) and (calls or 0) < minimum_n,
    }


def _total(sums: Mapping[str, float | None], columns: tuple[str, ...]) -> float | None:
    known = [value for column in columns if (value := sums[column]) is not None]
    return sum(known) if known else None
