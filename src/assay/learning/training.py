"""Training all members of a cross-validation in one program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from torch.nn import functional

from assay.learning.curves import MarginTally, TrajectoryTally, measured_epochs
from assay.learning.network import StackedNetwork
from assay.learning.prediction import Predictor
from assay.learning.steps import Stepper, batches, steps_of_epoch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from assay.learning.curves import Rows
    from assay.learning.recipe import Recipe
    from assay.learning.steps import Examples

# Rows that a training curve looks at, a member and an epoch: enough for a standard error of about 0.01 nats.
CURVE_ROWS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained stack and what was recorded on the way.

    Attributes
    ----------
    predictor
        Of the M members.
    held_out
        M arrays (rows of the member's test part, K) float32.
    train_loss, test_loss
        (M, epochs) float64 in nats, after each epoch; NaN where it was not measured.
    epoch_probs
        (N, K) float32: the held-out probabilities, mean over the measured epochs and the repeats.
    margin
        (N,) float32: the area under the margin.
    notes
        What did not go as planned, in words.
    """

    predictor: Predictor
    held_out: list[npt.NDArray[np.float32]]
    train_loss: npt.NDArray[np.float64]
    test_loss: npt.NDArray[np.float64]
    epoch_probs: npt.NDArray[np.float32]
    margin: npt.NDArray[np.float32]
    notes: tuple[str, ...]


def _ignore(_epoch: int, _network: StackedNetwork) -> None:
    """Stand in for an observer."""


def train_members(
    examples: Examples,
    *,
    classes: int,
    train: Sequence[Rows],
    test: Sequence[Rows],
    recipe: Recipe,
    after_epoch: Callable[[int, StackedNetwork], None] = _ignore,
) -> Trained:
    """Train one member on each entry of `train`, all at once.

    Parameters
    ----------
    examples
        N rows with class codes.
    classes
        K.
    train, test
        M arrays of row positions.
    recipe
        See `Recipe`.
    after_epoch
        Is given the number of each finished epoch, from 0, and the members as they are then.

    Raises
    ------
    AssayError
        Where one row of each member does not fit into the device's memory.
    """
    device, targets = examples.targets.device, examples.targets
    sizes = (examples.table.width, *recipe.hidden, classes)
    network = StackedNetwork(len(train), sizes, seed=recipe.seed, device=device)
    losses = partial(functional.cross_entropy, reduction="none", label_smoothing=recipe.smoothing)
    steps = recipe.epochs * steps_of_epoch(train, recipe.batch)
    stepper = Stepper(network, examples, recipe, losses, steps=steps)
    predictor = Predictor(network, examples.table)
    rngs = [np.random.default_rng((recipe.seed, m)) for m in range(len(train))]
    sample = [sample_rows(rows, rng) for rows, rng in zip(train, rngs, strict=True)]
    train_loss, test_loss = np.full((2, len(train), recipe.epochs), np.nan)
    margins, trajectory = MarginTally(len(examples.table), device), TrajectoryTally(len(examples.table), classes)
    measured = measured_epochs(recipe.epochs, sum(map(len, train)), sum(map(len, test)))
    codes = targets.cpu().numpy()
    for epoch in range(recipe.epochs):
        for rows in batches(train, recipe.batch, rngs, device):
            margins.add(stepper.step(rows), targets[rows], rows)
        train_loss[:, epoch] = _mean_losses(predictor.predict(sample, targets))
        if epoch in measured and epoch + 1 < recipe.epochs:
            found = predictor.predict(test)
            test_loss[:, epoch] = _mean_losses(_given(found, codes, test))
            trajectory.add(test, found)
        after_epoch(epoch, network)
    held_out = predictor.predict(test)
    test_loss[:, -1] = _mean_losses(_given(held_out, codes, test))
    trajectory.add(test, held_out)
    notes = tuple(p.note for p in (stepper.portion, predictor.portion) if p.note)
    return Trained(predictor, held_out, train_loss, test_loss, trajectory.mean(), margins.mean(), notes)


def _given(
    found: Sequence[npt.NDArray[np.float32]], codes: npt.NDArray[np.int64], rows: Sequence[Rows]
) -> list[npt.NDArray[np.float32]]:
    """Of the probabilities of all classes those of the given labels: M arrays (n, 1)."""
    return [np.take_along_axis(p, codes[r, None], axis=1) for p, r in zip(found, rows, strict=True)]


def _mean_losses(given: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float64]:
    """Mean cross-entropy of each member, in nats: (M,), NaN for a member without rows."""
    return np.array([-np.log(np.clip(p.astype(np.float64), 1e-12, 1)).mean() if len(p) else np.nan for p in given])


def sample_rows(rows: Rows, rng: np.random.Generator) -> Rows:
    """At most `CURVE_ROWS` of the rows, drawn without replacement."""
    return rows if len(rows) <= CURVE_ROWS else rng.choice(rows, CURVE_ROWS, replace=False)
