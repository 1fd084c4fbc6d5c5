"""The flow `audit folder`: every audit.yaml below a folder, each a run of the flow `audit` with a page of its own.

No `from __future__ import annotations` here: Prefect makes the form of the flow's parameters from its annotations.
"""

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from assay.config_file import CONFIG_NAME
from assay.report.text import clean

from .artifacts import artifact_key
from .flow import audit_flow
from .verdict_page import escape

# Worst first. What broke down or was refused decides nothing, but nobody should train on it either.
_ORDER = ("Rejected", "Failed", "Crashed", "Refused", "Undecided", "Completed")
_MESSAGE = 400


def _run_name() -> str:
    return f"audits of {flow_run.parameters['folder']}"


@flow(name="audit folder", flow_run_name=_run_name, retries=0, persist_result=False, result_serializer="json")
def audit_folder_flow(folder: Path, *, fresh: bool = False) -> State[Any]:
    """Run each audit.yaml below a folder, one after the other, and end in the worst of their states.

    An audit that is rejected, refused or breaks down does not stop the others.

    Args:
        folder: Where to look for files called audit.yaml, also in the folders below; hidden folders are left out.
        fresh: Whether to audit again even where nothing has changed since the last audit.
    """
    # `Args` in the form of Google: see `audit_flow`.
    files = find_configurations(folder)
    if not files:
        message = f"folder must hold a file {CONFIG_NAME}, also in a folder below, got {folder}, where there is none."
        return Failed(name="Refused", message=f"{message} `assay init DATA --label COLUMN` writes a first one.")
    states = {file: audit_flow(file, fresh=fresh, return_state=True) for file in files}
    rows = [
        {
            "configuration": clean(file.relative_to(folder).as_posix()),
            "state": state.name or "",
            "message": clean(state.message or "", _MESSAGE),
        }
        for file, state in states.items()
    ]
    rows.sort(key=lambda row: _rank(row["state"]))
    summary = ", ".join(
        f"{sum(row['state'] == name for row in rows)} {name}" for name in dict.fromkeys(row["state"] for row in rows)
    )
    create_table_artifact(
        rows, key=artifact_key(str(folder), "audits"), description=escape(f"{summary}: audits of {folder}")
    )
    worst = rows[0]["state"]
    message = f"{summary} of {len(rows)}. Worst: {rows[0]['configuration']}"
    return Completed(message=message) if worst == _ORDER[-1] else Failed(name=worst, message=message)


def find_configurations(folder: Path) -> list[Path]:
    """Files called audit.yaml in a folder and below, sorted, but for those in hidden folders."""
    found = (path for path in folder.rglob(CONFIG_NAME) if path.is_file())
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))


def _rank(state: str) -> int:
    return _ORDER.index(state) if state in _ORDER else 0
