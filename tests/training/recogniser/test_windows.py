"""Windows out of strips: what is cut, where its tokens and sounds are said, and what varies."""

from __future__ import annotations

import numpy as np
import pytest

from training.recogniser import vocabulary
from training.recogniser.strips import Strip, Utterance
from training.recogniser.vocabulary import sounds_of
from training.recogniser.windows import (
    FRAME_MS,
    FULL_FRAMES,
    PADDED_FRAMES,
    STATE_MS,
    Batch,
    Cutter,
    Piece,
    prepare,
)

FIRST = (("добрый", 1000, 1600), ("день", 1700, 2000))
SECOND = (("чем", 9000, 9300), ("могу", 9300, 9700), ("помочь", 9800, 10_400))
WORDS = vocabulary.learn([("ru", "добрый день чем могу помочь")] * 20)


def strip(*utterances: tuple[tuple[str, int, int], ...], seconds: int = 12) -> Strip:
    mel = np.random.default_rng(0).normal(-3, 1, (80, seconds * 1000 // FRAME_MS)).astype(np.float16)
    return Strip("ru", mel, tuple(Utterance(words) for words in utterances))


@pytest.fixture
def piece() -> Piece:
    made = prepare(strip(FIRST, SECOND), WORDS)
    assert made is not None
    return made


def text_of(batch: Batch, row: int) -> str:
    tokens = [token for token in batch.tokens[row].tolist() if 0 <= token < WORDS.special("endoftext")]
    return WORDS.tokenizer.decode(tokens).strip()


def test_a_window_holds_whole_utterances_and_their_text(piece: Piece) -> None:
    batch = Cutter(WORDS, seed=1, made=0).batch([piece] * 20, 150, moves=False)
    assert {text_of(batch, row) for row in range(20)} == {"добрый день", "чем могу помочь"}
    assert batch.mel.shape[2] >= 1000 // FRAME_MS
    batch = Cutter(WORDS, seed=1, made=0).batch([piece], 700, moves=False)
    assert text_of(batch, 0) == "добрый день чем могу помочь"


def test_tokens_are_said_where_their_words_are(piece: Piece) -> None:
    batch = Cutter(WORDS, seed=1, made=0).batch([piece], 700, moves=False)  # the whole strip: window time is strip time
    words = FIRST + SECOND
    said = [
        (token, span)
        for token, span in zip(batch.tokens[0].tolist(), batch.spans[0].tolist(), strict=True)
        if 0 <= token < WORDS.special("endoftext")
    ]
    assert said[0][1][0] * STATE_MS == pytest.approx(words[0][1], abs=STATE_MS)
    assert said[-1][1][1] * STATE_MS == pytest.approx(words[-1][2], abs=STATE_MS)
    assert all(first < last for _, (first, last) in said)


def test_sounds_are_spelled_and_stand_in_the_frames_of_their_words(piece: Piece) -> None:
    batch = Cutter(WORDS, seed=1, made=0).batch([piece], 700, moves=False)
    assert batch.sound_counts.tolist() == [len(batch.sounds)]
    frames = batch.frames[0].numpy()
    first, _ = sounds_of(["добрый", "день"], "ru")
    assert set(frames[1000 // FRAME_MS : 1600 // FRAME_MS]) == set(first)
    assert not frames[2100 // FRAME_MS : 8900 // FRAME_MS].any()


def test_moved_windows_take_their_stamps_and_places_along(piece: Piece) -> None:
    batch = Cutter(WORDS, seed=3, made=0).batch([piece] * 30, 150, moves=True)
    assert int(batch.offsets.max()) + batch.mel.shape[2] // 2 <= FULL_FRAMES // 2
    assert len(set(batch.offsets.tolist())) > 5
    stamps = batch.tokens - WORDS.stamp(0)
    for row in range(30):
        places = batch.places[row].tolist()
        assert places[:4] == [0, 1, 2, 3]
        assert places[4:] == list(range(places[4], places[4] + len(places) - 4))
        assert places[4] - 4 <= int(batch.offsets[row]) * STATE_MS / 1000 * 6
        own = [stamp * vocabulary.STAMP_MS for stamp in stamps[row].tolist() if stamp >= 0]
        for ms in own:
            assert ms >= int(batch.offsets[row]) * STATE_MS - vocabulary.STAMP_MS


def test_places_are_in_order_where_nothing_moves(piece: Piece) -> None:
    batch = Cutter(WORDS, seed=3, made=0).batch([piece] * 3, FULL_FRAMES, moves=False)
    assert batch.places.tolist() == [list(range(batch.tokens.shape[1]))] * 3


def test_a_window_is_padded_with_zeros_as_the_recogniser_pads_it(piece: Piece) -> None:
    batch = Cutter(WORDS, seed=3, made=0).batch([piece], FULL_FRAMES, moves=False, padded=PADDED_FRAMES)
    assert batch.mel.shape[2] == PADDED_FRAMES
    assert not batch.mel[0, :, 600:].any()
    assert batch.mel[0, :, :600].any(dim=0).all()


def test_nobody_speaks_in_a_strip_without_words() -> None:
    made = prepare(strip(), WORDS)
    assert made is not None
    batch = Cutter(WORDS, seed=1, made=0).batch([made], 300, moves=False)
    assert text_of(batch, 0) == ""
    assert batch.sound_counts.tolist() == [0]


def test_wrong_times_are_left_out() -> None:
    assert prepare(strip((("день", 2000, 1000),)), WORDS) is None
