"""MH021: which columns carry the gaps of the mean score between groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Check, Evidence, Interval, Outcome, Severity, Status, Subject, Table
from assay.health.attribution.carrying import MOST_INCOMPLETE, obstacle
from assay.health.attribution.shares import OTHERS
from assay.small_cells import SMALLEST_CELL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.health.attribution.explained import Explained
    from assay.health.attribution.gaps import Gaps

# Odds of 3 to 2 in place of 1 to 1: next to even odds that is ten points of probability, as much as
# `fairness.tolerance` tolerates by default.
TOLERATED = 0.4
# Where scores lie far apart, a gap of 0.4 is little: by Cohen's convention a fifth of the standard deviation is small
# (Cohen 1988, ISBN 978-0-8058-0283-2).
TOLERATED_DEVIATIONS = 0.2
# A column is named from this part of the gap on, and from so many log odds on.
MATERIAL_PART = 0.1
MATERIAL = 0.1
# With more rows than this in groups that were not compared, nothing passes.
MOST_LEFT_OUT = 0.05
NAMED = 3
GROUPS_NAMED = 3
TABLE_ROWS = 12
METHOD = "studentised, permutation max-T"
_PROXY = (
    "Ask of each named column whether the difference that it carries bears on what is predicted, or stands in for the "
    "group; FB007 says how well it tells the groups apart. Train with and without it and compare FB010 and FB011."
)
_DIRECT = (
    "Leave the sensitive column out of the features unless the law and the purpose allow its use, and look at this "
    "check again: other columns may take its part over."
)
_MORE_ROWS = "Collect more rows of the groups concerned to know."


@dataclass(frozen=True, slots=True)
class _Gap:
    """One group's gap: its place among all, whether it is too large, whether it may be, and who carries it."""

    at: int
    too_large: bool
    open: bool
    carriers: tuple[int, ...]


def check_behind(found: Explained) -> Iterator[Outcome]:
    """MH021: for each sensitive feature, whether a group's mean score lies apart, and through which columns."""
    features = [str(name) for name in found.dataset.groups.columns]
    if not features:
        yield Outcome(Status.NOT_APPLICABLE, "No sensitive feature is configured: there are no groups to compare.")
        return
    sources = dict(zip(features, found.dataset.roles.group_columns, strict=False))
    for feature in features:
        subject = Subject((sources.get(feature, feature),))
        if found.target is None:
            words = (
                "The label has more than two classes and none is positive, so that there is no score to compare. Set "
                "`positive` to the favourable class."
            )
            yield Outcome(Status.NOT_APPLICABLE, words, subject)
        else:
            yield _outcome(found, feature, subject)


def _outcome(found: Explained, feature: str, subject: Subject) -> Outcome:
    gaps = found.gaps
    mine = [] if gaps is None else [at for at, name in enumerate(gaps.feature) if name == feature]
    if found.sample.incompleteness > MOST_INCOMPLETE:
        why = f"The shares of the columns miss {found.sample.incompleteness:.0%} of the scores: nothing can be told."
        return Outcome(Status.INCONCLUSIVE, why, subject)
    if gaps is None or not mine:
        few = f"Fewer than two groups of {feature} have {SMALLEST_CELL} rows or more that were looked at."
        return Outcome(Status.INCONCLUSIVE, few, subject, None, _MORE_ROWS)
    source = subject.columns[0]
    judged = [_judge(gaps, at) for at in mine]
    bad = [gap for gap in judged if gap.carriers]
    doubts = list(_doubts(found, gaps, feature))
    unclear = doubts or any(gap.open or gap.too_large for gap in judged)
    status = Status.FAILED if bad else Status.INCONCLUSIVE if unclear else Status.PASSED
    told = bad or [gap for gap in judged if gap.too_large] or [gap for gap in judged if gap.open] or judged
    first, *more = sorted(told, key=lambda gap: -_reach(gaps, gap))
    words = [_gap_words(found, gaps, first, status), *_more_words(found, gaps, more if bad else [])]
    words += [*_carrier_words(gaps, first, source), *doubts]
    names = {gaps.columns[c] for gap in bad for c in gap.carriers}
    remedies = {
        Status.FAILED: [_PROXY] * bool(names - {source}) + [_DIRECT] * (source in names),
        Status.INCONCLUSIVE: [_MORE_ROWS],
    }
    carriers = tuple(gaps.columns[c] for c in first.carriers if gaps.columns[c] not in {source, OTHERS})
    subject = Subject((source, *carriers), f"{feature} = {gaps.group[first.at]}" if bad else None)
    return Outcome(status, " ".join(words), subject, _evidence(gaps, first), " ".join(remedies.get(status, [])))


def _doubts(found: Explained, gaps: Gaps, feature: str) -> Iterator[str]:
    """Why nothing can pass, in words."""
    if obstacle(found) is not None:
        yield "It is not certain that the models learned anything (see MH020): nothing can pass."
    sizes = found.dataset.groups[feature].iloc[found.sample.rows].value_counts()
    compared = {group for name, group in zip(gaps.feature, gaps.group, strict=True) if name == feature}
    out = sum(int(n) for name, n in sizes.items() if name not in compared)
    # Of two groups one stands for both.
    if len(sizes) > 2 and out > MOST_LEFT_OUT * len(found.sample.rows):
        yield f"More than {MOST_LEFT_OUT:.0%} of the rows are in groups too small to be compared: nothing can pass."


