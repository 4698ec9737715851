from __future__ import annotations

import pytest
import torch

from training.recogniser.muon import Muon


@pytest.mark.parametrize("shape", [(24, 24), (96, 24), (24, 96)])
def test_steps_are_those_of_pytorchs_own(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    begun, gradients = [torch.randn(shape) for _ in range(3)], [[torch.randn(shape) for _ in range(3)] for _ in range(4)]
    ours = [matrix.clone().requires_grad_() for matrix in begun]
    theirs = [matrix.clone().requires_grad_() for matrix in begun]
    optimisers = (
        Muon(ours, lr=0.02, weight_decay=0.1),
        torch.optim.Muon(theirs, lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
    )
    for step in gradients:
        for matrices, optimiser in zip((ours, theirs), optimisers, strict=True):
            for matrix, gradient in zip(matrices, step, strict=True):
                matrix.grad = gradient.clone()
            optimiser.step()
    for start, one, other in zip(begun, ours, theirs, strict=True):
        moved, expected = one.detach() - start, other.detach() - start
        assert float((moved - expected).norm() / expected.norm()) < 0.05  # both orthogonalise in 16 bit


def test_a_matrix_without_gradient_stays() -> None:
    matrix = torch.ones(4, 4, requires_grad=True)
    Muon([matrix], lr=0.1, weight_decay=0.1).step()
    assert torch.equal(matrix.detach(), torch.ones(4, 4))
