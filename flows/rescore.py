"""Stored calls scored again: every analyzer and rule, or the rules of one manual, from artifacts, without audio and models.

Conventions
-----------
A day in, that day's partitions out, as a night does it; days one after another, so that memory does not grow with their number.
Calls are heard again by several processes. The same policy, manuals and code give the same rows and run ids when run twice.

Definition
----------
everything
    All tables of the day, its KPIs, its week and its call-backs. What failed before analyzers were asked stays as it was told.
one manual
    ``rule_result``, ``event_rule_evidence`` and ``call_scorecard`` of that manual, and the KPIs of days and weeks that are
    made of these; of the analyzers only those that its rules ask. Rows of other manuals stay as they are.
lost
    A call that cannot be heard again (`flows.kept`). Its stored rows stay.

Edge cases
----------
A day whose call records are gone is left out, and told. With a preview nothing is written before it is accepted: the days wait
in ``rescore.part`` of the store, which is removed in any case.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import feather

from flows.callbacks import follow_up_callbacks
from flows.equipment import library_versions, manuals_in_force, policy_sections
from flows.failures import Failure, where_raised
from flows.findings import Findings
from flows.kept import CALLS, KeptArtifacts, KeptCall, KeptDay, KeptListener, NoRecords, Records, kept_day
from flows.night import Progress, Untold
from flows.rescore_changes import Changes, in_order
from flows.settings import Settings
from flows.weeks import roll_up_conduct, roll_up_week
from postcall.analyzer import Analyzer, Registry, discover
from postcall.call import Call
from postcall.conduct.evaluate import Judge
from postcall.conduct.scorecard import VERSION
from postcall.conduct.tables import CONDUCT_ROWS
from postcall.errors import MissingInput, SettingsError, TableError, TelephonyError
from postcall.periods import monday_of
from postcall.policy import PolicySet, load_policy
from postcall.rollup import Day
from postcall.tables import Stamp, TableSpec, spec_of
from storage.artifacts import digest
from storage.one_run import only_run
from storage.runs import RunFailure, RunNight, RunSkip
from storage.tables import Tables

CONDUCT = tuple(map(spec_of, CONDUCT_ROWS))
NIGHT, FAILURES, SKIPS = map(spec_of, (RunNight, RunFailure, RunSkip))
PART, RUN_ID = "rescore.part", "run_id"
CHUNK = 50
"""Calls that a process takes at once."""
AHEAD = 1
"""Days whose calls are under way while one is finished."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be scored again.

    Attributes
    ----------
    settings
        Of the store.
    manual
        Id or file of the manual whose rules alone are scored; None for everything.
    """

    settings: Settings
    manual: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was scored again.

    Attributes
    ----------
    days, calls, lost
        Days written, or to be written; calls of them; those of them that cannot be heard again.
    left_out
        Day -> why it was left out.
    changes
        Against what was stored; None where nobody asked.
    defects
        What broke: analyzers, rules, tables.
    is_written
        Whether it is in the tables.
    """

    days: tuple[date, ...]
    calls: int
    lost: int
    left_out: Mapping[date, str]
    changes: Changes | None
    defects: int
    is_written: bool


# ── what processes do ────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Worker:
    """What a process works with.

    Attributes
    ----------
    judges
        Of the task.
    """

    task: Task
    registry: Registry
    policies: PolicySet
    judges: tuple[Judge, ...]
    listener: KeptListener

    @classmethod
    def of(cls, task: Task) -> Worker:
        """Ready to work.

        Raises
        ------
        SettingsError, PolicyError
            A setting, the policy or a manual is wrong.
        """
        registry = discover()
        policies = load_policy(task.settings.policy, policy_sections(registry))
        judges = manuals_in_force(task.settings.manuals if task.manual is None else (task.manual,), registry)
        return cls(task, registry, policies, judges, KeptListener(KeptArtifacts(task.settings.store), policies, task.settings))

    @property
    def specs(self) -> tuple[TableSpec, ...]:
        """Tables that calls are scored into."""
        made = () if self.task.manual is not None else tuple(spec for one in self.registry.analyzers for spec in one.tables)
        return (*made, *CONDUCT)

    @property
    def identity(self) -> list[object]:
        """All that shapes the rows, stored calls apart."""
        makers = [(maker.name, maker.version) for maker in self.registry.makers]
        judges = [(judge.manual.id, judge.manual.digest) for judge in self.judges]
        voices = ["voices"] if self.task.settings.voiceprints.use else []
        return ["rescore", self.policies.digest, makers, VERSION, judges, library_versions(), *voices]


