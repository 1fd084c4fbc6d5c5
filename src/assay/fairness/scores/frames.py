"""The scores of each sensitive feature's groups, and the tables `calibration` and `reliability` of a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.fairness.counts import only, predicted_classes
from assay.fairness.disparity import MIN_CASES, MOST_LEFT_OUT
from assay.fairness.scores.calibration import Calibration, Coefficients, compute_calibration
from assay.fairness.scores.levels import ScoreCells, cell_of_rows, count_levels, read_levels
from assay.fairness.scores.ranking import Ranking, compute_ranking, mean_ranking
from assay.fairness.simultaneous import wilson_limits
from assay.intervals import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from assay.fairness.counts import Feature
    from assay.fairness.scores.levels import Levels
    from assay.results import OutOfSample

CALIBRATION = ("feature", "group", "metric", "value", "low", "high", "n")
RELIABILITY = ("feature", "group", "predicted", "observed", "low", "high", "n")
CALIBRATION_ERROR = "calibration error"
CALIBRATION_SLOPE = "calibration slope"
CALIBRATION_INTERCEPT = "calibration intercept"
IN_THE_LARGE = "calibration in the large"
AUC = "AUC"


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What the scores of a feature's groups say.

    Attributes
    ----------
    feature, cells
        The groups, and the counts of their scores: of the positive class, or where there is none, of the most likely
        class, a hit being a row that has it.
    large
        (G,) bool: groups with enough rows to be compared.
    weight
        (G,) total weight of the judged rows.
    calibration, ranking
        By group. None: no class has enough rows in enough groups to be ranked.
    classes_left_out
        Names of the classes that the ranking leaves out.
    is_constant
        Whether all scores are equal, so that they say nothing.
    """

    feature: Feature
    cells: ScoreCells
    large: npt.NDArray[np.bool_]
    weight: npt.NDArray[np.float64]
    calibration: Calibration
    ranking: Ranking | None
    classes_left_out: tuple[str, ...]
    is_constant: bool

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """(G,) judged rows."""
        return self.calibration.rows


def score_features(
    features: Iterable[Feature],
    predictions: OutOfSample,
    judged: npt.NDArray[np.bool_],
    positive: int | None,
    *,
    weights: npt.NDArray[np.float64] | None,
    min_group_size: int,
) -> dict[str, Scored]:
    """Calibration and ranking of the scores in the groups of each feature.

    Parameters
    ----------
    features
        With two groups or more.
    predictions, judged
        Probabilities (N, K), and the (N,) rows that count.
    positive
        Code of the favourable class: its probability is the score. None: the score that is calibrated is that of the
        most likely class, and the ranking is the mean of those of all classes, each against the others.
    weights
        (N,) non-negative, or None.
    min_group_size
        Rows below which a group is not compared.

    Returns
    -------
    dict
        By name of the feature.
    """
    labels, probs = only(predictions.labels, judged), only(predictions.pred_probs, judged)
    kept_weights = None if weights is None else only(weights, judged)
    if positive is not None:
        classes: tuple[int, ...] = (positive,)
        levels = [read_levels(np.clip(probs[:, positive], 0, 1))]
        calibrated, hits = levels[0], labels == positive
    else:
        classes = tuple(range(len(predictions.classes)))
        levels = [read_levels(np.clip(probs[:, c], 0, 1)) for c in classes]
        calibrated = read_levels(np.clip(probs.max(axis=1), 0, 1))
        hits = labels == predicted_classes(predictions.pred_probs, judged)
    found = {}
    for feature in features:
        codes, size = only(feature.codes, judged), len(feature.groups)
        cells = count_levels(calibrated, hits, codes, size, kept_weights)
        calibration = compute_calibration(cells)
        large = calibration.rows >= min_group_size
        ranked = classes
        if positive is not None:
            ranking: Ranking | None = compute_ranking(cells)
        else:
            ranked = _common_classes(labels, codes, large, calibration.rows, len(classes))
            ranking = _rank_classes([(c, levels[c]) for c in ranked], labels, codes, size, kept_weights)
        found[feature.name] = Scored(
            feature=feature,
            cells=cells,
            large=large,
            weight=cells.sums(cells.weight),
            calibration=calibration,
            ranking=ranking,
            classes_left_out=tuple(predictions.classes[c] for c in classes if c not in ranked),
            is_constant=len(calibrated.values) < 2,
        )
    return found


def _common_classes(
    labels: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int64],
    large: npt.NDArray[np.bool_],
    rows: npt.NDArray[np.int64],
    classes: int,
) -> tuple[int, ...]:
    """Classes that nearly all people are in groups with enough rows of: a mean must be over the same for all."""
    table = np.bincount(codes * classes + labels, minlength=len(rows) * classes).reshape(-1, classes)
    enough = np.minimum(table, rows[:, None] - table) >= MIN_CASES
    held = (enough * (rows * large)[:, None]).sum(axis=0) / max(1, int((rows * large).sum()))
    return tuple(np.flatnonzero(held >= 1 - MOST_LEFT_OUT).tolist())


def _rank_classes(
    ranked: Sequence[tuple[int, Levels]],
    labels: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int64],
    size: int,
    weights: npt.NDArray[np.float64] | None,
) -> Ranking | None:
    if not ranked:
        return None
    tables = []
    for c, levels in ranked:
        cells = count_levels(levels, labels == c, codes, size, weights)
        tables.append((cells, cell_of_rows(cells, levels, labels == c, codes)))
    return mean_ranking(tables, codes, np.ones(len(codes)) if weights is None else weights)


def calibration_table(scores: Mapping[str, Scored], confidence: float) -> pd.DataFrame:
    """`FairnessResult.calibration`: each interval by itself; NaN where there is no figure, with its n."""
    z = normal_quantile(confidence)
    frames = []
    for scored in scores.values():
        found, low, high = scored.calibration, *scored.calibration.limits(z)
        figures = [(CALIBRATION_ERROR, found.error, low, high, found.rows)]
        for metric, fit in (
            (CALIBRATION_SLOPE, found.slope),
            (CALIBRATION_INTERCEPT, found.intercept),
            (IN_THE_LARGE, found.in_the_large),
        ):
            figures.append((metric, fit.estimates, *_normal_limits(fit, z), found.rows))
        if scored.ranking is not None:
            low, high = scored.ranking.limits(z)
            figures.append((AUC, scored.ranking.areas, low, high, scored.ranking.rarest))
        frames += [
            pd.DataFrame({"group": scored.feature.groups, "value": value, "low": low, "high": high, "n": n}).assign(
                feature=scored.feature.name, metric=metric
            )
            for metric, value, low, high, n in figures
        ]
    return _stacked(frames, CALIBRATION)


def reliability_table(scores: Mapping[str, Scored], confidence: float) -> pd.DataFrame:
    """`FairnessResult.reliability`: bins with as many rows each; the limits are Wilson's, each by itself."""
    frames = []
    for scored in scores.values():
        bins = scored.calibration.bins
        low, high = wilson_limits(bins.observed, bins.cases, normal_quantile(confidence))
        columns = {"predicted": bins.predicted, "observed": bins.observed, "low": low, "high": high, "n": bins.rows}
        groups = np.array(scored.feature.groups, dtype=object)[bins.group]
        frames.append(pd.DataFrame({"feature": scored.feature.name, "group": groups, **columns}))
    return _stacked(frames, RELIABILITY)


def _normal_limits(fit: Coefficients, z: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return fit.estimates - z * fit.errors, fit.estimates + z * fit.errors


def _stacked(frames: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)[list(columns)] if frames else pd.DataFrame(columns=list(columns))
