"""What a manager and an analyst read after a night, printed from the tables."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from flows.report_standards import print_callbacks, print_standards
from flows.reports import Reports
from flows.stored import NothingStored
from postcall.analyzer import Registry, discover
from postcall.nearest import did_you_mean
from postcall.tables import TableSpec, spec_of
from storage.runs import RUN_TABLES
from storage.tables import Tables

MASK = "•••"
MOST_NAMED = 4
MOST_COVERED = 4
COVERED = {
    ("call_speed_of_answer", "speed_of_answer_ms"): "speed of answer",
    ("call_speed_of_answer", "wait_ms"): "wait",
    ("call_ringing", "rings"): "rings",
    ("call_end", "hung_up_by"): "who hung up",
    ("call_hold", "hold_share"): "hold",
    ("call_silence", "silence_share"): "silence",
    ("call_talk_time", "agent_talk_share"): "talk of each party",
    ("call_overtalk", "agent_interruptions_per_min"): "interruptions",
    ("call_response_latency", "agent_latency_median_ms"): "response latency",
    ("call_transcript", "words"): "words",
}
"""Measures whose coverage stands for that of many others, and what the report calls them."""
LEFT_OUT = ("run_id", "made_by_version", "policy_digest")
"""What made a row: in every row, and seldom what one looks for on a screen."""

VERDICTS = {
    "met": "[green]met[/green]",
    "not met": "[red]not met[/red]",
    "open": "open: more calls are needed to tell",
    "too few calls": "too few calls for a verdict",
}


def print_report(console: Console, store: Path, day: date) -> None:
    """Print the report of one night.

    Raises
    ------
    NothingStored
        The night was never run.
    StorageError
        The store cannot be read.
    """
    tables = Tables(store)
    run = _only_row(tables, "run_night", day)
    if run is None:
        stopped = tables.read("run_failure", day) if "run_failure" in tables.names() else None
        if stopped is not None and stopped.num_rows:
            console.print(
                f"The night of {day.isoformat()} was stopped: nothing of it is known but what failed.\n", style="bold"
            )
            _print_failures(console, stopped)
            return
        raise NothingStored(
            f"the night of {day.isoformat()} was never run in store '{store}'",
            hint=f"`postcall nightly --date {day.isoformat()}` runs it; --store names another store",
        )
    zone = escape(f"({run['time_zone']})")
    console.rule(f"[bold]Calls of {day:%A} {day.day} {day:%B %Y}[/bold] {zone}", align="left", style="dim")
    kpi = _only_row(tables, "kpi_daily", day)
    if kpi is None:
        console.print("\nNo calls on this day.\n")
    else:
        console.print()
        console.print(_overview(kpi, tables, day))
        for name, what in (("kpi_agent_daily", "agent_id"), ("kpi_team_daily", "team"), ("kpi_queue_daily", "queue")):
            groups = tables.read(name, day).to_pandas()
            if groups[what].any():  # a centre that names no queues needs no table of the one without a name
                console.print()
                console.print(_groups(groups, what))
        console.print()
        print_standards(console, tables, day)
        print_callbacks(console, tables, day)
    console.print()
    _print_failures(console, tables.read("run_failure", day))
    _print_skips(console, tables.read("run_skip", day).to_pandas(), int(run["calls"]))
    if "kpi_coverage_daily" in tables.names():  # a store from before there was such a table
        _print_coverage(console, tables.read("kpi_coverage_daily", day).to_pylist())
    console.print(f"[bold]Words[/bold]  {escape(_words(run, tables, day))}", highlight=False)
    console.print(f"Tables in {tables.address}, run {run['run_id']}", style="dim", highlight=False, soft_wrap=True)
    console.print("`postcall tables` says what they hold, `postcall show TABLE` prints rows.", style="dim", highlight=False)


def print_published(console: Console, reports: Reports) -> None:
    """Say where a day's reports are, and what could not be published."""
    for why in reports.broken:
        console.print(why, style="bold red", highlight=False, soft_wrap=True, markup=False)
    if reports.index is not None:
        to_listen = f"{_count(reports.calls, 'call')} to listen to"
        console.print(
            f"\n[bold]Reports[/bold]  {_count(reports.dashboards, 'dashboard')} and {to_listen}; open in a browser:",
            highlight=False,
        )
        console.print(str(reports.index), highlight=False, soft_wrap=True, markup=False)


