"""An audit that takes no time, and what the flow needs of its report."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.deciding import Decision, Verdict
from assay.findings import Finding, Severity, Status, Subject
from assay.report.document import judged_parts
from assay.report.plain import plain

STAGES = ("ingest", "validate", "learn", "label noise", "fairness", "cleaning", "health", "gate")
RATES = {
    "columns": ["feature", "group", "metric", "value", "low", "high", "n"],
    "rows": [
        ["sex", "a|b<i>", "selection rate", 0.7, 0.6, 0.8, 100],
        ["sex", "m", "selection rate", 0.45, 0.35, 0.55, 100],
        ["sex", "x", "selection rate", None, None, None, "<10"],
    ],
}
DISPARITIES = {
    "columns": [
        *("feature", "metric", "kind", "value", "low", "high", "worst", "best", "tolerance", "status", "p_value"),
    ],
    "rows": [
        ["sex", "base rate", "difference", 0.05, 0.0, 0.12, "m", "a|b<i>", 0.1, "inconclusive", 0.2],
        ["sex", "selection rate", "difference", 0.25, 0.12, 0.37, "m", "a|b<i>", 0.1, "failed", 0.001],
        ["sex", "selection rate", "ratio", 0.64, 0.5, 0.8, "m", "a|b<i>", 0.8, "failed", 0.001],
        ["sex", "precision", "difference", None, None, None, None, None, 0.1, "inconclusive", None],
    ],
}


@dataclass
class FakeReport:
    """What the flow needs of an AuditReport."""

    decision: str
    reasons: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()
    manifest: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """What is shown of a report, in the words of `assay.report.document`."""
        ruling = Decision(Verdict(self.decision), self.reasons)
        return {
            "schema": "assay-report/1",
            **plain(judged_parts("Loans_2026", self.findings, ruling)),
            "actions": [],
            "dataset": {"fingerprint": "f" * 64, "rows": 200, "classes": [{"name": "no"}, {"name": "yes"}]},
            "rows": {"total": 200, "clean": 150, "quarantine": 10, "review": 40, "ledger": 60, "format": "csv"},
            "learning": {"curves": None},
            "labels": {
                "histogram": None,
                "estimates": {
                    "columns": ["by", "name", "n", "suspects", "share", "low", "high"],
                    "rows": [["overall", "all rows", 200, 8, 0.04, 0.02, 0.07]],
                },
            },
            "fairness": {"by_group": RATES, "disparities": DISPARITIES},
            "health": {
                "metrics": {
                    "columns": ["metric", "value", "low", "high", "n"],
                    "rows": [["auc", 0.9, 0.85, 0.94, 200]],
                }
            },
            "limits": {"min_group_size": 50},
            "manifest": {
                "created": "2026-01-02T03:04:05+00:00",
                "config": {"health": {"min_auc": 0.55, "min_r2": 0.01}, "label_noise": {"max_share": 0.05}},
                "stages": {name: {"seconds": 0.1} for name in STAGES},
                **self.manifest,
            },
        }

    def write(self, folder: Path) -> None:
        (folder / "report.json").write_text(json.dumps(self.to_dict()))


def finding(code: str, *, status: Status = Status.FAILED, column: str = "income") -> Finding:
    return Finding(
        code, "A title", Severity.CRITICAL, status, f"{column} is wrong.", Subject((column,)), remedy="Fix it."
    )
