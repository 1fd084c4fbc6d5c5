"""Rules about distribution, freshness and the number of rows, read from a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.findings import Severity
from assay.times import read_times
from assay.validation.drift.distance import NEGLIGIBLE, error_margin, reach_of_chance
from assay.validation.drift.freshness import freshness_rules, row_count_rule
from assay.validation.drift.summary import summarise
from assay.validation.drift.variation import MAX_CHANCE, MAX_TOLERANCE, between_blocks, read_blocks, tolerance
from assay.validation.inference.rule import Rule
from assay.validation.repeats import identifies_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from assay.dataset import Roles

DISTRIBUTION = "expect_column_distribution_to_match_reference"


def propose_drift(
    frame: pd.DataFrame,
    roles: Roles,
    *,
    fresh: int,
    alpha: float,
    blocks: pd.Series[Any] | None = None,
) -> list[Rule]:
    """Rules that hold a later batch against the distributions, the newest time and the rows of a reference.

    Parameters
    ----------
    frame
        The reference. Not changed.
    roles
        The id, the group and the ignored columns get no rule; the time one about freshness, and its stretches tell
        how much the reference varies by itself.
    fresh
        Rows of the batches to come, at least 1: cells are coarse where these are few.
    alpha
        In (0, 1): probability that any of the rules does not pass on a fresh sample of the same source: what stays
        inconclusive must be read too.
    blocks
        (N,) block of each row, such as its file or month, in place of stretches of time.

    Returns
    -------
    list of Rule
        The number of rows, the newest time, then one for each column in the order of the frame. None where so few
        rows decide nothing, where no change could be seen, and for columns that differ from themselves over time by
        more than any rule should allow. The same for the same arguments.
    """
    if frame.empty:
        return []
    columns = compared_columns(frame, roles)
    share = alpha / (len(columns) + 1)
    of_rows = read_blocks(frame, roles.time, fresh, blocks)
    rules = [row_count_rule(len(frame), fresh)]
    rules += freshness_rules(frame, roles, fresh=fresh, alpha=share)
    for name in columns:
        rules += _distribution_rule(frame[name], of_rows, fresh=fresh, alpha=share)
    return rules


def compared_columns(frame: pd.DataFrame, roles: Roles) -> list[str]:
    """Columns whose distribution says something: no ids, no texts that identify rows, none that was set aside.

    A column of dates is never taken for an id: no date repeats in a short table, and its hours still compare.
    """
    apart = {roles.id, roles.group, roles.time, roles.split, *roles.ignored}
    return [name for name in frame.columns if name not in apart and not _identifies(frame[name])]


def _identifies(values: pd.Series[Any]) -> bool:
    try:
        distinct = int(values.nunique())
    except TypeError:  # lists and dicts
        distinct = int(values.astype(str).nunique())
    present = int(values.notna().sum())
    return identifies_rows(values, distinct, present) and read_times(values, days_matter=False) is None


def _distribution_rule(
    values: pd.Series[Any], blocks: npt.NDArray[np.int64] | None, *, fresh: int, alpha: float
) -> Iterator[Rule]:
    summary, codes = summarise(values, fresh)
    variation = between_blocks(codes, len(summary.shares), blocks)
    alpha, counts = _short(alpha), summary.counts()
    batch = counts * fresh / summary.rows
    chance = reach_of_chance(counts, batch, alpha)
    allowed = tolerance(variation, chance)
    if chance > MAX_CHANCE or allowed > MAX_TOLERANCE or not summary.sees_more_than(allowed):
        return
    seen_from = allowed + error_margin(counts, batch, alpha / 2)
    evidence = {
        "n": summary.rows,
        "fresh": fresh,
        "negligible": NEGLIGIBLE,
        "by_chance": round(chance, 3),
        "between_stretches": round(variation, 3) if blocks is not None else None,
        "alarms_from": round(min(1.0, seen_from), 3),
    }
    kwargs = {"column": values.name, "reference": summary.as_json(), "tolerance": allowed, "alpha": alpha}
    reason = _reason(summary.rows, fresh, chance, variation if blocks is not None else None)
    yield Rule(DISTRIBUTION, kwargs, reason, evidence, Severity.WARNING)


def _short(alpha: float) -> float:
    """Rounded down, so that the shares of all rules still add up to no more than was asked for."""
    digits = f"{alpha:.2e}"
    return float(digits) if float(digits) <= alpha else float(f"{alpha * 0.995:.2e}")


def _reason(n: int, fresh: int, chance: float, variation: float | None) -> str:
    if chance <= NEGLIGIBLE:
        allowed = f"{NEGLIGIBLE:.0%} of the rows elsewhere is taken for negligible"
    else:
        allowed = f"in a batch of {fresh:,} rows chance alone may put up to {chance:.1%} of them elsewhere"
    beside = "" if variation is None else f", beside the {variation:.1%} that its stretches differ from the rest of it"
    return f"Shares of {n:,} rows; {allowed}{beside}."
