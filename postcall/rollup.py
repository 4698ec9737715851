"""The rollup contract: one file declares one KPI table out of the day's call tables.

Definition
----------
A rollup is a pure function from the day's tables to rows::

    @rollup(version=1, reads=(CallContact, CallHold))
    def agent_daily(day: Day, policy: AgentDailyPolicy) -> Iterator[KpiAgentDaily]: ...

KPIs store additive components beside each ratio, so that a week is the ratio of sums; medians are marked not additive.

A rollup of what could *not* be measured needs more than rows: `Day.analysed` says which tables the analyzers were to fill, and
how many calls have no row in them, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self, TypeVar

import pandas as pd
import pyarrow as pa

from postcall.contract import Maker, enter, read_contract
from postcall.policy import PolicySet
from postcall.tables import TableSpec, spec_of

F = TypeVar("F", bound=Callable[..., Iterator[Any]])

_ROLLUPS: dict[str, Rollup] = {}


@dataclass(frozen=True, slots=True)
class Rowless:
    """Calls that have no row in a table, all for one reason.

    Attributes
    ----------
    table
        Name of the table.
    reason
        Why its analyzer made no row; no personal data.
    calls
        How many.
    """

    table: str
    reason: str
    calls: int


@dataclass(frozen=True, slots=True)
class Analysed:
    """What the analyzers were asked for, beside what they made.

    Attributes
    ----------
    calls
        Calls of the day that analyzers were let loose on.
    tables
        Every ``call_`` table that they were to fill, whether or not it turned out in order.
    rowless
        Calls without a row, by table and reason.
    """

    calls: int = 0
    tables: tuple[TableSpec, ...] = ()
    rowless: tuple[Rowless, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """The tables of one business day, as the night made them.

    Attributes
    ----------
    call_date
        The day.
    tables
        Stored tables by name.
    analysed
        What the analyzers were asked for.
    """

    call_date: date
    tables: Mapping[str, pa.Table]
    analysed: Analysed = Analysed()
    _made: dict[tuple[int, ...], tuple[Sequence[pa.Table], pd.DataFrame]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """By the tables that they are of: what several rollups read."""

    def frame(self, row: type) -> pd.DataFrame:
        """The day's rows of a table, with Arrow types, so that a missing integer stays missing.

        Parameters
        ----------
        row
            The table's row class; it must be among the ``reads`` of the rollup.
        """
        return self.once((row,), lambda: self.tables[spec_of(row).name].to_pandas(types_mapper=pd.ArrowDtype))

    def once(self, rows: Sequence[type], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """What is made of the day's rows of some tables, once for all rollups that ask for the same; each gets its own."""
        tables = [self.tables[spec_of(row).name] for row in rows]
        key = tuple(map(id, tables))
        if key not in self._made:
            self._made[key] = tables, make()
        return self._made[key][1].copy(deep=False)  # pandas copies what is written to


@dataclass(frozen=True, slots=True)
class Rollup(Maker):
    """A registered rollup.

    Attributes
    ----------
    reads
        Tables that it reads.
    analysed
        What the analyzers of the night were asked for, which every day then holds; None leaves days as they are.
    """

    reads: tuple[TableSpec, ...]
    analysed: Analysed | None = None

    def knowing(self, analysed: Analysed) -> Self:
        """The rollup for one night, of which it knows what the analyzers were asked for."""
        return replace(self, analysed=analysed)

    def rows(self, day: Day, policies: PolicySet) -> list[Any]:
        """All rows of one day."""
        return self.made_of(day if self.analysed is None else replace(day, analysed=self.analysed), policies)


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
        policy, tables = read_contract(function, kind="rollup", subject=Day)
        specs = tuple(spec_of(row) for row in reads)
        enter(Rollup(function.__name__, version, function, policy, tables, specs), _ROLLUPS, "rollup")
        return function

    return register


def registered_rollups() -> tuple[Rollup, ...]:
    """Every rollup imported so far, in order of name."""
    return tuple(_ROLLUPS[name] for name in sorted(_ROLLUPS))
