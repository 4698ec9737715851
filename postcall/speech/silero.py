"""Voice activity by Silero VAD v6, the network that comes with faster-whisper.

Conventions
-----------
16 kHz samples in, one probability of speech per 512 samples (32 ms) out. The network sees each window with the 64 samples
before it and carries a state from window to window. A state that has gone through a minute of hold tone, or of the other
party's turn, can miss whole utterances after it; so can one that has just begun. Hence each channel is heard twice in stretches
of ``_STRETCH`` windows (16 s), the second time from half a stretch on. In each stretch the state begins anew after a run-up of
``_RUN_UP`` windows (1.5 s) whose output is left out. The higher probability counts. A last window that is not full is filled
up with zeros.

The network is asked directly and not through ``faster_whisper.vad.SileroVADModel.__call__``, which zeroes the last 64 samples
of the array it is given.

Edge cases
----------
The network hardly minds quiet voices but loses clipped ones, so each channel is brought to one level first. A channel quieter
than ``_QUIETEST_DBFS`` is raised no further than that one would be: line noise stays line noise.

References
----------
Silero Team (2024), Silero VAD, https://github.com/snakers4/silero-vad
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postcall.audio.decode import resample
from postcall.audio.levels import sustained_level_dbfs
from postcall.audio.speech_timeline import SAMPLE_RATE_HZ, WINDOW_SAMPLES, SpeechPolicy, mask_bleed, speech_spans
from postcall.errors import EngineError
from postcall.recording import Topology
from postcall.spans import Spans
from postcall.timeline import MIXED, channel_label

_CONTEXT = 64
"""Samples before a window that the network sees with it."""

_STRETCH = 500
"""Windows after which the network begins anew."""

_RUN_UP = 47
"""Windows before a stretch that only warm the network up."""

_STATE = (1, 1, 128)

_TARGET_DBFS = -26.0
"""Level at which voices go into the network; what telephony calls nominal speech level (ITU-T P.56)."""

_QUIETEST_DBFS = -56.0
"""Level from which a channel is brought to the target in full."""


@cache
def _session() -> Any:
    """The network, loaded once per process."""
    try:
        from faster_whisper.vad import get_vad_model  # noqa: PLC0415  # takes seconds; only who listens pays for it

        return get_vad_model().session
    except Exception as error:
        raise EngineError(
            f"the voice activity model cannot be loaded: {type(error).__name__}", hint="reinstall faster-whisper"
        ) from error


def speech_probabilities(channels: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """How sure the network is of speech.

    Parameters
    ----------
    channels
        Each (n,) samples at 16 kHz; left as they are.

    Returns
    -------
    For each channel (ceil(n / 512),) probabilities in 0..1.

    Raises
    ------
    EngineError
        The network cannot be loaded.
    """
    return [_probabilities(channel) for channel in channels]


def _probabilities(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    count = -(-samples.size // WINDOW_SAMPLES)
    if count == 0:
        return np.zeros(0, dtype=np.float32)
    gain_db = _TARGET_DBFS - max(sustained_level_dbfs(samples, SAMPLE_RATE_HZ), _QUIETEST_DBFS)
    padded = np.zeros(_CONTEXT + count * WINDOW_SAMPLES, dtype=np.float32)
    np.multiply(samples, 10 ** (gain_db / 20), out=padded[_CONTEXT : _CONTEXT + samples.size], casting="same_kind")
    np.clip(padded, -1, 1, out=padded)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _CONTEXT + WINDOW_SAMPLES)[::WINDOW_SAMPLES]
    found = np.zeros(count, dtype=np.float32)
    for first in (*range(0, count, _STRETCH), *range(_STRETCH // 2, count, _STRETCH)):
        heard = _stretch(windows, first)
        np.maximum(found[first : first + _STRETCH], heard, out=found[first : first + _STRETCH])
    return found


def _stretch(windows: NDArray[np.float32], first: int) -> NDArray[np.float32]:
    """Probabilities of the stretch that begins at a window, the network beginning anew before it."""
    begin = max(0, first - _RUN_UP)
    state = {"h": np.zeros(_STATE, dtype=np.float32), "c": np.zeros(_STATE, dtype=np.float32)}
    heard: NDArray[np.float32] = _session().run(
        None, {"input": np.ascontiguousarray(windows[begin : first + _STRETCH]), **state}
    )[0]
    return heard[first - begin :]


def find_speech(
    samples: NDArray[np.float32], sample_rate_hz: int, topology: Topology, policy: SpeechPolicy
) -> dict[str, Spans]:
    """Speech of a recording by speaker label.

    Parameters
    ----------
    samples
        (channels, n) samples.
    sample_rate_hz
        Their rate.
    topology
        How the parties lie on the channels. Channels that are not separated are averaged.
    policy
        What counts as speech.

    Returns
    -------
    `channel_label` of each separated channel, or `MIXED`, to its speech; a channel without speech keeps its empty entry.

    Raises
    ------
    EngineError
        The network cannot be loaded.
    """
    if not topology.is_separated:
        samples = samples.mean(axis=0, keepdims=True)
    at_16k = samples if sample_rate_hz == SAMPLE_RATE_HZ else resample(samples, sample_rate_hz, SAMPLE_RATE_HZ)
    spans = [
        speech_spans(probabilities, channel, policy)
        for probabilities, channel in zip(speech_probabilities(list(at_16k)), at_16k, strict=True)
    ]
    if topology is Topology.BLEED:
        spans = list(mask_bleed(spans, at_16k, SAMPLE_RATE_HZ, policy))
    labels = [channel_label(i) for i in range(len(spans))] if topology.is_separated else [MIXED]
    return dict(zip(labels, spans, strict=True))
