"""Genesys Cloud: conversation details of its analytics.

Definition
----------
A call is a conversation with a session of media type ``voice``. It is offered when an agent's session first alerts, answered
when an agent's session first interacts, and held during the agents' segments of type ``hold``. Who hung up is told by how the
last agent's session was disconnected: ``client`` is the agent, ``peer`` the other side. After-call work is the agents' metrics
``tAcw``, in ms, summed; without one, their segments of type ``wrapup``.

Edge cases
----------
Conversations without voice are left out. A hold that has no end yet ends with the conversation. A conversation may have
several agents: the first one who interacts counts, and each further one is a transfer. A conversation that lasts until the
after-call work is done ends, as a call, with the last segment that is no such work. Without metric and segments, or while a
segment has no end yet, after-call work is not known: agents may be spared it, or it may not have been done yet.

References
----------
Genesys Cloud platform API, analytics conversation details: AnalyticsConversation, AnalyticsParticipant, AnalyticsSession,
AnalyticsConversationSegment, AnalyticsSessionMetric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from postcall.errors import TelephonyError
from storage.adapters.json_documents import at, documents, objects_at, text_at
from storage.record_files import Row
from storage.record_sources import AdapterOptions, SourceFile, SourceRows
from storage.times import read_instants

Segment = tuple[Mapping[str, Any], Mapping[str, Any]]
"""A segment, and the participant it belongs to."""

WRAP_UP = "wrapup"
_AGENTS = ("agent", "user")
_PARTIES = (*_AGENTS, "customer", "external")
_MOST_MS = 1e12


class GenesysCloud(AdapterOptions):
    """Conversation details of Genesys Cloud."""

    def rows(self, file: SourceFile) -> SourceRows:
        """Calls of a file; see `storage.record_sources.Adapter`."""
        found, encoding = documents(file.data, lists=("conversations",))
        left_out: Counter[str] = Counter()
        rows = []
        for line, conversation in found:
            if conversation is None:
                rows.append(Row(line, error=TelephonyError(f"line {line} is not a JSON object", code="broken_row")))
            elif not text_at(conversation, "conversationId"):
                message = f"line {line} has no conversationId"
                rows.append(Row(line, error=TelephonyError(message, code="strange_record")))
            elif not _sessions(conversation, None):
                left_out["conversations without voice"] += 1
            else:
                try:
                    rows.append(_row(line, conversation))
                except TelephonyError as error:
                    rows.append(Row(line, {"call_id": text_at(conversation, "conversationId")}, error=error))
        return SourceRows(rows, encoding, left_out)


def _row(line: int, conversation: dict[str, Any]) -> Row:
    segments = sorted(_segments(conversation, _AGENTS), key=lambda found: text_at(found[0], "segmentStart"))
    interacting = [found for found in segments if text_at(found[0], "segmentType") == "interact"]
    alerting = [found for found in segments if text_at(found[0], "segmentType") == "alert"]
    queued = [segment for segment, _ in _segments(conversation, ("acd",)) if text_at(segment, "queueId")]
    ended_at = _ended_at(conversation)
    agents = list(dict.fromkeys(text_at(participant, "userId") for _, participant in interacting))
    cells: dict[str, object] = {
        "call_id": text_at(conversation, "conversationId"),
        "started_at": text_at(conversation, "conversationStart"),
        "offered_at": text_at(alerting[0][0], "segmentStart") if alerting else "",
        "answered_at": text_at(interacting[0][0], "segmentStart") if interacting else "",
        "ended_at": ended_at,
        "direction": {"inbound": "inbound", "outbound": "outbound"}.get(text_at(conversation, "originatingDirection"), ""),
        "queue": text_at(queued[0], "queueId") if queued else "",
        "agent_id": agents[0] if agents else "",
        "transfers": max(len(agents) - 1, 0),
        "after_call_work": _after_call_work_s(line, conversation),
        "holds": [
            {"start": text_at(segment, "segmentStart"), "end": text_at(segment, "segmentEnd") or ended_at}
            for segment, _ in segments
            if text_at(segment, "segmentType") == "hold"
        ],
    }
    how = [
        text_at(segment, "disconnectType") for segment, _ in segments if text_at(segment, "segmentType") in ("interact", "hold")
    ]
    if how and how[-1]:
        cells["disconnected_by"] = {"client": "agent", "peer": "customer"}.get(how[-1], "unknown")
    return Row(line, cells)


def _ended_at(conversation: dict[str, Any]) -> str:
    """When the call ended, which may be before the conversation did."""
    ended_at = text_at(conversation, "conversationEnd")
    segments = [segment for segment, _ in _segments(conversation, _PARTIES)]
    talked_until = [text_at(one, "segmentEnd") for one in segments if text_at(one, "segmentType") != WRAP_UP]
    # Times of one conversation are written alike, in UTC, so that the text tells which is earlier.
    if len(talked_until) < len(segments) and talked_until and all(talked_until):
        return min(ended_at, max(talked_until))
    return ended_at


def _after_call_work_s(line: int, conversation: dict[str, Any]) -> object:
    """In seconds; None where it is not known."""
    told = [
        at(metric, "value")
        for session, _ in _sessions(conversation, _AGENTS)
        for metric in objects_at(session, "metrics")
        if text_at(metric, "name") == "tAcw"
    ]
    if told:
        # What is no length of time is refused by the reading of the cell, as in any other source.
        is_time = all(type(one) in (int, float) and 0 <= one < _MOST_MS for one in told)
        return sum(told) / 1000 if is_time else "tAcw"
    work = [segment for segment, _ in _segments(conversation, _AGENTS) if text_at(segment, "segmentType") == WRAP_UP]
    edges = [(text_at(one, "segmentStart"), text_at(one, "segmentEnd")) for one in work]
    if not edges or not all(start and end for start, end in edges):
        return None
    where = f"line {line}: a segment of type {WRAP_UP}"
    lengths = (read_instants(end, None, where)[0] - read_instants(start, None, where)[0] for start, end in edges)
    return sum(lengths, timedelta()).total_seconds()


def _sessions(conversation: object, purposes: tuple[str, ...] | None) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    return [
        (session, participant)
        for participant in objects_at(conversation, "participants")
        if purposes is None or text_at(participant, "purpose") in purposes
        for session in objects_at(participant, "sessions")
        if text_at(session, "mediaType") == "voice"
    ]


def _segments(conversation: object, purposes: tuple[str, ...]) -> list[Segment]:
    return [
        (segment, participant)
        for session, participant in _sessions(conversation, purposes)
        for segment in objects_at(session, "segments")
    ]
