"""The parts of a report made by hand: every stage's result, with numbers that the tests know."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from assay.dataset import Dataset, Labels, Roles
from assay.findings import Action, Evidence, Finding, Interval, RowFlags, Severity, Status, Subject, Table
from assay.results import (
    CleaningEffect,
    FairnessResult,
    HealthResult,
    LabelNoiseResult,
    OutOfSample,
)

N = 240
TODAY = dt.date(2026, 3, 14)
METRICS = ("base rate", "selection rate", "true positive rate", "false positive rate", "accuracy")


def finding(code="DQ001", status="passed", severity="critical", columns=(), group=None, **rest: Any) -> Finding:
    defaults = {"title": f"Title of {code}", "message": f"{code} {status}.", "evidence": None, "remedy": ""}
    return Finding(
        code=code,
        status=Status(status),
        severity=Severity(severity),
        subject=Subject(tuple(columns), group),
        **(defaults | rest),
    )


def flags(positions, action="quarantine", reason="why", **rest: Any) -> Evidence:
    rows = RowFlags(np.asarray(positions, dtype=np.int64), reason, Action(action), **rest)
    return Evidence("rows", float(len(positions)), n=N, unit="rows", rows=rows)


def make_frame(rows: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "customer": [f"C{i:04}" for i in range(rows)],
            "age": rng.integers(18, 80, rows),
            "income": rng.normal(40_000, 9_000, rows).round(2),
            "sex": rng.choice(["Female", "Male"], rows),
            "approved": rng.choice(["no", "yes"], rows),
        }
    )


def make_dataset(frame: pd.DataFrame, label: str = "approved", sensitive=("sex",), classes=None) -> Dataset:
    classes = tuple(classes or sorted(frame[label].dropna().unique()))
    codes = frame[label].map({name: code for code, name in enumerate(classes)}).fillna(-1).to_numpy(dtype=np.int64)
    return Dataset(
        frame=frame,
        roles=Roles(label, tuple(c for c in frame.columns if c != label), tuple(sensitive)),
        labels=Labels(codes, classes, len(classes) - 1, positive_is_stated=True),
        groups=frame[list(sensitive)].astype("object").fillna("(missing)"),
        row_ids=pd.Index(frame.iloc[:, 0]),
        weights=None,
        source="data/loans.csv",
        fingerprint="3f" * 32,
    )


def make_predictions(dataset: Dataset, epochs: int = 8) -> OutOfSample:
    rng = np.random.default_rng(1)
    k, n, members = len(dataset.labels.classes), len(dataset), 10
    probs = rng.dirichlet(np.ones(k), n)
    decay = 0.35 + 0.4 * np.exp(-np.arange(epochs) / 2.0)
    noise = rng.normal(0, 0.012, (members, epochs))
    return OutOfSample(
        classes=dataset.labels.classes,
        labels=dataset.labels.codes,
        pred_probs=probs,
        repeat_probs=probs[None].astype(np.float32),
        folds=(np.arange(n)[None] % 5).astype(np.int16),
        trained=dataset.labels.codes >= 0,
        left_out={"maybe": 3},
        train_loss=decay + noise,
        test_loss=decay * 1.06 + 0.02 + noise,
        train_score=np.full(members, 0.91),
        test_score=np.full(members, 0.87),
        device="cpu (no CUDA device)",
        details={"seed": 0, "epochs": epochs, "parameters": 17_282},
    )


def make_label_noise(dataset: Dataset, suspects: int = 12) -> LabelNoiseResult:
    rng = np.random.default_rng(2)
    n = len(dataset)
    quality = rng.beta(6, 1.3, n)
    suspect = np.zeros(n, dtype=bool)
    suspect[np.arange(suspects) * (n // max(suspects, 1))] = True
    quality[suspect] = rng.beta(1.2, 8, suspect.sum())
    judged = dataset.labels.codes >= 0
    quality[~judged] = np.nan
    suggested = np.where(suspect, (dataset.labels.codes + 1) % len(dataset.labels.classes), dataset.labels.codes)
    estimates = pd.DataFrame(
        [("overall", "all rows", n, suspects, 0.05, 0.03, 0.08), ("sex", "Female", 117, 9, 0.077, np.nan, np.nan)],
        columns=["by", "name", "n", "suspects", "share", "low", "high"],
    )
    return LabelNoiseResult((), quality, suspect & judged, suggested, judged, estimates)


def make_fairness(groups_of: dict[str, list[str]]) -> FairnessResult:
    rng = np.random.default_rng(3)
    by_group, counts, disparities = [], [], []
    for feature, groups in groups_of.items():
        for place, group in enumerate(groups):
            size = max(9, 2400 // (place + 1) ** 2)
            for metric in METRICS:
                rate = float(rng.uniform(0.15, 0.8))
                known = size > 30 or metric != "true positive rate"
                half = float(2 * np.sqrt(rate * (1 - rate) / size))
                cells = (rate, max(0.0, rate - half), min(1.0, rate + half)) if known else (np.nan,) * 3
                by_group.append((feature, group, metric, *cells, size))
            for true in ("no", "yes"):
                counts += [(feature, group, true, predicted, size // 4) for predicted in ("no", "yes")]
        disparities += [
            (feature, metric, "difference", 0.17, 0.12, 0.22, groups[-1], groups[0], 0.1, "failed")
            for metric in METRICS[1:4]
        ]
    return FairnessResult(
        findings=(),
        by_group=pd.DataFrame(by_group, columns=["feature", "group", "metric", "value", "low", "high", "n"]),
        disparities=pd.DataFrame(
            disparities,
            columns=["feature", "metric", "kind", "value", "low", "high", "worst", "best", "tolerance", "status"],
        ),
        counts=pd.DataFrame(counts, columns=["feature", "group", "y_true", "y_pred", "n"]),
    )


def make_cleaning() -> CleaningEffect:
    table = pd.DataFrame(
        [
            ("accuracy", None, "all", 0.871, 0.874, 0.003, -0.002, 0.008, N),
            ("accuracy", None, "not suspect", 0.902, 0.921, 0.019, 0.011, 0.027, N - 12),
            ("demographic parity difference", "sex", "not suspect", 0.17, 0.13, -0.04, -0.07, -0.01, N - 12),
        ],
        columns=["metric", "feature", "rows", "before", "after", "change", "low", "high", "n"],
    )
    return CleaningEffect(12, table)


def make_health() -> HealthResult:
    metrics = pd.DataFrame(
        [("AUC", 0.91, 0.87, 0.94, N), ("log loss", 0.41, np.nan, np.nan, N)],
        columns=["metric", "value", "low", "high", "n"],
    )
    return HealthResult((), metrics)


def sample_findings() -> tuple[Finding, ...]:
    duplicates = RowFlags(np.array([3, 17, 40, 41]), "It repeats an earlier row.", Action.QUARANTINE)
    relabel = RowFlags(
        np.array([17, 60, 100, 120]),
        [f"The model gives the given label a probability of {p}." for p in ("2%", "4%", "5%", "9%")],
        Action.RELABEL,
        score=np.array([0.02, 0.04, 0.05, 0.09]),
        suggested=["yes", "no", "yes", "no"],
    )
    return (
        finding("DQ001", title="Expectations of the suite", message="All 14 expectations of the suite hold."),
        finding(
            "DQ011",
            "failed",
            title="Duplicate rows",
            message="4 of 240 rows (1.7%, 95% interval 0.7% to 4.2%) repeat an earlier row.",
            remedy="Remove the repeats, or name the column that tells them apart as `id`.",
            evidence=Evidence(
                "share of duplicate rows",
                4 / 240,
                Interval(0.0065, 0.042, method="Wilson"),
                240,
                0.005,
                "share",
                rows=duplicates,
            ),
        ),
        finding(
            "DQ018",
            "failed",
            "warning",
            ["income"],
            title="Missing values",
            message="Column income: 61 of 240 values (25.4%) are missing, more than 20%.",
            remedy="Find out why they are missing; impute, or leave the column out.",
            evidence=Evidence(
                "share missing",
                61 / 240,
                Interval(0.203, 0.313, method="Wilson"),
                240,
                0.2,
                "share",
                table=Table(("group", "missing", "n"), (("sex = Female", 0.31, 117), ("sex = Male", 0.2, 123))),
            ),
        ),
        finding("DQ019", "not_applicable", "warning", title="Rows out of order", message="No time column is named."),
        finding(
            "LN001",
            "inconclusive",
            title="Share of wrong labels",
            message="Between 3.0% and 8.0% of the labels are wrong; the limit of 5.0% lies between.",
            remedy="Confirm the suggested labels of the suspect rows, and audit again.",
            evidence=Evidence(
                "share of wrong labels",
                0.05,
                Interval(0.03, 0.08, method="bootstrap"),
                240,
                0.05,
                "share",
                rows=relabel,
            ),
        ),
        finding("LN002", "passed", "warning", title="Noise by class", message="No class has more wrong labels."),
        finding(
            "FB003",
            "failed",
            group="sex = Female",
            title="Demographic parity",
            message="Group sex = Female is selected 17.0 points less often than sex = Male (12.1 to 22.0 points).",
            remedy="Find out whether the labels or the features carry the disparity before you train.",
            evidence=Evidence("difference in selection rate", 0.17, Interval(0.121, 0.22), 240, 0.1, "share"),
        ),
        finding("FB001", "passed", title="Group sizes", message="Each of the 2 groups has at least 50 rows."),
        finding("MH001", "passed", title="Signal", message="The out-of-sample AUC is 0.91 (0.87 to 0.94)."),
        finding(
            "MH004",
            "error",
            "warning",
            title="Robustness",
            message="Check MH004 (Robustness) could not be carried out: ValueError at robustness.py:31.",
            remedy="Run again with --verbose for the traceback; a check that crashes counts as not run.",
        ),
    )