def _only_row(tables: Tables, name: str, day: date) -> dict[str, Any] | None:
    if name not in tables.names():
        return None
    rows = tables.read(name, day).to_pylist()
    return rows[0] if rows else None


def _overview(kpi: dict[str, Any], tables: Tables, day: date) -> Table:
    overview = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    overview.add_column(style="bold", no_wrap=True)
    overview.add_column(justify="right", no_wrap=True)
    overview.add_column()
    parts = [f"{kpi['calls_handled']} answered", f"{kpi['calls_abandoned']} abandoned"]
    if kpi["calls_answer_unknown"]:
        parts.append(f"{kpi['calls_answer_unknown']} not known")
    overview.add_row("Calls", str(kpi["calls_offered"]), ", ".join(parts))
    sound = f"{_length(kpi['recording_duration_ms'])} of sound" if kpi["calls_measured"] else "so nothing of sound is known"
    overview.add_row("Recordings heard", str(kpi["calls_measured"]), sound)
    overview.add_row("Talk", _length(kpi["speech_ms"]), _talk(kpi))
    silence = "not measurable" if kpi["silence_ms"] is None else _dead_air(tables, day)
    overview.add_row("Silence", _length(kpi["silence_ms"]), silence)
    overview.add_row("Hold", _length(kpi["hold_ms"]), _holds(kpi, tables, day))
    share = "–" if kpi["no_hold_share"] is None else f"{kpi['no_hold_share']:.0%}"
    overview.add_row("Without hold", share, _no_hold(kpi, day, tables))
    overview.add_row("Handling time", _length(kpi.get("average_handling_ms")), _handling(kpi))
    speed_of = _count(kpi["calls_speed_known"], "call")
    overview.add_row("Speed of answer", _length(kpi["average_speed_of_answer_ms"]), f"mean of {speed_of}")
    if kpi["service_level_share"] is not None:
        overview.add_row("Answered in time", f"{kpi['service_level_share']:.0%}", _service_level(kpi, tables, day))
    interruptions = kpi["agent_interruptions"]
    overview.add_row(
        "Interruptions",
        "–" if interruptions is None else str(interruptions),
        "not measurable"
        if kpi["agent_interruptions_per_min"] is None
        else f"by agents, {kpi['agent_interruptions_per_min']:.1f} a minute of customers' talk",
    )
    return overview


def _talk(kpi: dict[str, Any]) -> str:
    if not kpi["calls_measured"]:
        return "not measurable"
    agent, customer = kpi["agent_talk_ms"], kpi["customer_talk_ms"]
    if agent is None or customer is None or not agent + customer:
        return "parties not told apart"
    share = agent / (agent + customer)
    rest = kpi["calls_measured"] - kpi["calls_parties_known"]
    note = f"; {_count(rest, 'call')} with the parties not told apart" if rest else ""
    return f"agents {share:.0%}, customers {1 - share:.0%}{note}"


def _dead_air(tables: Tables, day: date) -> str:
    found = tables.read("event_dead_air", day)
    owed = sum(owner == "agent" for owner in found["owner"].to_pylist())
    return f"hold left out; dead air {found.num_rows}×, {owed}× owed by the agent"


def _holds(kpi: dict[str, Any], tables: Tables, day: date) -> str:
    if not kpi["calls_hold_known"]:
        return "not measurable: the call records say nothing of hold"
    longest = pc.max(tables.read("call_hold", day)["longest_hold_ms"]).as_py()
    tail = f", the longest {_length(longest)}" if longest else ""
    return f"{_count(kpi['holds'], 'hold')} in {_count(kpi['calls_hold_known'] - kpi['calls_without_hold'], 'call')}{tail}"


