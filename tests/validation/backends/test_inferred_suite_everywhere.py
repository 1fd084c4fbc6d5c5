"""A suite that was inferred from a CSV file, held against the same table in databases and in Spark.

Rules that hold in memory hold there, and those that planted defects break in memory break there, by the same rows.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from assay.inferring import write_inferred_suite
from assay.validation.own.rows import DETERMINES, MEETS

ROWS = 1_500
TYPES = {"begins": sa.Date(), "ends": sa.Date(), "member": sa.Boolean(), "opted in": sa.Boolean()}
# Spark takes a second a rule: one of each of these, by a part of its type and its last column.
IN_SPARK = (
    ("determine", "manager"),
    ("determine", "City of residence"),
    ("sum_of", "total"),
    ("product_of", "amount"),
    ("in_table", "shop"),
    ("greater_than", "least"),
    ("of_type", "begins"),
    ("of_type", "opted in"),
    ("type_list", "net"),
    ("in_set", "member"),
    ("in_set", "opted in"),
    ("in_set", "status"),
    ("regex", "begins"),
    ("regex", "postcode"),
)


def make_table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    begins = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, ROWS), unit="D")
    branch, postcode = rng.integers(1, 9, ROWS), rng.integers(0, 150, ROWS)
    frame = pd.DataFrame(
        {
            "id": np.arange(ROWS) + 1,
            "begins": begins,
            "ends": begins + pd.to_timedelta(rng.integers(0, 60, ROWS), unit="D"),
            "net": rng.gamma(2, 40, ROWS).round(2),
            "tax": rng.gamma(2, 9, ROWS).round(2),
            "least": rng.integers(0, 500, ROWS),
            "pieces": rng.integers(1, 30, ROWS),
            "price": rng.gamma(3, 5, ROWS).round(2),
            "branch": branch,
            "manager": np.array(["Ana", "Bo", "Céline", "Dmitri", "Eve", "Fen", "Gül", "Hana", "Ines"])[branch],
            "postcode": [f"Z{code:04d}" for code in postcode],
            "City of residence": np.array([f"Town {code}" for code in rng.integers(0, 40, 150)])[postcode],
            "shop": rng.choice(np.arange(100, 400, 3), ROWS),
            "member": rng.random(ROWS) < 0.4,
            "opted in": rng.random(ROWS) < 0.5,
            "status": rng.choice(["open", "closed", "größer"], ROWS),
            "y": rng.choice(["no", "yes"], ROWS),
        }
    )
    frame["most"] = frame["least"] + rng.geometric(0.02, ROWS) - 1
    frame["total"] = (frame["net"] + frame["tax"]).round(2)
    frame["amount"] = (frame["pieces"] * frame["price"]).round(2)
    frame["opted in"] = frame["opted in"].astype(object).where(rng.random(ROWS) < 0.9)
    frame["status"] = frame["status"].where(rng.random(ROWS) < 0.95)
    frame["tax"] = frame["tax"].where(rng.random(ROWS) < 0.97)
    return frame


def with_breaks(frame: pd.DataFrame) -> pd.DataFrame:
    """Enough rows of each kind to go beyond every tolerance, and a few kinds of defect in one row."""
    broken = frame.copy()
    rows = np.random.default_rng(5).permutation(ROWS)
    some = [rows[at : at + 150] for at in range(0, ROWS, 150)]
    broken.loc[some[0], "ends"] = broken.loc[some[0], "begins"] - pd.Timedelta(days=3)
    broken.loc[some[0], "most"] = broken.loc[some[0], "least"] - 1
    broken.loc[some[1], "total"] += 0.5
    broken.loc[some[2], "amount"] = 0.0
    broken.loc[some[3], "manager"] = "Bo"
    broken.loc[some[4], "City of residence"] = "Town 999"
    broken.loc[some[5], "shop"] = 7
    broken.loc[some[6], "status"] = "lost"
    broken.loc[some[7], "postcode"] = "?"
    broken.loc[some[8], "net"] = None
    return broken


@pytest.fixture(scope="module", params=["csv", "parquet"])
def form(request) -> str:
    """In a CSV file dates are texts."""
    return request.param


def store(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return path


@pytest.fixture(scope="module")
def suite(tmp_path_factory, form) -> list[dict[str, Any]]:
    """As `assay suite infer` writes it, with the path of its table."""
    folder = tmp_path_factory.mktemp("inferred")
    reference = store(make_table(), folder / f"orders.{form}")
    pd.DataFrame({"shop": np.arange(100, 400, 3), "name": "x"}).to_csv(folder / "shops.csv", index=False)
    inferred = write_inferred_suite(
        reference, label="y", id="id", others=[folder / "shops.csv"], output=folder / "suite.json"
    )
    expectations = json.loads(inferred.path.read_text(encoding="utf-8"))["expectations"]
    for item in expectations:
        if "file" in item["kwargs"]:
            item["kwargs"]["file"] = str(folder / "shops.csv")
    return expectations


def in_database(url: str, frame: pd.DataFrame) -> dict[str, Any]:
    engine = sa.create_engine(url)
    types = {**TYPES, "City of residence": sa.String(40)}
    frame.to_sql("orders", engine, index=False, dtype=types, if_exists="replace")
    engine.dispose()
    return {"connection": url, "table": "orders"}


@pytest.fixture
def held(request, tmp_path, form):
    """Put a table into a place, and give what `data` and `validation` say then."""

    def put(place: str, frame: pd.DataFrame) -> tuple[dict[str, Any], dict[str, Any]]:
        if place == "memory":
            return {"path": str(store(frame, tmp_path / f"orders.{form}"))}, {}
        if place == "sqlite":
            return in_database(f"sqlite:///{tmp_path}/orders.db", frame), {}
        if place == "postgres":
            return in_database(request.getfixturevalue("postgres").url, frame), {}
        request.getfixturevalue("spark")
        types = {"begins": "datetime64[us]", "ends": "datetime64[us]", "opted in": "boolean"}
        return {"path": str(store(frame.astype(types), tmp_path / "spark.parquet"))}, {"backend": "spark"}

    return put


def said(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Of each rule, less those on the order of rows, which a database does not have."""
    return [
        (f["title"], f["status"], f["evidence"] and (f["evidence"]["n"], f["evidence"]["value"]))
        for f in document["findings"]
        if "from row to row" not in f["title"]
    ]


