"""What a series of figures predicts for its next value.

Two descriptions of a series are held against the new value, and only what both rule out is unexpected:

- *level*: the values scatter, independently and normally, around a straight line over the audits; a constant is one.
- *walk*: the changes from one audit to the next scatter so around a constant.

Each gives the classical prediction interval of a regression, which is exact for any number of values (Seber and Lee
2003, Linear Regression Analysis, doi:10.1002/9780471722199, section 5.3). Where a season is known, each weekday has a
level, and a change, of its own; before that, a value like an earlier one of its weekday is no surprise either.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Values = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]
    Places = npt.NDArray[np.intp]
    Weekdays = Sequence[int | None]

# Of fewer values the scatter is not known well enough to say anything.
MIN_AUDITS = 8
# Older audits tell of other times.
WINDOW = 60
# A weekday with four audits has been seen for four weeks; before four weeks a rare value may be the weekend's.
MIN_PER_WEEKDAY = 4
_MONTH = 28
# What part of the probability of a false alarm leaving out past outliers may cost, and how many may be left out.
_FOR_OUTLIERS = 0.2
_MOST_OUTLIERS = 0.1
# Rounding of sums, relative to the values.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Prediction:
    """Where the next value lies, as far as the past tells.

    Attributes
    ----------
    low, high
        Ends of the prediction interval.
    audits
        Number of past values that it rests on.
    seasonal
        Whether it is that of the weekday.
    """

    low: float
    high: float
    audits: int
    seasonal: bool

    def excludes(self, value: float) -> bool:
        """Whether the value lies outside."""
        return not self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class _Fit:
    """A least-squares regression of n values on k columns, and the row of the value that comes next."""

    values: Values
    design: Values
    ahead: Values
    noise: float

    @property
    def degrees(self) -> int:
        return len(self.values) - len(self.ahead)

    @property
    def residuals(self) -> Values:
        """(n,) what the regression leaves of each value."""
        left: Values = self.values - self.design @ (np.linalg.pinv(self.design) @ self.values)
        return left

    def interval(self, alpha: float) -> tuple[float, float]:
        """Prediction interval of the next value; without ends where the values are too few."""
        from scipy.stats import t

        # A weekday that no change leads to has no prediction.
        if self.degrees < 1 or not self.design[:, self.ahead != 0].any(axis=0).all():
            return -math.inf, math.inf
        # What each value weighs in the prediction.
        weights = self.ahead @ np.linalg.pinv(self.design)
        variance = max(float((self.residuals**2).sum()) / self.degrees, self.noise**2)
        half = float(t.isf(alpha / 2, self.degrees)) * math.sqrt(variance * (1 + float((weights**2).sum())))
        middle = float(weights @ self.values)
        return middle - half, middle + half

    def outlying(self, alpha: float) -> Values:
        """(n,) how far each value lies outside what all others allow, in the units of that limit; above 1 is outside.

        Externally studentised residuals, with Bonferroni's correction for the n of them.
        """
        from scipy.stats import t

        if self.degrees < 2:
            return np.zeros(len(self.values))
        leverage = np.clip((self.design * np.linalg.pinv(self.design).T).sum(axis=1), 0, 1 - _ROUNDING)
        own = self.residuals**2 / (1 - leverage)
        others = np.maximum((float((self.residuals**2).sum()) - own) / (self.degrees - 1), self.noise**2)
        limit = float(t.isf(alpha / (2 * len(self.values)), self.degrees - 1))
        rounding = _ROUNDING * (1 + float(np.abs(self.values).max()))
        outside: Values = np.sqrt(own) / (limit * np.sqrt(np.maximum(others, rounding**2)))
        return outside


@dataclass(frozen=True, slots=True)
class _Series:
    """The past, the columns that tell its weekdays apart, and those of the value that comes next."""

    past: Values
    columns: Values
    ahead: Values
    noise: float

    def level(self, kept: Mask) -> _Fit:
        """Regression of the values that count on a straight line."""
        steps = np.arange(len(self.past), dtype=np.float64)
        design = np.column_stack([self.columns, steps])
        return _Fit(self.past[kept], design[kept], np.append(self.ahead, len(steps)), self.noise)

    def walk(self, kept: Mask) -> tuple[_Fit, Places]:
        """Regression of the changes between neighbours that both count, and the value to which each change leads."""
        to = np.flatnonzero(kept[1:] & kept[:-1]) + 1
        changes = self.past[to] - self.past[to - 1]
        return _Fit(changes, self.columns[to], self.ahead, math.sqrt(2) * self.noise), to


def predict(
    values: Sequence[float], weekdays: Weekdays, weekday: int | None, alpha: float, noise: float = 0.0
) -> Prediction | None:
    """Interval in which the value after `values` lies.

    Where either description of the series (see the module) is true, the next value lies outside with a probability of
    `alpha` at most: 0.8 `alpha` for the interval of that description, which the other can only widen, and 0.2 `alpha`
    for leaving out past values as outliers, which happens only where both descriptions rule them out.

    Parameters
    ----------
    values
        The past, oldest first; the last `WINDOW` of them count.
    weekdays
        Of each value, 0 to 6; None where not known.
    weekday
        Of the next value.
    alpha
        In (0, 1).
    noise
        Standard deviation that a value has at least, such as the sampling error of a share: the past may be constant
        by chance.

    Returns
    -------
    Prediction or None
        None below `MIN_AUDITS` values.
    """
    past = np.asarray(values[-WINDOW:], dtype=np.float64)
    if len(past) < MIN_AUDITS:
        return None
    days, season = list(weekdays[-WINDOW:]), _season(weekdays[-WINDOW:], weekday)
    usable = np.array([not season or day in season for day in days])
    columns = np.array([[float(day == known) for known in season] if season else [1.0] for day in days])
    ahead = np.array([float(weekday == known) for known in season] if season else [1.0])

    series = _Series(past, columns, ahead, noise)
    if len(past) >= _MONTH:
        usable = _without_outliers(series, usable, _FOR_OUTLIERS * alpha)
    level, (walk, _) = series.level(usable), series.walk(usable)
    inside, last = (1 - _FOR_OUTLIERS) * alpha, float(past[usable][-1])
    (low, high), (fall, rise) = level.interval(inside), walk.interval(inside)
    if not season:
        # Of a weekday that is not known well yet, what little is known of it may be the season.
        of_weekday = np.array([day == weekday is not None for day in days])
        apart = level.residuals[of_weekday[usable]]
        low, high = low + apart.min(initial=0.0), high + apart.max(initial=0.0)
    rounding = _ROUNDING * (1 + float(np.abs(past).max()))
    low, high = min(low, last + fall) - rounding, max(high, last + rise) + rounding
    return Prediction(low, high, int(usable.sum()), bool(season))


def _season(weekdays: Weekdays, weekday: int | None) -> list[int]:
    """The weekdays that are known well, if the next value's is one of several; otherwise none."""
    counts = Counter(day for day in weekdays if day is not None)
    known = sorted(day for day, times in counts.items() if times >= MIN_PER_WEEKDAY)
    return known if weekday in known and len(known) > 1 else []


def _without_outliers(series: _Series, usable: Mask, alpha: float) -> Mask:
    """`usable` without the values that both descriptions rule out, the farthest first.

    The last one stays: a series that somebody accepted at a new level goes on from there.
    """
    kept = usable.copy()
    for _ in range(int(_MOST_OUTLIERS * usable.sum())):
        by_level, by_walk = np.zeros(len(kept)), np.zeros(len(kept))
        by_level[kept] = series.level(kept).outlying(alpha)
        walk, to = series.walk(kept)
        changes = walk.outlying(alpha)
        # A value is as far off as the larger of the changes to it and from it.
        np.maximum.at(by_walk, to, changes)
        np.maximum.at(by_walk, to - 1, changes)
        outside = np.minimum(by_level, by_walk)[: np.flatnonzero(usable)[-1]]
        if outside.max(initial=0.0) <= 1:
            break
        kept[outside.argmax()] = False
    return kept
