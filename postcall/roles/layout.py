"""Who is on which channel, by the call record or the recorder's layout. Pure.

Definition
----------
The call record's channel map comes first; else the recorder's layout for the call's direction, a setting: which party lies on
which channel depends on the leg that the recorder runs on, so it is never a constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from postcall.recording import Recording, Topology
from postcall.telephony import Direction, Role, Telephony
from postcall.timeline import channel_label


@dataclass(frozen=True, slots=True)
class Layout:
    """What is told of who is on which channel.

    Attributes
    ----------
    roles
        Speaker label -> role; empty where nothing is told.
    source
        ``call_record`` or ``settings``; None without roles.
    reason
        Why there are no roles; None with them.
    """

    roles: Mapping[str, Role]
    source: str | None
    reason: str | None


def told_layout(telephony: Telephony, recording: Recording, layouts: Mapping[Direction, tuple[Role, ...]]) -> Layout:
    """Roles of the channels of a recording, as far as they are told.

    Parameters
    ----------
    telephony
        Its ``channel_map`` is used first.
    recording
        Only separated channels have roles.
    layouts
        Role of each channel by direction of the call.
    """
    if recording.topology is Topology.MONO:
        return _nothing("the recording has one channel")
    if recording.topology is Topology.DUAL_MONO:
        return _nothing("both channels of the recording carry the same sound")
    if telephony.channel_map is not None:
        channels, source = telephony.channel_map, "call_record"
    elif telephony.direction is not None and telephony.direction in layouts:
        channels, source = layouts[telephony.direction], "settings"
    else:
        return _nothing("neither the call record nor the settings say who is on which channel")
    if len(channels) != recording.channels:
        return _nothing(f"the channel map names {len(channels)} channels, the recording has {recording.channels}")
    if not {Role.AGENT, Role.CUSTOMER} <= set(channels):
        return _nothing("the channel map does not name both agent and customer")
    return Layout({channel_label(i): role for i, role in enumerate(channels)}, source, None)


def _nothing(reason: str) -> Layout:
    return Layout({}, None, reason)
