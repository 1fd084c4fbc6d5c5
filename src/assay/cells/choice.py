"""Which rows a person should judge, so that most is learned from few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.cells.suspicion import find_suspects
from assay.cells.table import read_table

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

ROWS = 20
# No detector is surer than this of a kind of cells that nobody has judged.
SURE = 0.9


def choose_rows(frame: pd.DataFrame, rows: int = ROWS, *, seed: int = 0) -> npt.NDArray[np.int64]:
    """Choose rows to be judged by a person.

    Cells that one detector pointed at for one reason, in one column, are of one kind. A row is worth what is undecided
    about the kinds of cells in it, log(1 + sum of p (1 - p) over all cells of the kind); a kind that a chosen row
    shows already counts half, and a quarter after two. Rows are taken greedily, ties at random.

    Parameters
    ----------
    frame
        n rows of any types.
    rows
        How many to choose; all where there are fewer.
    seed
        For the ties.

    Returns
    -------
    (min(rows, n),) int64 positions, ascending.
    """
    rng = np.random.default_rng(seed)
    kinds = []
    for suspects in find_suspects(read_table(frame)).suspects:
        p = np.clip(suspects.probability, 1 - SURE, SURE)
        doubt = p * (1 - p)
        for source in range(len(suspects.hits)):
            mine = suspects.source == source
            if mine.any():
                kinds.append((suspects.positions[mine], float(np.log1p(doubt[mine].sum()))))
    worth, tie = np.zeros(len(frame)), rng.random(len(frame)) * 1e-9
    for positions, weight in kinds:
        worth[positions] += weight
    chosen: list[int] = []
    weights = [weight for _, weight in kinds]
    for _ in range(min(rows, len(frame))):
        worth[chosen] = -np.inf
        row = int(np.argmax(worth + tie))
        chosen.append(row)
        for number, (positions, _) in enumerate(kinds):
            at = np.searchsorted(positions, row)
            if at < len(positions) and positions[at] == row:
                weights[number] /= 2
                worth[positions] -= weights[number]
    return np.sort(np.array(chosen, dtype=np.int64))
