"""One sheet of an Excel workbook."""

from __future__ import annotations

import warnings
import zipfile
from typing import TYPE_CHECKING

import pandas as pd

from assay.errors import InputError
from assay.ingest.names import nearest, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from assay.data_config import DataConfig


def read_excel(path: Path, data: DataConfig) -> pd.DataFrame:
    """Read one sheet; a column without name and values is no column.

    Raises
    ------
    InputError
        Where it is not a workbook, the sheet is not in it, or the sheet is empty.
    """
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and validations that it does not know: nothing to do with the values.
            warnings.filterwarnings("ignore", module="openpyxl")
            with pd.ExcelFile(path, engine="openpyxl") as book:
                sheet = _sheet(path, [str(name) for name in book.sheet_names], data.sheet)
                # The header is read as a row: pandas would rename repeated names in silence.
                table = pd.read_excel(book, sheet_name=sheet, header=None)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise InputError(
            f"{path} must be an Excel workbook (.xlsx), got a file that is not or is broken. Save it as .xlsx or .csv."
        ) from error
    if table.empty:
        raise InputError(f"{path}, sheet '{sheet}' must have a header and rows, got an empty sheet. Set data.sheet.")
    if not data.header:
        names = data.names or tuple(f"column_{place}" for place in range(1, table.shape[1] + 1))
        if len(names) != table.shape[1]:
            raise InputError(
                f"data.names must name the {table.shape[1]} columns of {path}, got {len(names)} names. Correct them."
            )
        return table.set_axis(list(names), axis=1)
    header = table.iloc[0]
    rows = table.iloc[1:].set_axis([_title(cell) for cell in header], axis=1)
    if rows.empty:
        raise InputError(f"{path}, sheet '{sheet}' must have rows, got a header only. Set data.sheet.")
    named = [bool(name) or bool(rows.iloc[:, place].notna().any()) for place, name in enumerate(rows.columns)]
    return rows.loc[:, named].reset_index(drop=True).infer_objects()


def _title(cell: object) -> str:
    return "" if cell is None or cell != cell else str(cell).strip()  # noqa: PLR0124 -- NaN is not itself


def _sheet(path: Path, sheets: list[str], wanted: str | None) -> str:
    if wanted is None:
        return sheets[0]
    if wanted not in sheets:
        hint = nearest(wanted, sheets) or "."
        raise InputError(
            f"data.sheet must be a sheet of {path}, got '{wanted}'{hint} Its sheets are {quoted(sheets)}."
        )
    return wanted
