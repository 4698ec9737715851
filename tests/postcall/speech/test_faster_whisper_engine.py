import shutil
from pathlib import Path

import faster_whisper
import numpy as np
import pytest

from postcall.errors import EngineError, EngineOutOfMemory, SettingsError
from postcall.spans import Span
from postcall.speech import faster_whisper_engine as engine
from postcall.speech.engines import SpokenChannel, load_transcriber
from postcall.speech.faster_whisper_engine import FasterWhisperTranscriber
from postcall.speech.word_fit import WordPolicy, fit_transcript
from postcall.testing.tiny_whisper import WORDS, write_tiny_whisper
from postcall.transcript import Transcript

FAST = {"cpu_threads": 1, "beam_size": 1, "max_new_tokens": 20, "device": "cpu"}


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def two_channels() -> list[SpokenChannel]:
    return [
        SpokenChannel("channel_0", sound(60, 1), (Span(1000, 4000), Span(20_000, 25_000), Span(50_000, 52_500))),
        SpokenChannel("channel_1", sound(60, 2), (Span(5000, 9000), Span(30_000, 45_000))),
    ]


def make(model: Path, **options: object) -> FasterWhisperTranscriber:
    return FasterWhisperTranscriber({"model": str(model), **FAST, **options})


@pytest.fixture(scope="module")
def transcript(tiny_whisper: Path) -> Transcript:
    return make(tiny_whisper).transcribe(two_channels(), None)


def test_plain_faster_whisper_loads_the_tiny_model(tiny_whisper: Path) -> None:
    model = faster_whisper.WhisperModel(str(tiny_whisper), device="cpu", cpu_threads=1)
    assert model.model.is_multilingual
    segments, info = model.transcribe(sound(5), beam_size=1, temperature=0, max_new_tokens=12, word_timestamps=True)
    assert {word.word.strip() for segment in segments for word in segment.words} <= set(WORDS)
    assert info.language == "ru"


def test_words_lie_near_the_speech_of_their_channel_and_can_be_fitted_into_it(transcript: Transcript) -> None:
    assert transcript.words
    assert {word.speaker for word in transcript.words} == {"channel_0", "channel_1"}
    speech = {channel.label: channel.speech for channel in two_channels()}
    fitted = fit_transcript(transcript, speech, WordPolicy())
    assert fitted.words_dropped <= len(transcript.words) // 10
    for word in fitted.words:
        assert word.text in WORDS
        assert word.speaker is not None
        assert word.probability is not None and 0 <= word.probability <= 1
        assert any(s.start_ms <= word.span.start_ms and word.span.end_ms <= s.end_ms for s in speech[word.speaker])
    assert [word.span.start_ms for word in transcript.words] == sorted(word.span.start_ms for word in transcript.words)


def test_options_and_the_detected_language_are_echoed(transcript: Transcript) -> None:
    assert transcript.language == "ru"
    assert transcript.engine == "faster-whisper tiny-ru"
    assert transcript.options["language_source"] == "detected"
    assert isinstance(transcript.options["language_probability"], float)
    assert transcript.options["language_probability"] > 0.5
    expected = {"beam_size": 1, "max_new_tokens": 20, "batch_size": 8, "temperature": 0.0, "windows": 2, "device": "cpu"}
    assert expected.items() <= transcript.options.items()
    assert transcript.options["faster_whisper"] == faster_whisper.__version__


