"""The probability that two rows are of the same thing (Fellegi and Sunter 1969), estimated without labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.intervals import wilson
from assay.records.agreement import AGREEING, LEVELS, Level, compare
from assay.records.chance import conflict, estimate_chance

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.records.blocking import Candidates
    from assay.records.chance import Chance
    from assay.records.fields import Field

# How often two records of one thing agree in a column, by level, before the data are asked: most values are right.
PRIOR_MATCH = np.asarray([0.0, 0.79, 0.01, 0.09, 0.04, 0.02, 0.05])
# Matches that the prior counts for, and the same as a share of the matches: what the data say is bent towards it,
# so that pairs that differ in the most telling column cannot talk the model into taking more of them.
PRIOR_STRENGTH = 20.0
PRIOR_SHARE = 0.5
# Two records of one thing do not differ oftener than this, by level.
MOST = np.asarray([1.0, 1.0, 0.2, 0.5, 0.3, 0.05, 0.2])
# Share of the information that may differ in the pairs from which the estimation starts.
START_CONFLICT = 0.12
# Where this share of the matches differs in a column, the column tells apart what shares the rest.
TELLS_APART = 0.5
# Rows that agree in the other part of the information may be one record with values changed since, or two.
MOST_CHANGED = 1 / 3
# No agreement elsewhere outweighs a difference in such a column.
APART = 1e-200
ROUNDS = 50
TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Linkage:
    """The estimated model of F fields, and what it says of P candidates.

    Attributes
    ----------
    match
        (F, LEVELS) probability of each level of agreement in two records of one thing.
    chance
        The same for two rows of different things.
    prior
        Share of all pairs of rows that are matches, in (0, 1).
    apart
        Names of columns in which rows that agree in the rest differ as a rule: they tell those rows apart. Not those
        of which that was said beforehand.
    candidates
        (P,) probability that each candidate is a match.
    ruled_out
        (P,) the same if the columns of `apart` do not tell rows apart; 0 where it makes no difference.
    """

    fields: Sequence[Field]
    match: npt.NDArray[np.float64]
    chance: Chance
    prior: float
    apart: tuple[str, ...]
    candidates: npt.NDArray[np.float64]
    ruled_out: npt.NDArray[np.float64]

    def probability(self, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """(P,) probability that the rows at `first` and `second` are of the same thing."""
        levels = compare(self.fields, first, second)
        against = self.chance.log_probability(self.fields, first, second, levels).sum(axis=1)
        return _probability(levels, against, self.match, self.prior)


def link(fields: Sequence[Field], candidates: Candidates, tell_apart: Sequence[str] = ()) -> Linkage:
    """Estimate the model by expectation maximisation.

    Chance is estimated first, from pairs that are no candidates as such, and stays as it is. The estimation of the
    matches starts from candidates that hardly differ. It starts again where a column turns out to tell rows apart:
    pairs that differ there are no matches then; of the fields named in `tell_apart` that is known. The prior is a
    share of *all* pairs of rows: a pair that is no candidate is no match.
    """
    chance = estimate_chance(fields)
    levels = compare(fields, candidates.first, candidates.second)
    against = chance.log_probability(fields, candidates.first, candidates.second, levels).sum(axis=1)
    n = len(fields[0].codes)
    pairs = n * (n - 1) / 2
    bits = np.asarray([field.bits for field in fields])
    alike = (conflict(fields, levels) <= START_CONFLICT) & (np.isin(levels, AGREEING) @ bits >= np.log2(pairs))
    said = np.asarray([field.name in tell_apart for field in fields], dtype=bool)
    apart, ruled_out = said, np.zeros(len(levels))
    while True:
        start = alike & ~_differ(levels, apart)
        match, prior, probability = _maximise(levels, against, start.astype(np.float64), apart, pairs)
        observed = _observed(levels, probability)
        found = _differ_as_a_rule(observed) & ~apart
        if not found.any():
            break
        apart = apart | found
        ruled_out = np.maximum(ruled_out, np.where(_differ(levels, found), probability, 0.0))
    could_be = (conflict(fields, levels) <= MOST_CHANGED) & ~_differ(levels, said) & (probability < 0.5)
    unjudged = _if_nothing_hung_together(fields, candidates, chance, levels, could_be)
    differing = _differing(_observed(levels, unjudged)) > TELLS_APART
    ruled_out = np.maximum(ruled_out, unjudged)
    listed = (apart | (differing & (unjudged.sum() > 0.5))) & ~said
    names = tuple(field.name for field, is_listed in zip(fields, listed, strict=True) if is_listed)
    return Linkage(fields, match, chance, prior, names, probability, ruled_out)


def _if_nothing_hung_together(
    fields: Sequence[Field],
    candidates: Candidates,
    chance: Chance,
    levels: npt.NDArray[np.int8],
    could_be: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    """(P,) probability of the pairs that `could_be` matches, were one match to be expected, and no more known.

    Rows of one person that differ in two columns may be a record that was changed there, or two visits: both look as
    if all columns of the person hung together.
    """
    found = np.zeros(len(levels))
    rows = np.flatnonzero(could_be)
    if len(rows):
        first, second, n = candidates.first[rows], candidates.second[rows], len(fields[0].codes)
        against = chance.log_probability(fields, first, second, levels[rows], hanging=False).sum(axis=1)
        match = np.broadcast_to(PRIOR_MATCH, (len(fields), LEVELS))
        found[rows] = _probability(levels[rows], against, match, 2 / (n * (n - 1) + 2))
    return found


def _differing(observed: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(F,) share of the matches that differ in each column."""
    return np.asarray(observed[:, Level.KNOWN :].sum(axis=1) / np.maximum(observed.sum(axis=1), 1e-9))


