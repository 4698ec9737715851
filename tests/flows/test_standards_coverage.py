"""What `postcall standards coverage` shows of each clause, and when it complains."""

from __future__ import annotations

from pathlib import Path

import pytest

import flows.rule_accuracy
import standards
from flows.rule_accuracy import NEVER_ASKED, Accuracy, publish, published
from standards import Clause, clauses, load_manual, manual_ids
from tests.flows.conftest import Command

LOWEST = 0.8
WIDE = "200"


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", WIDE)


def _accuracy(clause: str, words: str = "true", **figures: float | None) -> Accuracy:
    shares = {"precision_fail": 0.75, "recall_fail": 0.5, "precision_pass": None, "recall_pass": None, **figures}
    return Accuracy(clause=clause, words=words, seed=3, calls=8, right=6, not_measured=1, f1=0.6, **shares)  # type: ignore[arg-type]


def test_every_clause_has_a_rule_or_a_reason(postcall: Command) -> None:
    ended = postcall("standards", "coverage")
    assert ended.code == 0
    assert f"{len(clauses())} of {len(clauses())} clauses" in ended.out
    assert all(rule.id in ended.out for name in manual_ids() for rule in load_manual(name).rules)


def test_a_clause_without_rule_and_reason_ends_with_an_error(postcall: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**clauses(), "mts-99": Clause("mts-99", "Sings", "yes", "nothing")}
    monkeypatch.setattr(standards, "clauses", lambda: known)
    ended = postcall("standards", "coverage")
    assert ended.code == 1
    assert "Without either: mts-99" in ended.out
    assert f"{len(known) - 1} of {len(known)} clauses" in ended.out


def test_measured_accuracy_stands_beside_the_rules(postcall: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "measured.csv"
    rows = [_accuracy("mts-01"), _accuracy("mts-02", precision_fail=None, recall_fail=None)]
    publish([*rows, _accuracy("mts-01", "recognised", recall_fail=0.25)], path)
    monkeypatch.setattr(flows.rule_accuracy, "published", lambda: published(path))
    lines = postcall("standards", "coverage").out.splitlines()
    of = {line.split()[0]: line.split() for line in lines if line.strip().startswith(("mts-01", "mts-02", "mts-03"))}
    assert of["mts-01"][-4:] == ["0.75", "0.50", "0.60", "8"]
    assert of["mts-02"][-4:] == [NEVER_ASKED, NEVER_ASKED, "0.60", "8"]
    assert of["mts-03"][-4:] == [NEVER_ASKED] * 4
    heard = postcall("standards", "coverage", "--words", "recognised").out
    assert "0.25" in heard
    assert "0.50" not in heard


def test_words_that_nothing_was_measured_on_are_refused(postcall: Command) -> None:
    ended = postcall("standards", "coverage", "--words", "recognized")
    assert ended.code != 0
    assert "did you mean 'recognised'" in ended.out + ended.err


def test_publishing_one_kind_of_words_leaves_the_other(tmp_path: Path) -> None:
    path = tmp_path / "measured.csv"
    assert published(path) == []
    publish([_accuracy("mts-01", "recognised")], path)
    publish([_accuracy("mts-02")], path)
    assert published(path) == [_accuracy("mts-02"), _accuracy("mts-01", "recognised")]
    publish([_accuracy("mts-03")], path)
    assert [one.clause for one in published(path)] == ["mts-03", "mts-01"]


def test_what_is_published_is_of_clauses_that_there_are() -> None:
    assert {one.clause for one in published()} <= set(clauses())


def test_a_clause_that_is_often_wrong_says_why() -> None:
    rules = [rule for name in manual_ids() for rule in load_manual(name).rules]
    weak = {one.clause for one in published() if one.words == "true" and one.f1 < LOWEST}
    assert weak <= {rule.clause for rule in rules if rule.limits}
