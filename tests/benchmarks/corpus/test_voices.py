from __future__ import annotations

import ctypes.util
import shutil

import pytest

from benchmarks.corpus.planning import catalogue
from benchmarks.corpus.voices import Voice, say

TEXTS = {"ru": "Добрый день, чем помочь?", "en": "Hello, my friend!", "zh": "您好，请问！"}

pytestmark = pytest.mark.skipif(
    not (shutil.which("festival") and shutil.which("flite") and ctypes.util.find_library("espeak-ng")),
    reason="needs the synthesisers: apt install espeak-ng festival festvox-ru festvox-us-slt-hts flite",
)

ONE_OF_EACH = {(entry.language, entry.voice.engine, entry.voice.name.partition("+")[0]): entry for entry in catalogue()}


@pytest.mark.parametrize("entry", ONE_OF_EACH.values(), ids=lambda entry: f"{entry.language} {entry.voice.name}")
def test_words_follow_each_other_inside_the_sound(entry: object) -> None:
    voice: Voice = entry.voice  # type: ignore[attr-defined]
    text = TEXTS[entry.language]  # type: ignore[attr-defined]
    (speech,) = say(voice, [text])
    assert "".join(word for word, _, _ in speech.words) == text.replace(" ", "")
    edges = [edge for _, start, end in speech.words for edge in (start, end)]
    assert edges == sorted(edges)
    assert 0 <= edges[0] < edges[-1] <= len(speech.sound)
    assert all(end > start for _, start, end in speech.words)
