"""Utterances of slow voices, said once and used often: festival takes a second to start and another for a long sentence.

Conventions
-----------
A voice has two files, ``<voice>.opus`` (its phrases one after the other; 16 kbit/s are more than a line leaves of them)
and ``<voice>.json`` (rate, and of each phrase its text, its place, and its words in samples). The JSON is written last.
``<voice>.npy`` is the first file decoded, and may be deleted.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray
from scipy import signal

from benchmarks.corpus.voices import Speech, Voice, say

Phrase: TypeAlias = tuple[str, Speech]

RATE_HZ = 16_000
_AT_ONCE = 24
_BITS_A_SECOND = 16_000
_PAUSE = 800
"""Samples between phrases: what the codec smears is not heard in the next one."""


def record(folder: Path, voice: Voice, text: Callable[[Random], str], count: int, seed: str) -> None:
    """Say ``count`` phrases of a voice, unless they are there."""
    done = folder / f"{voice.name}.json"
    if done.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rng, sounds, phrases, at = Random(seed), list[NDArray[np.float64]](), list[object](), 0
    while len(phrases) < count:
        texts = [text(rng) for _ in range(_AT_ONCE)]
        for said, speech in zip(texts, say(voice, texts), strict=True):
            ratio = Fraction(RATE_HZ, speech.rate_hz)
            sound = signal.resample_poly(speech.sound, ratio.numerator, ratio.denominator)
            words = [(word, round(start * ratio), round(end * ratio)) for word, start, end in speech.words]
            phrases.append({"text": said, "first": at, "last": at + sound.size, "words": words})
            sounds += [sound, np.zeros(_PAUSE)]
            at += sound.size + _PAUSE
    (folder / f"{voice.name}.opus").write_bytes(_encoded(np.concatenate(sounds)))
    part = done.with_suffix(".part")
    part.write_text(json.dumps(phrases, ensure_ascii=False), encoding="utf-8")
    part.replace(done)


class Recorded(Sequence[Phrase]):
    """Phrases of a voice; sound is read when a phrase is taken."""

    def __init__(self, folder: Path, name: str) -> None:
        listed = folder / f"{name}.json"
        self._phrases = json.loads(listed.read_text(encoding="utf-8")) if listed.exists() else []
        self._sound = _decoded(folder / f"{name}.opus") if self._phrases else np.zeros(0, np.int16)

    def __len__(self) -> int:
        return len(self._phrases)

    def __getitem__(self, place: Any) -> Any:
        """Of one place; a `Sequence` would take slices too, but nobody asks for any."""
        phrase = self._phrases[place]
        sound = self._sound[phrase["first"] : phrase["last"]].astype(np.float64) / 32768.0
        return phrase["text"], Speech(sound, RATE_HZ, tuple((word, start, end) for word, start, end in phrase["words"]))


@lru_cache(maxsize=64)
def of_voice(folder: Path, name: str) -> Recorded:
    """All phrases of a voice; none when none were recorded."""
    return Recorded(folder, name)


def _encoded(sound: NDArray[np.float64]) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg") as output:
        stream = output.add_stream("libopus", rate=RATE_HZ, layout="mono")
        assert isinstance(stream, av.AudioStream)  # narrows PyAV's union
        stream.bit_rate = _BITS_A_SECOND
        pcm = np.round(np.clip(sound, -1, 32767 / 32768) * 32768).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        size = stream.codec_context.frame_size or 0
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=RATE_HZ, frame_size=size)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def _decoded(path: Path) -> NDArray[np.int16]:
    """Sound of a file; decoded once for all processes: each of them would take as long for it as for much of its speech."""
    kept = path.with_suffix(".npy")
    if not kept.exists():
        with av.open(str(path)) as source:
            back = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
            frames = [piece for frame in source.decode(source.streams.audio[0]) for piece in back.resample(frame)]
            sound = np.concatenate([piece.to_ndarray()[0] for piece in [*frames, *back.resample(None)]])
        part = path.with_suffix(f".part{os.getpid()}")
        with part.open("wb") as file:
            np.save(file, sound)
        part.replace(kept)
    decoded: NDArray[np.int16] = np.load(kept, mmap_mode="r")
    return decoded
