"""Rows that a person has judged: which of their cells are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

COLUMNS = ("row", "column")
_HOW = (
    "Give one line for each wrong cell, with `row` and `column`, and one line with an empty `column` for each row in "
    "which nothing is wrong."
)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """J judged rows of a table with m columns.

    Attributes
    ----------
    positions
        (J,) int64, ascending and unique.
    wrong
        (J, m) bool.
    """

    positions: npt.NDArray[np.int64]
    wrong: npt.NDArray[np.bool_]


def read_judged(path: Path) -> pd.DataFrame:
    """Read a CSV file of judged rows, every cell as text.

    Raises
    ------
    InputError
        Where it cannot be read as a CSV file.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        kind = type(error).__name__
        raise InputError(f"`cells.judged` must be a CSV file, got '{path.name}' ({kind}). {_HOW}") from None


def understand(judged: pd.DataFrame, row_ids: pd.Index, columns: Sequence[str]) -> Judged:
    """Find the judged cells in a table.

    Parameters
    ----------
    judged
        Columns `row` (an identifier among `row_ids`) and `column` (a name, or empty where nothing in the row is
        wrong); a row is judged as a whole, so that a cell that is not named is right. Other columns are ignored.
    row_ids
        (n,) of the table.
    columns
        m names.

    Raises
    ------
    InputError
        Where a column is missing, or where a row or column is not in the table or is not unique there.
    """
    if lacking := [name for name in COLUMNS if name not in judged.columns]:
        raise InputError(
            f"The judged rows must have the columns row and column, got no {' and no '.join(lacking)}. {_HOW}"
        )
    rows = judged["row"].astype(str)
    ids = pd.Index(row_ids.astype(str))
    known = ids.isin(rows)
    places = pd.Series(np.flatnonzero(known), index=ids[known])
    names = judged["column"].fillna("").astype(str)
    known_names = pd.Series(np.arange(len(columns)), index=pd.Index(list(columns)), dtype="int64")
    problems = [
        (int((~rows.isin(ids)).sum()), "rows are not in the data"),
        (
            int(rows.isin(places.index[places.index.duplicated()]).sum()),
            "rows have an identifier that others have too",
        ),
        (int((~names.isin([*columns, ""])).sum()), "columns are not in the data"),
        (
            int(names.isin(known_names.index[known_names.index.duplicated()]).sum()),
            "columns have a name that others have",
        ),
    ]
    if told := [f"{count} {what}" for count, what in problems if count]:
        raise InputError(f"The judged rows must be found in the data, but {' and '.join(told)}. {_HOW}")
    positions = np.unique(places[rows].to_numpy(dtype=np.int64)) if len(rows) else np.empty(0, dtype=np.int64)
    wrong = np.zeros((len(positions), len(columns)), dtype=bool)
    named = (names != "").to_numpy()
    at = np.searchsorted(positions, places[rows[named]].to_numpy(dtype=np.int64))
    wrong[at, known_names[names[named]].to_numpy(dtype=np.int64)] = True
    return Judged(positions, wrong)
