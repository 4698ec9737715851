"""A business day out of calls, through the analyzers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import pytest

from flows.findings import Findings
from flows.listen import HeardCall
from postcall.analyzer import Registry, discover
from postcall.call import Call
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

    def make(name: str, calls: Iterable[Call], broken: Sequence[str] = ()) -> list[Any]:
        rollup = rollups[name]
        reads = {spec.name for spec in rollup.reads} or {name for name in registry.tables if name.startswith("call_")}
        analyzers = tuple(one for one in registry.analyzers if reads & {spec.name for spec in one.tables})
        findings = Findings()
        for call in calls:
            findings.add(HeardCall(call), analyzers, policies)
        assert not findings.failures
        stamp = Stamp(DAY, "a run", 1, "0" * 12)
        tables = {name: registry.tables[name].to_arrow(findings.rows[name], stamp) for name in reads if name not in broken}
        made = rollup.knowing(findings.analysed(analyzers)).rows(Day(DAY, tables), policies)
        for spec in rollup.tables:
            spec.to_arrow([row for row in made if type(row) is spec.row], stamp)
        return made

    return make
