"""Every format from a tone per channel: rate, channels, length, and each channel with its own tone."""

from __future__ import annotations

import base64
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.codec import UnknownCodecError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from postcall.audio import decode as decode_module
from postcall.audio.decode import DecodePolicy, Sound, decimated, decode, decode_slowly, resample
from postcall.errors import (
    ChannelMismatch,
    DurationMismatch,
    EmptyRecording,
    RecordingError,
    TooLongRecording,
    UndecodableRecording,
    UnusableSamples,
)
from tests.bad_input.recordings import encoded, pcm16, tones, wav

POLICY = DecodePolicy()
TONES_HZ = (440.0, 1000.0)


def sound_of(data: bytes, policy: DecodePolicy = POLICY) -> Sound:
    return decode(io.BytesIO(data), policy)


def loudest_hz(samples: NDArray[np.float32], rate_hz: int) -> float:
    """Frequency of the strongest line of the spectrum."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate_hz / len(samples))


def assert_tones(sound: Sound, tones_hz: tuple[float, ...]) -> None:
    assert sound.samples.dtype == np.float32
    assert sound.samples.flags["C_CONTIGUOUS"]
    assert len(sound.samples) == len(tones_hz)
    for channel, tone_hz in zip(sound.samples, tones_hz, strict=True):
        assert loudest_hz(channel, sound.sample_rate_hz) == pytest.approx(tone_hz, abs=4)
        assert np.sqrt(np.mean(channel**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.2)


# ── PCM and G.711 by hand ────────────────────────────────────────────────────


def pcm24(samples: NDArray[np.float64]) -> bytes:
    whole = np.round(samples.T * (2**23 - 1)).astype("<i4")
    return whole.reshape(-1, 1).view(np.uint8)[:, :3].tobytes()


def g711_alaw(samples: NDArray[np.float64]) -> bytes:
    """ITU-T G.711 A-law: sign, three bits of exponent, four of mantissa, every second bit inverted."""
    whole = pcm16(samples).astype(np.int32) >> 3
    sign = np.where(whole >= 0, 0x80, 0)
    magnitude = np.where(whole >= 0, whole, -whole - 1)
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(int) - 4, 0)
    mantissa = (magnitude >> np.maximum(exponent, 1)) & 0x0F
    return bytes(((sign | exponent << 4 | mantissa) ^ 0x55).astype(np.uint8))


def g711_mulaw(samples: NDArray[np.float64]) -> bytes:
    """ITU-T G.711 µ-law: magnitude with a bias of 33, all bits inverted."""
    whole = pcm16(samples).astype(np.int32) >> 2
    sign = np.where(whole < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(whole) + 33, 8191)
    exponent = np.floor(np.log2(magnitude)).astype(int) - 5
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    return bytes((~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8))


UNCOMPRESSED: dict[str, tuple[Callable[[NDArray[np.float64]], bytes], int, str, float]] = {
    "pcm_u8": (lambda x: np.round(x.T * 127 + 128).astype(np.uint8).tobytes(), 8, "pcm", 1 / 127),
    "pcm_s16le": (lambda x: pcm16(x).tobytes(), 16, "pcm", 1e-4),
    "pcm_s24le": (pcm24, 24, "pcm", 1e-6),
    "pcm_s32le": (lambda x: np.round(x.T * (2**31 - 1)).astype("<i4").tobytes(), 32, "pcm", 1e-6),
    "pcm_f32le": (lambda x: x.T.astype("<f4").tobytes(), 32, "float", 1e-7),
    "pcm_f64le": (lambda x: x.T.astype("<f8").tobytes(), 64, "float", 1e-7),
    "pcm_alaw": (g711_alaw, 8, "alaw", 0.02),
    "pcm_mulaw": (g711_mulaw, 8, "mulaw", 0.02),
}


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("tones_hz", [TONES_HZ, TONES_HZ[:1]], ids=["stereo", "mono"])
@pytest.mark.parametrize("codec", UNCOMPRESSED)
def test_uncompressed_wav_keeps_every_sample(codec: str, tones_hz: tuple[float, ...], rate_hz: int) -> None:
    to_bytes, bits, encoding, tolerance = UNCOMPRESSED[codec]
    call = tones(0.5, rate_hz, tones_hz)
    data = wav(to_bytes(call), rate_hz=rate_hz, channels=len(tones_hz), bits=bits, encoding=encoding)
    sound = sound_of(data)
    assert (sound.codec, sound.container, sound.sample_rate_hz, sound.duration_ms) == (codec, "wav", rate_hz, 500)
    assert sound.damaged_packets == 0
    np.testing.assert_allclose(sound.samples, call, atol=tolerance)


@settings(max_examples=60)
@given(
    samples=hnp.arrays(np.dtype("<i2"), st.tuples(st.integers(1600, 3000), st.integers(1, 2))),
    streamed=st.booleans(),
)
def test_pcm16_comes_back_exactly(samples: NDArray[np.int16], streamed: bool) -> None:
    data = wav(samples.tobytes(), channels=samples.shape[1], data_bytes=0xFFFFFFFF if streamed else None)
    sound = sound_of(data)
    np.testing.assert_array_equal(sound.samples * 32768, samples.T)


def test_full_scale_is_one() -> None:
    samples = np.array([[-32768, 32767]] * 2000, "<i2")
    sound = sound_of(wav(samples.tobytes()))
    assert sound.samples[0].min() == -1
    assert sound.samples[1].max() == np.float32(32767 / 32768)


# ── compressed ───────────────────────────────────────────────────────────────

COMPRESSED = [  # codec, encoder, container to write, container read, rate, tolerance in ms
    ("mp3", "libmp3lame", "mp3", "mp3", 8000, 5),
    ("mp3", "libmp3lame", "mp3", "mp3", 44_100, 5),
    ("mp3", "libmp3lame", "wav", "wav", 16_000, 150),
    ("opus", "libopus", "ogg", "ogg", 48_000, 5),
    ("opus", "libopus", "webm", "matroska", 48_000, 25),
    ("vorbis", "vorbis", "ogg", "ogg", 16_000, 5),
    ("flac", "flac", "flac", "flac", 8000, 0),
    ("flac", "flac", "ogg", "ogg", 16_000, 0),
    ("aac", "aac", "ipod", "mov", 16_000, 130),
    ("aac", "aac", "mp4", "mov", 44_100, 130),
    ("aac", "aac", "adts", "aac", 16_000, 130),
    ("alac", "alac", "ipod", "mov", 16_000, 0),
    ("pcm_alaw", "pcm_alaw", "wav", "wav", 8000, 0),
    ("pcm_mulaw", "pcm_mulaw", "au", "au", 8000, 0),
    ("pcm_s16be", "pcm_s16be", "aiff", "aiff", 8000, 0),
    ("pcm_s16le", "pcm_s16le", "w64", "w64", 8000, 0),
    ("adpcm_ima_wav", "adpcm_ima_wav", "wav", "wav", 8000, 130),
    ("adpcm_ms", "adpcm_ms", "wav", "wav", 8000, 130),
    ("wmav2", "wmav2", "asf", "asf", 16_000, 260),
    ("amr_nb", "libopencore_amrnb", "amr", "amr", 8000, 45),
    ("amr_nb", "libopencore_amrnb", "3gp", "mov", 8000, 45),
]


# AMR has one channel by definition, and FFmpeg's Vorbis encoder writes two only.
ONE_LAYOUT = {"amr_nb": TONES_HZ[:1], "vorbis": TONES_HZ}
CASES = [
    pytest.param(row, tones_hz, id=f"{row[0]}-{row[2]}-{row[4]}-{len(tones_hz)}ch")
    for row in COMPRESSED
    for tones_hz in (TONES_HZ, TONES_HZ[:1])
    if ONE_LAYOUT.get(row[0], tones_hz) == tones_hz
]


@pytest.mark.parametrize(("written", "tones_hz"), CASES)
def test_compressed_formats_keep_channels_apart(
    written: tuple[str, str, str, str, int, int], tones_hz: tuple[float, ...]
) -> None:
    codec, encoder, written_as, container, rate_hz, tolerance_ms = written
    try:
        av.Codec(encoder, "w")
    except UnknownCodecError:
        pytest.skip(f"this build of PyAV has no encoder {encoder}: install the wheel from PyPI")
    options = {"vorbis": {"strict": "experimental"}, "wmav2": {"b": "64000"}}.get(codec)
    sound = sound_of(encoded(encoder, written_as, tones(2.0, rate_hz, tones_hz), rate_hz, options))
    assert (sound.codec, sound.container, sound.sample_rate_hz) == (codec, container, rate_hz)
    assert abs(sound.duration_ms - 2000) <= tolerance_ms
    assert sound.damaged_packets == 0
    assert_tones(sound, tones_hz)


GSM_500_HZ = base64.b64decode(
    "Cb6jHoci1xbCN1kbo8ZZ0p+IDSUn8T3I5gZH5x5kc5uW3B2qUbAgega8hdnvJBCfAF9hMBXOYPYgn1ARgtmDfCLJ3aEaBXtg4thSGwMbwNI6dlsJ"
    "HEBbuZEbB1+A3VZuJJfcHapRwAPIbVynkTARhNmDaibQBzaW41husAEoctPGccnd4RoFW4DltHYRCRugi9pNrAk9QO0m1twMPsAlvY3bltwdrlHw"
    "AUSSHMdt0AWkbeRIcvAHtm0kOW6wA0huJEeOyd3hGgUeQBtLkuUGH6DkuJEjCRtA5DaSHAkbYBo5chuZ3B2uUcABtJXkRnLwAUhyJMeRwAG2kRtH"
    "buADyI0jt43J3eEaBR9AG8lt5AY+gNvIkeMGX4DkRpIjCzuA4zZy3JjcHapR0AWmsZRWKvAHaipzFdngA5isnkZusAM4bSS3kcnd4RoFX2AjN5IK"
    "DV+ACU2J7gQboGRJktwIHWAjSW4jl9wdrlGwAbS1HEdu4Ae2rSS3sfAHtpHcSK7gFzaS5Dbu"
)
"""240 ms of a tone of 500 Hz, full-rate GSM (06.10) in the layout of WAV: 65 bytes for 40 ms. Made with SoX."""


def test_gsm_in_wav() -> None:
    head = wav(GSM_500_HZ, channels=1, bits=0, encoding="gsm", block_align=65)
    # GSM's format chunk has one field more: the samples of a block.
    data = head[:16] + b"\x14\0\0\0" + head[20:36] + b"\x02\0\x40\x01" + head[36:]
    sound = sound_of(data)
    assert (sound.codec, sound.sample_rate_hz, sound.duration_ms) == ("gsm_ms", 8000, 240)
    assert_tones(sound, (500.0,))


def test_video_with_a_sound_track() -> None:
    target = io.BytesIO()
    call = tones(1.0, 16_000)
    with av.open(target, "w", format="mp4") as output:
        video = output.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        audio = output.add_stream("aac", rate=16_000, layout="stereo")
        for _ in range(20):
            output.mux(video.encode(av.VideoFrame(32, 32, "yuv420p")))
        frame = av.AudioFrame.from_ndarray(pcm16(call).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 16_000, 0
        output.mux(audio.encode(frame))
        output.mux([*video.encode(None), *audio.encode(None)])
    assert_tones(sound_of(target.getvalue()), TONES_HZ)


# ── lengths ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("data_bytes", [0, 0x7FFF_F000, 0x8000_0000, 0xFFFF_FFFF], ids=["zero", "sox", "arecord", "ffmpeg"])
def test_unpatched_headers_are_read_to_the_end(data_bytes: int) -> None:
    assert sound_of(wav(pcm16(tones(1.0)).tobytes(), data_bytes=data_bytes)).duration_ms == 1000


@pytest.mark.parametrize(("claimed", "message"), [
    (8000, "the header claims 250 ms, the file holds about 1000 ms"),
    (64_000, "the header claims 2000 ms, 1000 ms could be decoded"),
])  # fmt: skip
def test_a_lying_header_is_told_with_both_lengths(claimed: int, message: str) -> None:
    with pytest.raises(DurationMismatch) as caught:
        sound_of(wav(pcm16(tones(1.0)).tobytes(), data_bytes=claimed))
    assert caught.value.message == message
    assert caught.value.hint


def test_tolerance_is_the_larger_of_seconds_and_share() -> None:
    data = wav(pcm16(tones(2.0)).tobytes())[:-9600]  # 300 ms short
    assert sound_of(data).duration_ms == 1700
    assert sound_of(data, DecodePolicy(duration_tolerance_s=0, duration_tolerance_share=0.2)).duration_ms == 1700
    with pytest.raises(DurationMismatch):
        sound_of(data, DecodePolicy(duration_tolerance_s=0.2, duration_tolerance_share=0.1))


def test_chunks_behind_the_data_are_not_taken_for_sound() -> None:
    tag = b"LIST\xf4\x01\0\0INFOICMT\xe8\x01\0\0" + b"x" * 488
    data = wav(pcm16(tones(0.5)).tobytes()) + tag * 200  # 100 kB: three times the sound
    assert sound_of(data).duration_ms == 500


def test_an_mp3_without_length_tag_claims_nothing() -> None:
    """FFmpeg guesses its length from the first frame's bit rate, which is wrong by far at a variable rate."""
    quiet_then_loud = np.concatenate([np.zeros((1, 24_000)), tones(3.0, tones_hz=(440,)), np.zeros((1, 24_000))], axis=1)
    data = encoded("libmp3lame", "mp3", quiet_then_loud, options={"q": "2", "write_xing": "0"})
    assert b"Xing" not in data
    with av.open(io.BytesIO(data), "r") as container:
        audio = container.streams.audio[0]
        assert audio.duration is not None
        assert audio.time_base is not None
    assert abs(sound_of(data).duration_ms - 9000) < 300


