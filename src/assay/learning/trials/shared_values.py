"""Columns whose values a few rows each share, such as the number of a person, and what the folds make of them.

Labels that are shuffled row by row cannot show it: they make the rows of a person differ in their labels. Here each
value draws a label for all its rows. Models that predict it for rows in other folds recognise the value by the other
columns; whether the real labels are told that way too is seen where the folds keep the rows of a value together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.auc import auc_within_folds, row_influences
from assay.findings import Interval
from assay.intervals import bonferroni, normal_quantile
from assay.learning.folds import assign_folds
from assay.learning.trials.kernel_ridge import compute_kernel, predict_held_out
from assay.trials.shuffled import SharedValue

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.dataset import Dataset

    Codes = npt.NDArray[np.int64]
    Folds = npt.NDArray[np.int16]
    Mask = npt.NDArray[np.bool_]

# Rows of one column that are looked at: whole values.
MAX_ROWS = 1200
# Columns that are looked at; the id first, then those with the fewest rows a value.
MAX_COLUMNS = 4
# The values of a person, an order or a device have a few rows each; those of a town or a trade, which new rows share,
# have many. The id says what a row is, however many rows it has.
MOST_ROWS_A_VALUE = 20.0
MIN_VALUES = 30
# Of the rows with a value, so many share it with another row, and no value has more than that.
LEAST_SHARED = 0.5
MOST_OF_ONE_VALUE = 0.05
DRAWS = 50
_SEED = 5006


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    name: str
    is_used: bool
    is_id: bool
    codes: Codes  # (n,) of the tested rows, -1 for no value that two of them share
    rows_a_value: float


def find_shared_values(
    dataset: Dataset, folds: Folds, positive: Mask, tested: Codes, seed: int
) -> tuple[SharedValue, ...]:
    """Judge each column that may name what rows belong to.

    Parameters
    ----------
    dataset
        N rows.
    folds
        (N,) of the audit.
    positive
        (N,) bool: the real labels.
    tested
        Positions of the rows that took part in the training.
    seed
        Of the draws.
    """
    found = _candidates(dataset, folds[tested], tested)
    return tuple(
        shared
        for at, candidate in enumerate(found)
        if (
            shared := _judge(
                *(dataset, candidate, folds[tested], positive[tested], tested),
                confidence=bonferroni(0.95, len(found)),
                rng=np.random.default_rng((seed, _SEED, at)),
            )
        )
        is not None
    )


def _candidates(dataset: Dataset, folds: Folds, tested: Codes) -> list[_Candidate]:
    roles = dataset.roles
    others = {roles.label, roles.group, roles.weight, roles.split, roles.time}
    found = [
        candidate
        for name in dataset.frame.columns
        if name not in others and _names_things(dataset.frame[name])
        if (candidate := _candidate(name, dataset, folds, tested)) is not None
    ]
    kept: list[_Candidate] = []
    for candidate in sorted(found, key=lambda c: (not c.is_id, c.rows_a_value)):
        # Codes are numbered as they first occur: a name beside its number has the same.
        if not any(np.array_equal(candidate.codes, other.codes) for other in kept):
            kept.append(candidate)
    return kept[:MAX_COLUMNS]


def _names_things(values: pd.Series[Any]) -> bool:
    """Whether a column may hold names or numbers of things: no measurements, no times, no flags."""
    if values.dtype.kind in "bMm":
        return False
    if values.dtype.kind != "f":
        return True
    numbers = values.to_numpy()
    numbers = numbers[~np.isnan(numbers)]
    return bool(len(numbers)) and bool(np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all())


def _candidate(name: str, dataset: Dataset, folds: Folds, tested: Codes) -> _Candidate | None:
    roles = dataset.roles
    is_used, is_id = name in (*roles.features, *roles.sensitive), name == roles.id
    codes = pd.factorize(dataset.frame[name].iloc[tested])[0].astype(np.int64)
    sizes = np.bincount(codes[codes >= 0], minlength=1)
    shared = sizes >= 2
    rows, many = int(sizes[shared].sum()), int(shared.sum())
    if (
        many < MIN_VALUES
        or rows < LEAST_SHARED * sizes.sum()
        or (rows > MOST_ROWS_A_VALUE * many and not is_id)
        or sizes.max() > MOST_OF_ONE_VALUE * len(tested)
    ):
        return None
    codes[(codes >= 0) & ~shared[codes]] = -1
    known = codes >= 0
    lowest, highest = np.full(len(sizes), 2**15 - 1), np.full(len(sizes), -1)
    np.minimum.at(lowest, codes[known], folds[known])
    np.maximum.at(highest, codes[known], folds[known])
    if (lowest[shared] == highest[shared]).mean() > LEAST_SHARED:
        return None  # most are in one fold already: equal or nearly equal rows, or the group says the same
    return _Candidate(name, is_used, is_id, codes, rows / many)


def _judge(
    dataset: Dataset,
    candidate: _Candidate,
    folds: Folds,
    positive: Mask,
    tested: Codes,
    *,
    confidence: float,
    rng: np.random.Generator,
) -> SharedValue | None:
    values = rng.permutation(np.unique(candidate.codes[candidate.codes >= 0]))
    sizes = np.bincount(candidate.codes[candidate.codes >= 0])[values]
    drawn = values[: max(2, int(np.searchsorted(np.cumsum(sizes), MAX_ROWS, side="right")))]
    at = np.flatnonzero(np.isin(candidate.codes, drawn))
    columns = [name for name in dataset.roles.features if name != candidate.name]
    kernel = compute_kernel(dataset.frame.iloc[tested[at]], columns) if columns else None
    if kernel is None or len(np.unique(folds[at])) < 2:
        return None
    _, value = np.unique(candidate.codes[at], return_inverse=True)
    labels = rng.random((len(drawn), DRAWS)) < 0.5
    real, apart = positive[at], folds[at]
    targets = np.column_stack([labels[value], real]).astype(np.float64)
    scores = predict_held_out(kernel, targets, apart)
    aucs = auc_within_folds(scores[:, :DRAWS], labels[value], apart)
    aucs = aucs[np.isfinite(aucs)]
    if len(aucs) < 2:
        return None
    half = normal_quantile(confidence) * float(aucs.std(ddof=1)) / float(np.sqrt(len(aucs)))
    mean = float(aucs.mean())
    kept = assign_folds(value, real.astype(np.int64), int(apart.max()) + 1, rng)
    of_kept = predict_held_out(kernel, targets[:, -1:], kept)[:, 0] if len(np.unique(kept)) > 1 else None
    split = None if of_kept is None else _fall(real, scores[:, -1], of_kept, value, confidence)
    return SharedValue(
        candidate.name,
        candidate.is_used,
        candidate.is_id,
        rows=len(at),
        kinds=len(drawn),
        recognised=mean,
        recognised_interval=Interval(mean - half, mean + half, confidence, "normal over draws"),
        apart=None if split is None else split[0],
        together=None if split is None else split[1],
        fall=None if split is None else split[2],
    )


def _fall(
    real: Mask, apart: npt.NDArray[np.float64], together: npt.NDArray[np.float64], value: Codes, confidence: float
) -> tuple[float, float, Interval] | None:
    """Both AUCs, and the interval of their difference by DeLong's influences, summed over the rows of a value."""
    labels = real.astype(np.int64)
    first, second = (row_influences(labels, np.column_stack([-s, s])) for s in (apart, together))
    if first is None or second is None:
        return None
    change = np.bincount(value, weights=first[1] - second[1])
    half = normal_quantile(confidence) * float(np.sqrt((change**2).sum()))
    fall = first[0] - second[0]
    return first[0], second[0], Interval(fall - half, fall + half, confidence, "DeLong, by value")
