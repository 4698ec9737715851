"""The folder that ``pyannote.audio.Pipeline.from_pretrained`` loads: two nets, the PLDA and ``config.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning
import numpy as np
import numpy.typing as npt
import pyannote.audio
import torch
import yaml
from pyannote.audio.models.segmentation import PyanNet

from training.diarization import embedding, plda, segmentation

CONFIG = "config.yaml"

PIPELINE: dict[str, Any] = {
    "name": "pyannote.audio.pipelines.SpeakerDiarization",
    "params": {
        "clustering": "AgglomerativeClustering",
        "segmentation": "$model/segmentation",
        "segmentation_step": 0.1,
        "segmentation_batch_size": 32,
        "embedding": "$model/embedding",
        "embedding_exclude_overlap": True,
        "embedding_batch_size": 32,
        "plda": "$model/plda",
    },
}
PARAMETERS: dict[str, Any] = {
    "segmentation": {"min_duration_off": 0.0},
    "clustering": {"method": "ward", "min_cluster_size": 8, "threshold": 2.5},
}
"""What `training.diarization.tuning` starts from."""


def export(work: Path, folder: Path) -> None:
    """Write the trained pipeline with parameters that are not tuned yet; a net that was not trained stays as it is there."""
    if (work / segmentation.CHECKPOINT).exists():
        _save_net(_trained_segmentation(work), PyanNet, folder / "segmentation")
    if (work / embedding.CHECKPOINT).exists():
        net = embedding.load(work)
        known = embedding.vectors_of(net, embedding.read_voices(work / "voices"), 24)
        _save_net(net, type(net), folder / "embedding")
        plda.save(known, folder / "plda")
    configure(folder, PARAMETERS)


def write(folder: Path, segments: Any, vectors: Any, known: npt.NDArray[np.float64], parameters: dict[str, Any]) -> None:
    """Write a pipeline.

    Parameters
    ----------
    segments, vectors
        Nets of `segmentation` and `embedding`, with their specifications.
    known
        Vectors of known voices, shape ``(voices, vectors of each, dimension)``.
    parameters
        See `PARAMETERS`.
    """
    _save_net(segments, PyanNet, folder / "segmentation")
    _save_net(vectors, type(vectors), folder / "embedding")
    plda.save(known, folder / "plda")
    configure(folder, parameters)


def configure(folder: Path, parameters: dict[str, Any]) -> None:
    """Write ``config.yaml``."""
    config = {"dependencies": {"pyannote.audio": "4.0.0"}, "pipeline": PIPELINE, "params": parameters}
    (folder / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def load(folder: Path) -> Any:
    """The pipeline of a folder."""
    return pyannote.audio.Pipeline.from_pretrained(folder)


def _trained_segmentation(work: Path) -> Any:
    model = segmentation.Segmentation.load_from_checkpoint(
        work / segmentation.CHECKPOINT, map_location="cpu", strict=False, weights_only=False
    )
    return model.eval()


def _save_net(net: Any, architecture: type, folder: Path) -> None:
    """Write a net as pyannote.audio reads it: of its class there, without what only training needs, matrices as 16 bit."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: value.half() if value.is_floating_point() and value.ndim > 1 else value
        for name, value in net.state_dict().items()
        if not name.startswith(segmentation.FOR_TRAINING)
    }
    checkpoint = {
        "state_dict": weights,
        "hyper_parameters": dict(net.hparams),
        "pytorch-lightning_version": lightning.__version__,
        "pyannote.audio": {
            "versions": {"pyannote.audio": pyannote.audio.__version__},
            "architecture": {"module": architecture.__module__, "class": architecture.__name__},
            "specifications": net.specifications,
        },
    }
    torch.save(checkpoint, folder / segmentation.WEIGHTS)
