"""Numbers far outside the others of their column, in the scale in which its tail is light."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.declared import find_slips
from assay.cells.fences import beyond, fence_of
from assay.cells.hits import Hits, Kind
from assay.cells.prior import evidence_of
from assay.cells.slips import SLIPPED
from assay.cells.table import write_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.cells.fences import Fence
    from assay.cells.slips import Slip
    from assay.cells.table import Column, Table

    Floats = npt.NDArray[np.float64]

# Of the texts of a column, those that are numbers.
MIN_NUMBERS = 0.8
# Quantiles of fewer rows and values say little about a tail.
MIN_ROWS, MIN_VALUES = 50, 8
# A value with such a share (zero, forty hours) says nothing about the spread of the others.
SPIKE = 0.25
# Beside fewer values than `MIN_VALUES`, each of which so many rows hold, another is far at so many times their range.
# With more other values well outside, they are a tail.
MIN_ESTABLISHED, FEW_REACH, NEAR_REACH, MAX_BETWEEN = 0.01, 10.0, 3.0, 2
MAX_OTHERS = 0.05
# Codes have so many digits, nearly all of them.
MIN_CODE_WIDTH, MIN_CODES = 5, 0.97
# A sign that so few have, and how sure it is that it is wrong. Numbers that go down to zero evenly, as temperatures
# do, may go below: there are at least `EVEN` times as many small positive ones, or they are tiny.
MAX_NEGATIVE, MIN_POSITIVE, EVEN, MAX_SMALL, TINY = 0.005, 200, 1, 0.1, 0.05
# Logarithms are asked where so many are positive.
MIN_MOST_POSITIVE = 0.9
NEGATIVE = 0.6
# How sure at ten times the range of the few values that fill a column; the rest falls with the distance.
FEW = 0.8
REASONS = {
    "high": "much larger than the other numbers of the column",
    "low": "much smaller than the other numbers of the column",
    "negative": "negative, in a column of numbers that hardly ever are",
}


@dataclass(frozen=True, slots=True, eq=False)
class Far:
    """What can be said of D distinct numbers.

    Attributes
    ----------
    sure
        For "high", "low" and "negative": (D,) float64 in [0, 1], how likely each is wrong; 0 where it is not far.
    judged
        Whether a number far outside, on either side, would have stood out.
    """

    sure: dict[str, Floats]
    judged: bool


def find_outliers(table: Table) -> Iterator[Hits]:
    """Find them in columns of numbers, and of texts that are nearly all numbers; those of another unit apart."""
    for column in table.columns:
        if not are_quantities(column):
            continue
        left = column.numbers.copy()
        for slip in find_slips(table, column):
            left[slip.values] = np.nan
            yield _slip_hits(column, slip)
        for name, sure in find_far(left, column.counts).sure.items():
            if len(rows := column.rows_of(sure > 0)):
                evidence = evidence_of(sure)[column.codes[rows]]
                yield Hits("outlier", column.index, rows, evidence, Kind.RANGE, REASONS[name], None, name)


def _slip_hits(column: Column, slip: Slip) -> Hits:
    rows = column.rows_of(slip.values)
    repairs = [None if np.isnan(x) else write_number(x) for x in slip.repaired[column.codes[rows]].tolist()]
    evidence = np.full(len(rows), evidence_of(slip.sure))
    return Hits("slip", column.index, rows, evidence, Kind.RANGE, f"{SLIPPED} {slip.words}", repairs, slip.words)


def are_quantities(column: Column) -> bool:
    """Whether a column holds numbers, nearly all, that are no codes."""
    if column.is_date or not column.present or (column.typed is None and not are_numbers(column)):
        return False
    return not _are_codes(column.numbers, column.counts)


def are_numbers(column: Column) -> bool:
    """Whether a column of texts holds numbers, nearly all."""
    if column.share_of_rows(lambda text: text[-1].isdigit()) < MIN_NUMBERS / 2:
        return False
    return bool(column.counts[~np.isnan(column.numbers)].sum() >= MIN_NUMBERS * column.present)


def _are_codes(figures: Floats, counts: npt.NDArray[np.int64]) -> bool:
    """Whether nearly all are whole numbers of one width, as post codes are: to be far means nothing there."""
    number = ~np.isnan(figures)
    whole = number & (figures == np.round(figures)) & (figures > 0)
    width = np.floor(np.log10(figures[whole]) + 1e-12).astype(np.int64).clip(0, 300) + 1
    by_width = np.bincount(width, weights=counts[whole], minlength=1)
    return bool(by_width.argmax() >= MIN_CODE_WIDTH and by_width.max() >= MIN_CODES * counts[number].sum())


def find_far(figures: Floats, counts: npt.NDArray[np.int64]) -> Far:
    """Judge which of the distinct values lie far outside.

    Parameters
    ----------
    figures
        (D,) distinct numbers; NaN is left out.
    counts
        (D,) rows of each.
    """
    number = ~np.isnan(figures)
    rows = int(counts[number].sum())
    if rows < MIN_ROWS:
        return Far({}, judged=False)
    if few := _far_from_few(figures, counts, number):
        return Far({"negative": np.where(_odd_sign(figures, counts), NEGATIVE, 0.0)} | few, judged=True)
    plain = number & (counts < SPIKE * rows)
    if counts[plain].sum() < MIN_ROWS or plain.sum() < MIN_VALUES:
        return Far({"negative": np.where(_odd_sign(figures, counts), NEGATIVE, 0.0)}, judged=False)
    order = np.flatnonzero(plain)[np.argsort(figures[plain], kind="stable")]
    high, low = _fences(figures[order], counts[order])
    every = np.flatnonzero(number)[np.argsort(figures[number], kind="stable")]
    sure = {name: np.zeros(len(figures)) for name in REASONS}
    for name, fence in (("high", high), ("low", low)):
        sure[name][every] = beyond(figures[every], counts[every], fence, rows)
    odd = _odd_sign(figures, counts)
    sure["negative"][odd] = np.maximum(NEGATIVE, high.sure(-figures[odd]))
    return Far(sure, judged=high.ends and low.ends)


def _fences(figures: Floats, counts: npt.NDArray[np.int64]) -> tuple[Fence, Fence]:
    """Upper and lower fence of ascending numbers."""
    most_positive = counts[figures > 0].sum() >= MIN_MOST_POSITIVE * counts.sum()
    high = fence_of(figures, counts, 1.0, ("plain", "log") if most_positive else ("plain",))
    negative = figures < 0
    odd = _odd_sign(figures, counts)
    # Small numbers are only small in proportion; but where numbers go below zero, zero is no bound.
    low = fence_of(figures, counts, -1.0, ("log",) if most_positive and (odd | ~negative).all() else ("plain",))
    if not negative.any() or odd.any() or low.log:
        return high, low
    if not high.ends:
        return high, replace(low, at=float("inf"))
    # The quantiles may not reach down to the negative ones, such as overdrafts: others tell how large they may be.
    top = float(np.exp(min(high.at, 700.0))) if high.log else high.at
    return high, replace(low, at=max(low.at, top))


def _far_from_few(figures: Floats, counts: npt.NDArray[np.int64], number: npt.NDArray[np.bool_]) -> dict[str, Floats]:
    """Far from the few values that fill a column, with hardly any in between; empty where it has no such values."""
    rows = int(counts[number].sum())
    established = number & (counts >= MIN_ESTABLISHED * rows)
    if not 1 < established.sum() < MIN_VALUES or counts[established].sum() < (1 - MAX_OTHERS) * rows:
        return {}
    low, high = float(figures[established].min()), float(figures[established].max())
    half = figures / 2  # the difference of two numbers may be too large for a float
    distance = np.fmax(np.maximum(half - high / 2, low / 2 - half) / (high / 2 - low / 2), 0.0)
    if (number & (distance > NEAR_REACH) & (distance <= FEW_REACH)).sum() > MAX_BETWEEN:
        return {}
    with np.errstate(divide="ignore"):
        sure = np.where(distance > FEW_REACH, 1 - (1 - FEW) * FEW_REACH / distance, 0.0)
    return {"high": np.where(figures > high, sure, 0.0), "low": np.where(figures < low, sure, 0.0)}


def _odd_sign(figures: Floats, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Negative numbers in a column that hardly has any, unless it goes down to zero evenly."""
    negative, positive = figures < 0, figures > 0
    below = int(counts[negative].sum())
    none = np.zeros(len(figures), dtype=bool)
    if not below or below > MAX_NEGATIVE * counts[~negative].sum() or counts[positive].sum() < MIN_POSITIVE:
        return none
    size = float(np.median(np.repeat(-figures[negative], counts[negative])))
    near = int(counts[positive & (figures <= 2 * size)].sum())
    # As small as the smallest, and fewer than those: the end of a tail, where a wrong sign leaves the size as it was.
    tiny = size <= TINY * np.median(np.repeat(figures[positive], counts[positive]))
    if near <= MAX_SMALL * counts[positive].sum() and (tiny or near >= EVEN * below):
        return none
    return negative
