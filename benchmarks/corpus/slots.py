"""Fills the slots of a text: names, numbers and other values by language and case, drawn once per call.

The values are data, ``slots/<language>.toml``; what slots a text may hold stands in ``README.md``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

FOLDER = Path(__file__).with_name("slots")
LANGUAGES = ("ru", "en", "zh")
SPEAKERS = ("agent", "agent2", "customer")
MARK = re.compile(r"\s*\[(\d+)\]")
"""The place in a text where an overlap begins."""
_BRACED = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"([a-z][a-z0-9_]*)(?:#([23]))?(?:\.([a-z]+))?")
_GENDERED = re.compile(r"([a-z0-9]+):([^|]*)\|([^|]*)")
_NUMBERS = {"number": 6, "phone": 10}
_DAY_PARTS = ((12, "morning"), (18, "day"), (24, "evening"))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a call: who they are to the slots."""

    gender: str
    name: str | Mapping[str, str]
    number: int = 0

    @property
    def called(self) -> str:
        """The name in the nominative."""
        return self.name if isinstance(self.name, str) else self.name["nom"]


@cache
def values_of(language: str) -> dict[str, Any]:
    """The slot file of a language."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def people(language: str, party: str) -> list[Person]:
    """All ``agents`` or ``customers`` of a language, women and men in turn; an agent's number is the place in this list."""
    by_gender = values_of(language)[party]
    both = [(gender, name) for gender in ("female", "male") for name in by_gender[gender]]
    return [Person(gender, name, 101 + place) for place, (gender, name) in enumerate(both)]


def cases_of(language: str) -> dict[str, set[str]]:
    """Known slots, and the cases each can be asked for in."""
    known: dict[str, set[str]] = {"day_greeting": set(), "agent_name": set(), "agent2_name": set(), "agent_number": set()}
    known |= {name: set() for name in _NUMBERS}
    customers = values_of(language)["customers"]
    lists = values_of(language)["values"] | {"customer_name": customers["male"] + customers["female"]}
    for name, values in lists.items():
        known[name] = set.intersection(*({"nom"} if isinstance(value, str) else set(value) for value in values)) - {"nom"}
    return known


def problems(text: str, language: str) -> list[str]:
    """What is wrong with the braces of a text."""
    known = cases_of(language)
    found = []
    for braced in _BRACED.findall(text):
        if gendered := _GENDERED.fullmatch(braced):
            if gendered[1] not in SPEAKERS:
                found.append(f"{{{braced}}}: whose gender? Write agent, agent2 or customer before the colon")
        elif (slot := _SLOT.fullmatch(braced)) is None:
            found.append(f"{{{braced}}} is neither a slot nor a form by gender ({{customer:хотел|хотела}})")
        elif slot[1] not in known:
            found.append(f"unknown slot {{{slot[1]}}}; known: {', '.join(sorted(known))}")
        elif slot[3] not in (None, "nom") and slot[3] not in known[slot[1]]:
            found.append(f"slot {{{slot[1]}}} has no case {slot[3]}; it has: {', '.join(sorted(known[slot[1]])) or 'none'}")
        elif slot[2] and slot[1] not in values_of(language)["values"]:
            found.append(f"slot {{{slot[1]}}} has no second value")
    if re.search(r"[{}]", _BRACED.sub("", text)):
        found.append("a brace without its fellow")
    return found


def bare(text: str) -> str:
    """The text without slots, the first of forms by gender, and without marks: what its letters can be counted on."""
    return MARK.sub("", _BRACED.sub(lambda m: (m[1].partition(":")[2] or "").partition("|")[0], text))


@dataclass(frozen=True, slots=True)
class Filler:
    """Fills slots: the same seed gives a slot the same value, in this call and in one that follows it up."""

    language: str
    cast: Mapping[str, Person]
    hour: int
    seed: str

    def fill(self, text: str) -> str:
        """The text with all slots filled; marks stay."""
        return _BRACED.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        if gendered := _GENDERED.fullmatch(match[1]):
            return gendered[2 if self.cast[gendered[1]].gender == "male" else 3]
        slot = _SLOT.fullmatch(match[1])
        if slot is None:
            raise ValueError(f"not a slot: {match[1]}")
        name, which, case = slot[1], int(slot[2] or 1), slot[3] or "nom"
        if name.endswith("_name"):
            value: Any = self.cast[name.removesuffix("_name")].name
        elif name == "day_greeting":
            value = values_of(self.language)["greeting"][next(part for until, part in _DAY_PARTS if self.hour < until)]
        elif name == "agent_number":
            value = self._digits(str(self.cast["agent"].number))
        else:
            value = self._draw(name, which)
        return value if isinstance(value, str) else str(value[case])

    def _draw(self, name: str, which: int) -> Any:
        rng = Random(f"{self.seed} {name}")
        if name in _NUMBERS:
            return self._digits("".join(rng.choices("0123456789", k=_NUMBERS[name])))
        values = values_of(self.language)["values"][name]
        return rng.sample(values, len(values))[which - 1]

    def _digits(self, digits: str) -> str:
        words = [values_of(self.language)["digits"][int(digit)] for digit in digits]
        return "".join(words) if self.language == "zh" else " ".join(words)
