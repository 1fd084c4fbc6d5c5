"""An arithmetic relation between columns, and what the rounding of written numbers does to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

# Written numbers have at most so many decimals; others are as exact as a double.
MAX_DECIMALS = 6
# Of a column that is written with so many decimals, this share of the values is.
WRITTEN_SHARE = 0.95
# Half a unit of the last decimal is met by some doubles and missed by others.
SLACK = 1 + 1e-6


@dataclass(frozen=True, slots=True)
class Relation:
    """`target` = `factor` * (sum or product of `parts`), within `tolerance`.

    Attributes
    ----------
    kind
        "sum" or "product"; a constant multiple is a product of one part.
    chance
        Share of the rows that would break it without the part that matters least, or with the target shuffled.
    """

    kind: str
    target: str
    parts: tuple[str, ...]
    tolerance: float = 0.0
    factor: float = 1.0
    broken: int = 0
    chance: float = 0.0

    @property
    def columns(self) -> frozenset[str]:
        """All columns that it names."""
        return frozenset((self.target, *self.parts))

    @property
    def is_copy(self) -> bool:
        """Whether the target equals another column."""
        return self.kind == "product" and len(self.parts) == 1 and self.factor == 1


def rounding_step(values: Numbers) -> float:
    """Unit of the last decimal that a column is written with, such as 0.01; 0 where it is not rounded."""
    present = values[~np.isnan(values)]
    for decimals in range(MAX_DECIMALS + 1):
        scaled = present * 10.0**decimals
        # A double of that size cannot tell its last decimals apart.
        if (np.abs(scaled - np.round(scaled)) <= np.maximum(1e-6, np.abs(scaled) * 1e-12)).mean() >= WRITTEN_SHARE:
            return float(10.0**-decimals)
    return 0.0


def rounding_error(step: float) -> float:
    """What rounding may have taken from a part: whole numbers are counts and exact."""
    return step / 2 if step < 1 else 0.0
