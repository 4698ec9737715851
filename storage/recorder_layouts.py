"""Who is on which channel, by recorder: what the makers document. Unlisted recorders are set channel by channel.

Conventions
-----------
Channel 0 is the left one. A layout says nothing of a direction for which its maker says nothing.

References
----------
Asterisk, ``app_mixmonitor.c`` option D: left is what comes from the channel on which MixMonitor runs. FreeSWITCH,
``RECORD_STEREO`` and ``RECORD_STEREO_SWAP``: left is the leg on which record_session runs. Amazon Connect administrator
guide: the agent is right, customer and conferenced parties left. Twilio, dual-channel recordings: first the parent call.
"""

from __future__ import annotations

from postcall.telephony import Direction, Role

Layout = dict[Direction, tuple[Role, ...]]

_CALLER_FIRST: Layout = {
    Direction.INBOUND: (Role.CUSTOMER, Role.AGENT),
    Direction.OUTBOUND: (Role.AGENT, Role.CUSTOMER),
}

LAYOUTS: dict[str, Layout] = {
    "asterisk-mixmonitor-on-caller": _CALLER_FIRST,
    "freeswitch-stereo": _CALLER_FIRST,
    "freeswitch-stereo-swap": {direction: roles[::-1] for direction, roles in _CALLER_FIRST.items()},
    "amazon-connect": dict.fromkeys((Direction.INBOUND, Direction.OUTBOUND), (Role.CUSTOMER, Role.AGENT)),
    "twilio-dual": {Direction.INBOUND: (Role.CUSTOMER, Role.AGENT)},
}
"""Recorder -> direction -> role of each channel."""
