"""The transcript as people read it: who says what, in turns, with what happens between them.

Conventions
-----------
Words and speech come from the tables, turns from the same function and policy that the measures use (`postcall.turns`). Parties
that are not told apart have a line for each stretch of a speaker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from flows.pages.call_facts import CallFacts, Row
from postcall.spans import Span, union
from postcall.telephony import Role
from postcall.transcript import Word
from postcall.turns import TurnPolicy, Utterance, make_turns, mark_backchannels, utterances_of

BREAK_MS = 1_000
"""A pause of this length begins a new line where the parties are not told apart."""

PARTIES = (Role.AGENT, Role.CUSTOMER)


@dataclass(frozen=True, slots=True)
class SaidWord:
    """A word of the transcript.

    Attributes
    ----------
    position
        In ``stage_word``.
    start_ms, end_ms, text, is_in_doubt
        As there.
    space
        What stands before it: a blank, or nothing, as between Chinese characters.
    """

    position: int
    start_ms: int
    end_ms: int
    text: str = field(repr=False)
    is_in_doubt: bool = False
    space: str = " "


@dataclass(frozen=True, slots=True)
class Line:
    """A turn or a listener's remark.

    Attributes
    ----------
    role
        Who speaks: agent, customer, ivr, unknown.
    speaker
        Speaker label where the role is unknown, for telling several apart; else empty.
    start_ms, end_ms
        When.
    words
        What; empty where nothing was recognised.
    is_backchannel
        Whether it is a listener's remark.
    """

    role: str
    speaker: str
    start_ms: int
    end_ms: int
    words: tuple[SaidWord, ...] = field(repr=False)
    is_backchannel: bool = False


def said_lines(facts: CallFacts) -> tuple[Line, ...]:
    """The whole transcript in order of time; turns without words too, so that speech shows."""
    words = _words(facts)
    speech = facts.all("stage_speech")
    lines: list[Line] = []
    if any(row["speaker_role"] in PARTIES for row in speech):
        lines += _of_parties(facts, speech, words)
        others = [row for row in facts.all("stage_word") if row["speaker_role"] not in PARTIES]
    else:
        others = list(facts.all("stage_word"))
    lines += _of_others(others, words)
    return tuple(sorted(lines, key=lambda line: (line.start_ms, line.end_ms)))


class Quotes:
    """What is said between two places of a transcript.

    Parameters
    ----------
    facts
        The call.
    """

    def __init__(self, facts: CallFacts) -> None:
        self._words = _words(facts)
        self._roles = {row["position"]: row["speaker_role"] for row in facts.all("stage_word")}

    def of(self, first: int | None, last: int | None, role: str | None) -> str:
        """Words of a party from one place to another; empty when the places are not known."""
        if first is None or last is None:
            return ""
        places = (place for place in range(first, last + 1) if place in self._words and role in (None, self._roles[place]))
        return "".join(self._words[place].space + self._words[place].text for place in places).strip()


def _words(facts: CallFacts) -> dict[int, SaidWord]:
    rows = facts.all("stage_word")
    spaced: dict[int, SaidWord] = {}
    for former, row in pairwise((None, *rows)):
        assert row is not None
        text = str(row["text"])
        is_joined = former is not None and _is_han(str(former["text"])[-1:]) and _is_han(text[:1])
        spaced[int(row["position"])] = SaidWord(
            position=int(row["position"]),
            start_ms=int(row["start_ms"]),
            end_ms=int(row["end_ms"]),
            text=text,
            is_in_doubt=bool(row.get("is_in_doubt")),
            space="" if is_joined else " ",
        )
    return spaced


def _is_han(character: str) -> bool:
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"


def _of_parties(facts: CallFacts, speech: Sequence[Row], words: Mapping[int, SaidWord]) -> list[Line]:
    policy = TurnPolicy(**facts.policy.get("turns", {}))
    utterances: list[Utterance] = []
    positions: dict[tuple[Role, Span, str], list[int]] = {}
    has_words = bool(facts.all("stage_word")) or bool(facts.one("call_transcript"))
    for role in PARTIES:
        talk = union(tuple(Span(row["start_ms"], row["end_ms"]) for row in speech if row["speaker_role"] == role))
        said = []
        for row in facts.all("stage_word"):
            if row["speaker_role"] == role:
                word = Word(Span(row["start_ms"], row["end_ms"]), str(row["text"]))
                positions.setdefault((role, word.span, word.text), []).append(int(row["position"]))
                said.append(word)
        if talk:
            utterances += utterances_of(role, talk, said if has_words else None, policy)

    def line(role: Role, spoken: Iterable[Word], start_ms: int, end_ms: int, *, is_backchannel: bool) -> Line:
        found = tuple(words[positions[role, word.span, word.text].pop(0)] for word in spoken)
        return Line(role.value, "", start_ms, end_ms, found, is_backchannel)

    marked = mark_backchannels(utterances, facts.language, policy)
    lines = [
        line(one.role, one.words or (), one.span.start_ms, one.span.end_ms, is_backchannel=True)
        for one in marked
        if one.is_backchannel
    ]
    return lines + [
        line(turn.role, turn.words or (), turn.span.start_ms, turn.span.end_ms, is_backchannel=False)
        for turn in make_turns(marked)
    ]


def _of_others(rows: Sequence[Row], words: Mapping[int, SaidWord]) -> list[Line]:
    lines: list[list[Row]] = []
    for row in rows:
        former = lines[-1][-1] if lines else None
        is_same = former is not None and former["speaker"] == row["speaker"]
        if former is not None and is_same and row["start_ms"] - former["end_ms"] < BREAK_MS:
            lines[-1].append(row)
        else:
            lines.append([row])
    return [
        Line(
            role=found[0]["speaker_role"] or "unknown",
            speaker=found[0]["speaker"] or "",
            start_ms=found[0]["start_ms"],
            end_ms=max(row["end_ms"] for row in found),
            words=tuple(words[int(row["position"])] for row in found),
        )
        for found in lines
    ]
