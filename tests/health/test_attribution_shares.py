"""Shares of the separation and permutation importances, against hand computation and models that are known."""

from __future__ import annotations

import numpy as np
import pytest
from logistic_models import LogisticModels
from sklearn.metrics import roc_auc_score

from assay.auc import row_influences
from assay.health.attribution.samples import Sample
from assay.health.attribution.shares import MOST_PERMUTED, OTHERS, permute_columns, share_separation


def draw(n=600, weights=(2.0, 1.0, 0.0), seed=0):
    rng = np.random.default_rng(seed)
    models = LogisticModels(rng.normal(size=(n, len(weights))), np.array(weights))
    labels = (rng.random(n) < models.predict("trees", np.arange(n))[:, 1]).astype(np.int64)
    return models, labels


def sample_of(models, labels, *, target=1, units=None, seed=0):
    rows = np.arange(len(labels))
    dealt = np.random.default_rng(seed).permutation(labels)
    return Sample(
        rows=rows,
        labels=labels,
        units=rows if units is None else units,
        target=target,
        shown=models.attribute(rows, labels if target is None else target),
        against=models.attribute(rows, dealt) if target is None else None,
    )


class TestSeparation:
    def test_is_the_difference_of_means(self):
        models, labels = draw()
        found = share_separation(sample_of(models, labels))
        apart = (models.x[labels == 1].mean(axis=0) - models.x[labels == 0].mean(axis=0)) * models.weights
        np.testing.assert_allclose(found.value, apart / apart.sum())
        assert found.total == pytest.approx(apart.sum())
        assert found.value.sum() == pytest.approx(1)

    def test_dealt_classes_tell_the_same_of_two_classes(self):
        models, labels = draw(4000)
        by_target = share_separation(sample_of(models, labels))
        by_class = share_separation(sample_of(models, labels, target=None))
        np.testing.assert_allclose(by_class.value, by_target.value, atol=0.05)

    def test_the_limits_cover_the_truth(self):
        # With independent standard normal columns the expected distance of a column is its weight squared, in parts.
        truth = np.array([4.0, 1.0, 0.0]) / 5
        covered = [
            ((found.low <= truth) & (truth <= found.high)).all()
            for seed in range(200)
            if (found := share_separation(sample_of(*draw(300, seed=seed)))) is not None
        ]
        assert np.mean(covered) >= 0.91

    def test_rows_of_one_unit_count_once(self):
        models, labels = draw(200)
        once = share_separation(sample_of(models, labels))
        twice = LogisticModels(np.repeat(models.x, 5, axis=0), models.weights)
        units = np.repeat(np.arange(200), 5)
        found = share_separation(sample_of(twice, np.repeat(labels, 5), units=units))
        np.testing.assert_allclose([found.low, found.high], [once.low, once.high])

    def test_a_class_of_few_rows_is_not_judged(self):
        models, labels = draw(200)
        labels = np.where(np.arange(200) < 9, 1, 0)
        assert share_separation(sample_of(models, labels)) is None


class TestRowInfluences:
    def test_they_give_the_variance_of_a_difference_of_two_areas(self):
        rng = np.random.default_rng(0)
        labels = rng.integers(2, size=400)
        scores = [labels + rng.normal(size=400), 0.5 * labels + rng.normal(size=400)]
        (one, mine), (two, others) = (row_influences(labels, np.column_stack([1 - s, s])) for s in scores)
        assert one == pytest.approx(roc_auc_score(labels, scores[0]))
        drawn = [rng.integers(400, size=400) for _ in range(300)]
        apart = [roc_auc_score(labels[d], scores[0][d]) - roc_auc_score(labels[d], scores[1][d]) for d in drawn]
        assert np.sqrt(((mine - others) ** 2).sum()) == pytest.approx(np.std(apart), rel=0.15)
        assert two < one

    def test_one_class_has_none(self):
        assert row_influences(np.zeros(5, dtype=np.int64), np.full((5, 2), 0.5)) is None


class TestPermutation:
    def test_is_the_share_of_the_auc_that_is_lost(self):
        models, labels = draw(2000)
        rng = np.random.default_rng(3)
        found = permute_columns(models, "trees", sample_of(models, labels), models.columns, rng)
        rows = np.arange(2000)
        auc = roc_auc_score(labels, models.predict("trees", rows)[:, 1])
        again = np.random.default_rng(99).permutation(rows)
        for name in models.columns:
            without = roc_auc_score(labels, models.predict("trees", rows, {name: again})[:, 1])
            assert found.of(name)[0] == pytest.approx((auc - without) / (auc - 0.5), abs=0.06)
        assert found.total == pytest.approx(auc - 0.5)

    def test_an_unused_column_is_worth_nothing(self):
        models, labels = draw()
        found = permute_columns(
            models, "trees", sample_of(models, labels), models.columns, np.random.default_rng(0)
        ).of("x2")
        np.testing.assert_allclose(found, 0, atol=1e-12)

    def test_a_column_that_is_overrated_is_seldom_told_from_a_shuffled_copy(self):
        # The model makes much of x1, which says nothing: what dealing it out anew changes is chance.
        told = 0
        for seed in range(60):
            rng = np.random.default_rng(seed)
            models = LogisticModels(rng.normal(size=(200, 2)), np.array([2.0, 1.5]))
            labels = (models.x[:, 0] + rng.normal(size=200) > 0).astype(np.int64)
            sample = sample_of(models, labels)
            told += permute_columns(models, "trees", sample, models.columns, rng).of("x1")[1] > 0
            told += share_separation(sample).of("x1")[1] > 0
        assert told <= 6

    def test_the_columns_of_a_wide_table_are_dealt_out_together(self):
        weights = np.zeros(MOST_PERMUTED + 10)
        weights[0], weights[-1] = 1.0, 2.0
        models, labels = draw(400, weights)
        found = permute_columns(models, "trees", sample_of(models, labels), models.columns, np.random.default_rng(0))
        assert found.names[-1] == OTHERS
        assert len(found.names) == MOST_PERMUTED + 1
        assert found.of(OTHERS)[1] > 0.3
        assert found.of(models.columns[-1]) is None

    def test_one_class_gives_nothing(self):
        models, labels = draw(50)
        sample = sample_of(models, np.zeros_like(labels))
        assert permute_columns(models, "trees", sample, models.columns, np.random.default_rng(0)) is None
