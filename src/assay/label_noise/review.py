"""What a reviewed random sample says about all labels: exact bounds for strata of a finite population.

A person looked at rows that were drawn at random within strata. How many rows of a stratum are wrong is then
hypergeometric: the bounds are those of Clopper and Pearson (1934, doi:10.1093/biomet/26.4.404) for a finite
population (Buonaccorsi 1987, The American Statistician 41, 215-218), which a stratum that was looked at as a whole
leaves nothing to be estimated. The bounds of a total over strata invert the exact test of Wendell and Schmee (1996,
doi:10.1080/01621459.1996.10476950) from above, and add up bounds that hold together (Bonferroni) from below: of the
two, each is the narrower one on its side. SciPy is imported where it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.errors import ContractError
from assay.findings import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

SUSPECT, NEAR, REST = "suspect", "near", "rest"
STRATA = (SUSPECT, NEAR, REST)
# Of the sample, for (suspect, near, rest). The share of wrong labels among the many rows that nothing speaks against
# decides how far the bounds reach, so half of the sample goes there.
ALLOCATION = (0.3, 0.2, 0.5)
# The unflagged rows of lowest quality are "near": as many as there are suspects, and at least this share of all rows.
MIN_NEAR_SHARE = 0.1

CONFIDENCE = 0.95
METHOD = "Clopper-Pearson by stratum (hypergeometric), Wendell-Schmee"
_SINGLE = "Clopper-Pearson (hypergeometric)"
# Each side of an interval may miss with half of what the confidence leaves.
_SIDE = (1 - CONFIDENCE) / 2

# The least favourable split of the wrong labels over the strata is searched on a grid of this many steps a side,
# which is then drawn together around the best point as often as this.
_STEPS = 21
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Stratum:
    """Rows that were drawn from alike, and what the reviewer said of those that were looked at.

    Attributes
    ----------
    name
        One of `STRATA`.
    rows
        Rows in the stratum.
    right, wrong, unsure
        Of the rows that were looked at: label right, label wrong, cannot be told.
    """

    name: str
    rows: int
    right: int = 0
    wrong: int = 0
    unsure: int = 0

    def __post_init__(self) -> None:
        if min(self.right, self.wrong, self.unsure) < 0 or self.reviewed > self.rows:
            raise ContractError(
                f"A stratum must have at least as many rows as were reviewed, got {self.reviewed:,} of {self.rows:,} "
                f"in '{self.name}'. Draw a new sample."
            )

    @property
    def reviewed(self) -> int:
        """Rows that were looked at."""
        return self.right + self.wrong + self.unsure

    @property
    def share(self) -> float | None:
        """Share of wrong labels among the rows that could be told; None where there are none."""
        told = self.right + self.wrong
        return self.wrong / told if told else None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share in [0, 1], or None where it is not estimable, with its 95% interval (None where it has no meaning)."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Review:
    """A reviewed sample.

    Attributes
    ----------
    strata
        One for each of `STRATA`, in that order; one without rows is allowed.
    run, fingerprint, label
        The audit whose rows were drawn, its data's fingerprint, and the column whose labels were looked at.
    skipped
        Rows that were passed over; they count among those that could not be told.
    unread
        Sampled rows that were not looked at.
    """

    strata: tuple[Stratum, ...]
    run: str
    fingerprint: str
    label: str
    skipped: int = 0
    unread: int = 0

    @property
    def rows(self) -> int:
        """Rows that the sample stands for."""
        return sum(stratum.rows for stratum in self.strata)

    @property
    def reviewed(self) -> int:
        """Rows that were looked at, those among them that could not be told included."""
        return sum(stratum.reviewed for stratum in self.strata)

    @property
    def unsure(self) -> int:
        """Rows that were looked at and could not be told."""
        return sum(stratum.unsure for stratum in self.strata)


def assign_strata(quality: npt.NDArray[np.floating], suspect: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Stratum of each of N judged rows, as an index into `STRATA`.

    Parameters
    ----------
    quality
        (N,) in [0, 1], low is suspect; rows of equal quality are taken in their order.
    suspect
        (N,) the flags.
    """
    strata = np.full(len(suspect), STRATA.index(REST))
    strata[suspect] = STRATA.index(SUSPECT)
    unflagged = np.flatnonzero(~suspect)
    count = max(int(suspect.sum()), round(MIN_NEAR_SHARE * len(suspect)))
    strata[unflagged[np.argsort(quality[unflagged], kind="stable")[:count]]] = STRATA.index(NEAR)
    return strata


