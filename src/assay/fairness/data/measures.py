"""How far the labels of the groups lie apart: the measures of the field, each group against all other rows.

Names and signs are those of SageMaker Clarify (Hardt et al. 2021, doi:10.1145/3447548.3467177): `a` are all other
rows, `d` is the group. Every measure is of the distributions over all labels that occur, in either of the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.data.distances import OF_CLASSES, OF_NUMBERS, draw_errors, limits_of
from assay.fairness.simultaneous import wilson_limits
from assay.intervals import bonferroni, normal_quantile

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.fairness.counts import Feature
    from assay.fairness_config import FairnessConfig

    Values = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

COLUMNS = ("feature", "group", "measure", "value", "low", "high", "n")
CLASS_IMBALANCE = "class imbalance"
POSITIVE_PROPORTIONS = "difference in positive proportions"


@dataclass(frozen=True, slots=True, eq=False)
class LabelTable:
    """The labels of G groups as counts, of K labels or bins that occur.

    Attributes
    ----------
    rows
        (G,) int64 rows with a label.
    effective
        (G,) their effective number under the weights (Kish); the rows again without weights.
    weight
        (G, K) total weight.
    steps
        (K - 1,) distances between neighbouring bins, for a numeric label; None for classes.
    """

    rows: Codes
    effective: Values
    weight: Values
    steps: Values | None = None

    @property
    def of_group(self) -> Values:
        """(G, K) distribution of the labels in each group; NaN for a group without a label."""
        return _normalised(self.weight)

    @property
    def of_others(self) -> Values:
        """(G, K) distribution of the labels in all other rows."""
        return _normalised(self.weight.sum(axis=0) - self.weight)

    @property
    def effective_others(self) -> Values:
        """(G,) effective number of all other rows."""
        weight = self.weight.sum(axis=1)
        squared = np.divide(weight**2, self.effective, out=np.zeros(len(weight)), where=self.effective > 0)
        rest, rest_squared = weight.sum() - weight, squared.sum() - squared
        return np.asarray(np.divide(rest**2, rest_squared, out=np.zeros(len(weight)), where=rest_squared > 0))


def _normalised(weight: Values) -> Values:
    # What is left of the other rows after a subtraction may be a rounding error below 0.
    weight = np.maximum(weight, 0.0)
    total = weight.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(weight, total, out=np.full(weight.shape, np.nan), where=total > 0))


def tabulate(
    feature: Feature, labels: Codes, weights: Values | None, size: int, steps: Values | None = None
) -> LabelTable:
    """Count labels, (N,) codes in 0..size-1 with -1 for a row that does not count, by the groups of a feature."""
    kept = labels >= 0
    codes, labels = feature.codes[kept], labels[kept]
    groups = len(feature.groups)
    rows = np.bincount(codes, minlength=groups).astype(np.int64)
    flat = np.bincount(
        codes * size + labels, weights=None if weights is None else weights[kept], minlength=groups * size
    )
    weight = flat.reshape(groups, size).astype(np.float64)
    if weights is None:
        return LabelTable(rows, rows.astype(np.float64), weight, steps)
    squared = np.bincount(codes, weights=weights[kept] ** 2, minlength=groups)
    effective = np.divide(weight.sum(axis=1) ** 2, squared, out=np.zeros(groups), where=squared > 0)
    return LabelTable(rows, effective, weight, steps)


def measure_table(table: LabelTable, positive: int | None, config: FairnessConfig) -> list[Measure]:
    """All measures of a table: class imbalance, difference in positive proportions, and the distances.

    Parameters
    ----------
    table
        Counts of the labels by group.
    positive
        Index of the positive label, or None: then there is no difference in positive proportions.
    config
        `confidence` of each interval by itself, and of the joint ones of the groups with `min_group_size` rows.
    """
    compared = np.flatnonzero(table.rows >= config.min_group_size)
    proportions = [] if positive is None else [_proportions(table, compared, positive, config)]
    return [_imbalance(table, compared, config), *proportions, *_distances(table, compared, config)]


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """One measure of G groups, with limits of each by itself and joint ones; NaN where it cannot be estimated."""

    name: str
    estimates: Values
    low: Values
    high: Values
    joint_low: Values
    joint_high: Values

    def largest(self, compared: Codes) -> tuple[float, float, float]:
        """Largest absolute value of the compared groups, and the largest of its lower and of its upper limits."""
        values, low, high = (x[compared] for x in (np.abs(self.estimates), self.joint_low, self.joint_high))
        # One group of which nothing is known, or that lies infinitely far, may be the largest.
        if not len(compared) or np.isnan(values).any():
            return np.nan, np.nan, np.nan
        nearest = np.maximum(0.0, np.maximum(low, -high))
        return float(values.max()), float(nearest.max()), float(np.maximum(high, -low).max())


def _imbalance(table: LabelTable, compared: Codes, config: FairnessConfig) -> Measure:
    """(n_a - n_d) / (n_a + n_d), in [-1, 1]: above 0 the group is less than half of the rows."""
    weight = table.weight.sum(axis=1)
    total = max(float(weight.sum()), np.finfo(float).tiny)
    squared = np.divide(weight**2, table.effective, out=np.zeros(len(weight)), where=table.effective > 0).sum()
    shares = np.where(weight > 0, weight / total, np.nan)
    n = np.full(len(weight), float(weight.sum()) ** 2 / squared if squared > 0 else 0.0)
    limits = [
        1 - 2 * limit
        for confidence in (config.confidence, bonferroni(config.confidence, len(compared)))
        for limit in reversed(wilson_limits(shares, n, normal_quantile(confidence)))
    ]
    return Measure(CLASS_IMBALANCE, 1 - 2 * shares, *limits)


def _proportions(table: LabelTable, compared: Codes, positive: int, config: FairnessConfig) -> Measure:
    """q_a - q_d, in [-1, 1], with Newcombe's limits: above 0 the group has the positive label less often."""
    p, q = table.of_group[:, positive], table.of_others[:, positive]
    limits: list[Values] = []
    for confidence in (config.confidence, bonferroni(config.confidence, len(compared))):
        z = normal_quantile(confidence)
        (p_low, p_high), (q_low, q_high) = (
            wilson_limits(p, table.effective, z),
            wilson_limits(q, table.effective_others, z),
        )
        limits += [q - p - np.hypot(q - q_low, p_high - p), q - p + np.hypot(q_high - q, p - p_low)]
    return Measure(POSITIVE_PROPORTIONS, q - p, *limits)


