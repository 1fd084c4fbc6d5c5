"""MH002: the fall of accuracy from training rows to held-out rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from assay.findings import Severity, Status

GAPS = np.array([0.02, 0.03, 0.01, 0.04, 0.025])


def gap_case(make_case, gaps):
    return make_case(train_score=0.7 + np.asarray(gaps), test_score=np.full(len(gaps), 0.7))


def test_interval_is_the_corrected_one(make_case, assess, of_code):
    (finding,) = of_code(assess(gap_case(make_case, GAPS)), "MH002")
    half = t.ppf(0.975, 4) * GAPS.std(ddof=1) * np.sqrt(1 / 5 + 1 / 4)
    assert finding.status is Status.PASSED
    assert finding.severity is Severity.WARNING
    assert finding.evidence.value == pytest.approx(GAPS.mean())
    assert finding.evidence.interval.low == pytest.approx(GAPS.mean() - half)
    assert finding.evidence.interval.high == pytest.approx(GAPS.mean() + half)
    assert "falls by 2.5 percentage points" in finding.message


def test_large_gap_fails(make_case, assess, of_code):
    (finding,) = of_code(assess(gap_case(make_case, GAPS + 0.2)), "MH002")
    assert finding.status is Status.FAILED
    assert finding.remedy


def test_scattered_gaps_are_inconclusive(make_case, assess, of_code):
    (finding,) = of_code(assess(gap_case(make_case, [-0.1, 0.3, 0.0, 0.25, 0.02])), "MH002")
    assert finding.status is Status.INCONCLUSIVE


def test_limit_is_the_configured_one(make_case, assess, of_code):
    (finding,) = of_code(assess(gap_case(make_case, GAPS), max_gap=0.001), "MH002")
    assert finding.status is Status.FAILED


@pytest.mark.parametrize("gaps", [[np.nan] * 5, [np.nan] * 4 + [0.01]])
def test_without_scores_it_is_inconclusive(make_case, assess, of_code, gaps):
    (finding,) = of_code(assess(gap_case(make_case, gaps)), "MH002")
    assert finding.status is Status.INCONCLUSIVE
    assert finding.evidence.interval is None


def test_repeats_count_as_members(make_case, assess, of_code):
    (finding,) = of_code(assess(gap_case(make_case, np.tile(GAPS, 2))), "MH002")
    half = t.ppf(0.975, 9) * np.tile(GAPS, 2).std(ddof=1) * np.sqrt(1 / 10 + 1 / 4)
    assert finding.evidence.n == 10
    assert finding.evidence.interval.high == pytest.approx(GAPS.mean() + half)
