"""The audit: one straight line from a configuration to a report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from assay.baseline import read_accepted
from assay.cells import find_cell_errors
from assay.changes.ratchet import hold
from assay.config_file import parse_config
from assay.data_config import DataConfig
from assay.deciding import apply_severities, decide, find_waived
from assay.errors import ConfigurationError
from assay.history import find_history
from assay.history.check import judge_history
from assay.ingest import read_dataset
from assay.judging import flagged_rows, judge_classes, judge_numbers, read_given
from assay.known import identity_of
from assay.manifest import Meter, StageRunner, write_manifest
from assay.quarantine import quarantine_effect
from assay.records import find_near_duplicates
from assay.report import AuditReport
from assay.review_file import read_review
from assay.validation import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from assay.baseline import Baseline
    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.deciding import Decision
    from assay.findings import Finding

__all__ = ["DEEP", "STAGES", "StageRunner", "audit", "run_audit", "run_stage"]

P = ParamSpec("P")
T = TypeVar("T")

STAGES = (
    *("ingest", "validate", "cells", "records", "learn", "rehearse", "label noise", "trials", "fairness", "cleaning"),
    *("label effect", "mitigation", "other hyperparameters", "self-test", "health", "gate"),
)
# Those that only `health.deep`, or a key of its own, asks for.
DEEP = ("other hyperparameters", "self-test")


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
    find_history(config.output.folder, config.output.history)  # refuses a wrong URL before any work begins
    identity = identity_of(config) if frame is None else None
    # Read first: a mistake in it should not come to light after a training.
    review = read_review(config.label_noise.review) if config.label_noise.review is not None else None
    baseline = read_accepted(config)
    dataset = run("ingest", read_dataset, config, frame)
    given = read_given(config, dataset)
    validation = run("validate", validate, dataset, config.validation)
    cells = run("cells", find_cell_errors, dataset, config.cells)
    records = run("records", find_near_duplicates, dataset, config.records)
    defects = flagged_rows((*validation.findings, *cells.findings, *records.findings), len(dataset))
    # With a leak among its features a model agrees with every given label: it would find none wrong and harm nobody.
    # A column that identifies rows teaches nothing, and parts rows that are otherwise equal.
    dataset = dataset.without(validation.identifiers + (() if config.learning.use_leaks else validation.leaks))
    judgement = (
        judge_classes(run, config, dataset, defects, given=given, review=review, progress=progress)
        if dataset.target is None
        else judge_numbers(run, config, dataset, defects, progress)
    )
    found = tuple(f for stage in (dataset, validation, cells, records, judgement) for f in stage.findings)
    findings, decision = run("gate", rule, config, dataset, found, baseline)
    report = AuditReport(
        config=config,
        dataset=dataset,
        validation=validation,
        cells=cells,
        records=records,
        predictions=judgement.predictions,
        label_noise=judgement.label_noise,
        fairness_result=judgement.fairness,
        cleaning=judgement.cleaning,
        label_effect=judgement.label_effect,
        mitigation=judgement.mitigation,
        health=judgement.health,
        findings=findings,
        ruling=decision,
        manifest=write_manifest(config, dataset, judgement.predictions, run.stages, _if_unchanged(identity, config)),
        index=None if frame is None else frame.index,
    )
    return hold_against_history(report, baseline)


def _if_unchanged(identity: str | None, config: AuditConfig) -> str | None:
    """`identity`, unless something was changed while the audit ran: that is answered by nothing."""
    return identity if identity is not None and identity == identity_of(config) else None


def hold_against_history(report: AuditReport, baseline: Baseline | None = None) -> AuditReport:
    """Add DQ040, which looks at the figures of all other stages, and give the verdict with it.

    Where the history is too short to say anything, nothing is computed for it.
    """
    found = judge_history(report.config, report.dataset.fingerprint, report.to_dict)
    findings = (*report.findings, *apply_severities(found, report.config.policy))
    return replace(report, findings=findings, ruling=_decide(report.config, findings, baseline))


def rule(
    config: AuditConfig, dataset: Dataset, found: Sequence[Finding], baseline: Baseline | None = None
) -> tuple[tuple[Finding, ...], Decision]:
    """Give the verdict, and with it the finding on whom the quarantine of rows would remove."""
    today = dt.datetime.now(dt.UTC).date()
    findings = apply_severities(found, config.policy)
    excused = [pair.finding for pair in find_waived(findings, config.policy, today=today)]
    effect = quarantine_effect(dataset, findings, excused, config)
    findings += apply_severities(effect, config.policy)
    return findings, _decide(config, findings, baseline)


def _decide(config: AuditConfig, findings: tuple[Finding, ...], baseline: Baseline | None) -> Decision:
    today = dt.datetime.now(dt.UTC).date()
    ratchet = hold(findings, baseline, today=today) if baseline is not None else None
    return decide(findings, config.policy, today=today, ratchet=ratchet)


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
