"""Planters of wrong columns: leaks, values missing for one group, slipped units, drift; and of repeated rows.

Every planter takes a dataset, a size and a generator, and returns a changed copy with the truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.self_testing.labels import LEAST_GROUP
from assay.self_testing.truth import (
    Truth,
    UnplantableError,
    draw_group,
    draw_rows,
    plain_features,
    varies,
    with_values,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset

THOUSAND, PER_INCH = 1000.0, 1 / 2.54
LARGEST_EXACT = 2.0**53
# A number of fewer values is a code or a count, which has no unit.
LEAST_VALUES = 10
# Drifted rows hold what the tenth of the rows with the largest numbers, or with the rarest values, held.
DONORS = 0.1


def plant_leak(dataset: Dataset, size: float, rng: np.random.Generator) -> tuple[Dataset, Truth]:
    """Add a column that holds the label in a share `size` of the rows, and the label of any row in the others."""
    n = len(dataset)
    right = rng.random(n) < size
    if dataset.target is not None:
        values: npt.NDArray[Any] = np.where(right, dataset.target, dataset.target[rng.permutation(n)])
    else:
        codes = np.where(right, dataset.labels.codes, dataset.labels.codes[rng.permutation(n)])
        values = np.array([f"v{code}" if code >= 0 else None for code in codes.tolist()], dtype=object)
    return _with_new(dataset, values, np.flatnonzero(right))


def plant_one_sided_leak(dataset: Dataset, size: float, rng: np.random.Generator) -> tuple[Dataset, Truth]:
    """Add a column that has one value in a share `size` of the rows of one class, and another value elsewhere.

    Raises
    ------
    UnplantableError
        Where the label is a number.
    """
    if dataset.target is not None:
        raise UnplantableError("The label is a number.")
    codes = dataset.labels.codes
    present = np.unique(codes[codes >= 0])
    ours = np.flatnonzero(codes == present[rng.integers(len(present))]) if len(present) else np.zeros(0, np.int64)
    rows = draw_rows(ours, round(size * len(ours)), rng)
    values = np.full(len(dataset), "no", dtype=object)
    values[rows] = "yes"
    return _with_new(dataset, values, rows)


def shuffle_columns(dataset: Dataset, columns: Sequence[str], rng: np.random.Generator) -> Dataset:
    """The control of a leak: the same values in any order."""
    order = rng.permutation(len(dataset))
    for name in columns:
        dataset = with_values(dataset, name, dataset.frame[name].iloc[order].reset_index(drop=True))
    return dataset


def plant_missing_in_group(dataset: Dataset, size: float, rng: np.random.Generator) -> tuple[Dataset, Truth]:
    """Empty a feature in a share `size` of the rows of one sensitive group.

    Raises
    ------
    UnplantableError
        Where no group has rows enough, or no feature has values enough.
    """
    feature, group, members = draw_group(dataset, LEAST_GROUP, rng)
    filled = dataset.frame.notna()
    names = [name for name in plain_features(dataset) if filled[name].to_numpy()[members].mean() >= size]
    if not names:
        raise UnplantableError("There is no feature with values enough in the group.")
    column = names[rng.integers(len(names))]
    there = members[filled[column].to_numpy()[members]]
    rows = draw_rows(there, round(size * len(members)), rng)
    values = dataset.frame[column]
    # Truth values with gaps are read as texts.
    values = values.astype("str") if values.dtype.kind == "b" else values
    empty = np.zeros(len(dataset), dtype=np.bool_)
    empty[rows] = True
    return with_values(dataset, column, values.mask(empty)), Truth(rows, (column, feature), f"{feature} = {group}")


def plant_thousandfold(dataset: Dataset, size: float, rng: np.random.Generator) -> tuple[Dataset, Truth]:
    """Write a share `size` of the values of a column of numbers a thousand times too large."""
    return _plant_factor(dataset, size, rng, THOUSAND)


def plant_inches(dataset: Dataset, size: float, rng: np.random.Generator) -> tuple[Dataset, Truth]:
    """Divide a share `size` of the values of a column of numbers by 2.54."""
    return _plant_factor(dataset, size, rng, PER_INCH)


def plant_drift(
    dataset: Dataset, size: float, rng: np.random.Generator, columns: Sequence[str]
) -> tuple[Dataset, Truth]:
    """Give a share `size` of the rows values of the tenth with the largest numbers, or with the rarest values.

    Parameters
    ----------
    dataset, size, rng
        As of every planter.
    columns
        Of which one is changed.

    Raises
    ------
    UnplantableError
        Where none of the columns has two values.
    """
    names = [name for name in columns if varies(dataset.frame[name])]
    if not names:
        raise UnplantableError("No column whose distribution the suite bounds has two values.")
    column = names[rng.integers(len(names))]
    values = dataset.frame[column]
    there = np.flatnonzero(values.notna().to_numpy())
    if values.dtype.kind in "iufM":
        order = np.argsort(values.iloc[there].to_numpy(), kind="stable")
    else:
        order = np.argsort(-values.map(values.value_counts()).iloc[there].to_numpy(dtype=np.float64), kind="stable")
    donors = there[order[-max(1, round(DONORS * len(there))) :]]
    rows = draw_rows(np.arange(len(dataset)), round(size * len(dataset)), rng)
    changed = values.copy()
    changed.iloc[rows] = values.iloc[rng.choice(donors, len(rows))].to_numpy()
    return with_values(dataset, column, changed), Truth(rows, (column,))


def plant_duplicates(dataset: Dataset, size: float, rng: np.random.Generator) -> tuple[Dataset, Truth]:
    """Write a share `size` of the rows once more, at the end."""
    n = len(dataset)
    again = draw_rows(np.arange(n), round(size * n), rng)
    return dataset.take(np.concatenate([np.arange(n), again])), Truth(np.arange(n, n + len(again)))


def _plant_factor(dataset: Dataset, size: float, rng: np.random.Generator, factor: float) -> tuple[Dataset, Truth]:
    frame = dataset.frame
    names = [
        name
        for name in plain_features(dataset)
        if frame[name].dtype.kind in "iuf" and frame[name].nunique() >= LEAST_VALUES and _is_measured(frame[name])
    ]
    if not names:
        raise UnplantableError(f"There is no feature of numbers with {LEAST_VALUES} values.")
    column = names[rng.integers(len(names))]
    numbers = frame[column].astype("float64")
    there = np.flatnonzero(np.isfinite(numbers.to_numpy()) & (numbers.to_numpy() != 0))
    rows = draw_rows(there, round(size * len(dataset)), rng)
    numbers.iloc[rows] *= factor
    # Whole numbers stay whole: another type would be another column.
    whole = frame[column].dtype.kind in "iu"
    return with_values(dataset, column, numbers.round().astype("int64") if whole else numbers), Truth(rows, (column,))


def _is_measured(values: pd.Series[Any]) -> bool:
    """Whether a thousand times its whole numbers are still exact: larger ones are codes."""
    return values.dtype.kind == "f" or bool(values.abs().max() * THOUSAND < LARGEST_EXACT)


def _with_new(dataset: Dataset, values: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> tuple[Dataset, Truth]:
    name = "planted"
    while name in dataset.frame:
        name += "_"
    column = pd.Series(values, index=dataset.frame.index)
    column = column if values.dtype.kind == "f" else column.astype("str")
    return with_values(dataset, name, column), Truth(rows, (name,))