def named(document: dict[str, Any]) -> list[tuple[str, ...]]:
    """Which rows break rules on which columns."""
    ledger = document["ledger"]
    ledger = ledger[~ledger["reason"].astype(str).str.contains("from row to row|previous")]
    return sorted(ledger[["subject", "severity", "row_id"]].astype(str).itertuples(index=False, name=None))


def one_of_each(suite: list[dict[str, Any]]) -> list[dict[str, Any]]:
    chosen = []
    for kind, column in IN_SPARK:
        about = (item for item in suite if kind in item["type"] and about_column(item) == column)
        chosen += itertools.islice(about, 1)
    assert set(MEETS) <= {item["type"] for item in chosen}
    return chosen


def about_column(item: dict[str, Any]) -> str:
    kwargs = item["kwargs"]
    return kwargs["column_list"][-1] if "column_list" in kwargs else kwargs.get("column", kwargs.get("column_B", ""))


def test_the_suite_holds_all_kinds_of_relations(suite, form):
    assert set(MEETS) <= {item["type"] for item in suite}
    assert {"mapping" in item["kwargs"] for item in suite if item["type"] == DETERMINES} == {True, False}
    orders = {item["kwargs"]["column_B"] for item in suite if "greater_than" in item["type"]}
    assert orders >= ({"least"} if form == "csv" else {"least", "begins"})


@pytest.mark.parametrize("place", ["sqlite", "postgres"])
def test_what_holds_in_memory_holds_in_a_database(place, suite, held, validated):
    here, there = (validate(held, validated, where, make_table(), suite) for where in ("memory", place))
    assert said(here) == said(there)
    assert {status for _, status, _ in said(there)} == {"passed"}
    assert here["verdict"] == there["verdict"] == "pass"


@pytest.mark.parametrize("place", ["sqlite", "postgres"])
def test_what_breaks_in_memory_breaks_in_a_database(place, suite, held, validated):
    breaks_alike(place, suite, held, validated)


@pytest.mark.parametrize("form", ["csv"], indirect=True)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # PySpark leaves its sockets open
def test_what_breaks_in_memory_breaks_in_spark(suite, held, validated):
    breaks_alike("spark", one_of_each(suite), held, validated)


def validate(held, validated, place: str, frame: pd.DataFrame, suite: list[dict[str, Any]]) -> dict[str, Any]:
    data, validation = held(place, frame)
    return validated(data, suite, validation=validation)


def test_a_query_says_what_its_table_says(suite, held, validated):
    data, _ = held("postgres", with_breaks(make_table()))
    asked = {"connection": data["connection"], "query": "SELECT * FROM orders"}
    assert said(validated(data, suite)) == said(validated(asked, suite))


def test_types_that_a_database_does_not_tell_are_an_error(suite, held, validated):
    data, _ = held("sqlite", make_table())
    asked = {"connection": data["connection"], "query": "SELECT * FROM orders"}
    unknown = [f for f in validated(asked, suite)["findings"] if f["status"] != "passed"]
    assert {f["status"] for f in unknown} == {"error", "inconclusive"}
    assert all("type" in f["title"] or "occur in" in f["title"] for f in unknown if f["status"] == "error")
    assert "Validate a table or a view" in unknown[0]["remedy"]


def breaks_alike(place: str, suite: list[dict[str, Any]], held, validated) -> None:
    here, there = (validate(held, validated, where, with_breaks(make_table()), suite) for where in ("memory", place))
    assert said(here) == said(there)
    assert sum(status == "failed" for _, status, _ in said(there)) >= 8
    assert not [f["message"] for f in there["findings"] if "cannot be named" in f["message"]]
    assert named(here) == named(there)
