"""What FB010 and FB011 say of the groups within the values of a control column."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.context import DEMOGRAPHIC_PARITY, EQUALIZED_ODDS
from assay.fairness.control.strata import OTHERS, Strata, StratumRates, Within, largest_within, read_strata
from assay.fairness.counts import count_cells, only, predicted_classes
from assay.fairness.disparity import MIN_CASES, MOST_LEFT_OUT
from assay.fairness.outcomes import TABLE_ROWS
from assay.fairness.rates import FALSE_POSITIVE_RATE, SELECTION_RATE, TRUE_POSITIVE_RATE, in_class
from assay.fairness.wording import confidently, percent, points, points_between
from assay.findings import Evidence, Interval, Outcome, Severity, Status, Subject, Table, or_none
from assay.intervals import bonferroni

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.fairness.context import Assessment, FairnessContext
    from assay.fairness.control.spread import Spread

QUESTIONS = (DEMOGRAPHIC_PARITY, EQUALIZED_ODDS)
_METHOD = "Mantel-Haenszel, Klingenberg"
_METHOD_SPREAD = "noncentral chi-square, moments matched"
# So many times the rows are tried for what would decide.
_GROWTHS = tuple(2.0**i for i in range(1, 11))


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """A question asked within strata: its rates, the groups that are compared, and what they are held against."""

    assessment: Assessment
    strata: Strata
    strats: tuple[StratumRates, ...]
    compared: npt.NDArray[np.int64]
    error: float
    tolerance: float

    def answer(self, growth: float = 1.0) -> tuple[Within, ...]:
        """Return what each rate comes to, were there so many times the cases."""
        parts = len(self.strats)
        return tuple(largest_within(strat, self.compared, self.error, parts, growth) for strat in self.strats)

    def status(self, found: tuple[Within, ...]) -> Status:
        """Failed in common, in one stratum, or in spread; passed in common and in spread."""
        if any(self.fails(within) for within in found):
            return Status.FAILED
        return Status.PASSED if all(self.passes(within) for within in found) else Status.INCONCLUSIVE

    def fails(self, within: Within) -> bool:
        """Whether a rate differs by more than is tolerated."""
        return max(within.low, within.widest_low, within.surest.low) > self.tolerance

    def passes(self, within: Within) -> bool:
        """Whether the differences in a rate are tolerated, in common and in spread; NaN is not."""
        return within.high <= self.tolerance and within.least_known.high <= self.tolerance

    def decisive(self, within: Within) -> Spread | None:
        """The spread of the differences, where it decides otherwise than the common difference does."""
        if within.low <= self.tolerance < within.surest.low:
            return within.surest
        only_held_back = within.high <= self.tolerance and not self.passes(within) and not self.fails(within)
        return within.least_known if only_held_back else None

    @property
    def unmatched(self) -> float:
        """Share of the rows in groups not compared, or in strata that hold no other compared group."""
        rows = self.strats[0].rows
        matched = rows[self.compared][:, (rows[self.compared] > 0).sum(axis=0) > 1]
        return 1 - float(matched.sum()) / max(1, int(rows.sum()))


def within_strata(context: FairnessContext, assessment: Assessment, question: str) -> Iterator[Outcome]:
    """Outcomes of a question (one of `QUESTIONS`) within each control column, for a single feature."""
    feature, config = assessment.feature, context.config
    if feature.is_intersection:
        return
    single = sum(not a.feature.is_intersection for a in context.assessments.values())
    confidence = bonferroni(config.confidence, single * len(config.control) * len(QUESTIONS))
    compared = np.flatnonzero(assessment.group_rows >= config.min_group_size).astype(np.int64)
    for column in config.control:
        subject = Subject((*feature.columns, column))
        severity = Severity.WARNING if question == EQUALIZED_ODDS else None
        if len(compared) < 2:
            words = f"Fewer than two groups of {feature.name} have enough rows to be compared within {column}."
            yield Outcome(Status.INCONCLUSIVE, words, subject, None, _MORE_ROWS, severity)
            continue
        strata = read_strata(context.dataset, column)
        strats = tuple(_rates(context, assessment, strata, question))
        asked = _Question(assessment, strata, strats, compared, 1 - confidence, config.tolerance)
        yield _outcome(asked, config.confidence, subject, severity)


def _rates(context: FairnessContext, assessment: Assessment, strata: Strata, question: str) -> Iterator[StratumRates]:
    """Rates of a question by group and stratum; of a selection all rows are cases, else those with a label."""
    judged, predictions, k = context.judged, context.predictions, len(assessment.classes)
    size, depth = len(assessment.feature.groups), len(strata.names)
    place = only(assessment.feature.codes, judged) * depth + only(strata.codes, judged)
    labels, chosen = only(predictions.labels, judged), predicted_classes(predictions.pred_probs, judged)
    weights = None if context.dataset.weights is None else only(context.dataset.weights, judged)
    cells = count_cells(((place, size * depth), (labels, k), (chosen, k)), weights)
    place, y_true, y_pred = cells.keys
    everyone = np.ones(len(place), dtype=bool)
    for code in range(k) if assessment.positive is None else (assessment.positive,):
        cases = {SELECTION_RATE: everyone}
        if question == EQUALIZED_ODDS:
            cases = {TRUE_POSITIVE_RATE: y_true == code, FALSE_POSITIVE_RATE: y_true != code}
        for metric, is_case in cases.items():
            if assessment.positive is None and metric == FALSE_POSITIVE_RATE:
                continue  # it is the other classes' missed true positives
            name = metric if assessment.positive is not None else in_class(metric, assessment.classes[code])
            rows, effective = cells.sums(place, size * depth, is_case)
            weight, hits = (
                np.bincount(place, weights=cells.weight * mask, minlength=size * depth)
                for mask in (is_case, is_case & (y_pred == code))
            )
            shares = np.divide(hits, weight, out=np.zeros(size * depth), where=weight > 0)
            shape = (size, depth)
            yield StratumRates(name, shares.reshape(shape), effective.reshape(shape), rows.reshape(shape))


def _outcome(asked: _Question, confidence: float, subject: Subject, severity: Severity | None) -> Outcome:
    found, column = asked.answer(), asked.strata.column
    status = asked.status(found)
    held_back = status is Status.PASSED and asked.unmatched > MOST_LEFT_OUT
    status = Status.INCONCLUSIVE if held_back else status
    known = [within for within in found if not math.isnan(within.value)]
    if not known:
        words = f"No two groups of {asked.assessment.feature.name} share a value of {column}: nothing can be compared."
        return Outcome(Status.INCONCLUSIVE, words, subject, None, _OTHER_CONTROL, severity)
    worst = max(known, key=lambda within: (asked.fails(within), not asked.passes(within), within.value))
    sentences = [_sentence(asked, within, confidence) for within in sorted(known, key=lambda w: w is not worst)[:2]]
    spread = asked.decisive(worst)
    if spread is not None:
        sentences.append(_spread(asked, worst, spread, confidence))
    sentences += _widest(asked, worst)
    if asked.unmatched > MOST_LEFT_OUT:
        sentences.append(
            f"Of {percent(asked.unmatched)} of the rows nothing is known: their group is too small, or alone in its "
            f"value of {column}. With more than {percent(MOST_LEFT_OUT)} this cannot pass."
        )
    if OTHERS in asked.strata.names:
        sentences.append(f"{column} has more than {len(asked.strata.names):,} values; the rare ones count as one.")
    if status is Status.INCONCLUSIVE and not held_back:
        sentences.append(_what_would_decide(asked))
    metric = f"{worst.metric} difference within {column}"
    value, interval = worst.value, Interval(worst.low, worst.high, confidence, _METHOD)
    if spread is not None:
        metric = f"root mean square {metric}"
        value, interval = spread.value, Interval(spread.low, spread.high, confidence, _METHOD_SPREAD)
    evidence = Evidence(
        metric=metric,
        value=or_none(value),
        interval=interval,
        n=int(next(s for s in asked.strats if s.metric == worst.metric).rows[asked.compared].sum()),
        threshold=asked.tolerance,
        unit="share",
        table=_table(asked, worst),
        # Where the values of the control column differ in sign, no group is the worse off of the two.
        between=_ends(asked, worst) if spread is None else (),
    )
    remedies = {Status.FAILED: _FAILED, Status.INCONCLUSIVE: _MORE_ROWS}
    return Outcome(status, " ".join(sentences), subject, evidence, remedies.get(status, ""), severity)


def _ends(asked: _Question, within: Within) -> tuple[str, ...]:
    groups = asked.assessment.feature.groups
    return tuple(groups[end] for end in (within.lower, within.upper) if end is not None)


_FAILED = (
    "The disparity remains among people with the same value of the control column. Look into the values in which it "
    "is largest, and see the remedy of the finding on the feature alone."
)
_MORE_ROWS = "Collect more rows of the groups concerned, or control for a column with fewer values."
_OTHER_CONTROL = "Control for a column that does not tell the groups apart by itself."


def _sentence(asked: _Question, within: Within, confidence: float) -> str:
    assert within.lower is not None
    assert within.upper is not None
    feature = asked.assessment.feature
    shares = asked.assessment.rates[within.metric].shares
    crude = float(shares[within.upper] - shares[within.lower])
    without = ""
    if not math.isnan(crude):
        way = " the other way" if crude < 0 else ""
        without = f". Without regard to it the difference is {points(abs(crude))}{way}"
    return (
        f"Within the values of {asked.strata.column} the {within.metric} differs by {points(within.value)} (joint "
        f"{confidently(confidence)} {points_between(within.low, within.high)}; {points(asked.tolerance)} tolerated): "
        f"it is higher for {feature.label(within.upper)} than for {feature.label(within.lower)}{without}."
    )


def _spread(asked: _Question, within: Within, spread: Spread, confidence: float) -> str:
    column = asked.strata.column
    first, second = (asked.assessment.feature.label(group) for group in spread.groups)
    if math.isnan(spread.value):
        return (
            f"Whether {first} and {second} differ one way in some values of {column} and the other way in others "
            "cannot be told: too few values have two cases of both."
        )
    limits = f"joint {confidently(confidence)} {points_between(spread.low, spread.high)}"
    words = (
        f"Within the single values {first} and {second} differ by {points(spread.value)} (root mean square, {limits})"
    )
    if spread.low > asked.tolerance:
        less = ", though not in what the values have in common" if within.value <= asked.tolerance else ""
        return f"{words}: more than is tolerated{less}."
    return (
        f"{words}: that the values are alike is not shown, and where they are not, differences may cancel in common."
    )


def _widest(asked: _Question, within: Within) -> Iterator[str]:
    if within.widest is None:
        return
    stratum, lower, upper = within.widest
    strat = next(s for s in asked.strats if s.metric == within.metric)
    p, q = float(strat.shares[upper][stratum]), float(strat.shares[lower][stratum])
    feature = asked.assessment.feature
    least = f", at least {points(within.widest_low)} in some value" if within.widest_low > asked.tolerance else ""
    yield (
        f"The largest difference within one value is {points(p - q)}{least}: for {asked.strata.column} = "
        f"{asked.strata.names[stratum]}, {percent(p)} for {feature.label(upper)} and {percent(q)} for "
        f"{feature.label(lower)}."
    )


def _what_would_decide(asked: _Question) -> str:
    for growth in _GROWTHS:
        if asked.status(asked.answer(growth)) is not Status.INCONCLUSIVE:
            return f"If the rates stayed as they are, {growth:,.0f} times as many rows would decide."
    return "No realistic number of rows would decide."


def _table(asked: _Question, within: Within) -> Table:
    """The two groups of the largest common difference in each stratum where both have enough cases."""
    assert within.lower is not None
    assert within.upper is not None
    strat = next(s for s in asked.strats if s.metric == within.metric)
    pair = (within.upper, within.lower)
    shared = np.flatnonzero((strat.rows[list(pair)] >= MIN_CASES).all(axis=0))
    p, q = (strat.shares[g] for g in pair)
    order = shared[np.argsort(-np.abs(p - q)[shared], kind="stable")][:TABLE_ROWS].tolist()
    names = [asked.assessment.feature.label(g) for g in pair]
    rows = tuple(
        (
            asked.strata.names[s],
            *(int(strat.rows[g][s]) for g in pair),
            float(p[s]),
            float(q[s]),
            float(p[s] - q[s]),
        )
        for s in order
    )
    columns = (asked.strata.column, *(f"cases, {n}" for n in names), *(f"rate, {n}" for n in names), "difference")
    return Table(columns, rows)
