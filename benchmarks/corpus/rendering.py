"""From a scene to the sound of a recording: voices, noise, tones and music through the line's codecs.

The steps, for each party: speech at its level, bleed from the other, noise, tones and music, clipping, codecs, mute. Then the
channels are laid out. Mute comes last, since a switch makes it: digital silence.
"""

from __future__ import annotations

import zlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import signal

from benchmarks.corpus import codecs, telephone, tones
from benchmarks.corpus.announcements import ANNOUNCEMENT
from benchmarks.corpus.conditions import PARTIES, Conditions
from benchmarks.corpus.music import music
from benchmarks.corpus.planning import STANDARD_DBFS, Plan
from benchmarks.corpus.scene import Parked, Scene
from benchmarks.corpus.staging import moved
from benchmarks.corpus.telephone import PER_MS, RATE_HZ, Sound, gain, rms
from postcall.spans import Span, Spans, subtract, union

Pcm: TypeAlias = npt.NDArray[np.int16]

CEILING = 32124 / 32768
"""What mu-law can carry at most: where sound clips."""
MUSIC_DBFS, RING_DBFS, BUSY_DBFS, KEY_DBFS, RECORD_DBFS, BEEP_DBFS = -25.0, -18.0, -22.0, -16.0, -24.0, -24.0
_BED_DB = -14.0
"""Music under an announcement, against music alone."""
_QUIET_DBFS = -70.0
_LEAST_NOISE_DBFS = -68.0
_EDGE_MS = 20


def render(scene: Scene, plan: Plan) -> tuple[dict[str, Pcm], dict[str, float]]:
    """Sound of each party's channel, 16 bit, shape ``(samples,)``, and the share of clipped samples in its speech."""
    rng = np.random.default_rng(zlib.crc32(plan.seed.encode()))
    conditions = plan.conditions
    voices = {party: _speech(scene, conditions, party) for party in PARTIES}
    heard = {party: voices[party].copy() for party in PARTIES}
    if conditions.bleed:
        source, bleed = conditions.bleed.source, conditions.bleed
        delay = bleed.delay_ms * PER_MS
        echo = voices[source][: len(voices[source]) - delay] * gain(-bleed.attenuation_db)
        heard["customer" if source == "agent" else "agent"][delay:] += echo
    channels, clipped = {}, {}
    for party in PARTIES:
        sound = heard[party] + _noise(scene, plan, party, rng)
        sound *= gain(conditions.path(party).overdrive_db)
        _park(sound, scene, plan, party, rng)
        _signals(sound, scene, plan, party)
        speech = np.abs(voices[party]) > 0
        clipped[party] = round(float(np.mean(np.abs(sound[speech]) >= CEILING)), 5) if speech.any() else 0.0
        pcm = np.round(np.clip(sound, -CEILING, CEILING) * 32768).astype(np.int16)
        for name in conditions.path(party).codecs:
            pcm = codecs.through(name, pcm)
        if party == "agent":
            for mute in scene.mutes:
                pcm[_samples(mute)] = 0
        channels[party] = pcm
    return channels, clipped


def lay_out(channels: dict[str, Pcm], conditions: Conditions, direction: str) -> tuple[Pcm, list[list[str]]]:
    """The recording, shape ``(channels, samples)``, and who is on each channel: who called is on the first."""
    order = ["agent", "customer"] if direction == "outbound" else ["customer", "agent"]
    if conditions.layout == "swapped":
        order.reverse()
    pcm = np.stack([channels[party] for party in order])
    if conditions.layout in ("separate", "swapped"):
        return pcm, [[party] for party in order]
    mixed = np.round(pcm.mean(axis=0)).astype(np.int16)  # the average, as a down-mix must be, never the sum
    count = 1 if conditions.layout == "mono" else 2
    return np.stack([mixed] * count), [list(PARTIES)] * count


def _samples(span: Span) -> slice:
    return slice(span.start_ms * PER_MS, span.end_ms * PER_MS)


def _add(sound: Sound, at_ms: int, what: Sound) -> None:
    part = sound[at_ms * PER_MS :][: len(what)]
    part += what[: len(part)]


def _speech(scene: Scene, conditions: Conditions, party: str) -> Sound:
    sound = np.zeros(scene.duration_ms * PER_MS)
    for said in scene.said:
        if said.side == party and said.by != ANNOUNCEMENT:
            level_db = conditions.path(party).level_dbfs - STANDARD_DBFS + said.gain_db
            _add(sound, said.start_ms, said.line.sound * gain(level_db))
    return sound


def _noise(scene: Scene, plan: Plan, party: str, rng: np.random.Generator) -> Sound:
    """Noise where the party is on the line; before and after that only the line's own."""
    samples = scene.duration_ms * PER_MS
    path = plan.conditions.path(party)
    if path.noise == "none":
        return np.zeros(samples)
    coloured = telephone.band_limit(NOISES[path.noise](samples, rng))
    level_dbfs = max(path.level_dbfs - path.snr_db, _LEAST_NOISE_DBFS)
    caller = "agent" if plan.script.direction == "outbound" else "customer"
    is_on = np.zeros(samples, bool)
    end_ms = scene.hung_up_ms if party == scene.hung_up_by else scene.duration_ms
    is_on[_samples(Span(0 if party == caller else scene.answered_ms, end_ms))] = True
    noise = coloured * (gain(level_dbfs) / rms(coloured)) * is_on
    return noise + telephone.line_noise(samples, _QUIET_DBFS, rng)


