"""MH005: what models make of labels that mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Outcome, Severity, Status, Subject, Table
from assay.health.fit.shared import judge_shared, tell_interval
from assay.health.parts import switched_off

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.health.fit.permuted import Permuted
    from assay.health.fit.subject import Fit
    from assay.trials.shuffled import Control

CHANCE = 0.5
# Above chance by so little, nothing leaks that would change a verdict: `health.min_auc` asks for 0.55.
ROOM = 0.02
# Shuffled labels are shown to stay at chance where their AUC is known to lie below this.
QUIET = 0.55
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
            "Whether models stay at chance on shuffled labels cannot be told: none were trained on them, for which "
            "there must be different rows of both labels in two folds."
        )
        remedy = "Add labelled rows that differ from each other."
        yield Outcome(Status.INCONCLUSIVE, words, Subject((fit.label,)), None, remedy, Severity.WARNING)
        return
    yield _judge_controls(fit, trial.controls)
    if fit.permuted is not None:
        yield _judge_permuted(fit, fit.permuted)
    yield from judge_shared(trial.shared)


def _leaks(control: Control) -> bool:
    return control.interval.low > CHANCE + ROOM or control.interval.high < CHANCE - ROOM


def _is_quiet(control: Control) -> bool:
    return control.interval.high <= QUIET and control.interval.low >= 2 * CHANCE - QUIET and not _leaks(control)


def _judge_controls(fit: Fit, controls: tuple[Control, ...]) -> Outcome:
    leaking, quiet = [c for c in controls if _leaks(c)], [c for c in controls if _is_quiet(c)]
    table = Table(
        ("model", "AUC", "low", "high", "shuffles", "rows"),
        tuple((c.kind, c.auc, c.interval.low, c.interval.high, c.shuffles, c.rows) for c in controls),
    )
    shown = (leaking or quiet or list(controls))[0]
    evidence = Evidence("AUC of shuffled labels", shown.auc, shown.interval, shown.rows, QUIET, "AUC", table=table)
    subject = Subject((fit.label,))
    what = "different rows" if fit.context.dataset.roles.group is None else "groups"
    if leaking:
        words = (
            f"Models that were trained on shuffled labels do not stay at chance: {_tell(leaking, what)}. Rows that a "
            "model is judged by are told by rows that it was trained on: figures about models are too good."
        )
        remedy = (
            "Name the column that says which rows belong together (a person, a device, an order) under `group`; drop "
            "copies of rows. Until then no figure about models can be relied on."
        )
        return Outcome(Status.FAILED, words, subject, evidence, remedy)
    if not quiet:
        words = (
            "Whether models that were trained on shuffled labels stay at chance (0.5) cannot be told from too few "
            f"{what}: {_tell(controls, what)}."
        )
        remedy = f"Nothing is known to be wrong; more {what} would tell."
        return Outcome(Status.INCONCLUSIVE, words, subject, evidence, remedy, Severity.WARNING)
    words = f"Models that were trained on shuffled labels stay at chance: {_tell(quiet, what)}."
    unknown = [c for c in controls if c not in quiet]
    if unknown:
        words += f" This rests on {quiet[0].kind}; it cannot be told of another kind: {_tell(unknown, what)}."
    return Outcome(Status.PASSED, words, subject, evidence)


def _tell(controls: Sequence[Control], what: str) -> str:
    told = "; ".join(f"{c.kind} {c.auc:.3f} ({tell_interval(c.interval)}, {c.rows:,} {what})" for c in controls)
    return f"AUC of {told}"


def _judge_permuted(fit: Fit, permuted: Permuted) -> Outcome:
    highest = sorted(permuted.null)[int((1 - ALPHA) * len(permuted.null))]
    reach = (
        f"the real labels have an AUC of {permuted.auc:.3f} ({permuted.kind}, {permuted.rows:,} rows); "
        f"of {len(permuted.null):,} permutations of them 95% stay below {highest:.3f} (p = {permuted.p_value:.3f})"
    )
    evidence = Evidence("AUC", permuted.auc, None, permuted.rows, float(highest), "AUC")
    subject = Subject((fit.label,))
    if permuted.p_value <= ALPHA:
        words = f"The real labels are predicted better than permuted ones: {reach}."
        return Outcome(Status.PASSED, words, subject, evidence)
    remedy = "Add features that bear on the label, and check that rows and labels belong together."
    if highest <= QUIET:
        words = (
            f"Labels that mean nothing are predicted as well as the real ones: {reach}. Next to nothing is learned."
        )
        return Outcome(Status.FAILED, words, subject, evidence, remedy)
    words = (
        f"Whether the real labels are predicted better than permuted ones cannot be told from so few rows: {reach}."
    )
    # MH001 asks the same of an interval, and blocks where it must.
    return Outcome(Status.INCONCLUSIVE, words, subject, evidence, f"Add rows. {remedy}", Severity.WARNING)
