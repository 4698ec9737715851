"""How long the customer waited for an agent, and for the agent's first word.

Definition
----------
``speed_of_answer_ms`` runs from the offer to the agent until the answer, ``wait_ms`` from the call's start at the centre
until the answer: IVR and queue are in the second and not in the first. ``greeting_ms`` runs from the answer until the agent's
first speech in the recording. ``abandoned_after_ms`` runs from the call's start at the centre until its end, for a call that
nobody answered.

::

    started      offered    answered     agent speaks
    |--- wait_ms -----------|
                 |- speed --|- greeting -|

Edge cases
----------
An outbound call waits for the customer, not for the agent: only its greeting is measured. Speech of the agent before the
answer (a word to a colleague while it rings) is no greeting; an agent who is speaking at the answer has a greeting of 0. A
recorded greeting on the agent's channel counts as the agent's. Without the recording's start, the answer has no place in the
recording and the greeting is empty.

References
----------
Amazon Connect, *Metrics definitions*: average speed of answer, abandonment time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.fields import CallId, NotMeasurable, SpeedOfAnswerMs, WaitMs
from postcall.kpi import is_answered
from postcall.not_measurable import Reasons
from postcall.tables import Field, table
from postcall.telephony import Direction, Role, Telephony, milliseconds_between


@table("call_speed_of_answer", grain="call", primary_key=("call_id",))
class CallSpeedOfAnswer:
    """How long the customer waited for the agent, or until giving up."""

    call_id: CallId
    speed_of_answer_ms: SpeedOfAnswerMs | None
    wait_ms: WaitMs | None
    greeting_ms: Annotated[int | None, Field("From answered to the agent's first speech.", unit="ms", minimum=0)]
    abandoned_after_ms: Annotated[
        int | None, Field("From the call's start at the centre to its end, for a call nobody answered.", unit="ms", minimum=0)
    ]
    not_measurable: NotMeasurable


@analyzer(version=1)
def speed_of_answer(call: Call) -> Iterator[CallSpeedOfAnswer]:
    """The row of the call."""
    record = call.telephony
    why = Reasons()
    yield CallSpeedOfAnswer(
        call_id=call.call_id,
        speed_of_answer_ms=why.attempt("speed_of_answer_ms", lambda: _until_answered_ms(record, record.offered_at, "offer")),
        wait_ms=why.attempt("wait_ms", lambda: _until_answered_ms(record, record.started_at, "start")),
        greeting_ms=why.attempt("greeting_ms", lambda: _greeting_ms(call)),
        abandoned_after_ms=why.attempt("abandoned_after_ms", lambda: _abandoned_after_ms(record)),
        not_measurable=why.text(),
    )


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
