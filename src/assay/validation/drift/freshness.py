"""Freshness and the number of rows: what a later batch should have, from the times and the rows of the reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from assay.validation.drift.times import read_times
from assay.validation.inference.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.dataset import Roles

NEWEST = "expect_column_newest_to_be_recent"
ROW_COUNT = "expect_table_row_count_to_be_between"

# Half or twice the rows is a delivery that broke off or was loaded twice.
ROW_FACTOR = 2
# Few tables are delivered less often than once a month; where the times themselves have longer gaps, three of them.
MONTH, GAPS = pd.Timedelta(days=31), 3


def row_count_rule(n: int, fresh: int) -> Rule:
    """Rows of a batch: from half of the smaller to twice the larger of the reference's and the expected number."""
    low, high = min(n, fresh) // ROW_FACTOR, max(n, fresh) * ROW_FACTOR
    reason = f"There were {n:,} rows; less than half is a delivery that broke off, more than twice one loaded twice."
    return Rule(ROW_COUNT, {"min_value": low, "max_value": high}, reason, {"n": n, "fresh": fresh})


def freshness_rules(
    frame: pd.DataFrame, roles: Roles, *, fresh: int, alpha: float, now: pd.Timestamp
) -> Iterator[Rule]:
    """A rule on the newest time of a batch; none without a column of times that can be read without a guess."""
    times = read_times(frame[roles.time], days_matter=True) if roles.time is not None else None
    present = None if times is None else times.dropna().sort_values()
    if present is None or present.empty:
        return
    n = len(present)
    # Of exchangeable rows, all of a fresh sample lie below the j-th newest with probability about (n / (n + m))^j.
    newest = min(n, math.ceil(math.log(alpha) / math.log(n / (n + fresh))))
    not_before = present.iloc[-newest]
    kwargs: dict[str, object] = {"column": roles.time, "not_before": not_before.isoformat()}
    reason = f"The newest times of the reference reach {not_before:%Y-%m-%d}; an older batch would be a step back"
    age = _max_age(present, now)
    if age is not None:
        kwargs["max_age_days"] = age
        reason += f", and one that ends more than {age} days ago has missed a delivery"
    yield Rule(NEWEST, kwargs, f"{reason}.", {"n": n, "fresh": fresh, "newest_left_out": newest - 1})


def _max_age(present: pd.Series[pd.Timestamp], now: pd.Timestamp) -> int | None:
    """Days that a batch may be old; None for a reference from the past, which says nothing about deliveries.

    As old as the reference is now, and one delivery more: its span, but no longer than a month or three of its gaps.
    """
    newest = present[present <= now].max()
    span = newest - present.iloc[0]
    if pd.isna(newest) or len(present) < 2 or now - newest > span:
        return None
    delivery: pd.Timedelta = min(span, max(MONTH, GAPS * present.diff().max()))
    days = float((now - newest + delivery) / pd.Timedelta(days=1))
    return _round_up(max(1, math.ceil(days)))


def _round_up(days: int) -> int:
    """To two digits, so that a later inference on like data proposes the same."""
    unit = 10 ** max(0, len(str(days)) - 2)
    return int(math.ceil(days / unit) * unit)
