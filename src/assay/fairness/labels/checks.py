"""FB021: whether wrong labels decide what is said of a disparity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.labels.figures import CORRECTED, JUDGED, OBSERVED, VIEWS, compare_conclusions, conclude
from assay.fairness.outcomes import NAME_THEM, NO_FEATURE
from assay.fairness.wording import confidently, percent, points, points_between
from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Subject, Table, or_none
from assay.intervals import bonferroni, wilson
from assay.small_cells import SMALLEST_CELL, is_small

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt
    import pandas as pd

    from assay.fairness.counts import Feature
    from assay.fairness.labels.figures import Difference
    from assay.fairness.labels.noise_matrix import FlipRate
    from assay.fairness_config import FairnessConfig

    Floats = npt.NDArray[np.float64]

METHOD = "noise matrix by group; Dirichlet and normal draws, MOVER"
_REMEDY = (
    "Have a person check a random sample of the labels of each group, or the rows that the label effect lists for "
    "review from the top, and audit again, before the disparity is ascribed to the model or mitigated."
)
_MORE_ROWS = "Collect more rows: without wrong labels too they would not tell whether there is a disparity."
_HURT_REMEDY = (
    "Do not remove the suspects of this group unseen: have a person confirm them, or relabel those that are wrong. "
    "FB020 measures what the removal does to a model."
)


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """What wrong labels may do to the disparities of one feature of G groups.

    Attributes
    ----------
    differences
        (metric, view) -> the largest difference between two groups.
    tipping
        Metric -> (group, kind) -> share of the group's labels that would explain all of it, as `find_tipping` gives.
    rows
        View -> rows that it rests on.
    wrong
        The estimated share of wrong labels of each group.
    group_rows
        (G,) rows.
    positives, removed
        (G,) rows with the favourable label, and how many of them are suspect.
    wrong_positives
        (G,) estimated share of the rows with the favourable label that are not favourable in truth; NaN if unknown.
    review
        Columns `position`, `feature`, `influence`, most first.
    """

    feature: Feature
    differences: Mapping[tuple[str, str], Difference]
    tipping: Mapping[str, Mapping[tuple[int, str], float]]
    rows: Mapping[str, int]
    wrong: FlipRate
    group_rows: Floats
    positives: Floats
    removed: Floats
    wrong_positives: Floats
    review: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class EffectContext:
    """Input of the check: the effects on the features of two groups or more, or the obstacle and what it means."""

    config: FairnessConfig
    features: tuple[Feature, ...]
    effects: tuple[Effect, ...]
    obstacle: str | None
    status: Status


def describe_label_effect(context: EffectContext) -> Iterator[Outcome]:
    """FB021: compare what is concluded by the labels as they are and by the corrected ones."""
    if not context.features:
        yield Outcome(Status.NOT_APPLICABLE, NO_FEATURE.format("what wrong labels do to them is"), remedy=NAME_THEM)
        return
    columns = tuple(name for feature in context.features for name in feature.columns)
    if context.obstacle:
        yield Outcome(context.status, context.obstacle, Subject(columns))
        return
    if not context.effects:
        yield Outcome(Status.NOT_APPLICABLE, "There are no two groups to compare.", Subject(columns))
    for effect in context.effects:
        yield _outcome(effect, context.config)
        yield from _hurt(effect, context.config)


def _outcome(effect: Effect, config: FairnessConfig) -> Outcome:
    changes = {m: compare_conclusions(effect.differences, m, config.tolerance) for m in JUDGED}
    order = (Status.FAILED, Status.INCONCLUSIVE, Status.PASSED)
    status = min(changes.values(), key=order.index)
    decisive = [metric for metric in JUDGED if changes[metric] is status]
    sentences = []
    for metric in decisive:
        sentences += [_sentence(effect, metric, config), *_tipping(effect, metric)]
    sentences.append(_CONCLUSIONS[status])
    observed = [conclude(effect.differences[m, OBSERVED], config.tolerance) for m in decisive]
    is_open = status is Status.INCONCLUSIVE and set(observed) == {Status.INCONCLUSIVE}
    metric = max(decisive, key=lambda m: _or_nothing(effect.differences[m, OBSERVED].value))
    return Outcome(
        status,
        f"{effect.feature.name}: " + " ".join(sentences),
        Subject(effect.feature.columns),
        _evidence(effect, metric, config),
        "" if status is Status.PASSED else _MORE_ROWS if is_open else _REMEDY,
    )


_CONCLUSIONS = {
    Status.FAILED: "So wrong labels decide what is concluded.",
    Status.INCONCLUSIVE: "So whether wrong labels decide what is concluded cannot be told.",
    Status.PASSED: "So the estimated wrong labels neither make a disparity nor hide one.",
}


def _sentence(effect: Effect, metric: str, config: FairnessConfig) -> str:
    before, after = (effect.differences[metric, view] for view in (OBSERVED, CORRECTED))
    if math.isnan(before.low):
        return f"The {metric} is not estimable: fewer than two groups have rows enough (FB013)."
    limits = f"joint {confidently(config.confidence)} {points_between(before.low, before.high)}"
    words = f"The {metric} is {points(before.value)} by the labels as they are ({limits})"
    if math.isnan(after.low):
        words += ", and how often labels of each group are wrong is not known, so that it cannot be corrected"
    elif math.isnan(after.value):
        words += (
            f", and between {points_between(after.low, after.high)} by what is known of how often labels of each "
            "group are wrong, so that no one value can be told"
        )
    else:
        words += (
            f", and {points(after.value)} ({points_between(after.low, after.high)}) corrected for how often labels of "
            "each group are estimated to be wrong"
        )
    return f"{words}; {points(config.tolerance)} are tolerated."


def _tipping(effect: Effect, metric: str) -> Iterator[str]:
    """The difference in wrong labels that would explain all of it, beside the one that is estimated."""
    shares = effect.tipping[metric]
    d, groups = effect.differences[metric, OBSERVED], effect.feature.groups
    if d.top < 0 or not d.value > 0:
        return
    pair = f"{groups[d.top]} and {groups[d.bottom]}"
    if not shares:
        yield f"No difference in wrong labels between {pair} would explain all of it."
        return
    needed, (group, _) = min((share, key) for key, share in shares.items())
    other = d.bottom if group == d.top else d.top
    pair = f"{groups[group]} and {groups[other]}"
    words = f"A difference in wrong labels of {points(needed)} between {pair} would explain all of it"
    wrong = effect.wrong
    if np.isnan(wrong.value[[group, other]]).any() or np.isnan(wrong.low[[group, other]]).any():
        yield f"{words}; the audit cannot estimate it."
        return
    estimate = float(wrong.value[group] - wrong.value[other])
    down, up = wrong.value - wrong.low, wrong.high - wrong.value
    low, high = estimate - math.hypot(down[group], up[other]), estimate + math.hypot(up[group], down[other])
    yield f"{words}; the audit estimates {points(estimate)} (95% interval {points_between(low, high)})."


def _hurt(effect: Effect, config: FairnessConfig) -> Iterator[Outcome]:
    """Groups of whose favourable labels removing the suspects would take more than are estimated to be wrong."""
    judged = np.flatnonzero(effect.group_rows >= config.min_group_size).tolist()
    confidence = bonferroni(config.confidence, len(judged))
    for group in judged:
        removed, positives, wrong = (
            float(part[group]) for part in (effect.removed, effect.positives, effect.wrong_positives)
        )
        interval = wilson(removed, positives, confidence)
        if interval is not None and interval.low > wrong + config.tolerance:
            yield _hurt_outcome(effect, group, interval, config.tolerance)


def _hurt_outcome(effect: Effect, group: int, interval: Interval, tolerance: float) -> Outcome:
    name, removed, positives = effect.feature.label(group), effect.removed[group], effect.positives[group]
    wrong = float(effect.wrong_positives[group])
    metric, subject = "favourable labels that are suspect", Subject(effect.feature.columns, name)
    if is_small(float(removed)) or is_small(float(positives)):
        # The estimated share too is one of these few rows.
        words = (
            f"Removing the suspects would take more of the favourable labels of {name} than are estimated to be "
            f"wrong, by more than {points(tolerance)}; figures would rest on fewer than {SMALLEST_CELL} rows. "
            f"{_FEWER_CASES}"
        )
        return Outcome(Status.FAILED, words, subject, Evidence(metric, unit="share"), _HURT_REMEDY)
    share = float(removed / positives)
    words = (
        f"Removing the suspects would take {percent(share)} of the favourable labels of {name}, and no more than "
        f"{percent(wrong)} of these are estimated to be wrong. {_FEWER_CASES}"
    )
    evidence = Evidence(metric, share, interval, n=int(positives), threshold=wrong + tolerance, unit="share")
    return Outcome(Status.FAILED, words, subject, evidence, _HURT_REMEDY)


_FEWER_CASES = "A model would learn the group's favourable cases from fewer rows, and miss more of them."


def _evidence(effect: Effect, metric: str, config: FairnessConfig) -> Evidence:
    d = effect.differences[metric, CORRECTED]
    known = not math.isnan(d.low)
    rows = tuple(
        (m, view, *(or_none(x) for x in (e.value, e.low, e.high)), str(conclude(e, config.tolerance)))
        for m in JUDGED
        for view in VIEWS
        for e in (effect.differences[m, view],)
    )
    return Evidence(
        metric=f"{metric}, {CORRECTED}",
        value=or_none(d.value),
        interval=Interval(d.low, d.high, config.confidence, METHOD) if known else None,
        n=effect.rows[CORRECTED],
        threshold=config.tolerance,
        unit="share",
        table=Table(("metric", "view", "value", "low", "high", "against the tolerance"), rows),
    )


def _or_nothing(value: float) -> float:
    return -1.0 if math.isnan(value) else value


LABEL_EFFECT_CHECK = Check("FB021", "Disparities that wrong labels may make", Severity.WARNING, describe_label_effect)
