"""Arithmetic between columns: equal, a constant multiple, a sum, a product, within the rounding of the table."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assay.validation.own.rows import FLOAT_ERROR
from assay.validation.relations.candidates import SEARCHES
from assay.validation.relations.evidence import beyond_chance
from assay.validation.relations.relation import SLACK, rounding_error, rounding_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from assay.validation.relations.relation import Relation

    Numbers = npt.NDArray[np.float64]

# Rows that may break a relation, as slips.
MAX_BROKEN = 0.05
# A tolerance wider than this share of the target's standard deviation makes a relation of any correlation.
MAX_TOLERANCE = 0.05
# A wider tolerance is only taken where it saves this share of the rows.
WIDER_SAVES = 0.005


def find_arithmetic(names: Sequence[str], values: Numbers) -> list[Relation]:
    """Relations between numeric columns that chance does not explain, the simplest for each target.

    Parameters
    ----------
    names
        Of C columns.
    values
        (C, S) numbers in rows of random order, NaN where missing.
    """
    # A factor of numbers of very different sizes may be too large for a double: it holds for no row then.
    with np.errstate(over="ignore", invalid="ignore"):
        return _search(names, {name: row for name, row in zip(names, values, strict=True) if _varies(row)})


def _search(names: Sequence[str], data: Mapping[str, Numbers]) -> list[Relation]:
    step = {name: rounding_step(row) for name, row in data.items()}
    found: list[Relation] = []
    for plan in SEARCHES:
        # What is computed from others takes part no more: it would repeat their relations, and a regression could not
        # tell it from them.
        repeating = {_last(item, names) for item in found if item.kind == "sum" or item.is_copy}
        left = [name for name in data if name not in repeating][: plan.columns]
        tried = plan.search({name: data[name][: plan.rows] for name in left}, step)
        candidates = max(1, plan.relations(len(left)))
        proven = (_proven(item, data, step, candidates) for item in tried)
        found += _simplest([item for item in proven if item is not None], found)
    return found


def _varies(values: Numbers) -> bool:
    present = values[~np.isnan(values)]
    return len(present) > 0 and bool((present != present[0]).any())


def _last(item: Relation, names: Sequence[str]) -> str:
    """The column of a relation that stands last in the table, where what is computed stands."""
    return max(item.columns, key=list(names).index)


def _computed(item: Relation, data: Mapping[str, Numbers]) -> Numbers:
    """(S,) what the parts give."""
    parts = np.array([data[name] for name in item.parts])
    result: Numbers = item.factor * (parts.sum(axis=0) if item.kind == "sum" else parts.prod(axis=0))
    return result


def _off(item: Relation, data: Mapping[str, Numbers]) -> Numbers:
    """(S,) by how much each row is off, less what doubles lose; NaN where a value is missing."""
    size = np.abs(data[item.target])
    if item.kind == "sum":
        size = size + sum(np.abs(data[name]) for name in item.parts)
    off: Numbers = np.abs(data[item.target] - _computed(item, data)) - FLOAT_ERROR * size
    return off


def _proven(
    item: Relation, data: Mapping[str, Numbers], step: Mapping[str, float], candidates: int
) -> Relation | None:
    """The relation with its tolerance, if the whole sample keeps it and every part is needed for that."""
    off = _off(item, data)
    present = ~np.isnan(off)
    trials = int(present.sum())
    if not trials:
        return None
    tolerance, broken = _fitted(item, data, step, off[present])
    if broken > MAX_BROKEN * trials:
        return None
    chance = 1.0
    for spoilt in _spoilt(item, data, present):
        worse = _off(item, spoilt)
        # Only where it makes a difference does a part show whether it belongs there: a tip that is mostly zero.
        touched = present & (np.abs(worse - off) > tolerance)
        if not touched.any():
            return None
        breaks = int((off[touched] > tolerance).sum())
        breaks_then = float((worse[touched] > tolerance).mean())
        if not beyond_chance(breaks, int(touched.sum()), breaks_then, candidates):
            return None
        chance = min(chance, float((worse[present] > tolerance).mean()))
    return replace(item, tolerance=_written(tolerance), broken=broken, chance=chance)


def _fitted(item: Relation, data: Mapping[str, Numbers], step: Mapping[str, float], off: Numbers) -> tuple[float, int]:
    """The narrowest tolerance that serves, and how many rows it leaves broken."""
    widest = MAX_TOLERANCE * float(np.nanstd(data[item.target]))
    ladder = [tolerance for tolerance in _tolerances(item, data, step) if tolerance <= widest]
    broken = [int((off > tolerance).sum()) for tolerance in ladder]
    return next(
        (tolerance, count)
        for tolerance, count in zip(ladder, broken, strict=True)
        if count - min(broken) <= WIDER_SAVES * len(off)
    )


def refit(relations: Sequence[Relation], names: Sequence[str], values: Numbers) -> Iterator[Relation]:
    """Relations that are known, with the tolerances of other rows; whether these keep them is not asked.

    Parameters
    ----------
    relations
        Relations between the columns.
    names, values
        As for `find_arithmetic`.
    """
    data = dict(zip(names, values, strict=True))
    step = {name: rounding_step(row) if _varies(row) else 0.0 for name, row in data.items()}
    for item in relations:
        off = _off(item, data)
        off = off[~np.isnan(off)]
        yield replace(item, tolerance=_written(_fitted(item, data, step, off)[0])) if len(off) else item


def _spoilt(
    item: Relation, data: Mapping[str, Numbers], present: npt.NDArray[np.bool_]
) -> Iterator[Mapping[str, Numbers]]:
    """The data with the target shuffled, and with each part shuffled, or left out of a sum.

    A part of a sum may be the same in nearly all rows, such as a fee: what shows that it is needed is the sum without.
    """
    rng = np.random.default_rng(0)
    for name in (item.target, *item.parts) if item.kind == "product" else (item.target,):
        values = data[name].copy()
        values[present] = rng.permutation(values[present])
        yield {**data, name: values}
    if item.kind == "sum":
        for name in item.parts:
            yield {**data, name: np.where(present, 0.0, np.nan)}


def _tolerances(item: Relation, data: Mapping[str, Numbers], step: Mapping[str, float]) -> tuple[float, ...]:
    """From exact to the rounding of all columns, ascending."""
    if item.kind == "sum":
        parts = sum(rounding_error(step[name]) for name in item.parts)
    else:
        # The others at their median stand for the derivative of the product.
        sizes = [float(np.nanmedian(np.abs(data[name]))) for name in item.parts]
        others = [math.prod(sizes[:i] + sizes[i + 1 :]) for i in range(len(sizes))]
        parts = abs(item.factor) * sum(
            rounding_error(step[name]) * other for name, other in zip(item.parts, others, strict=True)
        )
    return (0.0, step[item.target] / 2 * SLACK, (step[item.target] / 2 + parts) * SLACK)


def _written(tolerance: float) -> float:
    return float(f"{tolerance:.9g}")


def _simplest(proven: Sequence[Relation], before: Sequence[Relation]) -> list[Relation]:
    """One relation for each set of columns and each target: that with the fewest breaks and the shortest factor."""
    taken = {item.columns for item in before}
    targets = {item.target for item in before}
    kept: list[Relation] = []
    for item in sorted(
        proven, key=lambda item: (item.broken, len(f"{item.factor:g}"), len(item.parts), item.tolerance)
    ):
        if item.target in targets or item.columns in taken:
            continue
        if len(item.parts) > 1 or not _connected(item, kept):
            kept.append(item)
            taken.add(item.columns)
            targets.add(item.target)
    return kept


def _connected(item: Relation, kept: Sequence[Relation]) -> bool:
    """Whether the multiples that are known already lead from one of its columns to the other."""
    reached = {item.target}
    for _ in kept:
        for other in kept:
            if other.columns & reached:
                reached |= other.columns
    return item.parts[0] in reached
