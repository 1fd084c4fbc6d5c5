"""The frame as the searches see it: a sample of rows in random order, and which columns may take part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.validation.repeats import find_copies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.dataset import Roles

# Fewer rows show no relation between columns.
MIN_ROWS = 50
# Rows and cells on which candidates are searched; what survives is verified on all rows.
SAMPLE_ROWS = 20_000
SAMPLE_CELLS = 8_000_000
LARGEST = 1e75
# Columns that the searches look at, so that a table of thousands is searched in seconds: the cost of a search grows
# with the square of the first and of the third, and with the cube of the other two.
MAX_CODED = 150
MAX_COMBINED = 25
MAX_ORDERED = 60
MAX_SUMMED = 40


@dataclass(frozen=True, eq=False)
class Table:
    """A frame to search.

    Attributes
    ----------
    frame
        N rows, columns of plain kinds.
    roles
        Columns of it that play a part.
    """

    frame: pd.DataFrame
    roles: Roles

    @cached_property
    def sample(self) -> pd.DataFrame:
        """S rows in random order, under a RangeIndex; the same ones each time.

        Rows that were written several times count once, or whatever has a value of its own would seem to determine
        all else.
        """
        size = min(SAMPLE_ROWS, SAMPLE_CELLS // max(1, self.frame.shape[1]))
        order = np.random.default_rng(0).permutation(len(self.frame))[:size]
        sample = self.frame.iloc[order].reset_index(drop=True)
        compared = [name for name in sample.columns if name != self.roles.id and name not in self.roles.ignored]
        if len(compared) < 2 or not sample.duplicated(compared).any():
            return sample
        copies = find_copies(sample, compared)
        return sample if copies.coarse else sample.loc[~copies.later].reset_index(drop=True)

    @cached_property
    def codes(self) -> dict[str, npt.NDArray[np.int64]]:
        """(S,) codes of the sampled values of each column that may take part, -1 where missing.

        Left out are ignored columns, the weight, and columns without values or with a single one.
        """
        left_out = {*self.roles.ignored, self.roles.weight}
        coded = {
            name: np.asarray(pd.factorize(self.sample[name])[0], dtype=np.int64)
            for name in self.frame.columns
            if name not in left_out
        }
        return {name: codes for name, codes in coded.items() if (codes >= 0).sum() >= MIN_ROWS and codes.max() > 0}

    @cached_property
    def written(self) -> tuple[str, ...]:
        """Columns of names, codes, days or whole numbers: what is written the same way twice, and no measurement."""
        return tuple(name for name in self.codes if self._is_written(name))

    def _is_written(self, name: str) -> bool:
        values = self.sample[name]
        if values.dtype.kind != "f":
            return True
        numbers = values.dropna().to_numpy()
        return bool(np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all())

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Numeric columns, booleans and the label left out."""
        return tuple(name for name in self.codes if self.frame[name].dtype.kind in "iuf" and name != self.roles.label)

    @cached_property
    def days(self) -> tuple[str, ...]:
        """Columns of days and times."""
        return tuple(name for name in self.codes if self.frame[name].dtype.kind == "M")

    @cached_property
    def private(self) -> frozenset[str]:
        """Columns whose raw values do not belong into a suite."""
        roles = self.roles
        return frozenset(name for name in (*roles.sensitive, roles.id, roles.group) if name is not None)

    @property
    def unsearched(self) -> tuple[str, ...]:
        """What the searches did not look at, as sentences; empty for a table of moderate width."""
        limits = (
            ("Dependencies were searched", MAX_CODED, len(self.codes), "columns"),
            ("Orders were searched", MAX_ORDERED, max(len(self.numbers), len(self.days)), "columns of one kind"),
            ("Sums and products were searched", MAX_SUMMED, len(self.numbers), "numeric columns"),
        )
        return tuple(
            f"{what} among the first {limit} of {count:,} {kind} only."
            for what, limit, count, kind in limits
            if count > limit
        )

    def matrix(self, names: Sequence[str]) -> npt.NDArray[np.float64]:
        """(columns, S) sampled numbers, NaN where missing, infinite, or too large for a product of three."""
        values = self.sample[list(names)].to_numpy(dtype=np.float64).T
        return np.where(np.abs(values) < LARGEST, values, np.nan)
