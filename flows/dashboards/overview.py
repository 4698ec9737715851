"""Blocks of the overview: how the period went, where it went otherwise, and which calls to hear first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flows.dashboards import charts
from flows.dashboards.block import Block
from flows.dashboards.board import Board, needed
from flows.dashboards.measures import MEASURES
from flows.pages import palette
from postcall.periods import Change, change_of_median, change_of_share, scaled
from postcall.statistics import holm

CELLS = "kpi_agent_queue_daily"
KEYS = ("agent_id", "team", "queue", "call_date")
TILES = ("offered", "no_hold", "service_level", "speed_of_answer", "call_length", "silence", "dead_air", "interruptions")
HANDLING = ("handling", "after_call_work")
SHARES = ("no_hold", "service_level", "abandoned", "answered_in_seconds", "ended_by_agent")
MEDIANS = {
    "call_duration_ms": ("call_contact", "call_duration_ms"),
    "speed_of_answer_ms": ("call_speed_of_answer", "speed_of_answer_ms"),
    "agent_latency_median_ms": ("call_response_latency", "agent_latency_median_ms"),
    "silence_share": ("call_silence", "silence_share"),
}
"""Amounts per call of which the medians of two periods are compared: table and column."""
HANDLING_MEDIAN = {"handling_ms": ("call_contact", "handling_ms")}
MEDIANS_BUT_LENGTH = {name: place for name, place in MEDIANS.items() if name != "call_duration_ms"}

HANDLING_PARTS = tuple(f"part_{name}" for name in charts.HANDLING_PARTS)
SHOWN = dict.fromkeys(
    (*TILES, *HANDLING, *SHARES, "agent_talk", "overtalk", "hold", "speech_rate", "measured", *HANDLING_PARTS)
)
WORST = 25
SHARE_STEP = 0.0001
TROUBLE = {
    "call_hold": ("holds", "longest_hold_ms"),
    "call_dead_air": ("agent_dead_airs", "longest_dead_air_ms"),
    "call_overtalk": ("agent_interruptions", None),
}
"""Table -> its count of what went wrong in a call, and the longest of it."""


def open_cells(board: Board, names: tuple[str, ...] = tuple(SHOWN), extra: tuple[str, ...] = ()) -> None:
    """Load the groups that the charts draw from, for the period and the one before it."""
    columns = [*needed(KEYS, names), *extra]
    board.data("cells", board.frame(CELLS, columns))
    before = board.frame(CELLS, columns, is_before=True)
    # Of the period before only the key figures are shown, so its days are added up.
    keys = ["agent_id", "team", "queue"]
    sums = [column for column in columns if column not in KEYS]
    board.data("before", before.groupby(keys, as_index=False)[sums].sum(min_count=1) if len(before) else before[[*keys, *sums]])


def is_handling_known(board: Board, data: str = "cells") -> bool:
    """Whether the handling time of any call is known: without after-call work in the call records it is of none."""
    # A store from before there was such a column has it empty.
    return bool((board.frame_of(data)["calls_handling_known"].dropna().astype("int64") > 0).any())


def with_handling(board: Board, names: Sequence[str]) -> tuple[str, ...]:
    """Measures, the length of calls among them replaced by their handling time where that is known."""
    is_known = is_handling_known(board)
    return tuple("handling" if is_known and name == "call_length" else name for name in names)


def key_figures(board: Board) -> Block:
    """The period in a few numbers."""
    return board.tiles("cells", with_handling(board, TILES), "before")


def no_hold_by_day(board: Board) -> Block:
    """Calls without hold against their target, by day."""
    spec = charts.trend(board.words, "share", target=board.policy.no_hold_target_share)
    return board.chart("no_hold_by_day", spec, "cells", ("call_date",), ("no_hold",))


def service_level_by_day(board: Board) -> Block:
    """Calls answered in time against their target, by day."""
    spec = charts.trend(board.words, "share", target=board.policy.service_level_target_share)
    return board.chart("service_level_by_day", spec, "cells", ("call_date",), ("service_level",))


def no_hold_by_queue_and_day(board: Board) -> Block:
    """Small multiples, one for each queue."""
    spec = charts.trends_by(board.words, "share", "queue", target=board.policy.no_hold_target_share)
    return board.chart("no_hold_by_queue_and_day", spec, "cells", ("queue", "call_date"), ("no_hold",), is_wide=True)


def no_hold_by_queue(board: Board) -> Block:
    """Queues against the target."""
    spec = charts.intervals(board.words, "share", "queue", target=board.policy.no_hold_target_share)
    return board.chart("no_hold_by_queue", spec, "cells", ("queue",), ("no_hold",), is_ranked=True)


def no_hold_by_team(board: Board) -> Block:
    """Teams against the target."""
    spec = charts.intervals(board.words, "share", "team", target=board.policy.no_hold_target_share)
    return board.chart("no_hold_by_team", spec, "cells", ("team",), ("no_hold",), is_ranked=True)


def handling_time_by_queue(board: Board) -> Block:
    """Talk, hold and after-call work of an average call, by queue."""
    name = "handling_time_by_queue" if is_handling_known(board) else "talk_and_hold_by_queue"
    spec = charts.parts(board.words, "queue", charts.HANDLING_PARTS)
    return board.chart(name, spec, "cells", ("queue",), HANDLING_PARTS, is_wide=True)


def open_hours(board: Board) -> None:
    """Load calls by hour of the centre's day."""
    names = ("service_level", "offered")
    hours = board.frame(
        "kpi_queue_hourly", [*needed(("queue", "call_date"), names), "hour_at", "calls_handled", "calls_abandoned"]
    )
    local = pd.to_datetime(hours["hour_at"], utc=True).dt.tz_convert(board.zone)
    weekdays = local.dt.day_of_week.map(lambda day: board.words.get(f"weekdays.d{int(day)}"), na_action="ignore")
    board.data(
        "hours",
        hours.drop(columns="hour_at").assign(hour=local.dt.strftime("%H:%M"), weekday=weekdays).dropna(subset="hour"),
    )


