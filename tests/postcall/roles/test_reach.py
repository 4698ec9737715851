from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from postcall.acoustics import Acoustics, ChannelSound, Sound, SoundKind
from postcall.roles import reaches_agent_ms
from postcall.spans import Span
from postcall.telephony import Direction, Telephony

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
RECORD = Telephony("a", direction=Direction.INBOUND, answered_at=START + timedelta(seconds=20))
RING = Acoustics({"mixed": ChannelSound((Sound(Span(15_000, 16_000), SoundKind.RING),))})
QUIET = Acoustics({"mixed": ChannelSound()})
MENU = {"mixed": (Span(1_000, 9_000),)}


def test_the_records_answer_decides_with_a_tolerance() -> None:
    assert reaches_agent_ms(RECORD, START, RING, MENU) == 19_000
    assert reaches_agent_ms(RECORD, START + timedelta(seconds=30), RING, MENU) == 0


def test_without_it_the_first_ring_does_unless_it_may_be_a_transfers() -> None:
    unknown = replace(RECORD, answered_at=None)
    assert reaches_agent_ms(unknown, START, RING, MENU) == 0
    assert reaches_agent_ms(replace(unknown, transfers=0), START, RING, MENU) == 15_000
    assert reaches_agent_ms(replace(unknown, transfers=1), START, RING, MENU) == 0
    assert reaches_agent_ms(unknown, START, RING, {"mixed": (Span(17_000, 20_000),)}) == 15_000
    both = {"a": (Span(1_000, 2_000),), "b": (Span(3_000, 4_000),)}
    assert reaches_agent_ms(unknown, START, RING, both) == 0
    assert reaches_agent_ms(unknown, START, RING, {**both, "b": ()}) == 15_000


def test_nothing_tells_or_nobody_waits() -> None:
    assert reaches_agent_ms(replace(RECORD, answered_at=None), None, QUIET, MENU) == 0
    assert reaches_agent_ms(replace(RECORD, direction=Direction.OUTBOUND), START, RING, MENU) == 0
