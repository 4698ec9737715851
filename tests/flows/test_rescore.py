"""Stored calls scored again: the same rows from artifacts alone, one manual alone, a preview, and days written whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from flows import ear
from flows.demonstration import DAY, TRANSCRIBED, transcribed_settings
from flows.kept import KeptArtifacts, KeptCall, KeptListener
from flows.listen import HeardCall
from flows.night import NightReport
from flows.rescore import PART, Report, RowsOnDemand, Task, Worker, as_declared, rescore
from flows.rescore_changes import Changes, differing
from flows.settings import Settings
from postcall.conduct.tables import CONDUCT_ROWS, RuleResult
from postcall.errors import SettingsError, StorageError
from postcall.tables import spec_of
from standards import FOLDER, load_manual
from storage.one_run import only_run
from storage.tables import Tables
from tests.flows.conftest import Command

MADE_BY = ("run_id",)
OF_THE_CLOCK = {"run_night": ("started_at", "finished_at")}
NEXT_VERSION = 90
STRICTER = ('id = "mts-21"', "window = { first_turns = 2 }")


@pytest.fixture
def settings(demo_night: tuple[Path, NightReport], tmp_path: Path) -> Settings:
    """A store of the demo night without its recordings."""
    store = tmp_path / "store"
    shutil.copytree(demo_night[0], store, ignore=shutil.ignore_patterns(TRANSCRIBED, "run.lock"))
    chosen = transcribed_settings(store)
    shutil.rmtree(store / TRANSCRIBED)
    return chosen.model_copy(update={"workers": 1})


@pytest.fixture
def stricter(tmp_path: Path) -> str:
    """The manual mts, in which nobody greets right, as its next version."""
    now = f"\nversion = {load_manual('mts').heading.version}\n"
    text = (FOLDER / "mts.toml").read_text(encoding="utf-8").replace(now, f"\nversion = {NEXT_VERSION}\n", 1)
    before, rule, after = text.partition('\nid = "mts-21"\n')
    path = tmp_path / "mts.toml"
    path.write_text(before + rule + after.replace('say = ["@greeting"]', 'say = ["=абракадабра"]', 1), encoding="utf-8")
    return str(path)


def content(store: Path, name: str) -> list[dict[str, Any]]:
    rows = Tables(store).read(name).to_pylist()
    left_out = (*MADE_BY, *OF_THE_CLOCK.get(name, ()))
    return sorted(({key: row[key] for key in row if key not in left_out} for row in rows), key=repr)


def everything(store: Path) -> dict[str, list[dict[str, Any]]]:
    return {name: content(store, name) for name in Tables(store).names()}


# ── everything ───────────────────────────────────────────────────────────────


def test_artifacts_alone_give_the_rows_of_the_night_again_and_again(settings: Settings) -> None:
    before = everything(settings.store)
    previewed = rescore(Task(settings), DAY, accept=lambda report: False)
    assert previewed.changes is not None
    assert previewed.changes.is_nothing
    assert previewed.changes.kpis["no_hold_share"].moved == 0
    report = rescore(Task(settings), DAY)
    assert (report.days, report.calls, report.lost, report.defects, report.left_out) == ((DAY,), 18, 0, 0, {})
    assert report.is_written
    assert everything(settings.store) == before
    run_ids = {name: set(Tables(settings.store).read(name)["run_id"].to_pylist()) for name in before}
    rescore(Task(settings), DAY)
    assert {name: set(Tables(settings.store).read(name)["run_id"].to_pylist()) for name in before} == run_ids


def test_what_an_older_version_heard_is_scored_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(settings.store)
    monkeypatch.setattr(ear, "VERSION", ear.VERSION + 1)
    report = rescore(Task(settings), DAY)
    assert (report.calls, report.lost, report.defects) == (18, 0, 0)
    assert everything(settings.store) == before


def test_a_call_whose_sound_is_gone_keeps_its_rows(settings: Settings) -> None:
    before = everything(settings.store)
    [row, *_] = Tables(settings.store).read("stage_recording").to_pylist()
    shutil.rmtree(settings.store / "artifacts" / row["sha256"][:2] / row["sha256"])
    report = rescore(Task(settings), DAY)
    assert (report.calls, report.lost) == (18, 1)
    after = everything(settings.store)
    assert after == before


def test_days_without_call_records_are_left_out(settings: Settings, tmp_path: Path) -> None:
    before = everything(settings.store)
    report = rescore(Task(settings.model_copy(update={"calls": str(tmp_path / "gone.csv")})), DAY)
    assert list(report.left_out) == [DAY]
    assert "call records" in report.left_out[DAY]
    assert everything(settings.store) == before


def test_nothing_stored_of_the_days(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no calls are stored"):
        rescore(Task(settings), DAY + timedelta(1))
    with pytest.raises(SettingsError, match="no calls are stored"):
        rescore(Task(settings.model_copy(update={"store": tmp_path / "none"})), DAY)


def test_no_two_runs_at_once(settings: Settings) -> None:
    with only_run(settings.store), pytest.raises(StorageError, match="another run"):
        rescore(Task(settings), DAY)


# ── one manual ───────────────────────────────────────────────────────────────


def test_one_manual_leaves_the_others(settings: Settings, stricter: str) -> None:
    before = everything(settings.store)
    report = rescore(Task(settings, stricter), DAY)
    after = everything(settings.store)
    assert report.is_written
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {
        "rule_result", "event_rule_evidence", "call_scorecard",
        "kpi_agent_standard_daily", "kpi_team_standard_daily", "kpi_rule_daily",
        "kpi_agent_standard_weekly", "kpi_team_standard_weekly", "kpi_rule_weekly",
    }  # fmt: skip
    week = {row["rule_id"]: row["calls_failed"] for row in after["kpi_rule_weekly"]}
    assert week == {row["rule_id"]: row["calls_failed"] for row in after["kpi_rule_daily"]}
    others = [row for row in before["rule_result"] if row["manual"] != "mts"]
    assert [row for row in after["rule_result"] if row["manual"] != "mts"] == others
    greets = [row for row in after["rule_result"] if row["rule_id"] == "mts-21"]
    assert {row["outcome"] for row in greets} <= {"fail", "not_applicable", "not_measurable"}
    assert {row["manual_version"] for row in after["rule_result"] if row["manual"] == "mts"} == {NEXT_VERSION}
    assert NEXT_VERSION not in {row["manual_version"] for row in others}


def test_one_manual_unchanged_changes_nothing_whoever_scores(settings: Settings) -> None:
    before = everything(settings.store)
    report = rescore(Task(settings.model_copy(update={"workers": 2}), "mts"), DAY)
    assert report.calls == 18
    assert everything(settings.store) == before


@pytest.mark.parametrize(("manual", "is_for_them"), [("mts", True), ("cabletv", False)])
def test_calls_that_a_manual_is_not_for_are_not_heard(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, manual: str, *, is_for_them: bool
) -> None:
    heard: set[str] = set()
    hear_again = KeptListener.hear_again

    def listened(self: KeptListener, kept: KeptCall) -> HeardCall | None:
        heard.add(kept.planned.telephony.call_id)
        return hear_again(self, kept)

    monkeypatch.setattr(KeptListener, "hear_again", listened)
    report = rescore(Task(settings, manual), DAY)
    of_russian = {
        row["call_id"] for row in Tables(settings.store).read("call_transcript").to_pylist() if row["language"] == "ru"
    }
    assert of_russian
    assert (of_russian & heard) == (of_russian if is_for_them else set())
    assert (report.calls, report.lost, report.defects) == (18, 0, 0)


def test_analyzers_are_asked_only_for_what_a_rule_wants(settings: Settings) -> None:
    worker = Worker.of(Task(settings, "mts"))
    asked: list[str] = []

    class Maker:
        tables = (spec_of(RuleResult),)

        def rows(self, call: object, policies: object) -> list[object]:
            asked.append("once")
            return []

    rows = RowsOnDemand(None, {"rule_result": Maker()}, worker.policies)  # type: ignore[dict-item,arg-type]
    assert (rows.get("call_nothing", ()), asked) == ((), [])
    assert (list(rows["rule_result"]), list(rows["rule_result"]), asked) == ([], [], ["once"])


# ── preview ──────────────────────────────────────────────────────────────────


def test_a_preview_writes_nothing_before_it_is_accepted(settings: Settings, stricter: str) -> None:
    before = everything(settings.store)
    seen: list[Report] = []

    def decide(answer: bool) -> Callable[[Report], bool]:
        def accept(report: Report) -> bool:
            seen.append(report)
            assert everything(settings.store) == before
            return answer

        return accept

    refused = rescore(Task(settings, stricter), DAY, accept=decide(False))
    assert not refused.is_written
    assert everything(settings.store) == before
    assert not (settings.store / PART).exists()
    accepted = rescore(Task(settings, stricter), DAY, accept=decide(True))
    assert accepted.is_written
    after = everything(settings.store)
    rescore(Task(settings, stricter), DAY)
    assert everything(settings.store) == after
    changes = seen[0].changes
    assert changes is not None
    assert set(changes.results) == {row["rule_id"] for row in before["rule_result"] if row["manual"] == "mts"} | {
        row["rule_id"] for row in before["rule_result"]
    }
    flips = changes.flips_of("mts-21")
    assert set(flips) == {("pass", "fail")}
    passed = sum(row["rule_id"] == "mts-21" and row["outcome"] == "pass" for row in before["rule_result"])
    assert (flips.total(), changes.flips, changes.calls) == (passed, passed, passed)
    scored = [one for (_, manual), one in changes.agents.items() if manual == "mts" and one.moved]
    assert scored
    assert all(one.moved < 0 for one in scored)


def test_rows_that_differ_are_counted() -> None:
    spec = spec_of(CONDUCT_ROWS[2])
    empty = spec.schema().empty_table()
    assert differing(spec, empty, empty) == 0
    row = {field.name: None for field in spec.schema()} | {"call_id": "c-1", "manual": "own", "rules_passed": 1}
    one, other = (pa.Table.from_pylist([row | {"rules_passed": count}], schema=_open(spec.schema())) for count in (1, 2))
    assert (differing(spec, one, one), differing(spec, one, other), differing(spec, empty, one)) == (0, 1, 1)


def _open(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in schema])


def test_older_rows_have_no_version() -> None:
    spec = spec_of(RuleResult)
    older = spec.schema().empty_table().drop_columns(["manual_version"])
    assert as_declared(older, spec).schema.equals(spec.schema())


def test_an_empty_preview_is_nothing() -> None:
    assert Changes().is_nothing


# ── kept artifacts ───────────────────────────────────────────────────────────


def test_the_transcript_that_the_night_used_is_taken(settings: Settings) -> None:
    artifacts = KeptArtifacts(settings.store)
    row = next(row for row in Tables(settings.store).read("call_transcript").to_pylist())
    sound = next(one for one in Tables(settings.store).read("stage_recording").to_pylist() if one["call_id"] == row["call_id"])
    used = artifacts.any_transcript(sound["sha256"], row["engine"], row["options"])
    assert used is not None
    other = type(used)((), used.language, "another engine")
    artifacts.put_transcript(sound["sha256"], "later", other)
    assert artifacts.any_transcript(sound["sha256"], row["engine"], row["options"]) == used
    assert artifacts.any_transcript(sound["sha256"], "another engine", "{}") == other
    assert artifacts.any_transcript("f" * 64, None, None) is None


# ── the command ──────────────────────────────────────────────────────────────


def _arguments(settings: Settings, *more: object) -> list[object]:
    return [
        "rescore", "--since", DAY, "--store", settings.store, "--calls", settings.calls,
        "--time-zone", "Europe/Moscow", "--workers", 1, *more,
    ]  # fmt: skip


def test_the_command_shows_what_would_change(postcall: Command, settings: Settings, stricter: str) -> None:
    ended = postcall(*_arguments(settings, "--standard", stricter, "--diff"))
    assert ended.code == 3, ended.err
    assert "mts-21" in ended.out
    assert "pass → fail" in ended.out
    assert "Scores of agents" in ended.out
    assert "Nothing is written" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 100


def test_the_command_writes_what_is_accepted(postcall: Command, settings: Settings, stricter: str) -> None:
    ended = postcall(*_arguments(settings, "--standard", stricter, "--diff", "--accept"))
    assert ended.code == 0, ended.err
    assert "Written: 1 day, 18 calls." in ended.out
    ended = postcall(*_arguments(settings, "--standard", stricter, "--diff"))
    assert (ended.code, "Nothing would change." in ended.out) == (0, True)


def test_the_command_names_a_manual_that_there_is_not(postcall: Command, settings: Settings) -> None:
    ended = postcall(*_arguments(settings, "--standard", "mtz"))
    assert ended.code == 2
    assert "mts" in ended.err


def test_the_command_has_help(postcall: Command) -> None:
    ended = postcall("rescore", "--help")
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 100
    assert "--accept" in ended.out
