"""Numbers far outside the others of their column, in the scale in which its tail is light."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.cells.hits import Hits, Kind
from assay.cells.prior import evidence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.cells.table import Column, Table

    Floats = npt.NDArray[np.float64]

# Of the texts of a column, those that are numbers.
MIN_NUMBERS = 0.8
# Quantiles of fewer rows and values say little about a tail.
MIN_ROWS, MIN_VALUES = 50, 8
# A value with such a share (zero, forty hours) says nothing about the spread of the others.
SPIKE = 0.25
# (q90 - q75) / (q75 - q50): 0.6 of a uniform, 0.9 of a normal, 1.3 of an exponential distribution. Up to here the
# exponential bounds the tail. What lies further out than the 90% quantile may be errors.
HEAVIEST = 1.6
# Beside fewer values than `MIN_VALUES`, each of which so many rows hold, another is far at so many times their range.
# With more other values in between, they are a tail.
MIN_ESTABLISHED, FEW_REACH, MAX_BETWEEN = 0.01, 10.0, 2
# The fence stands where an exponential tail would put this many of all rows.
EXPECTED_BEYOND = 0.05
# More than this share beyond it is a second kind of values and no slip.
MAX_BEYOND = 0.05
# Codes have so many digits, nearly all of them.
MIN_CODE_WIDTH, MIN_CODES = 5, 0.97
# A sign that so few have.
MAX_NEGATIVE, MIN_POSITIVE = 0.005, 200
FAR, NEGATIVE = 0.9, 0.6
REASONS = {
    "high": "much larger than the other numbers of the column",
    "low": "much smaller than the other numbers of the column",
    "negative": "negative, in a column of numbers that hardly ever are",
}


def find_outliers(table: Table) -> Iterator[Hits]:
    """Find them in columns of numbers, and of texts that are nearly all numbers."""
    for column in table.columns:
        if column.is_date or (column.typed is None and not are_numbers(column)):
            continue
        figures = column.numbers
        if _are_codes(figures, column.counts):
            continue
        for name, mask in find_far(figures, column.counts).items():
            if len(rows := column.rows_of(mask)):
                evidence = np.full(len(rows), evidence_of(NEGATIVE if name == "negative" else FAR))
                yield Hits("outlier", column.index, rows, evidence, Kind.RANGE, REASONS[name], None, name)


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


def find_far(figures: Floats, counts: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.bool_]]:
    """Masks of the distinct values that lie far outside: "high", "low" and "negative".

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
        return {}
    masks = {"negative": _odd_sign(figures, counts)}
    if few := _far_from_few(figures, counts, number):
        return masks | few
    plain = number & (counts < SPIKE * rows)
    order = np.flatnonzero(plain)[np.argsort(figures[plain], kind="stable")]
    if counts[order].sum() < MIN_ROWS or len(order) < MIN_VALUES:
        return masks
    for name, sign in (("high", 1.0), ("low", -1.0)):
        mask = np.zeros(len(figures), dtype=bool)
        fence = _fence(figures[order], counts[order], sign)
        mask[number] = (sign * figures[number] > sign * fence) & (figures[number] != 0)  # nothing is no small number
        masks[name] = mask if counts[mask].sum() <= MAX_BEYOND * rows else np.zeros_like(mask)
    return masks


def _far_from_few(
    figures: Floats, counts: npt.NDArray[np.int64], number: npt.NDArray[np.bool_]
) -> dict[str, npt.NDArray[np.bool_]]:
    """Far from the few values that fill a column, with hardly any in between; empty where it has no such values."""
    rows = int(counts[number].sum())
    established = number & (counts >= MIN_ESTABLISHED * rows)
    if not 1 < established.sum() < MIN_VALUES or counts[established].sum() < (1 - MAX_BEYOND) * rows:
        return {}
    low, high = float(figures[established].min()), float(figures[established].max())
    reach = FEW_REACH * (high - low)
    above, below = number & (figures > high + reach), number & (figures < low - reach)
    tail = number & ~established & ~above & ~below
    return {} if tail.sum() > MAX_BETWEEN else {"high": above, "low": below}


def _odd_sign(figures: Floats, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    negative = figures < 0
    few = counts[negative].sum() <= MAX_NEGATIVE * counts[~negative].sum()
    return np.asarray(negative & bool(few and counts[figures > 0].sum() >= MIN_POSITIVE))


def _fence(figures: Floats, counts: npt.NDArray[np.int64], sign: float) -> float:
    """Where the tail on one side ends, in units of the ascending `figures`; infinite where no scale tames it."""
    positive = figures > 0
    most_positive = counts[positive].sum() >= 0.9 * counts.sum()
    # Small numbers are only small in proportion.
    scales = ("log",) if most_positive and sign < 0 else ("plain", "log") if most_positive else ("plain",)
    for scale in scales:
        use = positive if scale == "log" else np.ones(len(figures), dtype=bool)
        y = np.log(figures[use]) if scale == "log" else figures[use]
        fence = _light_fence(sign * y, counts[use], sign)
        if np.isfinite(fence):
            with np.errstate(over="ignore"):
                return float(np.exp(sign * fence)) if scale == "log" else sign * fence
    return sign * np.inf


def _light_fence(y: Floats, counts: npt.NDArray[np.int64], sign: float) -> float:
    """Upper fence of a tail that is no heavier than exponential; infinite for a heavier one."""
    if sign < 0:
        y, counts = y[::-1], counts[::-1]
    share = (np.cumsum(counts) - counts / 2) / counts.sum()
    q50, q75, q90 = np.interp([0.5, 0.75, 0.9], share, y)
    if q75 <= q50 or q90 <= q75 or (q90 - q75) > HEAVIEST * (q75 - q50):
        return float("inf")
    # Quantile 1 - p of an exponential distribution is -log(p) times its mean.
    reach = (np.log(counts.sum() / EXPECTED_BEYOND) - np.log(2)) / (np.log(10) - np.log(2))
    return float(q50 + reach * (q90 - q50))
