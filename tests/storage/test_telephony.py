"""Reading call records: forms of times and cells, names of recordings, CSV and JSON Lines alike."""

from __future__ import annotations

import csv
import io
import json
import re
import traceback
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from postcall.errors import PostCallError, SettingsError, TelephonyError
from postcall.telephony import Direction, RecordedHold, Role, Telephony
from storage.telephony import (
    CODES,
    COLUMNS,
    NamePattern,
    RecordFormat,
    business_day,
    read_call_records,
    records_from_names,
)

MOSCOW = RecordFormat(time_zone="Europe/Moscow", naive_times_in="Europe/Moscow")
BERLIN = RecordFormat(time_zone="Europe/Berlin", naive_times_in="Europe/Berlin")
DOCS = Path(__file__).parents[2] / "docs" / "call-records.md"
TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)


def as_json(*rows):
    return io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode())


def as_csv(*rows):
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(text.getvalue().encode())


def one(format=MOSCOW, **cells):
    """The record of one row, or the error that refused it."""
    row = {"call_id": "c", "started_at": TEN.isoformat(), **cells}
    read = read_call_records(as_json(row), format)
    if read.problems:
        raise read.problems[0].error
    return read.records[0]


def refused(format=MOSCOW, **cells):
    with pytest.raises(TelephonyError) as caught:
        one(format, **cells)
    return caught.value


# ── times ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31T10:00:00Z",
        "2026-01-31T13:00:00+03:00",
        "2026-01-31T13:00:00+0300",
        "2026-01-31 13:00:00+03",
        "2026-01-31 13:00:00",
        "2026-01-31 13:00",
        "31.01.2026 13:00",
        "31.01.2026 13:00:00",
        "2026-01-31T13:00:00.000999",
        "20260131-130000",
        "20260131130000",
        "2026-01-31_13-00-00",
        "1769853600",
        "1769853600000",
        1769853600,
        1769853600.0,
    ],
)
def test_forms_of_times(written):
    assert one(started_at=written).started_at == TEN


def test_times_are_cut_to_ms():
    assert one(started_at="1769853600.1239").started_at == TEN + timedelta(milliseconds=123)
    assert one(started_at="2026-01-31T10:00:00,1239Z").started_at == TEN + timedelta(milliseconds=123)


@pytest.mark.parametrize(
    "written",
    ["2026-01-31", "10:00", "31/01/2026 10:00", "31.13.2026 10:00", "2026-13-01T00:00:00Z", "1.7e9", "now", "٢٠٢٦", True],
)
def test_no_times(written):
    assert refused(started_at=written).code in ("bad_time", "bad_text")


def test_time_without_zone_names_the_setting():
    error = refused(RecordFormat(time_zone="Europe/Moscow"), started_at="2026-01-31 10:00:00")
    assert error.code == "no_time_zone"
    assert "naive_times_in" in error.hint


def test_the_repeated_hour():
    # 02:50 then 03:10 the same night: both readings keep the order, so the first one counts.
    first = one(BERLIN, started_at="2026-10-25 02:50:00", ended_at="2026-10-25 03:10:00")
    assert first.started_at == datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
    # Answered 02:05 after a start at 02:55: only the second 02:05 keeps the order.
    later = one(BERLIN, started_at="2026-10-25 02:55:00", answered_at="2026-10-25 02:05:00")
    assert later.answered_at == datetime(2026, 10, 25, 1, 5, tzinfo=UTC)


def test_a_hold_in_the_repeated_hour_lies_in_its_call():
    record = one(
        BERLIN,
        started_at="2026-10-25T01:10:00Z",
        ended_at="2026-10-25T01:30:00Z",
        holds="2026-10-25 02:15:00/2026-10-25 02:20:00",
    )
    assert record.holds[0].started_at == datetime(2026, 10, 25, 1, 15, tzinfo=UTC)


