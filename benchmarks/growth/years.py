"""Tables of many days: written, written again, compacted, read; each in a process of its own.

    python -m benchmarks.growth.years write|again|pieces|compact|vacuum|day|month|all FOLDER TABLE CALLS A_DAY WORDS

Definitions
-----------
calls, words
    ``call_contact``, a row for each of CALLS calls, A_DAY of them a day (columns of `benchmarks.dashboard`); ``stage_word``, a
    row for each of WORDS words. A day's rows are made as columns, written, and forgotten before the next day's are made.
write
    Each day by the product's own `Tables.replace_day`: one commit a day.
again
    Every tenth day once more, as a night that is run again does it.
pieces
    Every tenth day in `PIECES` appends, as another program might write it: what compaction is there for.
compact, vacuum
    Delta's own: small files of a partition into one; then what no version since needs goes from the disk.
day, month, all
    Reading by the product's own `Tables.scan`: all columns of one day; three columns of 30 days, and of all days, added up by
    a group. *files read* are those that the scan's plan keeps.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from analyzers.contact import CallContact
from analyzers.spoken_words import StageWord
from benchmarks.dashboard import columns_of_day, filled
from benchmarks.results import memory_mb
from postcall.tables import Stamp, TableSpec, spec_of
from storage.tables import Tables

FIRST = date(2025, 1, 1)
SEED = 3
EVERY, PIECES, MONTH = 10, 8, 30
CALLS, WORDS = "call_contact", "stage_word"
SPECS: dict[str, TableSpec] = {CALLS: spec_of(CallContact), WORDS: spec_of(StageWord)}
VOCABULARY = 20_000

GROUPED = {CALLS: ("agent_id", "call_duration_ms"), WORDS: ("speaker_role", "probability")}
"""By what a table is grouped, and what is averaged."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the tables are."""

    calls: int
    a_day: int
    words: int

    @property
    def days(self) -> int:
        """Days that they have."""
        return -(-self.calls // self.a_day)

    def rows(self, name: str, number: int) -> int:
        """Rows of a table on a day counted from 0."""
        calls = min(self.a_day, self.calls - number * self.a_day)
        return calls if name == CALLS else self.words * calls // self.calls


@dataclass(frozen=True, slots=True)
class Step:
    """What a step took and left: seconds, largest memory, rows touched, and what a table has on the disk afterwards.

    Attributes
    ----------
    commits_s, first_s, last_s
        Of a writing step: all commits, without making the rows; one commit, the mean of the first and the last twentieth.
    files_read, files_in_table
        Of a reading step: files that the scan's plan keeps, and all of the newest version.
    files_a_day, most_files_a_day, files_on_disk, bytes_on_disk
        Of the newest version: files of a partition on average and at most; data files on the disk, older versions included.
    """

    took_s: float
    peak_mb: float
    rows: int
    commits_s: float | None = None
    first_s: float | None = None
    last_s: float | None = None
    files_read: int | None = None
    files_in_table: int | None = None
    files_a_day: float | None = None
    most_files_a_day: int | None = None
    files_on_disk: int | None = None
    bytes_on_disk: int | None = None


def day_of(number: int) -> date:
    """A day counted from 0."""
    return FIRST + timedelta(number)


def rows_of(name: str, number: int, size: Size) -> pa.Table:
    """Rows of a day, the same every time."""
    random = np.random.default_rng([SEED, number])
    stamp = Stamp(day_of(number), f"generated-{number}", 1, "generated")
    count = size.rows(name, number)
    if name == CALLS:
        return filled(SPECS[name], columns_of_day(day_of(number), count, number, random), count, stamp)
    calls = size.rows(CALLS, number)
    # Words of a call follow each other, as a night writes them.
    call = np.arange(count) * calls // max(count, 1)
    position = np.arange(count) - np.searchsorted(call, call)
    ids = pa.array([f"{day_of(number):%y%m%d}-{place:06}" for place in range(calls)])
    role = random.integers(0, 2, count)
    columns = {
        "call_id": ids.take(pa.array(call)),
        "position": position,
        "speaker": pa.array(["channel_0", "channel_1"]).take(pa.array(role)),
        "speaker_role": pa.array(["agent", "customer"]).take(pa.array(role)),
        "start_ms": position * 400,
        "end_ms": position * 400 + 350,
        # Few words are frequent and most are rare, as in any language.
        "text": pa.array([f"word{n}" for n in range(VOCABULARY)]).take(
            pa.array(np.minimum(random.zipf(1.3, count), VOCABULARY) - 1)
        ),
        "probability": random.beta(9, 1, count),
        "is_in_doubt": np.zeros(count, bool),
    }
    return filled(SPECS[name], columns, count, stamp)


def write(store: Path, name: str, size: Size, numbers: Iterator[int]) -> tuple[list[float], int]:
    """Write days; seconds of each commit, and rows."""
    tables, took_s, rows = Tables(store), [], 0
    for number in numbers:
        made = rows_of(name, number, size)
        began = time.perf_counter()
        tables.replace_day(SPECS[name], day_of(number), made, f"run-{number}")
        took_s.append(time.perf_counter() - began)
        rows += made.num_rows
    return took_s, rows


def in_pieces(store: Path, name: str, size: Size) -> int:
    """Write every tenth day in pieces, in place of what it had."""
    rows = 0
    for number in range(0, size.days, EVERY):
        made = rows_of(name, number, size)
        path = str(Tables(store).path(name))
        DeltaTable(path).delete(f"call_date = '{day_of(number).isoformat()}'")
        each = -(-made.num_rows // PIECES)
        for start in range(0, made.num_rows, max(each, 1)):
            write_deltalake(path, made.slice(start, each), mode="append", partition_by=["call_date"])
        rows += made.num_rows
    return rows


def files_of(store: Path, name: str) -> dict[str, Any]:
    """Files of a table: of the newest version by partition, and on the disk."""
    path = Tables(store).path(name)
    by_day = Counter(Path(uri).parent.name for uri in DeltaTable(str(path)).file_uris())
    on_disk = [file.stat().st_size for file in path.rglob("*.parquet") if "_delta_log" not in file.parts]
    return {
        "files_in_table": by_day.total(),
        "files_a_day": round(by_day.total() / max(len(by_day), 1), 3),
        "most_files_a_day": max(by_day.values(), default=0),
        "files_on_disk": len(on_disk),
        "bytes_on_disk": sum(on_disk),
    }


def read(store: Path, name: str, first: date | None, last: date | None, *, whole_rows: bool) -> tuple[int, int]:
    """Read days, and add them up unless whole rows are wanted; rows read, and files that the plan keeps."""
    tables = Tables(store)
    dataset = tables.dataset(name)
    day = pc.field("call_date")
    bounds = pc.scalar(True) if first is None or last is None else (day >= first) & (day <= last)
    files = sum(1 for _ in dataset.get_fragments(filter=bounds))
    group, value = GROUPED[name]
    columns = None if whole_rows else ["call_date", group, value]
    rows = tables.scan(name, columns=columns, first=first, last=last, dataset=dataset)
    if not whole_rows:
        rows.group_by(group).aggregate([(value, "mean"), ("call_date", "count")])
    return rows.num_rows, files


def run(what: str, store: Path, name: str, size: Size) -> Step:
    """Take a step in this process."""
    began = time.perf_counter()
    told: dict[str, Any] = {}
    if what in ("write", "again"):
        numbers = range(0, size.days, 1 if what == "write" else EVERY)
        took_s, rows = write(store, name, size, iter(numbers))
        part = max(len(took_s) // 20, 1)
        ends = (sum(took_s[:part]) / part, sum(took_s[-part:]) / part)
        told = {"commits_s": round(sum(took_s), 3), "first_s": round(ends[0], 4), "last_s": round(ends[1], 4)}
    elif what == "pieces":
        rows = in_pieces(store, name, size)
    elif what in ("compact", "vacuum"):
        table, rows = DeltaTable(str(Tables(store).path(name))), 0
        if what == "compact":
            table.optimize.compact()
        else:
            table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    else:
        # A day in the middle, so that no order of days helps.
        middle = day_of(size.days // 2)
        until = {"day": middle, "month": middle + timedelta(MONTH - 1), "all": None}[what]
        first = None if what == "all" else middle
        rows, files = read(store, name, first, until, whole_rows=what == "day")
        told = {"files_read": files}
    took_s_all = time.perf_counter() - began
    told |= {"files_in_table": files_of(store, name)["files_in_table"]} if "files_read" in told else files_of(store, name)
    return Step(round(took_s_all, 3), memory_mb("VmHWM"), rows, **told)


def pruned(store: Path, name: str, size: Size) -> bool:
    """Whether a day is read while all other days' files are away: nothing of them can have been opened."""
    middle = day_of(size.days // 2)
    path, aside = Tables(store).path(name), store / "aside"
    before = Tables(store).read(name, middle).num_rows
    aside.mkdir()
    away = [folder for folder in path.glob("call_date=*") if folder.name != f"call_date={middle.isoformat()}"]
    try:
        for folder in away:
            folder.rename(aside / folder.name)
        return bool(away) and Tables(store).read(name, middle).num_rows == before == size.rows(name, size.days // 2)
    finally:
        for folder in aside.iterdir():
            folder.rename(path / folder.name)
        aside.rmdir()


def main() -> None:
    """Print a step's figures as JSON."""
    what, folder, name, calls, a_day, words = sys.argv[1:]
    print(json.dumps(asdict(run(what, Path(folder), name, Size(int(calls), int(a_day), int(words))))))


if __name__ == "__main__":
    main()
