"""LN003: whether some group's labels are wrong more often than the others'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Evidence, Outcome, Status, Subject, Table
from assay.intervals import bonferroni, judge_upper, newcombe
from assay.label_noise.anchors import TOP
from assay.label_noise.wording import MORE_SIGNAL, NO_FIGURES, NO_SIGNAL, count_of, listing, people_of, percent
from assay.small_cells import is_small

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.findings import Interval
    from assay.label_noise.judgement import Judgement

# More than this many times a group's rows are not asked for: the difference lies too near its limit.
MOST_TIMES = 100


@dataclass(frozen=True, slots=True)
class _Contrast:
    """A group against all other rows: contradicted labels among the most confident tenth of each."""

    feature: str
    group: str
    rows: int
    confident: int
    rate: float
    rate_elsewhere: float
    elsewhere: tuple[int, int]
    interval: Interval | None

    @property
    def difference(self) -> float:
        return self.rate - self.rate_elsewhere

    @property
    def is_small(self) -> bool:
        """Whether a rate rests on too few people to be shown."""
        return is_small(self.confident) or is_small(self.elsewhere[1])

    @property
    def name(self) -> str:
        return f"{self.feature} = {self.group}"


def check_groups(judgement: Judgement) -> Iterator[Outcome]:
    """Compare each group of each sensitive feature with all other rows; simultaneous over all of them."""
    features = tuple(judgement.by_group)
    tolerance = judgement.config.max_group_difference
    comparable = sum(len(shares) for shares in judgement.by_group.values() if len(shares) > 1)
    if not comparable:
        words = "There are no two groups of a sensitive feature to compare."
        yield Outcome(Status.NOT_APPLICABLE, words, Subject(features))
        return
    if not judgement.footing.has_signal:
        words = f"Whether labels are wrong more often in some group cannot be told. {NO_SIGNAL}"
        yield Outcome(Status.INCONCLUSIVE, words, Subject(features), remedy=MORE_SIGNAL)
        return
    contrasts = list(_contrasts(judgement, bonferroni(0.95, comparable)))
    # Only a group with more wrong labels than elsewhere is named; the one with fewer is its mirror image.
    statuses = [judge_upper(contrast.interval, tolerance) for contrast in contrasts]
    table = _table(contrasts)
    for contrast, status in zip(contrasts, statuses, strict=True):
        if status is Status.FAILED:
            yield _failed(contrast, tolerance, table)
    undecided = [c for c, status in zip(contrasts, statuses, strict=True) if status is Status.INCONCLUSIVE]
    if undecided:
        yield _undecided(undecided, tolerance, table, features)
    if all(status is Status.PASSED for status in statuses):
        largest = max(contrasts, key=lambda contrast: contrast.difference)
        figure = (
            ""
            if largest.is_small
            else (f"; the largest difference is {100 * largest.difference:.1f} points ({largest.name})")
        )
        words = (
            f"In none of {count_of(len(contrasts), 'group')} are labels contradicted by more than "
            f"{100 * tolerance:.1f} percentage points more often than elsewhere (most confident rows, simultaneous "
            f"95% intervals){figure}."
        )
        evidence = _evidence(largest, tolerance, table)
        yield Outcome(Status.PASSED, words, Subject(features), evidence)


def _contrasts(judgement: Judgement, confidence: float) -> Iterator[_Contrast]:
    top = judgement.footing.rank < TOP
    contradicted = judgement.footing.contradicted[top]
    for feature, shares in judgement.by_group.items():
        if len(shares) < 2:
            continue
        groups = judgement.dataset.groups[feature].to_numpy(dtype=object)[judgement.positions[top]]
        for group, share in shares.items():
            members = groups == group
            inside = _tally(contradicted, members)
            outside = _tally(contradicted, ~members)
            yield _Contrast(
                feature=feature,
                group=group,
                rows=share.n,
                confident=inside[1],
                rate=inside[0] / inside[1] if inside[1] else np.nan,
                rate_elsewhere=outside[0] / outside[1] if outside[1] else np.nan,
                elsewhere=outside,
                interval=newcombe(inside, outside, confidence),
            )


def _tally(contradicted: npt.NDArray[np.bool_], members: npt.NDArray[np.bool_]) -> tuple[int, int]:
    return int((contradicted & members).sum()), int(members.sum())


def _failed(contrast: _Contrast, tolerance: float, table: Table) -> Outcome:
    assert contrast.interval is not None
    words = (
        f"Among the rows about which the model is most confident, {percent(contrast.rate)} of the labels of "
        f"{contrast.name} contradict it, against {percent(contrast.rate_elsewhere)} elsewhere: a difference of "
        f"{100 * contrast.difference:.1f} percentage points (simultaneous 95% interval "
        f"{100 * contrast.interval.low:.1f} to {100 * contrast.interval.high:.1f}), more than the tolerated "
        f"{100 * tolerance:.1f}."
    )
    if contrast.is_small:
        words = (
            f"Among the rows about which the model is most confident, the labels of {contrast.name} contradict it "
            f"more often than those elsewhere, by more than the tolerated {100 * tolerance:.1f} percentage points "
            f"(simultaneous 95% interval). {NO_FIGURES}"
        )
    remedy = (
        "Have a person check labels of this group and how they were assigned; where they are right, the features "
        "describe this group worse than the others."
    )
    subject = Subject((contrast.feature,), contrast.name)
    return Outcome(Status.FAILED, words, subject, _evidence(contrast, tolerance, table), remedy)


def _undecided(contrasts: list[_Contrast], tolerance: float, table: Table, features: tuple[str, ...]) -> Outcome:
    names = [f"{c.name} ({people_of(c.rows)}{_needed(c, tolerance)})" for c in contrasts]
    words = (
        f"Whether labels are wrong more often than elsewhere, by more than {100 * tolerance:.1f} percentage points, "
        f"cannot be told for {count_of(len(contrasts), 'group')}: {listing(names)}."
    )
    these = "this group" if len(contrasts) == 1 else "these groups"
    remedy = f"Add rows of {these}, or have a random sample of the labels there checked by a person."
    evidence = Evidence("groups not decided", float(len(contrasts)), n=len(table.rows), unit="groups", table=table)
    return Outcome(Status.INCONCLUSIVE, words, Subject(features), evidence, remedy)


def _needed(contrast: _Contrast, tolerance: float) -> str:
    """Rows of the group at which the interval would clear the tolerance, were all rates to stay as they are."""
    if contrast.interval is None or contrast.is_small:
        return ""
    confidence = contrast.interval.confidence

    def decides(rows: int) -> bool:
        confident = rows * contrast.confident / contrast.rows
        interval = newcombe((contrast.rate * confident, confident), contrast.elsewhere, confidence)
        return judge_upper(interval, tolerance) is not Status.INCONCLUSIVE

    too_few, enough = contrast.rows, MOST_TIMES * contrast.rows
    if not decides(enough):
        return ""
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if decides(middle) else (middle, enough)
    return f", about {_two_digits(enough):,} would decide"


def _two_digits(rows: int) -> int:
    """Rounded up to two significant digits: the figure is no more exact than that."""
    step = int(10 ** max(0, len(str(rows)) - 2))
    return -(-rows // step) * step


def _evidence(contrast: _Contrast, tolerance: float, table: Table) -> Evidence:
    return Evidence(
        metric="difference in contradicted labels, most confident tenth",
        value=None if contrast.is_small else contrast.difference,
        interval=None if contrast.is_small else contrast.interval,
        n=contrast.confident,
        threshold=tolerance,
        unit="share",
        table=table,
    )


def _table(contrasts: list[_Contrast]) -> Table:
    def known(value: float) -> float | None:
        return None if np.isnan(value) else value

    return Table(
        ("feature", "group", "rows", "confident rows", "contradicted", "contradicted elsewhere", "low", "high"),
        tuple(
            (
                c.feature,
                c.group,
                c.rows,
                c.confident,
                known(c.rate),
                None if is_small(c.elsewhere[1]) else known(c.rate_elsewhere),
                c.interval.low if c.interval and not c.is_small else None,
                c.interval.high if c.interval and not c.is_small else None,
            )
            for c in contrasts
        ),
    )
