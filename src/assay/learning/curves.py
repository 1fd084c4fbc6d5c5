"""What is recorded while members train: loss curves, and how each row was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]

# Held-out rows, over all members, up to which they are measured after every epoch whatever that costs.
ALWAYS_MEASURED = 50_000
# A row costs a quarter in a prediction of what it costs in a step: this many for a trained row are 15% of a training.
MEASURED_SHARE = 0.6
# Margins are added up as integers of this size: their sum is the same in any order, which the atomic additions of a
# GPU do not keep.
MARGIN_UNIT = 2**-16


class MarginTally:
    """Area under the margin of each row: the mean, over the visits of all members, of its margin in training.

    The margin is the logit of the given label less the largest other one (Pleiss et al. 2020, arXiv:2001.10528). It
    is taken from the logits of the training steps themselves: nothing is computed twice, and nothing leaves the
    device before the end.

    Parameters
    ----------
    rows
        N.
    device
        Where the logits are.
    """

    def __init__(self, rows: int, device: torch.device) -> None:
        self.total = torch.zeros(rows, dtype=torch.int64, device=device)
        self.visits = torch.zeros(rows, dtype=torch.int32, device=device)

    def add(self, logits: torch.Tensor, targets: torch.Tensor, rows: torch.Tensor) -> None:
        """Count one training step.

        **Shape**: logits (M, B, K), targets and rows (M, B) int64
        """
        given = targets.unsqueeze(-1)
        margin = logits.gather(-1, given) - logits.scatter(-1, given, -torch.inf).amax(dim=-1, keepdim=True)
        flat = rows.flatten()
        self.total.index_add_(0, flat, (margin.flatten() / MARGIN_UNIT).round_().to(torch.int64))
        self.visits.index_add_(0, flat, torch.ones_like(flat, dtype=torch.int32))

    def mean(self) -> npt.NDArray[np.float32]:
        """(N,) float32, NaN for a row that no member trained on."""
        total, visits = self.total.cpu().numpy().astype(np.float64), self.visits.cpu().numpy()
        mean = total * MARGIN_UNIT / np.maximum(visits, 1)
        return np.where(visits > 0, mean, np.nan).astype(np.float32)


class TrajectoryTally:
    """The held-out probabilities of each row: their mean over the measured epochs and the repeats.

    Parameters
    ----------
    rows, classes
        N and K.
    """

    def __init__(self, rows: int, classes: int) -> None:
        self.total = np.zeros((rows, classes), dtype=np.float32)
        self.counts = np.zeros(rows, dtype=np.int32)

    def add(self, test: Sequence[Rows], found: Sequence[npt.NDArray[np.float32]]) -> None:
        """Count one epoch: for each of M members its n held-out rows and their probabilities (n, K)."""
        for rows, probabilities in zip(test, found, strict=True):
            self.total[rows] += probabilities
            self.counts[rows] += 1

    def mean(self) -> npt.NDArray[np.float32]:
        """(N, K) float32, rows sum to 1; NaN for a row that no member held out."""
        counts = self.counts[:, None]
        return np.where(counts > 0, self.total / np.maximum(counts, 1).astype(np.float32), np.float32(np.nan))


def measured_epochs(epochs: int, trained: int, held_out: int) -> frozenset[int]:
    """Choose the epochs after which the held-out rows are predicted: all of them, or where that would cost much fewer.

    Parameters
    ----------
    epochs
        E.
    trained, held_out
        Rows that all members together train on and hold out.

    Returns
    -------
    Numbers in 0..E-1, evenly spread; the last epoch is always among them.
    """
    affordable = epochs if held_out <= ALWAYS_MEASURED else int(MEASURED_SHARE * epochs * trained / held_out)
    count = min(max(affordable, 1), epochs)
    return frozenset(epochs - 1 - i * epochs // count for i in range(count))