def test_a_file_over_years_has_no_strays():
    rows = [{"call_id": str(n), "started_at": (TEN + timedelta(days=200 * n)).isoformat()} for n in range(12)]
    assert len(read_call_records(as_json(*rows), MOSCOW).records) == 12
    stray = {"call_id": "stray", "started_at": "2091-01-01T00:00:00Z"}
    read = read_call_records(as_json(*rows, stray), MOSCOW)
    assert [(problem.call_id, problem.error.code, problem.call_date) for problem in read.problems] == [
        ("stray", "impossible_times", None)
    ]


@pytest.mark.parametrize(
    ("cells", "day"),
    [
        ({"started_at": "2026-01-31T20:59:59Z", "ended_at": "2026-01-31T21:30:00Z"}, date(2026, 1, 31)),
        ({"started_at": "2026-01-31T21:00:00Z"}, date(2026, 2, 1)),
        ({"started_at": None, "offered_at": "2026-01-31T21:00:00Z"}, date(2026, 2, 1)),
        ({"started_at": None, "answered_at": "2026-01-31T20:00:00Z"}, date(2026, 1, 31)),
    ],
)
def test_business_day(cells, day):
    assert business_day(one(**cells), "Europe/Moscow") == day


def test_a_record_without_times_has_no_day():
    assert business_day(Telephony("c"), "Europe/Moscow") is None


def test_the_start_of_the_recording_lies_near_the_call():
    cells = {"started_at": "2026-01-31T10:00:00Z", "ended_at": "2026-01-31T10:05:00Z"}
    assert one(**cells, recording_started_at="2026-01-31T10:00:10Z").recording_started_at == TEN + timedelta(seconds=10)
    assert refused(**cells, recording_started_at="2026-01-31T10:06:00Z").code == "impossible_times"
    assert refused(**cells, recording_started_at="2026-01-29T10:00:00Z").code == "impossible_times"


# ── cells ────────────────────────────────────────────────────────────────────


HOLD = (RecordedHold(TEN + timedelta(seconds=60), TEN + timedelta(seconds=100)),)


@pytest.mark.parametrize(
    "written",
    [
        [{"start": "2026-01-31T10:01:00Z", "end": "2026-01-31T10:01:40Z"}],
        '[{"start": "2026-01-31T10:01:00Z", "end": "2026-01-31T10:01:40Z"}]',
        [["2026-01-31T10:01:00Z", 1769853700]],
        "2026-01-31T10:01:00Z/2026-01-31T10:01:40Z",
        "2026-01-31T10:01:00Z/2026-01-31T10:01:40Z;",
    ],
)
def test_forms_of_holds(written):
    assert one(holds=written).holds == HOLD


def test_holds_are_tri_state():
    none = MOSCOW.model_copy(update={"empty_holds": "none"})
    assert one().holds is None
    assert one(none).holds is None
    assert one(holds="").holds is None
    assert one(none, holds="").holds == ()
    assert one(none, holds=None).holds == ()
    assert one(holds="[]").holds == one(holds=[]).holds == ()


def test_overlapping_holds_are_kept():
    twice = "2026-01-31T10:01:00Z/2026-01-31T10:01:40Z"
    assert len(one(holds=f"{twice};{twice}").holds) == 2


def test_a_hold_may_pass_the_end_by_the_rounding_of_the_export():
    cells = {"ended_at": "2026-01-31T10:02:00Z", "holds": "2026-01-31T10:01:00Z/2026-01-31T10:02:00.900Z"}
    assert one(**cells).holds is not None
    assert refused(**cells | {"holds": "2026-01-31T10:01:00Z/2026-01-31T10:02:01.100Z"}).code == "impossible_times"


@pytest.mark.parametrize(
    ("written", "roles"),
    [
        ("customer,agent", (Role.CUSTOMER, Role.AGENT)),
        ("operator|client", (Role.AGENT, Role.CUSTOMER)),
        ('["caller", "agent"]', (Role.CUSTOMER, Role.AGENT)),
        ({"0": "customer"}, (Role.CUSTOMER,)),
        ({"1": "agent"}, (Role.UNKNOWN, Role.AGENT)),
    ],
)
def test_channel_maps(written, roles):
    assert one(channel_map=written).channel_map == roles


