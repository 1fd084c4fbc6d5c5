"""What the checks of quantity look at: the learning curve of all rows and of each sensitive group, projected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.able import kinds_of
from assay.auc import compute_auc
from assay.health.quantity.projection import Projection, project, summarise
from assay.intervals import bonferroni, normal_quantile
from assay.r2 import compute_r2
from assay.results import OutOfSample
from assay.small_cells import is_small
from assay.target import BOUND
from assay.trials import CurveTrial

if TYPE_CHECKING:
    from assay.health.context import HealthContext
    from assay.health.quantity.forms import Range
    from assay.results import OutOfSampleValues
    from assay.trials.curve import GroupScores

# Of more rows the score of the audit's own models is taken on a sample.
_MOST_JUDGED = 40_000
# Multiples of the rows of the data in the table.
_AHEAD = (1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True, eq=False)
class OfGroup:
    """The curve of one sensitive group over the rows of everybody; None where it has too few rows to be judged."""

    scores: GroupScores
    projection: Projection | None


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """What the checks look at; `projection` is None where there is no curve, for the reason of the trial."""

    context: HealthContext
    trial: CurveTrial
    projection: Projection | None
    groups: tuple[OfGroup, ...]


def take_quantity(context: HealthContext) -> Quantity:
    """Project the curves; those of the groups with ranges that hold together."""
    trial = context.trials.curve
    if trial is None:
        trial = CurveTrial(reason="No models were trained on fewer rows.")
    points = summarise(trial.sizes, trial.scores, trial.folds)
    if points is None and not trial.reason:
        trial = replace(trial, reason="The models could be judged in too few folds.")
    projection = None if points is None else project(points, trial.n, trial.level_error)
    summaries = [(group, summarise(trial.sizes, group.scores, trial.folds)) for group in trial.groups]
    judged = sum(found is not None for _, found in summaries)
    z = max(2.0, normal_quantile(bonferroni(0.95, judged)))
    groups = tuple(
        OfGroup(group, None if found is None else project(found, trial.n, group.level_error, z))
        for group, found in summaries
    )
    return Quantity(context, trial, projection, groups)


def tabulate_curves(quantity: Quantity) -> dict[str, pd.DataFrame]:
    """Table "learning_curve": a row for each number of rows, over all and by group.

    Columns: `feature`, `group` (None: all rows), `rows` (training rows of everybody), `kind` ("measured" or
    "projected"), `value`, `low`, `high` (the score; measured its mean +-2 standard errors, projected the range over
    the forms, both with the error from the choice of the test rows; those of groups hold together), `metric` ("AUC"
    or "R2"), `model` ("trees" or "linear"). Nothing is projected where the back-test failed. Groups that are too
    small to be judged are not in it.
    """
    rows: list[tuple[object, ...]] = []
    curves: list[tuple[str | None, str | None, Projection | None]] = [(None, None, quantity.projection)]
    curves += [(g.scores.feature, g.scores.group, g.projection) for g in quantity.groups if not is_small(g.scores.n)]
    for feature, group, projection in curves:
        if projection is None:
            continue

        def add(kind: str, size: float, found: Range, of: tuple[object, object] = (feature, group)) -> None:
            score = (found.value, found.low, found.high)
            rows.append((*of, round(size), kind, *score, quantity.trial.metric, quantity.trial.model))

        for size, found in zip(projection.points.sizes, projection.measured(), strict=True):
            add("measured", float(size), found)
        if projection.back_test.held:
            for ahead in (times * projection.base for times in _AHEAD):
                if projection.points.sizes[-1] < ahead <= projection.horizon:
                    add("projected", ahead, projection.score(ahead))
    columns = ["feature", "group", "rows", "kind", "value", "low", "high", "metric", "model"]
    return {"learning_curve": pd.DataFrame(rows, columns=columns)}


def ablest_score(predictions: OutOfSample | OutOfSampleValues, seed: int) -> float | None:
    """Score, on the scale of the curve, of the ablest kind of model that the audit trained; None where unknown."""
    judged = np.flatnonzero(predictions.trained)
    if len(judged) > _MOST_JUDGED:
        judged = np.random.default_rng((seed, 76)).choice(judged, _MOST_JUDGED, replace=False)
    if not isinstance(predictions, OutOfSample):
        target = np.clip(predictions.scaled_target[judged], -BOUND, BOUND)
        found = compute_r2(target, predictions.scaled_predictions[judged])
        return None if found is None else found.value
    judged = judged[predictions.labels[judged] >= 0]
    aucs = [compute_auc(predictions.labels[judged], probs[judged]) for probs in kinds_of(predictions).values()]
    return max((auc.value for auc in aucs if auc is not None), default=None)
