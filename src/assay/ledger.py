"""The row ledger: one row for each (row of the data, finding), and what becomes of every row."""

from __future__ import annotations

from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.errors import StorageError
from assay.findings import Action
from assay.utf8 import encodable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.findings import Finding, RowFlags

# Its place in the folder of an audit.
LEDGER = Path("rows", "ledger.parquet")
COLUMNS = (
    "row_id",
    "position",
    "check",
    "subject",
    "column",
    "score",
    "reason",
    "action",
    "suggested",
    "nearest",
    "severity",
    "waived",
)


class Disposition(StrEnum):
    """What becomes of a row of the input; every row has exactly one."""

    CLEAN = "clean"
    QUARANTINE = "quarantine"
    REVIEW = "review"


def build_ledger(dataset: Dataset, findings: Iterable[Finding], waived: Collection[Finding] = ()) -> pd.DataFrame:
    """One row for each (row, finding), in the order of the data.

    Parameters
    ----------
    dataset
        The N rows that the findings point at.
    findings
        Those that carry rows enter, whatever their status: a share of duplicates below its threshold passes, and
        each duplicate is a duplicate all the same.
    waived
        Findings (the same objects) that a waiver excuses.

    Returns
    -------
    pd.DataFrame
        Columns `row_id` (as the user knows it), `position` (int, 0-based), `check` (code), `subject`, `column` (the
        one that the finding is about, so that the row's cell in it is meant; missing where it is about none or
        several), `score` (in [0, 1], low is suspect, NaN without one), `reason`, `action` ("quarantine", "relabel",
        "review"), `suggested` (a label for "relabel", else a value for `column`; or missing), `nearest` (ids of
        similar rows, which carry the suggested label where there is one, joined by "; ", or missing), `severity`,
        `waived` (bool); sorted by `position`, then as the findings.
    """
    excused = {id(finding) for finding in waived}
    pointing = [finding for finding in findings if _rows_of(finding) is not None]
    flags = [rows for finding in pointing if (rows := _rows_of(finding)) is not None]
    counts = np.array([len(rows.positions) for rows in flags], dtype=np.int64)
    positions = np.concatenate([np.zeros(0, np.int64), *(np.asarray(rows.positions, np.int64) for rows in flags)])
    scores = [np.full(len(rows.positions), np.nan) if rows.score is None else rows.score for rows in flags]
    order = np.argsort(positions, kind="stable")
    finding_of = np.repeat(np.arange(len(flags)), counts)[order]
    positions = positions[order]

    def each(values: Iterable[str | None]) -> Any:
        """One value a finding."""
        return pd.array(list(values), dtype="string").take(finding_of)

    def one_by_one(values: Iterable[str | Sequence[str | None] | None]) -> Any:
        """One value a finding, or one for each of its rows."""
        return _texts(values, counts, order)

    return pd.DataFrame(
        {
            "row_id": take_ids(dataset.row_ids, positions),
            "position": positions,
            "check": each(finding.code for finding in pointing),
            "subject": each(encodable(str(finding.subject)) for finding in pointing),
            "column": each(map(_column, pointing)),
            "score": np.concatenate([np.zeros(0), *scores]).astype(np.float64)[order],
            "reason": one_by_one(rows.reason for rows in flags),
            "action": each(rows.action.value for rows in flags),
            "suggested": one_by_one(rows.suggested for rows in flags),
            "nearest": one_by_one(_ids(dataset.row_ids, rows.nearest) for rows in flags),
            "severity": each(finding.severity.value for finding in pointing),
            "waived": np.array([id(finding) in excused for finding in pointing], dtype=np.bool_)[finding_of],
        },
        columns=list(COLUMNS),
    )


def split_rows(dataset: Dataset, ledger: pd.DataFrame) -> npt.NDArray[np.str_]:
    """Disposition of each of the N rows, as `Disposition` values; each row has one, so the three add up to N.

    "quarantine" where any finding asks for it, else "review" where any asks for a look or another label, else
    "clean". What a waiver excuses asks for nothing.
    """
    return split_positions(len(dataset), ledger)


