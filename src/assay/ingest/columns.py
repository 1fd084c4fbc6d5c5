"""Columns in one of five plain kinds: integers, floats, booleans, datetimes without a time zone, and texts.

Every later stage needs to know only these. What had to be turned into something else is noted, for the checks.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# pandas 3 has a text type of its own; pandas 2 keeps texts in object columns.
TEXT_DTYPE = pd.Series(["text"]).dtype
# From here on, two integers may be one float.
MAX_EXACT = 2**53


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A plain frame, and what had to be converted to make it plain.

    Attributes
    ----------
    frame
        N rows under a RangeIndex; see the module for the kinds of columns.
    mixed
        Column -> kind of value -> (R,) positions of its rows; for columns whose values were of several kinds.
    nested
        Column -> (R,) positions of the rows that held lists or mappings and now hold their JSON text.
    """

    frame: pd.DataFrame
    mixed: Mapping[str, Mapping[str, npt.NDArray[np.int64]]] = field(default_factory=dict)
    nested: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)


def plain_columns(frame: pd.DataFrame, missing: Collection[str] | Mapping[str, Collection[str]] = ()) -> Columns:
    """Bring every column to a plain kind; `frame` itself is not changed.

    Categories become their values; nullable types become numpy's; integers with a gap become floats, or texts where
    one is beyond 2**53 and would be rounded; decimals become floats; time zones are converted to UTC; periods become
    their start; durations become seconds; nested values become JSON texts; a column of several kinds becomes texts.

    Parameters
    ----------
    frame
        N rows; its column names are unique strings.
    missing
        Texts that mean "missing", for all columns or by column; one that is a number also stands for that number.
    """
    by_column = missing if isinstance(missing, Mapping) else dict.fromkeys(frame.columns, missing)
    plain: dict[str, pd.Series[Any]] = {}
    mixed: dict[str, Mapping[str, npt.NDArray[np.int64]]] = {}
    nested: dict[str, npt.NDArray[np.int64]] = {}
    for place, name in enumerate(frame.columns):
        values = frame.iloc[:, place].reset_index(drop=True)
        if markers := frozenset(by_column.get(name, ())):
            values = _without_markers(values, markers)
        settled = _plain(values)
        if settled is None:
            values = values.astype(object)
            kinds = _kinds(values)
            if "nested" in kinds:
                nested[name] = kinds["nested"]
            if len(kinds) > 1:
                mixed[name] = kinds
            settled = _settle(values, kinds)
        plain[name] = settled
    return Columns(pd.DataFrame(plain, index=pd.RangeIndex(len(frame))), mixed, nested)


