"""Many small networks as one: each layer's weights of all members are stacked into one tensor.

Members share nothing. Weight sharing between members, as in TabM (arXiv:2410.24210), would be cheaper, but a member
would then learn from the rows that another member holds out.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch.nn import functional


class StackedNetwork:
    """M multilayer perceptrons of equal shape, trained and evaluated in one program.

    **Shape**: (M, B, W) -> (M, B, K) logits

    Parameters
    ----------
    members
        M.
    sizes
        Width of the input, of each hidden layer, and of the output.
    dropout
        Share of hidden units that a training step leaves out.
    seed
        Of the weights, member by member: member m is the same however many others there are.
    """

    def __init__(
        self, members: int, sizes: tuple[int, ...], *, dropout: float, seed: int, device: torch.device
    ) -> None:
        self.dropout = dropout
        self.weights: list[torch.Tensor] = []
        self.biases: list[torch.Tensor] = []
        generators = [torch.Generator().manual_seed(seed + 7919 * m) for m in range(members)]
        for fan_in, fan_out in pairwise(sizes):
            bound = 1 / math.sqrt(max(1, fan_in))
            drawn = [torch.rand(fan_in, fan_out, generator=g).mul_(2 * bound).sub_(bound) for g in generators]
            self.weights.append(torch.stack(drawn).to(device).requires_grad_())
            self.biases.append(torch.zeros(members, 1, fan_out, device=device).requires_grad_())

    @property
    def parameters(self) -> list[torch.Tensor]:
        """All stacked tensors; the first axis is the member."""
        return [*self.weights, *self.biases]

    def member_size(self) -> int:
        """Number of parameters of one member."""
        return sum(p[0].numel() for p in self.parameters)

    def logits(self, x: torch.Tensor, dropout: torch.Generator | None = None, start: int = 0) -> torch.Tensor:
        """Compute logits; with `dropout`, a generator, as in training.

        **Shape**: x (m, B, W) -> (m, B, K), for the m members from `start` on
        """
        stop = start + len(x)
        last = len(self.weights) - 1
        for depth, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias[start:stop], x, weight[start:stop])
            if depth < last:
                x = functional.relu(x)
                if dropout is not None and self.dropout:
                    keep = torch.empty_like(x).bernoulli_(1 - self.dropout, generator=dropout)
                    x = x * keep.mul_(1 / (1 - self.dropout))
        return x


def clip_per_member(parameters: list[torch.Tensor], limit: float) -> None:
    """Scale each member's gradient to a norm of at most `limit`; members do not influence each other."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    squares = torch.stack([g.flatten(1).square().sum(dim=1) for g in gradients]).sum(dim=0)
    scale = (limit / (squares.sqrt() + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale[:, None, None])