@dataclass(frozen=True, slots=True)
class Scored:
    """Some calls of a day, scored.

    Attributes
    ----------
    tables
        Their rows, checked.
    lost
        Calls that cannot be heard again.
    findings
        What was skipped and what failed; its rows are in ``tables``.
    """

    tables: dict[str, pa.Table]
    lost: list[str]
    findings: Findings


class RowsOnDemand(Mapping[str, Sequence[Any]]):
    """Rows of a call by table, of which each analyzer makes its own when a rule asks for the first of them.

    Parameters
    ----------
    call, policies
        What analyzers get.
    makers
        Table -> its analyzer.
    """

    def __init__(self, call: Call, makers: Mapping[str, Analyzer], policies: PolicySet) -> None:
        self._call, self._makers, self._policies = call, makers, policies
        self._made: dict[str, list[Any]] = {}

    def __getitem__(self, table: str) -> Sequence[Any]:
        maker = self._makers[table]
        if table not in self._made:
            self._made |= {spec.name: [] for spec in maker.tables}
            try:
                for row in maker.rows(self._call, self._policies):
                    self._made[row.__table__.name].append(row)
            except MissingInput:
                pass  # the rule is told that there is no row, as in a night
        return self._made[table]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


_WORKER: Worker | None = None


def _start(task: Task) -> None:
    global _WORKER  # noqa: PLW0603  # one a process
    _WORKER = Worker.of(task)
    # Dictionaries and patterns stay for good: the collector need not look at them again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _score_here(calls: Sequence[KeptCall], stamp: Stamp) -> Scored:
    assert _WORKER is not None
    return score(_WORKER, calls, stamp)


def score(worker: Worker, calls: Sequence[KeptCall], stamp: Stamp) -> Scored:
    """Hear calls again and score them.

    Parameters
    ----------
    stamp
        Of the day; its version is replaced by that of each maker.
    """
    findings, lost = Findings(), []
    makers = {spec.name: one for one in worker.registry.analyzers for spec in one.tables}
    for kept in calls:
        record = kept.planned.telephony
        language = kept.language or record.language
        if (
            worker.task.manual is not None
            and language
            and not any(judge.is_for(language, record.queue) for judge in worker.judges)
        ):
            findings.call_ids.append(record.call_id)
            continue
        heard = worker.listener.hear_again(kept)
        if heard is None:
            lost.append(kept.planned.telephony.call_id)
        elif worker.task.manual is None:
            findings.add(replace(heard, failures=()), worker.registry.analyzers, worker.policies, worker.judges)
        else:
            findings.call_ids.append(heard.call.call_id)
            findings.judge(heard.call, worker.judges, RowsOnDemand(heard.call, makers, worker.policies))
    versions = {spec.name: VERSION for spec in CONDUCT} | {name: maker.version for name, maker in makers.items()}
    made = {}
    for spec in worker.specs:
        try:
            made[spec.name] = spec.to_arrow(
                findings.rows.pop(spec.name, []), replace(stamp, made_by_version=versions[spec.name])
            )
        except TableError as error:
            findings.failures.append(Failure("table", error, analyzer=spec.name))
    return Scored(made, lost, findings)


# ── days ─────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _UnderWay:
    """A day of which calls are being scored."""

    kept: KeptDay
    run_id: str
    stamp: Stamp
    parts: list[Future[Scored]] = field(default_factory=list)


def stored_days(tables: Tables, since: date, until: date | None) -> list[date]:
    """Days of a store that have calls, in order."""
    if CALLS not in tables.names():
        return []
    return sorted(set(tables.scan(CALLS, columns=["call_date"], first=since, last=until)["call_date"].to_pylist()))


