"""Training batches: windows cut out of strips, varied, scaled as Whisper scales them, with everything the losses need.

Conventions
-----------
A window begins and ends between utterances. What varies each time a strip is used: where it is cut, its speaker's vocal tract
(the mel axis is stretched), the line's frequency response, added noise, masked bands and moments.

References
----------
Park et al. 2019, "SpecAugment"; Jaitly and Hinton 2013, vocal tract length perturbation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.recogniser.model import TOKENS
from training.recogniser.strips import Strip
from training.recogniser.vocabulary import BLANK, Vocabulary, sounds_of

FRAME_MS = 20
STATE_MS = 40
FULL_FRAMES = 1500
"""A whole window of 30 s."""
PADDED_FRAMES = 3000
"""What faster-whisper fills every window up to, with zeros."""
_FRAMES_STEP, _TOKENS_STEP = 60, 16
"""Sizes of batches are rounded up: on a CPU, kernels are compiled anew for every new size, which takes longer than the step."""
_FLOOR = -10.0
_HEARD_BANDS = 63
"""Bands below 4 kHz, all that a telephone line carries."""
EASY_BATCHES = 2000
_VARIED_SHARE = 0.25
"""Of windows, for each kind of variation. The strips have a telephone line's troubles already, and the model is too small to
learn them by heart: more variation only makes the learning slower."""
_TIMED_SHARE = 0.4
"""Of the texts are written with time stamps."""
_TOKENS_A_SECOND, _PROMPT = (2.0, 6.0), 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A strip with its text in tokens and sounds.

    Attributes
    ----------
    strip
        The strip.
    tokens
        Of each utterance: token, start and end in ms.
    sounds
        Of each utterance, of each word: sounds.
    """

    strip: Strip
    tokens: tuple[tuple[tuple[int, int, int], ...], ...]
    sounds: tuple[tuple[tuple[int, ...], ...], ...]


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
        All sounds of the batch in a row, and how many each window has.
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


def prepare(strip: Strip, vocabulary: Vocabulary) -> Piece | None:
    """A strip's text in tokens and sounds; None when times are wrong or Chinese cannot be spelled by character."""
    if any(end < start for said in strip.utterances for _, start, end in said.words):
        return None
    try:
        sounds = tuple(
            tuple(tuple(word) for word in sounds_of([word for word, _, _ in said.words], strip.language))
            for said in strip.utterances
        )
    except ValueError:
        return None
    return Piece(strip, tuple(tuple(vocabulary.tokens(said.words, strip.language)) for said in strip.utterances), sounds)


