"""Voice activity by Silero VAD v6, the network that comes with faster-whisper.

Conventions
-----------
16 kHz samples in, one probability of speech per 512 samples (32 ms) out. The network sees each window with the 64 samples
before it and carries a state from window to window. A state that has gone through a minute of hold tone, or of the other
party's turn, can miss whole utterances after it; so can one that has just begun. Hence each channel is heard twice in stretches
of ``_STRETCH`` windows (16 s), the second time from half a stretch on. In each stretch the state begins anew after a run-up of
``_RUN_UP`` windows (1.5 s) whose output is left out. The higher probability counts. A last window that is not full is filled
up with zeros.

The network is taken apart (`_Network`), which changes nothing of what it says: asked as a whole, it would look at every window
twice.

Edge cases
----------
The network hardly minds quiet voices but loses clipped ones, so each channel is brought to one level first. A channel quieter
than ``_QUIETEST_DBFS`` is raised no further than that one would be: line noise stays line noise.

References
----------
Silero Team (2024), Silero VAD, https://github.com/snakers4/silero-vad
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postcall.audio.decode import resample
from postcall.audio.levels import sustained_level_dbfs
from postcall.audio.speech_timeline import SAMPLE_RATE_HZ, WINDOW_SAMPLES, SpeechPolicy, mask_bleed, speech_spans, unbridged
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

_AT_ONCE = 512
"""Windows that are looked at together; more do not fit into a core's cache."""

_TOGETHER = 64
"""Stretches that are remembered together: the runtime keeps for good what memory the largest lot took."""

_FRAME_HOP, _FRAMES = 128, 4
"""Step of the spectra within a window, and how many there are."""

_LAYERS, _STRIDES = 4, (1, 2, 2, 1)
"""Convolutions of the first half."""

_SEEN = "/Transpose_output_0"
"""What the first half hands to the second, by its name in the model."""

_TARGET_DBFS = -26.0
"""Level at which voices go into the network; what telephony calls nominal speech level (ITU-T P.56)."""

_QUIETEST_DBFS = -56.0
"""Level from which a channel is brought to the target in full."""


@dataclass(frozen=True, slots=True)
class _Network:
    """The two halves of the network.

    The first looks at every window by itself: short-time spectra and four convolutions, here as products of large matrices,
    which takes a third of the time that the small convolutions take one by one. The second, an LSTM, remembers; it runs as it
    comes, over all stretches at once.

    Attributes
    ----------
    basis
        (256, 258) real and imaginary parts of the spectrum of a frame.
    layers
        Of each convolution: weights of its taps side by side, shape ``(taps * channels in, channels out)``, and its bias.
    remember
        ONNX session of the rest.
    """

    basis: NDArray[np.float32]
    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    remember: Any


@cache
def _network() -> _Network:
    """The network, loaded once per process."""
    try:
        import onnx  # noqa: PLC0415  # takes a second; only who listens pays for it
        import onnx.utils  # noqa: PLC0415
        import onnxruntime  # noqa: PLC0415
        from faster_whisper.utils import get_assets_path  # noqa: PLC0415

        model = onnx.shape_inference.infer_shapes(onnx.load(Path(get_assets_path()) / "silero_vad_v6.onnx"))
        weights = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
        second = onnx.utils.Extractor(model).extract_model([_SEEN, "h", "c"], ["speech_probs"])
        for given in second.graph.input:
            for place, name in zip(given.type.tensor_type.shape.dim, ("steps", "stretches"), strict=False):
                place.dim_param = name
        second.graph.value_info.clear()
        second.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "windows"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return _Network(
            np.ascontiguousarray(weights["encoder.feature_extractor.forward_basis_buffer"][:, 0].T),
            tuple(_layer(weights, number) for number in range(_LAYERS)),
            onnxruntime.InferenceSession(second.SerializeToString(), options, providers=["CPUExecutionProvider"]),
        )
    except Exception as error:
        raise EngineError(
            f"the voice activity model cannot be loaded: {type(error).__name__}", hint="reinstall faster-whisper"
        ) from error


