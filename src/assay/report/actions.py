"""What to do first: the few steps with the largest effect."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from assay.findings import Severity, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 3

_SEVERITIES = [severity.value for severity in Severity]
# A failure can be mended now; an error must be looked into; what is inconclusive needs more data.
_STATUSES = [Status.FAILED.value, Status.ERROR.value, Status.INCONCLUSIVE.value]
# Where the rows are on which an action is to be carried out.
FILES = {"quarantine": "quarantine", "relabel": "review", "review": "review"}


# A check's code, its severity, and the action that it asks for.
Step = tuple[str, str, str]


def first_actions(findings: list[dict[str, Any]], rows_of: Mapping[Step, int], extension: str) -> list[dict[str, Any]]:
    """Up to three steps: one for each check and severity, worst first, then the check that concerns most rows.

    Parameters
    ----------
    findings
        As the document has them.
    rows_of
        How many rows of each step are in the file where its action is carried out.
    extension
        Of the row files: "csv" or "parquet".

    Returns
    -------
    list of dict
        `code`, `finding` (anchor of the step's worst finding), `findings` (how many the step has), `what` (the
        remedy), `why` (the message), `rows` (how many of its rows are in the file, or None), `file` (or None).
    """
    open_ones = [f for f in findings if not f["waived"] and f["status"] in _STATUSES and f["remedy"]]
    open_ones.sort(key=lambda f: (f["code"], *_rank(f)))
    groups = [list(group) for _, group in groupby(open_ones, key=lambda f: (f["code"], f["severity"]))]
    steps = [_action(group, rows_of, extension) for group in groups]
    order = sorted(range(len(steps)), key=lambda i: (*_rank(groups[i][0]), -(steps[i]["rows"] or 0)))
    return [steps[i] for i in order[:_MOST]]


def _rank(finding: dict[str, Any]) -> tuple[int, int]:
    return _SEVERITIES.index(finding["severity"]), _STATUSES.index(finding["status"])


def _action(group: list[dict[str, Any]], rows_of: Mapping[Step, int], extension: str) -> dict[str, Any]:
    worst = group[0]
    flags = [f["evidence"]["rows"] for f in group if f["evidence"] and f["evidence"]["rows"]]
    asked = next((str(flag["action"]) for flag in flags if flag["count"]), "")
    rows = rows_of.get((worst["code"], str(worst["severity"]), asked), 0)
    return {
        "code": worst["code"],
        "title": worst["title"],
        "finding": worst["id"],
        "findings": len(group),
        "what": worst["remedy"],
        "why": worst["message"],
        "rows": rows or None,
        "file": f"rows/{FILES[asked]}.{extension}" if rows else None,
    }
