"""Candidates for arithmetic relations: what most of a few hundred rows keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

from assay.validation.own.rows import FLOAT_ERROR
from assay.validation.relations.relation import SLACK, Relation, rounding_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

# Rows on which candidates are searched, the share that must keep a candidate there, and how many must have its values.
FIRST_ROWS = 400
FIRST_SHARE = 0.85
LEAST_ROWS = 20
# The searches grow with the third or fourth power of the number of columns.
MAX_IN_TRIPLES = 24
MAX_IN_PRODUCTS = 30
MAX_IN_LONG_SUMS = 24
# A long sum is found by a regression whose coefficients come out as 0 or 1, this nearly.
NEAR_WHOLE = 0.02
REGRESSION_ROWS = 2_000
REGRESSION_STEPS = 25
# A column with more gaps than this would take too many rows out of the regression.
MAX_GAPS = 0.2
# Digits that a constant factor is written with; fewer are taken unless they lose this share of the rows.
MAX_DIGITS = 6
LOSES = 0.005

Search = Callable[["Mapping[str, Numbers]", Mapping[str, float]], Iterator[Relation]]


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """A search for candidates.

    Attributes
    ----------
    search
        From columns of numbers and the rounding of each to relations.
    relations
        How many relations it looks at among so many columns.
    columns, rows
        The first so many that it takes; None for all columns.
    """

    search: Search
    relations: Callable[[int], int]
    columns: int | None = None
    rows: int = FIRST_ROWS


def _multiples(data: Mapping[str, Numbers], step: Mapping[str, float]) -> Iterator[Relation]:
    """Columns that are a constant times another one, in both directions; equal columns in one."""
    place = {name: index for index, name in enumerate(data)}
    for target, part in permutations(data, 2):
        error = np.full(len(data[part]), rounding_error(step[part]))
        factor = _factor(data[target], data[part], step[target] / 2, error)
        if factor is not None and (factor != 1 or place[target] > place[part]):
            yield Relation("product", target, (part,), factor=factor)


def _products(data: Mapping[str, Numbers], step: Mapping[str, float]) -> Iterator[Relation]:
    for first, second in combinations(data, 2):
        product = data[first] * data[second]
        error = np.abs(data[first]) * rounding_error(step[second]) + np.abs(data[second]) * rounding_error(step[first])
        for target in data:
            if target not in (first, second):
                factor = _factor(data[target], product, step[target] / 2, error)
                if factor is not None:
                    yield Relation("product", target, (first, second), factor=factor)


def _factor(target: Numbers, product: Numbers, allowed: float, error: Numbers) -> float | None:
    """The constant k of target = k * product in most rows, as short as it can be written; None if there is none."""
    present = ~np.isnan(target) & ~np.isnan(product)
    usable = present & (product != 0) & (target != 0)
    if usable.sum() < LEAST_ROWS:
        return None
    # Those of the largest products say the factor most exactly.
    large = usable & (np.abs(product) >= np.median(np.abs(product[usable])))
    k = float(np.median(target[large] / product[large]))
    size = FLOAT_ERROR * np.abs(target)

    def holding(factor: float) -> float:
        off = np.abs(target - factor * product)[present]
        return float((off <= ((allowed + abs(factor) * error) * SLACK + size)[present]).mean())

    share = holding(k)
    if share < FIRST_SHARE:
        return None
    short = (float(f"{k:.{digits}g}") for digits in range(1, MAX_DIGITS + 1))
    return next((factor for factor in short if holding(factor) >= share - LOSES), k)


def _holding(
    data: Mapping[str, Numbers], step: Mapping[str, float], total: Numbers, parts: Sequence[str]
) -> Iterator[str]:
    """Columns that `total`, made of `parts`, equals in most rows within the rounding of all of them."""
    for name in data:
        if name not in parts:
            allowed = (step[name] / 2 + sum(rounding_error(step[part]) for part in parts)) * SLACK
            off = np.abs(data[name] - total)
            off = off[~np.isnan(off)]
            if len(off) >= LEAST_ROWS and (off <= allowed).mean() >= FIRST_SHARE:
                yield name


def _sums(data: Mapping[str, Numbers], step: Mapping[str, float], size: int) -> Iterator[Relation]:
    for parts in combinations(data, size):
        total = np.array([data[name] for name in parts]).sum(axis=0)
        for target in _holding(data, step, total, parts):
            yield Relation("sum", target, parts)


def _pair_sums(data: Mapping[str, Numbers], step: Mapping[str, float]) -> Iterator[Relation]:
    return _sums(data, step, 2)


def _triple_sums(data: Mapping[str, Numbers], step: Mapping[str, float]) -> Iterator[Relation]:
    return _sums(data, step, 3)


def _long_sums(data: Mapping[str, Numbers], _: Mapping[str, float]) -> Iterator[Relation]:
    """Sums of any number of columns."""
    for target in data:
        parts = _addends(target, data)
        if len(parts) > 1:
            yield Relation("sum", target, parts)


def _addends(target: str, data: Mapping[str, Numbers]) -> tuple[str, ...]:
    """The columns that add up to `target`, by a regression of least absolute deviations; () if there are none.

    Slips do not move such a regression as they move one of least squares, and where nearly all rows keep a sum it is
    exact. Iteratively reweighted: Schlossmacher 1973, JASA 68, 857-859.
    """
    names = [name for name in data if name != target and np.isnan(data[name]).mean() <= MAX_GAPS]
    rows = np.array([data[name] for name in (*names, target)])
    full = rows[:, ~np.isnan(rows).any(axis=0)]
    x, y = full[:-1].T, full[-1]
    scale = np.abs(x).sum(axis=0) / max(1, len(y))
    names = [name for name, size in zip(names, scale, strict=True) if size > 0]
    if not names or len(y) < 2 * len(names):
        return ()
    scale, x = scale[scale > 0], x[:, scale > 0] / scale[scale > 0]
    weights = np.ones(len(y))
    smallest = FLOAT_ERROR * max(1.0, float(np.abs(y).max()))
    for _ in range(REGRESSION_STEPS):
        root = np.sqrt(weights)
        coefficients = np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0]
        weights = 1 / np.maximum(np.abs(y - x @ coefficients), smallest)
        weights /= weights.max()
    plain = coefficients / scale
    if not np.all((np.abs(plain) <= NEAR_WHOLE) | (np.abs(plain - 1) <= NEAR_WHOLE)):
        return ()
    return tuple(name for name, value in zip(names, plain, strict=True) if value > 0.5)


# The simple ones first: each with the columns and rows that it takes, and how many relations it then looks at.
SEARCHES: tuple[SearchPlan, ...] = (
    SearchPlan(_multiples, lambda columns: columns**2),
    SearchPlan(_pair_sums, lambda columns: columns**3 // 2),
    SearchPlan(_products, lambda columns: columns**3 // 2, MAX_IN_PRODUCTS),
    SearchPlan(_triple_sums, lambda columns: columns**4 // 6, MAX_IN_TRIPLES),
    SearchPlan(_long_sums, lambda columns: columns, MAX_IN_LONG_SUMS, REGRESSION_ROWS),
)
