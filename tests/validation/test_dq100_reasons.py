"""How each row breaks an expectation, in words: bounds and columns are named, values of the data are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.validation.nearness import letters_away
from assay.validation.reasons import reasons_of

FRAME = pd.DataFrame(
    {
        "age": [5.0, 200.0, 18.0, 90.0],
        "town": ["Ulm", "ulm ", "Bregenx", "Xyz"],
        "code": ["a", "ab", "abcd", "a"],
        "one": [1.0, 2.0, np.nan, 4.0],
        "two": [1.0, 3.0, 3.0, 1.0],
        "when": pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01", "2023-01-01"]),
    }
)


def reasons(kind, positions, **kwargs):
    found = reasons_of(FRAME, f"expect_{kind}", kwargs, np.array(positions, dtype=np.int64))
    return [found] * len(positions) if isinstance(found, str) else found


def test_on_which_side_of_a_range():
    said = reasons("column_values_to_be_between", [0, 1], column="age", min_value=18, max_value=90)
    assert said == ["'age' is below the minimum of 18", "'age' is above the maximum of 90"]
    strict = {"column": "age", "min_value": 18, "max_value": 90, "strict_min": True, "strict_max": True}
    said = reasons("column_values_to_be_between", [0, 1, 2, 3], **strict)
    assert said == ["'age' is not above 18", "'age' is not below 90"] * 2
    said = reasons(
        "column_values_to_be_between", [0, 3], column="when", min_value="2021-01-01", max_value="2022-01-01"
    )
    assert said == ["'when' is below the minimum of 2021-01-01", "'when' is above the maximum of 2022-01-01"]


def test_how_near_a_text_is_to_an_allowed_one():
    said = reasons("column_values_to_be_in_set", [1, 2, 3], column="town", value_set=["Ulm", "Bregenz", "Wien"])
    plain = "'town' is not among the 3 allowed values"
    assert said == [
        f"{plain}, and differs from one of them only in case or spaces",
        f"{plain}, one letter away from one",
        plain,
    ]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("Bergenz", ", one letter away from one"),
        ("Bregen", ", one letter away from one"),
        ("Brregenzz", ", two letters away from one"),
        ("Br", ""),
        ("Salzburg", ""),
        (7, ""),
    ],
)
def test_the_distance_counts_letters_added_lost_replaced_and_swapped(value, hint):
    hints, places = letters_away([value], ["Bregenz", 3])
    assert hints[places[0]] == hint


def test_lengths_are_told():
    said = reasons("column_value_lengths_to_equal", [0, 1, 2], column="code", value=3)
    assert said == [f"'code' has {n} character{s}, 3 wanted" for n, s in ((1, ""), (2, "s"), (4, "s"))]
    said = reasons("column_value_lengths_to_be_between", [2], column="code", min_value=1, max_value=2)
    assert said == ["'code' has 4 characters, at least 1 and at most 2 wanted"]


def test_which_row_is_repeated():
    said = reasons("column_values_to_be_unique", [0, 3], column="code")
    assert said == [
        "'code': the value occurs in 2 rows, here first",
        "'code': the value of row 0 again, one of 2 rows",
    ]


def test_of_many_rows_only_how_often_a_value_occurs():
    frame = pd.DataFrame({"x": np.repeat(np.arange(6_000), 2)})
    said = reasons_of(frame, "expect_column_values_to_be_unique", {"column": "x"}, np.arange(12_000))
    assert set(said) == {"'x': the value occurs in 2 rows"}


def test_what_is_wrong_between_columns():
    pair = {"column_A": "one", "column_B": "two"}
    said = reasons("column_pair_values_a_to_be_greater_than_b", [0, 1, 2], **pair)
    assert said == ["'one' equals 'two'", "'one' is less than 'two'", "a value of 'one' or 'two' is missing"]
    said = reasons("column_pair_values_to_be_equal", [1, 2], **pair)
    assert said == ["'one' and 'two' differ", "a value of 'one' or 'two' is missing"]
    several = {"column_list": ["one", "two", "age"]}
    assert reasons("select_column_values_to_be_unique_within_record", [0], **several) == [
        "'one' and 'two' hold the same value"
    ]
    assert reasons("multicolumn_values_to_be_equal", [0, 1], **several) == [
        "'one' and 'age' differ",
        "'one' and 'two' differ",
    ]
    said = reasons("multicolumn_sum_to_equal", [0, 1, 2], column_list=["one", "two"], sum_total=4)
    assert said == [
        "'one', 'two' add up to less than 4",
        "'one', 'two' add up to more than 4",
        "a value of 'one' or 'two' is missing",
    ]


def test_patterns_are_those_of_the_suite_even_with_braces():
    said = reasons("column_values_to_match_regex", [0], column="code", regex=r"^\w{3}$")
    assert said == [r"'code' does not match the pattern ^\w{3}$"]


def test_an_unknown_kind_has_no_words():
    assert reasons_of(FRAME, "expect_column_values_to_be_my_own", {"column": "age"}, np.array([0])) == ""


def test_every_rule_of_great_expectations_on_rows_has_words():
    from test_dq100_rows import WITHOUT_PANDAS, cases

    from assay.validation.reasons import _RULES

    assert {kind for kind, _ in cases()} - WITHOUT_PANDAS <= set(_RULES)


def test_no_value_of_the_data_is_in_the_findings(run_suite):
    frame = pd.DataFrame({"name": ["Mustermann", "Musterman", "Ulm"], "n": [987654, 1, 2], "y": [0, 1, 0]})
    rules = [
        ("expect_column_values_to_be_in_set", {"column": "name", "value_set": ["Ulm"]}),
        ("expect_column_values_to_be_between", {"column": "n", "max_value": 9}),
        ("expect_column_max_to_be_between", {"column": "n", "max_value": 9}),
    ]
    findings = run_suite(frame, *rules, sensitive=["name"], id="n")
    shown = " ".join(f"{finding.message} {finding.evidence.rows.reason}" for finding in findings)
    assert not any(value in shown for value in ("Muster", "987"))
