"""Weekly tables out of stored days: again and again the same, and the days that there are."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from analyzers.rollups import CALL_TABLES
from flows.equipment import policy_sections
from flows.night import NightReport
from flows.stored import declared_tables
from flows.weeks import roll_up_conduct, roll_up_week
from postcall.analyzer import discover
from postcall.conduct.weeks import CONDUCT_WEEKLY_ROWS
from postcall.periods import WEEKLY_ROWS, monday_of
from postcall.policy import load_policy
from postcall.tables import Stamp, spec_of
from storage.tables import Tables

MONDAY = date(2026, 3, 2)


def test_a_week_of_stored_days(demo_night: tuple[Path, NightReport], tmp_path: Path) -> None:
    shutil.copytree(demo_night[0] / "tables", tmp_path / "tables")
    tables, policies = Tables(tmp_path), load_policy(None, policy_sections(discover()))
    assert monday_of(MONDAY) == MONDAY
    assert roll_up_week(tables, MONDAY + timedelta(6), policies) == 18
    first = {spec_of(row).name: tables.read(spec_of(row).name).to_pylist() for row in WEEKLY_ROWS}
    day = tables.read("kpi_daily").to_pylist()[0]
    (week,) = first["kpi_weekly"]
    assert {name: week[name] for name in day if name not in ("run_id", "made_by_version")} == {
        name: value for name, value in day.items() if name not in ("run_id", "made_by_version")
    }
    assert week["days"] == 1
    assert len(first["kpi_agent_weekly"]) == tables.read("kpi_agent_daily").num_rows
    assert roll_up_week(tables, MONDAY, policies) == 18
    assert {name: tables.read(name).to_pylist() for name in first} == first

    # A second day with the same calls under other ids.
    for row in CALL_TABLES:
        spec = spec_of(row)
        again = tables.read(spec.name).select([column.name for column in spec.columns]).to_pylist()
        rows = [row(**{**one, "call_id": f"again-{one['call_id']}"}) for one in again]
        stamp = Stamp(MONDAY + timedelta(1), "second", 1, policies.digest)
        tables.replace_day(spec, MONDAY + timedelta(1), spec.to_arrow(rows, stamp), "second")
    assert roll_up_week(tables, MONDAY, policies) == 36
    (both,) = tables.read("kpi_weekly").to_pylist()
    assert (both["days"], both["calls_handled"], both["hold_ms"]) == (2, 2 * day["calls_handled"], 2 * day["hold_ms"])
    assert both["no_hold_share"] == day["no_hold_share"]
    assert both["run_id"] != week["run_id"]


def test_a_week_of_conduct_is_the_sum_of_its_days(demo_night: tuple[Path, NightReport], tmp_path: Path) -> None:
    shutil.copytree(demo_night[0] / "tables", tmp_path / "tables")
    tables, policies = Tables(tmp_path), load_policy(None, policy_sections(discover()))
    monday = {name: tables.read(name, MONDAY).to_pylist() for name, _ in CONDUCT_WEEKLY_ROWS.values()}
    own = ("call_date", "run_id", "made_by_version", "policy_digest")
    for row, (daily, keys) in CONDUCT_WEEKLY_ROWS.items():
        weeks = {tuple(one[key] for key in keys): one for one in tables.read(spec_of(row).name).to_pylist()}
        assert len(weeks) == len(monday[daily]) > 0
        for day in monday[daily]:
            week = weeks[tuple(day[key] for key in keys)]
            assert week["days"] == 1
            assert {name: week[name] for name in day if name not in own} == {n: v for n, v in day.items() if n not in own}
        # The same results again on Wednesday, but for one rule of one agent that it did not judge.
        spec = declared_tables()[daily]
        rows = [spec.row(**{column.name: one[column.name] for column in spec.columns}) for one in monday[daily][1:]]
        wednesday = MONDAY + timedelta(2)
        tables.replace_day(spec, wednesday, spec.to_arrow(rows, Stamp(wednesday, "later", 1, policies.digest)), "later")
    roll_up_conduct(tables, MONDAY + timedelta(4), policies)
    for row, (daily, keys) in CONDUCT_WEEKLY_ROWS.items():
        weeks = {tuple(one[key] for key in keys): one for one in tables.read(spec_of(row).name).to_pylist()}
        for number, day in enumerate(monday[daily]):
            week, times = weeks[tuple(day[key] for key in keys)], 2 if number else 1
            for column in spec_of(row).columns:
                if column.field.additive and column.kind in (int, float):
                    assert week[column.name] == pytest.approx(times * day[column.name]), column.name
            assert week["days"] == 2
            share = "pass_share" if daily == "kpi_rule_daily" else "weighted_score_share"
            assert week[share] == (None if day[share] is None else pytest.approx(day[share]))
    before = {spec_of(row).name: tables.read(spec_of(row).name).to_pylist() for row in CONDUCT_WEEKLY_ROWS}
    roll_up_conduct(tables, MONDAY, policies)
    assert {name: tables.read(name).to_pylist() for name in before} == before


def test_a_week_without_calls_writes_nothing(demo_night: tuple[Path, NightReport], tmp_path: Path) -> None:
    shutil.copytree(demo_night[0] / "tables", tmp_path / "tables")
    policies = load_policy(None, policy_sections(discover()))
    assert roll_up_week(Tables(tmp_path), date(2026, 4, 1), policies) == 0
    assert Tables(tmp_path).read("kpi_weekly", monday_of(date(2026, 4, 1))).num_rows == 0


def test_a_week_whose_calls_are_gone_keeps_no_rows(demo_night: tuple[Path, NightReport], tmp_path: Path) -> None:
    shutil.copytree(demo_night[0] / "tables", tmp_path / "tables")
    tables, policies = Tables(tmp_path), load_policy(None, policy_sections(discover()))
    assert roll_up_week(tables, MONDAY, policies) > 0
    assert tables.read("kpi_weekly", MONDAY).num_rows == 1
    for row in CALL_TABLES:
        spec = spec_of(row)
        tables.replace_day(spec, MONDAY, spec.to_arrow([], Stamp(MONDAY, "gone", 1, policies.digest)), "gone")
    assert roll_up_week(tables, MONDAY, policies) == 0
    assert tables.read("kpi_weekly", MONDAY).num_rows == 0
    assert tables.read("kpi_agent_weekly", MONDAY).num_rows == 0
