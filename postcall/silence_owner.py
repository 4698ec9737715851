"""Who owed the next word when nobody spoke, and what was said before. Pure.

Definition
----------
Each silence of a call (`Call.silence`: inside the conversation, outside hold) is **preceded by** what the last speaker said, by
the first that fits:

=====================  ===============================================================================================
``announced_wait``     the last sentence announces a search or asks for patience; an earlier one does, and nothing below fits
``promised_wait``      the same, and it says how long
``question``           the utterance asks for an answer
``agent_dictation``    the agent dictates digits, letters or an address, and the customer writes
``customer_dictation`` the customer does, and the agent writes
``instruction``        the last sentence asks to do something (and perhaps to say then what happens)
``hold_return``        nobody has spoken since a hold, or the agent thanks for waiting
``other``              none of these
=====================  ===============================================================================================

A customer's bare "да", "okay", "好的" says nothing by itself: there the agent's utterance before it tells.

Its **owner** follows by the first rule that fits:

1. the customer spoke last and announced a wait himself: the customer, ``announced_search``;
2. the customer dictates and goes on dictating after it: the customer, ``goes_on_dictating``;
3. the customer spoke last: the agent, ``unanswered_customer``;
4. the silence touches a hold: the agent, who put the customer there, ``beside_hold``;
5. a wait is announced: the agent, ``announced_search``;
6. a question, an instruction or a dictation of the agent: the customer, ``unanswered_question``, ``unanswered_instruction`` or
   ``writes_down``;
7. otherwise who ends the silence owed it: ``agent_resumed`` or ``customer_replied``.

::

    customer  ####                     ###
    agent           ####     ####
                  1      2        3

1 ``unanswered_customer``, 2 ``agent_resumed``, 3 ``customer_replied``.

Edge cases
----------
Without a transcript rules 1, 2, 5 and 6 never fit. Where both fall silent, or both resume, in the same millisecond, the
customer counts as the one. A third voice, neither agent nor customer, leaves the silence beside it without owner where the
rules would need to know who it is. Where there is a transcript, speech of a party under which no word was recognised is a leak
or a noise, as long as the other party's words end no more than ``_LEAK_MS`` before it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from postcall.call import Call
from postcall.errors import MissingInput
from postcall.fields import (
    CallId,
    DurationMs,
    EndMs,
    NotMeasurable,
    RoleAfter,
    RoleBefore,
    SilenceOwnerBasis,
    SilenceOwnerRole,
    SilencePrecededBy,
    StartMs,
)
from postcall.language.asking import asks_for_answer, instructs
from postcall.language.dictation import dictates
from postcall.language.lexicon import is_listener_remark, last_sentence
from postcall.language.waiting import announces_wait, consents, states_time, thanks_for_waiting
from postcall.not_measurable import Reasons
from postcall.spans import Span, Spans, at_least
from postcall.telephony import Role
from postcall.turns import Utterance

VOICES = (Role.CUSTOMER, Role.AGENT, Role.UNKNOWN)
"""Who can bound a silence; the first one wins a tie."""

_LEAK_MS = 500
"""Speech without words that ends this little after the other party's words is their leak."""
_BARE_ANSWER_WORDS = 4
_DICTATED_WORDS = 30
"""How far back from its end an utterance is searched for what it dictates, in words."""

_WAITS = ("announced_wait", "promised_wait")
_OWED_BY_CUSTOMER = {
    "question": "unanswered_question",
    "instruction": "unanswered_instruction",
    "agent_dictation": "writes_down",
}


@dataclass(frozen=True, slots=True)
class OwnedSilence:
    """A silence and who owed the next word.

    Attributes
    ----------
    span
        Where it lies.
    owner, basis
        See the module; None where not measurable.
    role_before, role_after
        Who spoke last before it and first after it; None where the parties are not told apart.
    preceded_by
        What was said before it, one of `postcall.fields.PrecededBy`; None where not measurable.
    not_measurable
        Which of these are None and why; None when all are known.
    """

    span: Span
    owner: Role | None = None
    basis: str | None = None
    role_before: Role | None = None
    role_after: Role | None = None
    preceded_by: str | None = None
    not_measurable: str | None = None


