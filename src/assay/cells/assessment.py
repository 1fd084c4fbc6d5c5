"""The stage "cells": from a table as it is to the cells that are likely wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.cells.checks import CHECKS, Inspection
from assay.cells.date_order import are_dates
from assay.cells.judged import Judged, read_judged, understand
from assay.cells.outliers import are_numbers
from assay.cells.prior import SUSPICIOUS
from assay.cells.sharpening import sharpen
from assay.cells.suspicion import find_suspects
from assay.cells.table import read_table
from assay.findings import run_checks
from assay.results import CellResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.cells.suspicion import Suspects
    from assay.cells.table import Column, Table
    from assay.config import CellsConfig
    from assay.dataset import Dataset
    from assay.findings import Check

CELL_COLUMNS = {
    "position": "int64",
    "column": "str",
    "kind": "str",
    "score": "float64",
    "reason": "str",
    "suggested": "str",
}


def find_cell_errors(
    dataset: Dataset,
    config: CellsConfig,
    judged: pd.DataFrame | None = None,
    checks: Iterable[Check[Inspection]] = CHECKS,
) -> CellResult:
    """Find the cells of a dataset that are likely wrong, judged by the dataset itself.

    Parameters
    ----------
    dataset
        N rows. All columns are looked at but the ignored ones and the weights.
    config
        The limit of suspicious cells in a column; the file of judged rows, where `judged` is not given.
    judged
        Rows that a person has judged: columns `row` (the row's identifier, see `Dataset.row_ids`) and `column` (of a
        wrong cell, or empty for a row in which nothing is wrong).
    checks
        The questions to ask.

    Returns
    -------
    CellResult

    Raises
    ------
    InputError
        Where the judged rows cannot be read, or are not in the dataset.
    """
    if not config.enabled:
        return CellResult(run_checks(checks, Inspection(tabulate_none(), 0, {}, config)), tabulate_none())
    left_out = {*dataset.roles.ignored, dataset.roles.weight}
    frame = dataset.frame[[name for name in dataset.frame.columns if name not in left_out]]
    if judged is None and config.judged is not None:
        judged = read_judged(config.judged)
    answers = None if judged is None else understand(judged, dataset.row_ids, list(frame.columns))
    table = read_table(frame)
    suspects, determined = _suspects(table, answers)
    cells = tabulate(table, suspects)
    looked_at = {
        "DQ030": tuple(table.columns[place].name for place in determined),
        "DQ031": tuple(c.name for c in table.columns if c.typed is None and c.present),
        "DQ032": tuple(c.name for c in table.columns if c.present),
        "DQ033": tuple(c.name for c in table.columns if c.present and (c.typed is not None or _is_scale(c))),
    }
    return CellResult(run_checks(checks, Inspection(cells, table.rows, looked_at, config)), cells)


def suspicious_cells(frame: pd.DataFrame, judged: pd.DataFrame | None = None) -> pd.DataFrame:
    """Find the cells of a frame that are likely wrong.

    The same as `find_cell_errors` for a frame of any types, without roles, findings or configuration.

    Parameters
    ----------
    frame
        n rows; the texts are looked at as they are, so that a file is best read with
        `pandas.read_csv(path, dtype=str, keep_default_na=False)`.
    judged
        As in `find_cell_errors`; rows are named by the index of the frame.

    Returns
    -------
    pandas.DataFrame
        As `CellResult.cells`.

    Raises
    ------
    InputError
        Where the judged rows are not in the frame.

    Examples
    --------
    >>> import pandas as pd
    >>> towns = pd.DataFrame({"town": ["Ulm", "Mainz", "Bremen"] * 100 + ["Brremen"]})
    >>> suspicious_cells(towns)[["position", "column", "kind", "suggested"]].to_dict("records")
    [{'position': 300, 'column': 'town', 'kind': 'misspelt', 'suggested': 'Bremen'}]
    """
    answers = None if judged is None else understand(judged, frame.index, [str(name) for name in frame.columns])
    table = read_table(frame)
    return tabulate(table, _suspects(table, answers)[0])


def _suspects(table: Table, judged: Judged | None) -> tuple[Sequence[Suspects], Sequence[int]]:
    suspects, determined = find_suspects(table)
    return (suspects if judged is None else sharpen(table, suspects, judged)), determined


def _is_scale(column: Column) -> bool:
    return are_numbers(column) or are_dates(column)


def tabulate(table: Table, suspects: Iterable[Suspects]) -> pd.DataFrame:
    """Make the table of the cells that are likelier wrong than right."""
    parts = [part for s in suspects for part in _parts(table, s)]
    if not parts:
        return tabulate_none()
    cells = pd.concat(parts, ignore_index=True)
    order = np.lexsort((cells["place"], cells["position"]))
    return cells.iloc[order][list(CELL_COLUMNS)].reset_index(drop=True).astype(CELL_COLUMNS)


def tabulate_none() -> pd.DataFrame:
    """Make the table of no cells."""
    return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in CELL_COLUMNS.items()})


def _parts(table: Table, suspects: Suspects) -> Iterable[pd.DataFrame]:
    wrong = suspects.probability >= SUSPICIOUS
    for number, hits in enumerate(suspects.hits):
        mine = wrong & (suspects.source == number)
        if not mine.any():
            continue
        suggested = None
        if hits.suggested is not None:
            suggested = [hits.suggested[place] for place in suspects.place[mine].tolist()]
        yield pd.DataFrame(
            {
                "place": suspects.column,
                "position": suspects.positions[mine],
                "column": table.columns[suspects.column].name,
                "kind": str(hits.kind),
                "score": 1 - suspects.probability[mine],
                "reason": hits.reason,
                "suggested": pd.Series(suggested, index=range(int(mine.sum())), dtype="str"),
            }
        )
