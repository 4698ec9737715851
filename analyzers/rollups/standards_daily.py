"""How well each agent and team keeps the conduct manuals, and how each rule fares.

Definition
----------
``kpi_agent_standard_daily`` and ``kpi_team_standard_daily`` have a row for each agent, or team, and manual: the score is the
weight of passed rules over that of passed and failed rules, over all its calls, so that days add up; calls with a critical
failure are counted beside it and do not lower it twice. ``kpi_rule_daily`` has a row for each rule: how often it is kept where
it could be judged, with its Wilson 95 % interval, and how often it could be judged where it applies.

Edge cases
----------
Calls whose record names no agent, or team, are the row of ''. A group without judged weight has no score. Groups of fewer calls
than ``kpi.minimum_calls``, and rules judged on fewer, have their counts, and ``is_rankable`` says that they are too few to be
compared.

References
----------
`postcall.conduct.scorecard` for the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analyzers.contact import CallContact
from postcall.conduct.tables import CallScorecard, RuleResult
from postcall.conduct.weeks import COUNTS_OF_RULE, RuleOfGroup, ScoreOfGroup, rule_of, score_of
from postcall.fields import OfAgent, OfTeam
from postcall.kpi import KpiPolicy
from postcall.rollup import Day, rollup
from postcall.tables import table

OF_COUNTS = ("pass", "fail", "not_applicable", "not_measurable")
"""Outcomes that `COUNTS_OF_RULE` count."""


@table("kpi_agent_standard_daily", grain="agent, manual and day", primary_key=("agent_id", "manual"))
class KpiAgentStandardDaily(ScoreOfGroup, OfAgent):
    """How well each agent keeps each manual."""


@table("kpi_team_standard_daily", grain="team, manual and day", primary_key=("team", "manual"))
class KpiTeamStandardDaily(ScoreOfGroup, OfTeam):
    """How well each team keeps each manual."""


@table("kpi_rule_daily", grain="rule and day", primary_key=("rule_id",))
class KpiRuleDaily(RuleOfGroup):
    """How often each rule is kept, and how often it can be judged."""


@rollup(version=2, reads=(CallContact, CallScorecard, RuleResult))
def standards_daily(day: Day, policy: KpiPolicy) -> Iterator[KpiAgentStandardDaily | KpiTeamStandardDaily | KpiRuleDaily]:
    """Rows of agents, of teams, and of rules."""
    calls = day.frame(CallContact)[["call_id", "agent_id", "team"]]
    cards = day.frame(CallScorecard).merge(calls, on="call_id", how="left")
    for agent, manual, values in _scores(cards, "agent_id", policy):
        yield KpiAgentStandardDaily(agent_id=agent, manual=manual, **values)
    for team, manual, values in _scores(cards, "team", policy):
        yield KpiTeamStandardDaily(team=team, manual=manual, **values)
    yield from _rules(day.frame(RuleResult), policy)


def _scores(cards: pd.DataFrame, by: str, policy: KpiPolicy) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for (group, manual), of_group in cards.groupby([by, "manual"], sort=True):
        counts = {
            "calls_scored": len(of_group),
            "calls_critical": (of_group["critical_fails"] > 0).sum(),
            "passed_weight": of_group["passed_weight"].sum(),
            "judged_weight": of_group["judged_weight"].sum(),
        }
        yield str(group), str(manual), score_of(counts, policy)


def _rules(results: pd.DataFrame, policy: KpiPolicy) -> Iterator[KpiRuleDaily]:
    keys = ["manual", "rule_id", "clause_id"]
    for (manual, rule, clause), of_rule in results.groupby(keys, sort=True):
        counts = of_rule["outcome"].value_counts()
        outcomes = dict(zip(COUNTS_OF_RULE, (counts.get(outcome, 0) for outcome in OF_COUNTS), strict=True))
        yield KpiRuleDaily(manual=str(manual), rule_id=str(rule), clause_id=str(clause), **rule_of(outcomes, policy))
