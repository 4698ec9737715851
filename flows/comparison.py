"""What a night measured against what is true of its calls. Pure: truth and table rows in, one line a measure out.

Conventions
-----------
A call counts for a measure when truth knows it; it is compared when the night measured it. Totals of truth and of the night are
over the compared calls, so they can be set side by side. The mean error is the mean of absolute differences, a call each.

Definition
----------
words
    Errors over words said (Chinese: characters), after `postcall.language.word_errors`, summed over the calls of a language.
    Where each party has a channel, channels are compared each by itself, whoever they were taken for; else all words by their
    start. Words that came with the recording tell nothing of recognition: such a call is not compared.
language
    Compared where it was detected, not where the call record told it.
parties
    Right when what is taken for the agent's speech shares more time with the agent's true speech than with the customer's.
speakers on one channel
    Time in which too many, too few or the wrong people are said to speak (the numerator of the diarization error rate, without
    a collar), with speakers matched to parties as fits best; compared where speakers were told apart.
talk
    Pauses of a party up to the policy's ``speech.bridge_gap_ms`` are talk in the tables, so they are in the truth too.
hold, answered after
    The tables have them from the call records: what is compared is whether nothing was lost on the way.
hold as heard, rings
    What the sound alone tells. Rings are compared where the recording holds some.

Edge cases
----------
A call that was put aside is compared in *answered* and *put aside* alone. A measure no call was compared in has no totals.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from postcall.language.word_errors import WordErrors, units, word_errors
from postcall.spans import Span, Spans, bridge, intersect, total_ms, union
from postcall.timeline import MIXED, channel_label

Truth: TypeAlias = Mapping[str, Any]
"""What is true of a call: the fields of ``benchmarks/corpus/TRUTH.md``, `is_answered`, and `fault` of its recording."""

Rows: TypeAlias = Sequence[Mapping[str, Any]]
Unit: TypeAlias = Literal["ms", "events", "calls", "words"]

TABLES = (
    "call_contact call_talk_time call_speed_of_answer call_hold call_ringing call_silence call_dead_air call_overtalk "
    "call_transcript stage_speech stage_word run_failure"
).split()
"""Tables that `compare` reads."""

LANGUAGES = {"ru": "Words, Russian", "en": "Words, English", "zh": "Characters, Chinese"}
DEAD_AIR_MS = 10_000
"""Of the default policy."""

PARTIES = ("agent", "customer")
BROUGHT = "beside the recording"
"""How the engine of words that were not recognised ends."""

_MOMENT_MS = 10


@dataclass(frozen=True, slots=True)
class Compared:
    """A measure over all calls.

    Attributes
    ----------
    measure, unit
        What; ``calls`` counts calls of which something is true, ``words`` counts words or characters.
    known, compared
        Calls truth knows it of, and those of them that the night measured.
    truth, measured
        Totals over the compared calls; None without any.
    mean_error
        Mean absolute error of a call, in units; None without any, and for ``calls``.
    right
        Compared calls in which truth and measure are equal.
    error_rate
        Errors over words said; ``words`` only.
    furthest, furthest_error
        The call with the largest error, and the error in units (of ``words`` its rate); None when all are right.
    """

    measure: str
    unit: Unit
    known: int
    compared: int
    truth: float | None = None
    measured: float | None = None
    mean_error: float | None = None
    right: int = 0
    error_rate: float | None = None
    furthest: str | None = None
    furthest_error: float | None = None


def compare(truths: Iterable[Truth], tables: Mapping[str, Rows], *, bridge_gap_ms: int) -> list[Compared]:
    """Every measure of which the truth is known.

    Parameters
    ----------
    truths
        One a call.
    tables
        Rows of `TABLES`.
    bridge_gap_ms
        ``speech.bridge_gap_ms`` of the policy in force.
    """
    calls = {str(truth["call_id"]): truth for truth in truths}
    heard = {call_id: truth for call_id, truth in calls.items() if truth["fault"] is None and "speech" in truth}
    found = {name: {str(row["call_id"]): row for row in tables[name]} for name in TABLES if name.startswith("call_")}
    speech = _speech(tables["stage_speech"])

    def amounts(measure: str, unit: Unit, table: str, column: str, true: Callable[[Truth], float | None]) -> Compared:
        pairs = {
            call_id: (value, _number(found[table].get(call_id), column))
            for call_id, truth in heard.items()
            if (value := true(truth)) is not None
        }
        return _amounts(measure, unit, pairs)

    def talk(truth: Truth, party: str) -> Spans:
        return bridge(_spans(truth, party), bridge_gap_ms)

    put_aside = {str(row["call_id"]) for row in tables["run_failure"] if row["is_quarantined"]}
    contact = found["call_contact"]
    return [
        *(
            _words(name, language, heard, found["call_transcript"], tables["stage_word"])
            for language, name in LANGUAGES.items()
        ),
        _same(
            "Language",
            {call: (true["language"], _detected(found["call_transcript"].get(call))) for call, true in heard.items()},
        ),
        _same("Who is the agent", {call: ("agent", _taken_for_agent(true, speech[call])) for call, true in heard.items()}),
        _speakers(
            "Speakers on one channel",
            {call: [talk(true, party) for party in PARTIES] for call, true in heard.items() if true["topology"] != "separate"},
            _by_label(tables["stage_speech"]),
        ),
        amounts("Talk of agents", "ms", "call_talk_time", "agent_talk_ms", lambda true: total_ms(talk(true, "agent"))),
        amounts("Talk of customers", "ms", "call_talk_time", "customer_talk_ms", lambda true: total_ms(talk(true, "customer"))),
        amounts(
            "Talk of anybody",
            "ms",
            "call_talk_time",
            "speech_ms",
            lambda true: total_ms(union(talk(true, "agent"), talk(true, "customer"))),
        ),
        amounts(
            "Both at once",
            "ms",
            "call_talk_time",
            "overtalk_ms",
            lambda true: total_ms(intersect(talk(true, "agent"), talk(true, "customer"))),
        ),
        amounts("Agents interrupt", "events", "call_overtalk", "agent_interruptions", _interruptions("agent")),
        amounts("Customers interrupt", "events", "call_overtalk", "customer_interruptions", _interruptions("customer")),
        amounts("Silences from 3 s", "events", "call_silence", "silences_3s", lambda true: len(true["silences"])),
        amounts("Dead air of agents", "events", "call_dead_air", "agent_dead_airs", _agent_dead_airs),
        amounts("Hold", "ms", "call_hold", "hold_ms", _hold_ms),
        amounts("Hold as heard", "ms", "call_hold", "audible_hold_ms", _hold_ms),
        amounts("Rings", "events", "call_ringing", "rings", lambda true: len(true["rings"]) or None),
        amounts(
            "Answered after",
            "ms",
            "call_speed_of_answer",
            "speed_of_answer_ms",
            lambda true: true["ringing_ms"] if true["direction"] == "inbound" else None,
        ),
        amounts("Greeting after", "ms", "call_speed_of_answer", "greeting_ms", lambda true: true["answer_delay_ms"]),
        _same(
            "Answered", {call: (true["is_answered"], _value(contact.get(call), "is_answered")) for call, true in calls.items()}
        ),
        _same(
            "Put aside", {call: (true["fault"] is not None, call in put_aside) for call, true in calls.items()}, counted=True
        ),
    ]


# ── what is true ─────────────────────────────────────────────────────────────


def _spans(truth: Truth, party: str) -> Spans:
    return union(Span(start_ms, end_ms) for start_ms, end_ms in truth["speech"][party])


def _length(event: Mapping[str, int]) -> int:
    return int(event["end_ms"]) - int(event["start_ms"])


def _hold_ms(truth: Truth) -> float:
    return sum(_length(hold) for hold in truth["holds"])


def _interruptions(by: str) -> Callable[[Truth], float]:
    return lambda true: len([event for event in true["interruptions"] if event["by"] == by])


def _agent_dead_airs(truth: Truth) -> float:
    return len([one for one in truth["silences"] if one["owner"] == "agent" and _length(one) >= DEAD_AIR_MS])


# ── what was measured ────────────────────────────────────────────────────────


def _value(row: Mapping[str, Any] | None, column: str) -> Any:
    return None if row is None else row[column]


def _number(row: Mapping[str, Any] | None, column: str) -> float | None:
    value = _value(row, column)
    return None if value is None else float(value)


def _detected(transcript: Mapping[str, Any] | None) -> str | None:
    """Language of a transcript, None when the recogniser was told it."""
    if transcript is None or json.loads(transcript["options"]).get("language_source") != "detected":
        return None
    return str(transcript["language"])


def _speech(rows: Rows) -> dict[str, dict[str, Spans]]:
    """Speech by call and role."""
    found: dict[str, dict[str, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row["call_id"]][row["speaker_role"] or "unknown"].append(Span(row["start_ms"], row["end_ms"]))
    roles = {call_id: {role: union(spans) for role, spans in by_role.items()} for call_id, by_role in found.items()}
    return defaultdict(dict, roles)


def _by_label(rows: Rows) -> dict[str, dict[str, Spans]]:
    """Speech by call and label, of calls whose speakers were told apart."""
    found: dict[str, dict[str, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row["call_id"]][row["speaker"]].append(Span(row["start_ms"], row["end_ms"]))
    return {
        call_id: {label: union(spans) for label, spans in by_label.items()}
        for call_id, by_label in found.items()
        if set(by_label) != {MIXED}
    }


def _taken_for_agent(truth: Truth, speech: Mapping[str, Spans]) -> str | None:
    """The party that most of the agent's measured speech is of; None when the parties are not told apart."""
    if not speech.get("agent") or not speech.get("customer"):
        return None
    return max(PARTIES, key=lambda party: total_ms(intersect(speech["agent"], _spans(truth, party))))


