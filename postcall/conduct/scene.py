"""Everything that a rule may look at: the call, its measures, and the phrases that each party says.

Conventions
-----------
Phrases are found when a rule asks for them, each once a party for all rules and manuals. Whatever a call lacks raises
`MissingInput` with the reason, which becomes *not measurable*.

Definition
----------
anchor
    A place that windows and conditions refer to: ``@group`` said by anybody, ``agent:@group`` or ``customer:@group``,
    ``event:hold``, ``start`` or ``end`` of the conversation.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from postcall.agent_stretches import agent_stretches
from postcall.call import Call
from postcall.conduct.manual import Manual
from postcall.conduct.results import Finding
from postcall.errors import MissingInput
from postcall.language.phrase_ways import PhraseMatch
from postcall.language.phrases import HeardPhrases, Phrase, PhraseBook, best_apart
from postcall.language.tokens import Token
from postcall.not_measurable import reasons_by_column
from postcall.spans import Span, total_ms
from postcall.telephony import Role

T = TypeVar("T")

PARTIES = (Role.AGENT, Role.CUSTOMER)
SPEECH_WITHOUT_WORDS_MS = 5_000
"""A party who speaks longer, and of whom no word is known, was not understood by the recogniser."""


class Said:
    """What the parties of a call say, in which each phrase of the manuals of its language is sought once, when it is asked for.

    Parameters
    ----------
    call
        The call.
    language
        Of the manuals.
    book
        Their patterns, each under itself.
    """

    def __init__(self, call: Call, language: str, book: PhraseBook) -> None:
        self._call, self._language, self._book = call, language, book
        self._tokens: dict[Role, tuple[Token, ...]] = {}
        self._heard: dict[Role, HeardPhrases] = {}
        self._doubts: dict[Role, frozenset[int]] = {}
        self._matches: dict[tuple[Role, tuple[str, ...]], list[PhraseMatch]] = {}
        self._made: dict[tuple[Callable[..., Any], Role], Any] = {}

    def tokens(self, role: Role) -> tuple[Token, ...]:
        """Tokens of a party.

        Raises
        ------
        MissingInput
            No transcript, the parties cannot be told apart, or nothing was recognised of what the party says.
        """
        if role not in self._tokens:
            words = self._call.words(role)
            if not words and total_ms(self._call.talk(role)) > SPEECH_WITHOUT_WORDS_MS:
                raise MissingInput("transcript", f"no word of the {role.value} was recognised")
            self._tokens[role] = self._call.tokens(role, self._language)
        return self._tokens[role]

    def heard(self, role: Role) -> HeardPhrases:
        """What a party says, in which each pattern is found when it is asked for; raises as `tokens` does."""
        if role not in self._heard:
            self._heard[role] = self._book.hear(self.tokens(role))
        return self._heard[role]

    def matches(self, role: Role, patterns: tuple[str, ...]) -> list[PhraseMatch]:
        """Where a party says one of some patterns; see `Scene.matches`. Rules of one manual, and manuals, share it."""
        if (role, patterns) not in self._matches:
            heard, in_doubt = self.heard(role), self._in_doubt(role)
            found = [
                match for pattern in patterns for match in heard.found(pattern) if not in_doubt or _is_own(match, in_doubt)
            ]
            found.sort(key=lambda one: (-one.score, one.first - one.last, one.first))
            self._matches[role, patterns] = best_apart(found)
        return self._matches[role, patterns]

    def of_words(self, make: Callable[[Sequence[Token], str], T], role: Role) -> T:
        """What ``make`` makes of a party's tokens and their language, once for all manuals; raises as `tokens` does."""
        if (make, role) not in self._made:
            self._made[make, role] = make(self.tokens(role), self._language)
        made: T = self._made[make, role]
        return made

    def _in_doubt(self, role: Role) -> frozenset[int]:
        """Which tokens of a party are in doubt to be its own."""
        if role not in self._doubts:
            said = enumerate(self.tokens(role))
            self._doubts[role] = frozenset(index for index, token in said if token.is_in_doubt)
        return self._doubts[role]

    @cached_property
    def places(self) -> dict[Role, list[int]]:
        """Place in the transcript of each word of a party."""
        place_of = {id(word): place for place, word in enumerate(self._call.need_transcript().words)}
        return {role: [place_of[id(word)] for word in self._call.words(role)] for role in PARTIES}

    @cached_property
    def holds(self) -> tuple[Span, ...]:
        """Holds inside the recording that are no transfers; raises as `Call.holds` does."""
        transfers = set(self.transfers) if self._call.has_parties else set()
        return tuple(hold for hold in self._call.holds() if hold not in transfers)

    @cached_property
    def transfers(self) -> tuple[Span, ...]:
        """From the first agent's last word to the next agent's first; raises as `agent_stretches` does."""
        stretches = agent_stretches(self._call)
        return tuple(
            Span(before.span.end_ms, max(after.span.start_ms, before.span.end_ms + 1))
            for before, after in itertools.pairwise(stretches)
        )

    @cached_property
    def turns(self) -> dict[Role, list[Span]]:
        """Turns of each party, in order of start; raises as `Call.turns` does."""
        turns: dict[Role, list[Span]] = {role: [] for role in PARTIES}
        for turn in self._call.turns:
            turns[turn.role].append(turn.span)
        return turns


