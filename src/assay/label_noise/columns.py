"""What single columns say about the label: the weight of each, and what a row's value in it speaks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

# Of a wide table, the columns that say most about the label.
MAX_COLUMNS = 256
# Bins of a number: half of them quantiles of its values, half of its distinct values.
BINS = 16
# A category with fewer rows joins the other rare ones: chance alone would tie it to a label.
MIN_CATEGORY_ROWS = 10
# Standard errors that evidence must exceed: by chance one value in a hundred does.
LEAST_ERRORS = 2.58
# Rows spread as over all labels, which every label is given beside its own before values are compared.
PRIOR_ROWS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A feature of R rows.

    Attributes
    ----------
    name
        The feature's.
    is_number
        Whether places can be subtracted.
    places
        (R,) float32. Of a number: its mid-rank among the known ones, in (0, 1), NaN where missing. Of anything else:
        a code, equal where the texts are, missing included.
    bins
        (R,) int64 in 0..B-1, missing a bin of its own.
    information
        Mutual information of bins and labels in nats, without the part that chance adds; at least 0.
    """

    name: str
    is_number: bool
    places: npt.NDArray[np.float32]
    bins: Codes
    information: float


def read_columns(
    frame: pd.DataFrame, features: Sequence[str], positions: Codes, labels: Codes, counted: Mask
) -> tuple[list[Column], Codes]:
    """Read the features that tell the rows apart, at most `MAX_COLUMNS`, the most informative first.

    Parameters
    ----------
    frame, features, positions
        Columns of the frame to read, and the (R,) positions of the rows.
    labels
        (R,) int64, at least 0.
    counted
        (R,) rows by which the information is measured.

    Returns
    -------
    tuple
        The columns, and (R,) int64 keys that are equal where rows are equal in all features, exactly.
    """
    kept: list[Column] = []
    keys, distinct = np.zeros(len(positions), dtype=np.int64), 1
    for name in features:
        # Column by column: the rows of a wide table together may be larger than all that is kept of them.
        column, codes = _read(frame[name].iloc[positions], labels, counted)
        if column is None:
            continue
        if distinct < len(positions):
            # Both factors are at most R + 1: the product fits for any R that fits in memory.
            keys, kinds = pd.factorize(keys * (int(codes.max()) + 1) + codes)
            distinct = len(kinds)
        kept = _best([*kept, column])
    return kept, keys


def _best(columns: list[Column]) -> list[Column]:
    return sorted(columns, key=lambda column: -column.information)[:MAX_COLUMNS]


def _read(values: pd.Series[Any], labels: Codes, counted: Mask) -> tuple[Column | None, Codes]:
    """A column and the (R,) codes of its exact values; no column where all are equal."""
    is_number = _is_numeric(values)
    values = values if is_number else values.astype("str")
    # -1, missing, becomes a value as any other.
    codes = pd.factorize(values)[0].astype(np.int64) + 1
    if codes.min() == codes.max():
        return None, codes
    places, bins = _read_numbers(values) if is_number else _read_categories(codes)
    information = compute_information(bins[counted], labels[counted])
    return Column(str(values.name), is_number, places.astype(np.float32), bins, information), codes


def _is_numeric(values: pd.Series[Any]) -> bool:
    kinds = pd.api.types
    return bool(
        (kinds.is_numeric_dtype(values.dtype) and not kinds.is_complex_dtype(values.dtype))
        or kinds.is_datetime64_any_dtype(values.dtype)
        or kinds.is_timedelta64_dtype(values.dtype)
    )


