"""Protocols: what several phrases and events together have to look like, as small documented functions, each a step of one.

A rule names a protocol and a step. Phrases come from the manual's groups, or from those shared by its language
(``standards/phrases``): a group that neither has is never said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from postcall.conduct.protocols import callback, closing, complaint, hold, names, personal_data, profanity, speech, transfer
from postcall.conduct.results import Verdict
from postcall.conduct.scene import Scene

Step = Callable[[Scene, Mapping[str, float | str | bool]], Verdict]


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol.

    Attributes
    ----------
    description
        First line of its module.
    steps
        Step -> what judges it.
    groups
        Phrases that it looks for.
    options
        Options of its steps.
    """

    description: str
    steps: Mapping[str, Step]
    groups: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


PROTOCOLS: Mapping[str, Protocol] = {
    module.__name__.rsplit(".", 1)[-1]: Protocol(
        (module.__doc__ or "").split("\n", 1)[0], module.STEPS, module.GROUPS, getattr(module, "OPTIONS", ())
    )
    for module in (callback, closing, complaint, hold, names, personal_data, profanity, speech, transfer)
}
"""Protocol -> its steps."""
