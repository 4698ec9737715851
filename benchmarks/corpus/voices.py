"""Speech synthesisers that tell when each word was said.

Conventions
-----------
Each engine says a list of texts with one voice and returns sound in [-1, 1] at its own rate together with the start and end of
every word in samples. A *word* is what stands between blanks in the text, in Chinese one character, with its punctuation, as
recognisers write it; a text must be written the way it is said: numbers as words, no abbreviations.

Engines
-------
``festival``   unit selection; times of words from the relation between tokens and segments
``flite``      statistical; the same relation through its C library
``espeak``     formants; times from the word events of its C library; words that it says as one ("of the") have one event, and
               share its time by their letters

Every utterance starts from the same state and seed, so what it sounds like does not depend on what was said before.

References
----------
Debian packages ``festival festvox-ru libflite1 libespeak-ng1``; word events as in ``espeak-ng/speak_lib.h``.
"""

from __future__ import annotations

import ctypes
import itertools
import multiprocessing
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.io import wavfile

Sound: TypeAlias = npt.NDArray[np.float64]

_SEED = 1
_TOKEN = re.compile(r"[\u4e00-\u9fff][^\w\s]*|[^\s\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Voice:
    """How somebody speaks.

    Attributes
    ----------
    engine, name
        ``festival``, ``flite`` or ``espeak``, and what the engine calls the voice.
    scale
        Playing speed: above 1 raises pitch, formants and tempo alike, which makes another speaker out of the same voice.
    rate_wpm, pitch, pitch_range
        Words per minute, pitch and its liveliness in [0, 100]; ``espeak`` only.
    level_dbfs
        RMS level of the speech.
    """

    engine: str
    name: str
    scale: float = 1.0
    rate_wpm: int = 160
    pitch: int = 50
    level_dbfs: float = -24.0
    pitch_range: int = 50


@dataclass(frozen=True, slots=True)
class Speech:
    """Synthesised speech, shape ``(samples,)``, and its words as ``(text, start, end)`` in samples."""

    sound: Sound
    rate_hz: int
    words: tuple[tuple[str, int, int], ...]


def say(voice: Voice, texts: Sequence[str]) -> list[Speech]:
    """Say each text with one voice.

    Raises
    ------
    RuntimeError
        An engine does not give a time for every word of a text, or gives one that ends before it starts.
    """
    spoken = _ENGINES[voice.engine](voice, texts)
    for text, speech in zip(texts, spoken, strict=True):
        if len(speech.words) != len(_tokens(text)):
            raise RuntimeError(f"{voice.engine} timed {len(speech.words)} of {len(_tokens(text))} words")
        if any(end <= start for _, start, end in speech.words):
            raise RuntimeError(f"{voice.engine} {voice.name} says a word in no time")
    return spoken


def words_of(text: str) -> list[str]:
    """The words of a text, with their punctuation."""
    return [word for word, _, _ in _tokens(text)]


def _tokens(text: str) -> list[tuple[str, int, int]]:
    """Words with their place in the text."""
    return [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(text)]


def _with_text(text: str, times: Sequence[tuple[float, float]], rate_hz: int) -> tuple[tuple[str, int, int], ...]:
    words = zip((token for token, _, _ in _tokens(text)), times, strict=True)
    return tuple((token, round(start * rate_hz), round(end * rate_hz)) for token, (start, end) in words)


# ── festival ─────────────────────────────────────────────────────────────────

_FESTIVAL = """
(define (word_end word) (item.feat word "R:SylStructure.daughtern.daughtern.segment_end"))
(define (later one other) (if (> one other) one other))
(define (latest words) (if words (later (word_end (car words)) (latest (cdr words))) 0))
(define (token_times utt)
  (mapcar
    (lambda (token)
      (if (item.daughters token)
        (format t "%d %f %f\\n" number
          (item.feat token "daughter1.R:SylStructure.daughter1.daughter1.segment_start")
          (latest (item.daughters token)))))
    (utt.relation.items utt 'Token)))
"""
"""Some voices have punctuation as a word of its own, which is said at no time: the latest end is the token's."""


def _say_festival(voice: Voice, texts: Sequence[str]) -> list[Speech]:
    with tempfile.TemporaryDirectory() as folder:
        lines = [_FESTIVAL, f"(voice_{voice.name})"]
        for number, text in enumerate(texts):
            quoted = text.replace('"', "")
            lines += [
                f'(set! number {number}) (set! utt (utt.synth (Utterance Text "{quoted}")))',
                f'(utt.save.wave utt "{folder}/{number}.wav" \'riff) (token_times utt)',
            ]
        script = Path(folder, "say.scm")
        script.write_text("\n".join(lines), encoding="utf-8")
        said = subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True, text=True).stdout
        times: list[list[tuple[float, float]]] = [[] for _ in texts]
        for line in said.splitlines():
            number_text, start, end = line.split()
            times[int(number_text)].append((float(start), float(end)))
        spoken = []
        for number, text in enumerate(texts):
            rate_hz, samples = wavfile.read(f"{folder}/{number}.wav")
            spoken.append(Speech(samples / 32768.0, rate_hz, _with_text(text, times[number], rate_hz)))
    return spoken


# ── flite ────────────────────────────────────────────────────────────────────


class _FliteWave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


