import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.errors import TranscriptError
from postcall.spans import Span, Spans
from postcall.speech.brought import read_transcript
from postcall.speech.engines import SpokenChannel
from postcall.speech.word_fit import WordPolicy, fit_transcript
from postcall.telephony import Role
from postcall.timeline import MIXED, SpeakerTimeline
from postcall.transcript import Transcript

HARPER_VALLEY = Path(__file__).parents[4] / "shared" / "realdata" / "harper_valley"

NO_SOUND = np.zeros(0, np.float32)
ROLES = {"channel_0": Role.CUSTOMER, "channel_1": Role.AGENT}


def spoken(label: str, *speech: tuple[int, int]) -> SpokenChannel:
    return SpokenChannel(label, NO_SOUND, tuple(Span(start, end) for start, end in speech))


TWO = [spoken("channel_0", (0, 2000), (10_000, 12_000)), spoken("channel_1", (3000, 8000))]
MONO = [spoken(MIXED, (0, 20_000))]


def rows(transcript: Transcript) -> list[tuple[int, int, str, str | None]]:
    return [(w.span.start_ms, w.span.end_ms, w.text, w.speaker) for w in transcript.words]


def read(kind: str, text: str, channels: list[SpokenChannel] = TWO, roles: dict[str, Role] | None = None) -> Transcript:
    return fitted(kind, text, channels, ROLES if roles is None else roles, None)


def fitted(
    kind: str,
    text: str,
    channels: list[SpokenChannel],
    roles: dict[str, Role],
    language: str | None,
    policy: WordPolicy = WordPolicy(),  # noqa: B008  # frozen
) -> Transcript:
    speech = {channel.label: channel.speech for channel in channels}
    return fit_transcript(read_transcript(kind, text, speech, roles, language), speech, policy)


# ── CTM ──────────────────────────────────────────────────────────────────────


def test_ctm_channels_by_number_or_letter() -> None:
    text = ";; made by hand\ncall 1 0.5 0.25 алло 0.9\n\ncall B 3.100 0.4 добрый NA\n"
    transcript = read(".CTM", text)
    assert rows(transcript) == [(500, 750, "алло", "channel_0"), (3100, 3500, "добрый", "channel_1")]
    assert [w.probability for w in transcript.words] == [0.9, None]
    assert (transcript.engine, transcript.language) == ("ctm beside the recording", None)


def test_ctm_of_a_mono_recording_tells_no_speaker() -> None:
    assert rows(read("ctm", "call 2 0.5 0.25 алло\n", MONO)) == [(500, 750, "алло", None)]


def test_ctm_marks_are_counted_and_words_outside_speech_dropped() -> None:
    transcript = read("ctm", "c 1 0.1 0.2 [noise]\nc 1 0.4 0.2 <unk>\nc 1 5.0 0.2 да\nc 1 1.9 0.2 нет\n")
    assert rows(transcript) == [(1900, 2000, "нет", "channel_0")]
    counts = transcript.marks_ignored, transcript.words_dropped, transcript.words_clipped
    assert counts == (2, 1, 1)
    assert transcript.speech_without_words_ms == 2000 + 5000


def test_a_word_without_length_lasts_a_ms() -> None:
    assert rows(read("ctm", "c 1 0.5 0 да\n")) == [(500, 501, "да", "channel_0")]


def test_confidence_on_another_scale_is_none() -> None:
    assert [w.probability for w in read("ctm", "c 1 0.5 0.1 да -0.3\nc 1 0.7 0.1 да 88\n").words] == [None, None]


# ── STM ──────────────────────────────────────────────────────────────────────


def test_stm_speaker_names_become_labels_through_the_roles() -> None:
    transcript = read("stm", "call 1 agent 3.0 5.0 добрый день\ncall 1 Caller 10.0 11.0 да\n")
    assert rows(transcript) == [
        (3000, 4200, "добрый", "channel_1"),
        (4200, 5000, "день", "channel_1"),
        (10_000, 11_000, "да", "channel_0"),
    ]


