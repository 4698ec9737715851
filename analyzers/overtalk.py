"""Both parties speak at once: who came second, and whether it was an interruption.

Conventions
-----------
Time is evidence; loudness and meaning play no part, but for words that show an interruption. One event is what an utterance of
the agent and one of the customer (`postcall.turns`) share.

Definition
----------
The first kind that fits:

backchannel         one of the two is a listener's remark ("угу", "mm-hm", "嗯")
simultaneous_start  both utterances start within ``simultaneous_s``; or the second starts when the first has paused, and the
                    first goes on within ``simultaneous_s``
early_start         the second starts in the last ``grace_s`` of the first: a turn taken a little early, no harm
interruption        the first has been speaking for at least ``min_prior_speech_s``, and both go on for more than ``grace_s``;
                    with a transcript, the second says more than a listener's words meanwhile
other               the rest: a word thrown in, or the first had barely begun

An interruption wins the floor when the first stops within ``yield_s`` and the second goes on::

    customer  ##############
    agent              #########         interruption by the agent, won
                       ^^^^^             its duration

Edge cases
----------
Joint speech shorter than ``min_overlap_s`` is below perception: no event, though `overtalk_ms` has it. A party that
takes the floor back from an interrupter may interrupt in turn, and one that interrupts twice within a turn may have more
interruptions than turns. An utterance that the other's start makes break off within ``grace_s`` looks like its natural end: an
early start. Speech without any word is rather the other's voice or a noise on the line than somebody who cuts in: with a
transcript it interrupts nobody. Without a transcript any short remark inside the other's speech passes for a backchannel, "no"
as well; ``has_words`` tells such calls.

References
----------
mts-09 (do not interrupt), golden-12 (listen). Beattie (1982), Semiotica 39:93, and Gravano & Hirschberg (2012),
Interspeech, for the kinds; Heldner (2011), J. Acoust. Soc. Am. 130:508, for the threshold of perception.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import (
    AgentInterruptions,
    CallId,
    CustomerInterruptions,
    DurationMs,
    EndMs,
    NotMeasurable,
    OvertalkMs,
    StartMs,
)
from postcall.language.lexicon import is_listener_remark
from postcall.not_measurable import Reasons
from postcall.party_voice import short_pauses
from postcall.policy import Policy, Setting
from postcall.spans import Span, Spans, at_least, gaps, total_ms, union, whole
from postcall.tables import Field, table
from postcall.telephony import Role
from postcall.turns import Utterance

_PAUSE_MS, _NOTICED_MS = 200, 150
"""Shortest pause, as Heldner & Edlund have it, and how long it must have lasted for the other to start because of it."""

KINDS = ("backchannel", "simultaneous_start", "early_start", "interruption", "other")


class OvertalkPolicy(Policy):
    """What makes joint speech an interruption."""

    min_overlap_s: float = Setting(
        0.12, ge=0, le=1, description="Shorter joint speech is no event. Larger: fewer events.", source="Heldner 2011"
    )
    grace_s: float = Setting(
        0.5,
        ge=0,
        le=3,
        description="Joint speech up to this long is no interruption. Larger: fewer interruptions.",
        source="mts-09; 0.5 s as in call-ai-metrics",
    )
    min_prior_speech_s: float = Setting(
        1.0,
        ge=0,
        le=10,
        description="The other must have been speaking this long to be interrupted. Larger: fewer interruptions.",
        source="mts-09; 1 s as in Alibaba Cloud Smart Conversation Analysis",
    )
    simultaneous_s: float = Setting(
        0.3, ge=0, le=2, description="Starts this close together are nobody's interruption. Larger: fewer interruptions."
    )
    yield_s: float = Setting(
        1.5, gt=0, le=10, description="An interruption wins the floor when the other stops within this time. Larger: more won."
    )


@table("call_overtalk", grain="call whose parties are told apart", primary_key=("call_id",))
class CallOvertalk:
    """How much both parties speak at once, and who interrupts whom."""

    call_id: CallId
    overtalk_ms: OvertalkMs
    overtalk_share: Annotated[
        float | None, Field("overtalk_ms / speech_ms.", unit="share", minimum=0, maximum=1, additive=False)
    ]
    agent_interruptions: AgentInterruptions
    agent_interruptions_won: Annotated[int, Field("Interruptions by the agent after which the customer stopped.", minimum=0)]
    agent_interruption_ms: Annotated[int, Field("Joint speech in the agent's interruptions.", unit="ms", minimum=0)]
    agent_interruptions_per_min: Annotated[
        float | None,
        Field("agent_interruptions per minute of customer_talk_ms.", unit="per_min", minimum=0, additive=False),
    ]
    agent_interrupting_share: Annotated[
        float | None,
        Field("agent_interruptions / turns of the agent.", unit="share", minimum=0, additive=False),
    ]
    agent_early_starts: Annotated[int, Field("Times that the agent takes the turn a little early.", minimum=0)]
    agent_backchannels: Annotated[int, Field("Listener's remarks of the agent while the customer speaks.", minimum=0)]
    agent_backchannels_per_min: Annotated[
        float | None,
        Field("agent_backchannels per minute of customer_talk_ms.", unit="per_min", minimum=0, additive=False),
    ]
    customer_interruptions: CustomerInterruptions
    customer_interruptions_won: Annotated[int, Field("Interruptions by the customer after which the agent stopped.", minimum=0)]
    customer_interruption_ms: Annotated[int, Field("Joint speech in the customer's interruptions.", unit="ms", minimum=0)]
    customer_interruptions_per_min: Annotated[
        float | None,
        Field("customer_interruptions per minute of agent_talk_ms.", unit="per_min", minimum=0, additive=False),
    ]
    customer_interrupting_share: Annotated[
        float | None,
        Field("customer_interruptions / turns of the customer.", unit="share", minimum=0, additive=False),
    ]
    customer_early_starts: Annotated[int, Field("Times that the customer takes the turn a little early.", minimum=0)]
    simultaneous_starts: Annotated[int, Field("Times that both start at once, or one in a pause of the other.", minimum=0)]
    customer_backchannels: Annotated[int, Field("Listener's remarks of the customer while the agent speaks.", minimum=0)]
    has_words: Annotated[
        bool,
        Field(
            "Whether a transcript helped to tell backchannels; without one any short remark inside the other's speech is one."
        ),
    ]
    not_measurable: NotMeasurable


@table("event_overtalk", grain="stretch that an utterance of each party shares", primary_key=("call_id", "start_ms"))
class EventOvertalk:
    """Stretches in which both parties speak."""

    call_id: CallId
    start_ms: StartMs
    end_ms: EndMs
    duration_ms: DurationMs
    overtalk_ms: OvertalkMs
    kind: Annotated[str, Field("What joint speech it is; the analyzer overtalk defines the kinds.", enum=KINDS)]
    by_role: Annotated[
        str | None,
        Field("Who came second; of a backchannel, whose it is; empty for a simultaneous start.", enum=("agent", "customer")),
    ]
    prior_speech_ms: Annotated[
        int, Field("How long the first had been speaking when the second started, short pauses included.", unit="ms", minimum=0)
    ]
    is_floor_won: Annotated[
        bool | None,
        Field("Whether the other stopped within `overtalk.yield_s` and the interrupter went on; empty unless an interruption."),
    ]


@dataclass(frozen=True, slots=True)
class _Joint:
    """What two utterances share: in order of start, and the stretches in which both speak."""

    first: Utterance
    second: Utterance
    spans: Spans

    @property
    def hull(self) -> Span:
        return Span(self.spans[0].start_ms, self.spans[-1].end_ms)


@analyzer(version=3)
def overtalk(call: Call, policy: OvertalkPolicy) -> Iterator[CallOvertalk | EventOvertalk]:
    """One row of the call's overtalk, then its stretches."""
    why = Reasons()
    overtalk_ms, speech_ms = total_ms(call.overtalk()), total_ms(call.speech())
    pauses = {
        role: at_least(union(short_pauses(call, role), gaps(call.talk(role), whole(call.duration_ms))), _PAUSE_MS)
        for role in (Role.AGENT, Role.CUSTOMER)
    }
    events = [
        _event(call, joint, pauses[joint.first.role], policy)
        for joint in _joints(call)
        if total_ms(joint.spans) >= policy.min_overlap_s * 1000
    ]
    by = {
        role: [one for one in events if one.kind == "interruption" and one.by_role == role]
        for role in (Role.AGENT, Role.CUSTOMER)
    }
    backchannels = {role: sum(u.role is role and u.is_backchannel for u in call.utterances) for role in by}

    def count(kind: str, role: Role | None) -> int:
        return sum(one.kind == kind and one.by_role == (role.value if role else None) for one in events)

    def of_turns(role: Role) -> float | None:
        turns = sum(turn.role is role for turn in call.turns)
        share = len(by[role]) / turns if turns else None
        return why.known(f"{role}_interrupting_share", share, f"the {role} takes no turn")

    def per_min(column: str, count: int, listened_to: Role) -> float | None:
        talk_ms = total_ms(call.talk(listened_to))
        return why.known(column, count * 60_000 / talk_ms if talk_ms else None, f"the {listened_to} does not speak")

    yield CallOvertalk(
        call_id=call.call_id,
        overtalk_ms=overtalk_ms,
        overtalk_share=why.known("overtalk_share", overtalk_ms / speech_ms if speech_ms else None, "nobody speaks"),
        agent_interruptions=len(by[Role.AGENT]),
        agent_interruptions_won=sum(one.is_floor_won is True for one in by[Role.AGENT]),
        agent_interruption_ms=sum(one.overtalk_ms for one in by[Role.AGENT]),
        agent_interruptions_per_min=per_min("agent_interruptions_per_min", len(by[Role.AGENT]), Role.CUSTOMER),
        agent_interrupting_share=of_turns(Role.AGENT),
        agent_early_starts=count("early_start", Role.AGENT),
        agent_backchannels=backchannels[Role.AGENT],
        agent_backchannels_per_min=per_min("agent_backchannels_per_min", backchannels[Role.AGENT], Role.CUSTOMER),
        customer_interruptions=len(by[Role.CUSTOMER]),
        customer_interruptions_won=sum(one.is_floor_won is True for one in by[Role.CUSTOMER]),
        customer_interruption_ms=sum(one.overtalk_ms for one in by[Role.CUSTOMER]),
        customer_interruptions_per_min=per_min("customer_interruptions_per_min", len(by[Role.CUSTOMER]), Role.AGENT),
        customer_interrupting_share=of_turns(Role.CUSTOMER),
        customer_early_starts=count("early_start", Role.CUSTOMER),
        simultaneous_starts=count("simultaneous_start", None),
        customer_backchannels=backchannels[Role.CUSTOMER],
        has_words=call.has_words,
        not_measurable=why.text(),
    )
    yield from events


