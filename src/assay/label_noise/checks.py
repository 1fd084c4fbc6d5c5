"""The checks LN001 to LN004."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Action, Check, Evidence, Outcome, RowFlags, Severity, Status, Subject, Table
from assay.intervals import judge_upper
from assay.label_noise.anchors import TOP
from assay.label_noise.group_check import check_groups
from assay.label_noise.judgement import MIN_SIGNAL_AUC, Judgement
from assay.label_noise.wording import count_of, percent, quoted, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.label_noise.anchors import Share

# A class with fewer rows predicted as it, or with this much fewer than carry its label, is judged by other classes'
# rows only: its own wrong labels would not be seen.
MIN_PREDICTED_ROWS = 10
MIN_PREDICTED_RATIO = 0.2

MORE_SIGNAL = "Add rows, or features that bear on the label."
BY_HAND = (
    "have a random sample of the labels checked by hand: that decides, where predictions cannot. Then record the "
    "answer as a waiver for LN001 (`policy.waivers`, with owner, reason and expiry), or set `label_noise.max_share` to "
    "the share that you tolerate, or let LN001 only warn (`policy.severity: {LN001: warning}`)."
)
NO_SIGNAL = "The predictions say too little about the labels to judge them (see LN004)."


def _check_overall(judgement: Judgement) -> Iterator[Outcome]:
    share, limit = judgement.overall, judgement.config.max_share
    n, suspects = share.n, int(judgement.suspect.sum())
    subject = Subject((judgement.dataset.roles.label,))
    if not judgement.has_signal:
        yield Outcome(
            Status.INCONCLUSIVE,
            f"How many of {count_of(n, 'label')} are wrong cannot be told. {NO_SIGNAL}",
            subject,
            Evidence("share of wrong labels", n=n, threshold=limit, unit="share"),
            f"{MORE_SIGNAL} Or {BY_HAND}",
        )
        return
    assert share.interval is not None
    status = judge_upper(share.interval, limit)
    evidence = Evidence(
        metric="share of wrong labels",
        value=share.value,
        interval=share.interval,
        n=n,
        threshold=limit,
        unit="share",
        rows=_suspect_rows(judgement),
        table=_figures(judgement),
    )
    words = f"{_estimate(share, status)}; {_at_most(status, limit)}. {_suspects(judgement)}"
    yield Outcome(status, words, subject, evidence, _remedy(status, suspects))


def _estimate(share: Share, status: Status) -> str:
    assert share.interval is not None
    labels, wrong = count_of(share.n, "label"), "is wrong" if share.n == 1 else "are wrong"
    if status is Status.INCONCLUSIVE:
        # An estimate in front would be read as the answer that there is not.
        low, high = f"{share.interval.low:.1%}", f"{share.interval.high:.1%}"
        return f"Between {low} and {high} of {labels} {wrong} (95% interval)"
    if share.value is None:
        return f"At most {percent(share.interval.high)} of {labels} {wrong} (95% limit)"
    return f"An estimated {percent(share.value)} of {labels} {wrong} (95% interval {span(share.interval)})"


def _at_most(status: Status, limit: float) -> str:
    if status is Status.PASSED:
        return f"at most {percent(limit)} are tolerated"
    if status is Status.FAILED:
        return f"that is more than the tolerated {percent(limit)}"
    return (
        f"whether it is more than the tolerated {percent(limit)} cannot be told, since labels that contradict the "
        "model may be wrong or only ambiguous"
    )


def _suspects(judgement: Judgement) -> str:
    count = int(judgement.suspect.sum())
    precision = judgement.precision
    if not count or precision is None:
        return "No single label is suspect."
    if count == 1:
        return f"1 label is suspect, and wrong with an estimated probability of {precision:.0%}."
    return f"{count:,} labels are suspect, of which about {precision:.0%} are expected to be wrong."


def _remedy(status: Status, suspects: int) -> str:
    if status is Status.PASSED and not suspects:
        return ""
    labels = "label" if suspects == 1 else "labels, worst first"
    look = f"Have a person confirm or correct the suspect {labels}"
    if status is Status.PASSED:
        return look + "."
    if status is Status.FAILED:
        return look + ", and find out how they came about: more labels are wrong than can be told one by one."
    return f"{look}; {BY_HAND}" if suspects else BY_HAND[0].upper() + BY_HAND[1:]


def _suspect_rows(judgement: Judgement) -> RowFlags | None:
    at = np.flatnonzero(judgement.suspect)
    if not len(at):
        return None
    classes = judgement.predictions.classes
    return RowFlags(
        positions=judgement.positions[at],
        reason=[
            f"Models that did not see this row give its label a probability of {quality:.3f}; the label is wrong "
            f"with an estimated probability of {wrong:.2f}."
            for quality, wrong in zip(judgement.quality[at], judgement.wrong[at], strict=True)
        ],
        action=Action.RELABEL,
        score=judgement.quality[at],
        suggested=[classes[code] for code in judgement.predicted[at]],
    )


def _figures(judgement: Judgement) -> Table:
    contradicted, top = judgement.contradicted, judgement.rank < TOP
    return Table(
        ("figure", "value"),
        (
            ("suspect labels", int(judgement.suspect.sum())),
            ("expected share of suspects that are wrong", judgement.precision),
            ("labels that contradict the model, share of all rows", float(contradicted.mean())),
            (
                "labels that contradict the model, share of the most confident tenth",
                float(contradicted[top].mean()) if top.any() else None,
            ),
            ("cleanlab's confident joint, ambiguity included", judgement.confident_joint_share),
        ),
    )


def _check_classes(judgement: Judgement) -> Iterator[Outcome]:
    limit, label = judgement.config.max_share, judgement.dataset.roles.label
    if not judgement.has_signal:
        words = f"How many labels of each class are wrong cannot be told. {NO_SIGNAL}"
        yield Outcome(Status.INCONCLUSIVE, words, Subject((label,)), remedy=MORE_SIGNAL)
        return
    statuses = {name: judge_upper(share.interval, limit) for name, share in judgement.by_class.items()}
    for name, status in statuses.items():
        if status is Status.FAILED:
            yield _class_failed(judgement, name)
    open_classes = [name for name, status in statuses.items() if status is Status.INCONCLUSIVE]
    if open_classes:
        yield _classes_undecided(judgement, open_classes, quiet=Status.FAILED not in statuses.values())
    if all(status is Status.PASSED for status in statuses.values()):
        worst = max(share.interval.high for share in judgement.by_class.values() if share.interval)
        words = (
            f"In each of {count_of(len(statuses), 'class')} at most {percent(worst)} of the labels are wrong "
            f"(simultaneous 95% limits); {percent(limit)} are tolerated."
        )
        evidence = Evidence(
            "largest upper limit of a class", worst, n=len(statuses), threshold=limit, table=_classes(judgement)
        )
        yield Outcome(Status.PASSED, words, Subject((label,)), evidence)


def _classes_undecided(judgement: Judgement, names: list[str], *, quiet: bool) -> Outcome:
    """One outcome for all classes; for information only where LN001 passes and no class looks worse than it may."""
    limit, label, overall = judgement.config.max_share, judgement.dataset.roles.label, judgement.overall.interval
    words = (
        f"Whether more than {percent(limit)} of the labels are wrong cannot be told for "
        f"{count_of(len(names), 'class')}: {quoted(names)}."
    )
    looks_bad = any(_looks_bad(judgement.by_class[name], limit) for name in names)
    quiet = quiet and not looks_bad and judge_upper(overall, limit) is Status.PASSED
    if quiet and overall is not None:
        words += (
            f" Of all labels at most {percent(overall.high)} are wrong (95% limit); the single classes have too few "
            "rows to show as much."
        )
    return Outcome(
        Status.INCONCLUSIVE,
        words,
        Subject((label,)),
        Evidence(
            "classes not decided",
            float(len(names)),
            n=len(judgement.by_class),
            unit="classes",
            table=_classes(judgement),
        ),
        remedy="Have a person check a random sample of the labels of these classes, or add rows of them.",
        severity=Severity.INFO if quiet else None,
    )


def _looks_bad(share: Share, limit: float) -> bool:
    """Whether some labels of a class are wrong for sure, and by the estimate more than are tolerated."""
    return share.value is not None and share.value > limit and share.interval is not None and share.interval.low > 0


def _class_failed(judgement: Judgement, name: str) -> Outcome:
    share = judgement.by_class[name]
    # A lower limit above 0 has an estimate above it.
    assert share.value is not None
    assert share.interval is not None
    limit, label = judgement.config.max_share, judgement.dataset.roles.label
    words = (
        f"An estimated {percent(share.value)} of {count_of(share.n, 'label')} '{name}' are wrong (simultaneous 95% "
        f"interval {span(share.interval)}); {percent(limit)} are tolerated."
    )
    evidence = Evidence("share of wrong labels", share.value, share.interval, share.n, limit, "share")
    remedy = "Have a person check the suspect labels of this class first, and how the class was told from the others."
    return Outcome(Status.FAILED, words, Subject((label,), f"{label} = {name}"), evidence, remedy)


def _classes(judgement: Judgement) -> Table:
    suspects = np.bincount(judgement.labels[judgement.suspect], minlength=len(judgement.by_class))
    return Table(
        ("class", "rows", "suspects", "share", "low", "high"),
        tuple(
            (
                name,
                share.n,
                int(count),
                share.value,
                share.interval.low if share.interval else None,
                share.interval.high if share.interval else None,
            )
            for (name, share), count in zip(judgement.by_class.items(), suspects, strict=True)
        ),
    )


def _check_signal(judgement: Judgement) -> Iterator[Outcome]:
    auc, n = judgement.auc, len(judgement.positions)
    subject = Subject((judgement.dataset.roles.label,))
    if auc is None:
        words = f"The labels cannot be judged: {count_of(n, 'label')} of one class.{_not_judged(judgement)}"
        yield Outcome(Status.INCONCLUSIVE, words, subject, Evidence("AUC", n=n, threshold=MIN_SIGNAL_AUC, unit="AUC"))
        return
    figure = f"AUC {auc.value:.3f}, 95% interval {auc.interval.low:.3f} to {auc.interval.high:.3f}"
    evidence = Evidence("AUC", auc.value, auc.interval, n, MIN_SIGNAL_AUC, "AUC")
    hidden = _rarely_predicted(judgement)
    if not judgement.has_signal:
        status, remedy = Status.INCONCLUSIVE, "Add rows, or features that bear on the label; or have a sample checked."
        words = (
            "The labels cannot be judged: predictions hardly better than chance contradict a label by chance too "
            f"({figure} on {count_of(n, 'row')}; it must lie above {MIN_SIGNAL_AUC})."
        )
    elif hidden:
        status, remedy = Status.INCONCLUSIVE, "Add rows of these classes, or join them; have a sample of them checked."
        words = (
            f"Wrong labels of {count_of(len(hidden), 'class')} can hardly be seen, since the model rarely predicts "
            f"them, and the estimates leave them out: {quoted(hidden)}."
        )
    else:
        status, remedy = Status.PASSED, ""
        words = f"The labels of {count_of(n, 'row')} can be judged ({figure})."
    yield Outcome(status, words + _not_judged(judgement), subject, evidence, remedy)


def _not_judged(judgement: Judgement) -> str:
    count = len(judgement.dataset) - len(judgement.positions)
    if not count:
        return ""
    has = "has" if count == 1 else "have"
    return f" {count_of(count, 'row')} {has} no label to judge: it is missing, or its class was left out of training."


def _rarely_predicted(judgement: Judgement) -> list[str]:
    classes = judgement.predictions.classes
    given = np.bincount(judgement.labels, minlength=len(classes))
    predicted = np.bincount(judgement.predicted, minlength=len(classes))
    rare = (predicted < MIN_PREDICTED_ROWS) | (predicted < MIN_PREDICTED_RATIO * given)
    return [name for name, is_rare in zip(classes, rare, strict=True) if is_rare]


CHECKS: tuple[Check[Judgement], ...] = (
    Check("LN001", "Share of wrong labels", Severity.CRITICAL, _check_overall),
    Check("LN002", "Share of wrong labels by class", Severity.WARNING, _check_classes),
    Check("LN003", "Wrong labels by sensitive group", Severity.WARNING, check_groups),
    Check("LN004", "Labels that can be judged", Severity.WARNING, _check_signal),
)
