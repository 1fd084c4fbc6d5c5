"""The bootstrap of counts: against the bootstrap of the rows, and against formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from assay.fairness.bootstrap import DRAWS, LEAST_DRAWS, draw_tables, percentile_limits
from assay.fairness.counts import count_cells


def drawn(cells):
    return np.concatenate(list(draw_tables(cells)))


def test_tables_have_the_moments_of_drawn_rows():
    codes = np.repeat([0, 1, 2], [300, 150, 50])
    tables = drawn(count_cells([(codes, 3)], None))
    assert tables.shape == (DRAWS, 3)
    assert (tables.sum(axis=1) == 500).all()
    shares = np.array([0.6, 0.3, 0.1])
    assert tables.mean(axis=0) == pytest.approx(500 * shares, rel=0.01)
    assert tables.var(axis=0) == pytest.approx(500 * shares * (1 - shares), rel=0.06)


def test_a_difference_has_the_interval_of_a_bootstrap_of_the_rows():
    rng = np.random.default_rng(4)
    group = np.repeat([0, 1], [180, 120])
    hit = (rng.random(300) < np.where(group == 0, 0.6, 0.4)).astype(np.int64)

    def difference(index):
        return hit[index][group[index] == 0].mean() - hit[index][group[index] == 1].mean()

    rows = bootstrap((np.arange(300),), difference, n_resamples=3000, method="percentile", rng=7)
    # Cells in the order (0, miss), (0, hit), (1, miss), (1, hit).
    tables = drawn(count_cells([(group, 2), (hit, 2)], None))
    figures = tables[:, 1] / tables[:, :2].sum(axis=1) - tables[:, 3] / tables[:, 2:].sum(axis=1)
    expected = (rows.confidence_interval.low, rows.confidence_interval.high)
    assert percentile_limits(figures, 0.95) == pytest.approx(expected, abs=0.01)


def test_weights_count_as_their_effective_number():
    codes = np.repeat([0, 1], [100, 100])
    equal = drawn(count_cells([(codes, 2)], np.full(200, 7.5)))
    assert (equal.sum(axis=1) == 200).all()
    weights = np.where(np.arange(200) % 2, 3.0, 1.0)
    unequal = drawn(count_cells([(codes, 2)], weights))
    assert (unequal.sum(axis=1) == round(weights.sum() ** 2 / (weights**2).sum())).all()
    assert unequal.mean(axis=0) == pytest.approx([80, 80], rel=0.01)


def test_without_rows_nothing_is_drawn():
    assert list(draw_tables(count_cells([(np.zeros(0, dtype=np.int64), 2)], None))) == []
    assert np.isnan(percentile_limits(np.zeros(0), 0.95)).all()


def test_very_many_cells_are_drawn_less_often():
    cells = count_cells([(np.arange(20_000), 20_000)], None)
    assert sum(len(portion) for portion in draw_tables(cells)) == LEAST_DRAWS


def test_the_same_table_gives_the_same_draws():
    cells = count_cells([(np.repeat([0, 1], [30, 70]), 2)], None)
    assert np.array_equal(drawn(cells), drawn(cells))


def test_draws_without_a_case_are_left_out():
    draws = np.concatenate([np.full(900, np.nan), np.arange(101.0)])
    assert percentile_limits(draws, 0.9) == pytest.approx((5, 95))


@pytest.mark.parametrize("confidence", [95, 1, 0, -0.5])
def test_a_percentage_is_no_confidence(confidence):
    # Fairlearn's MetricFrame takes quantiles and others percentages: 2.5 for .025 gives an interval that looks fine.
    with pytest.raises(ValueError, match=r"confidence must lie in \(0, 1\)"):
        percentile_limits(np.arange(10.0), confidence)