def allocate(rows: Sequence[int], sample: int) -> tuple[int, ...]:
    """How many rows to draw from each stratum: by `ALLOCATION`, never more than there are.

    What one stratum cannot give is drawn from the others, the last first.

    >>> allocate([500, 600, 5000], 100), allocate([3, 600, 5000], 100), allocate([1, 1, 1], 100)
    ((30, 20, 50), (3, 20, 77), (1, 1, 1))
    """
    drawn = [min(count, round(sample * share)) for count, share in zip(rows, ALLOCATION, strict=True)]
    for place in reversed(range(len(drawn))):
        drawn[place] = max(0, min(rows[place], drawn[place] + sample - sum(drawn)))
    return tuple(drawn)


def draw_rows(
    strata: npt.NDArray[np.int64], sample: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], tuple[int, ...]]:
    """Draw rows at random within strata.

    Returns
    -------
    tuple
        (n,) indices into `strata`, in random order, so that whatever is looked at from the first on is a random
        sample too; and the number of rows in each stratum.
    """
    sizes = tuple(int(count) for count in np.bincount(strata, minlength=len(STRATA)))
    parts = [
        rng.choice(np.flatnonzero(strata == place), size=count, replace=False)
        for place, count in enumerate(allocate(sizes, sample))
    ]
    return rng.permutation(np.concatenate(parts)), sizes


def estimate_noise_rate(review: Review) -> Estimate:
    """Share of all rows whose label is wrong: the mean of the strata's shares, weighted by their rows."""
    low, high = _total(review.strata, _SIDE)
    shares = [stratum.share for stratum in review.strata if stratum.rows]
    value = None
    if review.rows and None not in shares:
        value = sum(stratum.rows * (stratum.share or 0.0) for stratum in review.strata) / review.rows
    return _share(value, low, high, review.rows, METHOD)


def estimate_precision(review: Review) -> Estimate:
    """Share of the suspect labels that are wrong; nothing where no label is suspect."""
    suspects = review.strata[STRATA.index(SUSPECT)]
    low, high = _total([suspects], _SIDE)
    return _share(suspects.share, low, high, suspects.rows, _SINGLE)


def estimate_recall(review: Review) -> Estimate:
    """Share of the wrong labels that are suspect: TP / (TP + FN).

    Its bounds put together those of the wrong labels among the suspects (TP) and among the other rows (FN), each side
    of each with half of the error (Bonferroni). Nothing where no label is suspect.
    """
    suspects, *others = review.strata
    if not suspects.rows:
        return Estimate(None, None)
    found, missed = _total([suspects], _SIDE / 2), _total(others, _SIDE / 2)
    low = found[0] / (found[0] + missed[1]) if found[0] else 0.0
    high = found[1] / (found[1] + missed[0]) if found[1] else 0.0
    value = None
    if None not in [stratum.share for stratum in review.strata if stratum.rows]:
        wrong = [stratum.rows * (stratum.share or 0.0) for stratum in review.strata]
        value = wrong[0] / sum(wrong) if sum(wrong) else None
    if not found[1] + missed[1]:  # every row was looked at and is right
        return Estimate(None, None)
    if not found[1] and not missed[0]:  # no suspect is wrong, and perhaps no other row
        high = 1.0 if found[1] else 0.0
    return Estimate(value, Interval(low, high, CONFIDENCE, f"{METHOD}, Bonferroni"))


def bound_total(
    rows: Sequence[int], sampled: Sequence[int], wrong: Sequence[int], error: float = _SIDE
) -> tuple[int, int]:
    """Lower and upper bound of the number of wrong rows in all strata together.

    Each bound alone misses with a probability of at most `error`, whatever the truth.

    The lower one is the sum of the strata's own, each with its part of the error. From above, a number is refuted
    where, for every way to spread it over the strata that the sample leaves possible, an estimate (the sum of rows *
    wrong / sampled) as small as the observed one is rarer than `error`.

    Parameters
    ----------
    rows, sampled, wrong
        For each stratum: its rows, how many of them were drawn at random without replacement, and how many of these
        were wrong; at most three strata from which some but not all rows were drawn.
    error
        In (0, 0.5).
    """
    strata = list(zip(rows, sampled, wrong, strict=True))
    # The fewest wrong rows are what the most right ones leave. Strata that are known, or not at all, need no error.
    part = error / max(1, sum(0 < n < size for size, n, _ in strata))
    low = sum(size - _upper([(size, n, n - x)], part) for size, n, x in strata)
    return low, _upper(strata, error)


def _total(strata: Sequence[Stratum], error: float) -> tuple[int, int]:
    """Bounds where a row that could not be told counts as right in the lower one and as wrong in the upper one."""
    rows, sampled = [s.rows for s in strata], [s.reviewed for s in strata]
    certain = [s.wrong for s in strata]
    possible = [s.wrong + s.unsure for s in strata]
    low, high = bound_total(rows, sampled, certain, error)
    return low, high if possible == certain else bound_total(rows, sampled, possible, error)[1]


