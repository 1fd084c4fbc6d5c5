"""Which labels a person should look at first, to settle whether a disparity comes from wrong labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.labels.figures import rates_of
from assay.fairness.rates import BASE_RATE, FALSE_POSITIVE_RATE, TRUE_POSITIVE_RATE

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.fairness.labels.figures import Difference, JudgedRows

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]


def weigh_flips(difference: Difference, table: Floats, codes: Codes, rows: JudgedRows) -> Floats:
    """By how much a disparity would change if this one label were the other, for each of R rows.

    Parameters
    ----------
    difference
        Of which rate, and between which two groups: other groups' labels do not count.
    table
        (G, 2, 2) total weight by group, given label and prediction.
    codes
        (R,) group of each row.
    rows
        Their labels, predictions and weights.

    Returns
    -------
    numpy.ndarray
        (R,) at least 0.
    """
    weight = np.ones(len(codes)) if rows.weights is None else rows.weights
    hits, cases = (part[codes] for part in rates_of(table)[difference.rate])
    if difference.rate == BASE_RATE:
        change = np.divide(weight, cases, out=np.zeros(len(codes)), where=cases > 0)
    elif difference.rate in (TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE):
        is_case = rows.y_true if difference.rate == TRUE_POSITIVE_RATE else ~rows.y_true
        # A row leaves the cases of the rate, or joins them.
        sign = np.where(is_case, -1.0, 1.0)
        after = cases + sign * weight
        rate = np.divide(hits + sign * weight * rows.y_pred, after, out=np.full(len(codes), np.nan), where=after > 0)
        before = np.divide(hits, cases, out=np.full(len(codes), np.nan), where=cases > 0)
        change = np.nan_to_num(np.abs(rate - before))
    else:
        change = np.zeros(len(codes))
    return np.asarray(np.where(np.isin(codes, (difference.top, difference.bottom)), change, 0.0), dtype=np.float64)
