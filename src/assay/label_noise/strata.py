"""Groups in which labels may go wrong differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from assay.dataset import Dataset


def find_strata(dataset: Dataset, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(J,) code of the intersection of all sensitive features, in 0..S-1, of the rows at `positions`."""
    strata = np.zeros(len(positions), dtype=np.int64)
    for feature in dataset.groups.columns:
        codes, _ = pd.factorize(dataset.groups[feature].to_numpy(dtype=object)[positions])
        # Numbered anew after each feature, so that many features cannot overflow.
        strata = np.unique(strata * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)[1]
    return strata
