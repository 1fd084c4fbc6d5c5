"""How many rows of a fresh sample may break a rule that the reference kept, or nearly kept, without an alarm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from scipy import stats

# Jeffreys' prior: neither "never" nor "always" is taken for granted after n rows.
PRIOR = 0.5
# A source is never quite the same twice. A share may change by half of what Cohen calls a small effect (h = 0.2), or
# by half of itself if that is less: without it, the tolerance of a million rows would alarm on every breath of wind.
DRIFT_H = 0.1
DRIFT_RATIO = 1.5
# A rule that lets more than this share of further rows break it catches nothing worth catching.
MAX_SLACK = 0.1


# The search for the quantile takes milliseconds, and most rules of a table ask the same.
@lru_cache(maxsize=4096)
def allowed_breaks(broken: int, n: int, fresh: int, alpha: float, fitted: int = 0) -> int:
    """Largest number of breaking rows among `fresh` new ones that is no alarm.

    The rows of the reference and the fresh ones are exchangeable. After `broken` of `n`, the number among `fresh` new
    rows of a rule that was there before the data is beta-binomial with parameters (broken + 1/2, n - broken + 1/2).
    A rule whose bounds `fitted` rows of the reference hold up, as the smallest and the largest hold up a range, is
    broken by new rows with parameters (broken + fitted, n + 1 - broken - fitted): for ranges between order statistics
    that is exact whatever the distribution (Wilks 1941, doi:10.1214/aoms/1177731788), with ties it is an upper bound.
    The result is the 1 - alpha quantile.

    Parameters
    ----------
    broken, n
        Rows of the reference that break the rule, and all that it applies to; 0 <= broken <= n.
    fresh
        Rows of the sample that will be judged.
    alpha
        In (0, 1): the share of false alarms that this one rule may have.
    fitted
        Rows of the reference that the rule's bounds rest on; 0 where the rule has none.

    Returns
    -------
    int
        In 0..fresh.
    """
    least = broken + (fitted or PRIOR)
    if least >= n + 1:
        return fresh
    # An order statistic is one of n + 1 gaps, as Jeffreys' prior adds one half on either side.
    return int(stats.betabinom.ppf(1 - alpha, fresh, least, n + 1 - least))


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What a batch will be forgiven.

    Attributes
    ----------
    fresh
        Rows of a batch that will be held against the suite.
    alpha
        In (0, 1): false alarms of one rule.
    """

    fresh: int
    alpha: float

    def of_present(self, present: int, n: int) -> Tolerance:
        """The same for the rows of a batch that have a value, where `present` of `n` had one: the fewest expected."""
        if present == n:
            return self
        return Tolerance(self.fresh - allowed_breaks(n - present, n, self.fresh, self.alpha), self.alpha)

    def share(self, broken: int, n: int, fitted: int = 0) -> float | None:
        """Share of breaking rows in [0, 1) that is no alarm, rounded up to two digits; None where it catches nothing.

        Never less than what the share in the reference may drift to; see `DRIFT_H`.
        """
        if n == 0 or self.fresh <= 0:
            return None
        seen = broken / n
        share = max(allowed_breaks(broken, n, self.fresh, self.alpha, fitted) / self.fresh, drifted(seen))
        share = _rounded_up(share)
        return share if share - seen <= MAX_SLACK and share < 1 else None


def drifted(share: float) -> float:
    """The largest share that still counts as the same as `share`; see `DRIFT_H`."""
    angle = min(math.asin(math.sqrt(share)) + DRIFT_H / 2, math.pi / 2)
    return min(DRIFT_RATIO * share, math.sin(angle) ** 2)


def mostly_of(share: float) -> float:
    """`mostly` of an expectation that tolerates a share of breaking rows."""
    return round(1 - share, 12)


def _rounded_up(share: float) -> float:
    """Two digits: easier to read, and the same for two samples of one source more often than not."""
    if share <= 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(share)) - 1)
    return min(1.0, float(f"{math.ceil(share / unit - 1e-9) * unit:.12g}"))
