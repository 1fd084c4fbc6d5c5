"""What the always-on checks look at: the dataset, the limits, and one shared pass over the columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import Action, RowFlags
from assay.validation.repeats import Copies, find_copies, identifies_rows, row_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.config import ValidationConfig
    from assay.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Context:
    """Input of every check; what several checks need is computed once, on first use."""

    dataset: Dataset
    config: ValidationConfig

    @cached_property
    def coded(self) -> pd.DataFrame:
        """The frame as int32 codes of its values, -1 where missing: enough to compare rows, and faster than texts."""
        frame = self.dataset.frame
        return pd.DataFrame({name: pd.factorize(frame[name])[0].astype(np.int32) for name in frame.columns})

    @cached_property
    def feature_keys(self) -> npt.NDArray[np.int64]:
        """(N,) codes, equal for two rows exactly where all their features are equal (missing equals missing)."""
        return row_keys(self.coded, self.dataset.roles.features)

    @cached_property
    def copies(self) -> Copies:
        """Rows equal to an earlier one in all columns but id, split and ignored ones, as far as that says anything.

        Columns that identify rows are left out, so that a row number nobody named does not hide a copy, unless the
        others are too coarse to tell rows apart.
        """
        frame, roles = self.coded, self.dataset.roles
        apart = {roles.id, roles.split, *roles.ignored}
        compared = [name for name in frame.columns if name not in apart]
        identifying = [name for name in self.identifying if name in compared]
        rest = [name for name in compared if name not in identifying]
        found = find_copies(frame, rest, tuple(identifying))
        nothing_left = not set(rest) & set(roles.features)
        return find_copies(frame, compared) if identifying and (nothing_left or found.coarse) else found

    @cached_property
    def feature_copies(self) -> Copies:
        """Rows equal to an earlier one in all features."""
        return find_copies(self.coded, self.dataset.roles.features)

    @cached_property
    def identifying(self) -> tuple[str, ...]:
        """Features that tell rows apart instead of describing them (DQ015)."""
        frame = self.dataset.frame
        return tuple(
            name
            for name in self.dataset.roles.features
            if identifies_rows(frame[name], self.distinct[name], len(frame) - self.missing[name])
        )

    @cached_property
    def missing(self) -> dict[str, int]:
        """Number of missing values of each feature."""
        return {name: int((self.coded[name] < 0).sum()) for name in self.dataset.roles.features}

    @cached_property
    def distinct(self) -> dict[str, int]:
        """Number of distinct values of each feature, without "missing"."""
        return {name: int(self.coded[name].max()) + 1 for name in self.dataset.roles.features}


def flags(mask: npt.NDArray[np.bool_], reason: str | Sequence[str], action: Action) -> RowFlags:
    """Flag the rows where `mask`, (N,) bool, is true."""
    return RowFlags(np.flatnonzero(mask).astype(np.int64), reason, action)
