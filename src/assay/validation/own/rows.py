"""Which rows keep the expectations of `own.expectations`, for whole columns at once, and why the others do not.

The metrics of Great Expectations, the row masks and the discovery of relations all call the functions here, so that
they agree by construction. A row in which a value is missing breaks no relation between columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.validation.own.tables import as_texts, read_keys
from assay.validation.repeats import row_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    Meets = Callable[[pd.DataFrame, Mapping[str, Any]], npt.NDArray[np.bool_]]

DETERMINES = "expect_columns_to_determine_column"
SUM = "expect_column_values_to_equal_sum_of_columns"
PRODUCT = "expect_column_values_to_equal_product_of_columns"
IN_TABLE = "expect_column_values_to_be_in_table"

# What adding and multiplying a few doubles may lose, relative to their size.
FLOAT_ERROR = 1e-12


def determined(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """(N,) bool: whether the value of column `determined` is the one that belongs to those of the other columns.

    That is the one in `mapping`, a list of [determining values..., determined value]; and for what is not listed, the
    value that more rows of these have than any other. Where two values are as frequent, both contradict.
    """
    meets = np.ones(len(rows), dtype=bool)
    whole = rows.notna().all(axis=1).to_numpy()
    present = rows.loc[whole]
    groups, pairs = _codes(present, kwargs)
    own, other = _own_and_rival(groups, pairs)
    kept = own > other
    if kwargs.get("mapping"):
        stated, right = _stated(present, kwargs)
        kept = np.where(stated, right, kept)
    meets[whole] = kept
    return meets


def _codes(present: pd.DataFrame, kwargs: Mapping[str, Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(N,) codes of the determining values, and of these together with the determined one."""
    by = [name for name in present.columns if name != kwargs["determined"]]
    groups = np.asarray(pd.factorize(row_keys(present, by))[0], dtype=np.int64)
    pairs = np.asarray(pd.factorize(row_keys(present, [kwargs["determined"]], groups))[0], dtype=np.int64)
    return groups, pairs


