"""The present program on a store that an older one wrote: its days stay readable, and what it did not know yet is empty."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from flows.night import plainly, run_night
from flows.reports import publish_reports
from flows.settings import load_settings
from flows.stored import declared_tables
from storage.tables import Tables
from tests.flows.conftest import Command
from tests.flows.small_nights import Centre, day, make_centre

OLD, NEW = day(0), day(1)
NOT_YET = (
    "kpi_team_daily",
    "kpi_team_weekly",
    "kpi_callback_weekly",
    "kpi_agent_standard_weekly",
    "kpi_team_standard_weekly",
    "kpi_rule_weekly",
    "kpi_coverage_daily",
    "kpi_not_measurable_daily",
    "call_scorecard",
    "rule_result",
)
"""Tables that the older version did not have."""
GONE = "was_needed"
"""A column of then that had to have a value."""


def _make_old(store: Path) -> dict[str, set[str]]:
    """Write every table anew as an older version would have: fewer columns, and other words about them; what it then lacks."""
    tables = Tables(store)
    dropped: dict[str, set[str]] = {}
    for name, spec in declared_tables().items():
        if name not in tables.names():
            continue
        rows = tables.read(name)
        shutil.rmtree(tables.path(name))
        if name in NOT_YET:
            continue
        may_be_empty = {column.name for column in spec.columns if column.nullable} - set(spec.primary_key)
        dropped[name] = may_be_empty - {"hint", "code"} | ({"team"} if name == "call_contact" else set())
        if name.startswith("run_"):
            dropped[name] = set()
        rows = rows.drop_columns(sorted(dropped[name] & set(rows.column_names)))
        required = {column.name for column in spec.stored_columns if not column.nullable}
        described = {b"description": b"What the older version said of it."}
        fields = [pa.field(field.name, field.type, field.name not in required, described) for field in rows.schema]
        columns = rows.columns
        if name == "call_contact":
            fields.append(pa.field(GONE, pa.int64(), False, described))
            columns.append(pa.array([1] * rows.num_rows, pa.int64()))
        old = pa.Table.from_arrays(columns, schema=pa.schema(fields))
        write_deltalake(tables.path(name), old, partition_by=["call_date"], name=name, description="An older table.")
    shutil.rmtree(store / "artifacts")
    return dropped


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Centre, dict[str, set[str]]]:
    """A store with a day of an older version, and the next day, of the same week, of the present one."""
    centre = make_centre(tmp_path_factory.mktemp("migrated") / "centre", days=2, after_call_work=[(20, None), (30, None)])
    settings = load_settings(centre.settings_file)
    run_night(OLD, settings, step=plainly)
    dropped = _make_old(centre.store)
    report = run_night(NEW, settings, step=plainly)
    assert (report.calls, report.failures) == (2, ())
    return centre, dropped


def test_old_days_stay_and_what_they_did_not_know_is_empty(migrated: tuple[Centre, dict[str, set[str]]]) -> None:
    centre, dropped = migrated
    tables = Tables(centre.store)
    assert sum(map(len, dropped.values())) > 100
    for name, columns in dropped.items():
        if not name.startswith(("call_", "kpi_")) or name.endswith("_weekly"):
            continue
        spec = declared_tables()[name]
        old, new = tables.read(name, OLD), tables.read(name, NEW)
        assert set(old.column_names) >= {column.name for column in spec.stored_columns}, name
        for column in columns:
            assert old[column].null_count == old.num_rows, f"{name}.{column}"
        if name in ("call_contact", "call_talk_time", "call_hold"):
            assert old.num_rows == new.num_rows == 2, name
    contacts = tables.read("call_contact")
    assert dict(zip(contacts["call_date"].to_pylist(), contacts[GONE].to_pylist(), strict=True)) == {OLD: 1, NEW: None}


def test_the_week_has_both_days(migrated: tuple[Centre, dict[str, set[str]]]) -> None:
    tables = Tables(migrated[0].store)
    [week] = tables.read("kpi_weekly").to_pylist()
    assert (week["days"], week["calls_offered"]) == (2, 4)
    # The older version did not know who answered, nor of after-call work, and one call of the new day does not tell of it.
    assert (week["calls_handled"], week["calls_after_call_work_known"], week["after_call_work_ms"]) == (2, 1, 30_000)
    assert (week["calls_handling_known"], week["handling_ms"]) == (1, 1_830_000)
    [team] = tables.read("kpi_team_weekly").to_pylist()
    assert (team["team"], team["calls_offered"]) == ("", 4)


def test_every_command_reads_both_days(migrated: tuple[Centre, dict[str, set[str]]], postcall: Command) -> None:
    centre = migrated[0]
    for one in (OLD, NEW):
        ended = postcall("report", "--settings", centre.settings_file, "--date", one)
        assert ended.code == 0, ended.err
        for name in Tables(centre.store).names():
            ended = postcall("show", name, "--settings", centre.settings_file, "--date", one)
            assert ended.code == 0, f"{name}: {ended.err}"
    assert postcall("tables", "--settings", centre.settings_file).code == 0
    ended = postcall("status", "--settings", centre.settings_file)
    assert OLD.isoformat() in ended.out
    assert postcall("status", "--settings", centre.settings_file, "--metrics", "-").code == 0


@pytest.mark.parametrize("one", [OLD, NEW])
def test_dashboards_of_both_days(migrated: tuple[Centre, dict[str, set[str]]], tmp_path: Path, one: object) -> None:
    settings = load_settings(migrated[0].settings_file)
    settings = settings.model_copy(update={"pages": settings.pages.model_copy(update={"folder": tmp_path / "reports"})})
    published = publish_reports(settings, OLD if one == OLD else NEW)
    assert published.broken == ()


def test_running_the_old_day_again_fills_it(migrated: tuple[Centre, dict[str, set[str]]], tmp_path: Path) -> None:
    centre = Centre(tmp_path / "centre")
    shutil.copytree(migrated[0].folder, centre.folder)
    report = run_night(OLD, load_settings(centre.settings_file), step=plainly)
    assert (report.calls, report.failures) == (2, ())
    rows = Tables(centre.store).read("call_talk_time", OLD).to_pylist()
    assert all(row["agent_talk_ms"] is not None for row in rows)
    [week] = Tables(centre.store).read("kpi_weekly").to_pylist()
    assert (week["calls_handling_known"], week["handling_ms"], week["average_handling_ms"]) == (2, 3_650_000, 1_825_000)
