"""Row conditions: what is evaluated is nothing but comparisons of columns with literals."""

from __future__ import annotations

import pandas as pd
import pytest

from assay.config import ValidationConfig
from assay.errors import ConfigurationError
from assay.findings import Status
from assay.validation import validate
from assay.validation.condition import read_condition

FRAME = pd.DataFrame({"age": range(10), "home town": list("aabbccddee"), "note": [None, "x"] * 5, "y": [0, 1] * 5})
NOT_NULL = "expect_column_values_to_not_be_null"


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("age >= 5", [5, 6, 7, 8, 9]),
        ("2 < age <= 4", [3, 4]),
        ("age > -1 & age < 2", [0, 1]),
        ("age == 1 | age == 2", [1, 2]),
        ("not (age < 8)", [8, 9]),
        ("~(age < 8)", [8, 9]),
        ("`home town` == 'a'", [0, 1]),
        ('`home town` in ["a", "e"] and age != 0', [1, 8, 9]),
        ("age not in (0, 1, 2, 3, 4, 5.0, 6)", [7, 8, 9]),
        ("note.isnull() and age > 5", [6, 8]),
        ("note.notnull() and note == 'x' and `home town`.notna() and y == True", [1, 3, 5, 7, 9]),
    ],
)
def test_comparisons_are_evaluated_as_they_read(condition, rows):
    text = read_condition(condition, "pandas", list(FRAME.columns))
    assert FRAME.query(text).index.tolist() == rows


@pytest.mark.parametrize(
    "condition",
    [
        "@pd.io.common.os.system('touch {marker}') == 0",
        "age.map(@print) == 0",
        "age.__class__ == 0",
        "age.sum() > 3",
        "age.isnull(1)",
        "age.isnull().sum() > 1",
        "`age`.__class__.__init__.__globals__ == 1",
        "__import__('os').system('touch {marker}') == 0",
        "f'{{age}}' == 'a'",
        "age == f'{{__import__(\"os\")}}'",
        "age + 1 > 2",
        "age",
        "1 == 1",
        "[x for x in (1, 2)] == 1",
        "(lambda: 1)() == 1",
        "age[0] == 1",
        "age == 1; age == 2",
        "age = 1",
        "age == 1\nage == 2",
        "`home town` == `home town``",
        "age == None",
        "age == 'a\\'",
        "age == {{1: 2}}",
        "age in home",
        "'a' in `home town`",
        "if == 1",
        "(" * 900 + "age == 1" + ")" * 900,
        "age == 1 and " * 400 + "age == 1",
        "",
        "   ",
        ["age == 1"],
        7,
        {"type": "pass_through", "pass_through_filter": "@pd.io.common.os.system('touch {marker}') == 0"},
        {"type": "comparison", "column": {"name": "age"}, "operator": "== 1 and @print(1) ==", "parameter": 1},
        {"type": "comparison", "column": {"name": "age"}, "operator": "==", "parameter": {"a": 1}},
        {"type": "and", "conditions": []},
        {"type": "spell"},
    ],
)
def test_everything_else_is_refused_and_nothing_runs(condition, tmp_path):
    marker = tmp_path / "ran"
    text = condition.format(marker=marker) if isinstance(condition, str) else condition
    with pytest.raises(ConfigurationError, match="row_condition"):
        read_condition(text, "pandas", list(FRAME.columns))
    assert not marker.exists()


def test_columns_must_exist_and_the_parser_be_pandas():
    with pytest.raises(ConfigurationError, match="names 'agee', 'home', which"):
        read_condition("agee > 1 or `home` == 'a'", None, list(FRAME.columns))
    with pytest.raises(ConfigurationError, match="condition_parser"):
        read_condition('col("age") > 1', "great_expectations", list(FRAME.columns))


def test_conditions_as_great_expectations_writes_them():
    from great_expectations.expectations.row_conditions import Column

    written = ((Column("age") > 3) & Column("home town").is_in(["c", "e"])) | Column("note").is_null()
    text = read_condition(written.dict(), None, list(FRAME.columns))
    assert FRAME.query(text).index.tolist() == [0, 2, 4, 5, 6, 8, 9]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ((NOT_NULL, {"column": "age", "row_condition": "@pd.io.common.os.system('touch {marker}')==0"}), "compare"),
        ((NOT_NULL, {"column": "age", "row_condition": "agee > 1", "condition_parser": "pandas"}), "names 'agee'"),
        (("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT 1"}), "queries a database"),
        (("expect_table_row_count_to_equal_other_table", {"other_table_name": "t"}), "queries a database"),
        (
            ("expect_column_values_to_be_in_set", {"column": "age", "value_set": [{"$PARAMETER": "now()"}]}),
            "argument 'value_set' is a parameter",
        ),
        (
            (
                "expect_column_values_to_match_json_schema",
                {"column": "age", "json_schema": {"properties": {"a": {"$ref": "http://127.0.0.1/x"}}}},
            ),
            "another document",
        ),
    ],
)
def test_a_suite_that_would_run_something_is_refused_before_it_does(make_dataset, write_suite, tmp_path, entry, said):
    marker = tmp_path / "ran"
    kind, kwargs = entry
    kwargs = {key: v.format(marker=marker) if key == "row_condition" else v for key, v in kwargs.items()}
    with pytest.raises(ConfigurationError, match=said):
        validate(make_dataset(FRAME, label="y"), ValidationConfig(suite=write_suite((kind, kwargs))), checks=())
    assert not marker.exists()


def test_a_checked_condition_reaches_the_expectation(run_suite):
    condition = {"row_condition": "`home town` in ['a', 'b'] & age > 0", "condition_parser": "pandas"}
    (finding,) = run_suite(FRAME, (NOT_NULL, {"column": "note", **condition}))
    assert finding.status is Status.FAILED
    assert "1 of 3 values" in finding.message
