"""A recogniser of the Whisper architecture with random weights, made in a moment: for tests of everything round a model.

Conventions
-----------
The folder has CTranslate2 format and loads with plain ``faster_whisper.WhisperModel``. What it says means nothing,
but it is words (of ``WORDS``), the same for the same sound. It never stops by itself: bound it by ``max_new_tokens``.

Edge cases
----------
CTranslate2 calls a model multilingual when its vocabulary holds the empty string (``whisper.cc``). The 1,501 time stamps come
last.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import WhisperSpec
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WORDS = tuple("добрый день карта счёт заказ спасибо hello card order thanks please number".split())
"""All it can say."""

LANGUAGES = ("en", "ru", "zh")

_WIDTH, _HEADS, _BANDS, _FRAMES, _POSITIONS = 32, 2, 80, 1500, 448
_NEVER = -1e4


def write_tiny_whisper(folder: Path, *, language: str = "ru", says_nobody_speaks: bool = False, seed: int = 0) -> Path:
    """Write a model into ``folder`` (made when missing) and give the folder back.

    Parameters
    ----------
    folder
        Where to.
    language
        What it detects in any sound: one of ``LANGUAGES``.
    says_nobody_speaks
        Whether it is certain that no window holds speech.
    seed
        Of the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    ids = tokenizer.get_vocab()
    spec = WhisperSpec(1, _HEADS, 1, _HEADS)
    _fill(spec, len(ids), np.random.default_rng(seed))
    bias = np.full(len(ids), _NEVER, np.float32)
    bias[[ids[_in_bytes(f" {word}")] for word in WORDS]] = 0
    bias[ids["<|nospeech|>"]] = -_NEVER if says_nobody_speaks else _NEVER
    # Never said, yet compared with each other when the language is detected.
    bias[[ids[f"<|{code}|>"] for code in LANGUAGES]] = _NEVER
    bias[ids[f"<|{language}|>"]] += 5
    spec.decoder.projection.bias = bias
    spec.register_vocabulary(sorted(ids, key=ids.__getitem__))
    spec.config.lang_ids = [ids[f"<|{code}|>"] for code in LANGUAGES]
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [ids["<|endoftext|>"]]
    spec.config.alignment_heads = [(0, head) for head in range(_HEADS)]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    features = {"feature_size": _BANDS, "sampling_rate": 16000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}
    (folder / "preprocessor_config.json").write_text(json.dumps(features), encoding="utf-8")
    return folder


def _in_bytes(text: str) -> str:
    """A text as the vocabulary spells it: one visible character per byte."""
    return "".join(
        piece for piece, _ in pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
    )


def _tokenizer() -> Tokenizer:
    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *(_in_bytes(f" {word}") for word in WORDS), ""]
    tokenizer = Tokenizer(models.BPE(vocab={piece: index for index, piece in enumerate(pieces)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["endoftext", "startoftranscript", *LANGUAGES, "translate", "transcribe", "startoflm", "startofprev", "nospeech"]
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", normalized=False) for name in (*special, "notimestamps")])
    tokenizer.add_tokens([AddedToken(f"<|{step * 0.02:.2f}|>", normalized=False) for step in range(1501)])
    return tokenizer


def _fill(spec: Any, vocabulary: int, rng: np.random.Generator) -> None:
    """Random weights of the right shapes everywhere but in the output's bias."""

    def normal(*shape: int) -> NDArray[np.float32]:
        return np.asarray(rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:])), np.float32)

    def linear(layer: Any, outputs: int, inputs: int) -> None:
        layer.weight, layer.bias = normal(outputs, inputs), np.zeros(outputs, np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32)

    def attention(layer: Any, *outputs: int) -> None:
        norm(layer.layer_norm)
        for part, size in zip(layer.linear, outputs, strict=True):
            linear(part, size, _WIDTH)

    for convolution, inputs in ((spec.encoder.conv1, _BANDS), (spec.encoder.conv2, _WIDTH)):
        convolution.weight, convolution.bias = normal(_WIDTH, inputs, 3), np.zeros(_WIDTH, np.float32)
    for stack, positions in ((spec.encoder, _FRAMES), (spec.decoder, _POSITIONS)):
        stack.position_encodings.encodings = rng.standard_normal((positions, _WIDTH)).astype(np.float32)
        norm(stack.layer_norm)
        for layer in stack.layer:
            attention(layer.self_attention, 3 * _WIDTH, _WIDTH)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, 4 * _WIDTH, _WIDTH)
            linear(layer.ffn.linear_1, _WIDTH, 4 * _WIDTH)
    for layer in spec.decoder.layer:
        attention(layer.attention, _WIDTH, 2 * _WIDTH, _WIDTH)
    spec.decoder.embeddings.weight = normal(vocabulary, _WIDTH)
    linear(spec.decoder.projection, vocabulary, _WIDTH)
