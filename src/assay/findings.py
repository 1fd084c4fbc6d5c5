"""What an audit says: findings with evidence, and the checks that make them.

A stage owns a tuple of `Check`s. A check looks at its stage's input and returns `Outcome`s; the stage stamps
each with the check's code, title and severity, and has a `Finding`. Only `Status.PASSED` is good news.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from assay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    import numpy.typing as npt

log = logging.getLogger(__name__)

Scalar = str | int | float | bool | None
Input_contra = TypeVar("Input_contra", contravariant=True)


class Status(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"  # the data cannot decide; the message says what would
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"  # the check could not be carried out


class Severity(StrEnum):
    """What a failure means for the verdict: critical blocks, warning is shown, info informs."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Action(StrEnum):
    """What to do with a row."""

    QUARANTINE = "quarantine"  # keep it out of training
    RELABEL = "relabel"  # a person should confirm the suggested label
    REVIEW = "review"  # a person should look at it


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval: `low <= high`, `confidence` in (0, 1), `method` by its name in the literature."""

    low: float
    high: float
    confidence: float = 0.95
    method: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A small table of evidence; every row has a cell for every column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class RowFlags:
    """Rows that a finding points at, as columns of equal length R.

    Where the subject of the finding is one column, the cells of these rows in it are meant. Cells of several columns
    are a finding for each column.

    Attributes
    ----------
    positions
        (R,) int64, 0-based positions in the dataset, ascending and unique.
    reason
        Why, in words: one text for all rows, or R texts. No raw values of the data.
    action
        What to do with each of them.
    score
        (R,) float in [0, 1] or None; low is suspect, as in cleanlab.
    suggested
        R texts: labels for `Action.RELABEL`, else values for the finding's column; None where none is proposed.
    nearest
        R lists of positions, the most similar first: similar rows that carry the suggested label, or, where none is
        suggested, the rows that this one is held against; or None.

    Raises
    ------
    ContractError
        Where positions are negative or out of order, or the columns differ in length.
    """

    positions: npt.NDArray[np.int64]
    reason: str | Sequence[str]
    action: Action
    score: npt.NDArray[np.float64] | None = None
    suggested: Sequence[str | None] | None = None
    nearest: Sequence[Sequence[int]] | None = None

    def __post_init__(self) -> None:
        """Refuse what would put a reason beside the wrong row."""
        import numpy as np  # a configuration is read without it

        positions = np.asarray(self.positions)
        if len(positions) and (positions[0] < 0 or (np.diff(positions) <= 0).any()):
            raise ContractError("positions must ascend from 0, each once, got others. Sort them with numpy.unique.")
        reasons = None if isinstance(self.reason, str) else self.reason
        given = {"reason": reasons, "score": self.score, "suggested": self.suggested, "nearest": self.nearest}
        lengths = {name: len(values) for name, values in given.items() if values is not None}
        if wrong := [f"{name} has {length:,}" for name, length in lengths.items() if length != len(positions)]:
            raise ContractError(
                f"RowFlags must have one value for each of {len(positions):,} positions, got: {', '.join(wrong)}. "
                "Give as many of each."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a finding rests on.

    Attributes
    ----------
    metric
        Name of the figure, in the field's terms.
    value
        The figure, or None where it is not estimable; never 0, 1 or parity in its place.
    interval
        The interval of the figure, where it has a sampling error.
    n
        How many rows (or groups, or columns: see `unit`) the figure rests on.
    threshold
        What the interval was held against.
    unit
        Of `value`: "share", "rows", "AUC", ...
    rows
        The rows concerned, where the finding is about rows.
    table
        A small table beside the figure.
    between
        Of a difference between groups: the groups at its ends, always in the same order of lower and higher, or worse
        and better off. Of the figure of one group: this group. Empty where there is none, or it may not be told.
    """

    metric: str
    value: float | None = None
    interval: Interval | None = None
    n: int | None = None
    threshold: float | None = None
    unit: str = ""
    rows: RowFlags | None = None
    table: Table | None = None
    between: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What a finding is about: columns, and a group such as "sex = Female" where it is about people."""

    columns: tuple[str, ...] = ()
    group: str | None = None

    def __str__(self) -> str:
        """Columns and group in one phrase; "the dataset" where there is neither."""
        parts = [", ".join(self.columns), self.group or ""]
        return " / ".join(part for part in parts if part) or "the dataset"


def or_none(value: float) -> float | None:
    """The figure as evidence holds it: None where it is NaN, which is not estimable."""
    return None if math.isnan(value) else float(value)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a check answers for one subject; `message` is a sentence, `remedy` says what to do about it."""

    status: Status
    message: str
    subject: Subject = field(default_factory=Subject)
    evidence: Evidence | None = None
    remedy: str = ""
    # A check may lower (never raise) its severity for one subject, such as an intersection of groups.
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """An outcome under the code, title and severity of its check; `rule` as of `Check`."""

    code: str
    title: str
    severity: Severity
    status: Status
    message: str
    subject: Subject = field(default_factory=Subject)
    evidence: Evidence | None = None
    remedy: str = ""
    rule: str = ""

    @property
    def blocks(self) -> bool:
        """Whether this finding alone keeps the verdict from `pass`."""
        good = (Status.PASSED, Status.NOT_APPLICABLE)
        return self.severity is Severity.CRITICAL and self.status not in good


