"""The audit: one straight line from a configuration to a report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from assay.config import DataConfig
from assay.config_file import parse_config
from assay.errors import ConfigurationError, InputError
from assay.fairness import assess_fairness, assess_numeric_fairness, compare_cleaning, skip_cleaning
from assay.gate import apply_severities, decide
from assay.health import assess_health, assess_numeric_health
from assay.ingest import read_dataset, read_predictions
from assay.label_noise import (
    Rehearsal,
    check_contract,
    find_label_noise,
    find_numeric_label_noise,
    plan_injections,
)
from assay.learning import out_of_sample, out_of_sample_values
from assay.manifest import Meter, StageRunner, write_manifest
from assay.report import AuditReport
from assay.review_file import read_review
from assay.validation import validate

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.results import CleaningEffect, LabelNoiseResult, OutOfSample, OutOfSampleValues

__all__ = ["STAGES", "StageRunner", "audit", "run_audit", "run_stage"]

P = ParamSpec("P")
T = TypeVar("T")

STAGES = ("ingest", "validate", "learn", "rehearse", "label noise", "fairness", "cleaning", "health", "gate")


# Without fewer rows a second training differs from the first by the luck of its seed, and by nothing else.
LEAST_REMOVED = 0.01
# Fewer than the audit's own: the sample is small, and what is compared are methods.
REHEARSAL_FOLDS = 3


def run_stage(_name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a stage as the function that it is."""
    return function(*args, **kwargs)


def run_audit(
    config: AuditConfig,
    *,
    frame: pd.DataFrame | None = None,
    stage: StageRunner = run_stage,
    progress: Callable[[str, float], None] | None = None,
) -> AuditReport:
    """Audit a dataset.

    Parameters
    ----------
    config
        What to audit and how; `config.data` is read unless `frame` is given.
    frame
        The dataset, in place of `config.data`; it is not changed.
    stage
        How a stage is run, such as as a Prefect task.
    progress
        Is told a stage and the share of it that is done, while a long stage works.

    Raises
    ------
    AssayError
        Where the configuration is wrong or the data cannot be read or audited.
    """
    run = Meter(stage)
    # Read first: a mistake in it should not come to light after a training.
    review = read_review(config.label_noise.review) if config.label_noise.review is not None else None
    dataset = run("ingest", read_dataset, config, frame)
    given = read_given(config, dataset)
    validation = run("validate", validate, dataset, config.validation)
    # With a leak among its features a model agrees with every given label: it would find none wrong and harm nobody.
    # A column that identifies rows teaches nothing, and parts rows that are otherwise equal.
    dataset = dataset.without(validation.identifiers + (() if config.learning.use_leaks else validation.leaks))
    predictions: OutOfSample | OutOfSampleValues
    if dataset.target is None:
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
        fairness = run("fairness", assess_fairness, dataset, predictions, config.fairness)
        cleaning = run("cleaning", assess_cleaning, config, dataset, predictions, labels, _of("cleaning", progress))
        health = run("health", assess_health, dataset, predictions, config.health)
    else:  # a numeric label
        predictions = run("learn", out_of_sample_values, dataset, config.learning, progress=_of("learn", progress))
        labels = run("label noise", find_numeric_label_noise, dataset, predictions, config.label_noise)
        fairness = run("fairness", assess_numeric_fairness, dataset, predictions, config.fairness)
        cleaning = run("cleaning", skip_cleaning)
        health = run("health", assess_numeric_health, dataset, predictions, config.health)
    stages = (dataset, validation, labels, fairness, cleaning, health)
    found = tuple(finding for result in stages for finding in result.findings)
    findings = apply_severities(found, config.policy)
    decision = run("gate", decide, findings, config.policy, today=dt.datetime.now(dt.UTC).date())
    return AuditReport(
        config=config,
        dataset=dataset,
        validation=validation,
        predictions=predictions,
        label_noise=labels,
        fairness_result=fairness,
        cleaning=cleaning,
        health=health,
        findings=findings,
        ruling=decision,
        manifest=write_manifest(config, dataset, predictions, run.stages),
        index=None if frame is None else frame.index,
    )


def audit(data: pd.DataFrame | str | Path, /, *, label: str, **settings: Any) -> AuditReport:
    """Audit a frame or a file; the same audit as `assay gate` runs.

    Parameters
    ----------
    data
        The dataset: a frame, which is not changed, or the path of a file.
    label
        Column that a model would predict.
    **settings
        The rest of the configuration, by the keys of `audit.yaml`: `sensitive=["sex"]`, `id="person"`,
        `learning={"repeats": 1}`, ... `data={"delimiter": ";"}` says how to read a file; of a frame, only which
        values mean "missing" can be said (`missing`, `default_missing`).

    Raises
    ------
    AssayError
        Where a setting is wrong or the data cannot be read or audited.

    Examples
    --------
    >>> import assay, pandas as pd
    >>> frame = pd.DataFrame({"x": [0.0, 1.0] * 100, "y": ["no", "yes"] * 100})
    >>> assay.audit(frame, label="y").decision in ("pass", "reject", "undecided")
    True
    """
    reading = settings.pop("data", {})
    _refuse_other_source(reading, is_path=isinstance(data, str | Path))
    values = {"label": label, **settings}
    if isinstance(data, str | Path):
        return run_audit(parse_config({**values, "data": {**reading, "path": str(data)}}))
    return run_audit(parse_config({**values, "data": dict(reading)} if reading else values), frame=data)


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
    return given if given is not None else out_of_sample(dataset, config.learning, progress=progress)


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
    once = replace(before, pred_probs=before.repeat_probs[0].astype("float64"))
    enough = config.fairness.cleaning_effect and before.given is None and labels.suspect.mean() >= LEAST_REMOVED
    removed = labels.suspect & enough
    after = (
        out_of_sample(dataset, config.learning, exclude=removed, repeats=1, opinions=False, progress=progress)
        if removed.any()
        else once
    )
    return compare_cleaning(dataset, once, after, removed, config.fairness)


def _refuse_other_source(reading: object, *, is_path: bool) -> None:
    """Refuse settings of `data` that the first argument of `audit` already says, or that a frame has no use for."""
    if not isinstance(reading, Mapping):
        raise ConfigurationError(
            f"data must be a mapping such as {{'missing': ['?']}}, got {type(reading).__name__}. Give the frame or "
            "the path as the first argument."
        )
    known = set(DataConfig.model_fields)
    of_source = {"path", "connection", "query"} if is_path else known - {"missing", "default_missing"}
    what = "a path is" if is_path else "a frame is"
    problems = [
        f"data.{key} must be left out where {what} the first argument. Drop it." for key in reading if key in of_source
    ]
    if problems:
        raise ConfigurationError(problems)


def _of(stage: str, progress: Callable[[str, float], None] | None) -> Callable[[float], None]:
    return lambda fraction: progress(stage, fraction) if progress is not None else None
