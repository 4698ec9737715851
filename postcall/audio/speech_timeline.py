"""Who is heard when on a channel: from speech probabilities to spans. Pure on arrays, no model.

Conventions
-----------
Samples are 16 kHz floats in -1..1 of one channel; a probability stands for 512 of them (32 ms). Spans are in ms from the first
sample and end with it. Nothing is padded: an edge is where the voice can be measured to begin or to end.

Definition
----------
1.  *What is speech* is the model's word: windows at ``keep_probability`` or more in a row, of which one reaches
    ``start_probability``, are a core.
2.  *Where it begins and ends* is the sound's word: a 5 ms step is sounding when its level lies ``above_noise_db`` over the
    noise around it and not more than ``below_voice_db`` under the loudest voice within a second. Sounding runs that touch a
    core are speech, out to ``reach_ms`` from the core. The model hears a word begin late and lets it end late; the
    level does neither.
3.  Runs shorter than ``min_sound_ms`` are clicks. Gaps up to ``bridge_gap_ms`` are closed: the silence in a stop consonant and
    the breath between two phrases are talk. What is then shorter than ``min_speech_ms`` is no speech.

::

    probability       .1 .9 .9 .8 .2 .1
    core                 ########
    sounding         ############
    speech           ############

Noise around a step is the least, over ``2 * _NOISE_REACH`` + 1 blocks, of each block's lower-fifth level; steps without any
sound (a recorder that gates, a muted line) have no say in it. All levels but ``min_level_dbfs`` are relative, so that
amplifying a channel moves no edge.

Edge cases
----------
No samples, silence, a constant, noise: no spans. Sound quieter than ``min_level_dbfs`` is nobody's speech: recognition networks
hear voices far below what a party can, such as the other side's echo.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from postcall.audio.levels import frame_power, sustained_level_dbfs, to_db
from postcall.audio.runs import runs
from postcall.policy import Policy, Setting
from postcall.spans import Span, Spans, at_least, bridge, clip, intersect, total_ms, whole

T = TypeVar("T", bound=np.generic)

SAMPLE_RATE_HZ = 16_000
"""Rate of the samples that go with the probabilities."""

WINDOW_SAMPLES = 512
"""Samples that one probability stands for."""

_HOP_MS = 5
_HOPS_PER_LEVEL = 3
"""A level is measured over 15 ms: longer than a pitch period of a low voice, short enough for an honest edge."""

_NOISE_BLOCK = 100
"""Steps in a block of which the noise is measured: 0.5 s."""

_NOISE_STEPS = 20
"""Fewer steps of noise than this (0.1 s) are the tail of a word, and a block with them tells nothing."""

_NOISE_REACH = 3
"""Blocks to either side in which the quietest tells the noise."""

_VOICE_REACH_MS = 1000
"""The loudest voice this near sets what counts as too quiet to be part of it."""

_FADING_MS = 400
"""So near to speech its words still fade, or begin."""

_OVER_RESTLESS_DB, _MOST_ABOVE_NOISE_DB = 3.0, 15.0
"""An edge passes restless noise's peaks by the first, and its floor by no more than the second."""

_NO_SOUND_DB = 80.0
"""So far below the channel's loudest step there is no sound, only what a resampler leaves."""


_BLEED_SMOOTHING = 9
"""Steps over which levels are compared for bleed: 45 ms."""

_BLEED_LAGS = tuple(range(0, 301, 10))
"""Delays in ms at which a leak is looked for: up to a line's echo."""

_BLEED_SPREAD = 10
"""Steps to either side of which the louder predicts the leak: echoes smear."""

_FLOOR_STEPS = 600
"""Steps, 3 s, in which the least level of a channel that bleeds is its noise."""

_LEAST_OVER_LEAK_MS = 220
"""Speech over the other's leak that is shorter is taken for a peak of the leak."""

_LEAK_AT_LEAST_DB = 3.0
"""A leak is at least this much quieter than its source; anything louder is B's own voice."""


