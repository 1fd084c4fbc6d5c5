"""Learning curves: models of one kind, trained on ever fewer rows and judged on the same test rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.learning.plain_features import read_plain_features
from assay.learning.trials.curve_scores import JudgedGroup, Yardstick, error_of_mean, mean_of_draws
from assay.learning.trials.plain_models import TREE_ITERATIONS, linear_inputs, ridge, trees
from assay.results import OutOfSample
from assay.target import BOUND
from assay.trials.curve import CurveTrial, GroupScores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.learning.plain_features import PlainFeatures
    from assay.learning.trials.plain_models import Learner
    from assay.results import OutOfSampleValues

    Rows = npt.NDArray[np.int64]
    Values = npt.NDArray[np.float64]
    Round = tuple[Rows, Rows]  # training and test rows

# Fewer labelled rows, and the curve has no end that anything can be read from.
MIN_ROWS = 300
# Rows of the second most frequent class: fewer, and the smallest draws have next to none.
MIN_CLASS_ROWS = 40
# Of more rows as many are drawn, from which all else is drawn; of many classes fewer, by cells of rows x classes.
MAX_ROWS = 40_000
MAX_LABEL_CELLS = 4_000_000
SIZES = 8
# From one size to the next: 8 sizes reach from 1/27 of the rows to all of them.
STEP = 1.6
LEAST_SIZE = 30
# Sets of training rows of each size, where rows are few and a fit is cheap; else one for each fold.
MOST_REPEATS = 10
MANY_ROWS = 5_000
# Draws of each set, whose mean score counts, of the cheap kind where rows are few.
DRAWS = 3
# Trees need some rows to be better than ridge regression on bent numbers, and cost 20 ms however few the rows.
MIN_TREE_ROWS = 1_000
# Cells (rows x columns x trees) that all trees together may read: about four seconds; starting a tree costs as much
# as reading `TREE_START` cells. Where more would be read the curve ends at fewer rows, but at these at least.
MAX_TREE_CELLS = 4e8
TREE_START = 40_000
LEAST_TREE_END = 4_000
# Cells of test rows x classes that are scored at once.
MAX_TEST_CELLS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class CurveTask:
    """P rows of a dataset, and what is learned from them.

    Attributes
    ----------
    positions
        (P,) of the rows in the dataset; elsewhere a row is its place in this array.
    yardstick
        Holds scores against the labels.
    codes
        (P,) classes in 0..K-1; None of a numeric label.
    folds
        (R, P): those of the predictions.
    group
        (P,) of rows that are drawn together; None where each is drawn alone.
    seed
        Of all draws.
    """

    positions: Rows
    yardstick: Yardstick
    codes: Rows | None
    folds: npt.NDArray[np.int16]
    group: Rows | None
    seed: int


def train_curve(
    dataset: Dataset,
    predictions: OutOfSample | OutOfSampleValues,
    config: AuditConfig,
    progress: Callable[[float], None],
) -> CurveTrial:
    """Train models on geometric numbers of rows, and judge each on rows of a fold that no training row belongs to.

    The folds are those of `predictions`: rows that belong together (`find_units`) are never on both sides. Draws of
    different sizes are independent, so that their errors are; with a group column whole groups are drawn. The kind of
    model is the one that is better on two folds with all rows. Rows count alike; those of weight 0 are left out.

    Returns
    -------
    CurveTrial
        Without sizes, but with a `reason`, where the data do not allow a curve.
    """
    metric = "AUC" if isinstance(predictions, OutOfSample) else "R2"
    used = np.flatnonzero(_usable(dataset, predictions))
    n = len(used)
    if (reason := _too_little(predictions, used)) is not None:
        return CurveTrial(metric, n=n, reason=reason)
    task = _task(dataset, predictions, used, config.learning.seed)
    features = read_plain_features(dataset.frame.iloc[task.positions], dataset.roles.features)
    if not features.width:
        return CurveTrial(metric, n=n, reason="No feature has two different values.")
    name, learn, rounds, largest = choose_kind(features, task, _rounds(task))
    progress(0.1)
    sizes = geometric_sizes(largest)
    draws = DRAWS if name == "linear" and n <= MANY_ROWS else 1
    groups = _groups(dataset, task, used, (draws, len(rounds), len(sizes)))
    scores, errors = measure(
        task, learn, rounds, sizes, draws=draws, groups=groups, progress=lambda done: progress(0.1 + 0.9 * done)
    )
    folds = len(np.unique(task.folds[0]))
    return CurveTrial(
        metric,
        name,
        n,
        folds,
        sizes,
        scores,
        error_of_mean(errors[:folds]),
        tuple(group.result(folds) for group in groups),
    )


def measure(
    task: CurveTask,
    learn: Learner,
    rounds: list[Round],
    sizes: Rows,
    *,
    draws: int,
    groups: Sequence[JudgedGroup] = (),
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[Values, Values]:
    """Train on `draws` draws of each size in each round; scores (R, S), and (R,) their errors by the test rows."""
    scores, errors = np.full((draws, len(rounds), len(sizes)), np.nan), np.full(len(rounds), np.nan)
    for r, (train, test) in enumerate(rounds):
        for s, size in enumerate(sizes):
            for draw in range(draws if size < len(train) else 1):
                drawn = draw_rows(train, size, task.group, np.random.default_rng((task.seed, 73, r, s, draw)))
                found = learn(drawn, task.seed + r)(test)
                scores[draw, r, s] = task.yardstick.score(found, test)
                for group in groups:
                    group.take((draw, r, s), found, test)
        errors[r] = task.yardstick.error(found, test)
        progress((r + 1) / len(rounds))
    return mean_of_draws(scores), errors


def _usable(dataset: Dataset, predictions: OutOfSample | OutOfSampleValues) -> npt.NDArray[np.bool_]:
    labels = predictions.labels >= 0 if isinstance(predictions, OutOfSample) else np.isfinite(predictions.target)
    usable = predictions.trained & labels & (predictions.folds >= 0).all(axis=0)
    return usable if dataset.weights is None else usable & (dataset.weights > 0)


def _too_little(predictions: OutOfSample | OutOfSampleValues, used: Rows) -> str | None:
    if len(used) < MIN_ROWS:
        return f"There are {len(used):,} labelled rows; below {MIN_ROWS:,} a curve decides nothing."
    if isinstance(predictions, OutOfSample):
        counts = np.sort(np.bincount(predictions.labels[used], minlength=2))
        if counts[-2] < MIN_CLASS_ROWS:
            return (
                f"All classes but the most frequent one have fewer than {MIN_CLASS_ROWS} rows; fewer training rows "
                "would have next to none of them."
            )
    elif np.ptp(predictions.scaled_target[used]) == 0:
        return "The label has one value only."
    return None


def _task(dataset: Dataset, predictions: OutOfSample | OutOfSampleValues, used: Rows, seed: int) -> CurveTask:
    most = min(MAX_ROWS, MAX_LABEL_CELLS // max(1, len(predictions.classes)))
    if len(used) > most:
        used = np.sort(np.random.default_rng((seed, 70)).choice(used, most, replace=False))
    codes = None
    if isinstance(predictions, OutOfSample):
        _, codes = np.unique(predictions.labels[used], return_inverse=True)
        columns = np.eye(int(codes.max()) + 1)[codes]
        target = columns[:, 1:] if columns.shape[1] == 2 else columns
    else:
        target = np.clip(predictions.scaled_target[used], -BOUND, BOUND)[:, None]
    group = None
    if (column := dataset.roles.group) is not None:
        _, group = np.unique(dataset.frame[column].iloc[used].astype("str").to_numpy(), return_inverse=True)
    return CurveTask(used, Yardstick(target, codes is not None), codes, predictions.folds[:, used], group, seed)


def _groups(dataset: Dataset, task: CurveTask, used: Rows, shape: tuple[int, ...]) -> list[JudgedGroup]:
    return [
        JudgedGroup(
            GroupScores(str(feature), str(name), int(n)), column[task.positions] == name, task.yardstick, shape
        )
        for feature, column in ((feature, dataset.groups[feature].to_numpy()) for feature in dataset.groups)
        for name, n in zip(*np.unique(column[used], return_counts=True), strict=True)
    ]


def _rounds(task: CurveTask) -> list[Round]:
    """Training and test rows of each fold of each repeat, the first repeat first."""
    folds = task.folds if len(task.positions) <= MANY_ROWS else task.folds[:1]
    most = max(200, MAX_TEST_CELLS // task.yardstick.target.shape[1])
    rounds: list[Round] = []
    for r, of_repeat in enumerate(folds):
        members = np.unique(of_repeat)
        if r and len(rounds) + len(members) > MOST_REPEATS:
            break
        for fold in members:
            test = np.random.default_rng((task.seed, 74, r, int(fold))).permutation(np.flatnonzero(of_repeat == fold))
            rounds.append((np.flatnonzero(of_repeat != fold), np.sort(test[:most])))
    return rounds


def geometric_sizes(largest: int) -> Rows:
    """`SIZES` numbers of training rows up to the largest, (S,) ascending."""
    least = max(LEAST_SIZE, largest / STEP ** (SIZES - 1))
    return np.rint(np.geomspace(min(least, largest / 2), largest, SIZES)).astype(np.int64)


def choose_kind(
    features: PlainFeatures, task: CurveTask, rounds: list[Round]
) -> tuple[str, Learner, list[Round], int]:
    """Choose the kind that does better in two folds; with it, its rounds and the most training rows."""
    target, all_rows = task.yardstick.target, min(len(train) for train, _ in rounds)
    linear = ridge(linear_inputs(features, task.seed), target)
    # Trees cost more than they gain by being repeated.
    once = rounds[: len(np.unique(task.folds[0]))]
    end = min(all_rows, _affordable(features, target.shape[1], len(once)))
    if len(task.positions) < MIN_TREE_ROWS or end < min(all_rows, LEAST_TREE_END):
        return "linear", linear, rounds, all_rows
    boosted = trees(features, task.codes, target)

    def mean_score(learn: Learner) -> float:
        found: list[float] = []
        for train, test in once[:2]:
            rows = draw_rows(train, end, task.group, np.random.default_rng((task.seed, 75)))
            found.append(task.yardstick.score(learn(rows, task.seed)(test), test))
        return float(np.mean(found))

    if mean_score(boosted) > mean_score(linear):
        return "trees", boosted, once, end
    return "linear", linear, rounds, all_rows


def _affordable(features: PlainFeatures, classes: int, rounds: int) -> int:
    """Training rows up to which trees may be grown, at every size below too."""
    grown = TREE_ITERATIONS * rounds * (classes if classes > 2 else 1)
    columns = features.numbers.shape[1] + len(features.sizes)
    left = MAX_TREE_CELLS / grown - TREE_START * SIZES
    return max(0, int(left * (1 - 1 / STEP) / columns))


def draw_rows(train: Rows, size: int, group: Rows | None, rng: np.random.Generator) -> Rows:
    """`size` of the rows; with groups, those of whole groups in random order, the last one cut."""
    if group is None:
        return np.sort(rng.choice(train, size, replace=False))
    place = rng.permutation(int(group.max()) + 1)[group[train]]
    return np.sort(train[np.argsort(place, kind="stable")[:size]])
