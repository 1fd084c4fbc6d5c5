"""Where the tail of a column of numbers ends, and how sure it is that a number beyond is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]

# (q90 - q75) / (q75 - q50): 0.6 of a uniform, 0.9 of a normal, 1.3 of an exponential, 1.7 of a lognormal distribution
# with sigma 1. Up to here the exponential bounds the tail. What lies further out than the 90% quantile may be errors.
HEAVIEST = 1.5
# The fence stands where an exponential tail would put this many of all rows.
EXPECTED_BEYOND = 0.05
# At the fence a value is likelier right than wrong. With each `FADING` e-folds of an exponential tail beyond it, the
# probability that it is right falls to 1/e: slowly, since tails are heavier than they look.
AT_FENCE, FADING = 0.4, 3.0
# More than this share beyond it is a second kind of values and no slip; where they are many rows, so is a smaller one.
MAX_BEYOND, MAX_MANY_BEYOND, MANY = 0.05, 0.02, 20
# And so are many different values that lie within so many times the distance of the quartiles of all.
REGIME, MIN_REGIME_VALUES = 3.0, 5
# Whole numbers that are so few apart are neighbours, however few rows hold them.
MAX_STEPS = 2.0


@dataclass(frozen=True, slots=True)
class Fence:
    """The end of one tail.

    Attributes
    ----------
    sign
        1 of the upper tail, -1 of the lower.
    log
        Whether `at` and `scale` are of the logarithms.
    at
        Where the tail ends, times `sign`; infinite where it is too heavy to have an end.
    scale
        Mean excess of the exponential tail, positive.
    """

    sign: float
    log: bool
    at: float
    scale: float

    @property
    def ends(self) -> bool:
        """Whether there is an end."""
        return bool(np.isfinite(self.at))

    def place(self, figures: Floats) -> Floats:
        """Put numbers on the scale of `at`; what has no logarithm is never beyond."""
        if not self.log:
            return self.sign * figures
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(figures > 0, self.sign * np.log(figures), -np.inf)

    def sure(self, figures: Floats) -> Floats:
        """Probability in [0, 1] that each number is wrong; 0 inside the fence."""
        if not self.ends:
            return np.zeros(len(figures))
        excess = (self.place(figures) - self.at) / self.scale
        with np.errstate(over="ignore"):
            return np.where(excess > 0, 1 - (1 - AT_FENCE) * np.exp(-np.maximum(excess, 0) / FADING), 0.0)


def fence_of(figures: Floats, counts: Counts, sign: float, scales: tuple[str, ...]) -> Fence:
    """Find the end of a tail in the first of the scales ("plain", "log") in which it is light.

    Parameters
    ----------
    figures, counts
        (D,) ascending distinct numbers, and the rows of each.
    sign
        1 for the upper tail, -1 for the lower.
    scales
        To be tried in this order; for logarithms, what is not positive is left out.
    """
    for scale in scales:
        use = figures > 0 if scale == "log" else np.ones(len(figures), dtype=bool)
        y = np.log(figures[use]) if scale == "log" else figures[use]
        at, mean = _light_fence(sign * y, counts[use], sign)
        if np.isfinite(at):
            return Fence(sign, scale == "log", at, mean)
    return Fence(sign, log=False, at=float("inf"), scale=1.0)


def _light_fence(y: Floats, counts: Counts, sign: float) -> tuple[float, float]:
    """Upper fence and mean excess of a tail that is no heavier than exponential; infinite for a heavier one."""
    if sign < 0:
        y, counts = y[::-1], counts[::-1]
    share = (np.cumsum(counts) - counts / 2) / counts.sum()
    q50, q75, q90 = np.interp([0.5, 0.75, 0.9], share, y)
    if q75 <= q50 or q90 <= q75 or (q90 - q75) > HEAVIEST * (q75 - q50):
        return float("inf"), 1.0
    # Quantile 1 - p of an exponential distribution is -log(p) times its mean.
    mean = (q90 - q50) / (np.log(10) - np.log(2))
    return float(q50 + mean * (np.log(counts.sum() / EXPECTED_BEYOND) - np.log(2))), float(mean)


def beyond(figures: Floats, counts: Counts, fence: Fence, rows: int) -> Floats:
    """(D,) probability that each ascending number is wrong, 0 where it is inside, near, or one of a second kind."""
    sure = fence.sure(figures)
    sure[figures == 0] = 0.0  # nothing is no small number
    if not sure.any():
        return sure
    apart = _apart(figures, counts, fence)
    sure[~apart] = 0.0
    out = sure > 0
    there = int(counts[out].sum())
    many = there >= MANY
    if there > (MAX_MANY_BEYOND if many else MAX_BEYOND) * rows:
        return np.zeros_like(sure)
    if not fence.log and out.sum() >= MIN_REGIME_VALUES:
        low, high = np.quantile(np.repeat(figures[out], counts[out]), [0.25, 0.75])
        share = np.cumsum(counts) / counts.sum()
        usual = np.interp(0.75, share, figures) - np.interp(0.25, share, figures)
        if high - low <= REGIME * usual:
            return np.zeros_like(sure)
    return sure


def _apart(figures: Floats, counts: Counts, fence: Fence) -> npt.NDArray[np.bool_]:
    """Whether a gap lies between each number and the others that is wider than any among the inner 90% of the rows."""
    order = slice(None) if fence.sign > 0 else slice(None, None, -1)
    x, rows = figures[order], counts[order]
    y = fence.place(x)
    share = (np.cumsum(rows) - rows / 2) / rows.sum()
    inner = y[(share >= 0.05) & (share <= 0.95) & np.isfinite(y)]
    widest = np.diff(inner).max(initial=0.0)
    with np.errstate(invalid="ignore"):
        gap = np.diff(y, prepend=y[0]) > widest
    if (x == np.round(x)).all():
        gap &= np.abs(np.diff(x, prepend=x[0])) > MAX_STEPS
    # The first gap at or behind the last number inside the fence.
    gap &= np.append(y[1:], np.inf) > fence.at
    result = np.zeros(len(x), dtype=bool)
    result[order] = np.logical_or.accumulate(gap & (y > fence.at))
    return result