def _differ_as_a_rule(observed: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """(F,) whether credibly more than `TELLS_APART` of the matches differ in a column, by Wilson's lower limit.

    One pair that differs is no rule: it may be the one record that was changed there.
    """
    known = observed.sum(axis=1)
    limits = [wilson(share * n, n) for share, n in zip(_differing(observed), known, strict=True)]
    return np.array([limit is not None and limit.low > TELLS_APART for limit in limits], dtype=bool)


def _differ(levels: npt.NDArray[np.int8], apart: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.asarray((levels[:, apart] >= Level.CLOSE).any(axis=1))


def _maximise(
    levels: npt.NDArray[np.int8],
    against: npt.NDArray[np.float32],
    probability: npt.NDArray[np.float64],
    apart: npt.NDArray[np.bool_],
    pairs: float,
) -> tuple[npt.NDArray[np.float64], float, npt.NDArray[np.float64]]:
    for _ in range(ROUNDS):
        before = float(probability.sum())
        match = _agreement_of_matches(_observed(levels, probability), apart)
        prior = (before + 0.5) / (pairs + 1)
        probability = _probability(levels, against, match, prior)
        if abs(float(probability.sum()) - before) <= TOLERANCE * max(1.0, before):
            break
    return match, prior, probability


def _observed(levels: npt.NDArray[np.int8], probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(F, LEVELS) expected numbers of matches at each level; missing values are not counted."""
    # Most candidates are certainly no matches.
    some = np.flatnonzero(probability > 1e-6)
    levels, probability = levels[some], probability[some]
    counts = np.asarray([np.bincount(column, weights=probability, minlength=LEVELS) for column in levels.T])
    counts[:, Level.MISSING] = 0
    return counts


def _agreement_of_matches(observed: npt.NDArray[np.float64], apart: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    total = observed.sum(axis=1, keepdims=True)
    strength = PRIOR_STRENGTH + PRIOR_SHARE * total
    match = np.minimum((observed + strength * PRIOR_MATCH) / (total + strength), MOST)
    match[apart, Level.CLOSE :] = APART
    return np.asarray(match)


def _probability(
    levels: npt.NDArray[np.int8],
    against: npt.NDArray[np.float32],
    match: npt.NDArray[np.float64],
    prior: float,
) -> npt.NDArray[np.float64]:
    log_match = np.log(np.maximum(match, 1e-300))
    log_match[:, Level.MISSING] = 0
    odds = np.log(prior) - np.log1p(-prior) - against.astype(np.float64)
    for place, column in enumerate(levels.T):
        odds += log_match[place][column]
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))
