"""Training in four stages, each of which goes on from its last checkpoint when started again.

Stages
------
``encoder``
    The encoder alone learns to hear sounds (CTC), in short windows anywhere among its positions. Its first steps are eased by
    the sound said in each state, divided linearly over each word: without that it stays on a plateau for a thousand steps.
``decoder``
    The decoder begins to write what a frozen encoder hears, in the same short windows. Its attention is led: the first layer
    finds where the last token was said, the others where the next one is. A part of the tokens it has written is replaced at
    random, so that it must listen: without both it becomes a language model that ignores the sound.
``together``
    Encoder and decoder learn on, in short windows: a step costs a third of one with full windows.
``whole``
    The same in windows of up to 30 s, padded as the recogniser pads them, at a small rate.

Several processes may train a stage together, each with one thread, which is twice as fast as one process with two threads:
number 0 leads and writes the checkpoint, and all take the mean of their weights now and then (local SGD). A process that is
slow, or late, or gone, holds up no other.

References
----------
Stich 2019, "Local SGD converges fast and communicates little".
Jordan 2024, "Muon: an optimizer for hidden layers in neural networks".
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.recogniser import shards
from training.recogniser.model import LED_HEADS, Recogniser, Shape, begin_writing
from training.recogniser.vocabulary import SOUNDS, Vocabulary
from training.recogniser.windows import EASY_BATCHES, FULL_FRAMES, PADDED_FRAMES, Batch, Cutter, Piece, prepare

_EASED_STEPS = 600
_WHOLE_SIZES = (
    *((600, 600), (900, 900), (FULL_FRAMES, FULL_FRAMES), (900, FULL_FRAMES)),
    *((FULL_FRAMES, 2250), (FULL_FRAMES, PADDED_FRAMES), (600, PADDED_FRAMES)),
)
"""Longest window and padding of the batches of whole windows; padding all as they are heard would cost double."""
_MATRIX_RATE = 2.0
"""Muon's learning rate over AdamW's."""
CHECKPOINT_EVERY = 100
_MEET_EVERY, _GONE_AFTER_S = 25, 300.0
"""Steps after which processes take the mean of their weights, and the age at which another's are not taken any more."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How a stage is trained.

    Attributes
    ----------
    frames, batch
        Length of windows in mel frames, and windows per step.
    rate
        Highest learning rate; reached after ``warm_steps``, then falling along a half cosine.
    replaced
        Largest share of replaced tokens.
    """

    name: str
    frames: int
    batch: int
    rate: float
    warm_steps: int
    replaced: float = 0.0


STAGES = {
    stage.name: stage
    for stage in (
        Stage("encoder", 300, 32, 1.5e-3, 300),
        Stage("decoder", 300, 32, 1.5e-3, 300, replaced=0.3),
        Stage("together", 300, 32, 1e-3, 200, replaced=0.2),
        Stage("whole", FULL_FRAMES, 8, 5e-4, 100, replaced=0.15),
    )
}


class Pool:
    """Pieces of all finished shards; new shards are taken in as they appear."""

    def __init__(self, folders: Sequence[Path], vocabulary: Vocabulary, seed: int) -> None:
        self._folders, self._vocabulary, self._rng = folders, vocabulary, Random(seed)
        self.pieces: list[Piece] = []
        self._known: set[Path] = set()

    def refresh(self) -> None:
        """Take in what has been finished since."""
        for folder in self._folders:
            for path in sorted(set(folder.glob("*.json")) - self._known):
                self._known.add(path)
                prepared = (prepare(strip, self._vocabulary) for strip in shards.open_shard(path).strips())
                self.pieces += [piece for piece in prepared if piece is not None]

    def epochs(self) -> Iterator[Piece]:
        """All pieces in random order, again and again."""
        while True:
            self.refresh()
            order = list(self.pieces)
            self._rng.shuffle(order)
            yield from order


def batches(pool: Pool, stage: Stage, vocabulary: Vocabulary, step: int) -> Iterator[Batch]:
    """Batches from a step on, made in a thread of their own while the step before is computed."""
    made = step if stage.name == "encoder" else EASY_BATCHES
    moves = stage.frames < FULL_FRAMES
    sizes = [(stage.frames, 0)] if moves else _WHOLE_SIZES
    cutter, ready = Cutter(vocabulary, seed=1000 + step, made=made), queue.Queue[Batch | Exception](maxsize=4)

    def make() -> None:
        pieces, rng = pool.epochs(), Random(step)
        try:
            while True:
                frames, padded = rng.choice(sizes)
                count = stage.batch * stage.frames // max(frames, padded)
                ready.put(cutter.batch([next(pieces) for _ in range(count)], frames, moves=moves, padded=padded))
        except Exception as error:  # noqa: BLE001 - raised again where batches are taken
            ready.put(error)

    threading.Thread(target=make, daemon=True).start()
    while True:
        batch = ready.get()
        if isinstance(batch, Exception):
            raise batch
        yield batch


def hearing_loss(states: Tensor, model: Recogniser, batch: Batch, eased: float) -> tuple[Tensor, Tensor]:
    """CTC loss per sound, and cross entropy of the sound in each state (nan when not eased)."""
    scores = model.hear(states).float().log_softmax(-1)
    lengths = torch.full((scores.shape[0],), scores.shape[1])
    ctc = functional.ctc_loss(
        scores.transpose(0, 1), batch.sounds, lengths, batch.sound_counts, reduction="sum", zero_infinity=True
    )
    ctc = ctc / max(int(batch.sound_counts.sum()), 1)
    if not eased:
        return ctc, torch.tensor(math.nan)
    return ctc, functional.nll_loss(scores.reshape(-1, SOUNDS), batch.frames.reshape(-1))


def writing_loss(
    model: Recogniser, states: Tensor, batch: Batch, vocabulary: Vocabulary, replaced: float
) -> tuple[Tensor, Tensor]:
    """Cross entropy of the next token, and how far attention is from where tokens are said."""
    tokens = batch.tokens
    given, wanted = tokens[:, :-1].clamp(min=0).clone(), tokens[:, 1:].clone()
    nothing = batch.sound_counts == 0
    # A window without speech: the first thing said about it is that nobody speaks.
    wanted[:, 0] = torch.where(nothing, torch.tensor(vocabulary.special("nospeech")), wanted[:, 0])
    wanted[:, 1] = torch.where(wanted[:, 1] == vocabulary.special("transcribe"), -100, wanted[:, 1])
    text_end = vocabulary.special("endoftext")
    share = torch.rand(len(given), 1) * replaced
    changed = (torch.rand(given.shape) < share) & (given < text_end) & (tokens[:, :-1] >= 0)
    given = torch.where(changed, torch.randint(0, text_end, given.shape), given)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits, attentions = model.decode(given, states, batch.places[:, :-1])
    cross_entropy = functional.cross_entropy(logits.float().flatten(0, 1), wanted.flatten(), ignore_index=-100)
    led = torch.zeros(())
    for number, attention in enumerate(attentions):
        spans = batch.spans[:, :-1] if number == 0 else batch.spans[:, 1:]
        led = led + _astray(attention[:, :LED_HEADS], spans)
    return cross_entropy, led / len(attentions)


def _astray(attention: Tensor, spans: Tensor) -> Tensor:
    """Mean negative logarithm of the attention's mass inside the states where a token is said, one state of tolerance."""
    has = spans[..., 0] >= 0
    places = torch.arange(attention.shape[-1])
    inside = (places >= spans[..., :1] - 1) & (places < spans[..., 1:] + 1)
    mass = torch.logsumexp(attention.masked_fill(~inside[:, None], -1e4), -1)
    return -(mass * has[:, None]).sum() / (has.sum() * attention.shape[1]).clamp(min=1)