def test_stm_words_take_the_speech_of_their_segment_not_its_pauses() -> None:
    channels = [spoken("channel_0", (1000, 2000), (5000, 6000)), spoken("channel_1", (8000, 9000))]
    transcript = read("stm", "c 1 customer 0.0 7.0 aaaa bbbb cccc dddd\n", channels)
    assert [(s, e) for s, e, *_ in rows(transcript)] == [(1000, 1500), (1500, 2000), (5000, 5500), (5500, 6000)]


def test_stm_without_known_roles_goes_where_speech_is() -> None:
    transcript = read("stm", "c 1 agent 3.0 5.0 добрый\nc 1 caller 10.0 11.0 да\n", roles={})
    assert [row[3] for row in rows(transcript)] == ["channel_1", "channel_0"]


def test_stm_channels_count_when_there_are_several() -> None:
    overlapping = [spoken("channel_0", (0, 5000)), spoken("channel_1", (0, 5000))]
    text = "c A spk1 0.0 2.0 да\nc B spk2 2.0 4.0 нет\n"
    assert [row[3] for row in rows(read("stm", text, overlapping, {}))] == ["channel_0", "channel_1"]
    assert [row[3] for row in rows(read("stm", text.replace(" B ", " A "), overlapping, {}))] == [None, None]


def test_stm_labels_ignored_segments_and_marks() -> None:
    text = "c 1 agent 3.0 5.0 <o,f0,male> {uh / um} да\nc 1 gap 5.0 6.0 ignore_time_segment_in_scoring\nc 1 agent 6.0 7.0\n"
    transcript = read("stm", text)
    assert rows(transcript) == [(3000, 5000, "да", "channel_1")]
    assert transcript.marks_ignored == 1


def test_chinese_text_is_shared_out_by_character() -> None:
    transcript = read("stm", "c 1 客服 3.0 5.0 您好，OK 吗\n")
    assert [t for *_, t, _ in rows(transcript)] == ["您", "好，", "OK", "吗"]


# ── JSON ─────────────────────────────────────────────────────────────────────


def as_json(*segments: dict[str, object], **top: object) -> str:
    return json.dumps({"segments": segments, **top})


def test_json_of_faster_whisper() -> None:
    words = [{"word": " да", "start": 0.5, "end": 0.8, "probability": 0.75}, {"word": " нет", "start": 3.5, "end": 3.9}]
    transcript = read("json", as_json({"start": 0.0, "end": 4.0, "words": words}, language="RU"))
    assert rows(transcript) == [(500, 800, "да", "channel_0"), (3500, 3900, "нет", "channel_1")]
    assert transcript.words[0].probability == 0.75
    assert transcript.language == "ru"
    assert read("json", json.dumps([{"start": 0.0, "end": 4.0, "words": words}])).words == transcript.words


def test_the_files_language_comes_before_the_calls() -> None:
    text = as_json(language="en")
    assert fitted("json", text, TWO, ROLES, "ru").language == "en"
    assert fitted("json", as_json(), TWO, ROLES, "ru").language == "ru"


def test_json_speakers_and_channels_word_by_word() -> None:
    overlapping = [spoken("channel_0", (0, 5000)), spoken("channel_1", (0, 5000))]
    words = [
        {"word": "раз", "start": 0.5, "end": 0.8, "speaker": "AGENT"},
        {"word": "два", "start": 1.5, "end": 1.8, "channel": 0},
        {"word": "три", "start": 2.5, "end": 2.8, "speaker": "SPEAKER_07"},
    ]
    transcript = read("json", as_json({"start": 0, "end": 5, "words": words}), overlapping)
    assert [row[3] for row in rows(transcript)] == ["channel_1", "channel_0", None]


def test_numerals_without_times_lie_between_their_neighbours() -> None:
    words = [
        {"word": "счёт", "start": 3.5, "end": 4.0, "score": 0.9},
        {"word": "12"},
        {"word": "3456"},
        {"word": "рублей", "start": 4.6, "end": 5.0},
        {"word": "50"},
    ]
    transcript = read("json", as_json({"start": 3.5, "end": 5.5, "words": words}))
    assert [(s, e, t) for s, e, t, _ in rows(transcript)] == [
        (3500, 4000, "счёт"),
        (4000, 4200, "12"),
        (4200, 4600, "3456"),
        (4600, 5000, "рублей"),
        (5000, 5500, "50"),
    ]


