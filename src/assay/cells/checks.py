"""The checks of the stage "cells" (DQ030 to DQ033): suspicious cells, by what is suspicious about them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.hits import Kind
from assay.findings import Action, Check, Evidence, Outcome, RowFlags, Severity, Status, Subject, Table
from assay.intervals import bonferroni, judge_upper, wilson

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from assay.config import CellsConfig

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What the checks look at.

    Attributes
    ----------
    cells
        The suspicious cells, as `CellResult.cells`.
    rows
        Number of rows of the table.
    looked_at
        For each check's code, the columns that it could judge.
    config
        The limits.
    """

    cells: pd.DataFrame
    rows: int
    looked_at: Mapping[str, tuple[str, ...]]
    config: CellsConfig


@dataclass(frozen=True, slots=True)
class Question:
    """One check: its kinds of cells, what they are called, what it needs, and what to do."""

    code: str
    title: str
    kinds: tuple[Kind, ...]
    noun: str
    needs: str
    remedy: str


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
    ),
    Question(
        "DQ032",
        "Values of an unusual form",
        (Kind.FORM, Kind.MISSING),
        "have an unusual form or stand for a missing value",
        "column that has values",
        "Write all values of the column in one form, and leave the cell empty where there is none.",
    ),
    Question(
        "DQ033",
        "Values far outside",
        (Kind.RANGE,),
        "lie far outside or are out of order",
        "column of numbers or dates",
        "Look at the named rows: a slipped unit, decimal point or digit is the usual cause.",
    ),
)


def _ask(question: Question, inspection: Inspection) -> Iterator[Outcome]:
    if not inspection.config.enabled:
        yield Outcome(Status.NOT_APPLICABLE, "`cells.enabled` is false: suspicious cells were not looked for.")
        return
    columns = inspection.looked_at[question.code]
    if not columns or not inspection.rows:
        yield Outcome(Status.NOT_APPLICABLE, f"The data have no {question.needs}.")
        return
    cells = inspection.cells[inspection.cells["kind"].isin(question.kinds)]
    for name, mine in cells.groupby("column", sort=False):
        yield _outcome(question, str(name), mine, inspection, len(columns))
    if cells.empty:
        yield Outcome(
            Status.PASSED,
            f"No cells were found that {question.noun}, in {len(columns):,} "
            f"{'column' if len(columns) == 1 else 'columns'}.",
        )


def _outcome(question: Question, name: str, cells: pd.DataFrame, inspection: Inspection, columns: int) -> Outcome:
    count, rows = len(cells), inspection.rows
    interval = wilson(count, rows, bonferroni(CONFIDENCE, columns))
    limit = inspection.config.max_share
    reasons = cells["reason"].value_counts()
    status = judge_upper(interval, limit)
    tail = {
        Status.FAILED: f"credibly more than the limit of {limit:.1%}",
        Status.PASSED: f"within the limit of {limit:.1%}",
        Status.INCONCLUSIVE: f"too few rows to tell whether that exceeds the limit of {limit:.1%}",
    }[status]
    return Outcome(
        status,
        f"{count:,} of {rows:,} cells of column '{name}' ({count / rows:.1%}) {question.noun}: {tail}.",
        Subject((name,)),
        Evidence(
            "suspicious cells",
            count / rows,
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


CHECKS: tuple[Check[Inspection], ...] = tuple(
    Check(question.code, question.title, Severity.WARNING, partial(_ask, question)) for question in QUESTIONS
)
