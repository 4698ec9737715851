"""How well the conduct manuals are kept in calendar weeks. Pure.

Conventions
-----------
A week begins on Monday; its rows lie in the partition of that Monday.

Definition
----------
A call belongs to one day, so a week's counts and weights are those of its days, summed; score, share, interval and whether
there are calls enough are taken from the sums, as those of a day are.

Edge cases
----------
An agent, team or rule that few days know has the sum of those days. A week of which not every day was run yet has the days
there are; ``days`` tells on how many the centre had calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from postcall.conduct.tables import ClauseId, ManualId, RuleId
from postcall.fields import OfAgent, OfTeam, OfWeek
from postcall.kpi import KpiPolicy
from postcall.statistics import wilson
from postcall.tables import Field, table

VERSION = 1
"""Of the weekly tables of conduct; rises whenever their rows may change."""


IsRankable = Annotated[
    bool,
    Field(
        "Whether there are at least `kpi.minimum_calls` calls, of a rule judged ones, so that it may be compared.",
        additive=False,
    ),
]


@dataclass(frozen=True, kw_only=True)
class ScoreOfGroup:
    """Columns of the score of a group of calls by one manual."""

    manual: ManualId
    calls_scored: Annotated[int, Field("Calls with a scorecard of the manual.", minimum=0)]
    calls_critical: Annotated[int, Field("Of them calls in which a critical rule failed.", minimum=0)]
    passed_weight: Annotated[float, Field("Summed weight of passed rules.", minimum=0)]
    judged_weight: Annotated[float, Field("Summed weight of passed and failed rules.", minimum=0)]
    weighted_score_share: Annotated[
        float | None, Field("passed_weight / judged_weight.", unit="share", minimum=0, maximum=1, additive=False)
    ]
    is_rankable: IsRankable


@dataclass(frozen=True, kw_only=True)
class RuleOfGroup:
    """Columns of how a rule fares in a group of calls."""

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


@table("kpi_agent_standard_weekly", grain="agent, manual and week", primary_key=("agent_id", "manual"))
class KpiAgentStandardWeekly(ScoreOfGroup, OfWeek, OfAgent):
    """How well each agent keeps each manual in each week."""


@table("kpi_team_standard_weekly", grain="team, manual and week", primary_key=("team", "manual"))
class KpiTeamStandardWeekly(ScoreOfGroup, OfWeek, OfTeam):
    """How well each team keeps each manual in each week."""


@table("kpi_rule_weekly", grain="rule and week", primary_key=("rule_id",))
class KpiRuleWeekly(RuleOfGroup, OfWeek):
    """How often each rule is kept in each week, and how often it can be judged."""


CONDUCT_WEEKLY_ROWS: dict[type, tuple[str, tuple[str, ...]]] = {
    KpiAgentStandardWeekly: ("kpi_agent_standard_daily", ("agent_id", "manual")),
    KpiTeamStandardWeekly: ("kpi_team_standard_daily", ("team", "manual")),
    KpiRuleWeekly: ("kpi_rule_daily", ("manual", "rule_id", "clause_id")),
}
"""Row class of each weekly table -> the daily table that it adds up, and the columns by which it does."""

COUNTS_OF_SCORE = ("calls_scored", "calls_critical", "passed_weight", "judged_weight")
COUNTS_OF_RULE = ("calls_passed", "calls_failed", "calls_not_applicable", "calls_unjudged")
"""What adds up."""


def score_of(counts: Mapping[str, float], policy: KpiPolicy) -> dict[str, Any]:
    """Columns of `ScoreOfGroup` but the manual, out of `COUNTS_OF_SCORE`."""
    scored, passed, judged = int(counts["calls_scored"]), float(counts["passed_weight"]), float(counts["judged_weight"])
    return {
        "calls_scored": scored,
        "calls_critical": int(counts["calls_critical"]),
        "passed_weight": passed,
        "judged_weight": judged,
        "weighted_score_share": passed / judged if judged else None,
        "is_rankable": scored >= policy.minimum_calls,
    }


def rule_of(counts: Mapping[str, float], policy: KpiPolicy) -> dict[str, Any]:
    """Columns of `RuleOfGroup` but those that name the rule, out of `COUNTS_OF_RULE`."""
    passed, failed, not_applicable, unjudged = (int(counts[name]) for name in COUNTS_OF_RULE)
    judged = passed + failed
    low, high = wilson(passed, judged) or (None, None)
    return {
        "calls_passed": passed,
        "calls_failed": failed,
        "calls_not_applicable": not_applicable,
        "calls_unjudged": unjudged,
        "pass_share": passed / judged if judged else None,
        "pass_low_share": low,
        "pass_high_share": high,
        "judged_share": judged / (judged + unjudged) if judged + unjudged else None,
        "is_rankable": judged >= policy.minimum_calls,
    }


def week_of_conduct(row: type, of_days: Iterable[Mapping[str, Any]], days: int, policy: KpiPolicy) -> Iterator[Any]:
    """Rows of a weekly table, in order of their groups.

    Parameters
    ----------
    row
        Of `CONDUCT_WEEKLY_ROWS`.
    of_days
        Rows of its daily table, of one week.
    days
        Days of the week on which the centre had calls.
    policy
        How many calls may be compared.
    """
    keys = CONDUCT_WEEKLY_ROWS[row][1]
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for one in of_days:
        groups.setdefault(tuple(str(one.get(key) or "") for key in keys), []).append(one)
    summed, made = (COUNTS_OF_RULE, rule_of) if row is KpiRuleWeekly else (COUNTS_OF_SCORE, score_of)
    for names, found in sorted(groups.items()):
        counts = {name: sum(one.get(name) or 0 for one in found) for name in summed}
        yield row(days=days, **dict(zip(keys, names, strict=True)), **made(counts, policy))
