"""Training batches: windows cut out of strips, varied, scaled as Whisper scales them, with everything the losses need.

Conventions
-----------
All strips lie side by side on the device that trains, and a whole batch is cut at once. A window begins and ends between
utterances. What varies each time a strip is used: where it is cut, its speaker's vocal tract (the mel axis is stretched), the
line's frequency response, added noise, masked bands and moments, and whether longer pauses are silence but for a moment after
and before speech: so the recogniser is given them (`postcall.speech.packing`), and a word after a silence is a whole one.

Edge cases
----------
An utterance longer than a window, or with more tokens than a window of its length may have, begins no window of that length.

References
----------
Park et al. 2019, "SpecAugment"; Jaitly and Hinton 2013, vocal tract length perturbation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.recogniser.model import TOKENS
from training.recogniser.shards import FRAME_MS, STAMP, Shard
from training.recogniser.vocabulary import BLANK, STAMP_MS, STAMPS, Vocabulary

STATE_MS = 40
FULL_FRAMES = 1500
"""A whole window of 30 s."""
PADDED_FRAMES = 3000
"""What faster-whisper fills every window up to, with zeros."""
_FLOOR = -10.0
_HEARD_BANDS = 63
"""Bands below 4 kHz, all that a telephone line carries."""
EASY_BATCHES = 2000
_VARIED_SHARE = 0.6
"""Of windows, for each kind of variation. The strips have a telephone line's troubles already, and the model is too small to
learn them by heart: more variation only makes the learning slower."""
_TIMED_SHARE = 0.4
"""Of the texts are written with time stamps."""
_NO_SPEECH_SHARE = 1 / 30
_SILENCED_SHARE, _CONTEXT_FRAMES = 0.6, (4, 6, 8, 8, 10)
"""Of windows, whose pauses are silent, and how much real sound is left round speech then."""
_TOKENS_A_SECOND, _PROMPT = (2.0, 6.0), 4
_MOST_TOKENS_A_SECOND = 8
_MARGIN_FRAMES = 30
"""Most of the pause before and after what is said that a window has."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a step of training sees; ``-1`` and ``-100`` stand for nothing.

    Attributes
    ----------
    mel
        Scaled, shape ``(batch, 80, frames)``.
    offsets
        Position of each window's first state.
    tokens
        Of the text, with the leading special ones, shape ``(batch, tokens)``.
    places
        Where in its text each token stands, shape ``(batch, tokens)``.
    spans
        First and last state (exclusive) in which each token is said, shape ``(batch, tokens, 2)``.
    sounds, sound_counts
        Sounds of each window, shape ``(batch, longest)``, and how many of them are its own.
    frames
        Sound said in each frame, by linear division of words, shape ``(batch, frames)``.
    """

    mel: Tensor
    offsets: Tensor
    tokens: Tensor
    places: Tensor
    spans: Tensor
    sounds: Tensor
    sound_counts: Tensor
    frames: Tensor


@dataclass(frozen=True, slots=True)
class _Cuts:
    """Where windows of a length may begin, and before which utterance each of them stops."""

    begins: Tensor
    stops: Tensor


@dataclass(frozen=True, slots=True)
class _Cut:
    """Windows: first utterance and the one after the last, first frame and the one after the last, the language's token."""

    begin: Tensor
    stop: Tensor
    first: Tensor
    last: Tensor
    language: Tensor


