"""How many labels are wrong, from the rows about which the model is most confident.

A label contradicts the model where the model predicts another class. Contradictions have two causes: the label is
wrong, or the features do not tell the classes apart (ambiguity). Wrong labels are as frequent among the most
confident rows as elsewhere; ambiguity thins out there. This is the idea of anchor points (Patrini et al. 2017,
doi:10.1109/CVPR.2017.240; Menon et al. 2015, proceedings.mlr.press/v37/menon15), which assumes that no ambiguity is
left. Here it is not assumed away but bounded on both sides; see `estimate_share`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Interval
from assay.intervals import normal_quantile

if TYPE_CHECKING:
    import numpy.typing as npt

# Regions of confidence: the most confident tenth of the rows, and the two tenths next to it.
TOP = 0.1
NEXT = 0.3
# The upper limit is the smallest over these regions, each at a confidence that makes up for the choice.
REGIONS = (0.05, 0.1, 0.2, 0.5, 1.0)
# A stratum with fewer rows has no most confident tenth to speak of; it is joined with its like.
MIN_STRATUM = 20
# Where the confident rows fall into fewer kinds than this (a few coarse features), how contradictions thin out says
# nothing about ambiguity: each kind has its own, and there are too few of them to speak of a trend.
MIN_KINDS = 30
_NO_DOUBT = 1e-4
# Beyond this, the fall of ambiguity is so steep that a steeper one changes nothing but the noise of the estimate.
MAX_FALL = 10.0


@dataclass(frozen=True, slots=True)
class Share:
    """An estimated share of wrong labels.

    Attributes
    ----------
    n
        Rows that it is about.
    value
        In [0, 1], or None where there is no confident row to estimate it from.
    interval
        From what cannot be explained by ambiguity to what would be wrong if nothing were ambiguous.
    error
        Standard error of `value`, where there is one.
    supported
        Whether ambiguity alone could not explain the contradictions.
    """

    n: int
    value: float | None
    interval: Interval | None
    error: float | None
    supported: bool = True


def rank_confidence(
    predicted: npt.NDArray[np.int64], confidence: npt.NDArray[np.float64], strata: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Rank of each row by the model's confidence, 0 the most confident, within its predicted class and stratum.

    Within, because otherwise a class or a group with many wrong labels (about which a model trained on them is
    never confident) would be missing among the most confident rows, and its wrong labels with it.

    Parameters
    ----------
    predicted, confidence
        (J,) the most likely class and its probability.
    strata
        (J,) group of each row, in 0..S-1.

    Returns
    -------
    numpy.ndarray
        (J,) float in (0, 1): the share of the rows of the same class and stratum that are more confident. Rows of
        equal confidence, to the rounding of `count_kinds`, share their mean rank: no region splits them, and the
        order of the rows says nothing.
    """
    cells = predicted * (int(strata.max(initial=0)) + 1) + strata
    # Small cells are joined with the small cells of their class, and what is small still with all others.
    for joined in (-1 - predicted, np.full_like(predicted, np.iinfo(np.int64).min)):
        _, cell, size = np.unique(cells, return_inverse=True, return_counts=True)
        cells = np.where(size[cell] < MIN_STRATUM, joined, cells)
    _, cell, size = np.unique(cells, return_inverse=True, return_counts=True)
    kind = _kinds(confidence)
    order = np.lexsort((kind, cell))
    start = np.cumsum(size) - size
    ordered = (np.arange(len(cell)) - start[cell[order]] + 0.5) / size[cell[order]]
    begins = np.diff(cell[order], prepend=-1).astype(bool) | (np.diff(kind[order], prepend=-np.inf) > 0)
    block = np.cumsum(begins) - 1
    rank = np.empty(len(cell))
    rank[order] = (np.bincount(block, ordered) / np.bincount(block))[block]
    return rank


