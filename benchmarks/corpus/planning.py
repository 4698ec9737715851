"""Draws calls from scripts by seed: who speaks with which voice, which wordings, values and conditions. No sound yet.

A call's draw depends on the seed and its number alone, so the same seed makes the same calls whatever the number of workers.

held out
    One call in five is spoken by voices, and taken by agents, that the other calls do not have: never to be used for training.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.corpus import conditions, slots
from benchmarks.corpus.script import FollowUp, Item, Script, fits
from benchmarks.corpus.slots import Filler, Person
from benchmarks.corpus.voices import Voice

STANDARD_DBFS = -24.0
"""Level that speech is cut and timed at; a path's level is applied after."""
FIRST_DAY = datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=3)))
DAYS = 5
HELD_OUT_SHARE = 0.2
_IVR_GENDER = "female"


@dataclass(frozen=True, slots=True)
class Entry:
    """A voice of the catalogue, ``voices.toml``."""

    language: str
    gender: str
    voice: Voice
    is_held_out: bool


@dataclass(frozen=True, slots=True)
class Played:
    """An item of a call, with its text filled (marks stay in it) and its voice drawn; no voice for an event."""

    item: Item
    text: str = ""
    voice: Voice | None = None

    @property
    def spoken(self) -> str:
        """The text without marks."""
        return slots.MARK.sub("", self.text)


@dataclass(frozen=True, slots=True)
class Plan:
    """A call, but for its sound.

    Attributes
    ----------
    seed
        Of what is still to be drawn: lengths and noise.
    follows
        The call that this one follows up, or None.
    is_held_out
        Whether its voices are held out.
    """

    call_id: str
    seed: str
    script: Script
    chosen: Mapping[str, str]
    cast: Mapping[str, Person]
    voices: Mapping[str, Voice]
    played: tuple[Played, ...]
    conditions: conditions.Conditions
    started_at: datetime
    customer_key: str
    follows: str | None
    is_held_out: bool


@cache
def catalogue() -> tuple[Entry, ...]:
    """All voices."""
    raw = tomllib.loads(Path(__file__).with_name("voices.toml").read_text(encoding="utf-8"))["voices"]
    return tuple(
        Entry(entry.pop("language"), entry.pop("gender"), Voice(**entry, level_dbfs=STANDARD_DBFS), is_held_out)
        for entry in raw
        for is_held_out in [entry.pop("held_out", False)]
    )


def gender_of(voice: Voice) -> str:
    """Gender of a voice of the catalogue."""
    return next(entry.gender for entry in catalogue() if entry.voice == voice)


def draw_calls(scripts: Sequence[Script], calls: int, seed: int) -> list[Plan]:
    """So many calls, all scripts equally often; a follow-up counts, and comes on top where the last call promises one."""
    by_name = {script.name: script for script in scripts}
    order = [script for script in scripts if not _is_follow_up(script, scripts)]
    plans: list[Plan] = []
    rng = Random(f"order {seed}")
    queue: list[Script] = []
    while len(plans) < calls:
        if not queue:
            queue = order.copy()
            rng.shuffle(queue)
        script = queue.pop()
        plan = draw_call(script, len(plans) + 1, seed)
        plans.append(plan)
        follow = script.follow_up
        if follow and fits(follow.when, plan.chosen):
            other = by_name[f"{script.language}/{follow.script}"]
            plans.append(draw_call(other, len(plans) + 1, seed, (plan, follow)))
    return plans


def _is_follow_up(script: Script, scripts: Sequence[Script]) -> bool:
    return any(
        other.follow_up and f"{other.language}/{other.follow_up.script}" == script.name and other.name != script.name
        for other in scripts
    )


