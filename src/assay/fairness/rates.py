"""The rates of each group, by Fairlearn's metrics on the cells of a table of counts.

A metric of Fairlearn that is a function of counts needs no rows: the cells, with their counts as sample weights,
give the same figures hundreds of times faster. Two guards stand around it. Labels go in as integers 0 and 1, since
text labels give a selection rate of 0 in silence; and a rate without cases (the true positive rate of a group
without positives, which Fairlearn reports as 0) is NaN with n = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from assay.fairness.counts import Cells

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
    case: str

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
    found = [_accuracy(cells, groups)]
    if positive is not None:
        found = [*_one_versus_rest(cells, groups, positive, None), *found]
    else:
        for code, name in enumerate(classes):
            found += _one_versus_rest(cells, groups, code, name)
    return {rates.metric: rates for rates in found}


def _accuracy(cells: Cells, groups: int) -> Rates:
    from sklearn.metrics import accuracy_score

    group, y_true, y_pred = cells.keys
    values = _by_group({ACCURACY: accuracy_score}, cells, y_true, y_pred, groups)
    rows, cases = cells.sums(group, groups, np.ones(len(group), dtype=bool))
    return Rates(ACCURACY, _guarded(values[ACCURACY], cases), rows, cases, "rows")


def _one_versus_rest(cells: Cells, groups: int, code: int, name: str | None) -> list[Rates]:
    group, true_codes, predicted_codes = cells.keys
    y_true, y_pred = (true_codes == code).astype(np.int64), (predicted_codes == code).astype(np.int64)
    everyone = np.ones(len(group), dtype=bool)
    label, chosen = ("the positive label", "positive") if name is None else (f"the label {name}", name)
    denominators = {
        BASE_RATE: (everyone, "rows"),
        SELECTION_RATE: (everyone, "rows"),
        TRUE_POSITIVE_RATE: (y_true == 1, f"rows with {label}"),
        FALSE_POSITIVE_RATE: (y_true == 0, f"rows without {label}"),
        FALSE_NEGATIVE_RATE: (y_true == 1, f"rows with {label}"),
        PRECISION: (y_pred == 1, f"rows predicted {chosen}"),
    }
    functions = _fairlearn_metrics()
    if name is not None:
        functions = {m: functions[m] for m in (BASE_RATE, SELECTION_RATE, TRUE_POSITIVE_RATE)}
    values = _by_group(functions, cells, y_true, y_pred, groups)
    found = []
    for metric in functions:
        where, case = denominators[metric]
        rows, cases = cells.sums(group, groups, where)
        shown = metric if name is None else in_class(metric, name)
        found.append(Rates(shown, _guarded(values[metric], cases), rows, cases, case))
    return found


def _fairlearn_metrics() -> dict[str, Callable[..., float]]:
    from fairlearn.metrics import false_negative_rate, false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import precision_score

    def base_rate(y_true: object, y_pred: object, sample_weight: object) -> float:
        del y_pred
        return float(selection_rate(y_true, y_true, sample_weight=sample_weight))

    def precision(y_true: object, y_pred: object, sample_weight: object) -> float:
        return float(precision_score(y_true, y_pred, sample_weight=sample_weight, zero_division=np.nan))

    return {
        BASE_RATE: base_rate,
        SELECTION_RATE: selection_rate,
        TRUE_POSITIVE_RATE: true_positive_rate,
        FALSE_POSITIVE_RATE: false_positive_rate,
        FALSE_NEGATIVE_RATE: false_negative_rate,
        PRECISION: precision,
    }


def _by_group(
    functions: Mapping[str, Callable[..., float]],
    cells: Cells,
    y_true: npt.NDArray[np.int64],
    y_pred: npt.NDArray[np.int64],
    groups: int,
) -> dict[str, npt.NDArray[np.float64]]:
    from fairlearn.metrics import MetricFrame

    frame = MetricFrame(
        metrics=dict(functions),
        y_true=y_true,
        y_pred=y_pred,
        sensitive_features=cells.keys[0],
        sample_params={name: {"sample_weight": cells.weight} for name in functions},
    )
    by_group = frame.by_group.reindex(range(groups))  # a group without rows has no cell
    return {name: by_group[name].to_numpy(dtype=np.float64) for name in functions}


def _guarded(values: npt.NDArray[np.float64], cases: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(cases > 0, values, np.nan)
