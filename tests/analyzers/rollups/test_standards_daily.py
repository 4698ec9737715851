"""Scores of agents and teams, and how each rule fares, out of hand-made results."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from analyzers.contact import CallContact, contact
from analyzers.rollups.standards_daily import (
    KpiAgentStandardDaily,
    KpiRuleDaily,
    KpiTeamStandardDaily,
    standards_daily,
)
from postcall.call import Call
from postcall.conduct.tables import CallScorecard, RuleResult
from postcall.kpi import KpiPolicy
from postcall.rollup import Day
from postcall.tables import Stamp, spec_of
from postcall.telephony import Telephony

DAY = date(2026, 3, 2)
STAMP = Stamp(DAY, "a run", 1, "0" * 12)


def result(call_id: str, rule_id: str, outcome: str) -> RuleResult:
    return RuleResult(
        call_id=call_id,
        manual="own",
        manual_version=1,
        rule_id=rule_id,
        clause_id=rule_id,
        outcome=outcome,
        reason=None,
        confidence=None,
        is_critical=False,
        weight=1.0,
        findings=0,
        start_ms=None,
        end_ms=None,
        evidence_role=None,
        first_word=None,
        last_word=None,
    )


def card(call_id: str, passed: float, judged: float, critical: int = 0) -> CallScorecard:
    return CallScorecard(
        call_id=call_id,
        manual="own",
        manual_version=1,
        score_share=None,
        raw_score_share=passed / judged if judged else None,
        passed_weight=float(passed),
        judged_weight=float(judged),
        rules_passed=0,
        rules_failed=0,
        rules_not_applicable=0,
        rules_not_measurable=0,
        critical_fails=critical,
        rules_coverage_share=None,
    )


def day(cards: list[CallScorecard], results: list[RuleResult]) -> Day:
    agents = {one.call_id: "a-1" if one.call_id < "c" else "a-2" for one in cards}
    calls = [row for key, agent in agents.items() for row in contact(Call(Telephony(key, agent_id=agent, team="t")))]
    rows: dict[type, list[Any]] = {CallContact: calls, CallScorecard: cards, RuleResult: results}
    return Day(DAY, {spec_of(row).name: spec_of(row).to_arrow(found, STAMP) for row, found in rows.items()})


def test_scores_are_sums_of_weights_and_say_whether_they_may_be_compared() -> None:
    cards = [card("a", 3, 4), card("b", 1, 4, critical=1), card("c", 2, 2)]
    made = list(standards_daily(day(cards, []), KpiPolicy(minimum_calls=2)))
    agents = [row for row in made if isinstance(row, KpiAgentStandardDaily)]
    assert [
        (row.agent_id, row.calls_scored, row.calls_critical, row.weighted_score_share, row.is_rankable) for row in agents
    ] == [
        ("a-1", 2, 1, 0.5, True),
        ("a-2", 1, 0, 1.0, False),
    ]
    (team,) = (row for row in made if isinstance(row, KpiTeamStandardDaily))
    assert (team.passed_weight, team.judged_weight, team.is_rankable) == (6.0, 10.0, True)


def test_a_rule_is_rankable_by_the_calls_it_was_judged_on() -> None:
    outcomes = {"own-1": ["pass", "pass", "fail"], "own-2": ["pass", "not_measurable", "not_applicable"]}
    results = [result(f"c{n}", rule, outcome) for rule, found in outcomes.items() for n, outcome in enumerate(found)]
    cards = [card(f"c{n}", 1, 1) for n in range(3)]
    rules = [row for row in standards_daily(day(cards, results), KpiPolicy(minimum_calls=3)) if isinstance(row, KpiRuleDaily)]
    one, two = rules
    assert (one.calls_passed, one.calls_failed, one.calls_unjudged, one.calls_not_applicable) == (2, 1, 0, 0)
    assert one.pass_share == pytest.approx(2 / 3)
    assert one.is_rankable
    assert (two.pass_share, two.judged_share, two.is_rankable) == (1.0, 0.5, False)
    assert one.calls_passed + one.calls_failed + one.calls_unjudged + one.calls_not_applicable == 3
