"""The values of one column: what a row has, what it may take, and which row it takes that from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from assay.small_cells import SMALLEST_CELL

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]
    Direction = Literal["any", "up", "down"]

# Values that a row may take in one column: frequent ones, or this many steps in all up and down.
VALUES = 6
# A value that fewer rows have is not taken: the models hardly know it.
SUPPORT = 0.01
# No number is moved beyond these quantiles.
TAIL = 0.05
# Another unit of times than the models' would do as well: only their order counts.
_TIMES = "datetime64[s]"


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column as numbers or codes.

    Attributes
    ----------
    name
        Of the column.
    numbers
        (N,) float64: the number, seconds of a time, or the code of a text or boolean; NaN where missing.
    texts
        The texts behind codes, by code; empty where `is_number`.
    is_number, is_time
        Whether the values have an order; whether they are times (which have one).
    """

    name: str
    numbers: npt.NDArray[np.float64]
    texts: tuple[str, ...]
    is_number: bool
    is_time: bool


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """T values that rows may take: (T,) each with the position of a row that has it."""

    numbers: npt.NDArray[np.float64]
    positions: Rows

    def __len__(self) -> int:
        """Return T."""
        return len(self.numbers)

    def donors(self, column: Column, rows: Rows, direction: Direction) -> npt.NDArray[np.int64]:
        """(n, T) positions of donors; -1 where the row has the value already, has none, or it lies the other way."""
        own = column.numbers[rows][:, None]
        may = {
            "any": (self.numbers != own) & ~np.isnan(own),
            "up": self.numbers > own,
            "down": self.numbers < own,
        }[direction]
        return np.where(may, self.positions, -1)


def read_column(column: pd.Series) -> Column:
    """Read a column: numbers and times by their order, everything else by its text."""
    name, kinds = str(column.name), pd.api.types
    if kinds.is_datetime64_any_dtype(column.dtype):
        seconds = column.to_numpy(dtype=_TIMES)
        values = np.where(np.isnat(seconds), np.nan, seconds.astype(np.int64).astype(np.float64))
        return Column(name, values, (), is_number=True, is_time=True)
    if kinds.is_timedelta64_dtype(column.dtype):
        column = column.dt.total_seconds()
    if kinds.is_numeric_dtype(column.dtype) and not kinds.is_bool_dtype(column.dtype):
        values = np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
        return Column(name, values, (), is_number=True, is_time=False)
    codes, texts = pd.factorize(column.astype("str"), use_na_sentinel=True)
    coded = np.where(codes < 0, np.nan, codes)
    return Column(name, coded, tuple(map(str, texts)), is_number=False, is_time=False)


def infer_targets(column: Column, pool: Rows) -> Targets:
    """Take the most frequent texts that enough rows of the pool have."""
    values = column.numbers[pool]
    known, first, counts = np.unique(values[~np.isnan(values)], return_index=True, return_counts=True)
    positions = pool[~np.isnan(values)][first]
    enough = np.flatnonzero(counts >= max(SMALLEST_CELL, SUPPORT * len(pool)))
    # One more than a row may take, since it has one of them.
    most = enough[np.argsort(-counts[enough], kind="stable")][: VALUES + 1]
    return Targets(known[most], positions[most])


def match_targets(column: Column, stated: Sequence[str | float]) -> tuple[Targets, int]:
    """Find stated values among those of all rows; the number of them that no row has."""
    wanted = [_as_value(column, value) for value in stated]
    positions = [int(np.argmax(hit)) if (hit := column.numbers == value).any() else -1 for value in wanted]
    found = [(v, p) for v, p in zip(wanted, positions, strict=True) if p >= 0]
    values, at = np.array([v for v, _ in found], dtype=np.float64), np.array([p for _, p in found], dtype=np.int64)
    return Targets(values, at), len(stated) - len(found)


def _as_value(column: Column, stated: str | float) -> float:
    """The number or code of a stated value; NaN where it cannot be one of the column's."""
    if column.is_time:
        time = pd.to_datetime(str(stated), errors="coerce", utc=True)
        return math.nan if time is pd.NaT else float(time.tz_localize(None).to_datetime64().astype(_TIMES).astype(int))
    if column.is_number:
        number = pd.to_numeric(str(stated), errors="coerce")
        return float(number)
    texts = {str(stated)} | ({str(int(stated))} if isinstance(stated, float) and stated.is_integer() else set())
    return next((float(code) for code, text in enumerate(column.texts) if text in texts), math.nan)


def neighbours(
    column: Column, rows: Rows, pool: Rows, step: float, direction: Direction
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """(n, V) positions of donors whose number is some ranks higher or lower, and which of them are a small step away.

    -1 where there is none. In thirds of `step`, a share of the pool; from the end of the ties that the row's number is
    in, so that the next other value is always within reach. It is a small step where the middles of the two ties are
    no farther apart than `step`: from 0 to 1 in a column of nothing else is none. Never beyond the quantiles `TAIL`
    and 1 - `TAIL`.
    """
    known = pool[np.isfinite(column.numbers[pool])]
    donors, small = np.full((len(rows), VALUES), -1, dtype=np.int64), np.zeros((len(rows), VALUES), dtype=np.bool_)
    if not len(known):
        return donors, small
    known = known[np.argsort(column.numbers[known], kind="stable")]
    ordered, own = column.numbers[known], column.numbers[rows]
    low, high = np.quantile(ordered, [TAIL, 1 - TAIL], method="nearest")
    start, end = np.searchsorted(ordered, own, "left"), np.searchsorted(ordered, own, "right")
    sizes = np.maximum(1, np.round(step * len(known) * np.arange(1, VALUES // 2 + 1) / (VALUES // 2))).astype(np.int64)
    targets = [("down", start - size) for size in sizes] + [("up", end - 1 + size) for size in sizes]
    for at, (way, target) in enumerate(targets):
        if direction not in {"any", way}:
            continue
        inside = (target >= 0) & (target < len(known)) & np.isfinite(own)
        taken = known[np.where(inside, target, 0)]
        value = column.numbers[taken]
        inside &= (value >= low) & (value <= high) & (value != own)
        donors[inside, at] = taken[inside]
        middle = np.searchsorted(ordered, value, "left") + np.searchsorted(ordered, value, "right")
        small[:, at] = inside & (np.abs(middle - start - end) / 2 <= max(1.0, step * len(known)))
    return donors, small
