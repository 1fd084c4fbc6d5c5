"""AUC by group (FB016) against the plain formula, scikit-learn and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from assay.fairness import assess_fairness
from assay.fairness.scores.levels import cell_of_rows, count_levels, read_levels
from assay.fairness.scores.ranking import compute_ranking, cross_areas, mean_ranking
from assay.fairness.simultaneous import largest_difference
from assay.fairness_config import FairnessConfig

CONFIG = FairnessConfig()


def rows(n, seed=0, groups=3, digits=2):
    rng = np.random.default_rng(seed)
    group, hits = rng.integers(0, groups, n), rng.random(n) < 0.4
    return np.round(1 / (1 + np.exp(-rng.normal(hits * (1 + group), 1))), digits), hits, group


def ranked(scores, hits, group, groups, weights=None):
    return compute_ranking(count_levels(read_levels(scores), hits, group, groups, weights))


def plain_delong(scores, hits):
    """AUC and DeLong's variance by comparing every positive with every negative."""
    wins = (scores[hits][:, None] > scores[~hits]) + 0.5 * (scores[hits][:, None] == scores[~hits])
    return wins.mean(), wins.mean(axis=1).var(ddof=1) / hits.sum() + wins.mean(axis=0).var(ddof=1) / (~hits).sum()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(60, 300), st.integers(1, 3))
def test_the_plain_formula(seed, n, digits):
    scores, hits, group = rows(n, seed, groups=2, digits=digits)
    found = ranked(scores, hits, group, 2)
    for g in range(2):
        here = group == g
        if min(hits[here].sum(), (~hits[here]).sum()) < 10:
            assert np.isnan(found.areas[g])
            continue
        area, variance = plain_delong(scores[here], hits[here])
        assert found.areas[g] == pytest.approx(area)
        # Never smaller; larger where Hanley and McNeil's is.
        assert found.variances[g] >= variance - 1e-12
        p = area
        model = p * (1 - p) + (hits[here].sum() - 1) * (p / (2 - p) - p**2)
        model = (model + ((~hits[here]).sum() - 1) * (2 * p**2 / (1 + p) - p**2)) / (
            hits[here].sum() * (~hits[here]).sum()
        )
        assert found.variances[g] == pytest.approx(max(variance, model))


@pytest.mark.parametrize("weighted", [False, True])
def test_scikit_learn_by_group_and_across_groups(weighted):
    scores, hits, group = rows(2000)
    weights = np.random.default_rng(2).uniform(0.2, 4, 2000) if weighted else None

    def area(kept):
        return roc_auc_score(hits[kept], scores[kept], sample_weight=None if weights is None else weights[kept])

    cells = count_levels(read_levels(scores), hits, group, 3, weights)
    own, others = cross_areas(cells)
    for g in range(3):
        assert compute_ranking(cells).areas[g] == pytest.approx(area(group == g))
        assert own[g] == pytest.approx(area((group == g) == hits))
        assert others[g] == pytest.approx(area((group == g) != hits))


def test_the_mean_over_classes_counts_a_row_once_for_all_its_classes():
    """Of two classes both one-versus-rest curves are the same: their mean has the same variance, and not half."""
    scores, hits, group = rows(900)
    tables = []
    for column, is_hit in ((scores, hits), (np.round(1 - scores, 2), ~hits)):
        levels = read_levels(column)
        cells = count_levels(levels, is_hit, group, 3, None)
        tables.append((cells, cell_of_rows(cells, levels, is_hit, group)))
    found, one = mean_ranking(tables, group, np.ones(900)), ranked(scores, hits, group, 3)
    assert found.areas == pytest.approx(one.areas)
    plain = [plain_delong(scores[group == g], hits[group == g])[1] for g in range(3)]
    assert (found.variances >= np.array(plain) - 1e-12).all()
    assert (found.variances <= one.variances + 1e-12).all()


@pytest.mark.parametrize(("n", "gap"), [(60, 1.0), (300, 1.0), (300, 2.5)])
def test_the_interval_holds_the_true_auc(n, gap):
    from scipy.stats import norm

    truth, held = norm.cdf(gap / np.sqrt(2)), 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        hits = np.arange(n) < n // 2
        found = ranked(1 / (1 + np.exp(-rng.normal(hits * gap))), hits, np.zeros(n, dtype=int), 1)
        low, high = found.limits(1.96)
        held += low[0] <= truth <= high[0]
    assert held >= 0.92 * 200


