"""Who is held out when: folds that keep equal and near-equal rows, and rows of one group, together.

A row whose twin was trained on is not held out: the twin gives its label away, right or wrong. On data with
duplicates that straddle folds, four fifths of the wrong labels go unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.learning.near_equal import near_equal

if TYPE_CHECKING:
    import numpy.typing as npt

# A unit grows by near-equal rows up to this many different rows, and up to this share of all rows: where nearness
# chains on and on, it is density and not copying, and rows must be left to learn from.
MAX_LINKED = 64
MAX_LINKED_SHARE = 1 / 50


def find_units(
    values: npt.NDArray[np.float32], codes: npt.NDArray[np.int64], group: npt.NDArray[np.int64] | None
) -> npt.NDArray[np.int64]:
    """Rows that must stay together: equal to the network, nearly so, or of one group, or linked by a chain of these.

    Equal rows and rows of one group are always one unit. Near-equal rows (`near_equal`) join units from the strongest
    pair down, as long as the unit stays within `MAX_LINKED` different rows and `MAX_LINKED_SHARE` of all.

    Parameters
    ----------
    values, codes
        (N, A) and (N, C): the rows as a network is shown them (`EncodedTable`). What it cannot tell apart is equal
        here too: two rows that differ in a unique name only, which is a rare category like every other, are twins.
    group
        (N,) codes of a group column, -1 for no group; or None.

    Returns
    -------
    (N,) int64, the unit of each row, in 0..U-1. The order of the rows does not change who is with whom.
    """
    shown = pd.concat([pd.DataFrame(values), pd.DataFrame(codes)], axis=1)
    hashes = pd.util.hash_pandas_object(shown, index=False).to_numpy()
    # In the order of the hashes, which is the same for any order of the rows.
    _, first, twin = np.unique(hashes, return_index=True, return_inverse=True)
    unit_of_twin = np.arange(len(first)) if group is None else _by_group(twin, len(first), group)
    pairs, _ = near_equal(values[first], codes[first])
    unit_of_twin = _join(unit_of_twin, pairs, np.bincount(twin, minlength=len(first)))
    dense, _ = pd.factorize(unit_of_twin[twin])
    return dense.astype(np.int64)


def _by_group(twin: npt.NDArray[np.int64], twins: int, group: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    grouped = np.flatnonzero(group >= 0)
    nodes = twins + int(group.max(initial=-1)) + 1
    links = (twin[grouped], twins + group[grouped])
    graph = coo_array((np.ones(len(grouped), dtype=np.int8), links), shape=(nodes, nodes))
    _, component = connected_components(graph, directed=False)
    _, dense = np.unique(component[:twins], return_inverse=True)
    return dense.astype(np.int64)


def _join(
    unit: npt.NDArray[np.int64], pairs: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Join the units (T,) of different rows by pairs (P, 2), strongest first; `rows` (T,) counts equal ones.

    Where the bounds bite, the weakest links are dropped, and copies stay together.
    """
    most = max(2.0, rows.sum() * MAX_LINKED_SHARE)
    different = np.bincount(unit).tolist()
    total = np.bincount(unit, weights=rows).tolist()
    parent = list(range(len(different)))

    def root(u: int) -> int:
        while parent[u] != u:
            parent[u] = parent[parent[u]]
            u = parent[u]
        return u

    for a, b in unit[pairs].tolist():
        u, v = root(a), root(b)
        if u != v and different[u] + different[v] <= MAX_LINKED and total[u] + total[v] <= most:
            parent[v] = u
            different[u] += different[v]
            total[u] += total[v]
    roots = np.array([root(u) for u in range(len(parent))], dtype=np.int64)
    return roots[unit]


def count_units(units: npt.NDArray[np.int64], labels: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    """Number of distinct units in which each class occurs: (classes,) int64; rows labelled -1 do not count."""
    known = labels >= 0
    pairs = np.unique(np.stack([labels[known], units[known]]), axis=1)
    return np.bincount(pairs[0], minlength=classes).astype(np.int64)


def assign_folds(
    units: npt.NDArray[np.int64], labels: npt.NDArray[np.int64], folds: int, rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """Stratified folds that split no unit.

    Each unit goes by its most frequent label; within a label, units in random order fill the folds one after the
    other, so that the folds differ in size by at most one unit a class.

    Parameters
    ----------
    units
        (N,) from `find_units`.
    labels
        (N,) int64 in 0..K-1.
    folds
        At least 2.
    rng
        Decides the order.

    Returns
    -------
    (N,) int16 in 0..folds-1.
    """
    dense, unit = np.unique(units, return_inverse=True)
    size = np.bincount(unit)
    label = _majority(unit, labels, len(dense))
    order = np.lexsort((rng.permutation(len(dense)), label))
    fold_of_unit = np.empty(len(dense), dtype=np.int16)
    for members in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
        middle = np.cumsum(size[members]) - size[members] / 2
        # Which fold gets the odd rows of a class is left to chance: small classes would all favour fold 0.
        place = (middle / size[members].sum() * folds + rng.random()) % folds
        fold_of_unit[members] = place.astype(np.int16)
    return fold_of_unit[unit]


def _majority(unit: npt.NDArray[np.int64], labels: npt.NDArray[np.int64], n_units: int) -> npt.NDArray[np.int64]:
    classes = int(labels.max()) + 1
    pairs, counts = np.unique(unit * classes + labels, return_counts=True)
    by_count = np.lexsort((counts, pairs // classes))
    majority = np.empty(n_units, dtype=np.int64)
    majority[pairs[by_count] // classes] = pairs[by_count] % classes  # the last, largest count stays
    return majority
