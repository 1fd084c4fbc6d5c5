"""Texts and figures as a reader sees them."""

from __future__ import annotations

import doctest
import importlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.report.text import (
    clean,
    column,
    displayable,
    first_sentence,
    first_sentences,
    number,
    percent,
    percent_span,
    shorten,
)
from assay.report.wording import counts_phrase, evidence_phrase


@pytest.mark.parametrize("module", ["text", "markdown", "plain"])
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
    [(float("nan"), "—"), (float("inf"), "—"), ("", "—"), (0.00004, "0.00004"), (-0.000229, "-0.00023"),
     (1e-12, "<0.000001"), (-0.04, "-0.040"), ("x", "x"),
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
    assert evidence_phrase(rows) == "rows 12; threshold 100"
    unknown = rows | {"metric": "AUC", "value": None, "unit": "", "threshold": 0.55, "n": 0}
    assert evidence_phrase(unknown) == "AUC not estimable; n 0; threshold 0.550"
    assert evidence_phrase(None) == ""


def evidence(**parts):
    return {"metric": "m", "value": 0.5, "interval": None, "n": None, "threshold": None, "unit": ""} | parts


@pytest.mark.parametrize(
    ("parts", "phrase"),
    [
        ({"metric": "AUC", "value": 1.0, "unit": "AUC"}, "AUC 1"),
        ({"metric": "selection rate ratio", "value": 0.601, "unit": "ratio"}, "selection rate ratio 0.601"),
        ({"metric": "generalisation gap", "value": 0.0001, "unit": "accuracy", "threshold": 0.1},
         "generalisation gap <0.1%; threshold 10%"),
        ({"metric": "classes", "value": 2, "unit": "labels"}, "classes 2 labels"),
        ({"unit": "share", "value": 0.0002, "threshold": 0.0005,
          "interval": {"low": 0.0001, "high": 0.0004, "confidence": 0.95, "method": ""}},
         "m 0.02%; 95% interval 0.01% to 0.04%; threshold 0.05%"),
        ({"value": None, "n": "<10", "threshold": 0.1}, "m not shown; n <10; threshold 0.100"),
        ({"metric": "positives", "value": "<10", "n": 60, "unit": "rows"}, "positives <10 rows; n 60"),
    ],
)  # fmt: skip
def test_a_figure_has_its_unit_once_and_digits_enough(parts, phrase):
    assert evidence_phrase(evidence(**parts)) == phrase


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.1, 0.2, "10% to 20%"), (0.00001, 0.00003, "0.001% to 0.003%"), (0.0, 0.0, "0% to 0%"),
     (0.99991, 0.99996, "99.991% to 99.996%"), (-0.00002, 0.2, "0% to 20%"), (1e-9, 2e-9, "<0.0001% to <0.0001%")],
)  # fmt: skip
def test_the_ends_of_an_interval_can_be_told_apart(low, high, shown):
    assert percent_span(low, high) == shown


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ([0.5, 0.0000974, 0.0, 1.0], ["0.500", "<0.001", "0.000", "1.000"]),
        ([-0.003, -0.000229, 0.02], ["-0.003", "0.000", "0.020"]),
        ([143, 0.936, None], ["143", "0.936", None]),
        ([2887, 12, "<10"], ["2,887", "12", "<10"]),
        ([1234.5, 2.0], ["1,234.5", "2.0"]),
        ([3.0, 12.0], ["3", "12"]),
        (["a", True, float("nan")], ["a", "yes", "—"]),
    ],
)
def test_the_numbers_of_a_column_have_one_format(cells, shown):
    assert str(column(cells)) == str(shown)


def test_prose_is_cut_at_the_end_of_a_sentence():
    text = "Of 2.5 rows, e.g. Some, one is bad. Is 'x' known? Yes. The last one is long."
    assert first_sentence(text) == "Of 2.5 rows, e.g. Some, one is bad."
    assert first_sentences(text, 54) == "Of 2.5 rows, e.g. Some, one is bad. Is 'x' known? Yes."
    assert first_sentences(text, 53) == "Of 2.5 rows, e.g. Some, one is bad. Is 'x' known?"
    assert first_sentences(text, len(text)) == text
    assert displayable({"message": text, "name": text}, 50) == {
        "message": "Of 2.5 rows, e.g. Some, one is bad. Is 'x' known?",
        "name": text[:49] + "…",  # two names may differ at their ends only
    }
    assert displayable({"message": text}, 20) == {"message": text[:19] + "…"}


@pytest.mark.parametrize(
    ("state", "counts", "waived", "phrase"),
    [
        ("warnings", {"failed": 3, "passed": 40}, 0, "3 failed (warnings), 40 passed"),
        ("warnings", {"failed": 1, "inconclusive": 7}, 0, "1 failed (warning), 7 inconclusive"),
        ("warnings", {"failed": 2}, 1, "2 failed (warnings or waived)"),
        ("failed", {"failed": 9, "passed": 30}, 0, "9 failed, 30 passed"),
        ("passed", {"failed": 1, "passed": 2}, 1, "1 failed (waived), 2 passed"),
        ("not_run", {}, 0, "no check ran"),
    ],
)
def test_counts_do_not_contradict_the_state(state, counts, waived, phrase):
    assert counts_phrase({"state": state, "counts": counts, "waived": waived}) == phrase
