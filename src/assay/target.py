"""The scale on which a numeric label is learned and judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

# A spread is taken from this share of the values, those nearest to the median. The half of the usual MAD would give
# labels of which many are one value (40 hours a week) next to none; up to a fifth of wrong labels do not move this.
SPREAD_SHARE = 0.8
# Kelly's measure of skewness is 0.31 for a lognormal distribution with a logarithmic deviation of 0.5, 0.47 for an
# exponential one: more than this, and most of the scale would be spent on a few large values.
MAX_SKEWNESS = 1 / 3
# A label farther out than this many deviations counts as one at this distance, where squares and means are taken: a
# few slips by a factor of ten would be all there is to R2 otherwise.
BOUND = 4.0


@dataclass(frozen=True, slots=True)
class TargetScale:
    """z = (f(y) - centre) / spread.

    Attributes
    ----------
    centre, spread
        Median and robust standard deviation of f(y), see `measure_spread`: a few wrong labels move neither.
    knee
        f(y) = asinh(y / knee), which is a logarithm for |y| well above `knee` and linear below; None for f(y) = y.
    """

    centre: float
    spread: float
    knee: float | None = None

    def apply(self, y: Values) -> Values:
        """Bring labels, any shape, to the scale; NaN stays NaN."""
        with np.errstate(over="ignore"):
            return np.clip((_forward(y, self.knee) - self.centre) / self.spread, -1e300, 1e300)

    def invert(self, z: Values) -> Values:
        """Bring values on the scale, any shape, back to units of the label."""
        raw = z * self.spread + self.centre
        # sinh overflows beyond 710: no prediction is sent there.
        return raw if self.knee is None else np.sinh(np.clip(raw, -700.0, 700.0)) * self.knee

    @property
    def is_logarithmic(self) -> bool:
        """Whether equal steps on the scale are equal ratios of the label, away from 0."""
        return self.knee is not None


def choose_scale(target: Values) -> TargetScale:
    """Choose the scale of a numeric label: its own, or a logarithmic one where it is much skewed.

    Skewness is Kelly's measure, (q90 + q10 - 2 q50) / (q90 - q10), in [-1, 1]: up to a tenth of wrong labels on
    either side cannot make it large. The logarithm is taken where the measure exceeds `MAX_SKEWNESS` and the
    logarithm makes it smaller.

    Parameters
    ----------
    target
        (N,) float64 with two distinct finite values; NaN where missing.
    """
    known = target[np.isfinite(target)]
    with np.errstate(over="ignore", invalid="ignore"):
        sizes = np.abs(known[known != 0])
        low, high = np.quantile(sizes, (0.1, 0.9))
        # Labels next to 0 must not stretch the scale over hundreds of powers of ten.
        knee = max(float(low), 1e-9 * float(high))
        skewed = abs(_skewness(known)) > MAX_SKEWNESS
        if skewed and abs(_skewness(_forward(known, knee))) < abs(_skewness(known)):
            return _standardise(_forward(known, knee), knee)
        return _standardise(known, None)


def _forward(y: Values, knee: float | None) -> Values:
    return y if knee is None else np.arcsinh(y / knee)


def _skewness(values: Values) -> float:
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
    return float((high / 2 + low / 2 - middle) / (high / 2 - low / 2)) if high > low else 0.0


def _standardise(values: Values, knee: float | None) -> TargetScale:
    centre, spread = measure_spread(values)
    # Where the spread overflows or vanishes, the next measure is tried.
    spreads = (spread, float(np.std(values)), float(np.ptp(values)))
    return TargetScale(centre, next((s for s in spreads if np.isfinite(s) and s > 0), 1.0), knee)


def measure_spread(values: Values) -> tuple[float, float]:
    """Median, and the standard deviation of a normal distribution with `SPREAD_SHARE` of its values as near to it."""
    from scipy.special import ndtri

    middle = float(np.median(values))
    away = np.abs(values - middle)
    return middle, float(np.quantile(away, SPREAD_SHARE)) / float(ndtri(0.5 + SPREAD_SHARE / 2))
