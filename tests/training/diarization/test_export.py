from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from pyannote.audio.core.task import Problem, Resolution, Specifications

from training.diarization import embedding, export, segmentation, tuning

SMALL: segmentation.Shape = {
    "sincnet": {"stride": 20},
    "lstm": {"hidden_size": 4, "num_layers": 1},
    "linear": {"hidden_size": 4, "num_layers": 1},
}


@pytest.fixture(scope="module")
def nets() -> tuple[Any, Any]:
    torch.manual_seed(1)
    segments: Any = segmentation.untrained(SMALL)
    segments.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=segmentation.WINDOW_S,
        classes=["a", "b", "c"],
        powerset_max_classes=segmentation.MAX_AT_ONCE,
        permutation_invariant=True,
    )
    segments.build()
    return segments.eval(), embedding.untrained(8).eval()


@pytest.fixture(scope="module")
def folder(nets: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pipeline")
    known = np.random.default_rng(1).standard_normal((20, 1, 8)) + 0.3 * np.random.default_rng(2).standard_normal((20, 5, 8))
    export.write(folder, *nets, known, export.PARAMETERS)
    return folder


def test_the_folder_runs_as_a_pipeline(folder: Path) -> None:
    sound = np.random.default_rng(3).standard_normal((1, 160_000)).astype(np.float32)
    output = export.load(folder)({"waveform": torch.from_numpy(sound), "sample_rate": 16_000}, num_speakers=2)
    assert {"SPEAKER_00", "SPEAKER_01"} >= set(output.speaker_diarization.labels())
    assert output.speaker_diarization.get_timeline().extent().end <= 10.2  # the last window ends after the sound


def test_nets_come_back_as_pyannotes_own_classes_and_say_the_same(nets: tuple[Any, Any], folder: Path) -> None:
    pipeline = export.load(folder)
    back = (pipeline._segmentation.model, pipeline._embedding.model_)
    sound = torch.randn(2, 1, 96_000)
    for ours, theirs in zip(nets, back, strict=True):
        assert type(theirs).__module__.startswith("pyannote.audio.")
        with torch.no_grad():
            assert torch.allclose(theirs(sound[:, :, : 2 * 16_000]), ours(sound[:, :, : 2 * 16_000]), atol=0.02)


def test_the_config_names_only_what_lies_in_the_folder(folder: Path) -> None:
    parameters = yaml.safe_load((folder / export.CONFIG).read_text())["pipeline"]["params"]
    for name in ("segmentation", "embedding", "plda"):
        assert (folder / parameters[name].removeprefix("$model/")).is_dir()


def test_errors_are_counted_on_truth(folder: Path) -> None:
    truth = segmentation.annotation([("s0", 0, 2000), ("s1", 3000, 5000)], "a")
    told = segmentation.annotation([("x", 0, 1000), ("y", 3000, 5500)], "a")

    class Told:
        speaker_diarization = told

    file = {"uri": "a", "waveform": torch.zeros(1, 160_000), "sample_rate": 16_000, "truth": truth}
    errors = tuning.measure(lambda file: Told, [file])
    assert errors.missed_pct == pytest.approx(25.0)
    assert errors.false_alarm_pct == pytest.approx(12.5)
    assert errors.confused_pct == pytest.approx(0.0)
    assert (errors.counted_right, errors.mixes) == (1, 1)
