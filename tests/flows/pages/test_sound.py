"""The sound of a page: what is heard stays at its time, whatever the recorder wrote."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from flows.pages.settings import AudioFormat
from flows.pages.sound import encoded, outlines, page_sound
from postcall.audio.decode import DecodePolicy, decode
from postcall.errors import EmptyRecording

RATE_HZ = 8_000
CLICK_MS = 2_345
FORMATS: tuple[AudioFormat, ...] = ("flac", "opus", "wav")


def _click(rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """Four seconds of quiet on two channels, a click of 20 ms on the second."""
    samples = np.zeros((2, 4 * rate_hz), dtype=np.float32)
    start = CLICK_MS * rate_hz // 1000
    samples[1, start : start + rate_hz // 50] = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(rate_hz // 50) / rate_hz)
    return samples


def _recorded(codec: str, container: str, rate_hz: int = RATE_HZ, channels: int = 2) -> io.BytesIO:
    """The click as a recorder would write it."""
    samples = _click(rate_hz)[-channels:]
    whole = np.ascontiguousarray((samples * 32767).astype(np.int16).T).reshape(1, -1)
    written = io.BytesIO()
    layout = "stereo" if channels == 2 else "mono"
    with av.open(written, mode="w", format=container) as file:
        stream = file.add_stream(codec, rate=rate_hz, layout=layout)
        frame = av.AudioFrame.from_ndarray(whole, format="s16", layout=layout)
        frame.sample_rate, frame.pts = rate_hz, 0
        resampled = av.AudioResampler(stream.format, layout, rate_hz, stream.frame_size or None).resample(frame)
        for part in resampled:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    written.seek(0)
    return written


def _click_ms(audio: bytes) -> float:
    sound = decode(io.BytesIO(audio), DecodePolicy())
    return float(np.argmax(np.abs(sound.samples[-1]) > 0.2)) * 1000 / sound.sample_rate_hz


@pytest.mark.parametrize("audio_format", FORMATS)
@pytest.mark.parametrize(
    ("codec", "container", "rate_hz", "channels"),
    [
        ("pcm_mulaw", "wav", 8_000, 2),
        ("pcm_alaw", "wav", 8_000, 1),
        ("adpcm_ima_wav", "wav", 8_000, 2),
        ("pcm_s16le", "wav", 44_100, 2),
        ("libmp3lame", "mp3", 8_000, 2),
        ("flac", "flac", 48_000, 2),
    ],
)
def test_what_is_heard_stays_at_its_time(
    codec: str, container: str, rate_hz: int, channels: int, audio_format: AudioFormat
) -> None:
    source = _recorded(codec, container, rate_hz, channels)
    heard = decode(source, DecodePolicy())
    measured_ms = float(np.argmax(np.abs(heard.samples[-1]) > 0.2)) * 1000 / heard.sample_rate_hz
    made = page_sound(source, audio_format, is_same_on_both=False, decoding=DecodePolicy())
    assert _click_ms(made.audio) == pytest.approx(measured_ms, abs=5)
    assert decode(io.BytesIO(made.audio), DecodePolicy()).duration_ms == pytest.approx(heard.duration_ms, abs=1)


def test_a_wav_in_gsm_becomes_something_that_browsers_play() -> None:
    # FFmpeg here writes no GSM: 4 s of frames of Microsoft's GSM, all zero bits, which is near silence.
    frames = bytes(65) * 100
    head = b"WAVEfmt \x14\x00\x00\x00\x31\x00\x01\x00\x40\x1f\x00\x00\x59\x06\x00\x00\x41\x00\x00\x00\x02\x00\x40\x01"
    body = head + b"data" + len(frames).to_bytes(4, "little") + frames
    recording = b"RIFF" + len(body).to_bytes(4, "little") + body
    made = page_sound(io.BytesIO(recording), "flac", is_same_on_both=False, decoding=DecodePolicy())
    assert made.audio.startswith(b"fLaC")
    assert made.duration_ms == 4_000


def test_flac_and_wav_lose_nothing_and_opus_is_smallest() -> None:
    noise = np.random.default_rng(7).normal(0, 0.1, (2, RATE_HZ * 5)).astype(np.float32)
    whole = np.rint(np.clip(noise, -1, 1) * 32767) / 32768
    sizes = {}
    for audio_format in FORMATS:
        audio = encoded(noise, RATE_HZ, audio_format)
        sizes[audio_format] = len(audio)
        if audio_format != "opus":
            assert np.array_equal(decode(io.BytesIO(audio), DecodePolicy()).samples, whole.astype(np.float32))
    assert sizes["opus"] < sizes["flac"] < sizes["wav"]


def test_the_outline_shows_where_there_is_sound_on_one_scale_for_both_channels() -> None:
    samples = _click()
    samples[0] = samples[1] / 4
    quiet, loud = outlines(samples, RATE_HZ, 10)
    assert len(loud) == 400
    first = CLICK_MS // 10
    assert max(loud) == 255 and loud.index(255) in (first, first + 1)
    assert not any(loud[: first - 1]) and not any(loud[first + 3 :])
    # A quarter of the magnitude is half the height.
    assert max(quiet) == pytest.approx(127, abs=2)


def test_silence_has_a_flat_outline() -> None:
    assert set(outlines(np.zeros((1, RATE_HZ), dtype=np.float32), RATE_HZ, 10)[0]) == {0}


def test_the_same_sound_on_both_channels_is_written_once() -> None:
    made = page_sound(_recorded("pcm_s16le", "wav"), "flac", is_same_on_both=True, decoding=DecodePolicy())
    assert len(made.outlines) == 1
    assert decode(io.BytesIO(made.audio), DecodePolicy()).samples.shape[0] == 1


def test_a_recording_that_cannot_be_used_is_refused_as_in_the_night() -> None:
    with pytest.raises(EmptyRecording):
        page_sound(io.BytesIO(b""), "flac", is_same_on_both=False, decoding=DecodePolicy())
