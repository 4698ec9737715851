"""Who owed the next word when nobody spoke. Pure.

Definition
----------
Each silence of a call (`Call.silence`: inside the conversation, outside hold) gets an owner by the first rule that
fits:

1. the customer spoke last: the agent, ``unanswered_customer``;
2. the silence touches a hold: the agent, who put the customer there, ``beside_hold``;
3. the agent's last sentence announces a search or asks for patience: the agent, ``announced_search``;
4. the agent's last utterance asks for an answer: the customer, ``unanswered_question``;
5. an earlier sentence of that utterance announces a search: the agent, ``announced_search``;
6. otherwise who ends the silence owed it: ``agent_resumed`` or ``customer_replied``.

::

    customer  ####                     ###
    agent           ####     ####
                  1      2        3

1 ``unanswered_customer``, 2 ``agent_resumed``, 3 ``customer_replied``.

Edge cases
----------
Rules 3 to 5 need a transcript. Where both fall silent, or both resume, in the same millisecond, the customer counts as
the one. A third voice, neither agent nor customer, leaves the silence beside it without owner where the rules would
need to know who it is."""

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
    StartMs,
)
from postcall.language.lexicon import announces_wait, asks_for_answer, last_sentence
from postcall.spans import Span, Spans, at_least
from postcall.telephony import Role
from postcall.turns import Utterance

VOICES = (Role.CUSTOMER, Role.AGENT, Role.UNKNOWN)
"""Who can bound a silence; the first one wins a tie."""


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
    not_measurable
        Which of these are None and why; None when all are known.
    """

    span: Span
    owner: Role | None = None
    basis: str | None = None
    role_before: Role | None = None
    role_after: Role | None = None
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
    not_measurable: NotMeasurable

    @classmethod
    def of(cls, call_id: str, silence: OwnedSilence) -> Self:
        """The row of one silence."""
        return cls(
            call_id=call_id,
            start_ms=silence.span.start_ms,
            end_ms=silence.span.end_ms,
            duration_ms=silence.span.duration_ms,
            owner=silence.owner and silence.owner.value,
            owner_basis=silence.basis,
            role_before=silence.role_before and silence.role_before.value,
            role_after=silence.role_after and silence.role_after.value,
            not_measurable=silence.not_measurable,
        )


def owned_silences(call: Call, min_ms: int) -> tuple[OwnedSilence, ...]:
    """Silences of at least ``min_ms``, each with its owner.

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
        reason = f"owner, owner_basis, role_before, role_after: {missing.message}"
        return tuple(OwnedSilence(span, not_measurable=reason) for span in silences)
    return tuple(_owned(call, silences, talk))


def _owned(call: Call, silences: Spans, talk: dict[Role, Spans]) -> Iterator[OwnedSilence]:
    starts = {role: [span.start_ms for span in spans] for role, spans in talk.items()}
    ends = {role: [span.end_ms for span in spans] for role, spans in talk.items()}
    holds = call.holds() if call.is_hold_known else ()
    hold_edges = {edge for hold in holds for edge in (hold.start_ms, hold.end_ms)}
    agent = [u for u in call.utterances if u.role is Role.AGENT] if call.has_words else []
    agent_starts = [utterance.span.start_ms for utterance in agent]
    language = call.language
    for span in silences:
        before = max(VOICES, key=lambda role: _last(ends[role], span.start_ms))
        after = min(VOICES, key=lambda role: _next(starts[role], span.end_ms))
        is_beside_hold = span.start_ms in hold_edges or span.end_ms in hold_edges
        said = _last_words(agent, agent_starts, span.start_ms) if before is Role.AGENT else ()
        owner, basis = _rule(before, after, is_beside_hold, said, language)
        yield OwnedSilence(
            span, owner, basis, before, after, None if owner else "owner, owner_basis: a third voice bounds the silence"
        )


def _rule(
    before: Role, after: Role, is_beside_hold: bool, said: Sequence[str], language: str | None
) -> tuple[Role, str] | tuple[None, None]:
    if before is Role.CUSTOMER:
        return Role.AGENT, "unanswered_customer"
    if is_beside_hold:
        return Role.AGENT, "beside_hold"
    if announces_wait(last_sentence(said), language):
        return Role.AGENT, "announced_search"
    if asks_for_answer(said, language):
        return Role.CUSTOMER, "unanswered_question"
    if announces_wait(said, language):
        return Role.AGENT, "announced_search"
    if before is Role.AGENT and after is Role.AGENT:
        return Role.AGENT, "agent_resumed"
    if before is Role.AGENT and after is Role.CUSTOMER:
        return Role.CUSTOMER, "customer_replied"
    return None, None


def _last(ends: Sequence[int], at_ms: int) -> int:
    """Last end at or before an instant; -1 for none."""
    index = bisect_right(ends, at_ms) - 1
    return ends[index] if index >= 0 else -1


def _next(starts: Sequence[int], at_ms: int) -> float:
    """First start at or after an instant; infinity for none."""
    index = bisect_left(starts, at_ms)
    return starts[index] if index < len(starts) else float("inf")


def _last_words(utterances: Sequence[Utterance], starts: Sequence[int], at_ms: int) -> list[str]:
    """Words of the last utterance begun before an instant, as far as they were begun by then."""
    utterance = utterances[bisect_left(starts, at_ms) - 1] if starts else None
    words = utterance.words or () if utterance is not None else ()
    return [word.text for word in words if word.span.start_ms < at_ms]
