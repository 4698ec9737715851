"""How well does the shipped demo recogniser write down synthetic calls? Nothing here says anything about real voices.

    python -m benchmarks.recognition [FOLDER] [--model PATH] [--calls 8] [--seed 20]

Definitions
-----------
calls
    Of the corpus, drawn by a seed of their own; none of the corpus's texts was trained on. So many calls of each language in
    voices that were trained on, and as many in voices that never were, all kept apart. They are made in FOLDER once.
WER, CER
    Word errors (Chinese: character errors) over words said, after `postcall.language.word_errors`. The whole way of the product
    is measured: decoding, speech detection, windows, recognition, words fitted to speech. Channels are compared each by itself.
    *as played* is the calls as they are, with every trouble of a line; *mono* those whose parties lie on one channel, where
    people who speak at once cost words.
language
    Share of calls whose language is detected right.
word time
    Median distance of a word's start from the truth's, of words that are right.
no speech
    Words written for a minute each of music, tones, noise and silence, through the same way.
"""

from __future__ import annotations

import argparse
import io
import itertools
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from scipy.io import wavfile

from benchmarks.bench_calls import SPLITS, hear, make_calls, split_of, truths
from benchmarks.corpus import music, telephone, tones
from benchmarks.corpus.planning import Plan, draw_calls
from benchmarks.corpus.rendering import NOISES
from benchmarks.corpus.script import load, paths
from postcall.language.word_errors import WordErrors, units, word_errors
from postcall.speech.engines import Transcriber
from postcall.speech.faster_whisper_engine import FasterWhisperTranscriber
from postcall.speech.listening import Listened
from postcall.speech.word_fit import WordPolicy, fit_transcript
from postcall.timeline import channel_label
from postcall.transcript import Transcript

LANGUAGES = ("ru", "en", "zh")
NO_SPEECH_S = 60


@dataclass(frozen=True, slots=True)
class Result:
    """What came out of one call."""

    language: str
    split: str
    is_mono: bool
    errors: WordErrors
    is_language_right: bool
    start_errors_ms: tuple[int, ...]
    duration_s: float
    took_s: float


def plans(calls: int, seed: int) -> list[Plan]:
    """So many calls of each language and kind of voice."""
    scripts = [load(path) for path in paths()]
    wanted = dict.fromkeys(itertools.product(LANGUAGES, SPLITS), calls)
    chosen = []
    for plan in draw_calls(scripts, 60 * calls, seed):
        kind = (plan.script.language, split_of(plan))
        if wanted[kind]:
            wanted[kind] -= 1
            chosen.append(plan)
    missing = {kind: count for kind, count in wanted.items() if count}
    if missing:
        raise ValueError(f"the draw holds too few calls: {missing}")
    return chosen


def recognise(recogniser: Transcriber, heard: Listened, language: str | None) -> Transcript:
    """Write down what was said, and fit it to speech."""
    transcript = recogniser.transcribe(heard.channels, language)
    return fit_transcript(transcript, heard.timeline.by_label, WordPolicy())


def compare(truth: dict[str, Any], recogniser: Transcriber, folder: Path) -> Result:
    """Recognise one call of the corpus and compare it with what was said."""
    sound = (folder / "recordings" / truth["recording"]).read_bytes()
    began = time.perf_counter()
    heard = hear(sound)
    transcript = recognise(recogniser, heard, None)
    took_s = time.perf_counter() - began
    language = truth["language"]
    errors, starts = WordErrors(), []
    for said, found in _streams(truth, heard, transcript):
        errors += word_errors([text for text, _ in said], [text for text, _ in found], language)
        starts += _start_errors(said, found, language)
    return Result(
        language,
        truth["split"],
        not heard.recording.topology.is_separated,
        errors,
        transcript.language == language,
        tuple(starts),
        heard.recording.duration_ms / 1000,
        took_s,
    )


Timed = list[tuple[str, int]]


def _streams(truth: dict[str, Any], heard: Listened, transcript: Transcript) -> Iterator[tuple[Timed, Timed]]:
    """Words said and words found, of each channel that is heard by itself."""
    side = {"customer": "customer"}
    said = sorted(truth["words"], key=lambda word: word["start_ms"])
    if not heard.recording.topology.is_separated:
        yield [(w["text"], w["start_ms"]) for w in said], [(w.text, w.span.start_ms) for w in transcript.words]
        return
    for channel, parties in enumerate(truth["channels"]):
        label = channel_label(channel)
        yield (
            [(w["text"], w["start_ms"]) for w in said if side.get(w["by"], "agent") in parties],
            [(w.text, w.span.start_ms) for w in transcript.words if w.speaker == label],
        )


