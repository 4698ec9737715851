"""Muon: the matrices of the layers learn along directions of equal strength, all matrices of one shape at once.

PyTorch's own takes one matrix after the other, which on a GPU takes as long as the rest of a step.

References
----------
Jordan 2024, "Muon: an optimizer for hidden layers in neural networks"; Liu et al. 2025, "Muon is scalable for LLM training"
(the factor that matches AdamW's steps).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

_MOMENTUM, _STEPS = 0.95, 5
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """For matrices only.

    Parameters
    ----------
    lr
        As AdamW's.
    weight_decay
        Share of the rate by which weights shrink.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take a step."""
        del closure
        for group in self.param_groups:
            shapes = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    shapes[matrix.shape].append(matrix)
            for shape, matrices in shapes.items():
                momenta = [self._momentum(matrix) for matrix in matrices]
                gradients = [matrix.grad for matrix in matrices]
                torch._foreach_lerp_(momenta, gradients, 1 - _MOMENTUM)
                looked_ahead = torch._foreach_lerp(gradients, momenta, _MOMENTUM)
                update = _orthogonal(torch.stack(looked_ahead))
                torch._foreach_mul_(matrices, 1 - group["lr"] * group["weight_decay"])
                factor = group["lr"] * 0.2 * math.sqrt(max(shape))
                torch._foreach_add_(matrices, list(update.to(matrices[0].dtype).unbind()), alpha=-factor)

    def _momentum(self, matrix: Tensor) -> Tensor:
        state: dict[str, Any] = self.state[matrix]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(matrix)
        momentum: Tensor = state["momentum"]
        return momentum


def _orthogonal(matrices: Tensor) -> Tensor:
    """The nearest orthogonal matrices, nearly, by Newton and Schulz; shape ``(count, rows, columns)``."""
    first, second, third = _COEFFICIENTS
    x = matrices.bfloat16()
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_STEPS):
        square = x @ x.mT
        x = first * x + (second * square + third * square @ square) @ x
    return x.mT if tall else x
