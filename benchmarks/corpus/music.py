"""Hold music in several styles, made of sines, noise and filters: no recording, no licence, never twice the same.

``song`` is the hard one: a melody sung on vowels, with the pitch, vibrato and formants of a voice, and is no speech.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import signal

from benchmarks.corpus.telephone import PER_MS, RATE_HZ, Sound, band_limit, fade, gain, hold_music, rms

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # semitones over the key: I vi IV V
_VOWELS_HZ = ((730, 1090, 2440), (530, 1840, 2480), (570, 840, 2410), (300, 870, 2240))
_FADE_MS = 20


def music(style: str, duration_ms: int, dbfs: float, rng: np.random.Generator) -> Sound:
    """Music of a style, length and level, shape ``(samples,)``."""
    if style == "arpeggio":
        return hold_music(duration_ms, dbfs)
    samples = duration_ms * PER_MS
    sound = band_limit(STYLES[style](samples, rng))[:samples]
    return fade(sound * (gain(dbfs) / rms(sound)), _FADE_MS)


def _pitch_hz(semitones: float) -> float:
    return float(220.0 * 2 ** (semitones / 12))


def _piano(samples: int, rng: np.random.Generator) -> Sound:
    """Broken chords in a random key and tempo, decaying as struck strings do."""
    step = int(rng.integers(200, 380)) * PER_MS
    key = int(rng.integers(-5, 7))
    time_s = np.arange(4 * step) / RATE_HZ
    sound = np.zeros(samples + 4 * step)
    for number, start in enumerate(range(0, samples, step)):
        chord = _CHORDS[number // 8 % len(_CHORDS)]
        pitch_hz = _pitch_hz(key + chord[int(rng.integers(3))] + 12 * int(rng.integers(2)))
        harmonics = np.arange(1, 1 + min(6, int(3300 / pitch_hz)))
        waves = np.sin(2 * np.pi * pitch_hz * np.outer(harmonics, time_s)) * np.exp(-np.outer(2 + harmonics, time_s))
        sound[start : start + len(time_s)] += (waves / harmonics[:, None]).sum(axis=0)
    return sound


def _strings(samples: int, rng: np.random.Generator) -> Sound:
    """Long chords of detuned saws that swell, with vibrato."""
    bar = int(rng.integers(2200, 3600)) * PER_MS
    key = int(rng.integers(-5, 7))
    sound = np.zeros(samples + bar)
    time_s = np.arange(bar + bar // 4) / RATE_HZ
    swell = np.minimum(1.0, np.minimum(time_s / 0.6, time_s[::-1] / 0.6))
    for number, start in enumerate(range(0, samples, bar)):
        for semitones in _CHORDS[number % len(_CHORDS)]:
            for detune in (-0.06, 0.05):
                vibrato = 0.15 * np.sin(2 * np.pi * rng.uniform(4.5, 6) * time_s) / (2 * np.pi * 5)
                phase = _pitch_hz(key + semitones + detune) * (time_s + 0.02 * vibrato)
                wave = swell * signal.sawtooth(2 * np.pi * phase)
                stop = min(start + len(wave), len(sound))
                sound[start:stop] += wave[: stop - start]
    return sound


def _drums(samples: int, rng: np.random.Generator) -> Sound:
    """A drum loop with a bass: kick, snare and hi-hat on eighths."""
    step = int(rng.integers(220, 320)) * PER_MS
    time_s = np.arange(step) / RATE_HZ
    kick = np.sin(2 * np.pi * 60 * time_s + 25 * np.exp(-30 * time_s)) * np.exp(-9 * time_s)
    snare = rng.standard_normal(step) * np.exp(-22 * time_s)
    hat = np.diff(rng.standard_normal(step + 1)) * np.exp(-60 * time_s)
    key = int(rng.integers(-5, 7))
    sound = np.zeros(samples + step)
    for number, start in enumerate(range(0, samples, step)):
        beat = 0.35 * hat + (kick * 1.5 if number % 4 in (0, 3) else 0) + (0.8 * snare if number % 4 == 2 else 0)
        bass_hz = _pitch_hz(key + _CHORDS[number // 8 % len(_CHORDS)][0] + (12 if number % 2 else 0))
        beat = beat + 0.6 * signal.square(2 * np.pi * bass_hz * time_s) * np.exp(-5 * time_s)
        sound[start : start + step] += beat
    return sound


def _song(samples: int, rng: np.random.Generator) -> Sound:
    """A melody sung on vowels over soft chords."""
    step = int(rng.integers(350, 600)) * PER_MS
    notes = -(-samples // step)
    degree = np.clip(np.cumsum(rng.integers(-2, 3, notes)), -4, 7)
    semitones = np.array([_MAJOR[d % 7] + 12 * (d // 7) for d in degree]) + int(rng.integers(-3, 8))
    pitch_hz = np.repeat(220.0 * 2 ** (semitones / 12), step)
    glide = np.hanning(60 * PER_MS)
    pitch_hz = np.convolve(np.pad(pitch_hz, len(glide) // 2, mode="edge"), glide / glide.sum(), mode="same")[len(glide) // 2 :][
        : notes * step
    ]
    time_s = np.arange(notes * step) / RATE_HZ
    pitch_hz = pitch_hz * (1 + 0.012 * np.sin(2 * np.pi * 5.5 * time_s))
    glottis = signal.sawtooth(2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ)
    vowels = rng.integers(0, len(_VOWELS_HZ), notes)
    sound = np.zeros(notes * step)
    for vowel, formants_hz in enumerate(_VOWELS_HZ):
        sung = sum(signal.lfilter(*signal.iirpeak(hz, 7, fs=RATE_HZ), glottis) for hz in formants_hz)
        sound += np.repeat(vowels == vowel, step) * sung
    edge = np.minimum(1.0, np.minimum(np.arange(step), np.arange(step)[::-1]) / (30 * PER_MS))
    sound *= np.tile(edge, notes)
    chords = _strings(len(sound), rng)[: len(sound)]
    return sound + 0.15 * chords * (rms(sound) / rms(chords))


STYLES: dict[str, Callable[[int, np.random.Generator], Sound]] = {
    "piano": _piano,
    "strings": _strings,
    "drums": _drums,
    "song": _song,
}
"""Styles beside ``arpeggio``."""
NAMES = ("arpeggio", *STYLES)
