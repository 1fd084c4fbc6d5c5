"""One category in several spellings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.findings import Action, Severity, Status
from assay.validation.spelling import fold, folded_variants, typos


def table(values):
    return pd.DataFrame({"x": np.arange(len(values)) * 1.5, "c": values, "y": np.arange(len(values)) % 2})


def test_planted_variants_are_found_by_row_without_their_values(findings_of):
    values = ["home improvement"] * 200 + ["debt"] * 100
    for place, variant in {5: "Home Improvement", 9: "home-improvement", 17: "home improvment", 40: "DEBT "}.items():
        values[place] = variant
    (finding,) = findings_of("DQ019", table(values))
    assert (finding.status, finding.severity) == (Status.FAILED, Severity.WARNING)
    assert finding.evidence.rows.positions.tolist() == [5, 9, 17, 40]
    assert finding.evidence.rows.action is Action.REVIEW
    assert finding.subject.columns == ("c",)
    shown = f"{finding.message} {finding.remedy} {finding.evidence.rows.reason}".lower()
    assert "improv" not in shown
    assert "debt" not in shown


@pytest.mark.parametrize(
    "values",
    [
        ["A11", "A12", "A13", "A14"],
        ["HS-grad", "11th", "12th", "10th", "1st-4th", "Some-college", "Assoc-voc", "Assoc-acdm"],
        ["A", "A-", "A+", "B", "B-"],
        ["1-5", "15", "1.5"],
        ["<=50K", ">50K"],
        ["male", "female"],
        ["class a", "class b"],
        ["North", "South", "East", "West"],
    ],
)
def test_clean_codes_stay_quiet(findings_of, values):
    counts = np.r_[400, np.full(len(values) - 1, 5)]
    (finding,) = findings_of("DQ019", table(np.repeat(values, counts)))
    assert finding.status is Status.PASSED, finding.evidence.rows.positions


def test_free_text_and_numbers_are_not_looked_at(findings_of):
    assert findings_of("DQ019", table([f"remark {i}" for i in range(60)]))[0].status is Status.NOT_APPLICABLE
    assert findings_of("DQ019", table(range(60)))[0].status is Status.NOT_APPLICABLE


def test_the_label_is_looked_at_and_missing_values_are_not_flagged(findings_of):
    frame = table(["u", "v"] * 50).assign(y=["good", "poor"] * 49 + ["Good", None])
    (finding,) = findings_of("DQ019", frame)
    assert finding.subject.columns == ("y",)
    assert finding.evidence.rows.positions.tolist() == [98]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("\uff46ull", "full"),
        ("New York", "new-york"),
        ("New  York ", "new york"),
        ("Corp.", "corp"),
        ("e-mail", "email"),
    ],
)
def test_same_once_folded(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("A-", "A"), ("1-5", "15"), ("c++", "c"), ("11th", "1 1th"), ("-", "+")])
def test_different_though_folded(one, other):
    assert fold(one) != fold(other)


def test_folded_variants_keep_the_most_frequent():
    assert folded_variants({"none": 5, "None": 9, "some": 1}) == {"none"}
    assert folded_variants({"bulk": 3, "BULK": 3}) == {"bulk"}


def test_case_in_short_codes_means_something():
    assert folded_variants({"AA": 500, "Aa": 400, "aa": 3, "A": 9, "a": 5, "Yes": 2, "yes": 90}) == set()
    assert folded_variants({"AA": 500, "AA ": 4}) == {"AA "}


@pytest.mark.parametrize(
    ("frequent", "rare"),
    [
        ("methanol", "ethanol"),
        ("typical", "atypical"),
        ("zambia", "gambia"),
        ("maria", "mario"),
        ("north alpha", "north blpha"),
    ],
)
def test_other_words_one_letter_apart_are_no_slips(frequent, rare):
    assert typos({frequent: 5_000, "something else": 5_000, rare: 2}) == set()


def test_a_slip_is_a_hundred_times_rarer_and_below_a_half_percent():
    assert typos({"married": 1_000, "other": 1_000, "maried": 9}) == {"maried"}
    assert typos({"married": 1_000, "other": 1_000, "maried": 11}) == set()
    assert typos({"married": 1_000, "maried": 7}) == set()


@pytest.mark.parametrize(
    ("rare", "count", "found"),
    [
        ("divorcd", 2, True),  # left out
        ("divorcedd", 2, True),  # doubled
        ("divosced", 2, True),  # replaced
        ("divorecd", 2, True),  # swapped
        ("divoceerd", 2, False),  # two slips
        ("divorced 2", 2, False),
        ("divorcd", 40, False),  # too frequent
    ],
)
def test_typos(rare, count, found):
    assert typos({"divorced": 1_000, "married": 2_000, rare: count}) == ({rare} if found else set())
