from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from postcall.errors import StorageError
from postcall.voiceprints import Print
from storage.tombstones import Tombstones
from storage.voiceprints import FOLDER, Voiceprints, agent_key, count_prints

MONDAY, TUESDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 6)
ANNA, BORIS = agent_key("anna"), agent_key("../boris")


def made(sha256: str, *voice: float) -> Print:
    return Print(sha256, "model-1", 9_000, np.array(voice, np.float32))


def same(one: Print, other: Print) -> bool:
    facts = (one.sha256, one.key, one.speech_ms) == (other.sha256, other.key, other.speech_ms)
    return facts and bool(np.array_equal(one.voice, other.voice)) and other.voice.dtype == np.float32


def test_what_is_kept_is_read_again_in_a_fixed_order(tmp_path: Path) -> None:
    kept = Voiceprints(tmp_path)
    second, first = made("b", 0.6, 0.8), made("a", 1 / 3, -0.25)
    kept.replace_day(TUESDAY, {ANNA: [second, first], BORIS: [made("c", 1.0, 0.0)]})
    kept.replace_day(MONDAY, {ANNA: [made("z", 0.0, 1.0)]})
    found = kept.of_days(MONDAY, FRIDAY)
    assert [one.sha256 for one in found[ANNA]] == ["z", "a", "b"]
    assert same(found[ANNA][1], first)
    assert same(found[ANNA][2], second)
    assert set(found) == {ANNA, BORIS}
    assert set(kept.of_days(MONDAY, TUESDAY)) == {ANNA}, "the end is not among them"
    assert kept.of_days(FRIDAY, date.max) == {}


def test_a_day_is_replaced_whole(tmp_path: Path) -> None:
    kept = Voiceprints(tmp_path)
    kept.replace_day(MONDAY, {ANNA: [made("a", 1.0)], BORIS: [made("b", 1.0)]})
    kept.replace_day(MONDAY, {BORIS: [made("c", 1.0)]})
    assert {agent: [one.sha256 for one in prints] for agent, prints in kept.of_day(MONDAY).items()} == {BORIS: ["c"]}
    kept.replace_day(MONDAY, {})
    assert not (tmp_path / FOLDER).exists()


def test_nothing_was_ever_kept(tmp_path: Path) -> None:
    kept = Voiceprints(tmp_path)
    kept.replace_day(MONDAY, {})
    assert (kept.days(), kept.files(), kept.of_days(date.min, date.max)) == ([], [], {})
    assert list(tmp_path.iterdir()) == []


def test_only_the_user_of_the_night_may_read_them(tmp_path: Path) -> None:
    Voiceprints(tmp_path).replace_day(MONDAY, {BORIS: [made("a", 1.0)]})
    modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / FOLDER).rglob("*")}
    assert modes[".parquet"] == 0o600
    assert stat.S_IMODE((tmp_path / FOLDER).stat().st_mode) == 0o700
    assert [path.parent.parent for path in tmp_path.rglob("*.parquet")] == [tmp_path / FOLDER], "an id is no path"


def test_prints_of_some_recordings_go_and_the_others_stay(tmp_path: Path) -> None:
    kept = Voiceprints(tmp_path)
    kept.replace_day(MONDAY, {ANNA: [made("gone", 0.125), made("stays", 0.25)], BORIS: [made("gone too", 0.5)]})
    noted: list[Path] = []
    assert kept.count_sounds({"gone", "gone too", "other"}) == 2
    assert kept.without_sounds({"gone", "gone too", "other"}, noted.append) == 2
    assert len(noted) == 2
    assert {agent: [one.sha256 for one in prints] for agent, prints in kept.of_day(MONDAY).items()} == {ANNA: ["stays"]}
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert np.float32(0.125).tobytes() not in left
    assert np.float32(0.25).tobytes() in left
    assert kept.without_sounds({"gone"}, noted.append) == 0


def test_files_of_an_agent_and_of_days_before_one(tmp_path: Path) -> None:
    kept = Voiceprints(tmp_path)
    for day in (MONDAY, TUESDAY):
        kept.replace_day(day, {ANNA: [made("a", 1.0), made("b", 1.0)], BORIS: [made("c", 1.0)]})
    assert count_prints(kept.files()) == 6
    assert count_prints(kept.files(agent=ANNA)) == 4
    assert count_prints(kept.files(before=TUESDAY)) == 3
    kept.remove(kept.files(agent=ANNA))
    assert {file.stem for file in kept.files()} == {BORIS}


def test_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    kept = Voiceprints(tmp_path)
    kept.replace_day(MONDAY, {ANNA: [made("a", 1.0)]})
    [file] = kept.files()
    file.write_bytes(file.read_bytes()[:40])
    assert kept.of_day(MONDAY) == {}
    assert kept.files() == [file], "but it can be removed"


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("no folder")
    with pytest.raises(StorageError, match="voiceprints cannot be written"):
        Voiceprints(tmp_path).replace_day(MONDAY, {ANNA: [made("a", 1.0)]})


def test_the_agents_id_is_no_plain_word_among_the_tombstones(tmp_path: Path) -> None:
    (tmp_path / "tombstones.json").write_text('{"key": "00", "calls": [], "paths": [], "sounds": []}')
    assert not Tombstones.read(tmp_path).has_voice("anna"), "one of an older program"
    Tombstones.read(tmp_path).add(tmp_path, voices=["anna"])
    known = Tombstones.read(tmp_path)
    assert (known.has_voice("anna"), known.has_voice("boris")) == (True, False)
    assert "anna" not in (tmp_path / "tombstones.json").read_text()
    assert Tombstones.read(tmp_path).add(tmp_path, calls=["c"]).has_voice("anna")
