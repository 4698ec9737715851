"""Tones of telephone lines, exact to the sample: ringback and busy of several countries, keys, hold and record beeps.

References
----------
Asterisk ``indications.conf.sample``, spandsp ``global-tones.xml``; for Russia the two disagree on ringing, so both are here.
DTMF as in ITU-T Q.23.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.corpus.telephone import PER_MS, RATE_HZ, Sound, fade, gain, rms
from postcall.spans import Span

EDGE_MS = 4
RECORD_HZ, RECORD_ON_MS, RECORD_CYCLE_MS = 1400.0, 400, 15_000
HOLD_HZ = 440.0
_HOLD_BEEPS_MS, _HOLD_CYCLE_MS = ((0, 200), (350, 550)), 6000
_KEYS = ("123", "456", "789", "*0#")
_ROWS_HZ, _COLUMNS_HZ = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0)
KEY_MS, KEY_GAP_MS = 120, 180


@dataclass(frozen=True, slots=True)
class Country:
    """How lines of a country ring and are busy: frequencies in Hz; tone and pause in turn, in ms."""

    ring_hz: tuple[float, ...]
    ring_ms: tuple[int, ...]
    busy_hz: tuple[float, ...]
    busy_ms: tuple[int, int]

    def rings(self, start_ms: int, count: int) -> tuple[Span, ...]:
        """Bursts of so many rings; a British ring has two."""
        return tuple(
            Span(start, start + self.ring_ms[part])
            for number in range(count)
            for part in range(0, len(self.ring_ms), 2)
            for start in [start_ms + number * sum(self.ring_ms) + sum(self.ring_ms[:part])]
        )

    def busy(self, start_ms: int, end_ms: int) -> tuple[Span, ...]:
        """Whole bursts of the busy tone between two times."""
        on, off = self.busy_ms
        return tuple(Span(start, start + on) for start in range(start_ms, end_ms - on, on + off))


COUNTRIES = {
    "ru": Country((425.0,), (1000, 4000), (425.0,), (350, 350)),
    "ru_short": Country((425.0,), (800, 3200), (425.0,), (400, 400)),
    "de": Country((425.0,), (1000, 5000), (425.0,), (480, 480)),
    "uk": Country((400.0, 450.0), (400, 200, 400, 2000), (400.0,), (375, 375)),
    "us": Country((440.0, 480.0), (2000, 4000), (480.0, 620.0), (500, 500)),
    "cn": Country((450.0,), (1000, 4000), (450.0,), (350, 350)),
    "fr": Country((440.0,), (1500, 3500), (440.0,), (500, 500)),
    "jp": Country((384.0, 416.0), (1000, 2000), (400.0,), (500, 500)),
}
"""Tones by country; ``de`` stands for most of Europe."""


def tone(frequencies_hz: tuple[float, ...], duration_ms: int, dbfs: float) -> Sound:
    """A sum of sines of a level."""
    time_s = np.arange(duration_ms * PER_MS) / RATE_HZ
    sound: Sound = np.sin(2 * np.pi * np.outer(frequencies_hz, time_s)).sum(axis=0)
    return fade(sound * (gain(dbfs) / rms(sound)), EDGE_MS)


def key(pressed: str, dbfs: float) -> Sound:
    """The tone of a key."""
    row = next(number for number, keys in enumerate(_KEYS) if pressed in keys)
    return tone((_ROWS_HZ[row], _COLUMNS_HZ[_KEYS[row].index(pressed)]), KEY_MS, dbfs)


def hold_beeps(span: Span) -> tuple[Span, ...]:
    """Beeps that tell a parked customer that the line is alive: two every 6 s, the first at once."""
    starts = range(span.start_ms, span.end_ms, _HOLD_CYCLE_MS)
    beeps = (Span(start + on, start + off) for start in starts for on, off in _HOLD_BEEPS_MS)
    return tuple(beep for beep in beeps if beep.end_ms <= span.end_ms)
