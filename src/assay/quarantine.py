"""DQ036: whom dropping the quarantined rows would remove."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.fairness.simultaneous import cases_to_decide
from assay.fairness.wording import about, confidently, counted, listing, percent, points, points_between
from assay.findings import Action, Check, Evidence, Outcome, Severity, Status, Subject, Table, run_checks
from assay.intervals import bonferroni, judge_upper, newcombe
from assay.small_cells import SMALLEST_CELL, is_small, shown_count

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import numpy.typing as npt

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.findings import Finding, Interval

    Mask = npt.NDArray[np.bool_]

# A table of evidence is small; a label may have a thousand classes.
_TABLE_ROWS = 60
_WORST_FIRST = (Status.FAILED, Status.INCONCLUSIVE, Status.PASSED)


@dataclass(frozen=True, slots=True)
class _Question:
    dataset: Dataset
    findings: Sequence[Finding]
    waived: Collection[Finding]
    config: AuditConfig

    @property
    def tolerance(self) -> float:
        return self.config.validation.max_quarantine_difference


@dataclass(frozen=True, slots=True)
class _Tally:
    """How many of some rows are quarantined."""

    rows: int
    quarantined: int

    @property
    def rate(self) -> float:
        return self.quarantined / self.rows if self.rows else np.nan

    @property
    def counts(self) -> tuple[int, int]:
        return self.quarantined, self.rows

    def __str__(self) -> str:
        # With the number of rows beside it, the share of a few would tell how many they are.
        share = "" if is_small(self.quarantined) else f" ({percent(self.rate)})"
        return f"{shown_count(self.quarantined)} of {shown_count(self.rows)} rows{share}"


@dataclass(frozen=True, slots=True)
class _Contrast:
    """A group against all other rows; `source` is the check that quarantines most of the group's rows."""

    feature: str
    group: str
    inside: _Tally
    outside: _Tally
    source: str
    interval: Interval | None = None
    status: Status = Status.INCONCLUSIVE

    @property
    def difference(self) -> float:
        return self.inside.rate - self.outside.rate

    @property
    def name(self) -> str:
        return f"{self.feature} = {self.group}"

    @property
    def is_small(self) -> bool:
        """Whether the figures rest on too few people to be shown."""
        return any(map(is_small, (*self.inside.counts, self.outside.rows)))


def quarantine_effect(
    dataset: Dataset, findings: Sequence[Finding], waived: Collection[Finding], config: AuditConfig
) -> tuple[Finding, ...]:
    """DQ036: compare how often the rows of each group are quarantined with how often all other rows are.

    Parameters
    ----------
    dataset
        The N rows; the groups are those of each sensitive feature, and the classes of the label.
    findings
        Of all other checks: they say which rows to quarantine, as for `assay.ledger.split_rows`.
    waived
        Findings (the same objects) that a waiver excuses: their rows stay.
    config
        `validation.max_quarantine_difference` is the tolerated excess; `fairness.min_group_size` and
        `fairness.confidence` hold as in the other comparisons of groups.

    Returns
    -------
    tuple of Finding
        One for each group that fails, one for all groups that cannot be told, or one that passed.
    """
    return run_checks(CHECKS, _Question(dataset, findings, waived, config))


def compare_quarantine(question: _Question) -> Iterator[Outcome]:
    """Compare each group with all other rows; the intervals hold together."""
    by_check = _quarantined(question)
    quarantined = np.logical_or.reduce([np.zeros(len(question.dataset), dtype=bool), *by_check.values()])
    contrasts = _judge(list(_contrasts(question.dataset, quarantined, by_check)), question)
    features = tuple(dict.fromkeys(contrast.feature for contrast in contrasts))
    subject, tolerance = Subject(features), question.tolerance
    if not contrasts:
        words = "There are no two groups of a sensitive feature, and no two classes of the label, to compare."
        yield Outcome(Status.NOT_APPLICABLE, words, subject)
        return
    table = _table(contrasts)
    if not quarantined.any():
        words = "No row is quarantined: dropping the quarantined rows would remove nobody."
        evidence = Evidence(_METRIC, 0.0, n=len(quarantined), threshold=tolerance, unit="share")
        yield Outcome(Status.PASSED, words, subject, evidence)
        return
    confidence = question.config.fairness.confidence
    for contrast in contrasts:
        if contrast.status is Status.FAILED:
            yield _failed(contrast, tolerance, confidence, table)
    if any(contrast.status is Status.INCONCLUSIVE for contrast in contrasts):
        yield _undecided(contrasts, question, table, subject)
    if all(contrast.status is Status.PASSED for contrast in contrasts):
        yield _passed(contrasts, int(quarantined.sum()), question, table, subject)


