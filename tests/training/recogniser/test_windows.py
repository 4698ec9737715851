"""Windows out of strips: what is cut, where its tokens and sounds are said, and what varies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from training.recogniser import vocabulary
from training.recogniser.shards import FRAME_MS, prepare
from training.recogniser.strips import Strip, Utterance
from training.recogniser.vocabulary import BLANK, sounds_of
from training.recogniser.windows import FULL_FRAMES, PADDED_FRAMES, STATE_MS, Batch, Windows

Words = tuple[tuple[str, int, int], ...]

FIRST: Words = (("добрый", 1000, 1600), ("день", 1700, 2000))
SECOND: Words = (("чем", 9000, 9300), ("могу", 9300, 9700), ("помочь", 9800, 10_400))
WORDS = vocabulary.learn([("ru", "добрый день чем могу помочь"), ("zh", "您好请问有什么可以帮您")] * 20)
BOTH = "добрый день чем могу помочь"


def strip(*utterances: Words, seconds: int = 12, language: str = "ru") -> Strip:
    mel = np.random.default_rng(0).normal(-3, 1, (80, seconds * 1000 // FRAME_MS)).astype(np.float16)
    return Strip(language, mel, tuple(Utterance(words) for words in utterances))


def windows(*strips: Strip, seed: int = 1, made: int = 0) -> Windows:
    found = Windows(WORDS, torch.device("cpu"), seed=seed, made=made)
    for one in strips:  # each in a shard of its own: what lies behind another must be moved
        found.add(prepare([one], WORDS))
    return found


def text_of(batch: Batch, row: int) -> str:
    return WORDS.tokenizer.decode(written(batch, row)).strip()


def written(batch: Batch, row: int) -> list[int]:
    return [token for token in batch.tokens[row].tolist() if 0 <= token < WORDS.special("endoftext")]


def rows_with(batch: Batch, text: str) -> list[int]:
    return [row for row in range(len(batch.tokens)) if text_of(batch, row) == text]


def stamps(batch: Batch, row: int) -> list[int]:
    """Time stamps of a text in ms."""
    found: Sequence[int] = (batch.tokens[row] - WORDS.stamp(0)).tolist()
    return [stamp * vocabulary.STAMP_MS for stamp in found if stamp >= 0]


def test_a_window_holds_whole_utterances_and_their_text() -> None:
    batch = windows(strip(FIRST, SECOND)).batch(40, 150, moves=False)
    assert {text_of(batch, row) for row in range(40)} == {"добрый день", "чем могу помочь"}
    batch = windows(strip(FIRST, SECOND)).batch(40, 700, moves=False)
    assert {text_of(batch, row) for row in range(40)} == {BOTH, "чем могу помочь"}
    for row in range(40):
        tokens = batch.tokens[row].tolist()
        assert [WORDS.tokenizer.id_to_token(token) for token in tokens[:3]] == [
            "<|startoftranscript|>",
            "<|ru|>",
            "<|transcribe|>",
        ]
        assert tokens.count(WORDS.special("endoftext")) == 1
        assert [token for token in tokens if token != -100][-1] == WORDS.special("endoftext")


def test_an_utterance_longer_than_the_window_begins_none() -> None:
    batch = windows(strip(FIRST, SECOND)).batch(40, 60, moves=False)
    assert {text_of(batch, row) for row in range(40)} == {"добрый день"}


def test_tokens_are_said_where_their_words_are() -> None:
    found = windows(strip(SECOND), strip(FIRST, SECOND))
    batch = found.batch(60, 700, moves=False)
    for row in rows_with(batch, BOTH):
        spans = [
            span
            for token, span in zip(batch.tokens[row].tolist(), batch.spans[row].tolist(), strict=True)
            if 0 <= token < WORDS.special("endoftext")
        ]
        first = spans[0][0] * STATE_MS
        assert spans[-1][1] * STATE_MS - first == pytest.approx(SECOND[-1][2] - FIRST[0][1], abs=2 * STATE_MS)
        assert all(start < end for start, end in spans)
        assert spans == sorted(spans)
    assert rows_with(batch, BOTH)


def test_stamps_tell_where_utterances_begin_and_end() -> None:
    batch = windows(strip(FIRST, SECOND)).batch(60, 700, moves=False)
    timed = [row for row in rows_with(batch, BOTH) if stamps(batch, row)]
    assert timed
    for row in timed:
        begin, end, second, second_end = stamps(batch, row)
        assert (end - begin, second - begin, second_end - begin) == (1000, 8000, 9400)
        assert 0 <= begin <= 30 * FRAME_MS


def test_stamps_never_go_back_where_two_speak_at_once() -> None:
    early: Words = tuple((word, start - 7200, end - 7200) for word, start, end in SECOND)
    batch = windows(strip(FIRST, early)).batch(60, 700, moves=False)
    timed = [row for row in rows_with(batch, BOTH) if stamps(batch, row)]
    assert timed
    for row in timed:
        begin, end, second, second_end = stamps(batch, row)
        assert (end - begin, second - begin, second_end - begin) == (1000, 1000, 2200)


def test_sounds_are_spelled_and_stand_in_the_frames_of_their_words() -> None:
    batch = windows(strip(FIRST, SECOND)).batch(40, 700, moves=False)
    spelled = [sound for word in sounds_of(["добрый", "день"], "ru") for sound in word]
    spelled += [BLANK] + [sound for word in sounds_of(["чем", "могу", "помочь"], "ru") for sound in word]
    row = rows_with(batch, BOTH)[0]
    count = int(batch.sound_counts[row])
    assert batch.sounds[row, :count].tolist() == spelled
    said = batch.frames[row].tolist()
    begin = next(index for index, sound in enumerate(said) if sound)
    first, _ = sounds_of(["добрый", "день"], "ru")
    assert set(said[begin : begin + 600 // FRAME_MS]) == set(first)
    assert not any(said[begin + 1100 // FRAME_MS : begin + 7900 // FRAME_MS])


def test_chinese_sounds_have_no_blanks() -> None:
    made = windows(strip((("您", 500, 700), ("好", 700, 900)), (("请", 1000, 1200), ("问", 1200, 1400)), language="zh"))
    batch = made.batch(40, 700, moves=False)
    row = rows_with(batch, "您好请问")[0]
    sounds = batch.sounds[row, : int(batch.sound_counts[row])].tolist()
    assert sounds == [sound for syllable in sounds_of(["您", "好", "请", "问"], "zh") for sound in syllable]


def test_moved_windows_take_their_stamps_and_places_along() -> None:
    batch = windows(strip(FIRST, SECOND), seed=3).batch(40, 150, moves=True)
    assert int(batch.offsets.max()) + batch.mel.shape[2] // 2 <= FULL_FRAMES // 2
    assert len(set(batch.offsets.tolist())) > 5
    for row in range(40):
        places = batch.places[row].tolist()
        assert places[:4] == [0, 1, 2, 3]
        assert places[4:] == list(range(places[4], places[4] + len(places) - 4))
        assert places[4] - 4 <= int(batch.offsets[row]) * STATE_MS / 1000 * 6
        assert all(ms >= int(batch.offsets[row]) * STATE_MS - vocabulary.STAMP_MS for ms in stamps(batch, row))


def test_places_are_in_order_where_nothing_moves() -> None:
    batch = windows(strip(FIRST, SECOND), seed=3).batch(3, FULL_FRAMES, moves=False)
    assert batch.places.tolist() == [list(range(batch.tokens.shape[1]))] * 3


def test_a_window_is_padded_with_zeros_as_the_recogniser_pads_it() -> None:
    batch = windows(strip(FIRST, SECOND), seed=3).batch(4, FULL_FRAMES, moves=False, padded=PADDED_FRAMES)
    assert batch.mel.shape[2] == PADDED_FRAMES
    assert not batch.mel[:, :, 600:].any()
    row = rows_with(batch, BOTH)[0]
    assert batch.mel[row, :, : 9400 // FRAME_MS].any(dim=0).all()


def test_what_varies_stays_within_the_scale() -> None:
    found = windows(strip(FIRST, SECOND), made=10_000)
    batch = found.batch(64, 700, moves=False)
    assert torch.isfinite(batch.mel).all()
    for row in range(64):
        heard = batch.mel[row][:, batch.mel[row].any(dim=0)]
        assert float(heard.max() - heard.min()) <= 2.0 + 1e-5  # Whisper keeps 80 dB
    plain = windows(strip(FIRST, SECOND), made=0).batch(64, 700, moves=False)
    assert len({round(float(row.std()), 4) for row in batch.mel}) > len({round(float(row.std()), 4) for row in plain.mel})


def test_nobody_speaks_in_a_strip_without_words() -> None:
    batch = windows(strip()).batch(10, 300, moves=False)
    assert {text_of(batch, row) for row in range(10)} == {""}
    assert not batch.sound_counts.any()
    assert not batch.frames.any()


def test_a_few_windows_have_no_speech() -> None:
    batch = windows(strip(FIRST, SECOND), strip()).batch(600, 150, moves=False)
    silent = int((batch.sound_counts == 0).sum())
    assert 5 <= silent <= 50  # one in thirty


def test_wrong_times_are_left_out() -> None:
    assert not len(prepare([strip((("день", 2000, 1000),))], WORDS).strips)


def test_the_same_seed_cuts_the_same_windows() -> None:
    first, second = (windows(strip(FIRST, SECOND), seed=5, made=5000).batch(8, 300, moves=True) for _ in range(2))
    assert torch.equal(first.mel, second.mel)
    assert torch.equal(first.tokens, second.tokens)
