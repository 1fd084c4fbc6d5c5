"""The row files: the ledger, and the input split into clean, quarantine and review."""

from __future__ import annotations

import json
import re
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.findings import Action
from assay.ledger import LEDGER, Disposition, take_ids
from assay.utf8 import encodable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.results import LabelNoiseResult

    Positions = npt.NDArray[np.int64]

LABELS = "rows/labels.parquet"
LABEL_REVIEW = "rows/label_review.csv"
# Rows of a CSV file that are made at a time.
_PART = 100_000
# What a spreadsheet takes for the beginning of a formula or a command, full-width forms included
# (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# Without a letter it can neither call a function nor refer to a cell, and an apostrophe would spoil a whole column.
_TELEPHONE = re.compile(r"\+\d[\d ().\-/]{5,24}", re.ASCII)

_NOTE = """\
ledger       {ledger:,} rows: one for each row of the data and finding
clean        {clean:,} rows: nothing was found, or what was found is waived
quarantine   {quarantine:,} rows: keep them out of training
review       {review:,} rows: a person should look at them, or confirm another label

clean + quarantine + review = {total:,} rows, those of the input.
quarantine and review begin with five columns more: the id of the row, why it is there, the suggested label, the ids of
the most similar rows (with that label, if there is one), and the values that are proposed for single columns (JSON).
{neutralised}"""
_NEUTRALISED = """
{:,} cells or column names that a spreadsheet would take for a formula have an apostrophe before them in the CSV files,
or lost a NUL character or a carriage return. Set `output: {{rows: parquet}}` for the values as they are.
"""


def write_rows(
    dataset: Dataset, ledger: pd.DataFrame, dispositions: npt.NDArray[np.str_], folder: Path, format_: str
) -> None:
    """Write `ledger`, `clean`, `quarantine` and `review`, and a `README.txt` that counts them, into a new `folder`.

    `clean` has the columns of the input; `quarantine` and `review` have the row id, the reasons, the suggested label,
    the most similar rows and the proposed values before them. The rows of the three add up to the input's,
    in its order. The ledger is always a Parquet file, which programs read, and also a CSV file where the others are.

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
    write_parquet(ledger, folder / LEDGER.name)
    changed = (
        _write_csv(np.arange(len(ledger)), ledger.iloc.__getitem__, folder / "ledger.csv") if format_ == "csv" else 0
    )
    counts = {"ledger": len(ledger)}
    explanations = _explain(ledger)

    def clean(places: Positions) -> pd.DataFrame:
        return dataset.frame.iloc[places]

    def explained(places: Positions) -> pd.DataFrame:
        return _explained(dataset.frame.iloc[places], dataset.row_ids, explanations)

    for disposition in Disposition:
        positions = np.flatnonzero(dispositions == disposition.value)
        rows = clean if disposition is Disposition.CLEAN else explained
        counts[disposition.value] = len(positions)
        if format_ == "csv":
            changed += _write_csv(positions, rows, folder / f"{disposition.value}.csv")
        else:
            write_parquet(rows(positions), folder / f"{disposition.value}.parquet")
    note = _NOTE.format(**counts, total=len(dataset), neutralised=_NEUTRALISED.format(changed) if changed else "")
    (folder / "README.txt").write_text(note, encoding="utf-8", newline="\n")


def _write_csv(positions: Positions, rows: Callable[[Positions], pd.DataFrame], file: Path) -> int:
    """Write the `rows` at `positions` so that no spreadsheet runs them; how many cells and names that changed."""
    changed = 0
    with file.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        # A part at a time: a whole copy that is safe would be as large as the data once more.
        for start in range(0, max(1, len(positions)), _PART):
            safe, cells = neutralise(rows(positions[start : start + _PART]), count_names=start == 0)
            safe.to_csv(stream, index=False, header=start == 0, lineterminator="\n")
            changed += cells
    return changed


def write_parquet(table: pd.DataFrame, file: Path) -> None:
    """Write a table as Parquet, in types that it has; a text that repeats, such as a reason, is in it once."""
    _storable(table).to_parquet(file, index=False)


_LABELS_NOTE = """
labels.parquet has every judged label: its position in the data, its quality, whether it is suspect. `assay review`
draws from it.
"""
_LABEL_REVIEW_NOTE = """
label_review.csv has the rows whose review would settle most of the disparities (FB021), the most influential first.
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


def write_label_review(dataset: Dataset, review: pd.DataFrame, folder: Path) -> None:
    """Write the rows whose review would settle most of the disparities (FB021), the most influential first.

    `LABEL_REVIEW` has their id under the name of the id column (or `row`), `position`, `feature` and `influence`;
    there is no file where there is no such row.
    """
    if review.empty:
        return
    positions = review["position"].to_numpy(dtype=np.int64)
    ids = pd.Series(dataset.row_ids[positions], name=dataset.roles.id or "row")
    table, _ = neutralise(pd.concat([ids, review.reset_index(drop=True)], axis=1))
    table.to_csv(folder / LABEL_REVIEW, index=False, lineterminator="\n")
    with (folder / "rows" / "README.txt").open("a", encoding="utf-8", newline="\n") as note:
        note.write(_LABEL_REVIEW_NOTE)


