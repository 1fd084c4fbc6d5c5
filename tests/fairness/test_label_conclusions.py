"""FB021: what follows from the conclusions by the labels as they are and by the corrected ones."""

from __future__ import annotations

import numpy as np
import pytest

from assay.fairness.labels.figures import (
    CORRECTED,
    OBSERVED,
    WIDEST_TOLD,
    Difference,
    compare_conclusions,
    withhold,
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("passed", "passed", "passed"),
        ("passed", "failed", "failed"),
        ("passed", "inconclusive", "inconclusive"),
        ("failed", "passed", "failed"),
        ("failed", "failed", "passed"),
        ("failed", "inconclusive", "inconclusive"),
        ("inconclusive", "passed", "passed"),
        ("inconclusive", "failed", "failed"),
        ("inconclusive", "inconclusive", "inconclusive"),
        ("passed", "unknown", "inconclusive"),
        ("inconclusive", "unknown", "inconclusive"),
    ],
)
def test_every_pair_of_conclusions(before, after, expected):
    limits = {"passed": (0, 0.05), "failed": (0.2, 0.3), "inconclusive": (0.05, 0.2), "unknown": (np.nan, np.nan)}
    found = {("x", view): Difference(np.nan, *limits[s]) for view, s in ((OBSERVED, before), (CORRECTED, after))}
    assert compare_conclusions(found, "x", 0.1) == expected


def test_a_value_with_a_wide_interval_is_withheld_and_the_interval_stays():
    narrow = Difference(0.1, 0.0, WIDEST_TOLD, 1, 0, "base rate")
    assert withhold(narrow) is narrow
    wide = withhold(Difference(0.1, 0.0, WIDEST_TOLD + 0.01, 1, 0, "base rate"))
    assert np.isnan(wide.value)
    assert (wide.low, wide.high, wide.top, wide.bottom) == (0.0, WIDEST_TOLD + 0.01, -1, -1)
