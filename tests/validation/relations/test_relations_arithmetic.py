"""Sums, products and constant multiples, with the rounding of the table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.validation.relations.relation import rounding_step


@pytest.fixture
def invoice():
    rng = np.random.default_rng(0)
    n = 2_000
    net, tax = rng.gamma(2, 40, n).round(2), rng.gamma(2, 9, n).round(2)
    tip = np.where(rng.random(n) < 0.08, rng.integers(1, 12, n), 0).astype(float)
    return pd.DataFrame({"net": net, "tax": tax, "tip": tip, "total": (net + tax + tip).round(2)}), rng


def test_a_sum_of_three_of_which_one_is_mostly_zero(rules_of, invoice):
    frame, _ = invoice
    found = rules_of(frame)
    assert set(found) == {("+", "net", "tax", "tip", "total")}
    assert found["+", "net", "tax", "tip", "total"].kwargs["total"] == "total"


def test_slips_in_a_sum(rules_of, invoice):
    frame, rng = invoice
    rows = rng.choice(len(frame), 30, replace=False)
    frame.loc[rows, "total"] += 10 * (1 + rng.random(30)).round(2)
    rule = rules_of(frame)["+", "net", "tax", "tip", "total"]
    assert rule.evidence["broken"] == 30
    assert 0.95 < rule.kwargs["mostly"] < 1 - 30 / 2_000


def test_a_difference_is_the_sum_the_other_way_round(rules_of):
    rng = np.random.default_rng(0)
    revenue, cost = rng.integers(100, 900, 800), rng.integers(50, 1_200, 800)
    frame = pd.DataFrame({"revenue": revenue, "cost": cost, "profit": revenue - cost})
    assert set(rules_of(frame)) == {("+", "cost", "profit", "revenue")}


def test_a_long_sum(rules_of):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"month {i}": rng.gamma(2, 5, 1_500).round(1) for i in range(12)})
    frame["year"] = frame.sum(axis=1).round(1)
    frame.loc[:20, "year"] = 0.0
    (rule,) = rules_of(frame).values()
    assert rule.kwargs["total"] == "year"
    assert set(rule.kwargs["column_list"]) == set(frame.columns)


def test_rounded_parts_give_a_tolerance(rules_of):
    rng = np.random.default_rng(0)
    a, b = rng.gamma(2, 50, 1_000), rng.gamma(2, 50, 1_000)
    frame = pd.DataFrame({"a": a.round(1), "b": b.round(1), "sum": (a + b).round(1)})
    (rule,) = rules_of(frame).values()
    assert 0.05 <= rule.kwargs["tolerance"] <= 0.16
    off = (frame["sum"] - frame["a"] - frame["b"]).abs()
    assert (off <= rule.kwargs["tolerance"] + 1e-9).all()


def test_a_product_and_a_price_with_tax(rules_of):
    rng = np.random.default_rng(0)
    pieces, price = rng.integers(1, 12, 1_500), rng.gamma(2, 10, 1_500).round(2)
    frame = pd.DataFrame({"pieces": pieces, "price": price, "amount": (pieces * price).round(2)})
    frame["tax"] = (0.19 * frame["amount"]).round(2)
    found = rules_of(frame)
    assert set(found) == {("*", "pieces", "price", "amount"), ("*", "amount", "tax")}
    assert found["*", "amount", "tax"].kwargs["factor"] == pytest.approx(0.19)


def test_equal_columns_are_one_rule_and_stand_in_for_each_other(rules_of):
    rng = np.random.default_rng(0)
    km = rng.gamma(2, 30, 600).round(1)
    frame = pd.DataFrame({"km": km, "distance": km, "m": km * 1_000})
    assert set(rules_of(frame)) == {("=", "distance", "km"), ("*", "km", "m")}


def test_a_correlation_is_no_ratio(rules_of):
    rng = np.random.default_rng(0)
    size = rng.normal(10, 3, 500)
    frame = pd.DataFrame({"kind": (size / 5).round(), "width": (0.4 * size + 0.3 * rng.normal(size=500)).round(1)})
    assert rules_of(frame) == {}


def test_constants_add_up_to_nothing(rules_of):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"fee": np.full(600, 2.0), "levy": np.full(600, 3.0), "both": np.full(600, 5.0)})
    frame.iloc[0] = [1.0, 1.0, 2.0]
    frame["x"] = rng.normal(size=600).round(2)
    assert rules_of(frame) == {}


@pytest.mark.parametrize(
    ("values", "step"),
    [([1.0, 2.0, np.nan], 1), ([1.5, 2.25], 0.01), ([0.1 + 0.2, 0.3], 0.1), ([1 / 3, 2 / 7], 0), ([1e9 + 0.25], 0.01)],
)
def test_the_rounding_of_a_column(values, step):
    assert rounding_step(np.array(values)) == pytest.approx(step)
