"""A first suite for a dataset that has none: cautious rules that its present rows keep."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.dataset import NO_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from assay.dataset import Dataset, Roles

# A longer list of categories is rarely complete, and no one reads it.
MAX_SET = 20
# A category set is only proposed where each value was seen this often on average.
MIN_MEAN_COUNT = 20
# A complete column may lose this share tomorrow before it is worth an alarm.
MOSTLY_PRESENT = 0.99
# Bounds are widened by this share of the observed span: the largest value so far is not the largest possible.
MARGIN = 0.25

Rule = dict[str, Any]


def propose_suite(dataset: Dataset, name: str) -> dict[str, Any]:
    """A first Great Expectations suite, as plain JSON values, that the dataset itself keeps.

    Proposed are: the columns exist; complete columns stay (nearly) complete; numbers stay within widened bounds,
    non-negative ones non-negative; columns of few categories take no others; ids are unique and labels known;
    the table does not lose half of its rows. Each expectation has a `severity` and says why in `meta.reason`.

    Parameters
    ----------
    dataset
        Not changed.
    name
        Of the suite.
    """
    rules = [_row_count(len(dataset))]
    for column in dataset.frame.columns:
        if column not in dataset.roles.ignored:
            rules += _column_rules(dataset, column)
    return {
        "name": name,
        "expectations": rules,
        "meta": {"notes": "Proposed by Assay from the data as they were. Correct it: you know what must hold."},
    }


def _rule(kind: str, reason: str, severity: str, /, **kwargs: Any) -> Rule:
    return {"type": kind, "kwargs": kwargs, "meta": {"reason": reason}, "severity": severity}


def _row_count(n: int) -> Rule:
    reason = f"There were {n:,} rows; half of them would be a different table."
    return _rule("expect_table_row_count_to_be_between", reason, "warning", min_value=n // 2)


def _column_rules(dataset: Dataset, column: str) -> Iterator[Rule]:
    roles, values = dataset.roles, dataset.frame[column]
    needed = column in {roles.label, roles.id, *roles.sensitive}
    part = _part(roles, column)
    yield _rule("expect_column_to_exist", f"It is {part}.", "critical", column=column)
    if len(values) and values.notna().all():
        strict = {} if needed else {"mostly": MOSTLY_PRESENT}
        severity = "critical" if needed else "warning"
        yield _rule("expect_column_values_to_not_be_null", "No value was missing.", severity, column=column, **strict)
    if column == roles.label and dataset.target is not None:
        yield from _range(column, values)
    elif column == roles.label:
        known = values[dataset.labels.codes != NO_LABEL].unique().tolist()
        if values.dtype.kind != "M":
            reason = "Another label would be a class that no model was trained on."
            yield _rule(_IN_SET, reason, "critical", column=column, value_set=sorted(known))
    elif column == roles.id:
        if column != roles.group and values.dropna().is_unique:
            yield _rule("expect_column_values_to_be_unique", "It identifies rows.", "critical", column=column)
    elif column not in (roles.group, roles.time):
        yield from _range(column, values) if values.dtype.kind in "iuf" else _categories(column, values)


_IN_SET = "expect_column_values_to_be_in_set"


def _part(roles: Roles, column: str) -> str:
    parts = {roles.id: "the id", roles.time: "the time", roles.group: "the group", roles.weight: "the weight"}
    if column == roles.label:
        return "the label"
    if column in roles.sensitive:
        return "a sensitive feature"
    return parts.get(column, "a feature" if column in roles.features else "a column of the table")


def _range(column: str, values: pd.Series[float]) -> Iterator[Rule]:
    numbers = values.dropna().to_numpy(dtype=np.float64)
    if len(numbers) == 0 or not np.isfinite(numbers).all():
        return
    low, high = float(numbers.min()), float(numbers.max())
    margin = MARGIN * (high - low) or MARGIN * abs(high) or 1.0
    least, most = _outward(low - margin, low, -1), _outward(high + margin, high, 1)
    if low >= 0:
        least = max(least, 0.0)
    if not (math.isfinite(least) and math.isfinite(most)):
        return
    if values.dtype.kind in "iu":
        least, most = float(math.floor(least)), float(math.ceil(most))
    reason = "The observed range, widened by a quarter of its span" + (", not below zero." if low >= 0 else ".")
    bounds = {"min_value": _short(least), "max_value": _short(most)}
    yield _rule("expect_column_values_to_be_between", reason, "warning", column=column, **bounds)


def _outward(wide: float, observed: float, direction: int) -> float:
    """`wide` rounded away from the data to two significant digits, and never inside what was observed."""
    if wide == 0 or not math.isfinite(wide):
        return wide
    unit = 10.0 ** (math.floor(math.log10(abs(wide))) - 1)
    rounded = (math.ceil if direction > 0 else math.floor)(wide / unit) * unit
    rounded = float(f"{rounded:.12g}")
    return max(rounded, observed) if direction > 0 else min(rounded, observed)


def _short(bound: float) -> int | float:
    return int(bound) if bound.is_integer() and abs(bound) < 2**53 else bound


def _categories(column: str, values: pd.Series[Any]) -> Iterator[Rule]:
    if values.dtype.kind in "Mb":
        return
    known = values.dropna().unique().tolist()
    if not 0 < len(known) <= min(MAX_SET, len(values) / MIN_MEAN_COUNT):
        return
    reason = f"These {len(known)} values were all that occurred; delete what should not be there."
    yield _rule(_IN_SET, reason, "warning", column=column, value_set=sorted(known))
