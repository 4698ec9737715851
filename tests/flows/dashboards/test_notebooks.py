"""Notebooks are bare in git, hold no arithmetic, run on the demo night, and become pages that need nothing else."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import vl_convert

from flows import notebooks_run
from flows.demonstration import DAY
from flows.night import NightReport
from flows.notebooks_run import FOR_READERS, TITLES, NotebookBroke, notebooks, publish_notebooks, run_notebook
from flows.pages.labels import LANGUAGES, Labels
from flows.pages.publish import Manifest, publish_day
from flows.pages.settings import PageSettings
from postcall.tables import spec_of
from storage.runs import RUN_TABLES
from tests.flows.conftest import Command

ROOT = Path(__file__).parents[3]
NAMES = [path.stem for path in notebooks()]
MAY_IMPORT = ("flows.dashboards", "postcall.testing")
ARITHMETIC = (ast.BinOp, ast.AugAssign, ast.Lambda, ast.comprehension, ast.For, ast.While, ast.FunctionDef)
NAMED_IN_RECORDS = ("Анна", "Oksana")


def cells_of(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return found


def test_the_notebooks_that_are_promised() -> None:
    assert list(TITLES) == NAMES
    assert [name[:2] for name in NAMES] == [f"{number:02}" for number in range(1, len(NAMES) + 1)]
    assert set(FOR_READERS) < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_bare(name: str) -> None:
    for cell in cells_of(name):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    text = (ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
    assert "/root" not in text
    assert "/work" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_holds_no_arithmetic_and_reads_nothing_by_itself(name: str) -> None:
    for cell in cells_of(name):
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or source.startswith("%%writefile"):
            continue
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, ARITHMETIC), f"{name}: {source}"
            if isinstance(node, ast.ImportFrom):
                assert node.module is not None
                assert node.module.startswith(MAY_IMPORT), node.module
            assert not isinstance(node, ast.Import), f"{name}: {source}"


def test_the_notebook_on_analyzers_has_the_example_of_the_guide() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    analyzer, test = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    sources = ["".join(cell["source"]) for cell in cells_of("06_extend_an_analyzer")]
    (written,) = (source for source in sources if source.startswith("%%writefile"))
    assert written.split("\n", 1)[1] == analyzer.rstrip("\n")
    drawing = re.search(r'make_call\(\s*"""(.*?)"""', test, flags=re.DOTALL)
    assert drawing is not None
    assert any(drawing[1] in source for source in sources)


class Addresses(HTMLParser):
    """Everything in a page that names something else."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            (tag, value or "") for name, value in attrs if name in ("src", "href", "srcset", "data", "action", "poster")
        ]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_names_nothing_outside_of_its_folder(dashboard_page: Callable[..., str], name: str, language: str) -> None:
    html = dashboard_page(name, language)
    parser = Addresses()
    parser.feed(html)
    assert parser.found == [("link", "data:,"), ("a", "index.html")]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert policy[1].startswith("default-src &#39;none&#39;; style-src &#39;sha256-")
    assert "unsafe" not in policy[1]
    assert "http" not in policy[1]
    assert f'<html lang="{language}">' in html


@pytest.mark.parametrize("name", FOR_READERS)
def test_nothing_personal_is_in_a_page(
    dashboard_page: Callable[..., str], demo_night: tuple[Path, NightReport], name: str
) -> None:
    from storage.tables import Tables

    contacts = Tables(demo_night[0]).read("call_contact").to_pylist()
    secret = {row[column] for row in contacts for column in ("agent_name", "customer_key") if row[column]}
    assert len(secret) > 10
    html = dashboard_page(name)
    content = html[html.index('<script id="content"') : html.index("<script>")]
    assert not [text for text in secret if text in content]


def test_every_row_of_a_call_links_to_its_page(dashboard_page: Callable[..., str]) -> None:
    content = content_of(dashboard_page("02_hold_and_silence"))
    tables = {block["name"]: block for block in content["blocks"] if block["kind"] == "table"}
    rows = tables["longest_dead_air"]["rows"]
    assert [row["call"][0] for row in rows] == ["05-long-silence"] * len(rows)
    assert all(re.fullmatch(r"calls/05-long-silence\.html#t=\d+\.\d", row["call"][1]) for row in rows)
    assert len(tables["longest_holds"]["rows"]) >= 3


def test_the_bundled_vega_is_the_one_that_is_installed() -> None:
    assert (ROOT / "flows" / "dashboards" / "vega.js").read_text(encoding="utf-8") == vl_convert.javascript_bundle()