CHECKS = (Check("DQ036", "Quarantine by group", Severity.WARNING, compare_quarantine),)


def _quarantined(question: _Question) -> dict[str, Mask]:
    """For each check, the rows that it quarantines."""
    excused = {id(finding) for finding in question.waived}
    by_check: dict[str, Mask] = {}
    for finding in question.findings:
        rows = finding.evidence.rows if finding.evidence is not None else None
        if rows is not None and rows.action is Action.QUARANTINE and id(finding) not in excused:
            mask = by_check.setdefault(finding.code, np.zeros(len(question.dataset), dtype=bool))
            mask[rows.positions] = True
    return by_check


def _contrasts(dataset: Dataset, quarantined: Mask, by_check: dict[str, Mask]) -> Iterator[_Contrast]:
    for feature, names, codes in _features(dataset):
        rows = _counts(codes, len(names), codes >= 0)
        out = _counts(codes, len(names), quarantined)
        if (rows > 0).sum() < 2:
            continue
        by_code = {code: _counts(codes, len(names), mask) for code, mask in by_check.items()}
        for group in np.flatnonzero(rows).tolist():
            inside = _Tally(int(rows[group]), int(out[group]))
            outside = _Tally(int(rows.sum()) - inside.rows, int(out.sum()) - inside.quarantined)
            source = max(by_code, key=lambda code: by_code[code][group], default="")
            yield _Contrast(feature, names[group], inside, outside, source)


def _counts(codes: npt.NDArray[np.int64], groups: int, mask: Mask) -> npt.NDArray[np.intp]:
    return np.bincount(codes[mask & (codes >= 0)], minlength=groups)


def _features(dataset: Dataset) -> Iterator[tuple[str, Sequence[str], npt.NDArray[np.int64]]]:
    """Name, groups and (N,) codes of each sensitive feature and of the label; -1 is no group."""
    for feature in dataset.groups.columns:
        codes, names = pd.factorize(dataset.groups[feature], sort=True)
        yield str(feature), [str(name) for name in names], codes.astype(np.int64)
    classes = dataset.labels.classes
    if dataset.target is not None:
        # The edges of the bins are values of the data, which a report does not show.
        classes = tuple(f"bin {number} of {len(classes)}, low to high" for number in range(1, len(classes) + 1))
    yield dataset.roles.label, classes, dataset.labels.codes


def _judge(contrasts: list[_Contrast], question: _Question) -> list[_Contrast]:
    least, tolerance = question.config.fairness.min_group_size, question.tolerance
    large = [min(c.inside.rows, c.outside.rows) >= least for c in contrasts]
    groups = Counter(contrast.feature for contrast in contrasts)
    compared = Counter(contrast.feature for contrast in compress(contrasts, large))
    # Of two groups, one interval is the other with its sign turned.
    comparisons = sum(1 if groups[feature] == 2 else count for feature, count in compared.items())
    confidence = bonferroni(question.config.fairness.confidence, comparisons)
    judged = []
    for contrast, is_large in zip(contrasts, large, strict=True):
        interval = newcombe(contrast.inside.counts, contrast.outside.counts, confidence) if is_large else None
        # Of a group without such a row nothing would be removed: no sample can change that.
        status = judge_upper(interval, tolerance) if contrast.inside.quarantined else Status.PASSED
        judged.append(replace(contrast, interval=interval, status=status))
    return judged


_METRIC = "difference in quarantined rows"
_REMEDY = (
    "Look at these rows before you drop them (`assay rows RUN --action quarantine`): repair what can be repaired, and "
    "waive what takes them where they are right. A model that is trained on the rest sees less of this group."
)


