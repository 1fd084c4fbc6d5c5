"""LN002: whether more labels of some class are wrong than are tolerated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Evidence, Outcome, Severity, Status, Subject, Table
from assay.intervals import judge_upper
from assay.label_noise.wording import IF_ERRORS, MORE_SIGNAL, NO_SIGNAL, count_of, percent, quoted, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.label_noise.judgement import Judgement


def check_classes(judgement: Judgement) -> Iterator[Outcome]:
    """Hold each class against the tolerance, simultaneously; classes that cannot be decided share one outcome."""
    limit, label = judgement.config.max_share, judgement.dataset.roles.label
    if not judgement.footing.has_signal:
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
            f"(simultaneous 95% limits, for errors as in LN001); {percent(limit)} are tolerated."
        )
        evidence = Evidence(
            "largest upper limit of a class", worst, n=len(statuses), threshold=limit, table=_classes(judgement)
        )
        yield Outcome(Status.PASSED, words, Subject((label,)), evidence)


def _classes_undecided(judgement: Judgement, names: list[str], *, quiet: bool) -> Outcome:
    """One outcome for all classes; for information only where LN001 passes and no estimate exceeds the limit."""
    limit, label, overall = judgement.config.max_share, judgement.dataset.roles.label, judgement.overall.interval
    words = (
        f"Whether more than {percent(limit)} of the labels are wrong cannot be told for "
        f"{count_of(len(names), 'class')}: {quoted(names)}."
    )
    estimates = [judgement.by_class[name].value for name in names]
    tolerable = all(value is not None and value <= limit for value in estimates)
    quiet = quiet and tolerable and judge_upper(overall, limit) is Status.PASSED
    if quiet and overall is not None:
        words += (
            f" Of all labels at most {percent(overall.high)} are wrong (95% limit); the single classes have too few "
            "rows to show as much."
        )
    these = "this class" if len(names) == 1 else "these classes"
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
        remedy=f"Have a person check a random sample of the labels of {these}, or add rows.",
        severity=Severity.INFO if quiet else None,
    )


def _class_failed(judgement: Judgement, name: str) -> Outcome:
    share = judgement.by_class[name]
    # A lower limit above 0 has an estimate above it.
    assert share.value is not None
    assert share.interval is not None
    limit, label = judgement.config.max_share, judgement.dataset.roles.label
    words = (
        f"{IF_ERRORS[0].upper()}{IF_ERRORS[1:]}, an estimated {percent(share.value)} of "
        f"{count_of(share.n, 'label')} '{name}' are wrong (simultaneous 95% interval "
        f"{span(share.interval)}); {percent(limit)} are tolerated."
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
