"""Exact bounds of a share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Counts = npt.NDArray[np.int64] | int


def lower_bound(hits: Counts, rows: Counts, alpha: float) -> npt.NDArray[np.float64]:
    """One-sided lower limit of a share, 0 where `hits` is 0: the share is below it with probability `alpha` at most.

    Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404.
    """
    from scipy.special import betaincinv

    hits, rows = np.asarray(hits), np.asarray(rows)
    inside = betaincinv(np.maximum(hits, 1), rows - np.maximum(hits, 1) + 1.0, alpha)
    return np.asarray(np.where(hits == 0, 0.0, inside), dtype=np.float64)


def chance_of(hits: int, rows: int, share: float) -> float:
    """Probability of `hits` or more of `rows`, each with probability `share`."""
    from scipy.special import bdtrc

    return 1.0 if hits <= 0 else float(bdtrc(hits - 1, rows, share))
