"""FB001: how often each group occurs in the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.outcomes import TABLE_ROWS, each_feature
from assay.fairness.simultaneous import wilson_limits
from assay.fairness.wording import confidently, percent
from assay.findings import Evidence, Interval, Outcome, Status, Subject, Table
from assay.intervals import normal_quantile
from assay.small_cells import is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from assay.fairness.context import DataContext
    from assay.fairness.counts import Feature


def representation(context: DataContext) -> Iterator[Outcome]:
    """FB001: describe how often each group occurs; whether that suffices to judge it is FB013's question."""
    weights = context.dataset.weights

    def answer(feature: Feature) -> Iterable[Outcome]:
        yield _describe_shares(feature, weights, context.config.confidence)

    return each_feature(context, "their representation is", answer)


def _describe_shares(feature: Feature, weights: npt.NDArray[np.float64] | None, confidence: float) -> Outcome:
    size = len(feature.groups)
    rows = np.bincount(feature.codes, minlength=size)
    weight, effective = (rows.astype(np.float64), float(rows.sum())) if weights is None else _weigh(feature, weights)
    total = float(weight.sum())
    if total <= 0:
        return Outcome(
            Status.INCONCLUSIVE, "All sample weights are 0: no group has a share.", Subject(feature.columns)
        )
    shares = np.minimum(1.0, weight / total)
    low, high = wilson_limits(shares, np.full(size, effective), normal_quantile(confidence))
    order = np.argsort(shares, kind="stable").tolist()
    least = order[0]
    by_weight = " by sample weight" if weights is not None else ""
    # The share of so few people times the number of rows would be their number.
    figures = (
        ""
        if is_small(int(rows[least]))
        else (
            f" ({percent(shares[least])}{by_weight}, {confidently(confidence)} {percent(low[least])} to "
            f"{percent(high[least])})"
        )
    )
    message = (
        f"{feature.name} has {size:,} groups; the smallest{by_weight}, {feature.short(least)}, holds "
        f"{shown_count(int(rows[least]))} of {len(feature.codes):,} rows{figures}."
    )
    cells = tuple(
        (feature.groups[g], int(rows[g]), float(shares[g]), float(low[g]), float(high[g])) for g in order[:TABLE_ROWS]
    )
    evidence = Evidence(
        metric="share of the smallest group",
        value=float(shares[least]),
        interval=Interval(float(low[least]), float(high[least]), confidence, "Wilson"),
        n=len(feature.codes),
        unit="share",
        table=Table(("group", "rows", "share", "low", "high"), cells),
    )
    return Outcome(Status.PASSED, message, Subject(feature.columns), evidence)


def _weigh(feature: Feature, weights: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
    """(G,) weight of each group, and Kish's effective number of all rows."""
    weight = np.bincount(feature.codes, weights=weights, minlength=len(feature.groups)).astype(np.float64)
    squared = float((weights**2).sum())
    return weight, float(weights.sum()) ** 2 / squared if squared > 0 else 0.0
