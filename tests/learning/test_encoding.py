"""The encoding of a table, held against arithmetic by hand."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.learning import encoding
from assay.learning.encoding import encode_table

CPU = torch.device("cpu")


def encoded(frame: pd.DataFrame) -> np.ndarray:
    table = encode_table(frame, list(frame.columns), CPU)
    return table.rows(torch.arange(len(frame))).numpy()


def test_a_number_rises_piecewise_between_its_distinct_values():
    found = encoded(pd.DataFrame({"x": [0.0, 1.0, 3.0, 2.0]}))
    # Edges 0, 1, 2, 3: one input an interval, full once x has passed it.
    assert found.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 1], [1, 1, 0]]


def test_values_between_edges_are_interpolated():
    x = np.linspace(0, 100, 1001)
    found = encoded(pd.DataFrame({"x": x}))
    assert found.shape[1] <= encoding.MAX_BINS
    # The inputs, each times its bin's width, add up to the value itself.
    edges = encoding._edges(x, encoding.MAX_BINS)
    assert found @ np.diff(edges) == pytest.approx(x, abs=1e-3)


def test_a_zero_inflated_number_keeps_bins_for_its_tail():
    x = np.concatenate([np.zeros(990), np.arange(1, 101)])
    assert len(encoding._edges(x, encoding.MAX_BINS)) > 10


def test_missing_numbers_are_zero_with_an_indicator():
    found = encoded(pd.DataFrame({"x": [0.0, np.nan, 1.0]}))
    assert found.tolist() == [[0, 0], [0, 1], [1, 0]]


def test_infinite_numbers_are_clamped_to_the_finite_ones():
    found = encoded(pd.DataFrame({"x": [0.0, 1.0, np.inf, -np.inf]}))
    assert found[:, 0].tolist() == [0, 1, 1, 0]


def test_categories_are_one_hot_with_rare_and_missing_apart():
    column = ["a"] * 20 + ["b"] * 20 + ["c", "d"] + [None]
    found = encoded(pd.DataFrame({"x": column}))
    assert found.sum(axis=1).tolist() == [1.0] * 43
    assert (found[0] == found[19]).all()
    assert (found[40] == found[41]).all(), "rare categories share an input"
    assert len(np.unique(found, axis=0)) == 4


def test_columns_without_two_values_get_no_input():
    frame = pd.DataFrame({"constant": [1.0] * 5, "word": ["same"] * 5, "empty": [np.nan] * 5})
    assert encoded(frame).shape == (5, 0)


def test_times_are_numbers_and_keep_their_minutes():
    times = pd.Series(pd.date_range("2024-01-01", periods=20, freq="min"))
    assert len(np.unique(encoded(pd.DataFrame({"t": times})), axis=0)) == 20


def test_a_date_beyond_the_nanoseconds_is_a_number():
    times = pd.Series(np.array(["2024-01-01", "9999-12-31", "NaT", "1066-10-14"], dtype="datetime64[s]"))
    assert encoded(pd.DataFrame({"t": times})).tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]]


def test_one_extreme_value_leaves_the_others_their_digits():
    x = np.append(np.linspace(0, 1, 21), 8.98e307)
    assert len(np.unique(encoded(pd.DataFrame({"x": x})), axis=0)) == 22


def test_a_wide_table_gets_fewer_inputs_a_column():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(50, 1500))).add_prefix("c")
    assert encoded(frame).shape[1] <= encoding.MAX_INPUTS


def test_a_table_too_large_for_the_cache_is_encoded_alike(monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200), "c": rng.choice(["a", "b", "ç"], 200)})
    frame.loc[::7, "x"] = np.nan
    whole = encoded(frame)
    monkeypatch.setattr(encoding, "CACHE_BYTES", 0)
    assert encode_table(frame, list(frame.columns), CPU).cache is None
    assert (encoded(frame) == whole).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=2, max_size=40))
def test_any_numbers_encode_to_finite_values_in_order(values):
    found = encoded(pd.DataFrame({"x": values}))
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
    order = np.argsort(values, kind="stable")
    known = [i for i in order if not np.isnan(values[i])]
    units = found[known]
    assert (np.diff(units, axis=0) >= -1e-6).all(), "a larger number never lowers an input"
