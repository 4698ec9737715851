"""Tones of telephone lines, made to the sample and found again."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.corpus import codecs, telephone
from benchmarks.corpus import tones as made
from postcall.audio.spectrum import spectrum_of
from postcall.audio.tones import Tone, ToneKind, find_tones
from postcall.spans import Span

EDGE_MS = 15


def line(duration_ms: int, *bursts: tuple[Span, tuple[float, ...]], noise_dbfs: float = -60.0) -> NDArray[np.float64]:
    sound = telephone.line_noise(duration_ms * telephone.PER_MS, noise_dbfs, np.random.default_rng(1))
    for span, hertz in bursts:
        burst = made.tone(hertz, span.duration_ms, -20.0)
        sound[span.start_ms * telephone.PER_MS :][: burst.size] += burst
    return sound


def found(sound: NDArray[np.float64]) -> tuple[Tone, ...]:
    return find_tones(spectrum_of(sound.astype(np.float32)))


@pytest.mark.parametrize("country", made.COUNTRIES)
def test_ringing_of_every_country(country: str) -> None:
    one = made.COUNTRIES[country]
    bursts = one.rings(700, 3)
    tones = found(line(bursts[-1].end_ms + 2000, *((span, one.ring_hz) for span in bursts)))
    assert [tone.kind for tone in tones] == [ToneKind.RING] * len(bursts)
    assert {tone.number for tone in tones} == {0, 1, 2}, "three rings, whatever the bursts of each"
    for tone, span in zip(tones, bursts, strict=True):
        assert abs(tone.span.start_ms - span.start_ms) <= EDGE_MS
        assert abs(tone.span.end_ms - span.end_ms) <= EDGE_MS


@pytest.mark.parametrize("country", made.COUNTRIES)
def test_busy_tone_of_every_country(country: str) -> None:
    one = made.COUNTRIES[country]
    bursts = one.busy(300, 5000)
    tones = found(line(5500, *((span, one.busy_hz) for span in bursts)))
    assert [tone.kind for tone in tones] == [ToneKind.BUSY] * len(bursts)


@pytest.mark.parametrize("chain", [("gsm", "alaw"), ("amr_low", "alaw"), ("opus_low", "alaw")])
def test_through_codecs_made_for_speech(chain: tuple[str, ...]) -> None:
    bursts = made.COUNTRIES["ru"].rings(500, 2)
    pcm = np.round(line(8000, *((span, (425.0,)) for span in bursts)) * 32767).astype(np.int16)
    try:
        for name in chain:
            pcm = codecs.through(name, pcm)
    except RuntimeError as error:
        pytest.skip(f"install the Debian package libgsm1: {error}")
    tones = found(pcm.astype(np.float64) / 32768)
    assert [tone.kind for tone in tones] == [ToneKind.RING] * 2
    assert [tone.span.duration_ms for tone in tones] == pytest.approx([1000, 1000], abs=40)


def test_keys_are_read() -> None:
    sound = line(3000)
    for number, pressed in enumerate("159#"):
        key = made.key(pressed, -16.0)
        sound[(200 + 400 * number) * telephone.PER_MS :][: key.size] += key
    assert [tone.key for tone in found(sound)] == list("159#")


def test_hold_and_record_beeps_are_beeps() -> None:
    beeps = made.hold_beeps(Span(1000, 20_000))
    tones = found(line(21_000, *((span, (made.HOLD_HZ,)) for span in beeps)))
    assert [(tone.kind, tone.key) for tone in tones] == [(ToneKind.BEEP, None)] * len(beeps)


def test_noise_silence_and_nothing_hold_no_tone() -> None:
    assert found(line(5000, noise_dbfs=-30.0)) == ()
    assert found(np.zeros(16_000)) == ()
    assert found(np.zeros(0)) == ()


def test_the_level_does_not_matter() -> None:
    bursts = made.COUNTRIES["us"].rings(500, 2)
    sound = line(14_000, *((span, (440.0, 480.0)) for span in bursts), noise_dbfs=-70.0)
    loud, quiet = found(sound), found(sound * 0.1)
    assert [tone.span for tone in loud] == [tone.span for tone in quiet]
    assert [round(a.level_dbfs - b.level_dbfs) for a, b in zip(loud, quiet, strict=True)] == [20] * 2
