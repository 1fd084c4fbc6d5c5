import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pytest

from assay.errors import InputError
from assay.ingest.columns import TEXT_DTYPE, plain_columns, text_of
from assay.ingest.names import column_names


def plain(values, **kwargs):
    return plain_columns(pd.DataFrame({"x": values}), **kwargs).frame["x"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pd.array([1, 2], dtype="Int64"), "i"),
        (pd.array([1, None], dtype="Int64"), "f"),
        (pd.array([1.5, None], dtype="Float64"), "f"),
        (pd.array([True, False], dtype="boolean"), "b"),
        (pd.Categorical([1, 2]), "i"),
        (pd.Categorical([1, None]), "f"),
        (pd.arrays.SparseArray([0, 1]), "i"),
        ([decimal.Decimal("1.5"), None], "f"),
        ([1, 2.5], "f"),
        (np.array([1, 2], dtype="float16"), "f"),
        (pd.array([1, 2], dtype="UInt8"), "u"),
        (pd.array([1, None], dtype="int64[pyarrow]"), "f"),
        (pd.array([decimal.Decimal(1), None], dtype=pd.ArrowDtype(__import__("pyarrow").decimal128(5, 2))), "f"),
        (pd.to_timedelta([1, 2], unit="s"), "f"),
        ([dt.timedelta(seconds=1), None], "f"),
        (pd.to_datetime(["2020-01-01", None]), "M"),
        (pd.date_range("2020", periods=2, tz="Asia/Tokyo"), "M"),
        (pd.period_range("2020", periods=2, freq="M"), "M"),
        ([dt.date(2020, 1, 1), None], "M"),
        ([dt.datetime(2020, 1, 1), dt.date(2020, 1, 2)], "M"),  # noqa: DTZ001
        ([None, None], "f"),
        ([pd.NA, None], "f"),
    ],
)
def test_kinds(values, kind):
    assert plain(values).dtype.kind == kind


@pytest.mark.parametrize(
    "values",
    [
        pd.array(["a", None], dtype="string"),
        pd.array(["a", None], dtype="string[pyarrow]"),
        pd.array(["a", None], dtype=pd.ArrowDtype(__import__("pyarrow").string())),
        pd.Categorical(["a", None]),
        ["a", None],
        [b"a", None],
        ["a", np.nan],
        ["a", pd.NA],
    ],
)
def test_texts(values):
    got = plain(values)
    assert got.dtype == TEXT_DTYPE
    assert got[0] == "a"
    assert got.isna().tolist() == [False, True]


def test_values_of_conversions():
    assert plain(pd.to_timedelta([90, None], unit="s"))[0] == 90.0
    assert plain(pd.date_range("2020-01-01", periods=1, tz="Asia/Tokyo"))[0] == pd.Timestamp("2019-12-31 15:00")
    assert plain(pd.array([True, None], dtype="boolean")).tolist()[0] == "True"
    assert plain([1, 2**70]).tolist() == ["1", str(2**70)]
    assert plain([1, 0.5, 2**70]).tolist() == [1.0, 0.5, float(2**70)]
    assert plain([1, 10**400]).tolist() == ["1", str(10**400)]
    assert plain(pd.Categorical([2, None, 1])).tolist()[::2] == [2.0, 1.0]


def test_mixed_and_nested_are_noted():
    frame = pd.DataFrame({"m": [1, "a", None, 2.0], "n": [[1], {"k": {2}}, None, np.array([1, 2])]})
    got = plain_columns(frame)
    assert got.frame["m"].tolist()[:2] == ["1", "a"]
    assert got.frame["m"][3] == "2"
    assert {kind: rows.tolist() for kind, rows in got.mixed["m"].items()} == {"number": [0, 3], "text": [1]}
    assert got.nested["n"].tolist() == [0, 1, 3]
    assert got.frame["n"].tolist()[:2] == ["[1]", '{"k": [2]}']
    assert got.frame["n"][3] == "[1, 2]"