# ── running and publishing ───────────────────────────────────────────────────


def test_a_broken_cell_costs_the_page_and_tells_nothing_of_a_call(
    demo_night: tuple[Path, NightReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = json.loads((ROOT / "notebooks" / "05_data_quality.ipynb").read_text(encoding="utf-8"))
    notebook["cells"][4]["source"] = ["raise ValueError('MARKER of a call')"]
    broken = tmp_path / "05_data_quality.ipynb"
    broken.write_text(json.dumps(notebook), encoding="utf-8")
    with pytest.raises(NotebookBroke) as caught:
        run_notebook(broken, store=str(demo_night[0]), date=DAY.isoformat(), is_published=True)
    assert caught.value.message == "notebook '05_data_quality' broke in cell 6: ValueError"
    assert "MARKER" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__suppress_context__

    monkeypatch.setattr(notebooks_run, "FOLDER", tmp_path)
    pages = PageSettings(folder=tmp_path / "reports")
    with publish_day(tmp_path / "reports", DAY, Labels("en")) as day:
        day.add_report("05_data_quality", "of before", "Data quality")
    done = publish_notebooks(demo_night[0], DAY, pages)
    assert (done.pages, done.broken) == ((), ("notebook '05_data_quality' broke in cell 6: ValueError",))
    assert (tmp_path / "reports" / DAY.isoformat() / "05_data_quality.html").read_text() == "of before"


def test_an_unknown_parameter_is_an_error() -> None:
    with pytest.raises(ValueError, match="no parameter dat"):
        run_notebook(notebooks()[0], dat="2026-03-02")


def test_a_day_without_calls_has_pages_too(demo_night: tuple[Path, NightReport]) -> None:
    for path in notebooks():
        if path.stem in FOR_READERS:
            html = notebooks_run.notebook_page(path, demo_night[0], date(2020, 1, 1), "en", days=3)[1]
            assert content_of(html)["blocks"][0]["period"] == "30 December 2019 – 1 January 2020"


def test_a_store_from_before_the_newer_tables_has_pages_too(demo_night: tuple[Path, NightReport], tmp_path: Path) -> None:
    old = {"call_contact", "call_hold", "kpi_daily", *(spec_of(row).name for row in RUN_TABLES)}
    (tmp_path / "tables").mkdir()
    for name in old:
        (tmp_path / "tables" / name).symlink_to(demo_night[0] / "tables" / name)
    for path in notebooks():
        if path.stem in FOR_READERS:
            html = notebooks_run.notebook_page(path, tmp_path, DAY, "en")[1]
            assert "conduct manual" in html if path.stem == "04_standards" else html


def test_the_command_publishes_the_chosen_ones(demo_night: tuple[Path, NightReport], postcall: Command, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "tables").mkdir()
    for table in (demo_night[0] / "tables").iterdir():
        (tmp_path / "store" / "tables" / table.name).symlink_to(table)
    chosen = ("--store", "store", "--language", "ru", "--notebook", "05_data_quality")
    ended = postcall("report", "publish", "--date", DAY, *chosen)
    assert ended.code == 0, ended.err
    folder = tmp_path / "store" / "reports" / DAY.isoformat()
    assert str(folder.relative_to(tmp_path) / "index.html") in ended.out
    assert [entry.title for entry in Manifest.read(folder).reports.values()] == ["Качество данных"]
    assert (tmp_path / "store" / "tables" / "kpi_weekly").is_dir()
    wrong = postcall("report", "publish", "--date", DAY, "--store", "store", "--notebook", "05_data_qualty")
    assert wrong.code == 2
    assert "05_data_quality" in wrong.err


def content_of(html: str) -> dict[str, Any]:
    """Data of a page."""
    found: dict[str, Any] = json.loads(html[html.index(">", html.index('<script id="content"')) + 1 : html.index("</script>")])
    return found


def test_all_languages_have_all_words() -> None:
    from flows.dashboards.wording import all_words

    lacking = [
        f"{section}.{name}"
        for section, names in all_words().items()
        for name, texts in names.items()
        if set(texts) != set(LANGUAGES) or not all(texts.values())
    ]
    assert lacking == []
    places = [
        f"{section}.{name}"
        for section, names in all_words().items()
        for name, texts in names.items()
        if len({tuple(sorted(re.findall(r"\{\w+\}", text))) for text in texts.values()}) > 1
    ]
    assert places == []
