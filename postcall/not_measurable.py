"""A measure is a number, or empty with a reason. Never 0 for unknown.

Definition
----------
``not_measurable`` of a row is what `Reasons.text` writes; `reasons_by_column` reads it again. Some reasons say that there was
nothing to measure, such as the speed of answer of a call that nobody answered: `does_not_apply` tells them from those that say
that something is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TypeVar

from postcall.errors import MissingInput

T = TypeVar("T")

UNASKED = ("no channel map is given", "no voices had to be told apart", "every channel is in use")
"""Of the parties of a call: why there is nothing to say."""
NOT_APPLICABLE = ("the call was not answered", "the call was answered", "an outbound call waits for no agent", *UNASKED)
"""How reasons begin that say that a measure does not apply to the call, so that nothing is missing."""


def does_not_apply(reason: str) -> bool:
    """Whether a reason says that there was nothing to measure.

    Examples
    --------
    >>> does_not_apply("the call was not answered, so there is no recording")
    True
    >>> does_not_apply("nobody listened to the recording")
    False
    """
    return reason.startswith(NOT_APPLICABLE)


def reasons_by_column(text: str, columns: Collection[str]) -> dict[str, str]:
    """Column -> why it is empty, read from what `Reasons.text` wrote.

    Parameters
    ----------
    text
        The ``not_measurable`` of a row.
    columns
        Columns of the row's table. Only their names begin a part, so that a reason may hold ``; `` and ``: `` itself.

    Examples
    --------
    >>> reasons_by_column("a_ms, b_ms: no recording; none at all; c_ms: nobody speaks", ("a_ms", "b_ms", "c_ms"))
    {'a_ms': 'no recording; none at all', 'b_ms': 'no recording; none at all', 'c_ms': 'nobody speaks'}
    """
    name = "|".join(sorted(map(re.escape, columns), key=len, reverse=True))
    starts = list(re.finditer(rf"(?:^|; )((?:{name})(?:, (?:{name}))*): ", text)) if name else []
    found: dict[str, str] = {}
    for index, start in enumerate(starts):
        end = starts[index + 1].start() if index + 1 < len(starts) else len(text)
        for column in start[1].split(", "):
            found.setdefault(column, text[start.end() : end])
    return found


class Reasons:
    """Collects why columns of one row are empty.

    Examples
    --------
    >>> why = Reasons()
    >>> why.note("agent_talk_ms", "the parties cannot be told apart")
    >>> why.note("customer_talk_ms", "the parties cannot be told apart")
    >>> why.text()
    'agent_talk_ms, customer_talk_ms: the parties cannot be told apart'
    """

    def __init__(self) -> None:
        self._columns: dict[str, list[str]] = {}

    def note(self, column: str, reason: str) -> None:
        """Say why a column is empty."""
        self._columns.setdefault(reason, []).append(column)

    def attempt(self, column: str, measure: Callable[[], T]) -> T | None:
        """The measure's value, or None with the reason noted when the call lacks what it needs."""
        try:
            return measure()
        except MissingInput as missing:
            self.note(column, missing.message)
            return None

    def known(self, column: str, value: T | None, otherwise: str) -> T | None:
        """``value``; when it is None, ``otherwise`` is noted as the reason."""
        if value is None:
            self.note(column, otherwise)
        return value

    def text(self) -> str | None:
        """``column, column: reason; …``, or None when every column has a value."""
        if not self._columns:
            return None
        return "; ".join(f"{', '.join(columns)}: {reason}" for reason, columns in self._columns.items())
