"""What a re-score would change: results of rules, scores of agents, KPIs, rows. Counts and sums of days only, added up.

Definition
----------
flip
    A result of a rule that is another one than was stored, or was not stored, or is no more.
score of an agent
    Weight of passed rules over that of passed and failed ones, over all calls of the days.
KPI
    Mean over the days of each share of ``kpi_daily``, of days on which it is known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from analyzers.contact import CallContact
from postcall.conduct.tables import CallScorecard, RuleResult
from postcall.tables import TableSpec, spec_of
from storage.tables import Tables

RESULTS, CARDS, CONTACTS = (spec_of(row).name for row in (RuleResult, CallScorecard, CallContact))
KPIS = "kpi_daily"
NOTHING = "–"
"""The outcome of a rule that a call was not judged by."""


@dataclass(slots=True)
class Weights:
    """Weight of passed rules, and of passed and failed ones, before and after."""

    passed_before: float = 0.0
    judged_before: float = 0.0
    passed_after: float = 0.0
    judged_after: float = 0.0

    @property
    def before(self) -> float | None:
        """Score as stored; None for nothing judged."""
        return self.passed_before / self.judged_before if self.judged_before else None

    @property
    def after(self) -> float | None:
        """Score as it would be."""
        return self.passed_after / self.judged_after if self.judged_after else None

    @property
    def moved(self) -> float:
        """By how much the score moves; 0 where one of both is not known."""
        return 0.0 if self.before is None or self.after is None else self.after - self.before


@dataclass(slots=True)
class Changes:
    """What changes over some days.

    Attributes
    ----------
    calls
        Calls with another result of a rule.
    results
        Rule -> (outcome before, after) -> calls, those included that stay.
    agents
        Agent and manual -> weights; '' for calls whose record names none.
    kpis
        Share of ``kpi_daily`` -> weights, of which the judged ones are days.
    rows
        Table -> rows stored, rows made, rows that differ; tables of rules apart.
    """

    calls: int = 0
    results: dict[str, Counter[tuple[str, str]]] = field(default_factory=lambda: defaultdict(Counter))
    agents: dict[tuple[str, str], Weights] = field(default_factory=lambda: defaultdict(Weights))
    kpis: dict[str, Weights] = field(default_factory=lambda: defaultdict(Weights))
    rows: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def flips(self) -> int:
        """Results that change."""
        return sum(self.flips_of(rule).total() for rule in self.results)

    def flips_of(self, rule: str) -> Counter[tuple[str, str]]:
        """Results of a rule that change."""
        return Counter({pair: calls for pair, calls in self.results[rule].items() if pair[0] != pair[1]})

    @property
    def is_nothing(self) -> bool:
        """Whether the tables would stay as they are."""
        return not self.flips and not any(one["differ"] for one in self.rows.values())

    def add(self, tables: Tables, day: date, made: Mapping[str, pa.Table], specs: Iterable[TableSpec]) -> None:
        """Compare a day with what is stored of it.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        names = set(tables.names())
        if RESULTS in made:
            self._add_results(_stored(tables, names, RESULTS, day, made[RESULTS]), made[RESULTS])
        if CARDS in made:
            contacts = made[CONTACTS] if CONTACTS in made else tables.read(CONTACTS, day)
            self._add_cards(_stored(tables, names, CARDS, day, made[CARDS]), made[CARDS], contacts)
        for spec in specs:
            if spec.name not in made:
                continue
            stored = _stored(tables, names, spec.name, day, made[spec.name])
            if spec.name == KPIS:
                self._add_kpis(spec, stored, made[KPIS])
            if not spec.name.startswith("run_"):
                counted = self.rows[spec.name]
                counted.update(
                    before=stored.num_rows, after=made[spec.name].num_rows, differ=differing(spec, stored, made[spec.name])
                )

    def _add_results(self, before: pa.Table, after: pa.Table) -> None:
        keys = ["call_id", "rule_id"]
        columns = [*keys, "outcome"]
        old = before.select(columns).rename_columns([*keys, "before"])
        new = after.select(columns).rename_columns([*keys, "after"])
        both = old.join(new, keys, join_type="full outer")
        for row in both.group_by(["rule_id", "before", "after"]).aggregate([([], "count_all")]).to_pylist():
            self.results[row["rule_id"]][row["before"] or NOTHING, row["after"] or NOTHING] += row["count_all"]
        is_same = pc.fill_null(pc.equal(both["before"], both["after"]), False)
        self.calls += len(both.filter(pc.invert(is_same))["call_id"].unique())

    def _add_cards(self, before: pa.Table, after: pa.Table, contacts: pa.Table) -> None:
        agents = contacts.select(["call_id", "agent_id"])
        for cards, passed, judged in ((before, "passed_before", "judged_before"), (after, "passed_after", "judged_after")):
            found = cards.select(["call_id", "manual", "passed_weight", "judged_weight"]).join(agents, "call_id")
            sums = found.group_by(["agent_id", "manual"]).aggregate([("passed_weight", "sum"), ("judged_weight", "sum")])
            for row in sums.to_pylist():
                weights = self.agents[row["agent_id"] or "", row["manual"]]
                setattr(weights, passed, getattr(weights, passed) + row["passed_weight_sum"])
                setattr(weights, judged, getattr(weights, judged) + row["judged_weight_sum"])

    def _add_kpis(self, spec: TableSpec, before: pa.Table, after: pa.Table) -> None:
        for column in spec.columns:
            if column.field.unit != "share":
                continue
            weights = self.kpis[column.name]
            for value in before[column.name].drop_null().to_pylist() if column.name in before.schema.names else ():
                weights.passed_before, weights.judged_before = weights.passed_before + value, weights.judged_before + 1
            for value in after[column.name].drop_null().to_pylist():
                weights.passed_after, weights.judged_after = weights.passed_after + value, weights.judged_after + 1


def _stored(tables: Tables, names: set[str], name: str, day: date, like: pa.Table) -> pa.Table:
    return tables.read(name, day) if name in names else like.schema.empty_table()


def in_order(rows: pa.Table, spec: TableSpec) -> pa.Table:
    """Rows sorted by the table's primary key; a table without one has a row a day."""
    return rows.sort_by([(name, "ascending") for name in spec.primary_key]) if spec.primary_key else rows


def differing(spec: TableSpec, before: pa.Table, after: pa.Table) -> int:
    """Rows of a table that are not the same before and after, by whoever they were made."""
    columns = [column.name for column in spec.columns]
    if lacking := [name for name in columns if name not in before.schema.names]:
        return after.num_rows if lacking else 0
    old, new = (in_order(one.select(columns), spec).combine_chunks() for one in (before, after))
    if old.equals(new):
        return 0
    keys = list(spec.primary_key)
    if old.num_rows == new.num_rows and (not keys or old.select(keys).equals(new.select(keys))):
        same = [
            pc.or_(pc.fill_null(pc.equal(old[name], new[name]), False), pc.and_(pc.is_null(old[name]), pc.is_null(new[name])))
            for name in columns
        ]
        all_same = same[0]
        for one in same[1:]:
            all_same = pc.and_(all_same, one)
        return int(pc.sum(pc.invert(all_same)).as_py() or 0)
    shared = old.join(new.select(keys), keys, join_type="inner").num_rows if keys else 0
    return max(1, int(old.num_rows + new.num_rows - 2 * shared))
