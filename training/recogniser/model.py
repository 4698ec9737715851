"""The recogniser: Whisper's architecture, small, with a second output on the encoder for the time of training.

Conventions
-----------
Shapes are ``(batch, frames or tokens, width)``. The encoder turns mel frames of 20 ms into states of 40 ms; its head names two
sounds a state, one for each frame, since a letter may be shorter than a state. Positions of the encoder are Whisper's
sinusoids; embeddings of time stamps begin as the same sinusoids, so that a stamp looks like the state it stands for.

faster-whisper pads every window to 3,000 frames, so there are 1,500 positions, of which 30 s of sound fill the first half.

References
----------
Radford et al. 2022, "Robust speech recognition via large-scale weak supervision" (Whisper); Graves et al. 2006 (CTC).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.recogniser.vocabulary import SOUNDS, STAMPS, STAMPS_PER_STATE

BANDS = 80
LED_HEADS = 2
"""Heads of each decoder layer whose attention is led."""

POSITIONS = 1500
TOKENS = 448
SOUNDS_PER_STATE = 2

_SHIFTS = ((-1, 1, -3, 3), (-2, 2, -6, 6), (-2, 2, -10), (-4, 4))
"""Where the heads of the encoder's layers look at first, in states from their own; the other heads begin at random.

Begun wholly at random, it takes a thousand steps until the heads find out that neighbours matter most.
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of the network."""

    vocabulary: int
    width: int = 256
    heads: int = 4
    encoder_layers: int = 4
    decoder_layers: int = 3

    def as_dict(self) -> dict[str, int]:
        """For a checkpoint."""
        return asdict(self)


class Attention(nn.Module):
    """Multi-head attention; gives the weights too when asked."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(
        self, x: Tensor, source: Tensor, *, causal: bool = False, weights: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Mix what each place of ``x`` looks at in ``source``; the logarithms of the weights when ``weights``."""
        query, key, value = self._split(self.query(x)), self._split(self.key(source)), self._split(self.value(source))
        if query.is_cuda and not weights:
            mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
            return self.out(mixed.transpose(1, 2).flatten(2)), None
        # Written out: on a CPU twice as fast as the fused attention.
        scores = (query / math.sqrt(query.shape[-1])) @ key.transpose(2, 3)
        if causal:
            scores = scores + torch.full(scores.shape[-2:], -1e4, dtype=scores.dtype, device=scores.device).triu(1)
        attention = scores.float().log_softmax(-1) if weights else None
        shares = scores.softmax(-1) if attention is None else attention.exp()
        return self.out((shares.to(value.dtype) @ value).transpose(1, 2).flatten(2)), attention

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class Layer(nn.Module):
    """A transformer layer, norms first; with attention to the encoder in the decoder."""

    def __init__(self, width: int, heads: int, *, crosses: bool) -> None:
        super().__init__()
        self.own_norm, self.own = nn.LayerNorm(width), Attention(width, heads)
        if crosses:
            self.cross_norm, self.cross = nn.LayerNorm(width), Attention(width, heads)
        self.feed_norm = nn.LayerNorm(width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, source: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """States after the layer, and its attention to ``source`` when there is one."""
        normed = self.own_norm(x)
        x = x + self.own(normed, normed, causal=source is not None)[0]
        attention = None
        if source is not None:
            crossed, attention = self.cross(self.cross_norm(x), source, weights=True)
            x = x + crossed
        return x + self.narrow(functional.gelu(self.wide(self.feed_norm(x)))), attention


class Encoder(nn.Module):
    """From scaled mel, shape ``(batch, 80, 2 n)``, to states, shape ``(batch, n, width)``."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.first = nn.Conv1d(BANDS, shape.width, 3, padding=1)
        self.second = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        self.register_buffer("positions", sinusoids(POSITIONS, shape.width))
        self.layers = nn.ModuleList(Layer(shape.width, shape.heads, crosses=False) for _ in range(shape.encoder_layers))
        self.norm = nn.LayerNorm(shape.width)
        for layer, shifts in zip(self.layers, _SHIFTS, strict=False):
            for head, shift in enumerate(shifts[: shape.heads]):
                _look_at(layer.own, head, shift)

    def forward(self, mel: Tensor, offsets: Tensor | None = None) -> Tensor:
        """States of windows; ``offsets``: position of each window's first state, 0 without."""
        x = functional.gelu(self.second(functional.gelu(self.first(mel)))).transpose(1, 2)
        places = torch.arange(x.shape[1], device=x.device)
        places = places if offsets is None else offsets[:, None] + places
        x = x + self.positions[places]
        for layer in self.layers:
            x, _ = layer(x)
        return self.norm(x)


