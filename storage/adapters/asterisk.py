"""Asterisk: call detail records (CDR), with channel events (CEL) and the queue log where they lie beside them.

Definition
----------
CDRs of one ``linkedid`` (without that column, of one ``uniqueid``) are one call. It starts with its first leg and ends with
its last one. When an agent picked up is told, best first, by ``CONNECT`` of the queue log, by the first ``BRIDGE_ENTER`` of
another channel than the caller's in the CEL, and by ``answer`` of a leg that was dialled. A queue answers before an agent
does: an answered leg of ``Queue`` alone leaves the answer unknown, and such a call then has no ``ended_at`` either, since an
end without an answer would say *abandoned*. Who hung up is told by ``COMPLETEAGENT``, ``COMPLETECALLER`` and ``ABANDON`` of
the queue log, else by ``hangupsource`` of the customer's channel in the CEL. Holds are what the CEL's ``STREAM_BEGIN`` and
``STREAM_END`` say was played to the customer's channel after the answer.

Edge cases
----------
``holdtime`` of the queue log is the wait in the queue, no hold. CDRs know no holds: without stream events in the CEL they
stay out. Times are written without zone, unless ``usegmtime`` is on: set ``naive_times_in``. The queue log has unix times. A
file may have a header line with Asterisk's names; otherwise the order of its columns is that of ``cdr_csv``, or of the
options.

References
----------
Asterisk documentation: CDR Specification, Queue Logs; ``cel.conf.sample``, ``cel_custom.conf.sample``, ``app_queue.c``.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field

from postcall.errors import TelephonyError
from storage.adapters.json_documents import text_at
from storage.record_fields import BLANKS
from storage.record_files import Row, decode
from storage.record_sources import AdapterOptions, SourceFile, SourceRows
from storage.times import read_instants

CDR_COLUMNS = tuple(
    "accountcode src dst dcontext clid channel dstchannel lastapp lastdata start answer end duration billsec disposition "
    "amaflags uniqueid userfield peeraccount linkedid sequence".split()
)
"""Order of ``cdr_csv``; the last columns may be missing."""

CEL_COLUMNS = tuple(
    "eventtype eventtime cid_name cid_num cid_ani cid_rdnis cid_dnid exten context channame appname appdata amaflags "
    "accountcode uniqueid linkedid peer userfield userdeftype extra".split()
)
"""Order of the sample of ``cel_custom``."""

MIN_HOLD = timedelta(seconds=2)
"""What is played for less is a beep, no hold."""

_MOST_CHARACTERS = 131_072
_CHANNEL = re.compile(r"[A-Za-z0-9_]+/(?P<who>[^@/;-]+)(?:[@-].*)?")
_TRANSFERS = ("BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER")
_ENDED_BY = {"COMPLETEAGENT": "agent", "COMPLETECALLER": "customer", "ABANDON": "customer"}

Record = Mapping[str, str]


class Asterisk(AdapterOptions):
    """CDR, CEL and queue log of Asterisk."""

    cdr_columns: tuple[str, ...] = Field(CDR_COLUMNS, description="Columns of the CDR file, where it has no header line.")
    cel: str | None = Field(None, description="File of channel events, in the folder of the CDR file or with its whole path.")
    cel_columns: tuple[str, ...] = Field(CEL_COLUMNS, description="Columns of the CEL file, where it has no header line.")
    queue_log: str | None = Field(None, description="Queue log, in the folder of the CDR file or with its whole path.")
    inbound_contexts: tuple[str, ...] = Field((), description="Dialplan contexts of calls from customers.")
    outbound_contexts: tuple[str, ...] = Field((), description="Dialplan contexts of calls to customers.")
    left_out_contexts: tuple[str, ...] = Field((), description="Dialplan contexts of what is no customer's call.")
    recording_in_userfield: bool = Field(False, description="Whether CDR(userfield) holds the path of the recording.")
    customer_number: bool = Field(False, description="Whether the customer's number is read as the customer key.")

    def rows(self, file: SourceFile) -> SourceRows:
        """Calls of a file; see `storage.record_sources.Adapter`."""
        text, encoding = decode(file.data)
        if not text.strip(BLANKS):
            raise TelephonyError("the call-record file is empty", hint="was its delivery broken off?", code="empty_file")
        calls: dict[str, _AsteriskCall] = {}
        broken: list[Row] = []
        for line, record in _records(text, self.cdr_columns, ("start", "channel")):
            key = (record.get("linkedid") or record.get("uniqueid", "")) if record else ""
            if record is None or not key:
                why = "is no call detail record" if record is None else "has no uniqueid: set loguniqueid = yes"
                broken.append(Row(line, error=TelephonyError(f"line {line} {why}", code="strange_record")))
            else:
                calls.setdefault(key, _AsteriskCall(key, line)).legs.append(record)
        if not calls:
            raise TelephonyError(
                "the call-record file cannot be read: no line of it is a call detail record with a uniqueid",
                hint="set loguniqueid = yes in cdr.conf; options.cdr_columns names the columns of a file of cdr_custom",
                code="not_a_table",
            )
        by_channel = {leg["uniqueid"]: call for call in calls.values() for leg in call.legs if leg.get("uniqueid")}
        if self.queue_log is not None:
            _add_queue_log(decode(file.beside(self.queue_log))[0], {**by_channel, **calls})
        if self.cel is not None:
            for _, event in _records(decode(file.beside(self.cel))[0], self.cel_columns, ("eventtype", "eventtime")):
                call = calls.get(event.get("linkedid", "")) or by_channel.get(event.get("uniqueid", "")) if event else None
                if call is not None and event is not None:
                    call.events.append(event)
        left_out = Counter({"further legs of calls": sum(len(call.legs) - 1 for call in calls.values())})
        rows = broken
        for call in calls.values():
            if call.legs[0].get("dcontext") in self.left_out_contexts:
                left_out["calls of contexts that the options leave out"] += 1
            else:
                rows.append(self._row(call, file.naive_zone))
        return SourceRows(sorted(rows, key=lambda row: row.line), encoding, +left_out)

    def _row(self, call: _AsteriskCall, zone: ZoneInfo | None) -> Row:
        where = f"line {call.line}"
        try:
            return Row(call.line, self._cells(call, zone, where), _extra(call))
        except TelephonyError as error:
            return Row(call.line, {"call_id": call.key}, error=error)

    def _cells(self, call: _AsteriskCall, zone: ZoneInfo | None, where: str) -> dict[str, object]:
        def instant(text: str, column: str) -> datetime:
            return read_instants(text, zone, f"{where}: column '{column}'")[0]

        legs = sorted(call.legs, key=lambda leg: instant(leg.get("start", ""), "start"))
        first, last = legs[0], max(legs, key=lambda leg: instant(leg.get("end", ""), "end"))
        served = next((leg for leg in legs if leg.get("disposition") == "ANSWERED" and leg.get("dstchannel")), None)
        direction = self._direction(call)
        customer = first.get("channel", "") if direction != "outbound" else (served or first).get("dstchannel", "")
        answered_at, offered_at = call.answered_at(first, served)
        is_unknown = not answered_at and served is not None
        cells: dict[str, object] = {
            "call_id": call.key,
            "started_at": first.get("start", ""),
            "offered_at": offered_at if direction == "inbound" else "",
            "answered_at": answered_at,
            "ended_at": "" if is_unknown else last.get("end", ""),
            "direction": direction,
            "queue": call.queue(legs),
            "agent_id": _who((served or {}).get("dstchannel", "") if direction != "outbound" else first.get("channel", "")),
            "customer_key": self._customer(first, direction),
            "recording": next((leg["userfield"] for leg in legs if leg.get("userfield")), "")
            if self.recording_in_userfield
            else "",
            "disconnected_by": call.ended_by(customer, direction),
        }
        if self.queue_log is not None or self.cel is not None:
            cells["transfers"] = call.transfers()
        if answered_at and any(event.get("eventtype") == "STREAM_BEGIN" for event in call.events):
            answered, ended = instant(answered_at, "answer"), instant(last.get("end", ""), "end")
            cells["holds"] = [
                {"start": start.isoformat(), "end": end.isoformat()}
                for start, end in _streams(call.events, customer, ended, lambda text: instant(text, "eventtime"))
                if start >= answered and end - start >= MIN_HOLD
            ]
        return cells

    def _direction(self, call: _AsteriskCall) -> str:
        contexts = {leg.get("dcontext", "") for leg in call.legs}
        if not contexts.isdisjoint(self.outbound_contexts):
            return "outbound"
        is_inbound = bool(call.queue_events) or not contexts.isdisjoint(self.inbound_contexts)
        return "inbound" if is_inbound or any(leg.get("lastapp") == "Queue" for leg in call.legs) else ""

    def _customer(self, first: Record, direction: str) -> str:
        if not self.customer_number:
            return ""
        return first.get({"inbound": "src", "outbound": "dst"}.get(direction, ""), "")


@dataclass(slots=True)
class _AsteriskCall:
    """What the three files say of a call."""

    key: str
    line: int
    legs: list[Record] = field(default_factory=list)
    queue_events: list[Sequence[str]] = field(default_factory=list)
    events: list[Record] = field(default_factory=list)

    def answered_at(self, first: Record, served: Record | None) -> tuple[str, str]:
        """When an agent picked up, and when it began to ring there; each empty when that is not known."""
        for stamp, _, _, _, what, *data in self.queue_events:
            if what == "CONNECT":
                rang_s = data[2] if len(data) > 2 else ""
                # The log's clock has whole seconds, as has the time of ringing.
                is_told = stamp.isascii() and stamp.isdigit() and rang_s.isascii() and rang_s.isdigit() and len(rang_s) < 6
                return stamp, str(int(stamp) - int(rang_s)) if is_told else ""
        caller = first.get("uniqueid", "")
        others = [event for event in self.events if event.get("uniqueid") != caller]
        started = {
            event.get("uniqueid"): event.get("eventtime", "") for event in others if event.get("eventtype") == "CHAN_START"
        }
        for event in others:
            if event.get("eventtype") == "BRIDGE_ENTER":
                return event.get("eventtime", ""), started.get(event.get("uniqueid"), "")
        if served is not None and served.get("lastapp") != "Queue":
            return served.get("answer", ""), ""
        return "", ""

    def queue(self, legs: Sequence[Record]) -> str:
        named = [event[2] for event in self.queue_events if event[2] not in ("", "NONE")]
        of_cdr = [leg.get("lastdata", "").partition(",")[0] for leg in legs if leg.get("lastapp") == "Queue"]
        return next(iter(named + of_cdr), "")

    def transfers(self) -> int:
        logged = sum(event[4] in _TRANSFERS for event in self.queue_events)
        return logged or sum(event.get("eventtype") in _TRANSFERS for event in self.events)

    def ended_by(self, customer: str, direction: str) -> str:
        for _, _, _, _, what, *_ in reversed(self.queue_events):
            if what in _ENDED_BY:
                return _ENDED_BY[what]
        hangups = [
            (event.get("channame") == customer, source)
            for event in self.events
            if event.get("eventtype") == "HANGUP" and (source := text_at(_object(event.get("extra", "")), "hangupsource"))
        ]
        if not hangups or not direction:
            return ""
        # The customer's channel ends with the call; that of an agent who passed the call on ended before.
        source = next((source for is_customers, source in reversed(hangups) if is_customers), hangups[-1][1])
        return "ivr" if source.startswith("dialplan/") else "customer" if source == customer else "agent"


def _extra(call: _AsteriskCall) -> dict[str, str]:
    dispositions = dict.fromkeys(leg.get("disposition", "") for leg in call.legs)
    return {"dispositions": ", ".join(filter(None, dispositions)), "legs": str(len(call.legs))}


def _streams(
    events: Sequence[Record], channel: str, ended: datetime, instant: Callable[[str], datetime]
) -> Iterator[tuple[datetime, datetime]]:
    """When something was played to a channel; what never stopped ends with the call."""
    began: datetime | None = None
    for event in events:
        if event.get("channame") != channel:
            continue
        if event.get("eventtype") == "STREAM_BEGIN":
            began = instant(event.get("eventtime", ""))
        elif event.get("eventtype") == "STREAM_END" and began is not None:
            yield began, instant(event.get("eventtime", ""))
            began = None
    if began is not None:
        yield began, max(began, ended)


def _who(channel: str) -> str:
    """``PJSIP/101-0000002a`` and ``Local/101@agents-00000001;1`` -> ``101``."""
    match = _CHANNEL.fullmatch(channel)
    return match["who"] if match else ""


def _object(text: str) -> object:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def _add_queue_log(text: str, calls: Mapping[str, _AsteriskCall]) -> None:
    for line in text.splitlines():
        cells = line.split("|")
        if len(cells) >= 5 and cells[1] in calls:
            calls[cells[1]].queue_events.append(cells)


def _records(text: str, columns: Sequence[str], named: tuple[str, str]) -> Iterator[tuple[int, Record | None]]:
    """Lines of a CSV file, by name; None for one that is none. A first line that holds ``named`` names the columns."""
    for number, line in enumerate(io.StringIO(text), 1):
        if not line.strip(BLANKS):
            continue
        # One line, one record: a quote that is never closed costs its own line.
        try:
            cells = next(csv.reader([line.rstrip("\r\n")])) if len(line) <= _MOST_CHARACTERS else []
        except (csv.Error, StopIteration):
            cells = []
        if len(cells) < 2:
            yield number, None
            continue
        titles = [cell.strip(BLANKS).casefold() for cell in cells]
        if number == 1 and set(named) <= set(titles):
            columns = titles
            continue
        yield number, dict(zip(columns, (cell.strip(BLANKS) for cell in cells), strict=False))
