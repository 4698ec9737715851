"""What a telephone line does to sound, the sounds a line makes itself, and writing recordings.

Conventions
-----------
Sound is float in [-1, 1] at 8 kHz, shape ``(samples,)``; 0 dBFS is the RMS of a full-scale square wave. Eight samples are one
millisecond, so every event on a whole millisecond lies on a whole sample.

References
----------
ITU-T G.711 (mu-law).
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
import numpy.typing as npt
from scipy import signal

Sound: TypeAlias = npt.NDArray[np.float64]

RATE_HZ = 8000
PER_MS = RATE_HZ // 1000
BAND_HZ = (300.0, 3400.0)

_BAND = signal.butter(4, BAND_HZ, btype="bandpass", fs=RATE_HZ, output="sos")


def to_line_rate(sound: Sound, rate_hz: int, scale: float = 1.0) -> Sound:
    """Resample to 8 kHz, played ``scale`` times as fast."""
    ratio = Fraction(RATE_HZ, round(rate_hz * scale)).limit_denominator(2000)
    resampled: Sound = signal.resample_poly(sound, ratio.numerator, ratio.denominator)
    return resampled


def band_limit(sound: Sound) -> Sound:
    """Keep 300-3400 Hz, without delay."""
    limited: Sound = signal.sosfiltfilt(_BAND, sound)
    return limited


def gain(dbfs: float) -> float:
    """Amplitude of a level in dBFS."""
    return float(10.0 ** (dbfs / 20.0))


def rms(sound: Sound) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(sound**2)))


def line_noise(samples: int, dbfs: float, rng: np.random.Generator) -> Sound:
    """Band-limited noise of a level."""
    noise = band_limit(rng.standard_normal(samples))
    return noise * (gain(dbfs) / rms(noise))


def fade(sound: Sound, fade_ms: int) -> Sound:
    """Fade in and out linearly."""
    ramp = np.linspace(0.0, 1.0, fade_ms * PER_MS)
    faded = sound.copy()
    faded[: len(ramp)] *= ramp
    faded[len(faded) - len(ramp) :] *= ramp[::-1]
    return faded


def hold_music(duration_ms: int, dbfs: float) -> Sound:
    """A plucked chord sequence over a soft bass, 100 beats a minute."""
    chords_hz = ((262, 330, 392, 523), (220, 262, 330, 440), (349, 440, 523, 698), (392, 494, 587, 784))
    note_samples = 300 * PER_MS
    time_s = np.arange(4 * note_samples) / RATE_HZ  # a note rings on under the next three
    notes = -(-duration_ms // 300)
    music = np.zeros((notes + 4) * note_samples)
    for number in range(notes):
        chord = chords_hz[number // 8 % len(chords_hz)]
        pitch_hz = chord[(0, 2, 1, 3, 2, 1, 3, 2)[number % 8]]
        pluck = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k**1.5 for k in (1, 2, 3, 4)) * np.exp(-3.5 * time_s)
        bass = 0.4 * np.sin(np.pi * chord[0] * time_s) * np.exp(-1.5 * time_s)
        start = number * note_samples
        music[start : start + len(time_s)] += pluck + bass
    music = band_limit(music)[: duration_ms * PER_MS]
    return fade(music * (gain(dbfs) / rms(music)), 20)


def through_mulaw(sound: Sound) -> npt.NDArray[np.int16]:
    """Encode to G.711 mu-law and back to 16 bit."""
    pcm = np.clip(np.round(sound * 32768.0), -32635, 32635).astype(np.int32)
    biased = np.abs(pcm) + 132
    exponent = np.floor(np.log2(biased)).astype(np.int32) - 7
    mantissa = (biased >> (exponent + 3)) & 15
    decoded = (((mantissa << 3) + 132) << exponent) - 132
    companded: npt.NDArray[np.int16] = (np.sign(pcm) * decoded).astype(np.int16)
    return companded


FORMATS: dict[str, tuple[str, str, dict[str, str], int | None]] = {
    # suffix, codec, options, bit rate
    "flac": (".flac", "flac", {"compression_level": "8"}, None),
    "pcm": (".wav", "pcm_s16le", {}, None),
    "alaw": (".wav", "pcm_alaw", {}, None),
    "mulaw": (".wav", "pcm_mulaw", {}, None),
    # Every channel coded by itself: joint stereo would let each party be heard on the other's channel.
    "opus": (".opus", "libopus", {"mapping_family": "255", "application": "voip", "vbr": "off"}, 32_000),
    "opus_low": (".opus", "libopus", {"mapping_family": "255", "application": "voip", "vbr": "off"}, 20_000),
    "mp3": (".mp3", "libmp3lame", {"joint_stereo": "0"}, 32_000),
    "mp3_low": (".mp3", "libmp3lame", {"joint_stereo": "0"}, 16_000),
}
"""How a recording can be written, by name."""


def write(path: Path, pcm: npt.NDArray[np.int16], form: str) -> None:
    """Write a recording, shape ``(channels, samples)``, without time stamps or random serial numbers."""
    _, codec, options, bit_rate = FORMATS[form]
    layout = "stereo" if len(pcm) == 2 else "mono"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=RATE_HZ, layout=layout, options=options)
        assert isinstance(stream, av.AudioStream)  # narrows PyAV's union: every codec in FORMATS is an audio codec
        stream.codec_context.flags |= int(av.codec.context.Flags.bitexact)
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm.T).reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(
            format=stream.format, layout=layout, rate=RATE_HZ, frame_size=stream.codec_context.frame_size or 0
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
