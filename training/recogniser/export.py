"""From a checkpoint to a folder that plain ``faster_whisper.WhisperModel`` loads, and back again.

Conventions
-----------
CTranslate2's Whisper format, weights in 8 bit: a value is its number over the row's scale. Word times come from the heads of
the decoder whose attention was led to where the next token is said: the first ones of every layer but the first.

Going back lets a training go on from a shipped model; the encoder's head for sounds, which no recogniser reads, lies beside it
for that.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from ctranslate2.specs import WhisperSpec
from numpy.typing import NDArray

from training.recogniser.model import LED_HEADS, Recogniser, Shape, deepened
from training.recogniser.strips import FEATURES
from training.recogniser.text import LANGUAGES
from training.recogniser.vocabulary import Vocabulary

PAD_TO_S = 10
"""Windows need not be longer than their sound: the training fills them up to all sorts of lengths."""

HEARING = "hearing.npz"
"""The encoder's head for sounds: no recogniser reads it, but a training that goes on does."""

_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
"""Numbers of types in CTranslate2's files."""


def export(checkpoint: Path, vocabulary: Vocabulary, folder: Path) -> None:
    """Write the model of a checkpoint into ``folder``; model files that are there are replaced."""
    # Here: a machine that only trains has nothing of what the engine needs.
    from postcall.speech.faster_whisper_engine import FEATURES_FILE, PADDING_KEY  # noqa: PLC0415

    saved = torch.load(checkpoint, weights_only=True)
    shape = Shape(**saved["shape"])
    spec = WhisperSpec(shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads)
    for theirs, ours in _names(shape):
        *way, last = theirs.split("/")
        setattr(_part(spec, way), last, np.concatenate([saved["model"][name].float().numpy() for name in ours]))
    spec.encoder.position_encodings.encodings = saved["model"]["encoder.positions"].float().numpy()
    spec.decoder.projection.weight = spec.decoder.embeddings.weight
    spec.register_vocabulary(_texts(vocabulary))
    config = spec.config
    config.suppress_ids = []
    # The end is not forbidden at the start: where nobody speaks, nothing should be said.
    config.suppress_ids_begin = [vocabulary.tokenizer.token_to_id("Ġ")]
    config.lang_ids = [vocabulary.special(language) for language in LANGUAGES]
    config.alignment_heads = [(layer, head) for layer in range(1, shape.decoder_layers) for head in range(LED_HEADS)]
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    vocabulary.save(folder / "tokenizer.json")
    (folder / FEATURES_FILE).write_text(json.dumps(FEATURES | {PADDING_KEY: PAD_TO_S}), encoding="utf-8")
    head = {name: saved["model"][f"sounds.{name}"].to(torch.float16).numpy() for name in ("weight", "bias")}
    np.savez(folder / HEARING, **head)


def restore(folder: Path, checkpoint: Path, layers: int | None = None) -> None:
    """Write a checkpoint, without an optimiser's state, from a model folder that `export` wrote.

    ``layers``: of the encoder; without, as many as the model has.
    """
    with (folder / "model.bin").open("rb") as file:
        values = _read(file)
    shape = _shape(values)
    restored = Recogniser(shape)
    model = restored.state_dict()
    for theirs, ours in _names(shape):
        value = values[theirs].astype(np.float32)
        if f"{theirs}_scale" in values:
            value = value / values[f"{theirs}_scale"].reshape(-1, *[1] * (value.ndim - 1))
        for name, part in zip(ours, np.split(value, len(ours)), strict=True):
            model[name] = torch.from_numpy(part.copy()).reshape(model[name].shape)
    with np.load(folder / HEARING) as head:
        for name in head.files:
            model[f"sounds.{name}"] = torch.from_numpy(head[name].astype(np.float32))
    restored.load_state_dict(model)
    if layers is not None:
        restored = deepened(restored, layers)
    torch.save({"model": restored.state_dict(), "shape": restored.shape.as_dict(), "step": 0}, checkpoint)


