"""What is wrong with a suite is said before anything runs: all of it, with the place and the remedy."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from assay.config import ValidationConfig
from assay.errors import ConfigurationError
from assay.findings import Status
from assay.validation import validate

FRAME = pd.DataFrame({"age": range(10), "city": list("aabbccddee"), "y": [0, 1] * 5})
NOT_NULL = "expect_column_values_to_not_be_null"


@pytest.fixture
def problems(make_dataset):
    def ask(suite):
        with pytest.raises(ConfigurationError) as caught:
            validate(make_dataset(FRAME, label="y"), ValidationConfig(suite=suite))
        return caught.value.problems

    return ask


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: not valid JSON"),
        (b'{"name": "x",\n "expectations": [}', "line 2: not valid JSON"),
        (b"\xff\xfe\x00binary", "must be UTF-8 text"),
        (b"[1, 2]", "must be a JSON object, got list"),
        (b'{"name": "x"}', "must have a list of `expectations`"),
        (b'{"expectations": {}}', "must have a list of `expectations`"),
        (b'{"expectations": ' + b"[" * 60 + b"]" * 60 + b"}", "must nest lists and objects at most 50 deep"),
        (b'{"expectations": ' + b"[" * 4_000 + b"]" * 4_000 + b"}", "must nest lists and objects at most 50 deep"),
        (b'{"a": ' * 100_000 + b"1" + b"}" * 100_000, "must nest lists and objects at most 50 deep"),
    ],
)
def test_a_file_that_is_no_suite(problems, tmp_path, content, said):
    path = tmp_path / "suite.json"
    path.write_bytes(content)
    (problem,) = problems(path)
    assert str(path) in problem
    assert said in problem


def test_a_missing_file_and_a_directory(problems, tmp_path):
    assert "does not exist" in problems(tmp_path / "nowhere.json")[0]
    assert "cannot be read" in problems(tmp_path)[0]


def test_all_mistakes_at_once_with_index_type_and_remedy(problems, write_suite):
    suite = write_suite(
        ("expect_column_values_to_be_betwen", {"column": "age"}),
        ("expect_column_values_to_be_between", {"colum": "age", "min_value": 1}),
        (NOT_NULL, {"column": "age", "mostly": 7}),
        {"kwargs": {}},
        "not an object",
        (NOT_NULL, {"column": "agee"}),
        ("expect_column_pair_values_to_be_equal", {"column_A": "age", "column_B": "zzz"}),
        {"type": NOT_NULL, "kwargs": {"column": "age"}, "severity": "fatal"},
        (NOT_NULL, {"column": {"$PARAMETER": "c"}}),
        ("no_such_thing", {}),
    )
    said = problems(suite)
    expected = [
        "expectation 0 (expect_column_values_to_be_betwen): unknown type; did you mean 'expect_column_values_to_be_between'?",
        "expectation 1 (expect_column_values_to_be_between): argument 'column': is missing",
        "expectation 1 (expect_column_values_to_be_between): argument 'colum': is not known here",
        "expectation 2 (expect_column_values_to_not_be_null): argument 'mostly':",
        "expectation 3 (no type): it must be an object with a `type`",
        "expectation 4 (no type): it must be an object with a `type`",
        "expectation 7 (expect_column_values_to_not_be_null): `severity` must be critical, warning or info, got 'fatal'",
        "expectation 8 (expect_column_values_to_not_be_null): argument 'column' is a parameter",
        "expectation 9 (no_such_thing): unknown type; see the gallery",
        "names column 'agee', which is not in the data. Did you mean 'age'?",
        "names column 'zzz', which is not in the data. Correct the suite",
    ]
    assert len(said) == len(expected)
    for problem, part in zip(said, expected, strict=True):
        assert part in problem
        assert str(suite) in problem


def test_a_suite_of_great_expectations_0_is_read(make_dataset, tmp_path):
    entry = {"expectation_type": NOT_NULL, "kwargs": {"column": "age", "result_format": "BASIC"}, "meta": {}}
    content = {
        "expectation_suite_name": "old",
        "data_asset_type": None,
        "ge_cloud_id": None,
        "evaluation_parameters": {},
        "expectations": [entry],
    }
    path = tmp_path / "old.json"
    path.write_text(json.dumps(content), encoding="utf-8-sig")
    result = validate(make_dataset(FRAME, label="y"), ValidationConfig(suite=path), checks=())
    assert result.suite == "old"
    assert [f.status for f in result.findings] == [Status.PASSED]


def test_a_suite_written_by_great_expectations_is_read(make_dataset, tmp_path):
    from assay.validation.engine import quiet

    with quiet():
        import great_expectations as gx

        gx.get_context(mode="ephemeral")
        suite = gx.ExpectationSuite(name="theirs")
        suite.add_expectation(gx.expectations.ExpectColumnValuesToBeInSet(column="city", value_set=["a", "b"]))
        content = suite.to_json_dict()
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    result = validate(make_dataset(FRAME, label="y"), ValidationConfig(suite=path), checks=())
    assert result.suite == "theirs"
    assert result.findings[0].evidence.rows.positions.tolist() == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("columns", [5, 0.5, True, "ab", {"a": 1}, [5], [["age"]], None])
def test_a_list_of_columns_that_is_none(problems, write_suite, columns):
    found = problems(write_suite(("expect_compound_columns_to_be_unique", {"column_list": columns})))
    assert any("expectation 0" in text or "not in the data" in text for text in found)
