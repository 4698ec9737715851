"""Strips on disk: shards of 64, made once and read many times.

A shard is two files, ``NNNNN.npy`` (mel of all its strips side by side, shape ``(80, frames)``, 16 bit) and ``NNNNN.json``
(language, place and words of each strip). The JSON is written last, so that a shard without one is unfinished.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.apart import run_apart
from training.recogniser import strips
from training.recogniser.strips import Strip, Utterance

STRIPS = 64


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard that is opened, not read.

    Attributes
    ----------
    mel
        Of all strips side by side, shape ``(80, frames)``, mapped into memory.
    places
        First and last frame (exclusive) of each strip, its language, its utterances as ``[[word, start_ms, end_ms], …]``.
    """

    mel: NDArray[np.float16]
    places: list[dict[str, Any]]

    def strips(self) -> Iterator[Strip]:
        """All strips."""
        for place in self.places:
            utterances = tuple(Utterance(tuple((w, a, b) for w, a, b in words)) for words in place["utterances"])
            # Copied: 80 rows of a mapped file are 80 places on the disk.
            yield Strip(place["language"], np.ascontiguousarray(self.mel[:, place["first"] : place["last"]]), utterances)


def write(folder: Path, number: int, seed: str) -> None:
    """Make a shard, unless it is there."""
    done = folder / f"{number:05}.json"
    if done.exists():
        return
    made = [strips.make(f"{seed}/{number}/{index}") for index in range(STRIPS)]
    edges = np.cumsum([0, *(strip.mel.shape[1] for strip in made)]).tolist()
    np.save(done.with_suffix(".npy"), np.concatenate([strip.mel for strip in made], axis=1))
    places = [
        {"language": strip.language, "first": first, "last": last, "utterances": [said.words for said in strip.utterances]}
        for strip, first, last in zip(made, edges, edges[1:], strict=False)
    ]
    part = done.with_suffix(".part")
    part.write_text(json.dumps(places, ensure_ascii=False), encoding="utf-8")
    part.replace(done)


def write_all(folder: Path, count: int, seed: str, jobs: int) -> None:
    """Make shards 0 to ``count``; what is there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    run_apart(write, [(folder, number, seed) for number in range(count) if not (folder / f"{number:05}.json").exists()], jobs)


def open_shard(path: Path) -> Shard:
    """Open a finished shard by its JSON file."""
    return Shard(np.load(path.with_suffix(".npy"), mmap_mode="r"), json.loads(path.read_text(encoding="utf-8")))
