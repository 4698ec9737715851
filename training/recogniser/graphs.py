"""Encoder and decoder as CUDA graphs: a step of a model this small is mostly waiting for kernels to be started one by one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from training.recogniser.model import Recogniser
from training.recogniser.windows import Batch


class Hearing(nn.Module):
    """The encoder, in 16 bit."""

    def __init__(self, model: Recogniser) -> None:
        super().__init__()
        self.encoder = model.encoder

    def forward(self, mel: Tensor, offsets: Tensor) -> Tensor:
        """As `Encoder`'s."""
        # Without the cache of weights in 16 bit: a graph would keep those of the step in which it was captured.
        with torch.autocast(mel.device.type, dtype=torch.bfloat16, cache_enabled=False):
            states: Tensor = self.encoder(mel, offsets)
        return states


class Writing(nn.Module):
    """The decoder, in 16 bit."""

    decode = Recogniser.decode

    def __init__(self, model: Recogniser) -> None:
        super().__init__()
        self.embedding, self.places, self.layers, self.norm = model.embedding, model.places, model.layers, model.norm

    def forward(self, tokens: Tensor, states: Tensor, places: Tensor) -> Any:
        """As `Recogniser.decode`."""
        with torch.autocast(tokens.device.type, dtype=torch.bfloat16, cache_enabled=False):
            return self.decode(tokens, states, places)


class Parts:
    """Both parts of a model, for batches of any shape.

    Parameters
    ----------
    is_captured
        Whether the parts are captured as a graph for each shape of batch, at the first of them; on a GPU only. Shapes should be
        few.
    """

    def __init__(self, model: Recogniser, *, is_captured: bool) -> None:
        self._model, self._is_captured = model, is_captured
        self._plain = Hearing(model), Writing(model)
        self._captured: dict[tuple[torch.Size, torch.Size], tuple[Hearing, Writing]] = {}

    def of(self, batch: Batch) -> tuple[Hearing, Writing]:
        """The parts for a batch."""
        if not self._is_captured:
            return self._plain
        shape = batch.mel.shape, batch.tokens.shape
        if shape not in self._captured:
            self._captured[shape] = _captured(self._model, batch)
        return self._captured[shape]


def _captured(model: Recogniser, example: Batch) -> tuple[Hearing, Writing]:
    hearing, writing = Hearing(model), Writing(model)
    with torch.no_grad():
        states = hearing(example.mel, example.offsets)
    given, places = example.tokens[:, :-1].clamp(min=0).clone(), example.places[:, :-1].clone()
    captured = torch.cuda.make_graphed_callables(
        (hearing, writing),
        ((example.mel.clone(), example.offsets.clone()), (given, states.clone().requires_grad_(), places)),
    )
    assert isinstance(captured, tuple)  # as many as were given
    return captured[0], captured[1]