def _read_numbers(values: pd.Series[Any]) -> tuple[npt.NDArray[np.float64], Codes]:
    known = values.notna().to_numpy()
    if values.dtype.kind in "mM":
        present = values[known].astype("int64").to_numpy(dtype=np.float64)
    else:
        present = values[known].to_numpy(dtype=np.float64)
    places = np.full(len(values), np.nan)
    places[known] = pd.Series(present).rank().to_numpy() - 0.5
    bins = np.zeros(len(values), dtype=np.int64)
    distinct = np.unique(present)
    if len(distinct) > BINS:
        # As quantiles of the values alone, all edges of a column that is mostly zeros would be zero.
        at = np.linspace(0, 1, BINS // 2 + 1)[1:]
        distinct = np.unique([x[np.rint(at * (len(x) - 1)).astype(int)] for x in (np.sort(present), distinct)])
    bins[known] = 1 + np.searchsorted(distinct, present)
    return places / max(1, len(present)), bins


def _read_categories(codes: Codes) -> tuple[npt.NDArray[np.float64], Codes]:
    frequent = np.bincount(codes) >= MIN_CATEGORY_ROWS
    recode = np.where(frequent, np.cumsum(frequent), 0)
    return codes.astype(np.float64), recode[codes]


def compute_information(bins: Codes, labels: Codes) -> float:
    """Mutual information in nats of (C,) bins and (C,) labels, at least 0.

    Less (B - 1)(K - 1) / 2C, which independent columns have by chance (Miller 1955, "Note on the bias of information
    estimates"), so that many bins alone do not make a column important.
    """
    if not len(bins):
        return 0.0
    joint = _count(bins, labels) / len(bins)
    joint = joint[joint.any(axis=1)][:, joint.any(axis=0)]
    expected = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    ratio = np.divide(joint, expected, out=np.ones_like(joint), where=joint > 0)
    information = float((joint * np.log(ratio)).sum())
    by_chance: float = (joint.shape[0] - 1) * (joint.shape[1] - 1) / (2 * len(bins))
    return max(0.0, information - by_chance)


def _count(bins: Codes, labels: Codes, shape: tuple[int, int] | None = None) -> npt.NDArray[np.float64]:
    b, k = shape or (int(bins.max()) + 1, int(labels.max()) + 1)
    return np.bincount(bins * k + labels, minlength=b * k).reshape(b, k).astype(np.float64)


def weigh_evidence(
    columns: Sequence[Column], rows: Codes, suggested: Codes, labels: Codes, counted: Mask
) -> npt.NDArray[np.float32]:
    """How much the value of each column speaks for the suggested label of a row, against the given one.

    The weight of evidence of naive Bayes (Good 1950, "Probability and the Weighing of Evidence"):
    ln P(bin | suggested) - ln P(bin | given). The row itself is not counted, and each label gets `PRIOR_ROWS` rows
    more that are spread as all rows are: a label with few rows says little.

    Parameters
    ----------
    columns
        F columns of R rows.
    rows
        (S,) the rows in question, in 0..R-1.
    suggested
        (S,) in 0..K-1.
    labels
        (R,) the given labels, in 0..K-1.
    counted
        (R,) the rows to count.

    Returns
    -------
    numpy.ndarray
        (S, F): positive speaks for the suggested label, ln 2 being a value that is twice as common with it; negative
        for the given one. 0 where the counts are so few that chance explains it.
    """
    given, itself = labels[rows], counted[rows].astype(np.float64)
    weights = np.zeros((len(rows), len(columns)), dtype=np.float32)
    k = int(max(labels.max(initial=0), suggested.max(initial=0))) + 1
    for place, column in enumerate(columns):
        counts = _count(column.bins[counted], labels[counted], (int(column.bins.max()) + 1, k))
        of_label = counts.sum(axis=0)
        own = column.bins[rows]
        # One row more in every bin: a bin of which no row was counted is rare, not impossible.
        common = (counts.sum(axis=1)[own] - itself + 1) / (counts.sum() - itself + len(counts))
        pro, all_pro = counts[own, suggested] + PRIOR_ROWS * common, of_label[suggested] + PRIOR_ROWS
        con, all_con = counts[own, given] - itself + PRIOR_ROWS * common, of_label[given] - itself + PRIOR_ROWS
        weight = np.log(pro / all_pro) - np.log(con / all_con)
        # The usual standard error of the logarithm of a ratio of two shares.
        error = np.sqrt(np.maximum(0, 1 / pro - 1 / all_pro + 1 / con - 1 / all_con))
        weights[:, place] = np.where(np.abs(weight) > LEAST_ERRORS * error, weight, 0)
    return weights
