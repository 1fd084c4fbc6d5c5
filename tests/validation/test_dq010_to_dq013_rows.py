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


def test_row_keys_of_many_wide_columns_are_those_of_pandas():
    from assay.validation.repeats import row_keys

    rng = np.random.default_rng(1)
    frame = pd.DataFrame({f"c{i}": rng.integers(0, 3, 500) for i in range(5)} | {"y": rng.integers(0, 2, 500)})
    wide = pd.concat([frame, pd.DataFrame({f"w{i}": frame["c0"] * 7 + i for i in range(60)})], axis=1)
    keys = row_keys(wide, wide.columns)
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


def survey(n=2_000, seed=0):
    rng = np.random.default_rng(seed)
    sizes = {"sex": 2, "age group": 4, "region": 6, "answer": 3, "y": 2}
    return pd.DataFrame({name: rng.integers(0, k, n) for name, k in sizes.items()}).astype(str)


def test_equal_answers_in_a_survey_are_no_copies(findings_of):
    (finding,) = findings_of("DQ011", survey())
    assert finding.status is Status.INCONCLUSIVE
    assert finding.evidence.rows is None
    assert finding.evidence.value > 0.8
    assert "too coarse" in finding.message
    assert "single rows are not named" in finding.message


def test_categories_that_depend_on_each_other_are_no_copies(findings_of):
    kind = np.random.default_rng(0).integers(0, 3, 600)
    frame = pd.DataFrame({"is a": kind == 0, "is b": kind == 1, "is c": kind == 2, "y": kind})
    (finding,) = findings_of("DQ011", frame)
    assert finding.status is Status.INCONCLUSIVE
    assert finding.evidence.rows is None


def test_a_whole_table_written_twice_is_copied_even_with_few_decimals(findings_of):
    frame = pd.concat([table(300)] * 2, ignore_index=True).round({"x": 4})
    (finding,) = findings_of("DQ011", frame)
    assert finding.status is Status.FAILED
    assert finding.evidence.rows.positions.tolist() == list(range(300, 600))


@pytest.mark.parametrize("ignore", [["n°"], []])
def test_a_row_number_that_nobody_named_hides_no_copies(findings_of, ignore):
    frame = pd.concat([table(200), table(200).iloc[:20]], ignore_index=True)
    frame["n°"] = [f"row-{i}" for i in range(220)] if ignore else range(220)
    (finding,) = findings_of("DQ011", frame, ignore=ignore)
    assert finding.status is Status.FAILED
    assert finding.evidence.rows.positions.tolist() == list(range(200, 220))
    assert ("left out: 'n°'" in finding.message) is not bool(ignore)


def test_texts_that_differ_in_every_row_are_compared_where_nothing_else_tells_rows_apart(findings_of):
    texts = [f"remark number {i}" for i in range(198)]
    frame = pd.DataFrame({"text": [*texts, *texts[:2]], "y": [0, 1] * 100})
    (finding,) = findings_of("DQ011", frame)
    assert finding.evidence.rows.positions.tolist() == [198, 199]


def test_exact_copies_among_shared_ids_are_said(findings_of):
    frame = table(100, id=range(100))
    mixed = pd.concat([frame, frame.iloc[[3, 3, 7]]], ignore_index=True)
    mixed.loc[102, "x"] += 1
    (finding,) = findings_of("DQ012", mixed, id="id")
    assert finding.status is Status.FAILED
    assert "5 of 103 rows" in finding.message
    assert "3 of them are exact copies" in finding.message
    assert "Decide which row is right" in finding.remedy
    assert "exact copies keep one of each" in finding.remedy
    (finding,) = findings_of("DQ012", mixed.iloc[:102], id="id")
    assert "3 of them are exact copies" in finding.message
    assert "Decide" not in finding.remedy
    different = frame.assign(id=[0, 0, *range(2, 100)])
    assert "copies" not in findings_of("DQ012", different, id="id")[0].message


def test_categories_that_follow_from_each_other_are_no_copies_either(findings_of):
    rng = np.random.default_rng(0)
    town = rng.integers(0, 150, 2_000)
    frame = pd.DataFrame({"town": town, "county": town // 10, "y": rng.integers(0, 2, 2_000)})
    for table_ in (frame, frame.assign(uid=range(2_000))):
        (finding,) = findings_of("DQ011", table_)
        assert finding.status in (Status.INCONCLUSIVE, Status.PASSED)
        assert finding.evidence.rows is None


def test_a_row_number_as_the_only_feature_makes_no_copies(findings_of):
    frame = pd.DataFrame({"n°": range(200), "y": [f"k{i}" for i in range(100)] * 2})
    assert findings_of("DQ011", frame)[0].status is Status.PASSED


def test_six_copies_of_each_row_are_named(findings_of):
    frame = pd.concat([table(300)] * 6, ignore_index=True)
    (finding,) = findings_of("DQ011", frame)
    assert finding.status is Status.FAILED
    assert len(finding.evidence.rows.positions) == 1_500


def test_rows_that_share_an_id_name_the_first_that_has_it(findings_of):
    frame = pd.DataFrame({"id": [1, 2, 3, 2, 5, 2, 1], "x": range(7), "y": [0, 1] * 3 + [0]})
    rows = findings_of("DQ012", frame, id="id")[0].evidence.rows
    assert rows.positions.tolist() == [0, 1, 3, 5, 6]
    assert [text for text in rows.reason if "row 1 " in text] == [rows.reason[2], rows.reason[3]]
    assert "row 0 " in rows.reason[4]
    assert all("here first" in text for text in rows.reason[:2])
