"""How certain it is that two models differ in a disparity: they are judged on the same rows, and chance moves both."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.disparity import RATIO
from assay.fairness.rates import ACCURACY, FALSE_POSITIVE_RATE, PRECISION, SELECTION_RATE, TRUE_POSITIVE_RATE, in_class

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.fairness.context import Assessment, FairnessContext
    from assay.fairness.disparity import Disparity

    Mask = npt.NDArray[np.bool_]
    Values = npt.NDArray[np.float64]


def paired_score(
    contexts: tuple[FairnessContext, FairnessContext], name: str, disparities: tuple[Disparity, ...]
) -> float:
    """Difference of two models' disparities in one rate, in standard errors.

    A disparity is a difference (or the logarithm of a ratio) of two weighted means over rows. The difference of two
    such figures has, by the delta method, the variance of the sum of the rows' influences: of a row on which the two
    models agree they all but cancel. The groups at the ends are taken as found.

    Parameters
    ----------
    contexts
        The two models, judged on the same rows.
    name
        The feature.
    disparities
        The same part of a question for each model.

    Returns
    -------
    float
        Second less first, at any scale; NaN where either figure is not estimable or a rate of a ratio is 0.
    """
    found = [
        _influence(context, context.assessments[name], disparity)
        for context, disparity in zip(contexts, disparities, strict=True)
    ]
    if found[0] is None or found[1] is None:
        return math.nan
    (first, by_first), (second, by_second) = found[0], found[1]
    error = math.sqrt(float(((by_second - by_first) ** 2).sum()))
    return (second - first) / error if error > 0 else math.nan


def _influence(context: FairnessContext, assessment: Assessment, disparity: Disparity) -> tuple[float, Values] | None:
    """The disparity and the influence of each judged row on it; None where there is none."""
    if not disparity.is_estimable or disparity.worst is None:
        return None
    codes = assessment.feature.codes[context.judged]
    weights = np.ones(len(codes)) if context.dataset.weights is None else context.dataset.weights[context.judged]
    is_case, is_hit = _cases_and_hits(context, assessment, disparity.metric)
    # Held against everybody, there is no best group.
    others = np.ones(len(codes), dtype=np.bool_) if disparity.best is None else codes == disparity.best
    (low, by_low), (high, by_high) = sorted(
        (_mean(weights * (is_case & mine), is_hit) for mine in (codes == disparity.worst, others)),
        key=lambda of: of[0],
    )
    if disparity.kind != RATIO:
        return high - low, by_high - by_low
    return (math.log(low / high), by_low / low - by_high / high) if low > 0 else None


def _mean(weights: Values, hits: Mask) -> tuple[float, Values]:
    """A weighted mean and the influence of each row on it."""
    total = float(weights.sum())
    mean = float((weights * hits).sum()) / total
    return mean, weights * (hits - mean) / total


def _cases_and_hits(context: FairnessContext, assessment: Assessment, metric: str) -> tuple[Mask, Mask]:
    """Which rows a rate is about, and which of them count."""
    y_true = context.predictions.labels[context.judged]
    y_pred = context.predictions.pred_probs[context.judged].argmax(axis=1)
    everyone = np.ones(len(y_true), dtype=np.bool_)
    if metric == ACCURACY:
        return everyone, y_true == y_pred
    classes = enumerate(assessment.classes) if assessment.positive is None else [(assessment.positive, None)]
    for code, name in classes:
        is_true, is_chosen = y_true == code, y_pred == code
        questions = {
            SELECTION_RATE: (everyone, is_chosen),
            TRUE_POSITIVE_RATE: (is_true, is_chosen),
            FALSE_POSITIVE_RATE: (~is_true, is_chosen),
            PRECISION: (is_chosen, is_true),
        }
        for rate, masks in questions.items():
            if metric == (rate if name is None else in_class(rate, name)):
                return masks
    raise ValueError(f"A disparity must be of a rate that is judged, got {metric!r}. Add it to the questions.")