def test_words_without_room_between_their_neighbours_are_kept() -> None:
    words = [{"word": "а", "start": 3.5, "end": 4.0}, {"word": "7"}, {"word": "8"}, {"word": "б", "start": 4.0, "end": 4.2}]
    assert [t for *_, t, _ in rows(read("json", as_json({"words": words})))] == ["а", "7", "8", "б"]


def test_json_segments_without_words_are_shared_out() -> None:
    transcript = read("json", as_json({"start": 3.0, "end": 5.0, "text": " добрый день "}, {"start": 6, "end": 7, "text": ""}))
    assert rows(transcript) == [(3000, 4200, "добрый", "channel_1"), (4200, 5000, "день", "channel_1")]


def test_a_marked_annotation_over_two_words() -> None:
    words = [
        {"word": "[background", "start": 3.1, "end": 3.2},
        {"word": "noise]", "start": 3.2, "end": 3.3},
        {"word": "да", "start": 3.3, "end": 3.4},
    ]
    transcript = read("json", as_json({"start": 3, "end": 4, "words": words}))
    assert ([t for *_, t, _ in rows(transcript)], transcript.marks_ignored) == (["да"], 1)


# ── what cannot be read ──────────────────────────────────────────────────────

SECRET = "тайна"


@pytest.mark.parametrize(
    ("kind", "text", "where"),
    [
        ("ctm", f"c 1 0.1 0.2 да\nc 1 x 0.2 {SECRET}", "CTM line 2"),
        ("ctm", f"c 1 0.1 {SECRET}", "CTM line 1: 4 fields"),
        ("ctm", f"c 3 0.1 0.2 {SECRET}", "CTM line 1: the channel"),
        ("ctm", f"c 1 0.1 -0.2 {SECRET}", "CTM line 1: ends before"),
        ("ctm", f"c 1 inf 0.2 {SECRET}", "CTM line 1"),
        ("ctm", f"c 1 1e300 0.2 {SECRET}", "CTM line 1"),
        ("stm", f"\nc 1 agent 5.0 {SECRET}", "STM line 2"),
        ("stm", f"c 1 agent 5.0 4.0 {SECRET}", "STM line 1: ends before"),
        ("json", f'{{"segments": [\n{SECRET}', "JSON line 2"),
        ("json", f'"{SECRET}"', "without a list of segments"),
        ("json", f'["{SECRET}"]', "JSON segment 1: not an object"),
        ("json", f'[{{"text": "{SECRET}"}}]', "JSON segment 1: neither"),
        ("json", f'[{{"words": ["{SECRET}"]}}]', "JSON segment 1: 'words'"),
        ("json", f'[{{"words": [{{"word": "{SECRET}", "start": NaN, "end": 1}}]}}]', "JSON segment 1: a time"),
        ("json", f'[{{"words": [{{"word": "{SECRET}", "start": true, "end": 1}}]}}]', "JSON segment 1: a time"),
        ("json", '[{"words": [{"start": 0, "end": 1}]}]', "JSON segment 1: a text"),
        ("json", f'[{{"start": 0, "end": 1, "text": "{SECRET}", "channel": 2}}]', "JSON segment 1: 'channel'"),
        ("json", f'[{{"start": 0, "end": 1, "text": "{SECRET}", "channel": 1.0}}]', "JSON segment 1: 'channel'"),
        ("json", "[" * 200_000, "JSON"),
        ("srt", SECRET, "'srt'"),
    ],
)
def test_a_text_that_cannot_be_read_says_where_but_not_what(kind: str, text: str, where: str) -> None:
    with pytest.raises(TranscriptError, match=where) as caught:
        read(kind, text)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None or SECRET not in str(caught.value.__cause__)


def test_nothing_at_all_is_an_empty_transcript() -> None:
    for kind, text in (("ctm", ""), ("stm", "\ufeff"), ("json", "[]")):
        assert read(kind, text).words == ()


