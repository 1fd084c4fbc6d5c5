"""The cutoff against trying every cutoff."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.findings import Interval
from assay.label_noise.anchors import Share
from assay.label_noise.suspects import choose_suspects


def share(n, value, *, supported=True) -> Share:
    return Share(n, value, Interval(0.0, 1.0, 0.95, "test"), None, supported)


def expected_f1(wrong, flagged):
    return 2 * wrong[flagged].sum() / (flagged.sum() + wrong.sum())


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=40), st.floats(0.1, 0.9))
def test_no_other_cutoff_promises_more(probabilities, precision):
    wrong = np.array(probabilities)
    found = choose_suspects(wrong, share(len(wrong), 1.0), precision)
    every = [wrong >= p for p in wrong]
    allowed = [flagged for flagged in every if wrong[flagged].mean() >= precision]
    assert found.any() == bool(allowed)
    if allowed:
        assert expected_f1(wrong, found) == pytest.approx(max(expected_f1(wrong, flagged) for flagged in allowed))
        assert wrong[found].mean() >= precision - 1e-12
        assert wrong[found].min() >= wrong[~found].max(initial=0)


def test_no_more_than_are_estimated_to_be_wrong():
    wrong = np.linspace(0.99, 0.6, 100)
    assert choose_suspects(wrong, share(100, 0.2), 0.5).sum() == 20


def test_of_rows_that_are_judged_alike_all_or_none():
    wrong = np.repeat([0.9, 0.8], [5, 50])
    assert choose_suspects(wrong, share(55, 0.2), 0.5).sum() == 5


@pytest.mark.parametrize("estimate", [share(50, None), share(50, 0.0), share(50, 0.5, supported=False)])
def test_nothing_is_suspect_without_an_estimate(estimate):
    assert not choose_suspects(np.full(50, 0.99), estimate, 0.5).any()
