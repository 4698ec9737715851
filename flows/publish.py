"""From findings to stored tables: rows checked and rolled up, then the day replaced, then what ran and what failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pyarrow as pa

from analyzers.rollups import CALL_TABLES
from flows.equipment import Equipment, library_versions
from flows.failures import Failure, where_raised
from flows.findings import SKIPS, Findings
from flows.weeks import roll_up_week
from postcall.conduct.scorecard import VERSION
from postcall.conduct.tables import CONDUCT_ROWS
from postcall.errors import StorageError, TableError
from postcall.rollup import Day, Rollup
from postcall.tables import Stamp, TableSpec, spec_of
from storage.ledger import Ledger, State
from storage.pieces import Pieces
from storage.runs import RUN_TABLES, RunFailure, RunNight, RunSkip
from storage.tables import Tables


def stamps_of(day: date, equipment: Equipment, run_id: str) -> dict[str, tuple[TableSpec, Stamp]]:
    """Declaration and stamp of every table that is filled call by call, in the order in which they are checked."""
    versions = {spec: analyzer.version for analyzer in equipment.registry.analyzers for spec in analyzer.tables}
    versions |= {spec_of(row): VERSION for row in CONDUCT_ROWS} | {SKIPS: 1}
    policy = equipment.policies.digest
    return {spec.name: (spec, Stamp(day, run_id, version, policy)) for spec, version in versions.items()}


def check_and_roll_up(day: date, findings: Findings, pieces: Pieces, equipment: Equipment, run_id: str) -> dict[str, pa.Table]:
    """Rows -> checked tables, then the KPI tables out of them. A table that is not in order is left out, as a failure.

    Raises
    ------
    StorageError
        The rows that were kept aside cannot be read.
    """
    made: dict[str, pa.Table] = {}
    for spec, _ in stamps_of(day, equipment, run_id).values():
        if spec is not SKIPS:
            _check(spec, partial(pieces.read, spec), made, findings)
    of_day = Day(day, made)
    for rollup in equipment.registry.rollups:
        rows = _rolled_up(rollup, of_day, equipment, findings)
        stamp = Stamp(day, run_id, rollup.version, equipment.policies.digest)
        for spec in rollup.tables if rows is not None else ():
            of_table = [row for row in rows or () if type(row) is spec.row]
            _check(spec, partial(spec.to_arrow, of_table, stamp), made, findings)
    return made


def _rolled_up(rollup: Rollup, day: Day, equipment: Equipment, findings: Findings) -> list[Any] | None:
    """Rows of a rollup; None when it broke or lacks a table, which is then among the failures."""
    if any(spec.name not in day.tables for spec in rollup.reads):
        what = f"rollup '{rollup.name}' was left out: a table that it reads is not in order"
    else:
        try:
            return rollup.rows(day, equipment.policies)
        except Exception as error:  # noqa: BLE001  # a rollup's defect costs its table, not the night
            what = f"rollup '{rollup.name}' version {rollup.version} broke: {where_raised(error)}"
    findings.failures.append(Failure("table", TableError(what), analyzer=rollup.name))
    return None


def _check(spec: TableSpec, checked: Callable[[], pa.Table], made: dict[str, pa.Table], findings: Findings) -> None:
    try:
        made[spec.name] = checked()
    except TableError as error:
        findings.failures.append(Failure("table", error, analyzer=spec.name))


def write_day(tables: Tables, day: date, made: dict[str, pa.Table], equipment: Equipment, run_id: str) -> None:
    """Replace the day in every table.

    Raises
    ------
    StorageError
        The store gave up.
    """
    for name, spec in equipment.registry.tables.items():
        if name in made:
            tables.replace_day(spec, day, made[name], run_id)


def write_week(tables: Tables, day: date, findings: Findings, equipment: Equipment) -> None:
    """Roll the day's week up anew from its stored days.

    Raises
    ------
    StorageError
        The store gave up.
    """
    if not set(tables.names()).issuperset(spec_of(row).name for row in CALL_TABLES):
        return  # a table that is not in order is among the failures already
    try:
        roll_up_week(tables, day, equipment.policies)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001  # a defect costs the weekly tables, not the night
        what = f"the weekly tables were left out: {where_raised(error)}"
        findings.failures.append(Failure("table", TableError(what), analyzer="weekly"))


def write_run(
    tables: Tables,
    ledger: Ledger,
    run: RunNight,
    findings: Findings,
    pieces: Pieces,
    equipment: Equipment,
    *,
    day: date,
    run_id: str,
) -> None:
    """Write what failed, what was skipped, and last what ran: a day with a row in run_night is whole.

    Raises
    ------
    StorageError
        The store gave up.
    """
    stamp = Stamp(day, run_id, 1, equipment.policies.digest)
    rows: dict[type, pa.Table] = {
        RunFailure: spec_of(RunFailure).to_arrow(_as_rows(findings.failures), stamp),
        RunSkip: pieces.read(SKIPS),
        RunNight: spec_of(RunNight).to_arrow([run], stamp),
    }
    for row in RUN_TABLES:
        tables.replace_day(spec_of(row), day, rows[row], run_id)
    codes = {f.call_id: f.error.code for f in findings.failures if f.call_id and f.is_quarantined}
    for call_id in findings.call_ids:
        code = codes.get(call_id)
        ledger.mark(day, call_id, State.QUARANTINED if code else State.DONE, code)


def write_failures(tables: Tables, failures: Sequence[Failure], equipment: Equipment, *, day: date, run_id: str) -> None:
    """Write what failed in a night that was stopped, and nothing else: all other tables keep the day as it was.

    Raises
    ------
    StorageError
        The store gave up.
    """
    spec = spec_of(RunFailure)
    stamp = Stamp(day, run_id, 1, equipment.policies.digest)
    tables.replace_day(spec, day, spec.to_arrow(_as_rows(failures), stamp), run_id)


def _as_rows(failures: Iterable[Failure]) -> list[RunFailure]:
    """Rows of failures; the same one found twice, such as one file named by two records, is one row."""
    return list({row.failure_id: row for row in (failure.row() for failure in failures)}.values())


def run_row(
    day: date, started_at: datetime, findings: Findings, equipment: Equipment, *, time_zone: str, inputs_digest: str
) -> RunNight:
    """The row of ``run_night``: what made the day's rows."""
    return RunNight(
        night=day.isoformat(),
        started_at=started_at,
        finished_at=datetime.now(UTC),
        time_zone=time_zone,
        calls=len(findings.call_ids),
        recordings=findings.recordings,
        transcripts=findings.engines.total(),
        quarantined=sum(failure.is_quarantined for failure in findings.failures),
        transcriber=equipment.transcriber_name,
        policy_name=equipment.policies.name,
        policy_json=json.dumps(equipment.policies.to_dict(), ensure_ascii=False, sort_keys=True),
        versions_json=json.dumps(library_versions()),
        inputs_digest=inputs_digest,
    )
