"""What the trainings of classes and of numbers share: which rows belong together, the folds, and what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.learning.folds import assign_folds, find_units
from assay.learning.recipe import ROW_VISITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.config import LearningConfig
    from assay.dataset import Dataset
    from assay.learning.curves import Rows
    from assay.learning.encoding import EncodedTable
    from assay.learning.prediction import Predictor
    from assay.learning.recipe import Recipe

    Codes = npt.NDArray[np.int64]

# Of the time of a training, where other models follow; for the display of progress.
NETWORKS_SHARE = 0.7


def fold_rng(config: LearningConfig, *key: int) -> np.random.Generator:
    """Generator of a repeat, or of a fold of it: the same whatever else is drawn."""
    return np.random.default_rng((config.seed, *key))


def units_of(dataset: Dataset, table: EncodedTable) -> Codes:
    """(N,) the unit of each row: rows that the networks cannot tell apart, or nearly, and rows of one group."""
    column = dataset.roles.group
    group = None if column is None else pd.factorize(dataset.frame[column])[0].astype(np.int64)
    return find_units(table.numbers.cpu().numpy(), table.codes.cpu().numpy(), group)


def assign_repeats(
    units: Codes, labels: Codes, rows: Rows, config: LearningConfig, repeats: int
) -> npt.NDArray[np.int16]:
    """(R, N) fold of each of `rows` in each repeat, stratified by `labels`; -1 for all other rows."""
    folds = np.full((repeats, len(labels)), -1, dtype=np.int16)
    for r in range(repeats):
        folds[r, rows] = assign_folds(units[rows], labels[rows], config.folds, fold_rng(config, r))
    return folds


def describe_training(
    config: LearningConfig, recipe: Recipe, predictor: Predictor, train: Sequence[Rows], notes: Sequence[str]
) -> dict[str, str | int | float]:
    """Recipe and size of a training, for the manifest."""
    details: dict[str, str | int | float] = {
        "network": "multilayer perceptron, " + " x ".join(map(str, recipe.hidden)),
        "members": len(train),
        "folds": config.folds,
        "epochs": recipe.epochs,
        "batch": recipe.batch,
        "rows a member": max(map(len, train)),
        "inputs": predictor.table.width,
        "parameters a member": predictor.network.member_size(),
        "seed": config.seed,
    }
    if config.budget is not None or config.epochs is None:
        details["most row visits"] = config.budget or ROW_VISITS * len(train)
    if recipe.share < 1:
        details["share of training rows"] = round(recipe.share, 4)
    if notes:
        details["memory"] = "; ".join(notes)
    return details
