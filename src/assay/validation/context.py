"""What the always-on checks look at: the dataset, the limits, and one shared pass over the columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import Action, RowFlags

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from assay.config import ValidationConfig
    from assay.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Context:
    """Input of every check; what several checks need is computed once, on first use."""

    dataset: Dataset
    config: ValidationConfig

    @cached_property
    def feature_keys(self) -> npt.NDArray[np.int64]:
        """(N,) codes, equal for two rows exactly where all their features are equal (missing equals missing)."""
        return _row_keys(self.dataset.frame, self.dataset.roles.features)

    @cached_property
    def row_keys(self) -> npt.NDArray[np.int64]:
        """(N,) codes, equal for two rows exactly where all their columns but the id are equal."""
        roles = self.dataset.roles
        apart = {*roles.features, roles.id}
        others = [name for name in self.dataset.frame.columns if name not in apart]
        return _row_keys(self.dataset.frame, others, self.feature_keys)

    @cached_property
    def missing(self) -> dict[str, int]:
        """Number of missing values of each feature."""
        frame = self.dataset.frame
        return {name: int(frame[name].isna().sum()) for name in self.dataset.roles.features}

    @cached_property
    def distinct(self) -> dict[str, int]:
        """Number of distinct values of each feature, without "missing"."""
        frame = self.dataset.frame
        return {name: int(frame[name].nunique()) for name in self.dataset.roles.features}


def _row_keys(
    frame: pd.DataFrame, columns: Iterable[str], start: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.int64]:
    """Codes of combinations of values, exact (no hashing), in N memory for any number of columns."""
    keys = np.zeros(len(frame), dtype=np.int64) if start is None else start
    size = int(keys.max(initial=0)) + 1
    for name in columns:
        codes, values = pd.factorize(frame[name])
        # Both factors are at most N + 1 here, so that the product fits 64 bits for any N that fits in memory.
        keys = keys * (len(values) + 1) + (codes + 1)
        size *= len(values) + 1
        if size > len(frame):
            keys, combinations = pd.factorize(keys)
            size = len(combinations)
    return keys


def flags(mask: npt.NDArray[np.bool_], reason: str | Sequence[str], action: Action) -> RowFlags:
    """Flag the rows where `mask`, (N,) bool, is true."""
    return RowFlags(np.flatnonzero(mask).astype(np.int64), reason, action)
