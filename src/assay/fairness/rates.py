"""The rates of each group, by Fairlearn on the cells of a table of counts.

A metric that is a function of counts needs no rows: the cells, with their counts as sample weights, give the same
figures hundreds of times faster. Every rate here is a selection rate among the rows that it is about: the true
positive rate among the positives, the precision (of the labels instead of the predictions) among the selected, the
accuracy that of being right. Fairlearn's own true positive rate goes through a confusion matrix that costs 1.5 ms
for each group, and answers 0 for a group without positives; such a rate is NaN here, with n = 0. Labels go in as
integers 0 and 1, since text labels give a selection rate of 0 in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.fairness.counts import Cells

    Mask = npt.NDArray[np.bool_]

BASE_RATE = "base rate"
SELECTION_RATE = "selection rate"
TRUE_POSITIVE_RATE = "true positive rate"
FALSE_POSITIVE_RATE = "false positive rate"
FALSE_NEGATIVE_RATE = "false negative rate"
PRECISION = "precision"
ACCURACY = "accuracy"


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
    """

    metric: str
    shares: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]
    cases: npt.NDArray[np.float64]
    case: str = "rows"

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
        and precision are those of this class against all others. None: base rate, selection rate and true positive
        rate of each class against the others. The accuracy is that of the classes as they are.

    Returns
    -------
    dict
        In the order in which reports show them.
    """
    _, y_true, y_pred = cells.keys
    everyone = np.ones(len(y_true), dtype=bool)
    if positive is not None:
        is_true, is_chosen = y_true == positive, y_pred == positive
        with_label, without_label = "rows with the positive label", "rows without the positive label"
        questions = {
            BASE_RATE: (everyone, is_true, "rows"),
            SELECTION_RATE: (everyone, is_chosen, "rows"),
            TRUE_POSITIVE_RATE: (is_true, is_chosen, with_label),
            FALSE_POSITIVE_RATE: (~is_true, is_chosen, without_label),
            FALSE_NEGATIVE_RATE: (is_true, ~is_chosen, with_label),
            PRECISION: (is_chosen, is_true, "rows predicted positive"),
        }
    else:
        questions = {}
        for code, name in enumerate(classes):
            is_true, is_chosen = y_true == code, y_pred == code
            questions[in_class(BASE_RATE, name)] = (everyone, is_true, "rows")
            questions[in_class(SELECTION_RATE, name)] = (everyone, is_chosen, "rows")
            questions[in_class(TRUE_POSITIVE_RATE, name)] = (is_true, is_chosen, f"rows with the label {name}")
    questions[ACCURACY] = (everyone, y_true == y_pred, "rows")
    shares = _shares(cells, groups, list(questions.values()))
    found = {}
    for (metric, (is_case, _, case)), share in zip(questions.items(), shares, strict=True):
        rows, effective = cells.sums(cells.keys[0], groups, is_case)
        found[metric] = Rates(metric, share, rows, effective, case)
    return found


def _shares(cells: Cells, groups: int, questions: Sequence[tuple[Mask, Mask, str]]) -> npt.NDArray[np.float64]:
    """(Q, G) share of hits among the cases of each question and group, NaN without cases."""
    from fairlearn.metrics import MetricFrame, selection_rate

    # A MetricFrame costs some milliseconds however small: one for all questions, told apart by the group's code.
    asked = [np.flatnonzero(is_case) for is_case, _, _ in questions]
    codes = np.concatenate([cells.keys[0][cell] + groups * q for q, cell in enumerate(asked)])
    hits = np.concatenate([is_hit[cell] for (_, is_hit, _), cell in zip(questions, asked, strict=True)])
    by_group = MetricFrame(
        metrics=selection_rate,
        y_true=hits.astype(np.int64),
        y_pred=hits.astype(np.int64),
        sensitive_features=codes,
        sample_params={"sample_weight": cells.weight[np.concatenate(asked)]},
    ).by_group
    shares = np.full(groups * len(questions), np.nan)
    shares[by_group.index.to_numpy()] = by_group.to_numpy(dtype=np.float64)
    return shares.reshape(len(questions), groups)
