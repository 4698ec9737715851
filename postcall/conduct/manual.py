"""A conduct manual as data: rules with clause ids, weights, applicability and coaching sentences.

Conventions
-----------
One TOML file a manual. Times are seconds where people write them. Phrases are patterns (`postcall.language.phrase_pattern`);
``@name`` stands for a group of ``[phrases]``, of the manual's own or of the phrases shared by the manuals of its language.

Definition
----------
``kind`` of a rule:

said, not_said
    One of ``say`` is said, or none.
count
    ``say`` is said at least ``at_least`` or at most ``at_most`` times.
order
    Every part of ``parts`` is said, in order unless ``ordered`` is false.
measure
    A column of a ``call_`` table lies within bounds, or is true or false. ``evidence`` names an event table whose rows, as far
    as ``where`` fits them, show it.
protocol
    A step of a protocol (`postcall.conduct.protocols`) is kept.

Edge cases
----------
Unknown keys, groups, protocols, steps and kinds are errors with the nearest known name, so that a misspelt rule never passes
silently. A rule with keys that its kind does not use is an error too.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from postcall.errors import PolicyError
from postcall.language.phrases import Phrase
from postcall.nearest import did_you_mean

Kind = Literal["said", "not_said", "count", "order", "measure", "protocol"]
Party = Literal["agent", "customer"]
EVENTS = ("hold", "transfer", "mute")
"""What ``event:`` and ``unless_event`` can name."""

_OF_KIND: dict[str, frozenset[str]] = {
    "said": frozenset({"by", "say", "unless", "window"}),
    "not_said": frozenset({"by", "say", "unless", "window"}),
    "count": frozenset({"by", "say", "unless", "window", "at_least", "at_most"}),
    "order": frozenset({"by", "parts", "ordered", "unless", "window"}),
    "measure": frozenset({"measure", "at_least", "at_most", "between", "is_", "evidence", "where"}),
    "protocol": frozenset({"protocol", "step", "options"}),
}
_OF_ALL = frozenset(
    {"id", "clause", "title", "title_ru", "title_zh", "kind", "applies", "weight", "critical", "coach", "limits"}
)


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _anchor(value: str) -> str:
    """An anchor as it is, when it is one."""
    if value in {"start", "end"}:
        return value
    if value.startswith("event:"):
        event = value.removeprefix("event:")
        if event not in EVENTS:
            raise ValueError(f"no event '{event}': {did_you_mean(event, EVENTS)}")
        return value
    party, _, reference = value.rpartition(":")
    if party and party not in ("agent", "customer"):
        raise ValueError(f"'{party}' is no party: {did_you_mean(party, ('agent', 'customer'))}")
    if not reference.startswith("@"):
        raise ValueError(f"'{value}' is no anchor: @group, agent:@group, event:hold, start or end")
    return value


Anchor = Annotated[str, AfterValidator(_anchor)]
"""A place that windows and conditions refer to; `postcall.conduct.scene` defines them."""


class Window(_Closed):
    """Where in the call a phrase counts; all keys together.

    Attributes
    ----------
    first_s, last_s
        Of the conversation.
    first_turns, last_turns
        Of the party that speaks.
    after, before
        Anchor: after the start of its first, or before its first, occurrence.
    within_s
        From the anchor.
    """

    first_s: float | None = Field(None, gt=0)
    last_s: float | None = Field(None, gt=0)
    first_turns: int | None = Field(None, ge=1)
    last_turns: int | None = Field(None, ge=1)
    after: Anchor | None = None
    before: Anchor | None = None
    within_s: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _has_anchor(self) -> Self:
        if self.within_s is not None and self.after is None and self.before is None:
            raise ValueError("'within_s' counts from an anchor, and there is neither 'after' nor 'before'")
        return self


class Applies(_Closed):
    """When a rule applies; otherwise it is *not applicable*. All keys together.

    Attributes
    ----------
    direction, queue, grade
        Of the call record: one of these.
    answered
        Whether an agent answered.
    min_talk_s
        Shortest conversation.
    has, has_not
        Anchors: one of them occurs; none of them does.
    event, unless_event
        Something that happens, or does not.
    measure, over, under
        A column of a ``call_`` table is larger, or smaller.
    record, record_not
        Column of the call record, of the schema or beside it -> values of which it has one, or none.
    """

    direction: tuple[Literal["inbound", "outbound", "internal"], ...] = ()
    queue: tuple[str, ...] = ()
    grade: tuple[str, ...] = ()
    answered: bool | None = None
    min_talk_s: float | None = Field(None, gt=0)
    has: tuple[Anchor, ...] = ()
    has_not: tuple[Anchor, ...] = ()
    event: Literal["hold", "transfer", "mute"] | None = None
    unless_event: Literal["hold", "transfer", "mute"] | None = None
    measure: str | None = None
    over: float | None = None
    under: float | None = None
    record: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    record_not: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("has", "has_not", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _measures_within(self) -> Self:
        if (self.measure is None) != (self.over is None and self.under is None):
            raise ValueError("'measure' and one of 'over' and 'under' belong together")
        return self


class Rule(_Closed):
    """One rule. See the module for ``kind`` and what belongs to it.

    Attributes
    ----------
    id, clause
        ``mts-16``; a second rule of a clause has a suffix, ``mts-16.tone``.
    title, title_ru, title_zh
        What a good call does, for people.
    weight
        Of the score.
    critical
        Whether its failure fails the whole call.
    coach
        What the agent is told, in the manual's language.
    limits
        Where the rule is only a proxy of the clause.
    """

    id: str = Field(pattern=r"^[a-z]+-\d+(\.[a-z0-9_]+)?$")
    clause: str = Field(pattern=r"^[a-z]+-\d+$")
    title: str = Field(min_length=3)
    title_ru: str | None = None
    title_zh: str | None = None
    kind: Kind
    by: Party = "agent"
    say: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    parts: tuple[tuple[str, ...], ...] = ()
    ordered: bool = True
    window: Window = Window()
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None
    is_: bool | None = Field(None, alias="is")
    measure: str | None = Field(None, pattern=r"^call_\w+\.\w+$")
    evidence: str | None = Field(None, pattern=r"^event_\w+$")
    where: dict[str, str | bool | int] = Field(default_factory=dict)
    protocol: str | None = None
    step: str | None = None
    options: dict[str, float | str | bool] = Field(default_factory=dict)
    applies: Applies = Applies()
    weight: float = Field(1.0, gt=0, le=10)
    critical: bool = False
    coach: str = Field(min_length=3)
    limits: str | None = None

    @field_validator("where", mode="after")
    @classmethod
    def _is_shown(cls, value: dict[str, str | bool | int], info: Any) -> dict[str, str | bool | int]:
        if value and info.data.get("evidence") is None:
            raise ValueError("'where' chooses among rows of 'evidence', and there is none")
        return value

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        used = {name for name in type(self).model_fields if name in self.model_fields_set}
        foreign = used - _OF_KIND[self.kind] - _OF_ALL
        if foreign:
            raise ValueError(f"rule '{self.id}' is of kind '{self.kind}', which has no '{sorted(foreign)[0].rstrip('_')}'")
        lacking = {
            "said": not self.say,
            "not_said": not self.say,
            "count": not self.say or (self.at_least is None and self.at_most is None),
            "order": len(self.parts) < 2,
            "measure": self.measure is None
            or (self.at_least, self.at_most, self.between, self.is_) == (None, None, None, None),
            "protocol": self.protocol is None or self.step is None,
        }[self.kind]
        if lacking:
            raise ValueError(f"rule '{self.id}' of kind '{self.kind}' does not say what it asks for")
        bounds = [self.between is not None, self.at_least is not None or self.at_most is not None, self.is_ is not None]
        if sum(bounds) > 1:
            raise ValueError(f"rule '{self.id}': 'between', 'is' and 'at_least' or 'at_most' exclude each other")
        if self.between is not None and self.between[0] > self.between[1]:
            raise ValueError(f"rule '{self.id}': the first bound of 'between' is larger than the second")
        if not self.id.startswith(self.clause):
            raise ValueError(f"the id of rule '{self.id}' does not begin with its clause '{self.clause}'")
        return self


class NotAudible(_Closed):
    """A clause that no rule can judge.

    Attributes
    ----------
    clause, why
        Which, and why.
    """

    clause: str
    why: str = Field(min_length=10)


class Heading(_Closed):
    """``[manual]``.

    Attributes
    ----------
    id, title, title_ru, title_zh
        Name; what people read.
    language
        Of the calls it judges, ISO 639-1.
    queues
        Of the calls it judges, as call records name them; none named, calls of every queue and of none.
    version
        Rises when results may change.
    """

    id: str = Field(pattern=r"^[a-z]+$")
    title: str
    title_ru: str | None = None
    title_zh: str | None = None
    language: Literal["ru", "en", "zh"]
    queues: tuple[str, ...] = ()
    version: int = Field(ge=1)


class _File(_Closed):
    manual: Heading
    phrases: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    rule: tuple[Rule, ...] = ()
    not_audible: tuple[NotAudible, ...] = ()


class Manual:
    """A manual, read and checked.

    Parameters
    ----------
    heading, rules, not_audible
        What the file holds.
    phrases
        Group -> patterns, all references resolved; shared groups included.

    Raises
    ------
    PolicyError
        A pattern cannot be read, or a reference leads nowhere.
    """

    def __init__(
        self,
        heading: Heading,
        rules: tuple[Rule, ...],
        not_audible: tuple[NotAudible, ...],
        phrases: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.heading, self.rules, self.not_audible = heading, rules, not_audible
        self._groups = dict(phrases)
        self._resolved: dict[str, tuple[str, ...]] = {}
        self._all_resolved: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.patterns: dict[str, Phrase] = {}
        for rule in rules:
            for reference in references(rule):
                self.resolve(reference)
        for name in self._groups:
            self.resolve(f"@{name}")

    @property
    def id(self) -> str:
        """Name of the manual."""
        return self.heading.id

    @property
    def digest(self) -> str:
        """First 12 hex digits of the SHA-256 of all that shapes its results."""
        content = [self.heading.model_dump(), [rule.model_dump() for rule in self.rules], self._groups]
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]

    def has_group(self, name: str) -> bool:
        """Whether there is a group of phrases."""
        return name in self._groups

    def resolve(self, reference: str) -> tuple[str, ...]:
        """Patterns that a pattern, or a reference to a group, stands for.

        Raises
        ------
        PolicyError
            No such group, a group that refers to itself, or a pattern that cannot be read.
        """
        if reference not in self._resolved:
            self._resolved[reference] = tuple(dict.fromkeys(self._patterns(reference, ())))
        return self._resolved[reference]

    def all_of(self, references: Iterable[str]) -> tuple[str, ...]:
        """Patterns that several references stand for, each once; kept, for every call asks for the same."""
        named = tuple(references)
        if named not in self._all_resolved:
            patterns = (pattern for reference in named for pattern in self.resolve(reference))
            self._all_resolved[named] = tuple(dict.fromkeys(patterns))
        return self._all_resolved[named]

    def _patterns(self, reference: str, inside: tuple[str, ...]) -> list[str]:
        if not reference.startswith("@"):
            if reference not in self.patterns:
                self.patterns[reference] = Phrase(reference, self.heading.language)
            return [reference]
        name = reference[1:]
        if name in inside:
            raise PolicyError(f"manual '{self.id}': the phrases '@{name}' refer to themselves")
        if name not in self._groups:
            raise PolicyError(f"manual '{self.id}': no phrases '@{name}'", hint=did_you_mean(name, self._groups))
        return [pattern for one in self._groups[name] for pattern in self._patterns(one, (*inside, name))]


def read_manual(path: Path, shared: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Manual:
    """Read a manual's file.

    Parameters
    ----------
    path
        The file.
    shared
        Language -> groups of phrases that every manual of the language has; its own groups come first.

    Raises
    ------
    PolicyError
        The file is missing, no TOML, or wrong; the message says where.
    """
    content = _read(path)
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise _wrong(path, error, content) from error
    seen: set[str] = set()
    for rule in file.rule:
        if rule.id in seen:
            raise PolicyError(f"'{path.name}': two rules have the id '{rule.id}'")
        if not rule.id.startswith(f"{file.manual.id}-"):
            raise PolicyError(f"'{path.name}': rule '{rule.id}' is not of manual '{file.manual.id}'")
        seen.add(rule.id)
    groups = {**shared.get(file.manual.language, {}), **file.phrases}
    return Manual(file.manual, file.rule, file.not_audible, groups)


def read_phrases(path: Path) -> dict[str, tuple[str, ...]]:
    """Groups of phrases of a file that holds ``[phrases]`` alone.

    Raises
    ------
    PolicyError
        The file is missing, no TOML, or wrong.
    """
    content = _read(path)
    groups = content.get("phrases")
    if set(content) != {"phrases"} or not isinstance(groups, dict):
        raise PolicyError(f"'{path.name}' must hold [phrases] and nothing else")
    return {name: tuple(map(str, patterns)) for name, patterns in groups.items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise PolicyError(f"no file '{path}'") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"cannot read '{path}': {type(error).__name__}") from error
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"'{path.name}' is not valid TOML: {error}") from error


def _wrong(path: Path, error: ValidationError, content: Mapping[str, Any]) -> PolicyError:
    problem = error.errors()[0]
    place = [str(part) for part in problem["loc"]]
    rules = content.get("rule", [])
    if len(place) > 1 and place[0] == "rule" and place[1].isdigit() and isinstance(rules, list):
        rule = rules[int(place[1])]
        place = [f"rule '{rule.get('id', place[1])}'" if isinstance(rule, dict) else place[1], *place[2:]]
    where = " ".join(place)
    if problem["type"] == "extra_forbidden":
        owners: dict[str, type[BaseModel]] = {"window": Window, "applies": Applies, "manual": Heading}
        owner = owners.get(place[-2] if len(place) > 1 else "", Rule if where.startswith("rule") else _File)
        return PolicyError(f"'{path.name}': unknown key {where}", hint=did_you_mean(place[-1], owner.model_fields))
    return PolicyError(f"'{path.name}': {where}: {problem['msg'].removeprefix('Value error, ')}")


def references(rule: Rule) -> list[str]:
    """Patterns and groups that a rule names, those of its anchors included."""
    anchors = (*rule.applies.has, *rule.applies.has_not, rule.window.after, rule.window.before)
    named = [anchor.split(":", 1)[-1] for anchor in anchors if anchor and "@" in anchor]
    return [*rule.say, *rule.unless, *(one for part in rule.parts for one in part), *named]
