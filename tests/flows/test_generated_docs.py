"""Pages made from the code, and the page of operations, which must keep up with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.equipment import policy_sections
from flows.generated_docs import out_of_date, pages, write_pages
from flows.report import declared_tables
from flows.settings import Settings
from postcall import errors
from postcall.analyzer import discover
from postcall.errors import PostCallError
from storage.recordings import AmbiguousRecording
from storage.telephony import CODES
from tests.flows.conftest import Command

DOCS = Path(__file__).parents[2] / "docs"
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")


def test_pages_name_every_table_column_and_policy_value() -> None:
    made = pages()
    registry = discover()
    for name, spec in declared_tables(registry).items():
        assert f"\n## {name}\n" in made["tables.md"]
        assert all(f"| `{column.name}` |" in made["tables.md"] for column in spec.stored_columns)
    for section, kind in policy_sections(registry).items():
        assert f"\n## [{section}]\n" in made["policy.md"]
        assert all(f"| `{key}` |" in made["policy.md"] for key in kind.model_fields)
    assert all(f"\n## {maker.name}\n" in made["analyzers.md"] for maker in registry.makers)


def test_rows_of_a_page_have_as_many_cells_as_its_head() -> None:
    for name, page in pages().items():
        width = 0
        for line in page.splitlines():
            if not line.startswith("|"):
                width = 0
                continue
            cells = len(re.findall(r"(?<!\\)\|", line))
            width = width or cells
            assert cells == width, f"{name}: {line}"


def test_a_page_that_is_out_of_date_is_found(tmp_path: Path) -> None:
    written = list(write_pages(tmp_path))
    assert out_of_date(tmp_path) == []
    written[0].write_text("old", encoding="utf-8")
    written[1].unlink()
    assert out_of_date(tmp_path) == written[:2]


def test_the_command_writes_and_checks(postcall: Command, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    stale = postcall("docs", "--check", "--folder", folder)
    assert stale.code == 2
    assert "Out of date: tables.md" in stale.err
    assert postcall("docs", "--folder", folder).code == 0
    assert postcall("docs", "--check", "--folder", folder).code == 0


# ── docs/operations.md ───────────────────────────────────────────────────────


def _codes() -> set[str]:
    """Every code that can stand in run_failure, or on the screen."""
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PostCallError)}
    return {kind.code for kind in kinds - {PostCallError}} | {AmbiguousRecording.code} | set(CODES)


@pytest.mark.parametrize("code", sorted(_codes()))
def test_operations_say_what_each_code_means_and_what_to_do(code: str) -> None:
    rows = [line for line in OPERATIONS.splitlines() if line.startswith("|") and f"`{code}`" in line.split("|")[1]]
    assert len(rows) == 1, "one row of a table, its code in the first column"
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert len(cells) >= 3
    assert all(cells)


def test_operations_name_commands_that_are(postcall: Command) -> None:
    commands = set(re.findall(r"^│ (\w+) ", postcall("--help").out, re.MULTILINE))
    named = set(re.findall(r"^postcall (\w+)", OPERATIONS, re.MULTILINE)) | set(re.findall(r"`postcall (\w+)", OPERATIONS))
    assert {"init", "nightly", "report", "show"} <= named <= commands


def test_operations_name_settings_that_are(postcall: Command) -> None:
    options = set(re.findall(r"`(?:recorder|records|transcriber|decode|kpi)\.(\w+)", OPERATIONS))
    known = {
        *policy_sections(discover())["decode"].model_fields,
        *policy_sections(discover())["kpi"].model_fields,
        "options",
        *Settings.model_fields["recorder"].annotation.model_fields,  # type: ignore[union-attr]
        *Settings.model_fields["records"].annotation.model_fields,  # type: ignore[union-attr]
        *Settings.model_fields["transcriber"].annotation.model_fields,  # type: ignore[union-attr]
    }
    assert options <= known
