"""An audit that takes no time, and what the flow needs of its report."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.findings import Finding, Severity, Status, Subject

STAGES = ("ingest", "validate", "learn", "label noise", "fairness", "cleaning", "health", "gate")


@dataclass
class FakeReport:
    """What the flow needs of an AuditReport."""

    decision: str
    reasons: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()
    manifest: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        (folder / "report.json").write_text(json.dumps({"schema": "assay-report/1"}))


def finding(code: str, *, status: Status = Status.FAILED, column: str = "income") -> Finding:
    return Finding(
        code, "A title", Severity.CRITICAL, status, f"{column} is wrong.", Subject((column,)), remedy="Fix it."
    )
