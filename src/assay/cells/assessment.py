"""The stage "cells": from a table as it is to the cells that are likely wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.cells.checks import CHECKS, Inspection
from assay.cells.judged import Judged, read_judged, understand
from assay.cells.prior import SUSPICIOUS
from assay.cells.scope import scopes
from assay.cells.sharpening import sharpen
from assay.cells.suspicion import find_suspects
from assay.cells.table import read_table
from assay.errors import InputError
from assay.findings import run_checks
from assay.results import CellResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.cells.suspicion import Suspects, Suspicion
    from assay.cells.table import Table
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
    left_out = {*dataset.roles.ignored, dataset.roles.weight, dataset.roles.split}
    frame = dataset.frame[[name for name in dataset.frame.columns if name not in left_out]]
    if judged is None and config.judged is not None:
        judged = read_judged(config.judged)
    answers = None if judged is None else understand(judged, dataset.row_ids, list(frame.columns))
    table = read_table(frame)
    sensitive = dataset.roles.sensitive
    suspicion = find_suspects(table, sensitive)
    cells = tabulate(table, _sharpened(table, suspicion, answers))
    # Nobody is told to write another sex, whatever the others of the row's kind have.
    cells.loc[cells["column"].isin(sensitive), "suggested"] = None
    at_odds = {
        (table.columns[odds.determinant].name, table.columns[odds.dependent].name): odds for odds in suspicion.at_odds
    }
    inspection = Inspection(cells, table.rows, scopes(table, suspicion.determined), config, at_odds)
    return CellResult(run_checks(checks, inspection), cells)


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
        Where two columns have one name, or the judged rows are not in the frame.

    Examples
    --------
    >>> import pandas as pd
    >>> towns = pd.DataFrame({"town": ["Ulm", "Mainz", "Bremen"] * 100 + ["Brremen"]})
    >>> suspicious_cells(towns)[["position", "column", "kind", "suggested"]].to_dict("records")
    [{'position': 300, 'column': 'town', 'kind': 'misspelt', 'suggested': 'Bremen'}]
    """
    names = [str(name) for name in frame.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"column names must differ as texts, got {twice} more than once. Rename these columns.")
    answers = None if judged is None else understand(judged, frame.index, names)
    table = read_table(frame)
    return tabulate(table, _sharpened(table, find_suspects(table), answers))


def _sharpened(table: Table, suspicion: Suspicion, judged: Judged | None) -> Sequence[Suspects]:
    return suspicion.suspects if judged is None else sharpen(table, suspicion.suspects, judged)


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


def _writable(text: str | None) -> str | None:
    """Leave out a repair with half of a surrogate pair: no file could hold it."""
    return None if text is None or any("\ud800" <= letter <= "\udfff" for letter in text) else text


def _parts(table: Table, suspects: Suspects) -> Iterable[pd.DataFrame]:
    wrong = suspects.probability >= SUSPICIOUS
    for number, hits in enumerate(suspects.hits):
        mine = wrong & (suspects.source == number)
        if not mine.any():
            continue
        suggested = None
        if hits.suggested is not None:
            suggested = [_writable(hits.suggested[place]) for place in suspects.place[mine].tolist()]
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
