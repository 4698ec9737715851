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

A GPU trains batches of hundreds of windows in less time than a CPU takes for 32: strips lie in its memory and are cut there.
Short windows save it nothing, and whoever has learned long ones must unlearn them for those: a training that goes on from the
shipped model does so in the stage ``whole``.

Several processes may train a stage together on a CPU, each with one thread, which is twice as fast as one with two threads:
number 0 leads and writes the checkpoint, and all take the mean of their weights now and then (local SGD). A process that is
slow, or late, or gone, holds up no other.

References
----------
Stich 2019, "Local SGD converges fast and communicates little".
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.recogniser import shards
from training.recogniser.model import LED_HEADS, Recogniser, Shape, begin_writing
from training.recogniser.muon import Muon
from training.recogniser.vocabulary import SOUNDS, Vocabulary
from training.recogniser.windows import EASY_BATCHES, FULL_FRAMES, PADDED_FRAMES, Batch, Windows

_EASED_STEPS = 600
_WHOLE_SIZES = (
    *((600, 600), (900, 900), (FULL_FRAMES, FULL_FRAMES), (900, FULL_FRAMES)),
    *((FULL_FRAMES, 2250), (FULL_FRAMES, PADDED_FRAMES), (600, PADDED_FRAMES)),
)
"""Longest window and padding of the batches of whole windows; padding all as they are heard would cost double."""
_WHOLE_SIZES_ON_GPU = (
    *2 * ((500, 500), (1000, 1000), (FULL_FRAMES, FULL_FRAMES)),
    (FULL_FRAMES, PADDED_FRAMES),
)
"""As long as the recogniser's windows are (``pad_to_s``), and now and then padded as plain faster-whisper pads them."""
_MATRIX_RATE = 2.0
"""Muon's learning rate over AdamW's."""
CHECKPOINT_EVERY = 250
_TELL_EVERY = 50
_REFRESH_EVERY_S = 15.0
"""Taking shards in copies all tables: a GPU makes a hundred steps meanwhile."""
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
    """Strips of all finished shards; new shards are taken in as they appear."""

    def __init__(self, folders: Sequence[Path], windows: Windows) -> None:
        self._folders, self.windows = folders, windows
        self._known: set[Path] = set()
        self._looked_at = -math.inf

    def refresh(self, every_s: float = 0.0) -> None:
        """Take in what has been finished since the last time, if that is long enough ago."""
        if time.monotonic() - self._looked_at < every_s:
            return
        self._looked_at = time.monotonic()
        for folder in self._folders:
            for path in sorted(set(folder.glob("*.npz")) - self._known):
                self._known.add(path)
                self.windows.add(shards.read(path))

    def batch(self, stage: Stage, rng: Random) -> Batch:
        """Windows of a stage."""
        if stage.frames < FULL_FRAMES:
            return self.windows.batch(stage.batch, stage.frames, moves=True)
        frames, padded = rng.choice(_WHOLE_SIZES if self.windows.device.type == "cpu" else _WHOLE_SIZES_ON_GPU)
        return self.windows.batch(stage.batch * stage.frames // max(frames, padded), frames, moves=False, padded=padded)


def hearing_loss(states: Tensor, model: Recogniser, batch: Batch, eased: float) -> tuple[Tensor, Tensor]:
    """CTC loss per sound, and cross entropy of the sound in each state (nan when not eased)."""
    scores = model.hear(states).float().log_softmax(-1)
    lengths = torch.full((scores.shape[0],), scores.shape[1], device=scores.device)
    ctc = functional.ctc_loss(
        scores.transpose(0, 1), batch.sounds, lengths, batch.sound_counts, reduction="sum", zero_infinity=True
    )
    ctc = ctc / batch.sound_counts.sum().clamp(min=1)
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
    wanted[:, 0] = torch.where(nothing, vocabulary.special("nospeech"), wanted[:, 0])
    wanted[:, 1] = torch.where(wanted[:, 1] == vocabulary.special("transcribe"), -100, wanted[:, 1])
    text_end, device = vocabulary.special("endoftext"), tokens.device
    share = torch.rand(len(given), 1, device=device) * replaced
    changed = (torch.rand(given.shape, device=device) < share) & (given < text_end) & (tokens[:, :-1] >= 0)
    given = torch.where(changed, torch.randint(0, text_end, given.shape, device=device), given)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        logits, attentions = model.decode(given, states, batch.places[:, :-1])
    cross_entropy = functional.cross_entropy(logits.float().flatten(0, 1), wanted.flatten(), ignore_index=-100)
    led = torch.zeros((), device=device)
    for number, attention in enumerate(attentions):
        spans = batch.spans[:, :-1] if number == 0 else batch.spans[:, 1:]
        led = led + _astray(attention[:, :LED_HEADS], spans)
    return cross_entropy, led / len(attentions)


def _astray(attention: Tensor, spans: Tensor) -> Tensor:
    """Mean negative logarithm of the attention's mass inside the states where a token is said, one state of tolerance."""
    has = spans[..., 0] >= 0
    places = torch.arange(attention.shape[-1], device=attention.device)
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
    device: str = "cpu",
    minutes: float = math.inf,
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
    device
        On which to train.
    minutes
        After which the stage ends even if steps are left; the learning rate falls with the time then.
    """
    checkpoint = out / f"{stage.name}.pt"
    found = checkpoint if checkpoint.exists() else start
    saved = torch.load(found, weights_only=True, map_location=device) if found else None
    model = Recogniser(Shape(**saved["shape"]) if saved else Shape(vocabulary.size)).to(device)
    if stage.name == "decoder":
        model.encoder.requires_grad_(False)
        model.sounds.requires_grad_(False)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimisers = _optimisers(model, stage.rate)
    step = 0
    if saved and found == checkpoint:
        model.load_state_dict(saved["model"])
        for optimiser, state in zip(optimisers, saved.get("optimisers", ()), strict=False):
            optimiser.load_state_dict(state)
        step = saved["step"]
    elif saved:
        heard = {name: value for name, value in saved["model"].items() if name.startswith(("encoder.", "sounds."))}
        model.load_state_dict(heard if stage.name == "decoder" else saved["model"], strict=stage.name != "decoder")
        if stage.name == "decoder":
            begin_writing(model, vocabulary.sounds())
    made_before = step if stage.name == "encoder" else EASY_BATCHES
    windows = Windows(vocabulary, torch.device(device), seed=1000 + step + 1_000_003 * number, made=made_before)
    pool, company, rng = Pool(folders, windows), Company(checkpoint, number), Random(step)
    pool.refresh()
    size = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    print(f"{stage.name}: {size:.2f} M parameters, {windows.seconds / 3600:.1f} h of speech, from step {step}", flush=True)
    sums, began, made, share = torch.zeros(4, device=device), time.monotonic(), 0, 0.0
    while step < steps and share < 1:
        share = max(step / steps, (time.monotonic() - began) / 60 / minutes)
        rate = stage.rate * min((made + 1) / stage.warm_steps, 0.02 + 0.49 * (1 + math.cos(math.pi * min(share, 1.0))))
        losses = _step(model, stage, pool.batch(stage, rng), vocabulary, step)
        model.zero_grad(set_to_none=True)
        losses[0].backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimiser, factor in zip(optimisers, (_MATRIX_RATE, 1.0), strict=True):
            optimiser.param_groups[0]["lr"] = factor * rate
            optimiser.step()
        step, made = step + 1, made + 1
        sums += torch.stack([loss.detach().float() for loss in losses])
        if made % _MEET_EVERY == 0 and device == "cpu":
            step = company.meet(model, step)
        if made % _TELL_EVERY == 0:
            pool.refresh(_REFRESH_EVERY_S)
            ctc, eased, text, led = (sums / _TELL_EVERY).tolist()
            sums.zero_()
            pace = (time.monotonic() - began) / made
            print(
                f"{step:6} loss {ctc:.3f} ctc {eased:.3f} text {text:.3f} led {led:.3f} rate {rate:.1e} {pace:.3f} s/step "
                f"{windows.seconds / 3600:.1f} h",
                flush=True,
            )
        if number == 0 and (step % CHECKPOINT_EVERY == 0 or step >= steps or share >= 1):
            _save(checkpoint, model, optimisers, step)


def _save(checkpoint: Path, model: Recogniser, optimisers: Sequence[torch.optim.Optimizer], step: int) -> None:
    part = checkpoint.with_suffix(".part")
    state = {
        "model": model.state_dict(),
        "optimisers": [optimiser.state_dict() for optimiser in optimisers],
        "step": step,
        "shape": model.shape.as_dict(),
    }
    torch.save(state, part)
    part.replace(checkpoint)


def _optimisers(model: Recogniser, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for everything else; what is frozen stays out."""
    matrices, others = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            (matrices if "layers." in name and parameter.ndim == 2 else others).append(parameter)
    return [
        Muon(matrices, lr=_MATRIX_RATE * rate, weight_decay=0.01),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True),
    ]


def _step(model: Recogniser, stage: Stage, batch: Batch, vocabulary: Vocabulary, step: int) -> list[Tensor]:
    """Loss of a step and its parts: CTC, text, attention."""
    nothing = torch.zeros((), device=batch.mel.device)
    with torch.autocast(batch.mel.device.type, dtype=torch.bfloat16), torch.set_grad_enabled(stage.name != "decoder"):
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