class SpeechPolicy(Policy):
    """What counts as speech on a channel."""

    start_probability: float = Setting(
        0.4,
        gt=0,
        lt=1,
        description="A stretch is speech when the model is at least this sure of one 32 ms window in it. Larger misses quiet "
        "words, smaller takes noise for speech.",
    )
    keep_probability: float = Setting(
        0.1,
        gt=0,
        lt=1,
        description="Windows next to a sure one belong to it down to this probability. Larger cuts soft word ends.",
    )
    above_noise_db: float = Setting(
        8.0, ge=0, le=40, description="An edge lies where the level passes the noise around it by this much."
    )
    below_voice_db: float = Setting(
        42.0,
        gt=0,
        le=90,
        description="Sound this much quieter than the loudest voice within a second is breath or room, not part of the word. "
        "Weak consonants lie 30 to 40 dB under the peak of a stressed vowel; smaller cuts them off, larger lets breath in.",
    )
    below_party_db: float = Setting(
        25.0,
        gt=0,
        le=90,
        description="A voice whose peak lies this far under the channel's sustained level is somebody in the background. "
        "Smaller may lose a party that turns away from the microphone.",
    )
    reach_ms: int = Setting(200, ge=0, le=1000, description="How far sound may carry an edge beyond what the model is sure of.")
    min_sound_ms: int = Setting(20, ge=0, le=200, description="A shorter sound is a click.")
    bridge_gap_ms: int = Setting(
        400,
        ge=0,
        le=2000,
        description="Shorter silences between words of one party are talk. Must stay below turns.pause_s to keep "
        "pauses visible.",
    )
    min_speech_ms: int = Setting(
        120, ge=0, le=2000, description="Shorter speech does not count. Larger loses short answers such as 'да', 'no'."
    )
    min_level_dbfs: float = Setting(
        -60.0,
        ge=-100,
        le=0,
        description="Quieter sound is nobody's speech on this channel: line noise or the other side's echo.",
    )
    bleed_margin_db: float = Setting(
        3.0,
        ge=0,
        le=30,
        description="On channels that bleed, speech counts only where it is louder by this much than what leaks in. Smaller "
        "keeps more of the leak, larger more of the overtalk.",
    )


