"""Whether findings show what was planted: the right check, at the right place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.findings import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from assay.findings import Finding
    from assay.self_testing.truth import Truth

# A defect of rows is seen by them where so many are named: a person who looks at them finds the cause.
ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Sight:
    """One way in which a defect may be seen.

    Attributes
    ----------
    code
        The check.
    by_rows
        Whether its rows must name `ENOUGH` of the planted ones; else it must fail.
    located
        Whether it must name the planted columns and group.
    """

    code: str
    by_rows: bool = False
    located: bool = True

    @property
    def name(self) -> str:
        """As the table has it."""
        return f"{self.code} (rows)" if self.by_rows else self.code


@dataclass(frozen=True, slots=True)
class Seen:
    """What a sight showed of one planting.

    Attributes
    ----------
    found
        In the changed rows, and not in the control.
    alarm
        In the control.
    passed
        Whether it was not found, and the check passed on the changed rows: worse than not to know.
    recall
        Share of the planted rows that are named, and were not in the control; None where rows are not looked at.
    precision
        Share of the rows that are named now, and were not in the control, that were planted; None where there are
        none, or rows are not looked at.
    """

    found: bool
    alarm: bool
    passed: bool = False
    recall: float | None = None
    precision: float | None = None


def compare(sight: Sight, truth: Truth, after: Sequence[Finding], before: Sequence[Finding]) -> Seen:
    """Hold the findings on changed rows against those on the control."""
    now, then = (tuple(_of_truth(sight, truth, found)) for found in (after, before))
    if not sight.by_rows:
        alarm = _fails(then)
        return Seen(_fails(now) and not alarm, alarm, _passes(sight, after))
    known = _rows(then)
    named = np.setdiff1d(_rows(now), known)
    hits = int(np.isin(truth.rows, named).sum())
    alarm = bool(np.isin(truth.rows, known).mean() >= ENOUGH)
    recall = hits / len(truth.rows)
    precision = hits / len(named) if len(named) else None
    found = recall >= ENOUGH and not alarm
    return Seen(found, alarm, _passes(sight, after) and not found, recall, precision)


def _of_truth(sight: Sight, truth: Truth, findings: Iterable[Finding]) -> Iterable[Finding]:
    for finding in findings:
        placed = set(truth.columns) <= set(finding.subject.columns)
        # A finding that names no group is about all of them; it need not say which.
        placed &= truth.group is None or finding.subject.group in {None, truth.group}
        if finding.code == sight.code and (placed or not sight.located):
            yield finding


def _fails(findings: Iterable[Finding]) -> bool:
    return any(finding.status is Status.FAILED for finding in findings)


def _passes(sight: Sight, findings: Iterable[Finding]) -> bool:
    statuses = {finding.status for finding in findings if finding.code == sight.code}
    return Status.PASSED in statuses and statuses <= {Status.PASSED, Status.NOT_APPLICABLE}


def _rows(findings: Iterable[Finding]) -> npt.NDArray[np.int64]:
    flagged = [f.evidence.rows.positions for f in findings if f.evidence is not None and f.evidence.rows is not None]
    return np.unique(np.concatenate(flagged)) if flagged else np.zeros(0, dtype=np.int64)
