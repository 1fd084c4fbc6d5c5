"""FB030: what meeting the tolerance would cost, and who would pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.context import DataContext
from assay.fairness.disparity import MIN_CASES, MOST_LEFT_OUT
from assay.fairness.mitigation.exploration import CRITERIA, EXPONENTIATED, OPTIMIZER, REWEIGHING, THRESHOLDS
from assay.fairness.outcomes import each_feature
from assay.fairness.rates import TRUE_POSITIVE_RATE
from assay.fairness.simultaneous import METHOD_DIFFERENCE
from assay.fairness.wording import confidently, counted, listing, percent, points, points_between
from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Subject, Table, or_none
from assay.small_cells import shown_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from assay.fairness.counts import Feature
    from assay.fairness.mitigation.exploration import Exploration, Trial
    from assay.fairness_config import FairnessConfig

# Changes of a group's rate that are told in a message, in points: less is not worth a word.
WORTH_TELLING = 0.005
# Groups that a sentence on them names; the others are counted.
TOLD = 3
ADVICE = (
    "Advice: nothing was applied. Deciding by a group that people belong to may be unlawful where the model is used: "
    "ask a lawyer first. Look at who would pay before choosing, and at the causes (FB002, FB003, LN001) before either."
)
_UNDECIDED = "More rows would decide; FB010 and FB011 say how many."


@dataclass(frozen=True, slots=True, eq=False)
class MitigationContext(DataContext):
    """Input of FB030.

    Attributes
    ----------
    explorations
        By name of the feature; none for a feature with one group, and none at all where there is an `obstacle`.
    obstacle
        Why nothing was tried; None where something was.
    """

    explorations: Mapping[str, Exploration]
    obstacle: Outcome | None


def price(context: MitigationContext) -> Iterator[Outcome]:
    """FB030: say for each single feature what meeting the tolerance would cost in accuracy."""
    if context.obstacle is not None and context.features:
        yield context.obstacle
        return

    def answer(feature: Feature) -> Iterator[Outcome]:
        exploration = context.explorations[feature.name]
        if exploration.obstacle is not None:
            yield Outcome(Status.INCONCLUSIVE, exploration.obstacle, Subject(feature.columns))
            return
        for criterion in CRITERIA:
            yield _outcome(exploration, criterion, context.config)

    yield from each_feature(context, "what it would cost to treat them alike is", answer)


MITIGATION_CHECK = Check("FB030", "Price of meeting the tolerance", Severity.INFO, price)


def _outcome(exploration: Exploration, criterion: str, config: FairnessConfig) -> Outcome:
    own, *tried = exploration.of(criterion)
    disparity = own.judged.disparity
    meeting = [trial for trial in tried if trial.judged.disparity.status is Status.PASSED]
    best = min(meeting, key=lambda trial: trial.judged.cost[0], default=None)
    sentences = [_as_it_is(own, exploration, config.confidence)]
    if disparity.status is Status.PASSED:
        sentences.append("There is nothing to pay.")
    elif best is None:
        sentences += _nothing(tried, config.confidence)
    else:
        sentences += [_cost(best, exploration, config), *_who_pays(best, exploration)]
    sentences += _guarded(exploration, disparity.left_out_share)
    if disparity.status is Status.INCONCLUSIVE:
        sentences.append(_UNDECIDED)
    interval = None
    if disparity.is_estimable:
        interval = Interval(disparity.low, disparity.high, config.confidence, METHOD_DIFFERENCE)
    return Outcome(
        disparity.status,
        " ".join(sentences),
        Subject(exploration.feature.columns),
        Evidence(
            metric=f"{criterion} difference",
            value=disparity.value if disparity.is_estimable else None,
            interval=interval,
            n=own.judged.n,
            threshold=config.tolerance,
            unit="share",
            table=_table((own, *tried)),
        ),
        "" if disparity.status is Status.PASSED else ADVICE,
    )


def _as_it_is(own: Trial, exploration: Exploration, confidence: float) -> str:
    disparity, name = own.judged.disparity, exploration.feature.name
    if not disparity.is_estimable:
        return f"The difference in {own.criterion} by {name} cannot be estimated for want of rows of a label (FB013)."
    return (
        f"By {name}, the model's own predictions differ by {_difference(own, confidence)} in {own.criterion} "
        f"({points(disparity.threshold)} tolerated), at an accuracy of {percent(own.judged.accuracy[0])}."
    )


def _cost(best: Trial, exploration: Exploration, config: FairnessConfig) -> str:
    cost, limits = best.judged.cost
    # As much as is told: a cost that reads as 0 has no sign.
    told, low, high = (round(value, 3) + 0.0 for value in (cost, limits.low, limits.high))
    price = f"cost {points(told)} of accuracy"
    if told < 0:
        price, low, high = f"cost no accuracy, but raise it by {points(-told)}", -high, -low
    lot = f"; {percent(best.judged.by_lot)} of the rows would be decided by lot" if best.judged.by_lot else ""
    return (
        f"Meeting the tolerance of {points(config.tolerance)} in {best.criterion} by {exploration.feature.name} would "
        f"{price} (joint {confidently(config.confidence)} {points_between(low, high)}) with {_named(best)}: the "
        f"difference is then {_difference(best, config.confidence)}{lot}."
    )


def _nothing(tried: Sequence[Trial], confidence: float) -> Iterator[str]:
    estimable = [trial for trial in tried if trial.judged.disparity.is_estimable]
    yield f"Nothing tried meets the tolerance by its whole interval ({counted(len(tried), 'attempt')})."
    if estimable:
        least = min(estimable, key=lambda trial: trial.judged.disparity.value)
        yield (
            f"The smallest difference is {_difference(least, confidence)}, with {_named(least)}, at a cost of "
            f"{points(least.judged.cost[0])} of accuracy."
        )


def _difference(trial: Trial, confidence: float) -> str:
    disparity = trial.judged.disparity
    return (
        f"{points(disparity.value)} (joint {confidently(confidence)} {points_between(disparity.low, disparity.high)})"
    )


def _named(trial: Trial) -> str:
    if trial.method == THRESHOLDS:
        limit = "no limit" if trial.setting >= 1 else f"at most {points(trial.setting)}"
        return f"thresholds per group fitted for {limit} of difference"
    return {
        OPTIMIZER: "fairlearn's ThresholdOptimizer",
        EXPONENTIATED: "fairlearn's ExponentiatedGradient",
        REWEIGHING: "a training on reweighed rows",
    }[trial.method]


def _who_pays(best: Trial, exploration: Exploration) -> Iterator[str]:
    """Groups whose positives are found less often, or more often, than by the model's own predictions."""
    before, after = (rates[TRUE_POSITIVE_RATE] for rates in (best.judged.own_rates, best.judged.rates))
    groups = len(exploration.groups)
    change = np.where(before.rows >= MIN_CASES, after.shares - before.shares, 0.0)[:groups]
    falls, rises = np.flatnonzero(change <= -WORTH_TELLING), np.flatnonzero(change >= WORTH_TELLING)

    def told(index: Iterable[int]) -> str:
        return listing(
            [
                f"{exploration.feature.label(int(exploration.groups[i]))} "
                f"(from {percent(before.shares[i])} to {percent(after.shares[i])})"
                for i in sorted(index, key=lambda i: -abs(change[i]))
            ],
            most=TOLD,
        )

    if len(falls):
        yield f"Who pays: the {TRUE_POSITIVE_RATE} falls for {told(falls)}."
        if not len(rises):
            yield "It rises for no group: this levels down."
    if len(rises):
        yield f"The {TRUE_POSITIVE_RATE} rises for {told(rises)}."


def _guarded(exploration: Exploration, left_out_share: float) -> Iterator[str]:
    feature = exploration.feature
    if exploration.kept:
        yield (
            f"{counted(len(exploration.kept), 'group')} with too few rows, or too few of one label, for thresholds of "
            f"their own would keep the model's own predictions: "
            f"{listing([feature.label(group) for group in exploration.kept])}."
        )
    if exploration.unseen:
        yield (
            f"{shown_count(exploration.unseen).capitalize()} rows are of groups that no other fold has: they keep the "
            "model's own predictions."
        )
    if left_out_share > MOST_LEFT_OUT:
        yield f"Groups that cannot be compared hold more than {percent(MOST_LEFT_OUT)} of the rows: this cannot pass."


def _table(trials: Sequence[Trial]) -> Table:
    rows = tuple(
        (
            trial.method,
            trial.setting,
            judged.accuracy[0],
            or_none(judged.disparity.value),
            or_none(judged.disparity.low),
            or_none(judged.disparity.high),
            str(judged.disparity.status),
        )
        for trial in trials
        for judged in (trial.judged,)
    )
    return Table(("method", "setting", "accuracy", "difference", "low", "high", "status"), rows)
