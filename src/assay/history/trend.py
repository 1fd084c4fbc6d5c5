"""Which figures of an audit are not what the audits before it predict."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from assay.history.figures import ROWS, SHARES
from assay.history.prediction import MIN_AUDITS, WINDOW, Prediction, predict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from assay.history.figures import Figure, Key

# Probability that an audit is told of although nothing changed: of a hundred nights, one at most.
ALPHA = 0.01
# Half of it is the number of rows' own, in which most accidents show; the other figures share the rest.
_OF_ROWS = 0.5
# What so many audits of the past have in common is told where it ends.
NEARLY_ALL = 0.9
# What a figure cannot leave, no interval need hold.
_BOUNDS = {ROWS: (0.0, math.inf), **dict.fromkeys(SHARES, (0.0, 1.0))}
_HALF_WIDTHS = 2 * 1.959964  # of a 95% interval, in standard errors


@dataclass(frozen=True, slots=True)
class Point:
    """A figure in one audit of the past.

    Attributes
    ----------
    value
        Not None: an audit without the figure is no point.
    created
        ISO 8601, as the manifest has it.
    unexpected
        Whether DQ040 told of it, and nobody waived that.
    state
        Which state of the data it is of: 0 is the oldest.
    """

    value: float
    created: str | None = None
    unexpected: bool = False
    state: int = 0


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure, what is known of it from earlier audits, and what they predict; None where they are too few."""

    figure: Figure
    past: tuple[Point, ...]
    prediction: Prediction | None

    @property
    def is_unexpected(self) -> bool:
        """Whether the figure lies outside what is predicted."""
        value = self.figure.value
        return self.prediction is not None and value is not None and self.prediction.excludes(value)

    @property
    def held(self) -> int | None:
        """The number of rows that nearly every audit of the past had, where this one has another.

        Chance alone holds a count of at least 1 there with a probability below 0.1% (Poisson; it is likeliest around a
        mean of 1). None where there is no such number, or it did not change.
        """
        if self.prediction is None or self.figure.key.metric != ROWS:
            return None
        value, times = Counter(point.value for point in self.past).most_common(1)[0]
        is_held = times >= MIN_AUDITS and times >= NEARLY_ALL * len(self.past)
        return int(value) if is_held and value != self.figure.value else None


@dataclass(frozen=True, slots=True)
class Missing:
    """A figure that this audit lacks, and how many of the last audits had it."""

    key: Key
    had: int
    audits: int


def hold_against(
    figures: Iterable[Figure], series: Mapping[Key, Sequence[Point]], created: str | None
) -> tuple[Trend, ...]:
    """Hold the figures of an audit against those of the audits before it.

    The probability of telling of any figure, where all of them go on as before, is at most `ALPHA`: Bonferroni's
    correction, weighted for the number of rows.

    Parameters
    ----------
    figures
        Of the audit.
    series
        For each key the past, oldest first, one point for each state of the data.
    created
        When the audit was made, ISO 8601: its weekday, by UTC, may have a season.
    """
    known = [figure for figure in figures if figure.value is not None]
    past = {figure.key: usual(series.get(figure.key, ())) for figure in known}
    others = sum(len(past[figure.key]) >= MIN_AUDITS and figure.key.metric != ROWS for figure in known)
    return tuple(_trend(figure, past[figure.key], others, created) for figure in known)


def missing(figures: Iterable[Figure], series: Mapping[Key, Sequence[Point]], states: int) -> tuple[Missing, ...]:
    """Figures that nearly every audit of the past had, and that are not known of this one, by their names.

    Parameters
    ----------
    figures
        Of the audit.
    series
        As for `hold_against`, with the `state` of each point.
    states
        Number of states of the data that `series` is about; the last `WINDOW` of them count.
    """
    known = {figure.key for figure in figures if figure.value is not None}
    recent = min(states, WINDOW)
    had = {
        key: sum(point.state >= states - recent for point in points)
        for key, points in series.items()
        if key not in known
    }
    found = [
        Missing(key, times, recent)
        for key, times in had.items()
        if times >= MIN_AUDITS and times >= NEARLY_ALL * recent
    ]
    return tuple(sorted(found, key=lambda one: str(one.key)))


def usual(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points that say what is usual: without the unexpected ones, unless these have become usual.

    As many unexpected ones in a row as a prediction needs are the new normal: the past begins with them.
    """
    normal: list[Point] = []
    pending: list[Point] = []
    for point in points:
        if point.unexpected:
            pending.append(point)
            if len(pending) == MIN_AUDITS:
                normal, pending = pending, []
        else:
            normal.append(point)
            pending = []
    return tuple(normal[-WINDOW:])


def weekday_of(created: str | None) -> int | None:
    """Weekday of a time in ISO 8601, by UTC: 0 is Monday; None where it is none."""
    try:
        when = dt.datetime.fromisoformat(created or "")
        return (when if when.tzinfo is None else when.astimezone(dt.UTC)).weekday()
    except (ValueError, OverflowError):
        return None


def _trend(figure: Figure, past: tuple[Point, ...], others: int, created: str | None) -> Trend:
    alpha = ALPHA * _OF_ROWS if figure.key.metric == ROWS else ALPHA * (1 - _OF_ROWS) / max(others, 1)
    found = predict(
        [point.value for point in past],
        [weekday_of(point.created) for point in past],
        weekday_of(created),
        alpha,
        _noise(figure, past),
    )
    if found is not None:
        low, high = _BOUNDS.get(figure.key.metric, (-math.inf, math.inf))
        found = replace(found, low=max(found.low, low), high=min(found.high, high))
    return Trend(figure, past, found)


def _noise(figure: Figure, past: Sequence[Point]) -> float:
    """Standard deviation that chance alone gives the figure: the past may have been constant by chance."""
    if not past:
        return 0.0
    middle = median(point.value for point in past)
    if figure.key.metric == ROWS:
        return math.sqrt(abs(middle))  # as of arrivals: Poisson
    if figure.low is not None and figure.high is not None:
        return abs(figure.high - figure.low) / _HALF_WIDTHS
    if not figure.n or not 0 <= middle <= 1:
        return 0.0
    share = (middle * figure.n + 1) / (figure.n + 2)  # Laplace: a share that was never anything but 0 is not known so
    return math.sqrt(share * (1 - share) / figure.n)
