from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyannote.audio.core.plda import PLDA

from training.diarization import plda


@pytest.fixture
def vectors() -> plda.Matrix:
    """Voices that differ along the first axis most; noise along the last is large. Shape (200, 10, 6)."""
    rng = np.random.default_rng(1)
    between = rng.standard_normal((200, 1, 6)) * [4, 2, 1, 0.5, 0.3, 0.1]
    within = rng.standard_normal((200, 10, 6)) * [1, 1, 1, 1, 1, 3]
    return between + within + 7


def test_pyannote_reads_it_and_sees_unit_variance_within_voices(vectors: plda.Matrix, tmp_path: Path) -> None:
    plda.save(vectors, tmp_path)
    model = PLDA.from_pretrained(tmp_path)
    assert model is not None
    turned = model(vectors.reshape(-1, 6)).reshape(vectors.shape)
    within = turned - turned.mean(axis=1, keepdims=True)
    assert np.allclose(within.reshape(-1, 6).T @ within.reshape(-1, 6) / (200 * 9), np.eye(6), atol=0.05)
    assert np.allclose(np.cov(turned.mean(axis=1).T), np.diag(model.phi + 0.1), atol=0.2 * model.phi.max())


def test_the_axis_on_which_voices_differ_comes_first(vectors: plda.Matrix) -> None:
    transform, model = plda.fit(vectors)
    assert np.argmax(np.abs(transform["lda"][:, 0])) == 0
    assert np.all(np.diff(model["psi"]) <= 0)
