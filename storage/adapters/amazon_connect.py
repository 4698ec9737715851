"""Amazon Connect: contact records (contact trace records), as its stream delivers them.

Definition
----------
A call is a contact of channel ``VOICE``. It starts at ``InitiationTimestamp``, is answered at
``Agent.ConnectedToAgentTimestamp`` and ends at ``DisconnectTimestamp``. A contact that ``NumberOfHolds`` says was never held
has no holds; of another one the times of its holds are not known. After-call work is ``Agent.AfterContactWorkDuration``, in
seconds. Records are delivered at least once, and again when they change: of several with one ``ContactId`` the one with the
latest ``LastUpdateTimestamp`` counts.

Edge cases
----------
When it rang at the agent is not in the record, so ``offered_at`` stays out and the wait is measured from the start. A
transfer is a contact of its own, which ``InitialContactId`` joins to the first. Other channels (chat, task, e-mail) are left
out. Of several recordings the first one counts that holds sound, lies in S3 and is not the menu's. The customer's number is
read only when the option says so.

References
----------
Amazon Connect administrator guide, *Contact records data model*: ContactTraceRecord, Agent, Queue, Recording.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from postcall.errors import TelephonyError
from storage.adapters.json_documents import at, documents, objects_at, text_at
from storage.record_files import Row
from storage.record_sources import AdapterOptions, SourceFile, SourceRows

_DIRECTIONS = {
    "INBOUND": "inbound",
    "TRANSFER": "inbound",
    "QUEUE_TRANSFER": "inbound",
    "OUTBOUND": "outbound",
    "EXTERNAL_OUTBOUND": "outbound",
    "CALLBACK": "outbound",
    "API": "outbound",
}
_PARTIES = {"CUSTOMER_DISCONNECT": "customer", "AGENT_DISCONNECT": "agent", "CONTACT_FLOW_DISCONNECT": "ivr"}
_KEPT = ("InitialContactId", "PreviousContactId", "NextContactId", "InitiationMethod", "DisconnectReason")
_KEPT_OF_AGENT = (
    "AgentInteractionDuration",
    "CustomerHoldDuration",
    "AgentInitiatedHoldDuration",
    "LongestHoldDuration",
    "NumberOfHolds",
)


class AmazonConnect(AdapterOptions):
    """Contact records of Amazon Connect."""

    recordings_prefix: str = Field(
        "", description="Start of Recordings[].Location, bucket and folder, that is not below `recordings`."
    )
    customer_number: bool = Field(False, description="Whether the customer's number is read as the customer key.")

    def rows(self, file: SourceFile) -> SourceRows:
        """Calls of a file; see `storage.record_sources.Adapter`."""
        found, encoding = documents(file.data)
        left_out: Counter[str] = Counter()
        latest: dict[str, tuple[str, int]] = {}
        rows: list[Row | None] = []
        for line, contact in found:
            if contact is None:
                rows.append(Row(line, error=TelephonyError(f"line {line} is not a JSON object", code="broken_row")))
                continue
            if text_at(contact, "Channel") not in ("VOICE", ""):
                left_out["contacts of other channels than voice"] += 1
                continue
            contact_id, updated = text_at(contact, "ContactId"), text_at(contact, "LastUpdateTimestamp")
            if contact_id in latest:
                left_out["earlier versions of a contact"] += 1
                if updated <= latest[contact_id][0]:
                    continue
                rows[latest[contact_id][1]] = None
            if contact_id:
                latest[contact_id] = (updated, len(rows))
            rows.append(self._row(line, contact))
        return SourceRows([row for row in rows if row is not None], encoding, left_out)

    def _row(self, line: int, contact: dict[str, Any]) -> Row:
        agent = at(contact, "Agent")
        recording = _recording(objects_at(contact, "Recordings"))
        cells: dict[str, object] = {
            "call_id": text_at(contact, "ContactId"),
            "recording": text_at(recording, "Location").removeprefix(self.recordings_prefix).lstrip("/"),
            "recording_started_at": text_at(recording, "StartTimestamp"),
            "started_at": text_at(contact, "InitiationTimestamp"),
            "answered_at": text_at(agent, "ConnectedToAgentTimestamp"),
            "ended_at": text_at(contact, "DisconnectTimestamp"),
            "direction": _DIRECTIONS.get(text_at(contact, "InitiationMethod"), ""),
            "queue": text_at(contact, "Queue", "Name"),
            "agent_id": text_at(agent, "Username"),
            "customer_key": text_at(contact, "CustomerEndpoint", "Address") if self.customer_number else "",
            "transfers": int(bool(text_at(contact, "TransferCompletedTimestamp"))),
            "after_call_work": at(agent, "AfterContactWorkDuration"),
            "disconnected_by": _PARTIES.get(text_at(contact, "DisconnectReason"), "unknown")
            if text_at(contact, "DisconnectReason")
            else "",
        }
        if text_at(agent, "NumberOfHolds") == "0":
            cells["holds"] = []
        extra = {key: text_at(contact, key) for key in _KEPT} | {key: text_at(agent, key) for key in _KEPT_OF_AGENT}
        return Row(line, cells, {key: value for key, value in extra.items() if value})


def _recording(recordings: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """That of agent and customer, which is an object of S3: beside it there may be the menu's, a stream, or a screen."""
    sounds = [
        one
        for one in recordings
        if text_at(one, "StorageType") in ("S3", "") and text_at(one, "MediaStreamType") in ("AUDIO", "")
    ]
    return next((one for one in sounds if text_at(one, "ParticipantType") != "IVR"), {})
