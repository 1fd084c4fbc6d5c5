"""The row files: the ledger, and the input split into clean, quarantine and review."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.report.ledger import Disposition

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.results import LabelNoiseResult

LABELS = "rows/labels.parquet"
# What a spreadsheet takes for the beginning of a formula or a command, full-width forms included
# (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

_NOTE = """\
ledger       {ledger:,} rows: one for each row of the data and finding
clean        {clean:,} rows: nothing was found, or what was found is waived
quarantine   {quarantine:,} rows: keep them out of training
review       {review:,} rows: a person should look at them, or confirm another label

clean + quarantine + review = {total:,} rows, those of the input.
quarantine and review begin with four columns more: the id of the row, why it is there, the suggested label, and the
ids of the most similar rows that carry that label.
{neutralised}"""


def write_rows(
    dataset: Dataset, ledger: pd.DataFrame, dispositions: npt.NDArray[np.str_], folder: Path, format_: str
) -> None:
    """Write `ledger`, `clean`, `quarantine` and `review`, and a `README.txt` that counts them, into a new `folder`.

    `clean` has the columns of the input; `quarantine` and `review` have the row id, the reasons, the suggested label
    and the nearest rows that carry it before them. The rows of the three add up to the input's, in its order.

    Parameters
    ----------
    dataset
        The N rows.
    ledger, dispositions
        As `build_ledger` and `split_rows` return them.
    folder
        Must not exist yet.
    format_
        "csv" or "parquet". CSV is made safe for spreadsheets (see `neutralise`); Parquet holds the values as they
        are.
    """
    folder.mkdir()
    tables = {"ledger": ledger}
    for disposition in Disposition:
        rows = dataset.frame[dispositions == disposition.value]
        if disposition is not Disposition.CLEAN:
            rows = _explained(rows, dataset, ledger)
        tables[disposition.value] = rows
    changed = 0
    for name, table in tables.items():
        if format_ == "parquet":
            _storable(table).to_parquet(folder / f"{name}.parquet", index=False)
        else:
            safe, cells = neutralise(table)
            changed += cells
            safe.to_csv(
                folder / f"{name}.csv", index=False, encoding="utf-8", errors="backslashreplace", lineterminator="\n"
            )
    note = _NOTE.format(
        **{name: len(table) for name, table in tables.items()},
        total=len(dataset),
        neutralised=_NEUTRALISED.format(changed) if changed else "",
    )
    (folder / "README.txt").write_text(note, encoding="utf-8", newline="\n")


_LABELS_NOTE = """
labels.parquet has every judged label: its position in the data, its quality, whether it is suspect. `assay review`
draws from it.
"""


def write_labels(result: LabelNoiseResult, folder: Path) -> None:
    """Write what `assay review` draws from into the folder of an audit, whose row files have been written.

    `LABELS` has a row for each judged label: `position` (int64), `quality` (float32, low is suspect) and `suspect`
    (bool).
    """
    positions = np.flatnonzero(result.judged)
    table = pd.DataFrame(
        {
            "position": positions,
            "quality": result.quality[positions].astype(np.float32),
            "suspect": result.suspect[positions],
        }
    )
    table.to_parquet(folder / LABELS, index=False)
    with (folder / "rows" / "README.txt").open("a", encoding="utf-8", newline="\n") as note:
        note.write(_LABELS_NOTE)


_NEUTRALISED = """
{:,} cells or column names that a spreadsheet would take for a formula have an apostrophe before them here, or lost
a NUL character. Set `output: {{rows: parquet}}` for the values as they are.
"""


def neutralise(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """`frame` with no cell that a spreadsheet would run, and the number of cells and names that changed.

    A text that begins with one of ``= + - @``, a tab or a line end gets an apostrophe before it, unless it is a
    plain number such as "-3.5"; NUL is removed. The names of the columns are treated alike. Numbers, dates and
    missing values stay as they are.
    """
    columns, changed = [], 0
    for place in range(frame.shape[1]):
        column, cells = _neutral(frame.iloc[:, place])
        columns.append(column)
        changed += cells
    names = [str(name) for name in frame.columns]
    safe_names = [_safe(name) for name in names]
    # By position: two columns may have the same name once NUL is removed.
    safe = pd.concat(columns, axis=1) if columns else frame.copy()
    if safe_names != names:
        safe.columns = pd.Index(safe_names)
        changed += sum(one != other for one, other in zip(names, safe_names, strict=True))
    return safe, changed


def _neutral(column: pd.Series[Any]) -> tuple[pd.Series[Any], int]:
    if not _may_hold_text(column):
        return column, 0
    if isinstance(column.dtype, pd.StringDtype):
        # Mostly there is nothing to change, and a million texts need not become a million objects to know it.
        words = np.asarray(pd.factorize(column)[1], dtype=object).tolist()
        if all(_safe(word) == word for word in words):
            return column, 0
    cells = column.to_numpy(dtype=object, copy=True)
    is_text = np.fromiter((isinstance(cell, str) for cell in cells), dtype=bool, count=len(cells))
    # Each different text once: a column of categories is done in no time, whatever its length.
    codes, texts = pd.factorize(cells[is_text])
    safe = np.array([_safe(text) for text in texts], dtype=object)
    changed = (safe != texts)[codes] if len(texts) else np.zeros(0, dtype=bool)
    if not changed.any():
        return column, 0
    cells[is_text] = safe[codes]
    return pd.Series(cells, index=column.index, name=column.name, dtype="object"), int(changed.sum())


def _safe(text: str) -> str:
    text = text.replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(text) else text


def _may_hold_text(column: pd.Series[Any]) -> bool:
    kinds = pd.api.types
    return not (
        kinds.is_numeric_dtype(column.dtype)
        or kinds.is_bool_dtype(column.dtype)
        or kinds.is_datetime64_any_dtype(column.dtype)
        or kinds.is_timedelta64_dtype(column.dtype)
    )


def _explained(rows: pd.DataFrame, dataset: Dataset, ledger: pd.DataFrame) -> pd.DataFrame:
    """`rows` behind their ids, why they are no clean rows, the suggested label and the nearest rows that carry it."""
    counting = ledger[~ledger["waived"].to_numpy(dtype=bool)]
    counting = counting[counting["position"].isin(rows.index)]
    why: dict[int, str] = {}
    suggested: dict[int, tuple[str, str | None]] = {}
    columns = [counting[name].tolist() for name in ("position", "check", "reason", "suggested", "nearest")]
    for position, entries in groupby(zip(*columns, strict=True), key=lambda entry: entry[0]):
        found = list(entries)
        why[position] = "; ".join(dict.fromkeys(f"{check}: {reason}" for _, check, reason, *_ in found))
        label = next((entry[3:] for entry in found if isinstance(entry[3], str)), None)
        if label is not None:
            suggested[position] = label
    result = rows.copy()
    labels = [suggested.get(position, (None, None)) for position in rows.index]
    added = {
        "assay_row_id": dataset.row_ids.take(rows.index.to_numpy()).to_flat_index().array,
        "assay_why": [why.get(position, "") for position in rows.index],
        "assay_suggested": pd.array([label for label, _ in labels], dtype="string"),
        "assay_nearest": pd.array([nearest for _, nearest in labels], dtype="string"),
    }
    for place, (name, values) in enumerate(added.items()):
        # The input may have a column of this name.
        while name in result.columns:
            name += "_"  # noqa: PLW2901
        result.insert(place, name, values)
    return result


def _storable(table: pd.DataFrame) -> pd.DataFrame:
    """`table` in types that Parquet has: a column of several types becomes text."""
    mixed = [
        name
        for name in table.columns
        if table[name].dtype == object and pd.api.types.infer_dtype(table[name], skipna=True).startswith("mixed")
    ]
    return table.assign(**{name: table[name].map(str, na_action="ignore") for name in mixed})
