"""What happens in a call, for the timeline and for the list of moments to hear.

Conventions
-----------
Everything comes from ``event_`` and ``rule_`` tables; a moment is one row of them with words for people. A silence that is
dead air stands once, as dead air. A hold that both record and recording tell of stands once in the list, and once for each
source in the timeline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from flows.pages.call_facts import CallFacts, Row
from flows.pages.formats import Formats
from flows.pages.labels import Labels
from flows.pages.scorecards import RuleHit, rule_hits
from flows.pages.spoken import Line

LEAD_MS = 1_000
"""A moment is played from a little before it, so that one hears what it follows."""

HEARD_FROM_MS = 5_000
"""Shortest silence in the list of moments, dead air apart."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens in a call.

    Attributes
    ----------
    lane
        ``agent``, ``customer``, ``overtalk``, ``silence``, ``line``, ``rules``.
    kind
        What it is, for its look: ``interruption``, ``dead_air``, ``hold``, ``failed``, …
    start_ms, end_ms
        When.
    play_ms
        Where playback starts.
    label, detail
        In the reader's language.
    is_listed
        Whether it stands in the list of moments to hear.
    rule_id
        Of a rule that is hit.
    """

    lane: str
    kind: str
    start_ms: int
    end_ms: int
    play_ms: int
    label: str
    detail: str = ""
    is_listed: bool = False
    rule_id: str = field(default="")


def moments_of(facts: CallFacts, lines: tuple[Line, ...], labels: Labels, manuals: Sequence[str] = ()) -> tuple[Moment, ...]:
    """All moments, in order of time; ``manuals`` are files of one's own."""
    teller = _Teller(facts, labels, tuple(manuals))
    found = [
        *teller.turns(lines),
        *teller.overtalk(),
        *teller.silences(),
        *teller.holds(),
        *teller.disagreements(),
        *teller.ringing(),
        *teller.shouting(),
        *teller.agents(),
        *teller.rules(),
    ]
    return tuple(sorted(found, key=lambda moment: (moment.start_ms, moment.lane, moment.end_ms)))


