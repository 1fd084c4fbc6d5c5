"""MH020: whether one column alone carries the predictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from assay.able import NETWORK
from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Subject, Table
from assay.health.attribution.shares import METHOD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.health.attribution.explained import Explained
    from assay.health.attribution.shares import Shares

    Figures = tuple[float, float, float]

# From this share on a column carries nearly everything: what all others add is then less than a quarter of it.
NEARLY_ALL = 0.8
# Predictions that are right nearly always, by one column more than by all others together, are more often a result of
# the label than a lucky find: there it takes less.
NEARLY_PERFECT = 0.95
MOST = 0.5
# What the numerical integration may miss of the scores on average.
MOST_INCOMPLETE = 0.05
TABLE_ROWS = 10
_KINDS = {"trees": "the boosted trees", NETWORK: "the networks"}
_ASK = (
    "Ask whether '{name}' is known, as it stands here, at the time when a prediction is due, and whether it means "
    "the same elsewhere; look at it in DQ017 and the leakage scans. If it is a result of the label or a mark of how "
    "the rows were collected, list it under `ignore`. If it is right, a rule on this one column may do."
)
_MORE_SIGNAL = "Add rows, of the rarest class first, or features that bear on the label."


def check_carrying(found: Explained) -> Iterator[Outcome]:
    """MH020: hold the share of each column, by two kinds of models, against nearly everything."""
    columns = found.sample.columns
    if len(columns) < 2:
        yield Outcome(Status.NOT_APPLICABLE, "The models see one feature: there is no other to carry the predictions.")
        return
    if (why := obstacle(found)) is not None:
        yield Outcome(Status.INCONCLUSIVE, why, Subject((found.dataset.roles.label,)), None, _MORE_SIGNAL)
        return
    shares, importances = found.shares, found.importances
    assert shares is not None
    assert importances is not None
    both = {
        name: (of, other)
        for name in columns
        if (of := shares.of(name)) is not None and (other := importances.of(name)) is not None
    }
    limit = MOST if 0.5 + importances.total_interval.low > NEARLY_PERFECT else NEARLY_ALL
    carrying = [name for name, pair in both.items() if all(low > limit for _, low, _ in pair)]
    perhaps = [name for name, pair in both.items() if all(high > limit for _, _, high in pair)]
    status = Status.FAILED if carrying else Status.INCONCLUSIVE if perhaps else Status.PASSED
    first = (carrying or perhaps or sorted(both, key=lambda name: -both[name][0][0]))[0]
    words = [_verdict(found, first, both[first], limit, status), *_beside(found, shares, importances)]
    remedy = {Status.FAILED: _ASK.format(name=first), Status.INCONCLUSIVE: "Add rows to know."}.get(status, "")
    yield Outcome(status, " ".join(words), Subject((first,)), _evidence(shares, importances, first, limit), remedy)


def obstacle(found: Explained) -> str | None:
    """Why nobody can say what carries the predictions; None where it can be said."""
    shares, importances = found.shares, found.importances
    if found.sample.incompleteness > MOST_INCOMPLETE:
        return (
            f"What carries the predictions cannot be told: the shares of the columns miss "
            f"{found.sample.incompleteness:.0%} of the scores by the numerical integration."
        )
    if shares is None or importances is None:
        return "What carries the predictions cannot be told: a class has fewer than 10 rows."
    limit = found.min_auc - 0.5
    if not (importances.total_interval.low > limit and shares.total_interval.low > 0):
        return (
            "What carries the predictions cannot be told: it is not certain that there is anything to carry (AUC of "
            f"{_KINDS[found.kind]} {0.5 + importances.total:.3f}, 95% interval from "
            f"{0.5 + importances.total_interval.low:.3f}; see MH001)."
        )
    return None


def _verdict(found: Explained, name: str, pair: tuple[Figures, Figures], limit: float, status: Status) -> str:
    share, importance = pair
    much = "nearly everything" if limit == NEARLY_ALL else "more than all other columns together"
    perfect = "" if limit == NEARLY_ALL else "The predictions are right nearly always. "
    verdict = {Status.FAILED: f"'{name}' carries {much}", Status.INCONCLUSIVE: f"'{name}' may carry {much}"}.get(
        status, f"No column alone carries {much}; first comes '{name}'"
    )
    return (
        f"{perfect}{verdict}: {_told(share)} of the distance between the mean scores of the classes comes through it "
        f"in the networks, and without it {_KINDS[found.kind]} lose {_told(importance)} of their AUC above 0.5 (joint "
        f"95% intervals, held against {limit:.0%})."
    )


def _told(figures: Figures) -> str:
    return f"{figures[0]:.0%} ({figures[1]:.0%} to {figures[2]:.0%})"


def _beside(found: Explained, shares: Shares, importances: Shares) -> Iterator[str]:
    if found.kind != NETWORK and (_contradicts(shares, importances) or _contradicts(importances, shares)):
        yield f"First comes '{_first(shares)}' in the networks, and '{_first(importances)}' in {_KINDS[found.kind]}."


def _contradicts(first: Shares, second: Shares) -> bool:
    """Whether the column that comes first in one kind of models certainly lies behind another in the other kind."""
    leader = second.of(_first(first))
    return leader is not None and bool((second.low > leader[2]).any())


def _first(shares: Shares) -> str:
    return shares.names[int(shares.value.argmax())]


def _evidence(shares: Shares, importances: Shares, name: str, limit: float) -> Evidence:
    value, low, high = shares.of(name) or (math.nan,) * 3
    ranked = sorted(shares.names, key=lambda each: -(shares.of(each) or (0.0,))[0])[:TABLE_ROWS]
    none = (None, None, None)
    return Evidence(
        f"share of the separation through '{name}'",
        value,
        Interval(low, high, 0.95, METHOD),
        n=shares.n,
        threshold=limit,
        unit="share",
        table=Table(
            ("column", "share", "low", "high", "importance", "importance_low", "importance_high"),
            tuple((each, *(shares.of(each) or none), *(importances.of(each) or none)) for each in ranked),
        ),
    )


CARRYING = Check("MH020", "Columns that carry the predictions", Severity.WARNING, check_carrying)