def test_too_long_by_its_header_is_refused_before_decoding() -> None:
    class Counting(io.BytesIO):
        bytes_read = 0

        def read(self, size: int | None = -1, /) -> bytes:
            part = super().read(size)
            self.bytes_read += len(part)
            return part

    source = Counting(wav(bytes(32_000 * 600)))  # ten minutes, 19 MB
    with pytest.raises(TooLongRecording, match="hours long"):
        decode(source, DecodePolicy(max_hours=0.1))
    assert source.bytes_read < 8_000_000


def test_too_long_without_a_header_length_stops_at_the_limit() -> None:
    data = encoded("aac", "adts", np.zeros((1, 8000 * 600)))
    policy = DecodePolicy(max_hours=0.01)
    tracemalloc.start()
    with pytest.raises(TooLongRecording):
        sound_of(data, policy)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8000 * 600 * 4 / 4  # a quarter of what all of it would take


def test_memory_stays_near_the_samples() -> None:
    data = wav(np.zeros((8000 * 300, 2), "<i2").tobytes())
    tracemalloc.start()
    sound = sound_of(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.7 * sound.samples.nbytes  # 16-bit frames and their float32, never two float32


# ── what is refused, and what is not ─────────────────────────────────────────


def test_a_wrong_name_makes_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(encoded("libmp3lame", "mp3", tones(1.0)))
    with path.open("rb") as source:
        source.seek(100)
        sound = decode(source, POLICY)
        assert not source.closed
    assert (sound.codec, sound.container) == ("mp3", "mp3")


def test_lossy_overshoot_is_clipped() -> None:
    square = np.sign(tones(1.0, 16_000)) * 0.999
    data = encoded("libmp3lame", "mp3", square, 16_000, {"b": "32000"})
    with av.open(io.BytesIO(data), "r") as container:
        assert max(float(np.abs(frame.to_ndarray()).max()) for frame in container.decode(audio=0)) > 1.01
    assert np.abs(sound_of(data).samples).max() == 1


@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "1 samples"), (np.inf, "1 samples"), (1e300, "1 samples"), (9, "9 times")]
)
def test_float_samples_that_are_no_sound(value: float, message: str) -> None:
    samples = tones(1.0)
    samples[0, 10] = value
    with pytest.raises(UnusableSamples, match=message):
        sound_of(wav(samples.T.astype("<f8").tobytes(), bits=64, encoding="float"))


