import hashlib
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.ingest.columns import plain_columns
from assay.ingest.fingerprint import compute_fingerprint

NUMBERS = st.lists(st.one_of(st.none(), st.integers(-(2**40), 2**40)), min_size=1, max_size=20)
TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=1, max_size=20)


def of(values, name="x", **kwargs):
    frame = pd.DataFrame({name: pd.Series(values, **kwargs)})
    return compute_fingerprint(plain_columns(frame).frame)


@settings(max_examples=50, deadline=None)
@given(NUMBERS)
def test_the_storage_of_numbers_does_not_matter(values):
    want = of(values, dtype=object)
    assert of(values, dtype="Int64") == want
    assert of([None if v is None else float(v) for v in values], dtype="float64") == want
    assert of(values, dtype="int64[pyarrow]") == want
    if None not in values:
        assert of(values, dtype="int64") == want


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_the_storage_of_texts_does_not_matter(values):
    want = of(values, dtype=object)
    assert of(values, dtype="string") == want
    assert of(values, dtype="category") == want
    assert of(values, dtype=pd.ArrowDtype(__import__("pyarrow").string())) == want


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=True), min_size=1, max_size=20), st.data())
def test_any_change_of_a_number_is_seen(values, data):
    place = data.draw(st.integers(0, len(values) - 1))
    other = data.draw(st.floats(allow_nan=True))
    changed = [*values[:place], other, *values[place + 1 :]]
    same = np.array_equal(np.array(values), np.array(changed), equal_nan=True)
    assert (of(values) == of(changed)) is same


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.data())
def test_any_change_of_a_text_is_seen(values, data):
    place = data.draw(st.integers(0, len(values) - 1))
    other = data.draw(st.one_of(st.none(), st.text(max_size=5)))
    changed = [*values[:place], other, *values[place + 1 :]]
    assert (of(values, dtype=object) == of(changed, dtype=object)) is (values == changed)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(6)))
def test_the_order_of_rows_is_seen(order):
    frame = pd.DataFrame({"a": range(6), "t": list("abcdef")})
    shuffled = frame.iloc[list(order)].reset_index(drop=True)
    assert (compute_fingerprint(frame) == compute_fingerprint(shuffled)) is (list(order) == list(range(6)))


def test_names_and_order_of_columns_are_seen():
    frame = pd.DataFrame({"a": [1, 2], "b": [1, 2]})
    prints = {
        compute_fingerprint(f) for f in (frame, frame[["b", "a"]], frame.rename(columns={"b": "c"}), frame[["a"]])
    }
    assert len(prints) == 4 - 1 + 1
    assert compute_fingerprint(frame) != compute_fingerprint(frame.iloc[:1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([0.0], [-0.0]),
        ([1, 2], [1.0, 2.0]),
        ([None, None], [np.nan, np.nan]),
        ([True, False], ["True", "False"]),
        ([np.nan], pd.to_datetime([None])),
        (pd.to_datetime(["2020-01-01"]).as_unit("s"), pd.to_datetime(["2020-01-01"]).as_unit("ns")),
        (
            pd.to_datetime(["1960-01-01 00:00:01.5"]).as_unit("ms"),
            pd.to_datetime(["1960-01-01 00:00:01.5"]).as_unit("us"),
        ),
        (pd.to_datetime(["2020-01-01"]).tz_localize("UTC"), pd.to_datetime(["2020-01-01"])),
    ],
)
def test_the_same_content(one, other):
    assert of(one) == of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1], ["1"]),
        ([2**53], [2**53 + 1]),
        (np.array([2**63], dtype="uint64"), np.array([2**63 + 1], dtype="uint64")),
        (["a", "b"], ["ab", ""]),
        (["a", None], ["a", ""]),
        ([1, None], [1, 0]),
        ([True], [1]),
        (["é"], ["e\u0301"]),
        (pd.to_datetime(["2020-01-01 00:00:00.000000001"]), pd.to_datetime(["2020-01-01"])),
        (pd.to_datetime(["1960-01-01", None]), pd.to_datetime(["1970-01-01", None])),
        ([np.inf], [-np.inf]),
    ],
)
def test_other_content(one, other):
    assert of(one) != of(other)


def test_memory_layout_does_not_matter():
    wide = np.arange(12.0).reshape(3, 4)
    one = pd.DataFrame(wide, columns=list("abcd"))
    other = pd.DataFrame(np.asfortranarray(wide), columns=list("abcd"))
    assert compute_fingerprint(one) == compute_fingerprint(other)
    assert compute_fingerprint(one.set_axis([5, 6, 7])) == compute_fingerprint(one)


def test_stays_as_it_is():
    # A stored fingerprint is compared with those of later versions: a change here needs a new VERSION.
    frame = pd.DataFrame({"a": [1.0, np.nan], "t": ["x", "ä"], "d": pd.to_datetime(["2020-01-01", None])})

    def column(*parts):
        digest = hashlib.sha256()
        for part in parts:
            digest.update(struct.pack("<q", len(part)) + part)
        return digest.digest()

    second_is_missing, none_is_missing = b"\x40", b"\x00"
    day = 18_262 * 86_400  # days from 1970 to 2020
    columns = (
        column(b"a", b"number", second_is_missing, struct.pack("<2d", 1, 0)),
        column(b"t", b"text", none_is_missing, struct.pack("<2q", 0, 1), struct.pack("<2q", 1, 2), "xä".encode()),
        column(b"d", b"date", second_is_missing, struct.pack("<2q", day, 0), struct.pack("<2q", 0, 0)),
    )
    want = hashlib.sha256(b"assay-content-1" + struct.pack("<2q", 2, 3) + b"".join(columns)).hexdigest()
    assert compute_fingerprint(frame) == want
