"""How much of the disparities wrong labels may make."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.able import most_able
from assay.errors import ContractError
from assay.fairness.counts import judged_rows, read_features
from assay.fairness.labels.checks import LABEL_EFFECT_CHECK, Effect, EffectContext
from assay.fairness.labels.figures import (
    CORRECTED,
    DISPARITIES,
    JUDGED,
    OBSERVED,
    RELABELLED,
    REMOVED,
    VIEWS,
    JudgedRows,
    compare_conclusions,
    count,
    differ,
    observe,
    observe_corrected,
    withhold,
)
from assay.fairness.labels.noise_matrix import read_noise, read_shares, share_wrong
from assay.fairness.labels.review import weigh_flips
from assay.fairness.labels.tipping import find_tipping
from assay.fairness.rates import SELECTION_RATE
from assay.fairness.simultaneous import critical_value
from assay.findings import Status, run_checks
from assay.intervals import bonferroni
from assay.results import LabelEffect

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.fairness.counts import Feature
    from assay.fairness.labels.figures import Difference
    from assay.fairness_config import FairnessConfig
    from assay.results import LabelNoiseResult, OutOfSample

    Floats = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

TABLE = ("feature", "metric", "view", "value", "low", "high", "n")
TIPPING = ("feature", "metric", "value")
REVIEW = ("position", "feature", "influence")
MOST_REVIEWED = 1_000
# Rates that the labels enter; the selection rate is of the predictions alone.
_PARTS = 4


def assess_label_effect(
    dataset: Dataset, predictions: OutOfSample, labels: LabelNoiseResult, config: FairnessConfig
) -> LabelEffect:
    """Assess how much of the disparities wrong labels may make.

    For each sensitive feature by itself, the largest differences between two groups in base rate, true and false
    positive rate, equalized odds and selection rate (demographic parity), in four views: the labels as they are,
    without the suspects, with the suspects relabelled, and corrected for how often labels are estimated to go wrong
    in each group and direction (`correct`). The predictions are the same in all views, those of the kind of model
    that predicts best: what they are held against changes. So demographic parity does not change by a correction.

    Parameters
    ----------
    dataset
        N rows.
    predictions
        Out-of-sample probabilities (N, K) of the same rows.
    labels
        What the label audit says: suspects, and the noise rates by group.
    config
        `tolerance`, `confidence` and `min_group_size`.

    Returns
    -------
    LabelEffect
        Intervals are simultaneous over pairs of groups, rates and features. In the view "noise corrected" they hold
        both the counts' uncertainty and that of the noise rates; `value` is NaN where it cannot be corrected, or its
        interval is wider than `WIDEST_TOLD`. Empty where no class is favourable. `review` has at most `MOST_REVIEWED`
        rows, of disparities whose conclusion the labels may decide.

    Raises
    ------
    ContractError
        Where predictions or `labels` do not belong to the dataset.
    """
    judged = judged_rows(dataset, predictions)
    if labels.suspect.shape != judged.shape:
        raise ContractError(
            f"labels must be of the dataset's {len(judged):,} rows, got {len(labels.suspect):,}. Pass the result of "
            "the label audit of this dataset."
        )
    context = _judge(dataset, most_able(predictions)[1], labels, config, judged)
    return LabelEffect(
        run_checks((LABEL_EFFECT_CHECK,), context),
        table=_frame([row for effect in context.effects for row in _rows(effect)], TABLE),
        tipping=_frame([row for effect in context.effects for row in _tipping_rows(effect)], TIPPING),
        review=_review(context.effects),
    )


def _judge(
    dataset: Dataset, predictions: OutOfSample, labels: LabelNoiseResult, config: FairnessConfig, judged: Mask
) -> EffectContext:
    features = read_features(dataset, intersections=False)
    split = [feature for feature in features if len(feature.groups) > 1]
    positive, obstacle, status = _favourable(dataset, predictions, judged)
    if obstacle or not split:
        return EffectContext(config, features, (), obstacle, status)
    positions = np.flatnonzero(judged)
    rows = JudgedRows(
        positions=positions,
        y_true=predictions.labels[judged] == positive,
        y_pred=predictions.pred_probs[judged].argmax(axis=1) == positive,
        suspect=labels.suspect[judged],
        relabelled=np.where(labels.suspect, labels.suggested, predictions.labels)[judged] == positive,
        # A label that was not judged is not known to be wrong.
        wrong=np.nan_to_num(1 - labels.quality[judged]),
        weights=None if dataset.weights is None else dataset.weights[judged],
    )
    confidence = bonferroni(config.confidence, _PARTS * len(split))
    effects = tuple(_assess(feature, rows, labels, config, confidence) for feature in split)
    return EffectContext(config, features, effects, None, Status.PASSED)


def _favourable(dataset: Dataset, predictions: OutOfSample, judged: Mask) -> tuple[int, str | None, Status]:
    """Code of the favourable class among the learned ones, or why there is nothing to assess."""
    if dataset.labels.positive is None:
        return -1, "No class is favourable, so that there is no noise of it to correct for.", Status.NOT_APPLICABLE
    name = dataset.labels.classes[dataset.labels.positive]
    if name not in predictions.classes or len(predictions.classes) < 2:
        return -1, f"The positive class {name} and others have too few rows to be learned.", Status.INCONCLUSIVE
    if not judged.any():
        return -1, "No row has both a label and an out-of-sample prediction.", Status.INCONCLUSIVE
    return predictions.classes.index(name), None, Status.PASSED


def _assess(
    feature: Feature, rows: JudgedRows, labels: LabelNoiseResult, config: FairnessConfig, confidence: float
) -> Effect:
    codes, groups = feature.codes[rows.positions], len(feature.groups)
    everyone = np.ones(len(codes), dtype=np.bool_)
    chosen = {OBSERVED: everyone, REMOVED: ~rows.suspect, RELABELLED: everyone, CORRECTED: everyone}
    counts = {}
    for view, kept in chosen.items():
        y_true = rows.relabelled if view == RELABELLED else rows.y_true
        weights = None if rows.weights is None else rows.weights[kept]
        counts[view] = count(codes[kept], groups, y_true[kept], rows.y_pred[kept], weights)
    observed = counts[OBSERVED]
    large = int((observed.rows.sum(axis=(1, 2)) >= config.min_group_size).sum())
    z = critical_value(max(2, large), confidence)
    noise = read_noise(labels.noise_rates, feature.name, feature.groups)
    rates = {view: observe(counts[view], config.min_group_size, z) for view in VIEWS if view != CORRECTED}
    rates[CORRECTED] = observe_corrected(observed, noise, config.min_group_size, z)
    differences = {
        (metric, view): differ(rates[view], parts) for metric, parts in DISPARITIES.items() for view in VIEWS
    }
    # The selection rate is not corrected.
    for metric in (metric for metric, parts in DISPARITIES.items() if SELECTION_RATE not in parts):
        differences[metric, CORRECTED] = withhold(differences[metric, CORRECTED])
    open_ = [m for m in JUDGED if compare_conclusions(differences, m, config.tolerance) is not Status.PASSED]
    tipping = {}
    for metric in DISPARITIES:
        d = differences[metric, OBSERVED]
        tipping[metric] = find_tipping(d.rate, observed.weight, d.top, d.bottom) if d.top >= 0 else {}
    removed = rows.suspect & rows.y_true
    return Effect(
        feature=feature,
        differences=differences,
        tipping=tipping,
        rows={view: int(kept.sum()) for view, kept in chosen.items()},
        wrong=read_shares(labels.estimates, feature.name, feature.groups),
        group_rows=observed.rows.sum(axis=(1, 2)),
        positives=observed.rows[:, 1].sum(axis=1),
        removed=np.bincount(codes[removed], minlength=groups).astype(np.float64),
        wrong_positives=share_wrong(observed.weight, noise),
        review=_influence(feature, rows, [differences[metric, OBSERVED] for metric in open_], observed.weight),
    )


def _influence(feature: Feature, rows: JudgedRows, differences: list[Difference], table: Floats) -> pd.DataFrame:
    """Rows by the largest expected change, P(wrong) times the change, of a disparity that labels may decide."""
    codes = feature.codes[rows.positions]
    influence = np.zeros(len(codes))
    for difference in differences:
        if difference.top >= 0:
            change = weigh_flips(difference, table, codes, rows)
            influence = np.maximum(influence, change * rows.wrong)
    order = np.argsort(-influence, kind="stable")[:MOST_REVIEWED]
    order = order[influence[order] > 0]
    columns = {"position": rows.positions[order], "feature": feature.name, "influence": influence[order]}
    return pd.DataFrame(columns, columns=list(REVIEW))


def _rows(effect: Effect) -> list[tuple[str | float, ...]]:
    return [
        (effect.feature.name, metric, view, d.value, d.low, d.high, effect.rows[view])
        for (metric, view), d in effect.differences.items()
    ]


def _tipping_rows(effect: Effect) -> list[tuple[str | float, ...]]:
    return [
        (effect.feature.name, metric, min(shares.values(), default=math.nan))
        for metric, shares in effect.tipping.items()
    ]


def _frame(rows: list[tuple[str | float, ...]], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))


def _review(effects: tuple[Effect, ...]) -> pd.DataFrame:
    frames = [effect.review for effect in effects if len(effect.review)]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in zip(REVIEW, _KINDS, strict=True)})
    together = pd.concat(frames, ignore_index=True).sort_values("influence", ascending=False, kind="stable")
    return together.head(MOST_REVIEWED).reset_index(drop=True)


_KINDS = ("int64", "str", "float64")
