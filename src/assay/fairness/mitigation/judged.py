"""How decisions fare on rows that they were not fitted on: accuracy, its change, and the disparity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.context import DEMOGRAPHIC_PARITY
from assay.fairness.disparity import DIFFERENCE, Disparity, Ruler, combine, compare
from assay.fairness.rates import FALSE_POSITIVE_RATE, SELECTION_RATE, TRUE_POSITIVE_RATE, Rates
from assay.findings import Interval, Status
from assay.intervals import normal_quantile, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from assay.fairness.counts import Cells

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

# A probability of a decision this near to 0 or 1 is sure: the linear program is solved to 1e-7.
SURE = 1e-6
PAIRED = "Agresti-Min paired difference"
# Which rows a rate rests on: all, or those of one label.
CASES = {
    SELECTION_RATE: ("rows", None),
    TRUE_POSITIVE_RATE: ("rows with the positive label", 1),
    FALSE_POSITIVE_RATE: ("rows without the positive label", 0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """Decisions on rows, or on cells of rows that are alike.

    Attributes
    ----------
    cells
        Counts with the keys (group 0..G, y_true 0/1), a key pair as often as need be; group G holds the rows of all
        groups that are too small to be compared.
    groups
        G.
    chosen
        (C,) in [0, 1]: probability of the favourable decision.
    own
        (C,) 0 or 1: what the model predicts by itself.
    """

    cells: Cells
    groups: int
    chosen: Floats
    own: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What decisions do, on rows that they were not fitted on.

    Attributes
    ----------
    accuracy
        Expected share of right decisions, and its Wilson interval.
    cost
        Accuracy of the model's own predictions on the same rows less that of the decisions, and its paired interval.
    disparity
        The largest difference (demographic parity: of selection rates; equalized odds: of true or of false positive
        rates), judged against the tolerance.
    compared
        For each rate that the disparity is the largest difference of, the groups (0..G-1) that were compared.
    rates, own_rates
        By name of the rate: of the decisions, and of the model's own predictions.
    by_lot
        Share of the rows whose decision is drawn by lot, in [0, 1].
    n
        Judged rows.
    """

    accuracy: tuple[float, Interval]
    cost: tuple[float, Interval]
    disparity: Disparity
    compared: tuple[frozenset[int], ...]
    rates: Mapping[str, Rates]
    own_rates: Mapping[str, Rates]
    by_lot: float
    n: int


def judge_decisions(decided: Decided, criterion: str, ruler: Ruler, confidence: float) -> Judged:
    """Judge decisions by one criterion.

    A decision that is drawn by lot counts by its probability: the figures are those to expect over the draws. The
    intervals take what was fitted as given.

    Parameters
    ----------
    decided
        The decisions.
    criterion
        Demographic parity or equalized odds.
    ruler
        What the disparity is held against.
    confidence
        Of the accuracy's interval; the cost's has the ruler's, as the disparity's has.
    """
    right = np.where(decided.cells.keys[1] == 1, decided.chosen, 1 - decided.chosen)
    own_right = (decided.cells.keys[1] == decided.own).astype(np.float64)
    weight = decided.cells.weight
    total, squared = float(weight.sum()), float(decided.cells.weight_squared.sum())
    effective = total**2 / squared
    accuracy = min(1.0, max(0.0, float(weight @ right) / total))
    limits = wilson(accuracy * effective, effective, confidence)
    assert limits is not None
    names = (SELECTION_RATE,) if criterion == DEMOGRAPHIC_PARITY else (TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE)
    rates = {name: _rates(decided, decided.chosen, name) for name in CASES}
    own_rates = {name: _rates(decided, decided.own, name) for name in CASES}
    rows = rates[SELECTION_RATE].rows
    group_weight = np.bincount(decided.cells.keys[0], weights=weight, minlength=decided.groups + 1).astype(np.float64)
    parts = [compare(_comparable(rates[name], decided), rows, DIFFERENCE, ruler, group_weight) for name in names]
    return Judged(
        accuracy=(accuracy, limits),
        cost=_paired(own_right - right, weight, effective, ruler.confidence),
        disparity=parts[0] if len(parts) == 1 else combine(parts, criterion),
        compared=tuple(frozenset(part.compared) for part in parts),
        rates=rates,
        own_rates=own_rates,
        by_lot=float(weight @ ((decided.chosen > SURE) & (decided.chosen < 1 - SURE)) / total),
        n=int(decided.cells.rows.sum()),
    )


def _rates(decided: Decided, chosen: Floats, metric: str) -> Rates:
    """Rate of each of the G groups, and of the rest."""
    case, label = CASES[metric]
    group, y_true = decided.cells.keys
    used = np.ones(len(group), dtype=np.bool_) if label is None else y_true == label
    size = decided.groups + 1
    rows, cases = decided.cells.sums(group, size, used)
    weight = np.bincount(group[used], weights=decided.cells.weight[used], minlength=size)
    hits = np.bincount(group[used], weights=(decided.cells.weight * chosen)[used], minlength=size)
    shares = np.divide(hits, weight, out=np.full(size, np.nan), where=weight > 0)
    return Rates(metric, np.clip(shares, 0, 1), rows, cases, case)


def _comparable(rates: Rates, decided: Decided) -> Rates:
    """Take the rest out of the comparison, however many rows it has: it is no group."""
    cases = np.where(np.arange(decided.groups + 1) < decided.groups, rates.cases, 0.0)
    return Rates(rates.metric, rates.shares, rates.rows, cases, rates.case)


def _paired(difference: Floats, weight: Floats, n: float, confidence: float) -> tuple[float, Interval]:
    """Mean difference of two decisions on the same rows, each in [-1, 1], with Agresti and Min's interval.

    Half a row is added to each cell of the table (right or wrong before, right or wrong after), so that few changes
    do not make an interval that is too short (2005, doi:10.1002/sim.1781). For a decision drawn by lot the
    difference is a fraction, and its mean square takes the place of the share of changes.
    """
    mean = float(weight @ difference / weight.sum())
    square = float(weight @ difference**2 / weight.sum())
    centre, spread = mean * n / (n + 2), (square * n + 1) / (n + 2)
    half = normal_quantile(confidence) * float(np.sqrt(max(0.0, spread - centre**2) / (n + 2)))
    return mean, Interval(max(-1.0, min(mean, centre - half)), min(1.0, max(mean, centre + half)), confidence, PAIRED)


def held_back(judged: Judged, own: Judged) -> Judged:
    """Let nothing pass that compares fewer groups than the model's own predictions were compared in.

    A sample of the rows may hold too few of a small group: what is not known of it is no parity.
    """
    fewer = any(not before <= after for before, after in zip(own.compared, judged.compared, strict=True))
    if not fewer or judged.disparity.status is not Status.PASSED:
        return judged
    return replace(judged, disparity=replace(judged.disparity, status=Status.INCONCLUSIVE))
