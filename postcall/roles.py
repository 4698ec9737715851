"""Who is on which channel.

Definition
----------
The call record's channel map comes first; else the recorder's layout for the call's direction, a setting: which party lies on
which channel depends on the leg that the recorder runs on, so it is never a constant. Where neither tells, nobody is judged:
measures of a party are not measurable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from postcall.recording import Recording, Topology
from postcall.telephony import Direction, Role, Telephony
from postcall.timeline import channel_label


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """Roles of the speaker labels of a call.

    Attributes
    ----------
    roles
        Speaker label -> role; empty when the parties cannot be told apart.
    source
        ``call_record`` or ``settings``; None without roles.
    reason
        Why there are no roles; None with them.
    """

    roles: Mapping[str, Role]
    source: str | None
    reason: str | None


def assign_roles(telephony: Telephony, recording: Recording, layouts: Mapping[Direction, tuple[Role, ...]]) -> RoleAssignment:
    """Roles of the channels of a recording.

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
        return _nobody("the recording has one channel")
    if recording.topology is Topology.DUAL_MONO:
        return _nobody("both channels of the recording carry the same sound")
    if telephony.channel_map is not None:
        channels, source = telephony.channel_map, "call_record"
    elif telephony.direction is not None and telephony.direction in layouts:
        channels, source = layouts[telephony.direction], "settings"
    else:
        return _nobody("neither the call record nor the settings say who is on which channel")
    if len(channels) != recording.channels:
        return _nobody(f"the channel map names {len(channels)} channels, the recording has {recording.channels}")
    if not {Role.AGENT, Role.CUSTOMER} <= set(channels):
        return _nobody("the channel map does not name both agent and customer")
    return RoleAssignment({channel_label(i): role for i, role in enumerate(channels)}, source, None)


def _nobody(reason: str) -> RoleAssignment:
    return RoleAssignment({}, None, reason)
