"""A leg that is switched off: mute, and hold without music. Pure, vectorised.

Conventions
-----------
Levels are mean powers of steps of 5 ms in dBFS without the mean (`postcall.audio.levels`), so the idle pattern of G.711 and the
``-1`` of a padding recorder are no sound. Spans are in ms.

Definition
----------
floor
    Median level of a channel where its party pauses: the room and the line, as long as somebody is there.
dead
    blocks of 50 ms without any sound, or ``_DEAD_DB`` under the floor: no microphone is that quiet.
mute
    Dead for ``min_mute_ms`` or longer: the agent pressed a button, or the switch sends nothing.
dropped
    For ``min_drop_ms`` or longer nothing comes within ``_DROP_DB`` of the loudest that a pause usually holds in a second, yet
    it is not dead, and its level stands still: the switch sends its own noise in place of the room's, as it does while a call
    is parked without music.

::

    speech   ####    ###                ####
    level    ####~~~~###~~~             ~####     mute: what is left blank
                           ^^^^^^^^^^^^^^

Edge cases
----------
A channel that falls dead at the beginning of most of its pauses is gated (a recorder or a codec that sends no noise): there a
mute cannot be told from a pause, and ``is_gated`` says so. A channel without pauses, or without speech, has no floor and no
mutes. Before the first sound and after the last a leg is not connected, not muted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from postcall.audio.levels import SILENCE_DBFS
from postcall.audio.runs import runs
from postcall.spans import Span, Spans, bridge, gaps, hull

_BLOCK_MS, _STEP_MS = 50, 5
_DEAD_DB, _DEAD_DBFS = 25.0, -90.0
_DROP_DB, _STEADY_DB = 4.0, 4.0
_BESIDE_MS = 150
"""So much next to speech is its tail, and no pause."""
_GATED_SHARE = 0.5
_CLOSING = 10
"""Blocks in which a gate closes after speech."""
_AROUND = 10
"""Blocks to either side in which the loudest counts: the noise of a room comes and goes, a switch's does not."""
_FEWEST_BLOCKS = 20
_ECHO_MS = 300
"""How late a leak may come."""
_BREAK_MS = 150
"""A click this short does not end a mute."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Where a channel is switched off.

    Attributes
    ----------
    mutes, dropped
        See the module.
    is_gated
        Whether the channel falls dead in every pause, so that mutes cannot be told.
    floor_dbfs
        Level of its pauses; None where there are too few.
    """

    mutes: Spans = ()
    dropped: Spans = ()
    is_gated: bool = False
    floor_dbfs: float | None = None


