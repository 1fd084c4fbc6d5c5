"""From the scores of models trained on fewer rows to what more rows would bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.health.quantity.forms import FITTED_SIZES, Forms, Points, Range

if TYPE_CHECKING:
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

# Never beyond so many times the rows of the data, of which the largest size leaves one fold in five out.
FARTHEST = 4.0
MEASURED_SHARE = 1.25
# The back-test leaves out the largest sizes: as many that it has to look about as far ahead as from four fifths of
# the rows to twice all of them.
LEFT_OUT = 2
# A standard error is never smaller: scores that are all 1 vary by nothing, and weigh no more than this allows.
_LEAST_ERROR = 1e-5
_PLACES = 400


def summarise(sizes: npt.NDArray[np.int64], scores: Values, folds: int) -> Points | None:
    """Mean and standard error of the score with each number of rows; None where it cannot be told.

    The level of a fold is common to all sizes and says nothing about the form of the curve: it is taken off before
    the scores are held against each other. Draws of nearly all rows of a fold overlap, and vary too little: the
    variance of a mean over R draws, s^2 / R, gets s^2 / (folds - 1) in addition where all rows are drawn (Nadeau and
    Bengio 2003, doi:10.1023/A:1024068626366), and the share of it that was drawn elsewhere. Errors are smoothed:
    their logarithm is taken as linear in that of the size.

    Parameters
    ----------
    sizes
        (S,) ascending.
    scores
        (R, S); rounds with a NaN are left out.
    folds
        F.
    """
    known = scores[np.isfinite(scores).all(axis=1)] if scores.size else scores
    if len(known) < 3 or len(sizes) < FITTED_SIZES + LEFT_OUT or folds < 2:
        return None
    levels = known[:, -FITTED_SIZES:].mean(axis=1, keepdims=True)
    # The level is itself a mean of noisy scores: what is left varies less by a sixth.
    spread = (known - levels).std(axis=0, ddof=1) * np.sqrt(FITTED_SIZES / (FITTED_SIZES - 1))
    logs = np.log(np.maximum(spread, _LEAST_ERROR))
    smooth = np.exp(np.polyval(np.polyfit(np.log(sizes), logs, 1), np.log(sizes)))
    overlap = sizes / sizes[-1] / (folds - 1)
    errors = np.maximum(_LEAST_ERROR, smooth * np.sqrt(1 / len(known) + overlap))
    return Points(sizes.astype(np.float64), known.mean(axis=0), errors)


@dataclass(frozen=True, slots=True)
class BackTest:
    """What the smaller sizes said of the largest, and what was measured there, each with its range."""

    said: Range
    measured: Range

    @property
    def held(self) -> bool:
        """Whether the two agree."""
        return self.said.low <= self.measured.high and self.measured.low <= self.said.high


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """What more rows would bring.

    Attributes
    ----------
    points
        What was measured.
    forms
        Fitted to the last of them.
    back_test
        Of the largest size by those up to the largest but two.
    n
        Rows of the data. A model that is trained on all of them has seen more than any here.
    level_error
        Standard error from the choice of the test rows.
    z
        Critical value of all ranges.
    """

    points: Points
    forms: Forms
    back_test: BackTest
    n: int
    level_error: float
    z: float

    @property
    def horizon(self) -> float:
        """Rows beyond which nothing is said."""
        return FARTHEST * min(float(self.n), MEASURED_SHARE * float(self.points.sizes[-1]))

    @property
    def base(self) -> float:
        """The rows whose double is asked for: all, or the most that were measured where all are far more."""
        return float(self.n) if 2 * self.n <= self.horizon else float(self.points.sizes[-1])

    @property
    def is_of_fewer(self) -> bool:
        """Whether the data have so many rows that only a part of them was looked at."""
        return self.base < self.n

    @property
    def gain(self) -> Range:
        """By how much twice the rows would raise the score."""
        return self.forms.gain(self.base, 2 * self.base)

    def score(self, rows: float) -> Range:
        """Return the score with so many rows, at most 1, with the error from the choice of the test rows."""
        return self.on_other_rows(self.forms.value(rows))

    def measured(self) -> list[Range]:
        """Return the score with each number of rows that was measured, likewise."""
        half = self.z * self.points.errors
        ends = zip(self.points.means, self.points.means - half, self.points.means + half, strict=True)
        return [self.on_other_rows(Range(*map(float, of_size))) for of_size in ends]

    def on_other_rows(self, found: Range) -> Range:
        """Widen the range of a score on these test rows to that on any."""
        level = self.z * self.level_error
        below, above = np.hypot(found.value - found.low, level), np.hypot(found.high - found.value, level)
        return Range(*(min(1.0, float(x)) for x in (found.value, found.value - below, found.value + above)))

    def rows_for(self, goal: float) -> RowsNeeded:
        """Return how many rows reach a score."""
        places = np.geomspace(self.base, self.horizon, _PLACES)
        found = [self.score(float(rows)) for rows in places]

        def first(ends: list[float]) -> float | None:
            reached = np.flatnonzero(np.array(ends) >= goal)
            return float(places[reached[0]]) if len(reached) else None

        return RowsNeeded(
            first([f.high for f in found]), first([f.value for f in found]), first([f.low for f in found])
        )


@dataclass(frozen=True, slots=True)
class RowsNeeded:
    """Rows with which a score is reached by the upper end of its range, its value, and its lower end.

    None where that is not within the horizon.
    """

    least: float | None
    likely: float | None
    surely: float | None


def project(points: Points, n: int, level_error: float, z: float = 2.0) -> Projection:
    """Fit the forms, and test them backwards; for the parameters see `Projection`."""
    largest = float(points.sizes[-1])
    said = Forms(points.up_to(len(points.sizes) - LEFT_OUT), z).value(largest)
    mean, half = float(points.means[-1]), z * float(points.errors[-1])
    back_test = BackTest(said, Range(mean, mean - half, mean + half))
    return Projection(points, Forms(points, z), back_test, n, 0.0 if np.isnan(level_error) else level_error, z)
