"""Blocks on the conduct manuals: how often each rule is kept, how often it can be judged, who breaks critical ones."""

from __future__ import annotations

import pandas as pd

from flows.dashboards import charts
from flows.dashboards.block import Block
from flows.dashboards.board import Board, beside_manual, column_of, needed
from flows.dashboards.groups import measure_groups
from standards import load_manual, manual_ids

RULES = "kpi_rule_daily"
SCORES = "kpi_agent_standard_daily"
TEAMS = "kpi_team_standard_daily"
CALL_BACKS, CALL_BACK_WEEKS = "kpi_callback_daily", "kpi_callback_weekly"
MOST_CALLS = 40


def open_data(board: Board) -> None:
    """Load rules and scores; both are empty where no manual is in force."""
    board.data(
        "rules", board.frame(RULES, needed(("manual", "rule_id", "clause_id", "call_date"), ("rule_kept", "rule_judged")))
    )
    scores = board.frame(SCORES, needed(("agent_id", "manual", "call_date"), ("score", "critical")))
    board.data("agent_scores", scores.sort_values("manual", kind="stable", ignore_index=True))
    teams = board.frame(TEAMS, needed(("team", "manual", "call_date"), ("score", "critical")))
    board.data("team_scores", beside_manual(board, teams, "team"))


def key_figures(board: Board) -> Block:
    """The score of each manual."""
    if not len(board.frame_of("agent_scores")):
        return board.note("no_manuals")
    spec = charts.intervals(board.words, "portion", "manual")
    return board.chart("score_by_manual", spec, "agent_scores", ("manual",), ("score",))


def critical_by_manual(board: Board) -> Block:
    """How often a critical rule of each manual is broken."""
    if not len(board.frame_of("agent_scores")):
        return board.note("no_manuals", "critical_by_manual")
    spec = charts.intervals(board.words, "share", "manual")
    return board.chart("critical_by_manual", spec, "agent_scores", ("manual",), ("critical",))


def score_by_day(board: Board) -> Block:
    """The score of each manual, day by day."""
    if not len(board.frame_of("agent_scores")):
        return board.note("no_manuals", "score_by_day")
    spec = charts.trends_by(board.words, "portion", "manual")
    return board.chart("score_by_day", spec, "agent_scores", ("manual", "call_date"), ("score",), is_wide=True)


def score_by_team(board: Board) -> Block:
    """Each manual's score by team."""
    if not len(board.frame_of("team_scores")):
        return board.note("no_manuals", "score_by_team")
    spec = charts.intervals(board.words, "portion", "manual_and_team")
    return board.chart("score_by_team", spec, "team_scores", ("manual_and_team",), ("score",), is_wide=True)


def rules_kept(board: Board) -> Block:
    """Each rule: how often it is kept where it can be judged."""
    if not len(board.frame_of("rules")):
        return board.note("no_manuals", "rules_kept")
    spec = charts.intervals(board.words, "share", "rule_id")
    return board.chart("rules_kept", spec, "rules", ("rule_id",), ("rule_kept",), is_ranked=True, is_wide=True)


def rules_in_figures(board: Board) -> Block:
    """Each rule with its title, the calls that keep and break it, and in how many of those it applies to it can be judged."""
    rules = board.frame_of("rules")
    if not len(rules):
        return board.note("no_manuals", "rules_in_figures")
    sums = rules.groupby(["manual", "rule_id"], as_index=False)[["calls_passed", "calls_failed", "calls_unjudged"]].sum()
    titles = _rule_titles(board, sums["manual"])
    shares: dict[tuple[str, str], dict[str, object]] = {}
    for row in measure_groups(rules, ("manual", "rule_id"), ("rule_kept", "rule_judged"), board.policy.minimum_calls):
        shares.setdefault((row["manual"], row["rule_id"]), {})[row["measure"]] = {**row, "how": row["measure"]}
    keys = list(zip(sums["manual"], sums["rule_id"], strict=True))
    shown = sums.assign(
        rule_title=[titles.get(rule_id, "") for _, rule_id in keys],
        rule_kept=column_of(sums, (shares[key]["rule_kept"] for key in keys)),
        rule_judged=column_of(sums, (shares[key]["rule_judged"] for key in keys)),
    )
    columns = [
        ("manual", "text"),
        ("rule_id", "text"),
        ("rule_title", "text"),
        ("calls_passed", "number"),
        ("calls_failed", "number"),
        ("rule_kept", "measure"),
        ("calls_unjudged", "number"),
        ("rule_judged", "measure"),
    ]
    return board.table("rules_in_figures", columns, shown)


