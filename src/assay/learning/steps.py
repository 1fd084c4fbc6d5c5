"""The steps of a training: what all objectives share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from assay.learning.memory import Portion
from assay.learning.network import Dropout, clip_per_member
from assay.learning.recipe import GRADIENT_NORM, LEAST_SCHEDULE, WARM_UP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assay.learning.curves import Rows
    from assay.learning.encoding import EncodedTable
    from assay.learning.network import StackedNetwork
    from assay.learning.recipe import Recipe

# Row numbers, of all members, that are sent to the device at once.
SENT_ROWS = 2**18


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """What is learned from, on the device.

    Attributes
    ----------
    table
        N encoded rows.
    targets
        (N,): class codes int64, or numbers float32; only rows that are trained on or held out are looked at.
    weights
        (N,) float32 sample weights, or None.
    """

    table: EncodedTable
    targets: torch.Tensor
    weights: torch.Tensor | None = None


class Stepper:
    """Takes the steps of a training. Nothing in a step waits for the device.

    Parameters
    ----------
    network
        M members, which the steps change.
    examples
        N rows.
    recipe
        See `Recipe`.
    losses
        From logits (B, K) and targets (B,) to the loss of each row (B,).
    steps
        How many there will be, for the schedule of the learning rate.
    """

    def __init__(
        self,
        network: StackedNetwork,
        examples: Examples,
        recipe: Recipe,
        losses: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        *,
        steps: int,
    ) -> None:
        device = examples.targets.device
        self.network, self.examples, self.recipe, self.losses = network, examples, recipe, losses
        # Fused, it takes 3% of a step on a CPU, and otherwise 14%.
        rate = recipe.learning_rate
        self.optimiser = torch.optim.AdamW(network.parameters, lr=rate, weight_decay=recipe.weight_decay, fused=True)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, max_lr=rate, total_steps=max(LEAST_SCHEDULE, steps), pct_start=WARM_UP
        )
        self.dropout = Dropout(recipe.dropout, seed=recipe.seed, device=device)
        self.portion = Portion(recipe.batch, "batch")

    def step(self, rows: torch.Tensor) -> torch.Tensor:
        """Take one step; where memory runs out, in smaller portions whose gradients are added up.

        **Shape**: rows (M, B) int64 -> logits (M, B, K) float32, detached, from before the step

        Raises
        ------
        AssayError
            Where one row of each member does not fit into the device's memory.
        """
        while True:
            self.optimiser.zero_grad(set_to_none=True)
            try:
                logits = self._backward(rows)
                break
            except (RuntimeError, MemoryError) as error:
                self.portion.halve(error)
        clip_per_member(self.network.parameters, GRADIENT_NORM)
        self.optimiser.step()
        self.schedule.step()
        return logits

    def _backward(self, rows: torch.Tensor) -> torch.Tensor:
        # The sum over members of each member's mean: a member's gradient does not depend on how many others there are.
        weights = self.examples.weights
        share = torch.ones_like(rows, dtype=torch.float32) if weights is None else weights[rows]
        share = share / share.sum(dim=1, keepdim=True).clamp(min=1e-12)
        found = []
        for at in range(0, rows.shape[1], self.portion.rows):
            piece, part = (x[:, at : at + self.portion.rows] for x in (rows, share))
            with torch.autocast(rows.device.type, dtype=torch.bfloat16, enabled=self.recipe.autocast):
                logits = self.network.logits(self.examples.table.rows(piece), self.dropout)
            logits = logits.float()
            losses = self.losses(logits.flatten(0, 1), self.examples.targets[piece].flatten())
            torch.autograd.backward((losses * part.flatten()).sum())
            found.append(logits.detach())
        return torch.cat(found, dim=1)


def steps_of_epoch(train: Sequence[Rows], batch: int) -> int:
    """Steps in which the member with the most rows sees each of them once."""
    return -(-max(map(len, train)) // batch)


def batches(
    train: Sequence[Rows], batch: int, rngs: Sequence[np.random.Generator], device: torch.device
) -> Iterator[torch.Tensor]:
    """Yield the row numbers (M, batch) of each step of an epoch, sent to the device some steps at a time."""
    # Members have nearly equally many rows; a shorter one begins its next pass early.
    orders = [rng.permutation(rows) for rows, rng in zip(train, rngs, strict=True)]
    length = steps_of_epoch(train, batch) * batch
    sent = batch * max(1, SENT_ROWS // (len(train) * batch))
    for start in range(0, length, sent):
        at = np.arange(start, min(start + sent, length))
        some = np.stack([order.take(at, mode="wrap") for order in orders])
        there = torch.from_numpy(some).to(device)
        for first in range(0, len(at), batch):
            yield there[:, first : first + batch]
