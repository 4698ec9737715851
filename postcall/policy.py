"""What the business means by its measures: thresholds, phrases, targets. Never paths or devices (those are settings).

Definition
----------
A policy is a TOML file. Each section belongs to one analyzer (the section has its name) or to one stage before the
analyzers (``speech``, ``topology``, ``turns``, …). ``extends`` names a profile to start from: ``default``, or a path
relative to the file itself. Unknown sections and keys are errors with the nearest known name as a hint, so that a
misspelt threshold never passes silently. The digest of the whole policy stands in every row it made.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from postcall.errors import PolicyError
from postcall.nearest import did_you_mean

P = TypeVar("P", bound="Policy")

MAX_EXTENDS = 10
"""Longest chain of profiles that extend each other."""


class Policy(BaseModel):
    """Base of one policy section: frozen, closed to unknown keys. Units stand in the names (``min_s``)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    SECTION: ClassVar[str | None] = None
    """Section of the file, where several analyzers or rollups share one; otherwise it has the analyzer's name."""


def Setting(  # noqa: N802  # reads as a declaration, like pydantic's Field
    default: Any,
    *,
    description: str,
    source: str | None = None,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
) -> Any:
    """Declare one value of a policy section.

    Parameters
    ----------
    default
        Value in force unless a policy file says otherwise.
    description
        What a larger and a smaller value do, for the person who will change it.
    source
        Clause of a manual or publication the default comes from.
    gt, ge, lt, le
        Bounds.
    """
    extra: dict[str, Any] = {"source": source} if source else {}
    return Field(default, description=description, gt=gt, ge=ge, lt=lt, le=le, json_schema_extra=extra or None)


class PolicySet:
    """All sections of a policy, validated.

    Parameters
    ----------
    sections
        Section name -> validated policy.
    name
        Name of the profile or file it was read from.
    """

    def __init__(self, sections: Mapping[str, Policy], name: str) -> None:
        self._sections = dict(sections)
        self.name = name

    def section(self, name: str, kind: type[P]) -> P:
        """One section.

        Raises
        ------
        PolicyError
            The policy was loaded without it.
        """
        found = self._sections.get(name)
        if not isinstance(found, kind):
            raise PolicyError(f"the policy has no section [{name}]")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Every value in force, by section."""
        return {name: section.model_dump(mode="json") for name, section in sorted(self._sections.items())}

    @property
    def digest(self) -> str:
        """First 12 hex digits of the SHA-256 of all values in force."""
        text = json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def load_policy(path: Path | None, kinds: Mapping[str, type[Policy]]) -> PolicySet:
    """Read a policy file and all it extends.

    Parameters
    ----------
    path
        TOML file; None for the default profile alone.
    kinds
        Section name -> its policy class, for every section there is.

    Raises
    ------
    PolicyError
        The file is missing or no TOML; an unknown section or key (with the nearest known name); a value out of its bounds;
        profiles that extend each other in a circle.
    """
    merged: dict[str, dict[str, Any]] = {}
    for values in reversed(_chain(path)):
        for section, content in values.items():
            if section in ("extends", "name", "description"):
                continue
            if section not in kinds:
                raise PolicyError(f"unknown policy section [{section}]", hint=did_you_mean(section, kinds))
            if not isinstance(content, dict):
                raise PolicyError(f"'{section}' in the policy must be a section: [{section}]")
            merged.setdefault(section, {}).update(content)
    return PolicySet(
        {name: _validated(name, kind, merged.get(name, {})) for name, kind in kinds.items()},
        path.name if path is not None else "default",
    )


def _chain(path: Path | None) -> list[dict[str, Any]]:
    """The file's values, then those of what it extends, and so on to the default profile."""
    chain: list[dict[str, Any]] = []
    where: Path | None = path
    while where is not None:
        if len(chain) >= MAX_EXTENDS:
            raise PolicyError(f"policy profiles extend each other in a circle, or more than {MAX_EXTENDS} deep")
        values = _read_toml(where)
        chain.append(values)
        parent = values.get("extends", "default")
        if not isinstance(parent, str):
            raise PolicyError(f"'extends' in policy '{where.name}' must be the name of a profile or a path")
        where = None if parent == "default" else where.parent / parent
    default = resources.files("postcall.policies").joinpath("default.toml").read_text(encoding="utf-8")
    return [*chain, tomllib.loads(default)]


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise PolicyError(f"no policy file '{path}'", hint="`postcall init` writes one to start from") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"cannot read policy file '{path}': {type(error).__name__}") from error
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"policy file '{path}' is not valid TOML: {error}") from error


def _validated(name: str, kind: type[P], values: Mapping[str, Any]) -> P:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            message = f"unknown key '{key}' in policy section [{name}]"
            raise PolicyError(message, hint=did_you_mean(key, kind.model_fields)) from error
        raise PolicyError(f"policy [{name}] {key}: {problem['msg'].lower()}") from error
