"""Pages that are made from the code, so that they cannot disagree with it: tables, policy, analyzers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from flows.equipment import policy_sections
from postcall.analyzer import Registry, discover
from postcall.policy import Policy
from postcall.tables import STAMP, Column, TableSpec, spec_of
from storage.runs import RUN_TABLES

NOTE = "<!-- Made by `postcall docs`. Edit the code, not this page. -->\n\n"


def pages() -> dict[str, str]:
    """File name -> content of every generated page."""
    registry = discover()
    own = Registry(
        tuple(analyzer for analyzer in registry.analyzers if analyzer.function.__module__.startswith("analyzers.")),
        tuple(rollup for rollup in registry.rollups if rollup.function.__module__.startswith("analyzers.")),
    )
    return {
        "tables.md": NOTE + _tables(own),
        "policy.md": NOTE + _policy(own),
        "analyzers.md": NOTE + _analyzers(own),
    }


def write_pages(folder: Path) -> Iterator[Path]:
    """Write the pages; yields each path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pages().items():
        path = folder / name
        path.write_text(content, encoding="utf-8")
        yield path


def out_of_date(folder: Path) -> list[Path]:
    """Pages that differ from what the code says."""
    return [
        folder / name
        for name, content in pages().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != content
    ]


def _tables(registry: Registry) -> str:
    specs = sorted([*registry.tables.values(), *map(spec_of, RUN_TABLES)], key=lambda spec: spec.name)
    parts = [
        "# Tables\n",
        "Delta Lake tables below `tables/` of the store, partitioned by `call_date`. Times in ms count from the start of the "
        "recording unless a column says otherwise; `_at` columns are UTC. An empty value means *not measurable*, never 0.\n",
        "## In every table\n",
        _columns(STAMP),
    ]
    for spec in specs:
        parts += [f"## {spec.name}\n", f"{spec.description}\n", f"One row: {spec.grain}.{_key(spec)}\n"]
        parts.append(_columns(spec.columns, is_kpi=spec.prefix == "kpi_"))
    return "\n".join(parts)


def _key(spec: TableSpec) -> str:
    return f" Key: {_code(spec.primary_key)}." if spec.primary_key else ""


def _columns(columns: tuple[Column, ...], *, is_kpi: bool = False) -> str:
    lines = ["| column | type | meaning |", "| --- | --- | --- |"]
    for column in columns:
        field = column.field
        notes = [
            f"One of {', '.join(f'`{value}`' for value in field.enum)}." if field.enum else "",
            "**Personal data.**" if field.pii else "",
            "Not additive." if is_kpi and not field.additive else "",
        ]
        kind = column.kind.__name__ + (", may be empty" if column.nullable else "")
        text = " ".join([field.description, *filter(None, notes)])
        lines.append(f"| `{column.name}` | {kind} | {_cell(text)} |")
    return "\n".join(lines) + "\n"


def _policy(registry: Registry) -> str:
    parts = [
        "# Policy\n",
        'What the measures mean: every value with its default. A policy file starts with `extends = "default"` and holds only '
        "what differs; unknown sections and keys are errors. The digest of the whole policy stands in every row.\n",
    ]
    for name, kind in sorted(policy_sections(registry).items()):
        parts += [f"## [{name}]\n", f"{_first_paragraph(kind)}\n", _settings(kind)]
    return "\n".join(parts)


def _settings(kind: type[Policy]) -> str:
    lines = ["| key | default | bounds | meaning | source |", "| --- | --- | --- | --- | --- |"]
    properties: dict[str, Any] = kind.model_json_schema()["properties"]
    for key, content in properties.items():
        signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
        bounds = ", ".join(f"{sign} {content[word]:g}" for word, sign in signs.items() if word in content)
        default = kind.model_fields[key].get_default(call_default_factory=True)
        shown = _cell(repr([_plain(one) for one in default] if isinstance(default, tuple) else _plain(default)))
        lines.append(f"| `{key}` | `{shown}` | {bounds} | {_cell(content['description'])} | {content.get('source', '')} |")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> Any:
    """A value as a policy file has it."""
    return value.value if isinstance(value, Enum) else value


def _analyzers(registry: Registry) -> str:
    parts = [
        "# Analyzers and rollups\n",
        "One file each; what a number means is its docstring, repeated here word for word.\n",
    ]
    for maker in registry.makers:
        doc = inspect.getdoc(inspect.getmodule(maker.function)) or ""
        tables = _code(tuple(spec.name for spec in maker.tables))
        parts += [f"## {maker.name}\n", f"Version {maker.version}. Writes {tables}.\n", f"```text\n{doc}\n```\n"]
    return "\n".join(parts)


def _first_paragraph(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split("\n\n", 1)[0].split())


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
