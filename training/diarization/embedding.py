"""The net that turns somebody's speech into a vector that tells voices apart.

Conventions
-----------
The net is pyannote.audio's ``XVectorMFCC`` with 40 mel bands below 3800 Hz and a frame every 25 ms. A *voice* is a class: each
of the corpus's training voices, each of eSpeak's other variants in each language with a rate, pitch and playing speed of its
own, and speakers that are drawn (`training.recogniser.speakers`). Its utterances are kept clean; each time they are drawn they
are put together to a stretch of 1.5-3.5 s and sent through another telephone line (level, noise, codecs).

pyannote.audio's own task for this (``SupervisedRepresentationLearningWithArcFace``) is not used: it cuts from single turns of
recordings and fills short ones with zeros, while utterances here are 1-3 s long and the line is to be drawn anew every time.
The loss is the one that the task uses.

References
----------
Snyder et al., "X-vectors: robust DNN embeddings for speaker recognition", ICASSP 2018; Deng et al., "ArcFace", CVPR 2019.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding import XVectorMFCC
from pytorch_metric_learning.losses import ArcFaceLoss  # type: ignore[import-untyped]

from benchmarks.corpus import conditions
from benchmarks.corpus.telephone import PER_MS, Sound, gain
from benchmarks.corpus.voices import Voice
from training.apart import run_apart
from training.diarization import mixes
from training.diarization.mixes import MODEL_RATE_HZ
from training.diarization.segmentation import WEIGHTS
from training.recogniser import speakers, strips
from training.recogniser.text import LANGUAGES, utterance

LOG = logging.getLogger(__name__)

CHECKPOINT = "embedding.pt"
DIMENSION = 64
TEXTS_PER_VOICE = 18
DRAWN_GROUPS = 4
"""Of `speakers.COUNT` voices each."""

_MFCC = {"n_mfcc": 40, "melkwargs": {"n_fft": 512, "hop_length": 400, "n_mels": 40, "f_min": 100.0, "f_max": 3800.0}}
_SHORTEST_MS, _LONGEST_MS = 1500, 3500
_PEAK_RATE = 2e-3
_MARGIN_DEGREES, _SCALE = 11.5, 30.0
_SAVE_EVERY = 100


@dataclass(frozen=True, slots=True)
class Speaker:
    """Clean utterances of a voice at 8 kHz, 16 bit."""

    language: str
    utterances: tuple[mixes.Pcm, ...]


def voices(seed: str = "voices") -> list[tuple[str, Voice]]:
    """Every voice to train on that anybody's eSpeak has, with its language; none is held out."""
    rng = Random(seed)
    listed = [
        (voice["language"], Voice(**{k: voice[k] for k in ("engine", "name", "scale", "rate_wpm", "pitch") if k in voice}))
        for voice in strips._listed()
    ]
    return listed + [_espeak(language, variant, rng) for language in LANGUAGES for variant in strips._VARIANTS]


def drawn_voices(group: int) -> list[tuple[str, Voice]]:
    """Voices of speakers that `speakers.draw` makes for a group, with their languages."""
    rng = Random(f"drawn-voices-{group}")
    names = [f"{speakers.PREFIX}{number}" for number in range(speakers.COUNT)]
    return [_espeak(LANGUAGES[number % len(LANGUAGES)], name, rng) for number, name in enumerate(names)]


def _espeak(language: str, variant: str, rng: Random) -> tuple[str, Voice]:
    low, high = strips._RATES_WPM[language]
    name = f"{rng.choice(strips._ACCENTS[language])}+{variant}"
    scale = rng.choice((1.0, round(rng.uniform(0.86, 1.18), 2)))
    return language, Voice("espeak", name, scale, rng.randint(low, high), rng.randint(25, 75))


def write_voices(folder: Path, jobs: int, texts: int = TEXTS_PER_VOICE) -> None:
    """Let every voice say texts, into ``<number>.npz``; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    run_apart(_write_group, [(folder, group, texts) for group in range(-1, DRAWN_GROUPS)], jobs)


def _write_group(folder: Path, group: int, texts: int) -> None:
    """Utterances of all of a group, or of `voices` where it is -1; in a process that has not spoken with eSpeak before."""
    with tempfile.TemporaryDirectory() as data:
        if group >= 0:
            speakers.draw(Path(data), f"diarization/{group}")
            os.environ["ESPEAK_DATA_PATH"] = data  # read once, when eSpeak begins in this process
        for number, (language, voice) in enumerate(voices() if group < 0 else drawn_voices(group)):
            path = folder / f"{number:04d}.npz" if group < 0 else folder / f"drawn-{group}-{number:04d}.npz"
            if not path.exists():
                _write_voice(path, language, voice, texts)


def _write_voice(path: Path, language: str, voice: Voice, texts: int) -> None:
    rng = Random(f"{path.stem}-texts")
    lines = mixes.speak(voice, [utterance(language, rng) for _ in range(texts)])
    pcm = [np.round(np.clip(line.sound, -1, 1) * 32767).astype(np.int16) for line in lines]
    half = path.with_suffix(".half")
    with half.open("wb") as file:
        np.savez(file, language=language, sizes=[len(one) for one in pcm], pcm=np.concatenate(pcm))
    half.rename(path)


def read_voices(folder: Path) -> list[Speaker]:
    """All voices that `write_voices` has written."""
    speakers = []
    for path in sorted(folder.glob("*.npz")):
        held = np.load(path)
        edges = np.cumsum(held["sizes"])[:-1]
        speakers.append(Speaker(str(held["language"]), tuple(np.split(held["pcm"], edges))))
    return speakers


def stretch(speaker: Speaker, length_ms: int, rng: Random) -> npt.NDArray[np.float32]:
    """Some of a speaker's speech through a line, 16 kHz, shape ``(length_ms * 16,)``."""
    wanted = length_ms * PER_MS
    pieces: list[Sound] = []
    while sum(map(len, pieces)) < wanted:
        pieces.append(rng.choice(speaker.utterances) / 32768 * gain(rng.uniform(-3, 2)))
    sound = np.concatenate(pieces)
    start = rng.randint(0, len(sound) - wanted)
    sound = sound[start : start + wanted]
    drawn = conditions.draw(rng, speaker.language, ("answer",))
    path = rng.choice((drawn.agent, drawn.customer))
    noise = mixes.noise(path, wanted, np.random.default_rng(rng.getrandbits(32)))
    line = (sound * gain(path.level_dbfs - mixes.STANDARD_DBFS) + noise) * gain(path.overdrive_db)
    pcm = mixes.coded(line, path.codecs)
    mixed = np.round(pcm * gain(rng.choice((0, -6, -6)))).astype(np.int16)  # a down-mix halves each line
    return mixes.upsampled(mixed)


