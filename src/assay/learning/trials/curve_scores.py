"""Scores of the test rows of a fold: AUC or R2, over all rows and in each sensitive group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.auc import compute_auc
from assay.intervals import normal_quantile
from assay.r2 import compute_r2

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.auc import Auc
    from assay.r2 import R2
    from assay.trials.curve import GroupScores

    Rows = npt.NDArray[np.int64]
    Values = npt.NDArray[np.float64]

# A group is judged by classes with at least as many of its rows in the data: in a fifth of them ten are left.
MIN_CLASS_ROWS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Yardstick:
    """What scores are held against: classes as 0/1 columns, (N, C) with one column for two classes, or a number."""

    target: Values
    of_classes: bool

    def judgeable(self, rows: Rows) -> bool:
        """Whether there are rows enough to judge a group by."""
        if not self.of_classes:
            return len(rows) >= MIN_CLASS_ROWS
        return bool(self._columns(rows).any())

    def columns_of(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """(C,) by which columns the rows of a group are judged."""
        return self._columns(rows) if self.of_classes else np.ones(self.target.shape[1], dtype=np.bool_)

    def _columns(self, rows: Rows) -> npt.NDArray[np.bool_]:
        count = self.target[rows].sum(axis=0)
        enough: npt.NDArray[np.bool_] = np.minimum(count, len(rows) - count) >= MIN_CLASS_ROWS
        return enough

    def score(self, found: Values, rows: Rows, columns: npt.NDArray[np.bool_] | slice = slice(None)) -> float:
        """AUC or R2 of the scores (n, C) of n rows; NaN where it does not exist."""
        target, found = self.target[rows][:, columns], found[:, columns]
        if not self.of_classes:
            spread = ((target - target.mean()) ** 2).sum() if len(target) else 0.0
            return float(1 - ((target - found) ** 2).sum() / spread) if spread > 0 else np.nan
        from scipy.stats import rankdata

        positives = target.sum(axis=0)
        negatives = len(target) - positives
        known = (positives > 0) & (negatives > 0)
        if not known.any():
            return float("nan")
        ranks = (rankdata(found[:, known], axis=0) * target[:, known]).sum(axis=0)
        p, q = positives[known], negatives[known]
        return float(np.mean((ranks - p * (p + 1) / 2) / (p * q)))

    def error(self, found: Values, rows: Rows) -> float:
        """Standard error of the score that the choice of the rows makes; NaN where it is not known."""
        target = self.target[rows]
        judged: Auc | R2 | None
        if not self.of_classes:
            judged = compute_r2(target[:, 0], found[:, 0])
        elif target.shape[1] == 1:
            judged = compute_auc(target[:, 0].astype(np.int64), np.hstack([-found, found]))
        else:
            judged = compute_auc(target.argmax(axis=1).astype(np.int64), found)
        if judged is None:
            return float("nan")
        return (judged.interval.high - judged.interval.low) / 2 / normal_quantile(judged.interval.confidence)


class JudgedGroup:
    """The scores of one sensitive group, as they come in; nothing where it has too few rows."""

    def __init__(
        self, scores: GroupScores, member: npt.NDArray[np.bool_], yardstick: Yardstick, shape: tuple[int, ...]
    ) -> None:
        self._group, self._member = scores, member
        self._yardstick = yardstick
        rows = np.flatnonzero(member)
        self._judged = yardstick.judgeable(rows)
        self._columns = yardstick.columns_of(rows)
        self._scores, self._errors = np.full(shape, np.nan), np.full(shape[1], np.nan)

    def take(self, at: tuple[int, int, int], found: Values, test: Rows) -> None:
        """Judge the scores (n, C) of the n test rows `at` a draw, a round and a size."""
        if not self._judged:
            return
        inside = self._member[test]
        self._scores[at] = self._yardstick.score(found[inside], test[inside], self._columns)
        if at[2] == self._scores.shape[2] - 1:
            self._errors[at[1]] = self._yardstick.error(found[inside], test[inside])

    def result(self, folds: int) -> GroupScores:
        """Return what came in; the first `folds` rounds are those of one repeat."""
        if not self._judged:
            return self._group
        return replace(
            self._group, scores=mean_of_draws(self._scores), level_error=error_of_mean(self._errors[:folds])
        )


def mean_of_draws(scores: Values) -> Values:
    """(R, S) mean of the scores (D, R, S) over the draws; NaN where no draw has one."""
    known = np.isfinite(scores)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, scores, 0.0).sum(axis=0) / known.sum(axis=0), dtype=np.float64)


def error_of_mean(errors: Values) -> float:
    """Standard error of the mean of independent scores with these standard errors; NaN ones are left out."""
    known = errors[np.isfinite(errors)]
    return float(np.sqrt((known**2).sum()) / len(known)) if len(known) else float("nan")