def test_the_callers_frame_is_not_changed():
    frame = pd.DataFrame({"a": [1, 9], "b": [[1], "?"]}, index=[5, 6])
    before = frame.copy(deep=True)
    plain_columns(frame, missing=["9", "?"])
    pd.testing.assert_frame_equal(frame, before)


def test_missing_markers():
    assert plain([1, 9, 3], missing=["9"]).isna().tolist() == [False, True, False]
    assert plain([" ? ", "a"], missing=["?"]).isna().tolist() == [True, False]
    assert plain(["?", [1]], missing=["?"]).isna().tolist() == [True, False]
    assert plain([9, "?", 1], missing=["?"]).tolist()[::2] == [9.0, 1.0]
    assert plain([True, False], missing=["1"]).tolist() == [True, False]


def test_half_a_surrogate_pair_is_replaced():
    assert plain(pd.Series(["\ud800", "b", None], dtype=object)).tolist()[:2] == ["?", "b"]


def test_text_of():
    cells = [
        1,
        1.0,
        0.1,
        np.int8(3),
        np.float32(2),
        True,
        np.bool_(False),
        decimal.Decimal("2.50"),
        b"x",
        "s",
        {"b": 1, "a": (2,)},
    ]
    assert [text_of(c) for c in cells] == [
        "1",
        "1",
        "0.1",
        "3",
        "2",
        "True",
        "False",
        "2.50",
        "x",
        "s",
        '{"a": [2], "b": 1}',
    ]


def test_nested_values_that_are_no_json():
    loop = []
    loop.append(loop)
    assert plain([loop, {(1, 2): 3}, {1: 2, "a": 3}]).tolist() == ["[[...]]", "{(1, 2): 3}", "{1: 2, 'a': 3}"]


def test_column_names():
    assert column_names([0, "a", ("x", "y"), ("z", "")]) == ["0", "a", "x_y", "z"]
    with pytest.raises(InputError) as caught:
        column_names(["a", 1, "1", None, " "])
    assert "'1'" in str(caught.value)
    assert "column 4, 5" in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        pd.array([2**60 + i for i in range(5)] + [None], dtype="Int64"),
        pd.array([2**60 + i for i in range(5)] + [None], dtype="int64[pyarrow]"),
        pd.Series([2**60 + i for i in range(5)] + [None], dtype=object),
        pd.Series([decimal.Decimal(2**60 + i) for i in range(5)] + [None], dtype=object),
        pd.Categorical([2**60 + i for i in range(5)] + [None]),
    ],
)
def test_large_integers_with_a_gap_are_kept_as_texts(values):
    if isinstance(values, pd.Categorical) and values.categories.dtype.kind == "f":
        pytest.skip("pandas has rounded them already")
    assert plain(values).tolist()[:5] == [str(2**60 + i) for i in range(5)]
    assert plain(values).isna().tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([2**63 + i for i in range(3)], "u"),
        ([2**62, -(2**62)], "i"),
        ([decimal.Decimal(2**60), decimal.Decimal(2**60 + 1)], "i"),
        (np.array([2**64 - 1, 0], dtype="uint64"), "u"),
    ],
)
def test_large_integers_without_gaps_are_exact(values, kind):
    got = plain(pd.Series(values, dtype=None if isinstance(values, np.ndarray) else object))
    assert got.dtype.kind == kind
    assert got.tolist() == [int(value) for value in values]


def test_integers_beyond_64_bits_are_kept_as_texts():
    assert plain([2**64, -1]).tolist() == [str(2**64), "-1"]


def test_missing_markers_by_column():
    frame = pd.DataFrame({"a": [999, 1], "b": [999, 1]})
    got = plain_columns(frame, {"a": ["999"]}).frame
    assert got["a"].isna().tolist() == [True, False]
    assert got["b"].tolist() == [999, 1]
