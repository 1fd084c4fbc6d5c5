"""Days, weeks, months, quarters and years as a column writes them: values that are new in every batch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from assay.times import read_times
from assay.validation.inference.shapes import MIN_FIT, PERIODS
from assay.validation.inference.texts import MAX_NUMBERS, MAX_WORDS, value_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_PERIODS = tuple(re.compile(regex) for _, regex in PERIODS)
# Whole numbers between these may be years.
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


def are_periods(counts: Mapping[str, int]) -> bool:
    """Whether (nearly) all rows hold a day, week, month, quarter or year of one form; a set of them is soon over."""
    total = sum(counts.values())
    return any(
        sum(count for value, count in counts.items() if form.match(value)) >= MIN_FIT * total for form in _PERIODS
    )


def are_years(counts: Mapping[Any, int]) -> bool:
    """Whether whole numbers are consecutive years: the next batch may bring the next one, which no range allows."""
    values = [int(value) for value in counts]
    low, high = min(values), max(values)
    return _FIRST_YEAR <= low < high <= _LAST_YEAR and high - low + 1 == len(counts)


def grows(values: pd.Series[Any]) -> bool:
    """Whether a column holds a few periods or years, whose shares in one batch say nothing about another.

    Of dates and months it is known already: see `assay.validation.drift.summary`.
    """
    present = values.dropna()
    distinct = present.nunique() if present.dtype.kind != "b" else 0
    if present.dtype.kind in "iuf":
        return 0 < distinct <= MAX_NUMBERS and bool((present % 1 == 0).all()) and are_years(value_counts(present))
    if not 0 < distinct <= MAX_WORDS or present.dtype.kind == "M":
        return False
    counts = value_counts(present.astype(str))
    return are_periods(counts) and read_times(present, days_matter=False) is None
