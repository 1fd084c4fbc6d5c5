"""Many small networks as one: each layer's weights of all members are stacked into one tensor.

Members share nothing. Weight sharing between members, as in TabM (arXiv:2410.24210), would be cheaper, but a member
would then learn from the rows that another member holds out.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from torch.nn import functional


class Dropout:
    """Leaves out a share of the hidden units, drawn afresh for every step and member.

    On a CPU torch draws one number after the other, which took a third of a training on Adult. Random bytes cost next
    to nothing there, so that the share is rounded to a multiple of 1/256.

    Parameters
    ----------
    share
        In [0, 1).
    seed
        Of a generator of its own: torch's global one is shared by threads.
    device
        Where the units are.
    """

    def __init__(self, share: float, *, seed: int, device: torch.device) -> None:
        self.dropped = round(share * 256)
        self.scale = 256 / (256 - self.dropped)
        self.bytes = np.random.default_rng(seed).bytes
        self.generator = torch.Generator(device=device).manual_seed(seed)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return x with the units left out at 0 and the others scaled up; any shape."""
        if x.device.type == "cpu":
            drawn = torch.frombuffer(bytearray(self.bytes(x.numel())), dtype=torch.uint8).view(x.shape)
        else:
            drawn = torch.empty(x.shape, dtype=torch.uint8, device=x.device).random_(generator=self.generator)
        return x * (drawn >= self.dropped).to(x.dtype).mul_(self.scale)


class StackedNetwork:
    """M multilayer perceptrons of equal shape, trained and evaluated in one program.

    **Shape**: (M, B, W) -> (M, B, K) logits

    Parameters
    ----------
    members
        M.
    sizes
        Width of the input, of each hidden layer, and of the output.
    seed
        Of the weights, member by member: member m is the same however many others there are.
    """

    def __init__(self, members: int, sizes: tuple[int, ...], *, seed: int, device: torch.device) -> None:
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

    @property
    def members(self) -> int:
        """M."""
        return len(self.weights[0])

    @property
    def outputs(self) -> int:
        """K."""
        return self.weights[-1].shape[-1]

    def member_size(self) -> int:
        """Number of parameters of one member."""
        return sum(p[0].numel() for p in self.parameters)

    def logits(self, x: torch.Tensor, dropout: Dropout | None = None) -> torch.Tensor:
        """Compute logits; with `dropout` as in training.

        **Shape**: (M, B, W) -> (M, B, K)
        """
        last = len(self.weights) - 1
        for depth, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            if depth < last:
                x = functional.relu(x)
                if dropout is not None:
                    x = dropout(x)
        return x


def clip_per_member(parameters: list[torch.Tensor], limit: float) -> None:
    """Scale each member's gradient to a norm of at most `limit`; members do not influence each other."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    squares = torch.stack([g.flatten(1).square().sum(dim=1) for g in gradients]).sum(dim=0)
    scale = (limit / (squares.sqrt() + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale[:, None, None])
