"""Document trees made by hand, of counts that a test knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import assay.documents
from assay.intervals import wilson
from assay.small_cells import FEWER, SMALLEST_CELL

SCHEMA = json.loads((Path(assay.documents.__file__).parent / "schemas" / "document.schema.json").read_text("utf-8"))
RATES = ["feature", "group", "metric", "value", "low", "high", "n"]
PAIRS = ["sex", "race", "metric", "value", "low", "high", "n"]
Counts = dict[Any, tuple[int, int]]


def figures(n: int, selected: int) -> list[Any]:
    """Rate, interval and n as a report shows them."""
    if n < SMALLEST_CELL:
        return [None, None, None, FEWER]
    interval = wilson(selected, n)
    assert interval is not None
    return [selected / n, interval.low, interval.high, n]


def finding(code: str, status: str, number: int = 1, **rest: Any) -> dict[str, Any]:
    return {
        "id": f"{code}-{number}",
        "code": code,
        "family": code[:2],
        "title": f"Title of {code}",
        "severity": "critical",
        "status": status,
        "waived": False,
        "subject": {"text": "the dataset", "columns": [], "group": None},
        "message": f"{code} {status}.",
        "remedy": "",
        "evidence": None,
        **rest,
    }


def make_tree(
    rates: dict[str, Counts] | None = None,
    *,
    pairs: Counts | None = None,
    findings: tuple[dict[str, Any], ...] = (),
    classes: tuple[str, ...] = ("no", "yes"),
    positive: str | None = "yes",
    stated: bool = True,
    weight: str | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """Make the tree of an audit in which `rates` (feature -> group -> (n, selected)) are labels and predictions alike."""
    by_feature = rates or {}
    metrics = ("base rate", "selection rate") if positive is not None else ()
    by_group = [
        [feature, group, metric, *figures(*counts)]
        for feature, groups in by_feature.items()
        for metric in metrics
        for group, counts in groups.items()
    ]
    total = max((sum(n for n, _ in groups.values()) for groups in by_feature.values()), default=100)
    tree: dict[str, Any] = {
        "schema": "assay-report/1",
        "name": "hires",
        "verdict": "undecided",
        "families": [{"family": "DQ", "title": "data quality", "counts": {"passed": 2, "failed": 1}}],
        "dataset": {
            "source": "hires.csv",
            "fingerprint": "ab" * 32,
            "rows": total,
            "columns": 5,
            "roles": {
                "label": "hired",
                "features": ["a", "b"],
                "sensitive": list(by_feature),
                **dict.fromkeys(("id", "time", "group")),
                "weight": weight,
                "ignored": [],
            },
            "classes": [{"name": name, "rows": 40, "positive": name == positive} for name in classes],
            "positive_is_stated": stated,
            "without_label": 0,
        },
        "rows": {"total": total, "clean": total, "quarantine": 0, "review": 0},
        "findings": list(findings),
        "learning": {"trained": total, "device": "cpu", "details": {}},
        "labels": {"judged": total, "suspects": 0},
        "fairness": {"by_group": {"columns": RATES, "rows": by_group}},
        "health": {"metrics": {"columns": ["metric", "value", "low", "high", "n"], "rows": []}},
        "limits": {"classes_left_out": {}, "labels_not_judged": 0, "min_group_size": 50, "small_groups": []},
        "manifest": {"created": "2026-03-14T09:26:53+00:00", "assay": "0.1.0", "config": {"documents": facts}},
    }
    if pairs is not None:
        rows = [[*pair, metric, *figures(*counts)] for metric in metrics for pair, counts in pairs.items()]
        tree["fairness"]["sex_by_race"] = {"columns": PAIRS, "rows": rows}
    return tree
