"""Words as rows, and how they were made."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from analyzers.spoken_words import CallTranscript, StageWord, spoken_words
from postcall.errors import MissingInput
from postcall.spans import Span
from postcall.tables import spec_of
from postcall.telephony import Role
from postcall.testing.conformance import STAMP
from postcall.testing.drawing import make_call
from postcall.transcript import Transcript, Word

DRAWING = """
seconds   0         10
agent     ####
customer      ##
"""
CALL = make_call(DRAWING, said={Role.AGENT: [(0, 4, "good morning")], Role.CUSTOMER: [(4, 6, "hello")]})


def test_words_in_order_with_their_speakers() -> None:
    words = [row for row in spoken_words(CALL) if isinstance(row, StageWord)]
    assert [(w.position, w.text, w.speaker, w.speaker_role, w.start_ms, w.end_ms) for w in words] == [
        (0, "good", "channel_1", "agent", 0, 2_000),
        (1, "morning", "channel_1", "agent", 2_000, 4_000),
        (2, "hello", "channel_0", "customer", 4_000, 6_000),
    ]
    assert spec_of(StageWord).to_arrow(words, STAMP).num_rows == 3


def test_how_the_words_were_made() -> None:
    transcript = Transcript((), None, "some engine", {"beam": 5, "prompt": None}, 3, 2, 1, 1_500)
    rows = list(spoken_words(replace(CALL, transcript=transcript)))
    (row,) = rows
    assert isinstance(row, CallTranscript)
    assert (row.engine, json.loads(row.options), row.language) == ("some engine", {"beam": 5, "prompt": None}, None)
    assert (row.words, row.words_clipped, row.words_dropped, row.marks_ignored) == (0, 3, 2, 1)
    assert row.speech_without_words_ms == 1_500


def test_a_word_that_nobody_is_known_to_have_said() -> None:
    transcript = Transcript((Word(Span(0, 500), "yes"),), "en", "some engine")
    word = next(row for row in spoken_words(replace(CALL, transcript=transcript)) if isinstance(row, StageWord))
    assert (word.speaker, word.speaker_role, word.probability) == (None, None, None)


def test_no_transcript_gives_the_calls_own_reason() -> None:
    call = replace(make_call(DRAWING), missing={"transcript": "no recogniser is set up"})
    with pytest.raises(MissingInput, match="no recogniser is set up"):
        list(spoken_words(call))


def test_only_the_text_is_personal_data() -> None:
    assert {c.name for row in (StageWord, CallTranscript) for c in spec_of(row).columns if c.field.pii} == {"text"}
