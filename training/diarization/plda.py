"""Probabilistic linear discriminant analysis of vectors, in the form in which pyannote.audio reads it.

Definition
----------
``xvec_transform.npz`` (``mean1``, ``lda``, ``mean2``) brings a vector ``x`` to a sphere on which voices differ most:
``sqrt(L) * unit(lda.T @ (sqrt(D) * unit(x - mean1)) - mean2)``, ``D`` and ``L`` the dimensions before and after.
``plda.npz`` (``mu``, ``tr``, ``psi``) says what is between and within voices there: ``tr`` makes the covariance within voices
the identity and the one between them the diagonal matrix of ``psi``.

References
----------
Ioffe, "Probabilistic linear discriminant analysis", ECCV 2006; ``pyannote/audio/utils/vbx.py``, ``vbx_setup``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

Matrix: TypeAlias = npt.NDArray[np.float64]

_LEAST = 1e-4  # of a variance, as a share of the largest


def fit(vectors: Matrix) -> tuple[dict[str, Matrix], dict[str, Matrix]]:
    """Fit to vectors of known voices.

    Parameters
    ----------
    vectors
        Shape ``(voices, vectors of each, dimension)``; more voices than dimensions.

    Returns
    -------
    transform, model
        Contents of ``xvec_transform.npz`` and ``plda.npz``.
    """
    dimension = vectors.shape[-1]
    mean1 = vectors.mean(axis=(0, 1))
    centred = np.sqrt(dimension) * _unit(vectors - mean1)
    lda = _discriminants(centred)[0]
    turned = centred @ lda
    mean2 = turned.mean(axis=(0, 1))
    on_sphere = np.sqrt(lda.shape[1]) * _unit(turned - mean2)
    mu = on_sphere.mean(axis=(0, 1))
    axes, psi = _discriminants(on_sphere)
    return {"mean1": mean1, "mean2": mean2, "lda": lda}, {"mu": mu, "tr": axes.T, "psi": psi}


def save(vectors: Matrix, folder: Path) -> None:
    """Fit and write both files."""
    transform, model = fit(vectors)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "xvec_transform.npz", mean1=transform["mean1"], lda=transform["lda"], mean2=transform["mean2"])
    np.savez(folder / "plda.npz", mu=model["mu"], tr=model["tr"], psi=model["psi"])


def _discriminants(vectors: Matrix) -> tuple[Matrix, Matrix]:
    """Axes (columns) along which variance within voices is 1, and the variances between voices, the largest first."""
    means = vectors.mean(axis=1)
    within = np.einsum("vnd,vne->de", vectors - means[:, None], vectors - means[:, None])
    within /= vectors.shape[0] * (vectors.shape[1] - 1)
    within += _LEAST * np.trace(within) / len(within) * np.eye(len(within))
    between = np.cov(means.T) - within / vectors.shape[1]  # a mean of n vectors keeps an n-th of what is within
    values, axes = eigh(between, within)
    return axes[:, ::-1], np.maximum(values[::-1], _LEAST * values.max())


def _unit(vectors: Matrix) -> Matrix:
    lengths: Matrix = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / lengths
