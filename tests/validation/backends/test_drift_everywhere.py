"""The rules on drift and freshness say the same in memory, in SQLite, in PostgreSQL and in Spark."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from place_rules import rule

from assay.dataset import Roles
from assay.validation.drift import propose_drift
from assay.validation.drift.proposal import DISTRIBUTION
from assay.validation.drift.summary import summarise
from assay.validation.inference.rule import Rule

ROLES = Roles(label="y", features=(), id="id", time="day")
COPIES = 20


@pytest.fixture
def suite(table):
    """Rules of the table, and of one that is distributed otherwise."""
    other = table.assign(
        **{"Age in Years": table["Age in Years"] + 40, "select": "a", "flag": True, "start": np.nan},
        day=table["day"] + pd.Timedelta(days=900),
    )
    # Proposed for larger batches than the table is: of so few rows chance alone leaves much undecided.
    many = [pd.concat([frame] * COPIES, ignore_index=True) for frame in (table, other)]
    files = pd.Series(np.arange(len(table) * COPIES) * 4 // (len(table) * COPIES))
    rules = [
        found for frame in many for found in propose_drift(frame, ROLES, fresh=len(frame), alpha=0.05, blocks=files)
    ]
    # Times of day, and dates, of a column that is no time.
    for hours in (0, 1, 7):
        shift = pd.to_timedelta(np.arange(len(table)) % 3 * (hours > 0) + hours, unit="h")
        reference = summarise(table["day"] + shift, len(table))[0].as_json()
        # So sure that the table is too small to decide.
        rules.append(
            Rule(DISTRIBUTION, {"column": "day", "reference": reference, "tolerance": 0.1, "alpha": 0.01}, "")
        )
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
