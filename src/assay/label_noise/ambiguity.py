"""How many labels are wrong: the curve of contradictions against confidence, split into noise and ambiguity.

Contradictions by wrong labels are as frequent at every confidence; those by ambiguity fade out where the models are
confident, along a curve that follows from how well the features tell the classes apart. Both are fitted together: a
constant share, and the curve of a calibrated model whose logits are normal, for all but a part of the rows that is
not ambiguous at all. Wrong labels make a model look less able than it is; fitted together, they do not pass for
ambiguity, as they do where the ability is read off the AUC first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

BINS = 20
_SHARES = np.concatenate([[0.0, 5e-4, 1e-3, 2e-3, 3e-3], np.arange(0.005, 0.6, 0.005)])
# Standard deviations of the logits, from next to no signal to no ambiguity, and the share of unambiguous rows.
_DEVIATIONS = np.geomspace(0.2, 12, 50)
_UNAMBIGUOUS = np.arange(0, 0.9, 0.1)
_DRAWN = 20_000
# Real models are not quite of the family. The bins scatter more than chance by this factor at least, and the limits
# are those of a 99% profile likelihood. Both were chosen on tables with planted noise; how often the interval holds
# the truth there stands in benchmarks/label_noise.
MIN_DISPERSION = 1.5
DROP = 3.32  # half the 99% point of chi-square with one degree of freedom


@dataclass(frozen=True, slots=True)
class NoiseShare:
    """Share of wrong labels: the likeliest value and its limits, in [0, 1].

    `evidence` is by how much the log likelihood falls where no label is wrong, per unit of dispersion.
    """

    value: float
    low: float
    high: float
    evidence: float


def fit_contradictions(
    rank: Floats, contradicted: npt.NDArray[np.bool_], classes: int, *, drop: float = DROP
) -> NoiseShare:
    """Split contradictions into wrong labels and ambiguity, by maximum likelihood.

    Parameters
    ----------
    rank
        (J,) rank by confidence in (0, 1), 0 the most confident (`rank_confidence`).
    contradicted
        (J,) whether the label is not the predicted class.
    classes
        K >= 2: a wrong label of an ambiguous row may be the predicted class by chance, the more likely the fewer.
    drop
        By how much the log likelihood may fall short of its maximum within the limits.
    """
    bins = np.minimum((rank * BINS).astype(np.int64), BINS - 1)
    rows = np.bincount(bins, minlength=BINS)
    counts = np.bincount(bins[contradicted], minlength=BINS)
    curves = _ambiguity_curves()
    profile = np.array([_log_likelihood(share, curves, rows, counts, classes).max() for share in _SHARES])
    best = float(profile.max())
    observed = np.clip(counts / np.maximum(rows, 1), 1e-9, 1 - 1e-9)
    perfect = float((counts * np.log(observed) + (rows - counts) * np.log1p(-observed)).sum())
    # Two parameters of the curve and the share are fitted.
    dispersion = max(MIN_DISPERSION, 2 * (perfect - best) / (BINS - 3))
    within = np.flatnonzero(profile >= best - drop * dispersion)
    # The limits lie between the last share within and the first without.
    low, high = _SHARES[[max(within[0] - 1, 0), min(within[-1] + 1, len(_SHARES) - 1)]]
    evidence = (best - float(profile[0])) / dispersion
    return NoiseShare(float(_SHARES[profile.argmax()]), float(low), float(high), evidence)


def fit_cautiously(ranks: Sequence[Floats], contradicted: npt.NDArray[np.bool_], classes: int) -> NoiseShare:
    """The smallest of several fits: a group that is harder to tell must not pass for one with more wrong labels.

    Parameters
    ----------
    ranks
        Ranks by confidence: among all rows of a predicted class, and within each stratum of it. Ranked together, the
        harder stratum lies among the doubtful rows, and its wrong labels with it; ranked apart, its ambiguity is seen
        at every rank, as wrong labels are. Which is the case cannot be told.
    contradicted, classes
        As in `fit_contradictions`.
    """
    fits = [fit_contradictions(rank, contradicted, classes) for rank in ranks]
    return NoiseShare(
        value=min(f.value for f in fits),
        low=min(f.low for f in fits),
        high=max(f.high for f in fits),
        evidence=min(f.evidence for f in fits),
    )


def _log_likelihood(
    share: float, curves: Floats, rows: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], classes: int
) -> Floats:
    chance = share + max(0.0, 1 - share * classes / (classes - 1)) * curves
    chance = np.clip(chance, 1e-5, 1 - 1e-5)
    return np.asarray((counts * np.log(chance) + (rows - counts) * np.log1p(-chance)).sum(axis=1))


@lru_cache(maxsize=1)
def _ambiguity_curves() -> Floats:
    """(C, BINS) contradictions per row of each bin without a wrong label, for each member of the family."""
    from scipy.special import expit, ndtri

    standard = ndtri((np.arange(_DRAWN) + 0.5) / _DRAWN)
    curves = []
    for deviation in _DEVIATIONS:
        ambiguous = np.sort(np.minimum(expit(deviation * standard), expit(-deviation * standard)))
        for share in _UNAMBIGUOUS:
            n = round(_DRAWN * (1 - share))
            thinned = ambiguous[np.linspace(0, _DRAWN - 1, n).astype(np.int64)]
            curves.append(np.concatenate([np.zeros(_DRAWN - n), thinned]).reshape(BINS, -1).mean(axis=1))
    return np.array(curves)
