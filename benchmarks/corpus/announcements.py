"""Calls whose telephony speaks to the customer on hold, and whose agent sometimes looks in meanwhile; drawn by seed.

Definition
----------
announcement
    One recording of ``announcements.toml``, in a voice that nobody else has in the call, between stretches of the music or the
    tone of a hold. The music stops for it, as Asterisk's queues do, and some silence of the switch is left on both sides; in a
    quarter of the calls it goes on below, as in loops that a studio mixes. Half of the calls repeat one recording, the others
    go through several.
check-in
    In a third of the calls the agent comes back between two stretches ("спасибо за ожидание, ещё минуту"), and the customer
    may answer. That is the agent's talk, and there are two holds.

A call's other draws stay what they are, so calls without announcements are the same as ever, and one with announcements differs
from the one without in its holds alone.

References
----------
Asterisk ``queues.conf``: ``periodic-announce``, ``random-periodic-announce``, ``announce-position``; ``app_queue.c`` stops the
music for what it announces.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

from benchmarks.corpus.planning import Plan, Played, catalogue
from benchmarks.corpus.script import Item, Range
from benchmarks.corpus.voices import Voice

ANNOUNCEMENT = "announcement"
"""The speaker, and the kind of the item."""
WORDINGS = ("tuning", "report")
SUFFIX = "-announced"
_BED_SHARE, _REPEATS_SHARE, _CHECK_IN_SHARE, _ANSWERED_SHARE, _OPENS_SHARE, _ENDS_SHARE = 0.25, 0.5, 0.33, 0.5, 0.15, 0.15
_AROUND_MS: Range = (100, 900)
_LEAST_PART_MS = 5_000
_MOST = 3
_LEVELS_DB = (-4.0, 3.0)


@cache
def wordings() -> Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]:
    """Texts by language, kind (``announcement``, ``check_in``, ``answer``) and list."""
    return tomllib.loads(Path(__file__).with_name("announcements.toml").read_text(encoding="utf-8"))


def can_be_announced(plan: Plan) -> bool:
    """Whether the call has a hold with music or a tone that an announcement can part."""
    return any(_is_parted(one.item) for one in plan.played)


def announced(plan: Plan, of: str = "tuning") -> Plan:
    """The call with announcements in its holds, under a name of its own.

    Parameters
    ----------
    plan
        Any; one without such a hold stays as it is.
    of
        Which list of wordings, one of `WORDINGS`.
    """
    if not can_be_announced(plan):
        return plan
    rng = Random(f"{plan.seed} announcements")
    voice = _voice(plan, rng)
    texts = wordings()[plan.script.language]
    has_bed, repeats = rng.random() < _BED_SHARE, rng.random() < _REPEATS_SHARE
    looks_in = rng.random() < _CHECK_IN_SHARE
    level_db = round(rng.uniform(*_LEVELS_DB), 1)
    order = rng.sample(list(texts[ANNOUNCEMENT][of]), _MOST)
    said = [order[0]] * _MOST if repeats else order
    played: list[Played] = []
    for one in plan.played:
        if not _is_parted(one.item):
            played.append(one)
            continue
        announcements = [
            Played(Item(ANNOUNCEMENT, gap_ms=_AROUND_MS, more={"level_db": level_db, "has_bed": has_bed}), text, voice)
            for text in said
        ]
        parts = list(_parted(one.item, announcements, rng))
        agent = next(before.item.kind for before in reversed(played) if before.item.kind in ("agent", "agent2"))
        if looks_in and one.item.kind == "hold":
            # What was one hold is two: the second is no longer the first one resumed.
            after = replace(one.item, ms=parts[-1].item.ms if parts[-1].item.kind == "hold" else one.item.ms)
            parts += [*_check_in(plan, agent, of, rng), Played(after)]
        played += parts
    return replace(plan, call_id=f"{plan.call_id}{SUFFIX}", played=tuple(played), voices={**plan.voices, ANNOUNCEMENT: voice})


def _is_parted(item: Item) -> bool:
    return item.kind in ("hold", "transfer") and item.texts[0] in ("music", "tone") and item.ms[0] >= _LEAST_PART_MS


def _parted(item: Item, announcements: Sequence[Played], rng: Random) -> Iterator[Played]:
    """The hold in parts as long together as it was, an announcement between each two."""
    count = min(rng.randint(1, _MOST), max(1, item.ms[0] // _LEAST_PART_MS - 1))
    opens, ends = rng.random() < _OPENS_SHARE, rng.random() < _ENDS_SHARE
    parts = count + 1 - opens - (ends and count > 1)
    ms = (item.ms[0] // parts, item.ms[1] // parts)
    yield Played(replace(item, ms=(1, 1) if opens else ms))
    for number in range(count):
        yield announcements[number]
        if number < count - 1 or not (ends and count > 1):
            yield Played(replace(item, ms=ms, gap_ms=_AROUND_MS, more={**item.more, "resumed": True}))


def _check_in(plan: Plan, agent: str, of: str, rng: Random) -> Iterator[Played]:
    texts = wordings()[plan.script.language]
    yield Played(Item(agent, gap_ms=(200, 900)), rng.choice(texts["check_in"][of]), plan.voices[agent])
    if rng.random() < _ANSWERED_SHARE:
        yield Played(Item("customer"), rng.choice(texts["answer"][of]), plan.voices["customer"])


def _voice(plan: Plan, rng: Random) -> Voice:
    """A voice of the call's language and split that nobody in it has, as the catalogue has it."""
    taken = {(voice.engine, voice.name, voice.scale) for voice in plan.voices.values()}
    free = [
        entry.voice
        for entry in catalogue()
        if entry.language == plan.script.language
        and entry.is_held_out == plan.is_held_out
        and (entry.voice.engine, entry.voice.name, entry.voice.scale) not in taken
    ]
    return rng.choice(free)
