"""Pitch, syllable nuclei and held sounds of drawn sound, whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from postcall.acoustics import VoiceTrack
from postcall.audio import voice
from postcall.audio.spectrum import SAMPLE_RATE_HZ, spectrum_of
from postcall.audio.voice import voice_of
from postcall.spans import Span

Sound = NDArray[np.float32]
_RNG = np.random.default_rng(5)


def vowel(pitch_hz: NDArray[np.float64], formants: tuple[int, ...] = (600, 1200, 2500)) -> Sound:
    """A buzz of a pitch in every sample, through resonances, as a telephone line carries it: nothing below 300 Hz."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    buzz = sum((np.cos(k * phase) for k in range(1, int(3400 / pitch_hz.max()))), start=np.zeros(phase.size))
    for formant in formants:
        b, a = signal.iirpeak(formant, 6, SAMPLE_RATE_HZ)
        buzz = buzz + 3 * signal.lfilter(b, a, buzz)
    line = signal.butter(4, (300, 3300), "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    heard = signal.sosfilt(line, buzz)
    return np.asarray(0.1 * heard / np.sqrt(np.mean(heard**2)), np.float32)


def steady(hertz: float, seconds: float) -> NDArray[np.float64]:
    return np.full(round(seconds * SAMPLE_RATE_HZ), hertz)


def noise(seconds: float, level: float = 1e-3) -> Sound:
    return np.asarray(_RNG.normal(0, level, round(seconds * SAMPLE_RATE_HZ)), np.float32)


def track(sound: Sound) -> VoiceTrack:
    return voice_of(spectrum_of(sound), (Span(0, sound.size * 1000 // SAMPLE_RATE_HZ),))


@pytest.mark.parametrize("hertz", [75, 110, 160, 230, 320, 420])
def test_the_pitch_of_a_vowel_is_found_though_the_line_lets_no_fundamental_through(hertz: float) -> None:
    sound = vowel(steady(hertz, 2.0))
    heard = track(sound + noise(2.0)).pitch_hz()[2:-2]
    assert np.isfinite(heard).mean() > 0.98
    assert np.nanmax(np.abs(12 * np.log2(heard / hertz))) < 0.3


def test_a_moving_pitch_is_followed() -> None:
    seconds = np.arange(3 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    drawn = 150 * 2 ** (0.4 * np.sin(2 * np.pi * 0.7 * seconds))
    heard = track(vowel(drawn) + noise(3.0)).pitch_hz()
    truth = drawn[80::160][: heard.size]
    error = np.abs(12 * np.log2(heard / truth))
    assert np.nanmedian(error) < 0.25
    assert np.nanmean(error > 2) == 0


def test_noise_has_no_pitch_and_no_syllables() -> None:
    heard = track(noise(3.0, 0.1))
    assert np.isfinite(heard.pitch_hz()).mean() < 0.03
    assert heard.held == ()
    assert len(heard.nuclei_ms) <= 1


def test_neither_level_nor_pitch_outside_speech() -> None:
    sound = vowel(steady(120, 3.0))
    heard = voice_of(spectrum_of(sound), (Span(1000, 2000),))
    inside = np.zeros(150, dtype=bool)
    inside[50:100] = True
    assert np.array_equal(np.isfinite(heard.level_dbfs()), inside)
    assert not np.isfinite(heard.pitch_hz()[~inside]).any()
    assert voice_of(spectrum_of(sound), ()) == VoiceTrack(bytes(150), bytes(150))


def test_the_level_is_that_of_the_sound() -> None:
    sound = vowel(steady(120, 2.0))
    level = track(sound).level_dbfs()
    # Ten times the amplitude of -20 dBFS by mean power of a vowel scaled to an RMS of 0.1.
    assert np.nanmedian(level) == pytest.approx(-20, abs=0.5)
    assert np.nanmedian(track(sound / 2).level_dbfs()) == pytest.approx(-26, abs=0.5)


@pytest.mark.parametrize("gain", [0.05, 0.3, 4.0])
def test_amplification_changes_the_level_alone(gain: float) -> None:
    sound = np.concatenate([vowel(steady(140, 0.4)), noise(0.2, 1e-4), vowel(steady(190, 0.4))])
    plain, amplified = track(sound), track(sound * np.float32(gain))
    assert amplified.pitches == plain.pitches
    assert amplified.nuclei_ms == plain.nuclei_ms
    shift = amplified.level_dbfs() - plain.level_dbfs()
    assert np.nanmedian(shift) == pytest.approx(20 * np.log10(gain), abs=0.5)


@pytest.mark.parametrize("per_second", [3, 5, 7])
def test_each_swell_of_a_voice_is_one_nucleus(per_second: int) -> None:
    seconds = np.arange(4 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    swell = 0.1 + 0.9 * np.sin(np.pi * per_second * seconds) ** 2
    heard = track(vowel(steady(130, 4.0)) * swell.astype(np.float32) + noise(4.0, 1e-4))
    assert abs(len(heard.nuclei_ms) - 4 * per_second) <= 1
    peaks = (np.arange(4 * per_second) + 0.5) * 1000 / per_second
    nearest = [np.abs(peaks - at).min() for at in heard.nuclei_ms]
    assert max(nearest) <= 30


def test_a_voice_that_stands_still_is_held_and_one_that_moves_is_not() -> None:
    def glide(seconds: float) -> Sound:
        # Pitch and vowel change all the time, as in words.
        n = round(seconds * SAMPLE_RATE_HZ)
        pitch = 130 * 2 ** (0.5 * np.sin(2 * np.pi * 3 * np.arange(n) / SAMPLE_RATE_HZ))
        fade = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * np.arange(n) / SAMPLE_RATE_HZ)
        mixed = fade * vowel(pitch, (300, 2300, 3000)) + (1 - fade) * vowel(pitch, (750, 1200, 2500))
        return np.asarray(mixed, np.float32)

    held = vowel(steady(115, 0.6), (500, 1500, 2500))
    heard = track(np.concatenate([glide(1.5), held, glide(1.5)]))
    (span,) = heard.held
    assert abs(span.start_ms - 1500) <= 80
    assert abs(span.end_ms - 2100) <= 80


@pytest.mark.parametrize(("silence_s", "is_pause"), [(0.25, True), (0.12, True), (0.06, False)])
def test_silences_inside_speech_are_pauses_when_long_enough(silence_s: float, is_pause: bool) -> None:
    sound = np.concatenate(
        [vowel(steady(120, 1.0)), np.zeros(round(silence_s * SAMPLE_RATE_HZ), np.float32), vowel(steady(130, 1.0))]
    )
    heard = voice_of(spectrum_of(sound), (Span(0, sound.size // 8),), -70.0).pauses
    assert len(heard) == is_pause
    for span in heard:
        assert abs(span.start_ms - 1000) <= 20
        assert abs(span.end_ms - 1000 - silence_s * 1000) <= 20


def test_what_is_no_speech_is_no_pause() -> None:
    gap = np.zeros(SAMPLE_RATE_HZ, np.float32)
    sound = np.concatenate([gap, vowel(steady(120, 1.0)), gap, vowel(steady(130, 1.0))])
    assert voice_of(spectrum_of(sound), (Span(1000, 2000), Span(3000, 4000)), -70.0).pauses == ()
    # The silence before a word that the timeline took in is its edge.
    assert voice_of(spectrum_of(sound), (Span(700, 2000),), -70.0).pauses == ()


def test_stretches_that_share_a_frame_are_no_trouble() -> None:
    sound = vowel(steady(120, 1.0))
    heard = voice_of(spectrum_of(sound), (Span(100, 509), Span(511, 900)))
    assert np.isfinite(heard.level_dbfs())[5:45].all()
    assert voice_of(spectrum_of(sound), (Span(990, 1000),)).level_dbfs().size == 50


def test_a_track_survives_being_written_down() -> None:
    level, pitch = np.array([-120.0, -127.0, -63.2, -0.1]), np.array([0.0, 60.0, 123.4, 450.0])
    kept = VoiceTrack.of(level, pitch)
    assert np.isnan(kept.level_dbfs()[0])
    assert np.isnan(kept.pitch_hz()[0])
    assert kept.level_dbfs()[2:] == pytest.approx(level[2:], abs=0.25)
    assert kept.pitch_hz()[1:] == pytest.approx(pitch[1:], rel=0.005)


@pytest.mark.parametrize("samples", [1, 39, 40, 41, 159, 160, 161, 8_000, 8_007, 8_161])
def test_every_length_has_its_frames(samples: int) -> None:
    sound = noise(1.1)[:samples]
    heard = voice_of(spectrum_of(sound), (Span(0, -(-samples // 8)),))
    assert len(heard.levels) == len(heard.pitches) == -(-samples // 160)


def test_cutting_stretches_where_nothing_is_voiced_changes_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    lengths = np.array([1, 40, 3, 200, 90])
    count = int(lengths.sum())
    hertz = rng.uniform(65, 450, (count, 4))
    # Slow waves of voicing, so that there are certain stretches of either kind and uncertain ones between.
    loud = 0.55 + 0.5 * np.sin(np.arange(count) / 5 + rng.uniform(0, 6))
    strength = np.where(rng.random((count, 4)) < 0.8, loud[:, None] * rng.uniform(0.6, 1, (count, 4)), -np.inf)
    unvoiced = rng.uniform(0.4, 0.6, count)
    cut = voice._followed(hertz, strength, unvoiced, lengths)
    assert len(voice._pieces(hertz, strength, unvoiced, lengths)[3]) > 2 * lengths.size
    monkeypatch.setattr(voice, "_pieces", lambda h, s, u, n: (h, s, u, n, np.arange(len(h))))
    np.testing.assert_array_equal(cut, voice._followed(hertz, strength, unvoiced, lengths))
    assert 0.2 < (cut > 0).mean() < 0.8
