"""The scores as counts: everything that thresholds are fitted on, and judged on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.fairness.counts import Cells, count_cells

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.fairness.counts import Feature
    from assay.results import OutOfSample

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

# Thresholds lie between quantiles of the scores: so many that each step moves one row in 500.
MOST_BINS = 512
# Folds of the cross-fitting; a partition with more is merged to as many.
MOST_FOLDS = 5
# The model's own prediction is favourable from here on.
DECISION = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class ScoredRows:
    """The N judged rows.

    Attributes
    ----------
    positions
        (N,) int64: where they are in the dataset.
    label
        (N,) int64: 1 for the favourable class, else 0.
    score
        (N,) in [0, 1], see `favourable_scores`.
    fold, folds
        (N,) in 0..F-1, and F.
    weights
        (N,) sample weights, or None.
    positive
        Code of the favourable class among the learned ones.
    """

    positions: Codes
    label: Codes
    score: Floats
    fold: Codes
    folds: int
    weights: Floats | None
    positive: int

    @property
    def own(self) -> Floats:
        """(N,) 0 or 1: what the model predicts by itself."""
        return (self.score >= DECISION).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """One feature's rows, counted by fold, group, label and bin of the score.

    Attributes
    ----------
    feature
        The feature; its groups with enough rows keep their place in `groups`.
    groups
        (G,) int64 codes of the groups that are large enough to be compared.
    group_of
        (N,) int64 in 0..G for the judged rows: place in `groups`, or G for a row of a smaller group.
    cells
        Keys (fold 0..F-1, group 0..G, y_true 0/1, bin 0..B-1).
    folds, bins
        F and B.
    decision
        The model's own prediction is favourable in the bins from this one on, in 0..B.
    """

    feature: Feature
    groups: Codes
    group_of: Codes
    cells: Cells
    folds: int
    bins: int
    decision: int

    def fitting(self, held_out: int | None) -> tuple[Floats, Codes]:
        """Weight and rows (G, 2, B) of all folds but one, or of all: what is known when the fold is decided on."""
        fold, group, label, score = self.cells.keys
        used = group < len(self.groups)
        if held_out is not None:
            used &= fold != held_out
        shape = (len(self.groups), 2, self.bins)
        flat = np.ravel_multi_index((group[used], label[used], score[used]), shape)
        size = int(np.prod(shape))
        weight = np.bincount(flat, weights=self.cells.weight[used], minlength=size).astype(np.float64)
        rows = np.bincount(flat, weights=self.cells.rows[used], minlength=size)
        return weight.reshape(shape), np.rint(rows).astype(np.int64).reshape(shape)

    @property
    def own_decisions(self) -> Floats:
        """(B,) 0 or 1: what the model predicts in each bin."""
        return (np.arange(self.bins) >= self.decision).astype(np.float64)


def read_scores(dataset: Dataset, predictions: OutOfSample, judged: Mask) -> ScoredRows:
    """Read the score and the label of each judged row; the dataset has a favourable class, which was learned."""
    assert dataset.labels.positive is not None
    positive = predictions.classes.index(dataset.labels.classes[dataset.labels.positive])
    fold, folds = split_folds(dataset, predictions, judged)
    return ScoredRows(
        positions=np.flatnonzero(judged),
        label=(predictions.labels[judged] == positive).astype(np.int64),
        score=favourable_scores(predictions.pred_probs[judged], positive),
        fold=fold,
        folds=folds,
        weights=None if dataset.weights is None else dataset.weights[judged],
        positive=positive,
    )


def favourable_scores(pred_probs: Floats, positive: int) -> Floats:
    """Score (N,) in [0, 1] that is at least 0.5 exactly where the favourable class is the prediction.

    The probability of the favourable class over its sum with the largest other one: for two classes the probability
    itself. NaN counts as 0. Equal probabilities go to the first class, as `argmax` has it.
    """
    own = pred_probs[:, positive]
    other = np.delete(pred_probs, positive, axis=1).max(axis=1)
    total = own + other
    score = np.divide(own, total, out=np.zeros(len(own)), where=total > 0)
    chosen = pred_probs.argmax(axis=1) == positive
    bounded: Floats = np.where(chosen, np.maximum(score, DECISION), np.minimum(score, np.nextafter(DECISION, 0)))
    return bounded


def split_folds(dataset: Dataset, predictions: OutOfSample, judged: Mask) -> tuple[Codes, int]:
    """Fold 0..F-1 of each judged row, and F.

    The folds of the first repeat. Where these are not known, the rows are dealt out at random; the rows of one
    `group` stay together.
    """
    known = predictions.folds[0][judged].astype(np.int64)
    found, codes = np.unique(known, return_inverse=True)
    if len(found) < 2:
        column = dataset.roles.group
        units = np.arange(len(known))
        if column is not None:
            units = pd.factorize(dataset.frame[column].to_numpy()[judged], use_na_sentinel=False)[0]
        count = int(units.max()) + 1
        codes = (np.random.default_rng(0).permutation(count) % MOST_FOLDS)[units]
    folds = min(MOST_FOLDS, int(codes.max()) + 1)
    return codes.astype(np.int64) % folds, folds


def bin_scores(scores: Floats) -> tuple[Codes, int, int]:
    """Bin of each score, the number of bins, and the first bin whose scores reach `DECISION`.

    One bin for each distinct score where these are few, else quantiles; `DECISION` is always a limit.
    """
    values = np.unique(scores)
    if len(values) > MOST_BINS:
        values = np.unique(np.quantile(scores, np.linspace(0, 1, MOST_BINS), method="lower"))
    # The values are the lower limits of their bins.
    limits = np.union1d(values, [DECISION]) if (values < DECISION).any() and (values > DECISION).any() else values
    codes = np.searchsorted(limits, scores, side="right") - 1
    return codes.astype(np.int64), len(limits), int(np.searchsorted(limits, DECISION, side="left"))


def count_scores(feature: Feature, rows: ScoredRows, min_group_size: int) -> ScoreTable:
    """Count the judged rows of a feature."""
    codes = feature.codes[rows.positions]
    groups = np.flatnonzero(np.bincount(codes, minlength=len(feature.groups)) >= min_group_size)
    place = np.full(len(feature.groups), len(groups), dtype=np.int64)
    place[groups] = np.arange(len(groups))
    bins, size, decision = bin_scores(rows.score)
    dimensions = ((rows.fold, rows.folds), (place[codes], len(groups) + 1), (rows.label, 2), (bins, size))
    cells = count_cells(dimensions, rows.weights)
    return ScoreTable(feature, groups, place[codes], cells, rows.folds, size, decision)