def calls_by_hour(board: Board) -> Block:
    """When calls come, and how many nobody answers."""
    colours = {board.measure_label("handled_calls"): palette.BLUE, board.measure_label("abandoned_calls"): palette.VERMILION}
    spec = charts.stacked(board.words, "hour", "label", colours)
    return board.chart("calls_by_hour", spec, "hours", ("hour",), ("handled_calls", "abandoned_calls"))


def service_level_by_hour(board: Board) -> Block:
    """When callers wait."""
    spec = charts.intervals(board.words, "share", "hour", target=board.policy.service_level_target_share)
    return board.chart("service_level_by_hour", spec, "hours", ("hour",), ("service_level",))


def calls_by_weekday(board: Board) -> Block:
    """When calls come within the week."""
    order = [board.words.get(f"weekdays.d{day}") for day in range(7)]
    spec = charts.heat(board.words, "hour", "weekday", order)
    return board.chart("calls_by_weekday", spec, "hours", ("weekday", "hour"), ("offered",), is_wide=True)


def against_the_period_before(board: Board) -> Block:
    """What changed, by a test and not by two bare numbers."""
    now, before = board.frame_of("cells"), board.frame_of("before")
    found: list[tuple[str, str, Change]] = [
        (name, "share", _change_of_share(name, now, before, board.policy.minimum_calls)) for name in SHARES
    ]
    # Handling time stands in for the length, so that a page of a million calls tests no more than it did.
    both = is_handling_known(board) and is_handling_known(board, "before")
    for name, (table, column) in ({**HANDLING_MEDIAN, **MEDIANS_BUT_LENGTH} if both else MEDIANS).items():
        values, earlier = (_values(board, table, column, is_before=is_before) for is_before in (False, True))
        change = change_of_median(values, earlier, minimum_n=board.policy.minimum_calls)
        is_share = name.endswith("_share")
        found.append((f"median_{name}", "share" if is_share else "length", scaled(change, SHARE_STEP) if is_share else change))
    corrected = iter(holm([change.p_value for _, _, change in found if change.p_value is not None]))
    rows = []
    for name, how, change in found:
        p_value = None if change.p_value is None else next(corrected)
        is_clear = change.verdict == "changed" and p_value is not None and p_value < 0.05
        verdict = change.verdict if change.verdict != "changed" or is_clear else "no clear change"
        rows.append(
            {
                "measure": board.measure_label(name),
                "now": _cell(how, change.now),
                "before": _cell(how, change.before),
                "difference": {"how": how, "value": change.difference, "low": change.low, "high": change.high},
                "calls_now": change.n,
                "calls_before": change.before_n,
                "verdict": board.words.of("verdicts", verdict),
            }
        )
    columns = [
        ("measure", "text"),
        ("now", "own"),
        ("before", "own"),
        ("difference", "change"),
        ("calls_now", "number"),
        ("calls_before", "number"),
        ("verdict", "text"),
    ]
    return board.table("against_the_period_before", columns, pd.DataFrame(rows))


