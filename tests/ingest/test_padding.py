"""DQ007."""

import pandas as pd

from assay.findings import Severity, Status


def test_fires_where_only_the_spaces_differ(read, finding, write):
    data = read(write("d.csv", "x,z,y\na,1,p\na ,2,n\nb,3,p\n"))
    found = finding(data, "DQ007")
    assert (found.status, found.severity) == (Status.FAILED, Severity.WARNING)
    assert found.evidence.rows.positions.tolist() == [1]
    assert data.frame["x"].tolist() == ["a", "a", "b"]


def test_quiet_where_all_are_padded(read, finding, write):
    assert finding(read(write("d.csv", "x,z,y\na ,1,p\na ,2,n\nb ,3,p\n")), "DQ007").status is Status.PASSED
    assert finding(read(write("e.csv", "x, z, y\na, 1, p\na, 2, n\n")), "DQ007").status is Status.PASSED


def test_frames_are_left_as_they_are(read, finding):
    frame = pd.DataFrame({"x": ["a", " a", None, "b "], "y": [0, 1, 0, 1]})
    data = read(frame)
    assert data.frame["x"].tolist()[:2] == ["a", " a"]
    assert finding(data, "DQ007").evidence.rows.positions.tolist() == [1]


def test_not_applicable_without_texts(read, finding):
    frame = pd.DataFrame({"x": [1, 2], "y": [0, 1]})
    assert finding(read(frame), "DQ007").status is Status.NOT_APPLICABLE
