"""What README.md shows can be done."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

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
        timeout=120,
        check=False,
    )
    rows, speech_ms = done.stdout.split()
    assert (int(rows), int(float(speech_ms)) > 200_000) == (13, True), done.stderr


def test_every_link_leads_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_command_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", README, flags=re.MULTILINE):
        name = next(filter(None, target))
        assert re.search(rf"^{name}:", makefile, flags=re.MULTILINE), name
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    known = set(group.commands)
    named = {
        next(filter(None, found)) for found in re.findall(r"`postcall ([a-z]+)|^postcall ([a-z]+)", README, flags=re.MULTILINE)
    }
    assert {"init", "nightly", "show"} <= named <= known