@pytest.mark.parametrize(
    "written", ["left,right", "[", [], {}, {"x": "agent"}, {"-1": "agent"}, 5, ["agent", None], "agent," * 9]
)
def test_no_channel_maps(written):
    error = refused(channel_map=written)
    assert error.code == "bad_channel_map"
    assert "line 1: column 'channel_map'" in error.message


@pytest.mark.parametrize(("written", "count"), [("2", 2), (2, 2), ("2.0", 2), (2.0, 2), ("0", 0)])
def test_transfers(written, count):
    assert one(transfers=written).transfers == count


@pytest.mark.parametrize("written", ["-1", "1.5", "many", "1001", 1e300, True, "²", [1]])
def test_no_transfers(written):
    assert refused(transfers=written).code == "bad_number"


@pytest.mark.parametrize(
    ("written", "work_ms"),
    [("35", 35_000), (35, 35_000), (12.5, 12_500), ("0", 0), (0, 0), ("0:45", 45_000), ("1:02:03", 3_723_000), ("", None)],
)
def test_after_call_work(written, work_ms):
    assert one(after_call_work=written).after_call_work_ms == work_ms


@pytest.mark.parametrize("written", ["-5", -5, -0.5, "wrong number", "86401", "45000000", "12,5", 1e300])
def test_no_after_call_work(written):
    error = refused(after_call_work=written)
    assert error.code == "bad_duration"
    assert "line 1: column 'after_call_work'" in error.message


@pytest.mark.parametrize("title", ["ACW", "acw time", "After-Call Work", "Wrap-up time", "after_contact_work"])
def test_names_of_after_call_work(title):
    text = f"call_id,started_at,{title}\n7,1769853600,20\n8,1769853600,\n9,1769853600,-3\n"
    read = read_call_records(io.BytesIO(text.encode()), MOSCOW)
    assert [(record.call_id, record.after_call_work_ms) for record in read.records] == [("7", 20_000), ("8", None)]
    assert [(problem.call_id, problem.error.code) for problem in read.problems] == [("9", "bad_duration")]
    assert read.filled["after_call_work"] == 2


def test_a_column_of_wrap_up_codes_is_no_after_call_work():
    text = b"call_id,started_at,wrapup\n7,1769853600,20\n"
    (record,) = read_call_records(io.BytesIO(text), MOSCOW).records
    assert (record.after_call_work_ms, record.extra) == (None, {"wrapup": "20"})
    mapped = MOSCOW.model_copy(update={"columns": {"wrapup": "after_call_work"}, "values": {"after_call_work": {"n/a": ""}}})
    read = read_call_records(io.BytesIO(text + b"8,1769853600,N/A\n"), mapped)
    assert [record.after_call_work_ms for record in read.records] == [20_000, None]


def test_words():
    record = one(direction=" Incoming ", disconnected_by="Client", language="zh-CN")
    assert (record.direction, record.disconnected_by, record.language) == (Direction.INBOUND, Role.CUSTOMER, "zh")
    assert refused(language="Russian language").code == "bad_language"


def test_foreign_column_names():
    format = MOSCOW.model_copy(update={"columns": {"Unique ID": "call_id", "start": "started_at"}})
    read = read_call_records(io.BytesIO(b"unique-id;START;Queue Name\n7;1769853600;sales\n"), format)
    assert read.records == (Telephony("7", started_at=TEN, extra={"Queue Name": "sales"}),)
    with pytest.raises(SettingsError, match="maps 'Unique ID' to call_id"):
        read_call_records(io.BytesIO(b"call_id;start\n7;1769853600\n"), format)