def untrained(dimension: int = DIMENSION) -> Any:
    """A net with random weights."""
    model = XVectorMFCC(sample_rate=MODEL_RATE_HZ, mfcc=_MFCC, dimension=dimension)
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION,
        resolution=Resolution.CHUNK,
        duration=_LONGEST_MS / 1000,
        min_duration=_SHORTEST_MS / 1000,
        classes=[],
    )
    return model


def train(work: Path, steps: int, *, batch: int = 48, dimension: int = DIMENSION, start: Path | None = None) -> None:
    """Train on ``work/voices`` up to a number of steps, from the checkpoint if there is one.

    Parameters
    ----------
    steps
        In all; the learning rate falls to its last value there.
    batch
        Stretches a step.
    start
        Folder of a shipped net to begin with when there is no checkpoint.
    """
    known = read_voices(work / "voices")
    torch.manual_seed(1)
    model, loss_of = untrained(dimension), ArcFaceLoss(len(known), dimension, margin=_MARGIN_DEGREES, scale=_SCALE)
    optimizer = torch.optim.AdamW([*model.parameters(), *loss_of.parameters()], lr=_PEAK_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _PEAK_RATE, total_steps=steps + 1, pct_start=0.15)
    parts = {"model": model, "loss": loss_of, "optimizer": optimizer, "schedule": schedule}
    first, checkpoint = 0, work / CHECKPOINT
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=True)
        first = kept["step"]
        for name, part in parts.items():
            part.load_state_dict(kept[name])
    elif start is not None:
        kept = torch.load(start / WEIGHTS, weights_only=False, map_location="cpu")["state_dict"]
        model.load_state_dict({name: value.float() for name, value in kept.items()})
    model.train()
    losses, right = [], []
    for step, (sounds, numbers) in zip(range(first, steps), _batches(known, batch, Random(f"batches-{first}")), strict=False):
        vectors = model(sounds)
        loss = loss_of(vectors, numbers)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss))
        right.append(float((loss_of.get_logits(vectors.detach()).argmax(1) == numbers).float().mean()))
        if step % 25 == 24:
            LOG.info("embedding step %d: loss %.3f, right %.1f %%", step + 1, np.mean(losses), 100 * np.mean(right))
            losses.clear()
            right.clear()
        if (step + 1) % _SAVE_EVERY == 0 or step + 1 == steps:
            _save({name: part.state_dict() for name, part in parts.items()} | {"step": step + 1}, checkpoint)


def _save(state: dict[str, Any], path: Path) -> None:
    half = path.with_suffix(".half")
    torch.save(state, half)
    half.rename(path)


def _batches(speakers: Sequence[Speaker], size: int, rng: Random) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Stretches of equal length, shape ``(size, 1, samples)``, of voices drawn without repeating, and the voices' numbers."""
    while True:
        numbers = rng.sample(range(len(speakers)), min(size, len(speakers)))
        length_ms = rng.randint(_SHORTEST_MS, _LONGEST_MS)
        sounds = np.stack([stretch(speakers[number], length_ms, rng) for number in numbers])
        yield torch.from_numpy(sounds)[:, None], torch.tensor(numbers)


def load(work: Path) -> Any:
    """The trained net, to be used."""
    kept = torch.load(work / CHECKPOINT, weights_only=True)
    model = untrained(kept["model"]["embedding.bias"].numel())
    model.load_state_dict(kept["model"])
    return model.eval()


def vectors_of(model: Any, speakers: Sequence[Speaker], per_speaker: int, seed: str = "vectors") -> npt.NDArray[np.float64]:
    """Vectors of stretches of each speaker, shape ``(speakers, per_speaker, dimension)``."""
    rng, rows = Random(seed), []
    with torch.inference_mode():
        for speaker in speakers:
            sounds = np.stack([stretch(speaker, (_SHORTEST_MS + _LONGEST_MS) // 2, rng) for _ in range(per_speaker)])
            rows.append(model(torch.from_numpy(sounds)[:, None]).double().numpy())
    return np.stack(rows)
