"""The conditional demographic disparity of the labels: within the values of the control columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.fairness.control.strata import read_strata

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset

    Values = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

CONDITIONAL_DISPARITY = "conditional demographic disparity"
_DRAWS, _HELD = 1_000, 1 << 21


def cross_strata(dataset: Dataset, columns: Sequence[str]) -> Codes:
    """(N,) stratum of each row: the combination of the strata of the control columns."""
    strata = np.zeros(len(dataset), dtype=np.int64)
    for column in columns:
        found = read_strata(dataset, column)
        strata = pd.factorize(strata * len(found.names) + found.codes)[0].astype(np.int64)
    return strata


def conditional_disparity(accepted: Values, rejected: Values) -> Values:
    """(..., G) conditional demographic disparity of each group, from (..., S, G) accepted and rejected rows.

    Mean over the strata, by their rows, of the group's share of the rejected less its share of the accepted, in
    [-1, 1]: above 0 the group is rejected more (Wachter, Mittelstadt and Russell 2021,
    doi:10.1016/j.clsr.2021.105567). A stratum in which nobody is accepted, or nobody rejected, has no such shares: it
    is left out, where SageMaker Clarify counts the missing share as 0. NaN where no stratum is left.
    """
    accepted_all, rejected_all = accepted.sum(axis=-1, keepdims=True), rejected.sum(axis=-1, keepdims=True)
    both = (accepted_all > 0) & (rejected_all > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        disparity = np.where(both, rejected / rejected_all - accepted / accepted_all, 0.0)
        weight = np.where(both, accepted_all + rejected_all, 0.0)
        return np.asarray((disparity * weight).sum(axis=-2) / weight.sum(axis=-2))


def draw_conditional(rows: Values, rates: Values) -> Values:
    """(B, G) draws of the disparity, with the numbers of rows as they are and labels drawn by the rates.

    Parameters
    ----------
    rows
        (S, G) effective rows of each group in each stratum.
    rates
        (S, G) share of the accepted among them; anything where there are none.
    """
    n = np.rint(rows).astype(np.int64)
    hits = np.where(n > 0, rates * n, 0.0)
    stratum = hits.sum(axis=1, keepdims=True) / np.maximum(1, n.sum(axis=1, keepdims=True))
    # One row of the stratum's rate keeps a group of few rows from being certain.
    p = np.clip((hits + stratum) / (n + 1), 0.0, 1.0)
    rng = np.random.default_rng(0)
    found, left, most = [], _DRAWS, max(1, _HELD // n.size)
    while left:
        size = min(left, most)
        accepted = rng.binomial(n, p, size=(size, *n.shape)).astype(np.float64)
        found.append(conditional_disparity(accepted, n - accepted))
        left -= size
    return np.concatenate(found) - conditional_disparity(p * n, (1 - p) * n)
