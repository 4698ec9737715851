"""What the tables say of why a rule failed or a measure is empty, in the reader's language.

Conventions
-----------
Tables hold reasons in English. `reasons.toml` has each of them, with places, in every language of the pages; one that it does
not have (of an analyzer or a manual of the centre's own) stands as it is, which is better than nothing. Several reasons in one,
joined by a comma, are said one by one. Settings in brackets (``roles.minimum_confidence``) are for analysts and left out here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from flows.pages.formats import Formats
from flows.pages.labels import Labels

REASONS_FILE = "reasons.toml"

_NUMBER, _WORD = r"-?\d+(?:\.\d+)?", r"\w+"
_PLACES = {
    "role": "agent|customer|ivr",
    "measure": r"call_\w+\.\w+",
    "parts": r"\d+(?:, \d+)*",
    **dict.fromkeys(("count", "of", "value", "bound", "seconds"), _NUMBER),
    **dict.fromkeys(("code", "language", "table", "column", "occasion"), _WORD),
    **dict.fromkeys(("occasions", "choice", "moment", "source"), ".+"),
}
"""What may stand in a place of a reason."""
_SETTING = re.compile(r" \([a-z_]+\.[a-z_.]+\)")
_PLACE = re.compile(r"\{(\w+)\}")


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
        said = self._known(plain)
        if said is not None:
            return said
        parts = [self._known(part) for part in re.split(r", (?:and )?", plain)]
        return ", ".join(part for part in parts if part) if len(parts) > 1 and all(parts) else plain

    def _known(self, plain: str) -> str | None:
        for template, pattern in _patterns():
            if found := pattern.fullmatch(plain):
                text = all_reasons()["reasons"][template].get(self._labels.language, template)
                return text.format(**self._places(found.groupdict()))
        return None

    def _places(self, found: Mapping[str, str]) -> dict[str, str]:
        measure = found.get("measure", "")
        write: Callable[[str], str] = self._length if measure.endswith("_ms") else self._number
        return {name: self._place(name, text, write) for name, text in found.items()}

    def _place(self, name: str, text: str, write: Callable[[str], str]) -> str:
        if name in ("value", "bound", "seconds"):
            return (self._number if name == "seconds" else write)(text)
        if name == "measure":
            return self._labels.of("measures", text)
        if name == "role":
            return self._role(text)
        if name in ("occasion", "occasions"):
            return ", ".join(map(self._occasion, text.split(", ")))
        if name == "choice":
            return " / ".join(self._labels.of("direction", one) for one in text.split(" or "))
        return self._of(f"{name}s", text) if name in ("moment", "source") else text

    def _role(self, role: str) -> str:
        """In the middle of a sentence."""
        return self._labels.of("roles", role).lower()

    def _occasion(self, anchor: str) -> str:
        """What a rule waits for: ``customer:@complaint``, ``event:transfer``, ``@claim``."""
        role, _, name = anchor.rpartition(":")
        occasion = self._of("occasions", anchor if role == "event" else name.removeprefix("@"))
        return f"{occasion} ({self._role(role)})" if role and role != "event" else occasion

    def _of(self, section: str, word: str) -> str:
        known = all_reasons()[section].get(word)
        return known[self._labels.language] if known is not None else word

    def _length(self, text: str) -> str:
        return self._formats.length(round(float(text)))

    def _number(self, text: str) -> str:
        return self._formats.number(float(text), min(len(text.partition(".")[2]), 2))


@cache
def all_reasons() -> dict[str, dict[str, dict[str, str]]]:
    """Section, what tables hold, language, text; of the file that comes along."""
    return tomllib.loads(files("flows.pages").joinpath(REASONS_FILE).read_text(encoding="utf-8"))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Templates and what they match, the most particular first: those whose places take least."""
    found = []
    for template in all_reasons()["reasons"]:
        pieces = _PLACE.split(template)
        pattern = "".join(
            f"(?P<{piece}>{_PLACES[piece]})" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
        )
        found.append((sum(len(piece) for piece in pieces[::2]), template, re.compile(pattern)))
    return tuple((template, pattern) for _, template, pattern in sorted(found, key=lambda one: -one[0]))


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
