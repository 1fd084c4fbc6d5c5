"""The checks LN001 to LN004 of a numeric label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Action, Check, Evidence, Interval, Outcome, RowFlags, Severity, Status, Subject, Table
from assay.intervals import bonferroni, judge_upper, newcombe
from assay.label_noise.checks import BY_HAND
from assay.label_noise.numeric_judgement import MIN_SIGNAL_R2, JudgedGroup, NumericJudgement
from assay.label_noise.residuals import MIN_SIDE
from assay.label_noise.wording import MORE_SIGNAL, NO_FIGURES, NO_SIGNAL, count_of, listing, people_of, percent, span
from assay.small_cells import is_small

if TYPE_CHECKING:
    from collections.abc import Iterator

# The assumption behind every estimate: what data cannot tell.
IF_ERRORS = "if labels so far from their predictions are errors"
# Where fewer of the labels of other rows would show, nothing that does not show says that labels are right.
MIN_SEEN = 0.02
# A slip that would explain a label: how it reads, and what undoes it.
_SLIPS = (
    ("divided by 10", 0.1),
    ("divided by 100", 0.01),
    ("divided by 1,000", 0.001),
    ("times 10", 10.0),
    ("times 100", 100.0),
    ("times 1,000", 1000.0),
    ("with the other sign", -1.0),
)
# A right label lies within this many local deviations of its prediction.
_NEAR = 2.0


def check_share(judgement: NumericJudgement) -> Iterator[Outcome]:
    """LN001: the estimated share of wrong labels against the tolerated one."""
    n, limit, excess = len(judgement.positions), judgement.config.max_share, judgement.excess
    subject = Subject((judgement.dataset.roles.label,))
    if excess is None:
        yield Outcome(
            Status.INCONCLUSIVE,
            f"How many of {count_of(n, 'label')} are wrong cannot be told. {NO_SIGNAL}",
            subject,
            Evidence("share of wrong labels", n=n, threshold=limit, unit="share"),
            f"{MORE_SIGNAL} Or {BY_HAND}",
        )
        return
    status = judge_upper(excess.interval, limit)
    # Were the errors labels of other rows, of which only the share `seen` shows, there could be as many.
    possible = excess.interval.high / max(judgement.seen, 1e-9)
    blind = status is Status.PASSED and possible > limit
    status = Status.INCONCLUSIVE if blind else status
    verdict = {
        Status.PASSED: f"at most {percent(limit)} are tolerated",
        Status.FAILED: f"that is more than the tolerated {percent(limit)}",
    }.get(status, f"whether it is more than the tolerated {percent(limit)} cannot be told")
    verdict = "but too few errors would show to say that no more are" if blind else verdict
    words = (
        f"{IF_ERRORS[0].upper()}{IF_ERRORS[1:]}, {percent(excess.value)} of {count_of(n, 'label')} are wrong by so "
        f"much that it shows (95% interval {span(excess.interval)}); {verdict}. Small errors do not show: of labels "
        f"that were those of other rows, {percent(judgement.seen)} would. {_suspects(judgement)}"
    )
    rows = _suspect_rows(judgement)
    evidence = Evidence(
        "share of wrong labels", excess.value, excess.interval, n, limit, "share", rows, _figures(judgement)
    )
    remedy = "" if status is Status.PASSED and rows is None else _LOOK
    yield Outcome(
        status, words, subject, evidence, f"{remedy} Or {BY_HAND}" * (status is Status.INCONCLUSIVE) or remedy
    )


_LOOK = (
    "Have a person confirm or correct the suspect labels, worst first, and find out how they came about: as slips, or "
    "as exceptions that the features do not explain."
)


def _suspects(judgement: NumericJudgement) -> str:
    count, precision = int(judgement.suspect.sum()), judgement.precision
    if precision is None:
        return "No single label is suspect."
    are = "is" if count == 1 else "are"
    return f"{count_of(count, 'label')} {are} suspect; {IF_ERRORS}, about {precision:.0%} of them are wrong."


def _suspect_rows(judgement: NumericJudgement) -> RowFlags | None:
    at = np.flatnonzero(judgement.suspect)
    if not len(at):
        return None
    assert judgement.residuals is not None
    slips = _slips(judgement, at)
    reasons = [
        f"The label lies {abs(distance):.1f} local deviations {'above' if distance > 0 else 'below'} what models that "
        f"did not see this row predict; {IF_ERRORS}, it is wrong with a probability of {wrong:.2f}."
        f"{f' The label {slip} would fit.' if slip else ''}"
        for distance, wrong, slip in zip(judgement.residuals.distance[at], judgement.wrong[at], slips, strict=True)
    ]
    positions = judgement.positions[at]
    return RowFlags(
        positions=positions,
        reason=reasons,
        action=Action.REVIEW,
        score=judgement.quality[at],
        suggested=[f"about {value:.3g}" for value in judgement.predictions.predictions[positions]],
    )


def _slips(judgement: NumericJudgement, at: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[str]:
    """For each suspect the slip that explains it best, or ""."""
    assert judgement.residuals is not None
    predictions, positions = judgement.predictions, judgement.positions[at]
    factors = np.array([factor for _, factor in _SLIPS])
    mended = predictions.scale.apply(predictions.target[positions, None] * factors)
    away = np.abs(mended - predictions.scaled_predictions[positions, None]) / judgement.residuals.spread[at, None]
    best = away.argmin(axis=1)
    near = away[np.arange(len(at)), best] <= _NEAR
    return [_SLIPS[which][0] if fits else "" for which, fits in zip(best.tolist(), near.tolist(), strict=True)]


def _figures(judgement: NumericJudgement) -> Table:
    assert judgement.residuals is not None
    assert judgement.residuals.nulls is not None
    assert judgement.excess is not None
    return Table(
        ("figure", "value"),
        (
            ("suspect labels", int(judgement.suspect.sum())),
            ("share of suspects that are wrong, expected", judgement.precision),
            ("labels farther out than 1% of the right ones", judgement.excess.far),
            ("degrees of freedom of right labels", float(judgement.residuals.nulls[0].degrees[0])),
            ("labels of other rows that would show, share", judgement.seen),
        ),
    )


def check_classes(judgement: NumericJudgement) -> Iterator[Outcome]:
    """LN002 and LN005: what is asked of classes."""
    label = judgement.dataset.roles.label
    yield Outcome(Status.NOT_APPLICABLE, "This is asked of classes only: the label is a number.", Subject((label,)))


def check_groups(judgement: NumericJudgement) -> Iterator[Outcome]:
    """LN003: labels far off in each group against all other rows; simultaneous over all groups and features."""
    features = tuple(map(str, judgement.dataset.groups.columns))
    groups, tolerance = judgement.groups, judgement.config.max_group_difference
    if _one_group(judgement):
        words = "There are no two groups of a sensitive feature to compare."
        yield Outcome(Status.NOT_APPLICABLE, words, Subject(features))
        return
    if not judgement.has_signal or judgement.seen < MIN_SEEN:
        why = "Next to no error would show (see LN001)." if judgement.has_signal else NO_SIGNAL
        words = f"Whether labels are wrong more often in some group cannot be told. {why}"
        yield Outcome(Status.INCONCLUSIVE, words, Subject(features), remedy=MORE_SIGNAL)
        return
    confidence = bonferroni(0.95, len(groups))
    intervals = [newcombe(group.far, group.far_elsewhere, confidence) for group in groups]
    statuses = [judge_upper(interval, tolerance) for interval in intervals]
    table = _group_table(groups, intervals)
    for group, interval, status in zip(groups, intervals, statuses, strict=True):
        if status is Status.FAILED:
            yield _failed(group, interval, tolerance, table)
    unclear = [g for g, status in zip(groups, statuses, strict=True) if status is Status.INCONCLUSIVE]
    if unclear:
        names = listing([f"{g.feature} = {g.name} ({people_of(g.n)})" for g in unclear])
        words = (
            f"Whether labels are wrong more often than elsewhere, by more than {100 * tolerance:.1f} percentage "
            f"points, cannot be told for {count_of(len(unclear), 'group')}: {names}."
        )
        evidence = Evidence("groups not decided", float(len(unclear)), n=len(groups), unit="groups", table=table)
        remedy = "Add rows of these groups, or have a random sample of the labels there checked by a person."
        yield Outcome(Status.INCONCLUSIVE, words, Subject(features), evidence, remedy)
    if all(status is Status.PASSED for status in statuses):
        words = (
            f"In none of {count_of(len(groups), 'group')} do labels lie far from their predictions by more than "
            f"{100 * tolerance:.1f} percentage points more often than elsewhere (simultaneous 95% intervals)."
        )
        largest = int(np.argmax([_rate(g.far) - _rate(g.far_elsewhere) for g in groups]))
        yield Outcome(
            Status.PASSED, words, Subject(features), _evidence(groups[largest], intervals[largest], tolerance, table)
        )


def _one_group(judgement: NumericJudgement) -> bool:
    groups = judgement.dataset.groups
    return all(groups[feature].iloc[judgement.positions].nunique() < 2 for feature in groups.columns)


def _rate(counts: tuple[int, int]) -> float:
    return counts[0] / counts[1] if counts[1] else np.nan


def _failed(group: JudgedGroup, interval: Interval | None, tolerance: float, table: Table) -> Outcome:
    assert interval is not None
    name = f"{group.feature} = {group.name}"
    words = (
        f"Of the labels of {name}, {percent(_rate(group.far))} lie far from their predictions, against "
        f"{percent(_rate(group.far_elsewhere))} elsewhere, each by its own spread (simultaneous 95% interval of the "
        f"difference {100 * interval.low:.1f} to {100 * interval.high:.1f} percentage points), more than the "
        f"tolerated {100 * tolerance:.1f}."
    )
    if _is_small(group):
        words = (
            f"Labels of {name} lie far from their predictions more often than those elsewhere, each by its own "
            f"spread, by more than the tolerated {100 * tolerance:.1f} percentage points (simultaneous 95% interval). "
            f"{NO_FIGURES}"
        )
    remedy = "Have a person check labels of this group and how they were recorded."
    evidence = _evidence(group, interval, tolerance, table)
    return Outcome(Status.FAILED, words, Subject((group.feature,), name), evidence, remedy)


def _evidence(group: JudgedGroup, interval: Interval | None, tolerance: float, table: Table) -> Evidence:
    difference = _rate(group.far) - _rate(group.far_elsewhere)
    return Evidence(
        "difference in labels far off",
        None if _is_small(group) else difference,
        None if _is_small(group) else interval,
        group.n,
        tolerance,
        "share",
        table=table,
    )


def _is_small(group: JudgedGroup) -> bool:
    """Whether a rate rests on too few people to be shown."""
    return is_small(group.far[1]) or is_small(group.far_elsewhere[1])


def _group_table(groups: tuple[JudgedGroup, ...], intervals: list[Interval | None]) -> Table:
    rows = tuple(
        (
            g.feature,
            g.name,
            g.n,
            _rate(g.far),
            None if is_small(g.far_elsewhere[1]) else _rate(g.far_elsewhere),
            *((i.low, i.high) if i and not _is_small(g) else (None, None)),
        )
        for g, i in zip(groups, intervals, strict=True)
    )
    return Table(("feature", "group", "rows", "far off", "far off elsewhere", "low", "high"), rows)


def check_signal(judgement: NumericJudgement) -> Iterator[Outcome]:
    """LN004: whether predictions say enough about the labels to contradict them."""
    n, r2 = len(judgement.positions), judgement.r2
    subject = Subject((judgement.dataset.roles.label,))
    missing = len(judgement.dataset) - n
    rest = f" {count_of(missing, 'row')} {'has' if missing == 1 else 'have'} no label to judge." if missing else ""
    if r2 is None:
        words = f"The labels cannot be judged: {count_of(n, 'label')} of one value.{rest}"
        yield Outcome(Status.INCONCLUSIVE, words, subject, Evidence("R2", n=n, threshold=MIN_SIGNAL_R2, unit="R2"))
        return
    figure = f"R2 {r2.value:.3f}, 95% interval {r2.interval.low:.3f} to {r2.interval.high:.3f}"
    evidence = Evidence("R2", r2.value, r2.interval, n, MIN_SIGNAL_R2, "R2")
    if judgement.has_signal:
        yield Outcome(
            Status.PASSED, f"The labels of {count_of(n, 'row')} can be judged ({figure}).{rest}", subject, evidence
        )
        return
    if r2.interval.low > MIN_SIGNAL_R2:
        words = (
            f"The labels cannot be judged: fewer than {MIN_SIDE} of {count_of(n, 'label')} lie above or below their "
            "predictions, too few to tell what right ones do."
        )
    else:
        words = (
            "The labels cannot be judged: predictions hardly better than the mean say nothing of a single label "
            f"({figure} on {count_of(n, 'row')}; it must lie above {MIN_SIGNAL_R2})."
        )
    remedy = "Add rows, or features that bear on the label; or have a sample checked."
    yield Outcome(Status.INCONCLUSIVE, words + rest, subject, evidence, remedy)


NUMERIC_CHECKS: tuple[Check[NumericJudgement], ...] = (
    Check("LN001", "Share of wrong labels", Severity.CRITICAL, check_share),
    Check("LN002", "Share of wrong labels by class", Severity.WARNING, check_classes),
    Check("LN003", "Wrong labels by sensitive group", Severity.WARNING, check_groups),
    Check("LN004", "Labels that can be judged", Severity.WARNING, check_signal),
    Check("LN005", "Flags by sensitive group", Severity.WARNING, check_classes),
)
