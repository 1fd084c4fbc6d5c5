"""How far a numeric label lies from its prediction, and how far right labels do.

Residuals differ in size along the prediction (large values vary more), and have heavier tails than a normal
distribution where nothing is wrong. So they are divided by a local spread, and what a right label may do is fitted to
the central residuals of each side, where wrong labels are few: Efron's empirical null (2004,
doi:10.1198/016214504000000089), with Student's t in place of the normal distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Interval
from assay.intervals import wilson
from assay.target import SPREAD_SHARE, measure_spread

if TYPE_CHECKING:
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

# Rows of a bin of the prediction: fewer have no spread of their own.
ROWS_PER_BIN = 40
MOST_BINS = 20
# No bin is taken to be this many times more exact than all rows together.
LEAST_SPREAD = 0.4
# Of each side's residuals the null is fitted to those between these quantiles: not to a spike at the prediction,
# and not to the outermost, where wrong labels are.
WINDOW = (0.3, 0.92)
_CELLS = 30
# Right labels may have tails like these. None of more than 5 degrees of freedom is used to call a label suspect: what
# lies in the window can hardly tell 5 from 50.
_DEGREES = np.array([2.5, 3.0, 4.0, 5.0, 10.0, 20.0, 1e6])
_MOST_DEGREES = 3  # position of the 5
# Fewer cells show no shape.
_MIN_CELLS = 4
_SCALES = np.geomspace(0.2, 4.0, 81)
# Half the 90% quantile of chi-squared with one degree of freedom: tails as likely as this are possible.
_LIKELY = 1.35
# A side with fewer residuals tells nothing about its tail.
MIN_SIDE = 30
# Labels are counted as far off beyond the distance that one right label in a hundred reaches.
FAR = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """What right labels do on one side of their predictions: scaled half-t distributions.

    Attributes
    ----------
    degrees, scale
        (P,) degrees of freedom and scale of each possible distribution; the first is the one that is used.
    right
        (P,) estimated share of right labels on this side under each, in (0, 1].
    """

    degrees: Values
    scale: Values
    right: Values

    def tail(self, distance: Values) -> Values:
        """(P, D): share of right labels at least as far out as each of (D,) distances, under each distribution."""
        from scipy.special import stdtr

        return np.asarray(2 * stdtr(self.degrees[:, None], -distance[None] / self.scale[:, None]), dtype=np.float64)

    def reach(self, share: float) -> float:
        """Distance that this share of right labels reaches, under the distribution that is used."""
        from scipy.special import stdtrit

        return float(-stdtrit(self.degrees[0], share / 2) * self.scale[0])


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Residuals of J judged rows.

    Attributes
    ----------
    centre, spread
        (J,) local median and spread (a standard deviation, by `SPREAD_SHARE`) of residuals at the row's prediction.
    distance
        (J,) signed: (residual - centre) / spread.
    nulls
        Of the labels below and above their predictions; None where the rows are too few.
    """

    centre: Values
    spread: Values
    distance: Values
    nulls: tuple[Null, Null] | None

    def survival(self) -> Values:
        """(J,) share of right labels, on the row's side, at least as far out as the row."""
        assert self.nulls is not None
        out = np.empty(len(self.distance))
        for side, null in zip(_sides(self.distance), self.nulls, strict=True):
            out[side] = null.tail(np.abs(self.distance[side]))[0]
        return out

    @property
    def right_rows(self) -> float:
        """Estimated number of right labels."""
        assert self.nulls is not None
        sizes = (int(side.sum()) for side in _sides(self.distance))
        return float(sum(size * null.right[0] for size, null in zip(sizes, self.nulls, strict=True)))

    def within(self, rows: npt.NDArray[np.bool_]) -> Residuals:
        """Residuals of a group, by its own median and spread: a group that varies more is not one that errs more."""
        distance = self.distance[rows]
        middle, spread = _median_and_spread(distance)
        own = len(distance) / (len(distance) + ROWS_PER_BIN)
        return Residuals(self.centre[rows], self.spread[rows], (distance - own * middle) / spread**own, self.nulls)

    @property
    def far(self) -> npt.NDArray[np.bool_]:
        """(J,) whether a label lies farther out than `FAR` of the right ones on its side."""
        return self.is_far(self.distance)

    def is_far(self, distance: Values) -> npt.NDArray[np.bool_]:
        """Whether distances, (J,), lie farther out than `FAR` of the right labels on their side."""
        assert self.nulls is not None
        below, above = (null.reach(FAR) for null in self.nulls)
        return np.abs(distance) > np.where(distance < 0, below, above)


