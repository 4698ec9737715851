"""Places a drawn call on a timeline, so that every event is known to the millisecond. Pure, but for a seeded draw of lengths.

Conventions
-----------
Times are integer ms from the first sample of the recording. Speech begins and ends where an utterance is audible
(`staging.prepare`), so a pause of the script is silent for exactly the length drawn.

layout
    As Asterisk's MixMonitor and FreeSWITCH record: the agent's channel is what goes to the customer, so prompts, hold music,
    ringback of an inbound call and the busy tone after the agent hung up lie there; ringback of an outbound call and the busy
    tone after the customer hung up come from the customer's side of the line.

::

    customer           ~~~~###~~~~~~##~~~~~~~~~~~~~~###~~~~|busy busy
    agent      ring  ring~####~~~##~~♪♪♪♪♪♪♪♪♪♪~~####~~~~~~|
               ^ offered ^ answered  ^ hold               ^ hang-up
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from benchmarks.corpus import tones
from benchmarks.corpus.announcements import ANNOUNCEMENT
from benchmarks.corpus.planning import Plan, Played
from benchmarks.corpus.script import DEFAULT_MS, SILENCE_MS, Item, Range
from benchmarks.corpus.slots import MARK
from benchmarks.corpus.staging import Line, cut, moved
from benchmarks.corpus.voices import words_of
from postcall.spans import Span, Spans, at_least, gaps, hull, subtract, total_ms, union

RECORDED = ("ivr", ANNOUNCEMENT)
"""Speakers that are no person."""
LEAST_WON_MS, LEAST_INTERRUPTION_MS = 500, 900
_GIVE_UP_MS = 250
_INTO_MS = 80
_MUTE_EDGE_MS = 150
_BREAK_OFF_MS = (600, 1300)
_FALSE_START_MS = 400


class SceneError(ValueError):
    """A script whose events do not come out as it says, with these words and voices."""


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance in its place."""

    by: str
    start_ms: int
    line: Line
    gain_db: float = 0.0

    @property
    def span(self) -> Span:
        """From its first to its last audible millisecond."""
        return Span(self.start_ms, self.start_ms + self.line.duration_ms)

    @property
    def side(self) -> str:
        """The party whose channel it lies on."""
        return "customer" if self.by == "customer" else "agent"


@dataclass(frozen=True, slots=True)
class Parked:
    """A hold, or the wait of a transfer.

    Attributes
    ----------
    breaks
        Where its music or tone stops for an announcement of the telephony, with the silence around it.
    beds
        Where an announcement is spoken over its music.
    """

    span: Span
    kind: str
    sound: str
    is_announced: bool
    breaks: Spans = ()
    beds: Spans = ()


@dataclass(frozen=True, slots=True)
class Overlap:
    """One party begins to speak while the other speaks; ``span`` is the utterance that does."""

    kind: str
    by: str
    span: Span


@dataclass(frozen=True, slots=True)
class Owned:
    """A silence of the script, and who owes the word."""

    span: Span
    owner: str
    kind: str


@dataclass(slots=True)
class Scene:
    """What happens in a call. `rings_before_answer` counts also those before the recording starts."""

    said: list[Said] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    owned: list[Owned] = field(default_factory=list)
    mutes: list[Span] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    keys: list[tuple[int, str]] = field(default_factory=list)
    rings: Spans = ()
    rings_before_answer: int = 0
    started_ms: int = 0
    offered_ms: int = 0
    answered_ms: int = 0
    hung_up_ms: int = 0
    hung_up_by: str = ""
    busy: Spans = ()
    duration_ms: int = 0

    def talk(self, party: str) -> Spans:
        """Speech of a party, ``agent`` with the second agent's, or of ``ivr`` or ``announcement``."""
        speakers = ("agent", "agent2") if party == "agent" else (party,)
        return union(moved(span, said.start_ms) for said in self.said if said.by in speakers for span in said.line.spans)

    def speech(self) -> Spans:
        """Where agent or customer speak."""
        return union(self.talk("agent"), self.talk("customer"))

    def silences(self) -> Spans:
        """Silence of 3 s or more inside the conversation and outside hold."""
        speech = self.speech()
        return at_least(subtract(gaps(speech, hull(speech)), union(held.span for held in self.parked)), SILENCE_MS)

    def words(self) -> list[tuple[str, str, Span]]:
        """Speaker, text and place of every word, in order of start."""
        found = [(said.by, text, moved(span, said.start_ms)) for said in self.said for text, span in said.line.words]
        return sorted(found, key=lambda word: (word[2], word[0]))