# ── comparing ────────────────────────────────────────────────────────────────


def _amounts(measure: str, unit: Unit, pairs: Mapping[str, tuple[float, float | None]]) -> Compared:
    compared = {call_id: (true, value) for call_id, (true, value) in pairs.items() if value is not None}
    if not compared:
        return Compared(measure, unit, len(pairs), 0)
    errors = {call_id: value - true for call_id, (true, value) in compared.items()}
    furthest = max(errors, key=lambda call_id: abs(errors[call_id]))
    return Compared(
        measure,
        unit,
        len(pairs),
        len(compared),
        truth=sum(true for true, _ in compared.values()),
        measured=sum(value for _, value in compared.values()),
        mean_error=sum(map(abs, errors.values())) / len(errors),
        right=sum(not error for error in errors.values()),
        furthest=furthest if errors[furthest] else None,
        furthest_error=errors[furthest] or None,
    )


def _speakers(measure: str, parties: Mapping[str, Sequence[Spans]], labels: Mapping[str, Mapping[str, Spans]]) -> Compared:
    """Who speaks on one channel."""
    compared = {call_id: (true, list(labels[call_id].values())) for call_id, true in parties.items() if call_id in labels}
    if not compared:
        return Compared(measure, "ms", len(parties), 0)
    wrong = {call_id: _wrongly_given_ms(true, found) for call_id, (true, found) in compared.items()}
    talk, given = (sum(total_ms(spans) for pair in compared.values() for spans in pair[side]) for side in (0, 1))
    furthest = max(wrong, key=lambda call_id: wrong[call_id])
    return Compared(
        measure,
        "ms",
        len(parties),
        len(compared),
        truth=talk,
        measured=given,
        mean_error=sum(wrong.values()) / len(wrong),
        right=sum(not error for error in wrong.values()),
        error_rate=sum(wrong.values()) / talk,
        furthest=furthest if wrong[furthest] else None,
        furthest_error=wrong[furthest] or None,
    )


