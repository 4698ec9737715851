"""Speech and words -> utterances, backchannels, turns. Pure.

Definitions
-----------
utterance
    One party's speech between pauses longer than ``turns.pause_s``.
backchannel
    A listener's remark that does not take the floor ("угу", "mm-hm", "嗯"): short, and the other party, who was speaking, goes
    on afterwards. With a transcript all its words must be listener's words of the language; without one, short length
    and lying mostly inside the other's speech decide.
turn
    One party's utterances until the other takes the floor. Backchannels are taken out first; left in, they raise turn counts by
    about a third and pull response latency to zero.

::

    agent     ######  ###        ####        a turn of two utterances, then one after the customer's
    customer      #        #####             a backchannel, then a turn

Edge cases
----------
An utterance wholly inside the other's is a turn of its own when it is no backchannel: the floor went there and back, so the
other's utterance still counts once and the turns overlap in time. A listener's word between two utterances of the other party
may be an answer ("да" to a question), so only a remark that starts while the other is speaking is a backchannel.

References
----------
Levitan & Hirschberg (2011), Interspeech, for the turn; Heldner & Edlund (2010), J. Phonetics 38:555, for pauses and gaps.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from postcall.language.lexicon import is_listener_remark
from postcall.policy import Policy, Setting
from postcall.quick_init import quick_init
from postcall.spans import Span, Spans, bridge, intersect, total_ms
from postcall.telephony import Role
from postcall.transcript import Word


class TurnPolicy(Policy):
    """How utterances become turns."""

    pause_s: float = Setting(
        0.5,
        ge=0,
        le=3,
        description="A longer silence of one party ends its utterance. Larger joins hesitant speech into fewer utterances.",
    )
    backchannel_max_s: float = Setting(
        1.2, gt=0, le=5, description="Longest remark that can be a backchannel.", source="research: turn-taking corpora"
    )
    backchannel_inside_share: float = Setting(
        0.5,
        ge=0,
        le=1,
        description="Without a transcript, the share of a short remark that must lie inside the other's speech.",
    )
    backchannel_resume_s: float = Setting(
        1.0,
        ge=0,
        le=10,
        description="The other party must be speaking again within this time after a backchannel; later, the floor was free.",
    )


@quick_init
@dataclass(frozen=True, slots=True)
class Utterance:
    """One party's speech between pauses.

    Attributes
    ----------
    role
        Who spoke.
    span
        From its first to its last speech.
    talk
        Speech inside it, pauses out.
    words
        None without a transcript; empty when nothing was recognised.
    is_backchannel
        Whether it is a listener's remark that takes no turn.
    """

    role: Role
    span: Span
    talk: Spans
    words: tuple[Word, ...] | None = field(default=None, repr=False)
    is_backchannel: bool = False


@dataclass(frozen=True)
class Turn:
    """One party's utterances until the other takes the floor."""

    role: Role
    utterances: tuple[Utterance, ...]

    # Kept, for every analyzer asks for them again.
    @cached_property
    def span(self) -> Span:
        """From its first to its last speech."""
        return Span(self.utterances[0].span.start_ms, max(u.span.end_ms for u in self.utterances))

    @cached_property
    def talk_ms(self) -> int:
        """Speech in the turn in ms, pauses out."""
        return sum(total_ms(utterance.talk) for utterance in self.utterances)

    @cached_property
    def words(self) -> tuple[Word, ...] | None:
        """Words of the turn; None without a transcript."""
        if self.utterances[0].words is None:
            return None
        return tuple(word for utterance in self.utterances for word in utterance.words or ())


def utterances_of(role: Role, talk: Spans, words: Sequence[Word] | None, policy: TurnPolicy) -> list[Utterance]:
    """Cut one party's speech at its pauses and hand each utterance its words.

    Parameters
    ----------
    role
        Who speaks.
    talk
        The party's speech.
    words
        The party's words in order of start, or None without a transcript. A word goes to the utterance that holds its middle.
    policy
        Uses ``pause_s``.
    """
    spans = bridge(talk, round(policy.pause_s * 1000))
    starts = [span.start_ms for span in spans]
    given: list[list[Word]] = [[] for _ in spans]
    for word in words or ():
        index = bisect_left(starts, (word.span.start_ms + word.span.end_ms) // 2 + 1) - 1
        if index >= 0:
            given[index].append(word)
    inside: list[list[Span]] = [[] for _ in spans]
    index = 0
    for piece in talk:
        while spans[index].end_ms < piece.end_ms:
            index += 1
        inside[index].append(piece)
    return [
        Utterance(role, span, tuple(pieces), tuple(said) if words is not None else None)
        for span, pieces, said in zip(spans, inside, given, strict=True)
    ]


def mark_backchannels(utterances: Iterable[Utterance], language: str | None, policy: TurnPolicy) -> tuple[Utterance, ...]:
    """All utterances in order of start, backchannels marked.

    Parameters
    ----------
    utterances
        Of both parties, in any order.
    language
        ISO 639-1 code for the listener's words; an unknown language admits those of all.
    policy
        The thresholds.
    """
    ordered = sorted(utterances, key=lambda u: (u.span, u.role))
    by_role = {role: [u for u in ordered if u.role is role] for role in Role}
    ends = {role: [u.span.end_ms for u in found] for role, found in by_role.items()}
    return tuple(
        replace(utterance, is_backchannel=True)
        if _is_backchannel(utterance, by_role[utterance.role.other], ends[utterance.role.other], language, policy)
        else utterance
        for utterance in ordered
    )


def _is_backchannel(
    remark: Utterance, others: Sequence[Utterance], other_ends: Sequence[int], language: str | None, policy: TurnPolicy
) -> bool:
    if remark.span.duration_ms > policy.backchannel_max_s * 1000:
        return False
    # Utterances of the other party that have not ended when the remark starts, and the next one after it.
    first = bisect_left(other_ends, remark.span.start_ms + 1)
    around = list(others[first : first + 2])
    resume_ms = round(policy.backchannel_resume_s * 1000)
    was_speaking = first < len(others) and others[first].span.start_ms < remark.span.start_ms
    goes_on = any(
        other.span.end_ms > remark.span.end_ms and other.span.start_ms <= remark.span.end_ms + resume_ms for other in around
    )
    if not was_speaking or not goes_on:
        return False
    if remark.words:
        return is_listener_remark([word.text for word in remark.words], language)
    covered = total_ms(intersect(remark.talk, tuple(sorted({piece for other in around for piece in other.talk}))))
    return covered >= policy.backchannel_inside_share * total_ms(remark.talk)


def make_turns(utterances: Iterable[Utterance]) -> tuple[Turn, ...]:
    """Join each party's utterances until the other takes the floor.

    Parameters
    ----------
    utterances
        Of both parties in order of start; backchannels are passed over.
    """
    turns: list[list[Utterance]] = []
    for utterance in utterances:
        if utterance.is_backchannel:
            continue
        if turns and turns[-1][0].role is utterance.role:
            turns[-1].append(utterance)
        else:
            turns.append([utterance])
    return tuple(Turn(found[0].role, tuple(found)) for found in turns)
