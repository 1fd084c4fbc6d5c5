"""Opinions beside the networks': boosted trees and a linear model, in the same folds.

Which kind of model finds a wrong label depends on the data and on the noise: a flexible model learns noise that
depends on a group, and then defends it; a linear one cannot, but misses what is not linear. Both models here are held
back harder than their defaults: what fits every label fits the wrong ones too.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.errors import InputError
from assay.learning.flips import FlipTest
from assay.learning.plain_features import read_plain_features

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.learning.plain_features import PlainFeatures

    Rows = npt.NDArray[np.int64]
    Probabilities = npt.NDArray[np.float64]
    # Probabilities of the classes seen, (n, k), for rows of a table by their positions.
    Predictor = Callable[[PlainFeatures, Rows], Probabilities]
    # Features, training rows, their classes in 0..k-1, their weights, seed.
    Learner = Callable[[PlainFeatures, Rows, Rows, Probabilities | None, int], Predictor]

# Mean average precision of finding planted wrong labels by the probability of the given label, on wine, breast cancer,
# German credit and 4,000 rows of Adult with uniform (10%, 30%), class- and group-dependent noise: scikit-learn's
# defaults .60, with 40 iterations .62, with these leaves, penalty and share of columns .67. The values were chosen on
# these very cases. On a table of 77 classes a smaller penalty finds less (.83 at 10, .81 at 1).
LEARNING_RATE = 0.1
MAX_ITERATIONS = 40
MAX_LEAVES = 8
MIN_LEAF_ROWS = 20
LEAF_PENALTY = 10.0
# Each split looks at this share of the columns, and at three at least: trees that differ forget a lone wrong label.
FEATURE_SHARE = 0.2
MIN_FEATURES = 3
# On the same data and digits .70 at C = 0.01 to 0.05, .69 at 0.1 and .66 at scikit-learn's 1.0; C chosen by the loss
# on an inner split finds .02 less than 0.03 does. On a table of 77 classes .90 at 0.05, .87 at 1.0.
INVERSE_PENALTY = 0.05
MAX_STEPS = 100
MIN_STEPS = 20

# Training rows of one member at most, drawn at random.
TRAINING_ROWS = 50_000
# Rows of each class that the draw does not leave out.
MIN_CLASS_ROWS = 20
# Beyond this many cells that a member reads (rows x columns x trees; for the linear model rows x columns x classes x
# steps) there are fewer iterations, down to the least. With K > 2 classes an iteration grows K trees: 100 classes,
# 50,000 rows and 20 columns get 10 iterations in place of 40, each with a longer step.
MAX_CELLS = 500_000_000
MIN_ITERATIONS = 10
MAX_LEARNING_RATE = 0.3
# Rows that are predicted at once hold at most this many cells.
CHUNK_CELLS = 4_000_000
# No class is impossible: a score may take the logarithm.
LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """Hyperparameters of the trees; with fewer `iterations` than these (`MAX_CELLS`) each has a longer step."""

    learning_rate: float = LEARNING_RATE
    iterations: int = MAX_ITERATIONS
    leaves: int = MAX_LEAVES
    penalty: float = LEAF_PENALTY
    feature_share: float = FEATURE_SHARE


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fitted model: `predict` gives probabilities of the classes `seen`, their codes ascending."""

    predict: Predictor
    seen: Rows

    def predict_into(self, found: Probabilities, features: PlainFeatures, rows: Rows, share: float = 1.0) -> None:
        """Add `share` times the prediction of the rows of `features` to the same rows of `found`."""
        for part in _chunks(rows, features, found.shape[1]):
            found[np.ix_(part, self.seen)] += share * self.predict(features, part)


def _ignore(_fraction: float) -> None:
    """Stand in for a progress display that nobody asked for."""


