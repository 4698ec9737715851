"""Every bad call record ends as its case says, and nothing of it is shown."""

from __future__ import annotations

import importlib.util
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from postcall.errors import PostCallError
from storage.recordings import Recordings, match
from storage.telephony import CODES, RecordFormat, read_call_records


def _load() -> ModuleType:
    """The corpus beside this file, which is a script's module as well as a test's."""
    spec = importlib.util.spec_from_file_location("bad_call_records", Path(__file__).with_name("records.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


corpus = _load()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return {case.name: case for case in corpus.make_bad_records(tmp_path_factory.mktemp("records"))}


def test_names_are_unique():
    assert len({case.file_name for case in corpus.CASES}) == len(corpus.CASES)


@pytest.mark.parametrize("name", [case.name for case in corpus.CASES])
def test_bad_records(made, name, tmp_path):
    case = made[name]
    settings = RecordFormat(**dict(case.format))
    if case.stage == "file":
        with pytest.raises(PostCallError) as caught:
            read_call_records(str(case.path), settings)
        assert caught.value.code == case.code
        assert caught.value.hint
        assert "bad-1" not in str(caught.value)
        return
    read = read_call_records(str(case.path), settings)
    assert {record.call_id for record in read.records} == set(case.usable)
    assert len(read.problems) == case.problems
    if case.stage == "row" and case.code is not None:
        assert {problem.error.code for problem in read.problems} == {case.code}
        assert case.code in CODES
        assert all(problem.line is not None for problem in read.problems)
    if case.stage == "recording":
        (tmp_path / "good-1.wav").write_bytes(b"sound")
        matched = match(read.records, Recordings(str(tmp_path)).list())
        assert matched.paths == {"good-1": "good-1.wav"}
        assert matched.problems["bad-1"].code == case.code


@pytest.mark.parametrize("name", ["no_time_zone", "spring_gap", "ended_before_started", "bad_channel_map", "huge_cell"])
def test_the_day_of_a_bad_row_is_told(made, name):
    case = made[name]
    problem = read_call_records(str(case.path), RecordFormat(**dict(case.format))).problems[0]
    assert problem.call_date == (date(2026, 3, 29) if name == "spring_gap" else date(2026, 1, 30))


@pytest.mark.parametrize("name", ["wrong_year", "year_1970", "no_times", "not_a_time"])
def test_a_day_is_not_invented(made, name):
    case = made[name]
    problem = read_call_records(str(case.path), RecordFormat(**dict(case.format))).problems[0]
    told = name in ("year_1970", "not_a_time")  # by the other times of the row
    assert problem.call_date == (date(2026, 1, 30) if told or name == "no_times" else None)


def test_the_repeated_hour_keeps_the_order(made):
    read = read_call_records(str(made["autumn_twice"].path), RecordFormat(**corpus.FORMAT))
    odd = read.records[1]
    assert odd.started_at is not None
    assert odd.ended_at is not None
    assert (odd.ended_at - odd.started_at).total_seconds() == 20 * 60


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("semicolons_and_bom", "utf-8-sig"), ("cp1251", "cp1251"), ("utf16", "utf-16"), ("utf16_without_bom", "utf-16-le")],
)
def test_the_encoding_is_told_and_the_text_right(made, name, encoding):
    read = read_call_records(str(made[name].path), RecordFormat(**corpus.FORMAT))
    assert read.encoding == encoding
    assert read.records[0].agent_name == "Анна Щукина"