def _layer(weights: Mapping[str, NDArray[np.float32]], number: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    kernel = weights[f"encoder.conv_layers.{number}.weight"]
    return np.ascontiguousarray(kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0])), weights[
        f"encoder.conv_layers.{number}.bias"
    ]


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
    gain = 10 ** (gain_db / 20)
    return _remember(np.concatenate([_look(_windows(samples, first, gain)) for first in range(0, count, _AT_ONCE)]))


def _windows(samples: NDArray[np.float32], first: int, gain: float) -> NDArray[np.float32]:
    """Up to `_AT_ONCE` windows with what comes before them, at the network's level; the last one filled up with zeros."""
    start = first * WINDOW_SAMPLES - _CONTEXT
    part = samples[max(start, 0) : (first + _AT_ONCE) * WINDOW_SAMPLES]
    before = max(-start, 0)
    count = -(-(before + part.size - _CONTEXT) // WINDOW_SAMPLES)
    padded = np.zeros(_CONTEXT + count * WINDOW_SAMPLES, dtype=np.float32)
    np.multiply(part, gain, out=padded[before : before + part.size], casting="same_kind")
    np.clip(padded, -1, 1, out=padded)
    return np.lib.stride_tricks.sliding_window_view(padded, _CONTEXT + WINDOW_SAMPLES)[::WINDOW_SAMPLES]


def _look(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the first half sees in each window, shape (windows, 128)."""
    network = _network()
    padded = np.pad(windows, [(0, 0), (0, _CONTEXT)], mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, 2 * _FRAME_HOP, axis=1)[:, ::_FRAME_HOP]
    parts = (np.ascontiguousarray(frames).reshape(-1, 2 * _FRAME_HOP) @ network.basis).reshape(len(windows), _FRAMES, 2, -1)
    np.square(parts, out=parts)
    x = np.sqrt(parts[:, :, 0] + parts[:, :, 1])
    for (weights, bias), stride in zip(network.layers, _STRIDES, strict=True):
        taps = weights.shape[0] // x.shape[2]
        around = np.pad(x, [(0, 0), (taps // 2, taps // 2), (0, 0)])
        places = range(0, x.shape[1], stride)
        side_by_side = np.stack([around[:, at : at + taps].reshape(len(x), -1) for at in places], axis=1)
        x = (side_by_side.reshape(-1, weights.shape[0]) @ weights).reshape(len(x), len(places), -1)
        x += bias
        np.maximum(x, 0, out=x)
    return x[:, 0]


def _remember(seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of all windows: of each the higher of its two stretches."""
    count = len(seen)
    firsts = np.array([*range(0, count, _STRETCH), *range(_STRETCH // 2, count, _STRETCH)])
    found = np.zeros(count, dtype=np.float32)
    # The network begins anew before each stretch, and warms up where there is something before it.
    others = firsts[firsts > 0]
    parts = [
        (firsts[firsts == 0], 0),
        *((part, _RUN_UP) for part in np.split(others, range(_TOGETHER, others.size, _TOGETHER))),
    ]
    for chosen, run_up in parts:
        if not chosen.size:
            continue
        at = chosen[None, :] - run_up + np.arange(run_up + _STRETCH)[:, None]
        state = {name: np.zeros((1, chosen.size, seen.shape[1]), dtype=np.float32) for name in ("h", "c")}
        heard = _network().remember.run(None, {_SEEN: seen[np.minimum(at, count - 1)], **state})[0]
        for first, stretch in zip(chosen.tolist(), heard.reshape(chosen.size, -1)[:, run_up:], strict=True):
            part = found[first : first + _STRETCH]
            np.maximum(part, stretch[: part.size], out=part)
    return found


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
    if not topology.is_separated and samples.shape[0] > 1:
        samples = samples.mean(axis=0, keepdims=True)
    bleeds = topology is Topology.BLEED
    spans = []
    for number in range(samples.shape[0]):
        # One after the other: at 16 kHz a channel of four hours takes a gigabyte.
        channel = resample(samples[number], sample_rate_hz, SAMPLE_RATE_HZ)
        [probabilities] = speech_probabilities([channel])
        spans.append(speech_spans(probabilities, channel, unbridged(policy) if bleeds else policy))
        del channel
    if bleeds:
        spans = list(mask_bleed(spans, resample(samples, sample_rate_hz, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ, policy))
    labels = [channel_label(i) for i in range(len(spans))] if topology.is_separated else [MIXED]
    return dict(zip(labels, spans, strict=True))
