"""What README.md shows can be done."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from flows.cli import app
from flows.demonstration import DAY, transcribed_settings
from flows.night import plainly, run_night

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_two_lines_of_pandas_read_a_table(tmp_path: Path) -> None:
    run_night(DAY, transcribed_settings(tmp_path / "demo-store"), step=plainly)
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(len(calls), calls['speech_ms'].sum())"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    rows, speech_ms = done.stdout.split()
    assert (int(rows), int(float(speech_ms)) > 200_000) == (13, True), done.stderr


PAGES = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks/README.md", ROOT / "training/README.md")


def _anchors(page: Path) -> set[str]:
    """Names of a page's headings, as links write them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ +(.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            aim = page.parent / target if target else page
            assert aim.exists(), target
            assert not anchor or anchor in _anchors(aim), f"{target}#{anchor}"


def test_every_command_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    for target in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", text, flags=re.MULTILINE):
        name = next(filter(None, target))
        assert re.search(rf"^{name}:", makefile, flags=re.MULTILINE), name
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    known = set(group.commands)
    named = {
        next(filter(None, found)) for found in re.findall(r"`postcall ([a-z]+)|^postcall ([a-z]+)", text, flags=re.MULTILINE)
    }
    assert {"init", "nightly", "show"} <= named <= known
