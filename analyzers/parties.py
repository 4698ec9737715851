"""Who is who: how surely the parties are told apart, and which agent serves which part of the call.

Definition
----------
``role_source`` and ``role_confidence`` as `postcall.roles.assignment` finds them. ``is_map_contradicted``: what is said speaks
against the channel map of the call record or the settings; then either the roles follow what is said, and ``role_source`` is
``opening_phrase`` or ``voice``, or no party is measured. ``speakers`` counts voices with a part in the call, menus left out;
``ghost_speakers`` those that a diarizer found beside them and that were merged (`postcall.speakers`).

``event_agent_stretch`` has a row for each agent of the call (`postcall.agent_stretches`): what is measured there is this
agent's. ``first_word_ms`` of the first stretch counts from the call's answer where that is known, else from the recording's
start; of a later one from the end of the transfer.

Edge cases
----------
A call without recording has a row in ``call_parties``, with the reason, and none in ``event_agent_stretch``. The call record
names one agent: ``agent_id`` is empty in the stretches of a call that had several.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from postcall.agent_stretches import AgentStretch, agent_stretches
from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.fields import AgentId, CallId, EndMs, NotMeasurable, RoleConfidence, RoleSourceName, StartMs
from postcall.not_measurable import UNASKED, Reasons
from postcall.spans import Span, Spans, clip, intersect, total_ms
from postcall.speakers import MENU
from postcall.tables import Field, table
from postcall.telephony import Role
from postcall.timeline import MIXED

NO_MAP, NO_DIARIZER, ALL_IN_USE = UNASKED
"""Why a column of a call is empty though nothing is missing."""


@table("call_parties", grain="call", primary_key=("call_id",))
class CallParties:
    """How surely agent and customer are told apart."""

    call_id: CallId
    role_source: RoleSourceName
    role_confidence: RoleConfidence
    is_map_contradicted: Annotated[
        bool | None,
        Field("Whether what is said contradicts the channel map of the record or settings; empty without a map."),
    ]
    speakers: Annotated[
        int | None, Field("Voices of the call, by channel or by the diarizer, menus left out; empty where they are mixed.")
    ]
    ghost_speakers: Annotated[
        int | None, Field("Tiny speakers of the diarizer that were merged into others; empty where none was asked.", minimum=0)
    ]
    agents: Annotated[int | None, Field("Agents who serve the call one after the other.", minimum=0)]
    empty_channel: Annotated[
        str | None,
        Field(
            "What the unused channel of a two-channel recording with everybody on one side carries; empty when every channel "
            "is in use.",
            enum=("digital_silence", "line_noise"),
        ),
    ]
    words_in_doubt: Annotated[int | None, Field("Words whose speaker is in doubt.", minimum=0)]
    not_measurable: NotMeasurable


@table("event_agent_stretch", grain="part of a call that one agent serves", primary_key=("call_id", "agent_number"))
class EventAgentStretch:
    """Which agent serves which part of a call, and what is measured of each."""

    call_id: CallId
    agent_number: Annotated[int, Field("Which agent of the call, from 0, in order of time.", minimum=0)]
    start_ms: StartMs
    end_ms: EndMs
    agent_id: AgentId
    begins_by: Annotated[
        str,
        Field(
            "What told that this agent begins: the call's answer; an opening phrase, another voice, or only the call record "
            "after a hold.",
            enum=("answer", "opening_phrase", "new_voice", "recorded_transfer"),
        ),
    ]
    is_introduced: Annotated[
        bool | None,
        Field("Whether the agent begins with a greeting, name, organisation, number or offer of help; empty without words."),
    ]
    first_word_ms: Annotated[int | None, Field("Until the agent speaks.", unit="ms", minimum=0)]
    stretch_agent_talk_ms: Annotated[int, Field("Time this agent speaks.", unit="ms", minimum=0)]
    stretch_customer_talk_ms: Annotated[int, Field("Time the customer speaks to this agent.", unit="ms", minimum=0)]
    stretch_overtalk_ms: Annotated[int, Field("Time both speak.", unit="ms", minimum=0)]
    stretch_hold_ms: Annotated[int | None, Field("Time this agent has the call on hold.", unit="ms", minimum=0)]
    stretch_agent_words: Annotated[int | None, Field("Words of this agent; empty without a transcript.", minimum=0)]
    not_measurable: NotMeasurable


@analyzer(version=2)
def parties(call: Call) -> Iterator[CallParties | EventAgentStretch]:
    """The row of the call, and one for each of its agents."""
    why = Reasons()
    stretches = why.attempt("agents", lambda: agent_stretches(call))
    confidence = why.known("role_confidence", call.role_confidence, _why_unknown(call))
    yield CallParties(
        call_id=call.call_id,
        role_source=why.known("role_source", call.role_source, _why_unknown(call)),
        role_confidence=confidence,
        is_map_contradicted=why.known("is_map_contradicted", call.is_map_contradicted, _unasked(call, NO_MAP)),
        speakers=why.attempt("speakers", lambda: _speakers(call)),
        ghost_speakers=why.known("ghost_speakers", call.ghost_speakers, _unasked(call, NO_DIARIZER)),
        agents=len(stretches) if stretches is not None else None,
        empty_channel=why.known("empty_channel", call.empty_channel, _unasked(call, ALL_IN_USE)),
        words_in_doubt=why.attempt("words_in_doubt", lambda: sum(w.is_in_doubt for w in call.need_transcript().words)),
        not_measurable=why.text(),
    )
    for stretch in stretches or ():
        yield _row(call, stretch, is_only=len(stretches or ()) == 1)


def _unasked(call: Call, otherwise: str) -> str:
    """Why there is nothing to say of a recording: there is none, or ``otherwise``."""
    try:
        call.need_recording()
    except MissingInput as missing:
        return missing.message
    return otherwise


def _why_unknown(call: Call) -> str:
    try:
        call.talk(Role.AGENT)
    except MissingInput as missing:
        return missing.message
    return "nothing says how sure the roles are"


def _speakers(call: Call) -> int:
    by_label = call.need_timeline().by_label
    if list(by_label) == [MIXED]:
        call.talk(Role.AGENT)  # raises with the reason
    return sum(bool(spans) for label, spans in by_label.items() if label not in (MIXED, MENU))


def _row(call: Call, stretch: AgentStretch, *, is_only: bool) -> EventAgentStretch:
    why = Reasons()
    inside = (stretch.span,)
    agent, customer = (intersect(call.talk(role), inside) for role in (Role.AGENT, Role.CUSTOMER))
    words = why.attempt("stretch_agent_words", lambda: [w for w in call.words(Role.AGENT) if _is_in(w.span, stretch.span)])
    return EventAgentStretch(
        call_id=call.call_id,
        agent_number=stretch.number,
        start_ms=stretch.span.start_ms,
        end_ms=stretch.span.end_ms,
        agent_id=(call.telephony.agent_id or "") if is_only else "",
        begins_by=stretch.begins_by,
        is_introduced=stretch.is_introduced,
        first_word_ms=why.known("first_word_ms", _first_word_ms(call, stretch, agent), "the agent does not speak"),
        stretch_agent_talk_ms=total_ms(agent),
        stretch_customer_talk_ms=total_ms(customer),
        stretch_overtalk_ms=total_ms(intersect(agent, customer)),
        stretch_hold_ms=why.attempt("stretch_hold_ms", lambda: _hold_ms(call, stretch)),
        stretch_agent_words=len(words) if words is not None else None,
        not_measurable=why.text(),
    )


def _is_in(span: Span, stretch: Span) -> bool:
    return stretch.start_ms <= (span.start_ms + span.end_ms) // 2 < stretch.end_ms


def _first_word_ms(call: Call, stretch: AgentStretch, agent: Spans) -> int | None:
    if not agent:
        return None
    begins_ms = stretch.span.start_ms
    if stretch.number == 0 and call.telephony.answered_at is not None and call.recording_started_at is not None:
        begins_ms = max(begins_ms, call.at_ms(call.telephony.answered_at))
    return max(0, agent[0].start_ms - begins_ms)


def _hold_ms(call: Call, stretch: AgentStretch) -> int:
    if not call.is_hold_known:
        call.holds()  # raises with the reason
    return total_ms(clip(call.holds(), stretch.span))
