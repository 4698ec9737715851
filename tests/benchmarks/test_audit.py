"""An audit that could not ask is no audit that found nothing."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from benchmarks import audit
from benchmarks.audit import NOT_ASKED, OK, VULNERABLE, main, read_audit

ROOT = Path(__file__).parents[2]

SAFE = {"name": "numpy", "version": "2.0", "vulns": []}
HOLE = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": []}]}
SKIPPED = {"name": "torch", "skip_reason": "Dependency not found on PyPI and could not be audited: torch (2.8.0+cpu)"}
OURS = {"name": "postcall", "skip_reason": "distribution marked as editable"}


@pytest.mark.parametrize(
    ("packages", "code"),
    [
        ([SAFE, OURS], OK),
        ([SAFE, HOLE, SKIPPED], VULNERABLE),
        ([SAFE, SKIPPED], NOT_ASKED),
        ([SKIPPED], NOT_ASKED),
        ([OURS], NOT_ASKED),
    ],
)
def test_exit_codes(packages: list[dict[str, Any]], code: int) -> None:
    assert read_audit({"dependencies": packages}).exit_code == code


@pytest.mark.parametrize(
    ("out", "err", "code", "said"),
    [
        ("", "ERROR: connection refused\n", NOT_ASKED, "could not be asked: ERROR: connection refused"),
        (json.dumps({"dependencies": [SKIPPED]}), "", NOT_ASKED, "Not asked about: torch"),
        (json.dumps({"dependencies": [HOLE]}), "Found 1", VULNERABLE, "old 1.0: PYSEC-1, mended in 1.1"),
        (json.dumps({"dependencies": [SAFE]}), "", OK, "1 packages asked about, 0 known vulnerabilities, 0 not asked."),
    ],
)
def test_what_is_said(
    out: str, err: str, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = subprocess.CompletedProcess([], 0, out, err)
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
    assert main() == code
    assert said in capsys.readouterr().out


def test_the_tools_are_an_extra_and_pinned() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    for tool in ("cyclonedx-bom", "pip-audit"):
        assert any(one.startswith(tool) for one in extras["audit"])
        assert f"\n{tool}==" in pinned
