from __future__ import annotations

from pathlib import Path

import ctranslate2
import faster_whisper
import numpy as np
import pytest
import torch

from training.recogniser import vocabulary
from training.recogniser.export import export, restore
from training.recogniser.model import Recogniser, Shape, deepened

TEXTS = [("ru", "добрый день чем могу помочь"), ("en", "how can i help you"), ("zh", "您好请问有什么可以帮您")] * 20


@pytest.fixture(scope="module")
def model() -> Recogniser:
    torch.manual_seed(3)
    words = vocabulary.learn(TEXTS)
    return Recogniser(Shape(words.size, width=64, heads=2, encoder_layers=2, decoder_layers=2)).eval()


@pytest.fixture(scope="module")
def folder(model: Recogniser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    torch.save({"model": model.state_dict(), "shape": model.shape.as_dict()}, folder / "checkpoint.pt")
    export(folder / "checkpoint.pt", vocabulary.learn(TEXTS), folder / "out")
    return folder / "out"


def test_the_exported_encoder_hears_the_same(model: Recogniser, folder: Path) -> None:
    mel = np.random.default_rng(1).standard_normal((1, 80, 3000)).astype(np.float32)
    with torch.no_grad():
        ours = model.encoder(torch.from_numpy(mel)).numpy()
    exported = ctranslate2.models.Whisper(str(folder), compute_type="float32")
    theirs = np.array(exported.encode(ctranslate2.StorageView.from_array(mel), to_cpu=True))
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.999  # weights were rounded to 8 bit


def test_the_exported_decoder_ranks_languages_the_same(model: Recogniser, folder: Path) -> None:
    words = vocabulary.learn(TEXTS)
    mel = np.random.default_rng(2).standard_normal((1, 80, 3000)).astype(np.float32)
    with torch.no_grad():
        states = model.encoder(torch.from_numpy(mel))
        logits, _ = model.decode(torch.tensor([[words.special("startoftranscript")]]), states)
    numbers = [words.special(language) for language in ("ru", "en", "zh")]
    expected = logits[0, 0, numbers].softmax(0).tolist()
    exported = ctranslate2.models.Whisper(str(folder), compute_type="float32")
    found = dict(exported.detect_language(ctranslate2.StorageView.from_array(mel))[0])
    assert [found[f"<|{language}|>"] for language in ("ru", "en", "zh")] == pytest.approx(expected, abs=0.03)


def test_plain_faster_whisper_loads_it(folder: Path) -> None:
    model = faster_whisper.WhisperModel(str(folder), device="cpu", compute_type="int8")
    assert model.model.is_multilingual
    segments, info = model.transcribe(np.zeros(16000, np.float32), word_timestamps=True, language="ru", max_new_tokens=5)
    assert info.language == "ru"
    assert all(segment.end >= segment.start for segment in segments)


def test_no_letter_is_forbidden_by_the_marks_that_faster_whisper_forbids() -> None:
    words = vocabulary.learn(TEXTS)
    forbidden = {words.tokenizer.encode(text, add_special_tokens=False).ids[0] for text in (" -", " '", " ♪")}
    used = {token for _, text in TEXTS for token in words.tokenizer.encode(f" {text}", add_special_tokens=False).ids}
    assert not forbidden & used


def test_a_shipped_model_can_be_trained_on(model: Recogniser, folder: Path, tmp_path: Path) -> None:
    restore(folder, tmp_path / "whole.pt")
    restored = torch.load(tmp_path / "whole.pt", weights_only=True)["model"]
    for name, value in model.state_dict().items():
        assert torch.allclose(restored[name], value, atol=0.01 * value.abs().max().item() + 1e-6), name


def test_a_deeper_encoder_begins_by_hearing_the_same(model: Recogniser, folder: Path, tmp_path: Path) -> None:
    restore(folder, tmp_path / "shallow.pt")
    restore(folder, tmp_path / "deep.pt", layers=3)
    shallow, deep = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("shallow", "deep"))
    assert deep["shape"] == shallow["shape"] | {"encoder_layers": 3}
    mel = torch.from_numpy(np.random.default_rng(1).standard_normal((1, 80, 300)).astype(np.float32))
    states = []
    for saved in (shallow, deep):
        restored = Recogniser(Shape(**saved["shape"]))
        restored.load_state_dict(saved["model"])
        with torch.no_grad():
            states.append(restored.encoder(mel))
    assert torch.allclose(*states, atol=1e-5)


@pytest.mark.parametrize("layers", [1, 5])
def test_an_encoder_grows_to_at_most_twice_its_layers(model: Recogniser, layers: int) -> None:
    with pytest.raises(ValueError, match=f"from 2 layers to {layers}"):
        deepened(model, layers)
