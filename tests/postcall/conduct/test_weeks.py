"""Weeks of conduct by hand: sums of days, and shares of the sums."""

from __future__ import annotations

from postcall.conduct.weeks import KpiAgentStandardWeekly, KpiRuleWeekly, week_of_conduct
from postcall.kpi import KpiPolicy


def test_the_score_of_a_week_is_that_of_its_weights() -> None:
    of_days = [
        {"agent_id": "a", "manual": "m", "calls_scored": 20, "calls_critical": 1, "passed_weight": 10.0, "judged_weight": 40.0},
        {"agent_id": "a", "manual": "m", "calls_scored": 10, "calls_critical": 0, "passed_weight": 10.0, "judged_weight": 10.0},
        {"agent_id": "a", "manual": "n", "calls_scored": 5, "calls_critical": 0, "passed_weight": 0.0, "judged_weight": 0.0},
        {"agent_id": None, "manual": "m", "calls_scored": 1, "calls_critical": 0, "passed_weight": 1.0, "judged_weight": 4.0},
    ]
    rows = list(week_of_conduct(KpiAgentStandardWeekly, of_days, 2, KpiPolicy()))
    assert [(row.agent_id, row.manual, row.days, row.calls_scored) for row in rows] == [
        ("", "m", 2, 1),
        ("a", "m", 2, 30),
        ("a", "n", 2, 5),
    ]
    nobody, both, nothing = rows
    # 20 of 50, and not the mean of 25 % and 100 %.
    assert (both.calls_critical, both.weighted_score_share, both.is_rankable) == (1, 0.4, True)
    assert (nothing.weighted_score_share, nothing.is_rankable) == (None, False)
    assert (nobody.weighted_score_share, nobody.is_rankable) == (0.25, False)


def test_a_rule_of_a_week_has_the_interval_of_its_sums() -> None:
    day = {"manual": "m", "rule_id": "m-1", "clause_id": "m-1", "calls_not_applicable": 2, "calls_unjudged": 5}
    of_days = [{**day, "calls_passed": 12, "calls_failed": 3}, {**day, "calls_passed": 12, "calls_failed": 3}]
    (row,) = week_of_conduct(KpiRuleWeekly, of_days, 5, KpiPolicy())
    assert (row.calls_passed, row.calls_failed, row.calls_not_applicable, row.calls_unjudged) == (24, 6, 4, 10)
    assert (row.pass_share, row.judged_share, row.is_rankable, row.days) == (0.8, 0.75, True, 5)
    # Wilson's interval of 24 of 30.
    assert (round(row.pass_low_share or 0, 3), round(row.pass_high_share or 0, 3)) == (0.627, 0.905)
    (few,) = week_of_conduct(KpiRuleWeekly, of_days[:1], 5, KpiPolicy())
    assert (few.pass_share, few.is_rankable) == (0.8, False)


def test_a_week_without_days_has_no_rows() -> None:
    assert list(week_of_conduct(KpiRuleWeekly, [], 0, KpiPolicy())) == []
