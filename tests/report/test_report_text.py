"""Texts and figures as a reader sees them."""

from __future__ import annotations

import doctest
import importlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.report.text import clean, displayable, number, percent, shorten
from assay.report.wording import evidence_phrase


@pytest.mark.parametrize("module", ["text", "markdown", "plain", "ledger"])
def test_examples_in_the_docstrings(module):
    assert doctest.testmod(importlib.import_module(f"assay.report.{module}")).failed == 0


@given(st.text(alphabet=st.characters(), max_size=60))
def test_nothing_hidden_is_left(text):
    shown = clean(text, limit=50)
    assert len(shown) <= 50
    for character in shown:
        kind = unicodedata.category(character)
        assert kind not in {"Cs", "Zl", "Zp"}
        assert kind != "Cc" or character in "\t\n"
        assert unicodedata.bidirectional(character) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\0b", "ab"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\x1b[31mb", "a⟨U+001B⟩[31mb"),
        ("👩\u200d🔬 男性 é", "👩\u200d🔬 男性 é"),
        ("a" + "".join(chr(0xE0000 + ord(c)) for c in "hidden"), "a⟨hidden tags⟩"),
        ("x" * 10_000, "x" * 1199 + "…"),
        ("\0" * 10_000 + "x", ""),
    ],
)
def test_clean(text, shown):
    assert clean(text) == shown


def test_displayable_reaches_every_text():
    tree = {"a\0": ["b\u202e", {"c": ("never a tuple in JSON",)}], "n": 1.5, "none": None, "t": True}
    assert displayable(tree) == {
        "a": ["b⟨U+202E⟩", {"c": ("never a tuple in JSON",)}], "n": 1.5, "none": None, "t": True
    }  # fmt: skip


def test_shorten_counts_columns():
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "abc…"
    assert shorten("男性男性", 4) == "男性…"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(float("nan"), "—"), (float("inf"), "—"), ("", "—"), (0.00004, "4e-05"), (-0.04, "-0.040"), ("x", "x"),
     (12345678, "12,345,678"), (False, "no"), (1e300, "1,")],
)  # fmt: skip
def test_number(value, shown):
    assert number(value).startswith(shown)


@pytest.mark.parametrize(
    ("value", "shown"), [(1.0, "100%"), (0.9999, ">99.9%"), (0.0005, "0.1%"), (-0.04, "-4%"), (1.2, "120%")]
)
def test_percent(value, shown):
    assert percent(value) == shown


def test_evidence_in_words():
    evidence = {
        "metric": "share missing", "value": 0.25, "interval": {"low": 0.2, "high": 0.31, "confidence": 0.95,
        "method": "Wilson"}, "n": 1240, "threshold": 0.2, "unit": "share",
    }  # fmt: skip
    assert evidence_phrase(evidence) == ("share missing 25%; 95% interval 20% to 31%, Wilson; n 1,240; threshold 20%")
    rows = {"metric": "rows", "value": 12, "interval": None, "n": None, "threshold": 100, "unit": "rows"}
    assert evidence_phrase(rows) == "rows 12 rows; threshold 100"
    unknown = rows | {"metric": "AUC", "value": None, "unit": "", "threshold": 0.55, "n": 0}
    assert evidence_phrase(unknown) == "AUC not estimable; n 0; threshold 0.550"
    assert evidence_phrase(None) == ""
