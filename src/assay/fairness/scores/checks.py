"""Checks of the scores: what they mean for each group (FB015), and how well they rank it (FB016)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.disparity import MOST_LEFT_OUT, share_held
from assay.fairness.outcomes import TABLE_ROWS, each_feature, lowered
from assay.fairness.scores.ranking import Ranking, cross_areas
from assay.fairness.simultaneous import MOST_GROUPS, cases_to_decide, largest_difference, one_sided
from assay.fairness.wording import (
    about,
    confidently,
    counted,
    listing,
    percent,
    points,
    points_between,
)
from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Subject, Table, or_none
from assay.intervals import bonferroni, judge_upper, normal_quantile
from assay.small_cells import is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    from assay.fairness.context import FairnessContext
    from assay.fairness.counts import Feature
    from assay.fairness.scores.frames import Scored

_METHOD_CALIBRATION = "equal-count bins, bounds of the folded normal"
_METHOD_AUC = "DeLong, logit, joint over all pairs"
_MORE_ROWS = (
    "Collect more rows of the groups concerned, or merge groups where that is meaningful; or give predictions of a "
    "model whose scores vary."
)
_CALIBRATE = (
    "Calibrate the scores (Platt or isotonic, on rows that were held out), and look at the suspect labels of the "
    "group; where its scores are too low or too high on average, a feature that would explain its labels is missing."
)
_RANK = (
    "Look for what is recorded less well for the group with the lower AUC: wrong labels, missing values, features "
    "that mean something else for it. Collect features or rows that tell its people apart."
)


def calibration_by_group(context: FairnessContext) -> Iterator[Outcome]:
    """FB015: hold the scores of each group against what became of its rows."""
    return _each(context, "what the scores of a model mean for them is", lambda s: _calibration(context, s))


def ranking_by_group(context: FairnessContext) -> Iterator[Outcome]:
    """FB016: compare how well the scores rank the rows of each group."""
    confidence = bonferroni(context.config.confidence, len(context.scores))
    return _each(context, "how well a model ranks them is", lambda s: _ranking(context, s, confidence))


def _each(context: FairnessContext, what: str, answer: Callable[[Scored], Outcome]) -> Iterator[Outcome]:
    def of_feature(feature: Feature) -> Iterable[Outcome]:
        if context.obstacle:
            return [Outcome(Status.INCONCLUSIVE, context.obstacle, Subject(feature.columns))]
        return [answer(context.scores[feature.name])]

    return each_feature(context, what, of_feature)


def _calibration(context: FairnessContext, scored: Scored) -> Outcome:
    feature, found, threshold = scored.feature, scored.calibration, context.config.max_calibration_error
    index = np.flatnonzero(scored.large)
    if not len(index):
        why = (
            f"The calibration of the scores cannot be judged: no group of {feature.name} has "
            f"{counted(context.config.min_group_size, 'judged row')}."
        )
        return Outcome(Status.INCONCLUSIVE, why, Subject(feature.columns), None, _MORE_ROWS, lowered(feature))
    # Passed where every group passes by itself; failed where one does, for which all lower limits hold together.
    error = (1 - context.config.confidence) / (2 * len(context.scores))
    z = one_sided(error / len(index)), one_sided(error)
    low, high = found.limits(z[0])[0], found.limits(z[1])[1]
    failed = int((low[index] > threshold).sum())
    # The group that decides: of all in the wrong the one that is surest to be, with limits of its own; else the one
    # with the largest error, whose limits are those of the largest.
    worst = int(index[(low if failed else found.error)[index].argmax()])
    ends = (low[worst], high[worst]) if failed else (low[index].max(), high[index].max())
    interval = Interval(float(ends[0]), float(ends[1]), context.config.confidence, _METHOD_CALIBRATION)
    status = _held_back(judge_upper(interval, threshold), scored, scored.large)
    words = [_calibration_sentence(context, scored, worst, interval, surest=failed > 0)]
    if failed > 1:
        words.append(f"{failed:,} of {counted(len(index), 'compared group')} exceed what is tolerated.")
    words += _left_out(scored, scored.large)
    if status is Status.INCONCLUSIVE:
        words.append(_rows_that_decide(scored, index, (low, high), z, threshold))
    evidence = Evidence(
        f"calibration error of {feature.label(worst)}" if failed else "largest calibration error",
        float(found.error[worst]),
        interval,
        n=int(found.rows[worst] if failed else found.rows[index].sum()),
        threshold=threshold,
        unit="share",
        table=_calibration_rows(scored, low, high),
    )
    return _outcome(status, words, feature, evidence, _CALIBRATE)


def _calibration_sentence(
    context: FairnessContext, scored: Scored, group: int, interval: Interval, *, surest: bool
) -> str:
    found = scored.calibration
    mine = found.bins.group == group
    share = found.bins.share[mine]
    mean, became = float(share @ found.bins.predicted[mine]), float(share @ found.bins.observed[mine])
    binary = context.positive is not None
    score = "score" if binary else "score of the predicted class"
    outcome = "of its rows are positive" if binary else "of its predictions are right"
    slope = float(found.slope.estimates[group])
    slope_words = "" if math.isnan(slope) else f"; calibration slope {slope:.2f}"
    place = "exceeds what is tolerated most surely" if surest else "is largest"
    of = "" if surest else " of the largest error of all groups"
    limits = f"joint {confidently(interval.confidence)}{of} {points_between(interval.low, interval.high)}"
    return (
        f"The calibration error {place} for {scored.feature.label(group)}: {points(float(found.error[group]))} "
        f"beyond what chance would show ({limits}; {points(context.config.max_calibration_error)} tolerated). "
        f"Its mean {score} is {percent(mean)}, and {percent(became)} {outcome}{slope_words}."
    )


def _rows_that_decide(
    scored: Scored,
    index: npt.NDArray[np.intp],
    limits: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    z: tuple[float, float],
    threshold: float,
) -> str:
    if scored.is_constant:
        return "All scores are equal, so that they say nothing of anybody."
    low, high = limits
    open_groups = [int(g) for g in index if low[g] <= threshold < high[g]]
    if not open_groups:
        return "More rows of the groups that are too small would decide; see FB013."
    needed = [scored.calibration.rows_needed(group, z, threshold) for group in open_groups]
    if None in needed:
        return "This lies so near what is tolerated that no realistic number of rows would decide."
    most = max(n for n in needed if n is not None)
    return f"If the errors stayed as they are, about {about(most)} rows of every compared group would decide."


def _calibration_rows(scored: Scored, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> Table:
    found = scored.calibration
    order = np.argsort(-np.where(scored.large, found.error, -1.0), kind="stable")[:TABLE_ROWS].tolist()
    columns = (found.error, low, high, found.slope.estimates, found.in_the_large.estimates)
    return Table(
        ("group", "rows", "calibration error", "low", "high", "slope", "intercept at slope 1"),
        tuple(
            (scored.feature.groups[g], int(found.rows[g]), *(or_none(column[g]) for column in columns)) for g in order
        ),
    )


def _ranking(context: FairnessContext, scored: Scored, confidence: float) -> Outcome:
    feature, found, tolerance = scored.feature, scored.ranking, context.config.tolerance
    compared = scored.large & ~np.isnan(found.areas) if found is not None else np.zeros_like(scored.large)
    index = np.flatnonzero(compared)
    if found is None or len(index) < 2 or scored.is_constant:
        why = (
            "all scores are equal, so that nothing is ranked"
            if scored.is_constant
            else f"fewer than two groups of {feature.name} have enough rows with and without the label"
        )
        why = f"The AUC of the groups cannot be compared: {why}."
        return Outcome(Status.INCONCLUSIVE, why, Subject(feature.columns), None, _MORE_ROWS, lowered(feature))
    interval = Interval(*_difference(found, index, confidence), context.config.confidence, _METHOD_AUC)
    status = _held_back(judge_upper(interval, tolerance), scored, compared)
    worst, best = int(index[found.areas[index].argmin()]), int(index[found.areas[index].argmax()])
    difference = float(found.areas[best] - found.areas[worst])
    many = len(context.predictions.classes) - len(scored.classes_left_out)
    mean = "" if context.positive is not None else f" (mean over {counted(many, 'class', 'classes')})"
    limits = f"joint {confidently(context.config.confidence)} {interval.low:.3f} to {interval.high:.3f}"
    ends = " and ".join(f"{found.areas[group]:.3f} for {feature.label(group)}" for group in (worst, best))
    words = [f"The AUC{mean} differs by {difference:.3f} ({limits}; {tolerance:g} tolerated): {ends}."]
    if scored.classes_left_out:
        words.append(f"Too rare in some group to be compared: {listing(scored.classes_left_out)}.")
    words += _left_out(scored, compared)
    if status is Status.INCONCLUSIVE:
        words.append(_cases_that_decide(found, index, confidence, tolerance))
    evidence = Evidence(
        "AUC difference",
        difference,
        interval,
        n=int(found.rarest[index].sum()),
        threshold=tolerance,
        unit="AUC",
        table=_ranking_rows(context, scored, found),
        between=(feature.groups[worst], feature.groups[best]),
    )
    return _outcome(status, words, feature, evidence, _RANK)


def _difference(
    found: Ranking,
    index: npt.NDArray[np.intp],
    confidence: float,
    growth: npt.NDArray[np.float64] | float = 1.0,
    parts: int = 1,
) -> tuple[float, float]:
    def limits(z: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        low, high = found.limits(z, growth)
        return low[index], high[index]

    return largest_difference(found.areas[index], limits, confidence, parts)


def _cases_that_decide(found: Ranking, index: npt.NDArray[np.intp], confidence: float, tolerance: float) -> str:
    if _difference(found, index, confidence)[1] <= tolerance:
        return "More rows of the groups that are too small would decide; see FB013."
    groups, parts = len(index), 1
    if groups > MOST_GROUPS:
        # All pairs count, but are too many to be tried over and over: the two groups at the ends decide.
        areas = found.areas[index]
        index, parts = index[[areas.argmin(), areas.argmax()]], groups * (groups - 1) // 2

    def is_decided(cases: int) -> bool:
        growth = np.divide(cases, found.cases, out=np.ones(len(found.cases)), where=found.cases > 0)
        limits = Interval(*_difference(found, index, confidence, growth, parts))
        return judge_upper(limits, tolerance) is not Status.INCONCLUSIVE

    needed = cases_to_decide(is_decided)
    if needed is None:
        return "This lies so near what is tolerated that no realistic number of rows would decide."
    return (
        f"If the AUCs stayed as they are, about {about(needed)} rows with and as many without the label in every "
        "compared group would decide."
    )


def _ranking_rows(context: FairnessContext, scored: Scored, found: Ranking) -> Table:
    low, high = found.limits(normal_quantile(context.config.confidence))
    order = np.argsort(np.where(np.isnan(found.areas), 2.0, found.areas), kind="stable")[:TABLE_ROWS].tolist()
    columns, names = [found.areas, low, high], ["AUC", "low", "high"]
    if context.positive is not None:
        columns += cross_areas(scored.cells)
        names += ["positives among others' negatives", "negatives among others' positives"]
    return Table(
        ("group", "rows", "rows of the rarer class", *names),
        tuple(
            (
                scored.feature.groups[g],
                int(scored.rows[g]),
                None if is_small(int(found.rarest[g])) else int(found.rarest[g]),
                *(or_none(column[g]) for column in columns),
            )
            for g in order
        ),
    )


def _held_back(status: Status, scored: Scored, compared: npt.NDArray[np.bool_]) -> Status:
    """Not passed, where too many rows are left out or the scores say nothing."""
    if status is Status.PASSED and (scored.is_constant or _share_left_out(scored, compared) > MOST_LEFT_OUT):
        return Status.INCONCLUSIVE
    return status


def _share_left_out(scored: Scored, compared: npt.NDArray[np.bool_]) -> float:
    return share_held(np.flatnonzero(~compared).tolist(), scored.rows, scored.weight)


def _left_out(scored: Scored, compared: npt.NDArray[np.bool_]) -> Iterator[str]:
    groups = np.flatnonzero(~compared & (scored.rows > 0)).tolist()
    if not groups:
        return
    rows, total = int(scored.rows[groups].sum()), int(scored.rows.sum())
    held = shown_count(rows) if is_small(rows) else f"{rows:,} ({percent(rows / total)})"
    yield (
        f"Left out for want of rows (FB013): {len(groups):,} of {counted(len(scored.feature.groups), 'group')} with "
        f"{held} of the rows: {listing([scored.feature.short(g) for g in groups])}."
    )


def _outcome(status: Status, words: list[str], feature: Feature, evidence: Evidence, remedy: str) -> Outcome:
    remedies = {Status.FAILED: remedy, Status.INCONCLUSIVE: _MORE_ROWS}
    return Outcome(
        status, " ".join(words), Subject(feature.columns), evidence, remedies.get(status, ""), lowered(feature)
    )


SCORE_CHECKS = (
    Check("FB015", "Calibration by group", Severity.WARNING, calibration_by_group),
    Check("FB016", "Ranking by group", Severity.WARNING, ranking_by_group),
)
