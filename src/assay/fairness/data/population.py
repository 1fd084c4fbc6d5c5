"""The shares of groups in the data against those in a population that the user names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.simultaneous import wilson_limits
from assay.findings import Interval, Status
from assay.intervals import judge_lower, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from assay.fairness.counts import Feature

    Values = npt.NDArray[np.float64]

# A group whose share is less than this part of its share in the population is under-represented. The participation to
# prevalence ratio from 0.8 to 1.2 is what reviews of clinical trials count as like the population (Scott et al. 2018,
# J Am Coll Cardiol 71:1960-1969). A relative rule: 5 points are nothing to a half of all, and all of a twentieth.
LEAST_RATIO = 0.8
# Cochran's rule: below, the statistic does not follow the chi-square distribution, and its law is simulated.
LEAST_EXPECTED = 5.0
DRAWS = 4_999
# Cells of simulated tables that are held at once.
_HELD = 1 << 21
METHOD = "Goodman simultaneous"


@dataclass(frozen=True, slots=True, eq=False)
class Representation:
    """G groups of the population, as they occur in the data.

    Attributes
    ----------
    groups
        Their names, in the order of the reference.
    reference
        (G,) shares in the population, above 0, adding up to 1.
    rows
        (G,) rows of the data.
    shares, low, high
        (G,) shares of the data (by weight, where there are weights), and their simultaneous limits.
    effective
        Number of rows that count; with weights, Kish's effective number.
    statistic, p_value
        Pearson's chi-square of the shares against the reference, and the probability of one as large where the data
        are a sample of the population.
    unknown
        Share of the rows whose group is not known, which are not counted otherwise.
    """

    groups: tuple[str, ...]
    reference: Values
    rows: npt.NDArray[np.int64]
    shares: Values
    low: Values
    high: Values
    effective: float
    statistic: float
    p_value: float
    unknown: float

    @property
    def is_simulated(self) -> bool:
        """Whether some group may expect too few rows for the chi-square distribution."""
        return self.effective * float(self.reference.min()) < LEAST_EXPECTED

    @property
    def ratios(self) -> Values:
        """(G,) participation to prevalence ratio: share in the data by share in the population."""
        return self.shares / self.reference

    @property
    def statuses(self) -> list[Status]:
        """Of each group: whether its ratio surely lies below `LEAST_RATIO`, surely does not, or may."""
        limits = zip(self.low / self.reference, self.high / self.reference, strict=True)
        return [judge_lower(Interval(float(low), float(high)), LEAST_RATIO) for low, high in limits]

    def shortfall(self, shares: Values) -> Values:
        """(G,) rows of a group that are lacking where it has `shares`: so many more, and the share is the reference's.

        The other groups stay as they are: n (r - s) / (1 - r). Below 0 there are more rows than the population has.
        """
        return float(self.rows.sum()) * (self.reference - shares) / (1 - self.reference)


def measure_representation(
    feature: Feature, reference: Mapping[str, float], weights: Values | None, confidence: float
) -> Representation | None:
    """Hold the shares of the groups against a reference; None where no row counts.

    Parameters
    ----------
    feature
        Its rows in groups that the reference does not name count as unknown.
    reference
        Group -> share in the population; scaled to add up to 1.
    weights
        (N,) sample weights, or None; with them, the number of rows is Kish's effective one.
    confidence
        Of each interval: already corrected for all of them (Goodman 1965, doi:10.1080/00401706.1965.10490252).
    """
    groups = tuple(reference)
    place = {group: index for index, group in enumerate(feature.groups)}
    of_feature = np.array([place.get(group, -1) for group in groups])

    def counted_by(weight: Values | None) -> Values:
        by_group = np.bincount(feature.codes, weights=weight, minlength=len(feature.groups)).astype(np.float64)
        return np.where(of_feature >= 0, by_group[of_feature], 0.0)

    rows = counted_by(None)
    weight = rows if weights is None else counted_by(weights)
    total = float(weight.sum())
    if total <= 0:
        return None
    n = total if weights is None else total**2 / float(counted_by(weights**2).sum())
    everything = float(len(feature.codes) if weights is None else weights.sum())
    shares, expected = weight / total, np.array([reference[group] for group in groups])
    expected /= expected.sum()
    low, high = wilson_limits(shares, np.full(len(groups), n), normal_quantile(confidence))
    statistic = float(n * ((shares - expected) ** 2 / expected).sum())
    return Representation(
        groups=groups,
        reference=expected,
        rows=rows.astype(np.int64),
        shares=shares,
        low=low,
        high=high,
        effective=n,
        statistic=statistic,
        p_value=goodness_of_fit(statistic, expected, n),
        unknown=1 - total / everything,
    )


def goodness_of_fit(statistic: float, expected: Values, n: float) -> float:
    """Probability that n draws by the shares `expected`, (G,), have a chi-square of at least `statistic`.

    From the chi-square distribution where every group may expect `LEAST_EXPECTED` rows, else by `DRAWS` simulated
    samples, the observed one counted among them (Davison and Hinkley 1997, doi:10.1017/CBO9780511802843): then at
    least 1 / (DRAWS + 1).
    """
    from scipy.special import chdtrc

    if n * expected.min() >= LEAST_EXPECTED:
        return float(chdtrc(len(expected) - 1, statistic))
    size = max(1, round(n))
    rng = np.random.default_rng(0)
    as_large, left, held = 1, DRAWS, max(1, _HELD // len(expected))
    while left:
        counts = rng.multinomial(size, expected, size=min(left, held))
        drawn = size * ((counts / size - expected) ** 2 / expected).sum(axis=1)
        as_large += int((drawn >= statistic * (1 - 1e-9)).sum())
        left -= len(counts)
    return as_large / (DRAWS + 1)