def rescore(
    task: Task,
    since: date,
    until: date | None = None,
    *,
    accept: Callable[[Report], bool] | None = None,
    watch: Callable[[], AbstractContextManager[Progress]] = lambda: nullcontext(Untold()),
) -> Report:
    """Score the calls of some days again.

    Parameters
    ----------
    task
        What of them.
    since, until
        Business days, both included; None for the newest.
    accept
        Asked with what would change, before anything is written; None writes each day when it is done.
    watch
        Where it tells how far it is, while it scores.

    Raises
    ------
    SettingsError, PolicyError
        Before any work: nothing is stored of these days, or something is wrong.
    StorageError
        The store gave up; days written so far are whole, and running again repairs the rest.
    """
    store = task.settings.store
    worker = Worker.of(task)
    if not Tables(store).names() or not (days := stored_days(Tables(store), since, until)):
        raise SettingsError("no calls are stored of these days", hint="`postcall status` lists the nights that ran")
    with only_run(store), _staging(store) as staging, _processes(worker) as submit:
        tables, changes = Tables(store), Changes() if accept is not None else None
        written: list[date] = []
        left_out: dict[date, str] = {}
        calls = lost = defects = 0
        with watch() as told:
            told.start("days", len(days))
            for under_way in _scored(worker, tables, days, submit, left_out, told):
                made, of_day = _finished(worker, tables, under_way)
                calls += len(under_way.kept.calls)
                lost += of_day.lost
                defects += of_day.defects
                day = under_way.kept.day
                if changes is not None:
                    changes.add(tables, day, made, _compared(worker))
                    _stage(staging / day.isoformat(), made, under_way.run_id)
                else:
                    _write(tables, day, made, under_way.run_id)
                written.append(day)
                told.advance()
        report = Report(tuple(written), calls, lost, left_out, changes, defects, is_written=accept is None)
        if accept is not None and accept(report):
            for day in written:
                folder = staging / day.isoformat()
                _write(tables, day, dict(_staged(folder)), (folder / RUN_ID).read_text(encoding="utf-8"))
            report = replace(report, is_written=True)
        if report.is_written:
            _follow_up(tables, written, worker)
    return report


def _scored(
    worker: Worker,
    tables: Tables,
    days: Sequence[date],
    submit: Callable[[Sequence[KeptCall], Stamp], Future[Scored]],
    left_out: dict[date, str],
    told: Progress,
) -> Iterator[_UnderWay]:
    """Days whose calls are under way, in order; the next ones are begun before one is asked for."""
    records = Records(worker.task.settings)
    waiting: deque[_UnderWay] = deque()
    for day in days:
        try:
            kept = kept_day(tables, records, day)
        except (NoRecords, TelephonyError) as error:
            left_out[day] = error.message
            told.advance()
            continue
        run_id = digest(day.isoformat(), *worker.identity, [_identity(one) for one in kept.calls])
        stamp = Stamp(day, run_id, VERSION, worker.policies.digest)
        chunks = [kept.calls[at : at + CHUNK] for at in range(0, len(kept.calls), CHUNK)]
        waiting.append(_UnderWay(kept, run_id, stamp, [submit(chunk, stamp) for chunk in chunks]))
        if len(waiting) > AHEAD:
            yield waiting.popleft()
    yield from waiting


def _identity(kept: KeptCall) -> list[object]:
    planned = kept.planned
    return [planned.telephony.call_id, planned.sha256, planned.missing, kept.engine, kept.options, dict(kept.missing)]


@dataclass(frozen=True, slots=True)
class _OfDay:
    lost: int
    defects: int


def _finished(worker: Worker, tables: Tables, under_way: _UnderWay) -> tuple[dict[str, pa.Table], _OfDay]:
    """All tables of a day as they are to be written."""
    parts = [part.result() for part in under_way.parts]
    day, stamp = under_way.kept.day, under_way.stamp
    lost = {call_id for part in parts for call_id in part.lost}
    findings = Findings(
        skips=[*(skip for part in parts for skip in part.findings.skips), *_stored_skips(tables, day, lost)],
        failures=[failure for part in parts for failure in part.findings.failures],
        call_ids=[*(call_id for part in parts for call_id in part.findings.call_ids), *lost],
    )
    names = set(tables.names())
    made: dict[str, pa.Table] = {}
    for spec in worker.specs:
        found = [part.tables[spec.name] for part in parts if spec.name in part.tables]
        if len(found) < len(parts):
            continue  # not in order: among the failures, and the stored rows stay
        kept = _kept_rows(worker, tables, spec, day, lost) if spec.name in names else None
        rows = pa.concat_tables([*found, *([kept] if kept is not None and kept.num_rows else [])])
        made[spec.name] = in_order(rows, spec) if kept is not None else rows
    _roll_up(worker, tables, day, stamp, made, findings)
    if worker.task.manual is None:
        _tell_run(tables, worker.policies, day, stamp, made, findings)
    return made, _OfDay(len(lost), sum(failure.is_defect for failure in findings.failures))


