"""What the report of a day says of handling time."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from flows.demonstration import DAY
from flows.night import NightReport
from flows.report import _handling, print_report


def test_handling_time_stands_with_the_calls_that_each_part_is_of(demo_night: tuple[Path, NightReport]) -> None:
    console = Console(file=io.StringIO(), record=True, width=120)
    print_report(console, demo_night[0], DAY)
    (line,) = (line for line in console.export_text().splitlines() if line.startswith("Handling time"))
    # Of 16 answered calls 13 have after-call work in their record, 385 s in all.
    assert "1:21 min" in line
    assert "mean of 13 of 16 calls; talk 47.0 s of 16, hold 2.5 s of 16, work after 29.6 s of 13" in line


def test_without_after_call_work_it_is_not_measurable() -> None:
    assert _handling({"calls_handled": 3, "calls_handling_known": 0}).startswith("not measurable")
    assert _handling({"calls_handled": 3}).startswith("not measurable"), "a day of an older version"
