"""A measure is a number, or empty with a reason. Never 0 for unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from postcall.errors import MissingInput

T = TypeVar("T")


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