@dataclass(frozen=True, slots=True)
class Check(Generic[Input_contra]):
    """A question put to a stage's input.

    Attributes
    ----------
    code
        Stable, such as "DQ004"; the page docs/checks/DQ004.md explains it.
    title
        What is asked, as a noun phrase.
    severity
        What a failure means unless the policy says otherwise.
    run
        Answers with at least one outcome; none at all counts as an error.
    rule
        Digest of what is asked, where one code asks for many things (the expectations of a suite) that one title may
        stand for; else empty.
    """

    code: str
    title: str
    severity: Severity
    run: Callable[[Input_contra], Iterable[Outcome]]
    rule: str = ""


def run_checks(checks: Iterable[Check[Input_contra]], subject: Input_contra) -> tuple[Finding, ...]:
    """Put each check to `subject`; one that crashes or stays silent is a finding with status `error`."""
    return tuple(finding for check in checks for finding in _run(check, subject))


def _run(check: Check[Input_contra], subject: Input_contra) -> tuple[Finding, ...]:
    try:
        outcomes = tuple(check.run(subject))
    except Exception as error:  # whatever it is: it becomes a finding that cannot pass, and is logged
        log.exception("Check %s crashed", check.code)
        return (crashed(check, error),)
    if not outcomes:
        silent = f"Check {check.code} ({check.title}) returned no outcome."
        outcomes = (Outcome(Status.ERROR, silent, remedy=_REPORT_IT),)
    return tuple(stamp(check, outcome) for outcome in outcomes)


def crashed(check: Check[Any], error: Exception) -> Finding:
    """Return the finding, with status `error`, on a check that could not be carried out."""
    return stamp(check, Outcome(Status.ERROR, _crash(check, error), remedy=_REPORT_IT))


_REPORT_IT = "Run again with --verbose for the traceback; a check that crashes counts as not run."


def _crash(check: Check[Any], error: Exception) -> str:
    # The text of an exception often quotes raw values of the data: it stays in the log.
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else ""
    return f"Check {check.code} ({check.title}) could not be carried out: {type(error).__name__}{where}."


def stamp(check: Check[Any], outcome: Outcome) -> Finding:
    """Give an outcome the code, title and severity of its check."""
    values = {f.name: getattr(outcome, f.name) for f in fields(outcome)}
    values["severity"] = outcome.severity or check.severity
    return Finding(code=check.code, title=check.title, rule=check.rule, **values)
