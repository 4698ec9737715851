"""The analyzer contract: one file declares policy, rows and function.

Definition
----------
An analyzer is a pure function from a `Call` (and its policy section, if it has one) to rows::

    @analyzer(version=1)
    def dead_air(call: Call, policy: DeadAirPolicy) -> Iterator[DeadAir]: ...

Pure: no files, clock, randomness or logging. The annotations say policy and rows, once; several kinds of row are a union,
``Iterator[CallHold | EventHold]``. Module name = function name = policy section. ``version`` rises whenever rows may change.
A `MissingInput` that it lets out skips it for that call, with the reason kept.

Edge cases
----------
Modules of the ``analyzers`` package and of the entry-point group ``postcall.analyzers`` are found by `discover`; there is no
list to edit. Two analyzers of one name, or two row classes of one table, are an error at discovery.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any, TypeVar

from postcall.call import Call
from postcall.callback_tables import CALLBACK_ROWS
from postcall.conduct.overrides import RuleOverride
from postcall.conduct.tables import CONDUCT_ROWS
from postcall.conduct.weeks import CONDUCT_WEEKLY_ROWS
from postcall.contract import Maker, enter, read_contract
from postcall.errors import SettingsError
from postcall.periods import WEEKLY_ROWS
from postcall.policy import Policy, PolicySet
from postcall.rollup import Rollup, registered_rollups
from postcall.tables import TableSpec, spec_of

F = TypeVar("F", bound=Callable[..., Iterator[Any]])

ENTRY_POINTS = "postcall.analyzers"
"""Entry-point group through which other packages bring analyzers and rollups: each entry names a module."""

_ANALYZERS: dict[str, Analyzer] = {}


@dataclass(frozen=True, slots=True)
class Analyzer(Maker):
    """A registered analyzer."""

    def rows(self, call: Call, policies: PolicySet) -> list[Any]:
        """All rows of one call.

        Raises
        ------
        MissingInput
            The call lacks what the analyzer needs.
        """
        return self.made_of(call, policies)


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything discovered: analyzers and rollups, each in order of name."""

    analyzers: tuple[Analyzer, ...] = field(default=())
    rollups: tuple[Rollup, ...] = field(default=())

    @property
    def makers(self) -> tuple[Analyzer | Rollup, ...]:
        """Analyzers, then rollups."""
        return (*self.analyzers, *self.rollups)

    @property
    def tables(self) -> dict[str, TableSpec]:
        """Every declared table by name."""
        made = [spec for maker in self.makers for spec in maker.tables]
        specs = [*made, *map(spec_of, (*CONDUCT_ROWS, RuleOverride, *WEEKLY_ROWS, *CONDUCT_WEEKLY_ROWS, *CALLBACK_ROWS))]
        return {spec.name: spec for spec in sorted(specs, key=lambda spec: spec.name)}

    @property
    def policies(self) -> dict[str, type[Policy]]:
        """Policy class of each analyzer and rollup that has one, by section."""
        return {maker.section: maker.policy for maker in self.makers if maker.policy is not None}


def analyzer(*, version: int) -> Callable[[F], F]:
    """Register a function as an analyzer; it stays callable as it is.

    Parameters
    ----------
    version
        From 1; rises whenever rows may change.

    Raises
    ------
    TypeError
        The signature or the name breaks the contract: found at import.
    """

    def register(function: F) -> F:
        policy, tables = read_contract(function, kind="analyzer", subject=Call)
        enter(Analyzer(function.__name__, version, function, policy, tables), _ANALYZERS, "analyzer")
        return function

    return register


def discover(packages: Sequence[str] = ("analyzers",)) -> Registry:
    """Import every analyzer and rollup there is.

    Parameters
    ----------
    packages
        Packages whose modules are imported; then those of the entry-point group `ENTRY_POINTS`.

    Raises
    ------
    SettingsError
        A module of another package cannot be imported, or declares what is already there; the message names the package.
    """
    for package in packages:
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            importlib.import_module(module.name)
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        try:
            entry.load()
        except Exception as error:
            owner = entry.dist.name if entry.dist else "unknown"
            raise SettingsError(
                f"the analyzer '{entry.name}' of package '{owner}' cannot be loaded: {type(error).__name__}: {error}",
                hint=f"mend the package, or `pip uninstall {owner}`",
            ) from error
    registry = Registry(
        tuple(_ANALYZERS[name] for name in sorted(_ANALYZERS)),
        registered_rollups(),
    )
    makers: dict[str, tuple[str, type]] = {}
    for maker in registry.makers:
        for spec in maker.tables:
            first = makers.setdefault(spec.name, (maker.name, spec.row))
            if first != (maker.name, spec.row):
                raise SettingsError(f"table '{spec.name}' is declared by '{first[0]}' and by '{maker.name}'")
    return registry
