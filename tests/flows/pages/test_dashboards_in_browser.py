"""Dashboards in a real browser: nothing is fetched, nothing complains, filters change figures and charts, the layout holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import dashboard
from flows.dashboards.board import Board
from flows.dashboards.groups import measure_groups
from flows.dashboards.overview import KEYS, SHOWN, open_cells
from flows.notebooks_run import FOLDER, FOR_READERS, notebook_page
from flows.pages.templates import script_json
from postcall.statistics import newcombe

Open = Callable[..., Any]
Pages = Callable[..., str]

READY = "document.documentElement.dataset.ready === 'yes'"
DAYS, CALLS = 3, 3_600
SIZES = ((1280, 900), (1920, 1080), (820, 1180))
OVERFLOWING = """
[...document.querySelectorAll('.block')].filter((block) => {
  const box = block.getBoundingClientRect();
  const inner = [...block.querySelectorAll('canvas, h2, .note, .tile, select')].map((one) => one.getBoundingClientRect());
  return inner.some((one) => one.right > box.right + 1 || one.left < box.left - 1) || box.right > window.innerWidth;
}).map((block) => block.dataset.block)
"""
ROWS = """
(name) => window.dashboard.content.blocks.find((block) => block.name === name).rows_shown.map((row) => ({ ...row }))
"""


@pytest.fixture(scope="session")
def busy_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six days of a large centre, generated as for the benchmark."""
    return dashboard.make_store(tmp_path_factory.mktemp("busy"), CALLS, DAYS)