def _start_errors(said: Timed, found: Timed, language: str) -> list[int]:
    """Distances of starts of words that are right."""
    one, other = ([(unit, at) for text, at in words for unit in units([text], language)[:1]] for words in (said, found))
    blocks = Levenshtein.opcodes([unit for unit, _ in one], [unit for unit, _ in other])
    return [
        abs(other[block.dest_start + i][1] - one[block.src_start + i][1])
        for block in blocks
        if block.tag == "equal"
        for i in range(block.src_end - block.src_start)
    ]


def no_speech() -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Sounds without speech, at 8 kHz."""
    rng = np.random.default_rng(5)
    samples = NO_SPEECH_S * telephone.RATE_HZ
    for style in music.NAMES:
        yield f"music: {style}", music.music(style, NO_SPEECH_S * 1000, -22.0, rng)
    for country, on_ms, off_ms, hertz in (
        ("ru", 1000, 4000, (425.0,)),
        ("us", 2000, 4000, (440.0, 480.0)),
        ("busy", 350, 350, (425.0,)),
    ):
        ring = np.pad(tones.tone(hertz, on_ms, -20.0), (0, off_ms * telephone.PER_MS))
        yield f"tone: {country}", np.tile(ring, samples // ring.size + 1)[:samples]
    for name, noise in NOISES.items():
        sound = telephone.band_limit(noise(samples, rng))
        yield f"noise: {name}", sound * (telephone.gain(-35.0) / telephone.rms(sound))
    yield "silence", np.zeros(samples)


def as_wav(sound: NDArray[np.float64]) -> bytes:
    """16-bit WAV at 8 kHz."""
    file = io.BytesIO()
    wavfile.write(file, telephone.RATE_HZ, np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16))
    return file.getvalue()


def _table(results: Sequence[Result]) -> Iterator[str]:
    yield (
        f"{'voices':9} {'language':9} {'calls':>5} {'words':>6} {'errors':>7} {'rate':>7} {'separate':>9} {'mono':>7} "
        f"{'word time':>10} {'language':>9}"
    )
    groups: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        groups[result.split, result.language].append(result)
    for split, language in itertools.product(SPLITS, LANGUAGES):
        group = groups[split, language]
        whole = sum((r.errors for r in group), WordErrors())
        apart, mono = (sum((r.errors for r in group if r.is_mono == kind), WordErrors()) for kind in (False, True))
        starts = [error for r in group for error in r.start_errors_ms]
        right = sum(r.is_language_right for r in group)
        yield (
            f"{split:9} {language:9} {len(group):5} {whole.said:6} {whole.errors:7} {_percent(whole):>7} {_percent(apart):>9} "
            f"{_percent(mono):>7} {f'{np.median(starts):.0f} ms' if starts else '-':>10} {f'{right}/{len(group)}':>9}"
        )


def _percent(errors: WordErrors) -> str:
    return "-" if errors.rate is None else f"{errors.rate:.1%}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../postcall-bench-asr"), help="where the calls are made")
    parser.add_argument("--model", default="demo", help="folder of another model")
    parser.add_argument("--calls", type=int, default=8, help="of each language and kind of voice")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--beam-size", type=int, default=5)
    options = parser.parse_args()
    make_calls(options.folder, plans(options.calls, options.seed))
    recogniser = FasterWhisperTranscriber({"model": options.model, "device": "cpu", "beam_size": options.beam_size})
    results = [compare(truth, recogniser, options.folder) for truth in truths(options.folder)]
    print("\n".join(_table(results)))
    duration_s, took_s = sum(r.duration_s for r in results), sum(r.took_s for r in results)
    print(f"\n{duration_s / 60:.0f} minutes of calls in {took_s:.0f} s, {duration_s / took_s:.0f} times real time")
    print("\nwords where nobody speaks, in a minute of each")
    for name, sound in no_speech():
        heard = hear(as_wav(sound))
        words = recognise(recogniser, heard, Random(name).choice(LANGUAGES)).words
        print(f"{name:16} {len(words)}")


if __name__ == "__main__":
    main()