def _handling(kpi: dict[str, Any]) -> str:
    known = kpi.get("calls_handling_known")
    if not known:
        return "not measurable: the call records say nothing of after-call work"
    # Each of its own calls, so that nobody adds up parts of different ones.
    parts = [
        f"{name} {_length(kpi[f'average_{part}_ms'])} of {kpi[f'calls_{part}_known']}"
        for name, part in (("talk", "off_hold"), ("hold", "hold"), ("work after", "after_call_work"))
    ]
    return f"mean of {known} of {_count(kpi['calls_handled'], 'call')}; {', '.join(parts)}"


def _no_hold(kpi: dict[str, Any], day: date, tables: Tables) -> str:
    if kpi["no_hold_share"] is None:
        return "not measurable"
    return f"{_of(kpi)}; target {_target(tables, day):.0%}: {VERDICTS[kpi['no_hold_verdict']]}"


def _of(kpi: dict[str, Any]) -> str:
    low, high = kpi["no_hold_low_share"], kpi["no_hold_high_share"]
    return f"{kpi['calls_without_hold']} of {kpi['calls_hold_known']} calls (95 % interval {low:.0%} to {high:.0%})"


def _service_level(kpi: dict[str, Any], tables: Tables, day: date) -> str:
    low, high = kpi["service_level_low_share"], kpi["service_level_high_share"]
    of = kpi["calls_wait_known"] + kpi["calls_abandoned_late"]
    threshold = f"{_kpi_policy(tables, day, 'service_level_s'):g} s"
    return f"{kpi['calls_in_time']} of {of} within {threshold} (95 % interval {low:.0%} to {high:.0%})"


def _target(tables: Tables, day: date) -> float:
    return _kpi_policy(tables, day, "no_hold_target_share")


def _kpi_policy(tables: Tables, day: date, name: str) -> float:
    run = _only_row(tables, "run_night", day) or {}
    return float(json.loads(run["policy_json"])["kpi"][name])


def _groups(groups: pd.DataFrame, by: str) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, title=f"By {by.removesuffix('_id')}", title_justify="left", title_style="bold")
    shown.add_column(by.removesuffix("_id"))
    for title in ("calls", "answered", "talk", "silence", "hold", "without hold", "95 % interval", "interruptions"):
        shown.add_column(title, justify="right")
    for kpi in groups.astype(object).where(groups.notna(), None).to_dict("records"):
        is_known = kpi["no_hold_share"] is not None
        shown.add_row(
            escape(str(kpi[by]) or "(none)"),
            str(kpi["calls_offered"]),
            str(kpi["calls_handled"]),
            _length(kpi["agent_talk_ms"]) if by == "agent_id" else _length(kpi["speech_ms"]),
            _length(kpi["silence_ms"]),
            _length(kpi["hold_ms"]),
            f"{kpi['calls_without_hold']} of {kpi['calls_hold_known']}" if is_known else "–",
            f"{kpi['no_hold_low_share']:.0%}–{kpi['no_hold_high_share']:.0%}" if is_known else "–",
            "–" if kpi["agent_interruptions"] is None else str(int(kpi["agent_interruptions"])),
        )
    return shown


def _print_failures(console: Console, failures: pa.Table) -> None:
    if not failures.num_rows:
        console.print("[green]Nothing failed, and nothing was put aside.[/green]\n")
        return
    shown = Table(
        box=box.SIMPLE_HEAD,
        title=f"Put aside or failed: {failures.num_rows}",
        title_justify="left",
        title_style="bold yellow",
        show_lines=False,
    )
    shown.add_column("", justify="right")
    shown.add_column("what", no_wrap=True)
    shown.add_column("which calls", max_width=28)
    shown.add_column("why, and what to do")
    by_kind: dict[tuple[str, str], list[dict[str, Any]]] = {}
    ordered = failures.sort_by([(name, "ascending") for name in ("stage", "code", "call_id", "line")])
    for failure in ordered.to_pylist():
        by_kind.setdefault((failure["code"], failure["hint"] or ""), []).append(failure)
    for (code, hint), found in by_kind.items():
        calls = list(dict.fromkeys(map(_which, found)))
        more = f" and {len(calls) - MOST_NAMED} more" if len(calls) > MOST_NAMED else ""
        why = escape(found[0]["message"]) + ("; …" if len({failure["message"] for failure in found}) > 1 else "")
        action = f"\n[dim]→ {escape(hint)}[/dim]" if hint else ""
        shown.add_row(str(len(found)), code, escape(", ".join(calls[:MOST_NAMED]) + more), why + action)
    console.print(shown)
    console.print("`postcall show run_failure` lists each, docs/operations.md says what to do about each kind.\n", style="dim")


