"""The rules on drift and freshness say the same in memory, in SQLite, in PostgreSQL and in Spark."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from place_rules import rule

from assay.dataset import Roles
from assay.validation.drift import propose_drift

ROLES = Roles(label="y", features=(), id="id", time="day")


@pytest.fixture
def suite(table):
    """Rules of the table, and of one that is distributed otherwise."""
    other = table.assign(
        **{"Age in Years": table["Age in Years"] + 40, "select": "a", "flag": True, "start": np.nan},
        day=table["day"] + pd.Timedelta(days=900),
    )
    rules = [
        found
        for frame in (table, other)
        for found in propose_drift(frame, ROLES, fresh=240, alpha=0.05, now=pd.Timestamp("2030-01-01", tz="UTC"))
    ]
    # Times of day, and dates, of a column that is no time.
    for shift in ("0h", "7h"):
        reference = table["day"] + pd.to_timedelta(np.arange(len(table)) % 3, unit="h") + pd.Timedelta(shift)
        frame = pd.DataFrame({"day": reference, "y": 0})
        rules += propose_drift(frame, Roles(label="y", features=()), fresh=240, alpha=0.05)[1:2]
    return [rule(found.kind.removeprefix("expect_"), **found.kwargs) for found in rules]


def said(document):
    return [
        (f["title"], f["status"], f["evidence"]["n"], f["evidence"]["interval"], f["evidence"]["threshold"])
        for f in document["findings"]
    ]


@pytest.mark.parametrize("place", ["in_sqlite", "in_postgres", "in_parquet"])
def test_every_place_says_what_memory_says(place, in_memory, suite, validated, request):
    data = request.getfixturevalue(place)
    backend = {"backend": "spark"} if place == "in_parquet" else {}
    here, there = said(validated(in_memory, suite)), said(validated(data, suite, validation=backend))
    assert here == there
    statuses = {status for _, status, *_ in here}
    assert {"failed", "inconclusive"} <= statuses
    assert "error" not in statuses
    assert len(here) > 12
