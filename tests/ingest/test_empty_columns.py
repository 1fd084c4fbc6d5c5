"""DQ003."""

import numpy as np
import pandas as pd
import pytest

from assay.findings import Severity, Status


def frame(values):
    return pd.DataFrame({"x": values, "z": range(len(values)), "y": [i % 2 for i in range(len(values))]})


def test_quiet_on_clean_data(read, clean, finding):
    assert finding(read(clean), "DQ003").status is Status.PASSED


@pytest.mark.parametrize("values", [[None] * 4, [np.nan] * 4, pd.to_datetime([None] * 4), [pd.NA] * 4])
def test_fires_and_drops_the_column_from_the_features(read, finding, values):
    data = read(frame(values))
    found = finding(data, "DQ003")
    assert (found.status, found.severity) == (Status.FAILED, Severity.WARNING)
    assert found.subject.columns == ("x",)
    assert data.roles.features == ("z",)
    assert "x" in data.frame


def test_one_value_is_enough(read, finding):
    assert finding(read(frame([None, None, None, 1])), "DQ003").status is Status.PASSED


def test_each_column_is_named(read, finding):
    data = read(frame([None] * 4).assign(ä=None, skipped=None), ignore=["skipped"])
    assert finding(data, "DQ003", "x").status is Status.FAILED
    assert finding(data, "DQ003", "ä").status is Status.FAILED
    assert not [f for f in data.findings if f.code == "DQ003" and "skipped" in f.subject.columns]
