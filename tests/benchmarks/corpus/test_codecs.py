"""Sound comes out of every codec and every file at the time it went in."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from scipy import signal

from benchmarks.corpus import codecs, telephone
from benchmarks.corpus.__main__ import FILE_DELAYS
from benchmarks.corpus.codecs import Pcm
from benchmarks.corpus.telephone import RATE_HZ


@pytest.fixture(scope="module")
def speech() -> Pcm:
    """Something that codecs of speech can carry: a pulse train with formants and syllables, 4 s."""
    samples = 4 * RATE_HZ
    rng = np.random.default_rng(5)
    time_s = np.arange(samples) / RATE_HZ
    sound = np.diff(np.floor(np.cumsum(110 + 15 * np.sin(2 * np.pi * 0.9 * time_s)) / RATE_HZ), prepend=0.0)
    for hz in (600, 1500, 2500):
        sound = sound + 0.5 * signal.lfilter(*signal.iirpeak(hz, 5, fs=RATE_HZ), sound)
    sound = telephone.band_limit(sound + 0.01 * rng.standard_normal(samples)) * (0.55 + 0.45 * np.sin(2 * np.pi * 3.3 * time_s))
    pcm: Pcm = (sound / np.abs(sound).max() * 14_000).astype(np.int16)
    return pcm


def lag(heard: npt.NDArray[np.generic], said: Pcm) -> int:
    """Samples by which one is later than the other, by cross-correlation."""
    match = signal.correlate(heard.astype(float), said.astype(float), method="fft")
    return int(np.argmax(match)) - (len(said) - 1)


@pytest.mark.parametrize("name", codecs.CODECS)
def test_a_codec_moves_nothing(speech: Pcm, name: str) -> None:
    try:
        heard = codecs.through(name, speech)
    except RuntimeError as error:
        pytest.skip(str(error))
    assert heard.shape == speech.shape
    assert heard.dtype == np.int16
    assert lag(heard, speech) == 0
    assert not np.array_equal(heard, speech)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("form", telephone.FORMATS)
def test_a_file_gives_back_what_was_written_at_its_time(tmp_path: Path, speech: Pcm, form: str, channels: int) -> None:
    pcm = np.stack([speech, np.roll(speech, 4000)][:channels])
    delay = FILE_DELAYS.get(form, 0)
    path = tmp_path / f"call{telephone.FORMATS[form][0]}"
    telephone.write(path, np.pad(pcm[:, delay:], ((0, 0), (0, delay))), form)
    with av.open(str(path)) as file:
        resampler = av.AudioResampler(format="s16p", rate=RATE_HZ)
        frames = [piece for frame in file.decode(audio=0) for piece in resampler.resample(frame)]
        heard = np.concatenate([piece.to_ndarray() for piece in [*frames, *resampler.resample(None)]], axis=1)
    assert heard.shape == pytest.approx(pcm.shape, abs=8)
    assert [lag(heard[channel], pcm[channel]) for channel in range(channels)] == [0] * channels


def test_alaw_has_no_level_of_zero_and_keeps_its_peak() -> None:
    assert codecs.through_alaw(np.array([0, -1, 32767, -32768, 1000], np.int16)).tolist() == [8, -8, 32256, -32256, 1008]
