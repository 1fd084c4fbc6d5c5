"""Whether a figure changed: against Newcombe's own intervals, and the laws that a comparison keeps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.baseline import Span
from assay.changes.figures import compare_figures
from assay.changes.record import Figure
from assay.intervals import newcombe


def share(value, n=1000, threshold=0.05, **rest):
    return Figure(metric="missing share", value=value, n=n, threshold=threshold, unit="share", **rest)


def auc(value, low, high, metric="AUC"):
    span = {"low": low, "high": high, "confidence": 0.95, "method": "DeLong, logit"}
    return Figure(metric=metric, value=value, interval=span, n=1000, threshold=0.55, unit="AUC")


def moved(code, older, newer, statuses=("failed", "failed"), confidence=0.95, **rest):
    return compare_figures(code, (older, statuses[0]), (newer, statuses[1]), confidence, **rest)


@pytest.mark.parametrize(("x", "m", "y", "n"), [(56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (0, 50, 7, 60)])
def test_of_two_shares_the_interval_is_newcombes(x, m, y, n):
    # The first three are examples of Newcombe 1998, table II.
    told = moved("DQ018", share(x / m, m), share(y / n, n))
    expected = newcombe((y, n), (x, m), 0.95)
    assert (told.interval.low, told.interval.high) == pytest.approx((expected.low, expected.high))


def test_newcombes_printed_example():
    # 56/70 - 48/80: 0.0524 to 0.3339 by method 10.
    told = moved("DQ018", share(48 / 80, 80), share(56 / 70, 70))
    assert (told.interval.low, told.interval.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert told.verdict == "worse"


def test_a_move_within_noise_is_no_change():
    assert moved("DQ018", share(0.100), share(0.104)).verdict == "same"
    assert moved("DQ018", share(0.10), share(0.20)).verdict == "worse"
    assert moved("DQ018", share(0.20), share(0.10)).verdict == "better"


def test_more_comparisons_need_more():
    assert moved("DQ018", share(0.10), share(0.13), confidence=0.95).verdict == "worse"
    assert moved("DQ018", share(0.10), share(0.13), confidence=1 - 0.05 / 500).verdict == "same"


def test_rows_are_compared_as_shares_of_all():
    def rows(count, n):
        return Figure(metric="rows with a shared id", value=count, n=n, threshold=1, unit="rows")

    assert moved("DQ012", rows(120, 6000), rows(240, 12000)).verdict == "same"
    assert moved("DQ012", rows(120, 6000), rows(120, 1000)).verdict == "worse"


def test_numbers_of_all_rows_are_compared_as_they_are():
    def rows(n):
        return Figure(metric="rows", value=n, n=n, threshold=100, unit="rows")

    assert moved("DQ010", rows(90), rows(80)).verdict == "worse"
    assert moved("DQ010", rows(80), rows(90)).verdict == "better"
    assert moved("DQ010", rows(80), rows(90)).interval is None


def test_an_auc_that_falls_is_worse_for_a_model_and_better_for_a_leak():
    high, low = auc(0.90, 0.88, 0.92), auc(0.70, 0.66, 0.74)
    passed = ("passed", "passed")
    assert moved("MH001", high, low, passed).verdict == "worse"
    assert moved("MH001", low, high, passed).verdict == "better"
    leak = [figure.model_copy(update={"threshold": 0.99}) for figure in (high, low)]
    assert moved("DQ017", *leak, passed).verdict == "better"


def test_limits_are_brought_to_the_confidence_that_is_asked():
    told = moved("MH001", auc(0.80, 0.77, 0.83), auc(0.85, 0.82, 0.88), ("passed", "passed"), confidence=0.99)
    half = math.hypot(0.03, 0.03) * 2.575829 / 1.959964
    assert told.interval.high - told.change == pytest.approx(half, rel=1e-5)


def test_a_distance_that_may_be_none_shows_no_change_for_the_worse():
    def gap(value, low, high):
        span = Span(low=low, high=high, confidence=0.95)
        told = {"metric": "base rate difference", "value": value, "n": 900, "threshold": 0.1, "unit": "share"}
        return Figure(**told, interval=span.model_dump())

    statuses = "passed", "failed"
    assert moved("FB002", gap(0.01, 0.0, 0.02), gap(0.06, 0.0, 0.12), ("passed", "inconclusive")).verdict == "same"
    assert moved("FB002", gap(0.01, 0.0, 0.02), gap(0.2, 0.15, 0.25), statuses).verdict == "worse"


def test_the_same_data_are_not_independent():
    told = moved("MH001", auc(0.90, 0.88, 0.92), auc(0.70, 0.66, 0.74), same_data=True)
    assert (told.verdict, told.interval) == ("not comparable", None)
    assert "not independent" in told.why
    assert moved("MH001", auc(0.9, 0.88, 0.92), auc(0.9, 0.88, 0.92), same_data=True).verdict == "same"


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (None, share(0.1)),
        (share(0.1), None),
        (share(None), share(0.1)),
        (share("<10"), share(0.1)),
        (share(0.1), auc(0.9, 0.8, 0.95)),
        (share(0.1, n=None), share(0.2, n=None).model_copy(update={"unit": "days"})),
        (share(math.nan), share(0.1)),
    ],
)
def test_what_cannot_be_compared_is_said_to_be_so(older, newer):
    assert moved("DQ018", older, newer).verdict == "not comparable"


def test_a_figure_of_no_known_direction_is_changed():
    def told(value):
        return Figure(metric="share of the smallest group", value=value, n=5000, unit="share")

    assert moved("FB001", told(0.3), told(0.5), ("passed", "passed")).verdict == "changed"


counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts)
def test_swapping_the_audits_swaps_worse_and_better(first, second):
    a, b = (share(x / n, n) for x, n in (first, second))
    there, back = moved("DQ018", a, b), moved("DQ018", b, a)
    mirror = {"worse": "better", "better": "worse"}
    assert mirror.get(there.verdict, there.verdict) == back.verdict
    if there.interval is not None and back.interval is not None:
        assert there.interval.low == pytest.approx(-back.interval.high)


@given(counts)
def test_a_figure_is_the_same_as_itself(told):
    figure = share(told[0] / told[1], told[1])
    assert moved("DQ018", figure, figure).verdict == "same"


def test_false_alarms_stay_below_what_is_promised():
    # 20 figures of two draws of the same source, corrected together: at most 5% of the pairs show any change.
    import numpy as np

    rng, alarms, trials = np.random.default_rng(5), 0, 400
    rates = rng.uniform(0.02, 0.5, 20)
    confidence = 1 - 0.05 / 20
    for _ in range(trials):
        one, two = rng.binomial(500, rates), rng.binomial(800, rates)
        told = [
            moved("DQ018", share(a / 500, 500), share(b / 800, 800), confidence=confidence).verdict
            for a, b in zip(one, two, strict=True)
        ]
        alarms += any(verdict != "same" for verdict in told)
    # Newcombe's interval holds about, not at least, its confidence; 3 standard errors of 5%.
    assert alarms / trials <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / trials)
