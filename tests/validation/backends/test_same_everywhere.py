"""One suite on one table says the same in memory, in SQLite, in PostgreSQL and in Spark: statuses, counts, keys."""

from __future__ import annotations

import pandas as pd
import pytest
from place_rules import rule

AGE, WORD = "Age in Years", "select"
SUITE = [
    rule("column_values_to_be_between", column=AGE, min_value=18, max_value=120),
    rule("column_values_to_be_between", column=AGE, min_value=18, max_value=79, strict_max=True, mostly=0.5),
    rule("column_values_to_be_between", column="day", min_value="2024-01-01", max_value="2024-12-31"),
    rule("column_values_to_be_in_set", column=WORD, value_set=["a", "bb", "größe"]),
    rule("column_values_to_not_be_in_set", "warning", column=WORD, value_set=["x y"]),
    rule("column_values_to_not_be_null", column="start"),
    rule("column_values_to_be_null", "warning", column="start"),
    rule("column_values_to_be_unique", column="id"),
    rule("column_values_to_be_unique", "warning", column="end"),
    rule("column_values_to_match_regex", column=WORD, regex="^[a-z]+$"),
    rule("column_values_to_not_match_regex", "warning", column=WORD, regex="b"),
    rule("column_value_lengths_to_be_between", column=WORD, max_value=3),
    rule("column_value_lengths_to_equal", "warning", column=WORD, value=3),
    rule("column_pair_values_a_to_be_greater_than_b", column_A="end", column_B="start"),
    rule("column_pair_values_a_to_be_greater_than_b", column_A="end", column_B="start", or_equal=True),
    rule(
        "column_pair_values_a_to_be_greater_than_b",
        column_A="end",
        column_B="start",
        ignore_row_if="either_value_is_missing",
    ),
    rule("column_pair_values_to_be_equal", "warning", column_A="end", column_B="start"),
    rule("column_pair_values_to_be_in_set", "info", column_A=WORD, column_B="y", value_pairs_set=[["a", "no"]]),
    rule("compound_columns_to_be_unique", column_list=["start", "end"]),
    rule("compound_columns_to_be_unique", column_list=["id", "end"]),
    rule("select_column_values_to_be_unique_within_record", column_list=["start", "end", AGE]),
    rule("multicolumn_sum_to_equal", "warning", column_list=["start", "end"], sum_total=90),
    rule("column_values_to_be_of_type", column=AGE, type_="float64"),
    rule("column_values_to_be_of_type", column=WORD, type_="int64"),
    rule("column_mean_to_be_between", column=AGE, max_value=40),
    rule("column_max_to_be_between", column="start", max_value=49),
    rule("column_unique_value_count_to_be_between", column=WORD, min_value=5, max_value=5),
    rule("column_distinct_values_to_be_in_set", column=WORD, value_set=["a"]),
    rule("column_distinct_values_to_contain_set", column=WORD, value_set=["a"]),
    rule("column_proportion_of_non_null_values_to_be_between", column="start", min_value=0.99),
    rule("column_proportion_of_non_null_values_to_be_between", column="start", min_value=0.1, max_value=0.2),
    rule("column_max_to_be_between", column="start", max_value=40),
    rule("column_min_to_be_between", column="start", min_value=3, strict_min=True),
    rule("table_row_count_to_equal", value=240),
    rule("column_to_exist", column="nowhere"),
    # Where a value is missing a comparison is false in memory, and unknown in a database.
    rule("column_values_to_not_be_null", column="end", row_condition=f"not `{AGE}` > 50"),
    rule("column_values_to_not_be_null", column="end", row_condition="start != 10 and select not in ['a', 'größe']"),
    rule("column_values_to_be_in_set", column=WORD, value_set=["a"], row_condition=f"20 < `{AGE}` <= 30"),
    rule("column_values_to_be_in_set", column=WORD, value_set=["a"], row_condition="end == start or start.isnull()"),
    rule("column_values_to_be_in_set", column=WORD, value_set=["a"], row_condition="flag == True"),
    rule("table_row_count_to_equal", value=3, row_condition=f"`{AGE}` > 500"),
    rule("column_values_to_not_be_null", column="end", row_condition=f"`{AGE}` > 500"),
]


def said(document):
    return [
        (f["status"], f["severity"], f["evidence"] and (f["evidence"]["n"], f["evidence"]["value"]))
        for f in document["findings"]
    ]


def keys(ledger: pd.DataFrame):
    """Of the failing rows under each title, as the message has it."""
    named = ledger.assign(subject=ledger["subject"].astype(str), severity=ledger["severity"].astype(str))
    return sorted(zip(named["subject"], named["severity"], named["row_id"].astype(int), strict=True))


def same(here, there, suite):
    for item, one, other in zip(suite, said(here), said(there), strict=True):
        assert one == other, item
    assert not [f["message"] for f in there["findings"] if "cannot be named" in f["message"]]
    assert keys(here["ledger"]) == keys(there["ledger"])
    assert here["verdict"] == there["verdict"]
    assert here["rows"] | {"format": ""} == there["rows"] | {"format": ""}


@pytest.mark.parametrize("place", ["in_sqlite", "in_postgres"])
def test_a_database_says_what_memory_says(place, in_memory, validated, request):
    here, there = validated(in_memory, SUITE), validated(request.getfixturevalue(place), SUITE)
    assert there["manifest"]["engine"] == "SQL"
    same(here, there, SUITE)
    assert len(there["ledger"]) > 200


# A rule takes Spark seconds: some of each kind of condition.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # PySpark leaves its sockets open
def test_spark_says_what_memory_says(in_memory, in_parquet, validated):
    kinds = ("day", "unique", "match", "pair_values_a", "sum", "of_type", "distinct_values_to_be", "row_condition")
    suite = [item for item in SUITE if any(kind in str(item) for kind in kinds)][::3]
    here, there = validated(in_memory, suite), validated(in_parquet, suite, validation={"backend": "spark"})
    assert there["manifest"]["engine"] == "Spark"
    same(here, there, suite)


def test_a_query_says_what_its_table_says(in_postgres, validated):
    query = "SELECT * FROM \"Loans 2026\" WHERE day::date > '2024-02-01' -- :no parameter\n;"
    there = validated({"connection": in_postgres["connection"], "query": query}, SUITE[:8])
    assert {f["status"] for f in there["findings"]} == {"failed", "passed"}, there["findings"][0]
    assert there["dataset"]["source"].startswith("a query on postgresql")
    assert there["rows"]["total"] < 240
