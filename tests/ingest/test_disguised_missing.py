"""DQ004."""

import numpy as np
import pandas as pd
import pytest

from assay.findings import Action, Severity, Status
from assay.ingest.missing_markers import find_sentinels

N = 100


def frame(values):
    return pd.DataFrame({"x": values, "z": range(len(values)), "y": [i % 2 for i in range(len(values))]})


def test_quiet_on_clean_data(read, clean, finding):
    assert finding(read(clean), "DQ004").status is Status.PASSED


@pytest.mark.parametrize(
    "marker", ["?", "-", "--", " ? ", "n/a", "N/A", "None", "NULL", "nan", "Unknown", "...", "#", "(missing)", "\\N"]
)
def test_texts(read, finding, marker):
    values = ["a", "b"] * (N // 2)
    values[4] = values[9] = marker
    found = finding(read(frame(values), data={"default_missing": False}), "DQ004")
    assert (found.status, found.severity) == (Status.FAILED, Severity.WARNING)
    assert found.evidence.rows.positions.tolist() == [4, 9]
    assert found.evidence.rows.action is Action.REVIEW
    assert found.evidence.table.rows == ((marker.strip(), 2),)
    assert "data.missing" in found.remedy


def test_blank_texts_of_a_typed_source(read, finding):
    values = ["a", "b"] * (N // 2)
    values[4] = "  "
    assert finding(read(frame(values)), "DQ004").evidence.table.rows == (("(blank)", 1),)


def test_naming_the_marker_settles_it(read, finding, tmp_path):
    values = ["a", "?"] * (N // 2)
    frame(values).to_csv(tmp_path / "d.csv", index=False)
    assert finding(read(tmp_path / "d.csv"), "DQ004").status is Status.FAILED
    data = read(tmp_path / "d.csv", data={"missing": ["?"]})
    assert finding(data, "DQ004").status is Status.PASSED
    assert data.frame["x"].isna().sum() == N // 2


def test_the_label_is_asked_too(read, finding):
    data = frame(["a", "b"] * (N // 2)).assign(y=["yes", "no", "?", "no"] * (N // 4))
    assert finding(read(data), "DQ004").subject.columns == ("y",)


@pytest.mark.parametrize(
    "values",
    [
        ["other", "a"] * 50,
        ["+", "-"] * 50,
        ["*", "**", "***", "*"] * 25,
        ["A+", "A-"] * 50,
        ["no", "not applicable"] * 50,
        ["O'Neil", "x-y"] * 50,
    ],
)
def test_quiet_on_answers(read, finding, values):
    assert finding(read(frame(values)), "DQ004").status is Status.PASSED


def test_none_is_never_missing_by_default(read, finding, tmp_path):
    values = ["a", "None"] * (N // 2)
    frame(values).to_csv(tmp_path / "d.csv", index=False)
    for data in (read(tmp_path / "d.csv"), read(frame(values))):
        assert data.frame["x"].tolist() == values
        assert finding(data, "DQ004").evidence.table.rows == (("None", N // 2),)


@pytest.mark.parametrize("sentinel", [999, -999, 9999, -99, 99999, 77, 888, -7777])
def test_numbers(read, finding, sentinel):
    values = np.arange(N) % 30
    values[[1, 2, 3]] = sentinel
    found = finding(read(frame(values)), "DQ004")
    assert found.evidence.rows.positions.tolist() == [1, 2, 3]
    assert found.evidence.table.rows == ((str(sentinel), 3),)


def test_sentinels_at_one_end_are_taken_off_as_a_block(read, finding):
    values = np.arange(N) % 30
    values[[1, 2, 3]] = 777
    values[[4, 5, 6]] = 999
    assert dict(finding(read(frame(values)), "DQ004").evidence.table.rows) == {"777": 3, "999": 3}


def test_a_single_digit_needs_five_other_values(read, finding):
    values = np.array([0, 1, 2, 3, 4, 9, 9, 9, 9, 9] * (N // 10))
    assert dict(finding(read(frame(values)), "DQ004").evidence.table.rows) == {"9": N // 2}


def test_numbers_at_the_ends_of_their_range_raise_no_warning():
    largest = np.finfo(np.float64).max
    values = np.array([largest, -largest, np.inf, -np.inf, np.nan, 5e-324, 0, *[999.0] * 5])
    assert find_sentinels(values) == {}
    assert find_sentinels(np.array([np.longdouble(largest) * 10, 1, 2, *[999] * 3]))["999"].tolist() == [3, 4, 5]


def test_both_ends_at_once(read, finding):
    values = (np.arange(N) % 30).astype(float)
    values[[1, 2, 3]] = 999
    values[[4, 5, 6]] = -99
    values[7] = np.nan
    found = finding(read(frame(values)), "DQ004")
    assert found.evidence.rows.positions.tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "values",
    [
        np.where(np.arange(N) < 3, 99, np.arange(N)),  # not isolated
        np.where(np.arange(N) < 2, 999, np.arange(N) % 30),  # not repeated
        np.where(np.arange(N) < 3, 500, np.arange(N) % 30),  # an outlier, but no row of nines
        np.where(np.arange(N) < 50, 999, 0),  # two values: no telling which is normal
        np.full(N, 999),
        np.array([1, 3, 9, 9] * (N // 4)),  # doses
        np.array([0, 1, 2, 9] * (N // 4)),  # too few others to tell
        np.full(N, np.nan),
        np.arange(N) % 10,
    ],
)
def test_quiet_on_numbers(read, finding, values):
    assert finding(read(frame(values)), "DQ004").status is Status.PASSED


def test_an_id_of_nines_is_an_id(read, finding):
    values = np.where(np.arange(N) < 3, 9999, np.arange(N))
    assert finding(read(frame(values), id="x"), "DQ004").status is Status.PASSED
    assert finding(read(frame(["?"] * N), ignore=["x"]), "DQ004").status is Status.PASSED