def calls_to_hear_first(board: Board) -> Block:
    """Calls of the last day on which most went wrong, each with its page."""
    found: dict[str, dict[str, Any]] = {}
    for table, (count, longest) in TROUBLE.items():
        columns = ["call_id", count, *([longest] if longest else [])]
        # Most calls have no trouble, so that little is left to be put together.
        for row in board.last_day_rows(table, columns, pc.field(count) > 0).to_pylist():
            found.setdefault(row["call_id"], {}).update(row)
    counts = [count for count, _ in TROUBLE.values()]
    worst = sorted(found.values(), key=lambda row: (-sum(row.get(count, 0) for count in counts), row["call_id"]))[:WORST]
    is_worst = pc.field("call_id").isin(pa.array([row["call_id"] for row in worst], pa.string()))
    calls = {row["call_id"]: row for row in board.last_day_rows("call_contact", ["call_id", *KEYS], is_worst).to_pylist()}
    day = board.last.isoformat()
    names = [*counts, *(longest for _, longest in TROUBLE.values() if longest)]
    rows = [
        {
            **dict.fromkeys(names),
            **row,
            **calls[row["call_id"]],
            "call_date": day,
            "call": board.call_link(row["call_id"], day),
        }
        for row in worst
    ]
    shown = pd.DataFrame(rows, columns=["call", "call_id", *KEYS, *names])
    for count in counts:
        shown[count] = shown[count].astype("Int64").fillna(0)
    return board.table(
        "calls_to_hear_first",
        [
            ("call", "call"),
            ("queue", "text"),
            ("agent_id", "text"),
            ("holds", "number"),
            ("longest_hold_ms", "length"),
            ("agent_dead_airs", "number"),
            ("longest_dead_air_ms", "length"),
            ("agent_interruptions", "number"),
        ],
        shown,
    )


def _change_of_share(name: str, now: pd.DataFrame, before: pd.DataFrame, minimum_n: int) -> Change:
    def total(frame: pd.DataFrame, columns: tuple[str, ...]) -> int:
        return int(frame[list(columns)].fillna(0).to_numpy(dtype="int64").sum()) if len(frame) else 0

    measure = MEASURES[name]
    parts: list[int] = [total(frame, columns) for frame in (now, before) for columns in (measure.part, measure.whole)]
    return change_of_share(*parts, minimum_n=minimum_n)


def _values(board: Board, table: str, column: str, *, is_before: bool) -> NDArray[np.int64]:
    """Known values of a column of calls, as whole numbers: shares in steps of `SHARE_STEP`."""
    found = pc.drop_null(board.rows(table, [column], is_before=is_before)[column])
    if not len(found):
        return np.empty(0, dtype=np.int64)
    values: NDArray[np.int64] = found.to_numpy()
    return np.rint(values / SHARE_STEP).astype(np.int64) if column.endswith("_share") else values


def _cell(how: str, value: float | None) -> dict[str, object]:
    return {"how": how, "value": value}
