"""The table of label disparity measures: what `FairnessResult.label_measures` holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.fairness.data.conditional import (
    CONDITIONAL_DISPARITY,
    conditional_disparity,
    cross_strata,
    draw_conditional,
)
from assay.fairness.data.measures import COLUMNS, LabelTable, Measure, error_limits, measure_table, tabulate

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.fairness.counts import Feature
    from assay.fairness_config import FairnessConfig

    Values = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

# A numeric label is compared on this many quantiles of it; one with fewer values is compared as it is.
MOST_BINS = 200
# Strata times groups beyond which the conditional disparity is given without limits.
MOST_STRATA = 200_000


def class_label_measures(dataset: Dataset, features: Iterable[Feature], config: FairnessConfig) -> pd.DataFrame:
    """Measure how far the class labels of the groups lie apart, of all rows with a label, before any training.

    Parameters
    ----------
    dataset
        N rows. Sample weights, where there are any, weigh them. The favourable class, if one is known, has a
        difference in positive proportions and, with control columns, a conditional demographic disparity.
    features
        Those with two groups or more are measured.
    config
        `min_group_size` and `confidence` hold for the largest measure over the groups; `control` names the columns.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; `n` is the rows of the group or of all others, whichever are fewer, and of the largest over
        the groups the fewest of these. A Kullback-Leibler divergence that is infinite, because a label never occurs
        in the group, is NaN, and so is the largest over the groups.
    """
    counted = dataset.labels.codes >= 0
    if dataset.weights is not None:
        counted &= dataset.weights > 0
    # Classes are those that occur; a class that occurs nowhere would be no label at all.
    present, codes = np.unique(dataset.labels.codes[counted], return_inverse=True)
    labels = np.full(len(dataset), -1, dtype=np.int64)
    labels[counted] = codes
    positive = next((i for i, code in enumerate(present.tolist()) if code == dataset.labels.positive), None)
    control = None
    if positive is not None and config.control:
        weights = np.ones(len(dataset)) if dataset.weights is None else dataset.weights
        strata = cross_strata(dataset, config.control)
        control = _Control(strata, labels == positive, np.where(counted, weights, 0.0))
    frames = []
    for feature in features:
        if len(feature.groups) > 1 and len(present):
            table = tabulate(feature, labels, dataset.weights, len(present))
            measures = measure_table(table, positive, config)
            if control is not None:
                measures.append(_conditional(feature, table, control, config))
            frames.append(_as_frame(feature, table, measures, config))
    return _stack(frames)


def numeric_label_measures(
    dataset: Dataset, features: Iterable[Feature], values: Values, config: FairnessConfig
) -> pd.DataFrame:
    """Measure how far the numeric labels of the groups lie apart: Kolmogorov-Smirnov and Wasserstein distance.

    Parameters
    ----------
    values
        (N,) label on the scale on which it is learned, in its standard deviations; NaN where it is missing. With
        more than `MOST_BINS` distinct values, each counts as the next of so many quantiles.

    Returns
    -------
    pandas.DataFrame
        As `class_label_measures`.
    """
    counted = np.isfinite(values)
    if dataset.weights is not None:
        counted &= dataset.weights > 0
    if not counted.any():
        return _stack([])
    grid = np.unique(values[counted])
    if len(grid) > MOST_BINS:
        grid = np.unique(np.quantile(values[counted], np.linspace(0, 1, MOST_BINS), method="inverted_cdf"))
    labels = np.full(len(dataset), -1, dtype=np.int64)
    labels[counted] = np.searchsorted(grid, values[counted], side="left")
    frames = []
    for feature in features:
        if len(feature.groups) > 1:
            table = tabulate(feature, labels, dataset.weights, len(grid), np.diff(grid))
            frames.append(_as_frame(feature, table, measure_table(table, None, config), config))
    return _stack(frames)


@dataclass(frozen=True, slots=True, eq=False)
class _Control:
    """(N,) stratum, whether the label is the positive one, and the weight (0 for a row that does not count)."""

    strata: Codes
    accepted: npt.NDArray[np.bool_]
    weights: Values


def _conditional(feature: Feature, table: LabelTable, control: _Control, config: FairnessConfig) -> Measure:
    groups, size = len(feature.groups), int(control.strata.max(initial=0)) + 1
    cell = control.strata * groups + feature.codes

    def total(weights: Values) -> Values:
        return np.bincount(cell, weights, minlength=size * groups).reshape(size, groups).astype(np.float64)

    held, accepted = total(control.weights), total(control.weights * control.accepted)
    rejected, squared = np.maximum(0.0, held - accepted), total(control.weights**2)
    rows = np.divide(held**2, squared, out=np.zeros_like(held), where=squared > 0)
    value = np.where(table.rows > 0, conditional_disparity(accepted, rejected), np.nan)
    rates = np.divide(accepted, held, out=np.zeros_like(held), where=held > 0)
    errors = np.abs(draw_conditional(rows, rates)) if held.size <= MOST_STRATA else None
    compared = table.rows >= config.min_group_size
    single, joint = error_limits(errors, compared, config.confidence)
    limits = [np.clip(value + sign * reach, -1.0, 1.0) for reach in (single, joint) for sign in (-1, 1)]
    return Measure(CONDITIONAL_DISPARITY, value, *limits)


def _as_frame(feature: Feature, table: LabelTable, measures: list[Measure], config: FairnessConfig) -> pd.DataFrame:
    compared = np.flatnonzero(table.rows >= config.min_group_size)
    # A figure of a group against all other rows tells of either: of few others, as much as of a few in the group.
    rests_on = np.minimum(table.rows, table.rows.sum() - table.rows)
    frames = []
    for found in measures:
        largest = found.largest(compared)
        groups = np.array([*feature.groups, None], dtype=object)
        figures = {
            "value": [*found.estimates, largest[0]],
            "low": [*found.low, largest[1]],
            "high": [*found.high, largest[2]],
            "n": [*rests_on, rests_on[compared].min(initial=table.rows.sum() if len(compared) else 0)],
        }
        frames.append(pd.DataFrame({"feature": feature.name, "group": groups, "measure": found.name, **figures}))
    return pd.concat(frames, ignore_index=True)


def _stack(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]