def _stored_skips(tables: Tables, day: date, lost: set[str]) -> list[RunSkip]:
    """What analyzers could not measure of calls that cannot be heard again."""
    if not lost or SKIPS.name not in tables.names():
        return []
    is_lost = pc.field("call_id").isin(pa.array(sorted(lost), pa.string()))
    columns = [column.name for column in SKIPS.columns]
    stored = tables.scan(SKIPS.name, columns=columns, first=day, last=day, only=is_lost).to_pylist()
    return [RunSkip(**{name: row[name] for name in columns}) for row in stored]


def _kept_rows(worker: Worker, tables: Tables, spec: TableSpec, day: date, lost: set[str]) -> pa.Table | None:
    """Stored rows that stay: of other manuals, and of calls that cannot be heard again; None for none."""
    if worker.task.manual is None and not lost:
        return None
    is_lost = pc.field("call_id").isin(pa.array(sorted(lost), pa.string()))
    only = is_lost
    if worker.task.manual is not None:
        [manual] = {judge.manual.id for judge in worker.judges}
        only = is_lost | (pc.field("manual") != manual)
    return as_declared(tables.scan(spec.name, first=day, last=day, only=only), spec)


def as_declared(rows: pa.Table, spec: TableSpec) -> pa.Table:
    """Stored rows with the columns of the table as it is declared now; what an older table lacks is empty."""
    schema = spec.schema()
    columns = [
        rows[column.name].cast(column.type) if column.name in rows.schema.names else pa.nulls(rows.num_rows, column.type)
        for column in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _roll_up(worker: Worker, tables: Tables, day: date, stamp: Stamp, made: dict[str, pa.Table], findings: Findings) -> None:
    """Add the KPI tables that are made of tables of the day."""
    analysed = findings.analysed(worker.registry.analyzers)
    scored = {spec.name for spec in CONDUCT}
    names = set(tables.names())
    read = dict(made)
    of_day = Day(day, read)
    for rollup in worker.registry.rollups:
        if worker.task.manual is not None and scored.isdisjoint(spec.name for spec in rollup.reads):
            continue
        for spec in rollup.reads:
            if spec.name not in read and worker.task.manual is not None and spec.name in names:
                read[spec.name] = as_declared(tables.read(spec.name, day), spec)
        try:
            if lacking := [spec.name for spec in rollup.reads if spec.name not in read]:
                raise TableError(f"rollup '{rollup.name}' was left out: {lacking[0]} is not in order")
            rows = rollup.knowing(analysed).rows(of_day, worker.policies)
            of_rollup = replace(stamp, made_by_version=rollup.version)
            found = {
                spec.name: spec.to_arrow([row for row in rows if type(row) is spec.row], of_rollup) for spec in rollup.tables
            }
            made |= found
            read |= found
        except TableError as error:
            findings.failures.append(Failure("table", error, analyzer=rollup.name))
        except Exception as error:  # noqa: BLE001  # a rollup's defect costs its table, not the day
            broke = TableError(f"rollup '{rollup.name}' version {rollup.version} broke: {where_raised(error)}")
            findings.failures.append(Failure("table", broke, analyzer=rollup.name))


def _tell_run(
    tables: Tables,
    policies: PolicySet,
    day: date,
    stamp: Stamp,
    made: dict[str, pa.Table],
    findings: Findings,
) -> None:
    """Add what was skipped, what failed, and what ran, in which the inputs are still those of the night."""
    names, of_run = set(tables.names()), replace(stamp, made_by_version=1)
    skips = SKIPS.to_arrow(findings.skips, of_run)
    rows = {one.failure_id: one for one in (failure.row() for failure in findings.failures)}
    failures = FAILURES.to_arrow(list(rows.values()), of_run)
    if FAILURES.name in names:
        is_of_input = ~pc.field("stage").isin(["analyzer", "table"])
        stored = tables.scan(FAILURES.name, first=day, last=day, only=is_of_input)
        failures = pa.concat_tables([failures, _stamped(as_declared(stored, FAILURES), of_run)])
    made[SKIPS.name], made[FAILURES.name] = skips, failures
    if NIGHT.name in names:
        nights = as_declared(tables.read(NIGHT.name, day), NIGHT).to_pylist()
        told = {
            "policy_name": policies.name,
            "policy_json": json.dumps(policies.to_dict(), ensure_ascii=False, sort_keys=True),
            "versions_json": json.dumps(library_versions()),
        }
        columns = [column.name for column in NIGHT.columns]
        rows_of_run = [RunNight(**{name: row[name] for name in columns} | told) for row in nights]
        made[NIGHT.name] = NIGHT.to_arrow(rows_of_run, of_run)


def _stamped(rows: pa.Table, stamp: Stamp) -> pa.Table:
    """Stored rows under another run."""
    for name, value in (("run_id", stamp.run_id), ("policy_digest", stamp.policy_digest)):
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), pa.repeat(pa.scalar(value, pa.string()), rows.num_rows))
    return rows