def test_channel_count_is_in_the_message() -> None:
    with pytest.raises(ChannelMismatch, match="4 channels"):
        sound_of(wav(bytes(64_000), channels=4))


@pytest.mark.parametrize("rate_hz", [7999, 48_001])
def test_rates_outside_telephony(rate_hz: int) -> None:
    with pytest.raises(UnusableSamples, match=f"{rate_hz} Hz"):
        sound_of(wav(bytes(64_000), rate_hz=rate_hz))


def test_shorter_than_the_policy_is_empty() -> None:
    data = wav(pcm16(tones(0.1)).tobytes())
    with pytest.raises(EmptyRecording, match="100 ms"):
        sound_of(data)
    assert sound_of(data, DecodePolicy(min_ms=100)).duration_ms == 100


def _adts_frames(data: bytes) -> list[bytes]:
    frames, position = [], 0
    while position < len(data):
        length = (data[position + 3] & 3) << 11 | data[position + 4] << 3 | data[position + 5] >> 5
        frames.append(data[position : position + length])
        position += length
    return frames


def test_damaged_packets_are_counted_and_refused_when_many() -> None:
    frames = _adts_frames(encoded("aac", "adts", tones(20.0, 16_000), 16_000))

    def damage(every: int) -> bytes:
        return b"".join(
            frame if number % every else frame[:7] + b"\xff" * (len(frame) - 7) for number, frame in enumerate(frames, 1)
        )

    sound = sound_of(damage(every=150))
    assert 0 < sound.damaged_packets <= 4
    with pytest.raises(UndecodableRecording, match="could be decoded") as caught:
        sound_of(damage(every=3))
    assert 5000 < caught.value.decoded_ms < 20_000


