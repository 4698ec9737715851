"""All that the tables say of a call, read at once; nothing here is measured again.

Conventions
-----------
A table that the store lacks, because an older program wrote it or its analyzer is not installed, counts as empty. Tables are
read once for all calls of a day that are asked for.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from flows.stored import NothingStored
from postcall.nearest import nearest
from storage.tables import Tables

Row = Mapping[str, Any]

STAGE_TABLES = ("stage_recording", "stage_speech", "stage_word")
PREFIXES = ("call_", "event_", "rule_")


class NoSuchCall(NothingStored):
    """The store knows no call of this id."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """A call, as the tables have it.

    Attributes
    ----------
    call_id, day
        Which call, of which business day.
    time_zone
        Of the centre.
    policy
        Values in force when it was measured, by section.
    rows
        Table name -> the call's rows, in order of start, position or number where they have one.
    """

    call_id: str
    day: date
    time_zone: ZoneInfo
    policy: Mapping[str, Mapping[str, Any]] = field(repr=False)
    rows: Mapping[str, Sequence[Row]] = field(repr=False)

    def one(self, table: str) -> Row:
        """The row of a ``call_`` table; empty when there is none."""
        found = self.rows.get(table, ())
        return found[0] if found else {}

    def all(self, table: str) -> Sequence[Row]:
        """Rows of an ``event_``, ``rule_`` or ``stage_`` table."""
        return self.rows.get(table, ())

    @property
    def language(self) -> str | None:
        """Spoken in the call, as its words say, else its record."""
        found = self.one("call_transcript").get("language") or self.one("call_contact").get("language")
        return str(found) if found else None


def find_day(tables: Tables, call_id: str) -> date:
    """The business day of a call, the newest of several.

    Raises
    ------
    NoSuchCall
        The store has none of this id.
    """
    if "call_contact" not in tables.names():
        raise NoSuchCall("no night ever ran in this store", hint="--store names another store")
    found = tables.scan("call_contact", columns=["call_date"], only=pc.field("call_id") == call_id)
    if not found.num_rows:
        raise NoSuchCall(f"no call '{call_id}' in this store", hint=_nearest(tables, call_id))
    newest: date = pc.max(found["call_date"]).as_py()
    return newest


def read_calls(tables: Tables, call_ids: Iterable[str], day: date) -> dict[str, CallFacts]:
    """Facts of calls of one day, by id; an id that the day does not know is left out."""
    asked = sorted(set(call_ids))
    by_call: dict[str, dict[str, list[Row]]] = {call_id: {} for call_id in asked}
    only = pc.field("call_id").isin(pa.array(asked, pa.string()))
    for name in tables.names():
        if name in STAGE_TABLES or name == "run_skip" or name.startswith(PREFIXES):
            rows: dict[str, list[Row]] = defaultdict(list)
            for row in tables.scan(name, first=day, last=day, only=only).to_pylist():
                rows[row["call_id"]].append(row)
            for call_id, found in rows.items():
                by_call[call_id][name] = sorted(found, key=_order)
    zone, policy = _night(tables, day)
    return {
        call_id: CallFacts(call_id, day, zone, policy, rows) for call_id, rows in by_call.items() if rows.get("call_contact")
    }


def read_call(tables: Tables, call_id: str, day: date | None = None) -> CallFacts:
    """Facts of one call.

    Parameters
    ----------
    tables
        Of the store.
    call_id
        The call.
    day
        Its business day; None for the newest on which there is one of this id.

    Raises
    ------
    NoSuchCall
        There is none.
    """
    chosen = day or find_day(tables, call_id)
    facts = read_calls(tables, [call_id], chosen).get(call_id)
    if facts is None:
        raise NoSuchCall(f"no call '{call_id}' on {chosen.isoformat()}", hint="without --date all days are looked through")
    return facts


def _night(tables: Tables, day: date) -> tuple[ZoneInfo, dict[str, dict[str, Any]]]:
    runs = tables.read("run_night", day).to_pylist() if "run_night" in tables.names() else []
    if not runs:
        return ZoneInfo("UTC"), {}
    return ZoneInfo(runs[0]["time_zone"]), json.loads(runs[0]["policy_json"])


def _order(row: Row) -> tuple[int, int]:
    numbers = (row.get(name) for name in ("position", "start_ms", "finding_number", "hold_number", "agent_number"))
    known = [number for number in numbers if number is not None]
    return (known[0], known[-1]) if known else (0, 0)


def _nearest(tables: Tables, call_id: str) -> str:
    """A call of the newest day that is written almost so."""
    dates = tables.scan("call_contact", columns=["call_date"])["call_date"]
    newest = pc.max(dates).as_py()
    if newest is None:
        return ""
    ids = tables.scan("call_contact", columns=["call_id"], first=newest, last=newest)["call_id"].to_pylist()
    close = nearest(call_id, ids)
    return f"did you mean '{close}'?" if close else "`postcall show call_contact` lists them"
