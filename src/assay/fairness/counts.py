"""From rows to tables of counts: everything this stage computes is a function of such a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """

    name: str
    columns: tuple[str, ...]
    groups: tuple[str, ...]
    codes: npt.NDArray[np.int64]

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
    flat = np.ravel_multi_index([codes for codes, _ in dimensions], shape)
    if np.prod(shape, dtype=float) <= DENSE_CELLS:
        occurring = np.flatnonzero(np.bincount(flat, minlength=1))
        position = np.zeros(int(np.prod(shape)), dtype=np.int64)
        position[occurring] = np.arange(len(occurring))
        cell = position[flat]
    else:
        occurring, cell = np.unique(flat, return_inverse=True)
    rows = np.bincount(cell, minlength=len(occurring)).astype(np.int64)
    keys = tuple(key.astype(np.int64) for key in np.unravel_index(occurring, shape))
    if weights is None:
        return Cells(keys, rows, rows.astype(np.float64), rows.astype(np.float64))
    weight = np.bincount(cell, weights=weights, minlength=len(occurring)).astype(np.float64)
    squared = np.bincount(cell, weights=weights**2, minlength=len(occurring)).astype(np.float64)
    return Cells(keys, rows, weight, squared)


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
    names: list[tuple[str, ...]] = [(group,) for group in parts[0].groups]
    for part in parts[1:]:
        size = len(part.groups)
        codes, occurring = pd.factorize(codes * size + part.codes, sort=True)
        names = [(*names[pair // size], part.groups[pair % size]) for pair in occurring]
    groups = [" x ".join(name) for name in names]
    if len(set(groups)) < len(groups):
        # ("a", "b x c") and ("a x b", "c") read alike without quotation marks.
        groups = [" x ".join(json.dumps(part, ensure_ascii=False) for part in name) for name in names]
    name = " x ".join(part.name for part in parts)
    while name in taken:
        name += " (intersection)"
    return Feature(name, tuple(part.name for part in parts), tuple(groups), codes.astype(np.int64))


def judged_rows(dataset: Dataset, predictions: OutOfSample) -> npt.NDArray[np.bool_]:
    """Rows that a fairness figure may rest on: predicted out of sample, labelled, with a weight above 0.

    Returns
    -------
    (N,) bool

    Raises
    ------
    ContractError
        Where the predictions do not belong to the dataset, or are not numbers.
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
    bad = int((~np.isfinite(predictions.pred_probs[judged])).any(axis=1).sum())
    if bad:
        raise ContractError(f"pred_probs must be finite, got {bad} rows with NaN or infinity. Train again.")
    return judged
