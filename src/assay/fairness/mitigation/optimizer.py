"""Fairlearn's ThresholdOptimizer on the score's bins: no disparity at all on the rows that it is fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.base import BaseEstimator, ClassifierMixin

from assay.fairness.context import DEMOGRAPHIC_PARITY

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]


class _GivenScores(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted classifier whose only feature is the score that it answers with."""

    def fit(self, _scores: Floats, _label: Codes) -> _GivenScores:
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, scores: Floats) -> Floats:
        score = np.asarray(scores, dtype=np.float64)[:, 0]
        return np.column_stack([1 - score, score])


def optimize_thresholds(rows: Codes, criterion: str) -> Floats:
    """Fit exact parity with fairlearn.

    Parameters
    ----------
    rows
        (G, 2, B) rows of each group by label and bin; each group has both labels. Fairlearn takes no weights.
    criterion
        Demographic parity or equalized odds.

    Returns
    -------
    (G, B) in [0, 1]
        The probability of the favourable decision.
    """
    groups, _, bins = rows.shape
    group, label, score = (np.repeat(key.ravel(), rows.ravel()) for key in np.indices(rows.shape))
    # Only the order of the scores matters: the bin stands for them, and equal values make it fast.
    values = (np.arange(bins) + 0.5) / bins
    optimizer = ThresholdOptimizer(
        estimator=_GivenScores(),
        prefit=True,
        predict_method="predict_proba",
        constraints="demographic_parity" if criterion == DEMOGRAPHIC_PARITY else "equalized_odds",
    )
    optimizer.fit(values[score][:, None], label, sensitive_features=group)
    rules = optimizer.interpolated_thresholder_.interpolation_dict
    return np.stack([_decisions(rules[code], values) for code in range(groups)])


def _decisions(rule: Any, values: Floats) -> Floats:
    """Expected decision at each score, of a rule that draws by lot between two thresholds and a constant."""
    drawn = rule.p0 * rule.operation0(values) + rule.p1 * rule.operation1(values)
    ignored = rule.get("p_ignore", 0.0)
    decisions: Floats = np.clip(ignored * rule.get("prediction_constant", 0.0) + (1 - ignored) * drawn, 0, 1)
    return decisions