def _kinds(confidence: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(J,) log of the doubt, to rounding: equal for rows that are predicted alike, and the lower the more confident.

    Next to no doubt is not rounded, since there the rounding of the logarithm would be that of the probability.
    """
    doubt = 1 - confidence
    logs = np.log(np.maximum(doubt, np.finfo(np.float64).tiny))
    return np.where(doubt > _NO_DOUBT, logs.round(3), logs)


def count_kinds(confidence: npt.NDArray[np.float64], rank: npt.NDArray[np.float64], region: float = NEXT) -> float:
    """Effective number of different confidences (inverse Simpson index) among the rows ranked below `region`.

    Rows with equal features are predicted alike, to rounding. A row about which the model has next to no doubt is a
    kind of its own: the probabilities of such rows are equal only because they cannot exceed 1.
    """
    inside = confidence[rank < region]
    doubtful = inside[1 - inside > _NO_DOUBT]
    _, rows = np.unique(_kinds(doubtful), return_counts=True)
    squares = float(np.square(rows).sum()) + len(inside) - len(doubtful)
    return len(inside) ** 2 / squares if len(inside) else 0.0


def find_regions(confidence: npt.NDArray[np.float64], rank: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """The `REGIONS` with kinds enough to bear an upper limit, and always that of all rows.

    A region of a few kinds may be one whose labels happen to be right.
    """
    return tuple(r for r in REGIONS if r == REGIONS[-1] or count_kinds(confidence, rank, r) >= MIN_KINDS)


def compute_fall(auc: float, error_rate: float) -> float:
    """How many times rarer ambiguity makes contradictions in the most confident tenth than in the next two tenths.

    Of a model with normally distributed logits and labels drawn from its probabilities, the one with this AUC or
    the one with this error rate, whichever falls less. Wrong labels lower the AUC and raise the error rate, so that
    the fall is, if anything, underestimated and the estimated noise with it.

    Parameters
    ----------
    auc
        Out-of-sample AUC, in [0, 1].
    error_rate
        Share of rows predicted as another class than their label.

    Returns
    -------
    float
        In (1, `MAX_FALL`].
    """
    aucs, error_rates, falls = _ambiguity_curve()
    by_auc = np.interp(auc, aucs, falls)
    by_error = np.interp(-error_rate, -error_rates, falls)
    return float(min(by_auc, by_error, MAX_FALL))


@lru_cache(maxsize=1)
def _ambiguity_curve() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """AUC, error rate and fall for logits with standard deviations from 0.1 (no signal) to 12 (no ambiguity)."""
    from scipy.special import expit, ndtri

    standard = ndtri((np.arange(20_000) + 0.5) / 20_000)
    aucs, error_rates, falls = [], [], []
    for deviation in np.geomspace(0.1, 12, 60):
        p = expit(deviation * standard)
        negatives_below = np.cumsum(1 - p) - (1 - p) / 2
        aucs.append(float(np.dot(p, negatives_below) / (p.sum() * (1 - p).sum())))
        contradicted = np.sort(np.minimum(p, 1 - p))
        top, following = np.split(contradicted, [int(TOP * len(p)), int(NEXT * len(p))])[:2]
        error_rates.append(float(contradicted.mean()))
        falls.append(float(following.mean() / top.mean()))
    return np.array(aucs), np.array(error_rates), np.array(falls)


def estimate_share(
    rank: npt.NDArray[np.float64],
    contradicted: npt.NDArray[np.bool_],
    fall: float | npt.NDArray[np.float64] | None,
    *,
    rows: int | None = None,
    confidence: float = 0.95,
    usable: tuple[float, ...] = REGIONS,
) -> Share:
    """Share of wrong labels, from how contradictions thin out towards the most confident rows.

    With A the contradictions per row in the most confident tenth, B in the next two tenths, e the share of wrong
    labels and a, b the contradictions by ambiguity, A = e + (1 - 2e) a and B = e + (1 - 2e) b. Where b = fall * a,
    e = (fall * A - B) / (fall - 1): the value, with its standard error by Poisson counts. Its lower limit is the
    interval's. The upper limit allows for no ambiguity at all, e <= A: the smallest upper limit of the
    contradictions per row over `REGIONS` (Garwood 1936, doi:10.1093/biomet/28.3-4.437), and holds for any fall.
    Where the fall differs by row, e is the mean of the e of the strata, which have the same share of each region.
    Wrong labels are no more frequent than contradictions, so that the value is never above the rate whose limit the
    upper one is, and always below the upper limit.

    Parameters
    ----------
    rank
        (J,) as `rank_confidence` gives it.
    contradicted
        (J,) whether the label contradicts the model.
    fall
        Above 1, as `compute_fall` gives it, one or (J,); None where there is no telling (see `MIN_KINDS`), and then
        there is an upper limit only.
    rows
        Rows that the contradictions are to be seen against, where that is not J: for the labels of one class, pass
        the contradicted rows and the number of rows with that label.
    confidence
        In (0, 1).
    usable
        As `find_regions` gives it; the correction for the choice is that for all regions in any case.
    """
    n = len(rank) if rows is None else rows

    def count(low: float, high: float) -> tuple[int, float]:
        inside = (rank >= low) & (rank < high)
        return int((inside & contradicted).sum()), float(inside.mean()) * n

    if n == 0:
        return Share(0, None, None, None)
    tail = (1 - confidence) / 2 / len(REGIONS)
    regions = [count(0.0, region) for region in usable]
    high, m_least, n_least = min((_poisson_upper(m, tail) / size, m, size) for m, size in regions if size)
    high = min(1.0, high)
    n_top, n_next = count(0.0, TOP)[1], count(TOP, NEXT)[1]
    if fall is None or not (n_top and n_next):
        return Share(n, None, Interval(0.0, high, confidence, _METHOD), None)
    falls = np.broadcast_to(np.asarray(fall, dtype=np.float64), rank.shape)
    a, a_square = _weigh(falls / (falls - 1), contradicted, rank < TOP)
    b, b_square = _weigh(1 / (falls - 1), contradicted, (rank >= TOP) & (rank < NEXT))
    raw = a / n_top - b / n_next
    error = float(np.hypot(np.sqrt(a_square) / n_top, np.sqrt(b_square) / n_next))
    value, z = max(raw, 0.0), normal_quantile(confidence)
    low = raw - z * error
    if raw > m_least / n_least:
        # Fewer contradict in a larger region: that rate is the better estimate, and has an error of its own.
        value, error = m_least / n_least, float(np.sqrt(m_least + 1)) / n_least
        low = min(low, value - z * error)
    return Share(n, value, Interval(max(low, 0.0), high, confidence, _METHOD), error)


def count_one_way(
    rank: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    predicted: npt.NDArray[np.int64],
    n_classes: int,
    usable: tuple[float, ...],
) -> npt.NDArray[np.float64]:
    """Wrong labels that each class collects from the others, were every confident contradiction an error.

    Of the rows that truly are of class t, those with features that leave no doubt show the share r that lost their
    label. If all of t lose it alike, the G rows that kept it stand for G r / (1 - r) that did not, most of them
    among rows that the model holds for another class, where nothing contradicts (Elkan and Noto 2008,
    doi:10.1145/1401890.1401920). r is the rate of the region with the smallest upper limit.

    Returns
    -------
    numpy.ndarray
        (K,) rows by given label.
    """
    collected = np.zeros(n_classes)
    given = np.bincount(labels, minlength=n_classes)
    for code in np.unique(predicted):
        regions = [labels[(predicted == code) & (rank < region)] for region in usable]
        _, least = min(
            (
                (_poisson_upper(int((region != code).sum()), 0.025) / len(region), region)
                for region in regions
                if len(region)
            ),
            key=lambda pair: pair[0],
        )
        counts = np.bincount(least, minlength=n_classes).astype(np.float64)
        kept, counts[code] = counts[code], 0.0
        # Where none kept it, the class is one that is hardly ever given: nothing to scale.
        collected += counts * given[code] / kept if kept else 0.0
    return collected


def _weigh(
    weights: npt.NDArray[np.float64], contradicted: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """Weighted count of contradictions, and its variance by Poisson counts.

    One is added to the count of the variance: no contradictions at all still leave the share uncertain.
    """
    counted = weights[inside & contradicted]
    return float(counted.sum()), float(np.square(counted).sum() + np.square(weights[inside]).mean())


_METHOD = "anchor points, Poisson"


def _poisson_upper(count: int, tail: float) -> float:
    from scipy.special import chdtri

    return float(chdtri(2 * (count + 1), tail)) / 2