def _failed(contrast: _Contrast, tolerance: float, confidence: float, table: Table) -> Outcome:
    assert contrast.interval is not None
    words = (
        f"Dropping the quarantined rows would remove {contrast.inside} of {contrast.name}, against {contrast.outside} "
        f"elsewhere: {points(contrast.difference)} more (simultaneous {confidently(confidence)} "
        f"{points_between(contrast.interval.low, contrast.interval.high)}), and more than the tolerated "
        f"{points(tolerance)}."
    )
    if contrast.is_small:
        words = (
            f"Dropping the quarantined rows would remove more of {contrast.name} than of all other rows, by more than "
            f"the tolerated {points(tolerance)} (simultaneous {confidently(confidence)}). No figures are shown: they "
            f"would rest on fewer than {SMALLEST_CELL} rows."
        )
    words += f" Most of these rows are quarantined by {contrast.source}."
    subject = Subject((contrast.feature,), contrast.name)
    return Outcome(Status.FAILED, words, subject, _evidence(contrast, tolerance, table), _REMEDY)


def _undecided(contrasts: list[_Contrast], question: _Question, table: Table, subject: Subject) -> Outcome:
    undecided = [contrast for contrast in _worst_first(contrasts) if contrast.status is Status.INCONCLUSIVE]
    names = [f"{contrast.name} ({_known(contrast, question)})" for contrast in undecided]
    words = (
        "Whether dropping the quarantined rows would remove more than elsewhere, by more than "
        f"{points(question.tolerance)}, cannot be told for {counted(len(names), 'group')}: {listing(names)}."
    )
    evidence = Evidence("groups not decided", float(len(names)), n=len(contrasts), unit="groups", table=table)
    return Outcome(Status.INCONCLUSIVE, words, subject, evidence, _REMEDY)


def _known(contrast: _Contrast, question: _Question) -> str:
    if contrast.interval is None:
        return f"fewer than {question.config.fairness.min_group_size} rows in it or outside"
    if contrast.is_small:
        return "too few rows to show figures"
    confidence, rate = contrast.interval.confidence, contrast.inside.rate

    def is_decided(rows: int) -> bool:
        interval = newcombe((rate * rows, rows), contrast.outside.counts, confidence)
        return judge_upper(interval, question.tolerance) is not Status.INCONCLUSIVE

    needed = cases_to_decide(is_decided)
    would = f"; about {about(needed)} rows of it would decide" if needed is not None else ""
    return f"{points_between(contrast.interval.low, contrast.interval.high)}{would}"


def _passed(
    contrasts: list[_Contrast], quarantined: int, question: _Question, table: Table, subject: Subject
) -> Outcome:
    largest = max(contrasts, key=lambda contrast: contrast.difference)
    words = (
        f"Of none of {counted(len(contrasts), 'group')} would dropping the quarantined rows "
        f"({shown_count(quarantined)}) remove over {points(question.tolerance)} more than of all other rows "
        f"(simultaneous {confidently(question.config.fairness.confidence)}s)."
    )
    if not largest.is_small:
        words += (
            f" The largest difference is {points(largest.difference)}: {largest.inside} of {largest.name}, against "
            f"{largest.outside} elsewhere."
        )
    return Outcome(Status.PASSED, words, subject, _evidence(largest, question.tolerance, table))


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


def _worst_first(contrasts: list[_Contrast]) -> list[_Contrast]:
    return sorted(contrasts, key=lambda contrast: (_WORST_FIRST.index(contrast.status), -contrast.difference))


def _table(contrasts: list[_Contrast]) -> Table:
    rows = tuple(
        (
            c.feature,
            c.group,
            c.inside.rows,
            c.inside.quarantined,
            None if is_small(c.inside.quarantined) else c.inside.rate,
            None if is_small(c.outside.quarantined) else c.outside.rate,
            c.interval.low if c.interval and not c.is_small else None,
            c.interval.high if c.interval and not c.is_small else None,
        )
        for c in _worst_first(contrasts)[:_TABLE_ROWS]
    )
    columns = ("feature", "group", "rows", "quarantined", "quarantined share", "elsewhere", "low", "high")
    return Table(columns, rows)
