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
from typing import Annotated, Any

import pandas as pd

from analyzers.contact import CallContact
from postcall.conduct.tables import CallScorecard, ClauseId, ManualId, RuleId, RuleResult
from postcall.fields import AgentId, TeamName
from postcall.kpi import KpiPolicy
from postcall.rollup import Day, rollup
from postcall.statistics import wilson
from postcall.tables import Field, table

CallsScored = Annotated[int, Field("Calls with a scorecard of the manual.", minimum=0)]
CallsCritical = Annotated[int, Field("Of them calls in which a critical rule failed.", minimum=0)]
PassedWeight = Annotated[float, Field("Summed weight of passed rules.", minimum=0)]
JudgedWeight = Annotated[float, Field("Summed weight of passed and failed rules.", minimum=0)]
ScoreShare = Annotated[
    float | None, Field("passed_weight / judged_weight.", unit="share", minimum=0, maximum=1, additive=False)
]
IsRankable = Annotated[
    bool,
    Field(
        "Whether there are at least `kpi.minimum_calls` calls, of a rule judged ones, so that it may be compared.",
        additive=False,
    ),
]


@table("kpi_agent_standard_daily", grain="agent, manual and day", primary_key=("agent_id", "manual"))
class KpiAgentStandardDaily:
    """How well each agent keeps each manual."""

    agent_id: AgentId
    manual: ManualId
    calls_scored: CallsScored
    calls_critical: CallsCritical
    passed_weight: PassedWeight
    judged_weight: JudgedWeight
    weighted_score_share: ScoreShare
    is_rankable: IsRankable


@table("kpi_team_standard_daily", grain="team, manual and day", primary_key=("team", "manual"))
class KpiTeamStandardDaily:
    """How well each team keeps each manual."""

    team: TeamName
    manual: ManualId
    calls_scored: CallsScored
    calls_critical: CallsCritical
    passed_weight: PassedWeight
    judged_weight: JudgedWeight
    weighted_score_share: ScoreShare
    is_rankable: IsRankable


@table("kpi_rule_daily", grain="rule and day", primary_key=("rule_id",))
class KpiRuleDaily:
    """How often each rule is kept, and how often it can be judged."""

    manual: ManualId
    rule_id: RuleId
    clause_id: ClauseId
    calls_passed: Annotated[int, Field("Calls that keep the rule.", minimum=0)]
    calls_failed: Annotated[int, Field("Calls that break it.", minimum=0)]
    calls_not_applicable: Annotated[int, Field("Calls on which there was nothing to measure.", minimum=0)]
    calls_unjudged: Annotated[int, Field("Calls to which it applies, and of which it could not be told.", minimum=0)]
    pass_share: Annotated[
        float | None,
        Field("calls_passed / (calls_passed + calls_failed).", unit="share", minimum=0, maximum=1, additive=False),
    ]
    pass_low_share: Annotated[
        float | None, Field("Lower end of its Wilson 95 % interval.", unit="share", minimum=0, maximum=1, additive=False)
    ]
    pass_high_share: Annotated[
        float | None, Field("Upper end of its Wilson 95 % interval.", unit="share", minimum=0, maximum=1, additive=False)
    ]
    judged_share: Annotated[
        float | None,
        Field("Calls passed or failed / calls to which it applies.", unit="share", minimum=0, maximum=1, additive=False),
    ]
    is_rankable: IsRankable


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
        passed, judged = float(of_group["passed_weight"].sum()), float(of_group["judged_weight"].sum())
        yield (
            str(group),
            str(manual),
            {
                "calls_scored": len(of_group),
                "calls_critical": int((of_group["critical_fails"] > 0).sum()),
                "passed_weight": passed,
                "judged_weight": judged,
                "weighted_score_share": passed / judged if judged else None,
                "is_rankable": len(of_group) >= policy.minimum_calls,
            },
        )


def _rules(results: pd.DataFrame, policy: KpiPolicy) -> Iterator[KpiRuleDaily]:
    keys = ["manual", "rule_id", "clause_id"]
    for (manual, rule, clause), of_rule in results.groupby(keys, sort=True):
        counts = of_rule["outcome"].value_counts()
        passed, failed = int(counts.get("pass", 0)), int(counts.get("fail", 0))
        unjudged = int(counts.get("not_measurable", 0))
        judged = passed + failed
        low, high = wilson(passed, judged) or (None, None)
        yield KpiRuleDaily(
            manual=str(manual),
            rule_id=str(rule),
            clause_id=str(clause),
            calls_passed=passed,
            calls_failed=failed,
            calls_not_applicable=int(counts.get("not_applicable", 0)),
            calls_unjudged=unjudged,
            pass_share=passed / judged if judged else None,
            pass_low_share=low,
            pass_high_share=high,
            judged_share=judged / (judged + unjudged) if judged + unjudged else None,
            is_rankable=judged >= policy.minimum_calls,
        )
