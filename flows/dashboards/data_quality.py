"""Blocks on the data themselves: how much of each measure is known, what is not and why, what failed."""

from __future__ import annotations

import pandas as pd

from flows.dashboards import charts
from flows.dashboards.block import Block
from flows.dashboards.board import Board, column_of
from flows.pages.reasons import Reasons

CHIEF = {
    ("call_speed_of_answer", "speed_of_answer_ms"): "speed_of_answer",
    ("call_ringing", "rings"): "rings",
    ("call_end", "hung_up_by"): "hung_up_by",
    ("call_contact", "handling_ms"): "handling",
    ("call_hold", "has_hold"): "hold",
    ("call_silence", "silence_share"): "silence",
    ("call_talk_time", "agent_talk_share"): "agent_talk",
    ("call_overtalk", "agent_interruptions"): "interruptions",
    ("call_response_latency", "agent_latency_median_ms"): "response_latency",
    ("call_speaking_rate", "agent_rate_wpm"): "speech_rate",
    ("call_voice", "agent_pitch_hz"): "voice",
    ("call_transcript", "words"): "words",
}
"""Measures that stand for many others, and their words."""
MOST_REASONS = 40
MOST_FAILURES = 60
COVERAGE = "kpi_coverage_daily"
REASONS = "kpi_not_measurable_daily"


def open_data(board: Board) -> None:
    """Load the coverage of every measure."""
    columns = ["call_date", "table_name", "column_name", "calls_known", "calls_expected", "calls_not_applicable"]
    coverage = board.frame(COVERAGE, columns)
    keys = list(zip(coverage["table_name"], coverage["column_name"], strict=True))
    chief = [CHIEF.get(key) for key in keys]
    board.data("all_coverage", coverage)
    known = coverage.assign(
        what=column_of(coverage, (board.words.get(f"known.{name}") if name else None for name in chief))
    ).dropna(subset="what")
    board.data("coverage", known)


def nights(board: Board) -> Block:
    """The nights of the period: calls, recordings, words, what was put aside, how long it took."""
    columns = ["night", "calls", "recordings", "transcripts", "quarantined", "started_at", "finished_at", "transcriber"]
    runs = board.frame("run_night", columns).sort_values("night", ascending=False)
    took = (pd.to_datetime(runs["finished_at"], utc=True) - pd.to_datetime(runs["started_at"], utc=True)).dt.total_seconds()
    shown = runs.assign(took_ms=(took * 1000).round())
    return board.table(
        "nights",
        [
            ("night", "day"),
            ("calls", "number"),
            ("recordings", "number"),
            ("transcripts", "number"),
            ("quarantined", "number"),
            ("took_ms", "length"),
            ("transcriber", "text"),
        ],
        shown,
    )


def coverage(board: Board) -> Block:
    """Of how many calls the chief measures are known."""
    spec = charts.intervals(board.words, "portion", "what", is_judged=False)
    return board.chart("coverage", spec, "coverage", ("what",), ("coverage",), is_wide=True)


def coverage_by_day(board: Board) -> Block:
    """The same, day by day: a measure that goes missing shows here first."""
    spec = charts.trends_by(board.words, "portion", "what")
    return board.chart("coverage_by_day", spec, "coverage", ("what", "call_date"), ("coverage",), is_wide=True)


def why_not_measurable(board: Board) -> Block:
    """Reasons, the commonest first, of measures that apply and have no value."""
    columns = ["table_name", "column_name", "why_empty", "is_applicable", "calls_empty"]
    reasons = board.frame(REASONS, columns)
    missing = reasons[reasons["is_applicable"].fillna(False).astype("boolean")]
    grouped = missing.groupby("why_empty", as_index=False).agg(
        calls_empty=("calls_empty", "max"), tables=("table_name", lambda names: ", ".join(sorted(set(names))))
    )
    shown = grouped.sort_values(["calls_empty", "why_empty"], ascending=[False, True]).head(MOST_REASONS)
    say = Reasons(board.words.labels).say
    shown = shown.assign(why_empty=[say(reason) for reason in shown["why_empty"]])
    return board.table("why_not_measurable", [("calls_empty", "number"), ("why_empty", "text"), ("tables", "text")], shown)


def every_measure(board: Board) -> Block:
    """Every measure of every call table, with its coverage."""
    numbers = ["calls_known", "calls_expected", "calls_not_applicable"]
    sums = board.frame_of("all_coverage").groupby(["table_name", "column_name"], as_index=False)[numbers].sum()
    share = sums["calls_known"].astype("Float64") / sums["calls_expected"].astype("Float64").where(sums["calls_expected"] > 0)
    shown = sums.assign(coverage_share=share).sort_values(["coverage_share", "table_name", "column_name"])
    columns = [
        ("table_name", "text"),
        ("column_name", "text"),
        ("calls_known", "number"),
        ("calls_expected", "number"),
        ("calls_not_applicable", "number"),
        ("coverage_share", "share"),
    ]
    return board.table("every_measure", columns, shown)


def failures(board: Board) -> Block:
    """What failed or was put aside, and what to do."""
    columns = ["call_date", "call_id", "stage", "code", "message", "hint"]
    rows = board.frame("run_failure", columns).sort_values(["call_date", "code", "call_id"], ascending=[False, True, True])
    return board.table(
        "failures",
        [("call_date", "day"), ("call_id", "text"), ("code", "text"), ("message", "text"), ("hint", "text")],
        rows.head(MOST_FAILURES),
    )


def sound(board: Board) -> Block:
    """What is wrong with the sound of recordings, by party."""
    rows = board.frame("call_sound_quality", ["agent_problems", "customer_problems"])
    counted = [
        {
            "party": board.words.of("owners", party),
            "problem": board.words.of("sound_problems", str(problem)),
            "calls": int(number),
        }
        for party in ("agent", "customer")
        for problem, number in rows[f"{party}_problems"].dropna().str.split(", ").explode().value_counts().items()
        if problem
    ]
    columns = [("party", "text"), ("problem", "text"), ("calls", "number")]
    frame = pd.DataFrame(counted, columns=[name for name, _ in columns])
    return board.table("sound", columns, frame, is_wide=False)


def holds_heard(board: Board) -> Block:
    """How far the call records and what is heard agree on holds."""
    rows = board.frame("call_hold_reconciliation", ["recorded_holds", "audible_holds", "holds_agreed", "hold_disagreements"])
    sums = {name: int(rows[name].fillna(0).astype("int64").sum()) for name in rows.columns}
    frame = pd.DataFrame([{"calls": len(rows), **sums}])
    columns = [(name, "number") for name in ("calls", *sums)]
    return board.table("holds_heard", columns, frame, is_wide=False)
