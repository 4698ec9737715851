"""Bad call records, each with what must become of it: a file of one good row and one that has something wrong.

`make_bad_records` writes them into a folder, so that a whole night can be run over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Stage = Literal["file", "row", "recording"]

HEADER = "call_id,recording,started_at,offered_at,answered_at,ended_at,direction,holds,transfers,disconnected_by,channel_map"
GOOD = "good-1,good-1.wav,2026-01-30T09:00:00Z,2026-01-30T09:00:05Z,2026-01-30T09:00:10Z,2026-01-30T09:05:00Z,inbound,[],0,,"
FORMAT = {"time_zone": "Europe/Berlin", "naive_times_in": "Europe/Berlin"}
"""Settings (`storage.telephony.RecordFormat`) under which the codes hold, unless a case has its own."""


@dataclass(frozen=True)
class BadRecord:
    """One file.

    Attributes
    ----------
    name
        Of the case.
    file_name
        Of the file in the folder.
    content
        Its bytes.
    code
        Of the error that must come; None where the file is only unusual and all of it must be used.
    stage
        Whether the whole file, one row, or the row's recording is refused.
    usable
        Call ids that must be read.
    problems
        How many rows must be refused.
    format
        Settings for this file.
    path
        Where it was written.
    """

    name: str
    file_name: str
    content: bytes
    code: str | None
    stage: Stage = "row"
    usable: tuple[str, ...] = ("good-1",)
    problems: int = 1
    format: tuple[tuple[str, str], ...] = tuple(FORMAT.items())
    path: Path | None = None


def make_bad_records(folder: Path) -> list[BadRecord]:
    """Write every case into ``folder`` and say where."""
    made = []
    for case in CASES:
        path = folder / case.file_name
        path.write_bytes(case.content)
        made.append(BadRecord(**{**case.__dict__, "path": path}))
    return made


def _csv(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *rows, "")).encode()


def _row(call_id: str = "bad-1", **cells: str) -> str:
    values = {
        "call_id": call_id,
        "recording": "",
        "started_at": "2026-01-30T10:00:00Z",
        "offered_at": "2026-01-30T10:00:05Z",
        "answered_at": "2026-01-30T10:00:10Z",
        "ended_at": "2026-01-30T10:05:00Z",
        "direction": "inbound",
        "holds": "",
        "transfers": "0",
        "disconnected_by": "",
        "channel_map": "",
    } | cells
    return ",".join(values[column] for column in HEADER.split(","))


def _bad(name: str, code: str, row: str, **more: object) -> BadRecord:
    """A good row, then the bad one."""
    return BadRecord(name, f"{name}.csv", _csv(GOOD, row), code, **more)  # type: ignore[arg-type]


def _odd(name: str, row: str, call_id: str = "odd-1") -> BadRecord:
    """A good row, then an unusual one that must be used."""
    return BadRecord(name, f"{name}.csv", _csv(GOOD, row), None, usable=("good-1", call_id), problems=0)


def _file(name: str, content: bytes, code: str | None, suffix: str = ".csv") -> BadRecord:
    """A whole file: refused, or used for its good row."""
    if code is None:
        return BadRecord(name, name + suffix, content, None, problems=0)
    return BadRecord(name, name + suffix, content, code, stage="file", usable=(), problems=0)


def _hold(start: str, end: str) -> str:
    return f'"[{{""start"": ""{start}"", ""end"": ""{end}""}}]"'


_NAMED = "call_id;agent_name;started_at\ngood-1;Анна Щукина;2026-01-30 10:00:00\n"
_GOOD_JSON = b'{"call_id": "good-1", "started_at": "2026-01-30T09:00:00Z"}\n'
_AUTUMN = {"started_at": "2026-10-25T02:50:00", "offered_at": "", "answered_at": "", "ended_at": "2026-10-25T02:10:00"}

CASES: tuple[BadRecord, ...] = (
    # ids
    _bad("no_call_id", "no_call_id", _row("")),
    BadRecord(
        "duplicate_id", "duplicate_id.csv", _csv(GOOD, _row("a"), _row("a", transfers="1")), "duplicate_call_id", problems=2
    ),
    BadRecord("delivered_twice", "delivered_twice.csv", _csv(GOOD, GOOD), None, problems=0),
    _bad("control_character_in_id", "bad_call_id", _row("bad\x07-1")),
    _bad("newline_in_id", "bad_call_id", _row('"bad\n1"')),
    _bad("invisible_character_in_id", "bad_call_id", _row("bad\u202e-1")),
    _bad("endless_id", "bad_call_id", _row("x" * 300)),
    _odd("cyrillic_id", _row("звонок-1"), "звонок-1"),
    _odd("formula_in_id", _row('"=HYPERLINK(""http://x"";""y"")"'), '=HYPERLINK("http://x";"y")'),
    # times
    _bad("answered_before_offered", "impossible_times", _row(answered_at="2026-01-30T09:59:00Z")),
    _bad("ended_before_started", "impossible_times", _row(ended_at="2026-01-30T09:00:00Z")),
    _bad("longer_than_a_day", "impossible_times", _row(ended_at="2026-02-01T10:00:00Z")),
    _bad("year_1970", "impossible_times", _row(started_at="1970-01-01T00:00:00Z")),
    _bad("unix_zero", "impossible_times", _row(answered_at="0")),
    _bad("year_2262", "impossible_times", _row(ended_at="2262-05-01T00:00:00Z")),
    _bad("year_9999", "impossible_times", _row(ended_at="9999-12-31T23:59:59+00:00")),
    _bad("unix_us", "impossible_times", _row(started_at="1769767200000000")),
    BadRecord(
        "wrong_year",
        "wrong_year.csv",
        _csv(
            GOOD, _row("good-2"), _row("bad-1", started_at="2062-01-30T10:00:00Z", offered_at="", answered_at="", ended_at="")
        ),
        "impossible_times",
        usable=("good-1", "good-2"),
    ),
    _bad("no_times", "no_time", _row(started_at="", offered_at="", answered_at="")),
    _bad("not_a_time", "bad_time", _row(started_at="yesterday")),
    _bad("date_without_time", "bad_time", _row(started_at="2026-01-30")),
    _bad("thirty_second_of_january", "bad_time", _row(started_at="2026-01-32T10:00:00Z")),
    _bad("no_time_zone", "no_time_zone", _row(started_at="2026-01-30 11:00:00"), format=(("time_zone", "Europe/Berlin"),)),
    _bad("spring_gap", "impossible_time", _row(started_at="2026-03-29 02:30:00", offered_at="", answered_at="", ended_at="")),
    _odd("autumn_twice", _row("odd-1", **_AUTUMN)),
    # holds
    _bad("hold_outside_call", "impossible_times", _row(holds=_hold("2026-01-30T10:20:00Z", "2026-01-30T10:21:00Z"))),
    _bad("hold_backwards", "impossible_times", _row(holds=_hold("2026-01-30T10:03:00Z", "2026-01-30T10:02:00Z"))),
    _bad("hold_without_end", "bad_holds", _row(holds="2026-01-30T10:03:00Z")),
    _bad("holds_broken_json", "bad_holds", _row(holds='"[{""start"":"')),
    # values
    _bad("unknown_direction", "unknown_direction", _row(direction="sideways")),
    _bad("unknown_party", "unknown_party", _row(disconnected_by="nobody")),
    _bad("bad_channel_map", "bad_channel_map", _row(channel_map="customer|printer")),
    _bad("negative_transfers", "bad_number", _row(transfers="-1")),
    BadRecord(
        "negative_after_call_work",
        "negative_after_call_work.csv",
        b"call_id,started_at,acw\ngood-1,2026-01-30T10:00:00Z,0\nbad-1,2026-01-30T10:00:00Z,-20\n",
        "bad_duration",
    ),
    _bad("nul_byte", "bad_text", _row(recording="a\0b.wav")),
    _bad("huge_cell", "cell_too_long", _row(recording="x" * 1_000_000)),
    # rows
    _bad("too_few_cells", "ragged_row", "bad-1,,2026-01-30T10:00:00Z"),
    _bad("too_many_cells", "ragged_row", _row() + ",one,more"),
    _bad("open_quote", "broken_row", _row(recording='"x')),
    BadRecord("open_quote_in_the_middle", "open_quote_in_the_middle.csv", _csv(_row(recording='"x'), GOOD, GOOD), "broken_row"),
    BadRecord("broken_json_line", "broken_json_line.jsonl", _GOOD_JSON + b'{"call_id": "bad-1", "star\n', "broken_row"),
    BadRecord("json_is_a_list", "json_is_a_list.jsonl", _GOOD_JSON + b"[1, 2]\n", "broken_row"),
    BadRecord("json_key_twice", "json_key_twice.jsonl", _GOOD_JSON + b'{"call_id": "a", "call_id": "b"}\n', "broken_row"),
    BadRecord("json_deep", "json_deep.jsonl", _GOOD_JSON + b'{"call_id": ' + b"[" * 100_000 + b"\n", "broken_row"),
    BadRecord(
        "json_fraction_as_id",
        "json_fraction_as_id.jsonl",
        _GOOD_JSON + b'{"call_id": 1738000000.10, "started_at": 1769767200}\n',
        "bad_call_id",
    ),
    BadRecord(
        "json_half_a_character",
        "json_half_a_character.jsonl",
        _GOOD_JSON + b'{"call_id": "b", "agent_name": "\\ud800", "started_at": 1769767200}\n',
        "bad_text",
    ),
    # paths
    _bad(
        "path_up", "unsafe_path", _row(recording="../../secret.wav"), stage="recording", usable=("good-1", "bad-1"), problems=0
    ),
    _bad(
        "path_absolute", "unsafe_path", _row(recording="/secret.wav"), stage="recording", usable=("good-1", "bad-1"), problems=0
    ),
    _bad("path_drive", "unsafe_path", _row(recording="D:\\x.wav"), stage="recording", usable=("good-1", "bad-1"), problems=0),
    _bad(
        "path_missing", "missing_recording", _row(recording="x.wav"), stage="recording", usable=("good-1", "bad-1"), problems=0
    ),
    # files
    _file("semicolons_and_bom", b"\xef\xbb\xbf" + _NAMED.encode(), None),
    _file("cp1251", _NAMED.encode("cp1251"), None),
    _file("utf16", _NAMED.encode("utf-16"), None),
    _file("utf16_without_bom", _NAMED.encode("utf-16-le"), None),
    _file("tabs", _NAMED.replace(";", "\t").encode(), None),
    _file("excel_separator_line", b"sep=;\r\n" + _NAMED.replace("\n", "\r\n").encode(), None),
    _file("extra_columns", b"call_id,started_at,wrap-up code\ngood-1,2026-01-30T10:00:00Z,7\n", None),
    _file("empty_rows_of_a_spreadsheet", _csv(GOOD, "," * 10, "," * 10), None),
    BadRecord(
        "damaged_byte_after_bom",
        "damaged_byte_after_bom.csv",
        b"\xef\xbb\xbf" + _NAMED.encode() + b"bad-1;\xff;1769767200\n",
        "bad_text",
    ),
    BadRecord("one_damaged_byte", "one_damaged_byte.csv", _NAMED.encode() + b"bad-1;\xff;1769767200\n", "bad_text"),
    BadRecord("header_only", "header_only.csv", _csv(), None, usable=(), problems=0),
    _file("empty", b"", "empty_file"),
    _file("blank", b"\xef\xbb\xbf \r\n\r\n", "empty_file"),
    _file("no_header", _csv(_row("bad-2"), header=GOOD), "settings"),
    _file("no_time_column", b"call_id,queue\nbad-1,sales\n", "settings"),
    _file("no_id_column", b"id,started_at\nbad-1,2026-01-30T10:00:00Z\n", "settings"),
    _file("column_twice", b"call_id,started,started_at\nbad-1,1769767200,1769767200\n", "settings"),
    _file("nothing_but_nul", b"\0" * 5000, "not_a_table"),
    _file("sound_file", b"RIFF\x24\x00\x00\x00WAVEfmt ", "not_a_table"),
    _file("workbook", b"PK\x03\x04" + bytes(range(256)), "not_a_table"),
    _file("all_lines_broken", b"{\n{\n", "not_a_table", ".jsonl"),
)
