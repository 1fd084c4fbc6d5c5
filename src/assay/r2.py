"""The coefficient of determination with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Interval
from assay.intervals import normal_quantile

if TYPE_CHECKING:
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class R2:
    """An R2: `value` at most 1 (0 is the mean as the prediction), and its interval."""

    value: float
    interval: Interval


def compute_r2(target: Values, prediction: Values, confidence: float = 0.95) -> R2 | None:
    """1 - A / B, with A the mean squared error of the prediction and B that of the mean of the target.

    The interval is symmetric on log(A / B), whose standard error comes from each row's influence e^2 / A - d^2 / B.

    Parameters
    ----------
    target, prediction
        (N,) finite; the prediction out of sample.
    confidence
        In (0, 1), two-sided.

    Returns
    -------
    R2 or None
        None where the target has fewer than two values.
    """
    if len(target) < 2 or np.ptp(target) == 0:
        return None
    errors, deviations = (target - prediction) ** 2, (target - target.mean()) ** 2
    a, b = float(errors.mean()), float(deviations.mean())
    if a == 0:
        return R2(1.0, Interval(1.0, 1.0, confidence, "no error"))
    influence = errors / a - deviations / b
    half = normal_quantile(confidence) * float(np.sqrt(np.mean(influence**2) / len(target)))
    half = min(half, 700.0)
    low, high = 1 - a / b * math.exp(half), 1 - a / b * math.exp(-half)
    return R2(1 - a / b, Interval(low, high, confidence, "delta method, logarithm"))