def critical_calls(board: Board) -> Block:
    """Calls of the last day that break a critical rule, each with the moment."""
    broken = board.last_day("rule_result", ["call_id", "call_date", "manual", "rule_id", "outcome", "is_critical", "start_ms"])
    if not board.has("rule_result"):
        return board.note("no_manuals", "critical_calls")
    broken = broken[(broken["outcome"] == "fail") & broken["is_critical"].astype("boolean")].head(MOST_CALLS)
    calls = board.last_day("call_contact", ["call_id", "agent_id", "team", "queue"])
    rows = broken.merge(calls, on="call_id", how="left").sort_values(["rule_id", "call_id"])
    titles = _rule_titles(board, rows["manual"])
    links = [
        board.call_link(call_id, day, start_ms)
        for call_id, day, start_ms in zip(rows["call_id"], rows["call_date"], rows["start_ms"], strict=True)
    ]
    shown = rows.assign(
        call=column_of(rows, links),
        rule_title=[titles.get(rule_id, "") for rule_id in rows["rule_id"]],
    )
    columns = [("call", "call"), ("queue", "text"), ("agent_id", "text"), ("rule_id", "text"), ("rule_title", "text")]
    return board.table("critical_calls", columns, shown)


def call_backs(board: Board) -> Block:
    """Promised call-backs by agent: kept, late, not kept, and those that cannot be told yet or at all."""
    counted = ["promises", "promises_kept", "promises_late", "promises_not_kept", "promises_open", "promises_unjudged"]
    promised = board.frame(CALL_BACKS, ["agent_id", *counted]) if board.has(CALL_BACKS) else None
    if promised is None or not len(promised):
        return board.note("no_call_backs", "call_backs")
    sums = promised.groupby("agent_id", as_index=False)[counted].sum()
    rows = measure_groups(promised, ("agent_id",), ("call_backs_kept",), board.policy.minimum_calls)
    kept = {row["agent_id"]: {**row, "how": row["measure"]} for row in rows}
    shown = sums.assign(call_backs_kept=column_of(sums, (kept[agent] for agent in sums["agent_id"])))
    # An order among agents of few promises would be one of chance: they follow by name.
    in_order = sorted(kept.values(), key=lambda row: (row["is_few"], 0 if row["is_few"] else row["value"], row["agent_id"]))
    places = {row["agent_id"]: place for place, row in enumerate(in_order)}
    shown = shown.sort_values("agent_id", key=lambda agents: agents.map(places))
    columns = [("agent_id", "text"), *((name, "number") for name in counted), ("call_backs_kept", "measure")]
    return board.table("call_backs", columns, shown)


def call_backs_by_week(board: Board) -> Block:
    """Promised call-backs that were kept, by the week of the promise."""
    weeks = board.frame(CALL_BACK_WEEKS, needed(("agent_id", "team", "queue", "call_date"), ("call_backs_kept",)))
    if not len(weeks):
        return board.note("no_call_backs", "call_backs_by_week")
    board.data("call_back_weeks", weeks)
    spec = charts.trend(board.words, "share", target=board.targets["call_backs_kept"])
    return board.chart("call_backs_by_week", spec, "call_back_weeks", ("call_date",), ("call_backs_kept",), is_wide=True)


def _rule_titles(board: Board, manuals: pd.Series[str]) -> dict[str, str]:
    """Rule -> what a good call does, in the reader's language where the manual has it; of manuals that come along."""
    known = [load_manual(manual) for manual in sorted(set(manuals)) if manual in manual_ids()]
    return {
        rule.id: getattr(rule, f"title_{board.words.language}", None) or rule.title for manual in known for rule in manual.rules
    }