class Scene:
    """A call before one manual.

    Parameters
    ----------
    call
        The call.
    rows
        Rows that the analyzers made of it, by table.
    manual
        Whose phrases are found.
    said
        What its parties say.
    """

    def __init__(self, call: Call, rows: Mapping[str, Sequence[Any]], manual: Manual, said: Said) -> None:
        self.call, self.rows, self.manual = call, rows, manual
        self._said = said
        self._anchored: dict[str, list[Span]] = {}
        self._findings: dict[tuple[Role, str], list[Finding]] = {}

    # ── words ────────────────────────────────────────────────────────────────

    def tokens(self, role: Role) -> tuple[Token, ...]:
        """Tokens of a party.

        Raises
        ------
        MissingInput
            No transcript, or the parties cannot be told apart.
        """
        return self._said.tokens(role)

    def of_words(self, make: Callable[[Sequence[Token], str], T], role: Role) -> T:
        """What ``make`` makes of a party's tokens and their language, once for all manuals; raises as `tokens` does."""
        return self._said.of_words(make, role)

    def need_words(self) -> None:
        """Raise the reason where the words of both parties are not known."""
        for role in PARTIES:
            self.tokens(role)

    def matches(self, role: Role, references: Sequence[str]) -> list[PhraseMatch]:
        """Where a party says one of some patterns or groups, in order; where several overlap, the best.

        A phrase of which more than half is in doubt to be the party's is left out.
        """
        return self._said.matches(role, self.manual.all_of(tuple(references)))

    def said(self, role: Role, group: str) -> Sequence[Finding]:
        """Where a party says a group of phrases; nothing for a group that the manual does not have."""
        if not self.manual.has_group(group):
            return []
        if (role, group) not in self._findings:
            self._findings[role, group] = [self.finding(role, match) for match in self.matches(role, (f"@{group}",))]
        return self._findings[role, group]

    def finding(self, role: Role, match: PhraseMatch) -> Finding:
        """A match as evidence."""
        said = self.tokens(role)[match.first : match.last + 1]
        places = self._said.places[role]
        return Finding(
            Span(said[0].start_ms, max(said[-1].end_ms, said[0].start_ms + 1)),
            role,
            places[said[0].word],
            places[said[-1].last_word],
            match.score,
        )

    @property
    def turns(self) -> dict[Role, list[Span]]:
        """Turns of each party, in order of start; raises as `Call.turns` does."""
        return self._said.turns

    # ── measures ─────────────────────────────────────────────────────────────

    def measure(self, name: str) -> Any:
        """A column of a ``call_`` table.

        Raises
        ------
        MissingInput
            The call has no row there, or the column is empty; with the reason.
        """
        table, column = name.split(".", 1)
        row = next(iter(self.rows.get(table, ())), None)
        if row is None:
            raise MissingInput(table, f"the call has no row in {table}")
        value = getattr(row, column)
        if value is None:
            columns = [name for name in getattr(type(row), "__dataclass_fields__", ()) if name != "not_measurable"]
            reasons = reasons_by_column(getattr(row, "not_measurable", None) or "", columns)
            raise MissingInput(table, reasons.get(column, f"{column} is not known"))
        return value

    def events(self, table: str, where: Mapping[str, str | bool | int]) -> list[Finding]:
        """Rows of an event table as evidence, as far as ``where`` fits them."""
        return [
            Finding(Span(row.start_ms, row.start_ms + max(1, _length_ms(row))))
            for row in self.rows.get(table, ())
            if row.start_ms is not None and all(getattr(row, column, None) == value for column, value in where.items())
        ]

    # ── what happens ─────────────────────────────────────────────────────────

    @property
    def holds(self) -> tuple[Span, ...]:
        """Holds inside the recording that are no transfers.

        Raises
        ------
        MissingInput
            It is not known where the call was on hold.
        """
        return self._said.holds

    @property
    def transfers(self) -> tuple[Span, ...]:
        """From the first agent's last word to the next agent's first.

        Raises
        ------
        MissingInput
            The parties cannot be told apart.
        """
        return self._said.transfers

    def happenings(self, event: str) -> tuple[Span, ...]:
        """Where an event happens; raises as `holds` does."""
        if event == "hold":
            return self.holds
        if event == "transfer":
            return self.transfers
        return tuple(hold.span for hold in self.call.audible_holds if hold.is_mute)

    def anchored(self, anchor: str) -> Sequence[Span]:
        """Where an anchor lies, in order; raises what it needs and the call lacks. Several rules ask for the same one."""
        if anchor not in self._anchored:
            self._anchored[anchor] = self._where(anchor)
        return self._anchored[anchor]

    def _where(self, anchor: str) -> list[Span]:
        conversation = self.call.conversation()
        if anchor in {"start", "end"}:
            if conversation is None:
                return []
            at_ms = conversation.start_ms if anchor == "start" else conversation.end_ms
            return [Span(at_ms, at_ms + 1)]
        if anchor.startswith("event:"):
            return list(self.happenings(anchor.removeprefix("event:")))
        party, _, reference = anchor.rpartition(":")
        roles = PARTIES if not party else (Role(party),)
        found = [self.finding(role, match).span for role in roles for match in self.matches(role, (reference,))]
        return sorted(found)


def _is_own(match: PhraseMatch, in_doubt: frozenset[int]) -> bool:
    """Whether at least half of a phrase is surely its party's: the rest stands beside a change of speakers, or under a word."""
    places = range(match.first, match.last + 1)
    return 2 * sum(place in in_doubt for place in places) <= len(places)


def _length_ms(row: Any) -> int:
    return int(row.duration_ms if hasattr(row, "duration_ms") else row.end_ms - row.start_ms)


def book_of(language: str, patterns: Mapping[str, Phrase]) -> PhraseBook:
    """Patterns, each under itself."""
    return PhraseBook({pattern: (phrase,) for pattern, phrase in patterns.items()}, language)
