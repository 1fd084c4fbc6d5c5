"""Which counts of a fairness table may be shown, so that no small one follows from the others by subtraction.

A cell (group, y_true, y_pred) of fewer than `SMALLEST_CELL` rows, 0 included, is hidden (primary suppression). So is
whatever would give it away (secondary suppression; Hundepool et al., "Statistical Disclosure Control", 2012, chapter
4, doi:10.1002/9781118348239). Nothing is shown but cells, and these in blocks: all cells of a group and a label, or
none. Still the tables of several features have their columns' totals in common, and the intersection adds up to each
of its features. The rules, each with why it is enough (docs/fairness-tables.md has the proof in words):

1. A label that has fewer rows than that in a group hides the whole group, in all labels.
2. Wherever a feature hides something, it hides two groups or more, of which every cell has `SMALLEST_CELL` rows or
   more together. Then one row more here and one less there give other counts with the same totals, and so the same
   of everything that is shown.
3. The intersection hides a box: some groups of each feature, two or more, and all their combinations. What the box
   adds up to, by each group that is shown by itself, is `SMALLEST_CELL` rows or more; then a cell of it is known to no
   better than a range of that width (the bounds of Frechet).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from assay.small_cells import SMALLEST_CELL

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Counts = npt.NDArray[np.int64]


def hide_groups(counts: Counts) -> tuple[Mask, Mask]:
    """Choose what to hide in the table of one feature.

    Parameters
    ----------
    counts
        (G, K, P) rows by group, label and prediction.

    Returns
    -------
    hidden
        (G, K) bool: blocks to hide.
    whole
        (G,) bool: the groups that are hidden whole, by rule 1; all of them are in `hidden`.
    """
    small = counts < SMALLEST_CELL
    few = (counts.sum(axis=2) < SMALLEST_CELL).any(axis=1)
    whole = _with_partners(few, counts.reshape(len(counts), -1))
    hidden = np.empty(counts.shape[:2], dtype=bool)
    for label in range(counts.shape[1]):
        hidden[:, label] = _with_partners(whole | small[:, label].any(axis=1), counts[:, label])
    return hidden, whole


def _with_partners(chosen: Mask, counts: Counts) -> Mask:
    """`chosen` (G,) groups and the smallest others, until rule 2 holds for the (G, C) cells; all where it cannot."""
    chosen = chosen.copy()
    if not chosen.any():
        return chosen
    together = counts[chosen].sum(axis=0)
    for group in np.argsort(counts.sum(axis=1), kind="stable"):
        if chosen.sum() > 1 and (together >= SMALLEST_CELL).all():
            return chosen
        if not chosen[group]:
            chosen[group] = True
            together = together + counts[group]
    return chosen


def hide_combinations(counts: Counts, hidden: Sequence[Mask], whole: Sequence[Mask]) -> Mask:
    """Choose what to hide in the table of the intersection of D features.

    Parameters
    ----------
    counts
        (G1, ..., GD, K, P) rows by combination of groups, label and prediction, 0 where there are none.
    hidden, whole
        For each feature, what `hide_groups` returned.

    Returns
    -------
    (G1, ..., GD, K) bool
        Blocks to hide.
    """
    features = range(counts.ndim - 2)
    found = np.zeros(counts.shape[:-1], dtype=bool)
    for label in range(counts.shape[-2]):
        table = counts[..., label, :]
        primary = np.asarray((table < SMALLEST_CELL).any(axis=-1))
        sides = []
        for feature in features:
            others = tuple(f for f in features if f != feature)
            side = primary.any(axis=others) | hidden[feature][:, label]
            # A group that is hidden whole must not be told by its combinations in any label.
            sides.append(np.ones_like(side) if any(whole[other].any() for other in others) else side)
        if any(side.any() for side in sides):
            found[..., label][np.ix_(*_grow(table, sides, [h[:, label] for h in hidden]))] = True
    return found


def _grow(table: Counts, sides: list[Mask], hidden: Sequence[Mask]) -> list[Mask]:
    """Sides of the smallest box that holds `sides` and to which rule 3 applies, by adding the smallest groups."""
    features = range(len(sides))
    sizes = [table.sum(axis=tuple(axis for axis in range(table.ndim) if axis != feature)) for feature in features]
    while True:
        narrow = [feature for feature in features if sides[feature].sum() < 2]
        short = [feature for feature in features if not narrow and _is_short(table, sides, hidden[feature], feature)]
        if not narrow and not short:
            return sides
        # The rows of one feature's groups in the box grow with the sides of the others.
        open_ = [
            feature
            for feature in (narrow or [other for other in features if short != [other]])
            if not sides[feature].all()
        ]
        if not open_:
            return [np.ones_like(side) for side in sides]
        feature = min(open_, key=lambda f: int(sizes[f][~sides[f]].min()))
        free = np.flatnonzero(~sides[feature])
        sides[feature][free[sizes[feature][free].argmin()]] = True


def _is_short(table: Counts, sides: list[Mask], hidden: Mask, feature: int) -> bool:
    """Whether a known total of the box, of a shown group or of all hidden ones together, is a small cell."""
    box = table[np.ix_(*sides)]
    by_group = box.sum(axis=tuple(axis for axis in range(box.ndim - 1) if axis != feature))
    apart = hidden[sides[feature]]
    short = bool((by_group[~apart] < SMALLEST_CELL).any())
    return short or bool(apart.any() and (by_group[apart].sum(axis=0) < SMALLEST_CELL).any())


def score_edges(tables: Sequence[tuple[Counts, Mask]], cuts: Sequence[int]) -> list[int]:
    """Edges at which the histogram of the scores of one label may be told: the same ones for every feature.

    Parameters
    ----------
    tables
        For each feature the (G, B) rows by group and bin, and the (G,) groups that are hidden in this label.
    cuts
        Bins at which an edge must lie, ascending, the ends 0 and B included.

    Returns
    -------
    list
        Ascending edges, 0 and B included: between two of them every shown group, and the hidden ones of a feature
        together, have `SMALLEST_CELL` rows or more. Empty where there is no such list.
    """
    rows = [counts[~hidden] for counts, hidden in tables]
    rows += [counts[hidden].sum(axis=0, keepdims=True) for counts, hidden in tables if hidden.any()]
    stacked = np.concatenate(rows) if rows else np.zeros((0, 1), dtype=np.int64)
    if not len(stacked):
        return []
    edges = [cuts[0]]
    for first, last in pairwise(cuts):
        found, start = [], first
        for end in range(first + 1, last + 1):
            if (stacked[:, start:end].sum(axis=1) >= SMALLEST_CELL).all():
                found.append(end)
                start = end
        if not found:
            return []
        edges += [*found[:-1], last]  # what is left over joins the last piece
    return edges
