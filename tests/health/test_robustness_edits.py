"""MH040: which edits are feasible: inferred from the data, and stated in `health.feasible`."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from robustness_fakes import answer, context_of

from assay.config import HealthConfig, LearningConfig
from assay.errors import ConfigurationError, InputError
from assay.findings import Status
from assay.health import HealthContext
from assay.health.robustness.edits import find_edits
from assay.health.robustness.values import neighbours, read_column
from assay.health_config import FeasibleEdit
from assay.learning import out_of_sample


@pytest.fixture
def edits_of(make_dataset):
    """Values that each row may take, by column, and the edits themselves."""

    def find(frame, feasible=None, *, classes=2, **roles):
        data = frame.assign(y=np.where(np.arange(len(frame)) % 2, "yes", "no"))
        dataset = make_dataset(data, label="y", **roles)
        rules = {name: FeasibleEdit(**rule) for name, rule in (feasible or {}).items()}
        edits = find_edits(dataset, rules, np.arange(len(frame)), classes, np.random.default_rng(0))
        values = {
            name: [set(dataset.frame[name].iloc[row[row >= 0]]) for row in edits.donors[:, c]]
            for c, name in enumerate(edits.columns)
        }
        return values, edits

    return find


def test_a_number_moves_past_a_tenth_of_the_rows_at_most(edits_of):
    values, edits = edits_of(pd.DataFrame({"x": np.arange(300.0)}))
    assert values["x"][150] == {120, 130, 140, 160, 170, 180}
    assert edits.judged[150].all()


def test_more_classes_make_smaller_steps(edits_of):
    values, _ = edits_of(pd.DataFrame({"x": np.arange(300.0)}), classes=10)
    assert values["x"][150] == {144, 146, 148, 152, 154, 156}


def test_the_next_value_is_within_reach_but_no_small_step_across_many_rows(edits_of):
    values, edits = edits_of(pd.DataFrame({"x": np.tile([0, 0, 1, 1, 7], 40)}))
    assert values["x"][0] == {1}
    assert values["x"][4] == {1}
    assert not edits.judged.any()


def test_a_category_takes_frequent_values_and_missing_stays_missing(edits_of):
    texts = ["a"] * 60 + ["b"] * 40 + ["rare"] * 3 + [None] * 20
    values, edits = edits_of(pd.DataFrame({"c": texts, "x": np.arange(123.0)}))
    assert values["c"][0] == {"b"}
    assert values["c"][60] == {"a"}
    assert values["c"][100] == {"a", "b"}
    assert values["c"][110] == set()
    assert not edits.judged[:, edits.columns.index("c")].any()


def test_what_does_not_change(edits_of):
    person = np.repeat(np.arange(40), 5)
    frame = pd.DataFrame(
        {
            "person": person,
            "born": pd.Timestamp("1990-01-01") + pd.to_timedelta(person, unit="D"),
            "height": person * 1.5,
            "income": np.arange(200.0),
            "g": np.tile(["a", "b"], 100),
            "empty": None,
        }
    )
    _, edits = edits_of(frame, group="person", sensitive=[{"column": "g"}])
    assert edits.columns == ("income",)
    assert edits.rules["g"] == "does not change (sensitive)"
    assert edits.rules["born"] == "does not change (a time)"
    assert edits.rules["height"] == "does not change (constant within each group of rows)"


def test_what_is_stated_counts_instead(edits_of):
    frame = pd.DataFrame(
        {"t": pd.date_range("2024-01-01", periods=90), "g": ["a", "b", "c"] * 30, "n": np.arange(90), "k": [True] * 90}
    )
    rules = {"t": {"values": ["2024-02-01"]}, "g": {"values": ["b"]}, "n": {"values": [7, 80, 500], "direction": "up"}}
    values, edits = edits_of(frame, rules, sensitive=[{"column": "g"}])
    assert values["t"][0] == {pd.Timestamp("2024-02-01")}
    assert [values["g"][row] for row in range(3)] == [{"b"}, set(), {"b"}]
    assert [values["n"][row] for row in (0, 7, 80)] == [{7, 80}, {80}, set()]
    assert edits.judged[edits.donors >= 0].all()
    (note,) = edits.notes
    assert "'n': 1 of 3 `values` are not in the data" in note
    assert "500" not in note


def test_booleans_and_numbers_are_matched_however_yaml_reads_them(edits_of):
    frame = pd.DataFrame({"b": [True, False] * 45, "code": ["1", "2", "3"] * 30})
    values, edits = edits_of(frame, {"b": {"values": [True]}, "code": {"values": [3]}})
    assert [values["b"][row] for row in range(2)] == [set(), {True}]
    assert [values["code"][row] for row in range(3)] == [{"3"}, {"3"}, set()]
    assert not edits.notes


def test_rules_that_cannot_be_followed_are_told(edits_of):
    frame = pd.DataFrame({"c": ["a", "b"] * 45, "x": np.arange(90.0)})
    _, edits = edits_of(frame, {"c": {"direction": "up"}, "y": {"mutable": False}, "x": {"values": ["many"]}})
    told = " ".join(edits.notes)
    assert "'y': the models do not see this column" in told
    assert "'c': `direction` is for numbers" in told
    assert "'x': 1 of 1 `values` are not in the data" in told
    assert edits.columns == ("c",)


def test_a_rule_for_a_column_that_is_not_there_is_refused(make_dataset):
    frame = pd.DataFrame({"income": np.arange(90.0), "y": ["a", "b"] * 45})
    with pytest.raises(InputError, match=r"Column 'incme' \(health.feasible\) is not in the data; did you mean"):
        make_dataset(frame, label="y", health={"feasible": {"incme": {"mutable": False}}})
    with pytest.raises(ConfigurationError, match="direction"):
        make_dataset(frame, label="y", health={"feasible": {"income": {"direction": "sideways"}}})


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(-5, 5), st.floats(-1e6, 1e6)), min_size=1, max_size=60),
    st.sampled_from(["any", "up", "down"]),
    st.sampled_from([0.02, 0.1, 0.4]),
)
def test_donors_have_another_central_value_that_lies_the_right_way(numbers, direction, step):
    column = read_column(pd.Series(numbers, dtype="Float64", name="x"))
    every = np.arange(len(numbers))
    donors, small = neighbours(column, every, every, step, direction)
    known = np.sort(column.numbers[~np.isnan(column.numbers)])
    for row, column_of_donors in enumerate(donors):
        for at, donor in enumerate(column_of_donors):
            if donor < 0:
                assert not small[row, at]
                continue
            own, new = column.numbers[row], column.numbers[donor]
            assert new != own
            assert not np.isnan([own, new]).any()
            assert np.quantile(known, 0.05, method="nearest") <= new <= np.quantile(known, 0.95, method="nearest")
            assert direction == "any" or (new > own) == (direction == "up")
            # Rows strictly between the two values: fewer than the step passes.
            between = ((known > min(own, new)) & (known < max(own, new))).sum()
            assert between < max(1, round(step * len(known)))


@pytest.mark.parametrize("missing", ["off", "given", "number", "nothing"])
def test_where_it_does_not_apply(make_dataset, make_out_of_sample, missing):
    frame = pd.DataFrame({"x": np.arange(300.0)})
    context = context_of(make_dataset, make_out_of_sample, frame, lambda edited: edited["x"] / 300)
    if missing == "off":
        context = HealthContext(context.dataset, context.predictions, HealthConfig())
    elif missing == "given":
        predictions = make_out_of_sample(context.dataset, np.full((300, 2), 0.5))
        context = HealthContext(context.dataset, predictions, HealthConfig(robustness=True))
    elif missing == "number":
        # Whatever is not `OutOfSample` is of a number; training one for this takes seconds.
        context = replace(context, predictions=SimpleNamespace())
    else:
        context = context_of(
            make_dataset, make_out_of_sample, frame, lambda edited: edited["x"] / 300, health={"x": {"mutable": False}}
        )
    assert answer(context)[0].status is Status.NOT_APPLICABLE


@pytest.mark.parametrize(("stripes", "status"), [(8, Status.FAILED), (2, Status.PASSED)])
def test_trained_models(make_dataset, stripes, status):
    rng = np.random.default_rng(0)
    x = rng.random(500)
    y = np.where(np.floor(stripes * x) % 2 == 1, "yes", "no")
    dataset = make_dataset(pd.DataFrame({"x": x, "z": rng.normal(size=500), "y": y}), label="y")
    predictions = out_of_sample(dataset, LearningConfig(repeats=1, folds=3), asked=True)
    finding, table, _ = answer(HealthContext(dataset, predictions, HealthConfig(deep=True)))
    assert finding.status is status
    before = table[(table["by"] == "overall") & (table["edits"] == 0)]
    assert (before["accuracy"] > 0.8).all()