class Windows:
    """All strips, and batches of windows cut out of them.

    Parameters
    ----------
    vocabulary
        Of the texts.
    device
        On which strips lie and batches are made.
    seed
        Of all that is drawn.
    made
        How many batches came before: the first ``EASY_BATCHES`` vary less, the very first not at all.
    """

    def __init__(self, vocabulary: Vocabulary, device: torch.device, seed: int, made: int) -> None:
        self._vocabulary, self.device, self._made = vocabulary, device, made
        self._rng = torch.Generator(device).manual_seed(seed)
        self._order = torch.Generator().manual_seed(seed)
        self._mel = torch.zeros(0, 80, dtype=torch.float16, device=device)
        self._said = torch.zeros(0, dtype=torch.uint8, device=device)
        self._warps = _warps().to(device)
        self._frames = 0
        self._tokens: list[NDArray[np.int64]] = [np.zeros((0, 3), np.int64)]
        self._sounds: list[NDArray[np.uint8]] = [np.zeros(0, np.uint8)]
        self._utterances: list[NDArray[np.int64]] = [np.zeros((0, 5), np.int64)]
        self._strips: list[NDArray[np.int64]] = [np.zeros((0, 3), np.int64)]
        self._tables: dict[str, Tensor] = {}
        self._cuts: dict[int, _Cuts] = {}

    @property
    def seconds(self) -> float:
        """How much sound there is."""
        return self._frames * FRAME_MS / 1000

    def add(self, shard: Shard) -> None:
        """Take in the strips of a shard."""
        frames = self._frames
        token, sound, strip = (sum(map(len, rows)) for rows in (self._tokens, self._sounds, self._strips))
        self._mel = self._longer(self._mel, torch.from_numpy(shard.mel))
        self._said = self._longer(self._said, torch.from_numpy(shard.said))
        later = np.array([0, frames * FRAME_MS, frames * FRAME_MS])
        behind = np.array([frames, frames, token, sound, strip])
        self._tokens.append(shard.tokens + later)
        self._sounds.append(shard.sounds)
        self._utterances.append(shard.utterances + behind)
        self._strips.append(shard.strips + behind[:3] * [1, 1, 0])
        self._frames += len(shard.mel)
        self._tables, self._cuts = {}, {}

    def batch(self, count: int, frames: int, *, moves: bool, padded: int = 0) -> Batch:
        """Windows of at most ``frames``, padded with zeros to that, or to ``padded`` frames if that is more.

        ``moves``: anywhere among the positions, and their time stamps and the places of their tokens with them, so that all of
        them are learned from short windows.
        """
        self._made += 1
        tables, width = self._on_device(), max(frames, padded)
        cut = self._cut(count, frames)
        begin, stop, first = cut.begin, cut.stop, cut.first
        speaks = stop > begin
        heard = torch.arange(width, device=self.device)
        inside = heard < (cut.last - first)[:, None]
        at = (first[:, None] + heard).clamp(max=self._frames - 1)
        said = self._said[at].long() * (inside & speaks[:, None])
        silenced = self._far_from(said > 0) & (speaks & (self._uniform(count) < _SILENCED_SHARE))[:, None]
        mel = self._varied(self._mel[at].float().transpose(1, 2), inside, silenced)
        offsets = torch.zeros(count, dtype=torch.long, device=self.device)
        if moves:
            offsets = self._integers(offsets, offsets + (FULL_FRAMES - width) // 2 + 1)
        tokens, spans = self._text(cut, offsets, _most_tokens(frames))
        sound, sound_end = tables["sound"][begin], tables["sound"][stop]
        ends_blank = self._sound_at(sound_end - 1) == BLANK
        counts = (sound_end - sound - ends_blank.long()) * speaks
        sounds = self._sound_at(sound[:, None] + torch.arange(frames, device=self.device))
        return Batch(mel, offsets, tokens, self._places(offsets, tokens.shape[1]), spans, sounds, counts, said)

    # ── where to cut ─────────────────────────────────────────────────────────

    def _cut(self, count: int, frames: int) -> _Cut:
        """Draw windows; those without speech stop before they begin."""
        tables, cuts = self._on_device(), self._cuts_of(frames)
        silent = tables["silent"]
        share = _NO_SPEECH_SHARE if len(cuts.begins) else 1.0
        speaks = self._uniform(count) >= (share if len(silent) else 0.0)
        row = self._integers(torch.zeros(count, device=self.device).long(), max(len(cuts.begins), 1))
        zero = torch.zeros(count, dtype=torch.long, device=self.device)
        begin, stop = (cuts.begins[row], cuts.stops[row]) if len(cuts.begins) else (zero, zero)
        strip = tables["strip"][begin]
        lasts = (stop - 1).clamp(min=0)
        if len(cuts.begins):
            said, end = tables["first"][begin], tables["last"][lasts]
            room = frames - (end - said)
            before = self._margin(said - tables["before"][begin], room)
            after = self._margin(tables["after"][lasts] - end, room - before)
            first, last = said - before, end + after
        else:
            first, last = zero, zero
        if len(silent):
            chosen = silent[self._integers(zero, len(silent))]
            length = tables["strips"][chosen, 1] - tables["strips"][chosen, 0]
            size = self._integers(length.clamp(max=100), length.clamp(max=frames) + 1)
            quiet = tables["strips"][chosen, 0] + self._integers(zero, length - size + 1)
            first, last = torch.where(speaks, first, quiet), torch.where(speaks, last, quiet + size)
            begin, stop = torch.where(speaks, begin, 0), torch.where(speaks, stop, 0)
            strip = torch.where(speaks, tables["strip"][begin], chosen)
        return _Cut(begin, stop, first, last, tables["language"][strip])

    def _margin(self, pause: Tensor, room: Tensor) -> Tensor:
        most = pause.clamp(min=0, max=_MARGIN_FRAMES).minimum(room.clamp(min=0))
        return self._integers(torch.zeros_like(most), most + 1)

    def _cuts_of(self, frames: int) -> _Cuts:
        """As many whole utterances as fit, from each one on that fits at all."""
        if frames not in self._cuts:
            first, last, token, _, strip = _joined(self._utterances).T
            tokens = len(_joined(self._tokens))
            stop = np.searchsorted(last, first + frames, side="right")
            ends = np.append(token[1:], tokens) if len(token) else token
            room = _most_tokens(frames) - _PROMPT - 1
            stop = np.minimum(stop, np.searchsorted(ends, token + room, side="right"))
            stop = np.minimum(stop, np.searchsorted(strip, strip, side="right"))
            begins = np.flatnonzero(stop > np.arange(len(stop)))
            if frames >= FULL_FRAMES and len(begins):
                # A long window mostly begins where a strip does, or half of it would be empty.
                begins = np.concatenate([begins, np.searchsorted(strip, strip[begins])])
                begins = begins[stop[begins] > begins]
            self._cuts[frames] = _Cuts(self._put(begins), self._put(stop[begins]))
        return self._cuts[frames]

    # ── what is said ─────────────────────────────────────────────────────────

    def _text(self, cut: _Cut, offsets: Tensor, width: int) -> tuple[Tensor, Tensor]:
        """Tokens, with the states in which they are said."""
        tables, special, device = self._on_device(), self._vocabulary.special, self.device
        begin, stop, first = cut.begin, cut.stop, cut.first
        timed, speaks = self._uniform(len(begin)) < _TIMED_SHARE, stop > begin
        # Without stamps, an utterance has two tokens less.
        low = torch.where(timed, tables["token"][begin], tables["token"][begin] - 2 * begin)
        high = torch.where(timed, tables["token"][stop], tables["token"][stop] - 2 * stop)
        count = torch.where(speaks, high - low, timed.long())
        place = torch.arange(width, device=device) - torch.where(timed, _PROMPT - 1, _PROMPT)[:, None]
        inside = (place >= 0) & (place < count[:, None])
        at = low[:, None] + place.clamp(min=0)
        rows = torch.where(
            timed[:, None, None],
            tables["timed"][at.clamp(max=len(tables["timed"]) - 1)],
            tables["plain"][at.clamp(max=len(tables["plain"]) - 1)],
        )
        token, start, end = rows[..., 0], rows[..., 1] - first[:, None] * FRAME_MS, rows[..., 2] - first[:, None] * FRAME_MS
        moved = torch.where(speaks[:, None], start, 0) + (offsets * STATE_MS)[:, None]
        stamps = special("notimestamps") + 1 + ((moved + STAMP_MS // 2) // STAMP_MS).clamp(0, STAMPS - 1)
        token = torch.where((token == STAMP) | ~speaks[:, None], stamps, token)
        begins = start.clamp(min=0) // STATE_MS
        spans = torch.stack([begins, torch.maximum(-(-end // STATE_MS), begins + 1)], -1)
        # The end of the text is where the last word ends.
        ended = place == count[:, None]
        last = torch.where(inside & speaks[:, None], end, 0).amax(1).clamp(min=0) // STATE_MS
        spans = torch.where(ended[..., None], torch.stack([last, last + 1], -1)[:, None], spans)
        spans = torch.where(((inside | ended) & speaks[:, None])[..., None], spans, -1)
        tokens = torch.where(inside, token, torch.where(ended, special("endoftext"), -100))
        tokens[:, 0], tokens[:, 2] = special("startoftranscript"), special("transcribe")
        tokens[:, 1] = cut.language
        tokens[:, 3] = torch.where(timed, tokens[:, 3], special("notimestamps"))
        return tokens, spans

    def _places(self, offsets: Tensor, width: int) -> Tensor:
        """Places of tokens, behind those that would have been said before a window's offset."""
        low, high = _TOKENS_A_SECOND
        said = (offsets * STATE_MS / 1000 * (low + (high - low) * self._uniform(len(offsets)))).long()
        places = torch.arange(width, device=self.device).repeat(len(offsets), 1)
        places[:, _PROMPT:] += said.clamp(max=TOKENS - width)[:, None]
        return places

    def _sound_at(self, at: Tensor) -> Tensor:
        sounds = self._on_device()["sounds"]
        return sounds[at.clamp(0, len(sounds) - 1)].long()

    # ── what varies ──────────────────────────────────────────────────────────

    def _far_from(self, speech: Tensor) -> Tensor:
        """Frames without speech near by, of ``(batch, frames)``."""
        drawn = int(torch.randint(len(_CONTEXT_FRAMES), (), generator=self._order))
        reach = _CONTEXT_FRAMES[drawn]
        near = functional.max_pool1d(speech.float()[:, None], 2 * reach + 1, stride=1, padding=reach)[:, 0]
        return near == 0

    def _varied(self, log: Tensor, inside: Tensor, silenced: Tensor) -> Tensor:
        """Augmented and scaled as Whisper does it.

        ``inside``: frames that are not padding, ``silenced``: frames that are silence, both of shape ``(batch, frames)``.

        Nothing here waits for the device: what a window is spared is drawn for it all the same.
        """
        count, device, rng = len(log), self.device, self._rng
        share = _VARIED_SHARE * min(self._made / EASY_BATCHES, 1.0)

        def some(part: float) -> Tensor:
            return (self._uniform(count) < part)[:, None, None]

        warps = self._warps
        kind = self._integers(torch.zeros(count, dtype=torch.long, device=device), len(warps))
        log = torch.where(some(share), warps[kind] @ log, log)
        tilt = _drawn(torch.randn(count, 6, generator=rng, device=device) * 0.25)[..., None]
        log = torch.where(some(share), log + tilt, log)
        log = torch.where(some(share / 2), self._noisier(log, inside), log)
        log = log.clamp(min=_FLOOR).masked_fill((~inside | silenced)[:, None], _FLOOR)
        log = (log.maximum(log.amax((1, 2), keepdim=True) - 8.0) + 4.0) / 4.0
        least = log.masked_fill(~inside[:, None], torch.inf).amin((1, 2))[:, None, None]
        hidden = self._stretches(count, 2, 80, _HEARD_BANDS, 8)[..., None]
        hidden = hidden | self._stretches(count, 1 + log.shape[2] // 200, log.shape[2], log.shape[2], 4)[:, None]
        return torch.where(hidden & some(share), least, log) * inside[:, None]

    def _noisier(self, log: Tensor, inside: Tensor) -> Tensor:
        """With noise of a random colour, 18 to 45 dB below the loudest moments."""
        rng, device = self._rng, self.device
        shape = _drawn(torch.randn(len(log), 5, generator=rng, device=device) * 0.4)
        shape[:, _HEARD_BANDS:] -= 4
        loud = log[:, :_HEARD_BANDS].amax(1).masked_fill(~inside, torch.nan)
        level = torch.nanquantile(loud, 0.9, dim=1) - 1.8 - 2.7 * self._uniform(len(log))
        # Gamma with shape 3 and mean 1: how the power of noise flutters.
        flutter = -torch.rand(3, *log.shape, generator=rng, device=device).clamp(min=1e-6).log().mean(0)
        return torch.log10(10.0**log + flutter * 10.0 ** (level[:, None] + shape)[..., None])

    def _stretches(self, count: int, each: int, size: int, last: int, longest: int) -> Tensor:
        """Random stretches of 1 to ``longest`` of ``size`` places, marked, shape ``(count, size)``."""
        zero = torch.zeros(count, each, dtype=torch.long, device=self.device)
        begin, length = self._integers(zero, last), self._integers(zero, longest) + 1
        place = torch.arange(size, device=self.device)
        return ((place >= begin[..., None]) & (place < (begin + length)[..., None])).any(1)

    # ── tables ───────────────────────────────────────────────────────────────

    def _on_device(self) -> dict[str, Tensor]:
        """Tables by utterance, with one more row at the end, by token, and by strip."""
        if not self._tables:
            first, last, token, sound, strip = _joined(self._utterances).T
            tokens, sounds, strips = _joined(self._tokens), _joined(self._sounds), _joined(self._strips)
            speaking = np.zeros(len(strips), bool)
            speaking[strip] = True
            same = strip[1:] == strip[:-1]
            before, after = strips[strip, 0].copy(), strips[strip, 1].copy()
            before[1:][same], after[:-1][same] = last[:-1][same], first[1:][same]
            self._tables = {
                "first": self._put(first),
                "last": self._put(last),
                "before": self._put(before),
                "after": self._put(after),
                "token": self._put(np.append(token, len(tokens))),
                "sound": self._put(np.append(sound, len(sounds))),
                "timed": self._put(np.concatenate([tokens, np.zeros((1, 3), np.int64)])),
                "plain": self._put(np.concatenate([tokens[tokens[:, 0] != STAMP], np.zeros((1, 3), np.int64)])),
                "sounds": self._put(np.append(sounds, 0)),
                "silent": self._put(np.flatnonzero(~speaking)),
                "strips": self._put(strips[:, :2]),
                "strip": self._put(np.append(strip, 0)),
                "language": self._put(strips[:, 2]),
            }
        return self._tables

    def _longer(self, store: Tensor, new: Tensor) -> Tensor:
        """With new rows behind those in use; room doubles when it ends."""
        needed = self._frames + len(new)
        if needed > len(store):
            roomy = torch.zeros(max(needed, 2 * len(store)), *store.shape[1:], dtype=store.dtype, device=self.device)
            roomy[: self._frames] = store[: self._frames]
            store = roomy
        store[self._frames : needed] = new.to(self.device)
        return store

    def _put(self, values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

    def _uniform(self, count: int) -> Tensor:
        return torch.rand(count, generator=self._rng, device=self.device)

    def _integers(self, low: Tensor, high: Tensor | int) -> Tensor:
        """Whole numbers from ``low`` to below ``high``."""
        drawn = torch.rand(low.shape, generator=self._rng, device=self.device, dtype=torch.float64)
        return low + (drawn * (high - low)).long()


def _joined(rows: list[NDArray[Any]]) -> NDArray[Any]:
    """Rows of all shards; joined once, and only when they are asked for."""
    if len(rows) > 1:
        rows[:] = [np.concatenate(rows)]
    return rows[0]


def _most_tokens(frames: int) -> int:
    """Most tokens that a window of a length may have, the leading ones among them."""
    return min(-(-(frames * FRAME_MS * _MOST_TOKENS_A_SECOND // 1000 + 12) // 16) * 16, TOKENS // 2)


def _drawn(knots: Tensor) -> Tensor:
    """Lines through knots over all bands, shape ``(rows, 80)``."""
    return functional.interpolate(knots[:, None], 80, mode="linear", align_corners=True)[:, 0]


@cache
def _warps() -> Tensor:
    """Matrices that stretch the mel axis by -12 to 12 per cent of frequency."""
    # Slaney's mel: linear below 1 kHz, logarithmic above; 80 bands up to 8 kHz.
    highest, bend = 15 + np.log(8.0) / (np.log(6.4) / 27), 15.0

    def hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(mel < bend, mel * 200 / 3, 1000 * np.exp((mel - bend) * np.log(6.4) / 27))

    def mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(hz < 1000, hz * 3 / 200, bend + 27 * np.log(np.maximum(hz, 1) / 1000) / np.log(6.4))

    centres = (np.arange(80) + 1) * highest / 81
    matrices = np.zeros((25, 80, 80), np.float32)
    for matrix, factor in zip(matrices, np.linspace(0.88, 1.12, 25), strict=True):
        at = np.clip(mel(hertz(centres) * factor) * 81 / highest - 1, 0, 79)
        low = np.minimum(at.astype(int), 78)
        matrix[np.arange(80), low] = 1 - (at - low)
        matrix[np.arange(80), low + 1] += at - low
    return torch.from_numpy(matrices)