class Recogniser(nn.Module):
    """Encoder, decoder, and the encoder's head for sounds."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = Encoder(shape)
        self.sounds = nn.Linear(shape.width, SOUNDS_PER_STATE * SOUNDS)
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        nn.init.normal_(self.embedding.weight, std=shape.width**-0.5)
        with torch.no_grad():
            stamped = sinusoids(POSITIONS // 2, shape.width).repeat_interleave(STAMPS_PER_STATE, 0)
            self.embedding.weight[-STAMPS:-1] = stamped * (2 / shape.width) ** 0.5
        self.places = nn.Parameter(torch.randn(TOKENS, shape.width) * 0.01)
        self.layers = nn.ModuleList(Layer(shape.width, shape.heads, crosses=True) for _ in range(shape.decoder_layers))
        self.norm = nn.LayerNorm(shape.width)

    def hear(self, states: Tensor) -> Tensor:
        """Scores of the sound in each frame, shape ``(batch, 2 states, sounds)``."""
        return self.sounds(states).unflatten(-1, (SOUNDS_PER_STATE, SOUNDS)).flatten(1, 2)

    def decode(self, tokens: Tensor, states: Tensor, places: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
        """Logits of the next tokens, and each layer's log attention to the encoder, ``(batch, heads, tokens, frames)``.

        ``places``: where in its text each token stands, shape of ``tokens``; in order from 0 without.
        """
        x = self.embedding(tokens) + (self.places[: tokens.shape[1]] if places is None else self.places[places])
        attentions = []
        for layer in self.layers:
            x, attention = layer(x, states)
            attentions.append(attention)
        return self.norm(x) @ self.embedding.weight.T.to(x.dtype), attentions


def deepened(model: Recogniser, layers: int) -> Recogniser:
    """The same function with more layers in its encoder: new ones, spread among the old, begin by adding nothing.

    Parameters
    ----------
    layers
        Of the new encoder, at most twice as many as there are.

    References
    ----------
    Chen et al. 2016, "Net2Net: accelerating learning via knowledge transfer".
    """
    old = list(model.encoder.layers)
    deeper = Recogniser(replace(model.shape, encoder_layers=layers))
    added = layers - len(old)
    if not 0 <= added <= len(old):
        raise ValueError(f"from {len(old)} layers to {layers}")
    new: list[nn.Module] = []
    for number, layer in enumerate(old):
        new.append(layer)
        if number >= len(old) - added:
            twin = copy.deepcopy(layer)
            for last in (twin.own.out, twin.narrow):
                nn.init.zeros_(last.weight)
                nn.init.zeros_(last.bias)
            new.append(twin)
    weights = model.state_dict() | {
        f"encoder.{name}": value for name, value in nn.ModuleDict({"layers": nn.ModuleList(new)}).state_dict().items()
    }
    deeper.load_state_dict(weights)
    return deeper


def begin_writing(model: Recogniser, token_sounds: Sequence[Sequence[int]]) -> None:
    """Let a decoder begin with what the encoder has learned: which states sound like a token.

    The encoder's head knows a direction for each sound. A token's embedding begins near the mean of its sounds' directions; the
    led heads look at states along those directions, in the first layer at those that sound like the last token; and what they
    see, they add along the same directions, so that the token that sounds like it becomes likely. Begun at random, the decoder
    must learn this for every token by itself.

    Parameters
    ----------
    model
        Its encoder and sounds are trained.
    token_sounds
        Sounds of each token.
    """
    weights = model.sounds.weight.detach().unflatten(0, (SOUNDS_PER_STATE, SOUNDS)).mean(0)
    directions = functional.normalize(weights - weights.mean(0), dim=1)
    with torch.no_grad():
        for token, sounds in enumerate(token_sounds):
            if sounds:
                mean = functional.normalize(directions[list(sounds)].sum(0), dim=0)
                model.embedding.weight[token] = 0.8 * mean + 0.4 * model.embedding.weight[token]
        size = model.shape.width // model.shape.heads
        heard = torch.linalg.svd(directions, full_matrices=False).Vh[:size]
        for number, layer in enumerate(model.layers):
            for head in range(LED_HEADS):
                part = slice(head * size, (head + 1) * size)
                if number == 0:
                    layer.cross.query.weight[part] = heard
                    layer.cross.key.weight[part] = heard
                layer.cross.value.weight[part] = heard
                layer.cross.out.weight[:, part] = heard.T / (4 * LED_HEADS)


def _look_at(attention: Attention, head: int, shift: int) -> None:
    """Let a head begin by looking at a place so far from its own: turning sinusoids by an angle is a linear map."""
    width = attention.query.in_features
    size = width // attention.heads
    pairs = size // 2
    scales = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(pairs))
    rows = torch.arange(pairs)
    query, key = torch.zeros(size, width), torch.zeros(size, width)
    key[rows, rows] = key[pairs + rows, width // 2 + rows] = 1.0
    query[rows, rows] = query[pairs + rows, width // 2 + rows] = (scales * shift).cos()
    query[rows, width // 2 + rows] = (scales * shift).sin()
    query[pairs + rows, rows] = -(scales * shift).sin()
    part = slice(head * size, (head + 1) * size)
    with torch.no_grad():
        attention.query.weight[part] = query + 0.2 * attention.query.weight[part]
        attention.key.weight[part] = key + 0.2 * attention.key.weight[part]


def sinusoids(length: int, width: int) -> Tensor:
    """Whisper's positions, shape ``(length, width)``."""
    scales = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(length)[:, None] * scales
    return torch.cat([angles.sin(), angles.cos()], dim=1)
