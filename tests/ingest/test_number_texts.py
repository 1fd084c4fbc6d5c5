"""DQ001."""

import numpy as np
import pandas as pd
import pytest

from assay.findings import Action, Severity, Status

N = 200


def frame(values):
    return pd.DataFrame({"x": values, "z": range(len(values)), "y": [i % 2 for i in range(len(values))]})


def test_quiet_on_clean_data(read, clean, finding):
    assert finding(read(clean), "DQ001").status is Status.PASSED


def test_some_cells_are_no_numbers(read, finding, write):
    values = [str(i) for i in range(N)]
    values[3] = values[77] = "broken"
    text = "x,z,y\n" + "".join(f"{v},{i},{i % 2}\n" for i, v in enumerate(values))
    found = finding(read(write("d.csv", text)), "DQ001")
    assert (found.status, found.severity) == (Status.FAILED, Severity.WARNING)
    assert found.subject.columns == ("x",)
    assert "198 of 200" in found.message
    assert found.evidence.value == pytest.approx(198 / 200)
    assert found.evidence.rows.positions.tolist() == [3, 77]
    assert found.evidence.rows.action is Action.REVIEW
    assert "broken" not in found.message


def test_markers_are_left_to_dq004(read, finding):
    values = [str(i) for i in range(N)]
    values[5] = "?"
    data = read(frame(values))
    found = finding(data, "DQ001")
    assert found.evidence.rows is None
    assert "data.missing" in found.remedy
    assert finding(data, "DQ004").evidence.rows.positions.tolist() == [5]


@pytest.mark.parametrize(
    ("write_as", "words"),
    [
        (lambda v: f"{v},5", "decimal comma"),
        (lambda v: f"{v + 1000:,}", "thousands"),
        (lambda v: f"1.{v:03},50", "decimal comma"),
        (lambda v: f"$ {v}", "currency"),
        (lambda v: f"{v}.50 €", "currency"),
        (lambda v: f"{v}%", "percent"),
        (lambda v: f"{v}.5", "text"),
        (lambda v: f"{v}", "text"),
        (lambda v: f"{v}e-3", "text"),
    ],
)
def test_ways_of_writing(read, finding, write_as, words):
    found = finding(read(frame([write_as(v) for v in range(N)])), "DQ001")
    assert found.status is Status.FAILED
    assert words in found.message
    assert f"{N} of {N}" in found.message


@pytest.mark.parametrize(
    "values",
    [
        [f"{v:05}" for v in range(N)],  # codes with leading zeros
        [f"{v + 50000}" for v in range(N)],  # codes of one width
        [str(v % 12) if v % 12 else "K" for v in range(N)],  # school grades
        [f"A{v}" for v in range(N)],
        [f"{v + 200}.0{v % 10}" if v % 20 else f"V{v % 90 + 10}" for v in range(N)],  # diagnoses (ICD-9)
        [f"{v + 21000}" if v % 20 else f"{v + 84000}A" for v in range(N)],  # numbers of goods
        [f"2020-01-{v % 28 + 1:02}" for v in range(N)],
        [f"{v % 24}:30" for v in range(N)],
        [f"{v} Main Street" for v in range(N)],
        ["<script>alert(1)</script>"] * N,
        [None] * N,
    ],
)
def test_quiet_on_texts(read, finding, values):
    assert finding(read(frame(values)), "DQ001").status in (Status.PASSED, Status.NOT_APPLICABLE)


@pytest.mark.parametrize(
    "values",
    [
        [f"{v}" if v % 20 else f"{v}kg" for v in range(N)],
        [f"{v + 100}" if v % 20 else "broken" for v in range(N)],
        [f"{v + 1900}" if v % 20 else "a lot" for v in range(N)],
    ],
)
def test_numbers_with_other_words_beside_them_are_no_codes(read, finding, values):
    assert finding(read(frame(values)), "DQ001").status is Status.FAILED


def test_the_label_the_id_and_ignored_columns_are_not_asked(read, finding):
    texts = [f"{v}.5" for v in range(N)]
    data = read(frame(texts).assign(other=texts), id="x", ignore=["other"])
    assert finding(data, "DQ001").status is Status.NOT_APPLICABLE


def test_not_applicable_without_texts(read, finding):
    assert finding(read(frame(np.arange(N))), "DQ001").status is Status.NOT_APPLICABLE
