"""Positive numbers in order, as those look that compare two groups of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]

# The finest and coarsest steps in which numbers are written.
FINEST, COARSEST = -6, 6
# Of the rows, those that may be written more finely; and what the last bits of a float may differ by, of itself.
MAX_OFF_GRID, LAST_BITS = 0.001, 1e-12


@dataclass(frozen=True, eq=False)
class Numbers:
    """Positive numbers in ascending order, (D,), with the rows of each."""

    sizes: Floats
    counts: Counts

    def part(self, which: slice) -> Numbers:
        """Those of a range of places."""
        return Numbers(self.sizes[which], self.counts[which])

    @cached_property
    def logs(self) -> Floats:
        """(D,) natural logarithms."""
        return np.log(self.sizes)

    @cached_property
    def total(self) -> Counts:
        """(D + 1,) rows of the first 0, 1, ... D of them."""
        return np.append(0, np.cumsum(self.counts))

    @property
    def rows(self) -> int:
        """Rows in all."""
        return int(self.total[-1])

    def below(self, logs: Floats) -> Counts:
        """Rows with smaller logarithms than each of some."""
        return np.asarray(self.total[np.searchsorted(self.logs, logs)], dtype=np.int64)

    def quantiles(self, shares: list[float]) -> Floats:
        """Quantiles of the rows."""
        found = np.searchsorted(self.total[1:], np.array(shares) * self.rows)
        return np.asarray(self.sizes[found.clip(0, len(self.sizes) - 1)], dtype=np.float64)

    @cached_property
    def spread(self) -> float:
        """Standard deviation of the logarithms, by quantiles; the wider ones where one value fills the middle."""
        q05, q25, q75, q95 = np.log(self.quantiles([0.05, 0.25, 0.75, 0.95]))
        return float((q75 - q25) / 1.349 if q75 > q25 else (q95 - q05) / 3.29)

    @cached_property
    def step(self) -> float:
        """The power of ten of which nearly all rows hold multiples; 0 where there is none."""
        steps = (10.0**power for power in range(COARSEST, FINEST - 1, -1))
        return next((step for step in steps if self.off_grid(step) <= MAX_OFF_GRID * self.rows), 0.0)

    def off_grid(self, step: float) -> int:
        """Rows that hold no multiple of a step, but for the last bits."""
        steps = self.sizes / step
        return int(self.counts[np.abs(steps - np.round(steps)) > LAST_BITS * steps].sum())
