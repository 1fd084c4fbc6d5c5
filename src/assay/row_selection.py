"""What a stored audit says of its rows: the entries of its ledger that somebody asks for, and the rows' own values."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.config import CODES
from assay.errors import ConfigurationError, StorageError
from assay.ledger import Disposition, split_positions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

# Columns that `quarantine` and `review` have before those of the input.
_EXPLAINING = 5
_PART = 100_000
# It is there wherever the rows themselves are.
_COUNTING = "README.txt"
# The roles of one column each. A report of an older version may lack one.
_SINGLE = ("label", "id", "time", "group", "weight", "split")
_NAMED = 5
_STATUS = {
    "passed": "passed, and points at no row",
    "failed": "failed as a whole, and points at no single row",
    "inconclusive": "could not be decided, and points at no row",
    "not_applicable": "does not apply to these data",
    "error": "could not be carried out: which rows it would point at is not known",
}
_WORST_FIRST = ("error", "failed", "inconclusive", "passed", "not_applicable")


def select_entries(
    ledger: pd.DataFrame,
    document: dict[str, Any],
    *,
    checks: Sequence[str] = (),
    rows: Sequence[str] = (),
    column: str | None = None,
    action: str | None = None,
) -> pd.DataFrame:
    """Entries of a ledger for which everything holds that is asked.

    Parameters
    ----------
    ledger
        See `assay.ledger.read_ledger`.
    document
        The audit's `report.json`.
    checks
        Codes, in capitals or not; any of them.
    rows
        Ids as text; any of them.
    column
        The finding is about this column, alone or with others.
    action
        "quarantine", "relabel" or "review".

    Raises
    ------
    ConfigurationError
        Where a check is not one of the audit, a column not one of its data, or no finding points at a row; all that
        is wrong at once.
    """
    codes = {code: _code(code, document) for code in checks}
    # As they are shown; of a time, `astype` would leave out midnight.
    ids = ledger["row_id"].map(str)
    problems = [_unknown_check(code, document) for code, known in codes.items() if known is None]
    known_ids = set(ids) if rows else set()
    problems += [
        f"No finding points at a row '{row}': nothing was found in it, or it is not in the data. Leave it out."
        for row in rows
        if row not in known_ids
    ]
    subjects = _subjects(document, column)
    if column is not None and not subjects and column not in _columns(document):
        near = _nearest(column, _columns(document))
        problems.append(f"--column must be a column of the data, got '{column}'.{near}")
    if problems:
        raise ConfigurationError(problems)
    chosen = np.ones(len(ledger), dtype=bool)
    if checks:
        chosen &= ledger["check"].isin(list(codes.values())).to_numpy(dtype=bool)
    if rows:
        chosen &= ids.isin(list(rows)).to_numpy(dtype=bool)
    if action is not None:
        chosen &= (ledger["action"] == action).to_numpy(dtype=bool)
    if column is not None:
        pairs = pd.MultiIndex.from_arrays([ledger["check"].astype(object), ledger["subject"].astype(object)])
        chosen &= pairs.isin(subjects) if subjects else False
    return ledger[chosen]


def describe_nothing(document: dict[str, Any], checks: Sequence[str]) -> list[str]:
    """Why there is no row: a sentence for each check that was asked for, or one for all."""
    if not checks and not document["rows"]["ledger"]:
        return ["No finding points at any row."]
    sentences = []
    for code in dict.fromkeys(_code(check, document) for check in checks):
        found = [finding for finding in document["findings"] if finding["code"] == code]
        if not any(_points_at_rows(finding) for finding in found):
            worst = min((finding["status"] for finding in found), key=_WORST_FIRST.index)
            sentences.append(f"{code} ({found[0]['title']}) {_STATUS[worst]}.")
    return sentences or ["No finding points at such a row."]


def read_values(
    audit: Path, document: dict[str, Any], ledger: pd.DataFrame, positions: npt.NDArray[np.int64]
) -> pd.DataFrame:
    """Read the input's rows at `positions` from the row files of a stored audit; all cells are text in CSV files.

    Parameters
    ----------
    audit, document, ledger
        The directory of the audit, its `report.json` and the whole of its ledger.
    positions
        Ascending and unique.

    Returns
    -------
    pd.DataFrame
        The columns of the input, under an index of positions.

    Raises
    ------
    StorageError
        Where the rows were never written (`assay validate` does not fetch those of a database), or a file is missing,
        damaged, or has not as many rows as when it was written.
    """
    if not (audit / "rows" / _COUNTING).is_file():
        raise StorageError(
            f"{audit / 'rows'} holds no values: `assay validate` leaves the rows of a table where they live, and "
            "writes down their ids alone. Leave out --values, and look these ids up in the table."
        )
    counts, format_ = document["rows"], document["rows"]["format"]
    dispositions = split_positions(counts["total"], ledger)
    parts = []
    for disposition in Disposition:
        members = np.flatnonzero(dispositions == disposition.value)
        wanted = positions[np.isin(positions, members)]
        if not len(wanted):
            continue
        file = audit / "rows" / f"{disposition.value}.{format_}"
        table = _read_rows(file, np.searchsorted(members, wanted), expected=counts[disposition.value])
        if disposition is not Disposition.CLEAN:
            table = table.iloc[:, _EXPLAINING:]
        parts.append(table.set_axis(pd.Index(wanted), axis=0))
    # Parts of one file each: a column without any value in one of them has another type there.
    return pd.concat([part.astype(object) for part in parts]).sort_index() if parts else pd.DataFrame()


def _read_rows(file: Path, places: npt.NDArray[np.int64], *, expected: int) -> pd.DataFrame:
    try:
        count, found = 0, []
        for part in _parts(file):
            inside = places[(places >= count) & (places < count + len(part))] - count
            count += len(part)
            found.append(part.iloc[inside])
    except (OSError, ValueError) as error:  # pandas' and pyarrow's own errors are of these kinds
        raise StorageError(f"{file} cannot be read: it is missing or damaged. Run the audit again.") from error
    if count != expected:
        raise StorageError(
            f"{file} must have {expected:,} rows, as when it was written, got {count:,}: which row is which cannot be "
            "told. Run the audit again, or leave out --values."
        )
    return pd.concat(found)


def _parts(file: Path) -> Iterator[pd.DataFrame]:
    if file.suffix == ".parquet":
        yield pd.read_parquet(file)
    else:
        # An edited file may begin with the mark by which spreadsheets know UTF-8.
        yield from pd.read_csv(
            file, dtype=str, keep_default_na=False, encoding="utf-8-sig", chunksize=_PART, skip_blank_lines=False
        )


def _code(check: str, document: dict[str, Any]) -> str | None:
    known = {finding["code"] for finding in document["findings"]}
    return next((code for code in (check, check.upper()) if code in known), None)


def _unknown_check(check: str, document: dict[str, Any]) -> str:
    if check.upper() in CODES:
        return f"--check {check.upper()} did not run in this audit. Leave it out."
    known = sorted({finding["code"] for finding in document["findings"]})
    return f"--check must be the code of a check, got '{check}'.{_nearest(check.upper(), known)}"


def _nearest(text: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    return f" Nearest: {', '.join(near)}." if near else ""


def _columns(document: dict[str, Any]) -> list[str]:
    roles = document["dataset"]["roles"]
    single = [roles[role] for role in _SINGLE if roles.get(role) is not None]
    return list(dict.fromkeys([*single, *roles["features"], *roles["sensitive"], *roles["ignored"]]))


def _subjects(document: dict[str, Any], column: str | None) -> list[tuple[str, str]]:
    """Checks and subjects of the findings on a column."""
    on = [finding for finding in document["findings"] if column in finding["subject"]["columns"]]
    return list(dict.fromkeys((finding["code"], finding["subject"]["text"]) for finding in on))


def _points_at_rows(finding: dict[str, Any]) -> bool:
    rows = finding["evidence"] and finding["evidence"]["rows"]
    return bool(rows and rows["count"])