@pytest.fixture(scope="session")
def busy_page(busy_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Overview of the last three of the days; the three before are what it compares with."""
    folder = tmp_path_factory.mktemp("busy-pages")

    def make(language: str = "en") -> Path:
        path = folder / f"{language}.html"
        if not path.exists():
            notebook = FOLDER / "01_daily_overview.ipynb"
            path.write_text(notebook_page(notebook, busy_store, dashboard.LAST, language, DAYS)[1], encoding="utf-8")
        return path

    return make


def settled(seen: Any) -> None:
    """Wait until charts have taken in what was chosen."""
    seen.page.wait_for_timeout(300)


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", FOR_READERS)
def test_a_page_needs_no_network_and_has_nothing_to_complain_of(
    dashboard_page: Pages, open_page: Open, tmp_path: Path, name: str, language: str
) -> None:
    path = tmp_path / f"{name}.html"
    path.write_text(dashboard_page(name, language), encoding="utf-8")
    seen = open_page(path.as_uri())
    seen.until(READY)
    assert seen.complaints == []
    assert seen.asked == [path.as_uri()]
    charts = seen.page.evaluate("document.querySelectorAll('.chart').length")
    drawn = seen.page.evaluate("[...document.querySelectorAll('.chart canvas')].filter((one) => one.height > 50).length")
    empty = seen.page.evaluate("document.querySelectorAll('.chart .empty').length")
    assert (charts, charts) == (drawn + empty, charts)
    assert drawn > 0


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_layout_holds(busy_page: Callable[..., Path], open_page: Open, width: int, height: int, language: str) -> None:
    seen = open_page(busy_page(language).as_uri(), width=width, height=height)
    seen.until(READY, timeout_s=30)
    assert seen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert seen.page.evaluate(OVERFLOWING) == []
    assert seen.complaints == []
    # A window that is made smaller draws its charts anew.
    seen.page.set_viewport_size({"width": width - 200, "height": height})
    seen.page.wait_for_timeout(1500)
    assert seen.page.evaluate(OVERFLOWING) == []


def test_the_script_measures_as_python_does(busy_store: Path, busy_page: Callable[..., Path], open_page: Open) -> None:
    seen = open_page(busy_page().as_uri())
    seen.until(READY, timeout_s=30)
    board = Board.open(busy_store, dashboard.LAST, DAYS)
    open_cells(board)
    cells = board.frame_of("cells")
    for chosen in ({}, {"queue": "queue-03"}, {"queue": "queue-03", "team": "team-05"}):
        for key, value in chosen.items():
            seen.page.select_option(f"select[name={key}]", label=value)
        settled(seen)
        of_choice = cells
        for key, value in chosen.items():
            of_choice = of_choice[of_choice[key] == value]
        for name, by, measure in (
            ("no_hold_by_day", "call_date", "no_hold"),
            ("service_level_by_day", "call_date", "service_level"),
            ("no_hold_by_queue", "queue", "no_hold"),
        ):
            expected = {row[by]: row for row in measure_groups(of_choice, (by,), (measure,), board.policy.minimum_calls)}
            shown = {row[by]: row for row in seen.page.evaluate(ROWS, name)}
            assert set(shown) == {key for key, row in expected.items() if row["value"] is not None}
            for key, row in shown.items():
                for field in ("value", "low", "high", "part", "whole", "calls", "is_few"):
                    assert row[field] == pytest.approx(expected[key][field]), (name, key, field)
    assert len(SHOWN) > 10
    assert set(KEYS) <= set(cells.columns)


def test_a_filter_changes_figures_charts_and_tables_and_can_be_undone(busy_page: Callable[..., Path], open_page: Open) -> None:
    seen = open_page(busy_page().as_uri())
    seen.until(READY, timeout_s=30)
    picture = "document.querySelector('[data-block=no_hold_by_day] canvas').toDataURL()"
    figure = "document.querySelector('[data-measure=offered] .figure').textContent"
    rows = "document.querySelectorAll('[data-block=calls_to_hear_first] tbody tr').length"
    before = [seen.page.evaluate(one) for one in (picture, figure, rows)]
    assert before[1] == f"{CALLS:,}"
    seen.page.select_option("select[name=queue]", label="queue-03")
    settled(seen)
    after = [seen.page.evaluate(one) for one in (picture, figure, rows)]
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert int(after[1]) < CALLS / 6
    queues = seen.page.locator("[data-block=calls_to_hear_first] tbody td:nth-child(2)").all_text_contents()
    assert set(queues) == {"queue-03"}
    seen.page.click("#filters button")
    settled(seen)
    assert [seen.page.evaluate(one) for one in (picture, figure, rows)] == before
    assert seen.complaints == []


def test_days_and_agents_are_filters_too_and_what_is_not_split_says_so(busy_page: Callable[..., Path], open_page: Open) -> None:
    seen = open_page(busy_page().as_uri())
    seen.until(READY, timeout_s=30)
    seen.page.select_option("select[name=from]", index=DAYS)
    settled(seen)
    assert [row["call_date"] for row in seen.page.evaluate(ROWS, "no_hold_by_day")] == [dashboard.LAST.isoformat()]
    assert "before" not in seen.page.text_content("[data-measure=no_hold]")  # a part of the period has no period before it
    seen.page.select_option("select[name=agent_id]", label="agent-007")
    settled(seen)
    limits = "document.querySelector('[data-block=calls_by_hour] .limits').textContent"
    assert seen.page.evaluate(limits) == "Not split by: Agent"
    assert seen.page.evaluate(limits.replace("calls_by_hour", "no_hold_by_day")) == ""
    seen.page.select_option("select[name=queue]", label="queue-00")  # of an agent who is not in that queue
    settled(seen)
    assert "No data for this choice." in seen.page.text_content("[data-block=no_hold_by_day]")
    assert seen.complaints == []


def test_a_key_figure_says_whether_it_changed(busy_page: Callable[..., Path], open_page: Open) -> None:
    seen = open_page(busy_page().as_uri())
    seen.until(READY, timeout_s=30)
    content = seen.page.evaluate("window.dashboard.content.sets")

    def total(name: str, column: str) -> int:
        return sum(value or 0 for value in content[name][column]["numbers"])

    counts = [total(name, column) for name in ("cells", "before") for column in ("calls_without_hold", "calls_hold_known")]
    interval = newcombe(*counts)
    assert interval is not None
    said = "up" if interval[0] > 0 else "down" if interval[1] < 0 else "no clear change"
    assert seen.page.text_content("[data-measure=no_hold]").count(said) == 1


def test_pointing_at_a_point_tells_its_figures(busy_page: Callable[..., Path], open_page: Open) -> None:
    seen = open_page(busy_page("ru").as_uri())
    seen.until(READY, timeout_s=30)
    box = seen.page.locator("[data-block=no_hold_by_queue] canvas").bounding_box()
    seen.page.evaluate("document.querySelector('[data-block=no_hold_by_queue]').scrollIntoView()")
    box = seen.page.locator("[data-block=no_hold_by_queue] canvas").bounding_box()
    for step in range(40):
        seen.page.mouse.move(box["x"] + 80 + step * (box["width"] - 100) / 40, box["y"] + 36)
        if seen.page.evaluate("document.getElementById('vg-tooltip-element').classList.contains('visible')"):
            break
    said = seen.page.text_content("#vg-tooltip-element")
    assert "Звонки без удержания" in said
    assert "95-процентный интервал" in said
    assert "%" in said


def test_a_table_is_sorted_by_its_head(dashboard_page: Pages, open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(dashboard_page("05_data_quality"), encoding="utf-8")
    seen = open_page(path.as_uri())
    seen.until(READY)
    cells = "document.querySelectorAll('[data-block=every_measure] tbody td:nth-child(3)')"
    known = f"[...{cells}].map((one) => Number(one.textContent))"
    seen.page.click("[data-block=every_measure] th[data-key=calls_known] button")
    down = seen.page.evaluate(known)
    assert down == sorted(down, reverse=True)
    assert seen.page.get_attribute("[data-block=every_measure] th[data-key=calls_known]", "aria-sort") == "descending"
    seen.page.click("[data-block=every_measure] th[data-key=calls_known] button")
    assert seen.page.evaluate(known) == sorted(down)


def test_text_of_a_table_is_text(dashboard_page: Pages, open_page: Open, tmp_path: Path) -> None:
    """Ids and reasons may come from anybody."""
    html = dashboard_page("05_data_quality")
    hostile = "</script><img src=x onerror=window.hacked=1>"
    start = html.index(">", html.index('<script id="content"')) + 1
    end = html.index("</script>", start)
    content = json.loads(html[start:end])
    for block in content["blocks"]:
        if block.get("name") == "failures":
            block["rows"][0]["message"] = hostile
    path = tmp_path / "page.html"
    path.write_text(html[:start] + str(script_json(content)) + html[end:], encoding="utf-8")
    seen = open_page(path.as_uri())
    seen.until(READY)
    assert hostile in seen.page.text_content("[data-block=failures]")
    assert seen.page.evaluate("window.hacked") is None
