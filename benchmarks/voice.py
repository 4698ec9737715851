"""How exact are pitch, estimated syllables and filled pauses? Real recordings, and calls of the corpus.

    python -m benchmarks.voice [FOLDER OF REAL RECORDINGS] [--corpus FOLDER]

Definitions
-----------
pitch
    Against probabilistic YIN (librosa), a method of another kind, on the frames that both call voiced: the median difference,
    and the share of frames that differ by more than two semitones. *voicing* is the share of frames of speech of which one
    says voiced and the other not; pYIN takes seconds for what ours does in milliseconds.
syllables
    Nuclei found against syllables of the human text (``postcall.language.syllables``), by side of a call or by prompt of at
    least ``_FEWEST`` syllables. *Factor* is syllables over nuclei of all together, *error* the absolute error of a side with
    that factor.
filled pauses
    On real calls: those that a person wrote down as "uh" or "um", found when one of ours lies in the same segment; and ours in
    segments without any. Prompts are read, so whatever is found there is false.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import librosa
import numpy as np
from numpy.typing import NDArray

from analyzers.filled_pauses import FilledPausesPolicy
from benchmarks.accuracy import plans
from benchmarks.bench_calls import hear, make_calls, truths
from benchmarks.talk_time import FOLDER, PARTIES
from postcall.acoustics import ChannelSound, VoiceTrack
from postcall.audio.decode import DecodePolicy, decode, resample
from postcall.audio.spectrum import SAMPLE_RATE_HZ
from postcall.language.syllables import syllables
from postcall.spans import Span
from postcall.timeline import MIXED, channel_label

_FILLERS = {"uh", "um", "ah", "er", "hm", "mm"}
_FEWEST = 15
_SEED, _CALLS = 43, 60


@dataclass(frozen=True, slots=True)
class Side:
    """One party of a call, or one prompt.

    Attributes
    ----------
    group
        What it is counted with.
    nuclei, said
        Nuclei found, and syllables of the text.
    segments
        Where a person wrote down what is said, with how many filled pauses; empty when nobody did.
    """

    group: str
    track: VoiceTrack
    nuclei: int
    said: int
    talk_s: float
    segments: tuple[tuple[Span, int], ...] = ()
    samples: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)


def real_calls(folder: Path) -> Iterator[Side]:
    """Both sides of every call with a human text beside it."""
    for path in sorted(folder.glob("*.stereo.wav")):
        lines = path.with_name(path.name.replace(".stereo.wav", ".stm")).read_text(encoding="utf-8").splitlines()
        heard, samples = hear(path.read_bytes()), _samples(path)
        for number, party in enumerate(PARTIES):
            rows = [line.split(maxsplit=5) for line in lines]
            said = [row for row in rows if row[2] == party and len(row) > 5]
            label = channel_label(number)
            segments = tuple(
                (Span(round(float(a) * 1000), round(float(b) * 1000)), sum(word in _FILLERS for word in text.split()))
                for _, _, _, a, b, text in said
            )
            text = " ".join(row[5] for row in said)
            yield _side(
                "real calls, English",
                heard.acoustics.channels[label],
                heard.timeline.by_label[label],
                text,
                "en",
                segments,
                samples[number],
            )


def prompts(folder: Path) -> Iterator[Side]:
    """Every prompt whose text has no digits."""
    for line in (folder / "transcripts.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, _, text = line.split("\t")
        if any(mark.isdigit() for mark in text):
            continue
        heard = hear((folder / name).read_bytes())
        if heard.timeline.by_label[MIXED]:
            yield _side(
                "real prompts, Russian",
                heard.acoustics.channels[MIXED],
                heard.timeline.by_label[MIXED],
                text,
                "ru",
                (),
                _samples(folder / name)[0],
            )


def corpus_calls(folder: Path) -> Iterator[Side]:
    """Both sides of calls on separate channels."""
    make_calls(folder, plans(_CALLS, _SEED))
    for truth in truths(folder):
        heard = hear((folder / "recordings" / truth["recording"]).read_bytes())
        if not heard.recording.topology.is_separated:
            continue
        for number, parties in enumerate(truth["channels"]):
            label = channel_label(number)
            text = " ".join(word["text"] for word in truth["words"] if word["by"] in parties)
            yield _side(
                f"corpus, {truth['language']}",
                heard.acoustics.channels[label],
                heard.timeline.by_label[label],
                text,
                truth["language"],
            )


def _side(
    group: str,
    channel: ChannelSound,
    talk: tuple[Span, ...],
    text: str,
    language: str,
    segments: tuple[tuple[Span, int], ...] = (),
    samples: NDArray[np.float32] | None = None,
) -> Side:
    counts = [syllables(word, language) for word in text.split() if "[" not in word]
    nuclei = sum(span.start_ms <= at < span.end_ms for at in channel.voice.nuclei_ms for span in talk)
    said = sum(count for count in counts if count) if all(count is not None for count in counts) else 0
    talk_s = sum(span.duration_ms for span in talk) / 1000
    kept = np.zeros(0, np.float32) if samples is None else samples
    return Side(group, channel.voice, nuclei, said, talk_s, segments, kept)


def _samples(path: Path) -> NDArray[np.float32]:
    with path.open("rb") as file:
        sound = decode(file, DecodePolicy())
    return resample(sound.samples, sound.sample_rate_hz, SAMPLE_RATE_HZ)


def pitch_line(sides: list[Side]) -> str:
    """Ours against pYIN."""
    differences, disagreed, spoken = [], 0, 0
    for side in sides:
        ours = side.track.pitch_hz()
        theirs, _, _ = librosa.pyin(
            side.samples, fmin=65, fmax=450, sr=SAMPLE_RATE_HZ, frame_length=512, hop_length=SAMPLE_RATE_HZ // 50
        )
        # Theirs stand at the edges of our frames.
        theirs = np.sqrt(theirs[:-1] * theirs[1:])[: ours.size]
        ours = ours[: theirs.size]
        inside = np.isfinite(side.track.level_dbfs()[: theirs.size])
        both = np.isfinite(ours) & np.isfinite(theirs)
        differences.append(12 * np.abs(np.log2(ours[both] / theirs[both])))
        disagreed += int((np.isfinite(ours) ^ np.isfinite(theirs))[inside].sum())
        spoken += int(inside.sum())
    found = np.concatenate(differences)
    return (
        f"{found.size} frames: median difference {np.median(found):.2f} semitones, more than 2 semitones "
        f"{(found > 2).mean():.1%}; voicing differs in {disagreed / spoken:.0%} of speech"
    )


def syllable_line(sides: list[Side]) -> str | None:
    """Factor, and the error with it."""
    counts = np.array([(side.nuclei, side.said) for side in sides if side.said >= _FEWEST], float)
    if not len(counts):
        return None
    factor = counts[:, 1].sum() / counts[:, 0].sum()
    errors = np.abs(counts[:, 0] * factor / counts[:, 1] - 1)
    return (
        f"{len(counts):3} sides, {int(counts[:, 1].sum()):5} syllables, factor {factor:.2f}, "
        f"error: median {np.median(errors):5.1%}, 90th percentile {np.quantile(errors, 0.9):5.1%}"
    )


def filled_pause_line(sides: list[Side]) -> str:
    """Found and false ones."""
    least_ms = FilledPausesPolicy().min_s * 1000
    said = found = others = 0
    minutes = sum(side.talk_s for side in sides) / 60
    for side in sides:
        held = [span for span in side.track.held if span.duration_ms >= least_ms]
        said += sum(count for _, count in side.segments)
        hits = sum(min(count, sum(span.overlaps(one) for one in held)) for span, count in side.segments)
        found, others = found + hits, others + len(held) - hits
    return f"{found} of {said} that are said; {others} others in {minutes:.1f} min of speech"


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.voice", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="holds harper_valley/ and asterisk_ru/")
    parser.add_argument("--corpus", type=Path, help="folder for calls of the corpus; without, real recordings only")
    arguments = parser.parse_args()
    groups: dict[str, list[Side]] = defaultdict(list)
    sources = [*real_calls(arguments.folder / "harper_valley"), *prompts(arguments.folder / "asterisk_ru")]
    for side in [*sources, *(corpus_calls(arguments.corpus) if arguments.corpus else ())]:
        groups[side.group].append(side)
    real = {group: sides for group, sides in groups.items() if sides[0].samples.size}
    print("pitch, against pYIN")
    for group, sides in real.items():
        print(f"  {group:22} {pitch_line(sides)}")
    print("syllables, from nuclei")
    for group, sides in groups.items():
        if line := syllable_line(sides):
            print(f"  {group:22} {line}")
    print("filled pauses")
    for group, sides in real.items():
        print(f"  {group:22} {filled_pause_line(sides)}")


if __name__ == "__main__":
    main()
