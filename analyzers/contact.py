"""The call record and what was made of it: one row for every call.

Conventions
-----------
Times are UTC, as the call record has them. ``queue``, ``agent_id`` and ``team`` are '' where the record names none, so that
rollups can group by them; every other unknown is empty.

Definition
----------
A call has a row whether or not it has a recording: the table is the list of the day's calls, and every rollup starts from it.
``language`` is the transcript's, else the record's. ``handling_ms`` is what the call cost its agent: talk and hold, from the
answer to the end, and the work after it; without any of the two it is empty.

Edge cases
----------
``is_answered`` is empty when the record cannot tell (`postcall.kpi.is_answered`). ``has_recording`` means a recording that
could be used: a call whose recording was quarantined has none, and ``not_measurable`` says why. ``has_parties`` is only True
when both agent and customer are told apart. After-call work that the record does not tell is empty; 0 is what it tells.

References
----------
Amazon Connect, *Metrics definitions*: average handle time is talk, hold and after contact work.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import (
    AfterCallWorkMs,
    AgentId,
    CallDurationMs,
    CallId,
    CustomerKey,
    HandlingMs,
    Language,
    NotMeasurable,
    QueueName,
    RecordingDurationMs,
    RoleSourceName,
    StartedAt,
    TeamName,
)
from postcall.kpi import after_call_work_ms, call_duration_ms, handling_ms, is_answered
from postcall.not_measurable import Reasons
from postcall.tables import Field, table
from postcall.telephony import Direction, Role


@table("call_contact", grain="call", primary_key=("call_id",))
class CallContact:
    """The call record of every call of the day, and which parts of it could be made."""

    call_id: CallId
    started_at: StartedAt | None
    offered_at: Annotated[datetime | None, Field("When the call rang at the agent, UTC.")]
    answered_at: Annotated[datetime | None, Field("When the agent picked up, UTC; empty for a call nobody answered.")]
    ended_at: Annotated[datetime | None, Field("When the call ended, UTC.")]
    is_answered: Annotated[bool | None, Field("Whether an agent answered; empty when the record cannot tell.")]
    direction: Annotated[str | None, Field("Who called whom.", enum=tuple(Direction))]
    queue: QueueName
    agent_id: AgentId
    team: TeamName
    agent_name: Annotated[str | None, Field("Name of the agent, from the call record.", pii=True)]
    agent_grade: Annotated[str | None, Field("Grade or line of the agent, from the call record.")]
    customer_key: CustomerKey
    transfers: Annotated[int | None, Field("Times the call was transferred.", minimum=0)]
    disconnected_by: Annotated[str | None, Field("Who hung up.", enum=tuple(Role))]
    language: Language
    has_recording: Annotated[bool, Field("Whether there is a recording that could be used.")]
    has_parties: Annotated[bool, Field("Whether agent and customer are told apart in the recording.")]
    role_source: RoleSourceName
    has_transcript: Annotated[bool, Field("Whether the words are known.")]
    transcript_engine: Annotated[str | None, Field("What recognised the words; empty without a transcript.")]
    call_duration_ms: CallDurationMs | None
    after_call_work_ms: AfterCallWorkMs | None
    handling_ms: HandlingMs | None
    recording_duration_ms: RecordingDurationMs | None
    extra: Annotated[str, Field("Further columns of the call record, as a JSON object.", pii=True)]
    not_measurable: NotMeasurable


@analyzer(version=4)
def contact(call: Call) -> Iterator[CallContact]:
    """The row of the call."""
    record, transcript = call.telephony, call.transcript
    why = Reasons()
    served_ms = why.attempt("call_duration_ms", lambda: call_duration_ms(record))
    recorded_ms = why.attempt("recording_duration_ms", lambda: call.duration_ms)
    yield CallContact(
        call_id=call.call_id,
        started_at=record.started_at,
        offered_at=record.offered_at,
        answered_at=record.answered_at,
        ended_at=record.ended_at,
        is_answered=is_answered(record),
        direction=record.direction.value if record.direction else None,
        queue=record.queue or "",
        agent_id=record.agent_id or "",
        team=record.team or "",
        agent_name=record.agent_name,
        agent_grade=record.agent_grade,
        customer_key=record.customer_key,
        transfers=record.transfers,
        disconnected_by=record.disconnected_by.value if record.disconnected_by else None,
        language=(transcript.language if transcript else None) or record.language,
        has_recording=call.recording is not None,
        has_parties=call.has_parties,
        role_source=call.role_source,
        has_transcript=call.has_words,
        transcript_engine=transcript.engine if transcript else None,
        call_duration_ms=served_ms,
        after_call_work_ms=why.attempt("after_call_work_ms", lambda: after_call_work_ms(record)),
        handling_ms=why.attempt("handling_ms", lambda: handling_ms(record)),
        recording_duration_ms=recorded_ms,
        extra=json.dumps(dict(record.extra), ensure_ascii=False, sort_keys=True),
        not_measurable=why.text(),
    )