def arrange(plan: Plan, lines: Mapping[int, Line]) -> Scene:
    """Place everything.

    Parameters
    ----------
    lines
        Utterance of each item of ``plan.played`` that speaks, by its index.

    Raises
    ------
    SceneError
        An event that does not come out as the script says; the message says which item to change.
    """
    director = _Director(plan, lines)
    scene = director.direct()
    _check(scene, plan)
    return scene


class _Director:
    """Walks through the items; ``end_ms`` is where everything said so far has ended."""

    def __init__(self, plan: Plan, lines: Mapping[int, Line]) -> None:
        self.plan, self.lines = plan, lines
        self.rng = Random(f"{plan.seed} lengths")
        self.scene = Scene()
        self.end_ms = 0
        self.floor = -1  # index in scene.said of the utterance that holds the floor
        self.floor_text = ""
        self.owes: Item | None = None  # a pause that the next speech ends
        self._overlapping: dict[str, Callable[[Item, Line], tuple[int, Line]]] = {
            "backchannel": self._backchannel,
            "interruption_lost": self._interruption_lost,
            "interruption_won": self._interruption_won,
            "early_start": self._early_start,
            "simultaneous_start": self._simultaneous_start,
        }

    def direct(self) -> Scene:
        played = list(self.plan.played)
        before = [index for index, one in enumerate(played) if one.item.kind in ("ivr", "keys")]
        for index in before:
            self._menu(index, played[index])
        self._ring(next((one.item for one in played if one.item.kind == "ring"), None))
        for index, one in enumerate(played):
            if index not in before and one.item.kind != "ring":
                self._place(index, one)
        return self.scene

    def _drawn(self, between: Range) -> int:
        return self.rng.randint(between[0], between[1])

    # ── before the answer ────────────────────────────────────────────────────

    def _menu(self, index: int, one: Played) -> None:
        start_ms = self.end_ms + self._drawn((300, 900))
        if one.item.kind == "keys":
            for number, key in enumerate(one.item.texts[0]):
                self.scene.keys.append((start_ms + number * (tones.KEY_MS + tones.KEY_GAP_MS), key))
            self.end_ms = self.scene.keys[-1][0] + tones.KEY_MS
        else:
            self.scene.said.append(Said("ivr", start_ms, self.lines[index]))
            self.end_ms = self.scene.said[-1].span.end_ms

    def _ring(self, item: Item | None) -> None:
        scene, country = self.scene, tones.COUNTRIES[self.plan.conditions.country]
        scene.rings_before_answer = self._drawn(item.ms if item else DEFAULT_MS["ring"])
        scene.offered_ms = self.end_ms + (self._drawn((300, 900)) if self.end_ms else 0)
        scene.rings = country.rings(scene.offered_ms, scene.rings_before_answer)
        last_off_ms = country.ring_ms[-1]
        scene.answered_ms = scene.rings[-1].end_ms + self._drawn((last_off_ms // 10, last_off_ms * 9 // 10))
        starts = {"start": 0, "ring": scene.offered_ms, "answer": scene.answered_ms}
        first_ms = starts[self.plan.conditions.record_from]
        scene.rings = tuple(moved(ring, -first_ms) for ring in scene.rings if ring.start_ms >= first_ms)
        scene.said = [Said(s.by, s.start_ms - first_ms, s.line) for s in scene.said if s.start_ms >= first_ms]
        scene.keys = [(at_ms - first_ms, key) for at_ms, key in scene.keys if at_ms >= first_ms]
        scene.started_ms = -first_ms
        scene.offered_ms -= first_ms
        scene.answered_ms -= first_ms
        self.end_ms = scene.answered_ms

    # ── the conversation ─────────────────────────────────────────────────────

    def _place(self, index: int, one: Played) -> None:
        item = one.item
        if item.is_speech:
            self._speak(item, one.text or "", self.lines[index])
        elif item.kind == ANNOUNCEMENT:
            self._announce(item, self.lines[index])
        elif item.more.get("resumed"):
            self._resume(item)
        elif item.kind in ("hold", "transfer"):
            start_ms = self.end_ms + self._drawn(item.gap_ms)
            self.end_ms = start_ms + self._drawn(item.ms)
            span = Span(start_ms, self.end_ms)
            self.scene.parked.append(Parked(span, item.kind, item.texts[0], bool(item.more.get("announced", False))))
            self.floor = -1
        elif item.kind == "hangup":
            self._hang_up(item)
        else:
            self.owes = item

    def _announce(self, item: Item, line: Line) -> None:
        """The telephony speaks to who is on hold."""
        held = self.scene.parked[-1]
        said = Said(ANNOUNCEMENT, self.end_ms + self._drawn(item.gap_ms), line, float(item.more["level_db"]))
        self.scene.said.append(said)
        spans = (
            {"beds": (*held.beds, said.span)} if item.more["has_bed"] else {"breaks": (*held.breaks, _until(held, said.span))}
        )
        self.end_ms = said.span.end_ms
        self.scene.parked[-1] = replace(held, span=Span(held.span.start_ms, self.end_ms), **spans)

    def _resume(self, item: Item) -> None:
        """The music of a hold goes on after an announcement."""
        held = self.scene.parked[-1]
        start_ms = self.end_ms + self._drawn(item.gap_ms)
        breaks = held.breaks
        if breaks and breaks[-1].end_ms == self.end_ms:
            breaks = (*breaks[:-1], Span(breaks[-1].start_ms, start_ms))
        self.end_ms = start_ms + self._drawn(item.ms)
        self.scene.parked[-1] = replace(held, span=Span(held.span.start_ms, self.end_ms), breaks=breaks)

    def _speak(self, item: Item, text: str, line: Line) -> None:
        scene = self.scene
        gain_db = float(item.more.get("level_db", self.plan.script.cast.get(item.kind, {}).get("level_db", 0.0)))
        if item.overlap:
            start_ms, line = self._overlapping[item.overlap](item, line)
        elif self.owes is not None:
            start_ms = self.end_ms + self._drawn(self.owes.ms)
            owned = Span(self.end_ms, start_ms)
            scene.owned.append(Owned(owned, str(self.owes.more.get("owner", "agent")), self.owes.kind))
            if self.owes.kind == "mute":
                scene.mutes.append(Span(owned.start_ms + _MUTE_EDGE_MS, owned.end_ms - _MUTE_EDGE_MS))
            self.owes = None
        else:
            start_ms = self.end_ms + self._drawn(item.gap_ms)
        said = Said(item.kind, start_ms, line, gain_db)
        if item.overlap:
            scene.overlaps.append(Overlap(item.overlap, said.side, said.span))
        scene.said.append(said)
        if item.overlap in ("", "early_start", "interruption_won"):
            self.floor, self.floor_text = len(scene.said) - 1, text
        self.end_ms = max(self.end_ms, said.span.end_ms)

    def _hang_up(self, item: Item) -> None:
        scene = self.scene
        scene.hung_up_by = item.texts[0]
        scene.hung_up_ms = scene.duration_ms = self.end_ms + self._drawn(item.gap_ms)
        if item.more.get("busy", self.rng.random() < 0.3):
            scene.duration_ms += self._drawn((2500, 6000))
            country = tones.COUNTRIES[self.plan.conditions.country]
            scene.busy = country.busy(scene.hung_up_ms + 60, scene.duration_ms)

    # ── overlaps: where an utterance starts, and how much of it is said ──────

    def _anchor_ms(self, item: Item) -> int:
        """Where the word before the mark ends, and a little later."""
        floor = self.scene.said[self.floor]
        head = self.floor_text.partition(f"[{item.at}]")[0]
        words = len(words_of(MARK.sub("", head)))
        if words > len(floor.line.words):
            raise self._error(item, "the other was cut before the mark: put the mark earlier")
        return floor.start_ms + floor.line.words[words - 1][1].end_ms + self._drawn((10, 120))

    def _in_speech(self, start_ms: int, least_ms: int) -> int | None:
        """The first ms from then on at which the other speaks, and goes on to without a pause for so long; None: nowhere."""
        floor = self.scene.said[self.floor]
        for span in floor.line.spans:
            at_ms = max(start_ms, floor.start_ms + span.start_ms + _INTO_MS)
            if at_ms + least_ms <= floor.start_ms + span.end_ms:
                return at_ms
        return None

    def _interruption_ms(self, item: Item) -> int:
        start_ms = self._in_speech(self._anchor_ms(item), LEAST_WON_MS)
        if start_ms is None:
            raise self._error(item, "the other pauses or ends too soon after the mark: put it earlier, with no comma after it")
        return start_ms

    def _backchannel(self, item: Item, line: Line) -> tuple[int, Line]:
        last_ms = max((said.span.end_ms for said in self.scene.said if said.by == item.kind), default=0)
        start_ms = max(self._anchor_ms(item), last_ms + 150)
        start_ms = self._in_speech(start_ms, line.duration_ms) or start_ms
        if start_ms + line.duration_ms > self.scene.said[self.floor].span.end_ms:
            raise self._error(item, "the backchannel ends after the other: put the mark earlier")
        return start_ms, line

    def _interruption_lost(self, item: Item, line: Line) -> tuple[int, Line]:
        start_ms = self._interruption_ms(item)
        until_ms = self.scene.said[self.floor].span.end_ms - _GIVE_UP_MS
        fitting = [number for number, (_, span) in enumerate(line.words, start=1) if start_ms + span.end_ms <= until_ms]
        if not fitting or line.words[fitting[-1] - 1][1].end_ms < LEAST_WON_MS:
            raise self._error(item, "the other ends too soon after the mark for an interruption to be lost: put it earlier")
        return start_ms, line if fitting[-1] == len(line.words) else cut(line, fitting[-1])

    def _interruption_won(self, item: Item, line: Line) -> tuple[int, Line]:
        start_ms = self._interruption_ms(item)
        floor = self.scene.said[self.floor]
        if line.duration_ms < LEAST_INTERRUPTION_MS:
            raise self._error(item, "too short to win the floor: say more")
        off_ms = start_ms + min(self._drawn(_BREAK_OFF_MS), line.duration_ms - 200)
        ends_ms = [floor.start_ms + span.end_ms for _, span in floor.line.words]
        places = [number for number, end_ms in enumerate(ends_ms[:-1], start=1) if end_ms >= start_ms + LEAST_WON_MS]
        if not places:
            raise self._error(item, "the other ends before it could break off: write more after the mark")
        words = min(places, key=lambda number: abs(ends_ms[number - 1] - off_ms))
        broken = Said(floor.by, floor.start_ms, cut(floor.line, words), floor.gain_db)
        if broken.span.end_ms >= start_ms + line.duration_ms:
            raise self._error(item, "the other breaks off too late to have lost the floor: say more")
        self.scene.said[self.floor] = broken
        self.end_ms = broken.span.end_ms
        return start_ms, line

    def _early_start(self, item: Item, line: Line) -> tuple[int, Line]:
        floor = self.scene.said[self.floor].span
        return max(floor.end_ms - self._drawn((130, 420)), floor.start_ms + floor.duration_ms // 2), line

    def _simultaneous_start(self, item: Item, line: Line) -> tuple[int, Line]:
        floor = self.scene.said[self.floor].span
        before_ms = max((said.span.end_ms for said in self.scene.said[: self.floor]), default=0)
        start_ms = max(floor.start_ms + self._drawn((-120, 120)), before_ms + 60)
        words = next((n for n, (_, span) in enumerate(line.words, start=1) if span.end_ms >= _FALSE_START_MS), len(line.words))
        line = cut(line, words)
        if start_ms + line.duration_ms >= floor.end_ms:
            raise self._error(item, "the other's text is too short: it must go on longer than this one's first words")
        return start_ms, line

    def _error(self, item: Item, what: str) -> SceneError:
        return SceneError(f"{self.plan.script.name}: say {item.place} ({item.kind}): {what}")


def _until(held: Parked, spoken: Span) -> Span:
    """An announcement, with what lies between the music before it and its first word."""
    return Span(held.span.end_ms, spoken.end_ms)


def _check(scene: Scene, plan: Plan) -> None:
    """That the events are what the truth says of them.

    Raises
    ------
    SceneError
        They are not.
    """
    for party in ("agent", "customer"):
        whole = [said.span for said in scene.said if said.by not in RECORDED and said.side == party]
        if total_ms(union(whole)) != sum(span.duration_ms for span in whole):
            raise SceneError(f"{plan.script.name}: the {party} talks over itself: put marks further apart")
    owned = [silence.span for silence in scene.owned]
    if unowned := [span for span in scene.silences() if span not in owned]:
        raise SceneError(f"{plan.script.name}: silence at {unowned[0].start_ms} ms that no pause of the script explains")