def text_of(value: Any) -> str:
    """A cell as text: whole numbers without a decimal point, nested values as JSON."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return _json(value) if _kind(value) == "nested" else str(value)
    return number_text(float(value)) if not isinstance(value, int) else str(value)


def number_text(value: float) -> str:
    """A number as text: 1 for 1.0, else the shortest text that reads back as the same float."""
    return str(int(value)) if np.isfinite(value) and value == int(value) else repr(float(value))


def distinct(values: pd.Series[Any]) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """(N,) codes into the distinct values of a plain column, in order of first appearance; -1 where missing."""
    codes, unique = pd.factorize(values)
    # Item by item, an array of Arrow texts is ten times slower than a list.
    return codes.astype(np.int64, copy=False), np.asarray(unique, dtype=object).tolist()


def texts(values: pd.Series[Any]) -> pd.Series[Any]:
    """A plain column as stripped texts (object dtype): whole floats as integers, blank and missing as None."""
    codes, unique = distinct(values)
    words = np.array([text_of(value).strip() or None for value in unique] + [None], dtype=object)
    return pd.Series(words[codes], dtype=object)


def padded_rows(values: pd.Series[Any]) -> npt.NDArray[np.int64]:
    """(R,) positions of the rows whose text has spaces around it that other rows with this text do not have."""
    codes, words = distinct(values)
    bare = [word.strip() for word in words]
    if bare == words:
        return np.empty(0, dtype=np.int64)
    known = set(words)
    clash = [new != old and new in known for new, old in zip(bare, words, strict=True)]
    return np.flatnonzero(np.array([*clash, False])[codes]).astype(np.int64)


def _without_markers(values: pd.Series[Any], markers: frozenset[str]) -> pd.Series[Any]:
    figures = [number for marker in markers if (number := _number(marker)) is not None and np.isfinite(number)]
    if values.dtype.kind in "biufM" and not figures:
        return values
    if values.dtype == object:
        # Cells may be lists, which cannot be hashed: one look at each.
        hit = np.array([_is_marker(cell, markers, figures) for cell in values], dtype=bool)
    else:
        codes, unique = distinct(values)
        hit = np.array([_is_marker(cell, markers, figures) for cell in unique] + [False], dtype=bool)[codes]
    return values.mask(hit) if hit.any() else values


def _is_marker(cell: object, markers: frozenset[str], figures: Sequence[float]) -> bool:
    if isinstance(cell, str):
        return cell.strip() in markers
    return isinstance(cell, numbers.Real) and not isinstance(cell, bool) and float(cell) in figures


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _plain(values: pd.Series[Any]) -> pd.Series[Any] | None:
    """Plain values, or None where only a look at every cell tells what they are."""
    dtype = values.dtype
    plain: pd.Series[Any] | None = None
    if isinstance(dtype, pd.SparseDtype):
        plain = _plain(pd.Series(np.asarray(values)))
    elif isinstance(dtype, pd.DatetimeTZDtype):
        plain = values.dt.tz_convert("UTC").dt.tz_localize(None)
    elif isinstance(dtype, pd.PeriodDtype):
        plain = values.dt.to_timestamp()
    elif isinstance(dtype, np.dtype) and dtype.kind in "iubfM":
        # Half floats and long doubles are foreign to most programs that read a table.
        with np.errstate(over="ignore"):
            plain = values.astype("float64") if dtype.name in ("float16", "float128", "longdouble") else values
    elif isinstance(dtype, np.dtype) and dtype.kind == "m":
        plain = values.dt.total_seconds()
    elif isinstance(dtype, pd.StringDtype):
        plain = values if dtype == TEXT_DTYPE else values.astype(object).astype(TEXT_DTYPE)
    elif types.is_numeric_dtype(dtype) and dtype.kind in "iuf":
        plain = _plain_numbers(values)
    else:
        plain = _plain_objects(values.astype(object))
    return plain


def _plain_numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    if types.is_integer_dtype(values.dtype) and not values.hasnans:
        return values.astype("uint64" if types.is_unsigned_integer_dtype(values.dtype) else "int64")
    if types.is_integer_dtype(values.dtype) and _beyond_floats(values.dropna()):
        return _exact_integers(values)
    return pd.Series(values.to_numpy(dtype="float64", na_value=np.nan))


def _plain_objects(values: pd.Series[Any]) -> pd.Series[Any] | None:
    inferred = types.infer_dtype(values, skipna=True)
    if inferred == "string":
        return _as_texts(values)
    if inferred == "empty":
        return pd.Series(np.full(len(values), np.nan))
    if inferred == "boolean" and not values.isna().any():
        return values.astype(bool)
    return None


def _kinds(values: pd.Series[Any]) -> dict[str, npt.NDArray[np.int64]]:
    present = np.flatnonzero(values.notna().to_numpy())
    cells = values.to_numpy(dtype=object)[present]
    kinds = np.array([_kind(cell) for cell in cells], dtype=object)
    return {str(kind): present[kinds == kind].astype(np.int64) for kind in sorted(set(kinds))}


# In this order: a boolean is a number to Python, and must not be one here.
_KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("true/false", (bool, np.bool_)),
    ("date", (dt.date, np.datetime64)),
    ("duration", (dt.timedelta, np.timedelta64)),
    ("nested", (dict, list, tuple, set, frozenset, np.ndarray)),
    ("text", (str, bytes, complex, np.complexfloating)),
    ("number", (numbers.Number,)),
)


def _kind(cell: object) -> str:
    return next((kind for kind, of in _KINDS if isinstance(cell, of)), "text")


def _settle(values: pd.Series[Any], kinds: Mapping[str, object]) -> pd.Series[Any]:
    try:
        if set(kinds) == {"number"}:
            return _as_numbers(values)
        if set(kinds) == {"date"}:
            return pd.to_datetime(values, utc=True).dt.tz_localize(None)
        if set(kinds) == {"duration"}:
            return pd.to_timedelta(values).dt.total_seconds()
    except (OverflowError, ValueError):
        pass  # beyond the range of numbers or dates: kept as texts, nothing is lost
    missing = values.isna().to_numpy()
    cells = [None if gone else text_of(cell) for cell, gone in zip(values, missing, strict=True)]
    return _as_texts(pd.Series(cells, dtype=object))


def _as_texts(values: pd.Series[Any]) -> pd.Series[Any]:
    try:
        return values.astype(TEXT_DTYPE)
    except UnicodeEncodeError:
        # Half of a surrogate pair is no character: Arrow cannot hold it, and no file either.
        whole = [cell.encode("utf-8", "replace").decode() if isinstance(cell, str) else None for cell in values]
        return pd.Series(whole, dtype=object).astype(TEXT_DTYPE)


def _as_numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    missing = values.isna().to_numpy()
    present = values[~missing]
    if all(_is_whole(cell) for cell in present):
        if _beyond_floats(present):
            return _exact_integers(values)
        if not missing.any() and all(isinstance(cell, int | np.integer) for cell in present):
            return values.astype("int64")
    return pd.Series([np.nan if gone else float(cell) for cell, gone in zip(values, missing, strict=True)])


def _is_whole(cell: Any) -> bool:
    return isinstance(cell, int | np.integer) or (
        isinstance(cell, decimal.Decimal) and cell.is_finite() and cell == cell.to_integral_value()
    )


def _beyond_floats(present: pd.Series[Any]) -> bool:
    """Whether an integer is so large that a float may not hold it."""
    return len(present) > 0 and max(abs(int(present.min())), abs(int(present.max()))) > MAX_EXACT


def _exact_integers(values: pd.Series[Any]) -> pd.Series[Any]:
    """Integers beyond 2**53: as 64 bits where no cell is missing and all fit, else as texts."""
    missing = values.isna().to_numpy()
    cells = [None if gone else int(cell) for cell, gone in zip(values, missing, strict=True)]
    if not missing.any():
        for dtype in ("int64", "uint64"):
            try:
                return pd.Series(np.array(cells, dtype=dtype))
            except OverflowError:
                continue
    return pd.Series([None if cell is None else str(cell) for cell in cells], dtype=object).astype(TEXT_DTYPE)


def _json(value: Any) -> str:
    try:
        return json.dumps(value, default=_jsonable, ensure_ascii=False, sort_keys=True)
    except (TypeError, ValueError):  # keys that JSON does not know, or a list that holds itself
        return str(value)


def _jsonable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return value.item() if isinstance(value, np.generic) else str(value)
