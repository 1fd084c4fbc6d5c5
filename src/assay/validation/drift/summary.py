"""The distribution of a column as a few cells and their shares: what a rule keeps of the reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.small_cells import SMALLEST_CELL
from assay.times import read_times
from assay.validation.drift.distance import cells_for
from assay.validation.drift.times import has_times_of_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]

NUMBER, CATEGORY, DAYTIME, DATE = "number", "category", "time of day", "date"
KINDS = (NUMBER, CATEGORY, DAYTIME, DATE)

# Tenths are what people read; more cells show finer changes and widen the interval of all.
MOST_INTERVALS = 10
MOST_CATEGORIES = 18
# Longer texts are not what a category is called.
LONGEST_CATEGORY = 60
# The day in eighths: finer than a shift, coarser than what changes from week to week.
HOURS = 3
# A batch of less than two days has not seen each hour often enough to be held against one of months.
MIN_SPAN = pd.Timedelta(days=2)
# A hundredth of a thousandth is below what any interval tells apart, and easier to read than a float.
SHARE_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Summary:
    """Cells of a column, and how the rows of a sample are shared out among them.

    Attributes
    ----------
    kind
        One of `KINDS`: how a value finds its cell.
    rows
        N, rows of the sample, the missing ones included.
    listed
        Single values with a cell of their own: numbers, or categories as text.
    up_to
        Ascending upper ends (inclusive) of the intervals that the other numbers are in; the last one is open.
    shares
        In [0, 1], summing to 1: of each of `listed`; of the rest (the intervals, or "other", or the eighths of the
        day, or "a date"); of what cannot be read as `kind`; of the missing values.
    median
        Of the finite numbers; None for other kinds.
    """

    kind: str
    rows: int
    listed: tuple[float | str, ...]
    up_to: tuple[float, ...]
    shares: tuple[float, ...]
    median: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, readable; `from_json` reads them."""
        listed = len(self.listed)
        optional = {"values": list(self.listed), "up_to": list(self.up_to), "median": self.median}
        shares = {
            "values": list(self.shares[:listed]),
            "rest": list(self.shares[listed:-2]),
            "unreadable": self.shares[-2],
            "missing": self.shares[-1],
        }
        told = {key: value for key, value in optional.items() if value not in ([], None)}
        return {"kind": self.kind, "rows": self.rows, **told, "shares": shares}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Summary:
        """Read what `as_json` wrote.

        Raises
        ------
        ValueError
            Where something is missing or does not fit together.
        """
        try:
            parts = content["shares"]
            shares = (*parts.get("values", ()), *parts["rest"], parts.get("unreadable", 0.0), parts["missing"])
            median = content.get("median")
            summary = cls(
                kind=str(content["kind"]),
                rows=int(content["rows"]),
                listed=tuple(content.get("values", ())),
                up_to=tuple(float(edge) for edge in content.get("up_to", ())),
                shares=tuple(float(share) for share in shares),
                median=None if median is None else float(median),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"`reference` {_SHAPE} ({type(error).__name__}: {error}).") from error
        summary._check()
        return summary

    def sees_more_than(self, distance: float) -> bool:
        """Whether a change of the values, be they all present and readable, can be larger than `distance`.

        Not where all of them are in one cell, or but a few in those of their own: texts that hardly repeat, dates.
        """
        listed = len(self.listed)
        return len(self.shares) - listed - 2 > 1 or sum(self.shares[:listed]) > distance

    def _check(self) -> None:
        rest = {NUMBER: len(self.up_to) + 1, CATEGORY: 1, DAYTIME: 24 // HOURS, DATE: 1}.get(self.kind)
        if rest is None:
            raise ValueError(f"`reference.kind` must be one of {', '.join(KINDS)}, got {self.kind!r}. Infer it anew.")
        if len(self.shares) != len(self.listed) + rest + 2 or self.rows < 1:
            raise ValueError(f"`reference` {_SHAPE}.")
        wanted = str if self.kind == CATEGORY else int | float
        if not all(isinstance(value, wanted) for value in self.listed):
            raise ValueError(
                f"`reference.values` must all be {'texts' if wanted is str else 'numbers'}. Correct them."
            )
        # Each share was rounded; one that was corrected by hand may leave more.
        if min(self.shares) < 0 or not math.isclose(sum(self.shares), 1, abs_tol=0.01):
            raise ValueError(f"`reference.shares` must add up to 1, got {sum(self.shares):.6g}. Correct them.")
        if list(self.up_to) != sorted(set(self.up_to)) or not all(map(math.isfinite, self.up_to)):
            raise ValueError("`reference.up_to` must ascend. Sort it, together with the shares of `rest`.")

    def counts(self) -> npt.NDArray[np.float64]:
        """(K,) rows in each cell, up to rounding."""
        shares = np.array(self.shares)
        return np.asarray(shares / shares.sum() * self.rows)


_SHAPE = (
    "must be what `assay suite infer` writes: kind, rows, and shares with `values`, `rest` and `missing`, one share "
    "for each value and each interval"
)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Rows of a sample in the cells of a summary: (K,) `counts`, and the `median` of numbers."""

    counts: npt.NDArray[np.float64]
    median: float | None = None


def summarise(values: pd.Series[Any], fresh: int) -> tuple[Summary, Codes]:
    """Cut a column of at least one row into cells, coarse enough for `fresh` rows; also the cell of each row, (N,).

    Numbers: values that at least a cell's share of the rows have stand alone, the others are cut at quantiles.
    Categories: the most frequent ones that at least `SMALLEST_CELL` rows have, and "other". Times: eighths of the
    day, since the days themselves are always new.
    """
    times = read_times(values, days_matter=False)
    if times is not None:
        return _of_times(times, values)
    if values.dtype.kind in "iufm":
        return _of_numbers(read_numbers(values), fresh)
    return _of_categories(values, fresh)


def assign(summary: Summary, values: pd.Series[Any]) -> tuple[Codes, float | None] | None:
    """Cell of each row, (N,), and the median of numbers; None for times that span less than two days."""
    listed = len(summary.listed)
    missing = values.isna().to_numpy()
    if summary.kind == NUMBER:
        numbers = read_numbers(values)
        codes = _number_codes(numbers, [float(value) for value in summary.listed], summary.up_to)
        finite = numbers[np.isfinite(numbers)]
        median = float(np.median(finite)) if len(finite) else None
        unreadable = np.isnan(numbers)
    elif summary.kind == CATEGORY:
        labels, uniques = _texts(values)
        place = {str(value): i for i, value in enumerate(summary.listed)}
        codes = np.array([*(place.get(text, listed) for text in uniques), listed], dtype=np.int64)[labels]
        median, unreadable = None, np.zeros(len(values), dtype=bool)
    else:
        times = read_times(values, days_matter=False)
        # A column of no dates at all where dates were: all that is present is unreadable.
        times = pd.Series(pd.NaT, index=values.index, dtype="datetime64[ns, UTC]") if times is None else times
        if summary.kind == DAYTIME and times.notna().any() and not _spans_days(times):
            return None
        codes, median, unreadable = _time_codes(times, summary.kind), None, times.isna().to_numpy()
    cells = len(summary.shares)
    codes = np.where(missing, cells - 1, np.where(unreadable, cells - 2, codes))
    return codes, median


def read_numbers(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """(N,) float64, NaN where a value is missing or no number; durations in seconds."""
    if values.dtype.kind == "m":
        values = values.dt.total_seconds()
    elif values.dtype.kind not in "iufb":
        values = pd.to_numeric(values.astype(str).where(values.notna()), errors="coerce")
    numbers: npt.NDArray[np.float64] = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers


def _finish(kind: str, codes: Codes, cells: int, **parts: Any) -> tuple[Summary, Codes]:
    counts = np.bincount(codes, minlength=cells)
    shares = tuple(round(float(count) / len(codes), SHARE_DIGITS) for count in counts)
    return Summary(kind=kind, rows=len(codes), shares=shares, **parts), codes


def _of_numbers(numbers: npt.NDArray[np.float64], fresh: int) -> tuple[Summary, Codes]:
    finite = np.sort(numbers[np.isfinite(numbers)])
    n, most = len(finite), cells_for(len(numbers), fresh, MOST_INTERVALS)
    least = max(n / most, SMALLEST_CELL)
    # Whatever so many rows have lies at one of these places of the sorted numbers.
    seen = np.unique(finite[np.arange(0, n, max(1, int(least) // 2))])
    often = np.searchsorted(finite, seen, "right") - np.searchsorted(finite, seen, "left")
    alone = seen[often >= least]
    rest = finite[~np.isin(finite, alone)]
    intervals = min(round(len(rest) / least), len(rest) // SMALLEST_CELL)
    up_to: tuple[float, ...] = ()
    if intervals > 1:
        up_to = _readable(np.unique(rest[(np.arange(1, intervals) * len(rest)) // intervals]))
    values = tuple(float(value) for value in alone)
    cells = len(values) + len(up_to) + 3
    codes = np.where(np.isnan(numbers), cells - 1, _number_codes(numbers, values, up_to))
    median = float(f"{np.median(finite):.6g}") if n else None
    return _finish(NUMBER, codes, cells, listed=values, up_to=up_to, median=median)


def _readable(edges: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Edges with no more digits than tell them apart, two more for their place between the numbers."""
    gap = float(np.diff(edges).min()) if len(edges) > 1 else abs(float(edges[0])) / 1000 or 1.0
    if not (math.isfinite(gap) and gap > 0):
        return tuple(float(edge) for edge in edges)
    digits = 2 - math.floor(math.log10(gap))
    rounded = {round(float(edge), digits) if digits < 300 else float(edge) for edge in edges}
    return tuple(sorted(rounded))


def _number_codes(numbers: npt.NDArray[np.float64], values: Sequence[float], up_to: Sequence[float]) -> Codes:
    codes = len(values) + np.searchsorted(np.array(up_to, dtype=np.float64), numbers, side="left")
    for place, value in enumerate(values):
        codes = np.where(numbers == value, place, codes)
    return codes.astype(np.int64)


def _of_categories(values: pd.Series[Any], fresh: int) -> tuple[Summary, Codes]:
    labels, uniques = _texts(values)
    often = np.bincount(labels[labels >= 0], minlength=len(uniques))
    most = cells_for(len(values), fresh, MOST_CATEGORIES) - 1
    ranked = sorted(range(len(uniques)), key=lambda i: (-often[i], uniques[i]))[:most]
    kept = [i for i in ranked if often[i] >= SMALLEST_CELL and len(uniques[i]) <= LONGEST_CATEGORY]
    listed = len(kept)
    place = np.full(len(uniques) + 1, listed, dtype=np.int64)
    place[kept] = np.arange(listed)
    place[-1] = listed + 2  # label -1: missing
    names = tuple(uniques[i] for i in kept)
    return _finish(CATEGORY, place[labels], listed + 3, listed=names, up_to=())


def _texts(values: pd.Series[Any]) -> tuple[Codes, list[str]]:
    """Labels of the values as text, -1 where missing, and the distinct texts."""
    missing = values.isna().to_numpy()
    try:
        codes, uniques = pd.factorize(values)
    except TypeError:  # lists and dicts
        codes, uniques = pd.factorize(values.astype(str))
    # A number read beside texts and the same number as text are one category.
    again, texts = pd.factorize(np.array([str(value) for value in uniques], dtype=object))
    labels = np.append(again, -1)[codes]
    return np.where(missing, -1, labels).astype(np.int64), [str(text) for text in texts]


def _of_times(times: pd.Series[Any], values: pd.Series[Any]) -> tuple[Summary, Codes]:
    kind = DAYTIME if _spans_days(times) and has_times_of_day(times) else DATE
    cells = (24 // HOURS if kind == DAYTIME else 1) + 2
    codes = np.where(times.isna(), cells - 2, _time_codes(times, kind))
    return _finish(kind, np.where(values.isna(), cells - 1, codes), cells, listed=(), up_to=())


def _spans_days(times: pd.Series[Any]) -> bool:
    return bool(times.max() - times.min() >= MIN_SPAN)


def _time_codes(times: pd.Series[Any], kind: str) -> Codes:
    if kind == DATE:
        return np.zeros(len(times), dtype=np.int64)
    return np.asarray(times.dt.hour.fillna(0).to_numpy(dtype=np.float64) // HOURS, dtype=np.int64)
