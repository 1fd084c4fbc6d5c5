"""How long is trained, on how many rows, and the budget that bounds both."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.config import LearningConfig
from assay.learning import out_of_sample
from assay.learning.encoding import encode_table
from assay.learning.recipe import EPOCHS, MAX_EPOCHS, ROW_VISITS, Recipe, draw_share
from assay.learning.steps import Examples, batches, steps_of_epoch
from assay.learning.training import train_members


@settings(deadline=None)
@given(st.integers(1, 10**8), st.none() | st.integers(1, 50), st.none() | st.integers(1, 10**8))
def test_the_recipe_is_bounded(rows, epochs, visits):
    recipe = Recipe.for_rows(rows, seed=0, epochs=epochs, visits=visits)
    seen = round(recipe.share * rows)
    assert 0 < recipe.share <= 1
    assert 1 <= recipe.batch <= max(1, seen)
    assert recipe.epochs == epochs if epochs else 1 <= recipe.epochs <= MAX_EPOCHS
    bound = visits or (ROW_VISITS if epochs is None else None)
    if bound is not None:
        assert seen * recipe.epochs <= max(bound, recipe.epochs)
    if recipe.share < 1 and epochs is None:
        assert recipe.epochs == 1


@pytest.mark.parametrize(
    ("rows", "epochs", "share"),
    [(26_000, EPOCHS, 1.0), (50_000, 8, 1.0), (100_000, 4, 1.0), (400_000, 1, 1.0), (800_000, 1, 0.5)],
)
def test_large_tables_get_fewer_passes_and_then_fewer_rows(rows, epochs, share):
    recipe = Recipe.for_rows(rows, seed=0)
    assert (recipe.epochs, recipe.share) == (epochs, pytest.approx(share))


@pytest.mark.parametrize(("rows", "epochs"), [(40, 30), (100, 15), (150, 12), (240, 8), (5, 40)])
def test_tiny_tables_get_more_passes_for_sixty_steps_in_all(rows, epochs):
    assert Recipe.for_rows(rows, seed=0).epochs == epochs


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 1.0), st.integers(1, 60))
def test_a_share_is_of_whole_units_and_of_every_class(seed, share, n_units):
    rng = np.random.default_rng(seed)
    units = rng.integers(0, n_units, 200)
    labels = rng.integers(0, 3, n_units)[units]  # one label a unit
    rows = np.flatnonzero(rng.random(200) < 0.8)
    found = draw_share(rows, units, labels, share, rng)
    assert np.isin(found, rows).all()
    assert (np.diff(found) > 0).all()
    assert set(units[found]).isdisjoint(units[np.setdiff1d(rows, found)])
    assert set(labels[found]) == set(labels[rows])
    largest = np.bincount(units[rows]).max(initial=0)
    for c in set(labels[rows]):
        n = (labels[rows] == c).sum()
        assert share * n <= (labels[found] == c).sum() <= share * n + largest


def test_a_share_is_another_for_another_member_and_the_same_for_the_same():
    rows, labels = np.arange(500), np.zeros(500, dtype=np.int64)
    one, two, again = (draw_share(rows, rows, labels, 0.3, np.random.default_rng(s)) for s in (0, 1, 0))
    assert len(one) == 150
    assert (one == again).all()
    assert set(one) != set(two)


def test_an_epoch_visits_every_row_of_the_longest_member_once(monkeypatch):
    monkeypatch.setattr("assay.learning.steps.SENT_ROWS", 20)  # several pieces
    train = [np.arange(10, 35), np.arange(50, 74)]
    rngs = [np.random.default_rng(m) for m in range(2)]
    found = torch.cat(list(batches(train, 4, rngs, torch.device("cpu"))), dim=1).numpy()
    assert found.shape == (2, 4 * steps_of_epoch(train, 4)) == (2, 28)
    assert sorted(found[0, :25]) == list(range(10, 35))
    assert sorted(found[1, :24]) == list(range(50, 74))
    assert set(found[1]) <= set(range(50, 74))


def separable(n=600):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    return pd.DataFrame({"x": y * 4 + rng.normal(size=n), "y": np.where(y, "yes", "no")})


def test_over_the_budget_members_see_a_share_and_every_row_is_predicted(make_dataset):
    """Ten members of 480 rows; 1,500 visits leave each 150 rows once."""
    dataset = make_dataset(separable(), label="y")
    found = out_of_sample(dataset, LearningConfig(other_models=False, folds=5, repeats=2, budget=1500))
    assert found.details["epochs"] == 1
    assert found.details["rows a member"] == pytest.approx(150, abs=2)
    assert found.details["share of training rows"] == pytest.approx(150 / 480, abs=0.01)
    assert np.isfinite(found.pred_probs).all()
    assert np.isfinite(found.trajectory).all()
    assert (
        found.folds == out_of_sample(dataset, LearningConfig(other_models=False, folds=5, repeats=2, epochs=1)).folds
    ).all()
    # Rows that no member drew have no margin: each of the two repeats' four members draws 150 of 480.
    assert 0 < np.isnan(found.margin).mean() < 0.2
    again = out_of_sample(dataset, LearningConfig(other_models=False, folds=5, repeats=2, budget=1500))
    assert (again.pred_probs == found.pred_probs).all()


@pytest.mark.parametrize("budget", [None, 1500])
def test_a_training_without_some_rows_differs_by_these_rows_only(make_dataset, monkeypatch, budget):
    """Five members of 2,000 rows, where a batch becomes larger; of 300 where a budget leaves a share."""
    dataset = make_dataset(separable(2500), label="y")
    config = LearningConfig(other_models=False, folds=5, repeats=1, epochs=1, budget=budget)
    exclude = np.random.default_rng(1).random(2500) < 0.1
    seen = []

    def watch(*args, **keywords):
        seen.append((keywords["recipe"], keywords["train"]))
        return train_members(*args, **keywords)

    monkeypatch.setattr("assay.learning.classification.train_members", watch)
    whole, without = out_of_sample(dataset, config), out_of_sample(dataset, config, exclude=exclude)
    assert (whole.folds == without.folds).all()
    assert (without.trained == (whole.trained & ~exclude)).all()
    (recipe, train), (recipe_without, train_without) = seen
    assert recipe == recipe_without
    assert Recipe.for_rows(1800, seed=0, epochs=1).batch < Recipe.for_rows(2000, seed=0, epochs=1).batch
    for rows, kept in zip(train, train_without, strict=True):
        assert kept.tolist() == rows[~exclude[rows]].tolist()
        assert len(kept) < len(rows)


def test_a_large_budget_changes_nothing(make_dataset):
    dataset = make_dataset(separable(200), label="y")
    free = out_of_sample(dataset, LearningConfig(other_models=False, folds=3, repeats=1))
    bound = out_of_sample(dataset, LearningConfig(other_models=False, folds=3, repeats=1, budget=10**9))
    assert (free.pred_probs == bound.pred_probs).all()
    assert "share of training rows" not in free.details


def test_epochs_and_budget_together_leave_a_share(make_dataset):
    found = out_of_sample(
        make_dataset(separable(), label="y"),
        LearningConfig(other_models=False, folds=5, repeats=1, epochs=4, budget=4000),
    )
    assert found.details["epochs"] == 4
    assert found.details["rows a member"] == pytest.approx(200, abs=2)


def test_bfloat16_is_off_and_on_request_predicts_nearly_the_same(make_dataset):
    dataset = make_dataset(separable(), label="y")
    cpu = torch.device("cpu")
    table = encode_table(dataset.frame, ["x"], cpu)
    rows = np.arange(len(dataset))
    found = []
    for autocast in (False, True):
        recipe = replace(Recipe.for_rows(300, seed=0, epochs=4), autocast=autocast)
        examples = Examples(table, torch.from_numpy(dataset.labels.codes))
        trained = train_members(examples, classes=2, train=[rows[:300]], test=[rows[300:]], recipe=recipe)
        found.append(trained.held_out[0])
    assert not Recipe.for_rows(300, seed=0).autocast
    assert (found[0] != found[1]).any()
    # bfloat16 keeps 8 bits: a step of 0.004 near 1.
    np.testing.assert_allclose(found[0], found[1], atol=0.05)
