"""Functional dependencies: planted ones are found, look-alikes are not."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from assay.validation.relations.dependencies import Runs, joined, measure, minority


def shops(n=2_000, seed=0):
    """Orders of 150 shops in 60 cities of 8 states, with a column that has nothing to do with them."""
    rng = np.random.default_rng(seed)
    city_of, state_of = rng.integers(0, 60, 150), rng.integers(0, 8, 60)
    shop = rng.integers(0, 150, n)
    return pd.DataFrame(
        {
            "shop": shop,
            "city": np.array([f"Städtchen {i}" for i in range(60)])[city_of[shop]],
            "state": np.array(list("ABCDEFGH"))[state_of[city_of[shop]]],
            "amount": rng.gamma(2, 10, n).round(2),
            "kind": rng.choice(["x", "y", "z"], n),
        }
    )


def slips(values, share, seed=0):
    """The same with so many values replaced by slips of their own."""
    rng = np.random.default_rng(seed)
    values = values.astype(object)
    rows = rng.choice(len(values), int(share * len(values)), replace=False)
    values.iloc[rows] = [f"slip {i}" for i in range(len(rows))]
    return values.astype("str")


def test_a_chain_is_found_without_its_short_cut(rules_of):
    assert set(rules_of(shops())) == {("->", "shop", "city"), ("->", "city", "state")}


@pytest.mark.parametrize("share", [0.01, 0.02])
def test_noise_is_tolerated(rules_of, share):
    frame = shops()
    frame["city"] = slips(frame["city"], share)
    found = rules_of(frame)
    assert ("->", "shop", "city") in found
    evidence = found["->", "shop", "city"].evidence
    assert evidence["n"] == len(frame)
    assert evidence["broken"] == share * len(frame)
    assert 1 - 2.5 * share <= found["->", "shop", "city"].kwargs["mostly"] < 1 - share


def test_a_nearly_unique_determinant_proves_nothing(rules_of):
    frame = shops(400)
    frame["ticket"] = np.random.default_rng(1).permutation(400) // 1.05 // 1
    assert not any(columns[1] == "ticket" for columns in rules_of(frame))


def test_a_nearly_constant_dependent_proves_nothing(rules_of):
    frame = shops()
    frame["flag"] = (np.random.default_rng(1).random(len(frame)) < 0.01).astype(int)
    assert not any(columns[-1] == "flag" for columns in rules_of(frame))


def test_a_value_that_two_places_share_is_an_exception_and_no_noise(rules_of):
    frame = shops()
    # In three cities half of the rows lie in another state: under 5% of all rows.
    cities = sorted(frame["city"].unique())[::20]
    other = frame["city"].isin(cities) & (np.arange(len(frame)) % 2 == 0)
    frame.loc[other, "state"] = "Z"
    assert other.mean() < 0.05
    assert ("->", "city", "state") not in rules_of(frame)


def test_what_a_second_column_decides_is_no_noise(rules_of):
    rng = np.random.default_rng(0)
    n = 2_000
    code, region = rng.integers(0, 25, n), np.where(rng.random(n) < 0.03, "island", "main")
    price = np.array([f"{i:.2f}" for i in rng.permutation(50)])[code + 25 * (region == "island")]
    found = rules_of(pd.DataFrame({"code": code, "region": region, "price": price}))
    assert ("->", "code", "price") not in found
    assert ("->", "price", "code") in found


def test_two_columns_together(rules_of):
    rng = np.random.default_rng(0)
    n = 3_000
    a, b = rng.integers(0, 12, n), rng.integers(0, 9, n)
    rate = rng.permutation(400)[:108].reshape(12, 9) % 17
    found = rules_of(pd.DataFrame({"zone": a, "weight_class": b, "rate": rate[a, b], "x": rng.integers(0, 5, n)}))
    assert set(found) == {("->", "zone", "weight_class", "rate")}


def test_repeated_entities_are_counted_once(rules_of):
    """Forty machines, each measured fifty times: that no two in one hall differ in colour is seen on forty."""
    rng = np.random.default_rng(3)
    machine = np.repeat(np.arange(40), 50)
    hall = np.arange(40) // 1.1 // 1  # nearly one hall a machine
    colour = rng.integers(0, 3, 40)[hall.astype(int)]
    frame = pd.DataFrame(
        {"machine": machine, "hall": hall[machine], "colour": colour[machine], "value": rng.normal(size=2_000)}
    )
    found = rules_of(frame)
    assert ("->", "machine", "hall") in found
    assert ("->", "machine", "colour") in found
    assert ("->", "hall", "colour") not in found


def test_a_code_and_its_name_determine_each_other_and_are_listed(rules_of):
    rng = np.random.default_rng(0)
    code = rng.integers(1, 7, 1_000)
    frame = pd.DataFrame({"code": code, "name": np.array(["-", "one", "two", "three", "four", "five", "six"])[code]})
    found = rules_of(frame)
    assert set(found) == {("->", "code", "name"), ("->", "name", "code")}
    mapping = found["->", "code", "name"].kwargs["mapping"]
    assert mapping == [[1, "one"], [2, "two"], [3, "three"], [4, "four"], [5, "five"], [6, "six"]]
    json.dumps(dict(found["->", "code", "name"].kwargs), allow_nan=False)


def test_raw_values_of_private_columns_are_not_listed(rules_of):
    rng = np.random.default_rng(0)
    code = rng.integers(1, 7, 1_000)
    frame = pd.DataFrame({"code": code, "origin": np.array(list("-abcdef"))[code]})
    found = rules_of(frame, sensitive=("origin",))
    assert ("->", "code", "origin") in found
    assert not any("mapping" in rule.kwargs for rule in found.values())


def test_the_label_is_in_no_dependency_and_ignored_columns_are_in_no_rule(rules_of):
    frame = shops()
    assert set(rules_of(frame, label="city")) == {("->", "shop", "state")}
    assert set(rules_of(frame, ignored=("shop",))) == {("->", "city", "state")}


def test_strength_is_that_of_the_papers_by_hand():
    # A: two groups of 3 and 2; B agrees within the first, differs within the second. pdep(B) = (16 + 1) / 25;
    # pdep(A, B) = (3 + 1) / 5; 1 - (1/5) / (8/25) * 4/3 = 1/6.
    determinant, dependent = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 0, 0, 1])
    together = sum(
        (dependent[determinant == g] == v).mean() ** 2 * (determinant == g).mean() for g in (0, 1) for v in (0, 1)
    )
    alone = sum((dependent == v).mean() ** 2 for v in (0, 1))
    assert 1 - (1 - together) / (1 - alone) * 4 / 3 == pytest.approx(1 / 6)
    assert measure(determinant, dependent) is None  # far too weak
    exact = measure(np.array([0, 0, 1, 1]), np.array([5, 5, 7, 7]))
    assert exact == (4, 0, 1.0)


def test_neighbours_and_minorities_by_counting():
    rng = np.random.default_rng(0)
    a, b = rng.integers(-1, 4, 60), rng.integers(-1, 3, 60)
    rows = pd.DataFrame({"a": a, "b": b})
    present = rows[(rows >= 0).all(axis=1)]
    counts = present.groupby(["a", "b"]).size()
    expected = len(present) - counts.groupby("a").max().sum()
    assert minority(a, b).sum() == expected
    assert not minority(a, b)[(a < 0) | (b < 0)].any()
    runs = Runs.of(a)
    assert runs.repeats.sum() == (a >= 0).sum() - len(set(a[a >= 0]))
    pairs = joined(a, b)
    for i, j in combinations(range(60), 2):
        same = min(a[i], b[i], a[j], b[j]) >= 0 and (a[i], b[i]) == (a[j], b[j])
        assert (pairs[i] == pairs[j] and pairs[i] >= 0) == same
