"""The columns of a table as plain models read them: raw for trees, standardised and one-hot for linear models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.learning.columns import as_codes, as_numbers, is_numeric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd
    from scipy.sparse import csr_array

    Numbers = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]

# The trees take at most 255 categories, with "rare" and "missing" among them.
MAX_CATEGORIES = 253
# As in the network's encoding: a table of many text columns gets fewer categories a column.
MAX_INPUTS = 4096
# Beyond these quantiles a number counts as the quantile in the linear model.
TAIL = 0.01
# Infinities are finite from here on, such that the midpoint of two numbers is a number too.
LARGEST = 1e300


@dataclass(frozen=True, slots=True, eq=False)
class PlainFeatures:
    """N rows of a table; a column without two distinct values is left out.

    Attributes
    ----------
    numbers
        (N, A) float64 in [-LARGEST, LARGEST]; NaN where missing.
    scaled
        (N, S) float32: the numbers for a linear model, of mean 0 and variance 1 over their column, 0 where missing;
        after them 0/1 inputs that say "missing", for the columns that need one.
    codes
        (N, C) int64: the category of each categorical column, in 0..sizes[c]-1.
    sizes
        (C,) int64.
    number_names, scaled_names, code_names
        The column behind each column of `numbers`, `scaled` and `codes`.
    """

    numbers: Numbers
    scaled: npt.NDArray[np.float32]
    codes: Codes
    sizes: Codes
    number_names: tuple[str, ...]
    scaled_names: tuple[str, ...]
    code_names: tuple[str, ...]

    def __len__(self) -> int:
        """Return N."""
        return len(self.numbers)

    @property
    def is_category(self) -> npt.NDArray[np.bool_]:
        """(A + C,): which columns of `for_trees` hold category codes."""
        return np.repeat([False, True], [self.numbers.shape[1], len(self.sizes)])

    @property
    def width(self) -> int:
        """Number of inputs of a linear model."""
        return int(self.scaled.shape[1] + self.sizes.sum())

    def edited(self, rows: Codes, donors: Mapping[str, Codes]) -> PlainFeatures:
        """Return `rows`, of which the columns of `donors` have the values of other rows: (n,) positions each."""

        def altered(values: npt.NDArray[Any], names: tuple[str, ...]) -> npt.NDArray[Any]:
            taken = values[rows]
            for at, name in enumerate(names):
                if name in donors:
                    taken[:, at] = values[donors[name], at]
            return taken

        return replace(
            self,
            numbers=altered(self.numbers, self.number_names),
            scaled=altered(self.scaled, self.scaled_names),
            codes=altered(self.codes, self.code_names),
        )

    def for_trees(self, rows: Codes) -> Numbers:
        """Numbers and category codes of the rows: (n, A + C), NaN where a number is missing."""
        return np.hstack([self.numbers[rows], self.codes[rows]])

    def for_linear(self, rows: Codes) -> csr_array | npt.NDArray[np.float32]:
        """Inputs of a linear model for the rows, (n, width) float32: scaled numbers, then one-hot categories.

        Sparse where there are categories: 20 columns of 255 categories each would take 20 kB a row otherwise.
        """
        if not len(self.sizes):
            return self.scaled[rows]
        from scipy.sparse import csr_array

        n, s, c = len(rows), self.scaled.shape[1], len(self.sizes)
        first = s + np.cumsum(self.sizes) - self.sizes
        index = np.hstack([np.broadcast_to(np.arange(s), (n, s)), self.codes[rows] + first]).astype(np.int32)
        values = np.hstack([self.scaled[rows], np.ones((n, c), dtype=np.float32)])
        starts = np.arange(n + 1, dtype=np.int32) * (s + c)
        return csr_array((values.ravel(), index.ravel(), starts), shape=(n, self.width))


def read_plain_features(frame: pd.DataFrame, columns: Sequence[str]) -> PlainFeatures:
    """Read the named columns of a frame.

    Scales and categories come from all N rows and from no label, as in `encode_table`.

    Parameters
    ----------
    frame
        N rows. Numbers, booleans and times are numeric; everything else is a category by its text.
    columns
        The features.
    """
    numbers: dict[str, Numbers] = {}
    scaled: dict[str, npt.NDArray[np.float32]] = {}
    gaps: dict[str, npt.NDArray[np.float32]] = {}
    codes: dict[str, Codes] = {}
    for name in columns:
        if is_numeric(frame[name]):
            x = np.clip(as_numbers(frame[name]), -LARGEST, LARGEST)
            missing, standard = np.isnan(x), _standardise(x)
            has_gaps = missing.any() and not missing.all()
            if standard is not None:
                scaled[name] = standard
            if has_gaps:
                gaps[name] = missing.astype(np.float32)
            if standard is not None or has_gaps:
                numbers[name] = x
        elif (found := as_codes(frame[name], min(MAX_CATEGORIES, max(2, MAX_INPUTS // len(columns))))) is not None:
            codes[name] = found
    n, inputs = len(frame), [*scaled.values(), *gaps.values()]
    return PlainFeatures(
        numbers=np.stack(list(numbers.values()), axis=1) if numbers else np.empty((n, 0)),
        scaled=np.stack(inputs, axis=1) if inputs else np.empty((n, 0), dtype=np.float32),
        codes=np.stack(list(codes.values()), axis=1) if codes else np.empty((n, 0), dtype=np.int64),
        sizes=np.array([c.max() + 1 for c in codes.values()], dtype=np.int64),
        number_names=tuple(numbers),
        scaled_names=(*scaled, *gaps),
        code_names=tuple(codes),
    )


def _standardise(x: Numbers) -> npt.NDArray[np.float32] | None:
    """Scale to mean 0 and variance 1 after cutting the tails off; None where no two known values differ."""
    known = x[~np.isnan(x)]
    if not len(known) or known.min() == known.max():
        return None
    low, high = np.quantile(known, [TAIL, 1 - TAIL], method="nearest")
    if low == high:
        # Nearly all values are the same: what is left to say is on which side of it the others lie.
        x, low, high = np.sign(x - low), -1.0, 1.0
    share = (np.clip(x, low, high) - low) / (high - low)
    standard: Numbers = (share - np.nanmean(share)) / np.nanstd(share)
    return np.nan_to_num(standard).astype(np.float32)
