"""Protocols: what several phrases and events together have to look like, as small documented functions, each a step of one.

A rule names a protocol and a step. Phrases come from the manual's groups, or from those shared by its language
(``standards/phrases``): a group that neither has would never be said, so that `check_groups` refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from postcall.conduct.manual import Manual
from postcall.conduct.protocols import callback, closing, complaint, hold, names, personal_data, profanity, speech, transfer
from postcall.conduct.results import Verdict
from postcall.conduct.scene import Scene
from postcall.errors import PolicyError

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
    needs
        Step -> groups without which it cannot be judged; all of them for a step that is not named.
    """

    description: str
    steps: Mapping[str, Step]
    groups: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


PROTOCOLS: Mapping[str, Protocol] = {
    module.__name__.rsplit(".", 1)[-1]: Protocol(
        (module.__doc__ or "").split("\n", 1)[0],
        module.STEPS,
        module.GROUPS,
        getattr(module, "OPTIONS", ()),
        getattr(module, "NEEDS", {}),
    )
    for module in (callback, closing, complaint, hold, names, personal_data, profanity, speech, transfer)
}
"""Protocol -> its steps."""


def check_groups(manual: Manual) -> None:
    """Make sure that a manual has the phrases that the protocols of its rules look for.

    Raises
    ------
    PolicyError
        A group is neither the manual's own nor shared by its language: what it stands for would pass for never said.
    """
    for rule in manual.rules:
        protocol = PROTOCOLS.get(rule.protocol or "")
        for name in protocol.needs.get(rule.step or "", protocol.groups) if protocol else ():
            try:
                manual.resolve(f"@{name}")
            except PolicyError as error:
                raise PolicyError(
                    f"manual '{manual.id}', rule '{rule.id}': step '{rule.step}' of '{rule.protocol}' looks for the phrases "
                    f"'{name}', and [phrases] has none of that name",
                    hint=error.hint,
                ) from error
