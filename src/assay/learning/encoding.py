"""Turning the columns of a table into the inputs of a network.

A number becomes a piecewise-linear encoding (Gorishniy, Rubachev and Babenko 2022, arXiv:2203.05556): between two
neighbouring bin edges one input rises from 0 to 1. It is indifferent to the scale and to outliers of a column, so
that nothing else has to be scaled. A category becomes a one-hot vector. Both get an input that says "missing".

NOTE[DIFF] The paper takes quantiles of x as edges. They collapse on zero-inflated columns, so the edges here are the
unique union of the quantiles of x and the quantiles of its distinct values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from assay.learning.columns import as_codes, as_numbers, is_numeric
from assay.learning.memory import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

# 16 + 16 edges: on Adult, 32 bins reach AUC .920 where standardised inputs reach .911; 64 bring nothing more.
MAX_BINS = 32
MAX_CATEGORIES = 255
# Wide tables get fewer inputs a column: 2,000 columns at 32 bins took minutes an epoch on two cores.
MAX_INPUTS = 4096
MIN_INPUTS_PER_COLUMN = 2
# An encoded table up to this size is kept whole; a larger one is encoded batch by batch.
CACHE_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class EncodedTable:
    """N rows of a table on a device, encoded on demand.

    Attributes
    ----------
    numbers
        (N, A) float32: each number as its place among its column's bin edges, 0 at the first and E - 1 at the last of
        E edges; NaN where missing.
    unit_column, unit_bin
        (U,) int64 and float32: each of the U piecewise-linear inputs is `clamp(numbers[:, column] - bin, 0, 1)`.
    gaps
        (G,) int64: the numeric columns that get an input for missing values.
    codes
        (N, C) int64: for each categorical column the index of its one-hot input among all W inputs.
    number_names, code_names
        The column behind each of the A numbers and C codes.
    width
        W: number of inputs.
    cache
        (N, W) float32, or None where the table is too large to be kept encoded, or the device has no room for it.
    """

    numbers: torch.Tensor
    unit_column: torch.Tensor
    unit_bin: torch.Tensor
    gaps: torch.Tensor
    codes: torch.Tensor
    number_names: tuple[str, ...]
    code_names: tuple[str, ...]
    width: int
    cache: torch.Tensor | None

    def __len__(self) -> int:
        """Return N."""
        return len(self.numbers)

    def rows(self, index: torch.Tensor) -> torch.Tensor:
        """Encode the rows of `index`.

        **Shape**: index (..., ) int64 -> (..., W) float32
        """
        flat = index.reshape(-1)
        encoded = self.cache.index_select(0, flat) if self.cache is not None else self._encode(flat)
        return encoded.view(*index.shape, self.width)

    def edited(self, rows: npt.NDArray[np.int64], donors: Mapping[str, npt.NDArray[np.int64]]) -> EncodedTable:
        """Return `rows`, of which the columns of `donors` have the values of other rows: (n,) positions each."""

        def altered(values: torch.Tensor, names: tuple[str, ...]) -> torch.Tensor:
            taken = values.index_select(0, torch.from_numpy(rows).to(values.device))
            for at, name in enumerate(names):
                if name in donors:
                    taken[:, at] = values[torch.from_numpy(donors[name]).to(values.device), at]
            return taken

        numbers, codes = altered(self.numbers, self.number_names), altered(self.codes, self.code_names)
        return replace(self, numbers=numbers, codes=codes, cache=None)

    def _encode(self, index: torch.Tensor) -> torch.Tensor:
        values = self.numbers.index_select(0, index)
        units = len(self.unit_column)
        out = torch.zeros(len(index), self.width, device=values.device)
        # A place below the first edge gives 0 in every bin, as a missing value must.
        known = values.nan_to_num(-1.0).index_select(1, self.unit_column)
        out[:, :units] = known.sub_(self.unit_bin).clamp_(0.0, 1.0)
        out[:, units : units + len(self.gaps)] = values.index_select(1, self.gaps).isnan()
        return out.scatter_(1, self.codes.index_select(0, index), 1.0)


def encode_table(frame: pd.DataFrame, columns: Sequence[str], device: torch.device) -> EncodedTable:
    """Encode the named columns of a frame.

    The bins and categories come from all N rows. They use no label, so no prediction learns of its own row's label
    through them; that a held-out row took part in choosing quantiles is the only trace that it leaves.

    Parameters
    ----------
    frame
        N rows. Numbers, booleans and times are numeric; everything else is a category by its text.
    columns
        The features; one without two distinct values gets no input.
    device
        Where the table is put, once.
    """
    most = max(MIN_INPUTS_PER_COLUMN, MAX_INPUTS // max(1, len(columns)))
    number_names = tuple(c for c in columns if is_numeric(frame[c]))
    numbers = [as_numbers(frame[c]) for c in number_names]
    edges = [_edges(x, min(MAX_BINS, most)) for x in numbers]
    gaps = [i for i, x in enumerate(numbers) if np.isnan(x).any() and len(edges[i])]
    width = sum(max(0, len(e) - 1) for e in edges) + len(gaps)
    codes: dict[str, npt.NDArray[np.int64]] = {}
    for column in columns:
        if not is_numeric(frame[column]):
            found = as_codes(frame[column], min(MAX_CATEGORIES, most))
            if found is not None:
                codes[column] = found + width
                width += int(found.max()) + 1
    values = [_places(x, e) for x, e in zip(numbers, edges, strict=True)]
    units = [(i, k) for i, e in enumerate(edges) for k in range(len(e) - 1)]
    table = EncodedTable(
        numbers=torch.from_numpy(_stack(values, len(frame), np.float32)).to(device),
        unit_column=torch.tensor([i for i, _ in units], dtype=torch.int64, device=device),
        unit_bin=torch.tensor([k for _, k in units], dtype=torch.float32, device=device),
        gaps=torch.tensor(gaps, dtype=torch.int64, device=device),
        codes=torch.from_numpy(_stack(list(codes.values()), len(frame), np.int64)).to(device),
        number_names=number_names,
        code_names=tuple(codes),
        width=width,
        cache=None,
    )
    if len(frame) * width * 4 > CACHE_BYTES:
        return table
    try:
        return replace(table, cache=table.rows(torch.arange(len(frame), device=device)))
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return table


def _stack(columns: Sequence[npt.NDArray[Any]], n: int, dtype: type[np.generic]) -> npt.NDArray[Any]:
    return np.stack(columns, axis=1) if columns else np.empty((n, 0), dtype=dtype)


def _edges(x: npt.NDArray[np.float64], bins: int) -> npt.NDArray[np.float64]:
    """Bin edges of a column: (E,) strictly ascending and finite, empty where it has no two distinct values."""
    known = x[np.isfinite(x)]
    distinct = np.unique(known)
    if len(distinct) > bins + 1:
        at = np.linspace(0, 1, bins // 2 + 1)
        both = [np.quantile(known, at, method="nearest"), np.quantile(distinct, at, method="nearest")]
        distinct = np.unique(np.concatenate(both))
    return distinct if len(distinct) > 1 else np.empty(0)


def _places(x: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Place of each number among the edges, linear between two of them; beyond them the first or the last place.

    Independent of the column's scale, so that neither a time in seconds since 1970 nor a lone 1e300 costs the other
    values their digits.
    """
    if not len(edges):
        return np.full(len(x), np.nan, dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # the distance of two edges may exceed the largest number
        return np.interp(x, edges, np.arange(len(edges))).astype(np.float32)
