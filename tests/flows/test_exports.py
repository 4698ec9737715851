"""Exports are read again by the tools they are for, and carry neither personal data nor formulas."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import duckdb
import openpyxl
import pandas as pd
import pytest

from flows import exports
from flows.exports import Format, export_table
from flows.night import NightReport
from flows.stored import declared_tables
from postcall.errors import SettingsError
from postcall.fields import CallId
from postcall.tables import Field, Stamp, spec_of, table
from storage.tables import Tables
from storage.views import Viewer, Views
from tests.flows.conftest import Command

ROOT = Path(__file__).parents[2]
RECIPES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "exports.md").read_text(encoding="utf-8"), flags=re.DOTALL)
FORMULAS = ("=1+1", "+7 900", "-2", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://x")')
PLAIN = ("a", "", "1=1", "Ёлка", "天", '"quoted", and, commas', "two\nlines")
DAYS = (date(2026, 3, 2), date(2026, 3, 3))


@table("event_text", grain="text", primary_key=("call_id",))
class Text:
    """Texts that anybody may have written."""

    call_id: CallId
    said: Annotated[str | None, Field("A text.")]
    length_ms: Annotated[int | None, Field("A length.", unit="ms")]
    kept_share: Annotated[float | None, Field("A share.", unit="share", additive=False)]
    is_kept: Annotated[bool, Field("A flag.")]


@pytest.fixture
def texts(tmp_path: Path) -> Views:
    tables, spec = Tables(tmp_path / "store"), spec_of(Text)
    said: list[str | None] = [*FORMULAS, *PLAIN, None]
    for day in DAYS:
        rows = [
            Text(call_id=f"{day.day}-{n:02}", said=text, length_ms=-n if n else None, kept_share=0.5, is_kept=n % 2 == 0)
            for n, text in enumerate(said)
        ]
        tables.replace_day(spec, day, spec.to_arrow(rows, Stamp(day, "run", 1, "0" * 12)), "run")
    return Views(tables, {spec.name: spec}, Viewer.MANAGER)


def test_csv_disarms_formulas_and_leaves_everything_else(texts: Views, tmp_path: Path) -> None:
    done = export_table(texts, "event_text", tmp_path / "out.csv", Format.CSV)
    content = (tmp_path / "out.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert done.rows == len(rows) == 2 * (len(FORMULAS) + len(PLAIN) + 1)
    assert [row["said"] for row in rows][: len(rows) // 2] == [*(f"'{text}" for text in FORMULAS), *PLAIN, ""]
    assert rows[1]["length_ms"] == "-1"  # a number is no text, however it begins


def test_xlsx_writes_text_as_text_and_says_what_columns_mean(texts: Views, tmp_path: Path) -> None:
    export_table(texts, "event_text", tmp_path / "out.xlsx", Format.XLSX)
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    sheet, meanings = book["event_text"], book["columns"]
    head = [cell.value for cell in sheet[1]]
    said = [row[head.index("said")] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in said if cell.value is not None} == {"s"}
    assert [cell.value for cell in said][: len(FORMULAS)] == [
        text.replace("\r", "_x000D_") for text in FORMULAS
    ]  # as OOXML writes it
    dates = [row[head.index("call_date")].value.date() for row in sheet.iter_rows(min_row=2)]
    assert dates == sorted(dates)
    assert set(dates) == set(DAYS)
    told = {row[0].value: [cell.value for cell in row[1:]] for row in meanings.iter_rows(min_row=2)}
    assert told["length_ms"] == ["ms", "yes", "A length."]
    assert told["kept_share"] == ["share", "no", "A share."]
    assert set(told) == set(head)


def test_a_sheet_that_would_be_cut_is_refused(texts: Views, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_SHEET_ROWS", 10)
    with pytest.raises(SettingsError, match="a sheet holds 10"):
        export_table(texts, "event_text", tmp_path / "out.xlsx", Format.XLSX)
    assert list(tmp_path.glob("*.xlsx")) == []


def test_parquet_is_partitioned_and_a_day_is_replaced(texts: Views, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export_table(texts, "event_text", folder, Format.PARQUET)
    export_table(texts, "event_text", folder, Format.PARQUET, first=DAYS[1])
    assert sorted(path.name for path in folder.iterdir()) == ["call_date=2026-03-02", "call_date=2026-03-03"]
    read = pd.read_parquet(folder)
    assert len(read) == 2 * (len(FORMULAS) + len(PLAIN) + 1)
    assert set(read["said"].dropna()) == {*FORMULAS, *PLAIN}  # Parquet has types: nothing to disarm
    counted = duckdb.sql(
        f"select call_date, count(*) from read_parquet('{folder}/*/*.parquet', hive_partitioning=true) group by 1"
    )
    assert dict(counted.fetchall()) == dict.fromkeys(DAYS, len(read) // 2)


def test_a_failed_export_leaves_what_was_there(texts: Views, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(exports, "_harmless", broken)
    with pytest.raises(Exception, match="cannot write the export"):
        export_table(texts, "event_text", path, Format.CSV)
    assert path.read_text() == "before"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.csv", "store"]


def test_paths_of_the_wrong_kind_are_refused(texts: Views, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match="is a file"):
        export_table(texts, "event_text", tmp_path / "file", Format.PARQUET)
    (tmp_path / "folder").mkdir()
    with pytest.raises(SettingsError, match="is a folder"):
        export_table(texts, "event_text", tmp_path / "folder", Format.CSV)


# ── on the demo night ────────────────────────────────────────────────────────


def test_every_table_can_be_exported_and_a_managers_export_has_nothing_personal(
    demo_night: tuple[Path, NightReport], tmp_path: Path
) -> None:
    specs = declared_tables()
    manager = Views(Tables(demo_night[0]), specs, Viewer.MANAGER)
    for name in manager.names():
        for form in Format:
            done = export_table(manager, name, tmp_path / f"{name}.{form}", form)
            assert done.rows == Tables(demo_night[0]).read(name).num_rows
        head = set(pd.read_csv(tmp_path / f"{name}.csv").columns)
        assert not head & {column.name for column in specs[name].columns if column.field.pii}


def test_the_command(demo_night: tuple[Path, NightReport], postcall: Command, tmp_path: Path) -> None:
    store = demo_night[0]
    ended = postcall("export", "kpi_agent_daily", "--store", store)
    assert (ended.code, ended.err) == (0, "")
    assert len(pd.read_parquet(tmp_path / "exports" / "kpi_agent_daily")) > 5
    own = postcall("export", "call_contact", "--format", "csv", "--for", "agent", "--agent", "ru-107", "--store", store)
    assert own.code == 0, own.err
    assert set(pd.read_csv(tmp_path / "call_contact.csv")["agent_id"]) == {"ru-107"}
    for wrong in (["no_table"], ["stage_word"], ["call_contact", "--for", "agent"], ["call_contact", "--agent", "x"]):
        refused = postcall("export", *wrong, "--store", store)
        assert refused.code == 2, wrong
        assert "What to do" in refused.err


def test_the_recipes_of_the_guide_run(
    demo_night: tuple[Path, NightReport], postcall: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo-store").symlink_to(demo_night[0])
    assert postcall("export", "kpi_agent_daily", "--store", "demo-store").code == 0
    made: dict[str, Any] = {}
    for recipe in RECIPES:
        exec(compile(recipe, "docs/exports.md", "exec"), made)
    days = Tables(demo_night[0]).read("kpi_agent_daily").to_pandas()
    expected = days.set_index("agent_id").eval("calls_without_hold / calls_hold_known").dropna()
    assert made["worst"].set_index("agent_id")["no_hold_share"].sort_index().to_dict() == pytest.approx(expected.to_dict())
    assert made["share"].dropna().to_dict() == pytest.approx(expected.to_dict())
    holds = Tables(demo_night[0]).read("call_hold").to_pandas()["longest_hold_ms"]
    assert made["longest"]["longest_hold_ms"].iloc[0] == holds.max()
