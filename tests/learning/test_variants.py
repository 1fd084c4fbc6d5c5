"""Two dozen configurations in the audit's folds: who is near-equal, and that nobody saw the rows it predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from assay.config_file import parse_config
from assay.learning import out_of_sample
from assay.learning.recipe import Recipe
from assay.learning.trials import variants
from assay.learning.trials.configurations import draw_configurations
from assay.learning.trials.near_best import TOLERANCE, compare
from assay.learning.trials.variants import train_variants

QUICK = {"folds": 2, "repeats": 1, "epochs": 2}


def blobs(n=160, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    return pd.DataFrame({"p": rng.normal(size=n) + 2 * y, "q": rng.normal(size=n), "y": np.where(y, "yes", "no")})


@pytest.fixture
def train(make_dataset):
    def trial(frame, *, weight=None, learning=None, progress=lambda _: None):
        settings = {"label": "y", "learning": {**QUICK, **(learning or {})}}
        if weight is not None:
            settings["weight"] = weight
        config, dataset = parse_config(settings), make_dataset(frame, **settings)
        predictions = out_of_sample(dataset, config.learning, opinions=False)
        return train_variants(dataset, predictions, config, progress), predictions

    return trial


@pytest.fixture(scope="module")
def trial(make_dataset):
    """One trial that several tests look at."""
    settings = {"label": "y", "learning": QUICK}
    config, dataset = parse_config(settings), make_dataset(blobs(), **settings)
    predictions = out_of_sample(dataset, config.learning, opinions=False)
    told: list[float] = []
    return train_variants(dataset, predictions, config, told.append), predictions, told


def test_every_configuration_predicts_every_row(trial):
    found, _, told = trial
    assert len(found.variants) == len({v.name for v in found.variants}) == 24
    assert found.pred_probs.shape == (24, 160, 2)
    assert found.pred_probs.sum(axis=2) == pytest.approx(np.ones((24, 160)), abs=1e-5)
    assert found.positions.tolist() == list(range(160))
    assert not found.sampled
    assert found.has_signal
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_figures_are_the_means_over_the_folds(trial):
    found, predictions, _ = trial
    labels, folds = predictions.labels, predictions.folds[0]
    size = np.bincount(folds)
    for variant, p in zip(found.variants, found.pred_probs, strict=True):
        aucs = [roc_auc_score(labels[folds == f], p[folds == f, 1]) for f in (0, 1)]
        right = [accuracy_score(labels[folds == f], p[folds == f].argmax(axis=1)) for f in (0, 1)]
        assert variant.auc == pytest.approx(np.average(aucs, weights=size))
        assert variant.accuracy == pytest.approx(np.average(right, weights=size))
        close = variant.auc >= found.best_auc - TOLERANCE and variant.accuracy >= found.best_accuracy - TOLERANCE
        assert variant.near_equal == close


def test_the_control_differs_by_its_seed(trial):
    found, _, _ = trial
    (control,) = [at for at, v in enumerate(found.variants) if v.name == found.control]
    assert found.variants[control].near_equal
    assert found.variants[control].kind != "linear"
    assert found.by_seed.shape == (5, 160)
    assert (found.by_seed[0] == found.pred_probs[control].argmax(axis=1)).all()


def test_nobody_learns_from_the_row_that_it_predicts(train):
    """Labels by a coin: what was seen could be remembered, and helps nobody."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"p": rng.normal(size=300), "y": rng.choice(["no", "yes"], 300)})
    found, _ = train(frame)
    assert np.median([v.auc for v in found.variants]) == pytest.approx(0.5, abs=0.08)


def test_the_same_seed_gives_the_same_trial(train):
    first, _ = train(blobs(120), learning={"other_models": False, "epochs": 1})
    second, _ = train(blobs(120), learning={"other_models": False, "epochs": 1})
    np.testing.assert_array_equal(first.pred_probs, second.pred_probs)
    np.testing.assert_array_equal(first.by_seed, second.by_seed)
    assert first.variants == second.variants
    assert {v.kind for v in first.variants} == {"the network"}


def test_too_few_rows_are_not_tried(train):
    found, _ = train(blobs(30))
    assert found is None


def test_a_large_table_is_sampled_with_the_shares_of_the_classes(train, monkeypatch):
    monkeypatch.setattr(variants, "MAX_ROWS", 120)
    frame = blobs(600)
    frame["y"] = np.where(np.arange(600) < 100, "yes", "no")
    found, predictions = train(frame, learning={"other_models": False, "epochs": 1})
    assert found.sampled
    assert len(found.positions) == pytest.approx(120, abs=2)
    assert (np.diff(found.positions) > 0).all()
    assert (predictions.labels[found.positions] == 1).sum() == pytest.approx(20, abs=1)


def test_rows_without_a_label_or_a_weight_stay_out(train):
    frame = blobs(200).assign(w=1.0)
    frame.loc[:9, "w"] = 0.0
    frame.loc[10:19, "y"] = None
    found, _ = train(frame, weight="w", learning={"other_models": False, "epochs": 1})
    assert found.positions.tolist() == list(range(20, 200))


def test_the_best_of_equals_is_no_better_than_they():
    """Of 24 coins one looks best by luck; measured where it was not chosen, it is a coin, and all are near it."""
    apparent, honest = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, 500)
        p = rng.random((24, 500))
        found = compare(labels, (np.arange(500) % 5).astype(np.int16), np.stack([1 - p, p], axis=2).astype(np.float32))
        apparent.append(found.accuracy.max())
        honest.append(found.best_accuracy)
    assert np.mean(apparent) > 0.53
    assert np.mean(honest) == pytest.approx(0.5, abs=0.01)


def test_a_configuration_that_is_worse_by_either_figure_is_not_near_equal():
    labels = np.tile([0, 1], 500)
    folds = (np.arange(1000) // 2 % 5).astype(np.int16)
    good = np.where(labels == 1, 0.8, 0.2)
    wrong = good.copy()
    wrong[:100] = 1 - wrong[:100]
    ranked = 0.1 + 0.1 * good  # the same order, and nothing is called positive
    p = np.stack([good, wrong, ranked])
    found = compare(labels, folds, np.stack([1 - p, p], axis=2).astype(np.float32))
    assert found.near_equal.tolist() == [True, False, False]
    assert found.accuracy.tolist() == pytest.approx([1.0, 0.9, 0.5])
    assert found.auc[2] == 1.0


def test_without_two_classes_in_a_fold_the_accuracy_decides():
    labels = np.repeat([0, 1], 50)
    p = np.where(labels == 1, 0.9, 0.1)
    found = compare(labels, labels.astype(np.int16), np.stack([1 - p, p], axis=1)[None].astype(np.float32))
    assert np.isnan(found.auc).all()
    assert np.isnan(found.best_auc)
    assert found.near_equal.all()


def test_defaults_of_every_kind_are_among_the_configurations():
    recipe = Recipe.for_rows(1000, seed=5)
    drawn = draw_configurations(recipe, others=True)
    assert len(drawn) == 24
    assert [c.name for c in drawn if c.name.endswith(" 1")] == ["network 1", "trees 1", "linear 1"]
    assert drawn[0].settings == recipe
    assert len({c.words for c in drawn}) == 24
    assert drawn == draw_configurations(recipe, others=True)
    assert drawn != draw_configurations(replace(recipe, seed=6), others=True)
