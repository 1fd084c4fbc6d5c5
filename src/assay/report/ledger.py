"""The row ledger: one row for each (row of the data, finding), and what becomes of every row."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.findings import Action
from assay.report.text import encodable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.findings import Finding, RowFlags

COLUMNS = (
    "row_id",
    "position",
    "check",
    "subject",
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
        Columns `row_id` (as the user knows it), `position` (int, 0-based), `check` (code), `subject`, `score`
        (in [0, 1], low is suspect, NaN without one), `reason`, `action` ("quarantine", "relabel", "review"),
        `suggested` (a label or missing), `nearest` (ids of similar rows that carry it, joined by "; ", or missing),
        `severity`, `waived` (bool); sorted by `position`, then as the findings.
    """
    excused = {id(finding) for finding in waived}
    parts = [
        _part(finding, finding.evidence.rows, dataset.row_ids, waived=id(finding) in excused)
        for finding in findings
        if finding.evidence is not None and finding.evidence.rows is not None
    ]
    ledger = pd.concat(parts, ignore_index=True) if parts else _part_of_nothing()
    ledger = ledger.sort_values("position", kind="stable", ignore_index=True)
    ledger.insert(0, "row_id", dataset.row_ids.take(ledger["position"].to_numpy()).to_flat_index().array)
    return ledger[list(COLUMNS)]


def split_rows(dataset: Dataset, ledger: pd.DataFrame) -> npt.NDArray[np.str_]:
    """Disposition of each of the N rows, as `Disposition` values; each row has one, so the three add up to N.

    "quarantine" where any finding asks for it, else "review" where any asks for a look or another label, else
    "clean". What a waiver excuses asks for nothing.
    """
    counting = ledger[~ledger["waived"].to_numpy(dtype=bool)]
    out = counting["action"].to_numpy() == Action.QUARANTINE
    positions = counting["position"].to_numpy()
    dispositions = np.full(len(dataset), Disposition.CLEAN.value, dtype="U10")
    dispositions[positions[~out]] = Disposition.REVIEW.value
    dispositions[positions[out]] = Disposition.QUARANTINE.value
    return dispositions


def _part(finding: Finding, rows: RowFlags, row_ids: pd.Index, *, waived: bool) -> pd.DataFrame:
    count = len(rows.positions)

    def column(values: Any, dtype: Any) -> Any:
        return pd.Series(values, index=range(count), dtype=dtype)

    return pd.DataFrame(
        {
            "position": column(np.asarray(rows.positions), np.int64),
            "check": column(finding.code, "string"),
            "subject": column(encodable(str(finding.subject)), "string"),
            "score": column(np.nan if rows.score is None else np.asarray(rows.score), np.float64),
            "reason": column(_encodable(rows.reason), "string"),
            "action": column(rows.action.value, "string"),
            "suggested": column(None if rows.suggested is None else _encodable(rows.suggested), "string"),
            "nearest": column(None if rows.nearest is None else _ids(row_ids, rows.nearest), "string"),
            "severity": column(finding.severity.value, "string"),
            "waived": column(waived, np.bool_),
        }
    )


def _ids(row_ids: pd.Index, nearest: Sequence[Sequence[int]]) -> list[str | None]:
    return [encodable("; ".join(str(row_ids[place]) for place in places)) or None for places in nearest]


def _encodable(texts: str | Sequence[str]) -> str | list[str]:
    return encodable(texts) if isinstance(texts, str) else [encodable(text) for text in texts]


def _part_of_nothing() -> pd.DataFrame:
    types = {"position": np.int64, "score": np.float64, "waived": np.bool_}
    return pd.DataFrame({name: pd.Series(dtype=types.get(name, "string")) for name in COLUMNS[1:]})