def test_twice_the_same_and_the_model_loaded_once(
    tiny_whisper: Path, transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine._load.cache_clear()
    made: list[object] = []
    real = faster_whisper.WhisperModel
    monkeypatch.setattr(faster_whisper, "WhisperModel", lambda *args, **kwargs: made.append(args) or real(*args, **kwargs))
    again = [make(tiny_whisper).transcribe(two_channels(), None) for _ in range(2)]
    assert again == [transcript, transcript]
    assert [w.text for w in again[0].words] == [w.text for w in transcript.words]
    assert len(made) == 1


def test_silence_round_speech_changes_neither_the_words_nor_the_cost(tiny_whisper: Path) -> None:
    recogniser = make(tiny_whisper)
    said = sound(6, 5)
    silence = np.zeros(16_000 * 600, np.float32)
    near = recogniser.transcribe([SpokenChannel("channel_0", said, (Span(500, 5500),))], "ru")
    far_channel = SpokenChannel("channel_0", np.concatenate([silence, said, silence]), (Span(600_500, 605_500),))
    far = recogniser.transcribe([far_channel], "ru")
    assert near.words
    assert far.options["windows"] == near.options["windows"] == 1
    assert [w.text for w in far.words] == [w.text for w in near.words]
    assert [w.span.start_ms - 600_000 for w in far.words] == [w.span.start_ms for w in near.words]
    assert [w.span.end_ms - 600_000 for w in far.words] == [w.span.end_ms for w in near.words]


def test_batches_change_nothing_but_the_speed(tiny_whisper: Path) -> None:
    channels = [
        SpokenChannel("channel_0", sound(70, 3), (Span(0, 70_000),)),
        SpokenChannel("channel_1", sound(70, 4), (Span(10_000, 12_000),)),
    ]
    one, many = (make(tiny_whisper, batch_size=size).transcribe(channels, "ru") for size in (1, 8))
    assert one.options["windows"] == many.options["windows"] == 4
    assert one.words == many.words
    assert max(w.span.end_ms for w in many.words if w.speaker == "channel_0") > 60_000


def write_padding(folder: Path, told: str) -> None:
    (folder / "preprocessor_config.json").write_text(told, encoding="utf-8")


def heard_frames(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Windows and frames of every call of the encoder from now on."""
    found: list[tuple[int, int]] = []
    encode = faster_whisper.WhisperModel.encode

    def watched(self: faster_whisper.WhisperModel, features: np.ndarray) -> object:
        found.append((features.shape[0] if features.ndim == 3 else 1, features.shape[-1]))
        return encode(self, features)

    monkeypatch.setattr(faster_whisper.WhisperModel, "encode", watched)
    return found


UNEVEN = [
    SpokenChannel("channel_0", sound(70, 3), (Span(0, 28_000), Span(40_000, 44_000))),
    SpokenChannel("channel_1", sound(70, 4), (Span(10_000, 12_000),)),
]
"""Windows of about 28, 4 and 2 s."""


@pytest.mark.parametrize(("told", "frames"), [("{}", [(3, 3000)]), ('{"pad_to_s": 10}', [(1, 3000), (2, 1000)])])
def test_windows_are_as_long_as_the_model_was_taught(
    tiny_whisper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, frames: list[tuple[int, int]]
) -> None:
    copy = shutil.copytree(tiny_whisper, tmp_path / "copy")
    write_padding(copy, told)
    found = heard_frames(monkeypatch)
    recogniser = make(copy)
    transcript = recogniser.transcribe(UNEVEN, "ru")
    assert sorted(found) == sorted(frames)
    assert {word.speaker for word in transcript.words} == {"channel_0", "channel_1"}
    assert transcript.options["pad_to_s"] == recogniser.options["pad_to_s"] == frames[-1][1] // 100


def test_a_language_is_detected_in_windows_as_long_as_the_model_was_taught(
    tiny_whisper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = heard_frames(monkeypatch)
    make(tiny_whisper, pad_to_s=5).transcribe(UNEVEN, None)
    votes, texts = found[:3], found[3:]
    assert sorted(votes) == [(1, 500), (1, 500), (1, 3000)]
    assert sorted(texts) == [(1, 3000), (2, 500)]


def test_the_settings_come_before_the_models_folder_and_shape_the_key(tiny_whisper: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_whisper, tmp_path / "copy")
    write_padding(copy, '{"pad_to_s": 10}')
    assert make(copy, pad_to_s=15).options["pad_to_s"] == 15
    assert make(copy, pad_to_s=15).options != make(copy).options


def test_short_windows_are_no_matter_of_batches_or_neighbours(tiny_whisper: Path) -> None:
    alone = [make(tiny_whisper, pad_to_s=10).transcribe([channel], "ru").words for channel in UNEVEN]
    for size in (1, 8):
        together = make(tiny_whisper, pad_to_s=10, batch_size=size).transcribe(UNEVEN, "ru").words
        assert [word for word in together if word.speaker == "channel_0"] == list(alone[0])
        assert [word for word in together if word.speaker == "channel_1"] == list(alone[1])


@pytest.mark.parametrize("told", ["[]", '{"pad_to_s": "5"}', '{"pad_to_s": 31}', '{"pad_to_s": 0}', "{"])
def test_a_padding_that_is_none_is_told(tiny_whisper: Path, tmp_path: Path, told: str) -> None:
    copy = shutil.copytree(tiny_whisper, tmp_path / "copy")
    write_padding(copy, told)
    with pytest.raises(SettingsError, match=r"preprocessor_config\.json'"):
        make(copy)


def test_no_speech_touches_no_model(tiny_whisper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_load", lambda *_: pytest.fail("the model was loaded"))
    channels = [SpokenChannel("channel_0", sound(5), ()), SpokenChannel("channel_1", sound(5), ())]
    transcript = make(tiny_whisper).transcribe(channels, "RU-ru")
    assert (transcript.words, transcript.language, transcript.options["windows"]) == ((), "ru", 0)
    assert make(tiny_whisper).transcribe([], None).language is None


def test_the_calls_language_comes_before_the_settings(tiny_whisper: Path) -> None:
    channels = [SpokenChannel("channel_0", sound(3), (Span(0, 3000),))]
    recogniser = make(tiny_whisper, language="zh")
    told = recogniser.transcribe(channels, "en-US")
    assert (told.language, told.options["language_source"], told.options["language_probability"]) == ("en", "call", None)
    assert recogniser.transcribe(channels, None).options["language_source"] == "settings"


def test_a_language_the_model_does_not_know(tiny_whisper: Path) -> None:
    channels = [SpokenChannel("channel_0", sound(3), (Span(0, 3000),))]
    with pytest.raises(EngineError, match="does not know the language 'xx'"):
        make(tiny_whisper).transcribe(channels, "xx")
    with pytest.raises(SettingsError, match="does not know the language 'fr'"):
        make(tiny_whisper, language="fr")


def test_windows_in_which_nobody_speaks_are_dropped_and_counted(tmp_path: Path) -> None:
    model = write_tiny_whisper(tmp_path / "silent", says_nobody_speaks=True)
    channels = [SpokenChannel("channel_0", sound(3), (Span(0, 3000),))]
    gated = make(model).transcribe(channels, "ru")
    assert gated.words == ()
    assert gated.words_dropped > 0
    speech = {"channel_0": channels[0].speech}
    assert fit_transcript(gated, speech, WordPolicy()).speech_without_words_ms == 3000
    assert make(model, no_speech_threshold=1.0).transcribe(channels, "ru").words


def test_the_revision_is_that_of_the_files(tiny_whisper: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_whisper, tmp_path / "copy")
    assert make(copy).revision == make(tiny_whisper).revision
    assert make(write_tiny_whisper(tmp_path / "other", seed=1)).revision != make(tiny_whisper).revision


def test_options_that_only_shape_the_time_are_no_part_of_the_key(tiny_whisper: Path) -> None:
    assert make(tiny_whisper, batch_size=2, cpu_threads=2).options == make(tiny_whisper).options
    assert make(tiny_whisper, hotwords="карта").options != make(tiny_whisper).options
    assert not any(str(tiny_whisper) in str(value) for value in make(tiny_whisper).options.values())


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json", "vocabulary.json", "config.json"])
def test_an_incomplete_folder_says_what_is_missing(tiny_whisper: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(tiny_whisper, tmp_path / "copy")
    (copy / name).unlink()
    with pytest.raises(SettingsError, match=f"has no {name}"):
        make(copy)


def test_a_model_that_is_not_here_says_how_to_bring_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not on this machine") as caught:
        load_transcriber("faster-whisper", {"model": "nobody-has/such-a-model"})
    assert "hf download nobody-has/such-a-model --local-dir such-a-model" in caught.value.hint
    assert "--no-transcript" in caught.value.hint
    with pytest.raises(SettingsError, match="no folder") as caught:
        make(tmp_path / "none")
    assert "hf download Systran/faster-whisper-large-v3 --local-dir faster-whisper-large-v3" in caught.value.hint
    with pytest.raises(SettingsError, match="no recognition model is called 'larg-v3'") as caught:
        FasterWhisperTranscriber({"model": "larg-v3"})
    assert "did you mean 'large-v3'?" in caught.value.hint


def test_a_large_model_that_is_not_here_tells_of_the_demo_model_and_its_limits(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        make(tmp_path / "none")
    assert 'model = "demo" is shipped, but knows synthetic voices only' in caught.value.hint


def test_the_demo_model_is_taken_from_the_package(tiny_whisper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.DEMO_FOLDER.parts[-4:] == ("postcall", "speech", "models", "recognition")
    monkeypatch.setattr(engine, "DEMO_FOLDER", tiny_whisper)
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)  # a folder of that name is not meant
    found = FasterWhisperTranscriber({"model": "demo", **FAST})
    assert found.name == "faster-whisper demo"
    assert found.revision == make(tiny_whisper).revision


def test_an_installation_without_the_demo_model_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "DEMO_FOLDER", tmp_path / "recognition")
    with pytest.raises(SettingsError, match="'demo' is not in this installation") as caught:
        FasterWhisperTranscriber({"model": "demo"})
    assert "--no-transcript" in caught.value.hint
    with pytest.raises(SettingsError, match="'demmo'") as caught:
        FasterWhisperTranscriber({"model": "demmo"})
    assert "did you mean 'demo'?" in caught.value.hint


def test_what_the_device_cannot_do_is_said_before_the_night(tiny_whisper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="compute_type 'float17' is not possible on device 'cpu'"):
        make(tiny_whisper, compute_type="float17")
    monkeypatch.setattr(engine.ctranslate2, "get_cuda_device_count", lambda: 0)
    with pytest.raises(SettingsError, match="no GPU can be used"):
        make(tiny_whisper, device="cuda")


def test_features_of_another_model_are_noticed(tiny_whisper: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_whisper, tmp_path / "copy")
    (copy / "preprocessor_config.json").write_text('{"feature_size": 128}', encoding="utf-8")
    with pytest.raises(SettingsError, match="hears 80 frequency bands, its folder says 128"):
        make(copy).transcribe(two_channels(), "ru")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (MemoryError(), EngineOutOfMemory),
        (RuntimeError("CUDA failed with error out of memory"), EngineOutOfMemory),
        (RuntimeError("a secret word"), EngineError),
        (IndexError("a secret word"), EngineError),
    ],
)
def test_failures_become_engine_errors_without_their_text(
    tiny_whisper: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, kind: type[EngineError]
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(engine, "_load", fail)
    with pytest.raises(EngineError) as caught:
        make(tiny_whisper).transcribe(two_channels(), "ru")
    assert type(caught.value) is kind
    assert "secret" not in str(caught.value)


def test_a_damaged_model_file_is_an_engine_error(tiny_whisper: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_whisper, tmp_path / "copy")
    (copy / "model.bin").write_bytes((copy / "model.bin").read_bytes()[:5000])
    with pytest.raises(EngineError, match="failed on 2 windows: RuntimeError"):
        make(copy).transcribe(two_channels(), "ru")