def _own_and_rival(
    groups: npt.NDArray[np.int64], pairs: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each row, how many of its group share its value, and how many the most frequent other value."""
    if len(groups) == 0:
        return groups, groups
    sizes = np.bincount(pairs)
    of_pair = np.empty(len(sizes), dtype=np.int64)
    of_pair[pairs] = groups
    order = np.lexsort((-sizes, of_pair))
    starts = np.flatnonzero(np.diff(of_pair[order], prepend=-1))
    first = order[starts]
    # The second of a group is the next in the order, if it belongs to the same group.
    following = np.minimum(starts + 1, len(order) - 1)
    has_second = (starts + 1 < len(order)) & (of_pair[order[following]] == of_pair[first])
    second_size = np.where(has_second, sizes[order[following]], 0)
    rival = sizes[first][of_pair]
    rival[first] = second_size
    return sizes[pairs], rival[pairs]


def _stated(present: pd.DataFrame, kwargs: Mapping[str, Any]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """For each row, whether the mapping lists its determining values, and whether its value is the listed one."""
    by = [name for name in present.columns if name != kwargs["determined"]]
    listed = {tuple(entry[:-1]): entry[-1] for entry in kwargs["mapping"]}
    # Each combination is looked up once.
    _, first, kind = np.unique(row_keys(present, present.columns), return_index=True, return_inverse=True)
    samples = present.iloc[first]
    keys = list(zip(*(samples[name].tolist() for name in by), strict=True))
    values = samples[kwargs["determined"]].tolist()
    known = np.array([key in listed for key in keys], dtype=bool)
    right = np.array([listed.get(key) == value for key, value in zip(keys, values, strict=True)], dtype=bool)
    return known[kind], right[kind]


def adds_up(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """(N,) bool: |total - sum of the other columns| <= tolerance."""
    numbers = _numbers(rows)
    total = numbers.pop(kwargs["total"])
    parts = np.array(list(numbers.values()))
    with np.errstate(invalid="ignore", over="ignore"):  # infinities of both signs have no sum
        return _near(rows, total, parts.sum(axis=0), kwargs, np.abs(total) + np.abs(parts).sum(axis=0))


def multiplies(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """(N,) bool: |product - factor * the other columns, multiplied| <= tolerance."""
    numbers = _numbers(rows)
    product = numbers.pop(kwargs["product"])
    with np.errstate(invalid="ignore", over="ignore"):
        computed = float(kwargs.get("factor", 1.0)) * np.array(list(numbers.values())).prod(axis=0)
    return _near(rows, product, computed, kwargs, np.abs(product))


def _numbers(rows: pd.DataFrame) -> dict[str, npt.NDArray[np.float64]]:
    others = [name for name in rows.columns if rows[name].dtype.kind not in "iufb"]
    if others:
        raise TypeError(f"Columns must be numbers, got others: {', '.join(others)}.")
    return {name: rows[name].to_numpy(dtype=np.float64) for name in rows.columns}


def _near(
    rows: pd.DataFrame,
    stated: npt.NDArray[np.float64],
    computed: npt.NDArray[np.float64],
    kwargs: Mapping[str, Any],
    size: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    # An infinity equals nothing that was computed: it breaks the rule.
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(stated - computed) <= float(kwargs.get("tolerance", 0.0)) + FLOAT_ERROR * size
    return np.asarray((near & np.isfinite(size)) | rows.isna().any(axis=1).to_numpy(), dtype=bool)


def in_table(rows: pd.DataFrame, kwargs: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """(N,) bool: whether the value occurs in column `key` of the table in `file`."""
    values = rows[kwargs["column"]]
    return np.asarray(as_texts(values).isin(read_keys(kwargs["file"], kwargs["key"])) | values.isna(), dtype=bool)


MEETS: Mapping[str, Meets] = {DETERMINES: determined, SUM: adds_up, PRODUCT: multiplies, IN_TABLE: in_table}


def unexpected(frame: pd.DataFrame, kind: str, kwargs: Mapping[str, Any]) -> npt.NDArray[np.int64]:
    """Positions of the rows of `frame` that break an expectation of a kind in `MEETS`, ascending.

    Raises
    ------
    TypeError
        Where a number is asked for and the column has none.
    ConfigurationError
        Where the other table cannot be read.
    """
    columns = list(kwargs["column_list"]) if "column_list" in kwargs else [kwargs["column"]]
    return np.flatnonzero(~MEETS[kind](frame[columns], kwargs)).astype(np.int64)


def reasons(
    frame: pd.DataFrame, kind: str, kwargs: Mapping[str, Any], positions: npt.NDArray[np.int64]
) -> list[str] | None:
    """Why each of the rows at `positions` breaks an expectation, without raw values; None where its title says it all.

    Parameters
    ----------
    frame
        N rows, among them those at `positions`, (R,), which break the expectation.
    kind, kwargs
        The type of the expectation and its arguments.
    """
    if kind != DETERMINES or kwargs.get("row_condition"):
        return None
    on = kwargs["determined"]
    by = [name for name in kwargs["column_list"] if name != on]
    these = " and ".join(f"'{name}'" for name in by)
    present = frame[list(kwargs["column_list"])].dropna()
    groups, pairs = _codes(present, kwargs)
    # Rows with the same determining values and another determined one.
    others = (np.bincount(groups)[groups] - np.bincount(pairs)[pairs]).tolist()
    listed = _stated(present, kwargs)[0].tolist() if kwargs.get("mapping") else [False] * len(others)
    places = present.index.get_indexer(frame.index[positions])
    return [
        f"'{on}' is not the value that the suite lists for this {these}."
        if listed[place]
        else f"'{on}' contradicts {these}: {_rows_have(others[place])} another '{on}' for the same {these}."
        for place in places
    ]


def _rows_have(count: int) -> str:
    return "1 other row has" if count == 1 else f"{count:,} other rows have"
