"""From a validated dataset to what models say of it: labels, fairness, health, for classes and for numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.able import most_able
from assay.errors import ConfigurationError, InputError
from assay.fairness import (
    assess_fairness,
    assess_label_effect,
    assess_numeric_fairness,
    compare_cleaning,
    explore_mitigation,
    skip_cleaning,
)
from assay.findings import Status
from assay.health import HealthContext, assess_health, assess_numeric_health
from assay.ingest import read_predictions
from assay.label_noise import (
    Rehearsal,
    check_contract,
    find_label_noise,
    find_numeric_label_noise,
    plan_injections,
)
from assay.learning import out_of_sample, out_of_sample_values
from assay.rejudging import rejudge
from assay.self_testing import plant_and_look
from assay.trying import Attempt, attempt, run_trials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt
    import pandas as pd

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.findings import Finding
    from assay.label_noise.review import Review
    from assay.manifest import Meter
    from assay.results import (
        CleaningEffect,
        FairnessResult,
        HealthResult,
        LabelEffect,
        LabelNoiseResult,
        MitigationResult,
        OutOfSample,
        OutOfSampleValues,
    )

    Progress = Callable[[str, float], None]

Defects = Mapping[str, "npt.NDArray[np.bool_]"]

# What may be wrong with a row, apart from what the models say.
REPEATED, INVALID, SUSPECT_LABEL = "repeated", "invalid", "suspect label"
# Checks of copies and near-copies of rows.
REPEATS = ("DQ011", "DQ035")
# Without fewer rows a second training differs from the first by the luck of its seed, and by nothing else.
LEAST_REMOVED = 0.01
# Fewer than the audit's own: the sample is small, and what is compared are methods.
REHEARSAL_FOLDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What models say of a dataset."""

    predictions: OutOfSample | OutOfSampleValues
    label_noise: LabelNoiseResult
    fairness: FairnessResult
    cleaning: CleaningEffect
    health: HealthResult
    label_effect: LabelEffect | None = None
    mitigation: MitigationResult | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of all these stages, in their order."""
        every = (self.label_noise, self.fairness, self.cleaning, self.label_effect, self.mitigation, self.health)
        stages = [stage for stage in every if stage is not None]
        return tuple(finding for stage in stages for finding in stage.findings)


def judge_classes(
    run: Meter,
    config: AuditConfig,
    dataset: Dataset,
    defects: Defects,
    *,
    given: OutOfSample | None,
    review: Review | None,
    progress: Progress | None,
) -> Judgement:
    """Train on labels that are classes, unless predictions were given, and judge by that."""
    predictions = run("learn", predict, config, dataset, given, _of("learn", progress))
    rehearsals = run("rehearse", rehearse, config, dataset, predictions, _of("rehearse", progress))
    labels = run(
        "label noise",
        find_label_noise,
        dataset,
        predictions,
        config.label_noise,
        rehearsals=rehearsals,
        review=review,
    )
    trials = run("trials", run_trials, config, dataset, predictions, _of("trials", progress))
    defects = {**defects, SUSPECT_LABEL: labels.suspect}
    fairness = run("fairness", assess_fairness, dataset, predictions, config.fairness, defects=defects)
    cleaning = run("cleaning", assess_cleaning, config, dataset, predictions, labels, _of("cleaning", progress))
    label_effect = run("label effect", assess_label_effect, dataset, predictions, labels, config.fairness)
    mitigation = run(
        "mitigation",
        explore_mitigation,
        dataset,
        predictions,
        config.fairness,
        _of("mitigation", progress),
        retrain=retraining(config, dataset, given),
    )
    verdicts: Attempt[pd.DataFrame | None] = Attempt(None, {})
    if config.health.asks("variants"):
        given_up = ("MH030", "MH031")
        verdicts = run(
            "other hyperparameters", attempt, given_up, rejudge, config, dataset, predictions, trials.variants
        )
    power = look_for_planted(run, config, dataset, progress)
    context = HealthContext(
        dataset,
        predictions,
        config.health,
        seed=config.learning.seed,
        trials=trials,
        suspect=labels.suspect,
        verdicts=verdicts.result,
        power=power.result,
        failures={**trials.failures, **verdicts.failures, **power.failures},
        costs=dict(run.stages),
    )
    health = run("health", assess_health, context)
    return Judgement(predictions, labels, fairness, cleaning, health, label_effect, mitigation)


def judge_numbers(
    run: Meter, config: AuditConfig, dataset: Dataset, defects: Defects, progress: Progress | None
) -> Judgement:
    """Train on a numeric label, and judge by that."""
    predictions = run("learn", out_of_sample_values, dataset, config.learning, progress=_of("learn", progress))
    labels = run("label noise", find_numeric_label_noise, dataset, predictions, config.label_noise)
    trials = run("trials", run_trials, config, dataset, predictions, _of("trials", progress))
    defects = {**defects, SUSPECT_LABEL: labels.suspect}
    fairness = run("fairness", assess_numeric_fairness, dataset, predictions, config.fairness, defects=defects)
    cleaning = run("cleaning", skip_cleaning)
    power = look_for_planted(run, config, dataset, progress)
    context = HealthContext(
        dataset,
        predictions,
        config.health,
        seed=config.learning.seed,
        trials=trials,
        suspect=labels.suspect,
        power=power.result,
        failures={**trials.failures, **power.failures},
        costs=dict(run.stages),
    )
    health = run("health", assess_numeric_health, context)
    return Judgement(predictions, labels, fairness, cleaning, health)


def look_for_planted(
    run: Meter, config: AuditConfig, dataset: Dataset, progress: Progress | None
) -> Attempt[pd.DataFrame | None]:
    """Plant known defects and look whether this audit finds them, where that is asked."""
    if not config.health.asks("self_test"):
        return Attempt(None, {})
    return run("self-test", attempt, ("MH060",), plant_and_look, config, dataset, _of("self-test", progress))


def flagged_rows(findings: Iterable[Finding], rows: int) -> dict[str, npt.NDArray[np.bool_]]:
    """What is wrong with which rows, by what the failed checks flagged: name of the defect -> (N,) bool."""
    flagged = {name: np.zeros(rows, dtype=np.bool_) for name in (REPEATED, INVALID)}
    for finding in findings:
        flags = finding.evidence.rows if finding.evidence is not None else None
        if flags is not None and finding.status is Status.FAILED:
            flagged[REPEATED if finding.code in REPEATS else INVALID][flags.positions] = True
    return flagged


def read_given(config: AuditConfig, dataset: Dataset) -> OutOfSample | None:
    """Read the user's own predictions where the configuration names a file of them.

    A mistake in them, or in what is configured for classes only, comes to light before the first long stage.
    """
    if dataset.target is not None:
        refuse_for_numbers(config)
    if config.learning.pred_probs is None:
        return None
    given = read_predictions(config.learning.pred_probs, dataset)
    check_contract(given.labels, given.pred_probs, given.classes)
    return given


def predict(
    config: AuditConfig, dataset: Dataset, given: OutOfSample | None, progress: Callable[[float], None]
) -> OutOfSample:
    """Train, unless predictions were given."""
    if given is not None:
        return given
    predictions = out_of_sample(dataset, config.learning, asked=True, progress=progress)
    # Chosen once for all stages that judge the most able model: of a million rows it takes seconds.
    return replace(predictions, able=most_able(predictions)[0])


def rehearse(
    config: AuditConfig, dataset: Dataset, predictions: OutOfSample, progress: Callable[[float], None]
) -> tuple[Rehearsal, ...]:
    """Train on samples of the rows with known wrong labels in them, to see what finds these.

    Nothing where the predictions were given: models of ours would tell nothing of them.
    """
    if not config.label_noise.rehearse or predictions.given is not None:
        return ()
    injections = plan_injections(dataset, predictions, config.label_noise, seed=config.learning.seed)
    small = config.learning.model_copy(update={"folds": min(REHEARSAL_FOLDS, config.learning.folds), "epochs": None})
    rehearsals = []
    for done, injection in enumerate(injections, start=1):
        try:
            predictions = out_of_sample(injection.dataset, small, repeats=1)
        except InputError:  # too small a sample for its rarest classes: this kind is then not rehearsed
            continue
        rehearsals.append(Rehearsal(injection, predictions))
        progress(done / len(injections))
    return tuple(rehearsals)


def retraining(
    config: AuditConfig, dataset: Dataset, given: OutOfSample | None
) -> Callable[[npt.NDArray[np.float64]], OutOfSample] | None:
    """Give what trains the models again with other weights; None where that is not asked for, or they are not ours."""
    if config.fairness.mitigation != "all" or given is not None:
        return None
    return lambda weights: out_of_sample(replace(dataset, weights=weights), config.learning)


def refuse_for_numbers(config: AuditConfig) -> None:
    """Refuse what is configured for classes where the label is a number."""
    wrong = {
        "learning.pred_probs": config.learning.pred_probs is not None,
        "label_noise.review": config.label_noise.review is not None,
    }
    problems = [
        f"{key} must be left out where the label is a number: it is of classes. Drop it, or set "
        "`task: classification`."
        for key, given in wrong.items()
        if given
    ]
    if problems:
        raise ConfigurationError(problems)


def assess_cleaning(
    config: AuditConfig,
    dataset: Dataset,
    before: OutOfSample,
    labels: LabelNoiseResult,
    progress: Callable[[float], None],
) -> CleaningEffect:
    """Train once more without the suspect rows, in the same folds, and compare.

    Nothing is trained where less than `LEAST_REMOVED` of the rows are suspect, nor where the predictions were given:
    held against another model, a training of ours would show what the models differ in, and not the rows. One repeat
    is enough for a comparison that is paired row by row; the first training is cut down to its first repeat, since a
    mean over two would look better for that reason alone.
    """
    once = replace(before, pred_probs=before.repeat_probs[0].astype("float64"), opinions={}, able="")
    enough = config.fairness.cleaning_effect and before.given is None and labels.suspect.mean() >= LEAST_REMOVED
    removed = labels.suspect & enough
    after = (
        out_of_sample(dataset, config.learning, exclude=removed, repeats=1, opinions=False, progress=progress)
        if removed.any()
        else once
    )
    return compare_cleaning(dataset, once, after, removed, config.fairness)


def _of(stage: str, progress: Callable[[str, float], None] | None) -> Callable[[float], None]:
    return lambda fraction: progress(stage, fraction) if progress is not None else None
