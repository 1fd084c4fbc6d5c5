"""Models that are trained on shuffled labels: see `assay.trials.shuffled`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from assay.able import NETWORK
from assay.auc import auc_within_folds
from assay.findings import Interval
from assay.intervals import normal_quantile
from assay.learning.device import choose_device
from assay.learning.encoding import encode_table
from assay.learning.members import units_of
from assay.learning.recipe import Recipe
from assay.learning.steps import Examples
from assay.learning.training import train_members
from assay.learning.trials.kernel_ridge import compute_kernel, predict_held_out
from assay.learning.trials.shared_values import find_shared_values
from assay.results import OutOfSample
from assay.trials.shuffled import Control, ShuffledTrial

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSampleValues

    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

KERNEL_RIDGE = "kernel ridge"
# A kernel of 1,500 rows has 18 MB, and the five factorisations take a second.
MAX_ROWS = 1500
# Fewer rows have no two folds with both classes in them.
MIN_ROWS = 10
# The mean of so many AUCs is known to a tenth of the spread of one.
SHUFFLES = 100
# Two controls are held against a limit, on both sides, and a failure blocks.
CONFIDENCE = 0.99
# Row visits of each network: a leak that shows in the audit's own training shows in this.
VISITS = 4_000
_SEED = 5005


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """n rows of whole units, the audit's folds of them, and which of them have the label that is asked for."""

    dataset: Dataset
    units: Codes
    folds: npt.NDArray[np.int16]
    positive: Mask

    @property
    def first(self) -> Codes:
        """The first row of each unit."""
        return np.asarray(np.unique(self.units, return_index=True)[1])

    def shuffle(self, count: int, rng: np.random.Generator) -> Mask:
        """(n, count) bool: one label for each unit, moved between the units of a fold.

        What is left of a row's label in the rest of its unit is thereby left in the shuffled one: folds that part a
        unit give it away. Within a fold, since the share of a class must not tell the fold.
        """
        _, first, unit = np.unique(self.units, return_index=True, return_inverse=True)
        label = np.repeat(self.positive[first, None], count, axis=1)
        for fold in np.unique(self.folds[first]):
            part = self.folds[first] == fold
            label[part] = rng.permuted(label[part], axis=0)
        return label[unit]


def train_shuffled(
    dataset: Dataset,
    predictions: OutOfSample | OutOfSampleValues,
    config: AuditConfig,
    progress: Callable[[float], None],
) -> ShuffledTrial | None:
    """Train on shuffled labels in the audit's folds, and on labels drawn by the values of columns.

    Parameters
    ----------
    dataset, predictions
        N rows and what the audit's training says of them: its folds (of the first repeat) are those that are tested.
    config
        Of the learning: device and seed.
    progress
        Is told the finished share, in (0, 1].

    Returns
    -------
    ShuffledTrial or None
        None where fewer than `MIN_ROWS` rows took part in the training.
    """
    tested = np.flatnonzero(predictions.trained & (predictions.folds[0] >= 0))
    if len(tested) < MIN_ROWS:
        return None
    rng = np.random.default_rng((config.learning.seed, _SEED))
    positive = nearest_half(predictions)
    rows = np.sort(rng.choice(tested, MAX_ROWS, replace=False)) if len(tested) > MAX_ROWS else tested
    device, _ = choose_device(config.learning.device)
    part = dataset.take(rows)
    table = encode_table(part.frame, part.roles.features, device)
    sample = _Sample(part, units_of(part, table), predictions.folds[0, rows], positive[rows])
    kernel = compute_kernel(part.frame, part.roles.features)
    controls = () if kernel is None else (_control_by_ridge(sample, kernel, rng),)
    progress(0.3)
    target = torch.from_numpy(sample.shuffle(1, rng)[:, 0].astype(np.int64)).to(device)
    network = _control_by_network(sample, Examples(table, target), config.learning.seed)
    progress(0.7)
    shared = find_shared_values(dataset, predictions.folds[0], positive, tested, config.learning.seed)
    progress(1.0)
    return ShuffledTrial(tuple(c for c in (network, *controls) if c is not None), shared)


