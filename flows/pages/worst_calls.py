"""Which calls of a day deserve listening, and their pages.

Definition
----------
What speaks for listening: critical rules broken, rules broken, dead air that the agent owed, interruptions by the agent, holds,
mutes; what the policy and the manuals in force count as each. Calls with more critical rules broken come first, among equals
those with more of all. A call without any of it, or without a recording, is not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from flows.pages.call_facts import CallFacts, read_calls
from flows.pages.call_page import call_page, find_sound
from flows.pages.labels import Labels
from flows.pages.publish import CallEntry, DayPages, publish_day, reports_folder
from flows.redacted import personal_data_policy
from flows.settings import Settings
from storage.tables import Tables

_COUNTED = (
    ("call_scorecard", "critical_fails", "critical_rules"),
    ("call_scorecard", "rules_failed", "broken_rules"),
    ("call_dead_air", "agent_dead_airs", "agent_dead_airs"),
    ("call_overtalk", "agent_interruptions", "agent_interruptions"),
    ("call_hold", "holds", "holds"),
    ("call_hold", "mutes", "mutes"),
)
"""Table, column, and what it is called among the faults."""

AT_ONCE = 50
"""Calls whose facts are in memory together."""


@dataclass(frozen=True, slots=True)
class BadCall:
    """A call that deserves listening; ``faults`` are counts above 0 by kind."""

    call_id: str
    faults: dict[str, int]

    @property
    def rank(self) -> tuple[int, int, str]:
        """Smaller is worse."""
        return -self.faults.get("critical_rules", 0), -sum(self.faults.values()), self.call_id


def worst_calls(tables: Tables, day: date, limit: int) -> list[BadCall]:
    """The calls of a day that deserve listening most, the worst first, at most ``limit``."""
    stored = set(tables.names())
    faults: dict[str, dict[str, int]] = {}
    for table, column, fault in _COUNTED:
        if table in stored:
            rows = tables.scan(table, columns=["call_id", column], first=day, last=day).to_pylist()
            for row in rows:
                if row.get(column):
                    of_call = faults.setdefault(row["call_id"], {})
                    of_call[fault] = of_call.get(fault, 0) + row[column]
    contacts = tables.scan("call_contact", columns=["call_id", "has_recording"], first=day, last=day).to_pylist()
    heard = {row["call_id"] for row in contacts if row["has_recording"]}
    found = [BadCall(call_id, counts) for call_id, counts in faults.items() if call_id in heard]
    return sorted(found, key=lambda call: call.rank)[:limit]


def publish_calls(settings: Settings, day: date, *, advance: Callable[[], None] | None = None) -> list[str]:
    """Publish pages of the calls of a day that deserve listening, in place of those that were published before.

    Parameters
    ----------
    settings
        ``pages`` says how many, in which language, and where to.
    day
        Business day.
    advance
        Called after each page.

    Returns
    -------
    list
        Ids of the calls, the worst first.

    Raises
    ------
    StorageError
        The store cannot be read, or the folder of the reports not written.
    """
    tables, labels = Tables(settings.store), Labels(settings.pages.language)
    calls = worst_calls(tables, day, settings.pages.calls_a_day)
    with publish_day(reports_folder(settings.store, settings.pages), day, labels) as pages:
        pages.clear_calls()
        for start in range(0, len(calls), AT_ONCE):
            part = calls[start : start + AT_ONCE]
            facts = read_calls(tables, (call.call_id for call in part), day)
            _add(pages, part, facts, settings, labels, advance)
    return [call.call_id for call in calls]


def _add(
    pages: DayPages,
    calls: Iterable[BadCall],
    facts: dict[str, CallFacts],
    settings: Settings,
    labels: Labels,
    advance: Callable[[], None] | None,
) -> None:
    hidden = personal_data_policy(settings)
    for call in calls:
        known = facts[call.call_id]
        page = call_page(
            known,
            find_sound(known, settings),
            settings.pages,
            labels,
            manuals=settings.manuals or (),
            personal_data=hidden,
        )
        contact = known.one("call_contact")
        started = contact["started_at"] or contact["offered_at"] or contact["answered_at"]
        entry = CallEntry(
            name=page.name,
            call_id=call.call_id,
            started_at=f"{started.astimezone(known.time_zone):%H:%M:%S}" if started else "",
            agent_id=contact["agent_id"],
            queue=contact["queue"],
            duration_ms=contact["recording_duration_ms"],
            faults=call.faults,
            audio=page.audio_name,
        )
        pages.add_call(entry, page.html, page.audio)
        if advance is not None:
            advance()