@dataclass(frozen=True, kw_only=True)
class OwnedSilenceRow:
    """Columns of tables whose rows are silences with their owner."""

    call_id: CallId
    start_ms: StartMs
    end_ms: EndMs
    duration_ms: DurationMs
    owner: SilenceOwnerRole
    owner_basis: SilenceOwnerBasis
    role_before: RoleBefore
    role_after: RoleAfter
    preceded_by: SilencePrecededBy
    not_measurable: NotMeasurable

    @classmethod
    def of(cls, call_id: str, silence: OwnedSilence, **columns: bool) -> Self:
        """The row of one silence; ``columns`` are those that a table adds."""
        return cls(
            call_id=call_id,
            start_ms=silence.span.start_ms,
            end_ms=silence.span.end_ms,
            duration_ms=silence.span.duration_ms,
            owner=silence.owner and silence.owner.value,
            owner_basis=silence.basis,
            role_before=silence.role_before and silence.role_before.value,
            role_after=silence.role_after and silence.role_after.value,
            preceded_by=silence.preceded_by,
            not_measurable=silence.not_measurable,
            **columns,
        )


def owned_silences(call: Call, min_ms: int) -> tuple[OwnedSilence, ...]:
    """Silences of at least ``min_ms``, each with its owner and what precedes it.

    Parameters
    ----------
    call
        Needs a recording; without parties the owners are None, with the reason.
    min_ms
        Shortest silence, in ms.

    Raises
    ------
    MissingInput
        No recording.
    """
    silences = at_least(call.silence(), min_ms)
    try:
        talk = {role: call.talk(role) for role in VOICES}
    except MissingInput as missing:
        reason = f"owner, owner_basis, role_before, role_after, preceded_by: {missing.message}"
        return tuple(OwnedSilence(span, not_measurable=reason) for span in silences)
    return tuple(_owned(call, silences, talk))


def _owned(call: Call, silences: Spans, talk: dict[Role, Spans]) -> Iterator[OwnedSilence]:
    starts = {role: [span.start_ms for span in spans] for role, spans in talk.items()}
    ends = {role: [span.end_ms for span in spans] for role, spans in talk.items()}
    holds = call.holds() if call.is_hold_known else ()
    hold_starts, hold_ends = {hold.start_ms for hold in holds}, {hold.end_ms for hold in holds}
    said = _SaidWords(call) if call.has_words else None
    for span in silences:
        why = Reasons()
        before = max(VOICES, key=lambda role: _last(ends[role], span.start_ms))
        after = min(VOICES, key=lambda role: _next(starts[role], span.end_ms))
        preceded_by = None
        if before not in (Role.AGENT, Role.CUSTOMER):
            why.note("preceded_by", "a third voice bounds the silence")
        elif span.start_ms in hold_ends:
            preceded_by = "hold_return"
        elif said is None:
            why.attempt("preceded_by", call.need_transcript)
        else:
            before = said.speaker(before, span.start_ms)
            preceded_by = why.known("preceded_by", said.kind(before, span.start_ms), "no word was recognised before it")
        goes_on = said is not None and preceded_by == "customer_dictation" and said.goes_on_dictating(after, span.end_ms)
        is_beside_hold = span.start_ms in hold_ends or span.end_ms in hold_starts
        owner, basis = _rule(before, after, preceded_by, is_beside_hold=is_beside_hold, goes_on_dictating=goes_on)
        if owner is None:
            why.note("owner", "a third voice bounds the silence")
            why.note("owner_basis", "a third voice bounds the silence")
        yield OwnedSilence(span, owner, basis, before, after, preceded_by, why.text())


