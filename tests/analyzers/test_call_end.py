"""Who hung up, by hand."""

from __future__ import annotations

from dataclasses import replace

from analyzers.call_end import CallEnd, call_end
from postcall.call import Call
from postcall.telephony import Role
from postcall.testing.drawing import make_call

TALK = """
seconds   0         10        20        30
agent     ####        ####
customer      #####       ##
"""


def only(call: Call) -> CallEnd:
    (row,) = call_end(call)
    return row


def recorded(call: Call, by: Role | None) -> Call:
    return replace(call, telephony=replace(call.telephony, disconnected_by=by))


def test_the_record_tells() -> None:
    row = only(recorded(make_call(TALK), Role.CUSTOMER))
    assert (row.hung_up_by, row.hung_up_source, row.last_speaker, row.after_last_word_ms) == (
        "customer",
        "call_record",
        "customer",
        12_000,
    )
    assert (row.release_ms, row.has_busy_tone, row.is_record_confirmed) == (None, None, None)
    assert row.not_measurable == (
        "release_ms, has_busy_tone: nobody listened to the recording; "
        "is_record_confirmed: record and sound do not both tell who hung up"
    )


def test_a_busy_tone_lies_on_the_leg_that_was_put_down() -> None:
    call = make_call(TALK + "customer_busy" + " " * 16 + "# # #")
    row = only(recorded(call, None))
    assert (row.hung_up_by, row.hung_up_source, row.has_busy_tone, row.release_ms) == ("customer", "busy_tone", True, 1_000)
    assert only(recorded(call, Role.CUSTOMER)).is_record_confirmed is True
    assert only(recorded(call, Role.AGENT)).is_record_confirmed is False
    assert only(recorded(call, Role.AGENT)).hung_up_by == "agent"


def test_a_leg_that_falls_dead() -> None:
    row = only(recorded(make_call(TALK + "mute" + " " * 25 + "#" * 11), None))
    assert (row.hung_up_by, row.hung_up_source, row.has_busy_tone, row.release_ms) == ("agent", "leg_off", False, 1_000)


def test_nothing_tells() -> None:
    row = only(recorded(make_call(TALK + "mute" + " " * 25 + "##"), None))
    assert (row.hung_up_by, row.hung_up_source, row.has_busy_tone) == (None, None, False)
    assert row.not_measurable is not None
    assert "neither the call record nor the sound tells who hung up" in row.not_measurable


def test_on_one_channel_a_busy_tone_is_nobodys() -> None:
    call = make_call("seconds   0         10        20\nanyone    ########\nbusy               # # #")
    row = only(recorded(call, None))
    assert (row.hung_up_by, row.has_busy_tone, row.last_speaker) == (None, True, None)


def test_nobody_speaks() -> None:
    row = only(recorded(make_call("seconds   0         10\nagent\ncustomer\nbusy     # #"), None))
    assert (row.last_speaker, row.after_last_word_ms, row.release_ms) == (None, None, None)
