"""What a pipeline gets wrong on mixes, and the parameters that get least wrong.

Definition
----------
diarization error rate
    (missed + false alarm + confused speech) / speech, each speaker's speech counted where two speak at once; no collar.
    Speech is counted over all mixes, so long mixes weigh more.
"""

from __future__ import annotations

import itertools
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate
from scipy.io import wavfile

from training.diarization import export, mixes, segmentation

LOG = logging.getLogger(__name__)

_THRESHOLDS = {
    "centroid": tuple(round(0.3 + 0.05 * n, 2) for n in range(17)),
    "ward": tuple(2.0 + 0.25 * n for n in range(13)),
}
"""Method -> distances from which clusters are two; Ward's grow with what was said."""
_SMALLEST_CLUSTERS = (2, 4, 8, 12)
_SHORTEST_PAUSES_S = (0.0, 0.1, 0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Errors:
    """Shares of all speech, in per cent, and how many mixes came out with as many speakers as they have."""

    missed_pct: float
    false_alarm_pct: float
    confused_pct: float
    counted_right: int
    mixes: int

    @property
    def rate_pct(self) -> float:
        """Diarization error rate."""
        return self.missed_pct + self.false_alarm_pct + self.confused_pct

    def __str__(self) -> str:
        return (
            f"DER {self.rate_pct:.1f} % (missed {self.missed_pct:.1f}, false alarm {self.false_alarm_pct:.1f}, "
            f"confused {self.confused_pct:.1f}), speakers counted right in {self.counted_right} of {self.mixes}"
        )


def recordings(folder: Path) -> list[dict[str, Any]]:
    """Mixes of a folder as pyannote.audio takes them, with their truth."""
    return list(_recordings(folder))


def _recordings(folder: Path) -> Iterator[dict[str, Any]]:
    for name in mixes.names(folder):
        waveform = torch.from_numpy(mixes.upsampled(wavfile.read(folder / f"{name}.wav")[1]))[None]
        yield {
            "uri": name,
            "waveform": waveform,
            "sample_rate": mixes.MODEL_RATE_HZ,
            "truth": segmentation.annotation(mixes.read_turns(folder / f"{name}.rttm"), name),
        }


def measure(pipeline: Any, files: Sequence[dict[str, Any]], **speakers: int) -> Errors:
    """Errors of a pipeline.

    Parameters
    ----------
    speakers
        ``num_speakers``, or ``min_speakers`` and ``max_speakers``, as the pipeline takes them; nothing: it is to find out.
    """
    metric: Any = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    right = 0
    for file in files:
        told = _applied(pipeline, file, speakers)
        truth: Annotation = file["truth"]
        metric(truth, told, uem=Timeline([Segment(0, file["waveform"].shape[1] / file["sample_rate"])]))
        right += len(told.labels()) == len(truth.labels())
    return Errors(
        missed_pct=100 * metric["missed detection"] / metric["total"],
        false_alarm_pct=100 * metric["false alarm"] / metric["total"],
        confused_pct=100 * metric["confusion"] / metric["total"],
        counted_right=right,
        mixes=len(files),
    )


def _applied(pipeline: Any, file: dict[str, Any], speakers: Mapping[str, int]) -> Annotation:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pipeline(file, **speakers).speaker_diarization


def tuned(folder: Path, files: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Parameters of a pipeline's folder with which it gets least wrong on mixes whose number of speakers it is not told."""
    pipeline = export.load(folder)
    pipeline.training = True  # what does not depend on the parameters is computed once and kept in the files
    found: list[tuple[float, dict[str, Any]]] = []
    tried = [(method, threshold) for method, thresholds in _THRESHOLDS.items() for threshold in thresholds]
    for (method, threshold), smallest in itertools.product(tried, _SMALLEST_CLUSTERS):
        clustering = {"method": method, "min_cluster_size": smallest, "threshold": threshold}
        found.append(_tried(pipeline, files, {"segmentation": {"min_duration_off": 0.0}, "clustering": clustering}))
    best = min(found, key=lambda one: one[0])[1]
    found = [_tried(pipeline, files, best | {"segmentation": {"min_duration_off": pause_s}}) for pause_s in _SHORTEST_PAUSES_S]
    rate_pct, parameters = min(found, key=lambda one: one[0])
    LOG.info("DER %.1f %% with %s", rate_pct, parameters)
    return parameters


def _tried(pipeline: Any, files: Sequence[dict[str, Any]], parameters: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    pipeline.instantiate(parameters)
    errors = measure(pipeline, files)
    LOG.info("%s: %s", parameters, errors)
    return errors.rate_pct, parameters