def _shape(values: Mapping[str, NDArray[Any]]) -> Shape:
    """Size of a network by its arrays."""
    size, width = values["decoder/embeddings/weight"].shape

    def layers(side: str) -> int:
        return sum(name.startswith(f"{side}/layer_") and name.endswith("/ffn/linear_0/weight") for name in values)

    return Shape(int(size), int(width), int(values["encoder/num_heads"]), layers("encoder"), layers("decoder"))


def _names(shape: Shape) -> Iterator[tuple[str, list[str]]]:
    """Their name of each array, and our names of what is stacked in it."""

    def linear(theirs: str, *ours: str) -> Iterator[tuple[str, list[str]]]:
        for kind in ("weight", "bias"):
            yield f"{theirs}/{kind}", [f"{name}.{kind}" for name in ours]

    def norm(theirs: str, ours: str) -> Iterator[tuple[str, list[str]]]:
        yield f"{theirs}/gamma", [f"{ours}.weight"]
        yield f"{theirs}/beta", [f"{ours}.bias"]

    yield from linear("encoder/conv1", "encoder.first")
    yield from linear("encoder/conv2", "encoder.second")
    yield "decoder/embeddings/weight", ["embedding.weight"]
    yield "decoder/position_encodings/encodings", ["places"]
    for side, count, root in (("encoder", shape.encoder_layers, "encoder."), ("decoder", shape.decoder_layers, "")):
        yield from norm(f"{side}/layer_norm", f"{root}norm")
        for number in range(count):
            theirs, ours = f"{side}/layer_{number}", f"{root}layers.{number}"
            yield from norm(f"{theirs}/self_attention/layer_norm", f"{ours}.own_norm")
            yield from linear(
                f"{theirs}/self_attention/linear_0", *(f"{ours}.own.{part}" for part in ("query", "key", "value"))
            )
            yield from linear(f"{theirs}/self_attention/linear_1", f"{ours}.own.out")
            if side == "decoder":
                yield from norm(f"{theirs}/attention/layer_norm", f"{ours}.cross_norm")
                yield from linear(f"{theirs}/attention/linear_0", f"{ours}.cross.query")
                yield from linear(f"{theirs}/attention/linear_1", f"{ours}.cross.key", f"{ours}.cross.value")
                yield from linear(f"{theirs}/attention/linear_2", f"{ours}.cross.out")
            yield from norm(f"{theirs}/ffn/layer_norm", f"{ours}.feed_norm")
            yield from linear(f"{theirs}/ffn/linear_0", f"{ours}.wide")
            yield from linear(f"{theirs}/ffn/linear_1", f"{ours}.narrow")


def _part(spec: Any, way: list[str]) -> Any:
    """Part of a specification: ``layer_0`` is an attribute, or the first of a list ``layer``."""
    for step in way:
        name, _, number = step.rpartition("_")
        spec = getattr(spec, step) if hasattr(spec, step) else getattr(spec, name)[int(number)]
    return spec


def _read(file: BinaryIO) -> dict[str, NDArray[Any]]:
    """All arrays of a CTranslate2 model file, version 6."""

    def number(form: str) -> int:
        return int(struct.unpack(form, file.read(struct.calcsize(form)))[0])

    def text() -> str:
        return file.read(number("H"))[:-1].decode()

    version = number("I")
    if version != 6:
        raise ValueError(f"a model file of version {version}, not 6")
    text()
    number("I")
    values = {}
    for _ in range(number("I")):
        name, shape = text(), [number("I") for _ in range(number("B"))]
        values_type = _TYPES[number("B")]
        values[name] = np.frombuffer(file.read(number("I")), values_type).reshape(shape)
    # What equals another array stands under that one's name only.
    for _ in range(number("I")):
        name = text()
        values[name] = values[text()]
    return values


def _texts(vocabulary: Vocabulary) -> list[str]:
    numbers = vocabulary.tokenizer.get_vocab()
    return sorted(numbers, key=numbers.__getitem__)
