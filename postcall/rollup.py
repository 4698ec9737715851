"""The rollup contract: one file declares one KPI table out of the day's call tables.

Definition
----------
A rollup is a pure function from the day's tables to rows::

    @rollup(version=1, reads=(CallContact, CallHold))
    def agent_daily(day: Day, policy: AgentDailyPolicy) -> Iterator[KpiAgentDaily]: ...

KPIs store additive components beside each ratio, so that a week is the ratio of sums; medians are marked not additive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa

from postcall.contract import Maker, enter, read_contract
from postcall.policy import PolicySet
from postcall.tables import TableSpec, spec_of

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
class Rollup(Maker):
    """A registered rollup.

    Attributes
    ----------
    reads
        Tables that it reads.
    """

    reads: tuple[TableSpec, ...]

    def rows(self, day: Day, policies: PolicySet) -> list[Any]:
        """All rows of one day."""
        return self.made_of(day, policies)


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
