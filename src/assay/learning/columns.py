"""What a column is to a model: numbers, or categories by their text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

# A category with fewer rows than this cannot be learned across five folds: it joins the other rare ones.
MIN_CATEGORY_ROWS = 10


def is_numeric(column: pd.Series) -> bool:
    """Whether a column is read as numbers: numbers, booleans and times are; everything else is a category."""
    kinds = pd.api.types
    return bool(
        kinds.is_numeric_dtype(column.dtype)
        or kinds.is_datetime64_any_dtype(column.dtype)
        or kinds.is_timedelta64_dtype(column.dtype)
    )


def as_numbers(column: pd.Series) -> npt.NDArray[np.float64]:
    """Numbers of a numeric column, (N,): times in seconds, booleans as 0 and 1, NaN where missing."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        # Whole seconds: a date such as 9999-12-31 does not fit into nanoseconds.
        seconds = column.to_numpy(dtype="datetime64[s]")
        return np.where(np.isnat(seconds), np.nan, seconds.astype(np.int64).astype(np.float64))
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        column = column.dt.total_seconds()
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def as_codes(column: pd.Series, most: int) -> npt.NDArray[np.int64] | None:
    """Category codes, (N,) in 0..k-1, by text; None where there is only one category.

    The `most` most frequent categories have a code each, the rare ones share one, and missing is one of its own:
    k is at most `most` + 2.
    """
    codes, _ = pd.factorize(column.astype("str"), use_na_sentinel=True)
    missing = codes < 0
    counts = np.bincount(codes[~missing], minlength=1)
    frequent = np.flatnonzero(counts >= MIN_CATEGORY_ROWS)
    frequent = frequent[np.argsort(-counts[frequent], kind="stable")][:most]
    rare = len(frequent)
    recode = np.full(len(counts), rare, dtype=np.int64)
    recode[frequent] = np.arange(len(frequent))
    result = np.where(missing, rare + 1, recode[np.where(missing, 0, codes)])
    _, dense = np.unique(result, return_inverse=True)
    return dense.astype(np.int64) if dense.max(initial=0) > 0 else None
