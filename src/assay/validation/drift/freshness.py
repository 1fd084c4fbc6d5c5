"""Freshness and the number of rows: what a later batch should have, from the times and the rows of the reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from assay.times import read_times
from assay.validation.drift.times import are_arrivals, span_of
from assay.validation.inference.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.dataset import Roles

NEWEST = "expect_column_newest_to_be_recent"
ROW_COUNT = "expect_table_row_count_to_be_between"

# Half or twice the rows is a delivery that broke off or was loaded twice.
ROW_FACTOR = 2


def row_count_rule(n: int, fresh: int) -> Rule:
    """Rows of a batch: from half of the smaller to twice the larger of the reference's and the expected number."""
    low, high = min(n, fresh) // ROW_FACTOR, max(n, fresh) * ROW_FACTOR
    reason = f"There were {n:,} rows; less than half is a delivery that broke off, more than twice one loaded twice."
    return Rule(ROW_COUNT, {"min_value": low, "max_value": high}, reason, {"n": n, "fresh": fresh})


def freshness_rules(frame: pd.DataFrame, roles: Roles, *, fresh: int, alpha: float) -> Iterator[Rule]:
    """A rule on the newest time of a batch; none without a column of times that rows arrived at.

    The clock is not asked: the same reference gives the same rule. How old a batch may be when it is validated is
    therefore not proposed; the evidence says how long the reference itself was ever without a new time.
    """
    times = read_times(frame[roles.time], days_matter=True) if roles.time is not None else None
    if times is None or not are_arrivals(times.dropna()):
        return
    present = times.dropna().sort_values()
    n = len(present)
    # Of exchangeable rows, all of a fresh sample lie below the j-th newest with probability below (n / (n + m))^j.
    newest = math.ceil(math.log(alpha) / math.log(n / (n + fresh)))
    gaps = present[present.between(*span_of(present))].drop_duplicates().diff().dropna()
    if newest > n or gaps.empty:
        return
    not_before = present.iloc[-newest]
    days = float(gaps.max() / pd.Timedelta(days=1))
    kwargs = {"column": roles.time, "not_before": not_before.isoformat()}
    # Of exchangeable gaps, the next one is the longest with probability 1 / (G + 1).
    reason = (
        f"The newest times of the reference reach {not_before:%Y-%m-%d}; an older batch would be a step back. The "
        f"longest of its {len(gaps):,} gaps is {days:,.3g} days (another is longer once in {len(gaps) + 1:,}): set "
        "`max_age_days` above it to be told of a feed that stopped"
    )
    evidence = {"n": n, "fresh": fresh, "newest_left_out": newest - 1, "longest_gap_days": float(f"{days:.3g}")}
    yield Rule(NEWEST, kwargs, f"{reason}.", evidence)
