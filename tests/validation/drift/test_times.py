"""Times as they are written: read right, or not at all."""

from __future__ import annotations

import pandas as pd
import pytest

from assay.times import read_times
from assay.validation.drift.times import has_times_of_day


@pytest.mark.parametrize(
    ("texts", "last"),
    [
        (["2024-01-31", "2024-02-01"], "2024-02-01"),
        (["2024-01-31T10:00:00Z", "2024-02-01T00:30:00+02:00"], "2024-01-31 22:30"),
        (["31/01/2024", "1/2/2024"], "2024-02-01"),
        (["01/31/2024 11:30:00 PM", "02/01/2024 12:15:00 AM"], "2024-02-01 00:15"),
        (["31.01.24 08:00", "01.02.24 09:00"], "2024-02-01 09:00"),
        (["05.06.2024", "06.07.2024"], "2024-07-06"),
        ([pd.Timestamp("2024-01-31"), None], "2024-01-31"),
    ],
)
def test_times_are_read(texts, last):
    assert read_times(pd.Series(texts), days_matter=True).max() == pd.Timestamp(last, tz="UTC")


@pytest.mark.parametrize(
    "values", [["a", "b"], [1, 2], [], [None], ["2024"], ["10:30"], ["1-2"], [{"a": 1}], ["2024-13-45"], [True]]
)
def test_what_is_no_date_is_not_read(values):
    assert read_times(pd.Series(values), days_matter=False) is None


def test_an_order_that_is_unknown_is_read_only_where_days_do_not_matter():
    texts = pd.Series(["01/02/2024 10:00", "03/04/2024 11:00"])
    assert read_times(texts, days_matter=True) is None
    assert list(read_times(texts, days_matter=False).dt.hour) == [10, 11]
    both = pd.Series(["13/02/2024", "02/13/2024"] * 20)
    assert read_times(both, days_matter=True) is None


def test_midnights_alone_are_no_times_of_day():
    assert not has_times_of_day(pd.Series(pd.to_datetime(["2024-01-01", None])))
    assert has_times_of_day(pd.Series(pd.to_datetime(["2024-01-01 00:00", "2024-01-01 10:00"])))
