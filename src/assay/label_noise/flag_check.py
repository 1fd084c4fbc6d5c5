"""LN005: whether removing the suspects would take more right labels from some group than from the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Evidence, Outcome, Status, Subject, Table
from assay.intervals import bonferroni, judge_upper, newcombe
from assay.label_noise.wording import MORE_SIGNAL, NO_FIGURES, NO_SIGNAL, count_of, listing, percent
from assay.small_cells import is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.findings import Interval
    from assay.label_noise.anchors import Share
    from assay.label_noise.judgement import Judgement

    Mask = npt.NDArray[np.bool_]

# A group with fewer rows is named and not judged; the default of `fairness.min_group_size`.
MIN_GROUP_ROWS = 50


@dataclass(frozen=True, slots=True)
class _Tally:
    """Flags among some rows.

    Attributes
    ----------
    rows, flagged
        Judged rows, and how many of them are suspect.
    right, right_flagged
        How many labels are expected to be right, and how many of these are suspect.
    wrong_at_most
        Upper limit of how many labels are wrong.
    """

    rows: int
    flagged: int
    right: float
    right_flagged: float
    wrong_at_most: float

    @property
    def expected(self) -> tuple[float, float]:
        """Flagged among right labels, as expected."""
        return self.right_flagged, self.right

    @property
    def at_least(self) -> tuple[float, float]:
        """Flagged among right labels, if as many of the flagged ones are wrong as there can be wrong labels."""
        return max(0.0, self.flagged - self.wrong_at_most), self.rows

    @property
    def at_most(self) -> tuple[float, float]:
        """Flagged among right labels, if all that are flagged are right."""
        return self.flagged, self.right - self.right_flagged + self.flagged

    @property
    def is_small(self) -> bool:
        """Whether the rate rests on too few people to be shown."""
        return is_small(round(self.right))

    @property
    def rate(self) -> float:
        """Expected share of the right labels that is flagged."""
        return self.right_flagged / self.right if self.right else np.nan

    def at(self, place: str) -> str:
        """Flagged right labels at a place, such as "elsewhere", in words."""
        flagged = round(self.right_flagged)
        # With the number of labels beside it, the share of a few would tell how many they are.
        share = "" if is_small(flagged) else f" ({percent(self.rate)})"
        return f"{shown_count(flagged)} of {shown_count(round(self.right))} {place}{share}"


@dataclass(frozen=True, slots=True)
class _Contrast:
    """A group against all other rows."""

    feature: str
    group: str
    inside: _Tally
    outside: _Tally
    interval: Interval | None

    @property
    def difference(self) -> float:
        return self.inside.rate - self.outside.rate

    @property
    def is_small(self) -> bool:
        """Whether either rate rests on too few people to be shown."""
        return self.inside.is_small or self.outside.is_small

    @property
    def name(self) -> str:
        return f"{self.feature} = {self.group}"


def check_flags(judgement: Judgement) -> Iterator[Outcome]:
    """Compare each group of each sensitive feature with all other rows; simultaneous over all of them."""
    features, tolerance = tuple(judgement.by_group), judgement.config.max_flag_difference
    subject = Subject(features)
    if not any(len(shares) > 1 for shares in judgement.by_group.values()):
        yield Outcome(Status.NOT_APPLICABLE, "There are no two groups of a sensitive feature to compare.", subject)
        return
    if not judgement.footing.has_signal:
        words = f"Whom removing wrong labels would hit cannot be told. {NO_SIGNAL}"
        yield Outcome(Status.INCONCLUSIVE, words, subject, remedy=MORE_SIGNAL)
        return
    if not judgement.suspect.any():
        words = "No label is suspect: removing the suspects would take nothing from any group."
        evidence = Evidence(_METRIC, 0.0, n=len(judgement.positions), threshold=tolerance, unit="share")
        yield Outcome(Status.PASSED, words, subject, evidence)
        return
    contrasts = _contrasts(judgement)
    # Only a group that is flagged more than elsewhere is named; the one that is flagged less is its mirror image.
    statuses = [judge_upper(contrast.interval, tolerance) for contrast in contrasts]
    table = _table(contrasts)
    for contrast, status in zip(contrasts, statuses, strict=True):
        if status is Status.FAILED:
            yield _failed(contrast, tolerance, table)
    undecided = [c for c, status in zip(contrasts, statuses, strict=True) if status is Status.INCONCLUSIVE]
    if undecided:
        yield _undecided(undecided, tolerance, table, subject)
    if all(status is Status.PASSED for status in statuses):
        yield _passed(contrasts, tolerance, table, subject)


def _contrasts(judgement: Judgement) -> list[_Contrast]:
    pairs = []
    for feature, shares in judgement.by_group.items():
        groups = judgement.dataset.groups[feature].to_numpy(dtype=object)[judgement.positions]
        members = [(group, share, groups == group) for group, share in shares.items()] if len(shares) > 1 else []
        pairs += [
            _Contrast(feature, group, _tally(judgement, inside, share), _tally(judgement, ~inside), None)
            for group, share, inside in members
        ]
    large = [pair for pair in pairs if pair.inside.rows >= MIN_GROUP_ROWS]
    confidence = bonferroni(0.95, len(large))
    return [replace(p, interval=_interval(p, confidence)) if p.inside.rows >= MIN_GROUP_ROWS else p for p in pairs]


def _tally(judgement: Judgement, members: Mask, share: Share | None = None) -> _Tally:
    right = 1 - judgement.wrong[members]
    flagged = judgement.suspect[members]
    expected = float(right.sum())
    # Sums of the same numbers in another order: the part may exceed the whole by its rounding.
    share_at_most = share.interval.high if share is not None and share.interval is not None else 1.0
    return _Tally(
        rows=len(right),
        flagged=int(flagged.sum()),
        right=expected,
        right_flagged=min(float(right[flagged].sum()), expected),
        wrong_at_most=share_at_most * len(right),
    )


def _interval(contrast: _Contrast, confidence: float) -> Interval | None:
    """Interval of the difference, as wide as what is known of the group's wrong labels makes it.

    The probabilities of single labels are off by group where one group is noisier than the others, or harder to
    predict. So the upper end lets all the group's flags be false, and all others true; the lower one lets as many of
    the group's flags be true as the upper limit of its wrong labels allows (`estimate_share`). Expected numbers of
    right labels count as if they had been counted: their terms are probabilities below one, so that their variance
    is smaller than a count's.
    """
    expected = newcombe(contrast.inside.expected, contrast.outside.expected, confidence)
    at_least = newcombe(contrast.inside.at_least, contrast.outside.expected, confidence)
    at_most = newcombe(contrast.inside.at_most, (0.0, contrast.outside.right), confidence)
    if expected is None or at_least is None or at_most is None:
        return None
    return replace(expected, low=min(expected.low, at_least.low), high=max(expected.high, at_most.high))


def _failed(contrast: _Contrast, tolerance: float, table: Table) -> Outcome:
    assert contrast.interval is not None
    words = (
        "By the probabilities that their labels are wrong, removing the suspects would take "
        f"{contrast.inside.at(f'right labels of {contrast.name}')}, against {contrast.outside.at('elsewhere')}: "
        f"{100 * contrast.difference:.1f} percentage points more (simultaneous 95% interval "
        f"{_points(contrast.interval)}), and more than the tolerated "
        f"{100 * tolerance:.1f}."
    )
    if contrast.is_small:
        words = (
            "By the probabilities that their labels are wrong, removing the suspects would take more right labels of "
            f"{contrast.name} than elsewhere, by more than the tolerated {100 * tolerance:.1f} percentage points "
            f"(simultaneous 95% interval). {NO_FIGURES}"
        )
    remedy = (
        "Do not remove the suspects of this group unseen: have a person confirm them. Where most are right, the "
        "features describe this group worse than the others."
    )
    subject = Subject((contrast.feature,), contrast.name)
    return Outcome(Status.FAILED, words, subject, _evidence(contrast, tolerance, table), remedy)


def _undecided(contrasts: list[_Contrast], tolerance: float, table: Table, subject: Subject) -> Outcome:
    names = [f"{c.name} ({_known(c)})" for c in contrasts]
    words = (
        f"Whether removing the suspects would take more right labels than elsewhere, by more than "
        f"{100 * tolerance:.1f} percentage points, cannot be told for {count_of(len(contrasts), 'group')}: "
        f"{listing(names)}. The upper ends hold even if all the group's suspects are right."
    )
    these = "this group" if len(contrasts) == 1 else "these groups"
    remedy = f"Have a person check a random sample of the suspects of {these} before any are removed."
    evidence = Evidence("groups not decided", float(len(contrasts)), n=len(table.rows), unit="groups", table=table)
    return Outcome(Status.INCONCLUSIVE, words, subject, evidence, remedy)


def _known(contrast: _Contrast) -> str:
    if contrast.interval is None:
        return f"fewer than {MIN_GROUP_ROWS} rows"
    return "too few rows to show figures" if contrast.is_small else f"{_points(contrast.interval)} points"


def _passed(contrasts: list[_Contrast], tolerance: float, table: Table, subject: Subject) -> Outcome:
    largest = max(contrasts, key=lambda contrast: contrast.difference)
    words = (
        f"Of none of {count_of(len(contrasts), 'group')} would removing the suspects take over {100 * tolerance:.1f} "
        f"percentage points more of the right labels than elsewhere (simultaneous 95% intervals), even if all the "
        "group's suspects are right."
    )
    if not largest.is_small:
        words += (
            f" The largest expected difference is {100 * largest.difference:.1f} points: "
            f"{largest.inside.at(f'right labels of {largest.name}')}, against {largest.outside.at('elsewhere')}."
        )
    return Outcome(Status.PASSED, words, subject, _evidence(largest, tolerance, table))


def _points(interval: Interval) -> str:
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


_METRIC = "difference in right labels that are flagged"


def _evidence(contrast: _Contrast, tolerance: float, table: Table) -> Evidence:
    return Evidence(
        metric=_METRIC,
        value=None if contrast.is_small else contrast.difference,
        interval=None if contrast.is_small else contrast.interval,
        n=contrast.inside.rows,
        threshold=tolerance,
        unit="share",
        table=table,
    )


def _table(contrasts: list[_Contrast]) -> Table:
    columns = ("feature", "group", "rows", "flagged", "flagged share", "right labels", "right and flagged")
    rows = [
        (
            c.feature,
            c.group,
            c.inside.rows,
            c.inside.flagged,
            # With the rows beside it, the share of a few would tell their number.
            None if is_small(c.inside.flagged) else c.inside.flagged / c.inside.rows,
            round(c.inside.right),
            round(c.inside.right_flagged),
            None if c.inside.is_small else c.inside.rate,
            None if c.outside.is_small else c.outside.rate,
            c.interval.low if c.interval and not c.is_small else None,
            c.interval.high if c.interval and not c.is_small else None,
        )
        for c in contrasts
    ]
    return Table((*columns, "share of right flagged", "elsewhere", "low", "high"), tuple(rows))
