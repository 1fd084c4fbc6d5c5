"""Whether a figure changed from one audit to another: by a test, where its sampling error is known.

The test takes the two figures to be independent. Where rows are in both audits, as in a table that grows, it sees
fewer changes than there are: its interval is then wider than it need be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.findings import Interval
from assay.intervals import normal_quantile, wilson

if TYPE_CHECKING:
    from assay.changes.record import Figure

WORSE, BETTER, CHANGED, SAME, NOT_COMPARABLE = "worse", "better", "changed", "same", "not comparable"

# Their figure must not fall below a threshold; of all others it must not exceed one.
_LOWER_IS_WORSE = frozenset({"DQ010", "DQ014", "MH001", "LN004"})
# Units of figures that count something bad, or measure how bad it is.
_HIGHER_IS_WORSE_UNITS = frozenset({"share", "rows", "groups", "classes", "AUC", "R2"})
# Not the mean of something that each row has: it falls with the number of rows alone.
_NO_PROPORTION = frozenset({"share of distinct values"})
# The interval of a distance between groups never says that it is below 0.
_DISTANCE = "difference"
_WILSON = "Wilson"
METHOD = "MOVER"
# Of a share times its n, far below one row.
_ROUNDING = 1e-4


@dataclass(frozen=True, slots=True)
class Movement:
    """What became of a figure.

    Attributes
    ----------
    verdict
        "worse", "better", "changed" (where neither side is worse), "same" (no change is shown, which does not show
        that there is none) or "not comparable".
    change
        The newer figure less the older one; None where it is not known.
    interval
        Of the change; None where nothing is tested, as between two exact numbers.
    why
        Why it is not comparable; else empty.
    """

    verdict: str
    change: float | None = None
    interval: Interval | None = None
    why: str = ""


def comparable(older: Figure | None, newer: Figure | None) -> str:
    """Why two figures cannot be compared; empty where they can."""
    if older is None or newer is None or older.value is None or newer.value is None:
        return "no figure in both"
    if (older.metric, older.unit) != (newer.metric, newer.unit):
        return "another figure"
    return ""


def other_groups(older: tuple[Figure | None, str], newer: tuple[Figure | None, str]) -> str:
    """Why two differences between groups that failed are not one; empty where they are.

    A difference has no sign: as large a one to the harm of another group is no less a finding. Of what did not fail
    the order of the groups is not shown, and may be chance.
    """
    (first, status), (second, status_now) = older, newer
    if first is None or second is None or (status, status_now) != ("failed", "failed"):
        return ""
    return "other groups at its ends" if first.between != second.between else ""


def is_tested(older: Figure | None, newer: Figure | None) -> bool:
    """Whether `compare_figures` would test, so that the comparison counts among those that are corrected."""
    if comparable(older, newer) or older is None or newer is None or _compare_counts(older, newer) is not None:
        return False
    first, second = _as_shares(older, newer)
    return _limits(first, 0.95) is not None and _limits(second, 0.95) is not None


def compare_figures(
    code: str,
    older: tuple[Figure | None, str],
    newer: tuple[Figure | None, str],
    confidence: float,
    *,
    same_data: bool = False,
) -> Movement:
    """Test whether a figure changed.

    The interval of the change follows from those of the two figures by MOVER: from l1, v1, u1 to l2, v2, u2 it is
    v2 - v1 - sqrt((v2 - l2)^2 + (u1 - v1)^2) to v2 - v1 + sqrt((u2 - v2)^2 + (v1 - l1)^2). Of two proportions that is
    Newcombe's hybrid score interval (1998, method 10,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I); see Zou and Donner 2008
    (doi:10.1111/j.1541-0420.2007.00936.x) for any others. Their limits are brought to `confidence` by the ratio of
    the normal quantiles. A distance between groups whose interval reaches 0 may be 0: the change is then at most the
    other's limit, as in `assay.fairness.stored.comparison`.

    A number of rows is compared as a share of all; the number of all rows as it is, for it has no sampling error. So
    is the number of rows that break what none may (a threshold of 0): one more is worse.

    Differences between groups that failed in both, with other groups at their ends, are not comparable.

    Parameters
    ----------
    code
        Of the check.
    older, newer
        The figure and the status of its finding.
    confidence
        Of the interval, in (0, 1): higher where many are compared.
    same_data
        Whether both are of the same rows: then they are not independent, and nothing is tested.
    """
    (first, status), (second, status_now) = older, newer
    if why := comparable(first, second) or other_groups(older, newer):
        return Movement(NOT_COMPARABLE, why=why)
    assert first is not None
    assert second is not None
    if not same_data and (exact := _compare_counts(first, second)) is not None:
        return exact
    first, second = _as_shares(first, second)
    assert first.value is not None
    assert second.value is not None
    change = second.value - first.value
    if math.isclose(first.value, second.value, rel_tol=1e-9, abs_tol=1e-12):
        return Movement(SAME, 0.0)
    if same_data:
        return Movement(NOT_COMPARABLE, change, why="not independent: the same data")
    sign = _sign(code, ((first, status), (second, status_now)))
    limits = _limits(first, confidence), _limits(second, confidence)
    if limits[0] is None or limits[1] is None:
        return _compare_exactly(change, sign, exact=_is_all_rows(first) and _is_all_rows(second))
    interval = _mover(first, second, limits[0], limits[1], confidence)
    verdict = SAME if interval.low <= 0 <= interval.high else _named(interval.low, sign)
    return Movement(verdict, change, interval)


def _compare_counts(older: Figure, newer: Figure) -> Movement | None:
    """Compare how many rows break what none may; None where some may, or they are estimated."""
    first, second = _broken(older), _broken(newer)
    if first is None or second is None or older.value is None or newer.value is None:
        return None
    verdict = SAME if abs(second - first) < _ROUNDING else _named(second - first, sign=1)
    return Movement(verdict, newer.value - older.value)


def _broken(figure: Figure) -> float | None:
    """Rows that break what none may."""
    if figure.threshold != 0 or figure.value is None or (figure.interval and figure.interval.method != _WILSON):
        return None
    if figure.unit == "rows":
        return figure.value
    counts = _counts(figure)
    return None if counts is None else counts[0]


def _is_all_rows(figure: Figure) -> bool:
    """Whether it is the number of all rows, which has no sampling error."""
    return figure.unit == "rows" and figure.value == figure.n


def _compare_exactly(change: float, sign: int, *, exact: bool) -> Movement:
    if not exact or sign == 0:
        return Movement(NOT_COMPARABLE, change, why="its sampling error is not known")
    return Movement(_named(change, sign), change)


def _named(change: float, sign: int) -> str:
    if sign == 0:
        return CHANGED
    return WORSE if (change > 0) == (sign > 0) else BETTER


def _sign(code: str, told: tuple[tuple[Figure, str], ...]) -> int:
    """1 where a higher figure is worse, -1 where a lower one is, 0 where that cannot be told.

    A figure that failed lies on the wrong side of its threshold, one that passed on the right side.
    """
    signs = set()
    for figure, status in told:
        if figure.threshold is not None and figure.value is not None and figure.value != figure.threshold:
            above = 1 if figure.value > figure.threshold else -1
            if status == "failed":
                signs.add(above)
            elif status == "passed":
                signs.add(-above)
    if signs:
        return signs.pop() if len(signs) == 1 else 0
    figure = told[0][0]
    if code in _LOWER_IS_WORSE or figure.unit == "ratio":
        return -1
    informs = all(status == "passed" and figure.threshold is None for figure, status in told)
    return 1 if figure.unit in _HIGHER_IS_WORSE_UNITS and not informs else 0


def _limits(figure: Figure, confidence: float) -> tuple[float, float] | None:
    """Limits of a figure; None where its sampling error is not known."""
    value, interval = figure.value, figure.interval
    assert value is not None
    if (interval is None or interval.method == _WILSON) and (counts := _counts(figure)) is not None:
        found = wilson(*counts, confidence)
        return None if found is None else (found.low, found.high)
    if interval is None or not interval.low <= value <= interval.high or interval.low == interval.high:
        return None
    scale = normal_quantile(confidence) / normal_quantile(interval.confidence)
    return value - scale * (value - interval.low), value + scale * (interval.high - value)


def _counts(figure: Figure) -> tuple[float, float] | None:
    """Successes and trials, where the figure is a proportion of rows."""
    value, n = figure.value, figure.n
    if value is None or n is None or n < 1 or figure.metric in _NO_PROPORTION or figure.metric.endswith(_DISTANCE):
        return None
    return (value * n, n) if figure.unit == "share" and 0 <= value <= 1 else None


def _as_shares(older: Figure, newer: Figure) -> tuple[Figure, Figure]:
    """Numbers of rows as shares of all; as many as there are is the number of all rows, and no share of them."""
    if any(figure.unit != "rows" or not 0 <= (figure.value or 0.0) < (figure.n or 0) for figure in (older, newer)):
        return older, newer
    return _as_share(older), _as_share(newer)


def _as_share(figure: Figure) -> Figure:
    value, n, threshold = figure.value or 0.0, figure.n or 1.0, figure.threshold
    told = {"value": value / n, "unit": "share", "threshold": None if threshold is None else threshold / n}
    return figure.model_copy(update=told)


def _mover(
    first: Figure, second: Figure, old: tuple[float, float], new: tuple[float, float], confidence: float
) -> Interval:
    assert first.value is not None
    assert second.value is not None
    change = second.value - first.value
    low = change - math.hypot(second.value - new[0], old[1] - first.value)
    high = change + math.hypot(new[1] - second.value, first.value - old[0])
    if first.metric.endswith(_DISTANCE):
        high = new[1] if old[0] <= 0 else high
        low = -old[1] if new[0] <= 0 else low
    return Interval(low, high, confidence, METHOD)