def other_opinions(
    dataset: Dataset,
    labels: npt.NDArray[np.int64],
    train: Sequence[Rows],
    test: Sequence[Rows],
    *,
    classes: int,
    seed: int,
    flips: FlipTest | None = None,
    kept: dict[str, list[Fitted]] | None = None,
    features: PlainFeatures | None = None,
    learners: Mapping[str, Learner] | None = None,
    progress: Callable[[float], None] = _ignore,
) -> dict[str, Probabilities]:
    """Predict every row by models of other kinds that did not see it, one of each kind for each member.

    "trees" is histogram gradient boosting (scikit-learn's `HistGradientBoostingClassifier`), "linear" a multinomial
    logistic regression with an L2 penalty on standardised numbers and one-hot categories. A class that is missing
    among a member's training rows is not predicted by it.

    Parameters
    ----------
    dataset
        N rows, their features and weights. A row of weight 0 is not trained on.
    labels
        (N,) int64 in 0..K-1; -1 for no label.
    train, test
        M arrays of row positions each, the members of one repeat: no row is in two of `test`, and a labelled one that
        is to be judged is in one.
    classes
        K, at least 2.
    seed
        The same seed gives the same probabilities.
    flips
        Is told what the members predict for the rows of its flips, each by the member that holds the row out.
    kept
        Is given the fitted models of each kind, one for each of `test`.
    features
        Of the dataset, where they have been read already.
    learners
        In place of "trees" and "linear": see `learn_trees` and `learn_linear`.
    progress
        Is told the finished share, in (0, 1].

    Returns
    -------
    "trees" and "linear", each (N, K) float64 in (0, 1), rows sum to 1: by the member that holds the row out; for rows
    in no `test` the mean over the members.

    Raises
    ------
    InputError
        Where a member has no row with a label and a positive weight to train on.
    """
    features = features or read_plain_features(dataset.frame, dataset.roles.features)
    samples = _samples(dataset, labels, train, seed)
    never = np.setdiff1d(np.arange(len(dataset)), np.concatenate(test))
    learners = learners or {"trees": learn_trees(TreeSettings()), "linear": learn_linear(INVERSE_PENALTY)}
    opinions = {name: np.zeros((len(dataset), classes)) for name in learners}
    flips = flips or FlipTest((), np.zeros((1, len(dataset)), dtype=np.int16))
    flipped_rows, altered = flips.rows, features.edited(flips.rows, flips.donors)
    flipped = {name: np.zeros((len(flipped_rows), classes)) for name in learners}
    members = [(name, m) for name in learners for m in range(len(samples))]
    for done, (name, m) in enumerate(members, start=1):
        fitted = _fit(learners[name], features, samples[m], labels, dataset.weights, seed=seed)
        fitted.predict_into(opinions[name], features, test[m])
        fitted.predict_into(opinions[name], features, never, share=1 / len(samples))
        fitted.predict_into(flipped[name], altered, np.flatnonzero(np.isin(flipped_rows, test[m])))
        if kept is not None:
            kept.setdefault(name, []).append(fitted)
        progress(done / len(members))
    for name, found in flipped.items():
        flips.add(name, opinions[name][None, flipped_rows], found[None])
    return {name: normalise(found) for name, found in opinions.items()}


def _samples(dataset: Dataset, labels: Rows, train: Sequence[Rows], seed: int) -> list[Rows]:
    """Rows that each member is fitted to."""
    usable = labels >= 0 if dataset.weights is None else (labels >= 0) & (dataset.weights > 0)
    samples = [_sample(rows[usable[rows]], labels, np.random.default_rng((seed, m))) for m, rows in enumerate(train)]
    if not all(map(len, samples)):
        raise InputError(
            "Every fold must leave rows with a label and a positive weight to train on, got a fold with none. Use "
            "fewer folds, or check the column of weights."
        )
    return samples


def _fit(
    learn: Learner, features: PlainFeatures, rows: Rows, labels: Rows, weights: Probabilities | None, *, seed: int
) -> Fitted:
    seen, codes = np.unique(labels[rows], return_inverse=True)
    if len(seen) < 2 or not features.width:
        learn = _learn_shares
    return Fitted(learn(features, rows, codes, None if weights is None else _relative(weights[rows]), seed), seen)


def _sample(rows: Rows, labels: Rows, rng: np.random.Generator) -> Rows:
    """At most `TRAINING_ROWS` rows at random, ascending, the first `MIN_CLASS_ROWS` of each class among them."""
    if len(rows) <= TRAINING_ROWS:
        return rows
    shuffled = rng.permutation(rows)
    place = pd.Series(labels[shuffled]).groupby(labels[shuffled]).cumcount().to_numpy()
    first = np.argsort(place >= MIN_CLASS_ROWS, kind="stable")
    return np.sort(shuffled[first[:TRAINING_ROWS]])


