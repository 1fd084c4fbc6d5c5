"""FB005: combinations of sensitive features that hardly occur though their parts do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.dataset import MISSING_GROUP
from assay.fairness.disparity import MOST_LEFT_OUT
from assay.fairness.outcomes import NAME_THEM, NO_FEATURE, TABLE_ROWS
from assay.fairness.wording import about, counted, listing, percent
from assay.findings import Evidence, Outcome, Status, Subject, Table
from assay.small_cells import SMALLEST_CELL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from assay.fairness.context import DataContext
    from assay.fairness.counts import Feature

    Codes = npt.NDArray[np.int64]
    Values = npt.NDArray[np.float64]

# A combination is rare where it surely has less than half the rows that it would have were the features independent.
# Features hardly ever are: a rule that any dependence breaks would name half of all combinations.
LEAST_RATIO = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """The combinations of some features that have fewer rows than a group needs, C of them.

    Attributes
    ----------
    parts
        The features.
    keys
        For each feature, the (C,) codes of the combinations.
    rows
        (C,) int64 rows of each; 0 for one that does not occur.
    expected
        (C,) rows of each if the features were independent.
    is_rare, is_unclear
        (C,) bool: it surely has less than `LEAST_RATIO` of the expected rows; it has, but perhaps by chance.
    possible, occurring
        Number of all combinations, and of those that occur.
    untold
        Expected share of all rows in combinations that are unclear, or too rare for their absence to be news, in
        [0, 1].
    """

    parts: tuple[Feature, ...]
    keys: tuple[Codes, ...]
    rows: Codes
    expected: Values
    is_rare: npt.NDArray[np.bool_]
    is_unclear: npt.NDArray[np.bool_]
    possible: int
    occurring: int
    untold: float


def cross(parts: Sequence[Feature], least: int, error: float) -> Crossing:
    """Count the combinations of features against what independence would make of their parts.

    A combination that may expect p of the n rows has at most x of them with the binomial probability of n and p;
    where the features are independent and their margins given, the (hypergeometric) probability is smaller yet.

    Parameters
    ----------
    parts
        Two features or more, each with the (N,) codes of its groups. No table of all combinations is made: there may
        be billions.
    least
        Rows from which on a group can be judged: such a combination is neither rare nor unclear.
    error
        Probability with which any combination may be called rare by chance (Bonferroni over all of them).
    """
    from scipy.stats import binom

    n = len(parts[0].codes)
    shares = [np.bincount(part.codes, minlength=len(part.groups)) / n for part in parts]
    possible = math.prod(len(part.groups) for part in parts)
    limit = error / possible
    keys, counts = _occurring(parts)
    p = np.ones(len(counts))
    for share, key in zip(shares, keys, strict=True):
        p *= share[key]
    few = counts < least
    # Of those that do not occur only the ones whose absence is news are listed; of the others only the sum is needed.
    empty_keys, empty_p = _absent(shares, keys, _told_when_absent(n, limit))
    small_keys = tuple(np.concatenate([key[few], empty]) for key, empty in zip(keys, empty_keys, strict=True))
    rows = np.concatenate([counts[few], np.zeros(len(empty_p), dtype=np.int64)])
    small_p = np.concatenate([p[few], empty_p])
    is_rare = np.asarray(binom.cdf(rows, n, LEAST_RATIO * small_p) <= limit)
    # One with more rows is no rarer than it should be; that it is small FB013 tells.
    is_unclear = ~is_rare & (rows < LEAST_RATIO * n * small_p)
    unlisted = max(0.0, 1.0 - float(p.sum()) - float(empty_p.sum()))
    return Crossing(
        tuple(parts),
        small_keys,
        rows,
        n * small_p,
        is_rare,
        is_unclear,
        possible,
        len(counts),
        untold=float(small_p[is_unclear].sum()) + (unlisted if unlisted > 1e-9 else 0.0),
    )


def _occurring(parts: Sequence[Feature]) -> tuple[tuple[Codes, ...], Codes]:
    """Codes of the combinations that occur, for each feature, and their rows."""
    codes, keys = parts[0].codes, (np.arange(len(parts[0].groups)),)
    for part in parts[1:]:
        size = len(part.groups)
        codes, pairs = pd.factorize(codes * size + part.codes)
        keys = (*(key[pairs // size] for key in keys), pairs % size)
    counts = np.bincount(codes, minlength=len(keys[0])).astype(np.int64)
    return tuple(key.astype(np.int64) for key in keys), counts


def _told_when_absent(n: int, limit: float) -> float:
    """Smallest expected share p at which having no row is news: (1 - LEAST_RATIO p)^n <= limit."""
    return -math.expm1(math.log(limit) / n) / LEAST_RATIO


def _absent(shares: Sequence[Values], keys: Sequence[Codes], least: float) -> tuple[tuple[Codes, ...], Values]:
    """Codes and expected shares of the combinations that do not occur though `least` of the rows are expected.

    A product of shares only falls with each factor, so that most of the table is never looked at.
    """
    p = np.ones(1)
    found: tuple[Codes, ...] = ()
    for share in shares:
        product = p[:, None] * share[None, :]
        rest, group = np.nonzero(product >= least)
        p, found = product[rest, group], (*(key[rest] for key in found), group.astype(np.int64))
    there = pd.MultiIndex.from_arrays(list(keys))
    absent = ~pd.MultiIndex.from_arrays(list(found)).isin(there) if len(p) else np.zeros(0, dtype=bool)
    return tuple(key[absent] for key in found), p[absent]


def rare_combinations(context: DataContext) -> Iterator[Outcome]:
    """FB005: name the combinations that are missing, or nearly so, though each of their parts is common."""
    singles = [feature for feature in context.features if not feature.is_intersection and len(feature.groups) > 1]
    names = tuple(feature.name for feature in singles)
    if not context.features:
        yield Outcome(Status.NOT_APPLICABLE, NO_FEATURE.format("their combinations are"), remedy=NAME_THEM)
    elif not context.config.intersections:
        words = "Combinations of the sensitive features are not assessed: `fairness.intersections` is false."
        yield Outcome(Status.NOT_APPLICABLE, words, Subject(names))
    elif len(singles) < 2:
        words = "Fewer than two sensitive features have two groups: there are no combinations."
        yield Outcome(Status.NOT_APPLICABLE, words, Subject(names))
    else:
        yield _judge(_cross_all(singles, context), names, context.config.min_group_size)


def _cross_all(singles: Sequence[Feature], context: DataContext) -> list[Crossing]:
    """Every pair of features, and all of them together."""
    sets = [*combinations(singles, 2), *([tuple(singles)] if len(singles) > 2 else [])]
    error = (1 - context.config.confidence) / len(sets)
    return [cross(parts, context.config.min_group_size, error) for parts in sets]


@dataclass(frozen=True, slots=True)
class _Named:
    feature: str
    group: str
    rows: int
    expected: float
    is_rare: bool

    def __str__(self) -> str:
        rows = f"fewer than {SMALLEST_CELL}" if self.rows < SMALLEST_CELL else f"{self.rows:,}"
        return f"{self.feature} = {self.group} ({rows} rows, about {about(round(self.expected))} expected)"


def _judge(crossings: list[Crossing], names: tuple[str, ...], least: int) -> Outcome:
    rare = sorted(_rare(crossings), key=lambda named: -named.expected)
    whole = crossings[-1]
    small = list(_named(whole, ~whole.is_rare & (whole.rows > 0)))
    all_of = " x ".join(part.name for part in whole.parts)
    occurring = (
        f"{whole.occurring:,} of {counted(whole.possible, 'possible combination')} of {all_of} occur, "
        f"{int((whole.rows > 0).sum()):,} of them in fewer than {least:,} rows (see FB013)."
    )
    untold = max(crossing.untold for crossing in crossings)
    status = Status.FAILED if rare else Status.INCONCLUSIVE if untold > MOST_LEFT_OUT else Status.PASSED
    remedy = {Status.FAILED: _LOOK, Status.INCONCLUSIVE: _MORE}.get(status, "")
    shown = [*rare, *sorted(small, key=lambda named: -named.expected)][:TABLE_ROWS]
    table = Table(
        ("feature", "group", "rows", "expected", "rare"),
        tuple((named.feature, named.group, named.rows, round(named.expected), named.is_rare) for named in shown),
    )
    evidence = Evidence("rare combinations", float(len(rare)), n=whole.possible, unit="groups", table=table)
    return Outcome(status, f"{_lead(status, rare, least, untold)} {occurring}", Subject(names), evidence, remedy)


def _lead(status: Status, rare: list[_Named], least: int, untold: float) -> str:
    if status is Status.FAILED:
        return (
            f"{counted(len(rare), 'combination')} of sensitive features {'has' if len(rare) == 1 else 'have'} fewer "
            f"than {least:,} rows, and less than {LEAST_RATIO:.0%} of what chance would make of the parts: "
            f"{listing([str(named) for named in rare])}."
        )
    if status is Status.PASSED:
        return (
            f"No combination of sensitive features surely has less than {LEAST_RATIO:.0%} of what chance would make "
            "of its parts."
        )
    return (
        "Whether combinations of sensitive features are lacking cannot be told: the rows are too few for those that "
        f"would have {percent(untold)} of them by chance."
    )


_LOOK = (
    "Find out whether such people cannot exist, were not asked, or were lost in a join or a filter. A model says "
    "something about them all the same: collect rows of them, or state that the model is not for them."
)
_MORE = "Collect more rows, or merge groups where that is meaningful."


def _rare(crossings: list[Crossing]) -> Iterator[_Named]:
    """The rare combinations of all crossings; of all features together those only that no rare pair explains.

    Who is unknown in one feature is often unknown in the other: such combinations say nothing of people.
    """
    pairs: set[frozenset[tuple[str, str]]] = set()
    for crossing in crossings:
        for named, members in zip(_named(crossing, crossing.is_rare), _members(crossing), strict=True):
            if any(group == MISSING_GROUP for _, group in members):
                continue
            if len(crossing.parts) == 2:
                pairs.add(members)
            elif any(frozenset(pair) in pairs for pair in combinations(members, 2)):
                continue
            yield named


def _members(crossing: Crossing) -> Iterator[frozenset[tuple[str, str]]]:
    for index in np.flatnonzero(crossing.is_rare).tolist():
        yield frozenset(
            (part.name, part.groups[key[index]]) for part, key in zip(crossing.parts, crossing.keys, strict=True)
        )


def _named(crossing: Crossing, mask: npt.NDArray[np.bool_]) -> Iterator[_Named]:
    feature = " x ".join(part.name for part in crossing.parts)
    for index in np.flatnonzero(mask).tolist():
        group = " x ".join(part.groups[key[index]] for part, key in zip(crossing.parts, crossing.keys, strict=True))
        yield _Named(
            feature, group, int(crossing.rows[index]), float(crossing.expected[index]), bool(crossing.is_rare[index])
        )
