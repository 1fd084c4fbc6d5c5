"""CSV and TSV files: delimiter, header, lines of equal length, texts without spaces around them."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING, Any

import pandas as pd

from assay.errors import InputError
from assay.ingest.columns import TEXT_DTYPE, padded_rows
from assay.ingest.names import column_names
from assay.ingest.records import Record, detect_delimiter, read_records
from assay.ingest.text_file import open_text
from assay.ingest.typed_texts import read_type, without_markers

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from assay.data_config import DataConfig

# Lines on which the delimiter is told.
SAMPLE_LINES = 200
# Lines that an error message names.
SHOWN_LINES = 5
NO_HEADER = "If the first line is not a header, set `header: false` and give `names`."


def read_delimited(
    path: Path,
    data: DataConfig,
    delimiter: str | None = None,
    *,
    key: str | None = None,
    group: str | None = None,
) -> tuple[pd.DataFrame, dict[str, npt.NDArray[np.int64]]]:
    """Read a CSV or TSV file, gzip-compressed or not.

    Spaces around fields are no part of them; a line of another length than the first is an error, never an index.

    Parameters
    ----------
    path, data
        The file, and how to read it.
    delimiter
        By default detected.
    key, group
        The id and the group: columns that stay texts unless every number in them is written as Python writes it.

    Returns
    -------
    frame
        Numbers, booleans and texts; see `assay.ingest.typed_texts`.
    padded
        See `Source.padded`; spaces after a text only, since those after a delimiter are a habit of writing.

    Raises
    ------
    InputError
        Where the file is not text, has lines of different lengths, no rows, or blank or repeated column names.
    """
    _refuse_marks(delimiter, data)
    with open_text(path, data.encoding) as text:
        delimiter = delimiter or detect_delimiter(list(islice(text, SAMPLE_LINES)), header=data.header)
    with open_text(path, data.encoding) as text:
        names = _check_structure(path, text, delimiter, data)
    with open_text(path, data.encoding) as text:
        try:
            frame = pd.read_csv(
                text,
                sep=delimiter,
                header=0 if data.header else None,
                names=names,
                index_col=False,
                skipinitialspace=True,
                dtype=str,
                na_filter=False,
            )
        except (pd.errors.ParserError, ValueError) as error:
            if isinstance(error, UnicodeDecodeError):
                raise
            raise InputError(
                f"{path} cannot be read as a table delimited by {_shown(delimiter)}: {_first_line(error)}. "
                "Correct the file, or set data.delimiter."
            ) from error
    return _typed(frame, data, key, group)


def _refuse_marks(delimiter: str | None, data: DataConfig) -> None:
    problems = []
    if delimiter is not None and (not delimiter.isascii() or delimiter in '"\r\n'):
        problems.append(
            "data.delimiter must be an ASCII character other than a quotation mark or a line end, got "
            f"{delimiter!r}. Correct it, or leave it out to have it detected."
        )
    if data.thousands is not None and data.thousands in (delimiter, data.decimal):
        problems.append(
            f"data.thousands must differ from the delimiter and from data.decimal, got {data.thousands!r}. Correct it."
        )
    if problems:
        raise InputError(problems)


def _check_structure(path: Path, text: Any, delimiter: str, data: DataConfig) -> list[str]:
    """Names of the columns, once every line is known to have as many fields as the first."""
    records = read_records(text, delimiter)
    try:
        first = next(records, None)
        if first is None:
            raise InputError(f"{path} must have a header and rows, got blank lines only. Name another file.")
        names = _header(path, first, data)
        rows = 0 if data.header else 1
        wrong: list[Record] = []
        count = 0
        for record in records:
            rows += 1
            if record.length != len(names):
                count += 1
                wrong += [record] if count <= SHOWN_LINES else []
    except csv.Error as error:
        raise InputError(
            f"{path} must be a table delimited by {_shown(delimiter)}, got a field that cannot be read "
            f"({_first_line(error)}); a quotation mark may never be closed. Correct the file."
        ) from error
    if rows == 0:
        raise InputError(f"{path} must have rows, got a header only. Name another file. {NO_HEADER}")
    if count:
        raise InputError(_ragged(path, delimiter, wrong, expected=len(names), count=count, rows=rows))
    return names


def _header(path: Path, first: Record, data: DataConfig) -> list[str]:
    if data.header:
        try:
            return column_names(name.strip() for name in first.fields)
        except InputError as error:
            raise InputError([f"{path}: {problem} {NO_HEADER}" for problem in error.problems]) from error
    if data.names is None:
        return [f"column_{place}" for place in range(1, first.length + 1)]
    if len(data.names) != first.length:
        raise InputError(
            f"data.names must name the {first.length} columns of {path}, got {len(data.names)} names. Correct "
            "data.names, or set data.delimiter if the columns were told wrongly."
        )
    return column_names(data.names)


def _ragged(path: Path, delimiter: str, wrong: list[Record], *, expected: int, count: int, rows: int) -> str:
    if count == rows and all(record.length == expected + 1 for record in wrong):
        return (
            f"{path}: every line must have as many fields as the header, {expected}, got {expected + 1} in every row: "
            "a column without a name, or a delimiter at the end of each line. Name the column, or drop it."
        )
    lines = ", ".join(f"line {record.line:,} has {record.length:,}" for record in wrong)
    more = f" and {count - len(wrong):,} lines more" if count > len(wrong) else ""
    return (
        f"{path}: every line must have {expected:,} fields, as the first line has, got {count:,} that do not: "
        f"{lines}{more}. Correct these lines (a text with the delimiter {_shown(delimiter)} in it needs quotation "
        "marks), or set data.delimiter."
    )


def _typed(
    frame: pd.DataFrame, data: DataConfig, key: str | None, group: str | None
) -> tuple[pd.DataFrame, dict[str, npt.NDArray[np.int64]]]:
    columns: dict[str, pd.Series[Any]] = {}
    padded: dict[str, npt.NDArray[np.int64]] = {}
    for name in frame.columns:
        texts = without_markers(frame[name], data.missing_in(name, is_id=name == key))
        values = read_type(texts, decimal=data.decimal, thousands=data.thousands, as_written=name in (key, group))
        if values is None:
            values = pd.Series(texts.to_pandas()).astype(TEXT_DTYPE)
            clashes = padded_rows(frame[name].where(values.notna()))
            if len(clashes):
                padded[str(name)] = clashes
        columns[name] = values
    return pd.DataFrame(columns, index=frame.index), padded


def _shown(delimiter: str) -> str:
    return {"\t": "a tab", " ": "a space"}.get(delimiter, f"'{delimiter}'")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
