"""Models that were trained on fewer rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]


def _no_sizes() -> npt.NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


def _no_scores() -> Values:
    return np.zeros((0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class GroupScores:
    """The same models, judged on the test rows of one sensitive group.

    Attributes
    ----------
    feature, group
        Which.
    n
        Labelled rows of the group in the data.
    scores, level_error
        As in `CurveTrial`; (0, 0) and NaN where the group has too few rows to be judged.
    """

    feature: str
    group: str
    n: int
    scores: Values = field(default_factory=_no_scores)
    level_error: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class CurveTrial:
    """Models that were trained on S numbers of rows, R times each, on independent draws; judged on the same test rows.

    Attributes
    ----------
    metric
        "AUC" (unweighted mean of the one-versus-rest AUCs of more than two classes) or "R2" on the scale of the
        training.
    model
        Kind of model: "trees" or "linear".
    n
        Labelled rows that the data have.
    folds
        F: each draw is from the rows outside one fold, and judged on the rows of this fold; R is a multiple of F.
    sizes
        (S,) int64, ascending geometric numbers of training rows. Empty where nothing was trained.
    scores
        (R, S) float64; NaN where the test rows have one class only.
    level_error
        Standard error of a mean over the folds that comes from the choice of the test rows; all sizes share it.
    groups
        The same by sensitive group.
    reason
        Why nothing was trained, in words; empty where something was.
    """

    metric: str = "AUC"
    model: str = ""
    n: int = 0
    folds: int = 0
    sizes: npt.NDArray[np.int64] = field(default_factory=_no_sizes)
    scores: Values = field(default_factory=_no_scores)
    level_error: float = float("nan")
    groups: tuple[GroupScores, ...] = ()
    reason: str = ""