def _joints(call: Call) -> Iterator[_Joint]:
    """Pairs of utterances that share speech, in order of time; one pass."""
    agent = [u for u in call.utterances if u.role is Role.AGENT]
    customer = [u for u in call.utterances if u.role is Role.CUSTOMER]
    i = j = 0

    def holders(span: Span) -> tuple[int, int]:
        nonlocal i, j
        while agent[i].span.end_ms <= span.start_ms:
            i += 1
        while customer[j].span.end_ms <= span.start_ms:
            j += 1
        return i, j

    for (a, c), spans in groupby(call.overtalk(), key=holders):
        first, second = sorted((agent[a], customer[c]), key=lambda u: u.span.start_ms)
        yield _Joint(first, second, tuple(spans))


def _event(call: Call, joint: _Joint, pauses: Spans, policy: OvertalkPolicy) -> EventOvertalk:
    """The event, ``pauses`` being those of the first."""
    kind = _kind(joint, pauses, policy)
    if kind == "interruption" and not _says_something(joint.second, call.language):
        kind = "other"
    first, second = joint.first, joint.second
    by: Role | None = second.role
    if kind == "simultaneous_start":
        by = None
    elif kind == "backchannel" and not second.is_backchannel:
        by = first.role
    return EventOvertalk(
        call_id=call.call_id,
        start_ms=joint.hull.start_ms,
        end_ms=joint.hull.end_ms,
        duration_ms=joint.hull.duration_ms,
        overtalk_ms=total_ms(joint.spans),
        kind=kind,
        by_role=by.value if by else None,
        prior_speech_ms=second.span.start_ms - first.span.start_ms,
        is_floor_won=_is_floor_won(first.span, second.span, policy) if kind == "interruption" else None,
    )


