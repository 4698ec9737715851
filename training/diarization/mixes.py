"""Synthetic calls of one, two or three speakers on one channel, with the time of every turn.

Conventions
-----------
A *mix* is a mono recording of 30-90 s at 8 kHz: each party speaks through a telephone line of its own (level, noise, codecs),
then the lines are averaged as a down-mix does, and sometimes coded once more as a recording. Times are in ms. Texts, voices
and lines are drawn by seed; the same seed gives the same texts, voices and turns. Two speakers of a mix never have the same
voice, whatever the rate, the pitch and the playing speed.

Definition
----------
turn
    Where one speaker's sound is audible; pauses below 300 ms are part of it. Outside its turns a speaker is silenced before
    noise and codecs, so the truth is exact (see `benchmarks.corpus.staging`).

Edge cases
----------
Hold music, tones and digital silence are nobody's turn. A few mixes have one speaker only.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import signal
from scipy.io import wavfile

from benchmarks.corpus import codecs, conditions, music, telephone, tones
from benchmarks.corpus.rendering import NOISES
from benchmarks.corpus.staging import Line, prepare
from benchmarks.corpus.telephone import PER_MS, RATE_HZ, Sound, gain, rms
from benchmarks.corpus.voices import Voice, say, say_with_espeak_here
from training.apart import run_apart
from training.recogniser import strips
from training.recogniser.text import LANGUAGES, utterance

Pcm: TypeAlias = npt.NDArray[np.int16]
Turn: TypeAlias = tuple[str, int, int]
"""Speaker, start and end in ms."""

MODEL_RATE_HZ = 16_000
LENGTH_MS = (30_000, 90_000)
_A_PROCESS = 20
"""Mixes made in one process."""

_SPEAKERS = (1, 2, 3)
_SPEAKER_SHARES = (0.1, 0.78, 0.12)
_LANGUAGE_SHARES = (0.5, 0.27, 0.23)  # of LANGUAGES
_TEXT_MS = 1_900
"""About as long lasts an utterance with the pause after it."""
_SHORT = {
    "ru": "да|ага|угу|так|хорошо|понятно|ясно|конечно|нет".split("|"),
    "en": "yes|okay|right|I see|sure|yeah|no|of course".split("|"),
    "zh": "好|对|是的|好的|明白|知道了|可以".split("|"),
}
_FORMS = ("mp3_low", "opus", "opus_low", "alaw")
_FORM_SHARE, _HOLD_SHARE, _RING_SHARE = 0.35, 0.05, 0.12
_NOISE_FLOOR_DBFS, _BESIDE_DBFS = -70.0, -68.0
_CEILING = 0.98
STANDARD_DBFS = -24.0


@dataclass(frozen=True, slots=True)
class Said:
    """A prepared utterance at its place."""

    by: int
    start_ms: int
    line: Line

    @property
    def end_ms(self) -> int:
        """When its last sound is heard."""
        return self.start_ms + self.line.duration_ms


@dataclass(frozen=True, slots=True)
class Mix:
    """A mix.

    Attributes
    ----------
    pcm
        8 kHz, 16 bit, shape ``(samples,)``.
    turns
        In order of their starts.
    """

    pcm: Pcm
    turns: tuple[Turn, ...]
    speakers: int


def make(seed: str, *, is_held_out: bool = False, speakers: int | None = None) -> Mix:
    """Make a mix.

    Parameters
    ----------
    is_held_out
        Of voices that are never trained on.
    speakers
        How many; drawn if not given.
    """
    rng = Random(seed)
    language = rng.choices(LANGUAGES, _LANGUAGE_SHARES)[0]
    count = speakers or rng.choices(_SPEAKERS, _SPEAKER_SHARES)[0]
    length_ms = rng.randint(*LENGTH_MS)
    lines = [
        _lines(voice, language, length_ms // (_TEXT_MS * count) + 3, rng) for voice in _cast(language, count, is_held_out, rng)
    ]
    said, holds = conversation(lines, length_ms, rng)
    end_ms = max([one.end_ms for one in said] + [end for _, end in holds]) + rng.randint(50, 1500)
    pcm = _render(said, holds, count, end_ms, language, rng)
    turns = sorted(
        ((f"s{one.by}", one.start_ms + span.start_ms, one.start_ms + span.end_ms) for one in said for span in one.line.spans),
        key=lambda turn: turn[1:],
    )
    return Mix(pcm, tuple(turns), count)


def identity(voice: Voice) -> str:
    """Whose voice it is, whatever the language, rate, pitch and playing speed."""
    return voice.name.partition("+")[2] or voice.name


def trained_voice(language: str, rng: Random) -> Voice:
    """A voice to train on: one of the corpus's own that is not held out, a little varied, or any other of eSpeak's."""
    return strips._voice(language, rng)


def held_out_voice(language: str, rng: Random) -> Voice:
    """A voice of the corpus that is held out; where a language has just one engine's, two playing speeds are two settings."""
    entry = rng.choice([voice for voice in _held_out() if voice["language"] == language])
    return Voice(**{key: entry[key] for key in ("engine", "name", "scale", "rate_wpm", "pitch") if key in entry})


