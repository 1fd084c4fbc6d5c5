"""The stage "health" for a numeric label: R2 in place of AUC and accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Subject, run_checks
from assay.health.assessment import PARTS, tabulate
from assay.health.checks import check_unseen_features
from assay.health.parts import assess_parts
from assay.health.vitals import Figure, over_members
from assay.intervals import judge_lower, judge_upper, normal_quantile
from assay.r2 import compute_r2
from assay.results import HealthResult, OutOfSampleValues
from assay.target import BOUND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.health.context import HealthContext
    from assay.health.parts import Part
    from assay.health_config import HealthConfig


@dataclass(frozen=True, slots=True, eq=False)
class NumericVitals:
    """What the checks look at; `figures` as in `assess_numeric_health`."""

    dataset: Dataset
    predictions: OutOfSampleValues
    config: HealthConfig
    figures: dict[str, Figure]


def assess_numeric_health(
    context: HealthContext, checks: Iterable[Check[NumericVitals]] | None = None, parts: Iterable[Part[Any]] = PARTS
) -> HealthResult:
    """Assess whether a numeric label can be learned, and whether that holds on rows that the models did not see.

    Parameters
    ----------
    context
        The dataset, its predictions, and what is asked. Rows without a label enter no figure. Rows count alike.
    checks
        The questions to ask of the training itself; by default `NUMERIC_CHECKS`.
    parts
        The other questions.

    Returns
    -------
    HealthResult
        Metrics: R2 on the scale of the training, with labels bounded at `BOUND` deviations; the mean absolute error
        in units of the label, and that of the median as the prediction; the mean R2 of the single networks on
        training and on held-out rows, and their difference. `n` is rows, or members for the last three.

    Raises
    ------
    ContractError
        Where the predictions belong to another dataset.
    """
    predictions = context.predictions
    assert isinstance(predictions, OutOfSampleValues)
    context.dataset.check_predicted(len(predictions.target))
    vitals = NumericVitals(context.dataset, predictions, context.config, _figures(predictions))
    asked = run_checks(NUMERIC_CHECKS if checks is None else checks, vitals)
    found, tables = assess_parts(parts, context)
    return HealthResult((*asked, *found), tabulate(vitals.figures), tables)


def _figures(predictions: OutOfSampleValues) -> dict[str, Figure]:
    tested = predictions.trained
    bounded = np.clip(predictions.scaled_target[tested], -BOUND, BOUND)
    r2 = compute_r2(bounded, predictions.scaled_predictions[tested])
    target = predictions.target[tested]
    folds = int(predictions.folds.max(initial=-1)) + 1
    gap = predictions.train_score - predictions.test_score
    # An R2 has no lower end.
    return {
        "r2": Figure(r2.value if r2 else None, r2.interval if r2 else None, len(target)),
        "mean absolute error": _mean_error(target, predictions.predictions[tested]),
        "mean absolute error of the median": _mean_error(target, np.median(target) if len(target) else 0.0),
        "training r2": over_members(predictions.train_score, folds, least=-np.inf),
        "held-out r2": over_members(predictions.test_score, folds, least=-np.inf),
        "generalisation gap": over_members(gap, folds, least=-np.inf, most=np.inf),
    }


def _mean_error(
    target: npt.NDArray[np.float64],
    prediction: npt.NDArray[np.float64] | np.floating | float,
    confidence: float = 0.95,
) -> Figure:
    n = len(target)
    # Differences, sums and squares of numbers near the largest one may exceed it: such a figure is not known.
    with np.errstate(over="ignore", invalid="ignore"):
        errors = np.abs(target - prediction)
        mean = float(errors.mean()) if n else np.inf
        half = normal_quantile(confidence) * float(errors.std(ddof=1)) / float(np.sqrt(n)) if n > 1 else np.inf
    if not np.isfinite(mean):
        return Figure(None, None, n)
    interval = Interval(max(0.0, mean - half), mean + half, confidence, "normal")
    return Figure(mean, interval if np.isfinite(half) else None, n)


def check_signal(vitals: NumericVitals) -> Iterator[Outcome]:
    """MH001: whether the predictions explain more of the label than its mean does."""
    r2, least = vitals.figures["r2"], vitals.config.min_r2
    subject = Subject((vitals.dataset.roles.label,))
    evidence = Evidence("R2", r2.value, r2.interval, r2.n, least, "R2")
    if r2.value is None or r2.interval is None:
        words = f"Whether the features say anything about the label cannot be told from {r2.n:,} labelled rows."
        yield Outcome(Status.INCONCLUSIVE, words, subject, evidence, "Add labelled rows.")
        return
    status = judge_lower(r2.interval, least)
    verdict, remedy = {
        Status.PASSED: (f"above the required {least:g}", ""),
        Status.FAILED: (
            f"not above the required {least:g}: there is next to nothing to learn",
            "Add features that bear on the label, and check that rows and labels belong together.",
        ),
    }.get(
        status,
        (f"and whether it lies above the required {least:g} cannot be told", "Add rows, or features that bear on it."),
    )
    scale = " on a logarithmic scale" if vitals.predictions.scale.is_logarithmic else ""
    words = (
        f"On rows that they did not see, models reach an R2 of {r2.value:.3f}{scale} (95% interval "
        f"{r2.interval.low:.3f} to {r2.interval.high:.3f}, {r2.n:,} rows), {verdict}.{_errors(vitals)}"
    )
    yield Outcome(status, words, subject, evidence, remedy)


def _errors(vitals: NumericVitals) -> str:
    error = vitals.figures["mean absolute error"].value
    median = vitals.figures["mean absolute error of the median"].value
    if error is None or median is None:
        return ""
    return f" The mean absolute error is {error:.4g}; always answering the median makes one of {median:.4g}."


def check_gap(vitals: NumericVitals) -> Iterator[Outcome]:
    """MH002: how far R2 falls from training to held-out rows."""
    gap, most = vitals.figures["generalisation gap"], vitals.config.max_gap
    training, held_out = vitals.figures["training r2"].value, vitals.figures["held-out r2"].value
    subject = Subject((vitals.dataset.roles.label,))
    evidence = Evidence("generalisation gap", gap.value, gap.interval, gap.n, most, "R2")
    if gap.value is None or gap.interval is None or training is None or held_out is None:
        words = f"Whether models do worse on rows that they did not see cannot be told from {gap.n:,} scored members."
        yield Outcome(Status.INCONCLUSIVE, words, subject, evidence, "Train on more folds or repeats.")
        return
    status = judge_upper(gap.interval, most)
    verdict, remedy = {
        Status.PASSED: ("at most", ""),
        Status.FAILED: (
            "more than",
            "Add rows, drop features that identify a row, and look for wrong labels: models learn them too.",
        ),
    }.get(status, ("perhaps more than", "Add rows, or train more repeats, to know."))
    words = (
        f"R2 is {training:.3f} on training rows and {held_out:.3f} on held-out rows. It falls by {gap.value:.3f} (95% "
        f"interval {gap.interval.low:.3f} to {gap.interval.high:.3f} over {gap.n:,} members), {verdict} the tolerated "
        f"{most:g}."
    )
    yield Outcome(status, words, subject, evidence, remedy)


def check_left_out(vitals: NumericVitals) -> Iterator[Outcome]:
    """MH003: a number has no classes."""
    label = vitals.dataset.roles.label
    words = "The label is a number: it has no class that could be left out."
    yield Outcome(Status.NOT_APPLICABLE, words, Subject((label,)))


NUMERIC_CHECKS: tuple[Check[NumericVitals], ...] = (
    Check("MH001", "Something to learn", Severity.CRITICAL, check_signal),
    Check("MH002", "Generalisation gap", Severity.WARNING, check_gap),
    Check("MH003", "Classes left out of the training", Severity.WARNING, check_left_out),
    Check("MH004", "Features that the models were not shown", Severity.INFO, check_unseen_features),
)
