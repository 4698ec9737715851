"""Verdicts of one call -> rows. Pure.

Definition
----------
``raw_score_share``: weight of passed rules over weight of passed and failed ones: a rule that does not apply or could not be
measured moves nothing. ``score_share`` is 0 when a critical rule failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from postcall.call import Call
from postcall.conduct.evaluate import Judge
from postcall.conduct.manual import Manual
from postcall.conduct.results import Outcome, Verdict
from postcall.conduct.scene import Said
from postcall.conduct.tables import CallScorecard, EventRuleEvidence, RuleResult

VERSION = 1
"""Rises when the same rules may give other rows."""


def conduct_rows(
    judge: Judge, call: Call, rows: Mapping[str, Sequence[Any]], said: Said | None = None
) -> Iterator[RuleResult | EventRuleEvidence | CallScorecard]:
    """All rows of one call and manual.

    Parameters
    ----------
    judge
        The manual.
    call
        Of its language.
    rows
        What the analyzers made of the call, by table.
    said
        Of `Judge.listen`; None listens anew.
    """
    verdicts = judge.verdicts(call, rows, said)
    call_id, manual, version = call.call_id, judge.manual.id, judge.manual.heading.version
    for rule in judge.manual.rules:
        verdict = verdicts[rule.id]
        first = verdict.findings[0] if verdict.findings else None
        yield RuleResult(
            call_id=call_id,
            manual=manual,
            manual_version=version,
            rule_id=rule.id,
            clause_id=rule.clause,
            outcome=verdict.outcome.value,
            reason=verdict.reason,
            confidence=verdict.confidence,
            is_critical=rule.critical,
            weight=float(rule.weight),
            findings=len(verdict.findings),
            start_ms=first.span.start_ms if first else None,
            end_ms=first.span.end_ms if first else None,
            evidence_role=first.role.value if first and first.role else None,
            first_word=first.first_word if first else None,
            last_word=first.last_word if first else None,
        )
        for number, finding in enumerate(verdict.findings):
            yield EventRuleEvidence(
                call_id=call_id,
                manual=manual,
                rule_id=rule.id,
                finding_number=number,
                start_ms=finding.span.start_ms,
                end_ms=finding.span.end_ms,
                evidence_role=finding.role.value if finding.role else None,
                first_word=finding.first_word,
                last_word=finding.last_word,
                likeness=round(finding.score, 4),
            )
    yield scorecard(call_id, judge.manual, verdicts)


def scorecard(call_id: str, manual: Manual, verdicts: Mapping[str, Verdict]) -> CallScorecard:
    """The scorecard of a call; see the module."""
    outcomes = {rule.id: verdicts[rule.id].outcome for rule in manual.rules}
    count = {outcome: sum(one is outcome for one in outcomes.values()) for outcome in Outcome}
    passed = float(sum(rule.weight for rule in manual.rules if outcomes[rule.id] is Outcome.PASS))
    judged = passed + float(sum(rule.weight for rule in manual.rules if outcomes[rule.id] is Outcome.FAIL))
    critical = sum(rule.critical and outcomes[rule.id] is Outcome.FAIL for rule in manual.rules)
    applicable = len(outcomes) - count[Outcome.NOT_APPLICABLE]
    raw = passed / judged if judged else None
    return CallScorecard(
        call_id=call_id,
        manual=manual.id,
        manual_version=manual.heading.version,
        score_share=0.0 if critical and raw is not None else raw,
        raw_score_share=raw,
        passed_weight=passed,
        judged_weight=judged,
        rules_passed=count[Outcome.PASS],
        rules_failed=count[Outcome.FAIL],
        rules_not_applicable=count[Outcome.NOT_APPLICABLE],
        rules_not_measurable=count[Outcome.NOT_MEASURABLE],
        critical_fails=critical,
        rules_coverage_share=(count[Outcome.PASS] + count[Outcome.FAIL]) / applicable if applicable else None,
    )
