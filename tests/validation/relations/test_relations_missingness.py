"""Gaps that another column decides about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.dataset import Roles
from assay.findings import Status
from assay.validation.relations import propose_relations


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    n = 1_200
    status = rng.choice(["single", "married", "widowed"], n, p=[0.5, 0.4, 0.1])
    spouse = pd.Series(rng.choice(["Ann", "Bo", "Cy"], n), dtype="str").where(status == "married")
    visits = pd.Series(rng.poisson(3, n), dtype=float).where(rng.random(n) < 0.7)
    return pd.DataFrame({"marital status": status, "spouse": spouse, "visits": visits, "y": rng.integers(0, 2, n)})


def gaps(frame, **roles):
    rules = propose_relations(frame, Roles(**{"label": "y", "features": (), **roles}), fresh=len(frame), alpha=0.01)
    return {(rule.name, rule.kwargs["column"]): rule for rule in rules if "row_condition" in rule.kwargs}


def test_missing_by_a_value_and_present_by_the_others(people):
    found = gaps(people)
    assert set(found) == {("missing by marital status", "spouse"), ("present by marital status", "spouse")}
    absent = found["missing by marital status", "spouse"]
    assert absent.kind == "expect_column_values_to_be_null"
    assert absent.kwargs["row_condition"] == '`marital status` in ["single", "widowed"]'
    assert absent.evidence == {"n": (people["marital status"] != "married").sum(), "broken": 0}


def test_they_go_through_a_suite_with_the_rows_named(people, run_suite):
    rules = [(rule.kind, dict(rule.kwargs)) for rule in gaps(people).values()]
    assert {f.status for f in run_suite(people, *rules)} == {Status.PASSED}
    single = np.flatnonzero(people["marital status"] == "single")[:40]
    people.loc[single, "spouse"] = "Dee"
    failed = [f for f in run_suite(people, *rules) if f.status is Status.FAILED]
    assert [f.evidence.rows.positions.tolist() for f in failed] == [single.tolist()]


def test_a_few_slips(people):
    single = np.flatnonzero(people["marital status"] == "single")[:5]
    people.loc[single, "spouse"] = "Dee"
    rule = gaps(people)["missing by marital status", "spouse"]
    assert rule.evidence["broken"] == 5
    assert rule.kwargs["mostly"] < 1


@pytest.mark.parametrize("roles", [{"sensitive": ("marital status",)}, {"ignored": ("spouse",)}, {"label": "spouse"}])
def test_private_ignored_and_label_columns(people, roles):
    assert gaps(people, **roles) == {}


@pytest.mark.parametrize("value", ['a"', "`", "a\nb", "\\", 'a"] or `y` in ["b', "x" * 3_000])
def test_what_cannot_be_written_in_a_condition_is_no_rule(people, value):
    people["marital status"] = people["marital status"].replace("single", value)
    assert gaps(people) == {}


def test_gaps_by_chance(people):
    people["spouse"] = people["visits"].where(np.random.default_rng(1).random(len(people)) < 0.5)
    assert gaps(people) == {}
