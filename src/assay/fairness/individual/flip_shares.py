"""The share of predictions that change with a sensitive feature alone, and how much of it is more than luck."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Interval
from assay.intervals import bonferroni, wilson

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.fairness.context import FairnessContext
    from assay.fairness.counts import Feature

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FlipShare:
    """Share of the rows whose prediction changes with one sensitive feature alone.

    Attributes
    ----------
    value
        The mean over the rows of the share of values tried that change a row's class.
    interval
        Its lower limit is that of the rows times `lasting`; its upper limit the larger of that of the rows and that
        of the members.
    lasting
        Share of the effect that another training on other rows would show too, at the least, in [0, 1]: see
        `lasting_share`.
    rows
        That were tried.
    by_group
        Group of the rows, its rows, share and limits, which tell of these rows and not of luck; the largest groups
        first, none below `min_group_size`.
    one_class
        Whether every row that was tried is predicted alike.
    """

    value: float
    interval: Interval
    lasting: float
    rows: int
    by_group: tuple[tuple[str, int, float, float, float], ...]
    one_class: bool


def tried_rows(context: FairnessContext, feature: Feature) -> npt.NDArray[np.bool_]:
    """(N,) bool: judged rows, of a weight above 0, for which the judged kind of model was asked; maybe none."""
    shares = context.predictions.flips.get(context.model, {}).get(feature.name)
    if shares is None:
        return np.zeros_like(context.judged)
    tried = context.judged & np.isfinite(shares)
    return tried if context.dataset.weights is None else tried & (context.dataset.weights > 0)


def compute_flip_share(context: FairnessContext, feature: Feature, confidence: float) -> FlipShare:
    """Compute the share for a feature that the judged kind of model was asked about.

    Parameters
    ----------
    context
        Whose predictions have `flips` of the feature; without `flip_effects` nothing is shown to last.
    feature
        No intersection.
    confidence
        Of the interval.
    """
    predictions = context.predictions
    shares = predictions.flips[context.model][feature.name].astype(np.float64)
    tried = tried_rows(context, feature)
    weights = np.ones(len(shares)) if context.dataset.weights is None else context.dataset.weights
    value, of_rows = _mean_share(shares[tried], weights[tried], confidence)
    effects = predictions.flip_effects.get(context.model, {}).get(feature.name)
    lasting = 0.0 if effects is None else lasting_share(effects, confidence)
    high = max(of_rows.high, _highest(shares[tried], weights[tried], predictions.folds[0][tried], confidence))
    sizes = np.bincount(feature.codes[tried], minlength=len(feature.groups))
    by_group = []
    for group in np.argsort(-sizes, kind="stable").tolist():
        if sizes[group] >= context.config.min_group_size:
            ours = tried & (feature.codes == group)
            share, limits = _mean_share(shares[ours], weights[ours], confidence)
            by_group.append((feature.groups[group], int(sizes[group]), share, limits.low, limits.high))
    predicted = predictions.pred_probs[tried].argmax(axis=1)
    interval = Interval(lasting * of_rows.low, high, confidence, "Wilson times jackknife")
    return FlipShare(value, interval, lasting, int(tried.sum()), tuple(by_group), len(np.unique(predicted)) == 1)


def lasting_share(effects: Floats, confidence: float) -> float:
    """Share of the effect of a feature's values that is more than the luck of rows and trainings, at the least.

    A column that means nothing gets some effect in every training, since in so many rows it goes with the label by
    chance. Folds of one table share most of that chance, so that their agreement proves nothing: the jackknife takes
    the spread of the mean over other rows from what leaving out each fold changes, (F - 1)/F times the sum of squares
    about the mean. Some value must have an effect on some class that is shown by a t interval joint over values and
    classes; else the share is 0. Then with |e| each mean effect and h half the width of its own t interval:

        sum of max(0, |e| - h) / sum of |e|

    The sum needs no joint intervals: their errors add up to no more than if all of them were one.
    Near the threshold leads are about evenly spread, and a smaller effect turns so many rows fewer.

    Parameters
    ----------
    effects
        (S, F, V, K): by the F members of S repeats, of V values on K classes, as `OutOfSample.flip_effects`.
    confidence
        Of the intervals.

    Returns
    -------
    float
        In [0, 1]. An effect that some member could not be asked for counts as not shown.

    References
    ----------
    Efron and Stein 1981, doi:10.1214/aos/1176345462 (the jackknife's variance is too large rather than too small).
    """
    from scipy.special import stdtrit

    repeats, folds, values, classes = effects.shape
    # Two values, and two classes, are one comparison seen from both sides.
    compared = (values if values > 2 else 1) * (classes if classes > 2 else 1)
    joint, alone = (
        stdtrit(repeats * (folds - 1), 0.5 + c / 2) for c in (bonferroni(confidence, compared), confidence)
    )
    known = np.isfinite(effects)
    mean = np.where(known, effects, 0.0).sum(axis=(0, 1)) / np.maximum(1, known.sum(axis=(0, 1)))
    deviations = effects - effects.mean(axis=1, keepdims=True)
    spread = np.sqrt((deviations**2).sum(axis=1).mean(axis=0) * (folds - 1) / folds)
    # Not a number, and so not shown, where a member was not asked, or one fold leaves no spread to judge by.
    if not (np.abs(mean) > joint * spread).any():
        return 0.0
    return float(np.nan_to_num(np.maximum(0.0, np.abs(mean) - alone * spread)).sum() / np.abs(mean).sum())


def _mean_share(shares: Floats, weights: Floats, confidence: float) -> tuple[float, Interval]:
    """Weighted mean and Wilson's interval on the effective rows; a share between 0 and 1 varies less than a hit."""
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    value = min(1.0, float((weights * shares).sum() / weights.sum()))
    interval = wilson(value * effective, effective, confidence)
    assert interval is not None
    return value, interval


def _highest(shares: Floats, weights: Floats, fold: npt.NDArray[np.integer], confidence: float) -> float:
    """Upper end of the t interval of the mean share over folds: members that differ are known less well than rows."""
    from scipy.special import stdtrit

    of_fold = [np.average(shares[fold == f], weights=weights[fold == f]) for f in np.unique(fold)]
    if len(of_fold) < 2:
        return 0.0
    quantile = float(stdtrit(len(of_fold) - 1, 0.5 + confidence / 2))
    return min(1.0, float(np.mean(of_fold)) + quantile * float(np.std(of_fold, ddof=1)) / math.sqrt(len(of_fold)))
