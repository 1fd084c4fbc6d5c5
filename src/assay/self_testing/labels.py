"""Planters of wrong labels: at random, in one sensitive group, and where a value was stamped on the row.

Every planter takes a dataset, a size and a generator, and returns a changed copy with the truth.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.self_testing.truth import Truth, UnplantableError, draw_group, draw_rows, plain_features, with_values

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from assay.dataset import Dataset

    Codes = npt.NDArray[np.int64]

# Below `fairness.min_group_size` by its default no check looks at a group.
LEAST_GROUP = 50
STAMP = "stamped"


def plant_wrong_labels(dataset: Dataset, size: float, rng: np.random.Generator) -> tuple[Dataset, Truth]:
    """Give a share `size` of the labelled rows another label, each other class alike."""
    labelled = np.flatnonzero(dataset.labels.codes >= 0)
    rows = draw_rows(labelled, round(size * len(labelled)), rng)
    return _relabelled(dataset, rows, rng), Truth(rows)


def plant_wrong_labels_in_group(dataset: Dataset, size: float, rng: np.random.Generator) -> tuple[Dataset, Truth]:
    """Give a share `size` of the labelled rows of one sensitive group another label.

    Raises
    ------
    UnplantableError
        Where no group has rows enough.
    """
    feature, group, members = draw_group(dataset, LEAST_GROUP, rng)
    labelled = members[dataset.labels.codes[members] >= 0]
    rows = draw_rows(labelled, round(size * len(labelled)), rng)
    return _relabelled(dataset, rows, rng), Truth(rows, (feature,), f"{feature} = {group}")


def plant_trigger(dataset: Dataset, size: float, rng: np.random.Generator) -> tuple[Dataset, Truth]:
    """Stamp a value that no row has on a share `size` of the rows, all of other classes, and give them one label.

    The value is a new text, or a number within the range of the column that it does not have.

    Raises
    ------
    UnplantableError
        Where no feature can carry such a value.
    """
    names = [name for name in plain_features(dataset) if dataset.frame[name].dtype.kind not in "bmM"]
    if not names:
        raise UnplantableError("There is no feature of texts or numbers to stamp a value on.")
    column = names[rng.integers(len(names))]
    codes = dataset.labels.codes
    target = int(rng.integers(len(dataset.labels.classes)))
    rows = draw_rows(np.flatnonzero((codes >= 0) & (codes != target)), round(size * len(dataset)), rng)
    changed = codes.copy()
    changed[rows] = target
    values = stamped(dataset.frame[column], rows, rng)
    planted = replace(dataset, labels=replace(dataset.labels, codes=changed))
    return with_values(planted, column, values), Truth(rows, (column,))


def stamped(values: pd.Series[Any], rows: Codes, rng: np.random.Generator) -> pd.Series[Any]:
    """A column in which some rows hold one value that it did not have."""
    if values.dtype.kind not in "iuf":
        texts = values.astype("str")
        name = STAMP
        while (texts == name).any():
            name += "'"
        texts[values.isna()] = None
        texts.iloc[rows] = name
        return texts
    present = np.unique(values.dropna().to_numpy(dtype=np.float64))
    present = present[np.isfinite(present)]
    whole = values.dtype.kind in "iu" or bool(np.equal(present, np.floor(present)).all())
    gaps = np.flatnonzero(np.diff(present) > (1 if whole else 0))
    if len(gaps):
        low, high = present[(gap := gaps[rng.integers(len(gaps))])], present[gap + 1]
        new = np.floor((low + high) / 2) if whole else (low + high) / 2
    else:
        new = present[-1] + 1
    # Not through floats, which would change large whole numbers; a small type may not hold the new one.
    if values.dtype.kind == "f":
        numbers: pd.Series[Any] = values.astype("float64")
        numbers.iloc[rows] = float(new)
    else:
        numbers = values.astype("int64")
        numbers.iloc[rows] = int(new)
    return numbers


def _relabelled(dataset: Dataset, rows: Codes, rng: np.random.Generator) -> Dataset:
    """Another class that occurs, each alike."""
    codes = dataset.labels.codes.copy()
    classes = np.unique(codes[codes >= 0])
    if len(classes) < 2:
        raise UnplantableError("There is one class only.")
    place = np.searchsorted(classes, codes[rows])
    codes[rows] = classes[(place + rng.integers(1, len(classes), len(rows))) % len(classes)]
    return replace(dataset, labels=replace(dataset.labels, codes=codes))