# ── writing ──────────────────────────────────────────────────────────────────


def _write(tables: Tables, day: date, made: Mapping[str, pa.Table], run_id: str) -> None:
    """Replace the day in every table; what ran comes last."""
    specs = {spec.name: spec for spec in (*discover().tables.values(), FAILURES, SKIPS, NIGHT)}
    for name in sorted(made, key=lambda one: (one == NIGHT.name, one)):
        tables.replace_day(specs[name], day, made[name], run_id)


def _compared(worker: Worker) -> list[TableSpec]:
    """Tables whose rows are compared beside the results of rules: none where one manual alone is scored."""
    scored = {spec.name for spec in CONDUCT}
    return [] if worker.task.manual is not None else [one for one in worker.registry.tables.values() if one.name not in scored]


def _stage(folder: Path, made: Mapping[str, pa.Table], run_id: str) -> None:
    folder.mkdir(parents=True)
    for name, rows in made.items():
        feather.write_feather(rows, str(folder / f"{name}.arrow"))
    (folder / RUN_ID).write_text(run_id, encoding="utf-8")


def _staged(folder: Path) -> Iterator[tuple[str, pa.Table]]:
    for path in sorted(folder.glob("*.arrow")):
        yield path.stem, feather.read_table(str(path), memory_map=False)


def _follow_up(tables: Tables, days: Sequence[date], worker: Worker) -> None:
    """Weeks and call-backs, which are made of stored days; of one manual, the weeks of conduct."""
    mondays = sorted({monday_of(day) for day in days})
    if worker.task.manual is not None:
        for monday in mondays:
            roll_up_conduct(tables, monday, worker.policies)
        return
    for monday in mondays:
        roll_up_week(tables, monday, worker.policies)
    for day in days:
        follow_up_callbacks(tables, day, worker.policies, ZoneInfo(worker.task.settings.records.time_zone))


@contextmanager
def _staging(store: Path) -> Iterator[Path]:
    folder = store / PART
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _processes(worker: Worker) -> Iterator[Callable[[Sequence[KeptCall], Stamp], Future[Scored]]]:
    """Where chunks of calls are scored: in other processes, or with one worker here."""
    task = worker.task
    if task.settings.workers == 1:

        def here(calls: Sequence[KeptCall], stamp: Stamp) -> Future[Scored]:
            done: Future[Scored] = Future()
            done.set_result(score(worker, calls, stamp))
            return done

        yield here
        return
    # Not forked: Arrow's threads would be left behind half-way.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(task.settings.workers, mp_context=context, initializer=_start, initargs=(task,))
    try:
        yield lambda calls, stamp: pool.submit(_score_here, calls, stamp)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