numbers = st.one_of(st.none(), st.floats(), st.integers(-5, 20), st.text(max_size=3))
json_words = st.fixed_dictionaries(
    {"word": st.text(max_size=6)},
    optional={"start": numbers, "end": numbers, "score": numbers, "speaker": numbers, "channel": numbers},
)
json_segments = st.fixed_dictionaries(
    {}, optional={"start": numbers, "end": numbers, "text": st.text(max_size=20), "words": st.lists(json_words, max_size=5)}
)


@given(st.lists(json_segments, max_size=4), st.sampled_from([TWO, MONO]))
def test_any_json_is_read_or_refused(segments: list[dict[str, object]], channels: list[SpokenChannel]) -> None:
    try:
        transcript = read("json", json.dumps(segments), channels)
    except TranscriptError:
        return
    spans: Spans = tuple(span for channel in channels for span in channel.speech)
    for word in transcript.words:
        assert any(s.start_ms <= word.span.start_ms and word.span.end_ms <= s.end_ms for s in spans)


def test_a_long_transcript_takes_linear_time() -> None:
    count = 20_000
    channels = [
        spoken("channel_0", *((2000 * i, 2000 * i + 900) for i in range(count))),
        spoken("channel_1", *((2000 * i + 1000, 2000 * i + 1900) for i in range(count))),
    ]
    words = [{"word": "да", "start": i + 0.1, "end": i + 0.5} for i in range(2 * count)]
    started = time.perf_counter()
    transcript = read("json", as_json({"start": 0, "end": 2 * count, "words": words}), channels)
    assert time.perf_counter() - started < 10
    assert len(transcript.words) == 2 * count
    assert transcript.words_clipped == 0


# ── real transcripts ─────────────────────────────────────────────────────────

needs_harper_valley = pytest.mark.skipif(
    not HARPER_VALLEY.is_dir(), reason="no HarperValleyBank calls at ../shared/realdata/harper_valley beside the repository"
)


def harper_valley(name: str) -> list[SpokenChannel]:
    by_label = SpeakerTimeline.from_rttm((HARPER_VALLEY / f"{name}.rttm").read_text(encoding="utf-8")).by_label
    return [SpokenChannel(label, NO_SOUND, by_label[who]) for label, who in (("channel_0", "caller"), ("channel_1", "agent"))]


@needs_harper_valley
@pytest.mark.parametrize("name", sorted({path.name.split(".")[0] for path in HARPER_VALLEY.glob("*.ctm")}))
def test_harper_valley_words_reach_the_right_party(name: str) -> None:
    channels = harper_valley(name)
    reference = json.loads((HARPER_VALLEY / f"{name}.ref.json").read_text(encoding="utf-8"))
    for kind in ("ctm", "stm"):
        text = (HARPER_VALLEY / f"{name}.{kind}").read_text(encoding="utf-8")
        transcript = read(kind, text, channels)
        tokens = [
            t for line in text.splitlines() for t in line.split()[4 if kind == "ctm" else 5 :][: 1 if kind == "ctm" else None]
        ]
        plain = [token for token in tokens if not token.startswith(("[", "<"))]
        assert len(transcript.words) + transcript.words_dropped == len(plain)
        assert transcript.marks_ignored == len(tokens) - len(plain)
        assert transcript.words_dropped <= 0.02 * len(plain)
    # Without roles, the speech under a segment tells its speaker just as well.
    blind = read("stm", text, channels, {})
    assert blind.words_dropped == 0
    same = sum(a == b for a, b in zip(blind.words, transcript.words, strict=True))
    assert same >= 0.95 * len(transcript.words), reference["sid"]


@needs_harper_valley
def test_every_harper_valley_word_is_inside_speech_with_no_tolerance() -> None:
    for path in sorted(HARPER_VALLEY.glob("*.ctm")):
        channels = harper_valley(path.name.split(".")[0])
        policy = WordPolicy(near_s=0)
        transcript = fitted("ctm", path.read_text(encoding="utf-8"), channels, ROLES, "en", policy=policy)
        speech = {channel.label: channel.speech for channel in channels}
        for word in transcript.words:
            assert any(s.start_ms <= word.span.start_ms and word.span.end_ms <= s.end_ms for s in speech[word.speaker or ""])
