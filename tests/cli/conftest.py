"""A real report of handmade results, an audit that returns it at once, and the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from assay.config_file import parse_config
from assay.deciding import Decision, Verdict
from assay.findings import Finding, Severity, Status, Subject
from assay.manifest import write_manifest
from assay.results import CellResult, FairnessResult, HealthResult, LabelNoiseResult, RecordResult, ValidationResult

STAGES = ("ingest", "validate", "learn", "label noise", "fairness", "cleaning", "health", "gate")


@pytest.fixture
def make_report(make_dataset, make_out_of_sample) -> Callable[..., Any]:
    """Make a report of a verdict, whose reason is one finding about `column`."""

    def build(verdict: str = "pass", *, column: str = "income") -> Any:
        from assay.report import AuditReport

        n = 200
        frame = pd.DataFrame({column: np.arange(n) * 0.5, "y": ["no", "yes"] * (n // 2)})
        dataset = make_dataset(frame, label="y")
        config = parse_config({"label": "y", "name": "loans"})
        predictions = make_out_of_sample(dataset, np.tile([0.5, 0.5], (n, 1)))
        status = {"pass": Status.PASSED, "reject": Status.FAILED, "undecided": Status.INCONCLUSIVE}[verdict]
        finding = Finding(
            "DQ014",
            "A title",
            Severity.CRITICAL,
            status,
            f"Column '{column}' holds 3 values.",
            Subject((column,)),
            remedy="Mend them.",
        )
        reasons = () if verdict == "pass" else (finding,)
        nothing = np.zeros(n)
        rates = pd.DataFrame(columns=["feature", "group", "metric", "value", "low", "high", "n"])
        gaps = pd.DataFrame(
            columns=["feature", "metric", "kind", "value", "low", "high", "worst", "best", "tolerance", "status"]
        )
        counts = pd.DataFrame(columns=["feature", "group", "y_true", "y_pred", "n"])
        return AuditReport(
            config=config,
            dataset=dataset,
            validation=ValidationResult((finding,)),
            cells=CellResult((), pd.DataFrame()),
            records=RecordResult((), pd.DataFrame(), np.full(n, -1)),
            predictions=predictions,
            label_noise=LabelNoiseResult(
                (),
                quality=nothing,
                suspect=nothing.astype(bool),
                suggested=predictions.labels,
                judged=nothing.astype(bool),
                estimates=pd.DataFrame(columns=["by", "name", "n", "suspects", "share", "low", "high"]),
            ),
            fairness_result=FairnessResult((), by_group=rates, disparities=gaps, counts=counts),
            cleaning=None,
            health=HealthResult((), metrics=pd.DataFrame(columns=["metric", "value", "low", "high", "n"])),
            findings=(finding,),
            ruling=Decision(Verdict(verdict), reasons),
            manifest=write_manifest(config, dataset, predictions, {}),
        )

    return build


@pytest.fixture
def fake_audit(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Put an audit in the place of the real one that returns a report, or raises an error, after all stages."""

    def install(outcome: Any) -> None:
        def work() -> None:
            if isinstance(outcome, BaseException):
                raise outcome

        def run_audit(config, *, frame=None, stage, progress=None):
            for name in STAGES[:-1]:
                stage(name, len, name)
                progress(name, 0.5)
            stage("gate", work)
            return outcome

        module = ModuleType("assay.auditing")
        module.run_audit = run_audit  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "assay.auditing", module)

    return install


@pytest.fixture
def audit_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An audit.yaml in the working directory."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "audit.yaml"
    file.write_text("label: y\nname: loans\ndata: loans.csv\n")
    return file


@pytest.fixture
def assay() -> Callable[..., Result]:
    """Run the command line in this process."""

    def invoke(*arguments: object) -> Result:
        from assay.cli import app

        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke
