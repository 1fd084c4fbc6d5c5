"""The checks MH001 to MH004."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.able import NETWORK
from assay.findings import Check, Evidence, Outcome, Severity, Status, Subject, Table
from assay.intervals import judge_lower, judge_upper
from assay.results import OutOfSample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.health.numeric import NumericVitals
    from assay.health.vitals import Vitals

_KINDS = {"trees": "boosted trees", "linear": "a linear model"}


def _check_signal(vitals: Vitals) -> Iterator[Outcome]:
    (kind, auc), least = vitals.able, vitals.config.min_auc
    subject = Subject((vitals.dataset.roles.label,))
    evidence = Evidence("AUC", auc.value, auc.interval, auc.n, least, "AUC", table=_accuracies(vitals))
    if auc.value is None or auc.interval is None:
        words = f"Whether the features say anything about the label cannot be told: {auc.n:,} rows of one class."
        yield Outcome(Status.INCONCLUSIVE, words, subject, evidence, "Add rows of other classes.")
        return
    status = judge_lower(auc.interval, least)
    match status:
        case Status.PASSED:
            verdict, remedy = f"above the required {least:g}", ""
        case Status.FAILED:
            verdict = f"not above the required {least:g}: there is next to nothing to learn"
            remedy = "Add features that bear on the label, and check that rows and labels belong together."
        case _:
            verdict = f"and whether it lies above the required {least:g} cannot be told"
            remedy = "Add rows, of the rarest class first, or features that bear on the label."
    words = (
        f"On rows that they did not see, models reach an AUC of {auc.value:.3f} ({_of_kind(vitals, kind)}95% interval "
        f"{auc.interval.low:.3f} to {auc.interval.high:.3f}, {auc.n:,} rows), {verdict}. {_accuracy(vitals)}"
    )
    yield Outcome(status, words, subject, evidence, remedy)


def _of_kind(vitals: Vitals, kind: str) -> str:
    """Which kind of model it was, where there were several."""
    network = vitals.figures["auc"].value
    if not vitals.predictions.opinions or network is None:
        return ""
    others = "" if kind == NETWORK else f"; {NETWORK} {network:.3f}"
    return f"{_KINDS.get(kind, kind)}{others}; "


def _accuracy(vitals: Vitals) -> str:
    accuracy, majority = vitals.figures["accuracy"], vitals.figures["majority accuracy"]
    if accuracy.value is None or majority.value is None or accuracy.interval is None:
        return "Accuracy is not estimable."
    interval = f"{accuracy.interval.low:.1%} to {accuracy.interval.high:.1%}"
    return (
        f"Accuracy is {accuracy.value:.1%} (95% interval {interval}); "
        f"always answering '{vitals.majority}' reaches {majority.value:.1%}."
    )


def _accuracies(vitals: Vitals) -> Table:
    def row(metric: str) -> tuple[str, float | None, float | None, float | None, int]:
        figure = vitals.figures[metric]
        low, high = (figure.interval.low, figure.interval.high) if figure.interval else (None, None)
        return (metric, figure.value, low, high, figure.n)

    return Table(("metric", "value", "low", "high", "n"), (row("accuracy"), row("majority accuracy")))


def _check_gap(vitals: Vitals) -> Iterator[Outcome]:
    gap, most = vitals.figures["generalisation gap"], vitals.config.max_gap
    training, held_out = vitals.figures["training accuracy"], vitals.figures["held-out accuracy"]
    subject = Subject((vitals.dataset.roles.label,))
    evidence = Evidence("generalisation gap", gap.value, gap.interval, gap.n, most, "accuracy")
    if vitals.predictions.given is not None:
        words = (
            "Whether models do worse on rows that they did not see was not measured: the predictions were given "
            f"({vitals.predictions.given}), without those for the rows that their models were trained on."
        )
        remedy = "Compare the accuracy of your model on training rows and held-out rows yourself."
        yield Outcome(Status.INCONCLUSIVE, words, subject, evidence, remedy)
        return
    if gap.value is None or gap.interval is None or training.value is None or held_out.value is None:
        words = f"Whether models do worse on rows that they did not see cannot be told from {gap.n:,} scored members."
        yield Outcome(Status.INCONCLUSIVE, words, subject, evidence, "Train on more folds or repeats.")
        return
    status = judge_upper(gap.interval, most)
    match status:
        case Status.PASSED:
            verdict, remedy = "at most", ""
        case Status.FAILED:
            verdict = "more than"
            remedy = "Add rows, drop features that identify a row, and look for wrong labels: models learn them too."
        case _:
            verdict, remedy = "perhaps more than", "Add rows, or train more repeats, to know."
    words = (
        f"Accuracy is {training.value:.1%} on training rows and {held_out.value:.1%} on held-out rows. It falls by "
        f"{100 * gap.value:.1f} percentage points (95% interval {100 * gap.interval.low:.1f} to "
        f"{100 * gap.interval.high:.1f} over {gap.n:,} members), {verdict} the tolerated {100 * most:.1f}."
    )
    yield Outcome(status, words, subject, evidence, remedy)


def _check_left_out(vitals: Vitals) -> Iterator[Outcome]:
    label, left_out = vitals.dataset.roles.label, vitals.predictions.left_out
    known = len(vitals.predictions.classes)
    if not left_out:
        words = f"Each of {known:,} classes has enough rows for {vitals.folds:,} folds; none was left out."
        if vitals.predictions.given is not None:
            words = f"The given predictions ({vitals.predictions.given}) have a column for each of {known:,} classes."
        evidence = Evidence("classes left out", 0.0, n=known, unit="classes")
        yield Outcome(Status.PASSED, words, Subject((label,)), evidence)
    for name, rows in left_out.items():
        words = (
            f"Class '{name}' was left out of the training, and nothing is known about it: {rows:,} "
            f"row{'' if rows == 1 else 's'}, where {vitals.folds:,} folds need at least {vitals.folds:,} that differ "
            "(equal rows and rows of one group stay together)."
        )
        evidence = Evidence("rows of the class", float(rows), n=rows, threshold=float(vitals.folds), unit="rows")
        remedy = "Collect more rows of this class, join it with a related one, or drop it from the task."
        yield Outcome(Status.INCONCLUSIVE, words, Subject((label,), f"{label} = {name}"), evidence, remedy)


def check_unseen_features(vitals: Vitals | NumericVitals) -> Iterator[Outcome]:
    """MH004: what validation took from the features."""
    withheld = vitals.dataset.roles.withheld
    if isinstance(vitals.predictions, OutOfSample) and vitals.predictions.given is not None:
        words = f"Which features the model behind the given predictions ({vitals.predictions.given}) saw is not known."
        yield Outcome(Status.NOT_APPLICABLE, words)
        return
    if not withheld:
        shown = len(vitals.dataset.roles.features)
        evidence = Evidence("features left out", 0.0, n=shown, unit="columns")
        yield Outcome(Status.PASSED, f"The models saw every feature ({shown:,}).", evidence=evidence)
        return
    named = ", ".join(f"'{name}'" for name in withheld)
    words = (
        f"The models did not see {named}, which DQ015 or DQ017 found to identify rows or to give the label away. "
        "Labels, fairness and health are judged by models without; nothing is known of a model with."
    )
    evidence = Evidence("features left out", float(len(withheld)), n=len(withheld), unit="columns")
    remedy = (
        "List under `ignore` what is not known when a prediction is due; where what DQ017 found is known then, set "
        "`learning.use_leaks: true`."
    )
    yield Outcome(Status.INCONCLUSIVE, words, Subject(withheld), evidence, remedy)


CHECKS: tuple[Check[Vitals], ...] = (
    Check("MH001", "Something to learn", Severity.CRITICAL, _check_signal),
    Check("MH002", "Generalisation gap", Severity.WARNING, _check_gap),
    Check("MH003", "Classes left out of the training", Severity.WARNING, _check_left_out),
    Check("MH004", "Features that the models were not shown", Severity.INFO, check_unseen_features),
)
