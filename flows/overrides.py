"""Reviews of rules' results by people: a file in, checked line by line, stored, and set beside the automatic results.

Conventions
-----------
A file is CSV (``,`` ``;`` or tab; UTF-8, UTF-16 or cp1251) or Parquet with the columns of `COLUMNS`; those of `TEMPLATE_ONLY`,
which a sample has for the reviewer, are passed over, and so are lines without a result. Messages name line and column and never
what a cell holds, except ids of calls: it may be a name.

Edge cases
----------
The same review delivered twice is one. Of two reviews of one person the later stands, whatever comes in first. An apostrophe
that keeps a spreadsheet from taking an id for a formula is taken away.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from flows.exports import FORMULA
from postcall.conduct.overrides import VERSION, Reviewed, RuleOverride
from postcall.conduct.tables import OUTCOMES, RuleResult
from postcall.errors import SettingsError, StorageError, TelephonyError
from postcall.nearest import did_you_mean, nearest
from postcall.tables import Stamp, spec_of
from storage.artifacts import digest
from storage.tables import Tables
from storage.times import read_instants

COLUMNS = ("call_id", "rule_id", "manual", "result", "reviewer", "reviewed_at", "comment")
NEEDED = ("call_id", "rule_id", "result", "reviewer", "reviewed_at")
TEMPLATE_ONLY = ("call_date", "rule_title", "evidence_at", "page")
OVERRIDES, RESULTS, CALLS = spec_of(RuleOverride).name, spec_of(RuleResult).name, "call_contact"
LONGEST_COMMENT = 2000
AHEAD = timedelta(hours=1)
"""A clock may be ahead by so much."""
LOCK, LOCK_WAIT_S = "overrides.lock", 30.0

_FORMULA = re.compile(FORMULA)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line.

    Attributes
    ----------
    line
        Of the file, from 1, the header included; of Parquet the row, from 1.
    what
        In words.
    hint
        What may be meant; empty for nothing.
    unknown_call
        Id of a call that the store does not know.
    """

    line: int
    what: str
    hint: str = ""
    unknown_call: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, checked.

    Attributes
    ----------
    reviews
        Day of the call -> its reviews, each key once.
    problems
        In order of line; of a line the first that was found.
    lines, without_result
        Lines of the file; those whose result is empty.
    """

    reviews: Mapping[date, Sequence[RuleOverride]] = field(repr=False)
    problems: Sequence[Problem]
    lines: int
    without_result: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the reviews: new ones, those that took another's place, those that were there, those that were too old."""

    new: int = 0
    replaced: int = 0
    unchanged: int = 0
    older: int = 0


# ── the file ─────────────────────────────────────────────────────────────────


def read_file(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Lines of a file, each with its number.

    Raises
    ------
    SettingsError
        It is not there, is no table, or has no such columns; an unknown column with the nearest known one.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"'{path}' cannot be read: {error.strerror}") from error
    if data.startswith(b"PAR1"):
        return _of_parquet(data, path)
    return _of_csv(_text(data, path), path)


def _text(data: bytes, path: Path) -> str:
    if data.startswith(b"PK\x03\x04"):
        raise SettingsError(f"'{path.name}' is a spreadsheet or zip file", hint="save it as CSV UTF-8, or as Parquet")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1251", errors="replace")


def _of_csv(text: str, path: Path) -> list[tuple[int, dict[str, Any]]]:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, dict[str, Any]]] = []
    header: list[str] | None = None
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _header(cells, path)
            else:
                rows.append((line, dict(zip(header, cells, strict=False))))
    except csv.Error as error:
        raise SettingsError(f"'{path.name}', line {reader.line_num}: {error}") from error
    if header is None:
        raise SettingsError(f"'{path.name}' is empty")
    return rows


def _of_parquet(data: bytes, path: Path) -> list[tuple[int, dict[str, Any]]]:
    try:
        stored = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise SettingsError(f"'{path.name}' is no Parquet file that can be read: {type(error).__name__}") from error
    renamed = stored.rename_columns(_header(stored.column_names, path))
    return list(enumerate(renamed.to_pylist(), 1))


def _header(titles: Sequence[str], path: Path) -> list[str]:
    """Our names of a file's columns, in its order."""
    names = [re.sub(r"[\s-]+", "_", title.strip().lower()) for title in titles]
    names = [{"rule": "rule_id", "call": "call_id", "outcome": "result"}.get(name, name) for name in names]
    known = (*COLUMNS, *TEMPLATE_ONLY)
    for title, name in zip(titles, names, strict=True):
        if name and name not in known:
            raise SettingsError(f"'{path.name}' has an unknown column '{title}'", hint=did_you_mean(name, known))
    if doubled := [name for name, number in Counter(names).items() if name and number > 1]:
        raise SettingsError(f"'{path.name}' has the column '{doubled[0]}' twice")
    if lacking := [name for name in NEEDED if name not in names]:
        raise SettingsError(f"'{path.name}' has no column '{lacking[0]}'", hint=f"its columns must be {', '.join(NEEDED)}")
    return names


# ── its lines ────────────────────────────────────────────────────────────────


