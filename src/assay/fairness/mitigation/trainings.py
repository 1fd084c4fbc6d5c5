"""Trainings that take the groups into account: fairlearn's reduction, and a reweighing of the rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.fairness.context import DEMOGRAPHIC_PARITY
from assay.fairness.disparity import MIN_CASES
from assay.fairness.mitigation.exploration import CRITERIA, EXPONENTIATED, REWEIGHING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from assay.dataset import Dataset

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

# The reduction trains its model tens of times in each fold: on so many rows at most, drawn once.
MOST_ROWS = 20_000
FOLDS = 3
# Rounds of the reduction; fairlearn's own default of 50 seldom betters what 20 found, at up to 50 trainings a fold.
ROUNDS = 20
# Trees of each model: few, since the reduction needs many models.
TREES = 40
# A category beyond the most frequent ones counts as missing: the trees take at most 255.
MOST_CATEGORIES = 250


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """N rows to train on.

    Attributes
    ----------
    inputs
        (N, A) float64, NaN where missing; categories as codes.
    is_category
        (A,) bool.
    label
        (N,) 0 or 1: 1 is the favourable class.
    weight
        (N,) sample weights, of mean 1.
    fold
        (N,) in 0..2.
    """

    inputs: Floats
    is_category: Mask
    label: Codes
    weight: Floats
    fold: Codes


def reweigh(group: Codes, label: Codes, weight: Floats) -> Floats:
    """Weights under which the label is independent of the group.

    P(group) P(label) / P(group, label), times the weight of the row (Kamiran and Calders 2012,
    doi:10.1007/s10115-011-0463-8).

    Parameters
    ----------
    group, label
        (N,) codes from 0; a label below 0 is unknown, and its row keeps its weight.
    weight
        (N,) sample weights.

    Returns
    -------
    (N,) float64 with the same sum over the rows of known label.
    """
    known = label >= 0
    table = np.zeros((int(group.max(initial=0)) + 1, int(label.max(initial=0)) + 1))
    np.add.at(table, (group[known], label[known]), weight[known])
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / max(table.sum(), 1e-300)
    factor = np.divide(expected, table, out=np.ones_like(table), where=table > 0)
    return np.where(known, weight * factor[group, np.maximum(label, 0)], weight)


def sample_rows(rows: int) -> Codes:
    """Draw at most `MOST_ROWS` of `rows` positions, ascending; the same ones each time."""
    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False))


def read_examples(dataset: Dataset, positions: Codes, label: Codes, fold: Codes) -> Examples:
    """Encode the features of the rows at `positions`, whose `label` and `fold` are given."""
    columns, is_category = [], []
    for name in dataset.roles.features:
        column = dataset.frame[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            column = (column - column.min()).dt.total_seconds()
        numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        is_category.append(not numeric)
        columns.append(_numbers(column, positions) if numeric else _categories(column, positions))
    weight = np.ones(len(positions)) if dataset.weights is None else dataset.weights[positions]
    # Merged by position of the fold, rows that belong together stay together.
    return Examples(
        np.column_stack(columns), np.array(is_category), label, weight / weight.mean(), fold.astype(np.int64) % FOLDS
    )


def _numbers(column: pd.Series, positions: Codes) -> Floats:
    values: Floats = column.iloc[positions].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _categories(column: pd.Series, positions: Codes) -> Floats:
    text = column.iloc[positions].astype("string")
    codes = text.map({name: code for code, name in enumerate(text.value_counts().index[:MOST_CATEGORIES])})
    values: Floats = codes.to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def train_for(
    examples: Examples,
    group: Codes,
    compared: int,
    *,
    tolerance: float,
    reduce: bool,
    reweighing: bool,
    progress: Callable[[float], None],
) -> tuple[tuple[str | None, str, float, Floats], ...]:
    """Train for one feature, and decide on every row by the models that did not see it.

    Parameters
    ----------
    examples
        N rows.
    group
        (N,) in 0..G, where G is no group but all the others.
    compared
        G.
    tolerance
        The reduction aims at half of it, so that other rows meet the whole.
    reduce, reweighing
        Whether the reduction is trained, which takes no sample weights, and a reweighing.
    progress
        Is told the finished share.

    Returns
    -------
    tuple
        (criterion or None, method, setting, (N,) probability of the favourable decision) of each method.
    """
    wanted: list[str | None] = [*(CRITERIA if reduce else ()), *([None] if reweighing else [])]
    chosen = {criterion: np.full(len(group), np.nan) for criterion in wanted}
    for fold in range(FOLDS):
        held = examples.fold == fold
        for index, criterion in enumerate(wanted):
            if held.any():
                used = ~held if criterion is None else ~held & _both_labels(examples, group, compared, ~held)
                models = _fit(examples, group, used, criterion, tolerance / 2)
                chosen[criterion][held] = _decide(models, examples.inputs[held])
            progress((fold * len(wanted) + index + 1) / (FOLDS * len(wanted)))
    return tuple(
        (criterion, REWEIGHING if criterion is None else EXPONENTIATED, 1.0 if criterion is None else tolerance / 2, q)
        for criterion, q in chosen.items()
        if not np.isnan(q).any()
    )


def _both_labels(examples: Examples, group: Codes, compared: int, used: Mask) -> Mask:
    """Rows of the groups that a reduction can take; the others are decided on like all people, but not bounded."""
    cases = np.zeros((compared + 1, 2), dtype=np.int64)
    np.add.at(cases, (group[used], examples.label[used]), 1)
    enough = (cases >= MIN_CASES).all(axis=1) & (np.arange(compared + 1) < compared)
    rows: Mask = enough[group] & (enough.sum() > 1)
    return rows


def _fit(examples: Examples, group: Codes, used: Mask, criterion: str | None, bound: float) -> list[tuple[float, Any]]:
    """Models with the shares in which they decide; none where the rows do not let anything be fitted.

    The reduction is fairlearn's exponentiated gradient (Agarwal et al. 2018, arXiv:1803.02453).
    """
    from fairlearn.reductions import DemographicParity, EqualizedOdds, ExponentiatedGradient

    inputs, label, group = examples.inputs[used], examples.label[used], group[used]
    if len(np.unique(label)) < 2:
        return []
    model = _new_model(examples)
    if criterion is None:
        return [(1.0, model.fit(inputs, label, sample_weight=reweigh(group, label, examples.weight[used])))]
    moment = DemographicParity if criterion == DEMOGRAPHIC_PARITY else EqualizedOdds
    reduction = ExponentiatedGradient(model, moment(difference_bound=bound), max_iter=ROUNDS)
    with warnings.catch_warnings():
        # Fairlearn's use of pandas warns of what will change there.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        reduction.fit(inputs, label, sensitive_features=group)
    return [(float(reduction.weights_[index]), model) for index, model in reduction.predictors_.items()]


def _decide(models: list[tuple[float, Any]], inputs: Floats) -> Floats:
    """Probability (N,) of the favourable decision; NaN without models."""
    if not models:
        return np.full(len(inputs), np.nan)
    shares = [share * np.asarray(model.predict(inputs), dtype=np.float64) for share, model in models if share > 0]
    decided: Floats = np.clip(np.sum(shares, axis=0), 0, 1)
    return decided


def _new_model(examples: Examples) -> Any:
    """Return a model that was never fitted: each training has its own (the reduction clones what it is given)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=TREES,
        learning_rate=0.2,
        max_leaf_nodes=15,
        categorical_features=examples.is_category,
        early_stopping=False,
        random_state=0,
    )
