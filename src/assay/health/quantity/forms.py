"""The family of forms that a learning curve may have, and the range over those that the measured points allow.

No one form is right: which of a dozen fits best differs from curve to curve, and extrapolated they part (Viering and
Loog 2023, doi:10.1109/TPAMI.2022.3220744). Each form here is a + b g(n) with a fixed g; forms with a third parameter,
such as the power law a + b n^-c, are one g for each value of that parameter. So every fit is a weighted linear least
squares fit with an exact covariance, and the uncertainty of the third parameter is in the range over the g.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

EXPONENTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 1.0, 1.25, 1.5, 2.0)
# Of the exponential a + b exp(-n / t), t as a share of the largest size.
DECAYS = tuple(np.geomspace(0.1, 2.0, 12).tolist())
FITTED_SIZES = 6
# Parameters of a form: a, b and the third one.
_PARAMETERS = 3


@dataclass(frozen=True, slots=True)
class Range:
    """What the forms say: `value` is their mean by likelihood, `low` and `high` the range over them +-z SE."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """(S,) numbers of training rows, the mean score with each, and its standard error (above 0)."""

    sizes: Values
    means: Values
    errors: Values

    def up_to(self, count: int) -> Points:
        """Return the first `count` points."""
        return Points(self.sizes[:count], self.means[:count], self.errors[:count])


class Forms:
    """The forms, fitted to the last `FITTED_SIZES` points.

    Parameters
    ----------
    points
        At least `FITTED_SIZES`.
    z
        Critical value: of the standard errors in the ranges, and of how much worse than the best form one may fit:
        by z^2 in chi-squared. Both grow with the misfit of the best form, as in Birge's ratio.
    """

    def __init__(self, points: Points, z: float = 2.0) -> None:
        last = slice(-FITTED_SIZES, None)
        self._largest = float(points.sizes[-1])
        n, means, weights = points.sizes[last], points.means[last], 1 / points.errors[last] ** 2
        shapes = self._shapes(n)  # (G, 6)
        design = np.stack([np.ones_like(shapes), shapes], axis=2)  # (G, 6, 2)
        inverse = np.linalg.inv(np.einsum("gsi,s,gsj->gij", design, weights, design))
        self._coefficients = np.einsum("gij,gsj,s->gi", inverse, design, weights * means)
        residuals = means - np.einsum("gsi,gi->gs", design, self._coefficients)
        chi2 = (residuals**2) @ weights
        scale = max(1.0, float(chi2.min()) / (FITTED_SIZES - _PARAMETERS))
        worse = chi2 - chi2.min()
        self._inverse = inverse
        self._allowed = worse <= z**2 * scale
        self._reach = np.sqrt(np.maximum(0.0, z**2 * scale - worse))  # (G,) in standard errors of the form
        likelihood = np.exp(-worse / (2 * scale)) * self._allowed
        self._shares = likelihood / likelihood.sum()

    def _shapes(self, n: Values) -> Values:
        """(G, len(n)): each g, from 0 at the largest size and of a slope that numbers can bear."""
        share = n / self._largest
        forms: list[Callable[[Values], Values]] = [
            *(lambda x, c=c: (1 - x**-c) / c for c in EXPONENTS),
            np.log,
            *(lambda x, t=t: np.exp(-1 / t) - np.exp(-x / t) for t in DECAYS),
            lambda x: 1 / np.log(self._largest) - 1 / np.log(x * self._largest),
        ]
        return np.stack([form(share) for form in forms])

    def value(self, n: float) -> Range:
        """Return the mean score with n training rows."""
        return self._range(np.column_stack([np.ones(len(self._shares)), self._shapes(np.array([n]))[:, 0]]))

    def gain(self, start: float, end: float) -> Range:
        """Return by how much the mean score with `end` rows exceeds that with `start`."""
        shapes = self._shapes(np.array([start, end]))
        return self._range(np.column_stack([np.zeros(len(shapes)), shapes[:, 1] - shapes[:, 0]]))

    def _range(self, direction: Values) -> Range:
        """Range of coefficients . direction (G, 2) over the forms allowed."""
        values = (self._coefficients * direction).sum(axis=1)
        half = self._reach * np.sqrt(np.einsum("gi,gij,gj->g", direction, self._inverse, direction))
        allowed = self._allowed
        return Range(
            float(values @ self._shares), float((values - half)[allowed].min()), float((values + half)[allowed].max())
        )