def _which(failure: dict[str, Any]) -> str:
    """The call, or, where it has no id that can be told, the line of its record."""
    if failure["call_id"]:
        return str(failure["call_id"])
    return f"line {failure['line']}" if failure["line"] else failure["analyzer"] or "–"


def _print_skips(console: Console, skips: pd.DataFrame, calls: int) -> None:
    if skips.empty:
        return
    shown = Table(box=box.SIMPLE_HEAD, title="Not measurable", title_justify="left", title_style="bold")
    shown.add_column("calls", justify="right", no_wrap=True)
    shown.add_column("why")
    shown.add_column("what")
    by_reason = [(found["call_id"].nunique(), str(reason), found) for reason, found in skips.groupby("reason")]
    for count, reason, found in sorted(by_reason, key=lambda group: (-group[0], group[1])):
        measures = ", ".join(sorted(found["analyzer"].unique()))
        is_all = set(found["part"]) == {"recording"}
        shown.add_row(f"{count} of {calls}", escape(reason), "all that is heard" if is_all else measures)
    console.print(shown)


def _print_coverage(console: Console, coverage: list[dict[str, Any]]) -> None:
    """Of the measures that stand for many others, those known of the fewest calls; what is alike shares a line."""
    alike: dict[tuple[float, int, int, str], list[str]] = {}
    for row in coverage:
        label = COVERED.get((row["table_name"], row["column_name"]))
        if label and row["calls_not_measurable"]:
            key = (row["coverage_share"], row["calls_known"], row["calls_expected"], row["commonest_reasons"])
            alike.setdefault(key, []).append(label)
    if not alike:
        return
    console.print("[bold]Known of not all calls[/bold]  [dim]`postcall show kpi_coverage_daily` has every measure[/dim]")
    lines = [
        (label + (f" and {len(others)} more" if others else ""), f"{known} of {expected}", reasons)
        for (_, known, expected, reasons), (label, *others) in sorted(alike.items())[:MOST_COVERED]
    ]
    widths = [max(len(line[column]) for line in lines) for column in (0, 1)]
    for label, known, reasons in lines:  # a line each: the table has the whole of it
        line = Text(f"{label:<{widths[0]}}  {known:>{widths[1]}}  {reasons}")
        console.print(line, no_wrap=True, overflow="ellipsis")
    console.print()


def _words(run: dict[str, Any], tables: Tables, day: date) -> str:
    engines = tables.read("call_transcript", day)["engine"].value_counts().to_pylist()
    found = ", ".join(f"{engine['counts']} × {engine['values']}" for engine in engines)
    return f"{found or 'none'}. Recogniser: {run['transcriber']}."


def print_tables(console: Console, store: Path) -> None:
    """Print every table, what one row of it is, and what is stored."""
    tables = Tables(store)
    declared = declared_tables(discover())
    written = set(tables.names())
    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("table", no_wrap=True, style="bold")
    shown.add_column("rows", justify="right")
    shown.add_column("days", justify="right")
    shown.add_column("one row is a", no_wrap=False)
    shown.add_column("what it holds")
    for name in sorted(written | declared.keys()):
        spec = declared.get(name)
        rows, days = _extent(tables, name) if name in written else (0, 0)
        shown.add_row(
            name,
            str(rows),
            str(days),
            spec.grain if spec else "",
            spec.description if spec else "no longer declared by any analyzer",
        )
    console.print(shown)
    console.print(f"Stored in {tables.address}", style="dim", highlight=False, soft_wrap=True)


