"""Utterances without a synthesiser: every word is a burst of noise as long as its letters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.corpus import telephone
from benchmarks.corpus.planning import STANDARD_DBFS, Plan
from benchmarks.corpus.script import Script, load, paths
from benchmarks.corpus.staging import Line
from benchmarks.corpus.telephone import PER_MS
from benchmarks.corpus.voices import words_of
from postcall.spans import Span

_NOISE = telephone.line_noise(60_000 * PER_MS, STANDARD_DBFS, np.random.default_rng(1))


def fake_line(text: str) -> Line:
    words, at_ms = [], 0
    for word in words_of(text):
        letters = sum(3 if letter >= "\u4e00" else letter.isalpha() for letter in word)
        words.append((word, Span(at_ms, at_ms + 20 + 65 * letters)))
        at_ms = words[-1][1].end_ms
    return Line(telephone.fade(_NOISE[: at_ms * PER_MS], 2), (Span(0, at_ms),), tuple(words))


@pytest.fixture(scope="session")
def fake_lines() -> Callable[[Plan], dict[int, Line]]:
    return lambda plan: {index: fake_line(one.spoken) for index, one in enumerate(plan.played) if one.voice}


@pytest.fixture(scope="session")
def scripts() -> list[Script]:
    return [load(path) for path in paths()]


@pytest.fixture
def write_script(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "en" / "case.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write
