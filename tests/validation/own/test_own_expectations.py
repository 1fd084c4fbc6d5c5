"""Our own expectations: through Great Expectations, through a suite, and against a recomputation row by row."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError
from assay.findings import Action, Status
from assay.validation.engine import check_arguments, known_kinds
from assay.validation.own.rows import DETERMINES, IN_TABLE, MEETS, PRODUCT, SUM, determined, reasons, unexpected
from assay.validation.suite import read_suite
from assay.validation.wording import expectation_title

FRAME = pd.DataFrame(
    {
        "zip": [1, 1, 1, 2, 2, 3, None, 4],
        "city": ["a", "a", "b", "c", "d", "e", "e", None],
        "a": [1.0, 2.0, 3.0, 4.0, np.nan, np.inf, 0.1, 1.0],
        "b": [1.0, 1.0, 1.0, 1.0, 1.0, np.inf, 0.2, 2.0],
        "total": [2.0, 3.0, 4.5, 5.0, 9.0, np.inf, 0.3, 3.01],
        "y": [0, 1] * 4,
    }
)
KEYS = {"column_list": ["zip", "city"], "determined": "city"}
CASES = [
    # By the batch: row 2 is outvoted, rows 3 and 4 contradict each other, missing values break nothing.
    (DETERMINES, KEYS, [2, 3, 4]),
    # By the mapping where it lists a value, else by the batch; 2.0 in JSON is 2.
    (DETERMINES, {**KEYS, "mapping": [[2.0, "d"], [3, "x"]]}, [2, 3, 5]),
    (DETERMINES, {**KEYS, "mapping": [[1, "b"]]}, [0, 1, 3, 4]),
    # An infinity is no sum of anything; 0.1 + 0.2 is 0.3.
    (SUM, {"column_list": ["a", "b", "total"], "total": "total"}, [2, 5, 7]),
    (SUM, {"column_list": ["total", "a", "b"], "total": "total", "tolerance": 0.02}, [2, 5]),
    (PRODUCT, {"column_list": ["a", "b"], "product": "b"}, [1, 2, 3, 5, 6, 7]),
    (PRODUCT, {"column_list": ["a", "b"], "product": "a", "factor": 2, "tolerance": 1}, [3, 5, 7]),
    (IN_TABLE, {"column": "zip", "file": "keys.csv", "key": "k"}, [7]),
]


@pytest.fixture
def with_table(tmp_path):
    """Arguments with the path of a table of the keys 1, 2 and 3."""
    path = tmp_path / "keys.csv"
    path.write_text("k,name\n1,x\n 2 ,y\n3,z\n", encoding="utf-8")
    return lambda kwargs: {**kwargs, "file": str(path)} if "file" in kwargs else kwargs


@pytest.mark.parametrize(("kind", "kwargs", "expected"), CASES)
def test_rows_that_break_it(ask_gx, with_table, kind, kwargs, expected):
    kwargs = with_table(kwargs)
    assert unexpected(FRAME, kind, kwargs).tolist() == expected
    assert kind in known_kinds()  # registers them
    truth = ask_gx(FRAME, kind, kwargs)
    assert truth["unexpected_index_list"] == expected
    assert truth["success"] is False


def test_all_own_kinds_are_known_and_tested():
    assert set(MEETS) == {kind for kind, _, _ in CASES} <= set(known_kinds())


@given(
    st.lists(st.tuples(st.sampled_from([1, 2, None]), st.sampled_from(["x", "y", "z", None])), max_size=14),
    st.sampled_from([None, [[1, "x"]], [[1, "q"], [2, "y"]]]),
)
@settings(max_examples=60, deadline=None)
def test_determined_row_by_row(rows, mapping):
    frame = pd.DataFrame(rows, columns=["by", "on"]).astype({"by": float, "on": "str"})
    kwargs = {"column_list": ["by", "on"], "determined": "on", "mapping": mapping}
    expected = []
    for by, on in rows:
        listed = dict(mapping or [])
        if by is None or on is None:
            expected.append(True)
        elif by in listed:
            expected.append(on == listed[by])
        else:
            same = [other for key, other in rows if key == by and other is not None]
            expected.append(all(same.count(on) > same.count(other) for other in same if other != on))
    assert determined(frame, kwargs).tolist() == expected


@pytest.mark.parametrize(
    ("kind", "kwargs", "said"),
    [
        (DETERMINES, {"column_list": ["zip", "city"], "determined": "street"}, "must be one of `column_list`"),
        (DETERMINES, {**KEYS, "mapping": [[1]]}, "2 values"),
        (DETERMINES, {"column_list": ["zip"], "determined": "zip"}, "at least two"),
        (SUM, {"column_list": ["a", "a"], "total": "a"}, "each column once"),
        (SUM, {"column_list": ["a", "b"], "total": "a", "tolerance": -1}, "greater than or equal to 0"),
        (SUM, {"column_list": ["a", "b"]}, "'total': is missing"),
        (PRODUCT, {"column_list": ["a", "b"], "product": "b", "times": 2}, "not known here"),
        (IN_TABLE, {"column": "zip", "file": "x.csv"}, "'key': is missing"),
    ],
)
def test_wrong_arguments_are_named(kind, kwargs, said):
    assert any(said in problem for problem in check_arguments(kind, kwargs))


def test_through_a_suite_with_rows_and_reasons(run_suite):
    frame = pd.DataFrame({"zip": [1] * 50 + [2] * 50, "city": ["a"] * 49 + ["b"] + ["c"] * 50, "y": [0, 1] * 50})
    (finding,) = run_suite(frame, (DETERMINES, KEYS))
    assert finding.status is Status.FAILED
    assert finding.title == "The value of 'city' follows from 'zip'"
    rows = finding.evidence.rows
    assert rows.positions.tolist() == [49]
    assert rows.action is Action.QUARANTINE
    assert list(rows.reason) == ["'city' contradicts 'zip': 49 other rows have another 'city' for the same 'zip'."]


def test_reasons_quote_no_value_and_tell_the_mapping_from_the_batch():
    kwargs = {**KEYS, "mapping": [[2, "d"]]}
    said = reasons(FRAME, DETERMINES, kwargs, unexpected(FRAME, DETERMINES, kwargs))
    assert said == [
        "'city' contradicts 'zip': 2 other rows have another 'city' for the same 'zip'.",
        "'city' is not the value that the suite lists for this 'zip'.",
    ]
    assert reasons(FRAME, SUM, {"column_list": ["a", "b"], "total": "b"}, np.array([1])) is None


def test_mostly_and_missing_columns_of_another_type(run_suite):
    frame = pd.DataFrame({"a": [1.0] * 100, "b": ["x"] * 100, "t": [1.0] * 99 + [2.0], "y": [0, 1] * 50})
    held, broken = run_suite(
        frame,
        (PRODUCT, {"column_list": ["a", "t"], "product": "t", "mostly": 0.99}),
        (SUM, {"column_list": ["a", "b", "t"], "total": "t"}),
    )
    assert held.status is Status.PASSED
    # A text has no sum: that is an error, and no failure of the data.
    assert broken.status is Status.ERROR


def test_a_table_beside_the_suite(run_suite, tmp_path):
    (tmp_path / "shops.csv").write_text("shop,city\nß1,a\nß2,b\n", encoding="utf-8")
    frame = pd.DataFrame({"shop": ["ß1", "ß2", "ß3", None] * 25, "y": [0, 1] * 50})
    (finding,) = run_suite(frame, (IN_TABLE, {"column": "shop", "file": "shops.csv", "key": "shop"}))
    assert finding.title == "Values of 'shop' occur in column 'shop' of shops.csv"
    assert finding.evidence.rows.positions.tolist() == list(range(2, 100, 4))
    assert str(tmp_path) not in finding.message
    (absent,) = run_suite(frame, (IN_TABLE, {"column": "shop", "file": "shops.csv", "key": "name"}))
    assert absent.status is Status.ERROR


@pytest.mark.parametrize("file", ["absent.csv", "shops.xlsx", "", 3])
def test_a_table_that_is_not_there(write_suite, file):
    path = write_suite((IN_TABLE, {"column": "shop", "file": file, "key": "shop"}))
    with pytest.raises(ConfigurationError, match=r"file|table"):
        read_suite(path, ["shop"])


def test_parquet_numbers_and_texts_are_compared_as_written(tmp_path):
    path = tmp_path / "k.parquet"
    pd.DataFrame({"k": [1, 2, 3]}).to_parquet(path)
    kwargs = {"column": "x", "file": str(path), "key": "k"}
    assert unexpected(pd.DataFrame({"x": [1.0, 2.5, np.nan, 3.0]}), IN_TABLE, kwargs).tolist() == [1]
    assert unexpected(pd.DataFrame({"x": ["1", "01", "3"]}), IN_TABLE, kwargs).tolist() == [1]


@given(st.integers(2, 5), st.floats(0, 1), st.booleans())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_titles_are_sentences(count, tolerance, mostly):
    columns = [f"c{i}" for i in range(count)]
    kwargs = {
        "column_list": columns,
        "total": columns[-1],
        "tolerance": tolerance,
        **({"mostly": 0.5} if mostly else {}),
    }
    title = expectation_title(SUM, kwargs, tuple(columns))
    assert title.startswith(f"'{columns[-1]}' is the sum of 'c0'")
    assert title.endswith("in at least 50% of the rows") == mostly
    json.dumps(kwargs)
