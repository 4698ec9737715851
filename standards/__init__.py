"""The conduct manuals that come along: rules, phrases shared by language, golden dialogues, and the clauses behind them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from postcall.conduct.dialogues import Dialogue, read_dialogues
from postcall.conduct.manual import Manual, read_manual, read_phrases
from postcall.conduct.protocols import check_groups
from postcall.errors import PolicyError
from postcall.nearest import did_you_mean

FOLDER = Path(__file__).parent
CLAUSES = FOLDER / "clauses.toml"


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a manual.

    Attributes
    ----------
    id
        ``mts-16``.
    rule
        What the manual asks for, in our own words.
    audible
        ``yes``, ``partly`` or ``no``: whether a recording and its call record can tell.
    measure
        What is computed for it.
    """

    id: str
    rule: str
    audible: str
    measure: str

    @property
    def manual(self) -> str:
        """Id of its manual."""
        return self.id.rsplit("-", 1)[0]


def manual_ids() -> tuple[str, ...]:
    """Manuals that come along."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml") if path != CLAUSES))


def load_manual(name: str) -> Manual:
    """A manual that comes along, by its id, or one of one's own, by the path of its file.

    Raises
    ------
    PolicyError
        There is none, or it is wrong.
    """
    if not name.endswith(".toml") and name not in manual_ids():
        raise PolicyError(f"no manual '{name}'", hint=did_you_mean(name, manual_ids()))
    manual = read_manual(Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml", shared_phrases())
    check_groups(manual)
    return manual


@cache
def shared_phrases() -> dict[str, dict[str, tuple[str, ...]]]:
    """Language -> groups of phrases that its manuals share.

    Raises
    ------
    PolicyError
        A file is wrong.
    """
    return {path.stem: read_phrases(path) for path in sorted((FOLDER / "phrases").glob("*.toml"))}


def dialogues_of(manual: Manual, beside: Path = FOLDER) -> tuple[Dialogue, ...]:
    """Golden dialogues of a manual, from ``dialogues/<id>`` beside its file.

    Raises
    ------
    PolicyError
        A file is wrong.
    """
    files = sorted((beside / "dialogues" / manual.id).glob("*.toml"))
    return tuple(dialogue for path in files for dialogue in read_dialogues(path))


@cache
def clauses() -> dict[str, Clause]:
    """The catalogue: clause id -> clause."""
    content = tomllib.loads(CLAUSES.read_text(encoding="utf-8"))
    found = [Clause(one["id"], one["rule"], one["audible"], one["measure"]) for one in content["clause"]]
    return {clause.id: clause for clause in found}
