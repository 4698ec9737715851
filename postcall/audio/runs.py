"""Runs of True in a mask: the step from frames to spans."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def runs(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """First index and index after the last of each run of True.

    Parameters
    ----------
    mask
        (n,) flags.

    Returns
    -------
    (k, 2) indices, in order.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return edges.reshape(-1, 2)