class Cutter:
    """Cuts, varies and collects windows.

    Parameters
    ----------
    vocabulary
        Of the texts.
    seed
        Of all that is drawn.
    made
        How many batches came before: the first ``EASY_BATCHES`` vary less, the very first not at all.
    """

    def __init__(self, vocabulary: Vocabulary, seed: int, made: int) -> None:
        self._vocabulary = vocabulary
        self._made = made
        self._rng = np.random.default_rng(seed)

    def batch(self, pieces: Sequence[Piece], frames: int, *, moves: bool, padded: int = 0) -> Batch:
        """Windows of at most ``frames``, one of each piece, padded with zeros to the longest, or to ``padded`` frames.

        ``moves``: anywhere among the positions, and their time stamps and the places of their tokens with them, so that all of
        them are learned from short windows.
        """
        self._made += 1
        cuts = [self._cut(piece, frames) for piece in pieces]
        longest = max(last - first for first, last, _ in cuts)
        longest = -(-longest // _FRAMES_STEP) * _FRAMES_STEP
        longest = max(longest, padded)
        mels = np.zeros((len(pieces), 80, longest), np.float32)
        offsets = np.zeros(len(pieces), np.int64)
        if moves:
            offsets = self._rng.integers(0, FULL_FRAMES // 2 - longest // 2 + 1, len(pieces))
        texts, sounds, said = [], [], np.zeros((len(pieces), longest), np.int64)
        for index, (piece, (first, last, utterances)) in enumerate(zip(pieces, cuts, strict=True)):
            mels[index, :, : last - first] = self._varied(piece.strip.mel[:, first:last].astype(np.float32))
            texts.append(self._text(piece, utterances, first * FRAME_MS, int(offsets[index]) * STATE_MS))
            sounds.append(_spelled(piece, utterances))
            _fill(said[index], piece, utterances, first * FRAME_MS)
        width = -(-max(len(text) for text in texts) // _TOKENS_STEP) * _TOKENS_STEP
        tokens = np.full((len(pieces), width), -100, np.int64)
        spans = np.full((len(pieces), width, 2), -1, np.int64)
        for index, text in enumerate(texts):
            tokens[index, : len(text)] = [token for token, _, _ in text]
            spans[index, : len(text)] = [(start, end) for _, start, end in text]
        return Batch(
            torch.from_numpy(mels),
            torch.from_numpy(offsets),
            torch.from_numpy(tokens),
            torch.from_numpy(self._places(offsets, width)),
            torch.from_numpy(spans),
            torch.tensor([sound for row in sounds for sound in row], dtype=torch.long),
            torch.tensor([len(row) for row in sounds], dtype=torch.long),
            torch.from_numpy(said),
        )

    def _cut(self, piece: Piece, frames: int) -> tuple[int, int, range]:
        """First and last frame and the utterances between; as many whole utterances as fit, from a random one on."""
        length, said = piece.strip.mel.shape[1], piece.strip.utterances
        if not said:
            size = int(self._rng.integers(min(100, length), min(frames, length) + 1))
            first = int(self._rng.integers(0, length - size + 1))
            return first, first + size, range(0)
        if length <= frames:
            return 0, length, range(len(said))
        starts = [utterance.words[0][1] // FRAME_MS for utterance in said]
        ends = [-(-utterance.words[-1][2] // FRAME_MS) for utterance in said]
        lengths = np.subtract(ends, starts)
        whole = np.flatnonzero(lengths > 0)
        if not whole.size:
            return 0, length, range(len(said))
        fitting = whole[lengths[whole] <= frames - 10]
        # An utterance longer than the window is taken all the same: its text must be all in the sound.
        begin = int(self._rng.choice(fitting)) if fitting.size else int(whole[lengths[whole].argmin()])
        stop = begin + 1
        while stop < len(said) and ends[stop] - starts[begin] <= frames - 10:
            stop += 1
        before = starts[begin] - (ends[begin - 1] if begin else 0)
        after = (starts[stop] if stop < len(said) else length) - ends[stop - 1]
        first = max(starts[begin] - int(self._rng.integers(0, max(min(before, 30), 1))), 0)
        last = min(ends[stop - 1] + int(self._rng.integers(0, max(min(after, 30), 1))), length)
        return first, last, range(begin, stop)

    def _places(self, offsets: NDArray[np.int64], width: int) -> NDArray[np.int64]:
        """Places of tokens, behind those that would have been said before a window's offset."""
        said = (offsets * STATE_MS / 1000 * self._rng.uniform(*_TOKENS_A_SECOND, offsets.size)).astype(np.int64)
        said = np.minimum(said, TOKENS - width)
        places = np.broadcast_to(np.arange(width), (offsets.size, width)).copy()
        places[:, _PROMPT:] += said[:, None]
        return places

    def _text(self, piece: Piece, utterances: range, from_ms: int, moved_ms: int) -> list[tuple[int, int, int]]:
        """Tokens with the states in which they are said."""
        vocabulary, language = self._vocabulary, piece.strip.language
        start = [("startoftranscript", -1), (language, -1), ("transcribe", -1)]
        text = [(vocabulary.special(name), -1, -1) for name, _ in start]
        timed = self._rng.random() < _TIMED_SHARE
        if not timed:
            text.append((vocabulary.special("notimestamps"), -1, -1))
        end = 0
        for index in utterances:
            rows = piece.tokens[index]
            begin, end = rows[0][1] - from_ms, rows[-1][2] - from_ms
            if timed:
                text.append((vocabulary.stamp(begin + moved_ms), max(begin, 0) // STATE_MS, max(begin, 0) // STATE_MS + 1))
            text += [
                (token, max(a - from_ms, 0) // STATE_MS, max(-(-(b - from_ms) // STATE_MS), (a - from_ms) // STATE_MS + 1))
                for token, a, b in rows
            ]
            if timed:
                text.append((vocabulary.stamp(end + moved_ms), end // STATE_MS, end // STATE_MS + 1))
        if not len(utterances) and timed:
            text.append((vocabulary.stamp(moved_ms), -1, -1))
        last = max(end // STATE_MS, 0)
        return [*text, (vocabulary.special("endoftext"), *((last, last + 1) if len(utterances) else (-1, -1)))]

    def _varied(self, log: NDArray[np.float32]) -> NDArray[np.float32]:
        """Augmented and scaled as Whisper does it."""
        rng = self._rng
        share = _VARIED_SHARE * min(self._made / EASY_BATCHES, 1.0)
        if rng.random() < share:
            log = _warps()[int(rng.integers(len(_warps())))] @ log
        if rng.random() < share:
            knots = rng.normal(0, 0.25, 6)
            log = log + np.interp(np.arange(80), np.linspace(0, 79, 6), knots)[:, None].astype(np.float32)
        if rng.random() < share / 2:
            shape = np.interp(np.arange(80), np.linspace(0, 79, 5), rng.normal(0, 0.4, 5))
            shape[_HEARD_BANDS:] -= 4
            level = np.percentile(log[:_HEARD_BANDS].max(0), 90) - rng.uniform(1.8, 4.5)
            flutter = rng.gamma(3.0, 1 / 3.0, log.shape)
            log = np.log10(10.0**log + flutter * 10.0 ** (level + shape[:, None])).astype(np.float32)
        log = np.maximum(log, _FLOOR)
        log = (np.maximum(log, log.max() - 8.0) + 4.0) / 4.0
        if rng.random() < share:
            for _ in range(2):
                band, wide = int(rng.integers(0, _HEARD_BANDS)), int(rng.integers(1, 9))
                log[band : band + wide] = log.min()
            for _ in range(1 + log.shape[1] // 200):
                moment, long = int(rng.integers(0, log.shape[1])), int(rng.integers(1, 5))
                log[:, moment : moment + long] = log.min()
        return log


@lru_cache(maxsize=1)
def _warps() -> list[NDArray[np.float32]]:
    """Matrices that stretch the mel axis by -12 to 12 per cent of frequency."""
    # Slaney's mel: linear below 1 kHz, logarithmic above; 80 bands up to 8 kHz.
    highest, bend = 15 + np.log(8.0) / (np.log(6.4) / 27), 15.0

    def hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(mel < bend, mel * 200 / 3, 1000 * np.exp((mel - bend) * np.log(6.4) / 27))

    def mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(hz < 1000, hz * 3 / 200, bend + 27 * np.log(np.maximum(hz, 1) / 1000) / np.log(6.4))

    centres = (np.arange(80) + 1) * highest / 81
    matrices = []
    for factor in np.linspace(0.88, 1.12, 25):
        at = np.clip(mel(hertz(centres) * factor) * 81 / highest - 1, 0, 79)
        low = np.minimum(at.astype(int), 78)
        matrix = np.zeros((80, 80), np.float32)
        matrix[np.arange(80), low] = 1 - (at - low)
        matrix[np.arange(80), low + 1] += at - low
        matrices.append(matrix)
    return matrices


def _spelled(piece: Piece, utterances: range) -> list[int]:
    """Sounds of a window; a blank between utterances."""
    row: list[int] = []
    for index in utterances:
        if row and piece.strip.language != "zh":
            row.append(BLANK)
        row += [sound for word in piece.sounds[index] for sound in word]
    return row


def _fill(said: NDArray[np.int64], piece: Piece, utterances: range, from_ms: int) -> None:
    """Write which sound is said in each frame."""
    for index in utterances:
        for (_, start, end), sounds in zip(piece.strip.utterances[index].words, piece.sounds[index], strict=True):
            first, last = (start - from_ms) // FRAME_MS, -(-(end - from_ms) // FRAME_MS)
            if sounds and last > first >= 0:
                places = np.minimum(np.arange(last - first) * len(sounds) // (last - first), len(sounds) - 1)
                part = said[first:last]
                part[:] = np.asarray(sounds)[places[: part.size]]