def measure_residuals(prediction: Values, residual: Values) -> Residuals:
    """Divide residuals by their local spread, and fit what right labels do.

    Parameters
    ----------
    prediction, residual
        (J,) out-of-sample predictions, and labels less predictions, on one scale.
    """
    centre, spread = compute_local_spread(prediction, residual)
    distance = (residual - centre) / spread
    sides = _sides(distance)
    enough = min(int(side.sum()) for side in sides) >= MIN_SIDE
    return Residuals(centre, spread, distance, fit_nulls(distance) if enough else None)


def _sides(distance: Values) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    return distance < 0, distance >= 0


def compute_local_spread(prediction: Values, residual: Values) -> tuple[Values, Values]:
    """Local median and spread of the residuals along the prediction: two arrays (J,).

    Median and spread (see `measure_spread`) in up to `MOST_BINS` bins of equally many predictions, linear in between.
    A bin's figures are drawn towards those of all rows, as if it had `ROWS_PER_BIN` of them more.
    """
    rows = len(residual)
    middle, overall = _median_and_spread(residual)
    bins = min(MOST_BINS, rows // ROWS_PER_BIN)
    if bins < 2:
        return np.full(rows, middle), np.full(rows, overall)
    order = np.argsort(prediction, kind="stable")
    rank = np.empty(rows)
    rank[order] = np.arange(rows)
    parts = np.array_split(order, bins)
    at = np.array([rank[part].mean() for part in parts])
    medians, spreads = np.array([_median_and_spread(residual[part]) for part in parts]).T
    sizes = np.array([len(part) for part in parts])
    own = sizes / (sizes + ROWS_PER_BIN)
    spreads = np.maximum(spreads, LEAST_SPREAD * overall) ** own * overall ** (1 - own)
    centre = np.interp(rank, at, own * medians + (1 - own) * middle)
    return centre, np.exp(np.interp(rank, at, np.log(spreads)))


def _median_and_spread(residual: Values) -> tuple[float, float]:
    """Median, and the standard deviation of a normal distribution with as many values as near to it."""
    middle, spread = measure_spread(residual)
    # Where the predictions are exact for most rows, the others set the measure; 1 where they are for all.
    return middle, spread or float(np.mean(np.abs(residual - middle))) or 1.0


def fit_nulls(distance: Values) -> tuple[Null, Null]:
    """Fit half-t distributions to the central distances below and above 0.

    Both sides have the degrees of freedom in common, and each a scale of its own. Maximum likelihood on a grid, for
    counts in cells of each side's `WINDOW`, given that a row lies there: what lies elsewhere, right or wrong, does
    not enter.

    Parameters
    ----------
    distance
        (J,), `MIN_SIDE` or more on each side of 0.
    """
    sides = [np.abs(distance[side]) for side in _sides(distance)]
    fits = [_fit_side(side) for side in sides]
    likelihood = fits[0][0] + fits[1][0]
    best = int(np.argmax(likelihood))
    possible = np.flatnonzero(likelihood >= likelihood[best] - _LIKELY)
    kept = np.concatenate([[min(best, _MOST_DEGREES)], possible])
    below, above = (Null(_DEGREES[kept], scale[kept], right[kept]) for _, scale, right in fits)
    return below, above


def _fit_side(distance: Values) -> tuple[Values, Values, Values]:
    """For each of the possible degrees of freedom: log-likelihood, scale, and share of right labels."""
    low, high = np.quantile(distance, WINDOW)
    inside = distance[(distance >= low) & (distance <= high)]
    edges = np.unique(np.quantile(inside, np.linspace(0, 1, _CELLS + 1)))
    if len(edges) < _MIN_CELLS:  # nearly all distances are one: there is no shape to fit
        typical = float(np.quantile(distance, SPREAD_SHARE)) or 1.0
        return np.zeros(len(_DEGREES)), np.full(len(_DEGREES), typical), np.ones(len(_DEGREES))
    counts, _ = np.histogram(inside, edges)
    scales = _SCALES * (float(np.median(inside)) or 1.0)
    below = _share_below(edges / scales[:, None])  # (degrees, scales, edges)
    window = np.maximum(below[..., -1] - below[..., 0], 1e-300)
    cells = np.maximum(np.diff(below, axis=-1) / window[..., None], 1e-300)
    likelihood = np.log(cells) @ counts
    best = likelihood.argmax(axis=1)
    each = np.arange(len(_DEGREES))
    right = np.clip(len(inside) / len(distance) / window[each, best], WINDOW[1], 1.0)
    return likelihood[each, best], scales[best], right


def _share_below(distance: Values) -> Values:
    """Share of each half-t distribution below distances of any shape S: (degrees, *S)."""
    from scipy.special import stdtr

    return np.asarray(2 * stdtr(_DEGREES.reshape(-1, *[1] * distance.ndim), distance[None]) - 1, dtype=np.float64)


def compute_seen_share(residuals: Residuals, prediction: Values, target: Values) -> float:
    """Share of the labels that would lie far off if each were the label of another row, drawn at random."""
    others = np.random.default_rng(0).permutation(target)
    return float(residuals.is_far((others - prediction - residuals.centre) / residuals.spread).mean())


@dataclass(frozen=True, slots=True)
class Excess:
    """Labels that are far off beyond what right labels are.

    Attributes
    ----------
    value, interval
        Estimated share of labels that are far off and wrong, in [0, 1]. Nothing bounds the share of smaller errors.
    far, n
        Number of labels far off, and of labels.
    """

    value: float
    interval: Interval
    far: int
    n: int


def estimate_excess(residuals: Residuals, confidence: float = 0.95) -> Excess:
    """Estimate the share of wrong labels among the labels farther out than `FAR` of the right ones.

    (labels beyond - right labels expected beyond) / labels. The interval joins the sampling error of the count
    (Wilson) with every null that the central residuals allow.

    Parameters
    ----------
    residuals
        With nulls; of one row at least.
    """
    assert residuals.nulls is not None
    n, far = len(residuals.distance), int(residuals.far.sum())
    # The share of right labels beyond: as used, least, most.
    expected = np.zeros(3)
    for side, null in zip(_sides(residuals.distance), residuals.nulls, strict=True):
        beyond = null.right * null.tail(np.array([null.reach(FAR)]))[:, 0]
        expected += np.array([beyond[0], beyond.min(), beyond.max()]) * side.sum() / n
    counted = wilson(far, n, confidence)
    assert counted is not None
    low, high = max(0.0, counted.low - expected[2]), max(0.0, counted.high - expected[1])
    value = min(max(far / n - expected[0], low), high)
    return Excess(value, Interval(low, high, confidence, "Wilson, over all likely nulls"), far, n)


def compute_false_share(residuals: Residuals) -> Values:
    """(J,) expected share of right labels among the rows at least as far out as each, in [0, 1].

    Storey's q-value (2002, doi:10.1111/1467-9868.00346) of the survival: right rows * survival / rows as far
    out, made monotone.
    """
    survival = residuals.survival()
    order = np.argsort(survival, kind="stable")
    rank = np.searchsorted(survival[order], survival[order], side="right")
    share = np.minimum(1.0, residuals.right_rows * survival[order] / rank)
    monotone = np.minimum.accumulate(share[::-1])[::-1]
    out = np.empty(len(order))
    out[order] = monotone
    return out


def compute_right_probability(residuals: Residuals) -> Values:
    """(J,) probability that each label is right, in [0, 1]: the local false discovery rate.

    share of right labels / density of the survival, which is 1 for right labels. The density is Grenander's: the
    slopes of the least concave majorant of the distribution (Strimmer 2008, doi:10.1186/1471-2105-9-303).
    """
    from scipy.optimize import isotonic_regression

    survival, place, counts = np.unique(residuals.survival(), return_inverse=True, return_counts=True)
    rows = len(place)
    # Survivals that underflow are as good as the smallest number.
    steps = np.maximum(np.diff(survival, prepend=0.0), np.finfo(np.float64).tiny)
    density = isotonic_regression(counts / rows / steps, weights=steps, increasing=False).x
    right = np.minimum(1.0, residuals.right_rows / rows / density)
    return np.asarray(right[place], dtype=np.float64)
