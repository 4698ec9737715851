"""A business day out of calls, through the analyzers that rollups read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import pytest

from postcall.analyzer import Registry, discover
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.policy import PolicySet
from postcall.rollup import Day
from postcall.tables import Stamp

DAY = date(2026, 3, 2)
MakeRows = Callable[[str, Iterable[Call]], list[Any]]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return discover()


@pytest.fixture(scope="session")
def rows_of_day(registry: Registry) -> MakeRows:
    """Rows of the named rollup over calls, each checked against its table."""
    rollups = {rollup.name: rollup for rollup in registry.rollups}
    policies = PolicySet({name: kind() for name, kind in registry.policies.items()}, "default")

    def make(name: str, calls: Iterable[Call]) -> list[Any]:
        rollup = rollups[name]
        made: dict[str, list[Any]] = {spec.name: [] for spec in rollup.reads}
        for call in calls:
            for analyzer in registry.analyzers:
                if not made.keys() & {spec.name for spec in analyzer.tables}:
                    continue
                try:
                    rows = analyzer.rows(call, policies)
                except MissingInput:
                    continue
                for row in rows:
                    made.get(row.__table__.name, []).append(row)
        stamp = Stamp(DAY, "a run", 1, "0" * 12)
        day = Day(DAY, {spec.name: spec.to_arrow(made[spec.name], stamp) for spec in rollup.reads})
        kpis = rollup.rows(day, policies)
        (table,) = rollup.tables
        table.to_arrow(kpis, stamp)
        return kpis

    return make
