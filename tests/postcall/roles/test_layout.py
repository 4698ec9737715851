from __future__ import annotations

from dataclasses import replace

import pytest

from postcall.recording import Recording, Topology
from postcall.roles import told_layout
from postcall.telephony import Direction, Role, Telephony

TWO = Recording("a.wav", "0" * 64, "pcm_s16le", "wav", 8000, 2, 10_000, Topology.SEPARATE, {})
CUSTOMER_FIRST = (Role.CUSTOMER, Role.AGENT)


def test_the_records_map_comes_before_the_settings() -> None:
    record = Telephony("a", direction=Direction.INBOUND, channel_map=(Role.AGENT, Role.CUSTOMER))
    told = told_layout(record, TWO, {Direction.INBOUND: CUSTOMER_FIRST})
    assert (told.roles, told.source) == ({"channel_0": Role.AGENT, "channel_1": Role.CUSTOMER}, "call_record")


def test_the_settings_tell_by_direction() -> None:
    layouts = {Direction.OUTBOUND: CUSTOMER_FIRST}
    told = told_layout(Telephony("a", direction=Direction.OUTBOUND), TWO, layouts)
    assert (told.roles, told.source) == ({"channel_0": Role.CUSTOMER, "channel_1": Role.AGENT}, "settings")
    untold = told_layout(Telephony("a", direction=Direction.INBOUND), TWO, layouts)
    assert untold.roles == {}
    assert untold.reason is not None


@pytest.mark.parametrize(
    ("recording", "channel_map", "reason"),
    [
        (replace(TWO, channels=1, topology=Topology.MONO), CUSTOMER_FIRST, "one channel"),
        (replace(TWO, topology=Topology.DUAL_MONO), CUSTOMER_FIRST, "the same sound"),
        (TWO, (Role.AGENT,), "names 1 channels, the recording has 2"),
        (TWO, (Role.AGENT, Role.AGENT), "does not name both"),
        (TWO, None, "neither the call record nor the settings"),
    ],
)
def test_without_a_usable_map_there_is_a_reason(
    recording: Recording, channel_map: tuple[Role, ...] | None, reason: str
) -> None:
    told = told_layout(Telephony("a", channel_map=channel_map), recording, {})
    assert (told.roles, told.source) == ({}, None)
    assert told.reason is not None
    assert reason in told.reason