def speech_spans(probabilities: NDArray[np.float32], samples: NDArray[np.float32], policy: SpeechPolicy) -> Spans:
    """Speech of one channel.

    Parameters
    ----------
    probabilities
        (ceil(n / 512),) probability of speech in 0..1 for each window.
    samples
        (n,) samples at 16 kHz, at the recording's own level.
    policy
        The thresholds.
    """
    level = to_db(frame_power(samples, SAMPLE_RATE_HZ, hop_ms=_HOP_MS, hops_per_window=_HOPS_PER_LEVEL))
    core = _cores(probabilities, level.size, policy)
    if not core.any():
        return ()
    voice = maximum_filter1d(np.where(core, level, -np.inf), 2 * _VOICE_REACH_MS // _HOP_MS + 1)
    # Beyond what the model takes for speech, the peaks of restless noise must not carry an edge on.
    restless_db = max(policy.above_noise_db, min(restlessness_db(level, core) + _OVER_RESTLESS_DB, _MOST_ABOVE_NOISE_DB))
    above_db = np.where(core, policy.above_noise_db, restless_db)
    edge = np.maximum(noise_level(level, core) + above_db, voice - policy.below_voice_db)
    near = maximum_filter1d(core, 2 * policy.reach_ms // _HOP_MS + 1)
    least = max(policy.min_level_dbfs, sustained_level_dbfs(samples, SAMPLE_RATE_HZ) - policy.below_party_db)
    sounding = runs((level > edge) & near & (voice >= least))
    cores_until = np.concatenate([[0], np.cumsum(core)])
    touches = cores_until[sounding[:, 1]] > cores_until[sounding[:, 0]]
    spans = at_least(_to_spans(sounding[touches]), policy.min_sound_ms)
    spans = at_least(bridge(spans, policy.bridge_gap_ms), policy.min_speech_ms)
    return clip(spans, whole(samples.size * 1000 // SAMPLE_RATE_HZ))


def _cores(probabilities: NDArray[np.float32], steps: int, policy: SpeechPolicy) -> NDArray[np.bool_]:
    """Steps that the model takes for speech, by hysteresis."""
    kept = runs(probabilities >= policy.keep_probability)
    sure = np.concatenate([[0], np.cumsum(probabilities >= policy.start_probability)])
    kept = kept[sure[kept[:, 1]] > sure[kept[:, 0]]]
    change = np.zeros(probabilities.size + 1, dtype=np.int8)
    change[kept[:, 0]], change[kept[:, 1]] = 1, -1
    is_core = np.cumsum(change[:-1]) > 0
    if not is_core.size:
        return np.zeros(steps, dtype=np.bool_)
    middle = (2 * np.arange(steps) + 1) * (SAMPLE_RATE_HZ * _HOP_MS // 2000)
    return np.asarray(is_core[np.minimum(middle // WINDOW_SAMPLES, is_core.size - 1)])


def noise_level(level: NDArray[np.float64], core: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Noise around each step, measured where the model hears no speech.

    Parameters
    ----------
    level
        (n,) levels of 5 ms steps in dBFS.
    core
        (n,) whether the model takes a step for speech.

    Returns
    -------
    (n,) levels in dBFS; ``-inf`` where no noise is heard around: speech without a break, or a recorder that gates.
    """
    noise = np.where(~core & (level > level.max() - _NO_SOUND_DB), level, np.inf)
    blocks = -(-level.size // _NOISE_BLOCK)
    filled = np.full(blocks * _NOISE_BLOCK, np.inf)
    filled[: level.size] = noise
    in_order = np.sort(filled.reshape(blocks, _NOISE_BLOCK), axis=1)
    counts = np.isfinite(in_order).sum(axis=1)
    low = np.where(counts >= _NOISE_STEPS, in_order[np.arange(blocks), counts // 5], np.inf)
    quietest = minimum_filter1d(low, 2 * _NOISE_REACH + 1)
    return np.repeat(np.where(np.isfinite(quietest), quietest, -np.inf), _NOISE_BLOCK)[: level.size]


def restlessness_db(level: NDArray[np.float64], core: NDArray[np.bool_]) -> float:
    """How far a channel's noise rises over what it mostly is: about 5 dB for a line's, 10 and more for an office's.

    Parameters
    ----------
    level
        (n,) levels of 5 ms steps in dBFS.
    core
        (n,) whether the model takes a step for speech.

    Returns
    -------
    Its 95th less its 20th percentile in dB, away from speech, whose words fade; 0 where too little noise is heard.
    """
    far = ~maximum_filter1d(core, 2 * _FADING_MS // _HOP_MS + 1) & (level > level.max() - _NO_SOUND_DB)
    if far.sum() < _FLOOR_STEPS:
        return 0.0
    low, high = np.quantile(level[far], (0.2, 0.95))
    return float(high - low)


def unbridged(policy: SpeechPolicy) -> SpeechPolicy:
    """The policy with every silence between sounds left open, for `mask_bleed`."""
    return policy.model_copy(update={"bridge_gap_ms": 0, "min_speech_ms": policy.min_sound_ms})


def mask_bleed(
    spans_by_channel: Sequence[Spans], samples: NDArray[np.float32], sample_rate_hz: int, policy: SpeechPolicy
) -> tuple[Spans, Spans]:
    """Take out of each channel's speech what leaks in from the other.

    While A speaks, B mostly carries A's echo, so the median level difference of those steps is the loss of the leak, at
    the delay at which it varies least. B keeps the steps that are louder than the predicted leak by ``bleed_margin_db``,
    so talk over an echo that is hardly quieter than its source is lost.

    ::

        A             ############
        B as heard      ############  ####
        B by itself             ####  ####

    Parameters
    ----------
    spans_by_channel
        Speech of channel 0 and channel 1 as `speech_spans` gives it with `unbridged`: a gap that is closed between a leak and
        the party's own words would be left over as speech.
    samples
        (2, n) samples.
    sample_rate_hz
        Their rate.
    policy
        Uses ``bleed_margin_db``, ``min_sound_ms``, ``bridge_gap_ms`` and ``min_speech_ms``.
    """
    level = to_db(frame_power(samples, sample_rate_hz, hop_ms=_HOP_MS, hops_per_window=_BLEED_SMOOTHING))
    own = [_to_mask(spans, level.shape[1]) for spans in spans_by_channel]
    # What is too weak to count as the other's sound leaks all the same.
    other = [_to_mask(bridge(spans, policy.bridge_gap_ms), level.shape[1]) for spans in spans_by_channel]
    return (
        _own_speech(own[0], other[1], level[0], level[1], policy),
        _own_speech(own[1], other[0], level[1], level[0], policy),
    )


def _own_speech(
    own: NDArray[np.bool_],
    other: NDArray[np.bool_],
    own_level: NDArray[np.float64],
    other_level: NDArray[np.float64],
    policy: SpeechPolicy,
) -> Spans:
    """Speech of a channel that is louder than the leak from the other."""
    loss_db, lag = _leak(own_level, other_level, other)
    delayed = _delay(other_level, lag)
    leak = maximum_filter1d(delayed, 2 * _BLEED_SPREAD + 1) - loss_db
    leaks_now = maximum_filter1d(_delay(other, lag), 2 * _BLEED_SPREAD + 1)
    # The model takes the leak for speech, so that no noise is left to be measured between: its least level must do.
    floor = minimum_filter1d(own_level, _FLOOR_STEPS)
    own = own & (own_level > floor + policy.above_noise_db) & ~(leaks_now & (own_level < leak + policy.bleed_margin_db))
    # Where the other speaks, a short piece is more often a peak of its echo than a word over it.
    while_other = _to_spans(runs(leaks_now))
    spans = [
        span
        for span in at_least(_to_spans(runs(own)), policy.min_sound_ms)
        if span.duration_ms >= policy.min_speech_ms // 2 or not any(intersect((span,), while_other))
    ]
    return tuple(
        span
        for span in at_least(bridge(spans, policy.bridge_gap_ms), policy.min_speech_ms)
        if span.duration_ms >= _LEAST_OVER_LEAK_MS or not total_ms(intersect((span,), while_other))
    )


def _leak(own_level: NDArray[np.float64], other_level: NDArray[np.float64], other: NDArray[np.bool_]) -> tuple[float, int]:
    """Loss in dB and delay in steps of the leak from the other channel; infinite loss for none."""
    best = (np.inf, np.inf, 0)
    for lag_ms in _BLEED_LAGS:
        lag = lag_ms // _HOP_MS
        difference = (_delay(other_level, lag) - own_level)[_delay(other, lag)]
        difference = difference[difference > _LEAK_AT_LEAST_DB]
        if difference.size:
            low, middle, high = np.percentile(difference, [25, 50, 75])
            best = min(best, (float(high - low), float(middle), lag))
    return best[1], best[2]


def _delay(values: NDArray[T], lag: int) -> NDArray[T]:
    """Values moved ``lag`` steps later; the first value fills the start."""
    return values if lag == 0 else np.concatenate([np.repeat(values[:1], min(lag, values.size)), values[:-lag]])


def _to_spans(found: NDArray[np.intp]) -> Spans:
    return tuple(Span(int(start) * _HOP_MS, int(end) * _HOP_MS) for start, end in found)


def _to_mask(spans: Spans, steps: int) -> NDArray[np.bool_]:
    mask = np.zeros(steps, dtype=np.bool_)
    for span in spans:
        mask[round(span.start_ms / _HOP_MS) : round(span.end_ms / _HOP_MS)] = True
    return mask