def test_sound_that_changes_its_form_breaks_off() -> None:
    data = encoded("aac", "adts", tones(1.0, 16_000), 16_000) + encoded("aac", "adts", tones(1.0, 8000)[:1], 8000)
    with pytest.raises(UndecodableRecording, match="changes from 16000 Hz and 2 channels") as caught:
        sound_of(data)
    assert 900 < caught.value.decoded_ms < 1300


def test_a_source_that_fails_is_not_taken_for_a_bad_recording() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 100_000:
                raise OSError("the share went away")
            return super().read(size)

    with pytest.raises(OSError, match="the share went away") as caught:
        decode(Failing(wav(bytes(32_000 * 20))), POLICY)
    assert not isinstance(caught.value, RecordingError)


def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    data = encoded("libmp3lame", "mp3", tones(2.0))
    with pytest.raises(RecordingError):
        sound_of(data[: len(data) // 2])
    with pytest.raises(RecordingError):
        sound_of(np.random.default_rng(3).bytes(5000))
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


# ── resample ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("from_hz", "to_hz"), [(8000, 16_000), (48_000, 16_000), (44_100, 16_000), (11_025, 16_000)])
def test_resample_keeps_tones_and_their_place(from_hz: int, to_hz: int) -> None:
    before = tones(1.0, from_hz).astype(np.float32)
    after = resample(before, from_hz, to_hz)
    assert after.dtype == np.float32
    assert after.shape == (2, to_hz)
    inner = slice(to_hz // 20, -to_hz // 20)
    np.testing.assert_allclose(after[:, inner], tones(1.0, to_hz)[:, inner], atol=5e-3)


def test_resample_lets_no_alias_through() -> None:
    above = tones(1.0, 48_000, (12_000.0,)).astype(np.float32)
    assert np.abs(resample(above, 48_000, 16_000)[:, 800:-800]).max() < 0.5 * 10 ** (-40 / 20)


def test_resample_to_the_same_rate_is_the_same_array() -> None:
    samples = tones(0.1).astype(np.float32)
    assert resample(samples, 8000, 8000) is samples


def test_resample_of_one_channel_and_of_none() -> None:
    one = tones(0.1)[0].astype(np.float32)
    np.testing.assert_array_equal(resample(one, 8000, 16_000), resample(one[None], 8000, 16_000)[0])


# ── brought down while it is decoded ─────────────────────────────────────────


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [8000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_slowed_sound_is_that_of_resampling_all_at_once(rate_hz: int, channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_module, "_TOGETHER_BYTES", 50_000)  # many blocks, none of them a whole number of means
    call = tones(3.0, rate_hz, TONES_HZ[:channels])[:, : 2 * rate_hz + 777]
    data = wav(pcm16(call).tobytes(), rate_hz=rate_hz, channels=channels)
    whole = sound_of(data)
    slow = decode_slowly(io.BytesIO(data), POLICY, 16_000)
    assert (slow.sample_rate_hz, slow.duration_ms, slow.rate_hz) == (rate_hz, whole.duration_ms, min(rate_hz, 16_000))
    assert np.array_equal(slow.samples, resample(whole.samples, rate_hz, slow.rate_hz))
    coarse, coarse_hz = decimated(whole.samples, rate_hz)
    assert slow.coarse_hz == coarse_hz
    assert np.array_equal(slow.coarse, coarse)
    assert (slow.mixed is None) == (rate_hz <= 16_000 or channels == 1)
    if slow.mixed is not None:
        assert np.array_equal(slow.mixed, resample(whole.samples.mean(axis=0, keepdims=True), rate_hz, 16_000))


def test_slowed_sound_takes_less_memory_than_its_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_module, "_TOGETHER_BYTES", 1_000_000)
    data = wav(pcm16(tones(120.0, 48_000, TONES_HZ)).tobytes(), rate_hz=48_000, channels=2)
    decode_slowly(io.BytesIO(wav(pcm16(tones(1.0, 48_000)).tobytes(), rate_hz=48_000)), POLICY, 16_000)  # loads what stays
    tracemalloc.start()
    try:
        decode_slowly(io.BytesIO(data), POLICY, 16_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50e6  # decoded, then resampled, it takes 70 MB


def test_slowed_sound_that_is_none_is_refused() -> None:
    loud = np.full((2, 48_000), 32_768.0, "<f4")
    with pytest.raises(UnusableSamples, match="full scale"):
        decode_slowly(io.BytesIO(wav(loud.T.tobytes(), rate_hz=48_000, channels=2, bits=32, encoding="float")), POLICY, 16_000)
