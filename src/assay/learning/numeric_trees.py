"""Boosted trees that predict a numeric label, in the same folds as the networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from assay.learning.curves import Rows
    from assay.learning.plain_features import PlainFeatures

    Values = npt.NDArray[np.float64]

# Shallow and slow: 150 rows are not rare, and wrong labels are among them.
ITERATIONS = 120
LEARNING_RATE = 0.06
MAX_LEAVES = 12
MIN_LEAF_ROWS = 15
LEAF_PENALTY = 1.0


def _ignore(_fraction: float) -> None:
    """Stand in for a progress display that nobody asked for."""


def predict_by_trees(
    features: PlainFeatures,
    target: Values,
    weights: Values | None,
    train: Sequence[Rows],
    test: Sequence[Rows],
    *,
    seed: int,
    progress: Callable[[float], None] = _ignore,
) -> Values:
    """Predict every row by trees that did not see it: scikit-learn's `HistGradientBoostingRegressor`, squared error.

    Parameters
    ----------
    features
        N rows.
    target
        (N,) float64, finite for the rows of `train`.
    weights
        (N,) sample weights, or None. Their unit does not matter, and a row of weight 0 is not trained on.
    train, test
        The M members of one repeat: arrays of row positions. No row is in two of `test`.
    seed
        The same seed gives the same predictions.
    progress
        Is told the finished share, in (0, 1].

    Returns
    -------
    (N,) float64: by the member that holds the row out; for rows in no `test` the mean over the members.

    Raises
    ------
    InputError
        Where a member has no row with a positive weight to train on.
    """
    never = np.setdiff1d(np.arange(len(features)), np.concatenate(test))
    out = np.zeros(len(features))
    for m, (rows, held_out) in enumerate(zip(train, test, strict=True)):
        predict = _learn(features, rows, target, weights, seed)
        for part, share in ((held_out, 1.0), (never, 1 / len(test))):
            if len(part):
                out[part] += share * predict(part)
        progress((m + 1) / len(test))
    return out


def _learn(
    features: PlainFeatures, rows: Rows, target: Values, weights: Values | None, seed: int
) -> Callable[[Rows], Values]:
    from sklearn.ensemble import HistGradientBoostingRegressor

    w = None
    if weights is not None:
        rows = rows[weights[rows] > 0]
        if not len(rows):
            raise InputError(
                "Every fold must leave rows with a label and a positive weight to train on, got a fold with none. Use "
                "fewer folds, or check the column of weights."
            )
        # Of mean 1: their unit must not decide how strongly the trees are held back.
        w = weights[rows] / weights[rows].max()  # at most 1, so that no sum overflows
        w /= w.mean()
    inputs = features.for_trees(rows)
    if not inputs.shape[1]:
        mean = np.average(target[rows], weights=w)
        return lambda part: np.full(len(part), mean)
    # A number that is known in fewer rows than a leaf needs cannot part them; scikit-learn 1.9 fails where it is
    # known in none.
    inputs[:, (~np.isnan(inputs)).sum(axis=0) < MIN_LEAF_ROWS] = 0.0
    model = HistGradientBoostingRegressor(
        learning_rate=LEARNING_RATE,
        max_iter=ITERATIONS,
        max_leaf_nodes=MAX_LEAVES,
        min_samples_leaf=MIN_LEAF_ROWS,
        l2_regularization=LEAF_PENALTY,
        categorical_features=features.is_category,
        early_stopping=False,
        random_state=seed,
    )
    model.fit(inputs, target[rows], sample_weight=w)
    return lambda part: model.predict(features.for_trees(part))
