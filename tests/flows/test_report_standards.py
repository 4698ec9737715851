"""The report's blocks on manuals and call-backs say what the tables hold."""

from __future__ import annotations

import io
import re
import shutil
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from flows.demonstration import DAY
from flows.night import NightReport
from flows.report_standards import print_callbacks, print_standards
from postcall.callback_tables import KpiCallbackDaily
from postcall.tables import Stamp, spec_of
from storage.tables import Tables


def told(print_block, tables: Tables, day: date = DAY) -> str:
    console = Console(file=io.StringIO(), width=120)
    print_block(console, tables, day)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_a_line_for_each_manual(demo_night: tuple[Path, NightReport]) -> None:
    tables = Tables(demo_night[0])
    text = told(print_standards, tables)
    cards = tables.read("call_scorecard").to_pylist()
    results = tables.read("rule_result").to_pylist()
    for manual in {card["manual"] for card in cards}:
        (line,) = (line for line in text.splitlines() if line.split()[:1] == [manual])
        scores = [card["score_share"] for card in cards if card["manual"] == manual and card["score_share"] is not None]
        critical = sum(card["critical_fails"] > 0 for card in cards if card["manual"] == manual)
        of_manual = [row for row in results if row["manual"] == manual]
        judged = sum(row["outcome"] in ("pass", "fail") for row in of_manual)
        applicable = sum(row["outcome"] != "not_applicable" for row in of_manual)
        assert line.split()[1:5] == [
            str(len(scores)),
            f"{sum(scores) / len(scores):.0%}",
            str(critical),
            f"{judged / applicable:.0%}",
        ]
        failed = Counter(row["rule_id"] for row in of_manual if row["outcome"] == "fail")
        worst = sorted(failed.items(), key=lambda one: (-one[1], one[0]))[:3]
        assert re.findall(r"(\S+)\s(\d+)/\d+", line) == [
            (rule.removeprefix(f"{manual}-"), str(number)) for rule, number in worst
        ]


def test_no_block_without_manuals(tmp_path: Path, demo_night: tuple[Path, NightReport]) -> None:
    assert told(print_standards, Tables(tmp_path)) == ""
    assert told(print_callbacks, Tables(tmp_path)) == ""
    assert told(print_standards, Tables(demo_night[0]), date(2030, 1, 1)) == ""
    assert told(print_callbacks, Tables(demo_night[0]), date(2030, 1, 1)) == ""


@pytest.fixture
def tables(tmp_path: Path, demo_night: tuple[Path, NightReport]) -> Tables:
    shutil.copytree(demo_night[0] / "tables", tmp_path / "tables")
    return Tables(tmp_path)


def test_call_backs_of_the_day_and_of_the_week(tables: Tables) -> None:
    row = KpiCallbackDaily(
        agent_id="a",
        team="",
        queue="q",
        promises=5,
        promises_with_time=5,
        promises_kept=3,
        promises_late=1,
        promises_not_kept=0,
        promises_open=1,
        promises_unjudged=0,
        kept_share=0.75,
        kept_low_share=0.3,
        kept_high_share=0.95,
        kept_verdict="too few calls",
        median_late_ms=60_000,
    )
    spec = spec_of(KpiCallbackDaily)
    days = {
        DAY: [row],
        DAY - timedelta(days=6): [replace(row, promises_kept=1, promises_not_kept=2)],
        DAY - timedelta(days=7): [row],
    }
    for day, rows in days.items():
        tables.replace_day(spec, day, spec.to_arrow(rows, Stamp(day, "a", 1, "0")), "a")
    assert re.sub(r"\s+", " ", told(print_callbacks, tables)) == (
        "Call-backs promised on this day 5: 3 kept, 1 late, 1 not due yet; "
        "in 7 days 10: 4 kept, 2 late, 2 not kept, 2 not due yet "
    )
