"""What a detector says: these cells, for this reason, with this much evidence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


class Kind(StrEnum):
    """What may be wrong with a cell; the kinds of `CellResult.cells`."""

    CONTRADICTION = "contradiction"
    MISSPELT = "misspelt"
    FORM = "form"
    RANGE = "range"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Cells of one column that one detector has something to say about.

    Attributes
    ----------
    detector
        Its name; with `column` and `pattern` it names what a judged row can teach about.
    column
        Place of the column.
    positions
        (H,) int64, ascending and unique.
    evidence
        (H,) float64, in nats: the logarithm of how much likelier what was seen is of a wrong cell than of a right
        one. Negative where it speaks for the cell.
    kind, reason
        What may be wrong, and why, in words and without values.
    suggested
        H repairs as texts (None where the data do not say), or None where they never do.
    pattern
        Cells of one column and detector that differ in kind, such as two ways of writing a unit: "" or a name.
    """

    detector: str
    column: int
    positions: npt.NDArray[np.int64]
    evidence: npt.NDArray[np.float64]
    kind: Kind
    reason: str
    suggested: Sequence[str | None] | None = None
    pattern: str = ""


def log_ratio(if_wrong: float, if_right: float) -> float:
    """Evidence of an observation with these two probabilities, in nats."""
    return float(np.log(if_wrong / if_right))