def _extent(tables: Tables, name: str) -> tuple[int, int]:
    dates = tables.read(name)["call_date"]
    return len(dates), len(dates.unique())


def print_rows(
    console: Console,
    store: Path,
    name: str,
    *,
    day: date | None,
    limit: int,
    columns: list[str] | None,
    as_csv: bool,
    is_personal_shown: bool,
) -> None:
    """Print rows of a table, in order of date and key; personal data is masked unless asked for.

    Raises
    ------
    NothingStored
        No such table or column.
    StorageError
        The store cannot be read.
    """
    tables = Tables(store)
    declared = declared_tables(discover())
    spec = declared.get(name)
    if name not in tables.names():
        why = "holds nothing yet: no night wrote it" if spec else "is unknown"
        raise NothingStored(
            f"table '{name}' {why} (store '{store}')", hint=did_you_mean(name, tables.names() or list(declared))
        )
    stored = tables.read(name, day)
    keys = [("call_date", "ascending"), *((key, "ascending") for key in (spec.primary_key if spec else ()))]
    frame = stored.sort_by(keys).slice(0, limit).to_pandas(types_mapper=pd.ArrowDtype)
    hidden = [column.name for column in spec.columns if column.field.pii] if spec and not is_personal_shown else []
    for column in hidden:
        frame[column] = frame[column].where(frame[column].isna(), MASK)
    if columns:
        if unknown := [column for column in columns if column not in frame.columns]:
            raise NothingStored(
                f"table '{name}' has no column '{unknown[0]}'", hint=did_you_mean(unknown[0], list(frame.columns))
            )
        frame = frame[columns]
    if as_csv:
        print(frame.to_csv(index=False), end="")
        return
    if not columns:
        frame = frame.drop(columns=list(LEFT_OUT))
    if len(frame) == 1 or len(frame.columns) * 14 > console.width:
        _print_records(console, frame)
    else:
        shown = Table(box=box.SIMPLE_HEAD)
        for column in frame.columns:
            shown.add_column(column, overflow="fold", justify="right" if frame[column].dtype.kind in "if" else "left")
        for row in frame.itertuples(index=False):
            shown.add_row(*(_cell(value) for value in row))
        console.print(shown)
    left_out = "" if columns else f"; {', '.join(LEFT_OUT)} are left out, --csv prints them"
    console.print(f"{len(frame)} of {_count(stored.num_rows, 'row')}{left_out}", style="dim", highlight=False)
    if not frame.columns.intersection(hidden).empty:
        console.print(f"{MASK} is personal data; --personal shows it", style="dim")


def _print_records(console: Console, frame: pd.DataFrame) -> None:
    """One block a row, for tables wider than the screen."""
    for number, row in enumerate(frame.to_dict("records"), start=1):
        block = Table(
            box=None, show_header=False, padding=(0, 2, 0, 0), title=f"row {number}", title_justify="left", title_style="dim"
        )
        block.add_column(style="bold", no_wrap=True)
        block.add_column(overflow="fold")
        for column, value in row.items():
            block.add_row(str(column), _cell(value))
        console.print(block)
        console.print()


def _cell(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return "[dim]–[/dim]"
    if isinstance(value, float):
        return f"{value:.4g}"
    if value == "":
        return "[dim](none)[/dim]"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    return escape(str(value))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _length(ms: float | None) -> str:
    """``4:05 min`` or ``7.4 s``: a length as people read it."""
    if ms is None or pd.isna(ms):
        return "–"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} h" if hours else f"{minutes}:{seconds:02} min"


def declared_tables(registry: Registry) -> dict[str, TableSpec]:
    """Every table there is a declaration of, run tables included, by name."""
    return {**registry.tables, **{spec_of(row).name: spec_of(row) for row in RUN_TABLES}}
