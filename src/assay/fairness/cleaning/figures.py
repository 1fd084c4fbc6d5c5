"""What two trainings are compared in: figures of tables of counts (group x y_true x y_pred before x y_pred after)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.simultaneous import critical_value
from assay.intervals import bonferroni

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """Two rates, before and after, in each of G compared groups.

    Attributes
    ----------
    cases
        (C, G) bool: the cells that are cases of the group.
    hits
        (C,) bool each, before and after: among the cases, those that count.
    """

    cases: npt.NDArray[np.bool_]
    hits: tuple[Mask, Mask]

    def values(self, counts: Counts) -> Counts:
        """Return the rates (2, B, G) of B tables of counts (B, C); NaN where a group has no case."""
        cases = self._sums(counts, np.ones(len(self.cases), dtype=bool))
        hits = np.stack([self._sums(counts, hit) for hit in self.hits])
        values: Counts = np.divide(hits, cases, out=np.full(hits.shape, np.nan), where=cases > 0)
        return values

    def _sums(self, counts: Counts, where: Mask) -> Counts:
        # Of one class among many only few cells count: the others are not worth their multiplication.
        used = np.flatnonzero(where & self.cases.any(axis=1))
        sums: Counts = counts[:, used] @ self.cases[used].astype(np.float64)
        return sums


@dataclass(frozen=True, slots=True, eq=False)
class Accuracy:
    """The share of rows whose label was predicted."""

    rate: Rate

    def __call__(self, counts: Counts) -> Counts:
        """Return (2, B) figures of (B, C) counts."""
        return self.rate.values(counts)[:, :, 0]


@dataclass(frozen=True, slots=True, eq=False)
class PairDifference:
    """The difference of a rate between two groups: those that lay farthest apart before the cleaning.

    A largest difference is never negative and picks its groups anew in every draw, so that a bootstrap of it covers
    nothing. The difference of two fixed groups has a sign: below 0 after, the disparity is reversed.

    Attributes
    ----------
    rate
        Rates of the compared groups.
    high, low
        Positions among these of the group with the highest and the lowest rate before.
    critical
        Normal critical value at which the changes of all pairs of groups, in all rates that the pair was picked
        from, hold together: the pair was picked on the same rows.
    """

    rate: Rate
    high: int
    low: int
    critical: float

    def __call__(self, counts: Counts) -> Counts:
        """Return (2, B) figures of (B, C) counts."""
        values = self.rate.values(counts)
        difference: Counts = values[:, :, self.high] - values[:, :, self.low]
        return difference


def pick_pair(rates: Sequence[Rate], weight: Counts, confidence: float) -> PairDifference | None:
    """Pick the rate and the two groups that lie farthest apart before the cleaning; None where there is no rate."""
    before = [rate.values(weight[None])[0, 0] for rate in rates]
    if not rates:
        return None
    top = max(range(len(rates)), key=lambda index: float(np.ptp(before[index])))
    level = bonferroni(confidence, len(rates))
    # Of equal rates the first is the lowest and the last the highest: two groups, not one.
    high = int(np.flatnonzero(before[top] == before[top].max())[-1])
    critical = critical_value(max(len(values) for values in before), level)
    return PairDifference(rates[top], high, int(before[top].argmin()), critical)
