"""What people say of rules' results, and how far rules and people agree. Pure.

Conventions
-----------
A review never changes the automatic result; it lies beside it in a table of its own, in the partition of the call's day. One
person has one review of a call and rule: a later one takes its place. Where several people reviewed a result, the newest review
counts.

Definition
----------
agreement
    Share of reviewed results with the outcome that the person gave; all four outcomes count.
kappa
    Cohen's, over the four outcomes (`postcall.statistics.cohen_kappa`): a rule that nearly every call passes agrees with
    everybody by chance alone.
verdict
    ``too few reviews`` below the least number; ``no variation`` where rule and people say one thing of all calls, so that there
    is no kappa; ``do not trust`` when kappa is below the least; else ``trust``.

Edge cases
----------
A review is compared with the result that is stored now: after a re-score, with the new one. Reviews of results that are no
longer there are counted and compared with nothing.

References
----------
Landis & Koch (1977), Biometrics 33:159, call agreement above 0.6 substantial.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from postcall.conduct.tables import OUTCOMES, ManualId, RuleId
from postcall.fields import CallId
from postcall.statistics import cohen_kappa
from postcall.tables import Field, table

VERSION = 1
"""Of the table of reviews."""

LEAST_KAPPA = 0.6
FEWEST_REVIEWS = 30
"""Below it an agreement says little: with 30 reviews the interval of a kappa of 0.6 is about ±0.3."""

TRUST, DO_NOT_TRUST, TOO_FEW, NO_VARIATION = "trust", "do not trust", "too few reviews", "no variation"


@table("rule_override", grain="person's review of a rule's result", primary_key=("call_id", "rule_id", "reviewer"))
class RuleOverride:
    """What people who listened say of a rule and call, beside the automatic result, which it does not change."""

    call_id: CallId
    manual: ManualId
    rule_id: RuleId
    reviewed_outcome: Annotated[str, Field("Result of the rule as the reviewer gives it.", enum=OUTCOMES)]
    reviewer: Annotated[str, Field("Who reviewed.", pii=True)]
    reviewed_at: Annotated[datetime, Field("When it was reviewed, UTC.")]
    comment: Annotated[str | None, Field("What the reviewer notes.", pii=True)]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One review beside the automatic result.

    Attributes
    ----------
    call_id, manual, rule_id
        Of what.
    automatic
        The rule's outcome as it is stored; None where there is none any more.
    by_person
        The reviewer's.
    reviewed_at
        When.
    """

    call_id: str
    manual: str
    rule_id: str
    automatic: str | None
    by_person: str
    reviewed_at: datetime


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a rule and people agree.

    Attributes
    ----------
    manual, rule_id
        Which.
    counts
        ``counts[i][j]`` results that are ``OUTCOMES[i]`` by the rule and ``OUTCOMES[j]`` by people.
    kappa, low, high
        With its 95 % interval; None where there is none.
    verdict
        See the module.
    gone
        Reviews of results that are no longer stored.
    """

    manual: str
    rule_id: str
    counts: tuple[tuple[int, ...], ...]
    kappa: float | None
    low: float | None
    high: float | None
    verdict: str
    gone: int = 0

    @property
    def n(self) -> int:
        """Reviewed results."""
        return sum(map(sum, self.counts))

    @property
    def agreed(self) -> int:
        """Of them those of one outcome."""
        return sum(self.counts[i][i] for i in range(len(OUTCOMES)))

    @property
    def agreed_share(self) -> float | None:
        """``agreed / n``; None without reviews."""
        return self.agreed / self.n if self.n else None


def agreements(
    reviews: Iterable[Reviewed], *, fewest: int = FEWEST_REVIEWS, least_kappa: float = LEAST_KAPPA
) -> list[Agreement]:
    """How far each rule and people agree, in order of manual and rule.

    Parameters
    ----------
    reviews
        In any order.
    fewest
        Reviews below which nothing is said.
    least_kappa
        Below it a rule is not to be trusted.
    """
    newest: dict[tuple[str, str, str], Reviewed] = {}
    for one in sorted(reviews, key=lambda one: (one.reviewed_at, one.by_person)):
        newest[one.manual, one.rule_id, one.call_id] = one
    by_rule: dict[tuple[str, str], list[Reviewed]] = defaultdict(list)
    for one in newest.values():
        by_rule[one.manual, one.rule_id].append(one)
    return [_agreement(*key, found, fewest, least_kappa) for key, found in sorted(by_rule.items())]


def _agreement(manual: str, rule_id: str, reviews: list[Reviewed], fewest: int, least_kappa: float) -> Agreement:
    counts = tuple(
        tuple(sum(one.automatic == mine and one.by_person == theirs for one in reviews) for theirs in OUTCOMES)
        for mine in OUTCOMES
    )
    n = sum(map(sum, counts))
    kappa, low, high = cohen_kappa(counts) or (None, None, None)
    if n < fewest:
        verdict = TOO_FEW
    elif kappa is None:
        verdict = NO_VARIATION
    else:
        verdict = DO_NOT_TRUST if kappa < least_kappa else TRUST
    return Agreement(manual, rule_id, counts, kappa, low, high, verdict, gone=len(reviews) - n)
