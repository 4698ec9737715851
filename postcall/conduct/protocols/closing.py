"""Closing: who ends the call.

Definition
----------
`customer_ends`: the customer hangs up, not the agent, by the call record or by what is heard (`call_end.hung_up_by`). An agent
who ended a call after warning somebody who swears did what the protocol `profanity` asks: not applicable.

References
----------
golden-03, cabletv-08.
"""

from __future__ import annotations

from collections.abc import Mapping

from postcall.conduct.protocols import profanity
from postcall.conduct.results import Outcome, Verdict, failed, not_applicable, not_measurable, passed
from postcall.conduct.scene import Scene
from postcall.errors import MissingInput
from postcall.telephony import Role

GROUPS = profanity.GROUPS

Options = Mapping[str, float | str | bool]


def ended_by(scene: Scene) -> Role | None:
    """Who hung up; None when nothing tells."""
    try:
        return Role(scene.measure("call_end.hung_up_by"))
    except MissingInput:
        return scene.call.telephony.disconnected_by


def _customer_ends(scene: Scene, options: Options) -> Verdict:
    by = ended_by(scene)
    if by is None or by is Role.UNKNOWN:
        return not_measurable("nothing tells who hung up")
    if by is not Role.AGENT:
        return passed()
    if scene.call.has_words and scene.call.has_parties and profanity.judged(scene, by).outcome is Outcome.PASS:
        return not_applicable("the agent ended the call after a warning")
    return failed("the agent hung up")


STEPS = {"customer_ends": _customer_ends}