def _relative(weights: Probabilities) -> Probabilities:
    """Weights of mean 1: their unit must not decide how strongly a model is held back."""
    shares: Probabilities = weights / weights.max()  # at most 1, so that no sum overflows
    shares /= shares.mean()
    return shares


def _learn_shares(
    _features: PlainFeatures, _rows: Rows, codes: Rows, weights: Probabilities | None, _seed: int
) -> Predictor:
    """Predict the shares of the classes: all there is to learn from one class, or from constant columns."""
    shares = np.bincount(codes, weights) / (len(codes) if weights is None else weights.sum())
    return lambda _, part: np.tile(shares, (len(part), 1))


def learn_trees(settings: TreeSettings) -> Learner:
    """Boosted trees with these hyperparameters."""
    return partial(_learn_trees, settings=settings)


def learn_linear(inverse_penalty: float) -> Learner:
    """Logistic regression with scikit-learn's C."""
    return partial(_learn_linear, inverse_penalty=inverse_penalty)


def _learn_trees(
    features: PlainFeatures,
    rows: Rows,
    codes: Rows,
    weights: Probabilities | None,
    seed: int,
    *,
    settings: TreeSettings,
) -> Predictor:
    from sklearn.ensemble import HistGradientBoostingClassifier

    inputs = features.for_trees(rows)
    # A number that is known in fewer rows than a leaf needs cannot part them; scikit-learn 1.9 fails where it is
    # known in none.
    leaf = min(MIN_LEAF_ROWS, max(2, len(rows) // 20))
    inputs[:, (~np.isnan(inputs)).sum(axis=0) < leaf] = 0.0
    trees = int(codes.max()) + 1
    iterations = _bounded(inputs.size * (trees if trees > 2 else 1), MIN_ITERATIONS, settings.iterations)
    model = HistGradientBoostingClassifier(
        learning_rate=min(MAX_LEARNING_RATE, settings.learning_rate * settings.iterations / iterations),
        max_iter=iterations,
        max_leaf_nodes=settings.leaves,
        min_samples_leaf=leaf,
        l2_regularization=settings.penalty,
        max_features=min(1.0, max(settings.feature_share, MIN_FEATURES / inputs.shape[1])),
        categorical_features=features.is_category,
        early_stopping=False,
        random_state=seed,
    )
    model.fit(inputs, codes, sample_weight=weights)
    return lambda table, part: model.predict_proba(table.for_trees(part))


def _learn_linear(
    features: PlainFeatures,
    rows: Rows,
    codes: Rows,
    weights: Probabilities | None,
    seed: int,
    *,
    inverse_penalty: float,
) -> Predictor:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    inputs = features.for_linear(rows)
    cells = inputs.size if isinstance(inputs, np.ndarray) else inputs.nnz
    steps = _bounded(cells * (int(codes.max()) + 1), MIN_STEPS, MAX_STEPS)
    model = LogisticRegression(C=inverse_penalty, max_iter=steps, tol=1e-3, random_state=seed)
    with warnings.catch_warnings():
        # A few steps short of the optimum is a little more regularisation.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(inputs, codes, sample_weight=weights)
    return lambda table, part: model.predict_proba(table.for_linear(part))


def _bounded(cells: int, least: int, most: int) -> int:
    """How often `cells` can be read within `MAX_CELLS`, in least..most."""
    return min(most, max(least, MAX_CELLS // max(1, cells)))


def _chunks(rows: Rows, features: PlainFeatures, classes: int) -> list[Rows]:
    width = features.scaled.shape[1] + 2 * len(features.sizes) + classes
    return np.array_split(rows, -(-len(rows) * width // CHUNK_CELLS)) if len(rows) else []


def normalise(probabilities: Probabilities) -> Probabilities:
    """(n, K) probabilities of which none is 0, rows sum to 1."""
    clipped: Probabilities = np.maximum(probabilities, LEAST_PROBABILITY)
    clipped /= clipped.sum(axis=1, keepdims=True)
    return clipped
