"""Two kinds of models that can be trained by the hundred: ridge regression and small boosted trees.

Both choose how strongly they are held back within their own training rows: what suits 3,000 rows does not suit 30,
and a curve of one fixed strength shows the strength and not the rows.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from assay.learning.plain_features import PlainFeatures

    Rows = npt.NDArray[np.int64]
    Values = npt.NDArray[np.float64]
    # Scores (n, C) of rows, by their positions.
    Scorer = Callable[[Rows], Values]
    # Training rows, seed.
    Learner = Callable[[Rows, int], Scorer]

# More inputs are projected at random to as many (Johnson and Lindenstrauss): the cost of a fit is bounded.
MAX_INPUTS = 256
# Penalties of the ridge, as shares of the mean eigenvalue of its Gram matrix; generalised cross-validation chooses.
PENALTIES = np.geomspace(1e-4, 1e3, 15)
# Places at which the slope of a number may change, in the linear model: as many quantiles.
KNOTS = 6
TREE_ITERATIONS = 40
TREE_RATE = 0.2
TREE_LEAVES = 15
LEAF_ROWS = 20
# Share of its training rows by which the trees decide when to stop.
STOP_SHARE = 0.15
LEAST_STOP_ROWS = 10


def linear_inputs(features: PlainFeatures, seed: int) -> npt.NDArray[np.float32]:
    """(N, W) float32, W at most `MAX_INPUTS`: numbers, by how much each exceeds `KNOTS` quantiles, and categories.

    Without the quantiles where they would be too many; where even the rest is, its random projection.
    """
    plain = features.for_linear(np.arange(len(features)))
    if features.width > MAX_INPUTS:
        signs = np.random.default_rng((seed, 71)).choice([-1.0, 1.0], (features.width, MAX_INPUTS))
        return np.asarray(plain @ (signs / np.sqrt(MAX_INPUTS)).astype(np.float32), dtype=np.float32)
    dense = plain if isinstance(plain, np.ndarray) else plain.toarray()
    numbers = features.scaled
    if not numbers.size or features.width + KNOTS * numbers.shape[1] > MAX_INPUTS:
        return np.asarray(dense, dtype=np.float32)
    knots = np.quantile(numbers, np.linspace(0, 1, KNOTS + 2)[1:-1], axis=0)
    return np.hstack([dense, *(np.maximum(0, numbers - knot) for knot in knots)]).astype(np.float32)


def ridge(inputs: npt.NDArray[np.float32], target: Values) -> Learner:
    """Ridge regression of the columns of `target` (N, C); generalised cross-validation chooses the penalty.

    Of classes, `target` holds 0 and 1, and the scores rank as those of a linear discriminant do. Golub, Heath and
    Wahba 1979, doi:10.1080/00401706.1979.10489751.
    """

    def learn(rows: Rows, _seed: int) -> Scorer:
        x, y = inputs[rows], target[rows]
        middle, mean = x.mean(axis=0), y.mean(axis=0)
        x, y, n = x - middle, y - mean, len(rows)
        values, vectors = np.linalg.eigh((x.T @ x).astype(np.float64))
        values = np.maximum(values, 0.0)
        shares = vectors.T @ (x.T @ y)  # (W, C)
        penalties = PENALTIES * max(float(values.mean()), 1e-12)
        kept = 1 / (values[:, None] + penalties)  # (W, P)
        explained = (shares**2).sum(axis=1) @ (2 * kept - values[:, None] * kept**2)
        freedom = 1 + (values[:, None] * kept).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):  # a fit with as many parameters as rows
            loss = np.maximum(0.0, (y**2).sum() - explained) / np.maximum(0.0, n - freedom) ** 2
        best = int(np.argmin(np.where(np.isfinite(loss), loss, np.inf)))
        weights = vectors @ (kept[:, [best]] * shares)
        return lambda part: (inputs[part] - middle) @ weights + mean

    return learn


def trees(features: PlainFeatures, codes: Rows | None, target: Values) -> Learner:
    """Boosted trees (scikit-learn's) of a number, `target` (N, 1), or of classes, `codes` (N,).

    A share of the training rows decides after how many trees to stop. Of classes, `target` holds 0 and 1 as for
    `ridge`.
    """
    table = features.for_trees(np.arange(len(features)))
    answers = target[:, 0] if codes is None else codes

    def learn(rows: Rows, seed: int) -> Scorer:
        shuffled = np.random.default_rng((seed, 72)).permutation(rows)
        held = max(LEAST_STOP_ROWS, int(STOP_SHARE * len(rows)))
        stop, used = shuffled[:held], shuffled[held:]
        if codes is not None and len(np.unique(codes[used])) < 2:
            return lambda part: np.zeros((len(part), target.shape[1]))
        inputs = table[used]
        leaf = min(LEAF_ROWS, max(2, len(used) // 20))
        # As in assay.learning.opinions: scikit-learn 1.9 fails where a number is known in no row.
        inputs[:, (~np.isnan(inputs)).sum(axis=0) < leaf] = 0.0
        stages = _boost(inputs, answers[used], features.is_category, leaf, seed, classes=codes is not None)
        steps = int(np.argmin([_loss(found, target[stop]) for found in stages(table[stop], target.shape[1])])) + 1
        return lambda part: next(islice(stages(table[part], target.shape[1]), steps - 1, None))

    return learn


def _boost(
    inputs: Values, answers: Values | Rows, is_category: npt.NDArray[np.bool_], leaf: int, seed: int, *, classes: bool
) -> Callable[[Values, int], Iterator[Values]]:
    """Fit, and return what gives the scores (n, C) of rows after each tree."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    model = (HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor)(
        learning_rate=TREE_RATE,
        max_iter=TREE_ITERATIONS,
        max_leaf_nodes=TREE_LEAVES,
        min_samples_leaf=leaf,
        l2_regularization=1.0,
        categorical_features=is_category,
        early_stopping=False,
        random_state=seed,
    )
    model.fit(inputs, answers)

    def stages(table: Values, columns: int) -> Iterator[Values]:
        if not classes:
            yield from (found[:, None] for found in model.staged_predict(table))
            return
        for found in model.staged_predict_proba(table):
            # Of two classes one column is enough; a class that was not seen has probability 0.
            every = np.zeros((len(table), max(2, columns)))
            every[:, model.classes_] = found
            yield every[:, -columns:]

    return stages


def _loss(found: Values, target: Values) -> float:
    """Mean squared error of a number; Brier score of classes."""
    return float(np.mean((found - target) ** 2))