def tolerated(gaps: Gaps) -> float:
    """Largest gap of a mean score that is tolerated, in log odds."""
    return max(TOLERATED, TOLERATED_DEVIATIONS * gaps.spread)


def _judge(gaps: Gaps, at: int) -> _Gap:
    limit, low, high = tolerated(gaps), float(gaps.low[at, -1]), float(gaps.high[at, -1])
    too_large = low > limit or high < -limit
    carriers: tuple[int, ...] = ()
    if too_large:
        least = max(MATERIAL, MATERIAL_PART * abs(float(gaps.value[at, -1])))
        # Towards the gap, the nearer limit of each column.
        nearer = gaps.low[at, :-1] if low > 0 else -gaps.high[at, :-1]
        value = np.abs(gaps.value[at, :-1])
        carriers = tuple(sorted(np.flatnonzero(nearer > least).tolist(), key=lambda c: -value[c]))
    return _Gap(at, too_large, not too_large and (low < -limit or high > limit), carriers)


def _reach(gaps: Gaps, gap: _Gap) -> float:
    """How far a gap certainly goes where it is too large, and how far it may go where it is not."""
    low, high = float(gaps.low[gap.at, -1]), float(gaps.high[gap.at, -1])
    return max(low, -high) if gap.too_large else max(-low, high)


def _gap_words(found: Explained, gaps: Gaps, gap: _Gap, status: Status) -> str:
    value, low, high = (float(of[gap.at, -1]) for of in (gaps.value, gaps.low, gaps.high))
    verdict = {Status.PASSED: "within", Status.FAILED: "beyond"}.get(
        status, "beyond" if gap.too_large else "perhaps beyond" if gap.open else "within"
    )
    points = 100 * _points(found, gaps, gap)
    limit = tolerated(gaps)
    why = "odds of 3 to 2" if limit == TOLERATED else "a fifth of the standard deviation of all scores"
    return (
        f"{_name(gaps, gap)}: the mean predicted probability of '{found.target}' is {abs(points):.1f} percentage "
        f"points {'higher' if points > 0 else 'lower'} than in all other rows. In log odds the gap is {value:.2f} "
        f"(joint 95% interval {low:.2f} to {high:.2f}), {verdict} the tolerated {limit:.2f} ({why})."
    )


def _more_words(found: Explained, gaps: Gaps, more: Sequence[_Gap]) -> Iterator[str]:
    """The other groups that lie too far apart, the surest first."""
    if more:
        told = [f"{_name(gaps, gap)} ({100 * _points(found, gaps, gap):+.1f} points)" for gap in more]
        left = f" and {len(more) - GROUPS_NAMED + 1:,} more" if len(more) >= GROUPS_NAMED else ""
        yield f"Beyond it too: {', '.join(told[: GROUPS_NAMED - 1])}{left}."


def _name(gaps: Gaps, gap: _Gap) -> str:
    return f"{gaps.feature[gap.at]} = {gaps.group[gap.at]}"


def _points(found: Explained, gaps: Gaps, gap: _Gap) -> float:
    return found.probabilities[gaps.feature[gap.at], gaps.group[gap.at]]


def _carrier_words(gaps: Gaps, gap: _Gap, source: str) -> Iterator[str]:
    if not gap.too_large:
        return
    whole = float(gaps.value[gap.at, -1])

    def part(c: int) -> str:
        return f"{gaps.value[gap.at, c]:.2f} ({gaps.value[gap.at, c] / whole:.0%})"

    others = [c for c in gap.carriers if gaps.columns[c] != source]
    if others:
        shown = ", ".join(f"'{gaps.columns[c]}' {part(c)}" for c in others[:NAMED])
        more = f" and {len(others) - NAMED:,} more" if len(others) > NAMED else ""
        yield f"Columns that carry it: {shown}{more}."
    if source in gaps.columns:
        at = gaps.columns.index(source)
        yield f"The sensitive column '{source}' itself carries {part(at)}" + (
            "." if at in gap.carriers else ", which is not certain to be material."
        )
    if not gap.carriers:
        yield "It is spread over columns of which none is certain to carry a tenth of it."


def _evidence(gaps: Gaps, gap: _Gap) -> Evidence:
    order = np.argsort(-np.abs(gaps.value[gap.at, :-1]), kind="stable")[: TABLE_ROWS - 1].tolist()
    figures = (gaps.value, gaps.low, gaps.high, gaps.p_value)
    value, low, high = (float(of[gap.at, -1]) for of in figures[:3])
    return Evidence(
        "gap of the mean score",
        value,
        Interval(low, high, 0.95, METHOD),
        n=int(gaps.n[gap.at]),
        threshold=tolerated(gaps),
        unit="log odds",
        table=Table(
            ("column", "contribution", "low", "high", "p_value"),
            tuple(
                (name, *(float(of[gap.at, c]) for of in figures))
                for name, c in [("(the whole gap)", -1), *((gaps.columns[c], c) for c in order)]
            ),
        ),
        between=(gaps.group[gap.at],),
    )


BEHIND = Check("MH021", "Columns behind the gaps between groups", Severity.WARNING, check_behind)
