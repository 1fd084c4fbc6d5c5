"""Pairs into groups: what belongs together stays together, and chains are cut."""

from __future__ import annotations

import numpy as np

from assay.records.clusters import MAX_CLUSTER, cluster_pairs, pairs_within


def clusters(pairs, rows, likely=()):
    """Groups from named pairs, where a pair has probability .95 if it is named or likely, else 0."""
    sure = {*pairs, *likely}

    def probability(first, second):
        return np.asarray(
            [0.95 if (a, b) in sure else 0.0 for a, b in zip(first.tolist(), second.tolist(), strict=True)]
        )

    first, second = (np.asarray(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    return cluster_pairs(first, second, rows, probability)


def test_no_pairs_no_groups():
    empty = np.zeros(0, dtype=np.int64)
    cluster, too_large = cluster_pairs(empty, empty, 4, lambda a, b: np.zeros(len(a)))
    assert cluster.tolist() == [-1] * 4
    assert too_large == 0


def test_two_and_three_of_a_kind():
    cluster, _ = clusters([(0, 3), (1, 4), (4, 5), (1, 5)], 7)
    assert cluster[0] == cluster[3] != cluster[1] == cluster[4] == cluster[5]
    assert cluster[[2, 6]].tolist() == [-1, -1]
    assert list(zip(*(side.tolist() for side in pairs_within(cluster)), strict=True)) == [
        (0, 3), (1, 4), (1, 5), (4, 5),
    ]  # fmt: skip


def test_a_chain_is_cut_where_its_ends_are_unlike():
    triangles = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]
    cluster, _ = clusters([*triangles, (2, 3)], 6)
    assert cluster[0] == cluster[1] == cluster[2]
    assert cluster[3] == cluster[4] == cluster[5]
    assert cluster[0] != cluster[3]


def test_a_net_of_many_is_no_record():
    n = MAX_CLUSTER + 1
    cluster, too_large = clusters([(k, k + 1) for k in range(n - 1)], n)
    assert (cluster == -1).all()
    assert too_large == n
