"""Profanity: the customer swears, the agent warns, and only if it goes on may the agent end the call.

Definition
----------
`warned_first`: without the customer's swearing it is not applicable. With it, an agent who hangs up must have warned between
the first and a later swearing; where the customer hangs up, or nothing tells who did, the agent must have warned, or the
customer must have stopped by himself after the first.

References
----------
golden-04, mts-23.
"""

from __future__ import annotations

from collections.abc import Mapping

from postcall.conduct.results import Verdict, failed, not_applicable, passed
from postcall.conduct.scene import Scene
from postcall.errors import MissingInput
from postcall.telephony import Role

GROUPS = ("profanity", "swearing_warning")
_ONE_OUTBURST_MS = 8_000
"""Swearing within this time of the last is the same outburst."""

Options = Mapping[str, float | str | bool]


def judged(scene: Scene, ended_by: Role | None) -> Verdict:
    """The verdict, given who hung up."""
    scene.need_words()
    swearing = scene.said(Role.CUSTOMER, "profanity")
    if not swearing:
        return not_applicable("the customer does not swear")
    warnings = [one for one in scene.said(Role.AGENT, "swearing_warning") if one.span.start_ms > swearing[0].span.start_ms]
    if ended_by is Role.AGENT:
        if not warnings:
            return failed("the agent ends the call without a warning", swearing, is_by_words=True)
        if not any(one.span.start_ms > warnings[0].span.start_ms for one in swearing):
            return failed("the agent ends the call though the swearing stopped", (*swearing, *warnings), is_by_words=True)
        return passed((*swearing[:1], *warnings), is_by_words=True)
    is_once = swearing[-1].span.start_ms - swearing[0].span.start_ms <= _ONE_OUTBURST_MS
    if warnings or is_once:
        return passed((*swearing[:1], *warnings), is_by_words=True)
    return failed("the customer goes on swearing, and is not warned", swearing, is_by_words=True)


def _warned_first(scene: Scene, options: Options) -> Verdict:
    try:
        by = Role(scene.measure("call_end.hung_up_by"))
    except MissingInput:
        by = scene.call.telephony.disconnected_by or Role.UNKNOWN
    return judged(scene, by)


STEPS = {"warned_first": _warned_first}
