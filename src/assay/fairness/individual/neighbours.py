"""Whether similar people get similar predictions: nearest neighbours, and rows that only a sensitive feature parts.

Similar means: in all features but the sensitive ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]
    Points = npt.NDArray[np.float32]

# As many as AIF360 takes by default.
NEIGHBOURS = 5
# Rows that are compared with each other, and rows that are searched for twins.
MAX_ROWS = 5_000
MAX_TWIN_ROWS = 200_000
# One-hot inputs of all columns together, and rows that a category needs for one.
MAX_INPUTS = 2_000
MIN_CATEGORY_ROWS = 10
# A number farther from the mean than this many deviations counts as so far: one outlier is not all there is.
FARTHEST = 5.0


@dataclass(frozen=True, slots=True)
class Consistency:
    """Mean share of a row's nearest neighbours that are predicted as the row is.

    Attributes
    ----------
    value
        In [0, 1].
    by_chance
        What it would be with rows drawn at random in place of the nearest ones; 1 where all predictions are equal.
    rows, neighbours
        n rows, each with so many neighbours.
    """

    value: float
    by_chance: float
    rows: int
    neighbours: int


@dataclass(frozen=True, slots=True)
class Twins:
    """Rows that are equal in all features but the sensitive ones to a row of another group.

    Attributes
    ----------
    rows
        That have such a twin.
    apart
        Of these: rows that get another prediction than some twin in another group.
    """

    rows: int
    apart: int


def sample_rows(judged: npt.NDArray[np.bool_], most: int) -> Codes:
    """Positions of the judged rows, ascending; `most` of them, drawn with a fixed seed, where they are more."""
    rows = np.flatnonzero(judged)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
    return rows


def compute_consistency(points: Points, predicted: Codes, neighbours: int = NEIGHBOURS) -> Consistency | None:
    """Consistency of Zemel et al. 2013 (yNN), for predictions of any number of classes.

        1 - mean_i |y_i - mean of y over the k nearest neighbours of i|

    which for two classes is the mean share of neighbours that are predicted as i is, and is taken as that for more.

    NOTE[DIFF] A row is no neighbour of its own. AIF360 counts it among the k, so that its 1 - c is (k - 1) / k of what
    it is here with k - 1 neighbours.

    Parameters
    ----------
    points
        (n, W) in which distances are Euclidean. Of equally near rows those that come first are taken.
    predicted
        (n,) predicted class.
    neighbours
        k, at most n - 1.

    Returns
    -------
    Consistency or None
        None for fewer than two rows.

    References
    ----------
    Zemel, Wu, Swersky, Pitassi and Dwork 2013, Learning fair representations, ICML.
    """
    from sklearn.neighbors import NearestNeighbors

    n, k = len(points), min(neighbours, len(points) - 1)
    if k < 1:
        return None
    # Without a query, scikit-learn leaves each row out of its own neighbours.
    nearest = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points).kneighbors(return_distance=False)
    counts = np.bincount(predicted)
    alike = predicted[nearest] == predicted[:, None]
    return Consistency(float(alike.mean()), float((counts * (counts - 1)).sum() / (n * (n - 1))), n, k)


def read_points(frame: pd.DataFrame, columns: Sequence[str]) -> Points:
    """(n, W) float32 places of rows, in which two categories are as far apart as two deviations of a number.

    Numbers and times are standardised, a missing one lies at the mean and has a 0/1 input that says so; categories are
    one-hot, rare ones together.
    """
    parts = []
    most = max(1, MAX_INPUTS // max(1, len(columns)))
    for name in columns:
        values = frame[name]
        if values.dtype.kind in "iufbM":
            parts += _number(values)
        else:
            codes = pd.factorize(values)[0] + 1
            counts = np.bincount(codes)
            frequent = np.argsort(-counts, kind="stable")[:most]
            frequent = frequent[counts[frequent] >= MIN_CATEGORY_ROWS]
            # Two different categories differ in two inputs: their distance is 2.
            parts += [np.sqrt(np.float32(2)) * (codes == code).astype(np.float32) for code in frequent.tolist()]
    return np.column_stack(parts) if parts else np.zeros((len(frame), 1), dtype=np.float32)


def _number(values: pd.Series) -> list[Points]:
    if values.dtype.kind == "M":
        missing = values.isna().to_numpy()
        x = np.where(missing, np.nan, values.to_numpy(dtype="datetime64[s]").astype(np.float64))
    else:
        x = values.to_numpy(dtype=np.float64, na_value=np.nan)
        missing = np.isnan(x)
    known = np.isfinite(x)
    parts = []
    if known.any() and (high := x[known].max()) > (low := x[known].min()):
        # Halves first: the distance of the two ends may exceed the largest number.
        share = np.where(known, (x / 2 - low / 2) / (high / 2 - low / 2), np.where(x > 0, 1.0, 0.0))
        centre, spread = float(share[~missing].mean()), float(share[~missing].std())
        z = np.where(missing, 0.0, (share - centre) / spread) if spread > 0 else np.zeros(len(x))
        parts.append(np.clip(z, -FARTHEST, FARTHEST).astype(np.float32))
    if missing.any() and not missing.all():
        parts.append(missing.astype(np.float32) * 2)
    return parts


def find_twins(kinds: Codes, group: Codes, predicted: Codes) -> Twins:
    """Count the rows that have a twin in another group, and those that are predicted otherwise than such a twin.

    Parameters
    ----------
    kinds, group, predicted
        (n,) codes: rows of one kind are equal in all features but the sensitive ones.
    """
    of_kind, of_group, of_class, of_both = (
        _sizes(*codes) for codes in ((kinds,), (kinds, group), (kinds, predicted), (kinds, group, predicted))
    )
    return Twins(int((of_kind > of_group).sum()), int((of_kind - of_group - of_class + of_both > 0).sum()))


def _sizes(*codes: Codes) -> Codes:
    """(n,) number of rows that have the same codes as each row."""
    cell = codes[0]
    for more in codes[1:]:
        cell = pd.factorize(cell * (int(more.max(initial=0)) + 1) + more)[0]
    sizes: Codes = np.bincount(cell, minlength=1)[cell]
    return sizes


def equal_rows(frame: pd.DataFrame) -> Codes:
    """(n,) codes of the rows of a frame: equal rows have the same."""
    return pd.factorize(pd.util.hash_pandas_object(frame, index=False))[0].astype(np.int64)