def draw_call(script: Script, number: int, seed: int, after: tuple[Plan, FollowUp] | None = None) -> Plan:
    """Draw one call; ``after`` is the call it follows up, whose people and day it keeps."""
    call_seed = f"{seed}/{number}"
    rng = Random(call_seed)
    first = after[0] if after else None
    chosen = {choice: rng.choice(values) for choice, values in script.choices.items()}
    is_held_out = rng.random() < HELD_OUT_SHARE if first is None else first.is_held_out
    cast, voices = _cast(script, rng, is_held_out)
    if first is not None:
        cast, voices = {**cast, **first.cast}, {**voices, **first.voices}
    if after is None:
        hour = rng.randint(*script.hour)
        started_at = FIRST_DAY + timedelta(days=rng.randrange(DAYS), hours=hour, milliseconds=rng.randrange(3_600_000))
    else:
        minutes = rng.uniform(*after[1].after_min)
        started_at = after[0].started_at + timedelta(milliseconds=round(60_000 * minutes))
    filler = Filler(script.language, cast, started_at.hour, first.seed if first else call_seed)
    played = tuple(_played(item, filler, voices, rng) for item in script.played(chosen))
    return Plan(
        call_id=f"{number:04d}-{script.name.partition('/')[2]}",
        seed=call_seed,
        script=script,
        chosen=chosen,
        cast=cast,
        voices=voices,
        played=played,
        conditions=conditions.draw(rng, script.language, script.record_from),
        started_at=started_at,
        customer_key=first.customer_key if first else f"c-{rng.randrange(16**6):06x}",
        follows=first.call_id if first else None,
        is_held_out=is_held_out,
    )


def _played(item: Item, filler: Filler, voices: Mapping[str, Voice], rng: Random) -> Played:
    if not item.is_speech:
        return Played(item)
    voice = voices[item.kind]
    if "rate_pct" in item.more:
        voice = replace(voice, rate_wpm=round(voice.rate_wpm * item.more["rate_pct"] / 100))
    return Played(item, filler.fill(rng.choice(item.texts)), voice)


def _cast(script: Script, rng: Random, is_held_out: bool) -> tuple[dict[str, Person], dict[str, Voice]]:
    """People and their voices; nobody shares a voice with another in the call.

    An agent has one voice in all calls, but for scripts that change how it speaks and second agents whose voice is taken.
    """
    entries = [entry for entry in catalogue() if entry.language == script.language and entry.is_held_out == is_held_out]
    cast: dict[str, Person] = {}
    voices: dict[str, Voice] = {}
    taken: list[Voice] = []  # as the catalogue has them: a script may change how one speaks
    speaking = {item.kind for item in script.items}
    for speaker in slots.SPEAKERS:
        if speaker not in speaking:
            continue
        wanted = script.cast.get(speaker, {})
        is_customer = speaker == "customer"
        everybody = slots.people(script.language, "customers" if is_customer else "agents")
        # In each gender the last agent is held out, with the held-out voices.
        last = {person.gender: person.number for person in everybody}
        pool = [
            person
            for person in everybody
            if wanted.get("gender", person.gender) == person.gender
            and (is_customer or (person.number == last[person.gender]) == is_held_out)
            and person not in cast.values()
        ]
        person = rng.choice(pool)
        needs_espeak = _needs_espeak(script, speaker)
        own = [
            entry.voice
            for entry in entries
            if entry.gender == person.gender and (entry.voice.engine == "espeak" or not needs_espeak)
        ]
        free = [voice for voice in own if voice not in taken]
        voice = rng.choice(free) if is_customer else free[person.number % len(free)]
        cast[speaker] = person
        taken.append(voice)
        voices[speaker] = _as_wanted(voice, wanted)
    if "ivr" not in speaking:
        return cast, voices
    prompts = [
        entry.voice
        for entry in entries
        if entry.gender == _IVR_GENDER and entry.voice.engine == "espeak" and entry.voice not in taken
    ]
    return cast, {**voices, "ivr": prompts[0]}


def _needs_espeak(script: Script, speaker: str) -> bool:
    is_changed = any(item.kind == speaker and "rate_pct" in item.more for item in script.items)
    return is_changed or bool({"rate_pct", "pitch_range"} & set(script.cast.get(speaker, {})))


def _as_wanted(voice: Voice, wanted: Mapping[str, Any]) -> Voice:
    return replace(
        voice,
        rate_wpm=round(voice.rate_wpm * wanted.get("rate_pct", 100) / 100),
        pitch_range=wanted.get("pitch_range", voice.pitch_range),
    )