def _function(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function  # type: ignore[no-any-return]


def _say_flite(voice: Voice, texts: Sequence[str]) -> list[Speech]:
    pointer = ctypes.c_void_p
    flite = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
    for name in ("libflite_cmulex.so.1", "libflite_usenglish.so.1"):
        ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
    flite.flite_init()
    register = _function(ctypes.CDLL(f"libflite_{voice.name}.so.1"), f"register_{voice.name}", pointer, pointer)
    synthesise = _function(flite, "flite_synth_text", pointer, ctypes.c_char_p, pointer)
    wave_of = _function(flite, "utt_wave", ctypes.POINTER(_FliteWave), pointer)
    relation = _function(flite, "utt_relation", pointer, pointer, ctypes.c_char_p)
    head = _function(flite, "relation_head", pointer, pointer)
    following = _function(flite, "item_next", pointer, pointer)
    number_at = _function(flite, "ffeature_float", ctypes.c_float, pointer, ctypes.c_char_p)
    handle = register(None)
    spoken = []
    for text in texts:
        _seed_c_library()  # flite's excitation noise comes from rand()
        utterance = synthesise(text.encode(), handle)
        wave = wave_of(utterance).contents
        samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).astype(np.float64)
        times = []
        token = head(relation(utterance, b"Token"))
        while token:
            start = number_at(token, b"daughter1.R:SylStructure.daughter1.daughter1.R:Segment.p.end")
            end = number_at(token, b"daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end")
            times.append((start, end))
            token = following(token)
        spoken.append(Speech(samples / 32768.0, wave.sample_rate, _with_text(text, times, wave.sample_rate)))
    return spoken


def _seed_c_library() -> None:
    ctypes.CDLL(None).srand(_SEED)


# ── eSpeak NG ────────────────────────────────────────────────────────────────


class _EspeakEvent(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_WORD, _END = 1, 5  # espeakEVENT_WORD, espeakEVENT_END (of a clause)
_RETRIEVAL = 1  # AUDIO_OUTPUT_RETRIEVAL: no playback, sound to the callback
_UTF8 = 1
_PARAMETER_RATE, _PARAMETER_PITCH, _PARAMETER_RANGE = 1, 3, 4


def _say_espeak(voice: Voice, texts: Sequence[str]) -> list[Speech]:
    # The library keeps state from one utterance to the next, even across espeak_Terminate: a process for each.
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        return pool.starmap(say_with_espeak_here, [(voice, text) for text in texts], chunksize=1)


@lru_cache(maxsize=1)
def initialised_espeak() -> tuple[ctypes.CDLL, int]:
    """The library, initialised once per process, and its sample rate."""
    library = ctypes.CDLL("libespeak-ng.so.1")
    return library, int(library.espeak_Initialize(_RETRIEVAL, 0, None, 0))


def say_with_espeak_here(voice: Voice, text: str) -> Speech:
    """Say a text with eSpeak in this process: quick, but the sound may depend on what the process said before."""
    espeak, rate_hz = initialised_espeak()
    _seed_c_library()
    chunks: list[bytes] = []
    marks: list[tuple[int, int]] = []  # place in the text, or -1 at the end of a clause; sample

    def receive(samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            chunks.append(ctypes.string_at(samples, 2 * count))
        index = 0
        while events[index].type:
            event = events[index]
            if event.type in (_WORD, _END):
                marks.append((event.text_position - 1 if event.type == _WORD else -1, event.sample))
            index += 1
        return 0

    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_EspeakEvent))
    callback = kind(receive)  # kept in a name: the library holds no reference
    espeak.espeak_SetSynthCallback(callback)
    if espeak.espeak_SetVoiceByName(voice.name.encode()) != 0:
        raise RuntimeError(f"espeak has no voice {voice.name}")
    espeak.espeak_SetParameter(_PARAMETER_RATE, voice.rate_wpm, 0)
    espeak.espeak_SetParameter(_PARAMETER_PITCH, voice.pitch, 0)
    if voice.pitch_range != 50:  # 50 is the library's own
        espeak.espeak_SetParameter(_PARAMETER_RANGE, voice.pitch_range, 0)
    data = text.encode() + b"\0"
    espeak.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 1, 0, _UTF8, None, None)
    espeak.espeak_Synchronize()

    sound = np.frombuffer(b"".join(chunks), np.int16).astype(np.float64) / 32768.0
    times: list[tuple[float, float]] = []
    for group, first, last in _groups(text, [place for place, _ in marks]):
        start = marks[first][1] / rate_hz  # a word ends where the next mark stands
        end = (marks[last + 1][1] if last + 1 < len(marks) else len(sound)) / rate_hz
        letters = np.cumsum([0, *map(len, group)])
        edges = (start + (end - start) * letters / letters[-1]).tolist()
        times += itertools.pairwise(edges)
    return Speech(sound, rate_hz, _with_text(text, times, rate_hz))


def _groups(text: str, marks: list[int]) -> list[tuple[list[str], int, int]]:
    """Words that are said as one, with the first and last mark that stands in the first of them; the others have no mark."""
    groups: list[tuple[list[str], int, int]] = []
    for word, first, last in _tokens(text):
        own = [index for index, place in enumerate(marks) if first <= place < last]
        if own:
            groups.append(([word], own[0], own[-1]))
        elif groups:
            groups[-1][0].append(word)
    return groups


_ENGINES: dict[str, Callable[[Voice, Sequence[str]], list[Speech]]] = {
    "festival": _say_festival,
    "flite": _say_flite,
    "espeak": _say_espeak,
}
