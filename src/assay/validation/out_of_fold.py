"""How well the values of one column alone tell a class from the others, on rows not used to learn how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.auc import compute_auc

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.auc import Auc
    from assay.validation.context import Context

FOLDS = 5
# Where at least this share of the rows are copies, what a value tells may be the memory of a copy.
MIN_COPIED_SHARE = 0.1
# A value that covers this many different rows on average tells nothing by memory.
MIN_UNITS_PER_BIN = 5


class Folds:
    """Folds of the rows that are looked at, such that a value is judged by rows other than its copies.

    Whole groups stay together where a column names them. Equal rows stay together too where copies are many and
    the values of the column so fine that copies share them; in a table of a few categories equal rows are no copies,
    and a category that is one kind of row could never be seen twice.
    """

    def __init__(self, context: Context, rows: npt.NDArray[np.int64], codes: npt.NDArray[np.int64]) -> None:
        group = context.dataset.roles.group
        groups = None if group is None else _members(context.dataset.frame[group].iloc[rows])
        kinds, copies = pd.factorize(context.feature_keys[rows])[0], context.feature_copies
        self.plain = _shuffled(groups) if groups is not None else _stratified(codes)
        self.apart = self.plain
        self.kinds = int(kinds.max()) + 1
        if copies.later.sum() - copies.by_chance >= MIN_COPIED_SHARE * len(copies.later):
            self.apart = _shuffled(kinds if groups is None else _connected(kinds, groups))

    def of(self, bins: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Fold, (N,), of each row when a column with these bins is judged."""
        return self.apart if len(np.unique(bins)) * MIN_UNITS_PER_BIN > self.kinds else self.plain


def _members(values: pd.Series[Any]) -> npt.NDArray[np.int64]:
    # Rows without a group get groups of their own.
    members, names = pd.factorize(values)
    return np.where(members < 0, len(names) + np.arange(len(members)), members)


def _shuffled(units: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    fold_of: npt.NDArray[np.int64] = np.random.default_rng(0).permutation(int(units.max()) + 1) % FOLDS
    return fold_of[units]


def _stratified(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    fold = np.empty(len(codes), dtype=np.int64)
    fold[np.lexsort((np.random.default_rng(0).random(len(codes)), codes))] = np.arange(len(codes)) % FOLDS
    return fold


def _connected(kinds: npt.NDArray[np.int64], groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Rows that belong together because they are equal, or of one group, or both by way of others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_kinds, n_groups = int(kinds.max()) + 1, int(groups.max()) + 1
    size = n_kinds + n_groups
    edges = coo_array((np.ones(len(kinds), dtype=np.int8), (kinds, n_kinds + groups)), shape=(size, size))
    units: npt.NDArray[np.int64] = connected_components(edges, directed=False)[1][kinds].astype(np.int64)
    # One unit of nearly all rows leaves nothing to judge it by.
    return groups if np.bincount(units).max() > len(units) / 2 else units


def out_of_fold_frequency(
    bins: npt.NDArray[np.int64], ours: npt.NDArray[np.bool_], fold: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Score, (N,) in (0, 1), of each row: how frequent the rows `ours`, (N,) bool, are in its bin in the other folds.

    One pseudo-row at the overall frequency is added: a value that no other fold has seen predicts that frequency.
    """
    cells = bins * FOLDS + fold
    size = (int(bins.max()) + 1) * FOLDS

    def in_other_folds(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        table = counts.reshape(-1, FOLDS)
        others: npt.NDArray[np.float64] = (table.sum(axis=1, keepdims=True) - table).ravel().astype(np.float64)
        return others

    total = in_other_folds(np.bincount(cells, minlength=size))
    positive = in_other_folds(np.bincount(cells[ours], minlength=size))
    score: npt.NDArray[np.float64] = ((positive + ours.mean()) / (total + 1)).round(12)[cells]
    return score


def out_of_fold_mean(
    bins: npt.NDArray[np.int64], values: npt.NDArray[np.float64], fold: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Mean, (N,), of the `values` in each row's bin in the other folds; a pseudo-row at the overall mean is added."""
    cells = bins * FOLDS + fold
    size = (int(bins.max()) + 1) * FOLDS
    sums, counts = (np.bincount(cells, weights=w, minlength=size) for w in (values, np.ones(len(values))))
    sums, counts = (t.reshape(-1, FOLDS).sum(axis=1, keepdims=True) - t.reshape(-1, FOLDS) for t in (sums, counts))
    mean: npt.NDArray[np.float64] = ((sums + values.mean()) / (counts + 1)).ravel()[cells]
    return mean


def out_of_fold_line(
    places: npt.NDArray[np.float64], values: npt.NDArray[np.float64], fold: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Value, (N,), of each row's place on the least-squares line through the `values` in the other folds.

    Where these have fewer than two places, their mean; where there is no other fold, the overall mean, as for bins.
    """
    guess = np.full(len(values), values.mean())
    for held_out in np.unique(fold):
        test = fold == held_out
        x, y = places[~test], values[~test]
        if len(x):
            off = x - x.mean()
            spread = float(off @ off)
            slope = float(off @ (y - y.mean())) / spread if np.ptp(x) > 0 else 0.0
            guess[test] = y.mean() + slope * (places[test] - x.mean())
    return guess


def choose_out_of_fold(
    guesses: Sequence[npt.NDArray[np.float64]], values: npt.NDArray[np.float64], fold: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """For the rows of each fold, (N,), the guess whose squared errors are smallest in the other folds."""
    chosen = guesses[0].copy()
    errors = [(guess - values) ** 2 for guess in guesses]
    for held_out in np.unique(fold):
        test = fold == held_out
        chosen[test] = guesses[int(np.argmin([error[~test].sum() for error in errors]))][test]
    return chosen


def separation(score: npt.NDArray[np.float64], ours: npt.NDArray[np.bool_], confidence: float) -> Auc:
    """AUC of telling the rows `ours`, (N,) bool with both values, from the others by their (N,) score."""
    auc = compute_auc(ours.astype(np.int64), np.column_stack([1 - score, score]), confidence)
    assert auc is not None
    return auc


def mean_separation(
    scores: dict[int, npt.NDArray[np.float64]], codes: npt.NDArray[np.int64], confidence: float
) -> Auc:
    """Mean of the one-versus-rest AUCs of several classes by their (N,) scores, on the rows of these classes."""
    classes = np.array(sorted(scores))
    rows = np.isin(codes, classes)
    table = np.column_stack([scores[code][rows] for code in classes.tolist()])
    auc = compute_auc(np.searchsorted(classes, codes[rows]), table, confidence)
    assert auc is not None
    return auc
