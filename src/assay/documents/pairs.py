"""Rates by sex and race together, which Local Law 144 asks for whatever other sensitive features there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from assay.able import most_able
from assay.fairness.counts import count_cells, judged_rows, predicted_classes, read_features
from assay.fairness.rates import BASE_RATE, SELECTION_RATE, compute_rates
from assay.intervals import normal_quantile
from assay.results import OutOfSample

if TYPE_CHECKING:
    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSampleValues

COLUMNS = ("sex", "race", "metric", "value", "low", "high", "n")


def sex_by_race(
    dataset: Dataset, predictions: OutOfSample | OutOfSampleValues, config: AuditConfig
) -> pd.DataFrame | None:
    """Base rate and selection rate of each occurring pair of groups.

    The same rows, weights, model and Wilson intervals as in `FairnessResult.by_group`.

    Returns
    -------
    pandas.DataFrame or None
        Columns `sex` and `race` (group names), `metric`, `value`, `low`, `high`, `n` (rows). None where the
        configuration names no sex or no race, or nobody is selected: a numeric label, no favourable class, or one
        that was not learned.
    """
    names, labels = [config.documents.sex, config.documents.race], dataset.labels
    if None in names or not isinstance(predictions, OutOfSample) or labels.positive is None:
        return None
    classes, favourable = predictions.classes, labels.classes[labels.positive]
    judged = judged_rows(dataset, predictions)
    if favourable not in classes or not judged.any():
        return None
    sex, race = read_features(replace(dataset, groups=dataset.groups[names]), intersections=False)
    size, k = len(sex.groups) * len(race.groups), len(classes)
    cells = count_cells(
        (
            ((sex.codes * len(race.groups) + race.codes)[judged], size),
            (predictions.labels[judged], k),
            (predicted_classes(most_able(predictions)[1].pred_probs, judged), k),
        ),
        None if dataset.weights is None else dataset.weights[judged],
    )
    found = compute_rates(cells, size, classes, classes.index(favourable))
    z = normal_quantile(config.fairness.confidence)
    pairs = {
        "sex": [name for name in sex.groups for _ in race.groups],
        "race": [name for _ in sex.groups for name in race.groups],
    }
    frames = []
    for rates in (found[BASE_RATE], found[SELECTION_RATE]):
        low, high = rates.limits(z)
        figures = {"metric": rates.metric, "value": rates.shares, "low": low, "high": high, "n": rates.rows}
        frames.append(pd.DataFrame({**pairs, **figures})[rates.rows > 0])
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]
