"""Assay's own expectations on single rows say the same in every place: ties, gaps, infinities, a mapping, other keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from place_rules import rule

FRAME = pd.DataFrame(
    {
        "id": range(8),
        "zip code": [1, 1, 1, 2, 2, 3, None, 4],
        "city": ["a", "a", "b", "c", "d", "é", "é", None],
        "a": [1.0, 2.0, 3.0, 4.0, np.nan, np.inf, 0.1, 1.0],
        "b": [1.0, 1.0, 1.0, 1.0, 1.0, np.inf, 0.2, 2.0],
        "total": [2.0, 3.0, 4.5, 5.0, 9.0, np.inf, 0.3, 3.01],
        "flag": [True, False, None, True, None, None, None, False],
        "y": [0, 1] * 4,
    }
)
CITY = {"column_list": ["zip code", "city"], "determined": "city"}
TOTAL = {"column_list": ["a", "b", "total"], "total": "total"}
FLAG = {"column_list": ["zip code", "flag"], "determined": "flag"}
# The ids that break each, by hand.
ASKED: list[tuple[str, dict[str, Any], list[int]]] = [
    ("columns_to_determine_column", CITY, [2, 3, 4]),
    ("columns_to_determine_column", {**CITY, "mapping": [[2.0, "d"], [3, "x"], ["1", "b"], [1, 7]]}, [0, 1, 2, 3, 5]),
    ("columns_to_determine_column", {**CITY, "ignore_row_if": "any_value_is_missing"}, [2, 3, 4]),
    ("columns_to_determine_column", {**CITY, "row_condition": "id != 1"}, [0, 2, 3, 4]),
    ("columns_to_determine_column", {**FLAG, "mapping": [[1, "True"], [2, False]]}, [1, 3]),
    ("column_values_to_equal_sum_of_columns", TOTAL, [2, 5, 7]),
    ("column_values_to_equal_sum_of_columns", {**TOTAL, "tolerance": 0.02}, [2, 5]),
    (
        "column_values_to_equal_product_of_columns",
        {"column_list": ["a", "b"], "product": "a", "factor": 2, "tolerance": 1},
        [3, 5, 7],
    ),
    ("column_values_to_be_in_table", {"column": "zip code", "key": "k"}, [7]),
    ("column_values_to_be_in_table", {"column": "city", "key": "name"}, [1, 0, 2, 3, 4]),
]


@pytest.fixture
def there(request, tmp_path):
    def put(place: str) -> dict[str, Any]:
        if place == "parquet":
            FRAME.astype({"flag": "boolean"}).to_parquet(tmp_path / "frame.parquet", index=False)
            return {"path": str(tmp_path / "frame.parquet")}
        url = f"sqlite:///{tmp_path}/frame.db" if place == "sqlite" else request.getfixturevalue("postgres").url
        engine = sa.create_engine(url)
        types = {"flag": sa.Boolean()}
        FRAME.to_sql("own kinds", engine, index=False, dtype=types, if_exists="replace")
        engine.dispose()
        return {"connection": url, "table": "own kinds"}

    return put


@pytest.mark.parametrize("place", ["memory", "sqlite", "postgres", "spark"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # PySpark leaves its sockets open
def test_every_place_names_the_same_rows(place, there, validated, tmp_path, request):
    if place == "spark":
        request.getfixturevalue("spark")
    # Spark takes seconds a rule: one of each.
    chosen = ASKED[1::2] if place == "spark" else ASKED
    path = tmp_path / "keys.csv"
    path.write_text("k,name\n1,x\n 2 ,é\n3,z\n", encoding="utf-8")
    files = [{**kwargs, "file": str(path)} if "key" in kwargs else kwargs for _, kwargs, _ in chosen]
    suite = [rule(kind, **kwargs) for (kind, *_), kwargs in zip(chosen, files, strict=True)]
    backend = {"backend": "spark"} if place == "spark" else {}
    document = validated(there("parquet" if place in ("memory", "spark") else place), suite, validation=backend)
    for finding, (kind, kwargs, expected) in zip(document["findings"], chosen, strict=True):
        assert finding["status"] == "failed", (kind, kwargs, finding["message"])
        share = finding["evidence"]
        assert round(share["value"] * share["n"]) == len(expected), (kind, kwargs, finding["message"])
    named = sorted(document["ledger"]["row_id"].astype(int))
    assert named == sorted(place for *_, expected in chosen for place in expected)


def test_times_that_refer_to_a_table_are_an_error(in_postgres, validated, tmp_path):
    (tmp_path / "days.csv").write_text("day\n2024-01-01\n", encoding="utf-8")
    asked = rule("column_values_to_be_in_table", column="day", file=str(tmp_path / "days.csv"), key="day")
    (finding,) = validated(in_postgres, [asked])["findings"]
    assert finding["status"] == "error"
    assert "none that the rule can be about" in finding["message"]
