"""Single-valued, identifier-like, missing and infinite features; conflicting labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.findings import Action, Severity, Status

SCRIPT = "<script>alert(1)</script>"


def table(n=200, seed=0, **columns):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.normal(size=n), "y": rng.integers(0, 2, n), **columns})


def columns_of(findings, status=Status.FAILED):
    return [f.subject.columns[0] for f in findings if f.status is status and f.subject.columns]


def test_single_valued_features(findings_of):
    half = [1.0, np.nan] * 100
    found = findings_of("DQ014", table(**{SCRIPT: "same", "présent": half, "gone": np.nan}))
    assert columns_of(found) == [SCRIPT]
    (quiet,) = findings_of("DQ014", table())
    assert (quiet.status, quiet.severity) == (Status.PASSED, Severity.WARNING)


def test_identifier_like_features(findings_of):
    rng = np.random.default_rng(3)
    n = 1_000
    planted = {
        "key": rng.permutation(n) + 10_000,
        "gappy key": np.where(np.arange(n) == 5, np.nan, rng.permutation(n)),
        "uuid": [f"{i:x}-{rng.integers(1e9):x}" for i in range(n)],
    }
    clean = {
        "real": rng.normal(size=n),
        "cents": rng.integers(0, 10**9, n),
        "income": rng.lognormal(10, 1, n).round(),
        "age": rng.integers(18, 90, n),
        "town": rng.choice([f"town {i}" for i in range(50)], n),
    }
    found = findings_of("DQ015", table(n, **planted, **clean))
    assert columns_of(found) == list(planted)
    (quiet,) = findings_of("DQ015", table(n, **clean))
    assert quiet.status is Status.PASSED


def test_a_key_with_a_few_repeated_rows_is_still_a_key_and_few_values_never_are(findings_of):
    key = np.arange(300)
    key[:5] = key[5:10]
    assert columns_of(findings_of("DQ015", table(300, key=key))) == ["key"]
    assert columns_of(findings_of("DQ015", table(40, key=range(40), name=[f"n{i}" for i in range(40)]))) == []


def test_whole_numbers_drawn_at_random_are_no_key(findings_of):
    # Over a span of a few times n, unique draws are already unlikely; random ones have repeats and stay unnamed.
    rng = np.random.default_rng(0)
    for seed in range(5):
        drawn = {f"d{k}": rng.integers(0, 300 * k, 300) for k in (1, 3, 10, 100)}
        assert columns_of(findings_of("DQ015", table(300, seed, **drawn))) == []


@pytest.mark.parametrize("n", [60, 300, 2_000])
def test_postal_codes_are_no_key_and_numbers_in_order_are(findings_of, n):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        codes = [f"{code:05}" for code in rng.integers(1_000, 99_999, n)]
        assert columns_of(findings_of("DQ015", table(n, zip=codes))) == []
    planted = {
        "file": [f"{i:06}" for i in range(n)],
        "phone": [f"{rng.integers(10**10):010}" for _ in range(n)],
        "code": [f"{i:03}" if i % 2 else f"{i:05}" for i in range(n)],
    }
    assert columns_of(findings_of("DQ015", table(n, **planted))) == list(planted)


def test_random_numbers_of_64_bits_raise_no_warning(findings_of):
    drawn = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, 1_000)
    assert columns_of(findings_of("DQ015", table(1_000, drawn=drawn))) == []


def test_conflicting_labels(findings_of):
    frame = table(100)
    frame.loc[7, "x"] = frame.loc[3, "x"]
    frame.loc[[3, 7], "y"] = [0, 1]
    (finding,) = findings_of("DQ016", frame)
    assert (finding.status, finding.severity) == (Status.FAILED, Severity.WARNING)
    assert finding.evidence.rows.positions.tolist() == [3, 7]
    assert finding.evidence.rows.action is Action.REVIEW
    assert finding.evidence.value == 0.01
    assert "2 of 100 labelled rows" in finding.message
    assert "at least 1 of the 100 rows" in finding.message


def test_coarse_features_conflict_without_naming_single_rows(findings_of):
    frame = pd.DataFrame({"a": [0, 1] * 50, "y": [0] * 40 + [1] * 60})
    (finding,) = findings_of("DQ016", frame)
    assert finding.status is Status.FAILED
    # Of each 50 equal rows 20 have the label 0.
    assert finding.evidence.value == pytest.approx(0.4)
    assert finding.evidence.rows is None
    assert "too coarse" in finding.message


def test_equal_rows_with_equal_or_missing_labels_do_not_conflict(findings_of):
    frame = pd.DataFrame({"a": [1.0, 1.0, np.nan, np.nan, 2.0], "y": ["u", "u", "v", None, "w"]})
    (finding,) = findings_of("DQ016", frame)
    assert finding.status is Status.PASSED
    assert finding.evidence.n == 4


def test_missing_share_is_exact(findings_of):
    at_limit = [np.nan] * 40 + [1.0, 2.0] * 80
    beyond = [np.nan] * 41 + [1.0, 2.0, 3.0] * 53
    found = findings_of("DQ018", table(200, at_limit=at_limit, beyond=beyond))
    assert columns_of(found) == ["beyond"]
    assert found[0].evidence.value == 41 / 200
    (quiet,) = findings_of("DQ018", table(200, at_limit=at_limit))
    assert quiet.status is Status.PASSED
    assert "20.0% of column 'at_limit'" in quiet.message


def test_infinite_numbers(findings_of):
    frame = table(10, z=[1.0, np.inf, 2.0, np.nan, -np.inf, 3, 4, 5, 6, 7])
    (finding,) = findings_of("DQ020", frame)
    assert finding.status is Status.FAILED
    assert finding.evidence.rows.positions.tolist() == [1, 4]
    assert finding.evidence.rows.action is Action.QUARANTINE
    assert findings_of("DQ020", table(10))[0].status is Status.PASSED
    whole = pd.DataFrame({"a": range(10), "y": [0, 1] * 5})
    assert findings_of("DQ020", whole)[0].status is Status.NOT_APPLICABLE


def test_equal_answers_in_a_survey_are_no_contradictions(findings_of):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"q{i}": rng.integers(1, 6, 600) for i in range(5)} | {"y": rng.integers(0, 2, 600)})
    (finding,) = findings_of("DQ016", frame)
    assert finding.status is Status.FAILED
    assert finding.evidence.rows is None
    assert "too coarse" in finding.message


def test_nearly_empty_rows_are_no_contradictions_and_the_others_are(findings_of):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=600).round(2) for i in range(6)} | {"y": rng.integers(0, 2, 600)})
    frame["q"] = rng.integers(0, 3, 600)
    frame.loc[:29, [f"x{i}" for i in range(6)]] = np.nan
    frame.loc[101, frame.columns != "y"] = frame.loc[100, frame.columns != "y"]
    frame.loc[[100, 101], "y"] = [0, 1]
    (finding,) = findings_of("DQ016", frame)
    assert finding.status is Status.FAILED
    assert finding.evidence.rows.positions.tolist() == [100, 101]
    assert "hold so little" in finding.message
