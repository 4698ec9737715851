"""Scorecards of a call: each rule with its clause, outcome, evidence and what to tell the agent.

Conventions
-----------
Outcomes come from ``rule_result`` and ``event_rule_evidence``; titles, clauses and coaching sentences from the manuals. A rule
that its manual no longer has is shown by its id. Titles are in the reader's language where the manual has one for it; coaching
sentences are in the manual's, since the agent reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from flows.pages.call_facts import CallFacts, Row
from flows.pages.labels import Labels
from flows.pages.reasons import Reasons
from flows.pages.spoken import Quotes
from postcall.conduct.manual import Heading, Manual, Rule
from standards import clauses, load_manual, manual_ids

OUTCOMES = ("fail", "pass", "not_measurable", "not_applicable")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a rule's outcome can be heard.

    Attributes
    ----------
    start_ms, end_ms, role
        When, and who speaks.
    quote
        What is said; empty where words play no part.
    first_word, last_word
        Places in the transcript.
    """

    start_ms: int
    end_ms: int
    role: str | None
    quote: str = field(repr=False)
    first_word: int | None = None
    last_word: int | None = None


@dataclass(frozen=True, slots=True)
class JudgedRule:
    """A rule of a manual and what it says of the call.

    Attributes
    ----------
    rule_id, clause_id, title
        Which rule.
    clause
        What the manual asks for; empty when it is not known.
    outcome, reason, confidence, is_critical, weight
        As in ``rule_result``, the reason in the reader's language.
    coach, limits
        What to tell the agent; where the rule is only a proxy.
    evidence
        Where it can be heard.
    """

    rule_id: str
    clause_id: str
    title: str
    clause: str
    outcome: str
    reason: str
    confidence: str | None
    is_critical: bool
    weight: float
    coach: str
    limits: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """What a manual says of a call.

    Attributes
    ----------
    manual, title
        Which.
    score_share, raw_score_share
        As in ``call_scorecard``.
    rules
        Outcome -> rules, critical and heavy ones first.
    """

    manual: str
    title: str
    score_share: float | None
    raw_score_share: float | None
    rules: dict[str, tuple[JudgedRule, ...]]

    @property
    def judged(self) -> int:
        """Rules that were kept or broken."""
        return len(self.rules["pass"]) + len(self.rules["fail"])


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A place where a rule is kept or broken."""

    rule_id: str
    clause_id: str
    title: str
    outcome: str
    start_ms: int
    end_ms: int


def scorecards(facts: CallFacts, labels: Labels, manuals: Sequence[str] = ()) -> tuple[Scorecard, ...]:
    """A scorecard for each manual that judged the call, the worst first.

    Parameters
    ----------
    facts
        The call.
    labels
        Language of the reader.
    manuals
        Manuals of one's own, by the paths of their files; those that come along are known.

    Raises
    ------
    PolicyError
        A manual of one's own cannot be read.
    """
    by_manual: dict[str, list[JudgedRule]] = {}
    quotes = Quotes(facts)
    evidence: dict[str, list[Evidence]] = {}
    for row in facts.all("event_rule_evidence"):
        evidence.setdefault(row["rule_id"], []).append(_evidence(row, quotes))
    for row in facts.all("rule_result"):
        judged = _judged(row, evidence.get(row["rule_id"], ()), labels, tuple(manuals))
        by_manual.setdefault(row["manual"], []).append(judged)
    scores = {row["manual"]: row for row in facts.all("call_scorecard")}
    cards = []
    for manual, rules in by_manual.items():
        rules.sort(key=lambda rule: (not rule.is_critical, -rule.weight, rule.rule_id))
        score = scores.get(manual, {})
        known = _manual(manual, tuple(manuals))
        cards.append(
            Scorecard(
                manual=manual,
                title=_title(known.heading, labels) if known else manual,
                score_share=score.get("score_share"),
                raw_score_share=score.get("raw_score_share"),
                rules={outcome: tuple(rule for rule in rules if rule.outcome == outcome) for outcome in OUTCOMES},
            )
        )
    return tuple(sorted(cards, key=lambda card: (1.0 if card.score_share is None else card.score_share, card.manual)))


def rule_hits(facts: CallFacts, labels: Labels, manuals: Sequence[str] = ()) -> tuple[RuleHit, ...]:
    """Places where rules are kept or broken, in order of time; what cannot be placed is left out."""
    outcomes = {row["rule_id"]: row for row in facts.all("rule_result") if row["outcome"] in ("pass", "fail")}
    titles = {rule_id: _rule_title(row, labels, tuple(manuals)) for rule_id, row in outcomes.items()}
    hits = []
    for row in facts.all("event_rule_evidence"):
        judged = outcomes.get(row["rule_id"])
        if judged is not None:
            times = row["start_ms"], row["end_ms"]
            hits.append(RuleHit(row["rule_id"], judged["clause_id"], titles[row["rule_id"]], str(judged["outcome"]), *times))
    return tuple(sorted(hits, key=lambda hit: (hit.start_ms, hit.rule_id)))


def _judged(row: Row, evidence: Sequence[Evidence], labels: Labels, manuals: tuple[str, ...]) -> JudgedRule:
    rule = _rule(row, manuals)
    clause = clauses().get(row["clause_id"])
    return JudgedRule(
        rule_id=row["rule_id"],
        clause_id=row["clause_id"],
        title=_rule_title(row, labels, manuals),
        clause=clause.rule if clause else "",
        outcome=row["outcome"],
        reason=Reasons(labels).say(row["reason"]),
        confidence=row["confidence"],
        is_critical=row["is_critical"],
        weight=row["weight"],
        coach=rule.coach if rule else "",
        limits=(rule.limits or "") if rule else "",
        evidence=tuple(evidence),
    )


def _evidence(row: Row, quotes: Quotes) -> Evidence:
    role, first, last = row["evidence_role"], row["first_word"], row["last_word"]
    return Evidence(row["start_ms"], row["end_ms"], role, quotes.of(first, last, role), first, last)


def _rule_title(row: Row, labels: Labels, manuals: tuple[str, ...]) -> str:
    rule = _rule(row, manuals)
    return _title(rule, labels) if rule else str(row["rule_id"])


def _title(titled: Rule | Heading, labels: Labels) -> str:
    return getattr(titled, f"title_{labels.language}", None) or titled.title


def _rule(row: Row, manuals: tuple[str, ...]) -> Rule | None:
    manual = _manual(row["manual"], manuals)
    return next((rule for rule in manual.rules if rule.id == row["rule_id"]), None) if manual else None


@cache
def _manual(name: str, files: tuple[str, ...]) -> Manual | None:
    """A manual by its id, from files of one's own or of those that come along; None when it is in neither."""
    for file in files:
        if file.endswith(".toml"):
            own = load_manual(file)
            if own.id == name:
                return own
    return load_manual(name) if name in manual_ids() else None