def check_file(
    rows: Sequence[tuple[int, Mapping[str, Any]]], tables: Tables, rules: Mapping[str, str], zone: ZoneInfo, now: datetime
) -> Checked:
    """Check every line against the stored results.

    Parameters
    ----------
    rows
        Of `read_file`.
    tables
        Of the store.
    rules
        Rule of the manuals in force -> its manual.
    zone
        Of times written without one.
    now
        Reviews are not dated later.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    asked = {_cell(row, "call_id") for _, row in rows} - {""}
    calls = _days_of(tables, asked)
    judged = _judged(tables, calls)
    known = dict(rules) | {rule: manual for of_call in judged.values() for rule, (manual, _) in of_call.items()}
    kept: dict[tuple[str, str, str], tuple[date, RuleOverride]] = {}
    problems: list[Problem] = []
    without_result = 0
    for line, row in rows:
        if not _cell(row, "result"):
            without_result += 1
            continue
        found = _review(line, row, judged, calls, known, zone, now)
        if isinstance(found, Problem):
            problems.append(found)
            continue
        day, review = found
        key = (review.call_id, review.rule_id, review.reviewer)
        before = kept.get(key)
        if before is not None and before[1] != review and before[1].reviewed_at == review.reviewed_at:
            problems.append(
                Problem(line, "another line has a different review of this call and rule by the same person, at the same time")
            )
        elif before is None or before[1].reviewed_at < review.reviewed_at:
            kept[key] = (day, review)
    reviews: dict[date, list[RuleOverride]] = defaultdict(list)
    for day, review in kept.values():
        reviews[day].append(review)
    return Checked(reviews, problems, len(rows), without_result)


def _review(
    line: int,
    row: Mapping[str, Any],
    judged: Mapping[str, Mapping[str, tuple[str, date]]],
    calls: Collection[str],
    known: Mapping[str, str],
    zone: ZoneInfo,
    now: datetime,
) -> Problem | tuple[date, RuleOverride]:
    """The review of a line, or the first thing that is wrong with it."""
    if empty := [name for name in NEEDED if not _cell(row, name)]:
        return Problem(line, f"{empty[0]} is empty")
    call_id, rule_id, manual = (_cell(row, name) for name in ("call_id", "rule_id", "manual"))
    result = re.sub(r"[\s-]+", "_", _cell(row, "result").lower())
    manuals = sorted(set(known.values()))
    if result not in OUTCOMES:
        return Problem(line, "result is none of the four outcomes", did_you_mean(result, OUTCOMES))
    if manual and manual not in manuals:
        return Problem(line, "manual is not known", did_you_mean(manual, manuals))
    if rule_id not in known:
        close = nearest(rule_id, known)
        return Problem(
            line, "rule_id is not known", f"did you mean '{close}'?" if close else "`postcall standards coverage` lists them"
        )
    if manual and known[rule_id] != manual:
        return Problem(line, f"rule {rule_id} is of another manual", f"it is of '{known[rule_id]}'")
    if call_id not in calls:
        return Problem(line, f"call {call_id} is not in the store", unknown_call=call_id)
    if rule_id not in judged.get(call_id, {}):
        why = "no manual judged it" if call_id not in judged else "the rule did not judge it"
        return Problem(line, f"call {call_id} has no result of rule {rule_id}", why)
    at = _instant(row, zone)
    if at is None:
        return Problem(line, "reviewed_at is no time that can be read", "write it as 2026-03-02 14:05, or with its zone")
    if at > now + AHEAD:
        return Problem(line, "reviewed_at is in the future")
    comment = _cell(row, "comment")
    if len(comment) > LONGEST_COMMENT:
        return Problem(line, f"comment is longer than {LONGEST_COMMENT} signs")
    of_manual, day = judged[call_id][rule_id]
    return day, RuleOverride(
        call_id=call_id,
        manual=of_manual,
        rule_id=rule_id,
        reviewed_outcome=result,
        reviewer=_cell(row, "reviewer"),
        reviewed_at=at,
        comment=comment or None,
    )


def _cell(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    text = "" if value is None or value != value else str(value).strip()  # noqa: PLR0124  # NaN of a spreadsheet
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def _instant(row: Mapping[str, Any], zone: ZoneInfo) -> datetime | None:
    value = row.get("reviewed_at")
    if isinstance(value, datetime):
        return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).astimezone(UTC)
    text = _cell(row, "reviewed_at")
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), zone).astimezone(UTC)
    except ValueError:
        pass
    try:
        return read_instants(text, zone, "reviewed_at")[0]
    except TelephonyError:
        return None


def _days_of(tables: Tables, asked: set[str]) -> dict[str, date]:
    """Call -> its business day, of calls that the store knows."""
    if not asked or CALLS not in tables.names():
        return {}
    ids = pc.field("call_id").isin(pa.array(sorted(asked), pa.string()))
    found = tables.scan(CALLS, columns=["call_id", "call_date"], only=ids).to_pylist()
    return {row["call_id"]: row["call_date"] for row in found}


def _judged(tables: Tables, day_of: Mapping[str, date]) -> dict[str, dict[str, tuple[str, date]]]:
    """Call -> rule that judged it -> manual and business day."""
    found: dict[str, dict[str, tuple[str, date]]] = defaultdict(dict)
    if RESULTS not in tables.names():
        return found
    calls_of: dict[date, list[str]] = defaultdict(list)
    for call_id, day in day_of.items():
        calls_of[day].append(call_id)
    for day, calls in sorted(calls_of.items()):
        ids = pc.field("call_id").isin(pa.array(calls, pa.string()))
        rows = tables.scan(RESULTS, columns=["call_id", "manual", "rule_id"], first=day, last=day, only=ids).to_pylist()
        for row in rows:
            found[row["call_id"]][row["rule_id"]] = (row["manual"], day)
    return found


# ── the table ────────────────────────────────────────────────────────────────


def store_reviews(store: Path, reviews: Mapping[date, Sequence[RuleOverride]], policy_digest: str) -> Imported:
    """Add reviews to those that are stored; rows that are there already keep what made them.

    Parameters
    ----------
    store
        Folder of the store.
    reviews
        Of `check_file`.
    policy_digest
        Of the policy in force.

    Raises
    ------
    StorageError
        The store cannot be written, or somebody else imports for longer than `LOCK_WAIT_S`.
    """
    tables, spec = Tables(store), spec_of(RuleOverride)
    counts: Counter[str] = Counter()
    try:
        with FileLock(store / LOCK, timeout=LOCK_WAIT_S):
            for day, found in sorted(reviews.items()):
                stored = tables.read(OVERRIDES, day) if OVERRIDES in tables.names() else spec.schema().empty_table()
                before = {_key(row): row for row in stored.to_pylist()}
                written = []
                for review in found:
                    kind = _kind(review, before.get(_key(review)))
                    counts[kind] += 1
                    if kind in {"new", "replaced"}:
                        written.append(review)
                if not written:
                    continue
                keys = set(map(_key, written))
                kept = stored.filter(pa.array([_key(row) not in keys for row in stored.to_pylist()], pa.bool_()))
                run_id = digest(sorted(repr(_key(one)) + one.reviewed_outcome + one.reviewed_at.isoformat() for one in written))
                fresh = spec.to_arrow(written, Stamp(day, run_id, VERSION, policy_digest))
                both = pa.concat_tables([kept.select(fresh.column_names).cast(fresh.schema), fresh])
                order = [("call_id", "ascending"), ("rule_id", "ascending"), ("reviewer", "ascending")]
                tables.replace_day(spec, day, both.sort_by(order), run_id)
    except Timeout as error:
        raise StorageError("somebody else is importing reviews", hint="let it end; then run again") from error
    return Imported(counts["new"], counts["replaced"], counts["unchanged"], counts["older"])


def _key(row: RuleOverride | Mapping[str, Any]) -> tuple[str, str, str]:
    if isinstance(row, RuleOverride):
        return row.call_id, row.rule_id, row.reviewer
    return row["call_id"], row["rule_id"], row["reviewer"]


def _kind(review: RuleOverride, before: Mapping[str, Any] | None) -> str:
    if before is None:
        return "new"
    if review.reviewed_at < before["reviewed_at"]:
        return "older"
    said = (review.reviewed_outcome, review.reviewed_at, review.comment)
    return "unchanged" if said == (before["reviewed_outcome"], before["reviewed_at"], before["comment"]) else "replaced"


def reviewed(tables: Tables, *, since: date | None = None, manual: str | None = None, zone: ZoneInfo) -> list[Reviewed]:
    """Stored reviews beside the results as they are stored now.

    Parameters
    ----------
    tables
        Of the store.
    since
        First day of the reviews, in ``zone``; None for all.
    manual
        Only of this one; None for all.
    zone
        The centre's.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    if OVERRIDES not in tables.names():
        return []
    columns = ["call_id", "call_date", "manual", "rule_id", "reviewed_outcome", "reviewed_at"]
    first = None if since is None else datetime.combine(since, datetime.min.time(), zone).astimezone(UTC)
    found = [
        row
        for row in tables.scan(OVERRIDES, columns=columns).to_pylist()
        if (manual is None or row["manual"] == manual) and (first is None or row["reviewed_at"] >= first)
    ]
    if not found:
        return []
    ids = pc.field("call_id").isin(pa.array(sorted({row["call_id"] for row in found}), pa.string()))
    days = sorted({row["call_date"] for row in found})
    results = (
        tables.scan(RESULTS, columns=["call_id", "rule_id", "outcome"], first=days[0], last=days[-1], only=ids).to_pylist()
        if RESULTS in tables.names()
        else []
    )
    outcome = {(row["call_id"], row["rule_id"]): row["outcome"] for row in results}
    return [
        Reviewed(
            call_id=row["call_id"],
            manual=row["manual"],
            rule_id=row["rule_id"],
            automatic=outcome.get((row["call_id"], row["rule_id"])),
            by_person=row["reviewed_outcome"],
            reviewed_at=row["reviewed_at"],
        )
        for row in found
    ]
