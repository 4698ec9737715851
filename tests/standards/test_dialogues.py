"""Every golden dialogue comes out as it says, through the real analyzers and the real matcher."""

from __future__ import annotations

from collections import defaultdict

import pytest

from flows.equipment import policy_sections
from flows.standards_commands import analysed
from postcall.analyzer import discover
from postcall.conduct.dialogues import surprises
from postcall.conduct.evaluate import Judge, check_measures
from postcall.conduct.manual import Rule
from postcall.policy import load_policy
from standards import clauses, dialogues_of, load_manual, manual_ids

REGISTRY = discover()
POLICIES = load_policy(None, policy_sections(REGISTRY))
COLUMNS = {name: [column.name for column in spec.columns] for name, spec in REGISTRY.tables.items()}

CASES = [(name, dialogue) for name in manual_ids() for dialogue in dialogues_of(load_manual(name))]
JUDGES = {name: Judge.of(load_manual(name)) for name in manual_ids()}

ALWAYS_LIKE_THAT = {
    "rostelecom-07": "asking again is noted and never penalised: there is nothing to fail",
    "rostelecom-09.offered": "an offer is noted and never penalised: where the customer waits, rostelecom-09 fails",
}


@pytest.mark.parametrize(("name", "dialogue"), CASES, ids=[f"{name}: {'+'.join(d.expect)}: {d.name}" for name, d in CASES])
def test_dialogue(name, dialogue):
    found = surprises(JUDGES[name], [dialogue], lambda call: analysed(call, REGISTRY, POLICIES))
    assert [f"{one.rule} is {one.was}, not {one.expected}: {one.reason}" for one in found] == []


@pytest.mark.parametrize("name", manual_ids())
def test_rules_measure_columns_that_there_are(name):
    check_measures(load_manual(name), COLUMNS)


@pytest.mark.parametrize("name", manual_ids())
def test_every_rule_has_dialogues(name):
    manual = load_manual(name)
    kinds: dict[str, set[str]] = defaultdict(set)
    for dialogue in dialogues_of(manual):
        for rule in dialogue.expect:
            kinds[rule].add(dialogue.kind)
    lacking = {rule.id: sorted(_wanted(rule) - kinds[rule.id]) for rule in manual.rules}
    assert {rule: kinds for rule, kinds in lacking.items() if kinds and rule not in ALWAYS_LIKE_THAT} == {}


def _wanted(rule: Rule) -> set[str]:
    if rule.protocol == "callback" and rule.step == "kept":
        return set()  # later calls tell: kpi_callback
    words = {"adversarial"} if rule.kind in {"said", "not_said", "count", "order"} else set()
    return {"passing", "failing"} | words


@pytest.mark.parametrize("clause", clauses().values(), ids=list(clauses()))
def test_every_clause_has_a_rule_or_a_reason(clause):
    manual = load_manual(clause.manual)
    rules = [rule for rule in manual.rules if rule.clause == clause.id]
    reasons = [one.why for one in manual.not_audible if one.clause == clause.id]
    assert rules or reasons
    assert not (rules and reasons)
    if clause.audible == "no":
        assert reasons
    if clause.audible == "partly":
        assert all(rule.limits for rule in rules), "a proxy says where it is one"


@pytest.mark.parametrize("name", manual_ids())
def test_titles_and_coaching_in_the_language_of_the_manual(name):
    manual = load_manual(name)
    for rule in manual.rules:
        assert getattr(rule, f"title_{manual.heading.language}"), rule.id
        assert any(ord(letter) > 0x3FF for letter in rule.coach), rule.id
