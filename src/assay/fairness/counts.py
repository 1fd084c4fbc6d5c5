"""From rows to tables of counts: everything this stage computes is a function of such a table."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.results import OutOfSample

# Up to this many possible cells the counts are held densely (8 bytes each); beyond, the occurring ones are sorted.
DENSE_CELLS = 1 << 22
# One percentage point each: every threshold that people set (0.5, 0.1, 0.05) is an edge, a calibration error that
# matters (0.05) spans five of them, and 200 groups of two labels fill 40,000 cells at most.
SCORE_BINS = 100
# Sums of float32 probabilities miss 0 and 1 by less; more is no rounding.
SCORE_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """A way to split the rows into groups: one sensitive feature, or the intersection of several.

    Attributes
    ----------
    name
        "sex", or "sex x race".
    columns
        The sensitive features that it is made of.
    groups
        The G group names, such as "Female" or "Female x Black"; unique.
    codes
        (N,) int64 in 0..G-1: the group of each row.
    parts
        Of an intersection (D, G) int64: the group of each of its D features; else None.
    """

    name: str
    columns: tuple[str, ...]
    groups: tuple[str, ...]
    codes: npt.NDArray[np.int64]
    parts: npt.NDArray[np.int64] | None = None

    @property
    def is_intersection(self) -> bool:
        """Whether several sensitive features make it up."""
        return len(self.columns) > 1

    def label(self, group: int) -> str:
        """Name of a group with its feature: "sex = Female"."""
        return f"{self.name} = {self.groups[group]}"

    def short(self, group: int) -> str:
        """Name of a group in a sentence that names an intersection before: "Female x Black", else as `label`."""
        return self.groups[group] if self.is_intersection else self.label(group)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A sparse table of counts with C cells, none empty.

    Attributes
    ----------
    keys
        For each dimension, the (C,) codes of the cells.
    rows
        (C,) int64, the rows in each cell.
    weight, weight_squared
        (C,) float64, the sums of the rows' weights and of their squares; both equal `rows` without weights.
    """

    keys: tuple[npt.NDArray[np.int64], ...]
    rows: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    weight_squared: npt.NDArray[np.float64]

    def sums(
        self, by: npt.NDArray[np.int64], size: int, where: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Rows, and effective rows, of the cells `where` holds, for each of the `size` values of `by`.

        The effective number is Kish's (sum of weights)^2 / (sum of squared weights): the number of equally
        weighted rows whose mean would be as uncertain. Without weights it is the number of rows.
        """
        by = by[where]
        rows = np.bincount(by, weights=self.rows[where], minlength=size)
        weight = np.bincount(by, weights=self.weight[where], minlength=size)
        squared = np.bincount(by, weights=self.weight_squared[where], minlength=size)
        effective = np.divide(weight**2, squared, out=np.zeros(size), where=squared > 0)
        return np.rint(rows).astype(np.int64), effective


def count_cells(
    dimensions: Sequence[tuple[npt.NDArray[np.int64], int]], weights: npt.NDArray[np.float64] | None
) -> Cells:
    """Count the rows in each occurring combination of codes.

    Parameters
    ----------
    dimensions
        For each dimension the (N,) codes and their number.
    weights
        (N,) positive weights, or None.
    """
    shape = tuple(size for _, size in dimensions)
    size = math.prod(shape)
    flat = _flat(dimensions)
    if size <= DENSE_CELLS:
        # One pass for each sum over int64 codes: numpy's bincount first copies what is of another type.
        sums = np.bincount(flat, minlength=size)
        occurring, cell = np.flatnonzero(sums), flat
    else:
        occurring, cell = np.unique(flat, return_inverse=True)
        sums = np.bincount(cell)
    kept = occurring if size <= DENSE_CELLS else np.arange(len(occurring))
    rows = sums[kept].astype(np.int64)
    keys = tuple(key.astype(np.int64) for key in np.unravel_index(occurring, shape))
    if weights is None:
        return Cells(keys, rows, rows.astype(np.float64), rows.astype(np.float64))
    weight = np.bincount(cell, weights=weights)[kept].astype(np.float64)
    squared = np.bincount(cell, weights=weights * weights)[kept].astype(np.float64)
    return Cells(keys, rows, weight, squared)


def _flat(dimensions: Sequence[tuple[npt.NDArray[np.int64], int]]) -> npt.NDArray[np.int64]:
    """(N,) one code for each combination of codes, the last dimension fastest."""
    (flat, _), *others = dimensions
    for codes, size in others:
        flat = flat * size
        flat += codes
    return flat


def count_scores(
    groups: tuple[npt.NDArray[np.int64], int],
    y_true: tuple[npt.NDArray[np.int64], int],
    scores: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64] | None,
) -> Cells:
    """Count the rows in each (group, y_true, bin of the score).

    Parameters
    ----------
    groups, y_true
        The (N,) codes and their number.
    scores
        (N,) in [0, 1]: the probability of the positive class. Bin b of 0..`SCORE_BINS`-1 holds the scores in
        [b / SCORE_BINS, (b + 1) / SCORE_BINS), the last one 1 too.
    weights
        (N,) positive weights, or None.

    Raises
    ------
    ContractError
        Where a score is missing or outside [0, 1].
    """
    _check_scores("scores", scores)
    bins = np.clip((scores * SCORE_BINS).astype(np.int64), 0, SCORE_BINS - 1)
    return count_cells((groups, y_true, (bins, SCORE_BINS)), weights)


def _check_scores(name: str, scores: npt.NDArray[np.float64], judged: npt.NDArray[np.bool_] | None = None) -> None:
    """Refuse (N,) or (N, K) scores that are no probabilities in the judged rows."""
    columns = scores.reshape(len(scores), -1)
    # Column by column: numpy is slow on a short last axis. NaN fails both comparisons.
    good = np.ones(len(scores), dtype=bool)
    for column in columns.T:
        good &= (column >= -SCORE_ROUNDING) & (column <= 1 + SCORE_ROUNDING)
    bad = ~good if judged is None else judged & ~good
    if not bad.any():
        return
    infinite = int((~np.isfinite(columns[bad])).any(axis=1).sum())
    if infinite:
        raise ContractError(f"{name} must be finite, got {infinite} rows with NaN or infinity. Train again.")
    raise ContractError(
        f"{name} must lie in [0, 1], got {int(bad.sum())} rows with a value outside. Give probabilities."
    )


def read_features(dataset: Dataset, *, intersections: bool) -> tuple[Feature, ...]:
    """Read the sensitive features of a dataset and, where there are several, their intersection.

    A feature with one group adds nothing to an intersection and stays out of it; an intersection that splits the
    rows no further than one of its features does is that feature again, and is left out.
    """
    features = tuple(_read_feature(dataset, str(name), index) for index, name in enumerate(dataset.groups.columns))
    parts = [feature for feature in features if len(feature.groups) > 1]
    if not intersections or len(parts) < 2:
        return features
    both = _intersect(parts, taken={feature.name for feature in features})
    if any(len(feature.groups) == len(both.groups) for feature in parts):
        return features
    return (*features, both)


def _read_feature(dataset: Dataset, name: str, index: int) -> Feature:
    codes, groups = pd.factorize(dataset.groups.iloc[:, index], sort=True)
    if (codes < 0).any():
        raise ContractError(
            f"groups of '{name}' must never be missing, got {int((codes < 0).sum())} missing. "
            "Name them as a group of their own."
        )
    return Feature(name, (name,), tuple(str(group) for group in groups), codes.astype(np.int64))


def _intersect(parts: Sequence[Feature], taken: set[str]) -> Feature:
    codes = parts[0].codes
    made = np.arange(len(parts[0].groups))[None]
    for part in parts[1:]:
        size = len(part.groups)
        flat = _flat(((codes, made.shape[1]), (part.codes, size)))
        occurring, codes = _renumber(flat, made.shape[1] * size)
        made = np.vstack([made[:, occurring // size], occurring % size])
    names = [tuple(part.groups[code] for part, code in zip(parts, one, strict=True)) for one in made.T.tolist()]
    groups = [" x ".join(name) for name in names]
    if len(set(groups)) < len(groups):
        # ("a", "b x c") and ("a x b", "c") read alike without quotation marks.
        groups = [" x ".join(json.dumps(part, ensure_ascii=False) for part in name) for name in names]
    name = " x ".join(part.name for part in parts)
    while name in taken:
        name += " (intersection)"
    return Feature(name, tuple(part.name for part in parts), tuple(groups), codes, made)


def _renumber(flat: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The occurring codes, ascending, and the place of each row's among them."""
    if size > DENSE_CELLS:
        occurring, place = np.unique(flat, return_inverse=True)
        return occurring, place.astype(np.int64)
    occurring = np.flatnonzero(np.bincount(flat, minlength=size))
    position = np.zeros(size, dtype=np.int64)
    position[occurring] = np.arange(len(occurring))
    return occurring, position[flat]


def judged_rows(dataset: Dataset, predictions: OutOfSample) -> npt.NDArray[np.bool_]:
    """Rows that a fairness figure may rest on: predicted out of sample, labelled, with a weight above 0.

    Returns
    -------
    (N,) bool

    Raises
    ------
    ContractError
        Where the predictions do not belong to the dataset, or are no probabilities.
    """
    n, k = len(dataset), len(predictions.classes)
    problems = [
        f"predictions.{name} must have shape {expected}, got {got}. Predict the rows of this dataset."
        for name, expected, got in (
            ("pred_probs", (n, k), predictions.pred_probs.shape),
            ("labels", (n,), predictions.labels.shape),
            ("trained", (n,), predictions.trained.shape),
        )
        if expected != got
    ]
    unknown = set(predictions.classes) - set(dataset.labels.classes)
    if unknown:
        problems.append(
            f"predictions.classes must be classes of the dataset, got {len(unknown)} others. "
            "Predict the labels of this dataset."
        )
    if problems:
        raise ContractError(problems)
    judged: npt.NDArray[np.bool_] = predictions.trained & (predictions.labels >= 0)
    if dataset.weights is not None:
        judged &= dataset.weights > 0
    _check_scores("pred_probs", predictions.pred_probs, judged)
    return judged


def predicted_classes(pred_probs: npt.NDArray[np.float64], judged: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """(M,) the most likely class of each of the M judged rows; of equally likely ones the first."""
    if pred_probs.shape[1] != 2:
        likeliest: npt.NDArray[np.int64] = only(pred_probs, judged).argmax(axis=1)
        return likeliest
    # The same as argmax, whose copy of the judged rows and short axis would cost most of the stage.
    chosen: npt.NDArray[np.int64] = only(pred_probs[:, 1] > pred_probs[:, 0], judged).astype(np.int64)
    return chosen


def only(values: npt.NDArray[Any], judged: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """`values[judged]`, without a copy where all rows are judged."""
    return values if judged.all() else values[judged]
