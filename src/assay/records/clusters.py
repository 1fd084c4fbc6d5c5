"""Pairs into groups of records of one thing, without chains of pairs that lead from one thing to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Probability = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[np.float64]]

# Records of one thing are a handful; a larger net of pairs is a family of similar things, and is not taken apart.
MAX_CLUSTER = 64
# Mean probability of the pairs between two groups from which they are one (average linkage).
LEAST_MEAN = 0.5


def cluster_pairs(
    first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], n: int, probability: Probability
) -> tuple[npt.NDArray[np.int64], int]:
    """Group the rows that the pairs connect.

    Every pair of rows in a connected net is judged, and the net is cut where the mean probability between two parts
    is below `LEAST_MEAN`: a is b and b is c does not make a into c.

    Returns
    -------
    tuple
        (n,) int64, equal for rows of one group and -1 for a row of its own; and the rows of nets that are too large.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    cluster = np.full(n, -1, dtype=np.int64)
    if not len(first):
        return cluster, 0
    _, net = connected_components(coo_array((np.ones(len(first)), (first, second)), shape=(n, n)), directed=False)
    sizes = np.bincount(net)
    cluster = np.where(sizes[net] == 2, net, -1)
    middle = np.flatnonzero((sizes[net] > 2) & (sizes[net] <= MAX_CLUSTER))
    groups = [group.to_numpy() for _, group in pd.Series(middle).groupby(net[middle])]
    if groups:
        corners = [np.triu_indices(len(group), 1) for group in groups]
        lefts = np.concatenate([group[i] for group, (i, _) in zip(groups, corners, strict=True)])
        rights = np.concatenate([group[j] for group, (_, j) in zip(groups, corners, strict=True)])
        judged = np.split(probability(lefts, rights), np.cumsum([len(i) for i, _ in corners])[:-1])
        for group, p in zip(groups, judged, strict=True):
            # Numbers beyond those of the nets, and apart from each other.
            parts = _average_linkage(p)
            cluster[group] = np.where(np.bincount(parts)[parts] > 1, n * (1 + int(group[0])) + parts, -1)
    return _renumbered(cluster), int((sizes[net] > MAX_CLUSTER).sum())


def _average_linkage(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    from scipy.cluster.hierarchy import fcluster, linkage

    return np.asarray(fcluster(linkage(1 - probability, "average"), 1 - LEAST_MEAN, "distance"), dtype=np.int64)


def _renumbered(cluster: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    numbered = np.full(len(cluster), -1, dtype=np.int64)
    rows = cluster >= 0
    numbered[rows] = pd.factorize(cluster[rows])[0]
    return numbered


def pairs_within(cluster: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """All pairs of rows of one group, first < second, ascending."""
    rows = np.flatnonzero(cluster >= 0)
    order = rows[np.argsort(cluster[rows], kind="stable")]
    key = cluster[order]
    found = []
    for lag in range(1, MAX_CLUSTER):
        same = key[lag:] == key[:-lag] if lag < len(key) else np.zeros(0, dtype=bool)
        if not same.any():
            break
        found.append(np.column_stack([order[:-lag][same], order[lag:][same]]))
    pairs = np.concatenate(found) if found else np.zeros((0, 2), dtype=np.int64)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return pairs[:, 0], pairs[:, 1]
