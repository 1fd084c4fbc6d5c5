"""The bootstrap of a table of counts.

Drawing N rows with replacement is drawing the counts of the table's cells from a multinomial distribution: the same
bootstrap, exactly, in milliseconds however many rows there are. What is computed of a table is then computed of all
drawn tables at once.

It serves for what has no interval of its own and is not a maximum, such as the change that another training makes.
The largest of several differences is none of its figures: under parity every drawn table has differences above 0, so
that a bootstrap of their largest, as of `min / max`, never covers parity (`benchmarks/fairness`); these have the
intervals of `simultaneous`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.fairness.counts import Cells

    Counts = npt.NDArray[np.float64]

DRAWS = 10_000
# A table of very many cells (many classes) is drawn less often, for time; its intervals are rougher by a few percent.
LEAST_DRAWS = 1_000
# Any number will do; a fixed one gives the same interval for the same table.
SEED = 20_240_229
# Draws times cells held at once: 32 MB of counts.
DRAWN_AT_ONCE = 1 << 22


def draw_tables(cells: Cells) -> Iterator[Counts]:
    """Draw up to `DRAWS` tables of C cells, in portions (B, C); none where the weights add up to 0.

    With sample weights, tables of as many rows as are effective (Kish), drawn by the cells' share of the weight.
    """
    weight = float(cells.weight.sum())
    if weight <= 0:
        return
    generator = np.random.default_rng(SEED)
    rows = round(weight**2 / float(cells.weight_squared.sum()))
    portion = max(1, DRAWN_AT_ONCE // len(cells.rows))
    draws = min(DRAWS, max(LEAST_DRAWS, portion))
    for start in range(0, draws, portion):
        size = min(portion, draws - start)
        yield generator.multinomial(rows, cells.weight / weight, size=size).astype(np.float64)


def percentile_limits(draws: Counts, confidence: float) -> tuple[float, float]:
    """Percentile interval of (B,) drawn figures; NaN draws, of tables without a case, are left out.

    Parameters
    ----------
    confidence
        In (0, 1): 0.95 leaves out a share of 0.025 of the draws (not a percentage) on either side.

    Raises
    ------
    ValueError
        Where the confidence is not in (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}. Pass 0.95 for 95%.")
    known = draws[~np.isnan(draws)]
    if not len(known):
        return math.nan, math.nan
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, (tail, 1 - tail)).tolist()
    return low, high
