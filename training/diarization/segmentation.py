"""The net that says who of up to three speakers is heard in each frame of a short window.

Conventions
-----------
The net is pyannote.audio's ``PyanNet``, small; a window lasts 6 s, a frame 34 ms. Of a frame's speakers at most two speak at
once, of a window's at most three (powerset classes). It is trained with pyannote.audio's own task, whose ``get_file`` is given
samples in memory in place of a path, since reading files needs a decoder library that not every machine has.

References
----------
Plaquet & Bredin, "Powerset multi-class cross entropy loss for neural speaker diarization", Interspeech 2023.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from pyannote.audio.models.segmentation import PyanNet
from pyannote.audio.tasks import SpeakerDiarization
from pyannote.core import Annotation, Segment, Timeline
from pyannote.database.protocol import SpeakerDiarizationProtocol
from scipy.io import wavfile

from training.diarization import mixes
from training.diarization.mixes import MODEL_RATE_HZ

LOG = logging.getLogger(__name__)

WINDOW_S = 6.0
MAX_SPEAKERS, MAX_AT_ONCE = 3, 2
CHECKPOINT = "segmentation.ckpt"
WEIGHTS = "pytorch_model.bin"
"""File of a net as pyannote.audio reads it."""
FOR_TRAINING = ("loss_func.", "validation_metric.", "powerset.")
"""Parts of a net that only its training needs."""

_PEAK_RATE, _LAST_RATE = 1.5e-3, 1e-5
_WARM_UP_STEPS = 200
_SAVE_EVERY = 250


class Shape(TypedDict):
    """What PyanNet is built from."""

    sincnet: dict[str, int]
    lstm: dict[str, int]
    linear: dict[str, int]


SHAPE: Shape = {
    "sincnet": {"stride": 20},
    "lstm": {"hidden_size": 80, "num_layers": 2},
    "linear": {"hidden_size": 64, "num_layers": 1},
}


class Segmentation(PyanNet):
    """PyanNet with a rate that rises, then falls to the last step; saved as a plain PyanNet."""

    steps = 1

    def configure_optimizers(self) -> Any:
        """AdamW, warm-up and cosine."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=_PEAK_RATE, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share(step, self.steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def _share(step: int, steps: int) -> float:
    """Share of the peak rate at a step."""
    if step < min(_WARM_UP_STEPS, steps):
        return (step + 1) / min(_WARM_UP_STEPS, steps)
    done = min(1.0, step / steps)
    return float(_LAST_RATE / _PEAK_RATE + (1 - _LAST_RATE / _PEAK_RATE) * 0.5 * (1 + np.cos(np.pi * done)))


class Mixes(SpeakerDiarizationProtocol):
    """Folders of mixes as a protocol of pyannote.database."""

    name = "postcall.SpeakerDiarization.Mixes"

    def __init__(self, train: Path, development: Path) -> None:
        super().__init__()
        self._folders = {"train": train, "development": development}

    def train_iter(self) -> Iterator[dict[str, Any]]:
        """Mixes to train on."""
        return _files(self._folders["train"])

    def development_iter(self) -> Iterator[dict[str, Any]]:
        """Mixes to look at while training."""
        return _files(self._folders["development"])


def _files(folder: Path) -> Iterator[dict[str, Any]]:
    for name in mixes.names(folder):
        rate_hz, pcm = wavfile.read(folder / f"{name}.wav", mmap=True)
        yield {
            "uri": name,
            "database": "postcall",
            "audio": folder / f"{name}.wav",
            "scope": "file",
            "annotation": annotation(mixes.read_turns(folder / f"{name}.rttm"), name),
            "annotated": Timeline([Segment(0, len(pcm) / rate_hz)]),
        }


def annotation(turns: list[mixes.Turn], name: str) -> Annotation:
    """Turns as pyannote.core has them."""
    told = Annotation(uri=name)
    for number, (by, start_ms, end_ms) in enumerate(turns):
        told[Segment(start_ms / 1000, end_ms / 1000), number] = by
    return told


class InMemory(SpeakerDiarization):
    """pyannote.audio's task, which cuts its windows from samples in memory."""

    def get_file(self, file_id: int) -> dict[str, Any]:
        """Samples of a mix."""
        waveform = _waveform(str(self.prepared_data["audio-path"][file_id]))
        return {"waveform": waveform, "sample_rate": MODEL_RATE_HZ, "uri": str(file_id)}


@lru_cache(maxsize=4096)
def _waveform(path: str) -> torch.Tensor:
    """All of a mix, 16 kHz, shape ``(1, samples)``."""
    return torch.from_numpy(mixes.upsampled(wavfile.read(path)[1]))[None]


class _Begin(Callback):
    """The weights of a shipped net, put in once the task has given the net its last layer."""

    def __init__(self, weights: Path) -> None:
        self._weights = weights

    def on_fit_start(self, trainer: Any, module: Any) -> None:
        """Put them in."""
        kept = torch.load(self._weights, weights_only=False, map_location="cpu")["state_dict"]
        missing, unknown = module.load_state_dict({name: value.float() for name, value in kept.items()}, strict=False)
        assert not unknown and all(name.startswith(FOR_TRAINING) for name in missing), (missing, unknown)


class _Progress(Callback):
    """Mean loss now and then in the log."""

    def __init__(self) -> None:
        self._losses: list[float] = []

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: object) -> None:
        """Note the loss of a step."""
        self._losses.append(float(outputs["loss"]))
        if trainer.global_step % 50 == 0:
            LOG.info("segmentation step %d: loss %.4f", trainer.global_step, float(np.mean(self._losses)))
            self._losses.clear()

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        """Log what the task measures on the development mixes."""
        measured = {name: float(value) for name, value in trainer.callback_metrics.items() if "Diarization" in name}
        LOG.info("development: %s", ", ".join(f"{n.rpartition('/')[2]} {100 * v:.1f} %" for n, v in measured.items()))


def untrained(shape: Shape = SHAPE) -> Segmentation:
    """A net with random weights; it is given its task when it is trained."""
    return Segmentation(**shape, sample_rate=MODEL_RATE_HZ)


def train(work: Path, steps: int, *, batch: int = 16, shape: Shape = SHAPE, start: Path | None = None) -> None:
    """Train on ``work/train`` up to a number of steps, from the checkpoint if there is one.

    Parameters
    ----------
    steps
        In all; the learning rate falls to its last value there, so a checkpoint is to be gone on from with the same number.
    batch
        Windows a step.
    start
        Folder of a shipped net to begin with when there is no checkpoint.
    """
    lightning.seed_everything(1, verbose=False)
    model = untrained(shape)
    model.steps = steps
    model.task = InMemory(
        Mixes(work / "train", work / "dev"),
        duration=WINDOW_S,
        max_speakers_per_chunk=MAX_SPEAKERS,
        max_speakers_per_frame=MAX_AT_ONCE,
        batch_size=batch,
        num_workers=0,
    )
    checkpoint = work / CHECKPOINT
    begin = [_Begin(start / WEIGHTS)] if start and not checkpoint.exists() else []
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_steps=steps,
        gradient_clip_val=1.0,
        callbacks=[
            _Progress(),
            *begin,
            ModelCheckpoint(work, checkpoint.stem, every_n_train_steps=_SAVE_EVERY, enable_version_counter=False),
        ],
        num_sanity_val_steps=0,
        check_val_every_n_epoch=None,
        val_check_interval=min(500, steps),
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, ckpt_path=checkpoint if checkpoint.exists() else None, weights_only=False)
    trainer.save_checkpoint(checkpoint)
