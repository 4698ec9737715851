"""A tone over stretches of sound. Pure.

Definition
----------
In each stretch every channel is replaced by one sine of `TONE_HZ`, faded in and out over `FADE_MS`, so that nothing of what was
there is left: a voice may be heard on the other channel, too. Stretches are rounded outwards to whole samples.

Edge cases
----------
Stretches reach no further than the sound; none leaves the samples as they are. The input is not changed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from postcall.spans import Span, union

TONE_HZ = 1000.0
FADE_MS = 5


def covered(samples: NDArray[np.float32], rate_hz: int, spans: Sequence[Span], *, level_dbfs: float) -> NDArray[np.float32]:
    """Samples with a tone over stretches.

    Parameters
    ----------
    samples
        Of shape (channels, n), full scale ±1.
    rate_hz
        Samples per second.
    spans
        Stretches in ms.
    level_dbfs
        Level of the tone, RMS relative to full scale, float in [-60, -3].
    """
    out = samples.copy()
    amplitude = 10 ** (level_dbfs / 20) * np.sqrt(2)
    fade = max(1, rate_hz * FADE_MS // 1000)
    for span in union(tuple(spans)):
        start = span.start_ms * rate_hz // 1000
        end = min(out.shape[1], -(-span.end_ms * rate_hz // 1000))
        if start >= end:
            continue
        size = end - start
        tone = amplitude * np.sin(2 * np.pi * TONE_HZ * np.arange(size) / rate_hz)
        edge = np.minimum(1.0, np.minimum(np.arange(1, size + 1), np.arange(size, 0, -1)) / fade)
        out[:, start:end] = (tone * edge).astype(np.float32)
    return out
