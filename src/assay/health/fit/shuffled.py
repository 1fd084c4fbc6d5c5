"""MH005: what models make of labels that mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Interval, Outcome, Severity, Status, Subject, Table
from assay.health.parts import switched_off

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.health.fit.permuted import Permuted
    from assay.health.fit.subject import Fit
    from assay.trials.shuffled import Control, SharedValue

CHANCE = 0.5
# Above chance by so little, nothing leaks that would change a verdict: `health.min_auc` asks for 0.55.
ROOM = 0.02
# Shuffled labels are shown to stay at chance where their AUC is known to lie below this.
QUIET = 0.55
# Models recognise a value where labels drawn by value are predicted better than this. In 8 tables each of 60 to 300
# rows whose values mean nothing the AUC was at most .52, with values that tell one of ten regions .53.
RECOGNISED = 0.55
# The AUC of the real labels must fall by more than this where the rows of a value are kept together.
FALL = 0.02
ALPHA = 0.05


def check_shuffled(fit: Fit) -> Iterator[Outcome]:
    """MH005: see docs/checks/MH005.md."""
    context = fit.context
    if (why := switched_off(context, "shuffled")) is not None:
        yield Outcome(Status.NOT_APPLICABLE, why)
        return
    if context.predictions.given is not None:
        words = f"The predictions were given ({context.predictions.given}): nothing was trained, on any labels."
        yield Outcome(Status.NOT_APPLICABLE, words)
        return
    trial = context.trials.shuffled
    if trial is None or not trial.controls:
        words = (
            "Whether models learn anything from shuffled labels cannot be told: none were trained on them, for which "
            "there must be rows of both labels in two folds."
        )
        yield Outcome(Status.INCONCLUSIVE, words, Subject((fit.label,)), remedy="Add labelled rows.")
        return
    yield _judge_controls(fit, trial.controls)
    if fit.permuted is not None:
        yield _judge_permuted(fit, fit.permuted)
    for shared in trial.shared:
        yield _judge_shared(shared)


def _judge_controls(fit: Fit, controls: tuple[Control, ...]) -> Outcome:
    leaking = [c for c in controls if c.interval.low > CHANCE + ROOM or c.interval.high < CHANCE - ROOM]
    shown = (leaking or sorted(controls, key=lambda c: c.interval.high))[0]
    table = Table(
        ("model", "AUC", "low", "high", "shuffles", "rows"),
        tuple((c.kind, c.auc, c.interval.low, c.interval.high, c.shuffles, c.rows) for c in controls),
    )
    evidence = Evidence("AUC of shuffled labels", shown.auc, shown.interval, shown.rows, QUIET, "AUC", table=table)
    figures = "; ".join(f"{c.kind} {c.auc:.3f} ({_told(c.interval)}, {c.rows:,} rows)" for c in controls)
    start = f"Trained on shuffled labels, models reach an AUC of: {figures}."
    subject = Subject((fit.label,))
    if leaking:
        words = f"{start} That is not chance: rows that a model is judged by are told by rows that it was trained on."
        remedy = (
            "Name the column that says which rows belong together (a person, a device, an order) under `group`; drop "
            "copies of rows. Until then no figure about models can be relied on."
        )
        return Outcome(Status.FAILED, words, subject, evidence, remedy)
    if shown.interval.high > QUIET:
        words = f"{start} Whether that is chance (0.5) cannot be told from so few rows."
        return Outcome(Status.INCONCLUSIVE, words, subject, evidence, "Add labelled rows.")
    return Outcome(Status.PASSED, f"{start} That is chance: the folds keep apart what they must.", subject, evidence)


def _judge_permuted(fit: Fit, permuted: Permuted) -> Outcome:
    highest = sorted(permuted.null)[int((1 - ALPHA) * len(permuted.null))]
    reach = (
        f"The real labels are predicted with an AUC of {permuted.auc:.3f} ({permuted.kind}, {permuted.rows:,} rows); "
        f"of {len(permuted.null):,} permutations of them 95% stay below {highest:.3f} (p = {permuted.p_value:.3f})"
    )
    evidence = Evidence("AUC", permuted.auc, None, permuted.rows, float(highest), "AUC")
    subject = Subject((fit.label,))
    if permuted.p_value <= ALPHA:
        return Outcome(Status.PASSED, f"{reach}: there is something to learn.", subject, evidence)
    remedy = "Add features that bear on the label, and check that rows and labels belong together."
    if highest <= QUIET:
        words = f"{reach}: labels that mean nothing reach as far, and there is next to nothing to learn."
        return Outcome(Status.FAILED, words, subject, evidence, remedy)
    words = f"{reach}: whether there is something to learn cannot be told from so few rows."
    # MH001 asks the same of an interval, and blocks where it must.
    return Outcome(Status.INCONCLUSIVE, words, subject, evidence, f"Add rows. {remedy}", Severity.WARNING)


def _judge_shared(shared: SharedValue) -> Outcome:
    at = f"column '{shared.column}'"
    what = f"{shared.kinds:,} values, {shared.rows:,} rows"
    recognised = (
        f"Labels drawn at random for each value of {at} are predicted with an AUC of {shared.recognised:.3f} "
        f"({_told(shared.recognised_interval)}; {what}) for rows in other folds"
    )
    subject = Subject((shared.column,))
    # A column that models are meant to see may come with the same values later on; one that is none of the features
    # is there to say what a row belongs to.
    severity = Severity.WARNING if shared.is_feature else None
    if shared.recognised_interval.low <= RECOGNISED:
        evidence = Evidence(
            "AUC of labels by value", shared.recognised, shared.recognised_interval, shared.rows, RECOGNISED, "AUC"
        )
        return Outcome(Status.PASSED, f"{recognised}: models hardly recognise the value.", subject, evidence)
    if shared.fall is None or shared.apart is None or shared.together is None:
        evidence = Evidence("fall of AUC", None, None, shared.rows, FALL, "AUC")
        words = f"{recognised}: models recognise the value. Whether it tells the real label cannot be told."
        return Outcome(Status.INCONCLUSIVE, words, subject, evidence, "Add rows.", Severity.WARNING)
    evidence = Evidence("fall of AUC", shared.apart - shared.together, shared.fall, shared.rows, FALL, "AUC")
    words = (
        f"{recognised}: models recognise the value. The real labels have an AUC of {shared.apart:.3f} in these folds "
        f"and of {shared.together:.3f} in folds that keep the rows of a value together (it falls by "
        f"{shared.apart - shared.together:.3f}, {_told(shared.fall)})"
    )
    if shared.fall.low > FALL:
        words += ": the figures about models are too good for rows of values that are not in this table."
        remedy = (
            f"Name '{shared.column}' under `group`, if new rows come from other values of it: its rows are then kept "
            "in one fold."
        )
        return Outcome(Status.FAILED, words, subject, evidence, remedy, severity)
    if shared.fall.high > 2 * FALL:
        words += ": whether they tell the label by it cannot be told."
        remedy = f"Name '{shared.column}' under `group`, if new rows come from other values of it."
        return Outcome(Status.INCONCLUSIVE, words, subject, evidence, remedy, Severity.WARNING)
    return Outcome(Status.PASSED, f"{words}: they do not tell the label by it.", subject, evidence)


def _told(interval: Interval) -> str:
    return f"{100 * interval.confidence:.4g}% interval {interval.low:.3f} to {interval.high:.3f}"
