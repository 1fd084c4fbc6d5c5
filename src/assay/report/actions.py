"""What to do first: the few steps with the largest effect."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from assay.findings import Severity, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 3
_SUBJECTS = 3

_SEVERITIES = [severity.value for severity in Severity]
# A failure can be mended now; an error must be looked into; what is inconclusive needs more data.
OPEN = (Status.FAILED, Status.ERROR, Status.INCONCLUSIVE)
_STATUSES = [status.value for status in OPEN]
# Where an action is carried out; another finding may ask for more of a row, and take it to the other file.
_FILES = {"quarantine": "quarantine", "relabel": "review", "review": "review"}

# A check's code, its severity and status, and the action that it asks for.
Step = tuple[str, str, str, str]
# For each step, how many of its rows are in each file.
RowsOf = dict[Step, "Mapping[str, int]"]


def first_actions(findings: list[dict[str, Any]], rows_of: RowsOf, extension: str) -> list[dict[str, Any]]:
    """Up to three steps: one for each check, severity and status, worst first, then by the rows that they concern.

    What failed and what is inconclusive ask for different things, and are steps of their own.

    Parameters
    ----------
    findings
        As the document has them.
    rows_of
        How many rows of each step are in which file.
    extension
        Of the row files: "csv" or "parquet".

    Returns
    -------
    list of dict
        `code`, `finding` (anchor of the step's worst finding), `findings` (how many the step has), `subjects` (of
        the first three, worst first) and `more_subjects` (how many others), `what` (the remedy), `why` (the
        message), `files` (where its rows are: `file` and `rows`, the file where the action is carried out first).
    """
    open_ones = [f for f in findings if not f["waived"] and f["status"] in _STATUSES and f["remedy"]]
    open_ones.sort(key=lambda f: (f["code"], *_rank(f)))
    groups = [list(group) for _, group in groupby(open_ones, key=lambda f: (f["code"], *_rank(f)))]
    steps = [_action(group, rows_of, extension) for group in groups]
    order = sorted(range(len(steps)), key=lambda i: (*_rank(groups[i][0]), -_rows(steps[i])))
    return [steps[i] for i in order[:_MOST]]


def _rank(finding: dict[str, Any]) -> tuple[int, int]:
    return _SEVERITIES.index(finding["severity"]), _STATUSES.index(finding["status"])


def _rows(step: dict[str, Any]) -> int:
    return sum(place["rows"] for place in step["files"])


def _action(group: list[dict[str, Any]], rows_of: RowsOf, extension: str) -> dict[str, Any]:
    worst = group[0]
    flags = [f["evidence"]["rows"] for f in group if f["evidence"] and f["evidence"]["rows"]]
    asked = next((str(flag["action"]) for flag in flags if flag["count"]), "")
    rows = rows_of.get((worst["code"], str(worst["severity"]), str(worst["status"]), asked), {})
    places = sorted(rows, key=lambda name: name != _FILES[asked])
    # A finding on the whole dataset has nothing to name.
    about = [f["subject"] for f in group if f["subject"]["columns"] or f["subject"]["group"]]
    subjects = list(dict.fromkeys(subject["text"] for subject in about))
    return {
        "code": worst["code"],
        "title": worst["title"],
        "finding": worst["id"],
        "findings": len(group),
        "subjects": subjects[:_SUBJECTS],
        "more_subjects": len(subjects[_SUBJECTS:]),
        "what": worst["remedy"],
        "why": worst["message"],
        "files": [{"file": f"rows/{name}.{extension}", "rows": rows[name]} for name in places],
    }
