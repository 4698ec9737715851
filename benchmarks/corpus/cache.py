"""Keeps synthesised utterances on disk: saying a sentence is the slow part, and many calls share sentences."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np

from benchmarks.corpus.voices import Speech, Voice, say

_AT_ONCE = 40
_VERSION = 2


def default_folder() -> Path:
    """``postcall-corpus`` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "postcall-corpus"


def as_said(voice: Voice) -> Voice:
    """The voice without what is applied after synthesis: level and playing speed."""
    return replace(voice, scale=1.0, level_dbfs=0.0)


def _path(folder: Path, voice: Voice, text: str) -> Path:
    key = repr((_VERSION, *astuple(as_said(voice)), text))
    digest = hashlib.sha256(key.encode()).hexdigest()
    return folder / digest[:2] / f"{digest}.npz"


def fill(folder: Path, wanted: Iterable[tuple[Voice, str]], workers: Executor) -> int:
    """Say what is not there yet; returns how many utterances that were."""
    missing: dict[Voice, dict[str, None]] = defaultdict(dict)
    for voice, text in wanted:
        if not _path(folder, voice, text).exists():
            missing[as_said(voice)][text] = None
    batches = [
        (folder, voice, list(texts)[start : start + _AT_ONCE])
        for voice, texts in missing.items()
        for start in range(0, len(texts), _AT_ONCE)
    ]
    batches.sort(key=lambda batch: batch[1].engine != "festival")  # the slowest first
    return sum(workers.map(_say_batch, batches))


def _say_batch(batch: tuple[Path, Voice, Sequence[str]]) -> int:
    folder, voice, texts = batch
    for text, speech in zip(texts, say(voice, texts), strict=True):
        path = _path(folder, voice, text)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
        times = np.array([(start, end) for _, start, end in speech.words], dtype=np.int64).reshape(-1, 2)
        with unfinished.open("wb") as file:
            np.savez(file, sound=np.round(speech.sound * 32768).astype(np.int16), rate_hz=speech.rate_hz, times=times)
        unfinished.replace(path)  # two runs may write the same utterance
    return len(texts)


def load(folder: Path, voice: Voice, text: str, words: Sequence[str]) -> Speech:
    """An utterance that `fill` has said."""
    with np.load(_path(folder, voice, text)) as kept:
        times = kept["times"].tolist()
        timed = tuple((word, start, end) for word, (start, end) in zip(words, times, strict=True))
        return Speech(kept["sound"] / 32768.0, int(kept["rate_hz"]), timed)