def test_format_refuses_what_it_does_not_know():
    with pytest.raises(ValidationError, match="did you mean 'call_id'"):
        RecordFormat(time_zone="UTC", columns={"id": "cal_id"})
    with pytest.raises(ValidationError, match="IANA"):
        RecordFormat(time_zone="Moscow/Europe")
    with pytest.raises(ValidationError, match="same one of ours"):
        RecordFormat(time_zone="UTC", columns={"a": "queue", "b": "queue"})


def test_missing_column_names_what_it_may_be():
    with pytest.raises(SettingsError) as caught:
        read_call_records(io.BytesIO(b"callid,started\n7,1769853600\n"), MOSCOW)
    assert "'callid' may be call_id" in caught.value.hint


def test_a_file_without_header_does_not_show_its_first_call():
    with pytest.raises(SettingsError) as caught:
        read_call_records(io.BytesIO("Ольга Петрова,+79160000000,2026-01-31\n".encode()), MOSCOW)
    assert "Ольга" not in str(caught.value)
    assert "7916" not in str(caught.value)


def test_a_missing_file_is_a_setting(tmp_path):
    with pytest.raises(SettingsError, match=r"no call-record file 'x\.csv'"):
        read_call_records(str(tmp_path / "x.csv"), MOSCOW)


def test_one_open_quote_costs_one_row_of_a_long_file():
    rows = [f"{n},2026-01-31T10:00:00Z,{'' if n != 500 else chr(34)}note {n}" for n in range(2000)]
    read = read_call_records(io.BytesIO("\n".join(("call_id,started_at,note", *rows)).encode()), MOSCOW)
    assert len(read.records) == 1999
    assert [(problem.line, problem.error.code) for problem in read.problems] == [(502, "broken_row")]


def test_quoted_newlines_do_not_shift_the_lines():
    data = b'call_id,started_at,note\na,1769853600,"two\nlines"\nb,never,\n'
    read = read_call_records(io.BytesIO(data), MOSCOW)
    assert read.records[0].extra == {"note": "two\nlines"}
    assert read.problems[0].line == 4


def test_the_limit_of_the_csv_module_is_put_back():
    before = csv.field_size_limit()
    read_call_records(io.BytesIO(b"call_id,started_at\na,1769853600\n"), MOSCOW)
    assert csv.field_size_limit() == before


def test_equal_content_in_other_words_is_merged():
    again = {"call_id": "c", "started_at": "2026-01-31T13:00:00+03:00"}
    read = read_call_records(as_json({"call_id": "c", "started_at": TEN.isoformat()}, again, again), MOSCOW)
    assert (len(read.records), read.problems, read.duplicates_merged) == (1, (), 2)


@pytest.mark.parametrize("more", [b'"transfers": NaN', b'"started": 1769853600', b'"queue": "a", "queue": "b"'])
def test_json_that_says_two_things_or_none(more):
    data = b'{"call_id": "a", "started_at": 1769853600}\n{"call_id": "b", "started_at": 1769853600, ' + more + b"}\n"
    read = read_call_records(io.BytesIO(data), MOSCOW)
    assert [(problem.line, problem.error.code) for problem in read.problems] == [(2, "broken_row")]
    assert len(read.records) == 1


def test_an_identical_bad_row_is_one_problem():
    bad = {"call_id": "c", "started_at": "never"}
    read = read_call_records(as_json(bad, bad), MOSCOW)
    assert (len(read.problems), read.duplicates_merged) == (1, 1)


def test_personal_data_never_stands_in_messages():
    marker = "МАРКЕР79160000000"
    for column in COLUMNS:
        for value in (marker + "\0", [marker], {marker: marker}, marker * 9000, "[" + marker, marker):
            row = {"call_id": "c", "started_at": TEN.isoformat()} | {column: value, "note" + column: value}
            for problem in read_call_records(as_json(row), MOSCOW).problems:
                if column != "call_id":
                    assert marker not in f"{problem.error} {problem!r}", column


# ── names of recordings ──────────────────────────────────────────────────────

