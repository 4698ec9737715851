"""Blocks of the agents' scorecard: fair to few calls, and beside the centre, not beside each other's bare numbers."""

from __future__ import annotations

import pandas as pd

from flows.dashboards import charts
from flows.dashboards.block import Block
from flows.dashboards.board import Board, beside_manual, needed
from flows.dashboards.groups import measure_groups
from flows.dashboards.overview import HANDLING, is_handling_known, open_cells, with_handling
from postcall.statistics import holm, two_proportions_p

TILES = ("handled_calls", "no_hold", "call_length", "silence", "dead_air", "interruptions", "agent_talk", "speech_rate")
IN_TABLE = ("no_hold", "call_length", "silence", "dead_air", "interruptions", "agent_talk", "speech_rate")
BY_DAY = ("no_hold", "silence", "dead_air", "interruptions", "agent_talk", "speech_rate")
OF_CALLS = {"no_hold": ("calls_without_hold", "calls_hold_known")}
SCORES = "kpi_agent_standard_daily"


def open_data(board: Board) -> None:
    """Load what the charts draw from."""
    open_cells(board, (*TILES, *HANDLING, *BY_DAY))
    scores = board.frame(SCORES, needed(("agent_id", "manual", "call_date"), ("score", "critical")))
    board.data("scores", beside_manual(board, scores, "agent_id"))


def key_figures(board: Board) -> Block:
    """All agents, or the one who is chosen, in a few numbers."""
    return board.tiles("cells", with_handling(board, TILES), "before")


def measures_by_day(board: Board) -> Block:
    """How the measures went, day by day; of one agent when one is chosen."""
    spec = charts.trends_of_measures(board.words)
    return board.chart("measures_by_day", spec, "cells", ("call_date",), BY_DAY, is_wide=True)


def no_hold_by_agent(board: Board) -> Block:
    """Agents against the target."""
    spec = charts.intervals(board.words, "share", "agent_id", target=board.policy.no_hold_target_share)
    return board.chart("no_hold_by_agent", spec, "cells", ("agent_id",), ("no_hold",), is_ranked=True)


def interruptions_by_agent(board: Board) -> Block:
    """Agents by how often they talk into customers' speech."""
    spec = charts.intervals(board.words, "rate", "agent_id")
    return board.chart("interruptions_by_agent", spec, "cells", ("agent_id",), ("interruptions",), is_ranked=True)


def agents_beside_the_centre(board: Board) -> Block:
    """All agents with their measures, and whether hold differs from that of all others by a test corrected for their number."""
    cells = board.frame_of("cells")
    minimum = board.policy.minimum_calls
    rows = []
    in_table: tuple[str, ...] = IN_TABLE
    if is_handling_known(board):  # of which the length of calls is the rest
        at = IN_TABLE.index("call_length")
        in_table = (*IN_TABLE[:at], "after_call_work", "handling", *IN_TABLE[at + 1 :])
    measured = measure_groups(cells, ("agent_id",), ("handled_calls", *in_table), minimum)
    by_agent: dict[str, dict[str, dict[str, object]]] = {}
    for row in measured:
        by_agent.setdefault(str(row["agent_id"]), {})[row["measure"]] = row
    tests = _tests(cells, minimum)
    teams: dict[str, set[str]] = {}
    for agent_id, team in zip(cells["agent_id"], cells["team"], strict=True):
        teams.setdefault(agent_id, set()).add(team)
    for agent_id, of_agent in sorted(by_agent.items()):
        if not agent_id:
            continue
        shown: dict[str, object] = {"agent_id": agent_id, "team": ", ".join(sorted(teams[agent_id]))}
        shown["handled_calls"] = of_agent["handled_calls"]["value"]
        for name in in_table:
            shown[name] = {**of_agent[name], "how": name}
        shown["beside_others"] = board.words.of("verdicts", tests.get(agent_id, "too few calls"))
        rows.append(shown)
    columns = [
        ("agent_id", "text"),
        ("team", "text"),
        ("handled_calls", "number"),
        *((name, "measure") for name in in_table),
        ("beside_others", "text"),
    ]
    return board.table("agents_beside_the_centre", columns, pd.DataFrame(rows, columns=[name for name, _ in columns]))


def scores_by_agent(board: Board) -> Block:
    """How well agents keep each conduct manual."""
    if not len(board.frame_of("scores")):
        return board.note("no_manuals", "scores_by_agent")
    spec = charts.intervals(board.words, "portion", "manual_and_agent")
    return board.chart("scores_by_agent", spec, "scores", ("manual_and_agent",), ("score",), is_wide=True)


def _tests(cells: pd.DataFrame, minimum_n: int) -> dict[str, str]:
    """Agent -> whether the no-hold share is above or below that of all other agents; agents with few calls are left out."""
    if not len(cells):
        return {}
    part, whole = OF_CALLS["no_hold"]
    sums = cells.groupby("agent_id")[[part, whole]].sum()
    all_part, all_whole = int(sums[part].sum()), int(sums[whole].sum())
    tested: dict[str, tuple[float, bool]] = {}
    for agent_id, row in sums.iterrows():
        mine, of_mine = int(row[part]), int(row[whole])
        others, of_others = all_part - mine, all_whole - of_mine
        p_value = two_proportions_p(mine, of_mine, others, of_others)
        if agent_id and of_mine >= minimum_n and p_value is not None:
            tested[str(agent_id)] = (p_value, mine / of_mine > others / of_others)
    corrected = holm([p_value for p_value, _ in tested.values()])
    return {
        agent_id: ("above the others" if is_above else "below the others") if p_value < 0.05 else "like the others"
        for (agent_id, (_, is_above)), p_value in zip(tested.items(), corrected, strict=True)
    }
