"""Reports made by hand, of the parts in report_parts.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from report_parts import (
    TODAY,
    make_cleaning,
    make_dataset,
    make_fairness,
    make_frame,
    make_health,
    make_label_noise,
    make_predictions,
    sample_findings,
)

from assay.config import AuditConfig
from assay.deciding import apply_severities, decide
from assay.report import AuditReport
from assay.results import CellResult, RecordResult, ValidationResult

Make = Callable[..., AuditReport]


@pytest.fixture(scope="session")
def make_report() -> Make:
    """Make a report of any dataset and findings; everything else is made up."""

    def build(
        findings=None, *, dataset=None, fairness=None, policy=None, output=None, waivers=(), **parts: Any
    ) -> AuditReport:
        dataset = dataset if dataset is not None else make_dataset(make_frame())
        config = AuditConfig.model_validate(
            {
                "name": parts.pop("name", "loans"),
                "label": dataset.roles.label,
                "policy": policy or {"waivers": list(waivers)},
                "output": output or {},
            }
        )
        found = apply_severities(sample_findings() if findings is None else findings, config.policy)
        given: dict[str, Any] = {
            "validation": ValidationResult(()),
            "cells": CellResult((), pd.DataFrame()),
            "records": RecordResult((), pd.DataFrame(), np.full(len(dataset), -1)),
            "predictions": make_predictions(dataset),
            "label_noise": make_label_noise(dataset),
            "fairness_result": fairness or make_fairness({"sex": ["Male", "Female"], "race": ["A", "B", "C"]}),
            "cleaning": make_cleaning(),
            "health": make_health(),
            "manifest": {
                "assay": "0.1.0",
                "created": "2026-03-14T09:26:53+00:00",
                "config": config.model_dump(mode="json"),
                "seed": 0,
                "stages": {"learn": {"seconds": 4.218, "cpu_seconds": 8.1, "peak_memory_mb": 612.4}},
                "versions": {"python": "3.11.9", "torch": "2.13.0"},
            },
        }
        return AuditReport(
            config=config,
            dataset=dataset,
            findings=found,
            ruling=decide(found, config.policy, today=TODAY),
            **(given | parts),
        )

    return build


@pytest.fixture(scope="session")
def sample_report(make_report) -> AuditReport:
    """A rejected audit with a bit of everything: see `sample_findings`."""
    waivers = [
        {
            "check": "DQ018",
            "owner": "Ada Lovelace",
            "reason": "Income is optional in the form.",
            "expires": "2026-12-31",
        },
        {"check": "DQ011", "owner": "Bob", "reason": "Known since January.", "expires": "2026-03-13"},
        {"check": "MH004", "owner": "Bob", "reason": "Flaky.", "expires": "2027-01-01"},
    ]
    return make_report(waivers=waivers)
