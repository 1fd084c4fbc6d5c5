"""The checks of the stage "cells" (DQ030 to DQ033): suspicious cells, by what is suspicious about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.hits import Kind
from assay.cells.slips import SLIPPED
from assay.findings import Action, Check, Evidence, Outcome, RowFlags, Severity, Status, Subject, Table
from assay.intervals import bonferroni, judge_upper, wilson

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from assay.cells.contradictions import Odds
    from assay.cells.scope import Scope
    from assay.config import CellsConfig

CONFIDENCE = 0.95
MAX_NAMED = 5


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What the checks look at.

    Attributes
    ----------
    cells
        The suspicious cells, as `CellResult.cells`.
    rows
        Number of rows of the table.
    scopes
        For each check's code, the columns that it could judge, and those that it could not.
    config
        The limits.
    at_odds
        Names of two columns -> rows in which one of the two is likely wrong, and nothing says which.
    """

    cells: pd.DataFrame
    rows: int
    scopes: Mapping[str, Scope]
    config: CellsConfig
    at_odds: Mapping[tuple[str, str], Odds] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """One check: its kinds of cells, what they are called, what it needs, and what to do."""

    code: str
    title: str
    kinds: tuple[Kind, ...]
    noun: str
    needs: str
    remedy: str
    why_not: str = "too few rows, or values that do not say what is usual"


QUESTIONS = (
    Question(
        "DQ030",
        "Cells that contradict other columns",
        (Kind.CONTRADICTION,),
        "contradict other columns",
        "column that others (nearly) determine",
        "Look at the named rows; where other rows agree on a value, it is proposed as the repair.",
    ),
    Question(
        "DQ031",
        "Rare spellings",
        (Kind.MISSPELT,),
        "are spelt nearly as a much more frequent value",
        "column of texts",
        "Correct the named rows to the frequent spelling where it is the same thing.",
        "no value is in five rows or more",
    ),
    Question(
        "DQ032",
        "Values of an unusual form",
        (Kind.FORM, Kind.MISSING),
        "have an unusual form or stand for a missing value",
        "column that has values",
        "Write all values of the column in one form, and leave the cell empty where there is none.",
        "fewer than 20 values",
    ),
    Question(
        "DQ033",
        "Values far outside",
        (Kind.RANGE,),
        "lie far outside or are out of order",
        "column of numbers or dates",
        "Look at the named rows: a slipped unit, decimal point or digit is the usual cause.",
        "fewer than 50 rows, tails too heavy for any number to stand out, or dates in no order with others",
    ),
)


def _ask(question: Question, inspection: Inspection) -> Iterator[Outcome]:
    if not inspection.config.enabled:
        yield Outcome(Status.NOT_APPLICABLE, "`cells.enabled` is false: suspicious cells were not looked for.")
        return
    scope = inspection.scopes[question.code]
    if not inspection.rows or not (scope.judged or scope.not_judged):
        yield Outcome(Status.NOT_APPLICABLE, f"The data have no {question.needs}.")
        return
    cells = inspection.cells[inspection.cells["kind"].isin(question.kinds)]
    for name, mine in cells.groupby("column", sort=False):
        yield _outcome(question, str(name), mine, inspection, len(scope.judged) + len(scope.not_judged))
    at_odds = inspection.at_odds if Kind.CONTRADICTION in question.kinds else {}
    for (one, other), odds in at_odds.items():
        yield _of_pair(one, other, odds, inspection, len(at_odds))
    if at_odds or not cells.empty:
        return
    unknown = f"{_count(scope.not_judged)} could not be judged: {question.why_not}."
    if not scope.judged:
        yield Outcome(Status.INCONCLUSIVE, unknown[0].upper() + unknown[1:])
        return
    found = f"No cells were found that {question.noun}, in {_count(scope.judged)} of {inspection.rows:,} rows"
    yield Outcome(Status.PASSED, f"{found}; {unknown}" if scope.not_judged else f"{found}.")


def _count(names: Sequence[str]) -> str:
    """Number the columns, and name them where they are few."""
    number = f"{len(names):,} {'column' if len(names) == 1 else 'columns'}"
    return f"{number} ({', '.join(names)})" if len(names) <= MAX_NAMED else number


def _outcome(question: Question, name: str, cells: pd.DataFrame, inspection: Inspection, columns: int) -> Outcome:
    count, rows = len(cells), inspection.rows
    # A suspicion is no certain error: each counts with the probability that the cell is wrong.
    expected = float((1 - cells["score"]).sum())
    interval = wilson(expected, rows, bonferroni(CONFIDENCE, columns))
    limit = inspection.config.max_share
    reasons = cells["reason"].value_counts()
    status = judge_upper(interval, limit)
    tail = _verdict(status, limit)
    return Outcome(
        status,
        f"{count:,} of {rows:,} cells of column '{name}' {question.noun}. By their scores, {expected / rows:.1%} of "
        f"the cells are wrong: {tail}.{_slipped(reasons)}",
        Subject((name,)),
        Evidence(
            "expected share of wrong cells",
            expected / rows,
            interval,
            rows,
            limit,
            "share",
            RowFlags(
                cells["position"].to_numpy(dtype=np.int64),
                [f"column '{name}': {reason}" for reason in cells["reason"]],
                Action.REVIEW,
                cells["score"].to_numpy(dtype=np.float64),
                [text if isinstance(text, str) else None for text in cells["suggested"]],
            ),
            Table(("reason", "rows"), tuple((str(reason), int(n)) for reason, n in reasons.items())),
        ),
        question.remedy,
    )


def _slipped(reasons: pd.Series[int]) -> str:
    """A sentence for each conversion that explains many of the cells at once."""
    slips = {str(reason): int(n) for reason, n in reasons.items() if str(reason).startswith(SLIPPED)}
    return "".join(f" {n:,} values {reason.replace('looks', 'look', 1)}." for reason, n in slips.items())


def _of_pair(one: str, other: str, odds: Odds, inspection: Inspection, pairs: int) -> Outcome:
    """Rows in which two columns contradict each other, where neither of the two cells can be accused alone."""
    count, rows, limit = len(odds.positions), inspection.rows, inspection.config.max_share
    expected = float(odds.probability.sum())
    interval = wilson(expected, rows, bonferroni(CONFIDENCE, pairs))
    status = judge_upper(interval, limit)
    why = f"'{one}' and '{other}' contradict each other: most rows with this '{one}' hold another '{other}'"
    return Outcome(
        status,
        f"In {count:,} of {rows:,} rows '{one}' and '{other}' contradict each other. By the rest of the rows, one of "
        f"the two is wrong in {expected / rows:.1%} of all, and nothing says which: {_verdict(status, limit)}.",
        Subject((one, other)),
        Evidence(
            "expected share of wrong pairs",
            expected / rows,
            interval,
            rows,
            limit,
            "share",
            RowFlags(odds.positions, f"{why}; one of the two is wrong", Action.REVIEW, 1 - odds.probability),
        ),
        "Look at the named rows and decide which of the two values is wrong.",
    )


def _verdict(status: Status, limit: float) -> str:
    return {
        Status.FAILED: f"more than the limit of {limit:.1%} with its whole interval",
        Status.PASSED: f"within the limit of {limit:.1%}",
        Status.INCONCLUSIVE: f"too few rows to tell whether that exceeds the limit of {limit:.1%}",
    }[status]


CHECKS: tuple[Check[Inspection], ...] = tuple(
    Check(question.code, question.title, Severity.WARNING, partial(_ask, question)) for question in QUESTIONS
)
