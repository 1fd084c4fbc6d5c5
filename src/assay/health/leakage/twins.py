"""How many equal rows chance alone would make, also where the columns depend on each other."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]
    Keys = npt.NDArray[np.uint64]

# So many rows tell how alike rows are.
_SAMPLE, _ASKED = 30_000, 5_000
# Columns are taken together until there are so few.
_PARTS = 8


def expect_twins(frame: pd.DataFrame, columns: Sequence[str], rows: Codes, others: Codes, seed: int) -> float:
    """Pairs of one of `rows` and one of `others` that chance would make equal in all `columns`.

    Independence of the columns would make far too few where they depend on each other, as the answers of a survey do.
    So what is nearly equal is counted. The pairs that differ in part k of the columns only, against those that differ
    in k and j, give the odds that rows agree in j where they agree in the rest; times the pairs that differ in j
    only, these give the pairs that differ in nothing. Copies differ in nothing, and bring no pair that nearly does.
    Equal ones among the others count once. The largest estimate over the parts j is taken; of one column alone
    nothing is known, and the answer is infinite.

    Parameters
    ----------
    frame
        All rows.
    columns
        Those in which rows are compared, at least one.
    rows, others
        Positions; of both samples are drawn, and what is found is scaled up.
    seed
        Of the samples, and of the numbers that stand for values.
    """
    rng = np.random.default_rng((seed, 26))
    asked, sample = rng.permutation(rows)[:_ASKED], rng.permutation(others)[:_SAMPLE]
    parts = _keys(frame[list(columns)].iloc[np.concatenate([asked, sample])], rng)
    whole = parts.sum(axis=0)
    _, first = np.unique(whole[len(asked) :], return_index=True)
    if len(parts) < 2:
        return float("inf")
    kept = np.concatenate([np.arange(len(asked)), first + len(asked)])
    parts, whole = parts[:, kept], whole[kept]

    def pairs(keys: Keys) -> float:
        codes = pd.factorize(keys)[0]
        size = int(codes.max(initial=0)) + 1
        mine, theirs = (np.bincount(side, minlength=size) for side in (codes[: len(asked)], codes[len(asked) :]))
        return float(mine.astype(np.float64) @ theirs)

    same = pairs(whole)
    one = np.array([pairs(whole - part) - same for part in parts])
    two = np.zeros((len(parts), len(parts)))
    for j, k in combinations(range(len(parts)), 2):
        two[j, k] = two[k, j] = pairs(whole - parts[j] - parts[k]) - same - one[j] - one[k]
    odds = (one.sum() - one) / np.maximum(1.0, two.sum(axis=1))
    return float((one * odds).max()) * len(rows) / len(asked) * len(others) / len(sample)


def _keys(table: pd.DataFrame, rng: np.random.Generator) -> Keys:
    """(P, n) random numbers that stand for the values of each row in each part of the columns.

    Their sum, modulo 2**64, stands for all of them, and less those of some parts for the rest.
    """
    every = [pd.factorize(table[name])[0] for name in table.columns]
    # In what is the same in all rows, none can differ.
    coded = [codes for codes in every if codes.min(initial=0) < codes.max(initial=-1)] or every[:1]
    coded.sort(key=lambda codes: -int(codes.max(initial=0)))
    parts = np.zeros((min(_PARTS, len(coded)), len(table)), dtype=np.uint64)
    for place, codes in enumerate(coded):
        values = rng.integers(0, 2**64, size=int(codes.max(initial=0)) + 2, dtype=np.uint64)
        parts[place % len(parts)] += values[codes]
    return parts
