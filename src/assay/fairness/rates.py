"""The rates of each group, from the cells of a table of counts.

A metric that is a function of counts needs no rows: the cells, with their counts as sample weights, give the same
figures hundreds of times faster. Every rate here is a share of hits among the rows that it is about, Fairlearn's
`selection_rate`: the true positive rate among the positives, the precision (of the labels instead of the predictions)
among the selected, the accuracy that of being right. It is computed here, in one pass over all groups and rates, and
the tests hold it against Fairlearn. Fairlearn's own true positive rate answers 0 for a group without positives; such a
rate is NaN here, with n = 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.simultaneous import wilson_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from assay.fairness.counts import Cells

    Mask = npt.NDArray[np.bool_]
    Limits = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
    OfOne = Callable[[npt.NDArray[np.float64], npt.NDArray[np.float64], float], Limits]

BASE_RATE = "base rate"
SELECTION_RATE = "selection rate"
TRUE_POSITIVE_RATE = "true positive rate"
FALSE_POSITIVE_RATE = "false positive rate"
FALSE_NEGATIVE_RATE = "false negative rate"
PRECISION = "precision"
ACCURACY = "accuracy"
MACRO_RECALL = "macro true positive rate"
AVERAGE_ODDS = "average odds"


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """One rate for each of G groups.

    Attributes
    ----------
    metric
        Its name; with the class in brackets where no class is the positive one: "true positive rate [cat]".
    shares
        (G,) in [0, 1]; NaN where the group has no cases.
    rows
        (G,) int64, the rows that the rate rests on: for the true positive rate, the group's positives.
    cases
        (G,) the effective number of these rows under the sample weights; equal to `rows` without weights.
    case
        What such a row is called, in the plural.
    parts
        Where it is the mean of other rates on rows of their own (such as the recall of each class): these.
    weight
        (G,) total weight of these rows, by which everybody's rate is a mean of the groups'; None: their number.
    """

    metric: str
    shares: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]
    cases: npt.NDArray[np.float64]
    case: str = "rows"
    parts: tuple[Rates, ...] = ()
    weight: npt.NDArray[np.float64] | None = None

    def limits(self, z: float, of_one: OfOne = wilson_limits) -> Limits:
        """(G,) lower and upper limits of each group by itself, at a normal critical value; NaN without cases.

        Those of `of_one` (p, n, z), by default Wilson's; of a mean of K rates on different rows, MOVER on theirs: it
        lies below the mean by the root of the summed squares of how far each rate lies above its own limit, over K
        (Zou, Huang and Zhang 2009, doi:10.1016/j.csda.2009.03.016).
        """
        if not self.parts:
            return of_one(self.shares, self.cases, z)
        limits = [part.limits(z, of_one) for part in self.parts]
        below = np.sqrt(sum((part.shares - low) ** 2 for part, (low, _) in zip(self.parts, limits, strict=True)))
        above = np.sqrt(sum((high - part.shares) ** 2 for part, (_, high) in zip(self.parts, limits, strict=True)))
        k = len(self.parts)
        return np.maximum(0.0, self.shares - below / k), np.minimum(1.0, self.shares + above / k)

    def select(self, groups: npt.NDArray[np.int64]) -> Rates:
        """Those of some groups, given by their codes."""
        parts = tuple(part.select(groups) for part in self.parts)
        weight = None if self.weight is None else self.weight[groups]
        chosen = (self.shares[groups], self.rows[groups], self.cases[groups])
        return Rates(self.metric, *chosen, self.case, parts, weight)

    def with_cases(self, cases: int) -> Rates:
        """Return the same shares, were there so many cases in every group (and part)."""
        parts = tuple(part.with_cases(cases) for part in self.parts)
        return replace(self, cases=np.full(len(self.cases), float(cases)), parts=parts)

    @property
    def is_conditional(self) -> bool:
        """Whether it rests on some of a group's rows only."""
        return self.case != "rows"


def in_class(metric: str, name: str) -> str:
    """Name of a one-versus-rest metric of a class."""
    return f"{metric} [{name}]"