def _rule(
    before: Role, after: Role, preceded_by: str | None, *, is_beside_hold: bool, goes_on_dictating: bool
) -> tuple[Role, str] | tuple[None, None]:
    if before is Role.CUSTOMER:
        if preceded_by in _WAITS and after is Role.CUSTOMER:
            return Role.CUSTOMER, "announced_search"
        return (Role.CUSTOMER, "goes_on_dictating") if goes_on_dictating else (Role.AGENT, "unanswered_customer")
    if is_beside_hold:
        return Role.AGENT, "beside_hold"
    if before is Role.AGENT and preceded_by in _WAITS:
        return Role.AGENT, "announced_search"
    if before is Role.AGENT and preceded_by in _OWED_BY_CUSTOMER:
        return Role.CUSTOMER, _OWED_BY_CUSTOMER[preceded_by]
    if before is Role.AGENT and after is Role.AGENT:
        return Role.AGENT, "agent_resumed"
    if before is Role.AGENT and after is Role.CUSTOMER:
        return Role.CUSTOMER, "customer_replied"
    return None, None


class _SaidWords:
    """What agent and customer say around an instant, by utterances."""

    def __init__(self, call: Call) -> None:
        self._language = call.language
        self._by_role = {role: [u for u in call.utterances if u.role is role] for role in (Role.AGENT, Role.CUSTOMER)}
        self._starts = {role: [u.span.start_ms for u in found] for role, found in self._by_role.items()}

    def speaker(self, role: Role, at_ms: int) -> Role:
        """Who really spoke last: not a party under whose last speech no word was recognised, if the other's words end there."""
        last, other = self._last(role, at_ms), self._last(role.other, at_ms)
        if last is None or last.words or other is None or not other.words:
            return role
        return role.other if last.span.end_ms - other.span.end_ms <= _LEAK_MS else role

    def kind(self, role: Role, at_ms: int) -> str | None:
        """What precedes a silence; None where no word was recognised."""
        said = self._words(role, at_ms)
        if not said:
            return None
        found = self._kind(said, role)
        if role is Role.CUSTOMER and found == "other" and self._is_bare_answer(said):
            asked = self._kind(self._words(Role.AGENT, at_ms), Role.AGENT)
            return "other" if asked == "question" else asked
        return found

    def goes_on_dictating(self, role: Role, at_ms: int) -> bool:
        """Whether the customer speaks next, and dictates."""
        found = self._by_role.get(role, [])
        index = bisect_left(self._starts.get(role, []), at_ms)
        if role is not Role.CUSTOMER or index >= len(found):
            return False
        return dictates([word.text for word in found[index].words or ()][:_DICTATED_WORDS], self._language)

    def _kind(self, said: Sequence[str], role: Role) -> str:
        language = self._language
        last = last_sentence(said)
        wait = "promised_wait" if states_time(said, language) else "announced_wait"
        if announces_wait(last, language) and (role is Role.AGENT or not asks_for_answer(said, language)):
            return wait
        is_instruction = instructs(last, language)
        is_question = asks_for_answer(said, language)
        if is_question and not (is_instruction and not last[-1].endswith(("?", "？"))):
            return "question"
        if dictates(said[-_DICTATED_WORDS:], language):
            return f"{role.value}_dictation"
        if is_instruction:
            return "instruction"
        if role is Role.AGENT and announces_wait(said, language):
            return wait
        return "hold_return" if role is Role.AGENT and thanks_for_waiting(said, language) else "other"

    def _is_bare_answer(self, said: Sequence[str]) -> bool:
        return is_listener_remark(said, self._language) or (len(said) <= _BARE_ANSWER_WORDS and consents(said, self._language))

    def _last(self, role: Role, at_ms: int) -> Utterance | None:
        """The party's last utterance begun before an instant."""
        index = bisect_left(self._starts[role], at_ms) - 1
        return self._by_role[role][index] if index >= 0 else None

    def _words(self, role: Role, at_ms: int) -> list[str]:
        """Its words, as far as they were begun by then."""
        utterance = self._last(role, at_ms)
        return [word.text for word in (utterance.words or () if utterance else ()) if word.span.start_ms < at_ms]


def _last(ends: Sequence[int], at_ms: int) -> int:
    """Last end at or before an instant; -1 for none."""
    index = bisect_right(ends, at_ms) - 1
    return ends[index] if index >= 0 else -1


def _next(starts: Sequence[int], at_ms: int) -> float:
    """First start at or after an instant; infinity for none."""
    index = bisect_left(starts, at_ms)
    return starts[index] if index < len(starts) else float("inf")
