"""A store of calls that were never recorded: artifacts, call records and the tables that a re-score starts from.

Definitions
-----------
call
    Lines of the corpus's scripts in Russian or Chinese, one script after another with people and values drawn anew, and between
    them sentences of ``everyday/``, until there are about `WORDS` words (of Chinese, words of `CHARACTERS_A_WORD` characters).
misheard
    One word in a hundred has a letter, of Chinese a character, that nobody said: vocabularies of real calls do not end.
timeline
    Words last `WORD_MS`, a character `CHARACTER_MS`; 200 to 900 ms lie between lines, now and then a silence or a hold with
    music that the call record has too. Level and pitch of voices are noise about a mean, in frames as a night keeps them.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from analyzers.contact import contact
from analyzers.recorded_sound import recorded_sound
from analyzers.spoken_words import CallTranscript, spoken_words
from benchmarks.corpus.planning import draw_call
from benchmarks.corpus.script import Script, load, paths
from flows.ear import SoundPolicies
from flows.equipment import policy_sections
from flows.kept import KeptArtifacts, KeptCall, KeptListener
from flows.plan import PlannedCall
from flows.settings import DiarizerSettings, Settings, TranscriberSettings
from postcall.acoustics import Acoustics, ChannelSound, Quality, Sound, SoundKind, VoiceTrack
from postcall.analyzer import discover
from postcall.policy import load_policy
from postcall.recording import Recording, Topology
from postcall.spans import Span, bridge
from postcall.tables import Stamp, spec_of
from postcall.timeline import SpeakerTimeline, channel_label
from postcall.transcript import Transcript, Word
from storage.tables import Tables
from storage.telephony import RecordFormat, read_call_records

WORDS, WORD_MS, CHARACTER_MS, CHARACTERS_A_WORD = 600, 350, 200, 1.6
FIRST_DAY = date(2026, 3, 2)
MISHEARD_SHARE, EVERYDAY_SHARE, CHINESE_SHARE = 0.01, 0.3, 0.25
EVERYDAY = Path(__file__).parent / "everyday"
AGENTS = 40
ENGINE = "benchmark"
_PARTIES = {"customer": channel_label(0), "agent": channel_label(1)}
_LETTERS = {
    "ru": "абвгдежзиклмнопрстуфхцчшщыьэюя",
    "zh": "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会",
}
_COLUMNS = (
    "call_id recording started_at offered_at answered_at ended_at recording_started_at direction queue agent_id team "
    "customer_key holds transfers disconnected_by channel_map language"
).split()


def settings_of(folder: Path, workers: int) -> Settings:
    """Settings of the store of a folder."""
    return Settings(
        store=folder / "store",
        recordings=str(folder / "no-recordings"),
        calls=str(folder / "calls-{date}.csv"),
        records=RecordFormat(time_zone="Europe/Moscow"),
        policy=None,
        workers=workers,
        transcriber=TranscriberSettings(engine="none"),
        diarizer=DiarizerSettings(engine="none"),
    )


def make_store(folder: Path, *, calls: int, a_day: int, seed: int, words: int = WORDS, processes: int = 2) -> None:
    """Make a store with so many calls, unless it is there already."""
    mark, told = folder / "made.json", json.dumps([calls, a_day, seed, words])
    if mark.exists() and mark.read_text(encoding="utf-8") == told:
        return
    folder.mkdir(parents=True, exist_ok=True)
    days = [(folder, number, min(a_day, calls - number * a_day), seed, words) for number in range(-(-calls // a_day))]
    with ProcessPoolExecutor(processes) as pool:
        for _, made in zip(days, pool.map(_make_day, days), strict=True):
            day, tables = made
            for name, (rows, run_id) in tables.items():
                spec = next(spec for spec in discover().tables.values() if spec.name == name)
                Tables(folder / "store").replace_day(spec, day, rows, run_id)
    mark.write_text(told, encoding="utf-8")


def _make_day(asked: tuple[Path, int, int, int, int]) -> tuple[date, dict[str, tuple[Any, str]]]:
    folder, number, calls, seed, words = asked
    day = FIRST_DAY + timedelta(number)
    policies = load_policy(None, policy_sections(discover()))
    settings = settings_of(folder, 1)
    artifacts = KeptArtifacts(settings.store)
    key = SoundPolicies.of(policies).key
    records = []
    for place in range(calls):
        call_id = f"{day:%Y%m%d}-{place:05d}"
        record, sound, transcript = synthesised(call_id, day, seed, words)
        artifacts.put_sound(key, *sound)
        artifacts.put_transcript(sound[0].sha256, "benchmark", transcript)
        records.append(record)
    path = folder / f"calls-{day.isoformat()}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        writer.writerows(records)
    listener = KeptListener(artifacts, policies, settings)
    rows: dict[str, list[Any]] = {}
    for told in read_call_records(str(path), settings.records).records:
        planned = PlannedCall(told, told.recording, hashlib.sha256(told.call_id.encode()).hexdigest())
        heard = listener.hear_again(KeptCall(planned, engine=ENGINE, options="{}"))
        assert heard is not None
        made = [*contact(heard.call), *recorded_sound(heard.call)]
        made += [row for row in spoken_words(heard.call) if isinstance(row, CallTranscript)]
        for row in made:
            rows.setdefault(spec_of(row).name, []).append(row)
    stamp = Stamp(day, "benchmark", 1, policies.digest)
    specs = {spec_of(found[0]).name: spec_of(found[0]) for found in rows.values()}
    return day, {name: (spec.to_arrow(rows[name], stamp), "benchmark") for name, spec in specs.items()}


# ── one call ─────────────────────────────────────────────────────────────────


@cache
def _scripts(language: str) -> list[Script]:
    return [script for script in map(load, paths()) if script.language == language]


@cache
def _everyday(language: str) -> list[str]:
    return (EVERYDAY / f"{language}.txt").read_text(encoding="utf-8").splitlines()


def lines_of(language: str, words: int, seed: str) -> Iterator[tuple[str, str, int]]:
    """Party, text and length of a hold in ms; a hold has no text."""
    draw, number, said = Random(seed), 0, 0.0
    while said < words:
        number += 1
        for played in draw_call(draw.choice(_scripts(language)), number, draw.randrange(10**9)).played:
            if played.item.kind == "hold":
                yield "agent", "", draw.randint(15_000, 50_000)
                continue
            if not played.item.is_speech or played.item.kind == "ivr" or not played.spoken.strip():
                continue
            texts = [(played.item.side, played.spoken.strip())]
            if draw.random() < EVERYDAY_SHARE:
                texts.append((draw.choice(["agent", "customer"]), draw.choice(_everyday(language))))
            for party, text in texts:
                yield party, _misheard(text, language, draw), 0
                said += len(text) / CHARACTERS_A_WORD if language == "zh" else len(text.split())
            if said >= words:
                return


def _misheard(text: str, language: str, draw: Random) -> str:
    pieces = list(text) if language == "zh" else text.split()
    for at, piece in enumerate(pieces):
        if draw.random() < MISHEARD_SHARE and piece.isalpha():
            letter = draw.randrange(len(piece))
            pieces[at] = piece[:letter] + draw.choice(_LETTERS[language]) + piece[letter + 1 :]
    return ("" if language == "zh" else " ").join(pieces)


def synthesised(
    call_id: str, day: date, seed: int, words: int
) -> tuple[dict[str, Any], tuple[Recording, SpeakerTimeline, Acoustics], Transcript]:
    """Call record, sound and words of a call."""
    draw = Random(f"{seed} {call_id}")
    language = "zh" if draw.random() < CHINESE_SHARE else "ru"
    started_at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC) + timedelta(seconds=draw.randrange(36_000))
    said: list[Word] = []
    holds: list[Span] = []
    at_ms = 0
    for party, text, hold_ms in lines_of(language, words, f"{seed} {call_id}"):
        at_ms += draw.choice([200, 300, 500, 900]) if draw.random() < 0.97 else draw.randint(3_000, 12_000)
        if hold_ms:
            holds.append(Span(at_ms, at_ms + hold_ms))
            at_ms += hold_ms
        pieces = re.findall(r"\d+[^\w]*|[^\W\d][^\w]*", text) if language == "zh" else text.split()
        length_ms = CHARACTER_MS if language == "zh" else WORD_MS
        for piece in pieces:
            said.append(Word(Span(at_ms, at_ms + length_ms), piece.strip(), 0.9, _PARTIES[party]))
            at_ms += length_ms
    duration_ms = at_ms + 1_500
    speech = {label: bridge((word.span for word in said if word.speaker == label), 0) for label in _PARTIES.values()}
    noise = np.random.default_rng(draw.randrange(2**32))
    music = tuple(Sound(span, SoundKind.MUSIC) for span in holds)
    channels = {
        label: ChannelSound(
            music if label == _PARTIES["agent"] else (),
            Quality(-26.0, -60.0, 0.0, 0, 3_500),
            _voice(spans, duration_ms, noise, 120.0 if label == _PARTIES["agent"] else 200.0),
        )
        for label, spans in speech.items()
    }
    recording = Recording(
        source=f"{call_id}.wav",
        sha256=hashlib.sha256(call_id.encode()).hexdigest(),
        codec="pcm_alaw",
        container="wav",
        sample_rate_hz=8_000,
        channels=2,
        duration_ms=duration_ms,
        topology=Topology.SEPARATE,
        topology_evidence={"channels": 2.0},
    )

    def told(ms: int) -> str:
        return (started_at + timedelta(milliseconds=ms)).isoformat()

    record = {
        "call_id": call_id,
        "recording": recording.source,
        "started_at": told(-12_000),
        "offered_at": told(-6_000),
        "answered_at": told(0),
        "ended_at": told(duration_ms),
        "recording_started_at": told(0),
        "direction": "inbound" if draw.random() < 0.8 else "outbound",
        "queue": draw.choice(["support", "sales", "billing"]),
        "agent_id": f"a-{draw.randrange(AGENTS):02d}",
        "team": draw.choice(["north", "south"]),
        "customer_key": f"c-{draw.randrange(10**6):06d}",
        "holds": json.dumps([{"start": told(hold.start_ms), "end": told(hold.end_ms)} for hold in holds]),
        "transfers": 0,
        "disconnected_by": draw.choice(["customer", "customer", "agent"]),
        "channel_map": "customer,agent",
        "language": language,
    }
    timeline = SpeakerTimeline(speech, exclusive=False, source=ENGINE)
    return record, (recording, timeline, Acoustics(channels)), Transcript(tuple(said), language, ENGINE)


def _voice(spans: Sequence[Span], duration_ms: int, noise: np.random.Generator, hertz: float) -> VoiceTrack:
    frames = duration_ms // VoiceTrack.FRAME_MS + 1
    speaks = np.zeros(frames, bool)
    for span in spans:
        speaks[span.start_ms // VoiceTrack.FRAME_MS : span.end_ms // VoiceTrack.FRAME_MS] = True
    levels = np.where(speaks, -26 + 4 * noise.standard_normal(frames), -120.0)
    voiced = speaks & (noise.random(frames) < 0.6)
    pitches = np.where(voiced, hertz * 2 ** (noise.standard_normal(frames) / 6), 0.0)
    nuclei = tuple(at for span in spans for at in range(span.start_ms + 60, span.end_ms, 190))
    return replace(VoiceTrack.of(levels, pitches, nuclei))