PATTERN = NamePattern(r"(?P<started_at>\d{8}-\d{6})_(?P<queue>[a-z]+)_(?P<agent_id>\w+?)_(?P<call_id>[^_.]+)")
NAME = "2026/20260131-130000_support_a17_417.wav"


def test_records_from_names():
    read = records_from_names([NAME, "odd.wav"], PATTERN, MOSCOW)
    assert read.records == (Telephony("417", recording=NAME, started_at=TEN, queue="support", agent_id="a17"),)
    (problem,) = read.problems
    assert (problem.error.code, problem.call_id, problem.recording, problem.line) == ("unmatched_name", "odd", "odd.wav", None)
    assert "odd" not in str(problem.error)


def test_a_name_without_call_id_is_the_id():
    pattern = NamePattern(r"^(?P<started_at>\d{14})")
    read = records_from_names(["20260131130000-1.wav"], pattern, RecordFormat(time_zone="Europe/Moscow"))
    assert (read.records[0].call_id, read.records[0].started_at) == ("20260131130000-1", TEN)


def test_a_name_fills_in_what_the_record_lacks():
    data = b"call_id,recording,queue\n417," + NAME.encode() + b",sales\n"
    record = read_call_records(io.BytesIO(data), MOSCOW, PATTERN).records[0]
    assert (record.started_at, record.queue, record.agent_id) == (TEN, "sales", "a17")
    completed = PATTERN.complete(Telephony("417", answered_at=TEN, holds=HOLD, extra={"x": "1"}), NAME, MOSCOW)
    assert completed == Telephony(
        "417", answered_at=TEN, started_at=TEN, holds=HOLD, extra={"x": "1"}, queue="support", agent_id="a17"
    )
    with pytest.raises(TelephonyError, match="answered_at lies before started_at"):
        PATTERN.complete(Telephony("417", answered_at=TEN - timedelta(seconds=1)), NAME, MOSCOW)


def test_a_name_dates_its_recording():
    assert PATTERN.day(NAME, MOSCOW) == date(2026, 1, 31)
    assert PATTERN.day("x.wav", MOSCOW) is None
    assert PATTERN.day("20261331-000000_a_b_c.wav", MOSCOW) is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(", "not a regular expression"),
        ("x", "no named group"),
        ("(?P<callid>x)", "did you mean 'call_id'"),
        ("(?P<zz>x)", "known:"),
    ],
)
def test_bad_patterns(pattern, said):
    with pytest.raises(SettingsError, match=re.escape(said)):
        NamePattern(pattern)


# ── the page ─────────────────────────────────────────────────────────────────


def test_the_page_lists_every_column_and_code():
    page = DOCS.read_text(encoding="utf-8")
    for column, aliases in COLUMNS.items():
        assert re.search(rf"^\| `{column}`", page, re.MULTILINE), column
        assert all(f"(`{alias}`)" in page for alias in aliases)
    rows = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    assert set(CODES) - {"empty_file", "not_a_table"} <= rows
    assert rows <= set(CODES) | set(COLUMNS)
    assert all(f"`{code}`" in page for code in CODES)


def test_the_examples_of_the_page_are_equal_and_right():
    page = DOCS.read_text(encoding="utf-8")
    read = [
        read_call_records(io.BytesIO(re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL)[1].encode()), MOSCOW)
        for kind in ("csv", "json")
    ]
    assert read[0].records == read[1].records
    assert len(read[0].records) == 2
    assert not read[0].problems


# ── properties ───────────────────────────────────────────────────────────────

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
LIKELY = st.sampled_from(
    [
        "2026-01-31T10:00:00Z",
        "2026-03-29 02:30:00",
        "1769853600",
        "[]",
        "[[1769853600, 1769853601]]",
        "agent",
        "customer|agent",
        "1",
    ]
)
ROW = st.dictionaries(
    st.sampled_from(list(COLUMNS)) | TEXT,
    SCALAR | LIKELY | st.lists(SCALAR, max_size=3) | st.dictionaries(TEXT, SCALAR, max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ROW, max_size=4))