def nearest_half(predictions: OutOfSample | OutOfSampleValues) -> Mask:
    """(N,) bool: whether a row has the label whose share is nearest to a half; of a number, whether it is large."""
    if not isinstance(predictions, OutOfSample):
        known = predictions.target[predictions.trained]
        return np.asarray(predictions.target > (np.median(known) if len(known) else 0.0))
    counts = np.bincount(predictions.labels[predictions.trained], minlength=len(predictions.classes))
    return np.asarray(predictions.labels == int(np.abs(counts - counts.sum() / 2).argmin()))


def _control_by_ridge(sample: _Sample, kernel: npt.NDArray[np.float64], rng: np.random.Generator) -> Control | None:
    """Train on all rows, and judge by one row of each unit, on many shuffles.

    The labels of units of a fold are exchangeable, so that their mean AUC is 0.5 where the folds keep units together.
    Over all rows it is not where units have many sizes: the large ones then stand on both sides of the comparison.
    """
    labels = sample.shuffle(SHUFFLES, rng)
    if len(np.unique(sample.folds)) < 2:
        return None
    scores = predict_held_out(kernel, labels.astype(np.float64), sample.folds)
    first = sample.first
    aucs = auc_within_folds(scores[first], labels[first], sample.folds[first])
    if not np.isfinite(aucs).all():
        return None
    mean, error = float(aucs.mean()), float(aucs.std(ddof=1)) / np.sqrt(SHUFFLES)
    half = normal_quantile(CONFIDENCE) * float(error)
    interval = Interval(max(0.0, mean - half), min(1.0, mean + half), CONFIDENCE, "normal over shuffles")
    return Control(KERNEL_RIDGE, mean, interval, float(np.quantile(aucs, 0.95)), SHUFFLES, len(first))


def _control_by_network(sample: _Sample, examples: Examples, seed: int) -> Control | None:
    """Train one network a fold, and judge it by one row of each unit: these are exchangeable.

    Their AUC has therefore the variance of the Mann-Whitney statistic within a fold, whatever the network.
    """
    folds = np.unique(sample.folds)
    labels = examples.targets.cpu().numpy() > 0
    train, test = (
        [np.flatnonzero(sample.folds != f) for f in folds],
        [np.flatnonzero(sample.folds == f) for f in folds],
    )
    if len(folds) < 2 or any(len(np.unique(labels[rows])) < 2 for rows in train):
        return None
    recipe = Recipe.for_rows(max(map(len, train)), seed=seed, visits=VISITS)
    share = np.random.default_rng((seed, _SEED, 1))
    if recipe.share < 1:
        train = [np.sort(share.choice(rows, max(2, int(recipe.share * len(rows))), replace=False)) for rows in train]
    trained = train_members(examples, classes=2, train=train, test=test, recipe=recipe)
    score = np.zeros(len(labels))
    for rows, found in zip(test, trained.held_out, strict=True):
        score[rows] = found[:, 1]
    first = sample.first
    auc = float(auc_within_folds(score[first, None], labels[first, None], sample.folds[first])[0])
    error = _null_error(labels[first], sample.folds[first])
    if error is None:
        return None
    half = normal_quantile(CONFIDENCE) * error
    interval = Interval(max(0.0, auc - half), min(1.0, auc + half), CONFIDENCE, "Mann-Whitney")
    return Control(NETWORK, auc, interval, None, 1, len(first))


def _null_error(positive: Mask, folds: npt.NDArray[np.int16]) -> float | None:
    """Standard error of an AUC within folds, of scores without ties, where labels mean nothing.

    Twice the variance of independent folds: two rows that are alike and in different folds are trained on and judged
    by in turn, and the AUCs of both folds move together. benchmarks/health/controls.py measures how much.
    """
    pairs, variance = 0.0, 0.0
    for fold in np.unique(folds):
        of_class = positive[folds == fold]
        n, m = float(of_class.sum()), float((~of_class).sum())
        pairs, variance = pairs + n * m, variance + n * m * (n + m + 1) / 12
    return float(np.sqrt(2 * variance) / pairs) if pairs else None