@lru_cache(maxsize=1)
def _held_out() -> tuple[dict[str, Any], ...]:
    path = Path(conditions.__file__).with_name("voices.toml")
    voices = tomllib.loads(path.read_text(encoding="utf-8"))["voices"]
    return tuple(voice for voice in voices if voice.get("held_out"))


def _cast(language: str, count: int, is_held_out: bool, rng: Random) -> list[Voice]:
    cast: list[Voice] = []
    while len(cast) < count:
        voice = (held_out_voice if is_held_out else trained_voice)(language, rng)
        if identity(voice) not in map(identity, cast):
            cast.append(voice)
    return cast


def speak(voice: Voice, texts: Sequence[str]) -> list[Line]:
    """Say texts, levelled, band-limited and trimmed."""
    voice = replace(voice, level_dbfs=STANDARD_DBFS)
    if voice.engine == "espeak":
        return [prepare(say_with_espeak_here(voice, text), voice) for text in texts]
    return [prepare(speech, voice) for speech in say(voice, texts)]


def _lines(voice: Voice, language: str, count: int, rng: Random) -> list[Line]:
    """Utterances of a speaker, every fourth a short one."""
    texts = [rng.choice(_SHORT[language]) if n % 4 == 3 else utterance(language, rng) for n in range(count)]
    return speak(voice, texts)


