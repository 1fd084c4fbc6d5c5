"""Which labels become which others: the noise matrix, overall and by stratum.

A noise matrix T holds P(given = y | true = t). Its rates are read off the rows about which the models are confident,
where little but wrong labels contradicts them (anchor points: Patrini et al. 2017, doi:10.1109/CVPR.2017.240). Few
rows are that confident, and a matrix has many entries; so each rate is drawn towards its class's, and each class's
towards all rows', as far as their differences can be chance (empirical Bayes; DerSimonian and Laird 1986,
doi:10.1016/0197-2456(86)90046-2). Where labels go wrong alike everywhere, the matrix says so and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.label_noise.ambiguity import fit_cautiously, fit_contradictions
from assay.label_noise.anchors import rank_confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

# Regions of confidence, from the most confident tenth to all rows.
REGIONS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
# A region is widened until contradictions are more frequent in it by this many standard errors: ambiguity sets in.
RISE = 0.5
# Strata are small: they are compared in this region at least, where ambiguity is common to all of them.
STRATUM_REGION = 0.3
# A stratum with fewer rows has no curve of its own.
MIN_STRATUM_ROWS = 200
# A fit takes ten milliseconds.
MAX_FITS = 50
# The limits of a fit lie about as many standard errors apart.
WIDTH = 5.2
# Beyond these a rate leaves no matrix that can be inverted, or nothing to rank by.
RATES = (1e-4, 0.45)
# Pseudo-count of each class that a wrong label may turn into.
SPREAD = 0.5
# More matrix entries than this are not estimated by stratum.
MAX_ENTRIES = 200_000
# Rows that are judged at once hold at most this many probabilities.
CHUNK_CELLS = 4_000_000
# Where a rate is read a little too high, p(true | x) would come out at 0 or below.
_LEAST_SHARE = 0.02  # shared by the K classes


@dataclass(frozen=True, slots=True, eq=False)
class NoiseMatrix:
    """How labels go wrong in each of S strata.

    Attributes
    ----------
    matrices
        (S, K, K), each row a distribution: P(given | true).
    strata
        (J,) the stratum of each row, in 0..S-1.
    """

    matrices: Floats
    strata: Codes


def estimate_noise(labels: Codes, pred_probs: Floats, strata: Codes) -> NoiseMatrix:
    """Estimate how labels go wrong.

    Parameters
    ----------
    labels, pred_probs
        (J,) in 0..K-1 and (J, K), out of sample; rows sum to 1.
    strata
        (J,) codes of groups in which labels may go wrong differently, such as an intersection of sensitive features.
    """
    k, n_strata = pred_probs.shape[1], int(strata.max(initial=0)) + 1
    if n_strata * k * k > MAX_ENTRIES:
        strata, n_strata = np.zeros_like(strata), 1
    predicted, confidence = pred_probs.argmax(axis=1), pred_probs.max(axis=1)
    contradicted = predicted != labels
    rank = rank_confidence(predicted, confidence, np.zeros_like(strata))
    within = rank_confidence(predicted, confidence, strata) if n_strata > 1 else rank
    region = find_region(rank, contradicted)
    by_class = _class_rates(predicted, contradicted, rank < region, k)
    rates = np.tile(by_class, (n_strata, 1))
    if n_strata > 1:
        inside = within < max(STRATUM_REGION, region)
        rates = _stratum_rates(predicted, contradicted, strata, inside, rates)
    levels = _levels(contradicted, [rank, within], strata, k)
    read = np.bincount(strata, rates[strata, predicted], n_strata) / np.maximum(np.bincount(strata), 1)
    rates = np.clip(rates * (levels / np.maximum(read, RATES[0]))[:, None], *RATES)
    confused = contradicted & (rank < region)
    spread = np.bincount(predicted[confused] * k + labels[confused], minlength=k * k).reshape(k, k) + SPREAD
    np.fill_diagonal(spread, 0.0)
    spread /= spread.sum(axis=1, keepdims=True)
    matrices = rates[:, :, None] * spread
    matrices[:, np.arange(k), np.arange(k)] = 1 - rates
    return NoiseMatrix(matrices, strata)


def _levels(contradicted: Mask, ranks: Sequence[Floats], strata: Codes, k: int) -> Floats:
    """(S,) share of wrong labels of each stratum.

    Even confident rows may be ambiguous, and in one stratum more than in another; the fits leave that out. Those of
    the strata are drawn towards their mean.
    """
    levels = np.full(int(strata.max(initial=0)) + 1, fit_cautiously(ranks, contradicted, k).value)
    sizes = np.bincount(strata)
    large = np.argsort(-sizes, kind="stable")[:MAX_FITS]
    large = large[sizes[large] >= MIN_STRATUM_ROWS]
    if len(levels) < 2 or len(large) < 2:
        return levels
    fits = [fit_contradictions(ranks[-1][strata == s], contradicted[strata == s], k) for s in large]
    values = np.array([f.value for f in fits])
    variance = np.array([max(f.high - f.low, 1e-3) / WIDTH for f in fits]) ** 2
    mean = float(np.average(values, weights=1 / variance))
    levels[large] = mean + _drawn(values - mean, variance, len(large) - 1)
    return levels


def find_region(rank: Floats, contradicted: Mask) -> float:
    """The widest of `REGIONS` in which contradictions are no more frequent than in any narrower one, but for chance.

    Lepski's rule: wrong labels are as frequent everywhere, ambiguity grows with doubt; so the widest region without
    a rise has the most rows of those that ambiguity spares.

    Parameters
    ----------
    rank
        (J,) as `rank_confidence` gives it.
    contradicted
        (J,) whether the label is not the predicted class.
    """
    narrower: list[tuple[float, float]] = []
    widest = REGIONS[0]
    for region in REGIONS:
        inside = rank < region
        n, count = int(inside.sum()), int((inside & contradicted).sum())
        if not n:
            continue
        if any(count / n - rate > RISE * error for rate, error in narrower):
            break
        narrower.append((count / n, float(np.sqrt(count + 1)) / n))
        widest = region
    return widest


def judge_by_matrix(labels: Codes, pred_probs: Floats, noise: NoiseMatrix) -> tuple[Floats, Codes]:
    """Probability that each label is wrong, and the likeliest other class.

    The models learned noisy labels: p(given | x) = sum over t of p(true = t | x) T[t, given]. Solved for the true
    class, P(true = t | x, given) is in proportion to p(true = t | x) T[t, given].

    Returns
    -------
    wrong
        (J,) in [0, 1].
    suggested
        (J,) the class other than the given one that is most likely true.
    """
    wrong = np.zeros(len(labels))
    suggested = np.zeros(len(labels), dtype=np.int64)
    step = max(1, CHUNK_CELLS // pred_probs.shape[1])
    order = np.argsort(noise.strata, kind="stable")
    ends = np.cumsum(np.bincount(noise.strata, minlength=len(noise.matrices)))[:-1]
    for matrix, members in zip(noise.matrices, np.split(order, ends), strict=True):
        if not len(members):
            continue
        inverse = np.linalg.inv(matrix)
        for at in range(0, len(members), step):
            rows = members[at : at + step]
            true = np.maximum(pred_probs[rows] @ inverse, _LEAST_SHARE / pred_probs.shape[1])
            joint = true * matrix[:, labels[rows]].T
            given = joint[np.arange(len(rows)), labels[rows]].copy()
            joint[np.arange(len(rows)), labels[rows]] = 0.0
            others = joint.sum(axis=1)
            wrong[rows] = others / (others + given)
            suggested[rows] = joint.argmax(axis=1)
    return wrong, suggested


def _class_rates(predicted: Codes, contradicted: Mask, inside: Mask, k: int) -> Floats:
    """(K,) contradictions per confident row of each predicted class, drawn towards their mean."""
    rows = np.bincount(predicted[inside], minlength=k).astype(np.float64)
    counts = np.bincount(predicted[inside & contradicted], minlength=k)
    mean = counts.sum() / max(rows.sum(), 1)
    seen = rows > 0
    rates = np.full(k, mean)
    # Under one common rate: a class that happens to have no contradiction would else seem certain.
    variance = (mean * rows[seen] + 0.5) / rows[seen] ** 2
    deviation = counts[seen] / rows[seen] - mean
    rates[seen] += _drawn(deviation, variance, int(seen.sum()) - 1)
    return rates


def _stratum_rates(predicted: Codes, contradicted: Mask, strata: Codes, inside: Mask, by_class: Floats) -> Floats:
    """(S, K) contradictions per confident row, drawn towards the classes' proportions in each stratum.

    `by_class` is (S, K), the same in every row. Only the proportions count: how many labels of a stratum are wrong in
    all is told by its level, since one stratum may be more ambiguous than another.
    """
    shape = by_class.shape
    cell = strata * shape[1] + predicted
    rows = np.bincount(cell[inside], minlength=by_class.size).reshape(shape).astype(np.float64)
    counts = np.bincount(cell[inside & contradicted], minlength=by_class.size).reshape(shape)
    promised = (rows * by_class).sum(axis=1, keepdims=True)
    common = by_class * counts.sum(axis=1, keepdims=True) / np.maximum(promised, RATES[0])
    seen = rows > 0
    deviation = counts[seen] / rows[seen] - common[seen]
    variance = (common[seen] * rows[seen] + 1) / rows[seen] ** 2
    rates = common.copy()
    rates[seen] += _drawn(deviation, variance, int(seen.sum()) - int(seen.any(axis=1).sum()))
    return np.asarray(np.maximum(rates, RATES[0]))


def _drawn(deviation: Floats, variance: Floats, free: int) -> Floats:
    """Deviations, each drawn towards 0 by as much of the spread between them as chance explains."""
    weight = 1 / variance
    scale = weight.sum() - np.square(weight).sum() / weight.sum() if len(weight) else 0.0
    if scale <= 0:
        return np.zeros_like(deviation)
    between = max(0.0, (float((weight * deviation**2).sum()) - free) / scale)
    return np.asarray(deviation * between / (between + variance), dtype=np.float64)