def _distances(table: LabelTable, compared: Codes, config: FairnessConfig) -> list[Measure]:
    kinds = OF_CLASSES if table.steps is None else OF_NUMBERS
    groups = len(table.rows)
    # Without labels of its own, or of others, a group has no distance to them.
    known = np.flatnonzero((table.effective > 0) & (table.effective_others > 0))
    found = []
    errors = draw_errors(kinds, table.weight[known], table.effective[known], table.steps) if len(known) > 1 else {}
    p, q = table.of_group[known], table.of_others[known]
    for kind in kinds:
        # Infinite where a label never occurs in the group: no figure, and no limits.
        values = kind.measure(q, p, table.steps) if len(known) else np.empty(0)
        values = np.where(np.isfinite(values), values, np.nan)
        single, joint = error_limits(errors.get(kind.name), np.isin(known, compared), config.confidence)
        spread = [values, *limits_of(kind, values, single), *limits_of(kind, values, joint)]
        whole = [np.full(groups, np.nan) for _ in spread]
        for target, part in zip(whole, spread, strict=True):
            target[known] = part
        found.append(Measure(kind.name, *whole))
    return found


def error_limits(errors: Values | None, compared: npt.NDArray[np.bool_], confidence: float) -> tuple[Values, Values]:
    """(G,) how far estimates are off at most: of each group by itself, and of all `compared`, (G,) bool, together.

    `errors` are (B, G) drawn errors of 0 or more; without any, nothing is known and all is NaN.
    """
    nothing = np.full(len(compared), np.nan)
    if errors is None or not len(errors):
        return nothing, nothing
    single = np.quantile(errors, confidence, axis=0)
    if not compared.any():
        return single, nothing
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.nanmax(np.where(single > 0, errors / single, 0.0)[:, compared], axis=1)
    return single, single * max(1.0, float(np.quantile(most, confidence)))
