"""Closing: who ends the call, and how the farewell is said.

Definition
----------
`customer_ends`: the customer hangs up, not the agent, by the call record or by what is heard (`call_end.hung_up_by`). An agent
who ended a call after warning somebody who swears did what the protocol `profanity` asks: not applicable.

`steady_rate`: the agent's last rated turn (`event_turn_rate`) is no faster than ``_FASTER`` times, and no slower than a
``_FASTER``-th of, the median of the agent's other turns: a farewell is not rattled off, and does not die away.

Edge cases
----------
Turns too short to be rated are passed over: the last rated turn must end in the conversation's last ``_LAST_MS``.

References
----------
golden-03, cabletv-08, mts-19.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from postcall.conduct.protocols import profanity
from postcall.conduct.results import Finding, Outcome, Verdict, failed, not_applicable, not_measurable, passed
from postcall.conduct.scene import Scene
from postcall.errors import MissingInput
from postcall.spans import Span
from postcall.telephony import Role

GROUPS = profanity.GROUPS
NEEDS = {"customer_ends": GROUPS, "steady_rate": ()}
_FASTER = 1.4
_FEWEST_TURNS = 3
_LAST_MS = 10_000

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


def _steady_rate(scene: Scene, options: Options) -> Verdict:
    conversation = scene.call.conversation()
    rated = [
        (Span(row.start_ms, row.end_ms), float(row.speech_rate_per_s))
        for row in scene.rows.get("event_turn_rate", ())
        if row.role == Role.AGENT.value and row.speech_rate_per_s is not None
    ]
    if conversation is None or len(rated) < _FEWEST_TURNS:
        return not_measurable("too few of the agent's turns are long enough to be rated")
    last, rate = rated[-1]
    if conversation.end_ms - last.end_ms > _LAST_MS:
        return not_measurable("the farewell is too short to be rated")
    ratio = rate / statistics.median(one for _, one in rated[:-1])
    shown = [Finding(last, Role.AGENT)]
    if not 1 / _FASTER <= ratio <= _FASTER:
        return failed(f"the farewell is said {ratio:.2f} times as fast as the rest", shown)
    return passed(shown)


STEPS = {"customer_ends": _customer_ends, "steady_rate": _steady_rate}
