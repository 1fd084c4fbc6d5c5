"""Sensitive features as group names: one column each, never missing."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.dataset import MISSING_GROUP
from assay.errors import InputError
from assay.ingest.columns import number_text, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from assay.config import SensitiveFeature

# A number with more distinct values than this is a quantity, and is cut into quantile bins.
MAX_NUMBER_GROUPS = 20
# More groups than this are not groups of people any more: no figure about one of them would be certain.
MAX_GROUPS = 100
QUANTILES = (0.25, 0.5, 0.75)


def derive_groups(
    frame: pd.DataFrame, features: Iterable[SensitiveFeature]
) -> tuple[pd.DataFrame, dict[str, tuple[float, ...]]]:
    """Group names of every sensitive feature, and the bin edges that were chosen for numbers without `bins`.

    Parameters
    ----------
    frame
        N rows of plain columns.
    features
        Sensitive features whose columns are in the frame.

    Returns
    -------
    groups
        N rows, a column of texts for each feature under the feature's name. A missing value is `MISSING_GROUP`.
        A bin from a (included) to b (excluded) is called "a-b", the outer ones "<a" and ">=b".
    chosen
        Feature name -> inner edges, for the numbers with more than `MAX_NUMBER_GROUPS` distinct values that were
        cut at their quartiles.

    Raises
    ------
    InputError
        Where a feature has more than `MAX_GROUPS` groups, or `bins` are given for a column that is not a number.
    """
    groups: dict[str, npt.NDArray[np.object_]] = {}
    chosen: dict[str, tuple[float, ...]] = {}
    problems: list[str] = []
    for feature in features:
        values = frame[feature.column]
        is_number = values.dtype.kind in "iuf"
        edges = feature.bins
        if edges is not None and not is_number and not values.isna().all():
            problems.append(
                f"bins of sensitive feature '{feature.label}' must be for a numeric column, got '{feature.column}', "
                "which is not. Correct the column (DQ001 in the documentation lists what makes texts of numbers), "
                "or drop `bins`."
            )
            continue
        if edges is None and is_number and values.nunique() > MAX_NUMBER_GROUPS:
            edges = chosen[feature.label] = quartile_edges(values.dropna().to_numpy())
        names = _named(values) if edges is None else _binned(values, edges)
        count = len(pd.unique(names))
        if count > MAX_GROUPS:
            problems.append(
                f"Sensitive feature '{feature.label}' must have at most {MAX_GROUPS} groups, got {count:,} in column "
                f"'{feature.column}'. Give `bins` if it is a number, or derive a coarser column."
            )
            continue
        groups[feature.label] = names
    if problems:
        raise InputError(problems)
    return pd.DataFrame(groups, index=pd.RangeIndex(len(frame))), chosen


def quartile_edges(values: npt.NDArray[Any]) -> tuple[float, ...]:
    """Inner edges at the quartiles that occur in the data, ascending, less those that would leave a bin empty."""
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    lowest = finite.min()
    quartiles = np.quantile(finite, QUANTILES, method="inverted_cdf")
    edges = np.unique(quartiles[quartiles > lowest])
    if not len(edges):  # three quarters of the rows share the lowest value: the rest is the other group
        edges = finite[finite > lowest].min(keepdims=True)
    return tuple(float(edge) for edge in edges)


def bin_names(edges: Sequence[float]) -> tuple[str, ...]:
    """Names of the bins between ascending inner edges: "<25", "25-60", ">=60"."""
    words = [number_text(edge) for edge in edges]
    joint = " to " if any(edge < 0 for edge in edges) else "-"
    between = [f"{low}{joint}{high}" for low, high in pairwise(words)]
    return (f"<{words[0]}", *between, f">={words[-1]}")


def _binned(values: pd.Series[Any], edges: Sequence[float]) -> npt.NDArray[np.object_]:
    names = np.array([*bin_names(edges), MISSING_GROUP], dtype=object)
    figures = values.to_numpy(dtype=np.float64)
    place = np.searchsorted(np.asarray(edges), figures, side="right")
    return names[np.where(np.isnan(figures), len(names) - 1, place)]


def _named(values: pd.Series[Any]) -> npt.NDArray[np.object_]:
    words = texts(values)
    return words.where(words.notna(), MISSING_GROUP).to_numpy(dtype=object)
