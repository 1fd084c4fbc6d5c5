"""Inclusions between tables: references are found, numbers that merely lie in a range are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.validation.own.tables import read_keys
from assay.validation.relations import propose_inclusions


@pytest.fixture
def tables():
    rng = np.random.default_rng(0)
    customers = pd.DataFrame({"id": range(1, 501), "code": [f"K{i:05d}" for i in rng.permutation(90_000)[:500]]})
    orders = pd.DataFrame(
        {
            "number": range(10_000, 12_000),
            "customer_id": rng.integers(1, 501, 2_000),
            "code": rng.choice(customers["code"], 2_000),
            "quantity": rng.integers(1, 40, 2_000),
            "age": rng.integers(18, 90, 2_000),
            "note": rng.choice(["a", "b"], 2_000),
        }
    )
    return {"customers.csv": customers, "orders.csv": orders}


def found(tables):
    return {
        (table, rule.kwargs["column"], rule.kwargs["file"], rule.kwargs["key"])
        for table, rules in propose_inclusions(tables).items()
        for rule in rules
    }


def test_references_are_found_and_quantities_are_not(tables):
    assert found(tables) == {
        ("orders.csv", "customer_id", "customers.csv", "id"),
        ("orders.csv", "code", "customers.csv", "code"),
    }


def test_missing_references_and_a_few_unknown_ones(tables):
    orders = tables["orders.csv"]
    orders["customer_id"] = orders["customer_id"].astype(float).where(np.arange(2_000) % 5 > 0)
    orders.loc[[1, 2, 3], "customer_id"] = 90_000.0
    rules = {rule.kwargs["column"]: rule for rule in propose_inclusions(tables)["orders.csv"]}
    assert rules["customer_id"].evidence["n"] == orders["customer_id"].notna().sum()
    assert rules["customer_id"].evidence["broken"] == 3
    assert 0.95 < rules["customer_id"].kwargs["mostly"] < 1 - 3 / 1_600


def test_too_many_unknown_ones_are_no_reference(tables):
    tables["orders.csv"].loc[:99, "code"] = "unknown"
    assert ("orders.csv", "code", "customers.csv", "code") not in found(tables)


@pytest.mark.parametrize("other", [pd.DataFrame(), pd.DataFrame({"x": []}), pd.DataFrame({"x": [np.nan] * 60})])
def test_empty_tables(tables, other):
    assert propose_inclusions({"orders.csv": tables["orders.csv"], "o.csv": other})["o.csv"] == []
    assert propose_inclusions({}) == {}


def test_smaller_batches_are_forgiven_more(tables):
    tables["orders.csv"].loc[:9, "code"] = "unknown"
    shares = [
        next(
            rule.kwargs["mostly"]
            for rule in propose_inclusions(tables, fresh=fresh)["orders.csv"]
            if rule.kwargs["column"] == "code"
        )
        for fresh in (None, 2_000, 50)
    ]
    assert shares[0] == shares[1] > shares[2]


def test_keys_are_read_as_the_values_of_a_batch_are(tmp_path):
    (tmp_path / "k.csv").write_text("k,x\nNA,1\n  null ,2\n,3\nnan,4\n")
    assert read_keys(str(tmp_path / "k.csv"), "k") == {"NA", "null", "nan"}
    pd.DataFrame({"k": ["a ", None, "NA"]}).to_parquet(tmp_path / "k.parquet")
    assert read_keys(str(tmp_path / "k.parquet"), "k") == {"a ", "NA"}
