"""Tests of "no disparity at all", by permutation of the rows among the groups.

Were the groups alike, the rows that count as a hit (are selected, are found, ...) would have fallen on them as if
dealt out at random: with the sizes of the groups and the number of all hits as they are, the hits of the groups follow
a multivariate hypergeometric distribution. Tables drawn from it are permutations of the rows, at the cost of a few
random numbers each. The level holds for any number of groups and for cells of any size: nothing is approximated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from typing import TypeVar

    import numpy.typing as npt

    Counts = npt.NDArray[np.int64]
    Shares = npt.NDArray[np.float64]
    Key = TypeVar("Key", bound=Hashable)

# With the observed table a round 10,000.
DRAWS = 9_999
# Tables of many groups are drawn less often, for time: so many numbers in all.
NUMBERS_DRAWN = 250_000
# Of more groups than this none are drawn. The sum of exact tails is an upper bound, of so many groups a close one.
MOST_DRAWN = 250
# A sum of exact tails below this is reported instead of drawn: it is an upper bound, and finer than draws can be.
SMALL = 1e-3
# Any number will do; a fixed one gives the same p-value for the same table.
SEED = 20_240_229
# Statistics that are equal but for rounding are equal.
_TIE = 1e-9
# A tail smaller than any number would read as a probability of 0.
_LEAST = float(np.finfo(np.float64).tiny)


def parity_p_value(cases: Counts, hits: Counts) -> float:
    """P-value of "the rate is the same in every group", conditional on the groups' sizes and the number of hits.

    The statistic is the largest |Z| of a group, Z being its hits less those expected, in standard deviations of the
    hypergeometric distribution. Of two groups, of more than `MOST_DRAWN`, and where it is small, the p-value is a sum
    of exact tail probabilities (of more than two groups an upper bound, by Bonferroni); else it is (1 + tables drawn
    whose statistic is no smaller) / (1 + tables drawn), which is valid however few are drawn (Phipson and Smyth 2010,
    doi:10.2202/1544-6115.1585).

    Parameters
    ----------
    cases
        (G,) rows of each group that the rate is about. Groups without any are left out.
    hits
        (G,) among them, those that count; between 0 and `cases`.

    Returns
    -------
    float
        In (0, 1]; 1 where every row is a hit or none is, since no other table is possible; NaN for fewer than two
        groups. The same for the groups in any order. What is smaller than the smallest normal number is told as it.

    Raises
    ------
    ValueError
        Where hits do not lie between 0 and cases.
    """
    if ((hits < 0) | (hits > cases)).any():
        raise ValueError("hits must lie between 0 and cases, got others. Count them on the same rows.")
    if 2 * hits.sum() > cases.sum():
        hits = cases - hits  # the rarer outcome is drawn faster, and Z only changes its sign
    # Drawn in an order of their own, so that their names change nothing.
    order = np.lexsort((hits, cases))
    cases, hits = (counts[order][cases[order] > 0].astype(np.int64) for counts in (cases, hits))
    if len(cases) < 2:
        return float("nan")
    total, found = int(cases.sum()), int(hits.sum())
    if found == 0:
        return 1.0
    expected = cases.astype(np.float64) * (found / total)
    spread: Shares = np.sqrt(expected * (1 - cases / total) * (1 - found / total) * total / (total - 1))
    largest = float((np.abs(hits - expected) / spread).max()) * (1 - _TIE)
    far: Shares = largest * spread
    tails = _tails(total, cases, found, expected, far)
    # Of two groups one Z is the other's negative.
    bound = float(tails[0] if len(cases) == 2 else tails.sum())
    if len(cases) == 2 or len(cases) > MOST_DRAWN or bound < SMALL:
        return min(1.0, max(_LEAST, bound))
    generator = np.random.default_rng(np.random.SeedSequence([SEED, *cases.tolist(), *hits.tolist()]))
    draws = min(DRAWS, NUMBERS_DRAWN // len(cases))
    drawn = generator.multivariate_hypergeometric(cases, found, size=draws, method="marginals")
    as_far = int((np.abs(drawn - expected) >= far).any(axis=1).sum())
    return max(SMALL, (1 + as_far) / (1 + draws))


def change_p_values(before: tuple[Shares, Shares], after: tuple[Shares, Shares]) -> Shares:
    """(G,) p-values of "the rate of the group is the same in two independent samples", each group by itself.

    That of `parity_p_value` for the two samples: exact for any number of cases.

    Parameters
    ----------
    before, after
        (rates, cases) of each sample, all (G,), with cases above 0; effective numbers are rounded as in
        `adjusted_p_values`.
    """
    (cases, hits), (other_cases, other_hits) = (_counts_of(*sample) for sample in (before, after))
    total, found = cases + other_cases, hits + other_hits
    expected = cases * (found / np.maximum(total, 1))
    far = np.abs(hits - expected) * (1 - _TIE)
    tails = np.where(far > 0, _tails(total, cases, found, expected, far), 1.0)
    bounded: Shares = np.where((cases > 0) & (other_cases > 0), np.clip(tails, _LEAST, 1.0), np.nan)
    return bounded


def _tails(total: int | Counts, cases: Counts, found: int | Counts, expected: Shares, far: Shares) -> Shares:
    """(G,) probability that a group's hits lie at least `far` from those expected, on either side."""
    from scipy.stats import hypergeom

    of_one = hypergeom(total, found, cases)
    tails: Shares = of_one.cdf(np.floor(expected - far)) + of_one.sf(np.ceil(expected + far) - 1)
    return tails


def holm(p_values: Shares) -> Shares:
    """(T,) p-values, adjusted so that one at or below a level a is a false alarm, if any is, with probability a.

    The smallest of T is multiplied by T, the next by T - 1 and so on, and none is smaller than one before it, nor
    above 1 (Holm 1979, jstor.org/stable/4615733). It supposes nothing about how the tests depend on one another.
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * steps))
    return adjusted


def adjusted_p_values(tests: Mapping[Key, tuple[Shares, Shares]]) -> dict[Key, float]:
    """P-values of a family of tests, adjusted by `holm`; NaN where a test has fewer than two groups.

    Each test is (rates, cases), both (G,). With sample weights the cases are effective numbers (Kish), and rows of
    unequal weight cannot be dealt out: the counts, rounded, are then those of so many rows of equal weight, and the
    level holds approximately.
    """
    raw = {key: _p_value_of(rates, cases) for key, (rates, cases) in tests.items()}
    known = [key for key, p in raw.items() if not np.isnan(p)]
    return raw | dict(zip(known, holm(np.array([raw[key] for key in known])).tolist(), strict=True))


def _p_value_of(rates: Shares, cases: Shares) -> float:
    return parity_p_value(*_counts_of(rates, cases))


def _counts_of(rates: Shares, cases: Shares) -> tuple[Counts, Counts]:
    """(G,) cases and hits as whole numbers."""
    rows = np.rint(cases)
    hits = np.rint(np.where(rows > 0, rates, 0.0) * rows)
    return rows.astype(np.int64), hits.astype(np.int64)
