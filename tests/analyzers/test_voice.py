"""Level, pitch, shouting and following, on drawn voices."""

from __future__ import annotations

from typing import cast

import pytest

from analyzers.voice import CallVoice, EventTurnVoice, VoicePolicy, voice
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.testing.drawing import make_call

_POLICY = VoicePolicy(min_voiced_s=1, min_pairs=3)


def rows(call: Call, policy: VoicePolicy = _POLICY) -> tuple[CallVoice, list[EventTurnVoice]]:
    first, *events = voice(call, policy)
    return cast("CallVoice", first), cast("list[EventTurnVoice]", events)


def test_each_turn_is_compared_with_the_partys_own_voice() -> None:
    row, events = rows(
        make_call(
            """
seconds         0         10        20        30
agent           ####      ####      ####
agent_level     5555      7777      5555
agent_pitch     4444      4444      7777
customer            ####      ####
customer_level      1111      2222
customer_pitch      8888      8888
"""
        )
    )
    assert row.agent_level_dbfs == -25.0
    assert row.agent_pitch_hz == pytest.approx(120 * 2 ** (4 / 12), rel=0.005)
    assert row.agent_voiced_ms == 12_000
    # Two turns at 4 semitones, one at 7: a standard deviation of sqrt(2).
    assert row.agent_pitch_movement_st == pytest.approx(2**0.5, abs=0.05)
    assert row.customer_level_dbfs == -28.5
    assert row.agent_to_customer_level_db == 3.5
    assert row.agent_shouting_ms == row.customer_shouting_ms == 0
    assert [(e.start_ms, e.role, e.level_over_own_db) for e in events] == [
        (0, "agent", 0.0),
        (4_000, "customer", -0.5),
        (10_000, "agent", 2.0),
        (14_000, "customer", 0.5),
        (20_000, "agent", 0.0),
    ]
    assert [e.pitch_over_own_st for e in events if e.role == "agent"] == pytest.approx([0, 0, 3], abs=0.1)
    assert row.agent_level_following is None
    assert row.not_measurable is not None
    assert "too few turns follow one of the other party" in row.not_measurable


def test_shouting_is_louder_and_higher_for_long_enough() -> None:
    row, events = rows(
        make_call(
            """
seconds         0         10        20        30
agent           ##########    ##########    ####
agent_level     0099000000    9999900000    9000
agent_pitch     0000000000    4444400000    4000
customer                  ####          ####
customer_level            0000          0000
customer_pitch            9999          9999
"""
        ),
        VoicePolicy(min_voiced_s=1, shout_min_s=2),
    )
    # Loud alone is no shout; loud and high for 5 s is; for 1 s it is too short.
    assert row.agent_shouting_ms == 5_000
    assert row.customer_shouting_ms == 0
    assert [(e.start_ms, e.turn_shouting_ms) for e in events if e.turn_shouting_ms] == [(14_000, 5_000)]


def test_who_goes_along_with_the_other_follows() -> None:
    row, _ = rows(
        make_call(
            """
seconds         0         10        20        30
customer        ##  ##  ##  ##  ##
customer_level  00  88  22  66  00
customer_pitch  22  44  22  44  22
agent             ##  ##  ##  ##  ##
agent_level       11  55  22  44  11
agent_pitch       77  33  77  33  77
"""
        )
    )
    # Levels of the agent are half the customer's and 1 more; pitches go the other way.
    assert row.agent_level_following == pytest.approx(1.0, abs=0.001)
    assert row.agent_pitch_following == pytest.approx(-1.0, abs=0.001)
    # Own levels are 2 and 2 dB; turns of 8 and 6 dB are loud, the agent answers with 5 and 4.
    assert row.customer_loud_turns == 2
    assert row.agent_level_after_loud_db == 2.5


def test_an_agent_who_does_not_change_follows_nobody() -> None:
    row, _ = rows(
        make_call(
            """
seconds         0         10        20        30
customer        ##  ##  ##  ##
customer_level  00  88  22  66
customer_pitch  22  44  22  44
agent             ##  ##  ##  ##
agent_level       33  33  33  33
agent_pitch       77  77  77  77
"""
        )
    )
    assert row.agent_level_following is None
    columns = [f"{party}_{name}_following" for party in ("agent", "customer") for name in ("level", "pitch")]
    assert row.not_measurable == f"{', '.join(columns)}: the turns do not differ"
    assert row.agent_level_after_loud_db == 0.0


def test_a_party_that_says_too_little_is_not_measured() -> None:
    row, events = rows(
        make_call(
            """
seconds         0         10
agent           ######
agent_level     000000
agent_pitch     000000
customer              #
customer_level        0
customer_pitch        0
"""
        ),
        VoicePolicy(min_voiced_s=5),
    )
    assert row.agent_level_dbfs == -30.0
    assert row.customer_level_dbfs is None
    assert row.customer_shouting_ms is None
    assert row.customer_voiced_ms == 1_000
    assert row.agent_to_customer_level_db is None
    assert "customer_level_dbfs, customer_pitch_hz, customer_pitch_movement_st, customer_shouting_ms: too little" in (
        row.not_measurable or ""
    )
    assert {event.role for event in events} == {"agent"}


def test_two_voices_have_no_pitch_and_no_shouting() -> None:
    row, events = rows(
        make_call(
            """
seconds         0         10        20        30
agent           ########    ########
agent_level     00000000    99999999
agent_pitch     00000000    99999999
customer                ####
customer_level          0000
customer_pitch          0000
"""
        ),
        VoicePolicy(min_voiced_s=1, max_movement_st=4),
    )
    assert row.agent_level_dbfs is not None
    assert row.agent_pitch_hz is row.agent_pitch_movement_st is row.agent_shouting_ms is None
    assert "agent_pitch_hz, agent_pitch_movement_st, agent_shouting_ms: more than one voice" in (row.not_measurable or "")
    assert [(e.pitch_over_own_st, e.turn_shouting_ms) for e in events if e.role == "agent"] == [(None, None)] * 2
    assert row.customer_shouting_ms == 0


def test_parties_that_are_not_told_apart_are_skipped() -> None:
    with pytest.raises(MissingInput, match="one channel"):
        list(voice(make_call("seconds   0    5\nanyone    ####\nbeep        #\n"), _POLICY))