def _wrongly_given_ms(parties: Sequence[Spans], labels: Sequence[Spans]) -> int:
    """Time in which the parties that speak and the labels that are said to do not agree, labels matched as fits best."""
    end_ms = max((span.end_ms for spans in (*parties, *labels) for span in spans), default=0)

    def spoken(spans: Spans) -> NDArray[np.bool_]:
        moments = np.zeros(end_ms // _MOMENT_MS + 1, np.bool_)
        for span in spans:
            moments[span.start_ms // _MOMENT_MS : span.end_ms // _MOMENT_MS] = True
        return moments

    true, found = np.stack([spoken(spans) for spans in parties]), np.stack([spoken(spans) for spans in labels])
    shared = true.astype(np.int64) @ found.T.astype(np.int64)
    agreed = shared[linear_sum_assignment(shared, maximize=True)].sum()
    return int((np.maximum(true.sum(0), found.sum(0)).sum() - agreed) * _MOMENT_MS)


def _same(measure: str, pairs: Mapping[str, tuple[Any, Any]], *, counted: bool = False) -> Compared:
    """A measure that is right or wrong; totals: all calls and the right ones, or (``counted``) those of which it is true."""
    compared = {call_id: pair for call_id, pair in pairs.items() if pair[1] is not None}
    if not compared:
        return Compared(measure, "calls", len(pairs), 0)
    wrong = [call_id for call_id, (true, value) in compared.items() if true != value]
    right = len(compared) - len(wrong)
    return Compared(
        measure,
        "calls",
        len(pairs),
        len(compared),
        truth=sum(bool(true) for true, _ in compared.values()) if counted else len(compared),
        measured=sum(bool(value) for _, value in compared.values()) if counted else right,
        right=right,
        furthest=wrong[0] if wrong else None,
    )


def _words(
    measure: str, language: str, heard: Mapping[str, Truth], transcripts: Mapping[str, Mapping[str, Any]], words: Rows
) -> Compared:
    spoken = {call_id: truth for call_id, truth in heard.items() if truth["language"] == language}
    recognised = {
        call_id: truth
        for call_id, truth in spoken.items()
        if call_id in transcripts and not transcripts[call_id]["engine"].endswith(BROUGHT)
    }
    if not recognised:
        return Compared(measure, "words", len(spoken), 0)
    by_call: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for word in sorted(words, key=lambda word: int(word["position"])):
        by_call[word["call_id"]].append(word)
    errors, heard_units = {}, 0
    for call_id, truth in recognised.items():
        pairs = _texts(truth, by_call[call_id])
        errors[call_id] = sum((word_errors(said, written, language) for said, written in pairs), WordErrors())
        heard_units += sum(len(units(written, language)) for _, written in pairs)
    rates = {call_id: found.rate or 0.0 for call_id, found in errors.items()}
    whole = sum(errors.values(), WordErrors())
    furthest = max(rates, key=lambda call_id: rates[call_id])
    return Compared(
        measure,
        "words",
        len(spoken),
        len(recognised),
        truth=whole.said,
        measured=heard_units,
        mean_error=whole.errors / len(recognised),
        right=sum(not found.errors for found in errors.values()),
        error_rate=whole.rate,
        furthest=furthest if rates[furthest] else None,
        furthest_error=rates[furthest] or None,
    )


def _texts(truth: Truth, words: Sequence[Mapping[str, Any]]) -> list[tuple[list[str], list[str]]]:
    """What was said and what was written, by channel where each party has its own."""
    if truth["topology"] != "separate":
        return [([word["text"] for word in truth["words"]], [word["text"] for word in words])]
    # The menu and a second agent lie on the agent's channel.
    said = {
        party: [word["text"] for word in truth["words"] if (word["by"] == "customer") == (party == "customer")]
        for party in PARTIES
    }
    return [
        (said[party], [word["text"] for word in words if word["speaker"] == channel_label(place)])
        for place, (party,) in enumerate(truth["channels"])
    ]
