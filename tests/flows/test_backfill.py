"""Many nights: oldest first, none stopped by another; and what a dry run promises."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

import flows.night
from flows.backfill import backfill, days_between, speed_of_nights, to_do
from flows.exit_codes import worst
from flows.night import NightReport
from flows.settings import load_settings
from postcall.errors import PolicyError, SettingsError, StorageError
from storage.tables import Tables
from tests.flows.conftest import Command
from tests.flows.small_nights import MARKER, Centre, day, make_centre


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return make_centre(tmp_path / "centre", days=3, missing=(1,))


def _ran(centre: Centre) -> list[date]:
    rows = Tables(centre.store).read("run_night").to_pylist()
    return [row["call_date"] for row in sorted(rows, key=lambda row: row["started_at"])]


def test_days_are_run_oldest_first_and_one_that_fails_stops_none(centre: Centre, postcall: Command) -> None:
    arguments = ("backfill", "--settings", centre.settings_file, "--from", day(0), "--to", day(2))
    ended = postcall(*arguments)
    assert ended.code == 2, "the worst of its days"
    assert _ran(centre) == [day(0), day(2)]
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == [day(number).isoformat() for number in range(3)]
    assert "2 calls, 2 heard" in lines[0]
    assert "failed (settings)" in lines[1]
    assert "3 days, 2 in order" in lines[3]
    assert MARKER not in ended.out + ended.err
    assert max(map(len, lines[3:])) <= 100

    ended = postcall(*arguments, "--missing")
    assert [line.split()[0] for line in ended.out.splitlines()[:1]] == [day(1).isoformat()]
    (centre.folder / f"calls-{day(1).isoformat()}.csv").write_text("call_id,started_at\n")
    assert postcall(*arguments, "--missing").code in (0, 3)
    ended = postcall(*arguments, "--missing")
    assert (ended.code, ended.out.strip()) == (0, "Nothing to do: all of these days ran.")


def test_a_dry_run_does_nothing_and_says_what_there_is(centre: Centre, postcall: Command) -> None:
    arguments = ("backfill", "--settings", centre.settings_file, "--from", day(0), "--to", day(2), "--dry-run")
    before = sorted(centre.folder.rglob("*"))
    ended = postcall(*arguments)
    assert ended.code == 0
    assert sorted(centre.folder.rglob("*")) == before, "nothing was written"
    assert "Estimated time: unknown" in ended.out
    assert "To do: 3 days, 4 calls, 2:00 h of sound" in ended.out
    assert "no call records" in ended.out

    assert postcall("nightly", "--settings", centre.settings_file, "--date", day(0)).code == 0
    settings = load_settings(centre.settings_file)
    first, second, third = to_do([day(0), day(1), day(2)], settings)
    assert (first.is_done, first.calls, first.sound_s) == (True, 2, 3600)
    assert (second.is_done, second.calls, second.sound_s) == (False, None, None)
    assert (third.is_done, third.calls, third.sound_s) == (False, 2, 3600)
    [run] = Tables(centre.store).read("run_night").to_pylist()
    took_s = (run["finished_at"] - run["started_at"]).total_seconds()
    assert speed_of_nights(settings) == pytest.approx(4.0 / took_s), "two calls of two seconds"
    ended = postcall(*arguments)
    assert "To do: 2 days, 2 calls, 1:00 h of sound" in ended.out
    assert "times real time" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 100


def test_every_day_is_a_night_of_the_log(centre: Centre, postcall: Command) -> None:
    arguments = ("--from", day(0), "--to", day(2), "--log-format", "json")
    ended = postcall("backfill", "--settings", centre.settings_file, *arguments)
    assert ended.out == ""
    lines = [json.loads(line) for line in ended.err.splitlines()]
    assert [(line["night"], line["event"]) for line in lines if line["event"] in ("night_ended", "stopped")] == [
        (day(0).isoformat(), "night_ended"),
        (day(1).isoformat(), "stopped"),
        (day(2).isoformat(), "night_ended"),
    ]


def test_the_worst_exit_code() -> None:
    assert worst([]) == 0
    assert worst([0, 3, 0]) == 3
    assert worst([4, 3]) == 4
    assert worst([2, 4]) == 2
    assert worst([2, 1, 3]) == 1


def test_what_breaks_a_day_off_is_kept_with_it() -> None:
    broken = {day(0): StorageError("disk"), day(1): KeyError(MARKER)}

    def run(night: date) -> NightReport:
        if night in broken:
            raise broken[night]
        return NightReport(night, 1, 1, 0, (), "run")

    done = list(backfill([day(0), day(1), day(2)], run))
    assert [one.exit_code for one in done] == [1, 1, 0]

    def wrong(night: date) -> NightReport:
        raise PolicyError("policy")

    with pytest.raises(PolicyError):
        list(backfill([day(0), day(1)], wrong))


def test_a_defect_is_told_without_its_words(centre: Centre, postcall: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def unforeseen(*_: object, **__: object) -> None:
        raise KeyError(MARKER)

    monkeypatch.setattr(flows.night, "plan_night", unforeseen)
    ended = postcall("backfill", "--settings", centre.settings_file, "--from", day(0), "--to", day(0))
    assert ended.code == 1
    assert "failed (unforeseen): KeyError in test_backfill.py:" in ended.out
    assert MARKER not in ended.out + ended.err


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [(1, 0, "is after"), (0, 30, "is not over yet"), (-4000, 0, "too many")],
)
def test_days_that_cannot_be(first: int, last: int, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        days_between(day(first), day(last), newest=day(10))
    assert days_between(day(0), day(2), newest=day(2)) == [day(0) + timedelta(days=number) for number in range(3)]
