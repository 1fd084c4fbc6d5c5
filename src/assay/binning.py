"""A column as codes, few enough to count by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

BINS = 64


def bins_of(values: pd.Series[Any], most: int = BINS) -> npt.NDArray[np.int64]:
    """Code, (N,), of each row's value: itself, or its quantile bin for a number of more than `most` values.

    Missing is 0. The codes of numbers and times ascend with them; those of other values are in the order of the rows.
    """
    codes, distinct = pd.factorize(values, sort=values.dtype.kind in "iufM")
    if values.dtype.kind in "iufM" and len(distinct) > most:
        # Seconds reach beyond the year 2262, where nanoseconds end.
        is_date = values.dtype.kind == "M"
        numbers = values.to_numpy(dtype="datetime64[s]").astype(np.int64) if is_date else values.to_numpy()
        present = codes >= 0
        # Quantiles of the values and of the distinct values, so that a rare special value has a bin of its own.
        steps = np.linspace(0, 1, most // 2 + 1)[1:-1]
        unique = np.unique(numbers[present])
        # Edges are values that occur: interpolation between infinities would give NaN.
        edges = np.unique(
            np.concatenate(
                [
                    np.quantile(numbers[present], steps, method="higher"),
                    np.quantile(unique, steps, method="higher"),
                    unique[[0, -1]],
                ]
            )
        )
        codes = np.where(present, np.searchsorted(edges, numbers, side="right"), -1)
    return codes.astype(np.int64) + 1
