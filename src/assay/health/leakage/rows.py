"""The rows that are looked at for values that fix the label: labelled, and each a piece of evidence of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.dataset import NO_LABEL
from assay.health.copies import are_combinations

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.dataset import Dataset

    Rows = npt.NDArray[np.int64]

# More rows would show leaks of a smaller share of a class than is worth a verdict.
MAX_ROWS = 50_000
# Drawn before copies are taken out, which takes time by rows.
_MAX_DRAWN = 2 * MAX_ROWS


def independent_rows(dataset: Dataset, seed: int) -> Rows:
    """Positions, ascending, of labelled rows: one of each group, one of equal rows, at most `MAX_ROWS`.

    Sixty copies of a row, or sixty rows of one person, say no more about a value than one. Where the columns are so
    coarse that a kind of row is there ten times on average, and none tells the kinds apart, equal rows stay.
    """
    rng = np.random.default_rng((seed, 22))
    rows = rng.permutation(np.flatnonzero(dataset.labels.codes != NO_LABEL))
    if dataset.roles.group is not None:
        of_group = dataset.frame[dataset.roles.group].iloc[rows]
        # Rows without a group are groups of their own.
        rows = rows[(~of_group.duplicated() | of_group.isna()).to_numpy()]
    rows = rows[:_MAX_DRAWN]
    if len(rows):
        coded = [pd.factorize(dataset.frame[name].iloc[rows])[0] for name in dataset.roles.features]
        kinds = pd.DataFrame(np.column_stack([*coded, dataset.labels.codes[rows]]))
        keys = pd.util.hash_pandas_object(kinds, index=False).to_numpy()
        _, first = np.unique(keys, return_index=True)
        telling = max(int(codes.max()) + 1 for codes in coded)
        if not are_combinations(len(rows), len(first), telling):
            rows = rows[first]
    return np.sort(rng.permutation(rows)[:MAX_ROWS])