def neutralise(frame: pd.DataFrame, *, count_names: bool = True) -> tuple[pd.DataFrame, int]:
    """`frame` with no cell that a spreadsheet would run, and the number of cells (and names) that changed.

    A text that begins with one of ``= + - @``, a tab or a line end gets an apostrophe before it, unless it is a
    plain number such as "-3.5" or a telephone number; NUL is removed, and a carriage return is a
    line feed. The names of the columns are treated alike. Numbers, dates and
    missing values stay as they are.
    """
    columns, changed = [], 0
    for place in range(frame.shape[1]):
        column, cells = _neutral(frame.iloc[:, place])
        columns.append(column)
        changed += cells
    names = [str(name) for name in frame.columns]
    safe_names = [_safe(name) for name in names]
    # By position: two columns may have the same name once that is done.
    safe = pd.concat(columns, axis=1) if columns else frame.copy()
    if safe_names != names:
        safe.columns = pd.Index(safe_names)
        changed += count_names * sum(one != other for one, other in zip(names, safe_names, strict=True))
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
    # Python's csv module quotes a cell for the line end that it writes, and for no other.
    text = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    harmless = _PLAIN_NUMBER.fullmatch(text) or _TELEPHONE.fullmatch(text)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) and not harmless else text


def _may_hold_text(column: pd.Series[Any]) -> bool:
    kinds = pd.api.types
    return not (
        kinds.is_numeric_dtype(column.dtype)
        or kinds.is_bool_dtype(column.dtype)
        or kinds.is_datetime64_any_dtype(column.dtype)
        or kinds.is_timedelta64_dtype(column.dtype)
    )


def _explain(ledger: pd.DataFrame) -> dict[int, tuple[str, str | None, str | None, str | None]]:
    """For each position that is no clean row: why, the suggested label, similar rows, and the proposed values."""
    counting = ledger[~ledger["waived"].to_numpy(dtype=bool)]
    names = ("position", "check", "column", "reason", "action", "suggested", "nearest")
    # As objects: a missing text is None.
    entries = zip(*(counting[name].astype(object).where(counting[name].notna(), None) for name in names), strict=True)
    return {position: _explanation(list(found)) for position, found in groupby(entries, key=itemgetter(0))}


def _explanation(found: list[tuple[Any, ...]]) -> tuple[str, str | None, str | None, str | None]:
    whys, labels, similar = [], [], []
    repairs: dict[str, str] = {}
    for _, check, column, reason, action, suggested, nearest in found:
        whys.append(f"{check}: {reason}")
        is_label = suggested is not None and (column is None or action == Action.RELABEL)
        if is_label:
            labels.append((suggested, nearest))
        elif suggested is not None:
            repairs.setdefault(column, suggested)
        if nearest is not None:
            similar.append(nearest)
    # The rows beside a label carry it.
    label, nearest = labels[0] if labels else (None, similar[0] if similar else None)
    proposed = json.dumps(repairs, ensure_ascii=False) if repairs else None
    return "; ".join(dict.fromkeys(whys)), label, nearest, proposed


def _explained(rows: pd.DataFrame, row_ids: pd.Index, explanations: dict[int, tuple[Any, ...]]) -> pd.DataFrame:
    """`rows` behind their ids and what `_explain` says of them."""
    why, label, nearest, repair = zip(*(explanations[at] for at in rows.index), strict=True) if len(rows) else [()] * 4
    added = {
        "assay_row_id": take_ids(row_ids, rows.index.to_numpy()).set_axis(rows.index),
        "assay_why": pd.array(why, dtype="string"),
        "assay_suggested": pd.array(label, dtype="string"),
        "assay_nearest": pd.array(nearest, dtype="string"),
        "assay_repair": pd.array(repair, dtype="string"),
    }
    taken = set(rows.columns)
    names = []
    for name in added:
        # The input may have a column of this name.
        while name in taken:
            name += "_"  # noqa: PLW2901
        names.append(name)
    ours = pd.DataFrame(dict(zip(names, added.values(), strict=True)), index=rows.index)
    return pd.concat([ours, rows], axis=1)


def _storable(table: pd.DataFrame) -> pd.DataFrame:
    """`table` in types that Parquet has: any other column becomes text, and text is what UTF-8 can hold."""
    changed = {
        name: table[name].map(lambda cell: encodable(str(cell)), na_action="ignore").astype(object)
        for name in table.columns
        if not _has_parquet_type(table[name])
    }
    return table.assign(**changed)


def _has_parquet_type(column: pd.Series[Any]) -> bool:
    if column.dtype.kind not in "Oc" or isinstance(column.dtype, pd.api.extensions.ExtensionDtype):
        return True
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind.startswith("mixed") or kind == "string":
        return False
    import pyarrow as pa

    try:
        pa.array(column, from_pandas=True)
    except (pa.ArrowException, OverflowError):  # an integer beyond 64 bits, a complex number
        return False
    return True
