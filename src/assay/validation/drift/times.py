"""What points in time are of: of a day, of arrivals, of a span."""

from __future__ import annotations

from typing import Any

import pandas as pd

# Rows in the order of their times: a rank correlation that shuffled rows, or people's birthdays, do not have.
MIN_ORDER = 0.8
# Fewer rows and chance alone would order them.
MIN_ORDERED = 20
# Rows in no order: what spans more years is what people tell (births, openings), and no log of arrivals.
MAX_SPAN = pd.Timedelta(days=3653)
# Arrivals stop when the data were taken, at once; where the newest tenth of the span has less than a third of its
# rows, they run out, as the birthdays of adults do.
NEWEST_PART, MIN_SHARE = 0.1, 0.1 / 3


def has_times_of_day(times: pd.Series[Any]) -> bool:
    """Whether any of the times is not midnight."""
    present = times.dropna()
    return bool((present != present.dt.normalize()).any())


def are_arrivals(times: pd.Series[Any]) -> bool:
    """Whether times, in the order of the rows and without gaps, look like those at which the rows came about.

    They do where the rows are in their order, or where they fill a span of at most ten years up to its end. A column
    of birthdays does neither, and the newest of them says nothing about how new a batch is.
    """
    if times.empty:
        return False
    first, last = span_of(times)
    in_order = times.reset_index(drop=True)
    order = in_order.rank().corr(in_order.index.to_series())
    if len(times) >= MIN_ORDERED and abs(order) >= MIN_ORDER:
        return True
    newest = (times >= last - NEWEST_PART * (last - first)).mean()
    return bool(last - first <= MAX_SPAN and newest >= MIN_SHARE)


def span_of(times: pd.Series[Any]) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last time, without the odd date: a mistyped century, or a "never" of 9999."""
    ends: Any = times.quantile([0.01, 0.99])
    first, last = ends
    return first, last
