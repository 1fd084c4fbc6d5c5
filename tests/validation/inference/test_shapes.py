"""Patterns of values: what is found, what is not, and that each means the same to Python and to RE2."""

from __future__ import annotations

import re
import time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.validation.inference.shapes import MIN_FIT, find_shape

RNG = np.random.default_rng(0)
DIGITS = RNG.integers(0, 10**6, 300)
EXAMPLES = {
    "code": ([f"AA-{k:06}" for k in DIGITS], "^AA-[0-9]{6}$"),
    "two letters": (
        [f"{a}{b}{k % 1000:03}" for a, b, k in zip(*RNG.choice(list("ABCDEF"), (2, 300)), DIGITS, strict=True)],
        "^[A-Z]{2}[0-9]{3}$",
    ),
    "date": (
        [f"20{k % 30:02}-{k % 12 + 1:02}-{k % 28 + 1:02}" for k in DIGITS],
        "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
    ),
    "hex": ([f"{k * 7919 % 2**32:08x}" for k in DIGITS], "^[0-9a-f]{8}$"),
    "zip": ([f"{k % 10**5:05}" for k in DIGITS], "^[0-9]{5}$"),
    "version": ([f"v{k % 20}.{k % 7}" for k in DIGITS], "^v[0-9]{1,2}[.][0-9]$"),
    "two forms": ([f"{k % 1000}" + "kg" * (k % 2) for k in DIGITS], None),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_patterns_read_as_a_person_would_write_them(name):
    values, expected = EXAMPLES[name]
    shape = find_shape(dict.fromkeys(values, 1))
    assert shape is not None
    if expected is not None:
        assert shape.regex == expected
    assert all(re.match(shape.regex, value) for value in values)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([f"u{k}.x@ex{k % 7}.org" for k in range(100)], "e-mail addresses"),
        ([f"https://x.org/{k}" for k in range(100)], "web addresses"),
        ([f"{k % 28 + 1:02}.{k % 12 + 1:02}.20{k % 30:02}" for k in range(100)], "dates (D.M.YYYY)"),
        ([f"{k % 12 + 1}/{k % 28 + 1}/2020" for k in range(100)], "dates (M/D/YYYY)"),
        ([f"10.0.{k}.{k * 2 % 255}" for k in range(100)], "IPv4 addresses"),
        ([f"{k % 24:02}:{k % 60:02}" for k in range(100)], "times of day"),
        ([f"2020-01-{k % 28 + 1:02}T{k % 24:02}:00:00Z" for k in range(100)], "dates with a time (ISO 8601)"),
        (
            ["+49 30 1234567", "(030) 123-4567", "0049-30-123456", "030/1234567", "+1 555.123.4567"] * 3,
            "telephone numbers",
        ),
    ],
)
def test_known_forms(values, what):
    shape = find_shape(dict.fromkeys(values, 1))
    assert shape is not None
    assert shape.what == what


def test_prose_has_no_pattern():
    words = ["the", "quick, brown", "fox!", "(jumps)", "over;", "lazy?", "a: dog", "\n"]
    values = [" ".join(RNG.choice(words, 8)) for _ in range(200)]
    assert find_shape(dict.fromkeys(values, 1)) is None


def test_nothing_is_found_in_nothing():
    assert find_shape({"": 10}) is None
    assert find_shape({"x" * 5000: 10}) is None


def test_no_letter_of_an_id_stands_in_its_pattern():
    values = dict.fromkeys((f"Smith-{k:04}" for k in range(100)), 1)
    assert find_shape(values).regex == "^Smith-[0-9]{4}$"
    assert find_shape(values, literals=False).regex == "^[A-Z][a-z]{4}-[0-9]{4}$"


@given(st.lists(st.text(max_size=12), min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_whatever_the_values_a_pattern_fits_them_and_is_one_to_both_engines(values):
    counts = dict.fromkeys(values, 1)
    shape = find_shape(counts)
    if shape is None:
        return
    python = [re.match(shape.regex, value) is not None for value in counts]
    assert sum(python) >= MIN_FIT * len(counts)
    # GX on pandas asks RE2 where the texts are Arrow's. A "$" before a final line feed is Python's alone.
    texts = [value for value in counts if not value.endswith("\n")]
    re2 = pc.match_substring_regex(pa.array(texts, pa.string()), shape.regex).to_pylist()
    assert re2 == [re.match(shape.regex, value) is not None for value in texts]


@given(st.lists(st.from_regex(r"[A-Ca-c0-3 .@-]{1,30}", fullmatch=True), min_size=20, max_size=40, unique=True))
@settings(max_examples=30, deadline=None)
def test_no_pattern_runs_away(values):
    shape = find_shape(dict.fromkeys(values, 1))
    if shape is None:
        return
    started = time.process_time()
    for letter in "A0a- .@":
        re.match(shape.regex, letter * 20_000 + "\x00")
    assert time.process_time() - started < 5  # catastrophic backtracking takes ages, not seconds