def test_any_rows_raise_nothing_but_our_errors(rows):
    for file in (as_json(*rows), as_csv(*({str(key): str(value) for key, value in row.items()} for row in rows))):
        try:
            read = read_call_records(file, BERLIN)
        except PostCallError:
            continue
        assert all(problem.error.code in CODES for problem in read.problems)
        for record in read.records:
            json.dumps(dict(record.extra)).encode()
            assert business_day(record, "Europe/Berlin") is not None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_raise_nothing_but_our_errors(data):
    for content in (data, b"call_id,started_at\n" + data, b'{"call_id": "a", "started_at": 1769853600}\n' + data):
        try:
            read_call_records(io.BytesIO(content), MOSCOW)
        except PostCallError as error:
            assert error.code in ("settings", "empty_file", "not_a_table")


CLEAN = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=12)
GOOD_ROW = st.fixed_dictionaries(
    {"call_id": CLEAN.filter(str.strip), "started_at": st.datetimes(datetime(2026, 1, 1), datetime(2026, 5, 1)).map(str)},
    optional={
        "agent_name": CLEAN,
        "queue": CLEAN,
        "comment": CLEAN,
        "transfers": st.integers(-2, 9).map(str),
        "direction": st.sampled_from(["in", "outbound", "up", ""]),
        "channel_map": st.sampled_from(["customer,agent", '["agent"]', ""]),
        "after_call_work": st.sampled_from(["", "0", "12.5", "0:40", "-1", "codes"]),
        "holds": st.sampled_from(["", "[]", "2026-01-31 10:00:00/2026-01-31 10:00:01"]),
    },
)


@settings(max_examples=100, deadline=None)
@given(st.lists(GOOD_ROW, min_size=1, max_size=5))
def test_csv_and_json_lines_read_alike(rows):
    # A CSV has all columns in every row; JSON Lines may leave some out. Both say the same here: empty holds are unknown.
    first, second = read_call_records(as_csv(*rows), MOSCOW), read_call_records(as_json(*rows), MOSCOW)
    assert first.records == second.records
    assert [problem.error.code for problem in first.problems] == [problem.error.code for problem in second.problems]
    assert first.duplicates_merged == second.duplicates_merged


class FailingAtFirst:
    """An object store whose first requests fail in passing."""

    protocol = "memory"

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures, self.error, self.asked = failures, error, 0

    def open(self, path: str, mode: str) -> io.BytesIO:
        self.asked += 1
        if self.asked <= self.failures:
            raise self.error
        return io.BytesIO(b"call_id,started_at\nc-1,2026-03-02T10:00:00Z\n")


@pytest.mark.parametrize("error", [OSError("SlowDown"), TimeoutError(), RuntimeError("503 at https://a/+79161234567")])
def test_a_file_in_an_object_store_that_fails_in_passing_is_asked_for_again(monkeypatch, error):
    monkeypatch.setattr("storage.recordings.PAUSES_S", (0.0, 0.0))
    store = FailingAtFirst(2, error)
    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda _: (store, "/bucket/calls.csv"))
    read = read_call_records("memory://bucket/calls.csv", RecordFormat(time_zone="UTC"))
    assert [record.call_id for record in read.records] == ["c-1"]
    store.asked, store.failures = 0, 9
    with pytest.raises(SettingsError, match="cannot open the call-record file") as raised:
        read_call_records("memory://bucket/calls.csv", RecordFormat(time_zone="UTC"))
    assert store.asked == 3
    assert "7916" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("error", [FileNotFoundError(), PermissionError()])
def test_a_definite_answer_of_an_object_store_is_taken_at_once(monkeypatch, error):
    store = FailingAtFirst(9, error)
    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda _: (store, "/bucket/calls.csv"))
    with pytest.raises(SettingsError):
        read_call_records("memory://bucket/calls.csv", RecordFormat(time_zone="UTC"))
    assert store.asked == 1
