"""Ranges of numbers: what was seen, and the range in which nearly all of it lay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.small_cells import SMALLEST_CELL
from assay.validation.inference.rule import Rule
from assay.validation.inference.tolerance import MAX_SLACK, mostly_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pandas as pd

    from assay.validation.inference.tolerance import Tolerance

BETWEEN = "expect_column_values_to_be_between"
# The usual range leaves out this share on either side; with fewer rows it is the whole range.
TAIL = 0.01
MIN_ROWS_FOR_TAILS = 500
# Bounds are rounded outward to a thousandth of the span, at the coarsest a hundredth: short, and stable.
DIGITS_OF_SPAN = 2
# Those of a private column a digit less; its range leaves out the fewest rows on either side that may be told of.
PRIVATE_DIGITS = 1
PRIVATE_CUT = SMALLEST_CELL - 1


def ranges(column: str, values: pd.Series[Any], tolerance: Tolerance, *, private: bool = False) -> Iterator[Rule]:
    """Rules on the range of a column of numbers that has no key, order or short list of values.

    Parameters
    ----------
    column
        Its name.
    values
        Numbers without missing ones.
    tolerance
        For the rows that have a value.
    private
        Whether no single row's value may show: the bounds then have at least `SMALLEST_CELL` rows on or beyond them.
    """
    numbers = np.sort(values.to_numpy(dtype=np.float64))
    n = len(numbers)
    if n == 0:
        return
    whole = values.dtype.kind in "iu"
    cut = math.floor(TAIL * n)
    if private:
        # Where so few rows are a large share of all, the range would say nothing.
        if MAX_SLACK * n >= 2 * PRIVATE_CUT:
            cut = max(PRIVATE_CUT, cut)
            yield from _range(column, numbers, tolerance, cut=cut, digits=PRIVATE_DIGITS, whole=whole)
        return
    if np.isfinite(numbers[[0, -1]]).all():
        yield from _range(column, numbers, tolerance, cut=0, digits=DIGITS_OF_SPAN, whole=whole)
    if n >= MIN_ROWS_FOR_TAILS and (numbers[cut] > numbers[0] or numbers[n - 1 - cut] < numbers[-1]):
        yield from _range(column, numbers, tolerance, cut=cut, digits=DIGITS_OF_SPAN, whole=whole)


def _range(
    column: str, numbers: npt.NDArray[np.float64], tolerance: Tolerance, *, cut: int, digits: int, whole: bool
) -> Iterator[Rule]:
    """The range between the order statistics that leave out `cut` rows on either side."""
    n = len(numbers)
    low, high = float(numbers[cut]), float(numbers[n - 1 - cut])
    if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(high - low)):
        return
    # Equal values on the edge lie within: fewer are outside than were cut.
    outside = int(np.searchsorted(numbers, low, "left")) + n - int(np.searchsorted(numbers, high, "right"))
    share = tolerance.share(outside, n, fitted=2)
    if share is None:
        return
    least, most = outward(low, high, whole=whole, digits=digits)
    name, what = ("range", "All") if cut == 0 else ("usual range", f"All but {outside:,} of")
    reason = f"{what} {n:,} values lay within these bounds, which are rounded outward."
    if least >= 0 and cut == 0:
        reason = f"All {n:,} values lay within these bounds, which are rounded outward; none was negative."
    kwargs = {"column": column, "min_value": least, "max_value": most, "mostly": mostly_of(share)}
    evidence = {"n": n, "broken": outside, "method": "order statistics"}
    yield Rule(BETWEEN, kwargs, reason, evidence, name=name)


def outward(
    low: float, high: float, *, whole: bool = False, digits: int = DIGITS_OF_SPAN
) -> tuple[int | float, int | float]:
    """Bounds rounded away from the data to digits that their distance makes meaningful; never across zero."""
    span = high - low or abs(high) or 1.0
    unit = 10.0 ** (math.floor(math.log10(span)) - digits)
    if whole:
        unit = max(unit, 1.0)
    least, most = _rounded(low, unit, math.floor), _rounded(high, unit, math.ceil)
    return _short(min(least, low)), _short(max(most, high))


def _rounded(bound: float, unit: float, towards: Any) -> float:
    steps = bound / unit
    if not math.isfinite(steps) or abs(steps) >= 2**53:  # the unit is lost in the bound's own digits
        return bound
    # Divided by the inverse, 0.1 stays 0.1 and does not become 0.1000000001.
    near = round(steps)
    whole_steps = near if math.isclose(steps, near, rel_tol=1e-12, abs_tol=1e-9) else towards(steps)
    return float(f"{whole_steps * unit:.12g}")


def _short(bound: float) -> int | float:
    return int(bound) if bound.is_integer() and abs(bound) < 2**53 else bound
