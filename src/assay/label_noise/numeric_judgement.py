"""What the checks of a numeric label look at, computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.label_noise.residuals import (
    Excess,
    Residuals,
    compute_false_share,
    compute_right_probability,
    compute_seen_share,
    estimate_excess,
    measure_residuals,
)
from assay.r2 import R2, compute_r2
from assay.target import BOUND

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.config import LabelNoiseConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSampleValues

    Values = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

# Where R2 may be as low as this, a label far from its prediction is one far from the others, and no more.
MIN_SIGNAL_R2 = 0.05
# Of the rows as far out as a suspect one at most this share is expected to be right,
MAX_FALSE_SHARE = 0.2
# and the row itself is more likely wrong than right: those farther out do not speak for it.
MIN_WRONG = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class JudgedGroup:
    """A group of a sensitive feature.

    Attributes
    ----------
    feature, name, rows
        Whose rows: (J,) bool.
    far, far_elsewhere
        Labels far off, and labels: in the group and among all other rows, each by its own median and spread.
    excess
        Estimated share of labels wrong by so much that it shows.
    """

    feature: str
    name: str
    rows: Mask
    far: tuple[int, int]
    far_elsewhere: tuple[int, int]
    excess: Excess

    @property
    def n(self) -> int:
        """Number of judged rows."""
        return int(self.rows.sum())


@dataclass(frozen=True, slots=True, eq=False)
class NumericJudgement:
    """The labels, judged.

    Attributes
    ----------
    positions
        (J,) the judged rows, ascending; the other arrays of length J go with them.
    residuals
        Distances from the predictions, and what right labels do.
    r2
        How much of the labels' variance the predictions explain, on the scale on which they were learned, without the
        rows that lie too far off to be right: a few slips by a factor of ten would hide any signal.
    quality
        (J,) share of right labels at least as far out, in [0, 1].
    wrong
        (J,) probability that the label is wrong, in [0, 1].
    suspect
        (J,) bool.
    seen
        Share of labels that would lie far off if they were those of other rows, in [0, 1]; 0 where unknown.
    excess
        Estimated share of labels wrong by so much that it shows; None where it cannot be told.
    groups
        The groups of every sensitive feature that has two or more; none where the labels cannot be judged.
    """

    dataset: Dataset
    predictions: OutOfSampleValues
    config: LabelNoiseConfig
    positions: npt.NDArray[np.int64]
    residuals: Residuals | None
    r2: R2 | None
    quality: Values
    wrong: Values
    suspect: Mask
    seen: float
    excess: Excess | None
    groups: tuple[JudgedGroup, ...]

    @property
    def has_signal(self) -> bool:
        """Whether the predictions say enough about a label to contradict it, and what right labels do is known."""
        fitted = self.residuals is not None and self.residuals.nulls is not None
        return fitted and self.r2 is not None and self.r2.interval.low > MIN_SIGNAL_R2

    @property
    def precision(self) -> float | None:
        """Expected share of the suspects whose label is wrong; None where there are none."""
        return float(self.wrong[self.suspect].mean()) if self.suspect.any() else None


def judge_values(dataset: Dataset, predictions: OutOfSampleValues, config: LabelNoiseConfig) -> NumericJudgement:
    """Judge the label of every row that took part in the training; `find_numeric_label_noise` says the rest."""
    positions = np.flatnonzero(predictions.trained & np.isfinite(predictions.scaled_target))
    target, prediction = predictions.scaled_target[positions], predictions.scaled_predictions[positions]
    count = len(positions)
    nothing = NumericJudgement(
        dataset=dataset,
        predictions=predictions,
        config=config,
        positions=positions,
        residuals=None,
        r2=_r2(target, prediction),
        quality=np.full(count, np.nan),
        wrong=np.zeros(count),
        suspect=np.zeros(count, dtype=np.bool_),
        seen=0.0,
        excess=None,
        groups=(),
    )
    residuals = measure_residuals(prediction, target - prediction) if count else None
    if residuals is None or residuals.nulls is None:
        return nothing
    wrong = 1 - compute_right_probability(residuals)
    suspect = (compute_false_share(residuals) <= MAX_FALSE_SHARE) & (wrong >= MIN_WRONG)
    judgement = replace(
        nothing,
        residuals=residuals,
        r2=_r2(target[~suspect], prediction[~suspect]),
        quality=residuals.survival(),
        wrong=wrong,
        seen=compute_seen_share(residuals, prediction, target),
    )
    if not judgement.has_signal:
        return judgement
    return replace(
        judgement,
        suspect=suspect,
        excess=estimate_excess(residuals),
        groups=tuple(_groups(dataset, positions, residuals)),
    )


def _r2(target: Values, prediction: Values) -> R2 | None:
    return compute_r2(np.clip(target, -BOUND, BOUND), prediction)


def _groups(dataset: Dataset, positions: npt.NDArray[np.int64], residuals: Residuals) -> Iterator[JudgedGroup]:
    for feature in dataset.groups.columns:
        codes, names = pd.factorize(dataset.groups[feature].to_numpy(dtype=object)[positions], sort=True)
        if len(names) < 2:
            continue
        for code, name in enumerate(names):
            inside = codes == code
            own, others = residuals.within(inside), residuals.within(~inside)
            yield JudgedGroup(
                feature=str(feature),
                name=str(name),
                rows=inside,
                far=(int(own.far.sum()), len(own.far)),
                far_elsewhere=(int(others.far.sum()), len(others.far)),
                excess=estimate_excess(own),
            )
