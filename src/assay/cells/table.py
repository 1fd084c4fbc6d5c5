"""A table as the detectors see it: each column as codes into its distinct texts, with counts and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

ABSENT = -1
# A longer text is judged by its beginning: nobody mistypes a category of a thousand letters.
MAX_LETTERS = 500
# What a column is about is told by so many of its values.
USUAL = 200
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, with bits all over: the golden ratio (Knuth's multiplicative hashing)
_ENDS_IN_DIGIT = "0123456789."


@dataclass(frozen=True, eq=False)
class Column:
    """One column of n rows and D distinct values.

    Attributes
    ----------
    index, name
        Its place and name in the table.
    codes
        (n,) int32 in 0..D-1, in the order of `texts`; `ABSENT` where the cell is empty.
    counts
        (D,) int64, the rows of each distinct value; all positive.
    texts
        D texts, cut to `MAX_LETTERS`; two long ones may be equal.
    typed
        (D,) float64 where the column came as numbers or dates (in seconds), else None.
    is_date
        Whether it came as dates.
    """

    index: int
    name: str
    codes: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]
    texts: Sequence[str]
    typed: npt.NDArray[np.float64] | None
    is_date: bool = False

    @property
    def distinct(self) -> int:
        """Number of distinct values."""
        return len(self.counts)

    @property
    def present(self) -> int:
        """Number of cells that are not empty."""
        return int(self.counts.sum())

    @cached_property
    def numbers(self) -> npt.NDArray[np.float64]:
        """(D,) float64: the value as a plain number; NaN for a text that is none, and for dates."""
        if self.typed is not None:
            return self.typed if not self.is_date else np.full(self.distinct, np.nan)
        return np.array([read_number(text) for text in self.texts], dtype=np.float64)

    def share_of_rows(self, test: Callable[[str], bool]) -> float:
        """Share of rows whose text passes a test, among those with the `USUAL` most frequent values."""
        top = np.argsort(-self.counts, kind="stable")[:USUAL]
        passing = [bool(test(self.texts[place])) for place in top.tolist()]
        return float(self.counts[top][passing].sum() / max(1, self.counts[top].sum()))

    def rows_of(self, values: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Positions of the cells whose value is marked in the (D,) mask."""
        if not values.any():
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(np.append(values, False)[self.codes]).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Table:
    """n rows and their columns, in order."""

    columns: tuple[Column, ...]
    rows: int

    @cached_property
    def matrix(self) -> npt.NDArray[np.int32]:
        """(n, m) int32: the codes of all cells."""
        return np.column_stack([column.codes for column in self.columns])

    @cached_property
    def canonical_order(self) -> npt.NDArray[np.int64]:
        """(n,) int64: positions of the rows in an order that depends on what they hold, not on where they stand.

        By a hash of the codes, which are in the order of the values; rows of one hash are (nearly surely) equal.
        """
        hashed = np.zeros(self.rows, dtype=np.uint64)
        for column in self.columns:
            mixed = hashed ^ (column.codes.astype(np.int64).astype(np.uint64) + _MIX)
            mixed *= _MIX
            hashed = mixed ^ (mixed >> np.uint64(29))
        return np.argsort(hashed, kind="stable").astype(np.int64)


def read_table(frame: pd.DataFrame) -> Table:
    """Look at a frame of any types; blank texts count as empty. Columns are known by their place: names may repeat."""
    columns = [_read_column(frame.iloc[:, place], place, str(name)) for place, name in enumerate(frame.columns)]
    return Table(tuple(columns), len(frame))


def _read_column(values: pd.Series[Any], place: int, name: str) -> Column:
    typed, is_date = _typed(values)
    if typed is not None:
        codes, numbers = pd.factorize(typed, sort=True)
        distinct = np.asarray(numbers, dtype=np.float64)
        texts = cast("Sequence[str]", Written(distinct, is_date=is_date))
        return _column(place, name, codes, texts, distinct, is_date=is_date)
    # In the order of the values, so that no result depends on the order of the rows.
    codes, unique = pd.factorize(_plain(values), sort=True)
    raw = ["" if text is None else str(text) for text in unique]
    blank = np.array([not text or text.isspace() for text in raw], dtype=bool)
    if blank.any():
        new = np.append(np.where(blank, ABSENT, np.cumsum(~blank) - 1), ABSENT)
        codes, raw = new[codes], [text for text, empty in zip(raw, blank, strict=True) if not empty]
    return _column(place, name, codes, [text[:MAX_LETTERS] for text in raw], None)


def _column(
    place: int,
    name: str,
    codes: npt.NDArray[Any],
    texts: Sequence[str],
    typed: npt.NDArray[np.float64] | None,
    *,
    is_date: bool = False,
) -> Column:
    codes = codes.astype(np.int32)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts)).astype(np.int64)
    return Column(place, name, codes, counts, texts, typed, is_date)


def _typed(values: pd.Series[Any]) -> tuple[npt.NDArray[np.float64] | None, bool]:
    """Numbers, or dates in seconds, as floats with NaN for the empty cells; None for texts."""
    dtype = values.dtype
    if isinstance(dtype, pd.DatetimeTZDtype) or dtype.kind in "Mm":
        stamps = values.astype("int64").to_numpy(dtype=np.float64)
        unit = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[_unit(dtype)]
        return np.where(values.isna().to_numpy(), np.nan, stamps / unit), dtype.kind != "m"
    if pd.api.types.is_bool_dtype(dtype) or not pd.api.types.is_numeric_dtype(dtype) or dtype.kind == "c":
        return None, False
    figures = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(figures), figures, np.nan), False  # infinite numbers are DQ020's


def _unit(dtype: Any) -> str:
    return str(dtype.unit) if isinstance(dtype, pd.DatetimeTZDtype) else np.datetime_data(dtype)[0]


def _plain(values: pd.Series[Any]) -> pd.Series[Any]:
    if values.dtype == object or isinstance(values.dtype, pd.CategoricalDtype):
        # Lists and mappings cannot be hashed, and half of a surrogate pair fits no text type.
        texts = [None if missing else str(value) for value, missing in zip(values, values.isna(), strict=True)]
        return pd.Series(texts, dtype=object)
    return values if values.dtype == "str" else values.astype("str")


class Written:
    """The texts of typed values, made when they are asked for: of a million numbers few are ever shown."""

    def __init__(self, values: npt.NDArray[np.float64], *, is_date: bool) -> None:
        self._values = values
        self._write = _write_date if is_date else write_number

    def __len__(self) -> int:
        """Return the number of distinct values."""
        return len(self._values)

    def __getitem__(self, place: Any) -> Any:
        """Return one text, or a list of them for a slice."""
        if isinstance(place, slice):
            return [self._write(value) for value in self._values[place]]
        return self._write(self._values[place])


def write_number(value: float) -> str:
    """Write a finite number as plainly as it can be, whole ones without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _write_date(seconds: float) -> str:
    return str(np.datetime64(int(seconds), "s"))


def read_number(text: str) -> float:
    """The number that a text is, plainly written in ASCII digits; NaN for any other text.

    Examples
    --------
    >>> read_number("-1.50"), read_number("1_000"), read_number("12 kg")
    (-1.5, nan, nan)
    """
    if not text or text[-1] not in _ENDS_IN_DIGIT or not text.isascii() or "_" in text:
        return float("nan")
    try:
        number = float(text)
    except ValueError:
        return float("nan")
    return number if abs(number) < float("inf") else float("nan")
