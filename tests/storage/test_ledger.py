"""The ledger: digests, owners, states, and being killed."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postcall.errors import StorageError
from storage.ledger import FILE_NAME, CallState, Ledger, State
from storage.recordings import Fingerprint

MONDAY, TUESDAY = date(2026, 2, 2), date(2026, 2, 3)
PRINT = Fingerprint(10, "1")


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path) as opened:
        yield opened


def test_a_digest_holds_while_the_file_does(ledger):
    assert ledger.digest("a.wav", PRINT) is None
    ledger.remember_digests({"a.wav": (PRINT, "f00")})
    assert ledger.digest("a.wav", PRINT) == "f00"
    assert ledger.digest("a.wav", Fingerprint(11, "1")) is None
    assert ledger.digest("a.wav", Fingerprint(10, "2")) is None
    ledger.remember_digests({"a.wav": (Fingerprint(10, "2"), "ba2")})
    assert ledger.digest("a.wav", Fingerprint(10, "2")) == "ba2"


def test_a_store_without_times_of_change_is_always_read_again(ledger):
    ledger.remember_digests({"a.wav": (Fingerprint(10, ""), "f00")})
    assert ledger.digest("a.wav", Fingerprint(10, "")) is None


def test_the_smallest_call_id_owns_within_a_night(ledger):
    duplicates = ledger.settle_owners(MONDAY, {"c": "x", "a": "x", "b": "y"})
    assert list(duplicates) == ["c"]
    assert "call c has the same sound as call a" in duplicates["c"].message


def test_nobody_owns_a_file_without_bytes(ledger):
    nothing = hashlib.sha256(b"").hexdigest()
    assert not ledger.settle_owners(MONDAY, {"a": nothing, "b": nothing})
    assert not ledger.settle_owners(TUESDAY, {"c": nothing})


def test_the_first_night_owns_and_a_rerun_says_the_same(ledger):
    first = ledger.settle_owners(MONDAY, {"b": "x"})
    second = ledger.settle_owners(TUESDAY, {"a": "x", "c": "z"})
    assert (list(first), list(second)) == ([], ["a"])
    assert list(ledger.settle_owners(MONDAY, {"b": "x"})) == []
    assert list(ledger.settle_owners(TUESDAY, {"a": "x", "c": "z"})) == ["a"]


def test_a_corrected_record_takes_its_sound_over(ledger):
    ledger.settle_owners(MONDAY, {"wrong": "x"})
    assert not ledger.settle_owners(MONDAY, {"right": "x"})
    assert list(ledger.settle_owners(TUESDAY, {"other": "x"})) == ["other"]


def test_the_same_call_in_two_nights_is_no_duplicate(ledger):
    ledger.settle_owners(MONDAY, {"a": "x"})
    assert not ledger.settle_owners(TUESDAY, {"a": "x"})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("xyz"), max_size=6), min_size=1, max_size=4))
def test_every_sound_has_one_owner_whatever_is_run_again(tmp_path_factory, nights):
    days = [date(2026, 2, 1 + number) for number in range(len(nights))]
    with Ledger(tmp_path_factory.mktemp("ledger")) as ledger:
        settled = [set(ledger.settle_owners(day, night)) for day, night in zip(days, nights, strict=True)]
        again = [set(ledger.settle_owners(day, night)) for day, night in reversed(list(zip(days, nights, strict=True)))]
    assert settled == again[::-1]
    for sound in "xyz":
        owners = {
            call_id
            for night, duplicates in zip(nights, settled, strict=True)
            for call_id, claimed in night.items()
            if claimed == sound and call_id not in duplicates
        }
        assert len(owners) == any(sound in night.values() for night in nights)


def test_states(ledger):
    ledger.mark_seen(MONDAY, ["b", "a", "gone"])
    ledger.mark(MONDAY, "b", State.QUARANTINED, "undecodable")
    ledger.mark_seen(TUESDAY, ["a"])
    assert ledger.states(MONDAY) == {
        "a": CallState(State.SEEN),
        "b": CallState(State.QUARANTINED, "undecodable"),
        "gone": CallState(State.SEEN),
    }
    ledger.mark_seen(MONDAY, ["a"])
    ledger.mark(MONDAY, "a", State.DONE)
    assert ledger.states(MONDAY) == {"a": CallState(State.DONE)}
    assert ledger.states(TUESDAY) == {"a": CallState(State.SEEN)}


def test_forgotten_is_gone_from_the_files(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.mark_seen(MONDAY, ["call-79160000000", "other"])
        ledger.settle_owners(MONDAY, {"call-79160000000": "x", "other": "y"})
        ledger.remember_digests({"79160000000.wav": (PRINT, "x")})
        ledger.forget(["call-79160000000"], ["79160000000.wav"])
        assert list(ledger.states(MONDAY)) == ["other"]
        assert ledger.digest("79160000000.wav", PRINT) is None
        assert not ledger.settle_owners(TUESDAY, {"new": "x"})
        for path in tmp_path.iterdir():
            assert b"79160000000" not in path.read_bytes()


def test_it_is_kept(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.mark_seen(MONDAY, ["a"])
    with Ledger(tmp_path) as ledger:
        assert list(ledger.states(MONDAY)) == ["a"]


def test_many_threads_and_two_runs(tmp_path):
    with Ledger(tmp_path) as one, Ledger(tmp_path) as two:
        ids = [f"c{number:03}" for number in range(100)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda item: (one, two)[item[0] % 2].mark(MONDAY, item[1], State.DONE), enumerate(ids)))
        assert list(one.states(MONDAY)) == ids


def test_locked_by_another_run(tmp_path):
    with Ledger(tmp_path, timeout_s=0.05) as ledger:
        other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
        other.execute("begin immediate")
        with pytest.raises(StorageError) as caught:
            ledger.mark(MONDAY, "a", State.DONE)
        assert "another run" in caught.value.hint
        other.execute("rollback")
        other.close()
        ledger.mark(MONDAY, "a", State.DONE)


def test_a_damaged_ledger_says_what_to_do(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError) as caught:
        Ledger(tmp_path)
    assert "built again" in caught.value.hint


def test_a_newer_ledger_is_not_touched(tmp_path):
    Ledger(tmp_path).close()
    other = sqlite3.connect(tmp_path / FILE_NAME)
    other.execute("pragma user_version = 99")
    other.close()
    with pytest.raises(StorageError, match="version 99"):
        Ledger(tmp_path)


def test_no_folder(tmp_path):
    with pytest.raises(StorageError) as caught:
        Ledger(tmp_path / "nowhere")
    assert "store folder" in caught.value.hint


WRITER = """
import sys
from datetime import date
from pathlib import Path
from storage.ledger import Ledger, State
with Ledger(Path(sys.argv[1])) as ledger:
    for number in range(100_000):
        day = date.fromordinal(738_000 + number)
        ledger.mark_seen(day, ["a", "b"])
        ledger.settle_owners(day, {"a": str(number), "b": str(number)})
        ledger.mark(day, "a", State.DONE)
        print(number, flush=True)
"""


def test_killed_at_any_point(tmp_path):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    said = [writer.stdout.readline() for _ in range(50)]
    os.kill(writer.pid, signal.SIGKILL)
    said += writer.stdout.readlines()
    writer.wait()
    writer.stdout.close()
    finished = [int(line) for line in said if line.endswith("\n")]
    assert len(finished) >= 50
    with Ledger(tmp_path) as ledger:
        for number in finished:
            assert ledger.states(date.fromordinal(738_000 + number)) == {"a": CallState(State.DONE), "b": CallState(State.SEEN)}
        # The night it was killed in: begun as a whole or not at all, and it can be run again.
        night = date.fromordinal(738_000 + finished[-1] + 1)
        assert len(ledger.states(night)) in (0, 2)
        ledger.mark_seen(night, ["a"])
    checked = sqlite3.connect(tmp_path / FILE_NAME)
    assert checked.execute("pragma integrity_check").fetchall() == [("ok",)]
    checked.close()