def _park(sound: Sound, scene: Scene, plan: Plan, party: str, rng: np.random.Generator) -> None:
    """Put holds in place of what the agent's side sends."""
    if party != "agent":
        return
    for held in scene.parked:
        part = sound[_samples(held.span)]
        part[:] = telephone.line_noise(len(part), _QUIET_DBFS, rng)
        if held.sound == "music":
            part += music(plan.conditions.music, held.span.duration_ms, MUSIC_DBFS, rng) * _let_speak(held)
        elif held.sound == "tone":
            # A tone starts anew after an announcement, and none goes on below it.
            for beep in (beep for part in subtract((held.span,), _spoken(held)) for beep in tones.hold_beeps(part)):
                _add(sound, beep.start_ms, tones.tone((tones.HOLD_HZ,), beep.duration_ms, BEEP_DBFS))
        elif held.sound == "ringback":
            country = tones.COUNTRIES[plan.conditions.country]
            for ring in country.rings(held.span.start_ms, held.span.duration_ms // sum(country.ring_ms)):
                _add(sound, ring.start_ms, tones.tone(country.ring_hz, ring.duration_ms, RING_DBFS))
    for said in scene.said:
        if said.by == ANNOUNCEMENT:
            _add(sound, said.start_ms, said.line.sound * gain(said.gain_db))


def _spoken(held: Parked) -> Spans:
    return union(held.breaks, held.beds)


def _let_speak(held: Parked) -> Sound:
    """How loud the music of a hold is at each sample, so that announcements are understood."""
    loudness = np.ones(held.span.duration_ms * PER_MS)
    for spans, level in ((held.breaks, 0.0), (held.beds, gain(_BED_DB))):
        for span in spans:
            loudness[_samples(moved(span, -held.span.start_ms))] = level
    ramp = np.ones(_EDGE_MS * PER_MS) / (_EDGE_MS * PER_MS)
    return np.convolve(np.pad(loudness, len(ramp) // 2, mode="edge"), ramp, mode="same")[len(ramp) // 2 :][: len(loudness)]


def _signals(sound: Sound, scene: Scene, plan: Plan, party: str) -> None:
    conditions = plan.conditions
    country = tones.COUNTRIES[conditions.country]
    if party == ("customer" if plan.script.direction == "outbound" else "agent"):
        for ring in scene.rings:
            _add(sound, ring.start_ms, tones.tone(country.ring_hz, ring.duration_ms, RING_DBFS))
    if party == scene.hung_up_by:
        for burst in scene.busy:
            _add(sound, burst.start_ms, tones.tone(country.busy_hz, burst.duration_ms, BUSY_DBFS))
    if party == "customer":
        for at_ms, pressed in scene.keys:
            _add(sound, at_ms, tones.key(pressed, KEY_DBFS))
    if party == "agent":
        for beep in record_beeps(scene, conditions):
            _add(sound, beep.start_ms, tones.tone((tones.RECORD_HZ,), beep.duration_ms, RECORD_DBFS))


def record_beeps(scene: Scene, conditions: Conditions) -> list[Span]:
    """Beeps that tell that the call is recorded."""
    if not conditions.has_record_tone:
        return []
    starts = range(scene.answered_ms + 500, scene.hung_up_ms - tones.RECORD_ON_MS, tones.RECORD_CYCLE_MS)
    return [Span(start, start + tones.RECORD_ON_MS) for start in starts]


# ── noise, shape ``(samples,)``, of any level ────────────────────────────────


def _line(samples: int, rng: np.random.Generator) -> Sound:
    return rng.standard_normal(samples)


def _brown(samples: int, rng: np.random.Generator) -> Sound:
    sound: Sound = signal.lfilter([1.0], [1.0, -0.98], rng.standard_normal(samples))
    return sound


def _slow(samples: int, hz: float, rng: np.random.Generator) -> Sound:
    """A random curve that changes about ``hz`` times a second, with mean 0 and deviation 1."""
    points = rng.standard_normal(int(samples / RATE_HZ * hz) + 4)
    return np.interp(np.arange(samples) * hz / RATE_HZ, np.arange(len(points)), points)


def _office(samples: int, rng: np.random.Generator) -> Sound:
    """Many voices far away: six speech-like noises, each with syllables, no word among them."""
    sound = np.zeros(samples)
    for _ in range(6):
        peak = signal.iirpeak(rng.uniform(350, 900), 2, fs=RATE_HZ)
        sound += signal.lfilter(*peak, rng.standard_normal(samples)) * np.exp(_slow(samples, rng.uniform(3, 5), rng))
    return sound


def _street(samples: int, rng: np.random.Generator) -> Sound:
    """Traffic that swells and fades."""
    return (_brown(samples, rng) + 2 * rng.standard_normal(samples)) * np.exp(0.8 * _slow(samples, 0.25, rng))


def _hum(samples: int, rng: np.random.Generator) -> Sound:
    """Mains hum with its harmonics."""
    time_s = np.arange(samples) / RATE_HZ
    hum = sum(np.sin(2 * np.pi * 50 * k * time_s + rng.uniform(0, 6)) / k for k in range(1, 14))
    return hum + 0.05 * rng.standard_normal(samples)


NOISES = {"line": _line, "office": _office, "street": _street, "car": _brown, "hum": _hum}
