"""How long, in which steps and on how many rows a member is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

# 256 x 256 found wrong labels no better, at more than twice the cost (benchmarks/learning).
HIDDEN = (128, 128)
DROPOUT = 0.2
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-2
GRADIENT_NORM = 1.0
WARM_UP = 0.2  # share of the steps in which the learning rate rises (one-cycle schedule)
EPOCHS = 8
MAX_EPOCHS = 40
MIN_STEPS = 60
# Row visits of a member where no budget is configured: of a million rows half a pass, 7 microseconds each on one core
# of a CPU at 20 columns. On the table of benchmarks/scale twice as many took 55 s more and brought the held-out AUC
# from .8677 to .8682, the average precision of the planted wrong labels from .506 to .508.
ROW_VISITS = 400_000
# torch divides by zero where the warm-up is a single step.
LEAST_SCHEDULE = 10


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and in which steps is trained.

    Attributes
    ----------
    epochs
        Passes of a member over its training rows.
    batch
        Rows of a step, for each member.
    seed
        Of the weights, the order of the rows and dropout.
    share
        In (0, 1]: the share of its training rows that a member is trained on.
    hidden
        Width of each hidden layer.
    dropout
        Share of the hidden units that a step leaves out, in [0, 1).
    learning_rate
        The largest of the one-cycle schedule.
    weight_decay
        Of AdamW.
    smoothing
        Label smoothing, in [0, 1). Off: 0.1 ranks wrong labels no better, and the held-out log loss is larger
        (benchmarks/learning).
    autocast
        Whether the forward pass computes in bfloat16. Off: what it does to the predictions was not measured.
    """

    epochs: int
    batch: int
    seed: int
    share: float = 1.0
    hidden: tuple[int, ...] = HIDDEN
    dropout: float = DROPOUT
    learning_rate: float = LEARNING_RATE
    weight_decay: float = WEIGHT_DECAY
    smoothing: float = 0.0
    autocast: bool = False

    @classmethod
    def for_rows(cls, rows: int, *, seed: int, epochs: int | None = None, visits: int | None = None) -> Recipe:
        """Choose batch size, epochs and share for a number of training rows.

        Eight passes: on German credit and on 3,000 to 32,000 rows of Adult, with and without 10% wrong labels, the
        held-out loss is lowest and wrong labels rank best between four and eight; at 24 the network has memorised
        them. Tiny tables get more passes, since a few dozen steps learn nothing, and huge ones fewer.

        Nothing is stopped early. Holding a tenth of each member's training rows back and keeping its best epoch made
        the held-out loss worse on all seven tables of benchmarks/learning, the tiny and the larger ones, and three
        times the passes as an upper limit made it worse still on average.

        Parameters
        ----------
        rows
            Training rows of a member.
        seed
            See `Recipe`.
        epochs
            In place of the chosen number.
        visits
            Most row visits (rows x epochs) of a member. By default `ROW_VISITS`, or where `epochs` is given as many
            as it takes.
        """
        rows = max(1, rows)
        if visits is None:
            visits = ROW_VISITS if epochs is None else epochs * rows
        passes = epochs or max(1, min(EPOCHS, visits // rows))
        seen = max(1, min(rows, visits // passes))
        batch = min(256 if seen >= 8_000 else 128 if seen >= 2_000 else 32, seen)
        if epochs is None and seen == rows:
            steps = -(-rows // batch)
            passes = max(passes, min(MAX_EPOCHS, -(-MIN_STEPS // steps), visits // rows))
        return cls(epochs=passes, batch=batch, seed=seed, share=seen / rows)


def draw_share(
    rows: npt.NDArray[np.int64],
    units: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
    share: float,
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Draw a share of the rows: whole units, the same share of every class, and at least one unit of each.

    Parameters
    ----------
    rows
        (n,) row positions.
    units, labels
        (N,) the unit of each row, and its label in 0..K-1. A unit goes by the label of the first of its rows.
    share
        In (0, 1].
    rng
        Decides which units.

    Returns
    -------
    (about share * n,) row positions, in their order.
    """
    if share >= 1:
        return rows
    present, first, unit, sizes = np.unique(units[rows], return_index=True, return_inverse=True, return_counts=True)
    label = labels[rows[first]]
    order = np.lexsort((rng.random(len(present)), label))
    kept = np.zeros(len(present), dtype=np.bool_)
    for members in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
        before = np.cumsum(sizes[members]) - sizes[members]
        kept[members] = before < share * sizes[members].sum()
    return rows[kept[unit]]
