"""Rules on columns that tell rows apart or count them: uniqueness, and an order from row to row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assay.findings import Severity
from assay.validation.inference.rule import Rule
from assay.validation.inference.tolerance import mostly_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from assay.validation.inference.tolerance import Tolerance

UNIQUE = "expect_column_values_to_be_unique"
# The method of a tolerance that is none: what breaks the rule is a mistake, however rare.
BY_DEFINITION = "none: by definition"
# With fewer rows, most quantities have a value of their own in each row.
MIN_ROWS = 20
# An order of fewer different values may be one by which the file happened to be sorted.
MIN_DISTINCT_IN_ORDER = 0.5
_LONG = 10**6


def looks_like_a_key(values: pd.Series[Any]) -> bool:
    """Whether every present value is there once and made to tell rows apart: a word, a serial or a long number."""
    present = values.dropna()
    if len(present) < MIN_ROWS or not present.is_unique:
        return False
    if present.dtype.kind in "iu":
        low, high = int(present.min()), int(present.max())
        return high - low < 2 * len(present) or (low >= _LONG and len(str(low)) == len(str(high)))
    return present.dtype.kind not in "fbM" and not present.str.contains(" ", regex=False).any()


def uniqueness(column: str, n: int, tolerance: Tolerance, *, is_id: bool) -> Iterator[Rule]:
    """Values that are there once; without exception in the id, whose repetition is a mistake by definition."""
    evidence: dict[str, Any] = {"n": n, "broken": 0}
    if is_id:
        evidence = {**evidence, "method": BY_DEFINITION}
        yield Rule(UNIQUE, {"column": column}, "It identifies rows.", evidence, Severity.CRITICAL, name="unique")
        return
    share = tolerance.share(0, n, fitted=1)
    if share is None or 2 * share >= 1:
        return
    # Two rows that share a value are two that break the rule.
    kwargs = {"column": column, "mostly": mostly_of(2 * share)}
    evidence = {**evidence, "method": "beta-binomial"}
    yield Rule(UNIQUE, kwargs, f"No value of {n:,} was there twice.", evidence, name="unique")


def order(column: str, values: pd.Series[Any], tolerance: Tolerance) -> Iterator[Rule]:
    """Numbers or dates that never fall, or never rise, from row to row."""
    n = len(values)
    if n < MIN_ROWS or values.dtype.kind not in "iufM" or values.nunique() < MIN_DISTINCT_IN_ORDER * n:
        return
    numbers = values.to_numpy().astype("int64" if values.dtype.kind == "M" else "float64")
    # Beyond the largest double a step is infinite, and has its sign; between infinities it has none, and is no order.
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.diff(numbers)
    for kind, ahead in (("increasing", steps), ("decreasing", -steps)):
        if (ahead >= 0).all() and (share := tolerance.share(0, n, fitted=1)) is not None:
            kwargs = {"column": column, "mostly": mostly_of(share)} | ({"strictly": True} if (ahead > 0).all() else {})
            reason = f"The {n:,} values are {kind} from row to row."
            evidence = {"n": n, "broken": 0, "method": "beta-binomial"}
            yield Rule(f"expect_column_values_to_be_{kind}", kwargs, reason, evidence, Severity.INFO, name="order")
