"""Rates by sex and race together are those that the stage "fairness" would give were there no other features."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.config_file import parse_config
from assay.documents.pairs import COLUMNS, sex_by_race
from assay.fairness import assess_fairness

NAMED = {"sex": "s", "race": "r"}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    n = 300
    return pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "s": rng.choice(["F", "M"], n),
            "r": rng.choice(["A", "B", "C"], n, p=[0.6, 0.3, 0.1]),
            "age": rng.choice(["old", "young"], n),
            "w": rng.uniform(0.1, 3, n),
            "y": rng.choice(["no", "yes"], n),
        }
    )


def probabilities(n: int, k: int = 2) -> np.ndarray:
    return np.random.default_rng(2).dirichlet(np.ones(k), n)


@pytest.mark.parametrize("weight", [None, "w"])
def test_they_are_the_rates_of_the_stage(frame, make_dataset, make_out_of_sample, weight):
    settings = {"label": "y", "positive": "yes", "weight": weight}
    dataset = make_dataset(frame, sensitive=["s", "age", "r"], **settings)
    config = parse_config({"sensitive": ["s", "age", "r"], "documents": NAMED, **settings})
    predictions = make_out_of_sample(dataset, probabilities(len(frame)))
    found = sex_by_race(dataset, predictions, config)
    assert tuple(found.columns) == COLUMNS
    two = make_dataset(frame, sensitive=["s", "r"], **settings)
    expected = assess_fairness(two, predictions, config.fairness, checks=()).by_group
    expected = expected[(expected["feature"] == "s x r") & expected["metric"].isin(["base rate", "selection rate"])]
    assert (found["sex"] + " x " + found["race"]).tolist() == expected["group"].tolist()
    for column in ("metric", "value", "low", "high", "n"):
        assert found[column].tolist() == pytest.approx(expected[column].tolist(), abs=0)


def test_pairs_that_do_not_occur_are_left_out(frame, make_dataset, make_out_of_sample):
    frame = frame[(frame["s"] == "F") | (frame["r"] == "A")].reset_index(drop=True)
    dataset = make_dataset(frame, label="y", sensitive=["s", "r"])
    config = parse_config({"label": "y", "sensitive": ["s", "r"], "documents": NAMED})
    found = sex_by_race(dataset, make_out_of_sample(dataset, probabilities(len(frame))), config)
    assert set(zip(found["sex"], found["race"], strict=True)) == {("F", "A"), ("F", "B"), ("F", "C"), ("M", "A")}


@pytest.mark.parametrize("documents", [{}, {"sex": "s"}, {"race": "r"}])
def test_there_are_none_where_one_is_not_named(frame, make_dataset, make_out_of_sample, documents):
    dataset = make_dataset(frame, label="y", sensitive=["s", "r"])
    config = parse_config({"label": "y", "sensitive": ["s", "r"], "documents": documents})
    assert sex_by_race(dataset, make_out_of_sample(dataset, probabilities(len(frame))), config) is None


def test_there_are_none_without_a_favourable_class(frame, make_dataset, make_out_of_sample):
    frame = frame.assign(y=np.resize(["a", "b", "c"], len(frame)))
    dataset = make_dataset(frame, label="y", sensitive=["s", "r"])
    config = parse_config({"label": "y", "sensitive": ["s", "r"], "documents": NAMED})
    assert sex_by_race(dataset, make_out_of_sample(dataset, probabilities(len(frame), 3)), config) is None
