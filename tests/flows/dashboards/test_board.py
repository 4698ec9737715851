"""Measures out of sums, as in the KPI tables; and what a notebook that is worked in shows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import pytest
from deltalake import write_deltalake

from flows.dashboards import agents, charts, data_quality, hold_and_silence, overview, standards
from flows.dashboards.block import BLOCK_TYPE
from flows.dashboards.board import CHART_TYPE, Board
from flows.dashboards.groups import measure_groups
from flows.dashboards.measures import MEASURES, measure_of
from flows.dashboards.wording import Words
from flows.demonstration import DAY
from flows.night import NightReport
from postcall.callback_tables import KpiCallbackDaily
from postcall.errors import SettingsError
from postcall.kpi_columns import GroupKpis
from postcall.tables import Stamp, spec_of
from storage.tables import Tables
from storage.views import Viewer

SAME = {
    "no_hold": ("no_hold_share", "no_hold_low_share", "no_hold_high_share"),
    "service_level": ("service_level_share", "service_level_low_share", "service_level_high_share"),
    "ended_by_agent": ("ended_by_agent_share", "ended_by_agent_low_share", "ended_by_agent_high_share"),
    "speed_of_answer": ("average_speed_of_answer_ms",),
    "call_length": ("average_call_duration_ms",),
    "handling": ("average_handling_ms",),
    "after_call_work": ("average_after_call_work_ms",),
    "part_off_hold_ms": ("average_off_hold_ms",),
    "hold": ("average_hold_ms",),
    "silence": ("silence_share",),
    "interruptions": ("agent_interruptions_per_min",),
    "agent_talk": ("agent_talk_share",),
    "speech_rate": ("agent_rate_wpm",),
}
"""Measure -> the columns of a KPI table that say the same."""


def callback_day(agent_id: str, *, kept: int, not_kept: int) -> KpiCallbackDaily:
    return KpiCallbackDaily(
        agent_id=agent_id,
        team="",
        queue="",
        promises=kept + not_kept,
        promises_with_time=0,
        promises_kept=kept,
        promises_late=0,
        promises_not_kept=not_kept,
        promises_open=0,
        promises_unjudged=0,
        kept_share=None,
        kept_low_share=None,
        kept_high_share=None,
        kept_verdict="open",
        median_late_ms=None,
    )


@pytest.fixture
def board(demo_night: tuple[Path, NightReport]) -> Board:
    """The demo night as a notebook that is worked in sees it."""
    return Board.open(demo_night[0], DAY)


@pytest.mark.parametrize(("by", "table"), [("queue", "kpi_queue_daily"), ("agent_id", "kpi_agent_daily")])
def test_measures_out_of_the_finest_groups_are_those_of_the_kpi_tables(board: Board, by: str, table: str) -> None:
    overview.open_cells(board)
    rows = measure_groups(board.frame_of("cells"), (by,), tuple(SAME), 30)
    stored = {row[by]: row for row in board.views.tables.read(table, DAY).to_pylist()}
    assert {row[by] for row in rows} == set(stored)
    for row in rows:
        expected = [stored[row[by]][column] for column in SAME[row["measure"]]]
        found = [row["value"], row["low"], row["high"]][: len(expected)]
        assert found == [None if one is None else pytest.approx(one, abs=0.5 if one > 100 else 1e-9) for one in expected], row


def test_every_measure_stands_on_columns_that_there_are() -> None:
    known = {*GroupKpis.__annotations__}
    of_kpis = [name for name, measure in MEASURES.items() if set(measure.columns) <= known]
    assert set(SAME) < set(of_kpis)
    assert {name for name in MEASURES if name not in of_kpis} == {
        "calls",
        "rule_kept",
        "rule_judged",
        "score",
        "critical",
        "coverage",
        "call_backs_kept",
    }


def test_promised_call_backs_are_shown_by_agent(board: Board) -> None:
    stored = board.views.tables.read("kpi_callback_daily", DAY).to_pylist()
    assert stored
    rows = {row["agent_id"]: row for row in standards.call_backs(board).content["rows"]}
    assert set(rows) == {row["agent_id"] for row in stored}
    for agent_id, row in rows.items():
        of_agent = [one for one in stored if one["agent_id"] == agent_id]
        for name in ("promises", "promises_kept", "promises_late", "promises_not_kept", "promises_open", "promises_unjudged"):
            assert row[name] == sum(one[name] for one in of_agent), name


def test_scorecards_of_several_manuals_do_not_pass_for_enough_calls(board: Board) -> None:
    standards.open_data(board)
    agents.open_data(board)
    cards = board.views.tables.read("call_scorecard", DAY).to_pylist()
    enough = 15
    assert len(cards) >= enough > len({card["call_id"] for card in cards})
    for block in (
        standards.key_figures(board),
        standards.critical_by_manual(board),
        standards.score_by_day(board),
        standards.score_by_team(board),
        agents.scores_by_agent(board),
    ):
        by, names = block.content["by"], block.content["measures"]
        rows = measure_groups(board.frame_of(block.content["data"]), by, names, enough)
        manuals = {str(row[by[0]]).partition(" · ")[0] for row in rows}
        assert manuals == {card["manual"] for card in cards}, block.content["name"]
        assert all(row["is_few"] for row in rows), block.content["name"]


def test_agents_of_few_promises_are_in_no_order_but_their_names(board: Board, tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    nights = board.views.tables.read("run_night")
    write_deltalake(tables.path("run_night"), nights, partition_by=["call_date"])
    made = [
        callback_day("few-b", kept=0, not_kept=29),
        callback_day("few-a", kept=1, not_kept=0),
        callback_day("best", kept=39, not_kept=1),
        callback_day("worst", kept=10, not_kept=30),
    ]
    spec = spec_of(KpiCallbackDaily)
    tables.replace_day(spec, DAY, spec.to_arrow(made, Stamp(DAY, "a run", 1, "0" * 12)), "a run")
    rows = standards.call_backs(Board.open(tmp_path, DAY)).content["rows"]
    assert [row["agent_id"] for row in rows] == ["worst", "best", "few-a", "few-b"]


def test_promised_call_backs_are_shown_by_week(board: Board) -> None:
    block = standards.call_backs_by_week(board)
    assert block.content["name"] == "call_backs_by_week"
    stored = board.views.tables.read("kpi_callback_weekly", DAY).to_pylist()  # the demo's day is a Monday
    assert sum(row["promises"] for row in stored) == sum(
        row["promises"] for row in board.views.tables.read("kpi_callback_daily", DAY).to_pylist()
    )
    assert list(board.frame_of("call_back_weeks")["call_date"]) == [DAY.isoformat()] * len(stored)


def test_handling_time_is_shown_with_its_parts_and_the_calls_it_is_of(board: Board) -> None:
    overview.open_cells(board)
    assert "handling" in overview.key_figures(board).content["measures"]
    chart = overview.handling_time_by_queue(board)
    assert (chart.content["name"], chart.content["measures"]) == (
        "handling_time_by_queue",
        ["part_off_hold_ms", "part_hold_ms", "part_after_call_work_ms"],
    )
    rows = {row["measure"]: row for row in measure_groups(board.frame_of("cells"), (), ("handling", "call_length"), 30)}
    # Of the 16 answered calls of the demo, 13 have after-call work in their record, two of them none: 385 s in all.
    assert (rows["handling"]["calls"], rows["call_length"]["calls"]) == (13, 16)
    (day,) = board.views.tables.read("kpi_daily", DAY).to_pylist()
    assert (day["calls_after_call_work_known"], day["after_call_work_ms"]) == (13, 385_000)
    assert rows["handling"]["value"] == pytest.approx(day["handling_ms"] / 13)
    agents.open_data(board)
    figures = {row["agent_id"]: row for row in agents.agents_beside_the_centre(board).content["rows"]}
    assert figures["en-106"]["after_call_work"]["value"] == 0  # the record says that there was none
    assert figures["zh-101"]["after_call_work"]["value"] is None  # the records do not tell
    assert figures["zh-101"]["handling"]["value"] is None


def test_without_after_call_work_the_length_of_calls_is_shown(demo_night: tuple[Path, NightReport], tmp_path: Path) -> None:
    new = ["calls_handling_known", "handling_ms", "calls_after_call_work_known", "after_call_work_ms"]
    tables = tmp_path / "tables"
    shutil.copytree(demo_night[0] / "tables", tables)
    stored = Tables(tmp_path).read("kpi_agent_queue_daily").drop_columns(new)
    shutil.rmtree(tables / "kpi_agent_queue_daily")
    write_deltalake(str(tables / "kpi_agent_queue_daily"), stored, partition_by=["call_date"])
    board = Board.open(tmp_path, DAY)
    overview.open_cells(board)
    tiles = overview.key_figures(board).content["measures"]
    assert "call_length" in tiles
    assert "handling" not in tiles
    chart = overview.handling_time_by_queue(board)
    assert chart.content["name"] == "talk_and_hold_by_queue"
    assert "not measurable" in chart.content["note"]
    drawn = {row["measure"] for row in chart._repr_mimebundle_()[CHART_TYPE]["datasets"]["rows"]}
    assert drawn == {"part_off_hold_ms", "part_hold_ms"}
    agents.open_data(board)
    shown = {column["key"] for column in agents.agents_beside_the_centre(board).content["columns"]}
    assert "call_length" in shown
    assert not {"handling", "after_call_work"} & shown


def test_unknown_sums_have_no_measure_and_few_calls_are_marked() -> None:
    unknown = measure_of(MEASURES["silence"], {"silence_ms": None, "conversation_ms": 10, "calls_measured": 0}, 30)
    assert (unknown["value"], unknown["is_few"]) == (None, True)
    sums = {"calls_without_hold": 29, "calls_hold_known": 30}
    assert measure_of(MEASURES["no_hold"], sums, 30)["is_few"] is False
    assert measure_of(MEASURES["no_hold"], sums, 31)["is_few"] is True
    assert measure_of(MEASURES["no_hold"], {"calls_without_hold": 0, "calls_hold_known": 0}, 1)["value"] is None


def test_a_board_reads_as_a_manager_by_the_policy_that_made_the_rows(board: Board) -> None:
    assert board.views.viewer is Viewer.MANAGER
    assert (board.policy.minimum_calls, board.targets) == (
        30,
        {"no_hold": 0.95, "service_level": 0.8, "call_backs_kept": 0.95},
    )
    assert str(board.zone) == "Europe/Moscow"
    assert (board.first.isoformat(), board.last.isoformat(), board.days) == ("2026-02-03", "2026-03-02", 28)


@pytest.mark.parametrize(
    ("given", "message"),
    [({"date": "2 March"}, "is no day"), ({"days": 0}, "at least one day"), ({"language": "de"}, "not written in 'de'")],
)
def test_a_board_of_nonsense_is_refused(demo_night: tuple[Path, NightReport], given: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Board.open(demo_night[0], **{"date": DAY, **given})


def test_a_folder_that_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no tables"):
        Board.open(tmp_path, DAY)


def test_a_notebook_that_is_worked_in_shows_charts_of_its_own(board: Board) -> None:
    other = replace(board, _sets={})
    overview.open_cells(board)
    overview.open_hours(board)
    hold_and_silence.open_data(other)
    for block in (
        overview.no_hold_by_day(board),
        overview.calls_by_hour(board),
        hold_and_silence.what_a_call_is_made_of(other),
    ):
        shown = block._repr_mimebundle_()
        assert BLOCK_TYPE not in shown
        rows = shown[CHART_TYPE]["datasets"]["rows"]
        assert rows
        assert {"value", "shown", "label", "drawn_low", "plain_value"} <= set(rows[0])
        alt.Chart.from_dict(shown[CHART_TYPE])  # raises when it is no Vega-Lite
    assert "<ul>" in overview.key_figures(board)._repr_mimebundle_()["text/html"]
    assert "05-long-silence" in overview.calls_to_hear_first(board)._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_every_specification_is_vega_lite(language: str) -> None:
    words = Words(language)
    made = [
        charts.trend(words, "share", target=0.95),
        charts.trends_by(words, "share", "queue", target=0.95),
        charts.trends_of_measures(words),
        charts.intervals(words, "rate", "agent_id"),
        charts.intervals(words, "share", "queue", target=0.95),
        charts.bars(words, "length", ["a", "b"]),
        charts.stacked(words, "hour", "label", {"a": "#000000"}),
        charts.parts(words, "queue", charts.PARTS),
        charts.parts(words, "queue", charts.HANDLING_PARTS),
        charts.heat(words, "hour", "weekday", ["Mon"]),
    ]
    for spec in made:
        alt.Chart.from_dict(spec)


def test_data_sets_travel_once(demo_night: tuple[Path, NightReport]) -> None:
    board = Board.open(demo_night[0], DAY, is_published=True)
    overview.open_cells(board)
    first, second = (make(board).content["sets"] for make in (overview.no_hold_by_day, overview.no_hold_by_queue))
    assert set(first) == {"cells"}
    assert second == {}


def test_agents_of_few_calls_get_no_verdict(board: Board) -> None:
    agents.open_data(board)
    rows = agents.agents_beside_the_centre(board).content["rows"]
    assert rows
    assert {row["beside_others"] for row in rows} == {"too few calls"}
    assert "" not in {row["agent_id"] for row in rows}


def test_an_agent_is_beside_all_others_by_a_corrected_test() -> None:
    cells = pd.DataFrame(
        {
            "agent_id": ["a", "b", "c", "d"],
            "calls_without_hold": [50, 95, 96, 3],
            "calls_hold_known": [100, 100, 100, 3],
        }
    )
    found = agents._tests(cells, 30)
    assert found == {"a": "below the others", "b": "above the others", "c": "above the others"}
    assert agents._tests(cells.assign(calls_without_hold=[94, 95, 96, 3]), 30) == dict.fromkeys("abc", "like the others")


def test_coverage_shows_what_is_not_known(board: Board, demo_night: tuple[Path, NightReport]) -> None:
    data_quality.open_data(board)
    assert len(data_quality.failures(board).content["rows"]) == Tables(demo_night[0]).read("run_failure").num_rows
    rows = data_quality.every_measure(board).content["rows"]
    stored = Tables(demo_night[0]).read("kpi_coverage_daily").to_pylist()
    assert {(row["table_name"], row["column_name"]): row["coverage_share"] for row in rows} == {
        (row["table_name"], row["column_name"]): row["coverage_share"] for row in stored
    }
    standards.open_data(board)
    assert standards.rules_in_figures(board).content["kind"] in ("table", "note")
