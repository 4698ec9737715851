"""Blocks on hold, silence, dead air and who talks over whom."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from flows.dashboards import charts
from flows.dashboards.block import Block
from flows.dashboards.board import Board, column_of
from flows.dashboards.overview import open_cells
from flows.pages import palette

TILES = ("no_hold", "hold", "silence", "dead_air", "overtalk", "interruptions", "agent_talk", "measured")
PARTS = tuple(f"part_{name}" for name in charts.PARTS)
DEAD_AIR_STEPS_S = (0, 5, 10, 15, 20, 30, 45, 60, 120)
HOLD_STEPS_S = (0, 10, 20, 30, 45, 60, 120, 180, 300, 600)
LONGEST = 25
OWNERS = ("agent", "customer")


def open_data(board: Board) -> None:
    """Load what the charts draw from."""
    open_cells(board, (*TILES, *PARTS, "handled_calls"))


def key_figures(board: Board) -> Block:
    """The period in a few numbers."""
    return board.tiles("cells", TILES, "before")


def what_a_call_is_made_of(board: Board) -> Block:
    """Talk of both, silence and hold of an average call, by queue."""
    return board.chart("parts_of_a_call", charts.parts(board.words, "queue", charts.PARTS), "cells", ("queue",), PARTS)


def dead_air_by_day(board: Board) -> Block:
    """Silence in which the customer waits for the agent."""
    return board.chart("dead_air_by_day", charts.trend(board.words, "length"), "cells", ("call_date",), ("dead_air",))


def silence_by_day(board: Board) -> Block:
    """Silence as a portion of the conversation."""
    return board.chart("silence_by_day", charts.trend(board.words, "portion"), "cells", ("call_date",), ("silence",))


def interruptions_by_day(board: Board) -> Block:
    """How often agents talk into customers' speech."""
    return board.chart("interruptions_by_day", charts.trend(board.words, "rate"), "cells", ("call_date",), ("interruptions",))


def lengths_of_dead_air(board: Board) -> Block:
    """How long dead air lasts, and who owed the next word."""
    events = _with_calls(board, board.frame("event_dead_air", ["call_id", "duration_ms", "owner"]))
    owner = events["owner"].map(lambda one: board.words.of("owners", one if one in OWNERS else "unknown"))
    length, order = _steps(board, events["duration_ms"], DEAD_AIR_STEPS_S)
    board.data("dead_air_lengths", _counted(events.assign(length=length, owner=owner), ["length", "owner"], order))
    colours = {
        board.words.of("owners", "agent"): palette.AGENT,
        board.words.of("owners", "customer"): palette.CUSTOMER,
        board.words.of("owners", "unknown"): palette.UNKNOWN,
    }
    spec = charts.stacked(board.words, "length", "owner", colours, order=order)
    return board.chart("lengths_of_dead_air", spec, "dead_air_lengths", ("length", "owner"), ("calls",))


def lengths_of_hold(board: Board) -> Block:
    """How long customers are parked."""
    events = _with_calls(board, _holds(board, ["call_id", "duration_ms"]))
    length, order = _steps(board, events["duration_ms"], HOLD_STEPS_S)
    board.data("hold_lengths", _counted(events.assign(length=length), ["length"], order))
    spec = charts.bars(board.words, "length", order, colour=palette.HOLD)
    return board.chart("lengths_of_hold", spec, "hold_lengths", ("length",), ("calls",))


def longest_dead_air(board: Board) -> Block:
    """The longest silences in which the agent owed the next word, each with the moment in its call."""
    events = board.frame(
        "event_dead_air", ["call_id", "call_date", "start_ms", "duration_ms", "owner", "preceded_by", "is_exempt"]
    )
    mine = (
        events[(events["owner"] == "agent") & ~events["is_exempt"].fillna(False).astype("boolean")] if len(events) else events
    )
    rows = _with_calls(board, _longest(mine))
    before = [board.words.of("preceded_by", None if pd.isna(one) else one) for one in rows["preceded_by"]]
    shown = rows.assign(preceded_by=column_of(rows, before), call=column_of(rows, _links(board, rows)))
    columns = [
        ("call", "call"),
        ("call_date", "day"),
        ("queue", "text"),
        ("agent_id", "text"),
        ("duration_ms", "length"),
        ("preceded_by", "text"),
    ]
    return board.table("longest_dead_air", columns, shown)


def longest_holds(board: Board) -> Block:
    """The longest holds, each with the moment in its call."""
    rows = _with_calls(board, _longest(_holds(board, ["call_id", "call_date", "start_ms", "duration_ms"])))
    shown = rows.assign(call=column_of(rows, _links(board, rows)))
    columns = [
        ("call", "call"),
        ("call_date", "day"),
        ("queue", "text"),
        ("agent_id", "text"),
        ("duration_ms", "length"),
    ]
    return board.table("longest_holds", columns, shown)


def _holds(board: Board, columns: list[str]) -> pd.DataFrame:
    """Holds by the call record; those that are heard, in calls of which it has none."""
    events = board.frame("event_hold", [*columns, "hold_source", "hold_kind"])
    holds = events[(events["hold_kind"] == "hold").fillna(False).astype("boolean")] if len(events) else events
    is_recorded = holds["hold_source"] == "call_record"
    recorded = set(holds.loc[is_recorded, "call_id"])
    return holds[is_recorded | ~holds["call_id"].isin(recorded)][columns]


def _longest(events: pd.DataFrame) -> pd.DataFrame:
    return events.sort_values(["duration_ms", "call_id"], ascending=[False, True]).head(LONGEST)


def _with_calls(board: Board, events: pd.DataFrame) -> pd.DataFrame:
    """Events with agent, team, queue and day of their calls, so that a reader can filter."""
    wanted = ["call_id", "agent_id", "team", "queue", "call_date"]
    calls = board.frame("call_contact", wanted)
    new = ["call_id", *(name for name in wanted if name not in events.columns)]
    return events.merge(calls[new], on="call_id", how="left")


def _links(board: Board, rows: pd.DataFrame) -> list[tuple[str, str]]:
    return [
        board.call_link(call_id, day, start_ms)
        for call_id, day, start_ms in zip(rows["call_id"], rows["call_date"], rows["start_ms"], strict=True)
    ]


def _steps(board: Board, lengths_ms: pd.Series[int], steps_s: Sequence[int]) -> tuple[pd.Series[str], list[str]]:
    """The step that each length falls into, and the steps' names in order."""
    seconds = board.words.labels.get("common.seconds_short")
    names = [f"{low}–{high} {seconds}" for low, high in pairwise(steps_s)] + [f"> {steps_s[-1]} {seconds}"]
    edges = [*(step * 1000 for step in steps_s), float("inf")]
    cut = pd.cut(lengths_ms.astype("Float64").astype(float), edges, labels=names, right=False)
    return cut.astype(str), names


def _counted(events: pd.DataFrame, keys: list[str], order: list[str]) -> pd.DataFrame:
    """Events by the keys and by what a reader filters by, in the order of the steps."""
    by = [*keys, "agent_id", "team", "queue", "call_date"]
    counted = events.groupby(by, dropna=False, observed=True).size().reset_index(name="calls")
    place = {name: number for number, name in enumerate(order)}
    return counted.sort_values("length", key=lambda steps: steps.map(place), kind="stable", ignore_index=True)