@dataclass(frozen=True, slots=True)
class _Teller:
    facts: CallFacts
    labels: Labels
    manuals: tuple[str, ...]

    def turns(self, lines: tuple[Line, ...]) -> Iterator[Moment]:
        for line in lines:
            lane = line.role if line.role in ("agent", "customer") else "others"
            who = self.labels.of("roles", line.role)
            label = self._t("backchannel") if line.is_backchannel else self._t("turn", who=who)
            kind = f"backchannel {line.role}" if line.is_backchannel else line.role
            yield Moment(lane, kind, line.start_ms, line.end_ms, line.start_ms, label, line.speaker)

    def overtalk(self) -> Iterator[Moment]:
        for row in self.facts.all("event_overtalk"):
            kind = str(row["kind"])
            is_interruption = kind == "interruption"
            parts = [self._by(row["by_role"])]
            if is_interruption and row["is_floor_won"] is not None:
                parts.append(self._t("floor_won" if row["is_floor_won"] else "floor_not_won"))
            by = row["by_role"] or ""
            yield self._moment("overtalk", f"{kind} {by}".strip(), row, self.labels.of("events", kind), parts, is_interruption)

    def silences(self) -> Iterator[Moment]:
        dead = {row["start_ms"]: row for row in self.facts.all("event_dead_air")}
        silences = {row["start_ms"]: row for row in self.facts.all("event_silence")}
        for start_ms, row in sorted({**silences, **dead}.items()):
            kind = "dead_air" if start_ms in dead else "silence"
            owner = row["owner"]
            parts = [self._t("owed_by", who=self.labels.of("who", owner))] if owner else []
            if row["owner_basis"]:
                parts.append(self.labels.of("owner_basis", row["owner_basis"]))
            is_listed = kind == "dead_air" or row["duration_ms"] >= HEARD_FROM_MS
            yield self._moment("silence", f"{kind} {owner or ''}".strip(), row, self._t(kind), parts, is_listed)

    def holds(self) -> Iterator[Moment]:
        rows = [row for row in self.facts.all("event_hold") if row["start_ms"] is not None]
        listed: list[Row] = []
        for row in sorted(rows, key=lambda row: (row["hold_source"] != "call_record", row["start_ms"])):
            kind, source = str(row["hold_kind"]), str(row["hold_source"])
            is_new = not any(_overlap(row, other) for other in listed if other["hold_kind"] == kind)
            if is_new:
                listed.append(row)
            told = "recorded" if source == "call_record" else "heard"
            yield self._moment("line", f"{kind} {told}", row, self._t(kind), [self.labels.of("hold_source", source)], is_new)

    def disagreements(self) -> Iterator[Moment]:
        for row in self.facts.all("event_hold_disagreement"):
            starts = [row[name] for name in ("recorded_start_ms", "heard_start_ms") if row[name] is not None]
            ends = [row[name] for name in ("recorded_end_ms", "heard_end_ms") if row[name] is not None]
            times = {"start_ms": min(starts), "end_ms": max(ends)}
            what = self.labels.of("disagreement", str(row["disagreement"]))
            yield self._moment("line", "disagreement", times, self._t("disagreement"), [what], is_listed=True)

    def ringing(self) -> Iterator[Moment]:
        row = self.facts.one("call_ringing")
        if row.get("first_ring_ms") is not None and row.get("earliest_answer_ms") is not None:
            times = {"start_ms": row["first_ring_ms"], "end_ms": row["earliest_answer_ms"]}
            count = self.labels.get("figures.rings", count=row["rings"])
            yield self._moment("line", "ring", times, self._t("ring"), [count], is_listed=False)

    def shouting(self) -> Iterator[Moment]:
        for row in self.facts.all("event_turn_voice"):
            if row["turn_shouting_ms"]:
                times = {"start_ms": row["start_ms"], "end_ms": row["end_ms"]}
                yield self._moment("overtalk", "shouting", times, self._t("shouting"), [self._by(row["role"])], is_listed=True)

    def agents(self) -> Iterator[Moment]:
        for row in self.facts.all("event_agent_stretch")[1:]:
            times = {"start_ms": row["start_ms"], "end_ms": row["start_ms"] + 1}
            yield self._moment("line", "next_agent", times, self._t("agent_begins"), [], is_listed=True)

    def rules(self) -> Iterator[Moment]:
        listed: set[str] = set()
        for hit in rule_hits(self.facts, self.labels, self.manuals):
            times = {"start_ms": hit.start_ms, "end_ms": hit.end_ms}
            is_broken = hit.outcome == "fail"
            label = f"{self._t('broken' if is_broken else 'kept')}: {hit.title}"
            kind = "failed" if is_broken else "passed"
            # Once is enough to hear it; the scorecard has each.
            is_listed = is_broken and hit.rule_id not in listed
            listed.add(hit.rule_id)
            yield self._moment("rules", kind, times, label, [hit.rule_id], is_listed, hit)

    def _moment(
        self,
        lane: str,
        kind: str,
        times: Row | Mapping[str, int],
        label: str,
        parts: list[str],
        is_listed: bool,
        hit: RuleHit | None = None,
    ) -> Moment:
        start_ms = int(times["start_ms"])
        end_ms = int(times["end_ms"]) if "end_ms" in times else start_ms + int(times["duration_ms"])
        length = Formats(self.labels).length(end_ms - start_ms)
        # The length of a rule's evidence tells nothing.
        said = [part for part in (*([] if hit or end_ms - start_ms < 50 else [length]), *parts) if part]
        return Moment(
            lane=lane,
            kind=kind,
            start_ms=start_ms,
            end_ms=end_ms,
            play_ms=max(0, start_ms - LEAD_MS),
            label=label,
            detail=", ".join(said),
            is_listed=is_listed,
            rule_id=hit.rule_id if hit else "",
        )

    def _by(self, role: str | None) -> str:
        return self._t("by", who=self.labels.of("who", role)) if role else ""

    def _t(self, name: str, **places: str) -> str:
        return self.labels.get(f"events.{name}", **places)


def _overlap(row: Row, other: Row) -> bool:
    end, other_end = row["start_ms"] + row["duration_ms"], other["start_ms"] + other["duration_ms"]
    return bool(row["start_ms"] < other_end and other["start_ms"] < end)