@pytest.fixture(scope="session")
def assess(make_dataset, make_out_of_sample):
    def run(scores, hits, group, config=CONFIG):
        frame = pd.DataFrame({"g": [f"g{i}" for i in group], "x": np.arange(len(scores)), "y": np.where(hits, 1, 0)})
        dataset = make_dataset(frame, label="y", positive="1", sensitive=["g"])
        return assess_fairness(dataset, make_out_of_sample(dataset, np.column_stack([1 - scores, scores])), config)

    return run


def scored(n, gaps, seed=0):
    rng = np.random.default_rng(seed)
    group = np.arange(n) % len(gaps)
    hits = rng.random(n) < 0.5
    return 1 / (1 + np.exp(-rng.normal(hits * np.array(gaps)[group]))), hits, group


class TestCheck:
    def test_groups_that_are_ranked_alike_pass(self, assess, of):
        (finding,) = of(assess(*scored(4000, [1.5, 1.5])), "FB016")
        assert (str(finding.status), str(finding.severity)) == ("passed", "warning")

    def test_a_group_that_is_ranked_worse_fails_and_is_named(self, assess, of):
        (finding,) = of(assess(*scored(4000, [1.8, 0.3, 1.8])), "FB016")
        assert str(finding.status) == "failed"
        assert "for g = g1" in finding.message
        low, high = finding.evidence.interval.low, finding.evidence.interval.high
        assert low <= finding.evidence.value <= high

    def test_a_group_without_positives_has_no_auc(self, assess, of):
        scores, hits, group = scored(3000, [1.5, 1.5, 1.5])
        hits[group == 2] = False
        result = assess(scores, hits, group)
        row = result.calibration.query("metric == 'AUC' and group == 'g2'").iloc[0]
        assert np.isnan(row["value"])
        assert row["n"] == 0
        # A third of the rows is not known of.
        (finding,) = of(result, "FB016")
        assert str(finding.status) == "inconclusive"
        cells = dict(zip(finding.evidence.table.columns, finding.evidence.table.rows[-1], strict=True))
        assert (cells["group"], cells["AUC"]) == ("g2", None)

    def test_alike_groups_rarely_seem_to_differ(self):
        failed = 0
        for seed in range(300):
            found = ranked(*scored(900, [1.0] * 5, seed=seed), 5)
            failed += largest_difference(found.areas, found.limits, 0.95)[0] > 0
        assert failed <= 28  # 15 expected; more than 28 in 1 of 1,000

    def test_thousands_of_groups(self):
        n, groups = 100_000, 5000
        scores, hits, group = scored(n, [1.0] * groups)
        found = ranked(scores, hits, group, groups)
        g = int(np.flatnonzero(~np.isnan(found.areas))[0])
        assert found.areas[g] == pytest.approx(roc_auc_score(hits[group == g], scores[group == g]))

    def test_rare_classes_are_left_out_for_everybody(self, make_dataset, make_out_of_sample, of):
        rng = np.random.default_rng(0)
        label = rng.choice(["a", "b", "c", "rare"], 3000, p=[0.4, 0.3, 0.298, 0.002])
        probs = np.exp(rng.normal(0, 1, (3000, 4)) + 2 * (label[:, None] == np.array(["a", "b", "c", "rare"])))
        probs /= probs.sum(axis=1, keepdims=True)
        frame = pd.DataFrame({"g": rng.choice(["x", "y"], 3000), "x": np.arange(3000), "y": label})
        dataset = make_dataset(frame, label="y", sensitive=["g"])
        result = assess_fairness(dataset, make_out_of_sample(dataset, probs), CONFIG)
        (finding,) = of(result, "FB016")
        assert str(finding.status) == "passed"
        assert "rare" in finding.message
        here = (frame["g"] == "x").to_numpy()
        expected = np.mean([roc_auc_score(label[here] == c, probs[here, i]) for i, c in enumerate("abc")])
        value = result.calibration.query("metric == 'AUC' and group == 'x'")["value"].item()
        assert value == pytest.approx(expected)