def split_positions(rows: int, ledger: pd.DataFrame) -> npt.NDArray[np.str_]:
    """`split_rows` for a number of rows, where the dataset itself is not at hand."""
    counting = ledger[~ledger["waived"].to_numpy(dtype=bool)]
    out = (counting["action"] == Action.QUARANTINE.value).to_numpy(dtype=bool)
    positions = counting["position"].to_numpy()
    dispositions = np.full(rows, Disposition.CLEAN.value, dtype="U10")
    dispositions[positions[~out]] = Disposition.REVIEW.value
    dispositions[positions[out]] = Disposition.QUARANTINE.value
    return dispositions


def take_ids(row_ids: pd.Index, positions: npt.NDArray[np.int64]) -> pd.Series[Any]:
    """Ids of the rows at `positions`; several levels of an index become a tuple."""
    ids = row_ids.take(positions).to_flat_index()
    # The type is named, since pandas makes of objects that are texts what cannot hold half a surrogate pair.
    return pd.Series(ids.array, dtype=ids.dtype)


def read_ledger(audit: Path) -> pd.DataFrame:
    """Read the ledger of a stored audit; the columns are those of `build_ledger`.

    Parameters
    ----------
    audit
        Directory of the audit.

    Raises
    ------
    StorageError
        Where it is missing, damaged, or of a version of Assay that kept less.
    """
    file = audit / LEDGER
    if not file.is_file():
        raise StorageError(
            f"{file} is missing: the audit is of an older version of Assay, or its row files were moved. "
            "Run the audit again, or open the files in its folder rows/."
        )
    try:
        ledger = pd.read_parquet(file)
    except (OSError, ValueError) as error:  # pyarrow's own errors are of these kinds
        raise StorageError(f"{file} cannot be read: it is damaged. Run the audit again.") from error
    if lacking := [name for name in COLUMNS if name not in ledger.columns]:
        raise StorageError(
            f"{file} must have the columns {', '.join(COLUMNS)}, got none called {', '.join(lacking)}: the audit "
            "is of another version of Assay. Run the audit again."
        )
    if ledger["position"].isna().any():
        # `assay validate` does not load the table: its rows have keys and no positions, and are numbered here.
        ledger["position"] = pd.factorize(ledger["row_id"])[0].astype(np.int64)
        ledger = ledger.sort_values("position", kind="stable", ignore_index=True)
    return ledger[list(COLUMNS)]


def _rows_of(finding: Finding) -> RowFlags | None:
    return finding.evidence.rows if finding.evidence is not None else None


def _column(finding: Finding) -> str | None:
    columns = finding.subject.columns
    return encodable(columns[0]) if len(columns) == 1 else None


def _texts(
    values: Iterable[str | Sequence[str | None] | None], counts: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
) -> Any:
    """Texts in `order`; what is one for all rows of a finding is kept once until the end."""
    texts: list[str | None] = []
    places = [np.zeros(0, np.int64)]
    for value, count in zip(values, counts.tolist(), strict=True):
        if value is None or isinstance(value, str):
            places.append(np.full(count, len(texts), dtype=np.int64))
            texts.append(value)
        else:
            places.append(np.arange(len(texts), len(texts) + count))
            texts += value
    known = [None if text is None or pd.isna(text) else encodable(text) for text in texts]
    return pd.array(known, dtype="string").take(np.concatenate(places)[order])


def _ids(row_ids: pd.Index, nearest: Sequence[Sequence[int]] | None) -> list[str | None] | None:
    if nearest is None:
        return None
    places = np.fromiter(chain.from_iterable(nearest), dtype=np.int64)
    words = iter(take_ids(row_ids, places).map(str).tolist())
    return ["; ".join(islice(words, len(group))) or None for group in nearest]