def _share(value: float | None, low: int, high: int, rows: int, method: str) -> Estimate:
    if not rows:
        return Estimate(None, None)
    return Estimate(value, Interval(low / rows, high / rows, CONFIDENCE, method))


def _upper(strata: Sequence[tuple[int, int, int]], error: float) -> int:
    """Largest total of wrong rows that is not refuted, for strata of (rows, sampled, wrong)."""
    # A stratum without a drawn row may be all wrong; one that was drawn as a whole is known.
    known = sum(x for _, _, x in strata) + sum(size for size, n, _ in strata if not n)
    drawn = sorted((s for s in strata if 0 < s[1] < s[0]), key=lambda stratum: stratum[1])
    if not drawn:
        return known
    test = _Test(drawn)
    # More wrong rows make a small estimate rarer, under every split: bisection finds where it gets too rare.
    least, most = 0, sum(size - n for size, n, _ in drawn)
    while least < most:
        middle = (least + most + 1) // 2
        if test.is_refuted(middle, error):
            most = middle - 1
        else:
            least = middle
    return known + least


class _Test:
    """P(estimate <= the observed one), for wrong rows beyond the sampled ones.

    Parameters
    ----------
    strata
        Of one to three strata, fewest drawn first: rows, drawn, wrong among the drawn.
    """

    def __init__(self, strata: Sequence[tuple[int, int, int]]) -> None:
        # Strata of one known row stand for those that are absent: nothing about them is random.
        filled = [(1, 1, 0)] * (3 - len(strata)) + list(strata)
        self._rows, self._drawn, self._wrong = (np.array(column) for column in zip(*filled, strict=True))
        weight = self._rows / self._drawn
        observed = float((weight * self._wrong).sum())
        first, second = (weight[place] * np.arange(self._drawn[place] + 1) for place in (0, 1))
        left = (observed - first[:, None] - second) / weight[2]
        # How many wrong ones the last stratum may have at most, for each outcome of the first two; -1 for none. What
        # ties but for rounding counts as no larger.
        self._most = np.clip(np.floor(left + 1e-9), -1, self._drawn[2]).astype(np.int64)

    def is_refuted(self, further: int, error: float) -> bool:
        """Whether no split of `further` wrong rows over the strata makes the estimate as likely as `error`."""
        centre, radius = np.array([0.5, 0.5]), 0.5
        for _ in range(_ROUNDS):
            steps = np.linspace(-radius, radius, _STEPS)
            places = np.clip(centre + np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2), 0, 1)
            probability = self._probability(self._split(further, places))
            if probability.max() > error:
                return False
            centre, radius = places[probability.argmax()], radius / 4
        return True

    def _split(self, further: int, places: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """(P, 3) wrong rows of each stratum; `places` (P, 2) in [0, 1] lead through all splits that are possible."""
        room = self._rows - self._drawn
        least = max(0, further - room[1] - room[2])
        first = np.rint(least + places[:, 0] * (min(room[0], further) - least)).astype(np.int64)
        left = further - first
        least_of_second = np.maximum(0, left - room[2])
        most_of_second = np.minimum(room[1], left)
        second = np.rint(least_of_second + places[:, 1] * (most_of_second - least_of_second)).astype(np.int64)
        return np.unique(self._wrong + np.column_stack([first, second, left - second]), axis=0)

    def _probability(self, wrong: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """(P,) probability of an estimate no larger than the observed one, for `wrong` (P, 3)."""
        first, second, last = (
            _hypergeometric(self._rows[place], self._drawn[place], wrong[:, place]) for place in range(3)
        )
        at_most = np.column_stack([np.zeros(len(wrong)), last.cumsum(axis=1)])
        probability = np.zeros(len(wrong))
        for count, most in enumerate(self._most):
            if most[0] < 0:  # more in the first stratum alone than observed in all
                break
            possible = most >= 0
            joint = (second[:, possible] * at_most[:, most[possible] + 1]).sum(axis=1)
            probability += first[:, count] * joint
        return probability


def _hypergeometric(rows: int, drawn: int, wrong: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(P, drawn + 1) probabilities of 0..drawn wrong ones among the drawn, for `wrong` (P,) of `rows`."""
    from scipy.special import gammaln

    def log_choose(n: npt.NDArray[np.int64], k: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        possible = (k >= 0) & (k <= n)
        k = np.where(possible, k, 0)
        chosen = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
        return np.where(possible, chosen, -np.inf)

    counts = np.arange(drawn + 1)
    of = wrong[:, None]
    total = log_choose(np.array(rows), np.array(drawn))
    return np.asarray(np.exp(log_choose(of, counts) + log_choose(rows - of, drawn - counts) - total))
