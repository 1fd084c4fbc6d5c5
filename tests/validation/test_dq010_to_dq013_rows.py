"""Row count, duplicate rows, duplicate ids, missing labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.findings import Action, Severity, Status


def table(n, seed=0, **columns):
    rng = np.random.default_rng(seed)
    frame = {"x": rng.normal(size=n), "c": rng.choice(["red", "green"], n), "y": np.arange(n) % 2}
    return pd.DataFrame({**frame, **columns})


@pytest.mark.parametrize(("n", "status"), [(99, Status.FAILED), (100, Status.PASSED), (1, Status.FAILED)])
def test_row_count(findings_of, make_dataset, n, status):
    frame = table(200).assign(y=[0, 1] * 100)
    dataset = make_dataset(frame, label="y")
    from assay.config import ValidationConfig
    from assay.validation.context import Context
    from assay.validation.rows import row_count

    (outcome,) = row_count(Context(dataset, ValidationConfig(min_rows=n + (status is Status.FAILED) + 200 - n)))
    assert outcome.status is status
    (finding,) = findings_of("DQ010", frame, min_rows=200)
    assert (finding.status, finding.severity, finding.evidence.value) == (Status.PASSED, Severity.CRITICAL, 200)


@pytest.mark.parametrize(("limit", "status"), [(0.01, Status.FAILED), (0.02, Status.PASSED)])
def test_duplicate_rows_are_named_within_the_limit_too(findings_of, limit, status):
    frame = table(98)
    frame = pd.concat([frame, frame.iloc[[3, 3]]], ignore_index=True)
    frame["id"] = range(len(frame))
    (finding,) = findings_of("DQ011", frame, id="id", max_duplicate_share=limit)
    assert finding.status is status
    assert finding.evidence.value == 0.02
    assert finding.evidence.rows.positions.tolist() == [98, 99]
    assert finding.evidence.rows.action is Action.QUARANTINE
    assert "2 of 100 rows (2.00%)" in finding.message


def test_missing_equals_missing_in_duplicate_rows(findings_of):
    frame = pd.DataFrame({"a": [np.nan, np.nan, 1.0, 1.0], "b": ["u", "u", None, None], "y": [0, 0, 1, 0]})
    (finding,) = findings_of("DQ011", frame)
    assert finding.evidence.rows.positions.tolist() == [1]


def test_row_keys_of_many_wide_columns_are_those_of_pandas(make_dataset):
    from assay.config import ValidationConfig
    from assay.validation.context import Context

    rng = np.random.default_rng(1)
    frame = pd.DataFrame({f"c{i}": rng.integers(0, 3, 500) for i in range(5)} | {"y": rng.integers(0, 2, 500)})
    wide = pd.concat([frame, pd.DataFrame({f"w{i}": frame["c0"] * 7 + i for i in range(60)})], axis=1)
    keys = Context(make_dataset(wide, label="y"), ValidationConfig()).row_keys
    assert pd.Series(keys).duplicated().tolist() == wide.duplicated().tolist()


def test_no_duplicates(findings_of):
    (finding,) = findings_of("DQ011", table(50))
    assert finding.status is Status.PASSED
    assert finding.evidence.value == 0
    assert finding.evidence.rows is None


def test_shared_ids_are_critical_and_missing_ids_are_not(findings_of):
    frame = table(6, id=["a", "b", "a", None, "c", None])
    shared, absent = findings_of("DQ012", frame, id="id")
    assert (shared.status, shared.severity) == (Status.FAILED, Severity.CRITICAL)
    assert shared.evidence.rows.positions.tolist() == [0, 2]
    assert (absent.status, absent.severity) == (Status.FAILED, Severity.WARNING)
    assert absent.evidence.rows.positions.tolist() == [3, 5]
    assert "'a'" not in shared.message


def test_ids_unique_absent_or_of_groups(findings_of):
    frame = table(6, id=range(6))
    assert [f.status for f in findings_of("DQ012", frame, id="id")] == [Status.PASSED]
    assert [f.status for f in findings_of("DQ012", frame)] == [Status.NOT_APPLICABLE]
    assert [f.status for f in findings_of("DQ012", frame, id="id", group="id")] == [Status.NOT_APPLICABLE]


@pytest.mark.parametrize(
    ("missing", "status", "severity"),
    [
        (0, Status.PASSED, Severity.CRITICAL),
        (5, Status.FAILED, Severity.WARNING),
        (11, Status.FAILED, Severity.CRITICAL),
    ],
)
def test_missing_labels(findings_of, missing, status, severity):
    labels = ["yes", "no"] * 10
    labels[:missing] = [None] * missing
    (finding,) = findings_of("DQ013", table(20, y=labels))
    assert (finding.status, finding.severity) == (status, severity)
    assert finding.evidence.value == missing / 20
    if missing:
        assert finding.evidence.rows.positions.tolist() == list(range(missing))
        assert finding.evidence.rows.action is Action.QUARANTINE
