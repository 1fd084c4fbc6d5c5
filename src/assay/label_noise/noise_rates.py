"""How often labels go wrong in each sensitive group, by direction: what a disparity can be corrected by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.label_noise.ambiguity import fit_contradictions
from assay.label_noise.anchors import estimate_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.label_noise.judgement import Judgement

COLUMNS = ("feature", "group", "true", "n", "rate", "low", "high")
POSITIVE, NEGATIVE = "positive", "negative"


def estimate_noise_rates(judgement: Judgement) -> pd.DataFrame:
    """Estimate P(given label is the other one | true label, group), the favourable class against all others.

    Of the rows that are confidently predicted to be of a class, next to all are of it; the share of them that carries
    another label is the share of that class that lost its label (anchor points, Patrini et al. 2017,
    doi:10.1109/CVPR.2017.240). So the rows of a group that are predicted to be of the favourable class, and the
    others, are judged as LN001 judges all rows. The value is the mean of those of `estimate_share`, which reads
    ambiguity off the AUC and errs towards too few wrong labels, and of `fit_contradictions`, which errs towards too
    many where a group is hard to tell. The limits are those of `estimate_share`, from what ambiguity cannot explain to
    what would be wrong if nothing were ambiguous, the lower one that of the fit where this is lower. A group with too
    few confident rows for a value of its own has that of all groups together, as far as its limits allow.

    Returns
    -------
    pandas.DataFrame
        Columns `feature`, `group`, `true` ("positive" or "negative"), `n` (rows of the group predicted to be so), and
        `rate`, `low`, `high` in [0, 1] (95%, each by itself). `rate` is NaN where the rows are of too few kinds to
        tell wrong labels from ambiguity; all three are without signal. Empty where no class is favourable or it was
        not learned.
    """
    names, favourable = judgement.predictions.classes, judgement.dataset.labels.positive
    positive = None if favourable is None else judgement.dataset.labels.classes[favourable]
    if positive not in names or len(names) < 2:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.DataFrame(_rows(judgement, names.index(positive)), columns=list(COLUMNS))


def _rows(judgement: Judgement, positive: int) -> Iterator[tuple[str, str, str, int, float, float, float]]:
    predicted = judgement.footing.predicted == positive
    contradicted = predicted != (judgement.footing.labels == positive)
    everywhere = [_estimate(judgement, np.flatnonzero(predicted == side), contradicted)[0] for side in (False, True)]
    for feature in judgement.dataset.groups.columns:
        groups = judgement.dataset.groups[feature].to_numpy(dtype=object)[judgement.positions]
        codes, names = pd.factorize(groups, sort=True)
        for code, name in enumerate(names):
            for side, true in enumerate((NEGATIVE, POSITIVE)):
                inside = np.flatnonzero((codes == code) & (predicted == side))
                rate, low, high = _estimate(judgement, inside, contradicted)
                if np.isnan(rate):
                    rate = float(np.clip(everywhere[side], low, high))
                yield str(feature), str(name), true, len(inside), rate, low, high


def _estimate(
    judgement: Judgement, inside: npt.NDArray[np.int64], contradicted: npt.NDArray[np.bool_]
) -> tuple[float, float, float]:
    footing = judgement.footing
    if not footing.has_signal:
        return np.nan, np.nan, np.nan
    rank, fall = footing.rank[inside], None if footing.fall is None else footing.fall[inside]
    share = estimate_share(rank, contradicted[inside], fall, usable=footing.usable)
    # Of no row nothing is known; and labels of a hidden class may have gone to another out of the models' sight.
    low, high = (0.0, 1.0) if share.interval is None else (share.interval.low, share.interval.high)
    high = 1.0 if judgement.hidden else high
    if share.value is None:
        return np.nan, low, high
    fitted = fit_contradictions(rank, contradicted[inside], 2)
    return (share.value + min(fitted.value, high)) / 2, min(fitted.low, low), high
