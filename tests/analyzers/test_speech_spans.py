"""The timeline as rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzers.speech_spans import StageSpeech, speech_spans
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.tables import spec_of
from postcall.telephony import Role
from postcall.testing.conformance import STAMP
from postcall.testing.drawing import make_call

CALL = make_call(
    """
seconds   0         10        20
agent     ####      ##
customer    ####
"""
)


def facts(call: Call) -> list[tuple[str, str | None, int, int]]:
    return sorted((row.speaker, row.speaker_role, row.start_ms, row.end_ms) for row in speech_spans(call))


def test_overlapping_spans_of_two_speakers() -> None:
    assert facts(CALL) == [
        ("channel_0", "customer", 2_000, 6_000),
        ("channel_1", "agent", 0, 4_000),
        ("channel_1", "agent", 10_000, 12_000),
    ]
    assert spec_of(StageSpeech).to_arrow(list(speech_spans(CALL)), STAMP).num_rows == 3


def test_nobody_told_apart_has_no_role() -> None:
    assert facts(make_call("seconds   0         10\nanyone    ####")) == [("mixed", None, 0, 4_000)]


def test_an_ivr_is_a_role_too() -> None:
    row = next(speech_spans(replace(CALL, roles={"channel_0": Role.IVR})))
    assert row.speaker_role == "ivr"
    spec_of(StageSpeech).to_arrow([row], STAMP)


@pytest.mark.parametrize("part", ["recording", "timeline"])
def test_no_timeline_gives_the_calls_own_reason(part: str) -> None:
    call = replace(CALL, timeline=None, missing={part: "it broke off"})
    with pytest.raises(MissingInput, match="it broke off"):
        list(speech_spans(call if part == "timeline" else replace(call, recording=None)))
