"""A recogniser of the Whisper architecture with random weights, made in a moment: for tests of everything round a model.

One of the shape of a real model, to measure its speed and memory, takes a minute.

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import WhisperSpec
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WORDS = tuple("добрый день карта счёт заказ спасибо hello card order thanks please number".split())
"""All it can say."""

LANGUAGES = ("en", "ru", "zh")

_FRAMES, _POSITIONS = 1500, 448
_NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of a model.

    Attributes
    ----------
    width, heads, encoder_layers, decoder_layers
        Of the transformer.
    bands
        Mel bands that it hears.
    fillers
        Tokens of the vocabulary beyond those that it can say: they only take time.
    """

    width: int = 32
    heads: int = 2
    encoder_layers: int = 1
    decoder_layers: int = 1
    bands: int = 80
    fillers: int = 0


TINY = Shape()


def write_tiny_whisper(
    folder: Path, *, language: str = "ru", says_nobody_speaks: bool = False, seed: int = 0, shape: Shape = TINY
) -> Path:
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
    shape
        How large it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(shape.fillers)
    tokenizer.save(str(folder / "tokenizer.json"))
    ids = tokenizer.get_vocab()
    spec = WhisperSpec(shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads)
    _fill(spec, shape, len(ids), np.random.default_rng(seed))
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
    spec.config.alignment_heads = [(shape.decoder_layers - 1, head) for head in range(shape.heads)]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    features = {"feature_size": shape.bands, "sampling_rate": 16000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}
    (folder / "preprocessor_config.json").write_text(json.dumps(features), encoding="utf-8")
    return folder


def _in_bytes(text: str) -> str:
    """A text as the vocabulary spells it: one visible character per byte."""
    return "".join(
        piece for piece, _ in pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
    )


def _tokenizer(fillers: int) -> Tokenizer:
    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *(_in_bytes(f" {word}") for word in WORDS), ""]
    pieces += [f"filler{number}" for number in range(fillers)]
    tokenizer = Tokenizer(models.BPE(vocab={piece: index for index, piece in enumerate(pieces)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["endoftext", "startoftranscript", *LANGUAGES, "translate", "transcribe", "startoflm", "startofprev", "nospeech"]
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", normalized=False) for name in (*special, "notimestamps")])
    tokenizer.add_tokens([AddedToken(f"<|{step * 0.02:.2f}|>", normalized=False) for step in range(1501)])
    return tokenizer


def _fill(spec: Any, shape: Shape, vocabulary: int, rng: np.random.Generator) -> None:
    """Random weights of the right shapes everywhere but in the output's bias."""
    width, bands = shape.width, shape.bands

    def normal(*sizes: int) -> NDArray[np.float32]:
        return np.asarray(rng.standard_normal(sizes) / np.sqrt(np.prod(sizes[1:])), np.float32)

    def linear(layer: Any, outputs: int, inputs: int) -> None:
        layer.weight, layer.bias = normal(outputs, inputs), np.zeros(outputs, np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(width, np.float32), np.zeros(width, np.float32)

    def attention(layer: Any, *outputs: int) -> None:
        norm(layer.layer_norm)
        for part, size in zip(layer.linear, outputs, strict=True):
            linear(part, size, width)

    for convolution, inputs in ((spec.encoder.conv1, bands), (spec.encoder.conv2, width)):
        convolution.weight, convolution.bias = normal(width, inputs, 3), np.zeros(width, np.float32)
    for stack, positions in ((spec.encoder, _FRAMES), (spec.decoder, _POSITIONS)):
        stack.position_encodings.encodings = rng.standard_normal((positions, width)).astype(np.float32)
        norm(stack.layer_norm)
        for layer in stack.layer:
            attention(layer.self_attention, 3 * width, width)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, 4 * width, width)
            linear(layer.ffn.linear_1, width, 4 * width)
    for layer in spec.decoder.layer:
        attention(layer.attention, width, 2 * width, width)
    spec.decoder.embeddings.weight = normal(vocabulary, width)
    linear(spec.decoder.projection, vocabulary, width)
