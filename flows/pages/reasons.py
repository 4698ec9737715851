"""What the tables say of why a rule failed or a measure is empty, in the reader's language.

Conventions
-----------
Tables hold reasons in English. Those that are frequent have a label each; others stand as they are, which is better than
nothing. Settings in brackets (``roles.minimum_confidence``) are for analysts and left out here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from flows.pages.formats import Formats
from flows.pages.labels import Labels

_EXACT = {
    "it is not said": "not_said",
    "it is said": "said",
    "there is no hold": "no_hold",
    "the agent hung up": "agent_hung_up",
    "no ringing is heard": "no_ringing",
    "the call was not answered, so there is no recording": "not_answered",
    "both channels of the recording carry the same sound, and it is not sure enough who is the agent": "same_on_both",
}

_MEASURE = r"(?P<measure>call_\w+\.\w+)"
_PATTERNS = (
    (r"parts? (?P<parts>[\d, ]+) of (?P<of>\d+) (?:is|are) not said", "parts_not_said"),
    (rf"{_MEASURE} is (?P<value>-?[\d.]+), less than (?P<bound>-?[\d.]+)", "less_than"),
    (rf"{_MEASURE} is (?P<value>-?[\d.]+), more than (?P<bound>-?[\d.]+)", "more_than"),
    (rf"{_MEASURE} is true", "is_true"),
    (rf"{_MEASURE} is false", "is_false"),
    (r"the name is used (?P<count>\d+) times, fewer than (?P<bound>\d+)", "name_used"),
    (r"(?P<count>\d+) of the holds: the customer does not agree", "holds_not_agreed"),
    (r"(?P<count>\d+) of the holds: the customer is not asked", "holds_not_asked"),
    (r"(?P<count>\d+) of the holds: the purpose is not said", "holds_no_purpose"),
    (r"(?P<count>\d+) of the holds: no thanks for waiting", "holds_no_thanks"),
    (r"(?P<count>\d+) of the holds: no time is promised", "holds_no_time"),
    (r"the recording was put aside \((?P<code>\w+)\)", "put_aside"),
    (r"no usable recording \((?P<code>\w+)\)", "no_usable"),
)
_COMPILED = tuple((re.compile(pattern), label) for pattern, label in _PATTERNS)
_SETTING = re.compile(r" \([a-z_]+\.[a-z_.]+\)")


class Reasons:
    """Reasons in one language.

    Parameters
    ----------
    labels
        Words of the language.
    """

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._formats = Formats(labels)

    def say(self, reason: str | None) -> str:
        """A reason as the reader understands it; empty for none."""
        plain = _SETTING.sub("", reason or "")
        if plain in _EXACT:
            return self._labels.get(f"reasons.{_EXACT[plain]}")
        for pattern, label in _COMPILED:
            if found := pattern.fullmatch(plain):
                return self._labels.get(f"reasons.{label}", **self._places(found.groupdict()))
        return plain

    def _places(self, found: Mapping[str, str]) -> dict[str, str]:
        measure = found.get("measure", "")
        write: Callable[[str], str] = self._length if measure.endswith("_ms") else self._number
        said = {name: write(text) if name in ("value", "bound") else text for name, text in found.items()}
        return {**said, "measure": self._labels.of("measures", measure)} if measure else said

    def _length(self, text: str) -> str:
        return self._formats.length(round(float(text)))

    def _number(self, text: str) -> str:
        return self._formats.number(float(text), min(len(text.partition(".")[2]), 2))


def unmeasured(text: str | None) -> dict[str, list[str]]:
    """Reason -> columns, out of a table's ``not_measurable``: ``column, column: reason; column: reason``."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"; (?=[a-z0-9_, ]+: )", text or ""):
        columns, mark, reason = part.partition(": ")
        if mark:
            found.setdefault(reason, []).extend(column.strip() for column in columns.split(","))
    return found


def reason_for(text: str | None, column: str) -> str | None:
    """Why a column of a row is empty, as its ``not_measurable`` has it."""
    return next((reason for reason, columns in unmeasured(text).items() if column in columns), None)
