"""Complaint: the agent listens until the customer has finished.

Definition
----------
`listened`: no interruption by the agent (`event_overtalk`) inside a turn of the customer in which a complaint is said.

References
----------
tomtel-01, cabletv-21.
"""

from __future__ import annotations

from collections.abc import Mapping

from postcall.conduct.results import Verdict, failed, not_applicable, passed
from postcall.conduct.scene import Scene
from postcall.telephony import Role

GROUPS = ("complaint",)

Options = Mapping[str, float | str | bool]


def _listened(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    complaints = scene.said(Role.CUSTOMER, "complaint")
    if not complaints:
        return not_applicable("the customer does not complain")
    turns = [
        turn.span
        for turn in scene.call.turns
        if turn.role is Role.CUSTOMER and any(turn.span.overlaps(one.span) for one in complaints)
    ]
    cuts = [
        one
        for one in scene.events("event_overtalk", {"kind": "interruption", "by_role": Role.AGENT.value})
        if any(turn.overlaps(one.span) for turn in turns)
    ]
    if cuts:
        return failed(f"the agent cuts in {len(cuts)} times", cuts, is_by_words=True)
    return passed(complaints, is_by_words=True)


STEPS = {"listened": _listened}
