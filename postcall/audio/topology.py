"""How the parties lie on the channels of a recording: separate, with bleed, dual mono, mono. Pure on arrays.

Conventions
-----------
Everything is measured at about 8 kHz on blocks of half a second, after a first difference that evens out the spectrum. A block
is active on a channel when it lies not more than ``active_below_db`` under the channel's loudest blocks. The *likeness* of a
block is the larger magnitude of its normalised cross-correlation at two delays, the best for "0 leads 1" and the best for "1
leads 0", which are found once for the whole recording. Likeness knows no level: a quiet copy is as alike as a loud one.

Definition
----------
mono
    One channel.
different
    A block that is unlike, and whose level difference is further than ``dual_mono_spread_db`` from the alike ones' median.
    A codec of few bits makes copies unlike, but as loud as each other; a party that talks is loud on one channel alone.
dual mono
    Of all active blocks at most ``different_share`` are different, and the level difference of the alike ones stays within
    ``dual_mono_spread_db`` of its median, itself at most ``dual_mono_level_db``.
bleed
    Where one channel is active and louder by ``bleed_below_db`` or more, for 1 s at least, the other carries its echo: either
    ``bleed_share`` of these blocks are alike, or the other's level in dB follows the louder's with a correlation of
    ``bleed_tracking`` at the best delay. The first finds an echo in noise, the second one that a room has smeared. Measured
    for each direction; one suffices.
separate
    All else.

Hold music or ringback on both channels makes blocks alike, but as long as the parties' own speech is more than
``different_share`` of what is heard, the channels stay separate.

Edge cases
----------
*One channel without any sound* is separate with a silent party. It might also be a recorder that writes everybody onto one
side of a stereo file, and the sound cannot tell; but then it is so on every call, and ``silent_channels`` in the evidence
shows it. Two channels without any sound are separate too.
*Recordings shorter than a block* are one block.
*One party talks all the time and the other's channel holds nothing but its echo*: within ``dual_mono_level_db`` it is dual
mono.

Evidence
--------
``channels``, ``silent_channels``; ``channel_<i>_dbfs`` sustained level; ``channel_<i>_active_share`` of blocks. For two
channels ``side_mid_db``, energy of the difference over that of the sum. For two channels with sound ``level_difference_db``
over alike blocks (channel 0 minus 1) and its ``level_difference_spread_db``; ``likeness``, median over active blocks;
``lag_0_to_1_ms``, ``lag_1_to_0_ms``; ``different_share``, ``different_s``. Unless dual mono, ``bleed_0_to_1_db``, level of the
echo relative to its source, ``bleed_0_to_1_share``, ``bleed_0_to_1_s``, ``bleed_0_to_1_tracking``, and the same for
``1_to_0``. Figures that nothing can be measured for are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from postcall.audio.decode import decimated
from postcall.audio.levels import frame_power, sustained_level_dbfs, to_db
from postcall.errors import ChannelMismatch
from postcall.policy import Policy, Setting
from postcall.recording import Topology

_BLOCK_S = 0.5
_STEP_MS = 20
_MAX_LAG_S = 0.3
_BLOCKS_FOR_LAG = 240
_BLOCKS_AT_ONCE = 512
"""Blocks that decide on the delays, the loudest ones: two minutes are plenty."""

_AT_ONCE = 1 << 20
"""Samples whose squares are summed at once."""

_BLEED_AT_LEAST_S = 1.0
_LIMIT_DB = 120.0


class TopologyPolicy(Policy):
    """How the channels of a recording are told to be separate."""

    silent_dbfs: float = Setting(
        -75.0,
        ge=-120,
        le=-20,
        description="A channel whose sustained level stays below is silent; G.711 idles at -72 dBFS or less.",
    )
    active_below_db: float = Setting(
        20.0, gt=0, le=60, description="Blocks this far below a channel's loudest tell nothing. Larger lets noise have a say."
    )
    alike: float = Setting(
        0.4,
        gt=0,
        lt=1,
        description="Correlation from which a block is the same sound on both channels. Independent speech stays below 0.3, "
        "copies through two codecs may fall to 0.5.",
    )
    different_share: float = Setting(
        0.02,
        ge=0,
        le=1,
        description="Dual mono may have this share of different blocks. Larger overlooks a short talk after long music.",
    )
    dual_mono_level_db: float = Setting(
        15.0, ge=0, le=60, description="Channels that differ more in level than this are no dual mono but one side's echo."
    )
    dual_mono_spread_db: float = Setting(
        3.0, gt=0, le=20, description="Dual mono keeps its level difference within this of the median in nine blocks of ten."
    )
    bleed_below_db: float = Setting(6.0, ge=0, le=40, description="An echo is quieter than its source by at least this.")
    bleed_share: float = Setting(
        0.3,
        gt=0,
        le=1,
        description="Channels bleed when at least this share of one party's own blocks is heard on the other channel.",
    )
    bleed_tracking: float = Setting(
        0.6,
        gt=0,
        le=1,
        description="Channels bleed when one's level follows the other's with this correlation while the other talks.",
    )


def classify(samples: NDArray[np.float32], sample_rate_hz: int, policy: TopologyPolicy) -> tuple[Topology, dict[str, float]]:
    """Tell how the parties lie on the channels.

    Parameters
    ----------
    samples
        (channels, n) samples, one or two channels.
    sample_rate_hz
        Their rate.
    policy
        The thresholds.

    Returns
    -------
    The topology, and the measured figures behind it (module docstring), all finite.

    Raises
    ------
    ChannelMismatch
        No channel, or more than two.
    """
    channels = samples.shape[0]
    if channels not in (1, 2):
        raise ChannelMismatch(f"{channels} channels, where a call has one or two", hint="export one channel per party")
    slow, rate_hz = decimated(samples, sample_rate_hz)
    level_dbfs = [sustained_level_dbfs(channel, rate_hz) for channel in slow]
    silent = [level <= policy.silent_dbfs for level in level_dbfs]
    evidence = {"channels": float(channels), "silent_channels": float(sum(silent))}
    for i, level in enumerate(level_dbfs):
        evidence[f"channel_{i}_dbfs"] = level
    power = np.concatenate([blocks.var(axis=2, dtype=np.float64) for blocks in _blocks(slow, rate_hz)], axis=1)
    active = (power > power.max(axis=1, keepdims=True) * _from_db(-policy.active_below_db)) & ~np.array(silent)[:, None]
    for i in range(channels):
        evidence[f"channel_{i}_active_share"] = float(active[i].mean())
    if channels == 1:
        return Topology.MONO, evidence
    evidence["side_mid_db"] = _side_mid_db(slow)
    if any(silent):
        return Topology.SEPARATE, evidence
    likeness, lags_ms = _likeness(slow, rate_hz)
    evidence["lag_0_to_1_ms"], evidence["lag_1_to_0_ms"] = lags_ms
    power_of_steps = [frame_power(blocks.reshape(2, -1), rate_hz, hop_ms=_STEP_MS) for blocks in _blocks(slow, rate_hz)]
    steps = to_db(np.concatenate(power_of_steps, axis=1))
    topology = _judge(likeness=likeness, level=to_db(power), steps=steps, active=active, evidence=evidence, policy=policy)
    return topology, evidence


def _judge(
    *,
    likeness: NDArray[np.float64],
    level: NDArray[np.float64],
    steps: NDArray[np.float64],
    active: NDArray[np.bool_],
    evidence: dict[str, float],
    policy: TopologyPolicy,
) -> Topology:
    """The topology of two channels with sound; adds to the evidence."""
    alike = likeness >= policy.alike
    heard = active.any(axis=0)
    difference = level[0] - level[1]
    same = difference[heard & alike]
    middle = float(np.median(same)) if same.size else np.nan
    as_loud = np.abs(difference - middle) <= policy.dual_mono_spread_db
    different = float((heard & ~alike & ~as_loud).sum())
    evidence["likeness"] = float(np.median(likeness[heard]))
    evidence["different_share"] = different / float(heard.sum())
    evidence["different_s"] = different * _BLOCK_S
    if same.size:
        spread = float(np.percentile(np.abs(same - middle), 90))
        evidence["level_difference_db"], evidence["level_difference_spread_db"] = middle, spread
        if (
            evidence["different_share"] <= policy.different_share
            and abs(middle) <= policy.dual_mono_level_db
            and spread <= policy.dual_mono_spread_db
        ):
            return Topology.DUAL_MONO
    bleeds = False
    for source, target, louder in ((0, 1, difference), (1, 0, -difference)):
        own = active[source] & (louder >= policy.bleed_below_db)
        echoed = own & alike
        seconds = float(echoed.sum()) * _BLOCK_S
        share = float(echoed.sum()) / max(float(own.sum()), 1.0)
        name = f"bleed_{source}_to_{target}"
        evidence[f"{name}_share"], evidence[f"{name}_s"] = share, seconds
        if echoed.any():
            evidence[f"{name}_db"] = -float(np.median(louder[echoed]))
        tracking = _tracking(steps[source], steps[target], own)
        evidence[f"{name}_tracking"] = tracking
        bleeds = bleeds or (share >= policy.bleed_share and seconds >= _BLEED_AT_LEAST_S)
        bleeds = bleeds or (tracking >= policy.bleed_tracking and float(own.sum()) * _BLOCK_S >= _BLEED_AT_LEAST_S)
    return Topology.BLEED if bleeds else Topology.SEPARATE


def _tracking(source: NDArray[np.float64], target: NDArray[np.float64], own: NDArray[np.bool_]) -> float:
    """Correlation of the levels of two channels over some blocks, at the delay where it is highest; 0 for none."""
    chosen = own[np.arange(source.size) * own.size // source.size]
    best = 0.0
    for lag in range(round(_MAX_LAG_S * 1000) // _STEP_MS + 1):
        use = chosen[lag:]
        a, b = source[: source.size - lag][use], target[lag:][use]
        if a.size > 1 and a.std() > 0 and b.std() > 0:
            best = max(best, float(np.corrcoef(a, b)[0, 1]))
    return best


def _blocks(samples: NDArray[np.float32], rate_hz: int) -> Iterator[NDArray[np.float32]]:
    """(channels, blocks, block length), many at once, at least one block; the last one is filled up with zeros."""
    length = round(_BLOCK_S * rate_hz)
    for first, last in _groups(samples.shape[1], rate_hz):
        yield _cut(samples, first * length, last * length).reshape(samples.shape[0], -1, length)


def _groups(count: int, rate_hz: int) -> list[tuple[int, int]]:
    """First block and block after the last of groups of about `_BLOCKS_AT_ONCE` whose borders lie between two steps."""
    length, step = round(_BLOCK_S * rate_hz), rate_hz * _STEP_MS // 1000
    blocks = max(-(-count // length), 1)
    even = step // gcd(step, length)
    size = -(-_BLOCKS_AT_ONCE // even) * even
    return [(first, min(first + size, blocks)) for first in range(0, blocks, size)]


def _cut(samples: NDArray[np.float32], start: int, end: int) -> NDArray[np.float32]:
    """Samples from ``start`` to ``end``; zeros where there are none."""
    found = np.zeros((samples.shape[0], end - start), dtype=samples.dtype)
    low, high = max(start, 0), min(end, samples.shape[1])
    if low < high:
        found[:, low - start : high - start] = samples[:, low:high]
    return found


def _slope(samples: NDArray[np.float32], start: int, end: int) -> NDArray[np.float32]:
    """Differences of neighbours from ``start`` to ``end``; zeros where there are none, and the first one is zero."""
    found = np.zeros((samples.shape[0], end - start), dtype=samples.dtype)
    low, high = max(start, 1), min(end, samples.shape[1])
    if low < high:
        np.subtract(samples[:, low:high], samples[:, low - 1 : high - 1], out=found[:, low - start : high - start])
    return found


def _likeness(samples: NDArray[np.float32], rate_hz: int) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """(blocks,) likeness of the slopes of the channels and the two delays in ms.

    The delays maximise the mean correlation over the loudest blocks with every block of the same weight, so that one stretch of
    loud music does not choose them alone.
    """
    length = round(_BLOCK_S * rate_hz)
    groups = [(first * length, last * length) for first, last in _groups(samples.shape[1], rate_hz)]
    max_lag = round(_MAX_LAG_S * rate_hz)
    energies = []
    for start, end in groups:
        blocks = _slope(samples, start, end).reshape(2, -1, length)
        energies.append(np.vecdot(blocks, blocks).sum(axis=0))
    loudest = np.argsort(-np.concatenate(energies), kind="stable")[:_BLOCKS_FOR_LAG]
    loud = np.stack([_slope(samples, at * length, (at + 1) * length) for at in loudest.tolist()], axis=1)
    size = next_fast_len(length + max_lag, real=True)
    first, second = rfft(loud, size, axis=2)
    cross = irfft(second * np.conj(first), size, axis=1)
    norm = np.sqrt((loud.astype(np.float64) ** 2).sum(axis=2).prod(axis=0))
    mean = np.abs(np.divide(cross, norm[:, None], out=np.zeros_like(cross), where=norm[:, None] > 0)).mean(axis=0)
    forward = int(np.argmax(mean[: max_lag + 1]))
    backward = int(np.argmax(mean[: -max_lag - 1 : -1])) + 1
    if mean[0] >= mean[-backward]:
        backward = 0
    found = []
    for start, end in groups:
        now = _slope(samples, start, end)
        one, other = (_slope(samples[at : at + 1], start - lag, end - lag)[0] for at, lag in ((0, forward), (1, backward)))
        found.append(np.maximum(_correlation(one, now[1], length), _correlation(other, now[0], length)))
    return np.concatenate(found), (forward * 1000 / rate_hz, backward * 1000 / rate_hz)


def _correlation(leader: NDArray[np.float32], follower: NDArray[np.float32], length: int) -> NDArray[np.float64]:
    """(blocks,) magnitude of the normalised correlation of ``follower`` with ``leader``, which is delayed already."""
    a, b = leader.reshape(-1, length), follower.reshape(-1, length)
    product = np.vecdot(a, b).astype(np.float64)
    norm = np.sqrt(np.vecdot(a, a).astype(np.float64) * np.vecdot(b, b))
    return np.asarray(np.abs(np.divide(product, norm, out=np.zeros_like(product), where=norm > 0)))


def _side_mid_db(samples: NDArray[np.float32]) -> float:
    """Energy of the difference of two channels over that of their sum, in dB within 120 of 0; 0 for no sound."""
    side, mid = _energy(samples[0], samples[1], np.subtract), _energy(samples[0], samples[1], np.add)
    if side == mid == 0:
        return 0.0
    least = _from_db(-_LIMIT_DB) * max(side, mid)
    return float(10 * np.log10(max(side, least) / max(mid, least)))


def _energy(one: NDArray[np.float32], other: NDArray[np.float32], joined: np.ufunc) -> float:
    """Sum of the squares of two channels' sum or difference, in parts: of hours at once they take a gigabyte and a half.

    It is halved as NumPy halves a sum, so that it is the same to the last bit.
    """
    if one.size <= _AT_ONCE:
        return float(np.square(joined(one, other), dtype=np.float64).sum())
    half = one.size // 2
    half -= half % 8
    return _energy(one[:half], other[:half], joined) + _energy(one[half:], other[half:], joined)


def _from_db(value: float) -> float:
    return float(10 ** (value / 10))
