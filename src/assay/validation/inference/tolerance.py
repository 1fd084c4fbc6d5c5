"""How many rows of a fresh sample may break a rule that the reference kept, or nearly kept, without an alarm."""

from __future__ import annotations

import math

from scipy import stats

# Jeffreys' prior: neither "never" nor "always" is taken for granted after n rows.
PRIOR = 0.5


def allowed_breaks(broken: int, n: int, fresh: int, alpha: float) -> int:
    """Largest number of breaking rows among `fresh` new ones that is no alarm.

    The rows of the reference and the fresh ones are exchangeable: after `broken` of `n`, the number among `fresh`
    new rows is beta-binomial with parameters (broken + 1/2, n - broken + 1/2). The result is its 1 - alpha quantile,
    so that one rule alarms on a fresh sample of the same source with probability at most `alpha`.

    Parameters
    ----------
    broken, n
        Rows of the reference that break the rule, and all that it applies to; 0 <= broken <= n.
    fresh
        Rows of the sample that will be judged.
    alpha
        In (0, 1): the share of false alarms that this one rule may have.

    Returns
    -------
    int
        In 0..fresh.
    """
    return int(stats.betabinom(fresh, broken + PRIOR, n - broken + PRIOR).ppf(1 - alpha))


def mostly(broken: int, n: int, fresh: int, alpha: float) -> float:
    """`mostly` of an expectation that allows `allowed_breaks` of `fresh` rows, rounded down to four digits."""
    share = allowed_breaks(broken, n, fresh, alpha) / fresh
    return max(0.0, math.floor((1 - share) * 10_000) / 10_000)
