"""When a relation is more than chance: what would break it if the columns were independent of each other.

Every relation is held against the same two questions. Would independent columns of the same values break it often,
and did these break it at most a tenth as often (`MAX_RATIO`)? And would so few breaks be an accident in less than one
search of a hundred (`SEARCH_ALPHA`), all candidates of the search counted (Bonferroni)? A relation that chance hardly
ever breaks, such as "age is at most income", says nothing and fails the first question.
"""

from __future__ import annotations

# Share of searches of independent columns in which a relation of one kind may turn up.
SEARCH_ALPHA = 0.01
# Observed breaks against those of independent columns: the rest is noise in a relation that holds.
MAX_RATIO = 0.1
# Below this many breaks by chance nothing was put to the test.
MIN_BY_CHANCE = 20.0


def beyond_chance(broken: int, trials: int, chance: float, candidates: int) -> bool:
    """Whether `broken` of `trials` is far less than independent columns would break.

    Parameters
    ----------
    broken
        Breaks observed.
    trials
        Rows, or comparisons of rows, that could have broken the relation.
    chance
        In [0, 1]: the probability that one of them breaks it if the columns are independent.
    candidates
        Relations that the search looked at; at least 1.
    """
    expected = chance * trials
    if expected < MIN_BY_CHANCE or broken > MAX_RATIO * expected:
        return False
    return accident(broken, trials, chance) * candidates <= SEARCH_ALPHA


def accident(broken: int, trials: int, chance: float) -> float:
    """Probability of at most `broken` of `trials` independent breaks, each of probability `chance`."""
    from scipy import stats

    return float(stats.binom.cdf(broken, trials, min(1.0, max(0.0, chance))))