class Company:
    """Processes that train a stage together, by files beside its checkpoint.

    Parameters
    ----------
    checkpoint
        Of the stage.
    number
        Of this process; 0 leads.
    """

    def __init__(self, checkpoint: Path, number: int) -> None:
        self._checkpoint, self._number = checkpoint, number
        self._seen: dict[Path, int] = {}
        self._made = 0

    def meet(self, model: Recogniser, step: int) -> int:
        """Take the mean of all weights, by steps made since; gives the leader's step, or this one's where none leads."""
        own = self._file(self._number)
        self._made += _MEET_EVERY
        weights, total, led_by = {name: value * _MEET_EVERY for name, value in model.state_dict().items()}, _MEET_EVERY, step
        for path in sorted(self._checkpoint.parent.glob(self._file("*").name)):
            if path == own or time.time() - path.stat().st_mtime > _GONE_AFTER_S:
                continue
            other = torch.load(path, weights_only=True)
            made = min(other["made"] - self._seen.get(path, other["made"] - _MEET_EVERY), 4 * _MEET_EVERY)
            self._seen[path] = other["made"]
            if path == self._file(0):
                led_by = other["step"]
            for name, value in other["model"].items():
                weights[name] += value * made
            total += made
        model.load_state_dict({name: value / total for name, value in weights.items()})
        part = own.with_suffix(".part")
        torch.save({"model": model.state_dict(), "made": self._made, "step": step}, part)
        part.replace(own)
        return int(led_by)

    def _file(self, number: int | str) -> Path:
        return self._checkpoint.with_suffix(f".{number}.company")


