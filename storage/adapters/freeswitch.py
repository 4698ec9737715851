"""FreeSWITCH: call detail records of ``mod_json_cdr``.

Definition
----------
The leg that originated the others (A) is the call, its ``uuid`` the call's id; a leg that it called (B) tells when it rang at
the agent, when the agent put the call on hold and who hung up. ``mod_callcenter`` tells queue, agent and answer; otherwise a
call is answered when its legs are bridged, since ``answer_uepoch`` of A may be that of a menu. Holds are the ``hold_events``
of every leg of the call.

Edge cases
----------
Values of variables are URL-encoded, as ``mod_json_cdr`` writes them by default (``encode-values``), or as they are.
``mod_json_cdr`` writes B only with ``log-b-leg``. Without B the holds of an agent who was called are not known, and stay out.
The records may be one a file: write them after one another into one file. A B leg whose A is not in the file is left out.
Which leg is the agent's is told by the direction, which only contexts or a queue can tell: ``direction`` of the variables is
that of the leg.

References
----------
FreeSWITCH sources: switch_ivr.c (JSON CDR), switch_channel.c (times, hold events), mod_sofia (sip_hangup_disposition).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from pydantic import Field

from postcall.errors import TelephonyError
from storage.adapters.json_documents import at, documents, from_unix_us, objects_at, text_at
from storage.record_files import Row
from storage.record_sources import AdapterOptions, SourceFile, SourceRows

Leg = dict[str, Any]

_NOT_ENCODED = re.compile(r"[{}@ \"<>:]|%(?![0-9A-Fa-f]{2})")
_HOLD_EVENT = re.compile(r"\{(\d{1,18}),(\d{1,18})\}", re.ASCII)
_KEPT = ("hangup_cause", "billsec", "waitsec", "record_completion_cause", "cc_cause")


class FreeSwitch(AdapterOptions):
    """JSON call detail records of FreeSWITCH."""

    inbound_contexts: tuple[str, ...] = Field((), description="Dialplan contexts of calls from customers.")
    outbound_contexts: tuple[str, ...] = Field((), description="Dialplan contexts of calls to customers.")
    customer_number: bool = Field(False, description="Whether the customer's number is read as the customer key.")

    def rows(self, file: SourceFile) -> SourceRows:
        """Calls of a file; see `storage.record_sources.Adapter`."""
        found, encoding = documents(file.data)
        legs: dict[str, tuple[int, Leg]] = {}
        rows: list[Row] = []
        for line, leg in found:
            if leg is None:
                rows.append(Row(line, error=TelephonyError(f"line {line} is not a JSON object", code="broken_row")))
            elif not (uuid := _uuid(leg)):
                rows.append(Row(line, error=TelephonyError(f"line {line} has no uuid", code="strange_record")))
            else:
                legs[uuid] = (line, leg)
        called: dict[str, list[Leg]] = {}
        left_out: Counter[str] = Counter()
        for _, leg in legs.values():
            if origin := _origin(leg):
                called.setdefault(origin, []).append(leg)
                left_out["called legs of calls" if origin in legs else "called legs whose call is not in the file"] += 1
        for uuid, (line, leg) in legs.items():
            if not _origin(leg):
                rows.append(self._row(line, uuid, leg, called.get(uuid, ())))
        # Records that follow one another without a break stand on one line, all of them.
        return SourceRows(sorted(rows, key=lambda row: row.line), encoding, left_out)

    def _row(self, line: int, uuid: str, leg: Leg, called: Sequence[Leg]) -> Row:
        queue = _variable(leg, "cc_queue")
        direction = self._direction(leg, queue)
        agents = next((one for one in called if _time(one, "answer") or _time(one, "bridge")), None)
        answered_at = _time(leg, "cc_queue_answered") or _time(leg, "bridge")
        first_called = min((found for one in called if (found := _time(one, "start"))), default="")
        cells: dict[str, object] = {
            "call_id": uuid,
            "started_at": _time(leg, "start"),
            "offered_at": first_called if direction == "inbound" else "",
            "answered_at": answered_at,
            "ended_at": _time(leg, "end"),
            "direction": direction,
            "queue": queue.partition("@")[0],
            "agent_id": _variable(leg, "cc_agent").partition("@")[0] or _agent(leg, agents, direction),
            "customer_key": _customer(leg, direction) if self.customer_number else "",
            "disconnected_by": _hung_up_by(leg, direction),
        }
        if called or direction == "outbound":
            holds = [hold for one in (leg, *called) for hold in _holds(one)]
            cells["holds"] = sorted(holds, key=lambda hold: hold["start"])
        extra = {key: _variable(leg, key) for key in _KEPT}
        return Row(line, cells, {key: value for key, value in extra.items() if value})

    def _direction(self, leg: Leg, queue: str) -> str:
        context = text_at(leg, "callflow", -1, "caller_profile", "context") or _variable(leg, "user_context")
        if context in self.outbound_contexts:
            return "outbound"
        return "inbound" if queue or context in self.inbound_contexts else ""


def _variable(leg: Leg, name: str) -> str:
    value = text_at(leg, "variables", name)
    # "{", "@" and "%" itself are written as %7B, %40 and %25 unless encode-values is off: no such value holds one of them.
    return value if _NOT_ENCODED.search(value) else unquote(value)


def _uuid(leg: Leg) -> str:
    return _variable(leg, "uuid") or text_at(leg, "callflow", 0, "caller_profile", "uuid")


def _origin(leg: Leg) -> str:
    """Uuid of the leg that called this one; empty for one that was not called by another."""
    profiles = objects_at(leg, "callflow", 0, "caller_profile", "originator", "originator_caller_profiles")
    return _variable(leg, "originating_leg_uuid") or _variable(leg, "originator") or text_at(profiles, 0, "uuid")


def _time(leg: Leg, name: str) -> str:
    """A time of a leg: from its variables in us or s, else from its callflow."""
    exact = from_unix_us(_variable(leg, f"{name}_uepoch"))
    if exact:
        return exact
    seconds = _variable(leg, f"{name}_epoch")
    if seconds.strip("0"):
        return seconds
    inner = {"start": "created_time", "answer": "answered_time", "bridge": "bridged_time", "end": "hangup_time"}.get(name, "")
    return from_unix_us(text_at(at(leg, "callflow", 0, "times"), inner))


def _holds(leg: Leg) -> list[dict[str, str]]:
    """``{{on,off},{on,off}}`` in us, newest first; a hold that was never ended has 0 and ends with its leg."""
    return [
        {"start": from_unix_us(on), "end": from_unix_us(off) or _time(leg, "end")}
        for on, off in _HOLD_EVENT.findall(_variable(leg, "hold_events"))
    ]


def _agent(leg: Leg, agents: Leg | None, direction: str) -> str:
    if direction == "outbound":
        return _variable(leg, "user_name") or _variable(leg, "sip_from_user")
    # The number that a called leg has is the agent's only where customers are the ones who call.
    return text_at(agents, "callflow", 0, "caller_profile", "destination_number") if direction == "inbound" else ""


def _customer(leg: Leg, direction: str) -> str:
    column = {"inbound": "caller_id_number", "outbound": "destination_number"}.get(direction, "")
    return text_at(leg, "callflow", -1, "caller_profile", column)


def _hung_up_by(leg: Leg, direction: str) -> str:
    """``recv_bye`` on the A leg: the party on it hung up; ``send_bye``: it was hung up on."""
    how = _variable(leg, "sip_hangup_disposition")
    if not direction or not how.endswith(("_bye", "_cancel")):
        return ""
    party, other = ("customer", "agent") if direction == "inbound" else ("agent", "customer")
    return party if how.startswith("recv_") else other
