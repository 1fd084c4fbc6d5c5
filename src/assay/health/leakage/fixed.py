"""What rows have that fixes their class, as it was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# Kinds of what a row has.
MISSING, FILLED, UNUSUAL, VALUE, ABOVE, BELOW = "missing", "filled", "unusual", "value", "above", "below"
# Those of a column, not of a value of it.
PATTERNS = (MISSING, FILLED, UNUSUAL)


@dataclass(frozen=True, slots=True, eq=False)
class PureValue:
    """Something that rows have in a column, and the class that they then (nearly) all have.

    Attributes
    ----------
    columns
        The column, and others for which the same holds in exactly the same rows.
    kind
        `MISSING`, `FILLED`, `UNUSUAL` (another than the usual one of at least three values), `VALUE`, `ABOVE` or
        `BELOW` (a number).
    value
        The value, or the number that the rows lie above or below; None for the other kinds.
    code
        The class.
    rows, hits
        Rows that have it, and those of them in the class.
    of_class, base
        Rows of the class, and their share of all rows.
    purity_low, covered_low
        Lower limits of hits / rows and hits / of_class (Clopper and Pearson, corrected for all that was tried).
    sure
        Whether the limit shows that the value fixes the class; else there are too few rows to be sure, though chance
        does not explain them.
    fits
        Whether the exceptions are few enough. Those of `MISSING`, `FILLED` and `UNUSUAL` stay that are sure without.
    noise
        Share of suspects among the *other* rows: an exception is suspect because it is one, and says nothing of how
        many labels are wrong. So many of the rows, up to `MOST_NOISE`, may be exceptions.
    """

    columns: tuple[str, ...]
    kind: str
    value: Any
    code: int
    rows: int
    hits: int
    of_class: int
    base: float
    purity_low: float
    covered_low: float
    sure: bool
    fits: bool = True
    noise: float = 0.0

    @property
    def column(self) -> str:
        """The first of the columns."""
        return self.columns[0]


@dataclass(frozen=True, slots=True, eq=False)
class PureValues:
    """What was found in a table.

    Attributes
    ----------
    found
        Those that fix a class, those first that cover most of it.
    rows
        Rows that were looked at.
    tried
        Values, ranges and patterns of missingness that were looked at.
    least
        For each class that occurs the number of rows, all of the class, from which on a value is seen to fix it.
    counts
        (K,) rows of each class among those looked at.
    shares
        (K,) of each class among all labelled rows, of which equal ones may not have been looked at.
    """

    found: tuple[PureValue, ...]
    rows: int
    tried: int
    least: dict[int, int]
    counts: npt.NDArray[np.int64]
    shares: npt.NDArray[np.float64]