def compute_rates(cells: Cells, groups: int, classes: Sequence[str], positive: int | None) -> dict[str, Rates]:
    """Rates of each group, by the name of the metric.

    Parameters
    ----------
    cells
        Counts with the keys (group, y_true, y_pred); labels are codes of `classes`.
    groups
        Number G of groups.
    classes
        Names of the classes.
    positive
        Code of the favourable class: base rate, selection rate, true and false positive rate, false negative rate
        and precision are those of this class against all others, and the average odds the mean of true and false
        positive rate. None: all of these but the average odds for each class against the others, and the macro true
        positive rate, the mean over all classes; NaN where the group has no row of one. The accuracy is that of the
        classes as they are.

    Returns
    -------
    dict
        In the order in which reports show them.
    """
    _, y_true, y_pred = cells.keys
    if positive is not None:
        questions = _questions(y_true == positive, y_pred == positive, "the positive label", "positive")
    else:
        questions = {
            in_class(metric, name): question
            for code, name in enumerate(classes)
            for metric, question in _questions(y_true == code, y_pred == code, f"the label {name}", name).items()
        }
    everyone = np.ones(len(y_true), dtype=bool)
    questions[ACCURACY] = (everyone, y_true == y_pred, "rows")
    shares = _shares(cells, groups, list(questions.values()))
    found = {}
    for (metric, (is_case, _, case)), share in zip(questions.items(), shares, strict=True):
        rows, effective = cells.sums(cells.keys[0], groups, is_case)
        weight = np.bincount(cells.keys[0], weights=cells.weight * is_case, minlength=groups).astype(np.float64)
        found[metric] = Rates(metric, share, rows, effective, case, weight=weight)
    if positive is not None:
        found[AVERAGE_ODDS] = _mean(AVERAGE_ODDS, [found[TRUE_POSITIVE_RATE], found[FALSE_POSITIVE_RATE]])
    else:
        found[MACRO_RECALL] = _mean(MACRO_RECALL, [found[in_class(TRUE_POSITIVE_RATE, name)] for name in classes])
    return found


def _questions(is_true: Mask, is_chosen: Mask, label: str, predicted: str) -> dict[str, tuple[Mask, Mask, str]]:
    """Rates of a class against all others: which cells are cases, which of them hits, and what a case is called."""
    everyone = np.ones(len(is_true), dtype=bool)
    return {
        BASE_RATE: (everyone, is_true, "rows"),
        SELECTION_RATE: (everyone, is_chosen, "rows"),
        TRUE_POSITIVE_RATE: (is_true, is_chosen, f"rows with {label}"),
        FALSE_POSITIVE_RATE: (~is_true, is_chosen, f"rows without {label}"),
        FALSE_NEGATIVE_RATE: (is_true, ~is_chosen, f"rows with {label}"),
        PRECISION: (is_chosen, is_true, f"rows predicted {predicted}"),
    }


def _mean(metric: str, parts: Sequence[Rates]) -> Rates:
    """Mean of rates that rest on different rows; NaN where one of them is."""
    shares = np.mean([part.shares for part in parts], axis=0)
    rows, cases = (np.sum([getattr(part, name) for part in parts], axis=0) for name in ("rows", "cases"))
    return Rates(metric, shares, rows, cases, parts=tuple(parts))


def _shares(cells: Cells, groups: int, questions: Sequence[tuple[Mask, Mask, str]]) -> npt.NDArray[np.float64]:
    """(Q, G) share of hits among the cases of each question and group, NaN without cases."""
    # Of each group and question in turn, in one table.
    asked = [np.flatnonzero(is_case) for is_case, _, _ in questions]
    codes = np.concatenate([cells.keys[0][cell] + groups * q for q, cell in enumerate(asked)])
    hits = np.concatenate([is_hit[cell] for (_, is_hit, _), cell in zip(questions, asked, strict=True)])
    weight = cells.weight[np.concatenate(asked)]
    size = groups * len(questions)
    total = np.bincount(codes, weights=weight, minlength=size)
    hit = np.bincount(codes, weights=weight * hits, minlength=size)
    shares: npt.NDArray[np.float64] = np.divide(hit, total, out=np.full(size, np.nan), where=total > 0)
    return shares.reshape(len(questions), groups)