def conversation(lines: Sequence[Sequence[Line]], length_ms: int, rng: Random) -> tuple[list[Said], list[tuple[int, int]]]:
    """Put utterances of several speakers on a time line, until one has none left or the time is over.

    Parameters
    ----------
    lines
        Utterances of each speaker.

    Returns
    -------
    said, holds
        What is said when, and where somebody is parked as ``(start_ms, end_ms)``.
    """
    left = [list(own) for own in lines]
    said: list[Said] = []
    holds: list[tuple[int, int]] = []
    by, at_ms = rng.randrange(len(left)), rng.randint(100, 2500)
    while at_ms < length_ms and left[by]:
        for _ in range(rng.choice((1, 1, 2, 2, 3))):
            if not left[by] or at_ms >= length_ms:
                break
            line = left[by].pop()
            said.append(Said(by, at_ms, line))
            others = [other for other in range(len(left)) if other != by and left[other]]
            if others and line.duration_ms > 1500 and rng.random() < 0.28:
                said += _backchannel(rng.choice(others), left, said, rng)
            at_ms += line.duration_ms + rng.choice((rng.randint(20, 500), rng.randint(300, 1300)))
        before, before_by = max(one.end_ms for one in said), by
        if len(left) > 1:
            by = rng.choice([other for other in range(len(left)) if other != by])
        if rng.random() < _HOLD_SHARE:
            start_ms = before + rng.randint(200, 900)
            holds.append((start_ms, start_ms + rng.randint(3_000, 10_000)))
            at_ms = holds[-1][1] + rng.randint(100, 900)
        elif rng.random() < 0.27 and by != before_by and before == said[-1].end_ms:
            at_ms = before - min(rng.randint(100, 1000), said[-1].line.duration_ms // 2)
            free_ms = max((one.end_ms for one in said if one.by == by), default=0)
            at_ms = max(at_ms, free_ms + 50)
        else:
            at_ms = before + (rng.randint(80, 900) if rng.random() < 0.85 else rng.randint(900, 4000))
    return said, holds


def _backchannel(by: int, left: list[list[Line]], said: Sequence[Said], rng: Random) -> list[Said]:
    """The shortest of a speaker's utterances somewhere over the last one, unless the speaker is still busy there."""
    over = said[-1]
    number = min(range(len(left[by])), key=lambda n: left[by][n].duration_ms)
    latest_ms = max(301, over.line.duration_ms - left[by][number].duration_ms // 2)
    start_ms = over.start_ms + rng.randint(300, latest_ms)
    if any(one.by == by and one.end_ms + 50 > start_ms for one in said):
        return []
    return [Said(by, start_ms, left[by].pop(number))]


def _render(said: Sequence[Said], holds: Sequence[tuple[int, int]], count: int, end_ms: int, language: str, rng: Random) -> Pcm:
    noise_rng = np.random.default_rng(rng.getrandbits(32))
    drawn = [conditions.draw(rng, language, ("answer",)) for _ in range(1 + count // 3)]
    paths = [path for one in drawn for path in (one.agent, one.customer)]
    country = tones.COUNTRIES[drawn[0].country]
    channels = []
    for by in range(count):
        path = paths[by]
        sound = np.zeros(end_ms * PER_MS)
        for one in said:
            if one.by == by:
                level = gain(path.level_dbfs - STANDARD_DBFS + rng.uniform(-3, 2))
                _add(sound, one.start_ms, one.line.sound * level)
        sound += noise(path, sound.size, noise_rng)
        sound *= gain(path.overdrive_db)
        if by == 0:
            for start_ms, stop_ms in holds:
                part = sound[start_ms * PER_MS : stop_ms * PER_MS]
                part[:] = _parked(part.size, rng, noise_rng)
            if said[0].start_ms > 1200 and rng.random() < _RING_SHARE:
                _add(sound, 0, tones.tone(country.ring_hz, said[0].start_ms - 200, -20.0))
        channels.append(coded(sound, path.codecs))
    mixed: Pcm = np.stack(channels).mean(axis=0).round().astype(np.int16)
    return codecs.through(rng.choice(_FORMS), mixed) if rng.random() < _FORM_SHARE else mixed


def _add(sound: Sound, at_ms: int, what: Sound) -> None:
    part = sound[at_ms * PER_MS :][: len(what)]
    part += what[: len(part)]


def noise(path: conditions.Path, samples: int, rng: np.random.Generator) -> Sound:
    """What is heard of the room and the line beside the speech."""
    if path.noise == "none":
        return np.zeros(samples)
    coloured = telephone.band_limit(NOISES[path.noise](samples, rng))
    level = gain(max(path.level_dbfs - path.snr_db, _BESIDE_DBFS))
    return coloured * (level / rms(coloured)) + telephone.line_noise(samples, _NOISE_FLOOR_DBFS, rng)


def _parked(samples: int, rng: Random, noise_rng: np.random.Generator) -> Sound:
    """Music, tones or next to nothing."""
    sound = telephone.line_noise(samples, _NOISE_FLOOR_DBFS, noise_rng)
    kind = rng.choice(("music", "music", "tone", "silence"))
    if kind == "music":
        length_ms = samples // PER_MS
        sound += music.music(rng.choice(music.NAMES), length_ms, rng.uniform(-32, -20), noise_rng)[:samples]
    elif kind == "tone":
        for at_ms in range(0, samples // PER_MS, rng.choice((700, 2000, 5000))):
            _add(sound, at_ms, tones.tone((rng.choice((400.0, 425.0, 440.0, 480.0)),), 350, rng.uniform(-30, -18)))
    return sound


def coded(sound: Sound, chain: Sequence[str]) -> Pcm:
    """Sound, clipped, after the codecs of a line."""
    pcm = np.round(np.clip(sound, -_CEILING, _CEILING) * 32768).astype(np.int16)
    for name in chain:
        pcm = codecs.through(name, pcm)
    return pcm


# ── on disk ──────────────────────────────────────────────────────────────────


def write_all(
    folder: Path, count: int, seed: str, *, is_held_out: bool = False, speakers: int | None = None, jobs: int = 1
) -> None:
    """Write mixes as ``<number>.wav`` (8 kHz) and ``<number>.rttm``; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [number for number in range(count) if not (folder / f"{number:05d}.rttm").exists()]
    groups = [missing[first : first + _A_PROCESS] for first in range(0, len(missing), _A_PROCESS)]
    run_apart(_write, [(folder, group, seed, is_held_out, speakers) for group in groups], jobs)


def _write(folder: Path, numbers: Sequence[int], seed: str, is_held_out: bool, speakers: int | None) -> None:
    for number in numbers:
        name = f"{number:05d}"
        mix = make(f"{seed}-{number}", is_held_out=is_held_out, speakers=speakers)
        wavfile.write(folder / f"{name}.wav", RATE_HZ, mix.pcm)
        # Written last: where it is, the recording is whole.
        (folder / f"{name}.rttm").write_text(rttm(name, mix.turns), encoding="utf-8")


def rttm(name: str, turns: Sequence[Turn]) -> str:
    """NIST RTTM, one line a turn."""
    return "".join(
        f"SPEAKER {name} 1 {start / 1000:.3f} {(end - start) / 1000:.3f} <NA> <NA> {by} <NA> <NA>\n" for by, start, end in turns
    )


def names(folder: Path) -> list[str]:
    """Mixes that are complete, in order."""
    return sorted(path.stem for path in folder.glob("*.rttm"))


def upsampled(pcm: Pcm) -> npt.NDArray[np.float32]:
    """8 kHz, 16 bit, to 16 kHz float in [-1, 1] as the models hear it, shape ``(samples,)``."""
    sound: npt.NDArray[np.float32] = signal.resample_poly(pcm.astype(np.float32) / 32768, 2, 1).astype(np.float32)
    return sound


def read_turns(path: Path) -> list[Turn]:
    """Turns of an RTTM file."""
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return [(row[7], round(1000 * float(row[3])), round(1000 * (float(row[3]) + float(row[4])))) for row in rows]
