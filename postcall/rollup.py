"""The rollup contract: one file declares one KPI table out of the day's call tables.

Definition
----------
A rollup is a pure function from the day's tables to rows::

    @rollup(version=1, reads=(CallContact, CallHold))
    def agent_daily(day: Day, policy: AgentDailyPolicy) -> Iterator[KpiAgentDaily]: ...

KPIs store additive components beside each ratio, so that a week is the ratio of sums; medians are marked not additive.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar, get_type_hints

import pandas as pd
import pyarrow as pa

from postcall.policy import Policy, PolicySet
from postcall.tables import TableSpec, row_tables, spec_of

F = TypeVar("F", bound=Callable[..., Iterator[Any]])

_ROLLUPS: dict[str, Rollup] = {}


@dataclass(frozen=True, slots=True)
class Day:
    """The tables of one business day, as the night made them.

    Attributes
    ----------
    call_date
        The day.
    tables
        Stored tables by name.
    """

    call_date: date
    tables: Mapping[str, pa.Table]

    def frame(self, row: type) -> pd.DataFrame:
        """The day's rows of a table, with Arrow types, so that a missing integer stays missing.

        Parameters
        ----------
        row
            The table's row class; it must be among the ``reads`` of the rollup.
        """
        frame: pd.DataFrame = self.tables[spec_of(row).name].to_pandas(types_mapper=pd.ArrowDtype)
        return frame


@dataclass(frozen=True, slots=True)
class Rollup:
    """A registered rollup; attributes as of `postcall.analyzer.Analyzer`, and the tables it reads."""

    name: str
    version: int
    function: Callable[..., Iterator[Any]]
    policy: type[Policy] | None
    tables: tuple[TableSpec, ...]
    reads: tuple[TableSpec, ...]

    def rows(self, day: Day, policies: PolicySet) -> list[Any]:
        """All rows of one day."""
        if self.policy is None:
            return list(self.function(day))
        return list(self.function(day, policies.section(self.section, self.policy)))

    @property
    def section(self) -> str:
        """Section of the policy file."""
        return (self.policy.SECTION if self.policy else None) or self.name

    @property
    def description(self) -> str:
        """First line of the module's docstring."""
        return (inspect.getdoc(inspect.getmodule(self.function)) or "").split("\n", 1)[0]


def rollup(*, version: int, reads: tuple[type, ...]) -> Callable[[F], F]:
    """Register a function as a rollup; it stays callable as it is.

    Parameters
    ----------
    version
        From 1; rises whenever rows may change.
    reads
        Row classes of the tables it reads.

    Raises
    ------
    TypeError
        The signature or the name breaks the contract: found at import.
    """

    def register(function: F) -> F:
        module = function.__module__.rsplit(".", 1)[-1]
        if module != function.__name__:
            raise TypeError(f"rollup '{function.__name__}' must stand in a module of its own name, not '{module}'")
        hints = get_type_hints(function)
        parameters = list(inspect.signature(function).parameters)
        if not parameters or hints.get(parameters[0]) is not Day or len(parameters) > 2:
            raise TypeError(f"rollup '{function.__name__}' takes (day: Day) or (day: Day, policy: …)")
        policy = hints[parameters[1]] if len(parameters) == 2 else None
        tables = row_tables(function.__name__, hints.get("return"))
        specs = tuple(spec_of(row) for row in reads)
        _ROLLUPS[function.__name__] = Rollup(function.__name__, version, function, policy, tables, specs)
        return function

    return register


def registered_rollups() -> tuple[Rollup, ...]:
    """Every rollup imported so far, in order of name."""
    return tuple(_ROLLUPS[name] for name in sorted(_ROLLUPS))