def _kind(joint: _Joint, pauses: Spans, policy: OvertalkPolicy) -> str:
    first, second = joint.first, joint.second
    prior_ms = second.span.start_ms - first.span.start_ms
    grace_ms = policy.grace_s * 1000
    if first.is_backchannel or second.is_backchannel:
        return "backchannel"
    start_ms = second.span.start_ms
    index = bisect_right(pauses, start_ms, key=lambda pause: pause.start_ms) - 1
    if index >= 0 and pauses[index].start_ms + _NOTICED_MS <= start_ms < pauses[index].end_ms:
        # It is the first who begins anew.
        prior_ms = pauses[index].end_ms - start_ms
    if prior_ms <= policy.simultaneous_s * 1000:
        return "simultaneous_start"
    if first.span.end_ms - second.span.start_ms <= grace_ms:
        return "early_start"
    if prior_ms >= policy.min_prior_speech_s * 1000 and joint.hull.duration_ms > grace_ms:
        return "interruption"
    return "other"


def _says_something(utterance: Utterance, language: str | None) -> bool:
    """Whether an utterance holds more than a listener's words; so it is taken without a transcript."""
    if utterance.words is None:
        return True
    return bool(utterance.words) and not is_listener_remark([word.text for word in utterance.words], language)


def _is_floor_won(first: Span, second: Span, policy: OvertalkPolicy) -> bool:
    return first.end_ms - second.start_ms <= policy.yield_s * 1000 and second.end_ms > first.end_ms
