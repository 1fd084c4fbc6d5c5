"""The training for a numeric label: what the trees see, memory, budget, other models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingRegressor

from assay.config import LearningConfig
from assay.errors import AssayError, InputError
from assay.learning import out_of_sample_values
from assay.learning.network import StackedNetwork
from assay.learning.numeric_trees import predict_by_trees
from assay.learning.plain_features import read_plain_features

QUICK = LearningConfig(other_models=False, folds=3, repeats=1, epochs=2)


def table(n: int = 600, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame({"x": x, "y": x * 3 + rng.normal(size=n)})


def r2(target, prediction) -> float:
    return 1 - np.mean((target - prediction) ** 2) / np.var(target)


def trees(frame: pd.DataFrame, target, *, weights=None, test=None, seed: int = 0):
    """Predictions by trees in four folds of the rows."""
    test = [np.arange(f, len(frame), 4) for f in range(4)] if test is None else test
    train = [np.setdiff1d(np.concatenate(test), rows) for rows in test]
    return predict_by_trees(read_plain_features(frame, list(frame)), target, weights, train, test, seed=seed)


@pytest.fixture
def fitted(monkeypatch):
    """The trees that are grown, in order."""
    models, fit = [], HistGradientBoostingRegressor.fit

    def kept(self, *args, **keywords):
        models.append(self)
        return fit(self, *args, **keywords)

    monkeypatch.setattr(HistGradientBoostingRegressor, "fit", kept)
    return models


@pytest.fixture
def limit_memory(monkeypatch):
    """Make a forward pass of more than so many rows a member run out of memory, in training or in prediction."""
    logits = StackedNetwork.logits

    def limit(*, training=10**9, prediction=10**9):
        def limited(self, x, dropout=None):
            if x.shape[1] > (prediction if dropout is None else training):
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return logits(self, x, dropout)

        monkeypatch.setattr(StackedNetwork, "logits", limited)

    return limit


class TestTrees:
    def test_a_text_column_is_of_categories_after_more_than_255_inputs(self, make_dataset, fitted):
        """Towns of +1 or -1 in random order behind 18 numbers of 16 bins each."""
        rng = np.random.default_rng(7)  # 0 would be the generator of the folds
        town = rng.permutation(np.repeat(np.arange(30), 40))
        frame = pd.DataFrame(rng.normal(size=(len(town), 18))).add_prefix("x")
        y = rng.choice([-1.0, 1.0], 30)[town] + rng.normal(size=len(town)) / 10
        dataset = make_dataset(frame.assign(town=[f"t{t}" for t in town], y=y), label="y")
        config = LearningConfig(folds=2, repeats=1, epochs=1)
        both = out_of_sample_values(dataset, config)
        alone = out_of_sample_values(dataset, config.model_copy(update={"other_models": False}))
        assert both.details["inputs"] > 255 + 30
        assert [model.is_categorical_.tolist() for model in fitted] == [[False] * 18 + [True]] * 2
        assert r2(both.scaled_target, 2 * both.scaled_predictions - alone.scaled_predictions) > 0.9

    def test_a_number_that_is_missing_in_all_training_rows_of_a_fold(self):
        frame = table(200)[["x"]].assign(rare=np.nan)
        frame.loc[0::4, "rare"] = np.arange(50.0)  # known in the rows of the first fold only
        target = frame["x"].to_numpy() * 3
        assert r2(target, trees(frame, target)) > 0.8

    def test_more_categories_than_the_trees_have_bins_for(self):
        frame = pd.DataFrame({"id": [f"n{i % 400}" for i in range(4400)]})
        target = np.random.default_rng(0).normal(size=400)[np.arange(4400) % 400]
        assert np.isfinite(trees(frame, target)).all()

    def test_without_features_it_is_the_weighted_mean_of_the_training_rows(self):
        target, weights = np.arange(8.0), np.array([1.0, 2, 1, 2, 1, 2, 1, 2])
        found = trees(pd.DataFrame({"same": [1] * 8}), target, weights=weights)
        for f in range(4):
            kept = np.arange(8) % 4 != f
            np.testing.assert_allclose(found[f::4], np.average(target[kept], weights=weights[kept]))

    def test_nothing_is_stopped_early(self, fitted):
        """By default scikit-learn holds a tenth back where there are more than 10,000 rows."""
        rng = np.random.default_rng(0)
        frame, target = pd.DataFrame({"x": rng.normal(size=11_000)}), rng.normal(size=11_000)
        trees(frame, target, test=[np.arange(500), np.arange(500, 11_000)])
        assert [model.n_iter_ for model in fitted] == [120, 120]

    def test_the_unit_of_the_weights_does_not_matter(self):
        frame = table(300)
        target, weights = frame.pop("y").to_numpy(), np.random.default_rng(1).random(300)
        one, other = (trees(frame, target, weights=weights * unit) for unit in (1.0, 1e-6))
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)

    def test_a_row_of_weight_0_teaches_nothing(self):
        frame = table(400)
        target = frame.pop("y").to_numpy()
        wrong, weights = target.copy(), np.ones(400)
        wrong[300:], weights[300:] = 1e6, 0
        assert np.abs(trees(frame, wrong, weights=weights)).max() < 100

    def test_a_fold_of_weight_0_only(self):
        frame = table(40)
        with pytest.raises(InputError, match="positive weight to train on"):
            trees(frame[["x"]], frame["y"].to_numpy(), weights=np.r_[1.0, np.zeros(39)])


class TestMemory:
    def test_a_training_goes_on_with_smaller_batches(self, make_dataset, limit_memory):
        limit_memory(training=10)
        found = out_of_sample_values(make_dataset(table(200), label="y"), QUICK)
        assert np.isfinite(found.predictions).all()
        assert "batch halved to 8 rows after the device ran out of memory" in found.details["memory"]

    def test_a_prediction_goes_on_with_smaller_chunks_and_finds_the_same(self, make_dataset, limit_memory):
        frame = table(200)
        frame.loc[:4, "y"] = np.nan
        dataset = make_dataset(frame, label="y")
        whole = out_of_sample_values(dataset, QUICK)
        assert "memory" not in whole.details
        limit_memory(prediction=9)
        found = out_of_sample_values(dataset, QUICK)
        np.testing.assert_allclose(found.scaled_predictions, whole.scaled_predictions, atol=1e-5)
        np.testing.assert_allclose(found.test_loss, whole.test_loss, atol=1e-5)
        assert "evaluation chunk halved to" in found.details["memory"]

    @pytest.mark.parametrize("part", ["training", "prediction"])
    def test_where_one_row_does_not_fit_it_says_what_to_do(self, make_dataset, limit_memory, part):
        limit_memory(**{part: 0})
        with pytest.raises(AssayError, match=r"at least one row.*Lower learning\.repeats"):
            out_of_sample_values(make_dataset(table(200), label="y"), QUICK)


class TestBudget:
    @pytest.mark.parametrize("other_models", [False, True])
    def test_over_the_budget_members_see_a_share_and_every_row_is_predicted(self, make_dataset, other_models):
        """Ten members of 480 rows; 1,500 visits leave each 150 rows once."""
        dataset = make_dataset(table(), label="y")
        config = LearningConfig(other_models=other_models, folds=5, repeats=2, budget=1500)
        found, again = (out_of_sample_values(dataset, config) for _ in range(2))
        assert found.details["epochs"] == 1
        assert found.details["rows a member"] == pytest.approx(150, abs=15)  # a row of each of ten tenths more or less
        assert found.details["share of training rows"] == pytest.approx(150 / 480, abs=0.01)
        assert np.isfinite(found.predictions).all()
        assert (found.folds >= 0).all()
        np.testing.assert_array_equal(found.predictions, again.predictions)

    def test_a_large_budget_changes_nothing(self, make_dataset):
        dataset = make_dataset(table(200), label="y")
        free, bound = (
            out_of_sample_values(dataset, LearningConfig(other_models=False, folds=3, repeats=1, budget=b))
            for b in (None, 10**9)
        )
        np.testing.assert_array_equal(free.predictions, bound.predictions)
        assert "share of training rows" not in free.details

    def test_epochs_and_budget_together_leave_a_share(self, make_dataset):
        config = LearningConfig(other_models=False, folds=5, repeats=1, epochs=4, budget=4000)
        found = out_of_sample_values(make_dataset(table(), label="y"), config)
        assert found.details["epochs"] == 4
        assert found.details["rows a member"] == pytest.approx(200, abs=15)

    def test_a_group_stays_whole(self, make_dataset):
        """Groups of 4 rows with one label each: every member sees all rows of a group or none."""
        person = np.arange(400) // 4
        frame = table(400).assign(person=person)
        config = LearningConfig(other_models=False, folds=4, repeats=1, epochs=1, budget=400)
        found = out_of_sample_values(make_dataset(frame, label="y", group="person"), config)
        assert found.details["rows a member"] % 4 == 0


def test_without_other_models_no_tree_is_grown(make_dataset, monkeypatch):
    monkeypatch.setattr("assay.learning.regression.predict_by_trees", lambda *_a, **_k: pytest.fail("grown"))
    found = out_of_sample_values(make_dataset(table(200), label="y"), QUICK)
    assert "trees" not in found.details
    assert np.isfinite(found.predictions).all()


def test_with_other_models_the_mean_of_networks_and_trees(make_dataset, monkeypatch):
    monkeypatch.setattr(
        "assay.learning.regression.predict_by_trees", lambda features, *_a, **_k: np.ones(len(features))
    )
    dataset = make_dataset(table(200), label="y")
    alone = out_of_sample_values(dataset, QUICK)
    both = out_of_sample_values(dataset, QUICK.model_copy(update={"other_models": True}))
    np.testing.assert_allclose(both.scaled_predictions, (alone.scaled_predictions + 1) / 2, atol=1e-6)
    assert both.details["trees"] == "histogram gradient boosting"


@pytest.mark.parametrize("other_models", [False, True])
def test_progress_rises_to_1(make_dataset, other_models):
    told: list[float] = []
    config = LearningConfig(other_models=other_models, folds=3, repeats=2, epochs=2)
    out_of_sample_values(make_dataset(table(100), label="y"), config, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
