"""How long the customer waited for an agent, and for the agent's first word.

Definition
----------
``speed_of_answer_ms`` runs from the offer to the agent until the answer, ``wait_ms`` from the call's start at the centre
until the answer: IVR and queue are in the second and not in the first. ``greeting_ms`` runs from the answer until the agent's
first speech in the recording. ``abandoned_after_ms`` runs from the call's start at the centre until its end, for a call that
nobody answered. ``is_answered_in_seconds`` compares ``speed_of_answer_ms`` with ``max_s``; `ringing` does the same in rings.

::

    started      offered    answered     agent speaks
    |--- wait_ms -----------|
                 |- speed --|- greeting -|

Where the call record lacks the offer or the answer and the ringing is heard, ``speed_of_answer_ms`` runs from the first ring
heard until the first word after the last ring, and ``speed_of_answer_basis`` is ``audio``. The agent picked up at some time
between the last ring and that word, so it is rather too long than too short: by up to a pause between rings, 4 s in most
countries.

Edge cases
----------
An outbound call waits for the customer, not for the agent: only its greeting is measured. Speech of the agent before the
answer (a word to a colleague while it rings) is no greeting; an agent who is speaking at the answer has a greeting of 0. A
recorded greeting on the agent's channel counts as the agent's. Without the recording's start, the answer has no place in the
recording and the greeting is empty. A recording that starts in the middle of the ringing makes the speed of answer by audio too
short: ``starts_ringing`` of `ringing` tells such calls. Rings after the recorded answer are a transfer's. A call whose record
does not say who called whom is taken for an inbound one.

References
----------
Amazon Connect, *Metrics definitions*: average speed of answer, abandonment time. rostelecom-01: from ringing to answer, in
seconds and rings. ITU-T E.180 for the pauses between rings.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.fields import CallId, NotMeasurable, SpeedOfAnswerMs, WaitMs
from postcall.kpi import heard_ringing, is_answered
from postcall.not_measurable import Reasons
from postcall.policy import Policy, Setting
from postcall.tables import Field, table
from postcall.telephony import Direction, Role, Telephony, milliseconds_between


class SpeedOfAnswerPolicy(Policy):
    """How soon to pick up."""

    max_s: float = Setting(
        20.0,
        gt=0,
        le=600,
        description="Longest time from ringing at the agent to the answer that is in time. Larger is laxer.",
        source="rostelecom-01 asks for no delay and names no number; research: 80 % in 20 s is in wide use",
    )


@table("call_speed_of_answer", grain="call", primary_key=("call_id",))
class CallSpeedOfAnswer:
    """How long the customer waited for the agent, or until giving up."""

    call_id: CallId
    speed_of_answer_ms: SpeedOfAnswerMs | None
    speed_of_answer_basis: Annotated[
        str | None,
        Field("What speed_of_answer_ms goes by: the record, or the ringing that is heard.", enum=("call_record", "audio")),
    ]
    is_answered_in_seconds: Annotated[
        bool | None, Field("Whether speed_of_answer_ms is at most `speed_of_answer.max_s`; empty for calls nobody answered.")
    ]
    wait_ms: WaitMs | None
    greeting_ms: Annotated[int | None, Field("From answered to the agent's first speech.", unit="ms", minimum=0)]
    abandoned_after_ms: Annotated[
        int | None, Field("From the call's start at the centre to its end, for a call nobody answered.", unit="ms", minimum=0)
    ]
    not_measurable: NotMeasurable


@analyzer(version=2)
def speed_of_answer(call: Call, policy: SpeedOfAnswerPolicy) -> Iterator[CallSpeedOfAnswer]:
    """The row of the call."""
    record = call.telephony
    why = Reasons()
    speed = why.attempt("speed_of_answer_ms, speed_of_answer_basis, is_answered_in_seconds", lambda: _speed(call))
    speed_ms, basis = speed or (None, None)
    yield CallSpeedOfAnswer(
        call_id=call.call_id,
        speed_of_answer_ms=speed_ms,
        speed_of_answer_basis=basis,
        is_answered_in_seconds=speed_ms <= policy.max_s * 1000 if speed_ms is not None else None,
        wait_ms=why.attempt("wait_ms", lambda: _until_answered_ms(record, record.started_at, "start")),
        greeting_ms=why.attempt("greeting_ms", lambda: _greeting_ms(call)),
        abandoned_after_ms=why.attempt("abandoned_after_ms", lambda: _abandoned_after_ms(record)),
        not_measurable=why.text(),
    )


def _speed(call: Call) -> tuple[int, str]:
    """From ringing to answer, and what tells: the call record, else the ringing that is heard."""
    record = call.telephony
    try:
        return _until_answered_ms(record, record.offered_at, "offer"), "call_record"
    except MissingInput:
        if record.direction is Direction.OUTBOUND or is_answered(record) is False:
            raise
        heard_ms = _heard_ms(call)
        if heard_ms is None:
            raise
        return heard_ms, "audio"


def _heard_ms(call: Call) -> int | None:
    """From the first ring heard to the first word after the last; None where the sound cannot tell."""
    try:
        heard = heard_ringing(call)
    except MissingInput:
        return None
    if heard is None or heard.answered_ms is None:
        return None
    return heard.answered_ms - heard.start_ms


def _until_answered_ms(record: Telephony, since: datetime | None, name: str) -> int:
    if record.direction is Direction.OUTBOUND:
        raise MissingInput("times", "an outbound call waits for no agent")
    answered_at = _answered_at(record)
    if since is None:
        raise MissingInput("times", f"the call record has no time of {name}")
    return milliseconds_between(since, answered_at)


def _answered_at(record: Telephony) -> datetime:
    if record.answered_at is None:
        unanswered = is_answered(record) is False
        raise MissingInput("times", "the call was not answered" if unanswered else "the call record has no time of answer")
    return record.answered_at


def _greeting_ms(call: Call) -> int:
    answered_at = _answered_at(call.telephony)
    talk = call.talk(Role.AGENT)
    answered_ms = call.at_ms(answered_at)
    first = next((span for span in talk if span.end_ms > answered_ms), None)
    if first is None:
        raise MissingInput("speech", "the agent does not speak after the answer")
    return max(0, first.start_ms - answered_ms)


def _abandoned_after_ms(record: Telephony) -> int:
    if record.direction is Direction.OUTBOUND:
        raise MissingInput("times", "an outbound call waits for no agent")
    answered = is_answered(record)
    if answered:
        raise MissingInput("times", "the call was answered")
    if answered is None:
        raise MissingInput("times", "the call record has no time of answer")
    if record.started_at is None or record.ended_at is None:
        raise MissingInput("times", "the call record has no time of start")
    return milliseconds_between(record.started_at, record.ended_at)
