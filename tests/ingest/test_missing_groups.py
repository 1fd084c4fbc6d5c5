"""DQ005."""

import pandas as pd

from assay.findings import Severity, Status

FRAME = pd.DataFrame({"sex": ["F", None, "M", "M"], "age": [1.0, 2.0, None, None], "x": range(4), "y": [0, 1, 0, 1]})


def test_fires_for_each_feature_and_keeps_the_rows(read, finding):
    data = read(FRAME, sensitive=["sex", {"column": "age", "bins": [2], "name": "grown"}])
    sex, grown = finding(data, "DQ005", "sex"), finding(data, "DQ005", "grown")
    assert (sex.status, sex.severity, sex.evidence.value, sex.evidence.n) == (Status.FAILED, Severity.WARNING, 0.25, 4)
    assert grown.evidence.value == 0.5
    # Leaving these rows out of training would leave people out by what is not known of them.
    assert sex.evidence.rows is None
    assert len(data) == 4


def test_quiet(read, finding, clean):
    assert finding(read(clean, sensitive=["sex"]), "DQ005").status is Status.PASSED


def test_not_applicable(read, finding):
    assert finding(read(FRAME), "DQ005").status is Status.NOT_APPLICABLE
