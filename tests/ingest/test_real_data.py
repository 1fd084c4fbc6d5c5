import csv

import pytest

from assay.findings import Status

pytestmark = pytest.mark.real_data

NAMES = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
]


@pytest.fixture(scope="session")
def adult(real_data):
    path = real_data("adult/adult-train.csv")
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file, skipinitialspace=True) if row]
    return path, rows


def test_adult(read, finding, adult):
    path, rows = adult
    section = {"header": False, "names": NAMES, "missing": ["?"]}
    data = read(path, label="income", data=section, sensitive=["sex", "race"], positive=">50K")
    assert len(data) == len(rows) == 32_561
    assert data.labels.classes == ("<=50K", ">50K")
    assert int((data.labels.codes == 1).sum()) == sum(row[14] == ">50K" for row in rows)
    assert (data.groups["sex"] == "Female").sum() == sum(row[9] == "Female" for row in rows)
    assert data.frame["workclass"].isna().sum() == sum(row[1] == "?" for row in rows)
    assert data.frame["age"].tolist() == [int(row[0]) for row in rows]
    assert len(data.roles.features) == 14
    assert finding(data, "DQ001").status is Status.PASSED
    assert finding(data, "DQ005").status is Status.PASSED


def test_adult_with_its_markers_unnamed(read, finding, adult):
    path, rows = adult
    data = read(path, label="income", data={"header": False, "names": NAMES}, sensitive=["sex"])
    for place, name in ((1, "workclass"), (6, "occupation"), (13, "native-country")):
        want = [i for i, row in enumerate(rows) if row[place] == "?"]
        assert finding(data, "DQ004", name).evidence.rows.positions.tolist() == want


def test_adult_is_the_same_in_parquet(read, adult, tmp_path):
    path, _rows = adult
    data = read(path, label="income", data={"header": False, "names": NAMES, "missing": ["?"]})
    data.frame.to_parquet(tmp_path / "adult.parquet")
    again = read(tmp_path / "adult.parquet", label="income")
    assert again.fingerprint == data.fingerprint


def test_german_credit(read, real_data):
    data = read(real_data("german_credit/german.csv"), label="column_21", positive=1, data={"header": False})
    assert len(data) == 1_000
    assert data.labels.classes == ("1", "2")
    assert data.labels.positive == 0
    assert int((data.labels.codes == 0).sum()) == 700
    failed = [f for f in data.findings if f.status is Status.FAILED]
    assert not failed
