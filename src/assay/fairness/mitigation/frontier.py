"""The frontier of accuracy against disparity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.able import kinds_of, most_able
from assay.dataset import NO_LABEL
from assay.fairness.counts import judged_rows, read_features
from assay.fairness.mitigation.exploration import MOST_GROUPS, REWEIGHING, Exploration, Training, explore
from assay.fairness.mitigation.price import MITIGATION_CHECK, MitigationContext
from assay.fairness.mitigation.score_table import DECISION, count_scores, favourable_scores, read_scores
from assay.fairness.mitigation.trainings import read_examples, reweigh, sample_rows, train_for
from assay.findings import Outcome, Status, run_checks
from assay.results import MitigationResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.fairness.counts import Feature
    from assay.fairness.mitigation.score_table import ScoredRows, ScoreTable
    from assay.fairness_config import FairnessConfig
    from assay.results import OutOfSample

    Floats = npt.NDArray[np.float64]
    Progress = Callable[[float], None]
    Retrain = Callable[[Floats], OutOfSample]

COLUMNS = (
    *("feature", "criterion", "method", "setting", "accuracy", "accuracy_low", "accuracy_high"),
    *("disparity", "low", "high", "n", "status"),
)


def explore_mitigation(
    dataset: Dataset,
    predictions: OutOfSample,
    config: FairnessConfig,
    progress: Progress | None = None,
    *,
    retrain: Retrain | None = None,
) -> MitigationResult:
    """Explore what it would cost to meet the tolerance, in demographic parity and in equalized odds.

    Of the kind of model that predicts best, for each single sensitive feature. Thresholds per group are fitted on
    the out-of-sample scores of all folds but one and judged on that one. Nothing is applied.

    Parameters
    ----------
    dataset
        N rows. Sample weights count in the thresholds and in every figure; fairlearn's methods take none, and are
        not tried where there are some.
    predictions
        Out-of-sample class probabilities (N, K) of the same rows.
    config
        Tolerance and confidence; `mitigation` says what is tried.
    progress
        Is told the finished share.
    retrain
        Where trainings are asked for: trains the model again with sample weights (N,) and predicts out of sample, so
        that the reweighing is of that model. None: of gradient-boosted trees.

    Returns
    -------
    MitigationResult
        Accuracy is that of the favourable class against all others. Its intervals are Wilson's, those of the
        disparity hold together over all pairs of groups (Tukey and Kramer), all features and all that is tried
        up to the tolerance (Bonferroni), and take what was fitted as given.

    Raises
    ------
    ContractError
        Where the predictions do not belong to the dataset, or are not finite.
    """
    judged = judged_rows(dataset, predictions)
    model, able = most_able(predictions)
    features = read_features(dataset, intersections=False)
    obstacle = next(_obstacles(dataset, able, judged, config), None)
    explorations: dict[str, Exploration] = {}
    if obstacle is None:
        split = [feature for feature in features if len(feature.groups) > 1]
        source = _Source(dataset, read_scores(dataset, able, judged), config, len(split), _again(retrain, model))
        for index, feature in enumerate(split):
            explorations[feature.name] = _explore(source, feature, _part(progress, index, len(split)))
    context = MitigationContext(dataset, config, features, judged, {}, explorations, obstacle)
    return MitigationResult(run_checks((MITIGATION_CHECK,), context), _frontier(explorations))


def _obstacles(
    dataset: Dataset, predictions: OutOfSample, judged: npt.NDArray[np.bool_], config: FairnessConfig
) -> Iterator[Outcome]:
    """Why nothing can be tried on any feature; the first one is meant, and the next rests on it."""
    if config.mitigation == "off":
        yield Outcome(Status.NOT_APPLICABLE, "Nothing was tried: `fairness.mitigation` is off.")
    if len(predictions.classes) < 2:
        learned = f"The training learned {len(predictions.classes)} class(es); no threshold tells rows apart."
        yield Outcome(Status.INCONCLUSIVE, learned)
    positive = dataset.labels.positive
    name = None if positive is None else dataset.labels.classes[positive]
    if name is None:
        yield Outcome(
            Status.NOT_APPLICABLE,
            "No class is favourable, so that there is no score to set thresholds on.",
            remedy="Name the favourable class with `positive`, where there is one.",
        )
    if name not in predictions.classes:
        yield Outcome(Status.INCONCLUSIVE, f"The positive class {name} has too few rows to be learned.")
    if not judged.any():
        yield Outcome(Status.INCONCLUSIVE, "No row has both a label and an out-of-sample prediction.")
    chosen = predictions.pred_probs[judged].argmax(axis=1) == predictions.classes.index(name)
    if chosen.all() or not chosen.any():
        yield Outcome(
            Status.INCONCLUSIVE,
            "The model predicts the same for every row, so that there is no accuracy to trade. MH001 says whether "
            "anything can be learned.",
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """What every feature is explored from; `again` gives the probabilities (N, K) of a training with weights (N,)."""

    dataset: Dataset
    rows: ScoredRows
    config: FairnessConfig
    features: int
    again: Callable[[Floats], Floats] | None


def _again(retrain: Retrain | None, model: str) -> Callable[[Floats], Floats] | None:
    """Train again, and take the predictions of the kind of model that is judged."""
    if retrain is None:
        return None

    def again(weights: Floats) -> Floats:
        found = retrain(weights)
        return kinds_of(found).get(model, found.pred_probs)

    return again


def _explore(source: _Source, feature: Feature, progress: Progress) -> Exploration:
    """Try everything on one feature."""
    table = count_scores(feature, source.rows, source.config.min_group_size)
    if obstacle := _too_many_or_few(table):
        return Exploration(feature, (), table.groups, obstacle=obstacle)
    trainings: list[Training] = []
    if source.config.mitigation == "all":
        trainings = [*_trainings(source, table, progress), *_reweighed(source, feature)]
    exploration = explore(table, trainings, source.rows, source.config, features=source.features)
    progress(1.0)
    return exploration


def _trainings(source: _Source, table: ScoreTable, progress: Progress) -> list[Training]:
    """Trainings of plain models on a sample of the rows."""
    dataset, rows = source.dataset, source.rows
    if not dataset.roles.features:
        return []
    sample = sample_rows(len(rows.positions))
    found = train_for(
        read_examples(dataset, rows.positions[sample], rows.label[sample], rows.fold[sample]),
        table.group_of[sample],
        len(table.groups),
        tolerance=source.config.tolerance,
        reduce=rows.weights is None,
        reweighing=source.again is None,
        progress=progress,
    )
    return [Training(criterion, method, setting, sample, chosen) for criterion, method, setting, chosen in found]


def _reweighed(source: _Source, feature: Feature) -> list[Training]:
    """The judged kind of model, trained on all rows with weights under which the label is independent of the group."""
    rows, dataset = source.rows, source.dataset
    if source.again is None:
        return []
    # The weights are made of counts by group and label: what a fold's own rows add to these tells it next to nothing.
    label = np.full(len(dataset), NO_LABEL, dtype=np.int64)
    label[rows.positions] = rows.label
    weight = np.ones(len(dataset)) if dataset.weights is None else dataset.weights
    probs = source.again(reweigh(feature.codes, label, weight))[rows.positions]
    chosen = (favourable_scores(probs, rows.positive) >= DECISION).astype(np.float64)
    return [Training(None, REWEIGHING, 1.0, np.arange(len(chosen)), chosen)]


def _too_many_or_few(table: ScoreTable) -> str | None:
    name, groups = table.feature.name, len(table.groups)
    if groups < 2:
        return f"Fewer than two groups of {name} have enough rows (FB013): there is nothing to trade accuracy for."
    if groups > MOST_GROUPS:
        return (
            f"{name} has {groups:,} groups that are large enough; thresholds are tried for {MOST_GROUPS} at most. "
            "Merge groups where that is meaningful."
        )
    return None


def _part(progress: Progress | None, index: int, parts: int) -> Progress:
    """Progress of one of several equal parts."""
    return lambda share: progress((index + share) / parts) if progress is not None else None


def _frontier(explorations: Mapping[str, Exploration]) -> pd.DataFrame:
    rows = [
        (
            *(name, trial.criterion, trial.method, trial.setting),
            *(judged.accuracy[0], judged.accuracy[1].low, judged.accuracy[1].high),
            *(judged.disparity.value, judged.disparity.low, judged.disparity.high),
            *(judged.n, str(judged.disparity.status)),
        )
        for name, exploration in explorations.items()
        for trial in exploration.trials
        for judged in (trial.judged,)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