def find_quiet(
    level_db: NDArray[np.float64],
    speech: Spans,
    sounds: Spans,
    *,
    others: Spans = (),
    leaks: bool = False,
    min_mute_ms: int = 1_000,
    min_drop_ms: int = 3_000,
) -> Quiet:
    """Mutes and drops of a channel.

    Parameters
    ----------
    level_db
        (n,) level of each step of 5 ms.
    speech
        Of the channel's party.
    sounds
        Where music or tones are heard; no part of a pause.
    others
        Speech on the other channels: what leaks from them raises pauses, and must not set the floor where it can be helped.
    leaks
        Whether the other channels are heard on this one. Then short pauses in which others speak never set the floor: against a
        leak, every silence of both would be a drop.
    min_mute_ms, min_drop_ms
        Shortest mute and drop.
    """
    heard = bridge([*speech, *sounds], 0)
    within = hull(heard)
    if within is None:
        return Quiet()
    steps = _BLOCK_MS // _STEP_MS
    blocks = level_db.size // steps
    levels = np.median(level_db[: blocks * steps].reshape(blocks, steps), axis=1)
    loudest = level_db[: blocks * steps].reshape(blocks, steps).max(axis=1)
    paused = np.zeros(blocks, dtype=bool)
    widened = bridge([Span(max(0, s.start_ms - _BESIDE_MS), s.end_ms + _BESIDE_MS) for s in heard], 0)
    free = gaps(widened, Span(0, blocks * _BLOCK_MS)) if blocks else ()
    for span in free:
        paused[-(-span.start_ms // _BLOCK_MS) : span.end_ms // _BLOCK_MS] = True
    paused[: within.start_ms // _BLOCK_MS] = False
    # After its last word a party is still on the line, muted or not; after the last sound at all it is not.
    sounding = np.flatnonzero(loudest > _DEAD_DBFS)
    paused[int(sounding[-1]) + 1 if sounding.size else 0 :] = False
    live = paused & (levels > _DEAD_DBFS)
    if paused.sum() < _FEWEST_BLOCKS:
        return Quiet()
    reference, share = _reference(live, _in_short_pauses(paused), _free_of(others, speech, paused.size), leaks=leaks)
    floor = float(np.median(levels[reference])) if reference.any() else SILENCE_DBFS
    crest = maximum_filter1d(np.where(live, levels, SILENCE_DBFS), 2 * _AROUND + 1)
    usual = float(np.quantile(crest[reference], share)) if reference.any() else SILENCE_DBFS
    dead = paused & ((loudest <= _DEAD_DBFS) | (loudest <= floor - _DEAD_DB))
    if not reference.any() or _closes_after_speech(dead, free) > _GATED_SHARE:
        return Quiet(is_gated=True, floor_dbfs=floor if reference.any() else None)
    mutes = _long(dead, min_mute_ms)
    low = paused & ~dead & (crest <= usual - _DROP_DB)
    # The crest looks half a second to either side: so much at the ends belongs to the drop too.
    low = maximum_filter1d(low, 2 * _AROUND + 1) & paused & ~dead & (levels <= usual - _DROP_DB)
    dropped = tuple(span for span in _long(low, min_drop_ms) if _is_steady(levels, span))
    return Quiet(mutes, dropped, floor_dbfs=floor)


def _free_of(others: Spans, speech: Spans, blocks: int) -> NDArray[np.bool_]:
    """Blocks in which nobody else speaks, from the party's first word on: before it the leg may not be connected."""
    alone = np.ones(blocks, dtype=bool)
    alone[: speech[0].start_ms // _BLOCK_MS if speech else 0] = False
    for span in others:
        alone[span.start_ms // _BLOCK_MS : -(-(span.end_ms + _ECHO_MS) // _BLOCK_MS)] = False
    return alone


def _reference(
    live: NDArray[np.bool_], short: NDArray[np.bool_], alone: NDArray[np.bool_], *, leaks: bool
) -> tuple[NDArray[np.bool_], float]:
    """Blocks that tell what a pause sounds like, and the quantile of their crests that does.

    Of short pauses rather: a long one may itself be a drop or a mute, and must not set the floor that it is measured by. And
    where nobody else speaks, for a leak is no room.
    """
    # Short pauses hold what is left of words, long ones the drop itself.
    choices = [(live & short & alone, 0.25), (live & short, 0.25), (live & alone, 0.75), (live, 0.75)]
    if leaks:
        del choices[1]
    return next((choice for choice in choices if choice[0].sum() >= _FEWEST_BLOCKS), (live, 0.75))


def _is_steady(levels: NDArray[np.float64], span: Span) -> bool:
    """Whether a level stands still: a switch's noise does, a room in which people talk grows quieter and louder by itself."""
    inside = levels[span.start_ms // _BLOCK_MS : span.end_ms // _BLOCK_MS]
    low, high = np.quantile(inside, (0.1, 0.9))
    return bool(high - low <= _STEADY_DB)


def _closes_after_speech(dead: NDArray[np.bool_], pauses: Spans) -> float:
    """Share of pauses that fall dead within half a second: so does a gate, but seldom a hand."""
    long = [span.start_ms // _BLOCK_MS for span in pauses if span.duration_ms >= (_CLOSING + 4) * _BLOCK_MS]
    closed = [any(dead[at : at + 3].all() for at in range(first, first + _CLOSING)) for first in long]
    return sum(closed) / len(closed) if closed else 0.0


def _in_short_pauses(paused: NDArray[np.bool_]) -> NDArray[np.bool_]:
    short = np.zeros_like(paused)
    for first, last in runs(paused):
        if (last - first) * _BLOCK_MS < 2_000:
            short[first:last] = True
    return short


def _long(mask: NDArray[np.bool_], min_ms: int) -> Spans:
    spans = bridge((Span(first * _BLOCK_MS, last * _BLOCK_MS) for first, last in runs(mask).tolist()), _BREAK_MS)
    return tuple(span for span in spans if span.duration_ms >= min_ms)
