"""Probabilities and evidence: a detector that is sure to p adds logit(p) - logit(PRIOR) to a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

# Of the cells of a table that nobody has looked at, those that are wrong. Tables that were counted have 1 to 20%; the
# low end keeps clean tables quiet.
PRIOR = 0.01
# A cell is suspicious where it is likelier wrong than right: the local false discovery rate is below a half, and the
# expected F1 of the cells above it is near its greatest (Lipton et al. 2014, doi:10.1007/978-3-662-44851-9_15).
SUSPICIOUS = 0.5
# No single observation is surer than this.
SUREST = 0.999


def logit(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Log-odds in nats of probabilities in [0, 1], those beyond `SUREST` drawn in."""
    inside = np.clip(np.asarray(p, dtype=np.float64), 1 - SUREST, SUREST)
    return np.log(inside / (1 - inside))


def evidence_of(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Evidence that turns `PRIOR` into each probability p."""
    return logit(p) - logit(PRIOR)


def probability(evidence: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Turn the sum of all evidence on a cell into the probability that it is wrong."""
    return 1 / (1 + np.exp(-(np.asarray(evidence, dtype=np.float64) + logit(PRIOR))))
