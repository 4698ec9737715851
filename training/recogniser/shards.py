"""Strips on disk with their text in tokens and sounds: shards of 64, made once and read many times.

Conventions
-----------
A shard is one file, ``NNNNN.npz``, of arrays that `windows.Windows` takes as they are. Times are in ms and frames from the
shard's first; tokens are numbers of the vocabulary that the shard was made with. Strips whose words have wrong times, or whose
Chinese cannot be spelled character by character, are left out.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.apart import run_apart
from training.recogniser import speakers, strips
from training.recogniser.strips import Strip
from training.recogniser.vocabulary import BLANK, Vocabulary, load, sounds_of

STRIPS = 64
FRAME_MS = 20
STAMP = -1
"""Stands for a time stamp among the tokens."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Strips side by side.

    Attributes
    ----------
    mel
        log10 of mel power, shape ``(frames, 80)``, 16 bit.
    said
        Sound said in each frame, by linear division of words, shape ``(frames,)``; 0 where nothing is said.
    tokens
        Token, start and end in ms, shape ``(tokens, 3)``; each utterance begins and ends with a `STAMP`.
    sounds
        Of all utterances; each ends with a blank, except in Chinese.
    utterances
        First and last frame (exclusive), first token, first sound, strip; shape ``(utterances, 5)``.
    strips
        First and last frame (exclusive), the language's token; shape ``(strips, 3)``.
    """

    mel: NDArray[np.float16]
    said: NDArray[np.uint8]
    tokens: NDArray[np.int32]
    sounds: NDArray[np.uint8]
    utterances: NDArray[np.int32]
    strips: NDArray[np.int32]


def prepare(made: Iterable[Strip], vocabulary: Vocabulary) -> Shard:
    """A shard of strips."""
    mels, said, tokens, sounds, utterances, places = [np.zeros((0, 80), np.float16)], [], [], [], [], []
    first = 0
    for strip in made:
        spelled = _spelled(strip)
        if spelled is None:
            continue
        frames = strip.mel.shape[1]
        heard = np.zeros(frames, np.uint8)
        before = 0
        for utterance, words in zip(strip.utterances, spelled, strict=True):
            rows = vocabulary.tokens(utterance.words, strip.language)
            begin, end = rows[0][1], rows[-1][2]
            utterances.append((first + begin // FRAME_MS, first - (-end // FRAME_MS), len(tokens), len(sounds), len(places)))
            moved = first * FRAME_MS
            stamp = max(begin, before) + moved  # stamps never go back, also where two speak at once
            tokens += [(STAMP, stamp, stamp), *((token, a + moved, b + moved) for token, a, b in rows)]
            tokens.append((STAMP, end + moved, end + moved))
            before = end
            sounds += [sound for word in words for sound in word]
            if strip.language != "zh":
                sounds.append(BLANK)
            _fill(heard, utterance.words, words)
        places.append((first, first + frames, vocabulary.special(strip.language)))
        mels.append(strip.mel.T)
        said.append(heard)
        first += frames
    return Shard(
        np.concatenate(mels),
        np.concatenate([np.zeros(0, np.uint8), *said]),
        np.array(tokens, np.int32).reshape(-1, 3),
        np.array(sounds, np.uint8),
        np.array(utterances, np.int32).reshape(-1, 5),
        np.array(places, np.int32).reshape(-1, 3),
    )


def _spelled(strip: Strip) -> list[list[list[int]]] | None:
    """Sounds of each word of each utterance; None when times are wrong or Chinese cannot be spelled."""
    if any(end < start for said in strip.utterances for _, start, end in said.words):
        return None
    try:
        return [sounds_of([word for word, _, _ in said.words], strip.language) for said in strip.utterances]
    except ValueError:
        return None


def _fill(heard: NDArray[np.uint8], words: Iterable[tuple[str, int, int]], spelled: Iterable[list[int]]) -> None:
    """Write which sound is said in each frame."""
    for (_, start, end), sounds in zip(words, spelled, strict=True):
        first, last = start // FRAME_MS, -(-end // FRAME_MS)
        if sounds and last > first:
            places = np.minimum(np.arange(last - first) * len(sounds) // (last - first), len(sounds) - 1)
            part = heard[first:last]
            part[:] = np.asarray(sounds)[places[: part.size]]


def write(folder: Path, number: int, seed: str, tokenizer: Path, recorded: Path | None) -> None:
    """Make a shard, unless it is there; in a process that has not spoken with eSpeak before."""
    done = folder / f"{number:05}.npz"
    if done.exists():
        return
    with tempfile.TemporaryDirectory() as data:
        speakers.draw(Path(data), f"{seed}/{number}")
        os.environ["ESPEAK_DATA_PATH"] = data  # read once, when eSpeak begins in this process
        # All speech first: once eSpeak was asked for phonemes, it tells no more when words are said.
        made = [strips.make(f"{seed}/{number}/{index}", recorded, drawn=True) for index in range(STRIPS)]
        shard = prepare(made, load(tokenizer))
    part = folder / f"{number:05}.part{os.getpid()}"
    with part.open("wb") as file:
        np.savez(file, **{field.name: getattr(shard, field.name) for field in fields(Shard)})
    part.replace(done)


def write_all(folder: Path, count: int, seed: str, tokenizer: Path, recorded: Path | None, jobs: int) -> None:
    """Make shards 0 to ``count``; what is there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [number for number in range(count) if not (folder / f"{number:05}.npz").exists()]
    run_apart(write, [(folder, number, seed, tokenizer, recorded) for number in missing], jobs)


def read(path: Path) -> Shard:
    """Read a shard."""
    with np.load(path) as file:
        return Shard(**{field.name: file[field.name] for field in fields(Shard)})