def train(
    stage: Stage,
    out: Path,
    folders: Sequence[Path],
    vocabulary: Vocabulary,
    steps: int,
    start: Path | None = None,
    number: int = 0,
) -> None:
    """Train a stage to its last step, writing ``out/<stage>.pt`` now and then.

    Parameters
    ----------
    out
        Folder of checkpoints.
    folders
        Of shards.
    steps
        At which the stage ends; the learning rate is laid out for it.
    start
        Checkpoint to begin with when the stage has none of its own.
    number
        Of this process among those that train the stage together; only 0 writes the checkpoint.
    """
    checkpoint = out / f"{stage.name}.pt"
    model = Recogniser(Shape(vocabulary.size))
    if stage.name == "decoder":
        model.encoder.requires_grad_(False)
        model.sounds.requires_grad_(False)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimisers = _optimisers(model, stage.rate)
    step = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        for optimiser, state in zip(optimisers, saved.get("optimisers", ()), strict=False):
            optimiser.load_state_dict(state)
        step = saved["step"]
    elif start is not None:
        saved = torch.load(start, weights_only=True)["model"]
        heard = {name: value for name, value in saved.items() if name.startswith(("encoder.", "sounds."))}
        model.load_state_dict(heard if stage.name == "decoder" else saved, strict=stage.name != "decoder")
        if stage.name == "decoder":
            begin_writing(model, vocabulary.sounds())
    pool, company = Pool(folders, vocabulary, seed=step + 1_000_003 * number), Company(checkpoint, number)
    pool.refresh()
    size = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    print(f"{stage.name}: {size:.2f} M parameters, {len(pool.pieces)} strips, from step {step}", flush=True)
    sums, began = np.zeros(4), time.monotonic()
    made = 0
    for batch in batches(pool, stage, vocabulary, step):
        if step >= steps:
            break
        rate = stage.rate * min((step + 1) / stage.warm_steps, 0.02 + 0.49 * (1 + math.cos(math.pi * step / steps)))
        losses = _step(model, stage, batch, vocabulary, step)
        model.zero_grad(set_to_none=True)
        losses[0].backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimiser, factor in zip(optimisers, (_MATRIX_RATE, 1.0), strict=True):
            optimiser.param_groups[0]["lr"] = factor * rate
            optimiser.step()
        step, made = step + 1, made + 1
        sums += [loss.item() for loss in losses[:4]]
        if made % _MEET_EVERY == 0:
            step = company.meet(model, step)
        if made % 50 == 0:
            ctc, eased, text, led = (sums / 50).tolist()
            sums[:] = 0
            pace = (time.monotonic() - began) / made
            print(
                f"{step:6} loss {ctc:.3f} ctc {eased:.3f} text {text:.3f} led {led:.3f} rate {rate:.1e} {pace:.2f} s/step",
                flush=True,
            )
        if number == 0 and (step % CHECKPOINT_EVERY == 0 or step == steps):
            part = checkpoint.with_suffix(".part")
            torch.save(
                {
                    "model": model.state_dict(),
                    "optimisers": [optimiser.state_dict() for optimiser in optimisers],
                    "step": step,
                    "shape": model.shape.as_dict(),
                },
                part,
            )
            part.replace(checkpoint)


def _optimisers(model: Recogniser, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for everything else; what is frozen stays out."""
    matrices, others = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            (matrices if "layers." in name and parameter.ndim == 2 else others).append(parameter)
    return [
        torch.optim.Muon(matrices, lr=_MATRIX_RATE * rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True),
    ]


def _step(model: Recogniser, stage: Stage, batch: Batch, vocabulary: Vocabulary, step: int) -> list[Tensor]:
    """Loss of a step and its parts: CTC, text, attention."""
    nothing = torch.zeros(())
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.set_grad_enabled(stage.name != "decoder"):
        states = model.encoder(batch.mel, batch.offsets)
    if stage.name == "encoder":
        eased = max(1.0 - step / _EASED_STEPS, 0.0)
        ctc, linear = hearing_loss(states, model, batch, eased)
        return [ctc + eased * linear if eased else ctc, ctc, nothing, nothing]
    text, led = writing_loss(model, states, batch, vocabulary, stage.replaced)
    loss = text + max(0.1, 1 - step / 2000) * led
    if stage.name == "decoder":
        return [loss, nothing, text, led]
    ctc, _ = hearing_loss(states, model, batch, 0.0)
    return [loss + 0.5 * ctc, ctc, text, led]
