"""Every call has a row, and nothing that is not known is filled in."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from analyzers.contact import CallContact, contact
from postcall.call import Call
from postcall.tables import spec_of
from postcall.telephony import Direction, Role, Telephony
from postcall.testing.conformance import STAMP, conformance_calls
from postcall.testing.drawing import ANSWERED_AT, make_call

CALL = make_call(
    """
seconds   0         10        20
agent     ####
customer      #####
""",
    said={Role.AGENT: [(0, 4, "good morning")]},
)


def only(call: Call) -> CallContact:
    (row,) = contact(call)
    return row


def test_a_plain_call() -> None:
    row = only(CALL)
    assert (row.call_id, row.direction, row.queue, row.agent_id) == ("drawn", "inbound", "sales", "a-1")
    assert (row.started_at, row.answered_at) == (ANSWERED_AT - timedelta(seconds=15), ANSWERED_AT)
    assert (row.is_answered, row.has_recording, row.has_parties, row.has_transcript) == (True, True, True, True)
    assert (row.call_duration_ms, row.recording_duration_ms) == (20_000, 20_000)
    assert (row.role_source, row.transcript_engine, row.language) == ("call_record", "drawing", "en")
    assert (row.after_call_work_ms, row.handling_ms) == (None, None)
    assert row.not_measurable == "after_call_work_ms, handling_ms: the call record does not tell of after-call work"


@pytest.mark.parametrize(("work_ms", "handling_ms"), [(35_000, 55_000), (0, 20_000)])
def test_handling_time_is_the_call_and_the_work_after_it(work_ms: int, handling_ms: int) -> None:
    row = only(replace(CALL, telephony=replace(CALL.telephony, after_call_work_ms=work_ms)))
    assert (row.call_duration_ms, row.after_call_work_ms, row.handling_ms) == (20_000, work_ms, handling_ms)
    assert row.not_measurable is None


def test_work_after_a_call_whose_end_is_not_known_is_no_handling_time() -> None:
    row = only(replace(CALL, telephony=replace(CALL.telephony, ended_at=None, after_call_work_ms=35_000)))
    assert (row.after_call_work_ms, row.handling_ms) == (35_000, None)
    assert row.not_measurable == "call_duration_ms, handling_ms: the call record has no time of end"


def test_what_the_record_knows_of_people_is_marked_as_personal_data() -> None:
    record = replace(
        CALL.telephony, agent_name="Анна", customer_key="42", extra={"город": "Тверь"}, direction=Direction.INTERNAL
    )
    row = only(replace(CALL, telephony=record))
    assert (row.agent_name, row.customer_key, json.loads(row.extra)) == ("Анна", "42", {"город": "Тверь"})
    personal = {column.name for column in spec_of(CallContact).columns if column.field.pii}
    assert personal == {"agent_name", "customer_key", "extra"}


def test_every_call_has_one_row_that_its_table_admits() -> None:
    calls = conformance_calls().values()
    rows = [row for call in calls for row in contact(call)]
    assert len(rows) == len(calls)
    for row in rows:
        spec_of(row).to_arrow([row], STAMP)


def test_a_quarantined_recording_leaves_the_record_and_the_reason() -> None:
    record = replace(CALL.telephony, after_call_work_ms=0)
    row = only(Call(record, missing={"recording": "the recording was quarantined"}))
    assert (row.has_recording, row.recording_duration_ms, row.call_duration_ms) == (False, None, 20_000)
    assert row.not_measurable == "recording_duration_ms: the recording was quarantined"


def test_an_abandoned_call_is_not_answered() -> None:
    row = only(conformance_calls()["abandoned"])
    assert (row.is_answered, row.agent_id, row.call_duration_ms) == (False, "", None)
    assert "call_duration_ms, after_call_work_ms, handling_ms: the call was not answered" in (row.not_measurable or "")


def test_a_bare_record_is_unknown_throughout() -> None:
    row = only(Call(Telephony("bare")))
    assert (row.is_answered, row.direction, row.queue, row.transfers, row.language) == (None, None, "", None, None)


def test_a_transcript_without_a_language_leaves_the_records() -> None:
    assert CALL.transcript is not None
    assert only(replace(CALL, transcript=replace(CALL.transcript, language=None))).language == "en"
    assert only(replace(CALL, transcript=replace(CALL.transcript, language="ru"))).language == "ru"
