"""Reports made by hand, as far as two are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assay.findings import Action, Evidence, Finding, Interval, RowFlags, Severity, Status, Subject


@pytest.fixture(scope="session")
def entry():
    """Make a finding as `report.json` holds it."""

    def build(
        code="DQ018",
        status="failed",
        severity="critical",
        column="x",
        *,
        title=None,
        said=None,
        rule=None,
        **figure: Any,
    ):
        count = figure.pop("rows", None)
        rest = {"value": None, "rows": None if count is None else {"count": count}}
        rest |= {"metric": "missing share", "interval": None, "n": 1000, "threshold": 0.05, "unit": "share"} | figure
        return {
            "id": f"{code}-1",
            "code": code,
            "family": code[:2],
            "title": title or f"Title of {code}",
            "severity": severity,
            "status": status,
            "waived": False,
            "subject": {"text": column or "the dataset", "columns": [column] if column else [], "group": None},
            "message": said or f"{code} {status}.",
            "remedy": "",
            "evidence": rest if "value" in figure or count is not None else None,
            **({"rule": rule} if rule else {}),
        }

    return build


@pytest.fixture(scope="session")
def document():
    """Make a report of findings."""

    def build(*findings, name="loans", verdict="reject", fingerprint="a", rows=1000, config=None, **more: Any):
        roles = {"label": "y", "features": ["x", "z"], "sensitive": [], "id": None, "time": None, "group": None}
        return {
            "schema": "assay-report/1",
            "name": name,
            "verdict": verdict,
            "families": [{"family": family} for family in ("DQ", "LN", "FB", "MH")],
            "dataset": {"fingerprint": fingerprint * 64, "rows": rows, "roles": roles | more.pop("roles", {})},
            "findings": list(findings),
            "manifest": {
                "assay": "0.1.0",
                "created": "2026-03-01T06:00:00+00:00",
                "config": config or {"label": "y", "policy": {"waivers": []}},
                "versions": {"torch": "2.13.0"},
                **more,
            },
        }

    return build


@pytest.fixture(scope="session")
def finding():
    """Make a finding of an audit that runs."""

    def build(
        code="DQ018",
        status="failed",
        severity="critical",
        column="x",
        *,
        title=None,
        said=None,
        rule="",
        **figure: Any,
    ):
        count = figure.pop("rows", None)
        rest = {"metric": "missing share", "n": 1000, "threshold": 0.05, "unit": "share"} | figure
        limits = rest.pop("interval", None)
        evidence = None
        if "value" in figure or count is not None:
            rows = None if count is None else RowFlags(np.arange(count), "Wrong.", Action.REVIEW)
            evidence = Evidence(**rest, interval=None if limits is None else Interval(*limits), rows=rows)
        return Finding(
            code,
            title or f"Title of {code}",
            Severity(severity),
            Status(status),
            said or f"{code} {status}.",
            Subject((column,) if column else ()),
            evidence,
            rule=rule,
        )

    return build
