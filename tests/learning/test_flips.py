"""The flip test: only the sensitive feature changes, and the model asked is the one that held the row out."""

import numpy as np
import pandas as pd
import pytest
import torch

from assay.config import LearningConfig
from assay.learning import classification, flips, out_of_sample
from assay.learning.encoding import encode_table
from assay.learning.flips import FlipTest, plan_flips
from assay.learning.opinions import other_opinions
from assay.learning.prediction import Predictor

QUICK = LearningConfig(folds=3, repeats=2, epochs=4)
KINDS = {"the network", "trees", "linear"}


def people(n=300, *, by_sex=0.0, seed=0):
    """Sex 0 or 1, and a label that follows it in a share of the rows, and x in the others."""
    rng = np.random.default_rng(seed)
    sex, x = rng.integers(0, 2, n), rng.normal(size=n)
    y = np.where(rng.random(n) < by_sex, sex, (x > 0).astype(int))
    return pd.DataFrame({"sex": sex, "x": x, "noise": rng.normal(size=n), "y": np.where(y, "yes", "no")})


def plan_of(dataset, **rest):
    return plan_flips(dataset, dataset.labels.codes >= 0, **{"classes": 2, "seed": 0, **rest})


def test_asking_changes_nothing_else(make_dataset):
    dataset = make_dataset(people(), label="y", sensitive=["sex"])
    without, found = out_of_sample(dataset, QUICK), out_of_sample(dataset, QUICK, asked=True)
    assert without.flips == {}
    assert set(found.flips) == KINDS
    for name in ("pred_probs", "repeat_probs", "folds", "train_loss", "test_loss", "margin", "trajectory"):
        np.testing.assert_array_equal(getattr(found, name), getattr(without, name))
    for name in ("trees", "linear"):
        np.testing.assert_array_equal(found.opinions[name], without.opinions[name])
    assert found.details == without.details


def test_a_label_that_is_the_sex_flips_and_one_that_ignores_it_does_not(make_dataset):
    for by_sex, low, high in ((0.97, 0.95, 1.0), (0.0, 0.0, 0.1)):
        dataset = make_dataset(people(600, by_sex=by_sex), label="y", sensitive=["sex"])
        for features in out_of_sample(dataset, QUICK, asked=True).flips.values():
            assert features["sex"].dtype == np.float32
            assert low <= features["sex"].mean() <= high


def test_trees_ask_the_member_that_held_the_row_out(make_dataset):
    """Each fold again, one at a time, on a table in which the sex of its rows is turned round."""
    frame = people(240, by_sex=0.5)
    dataset = make_dataset(frame, label="y", sensitive=["sex"])
    labels, fold = dataset.labels.codes, np.arange(240) % 3
    train, test = ([np.flatnonzero(compare(fold, f)) for f in range(3)] for compare in (np.not_equal, np.equal))
    asked = FlipTest(plan_of(dataset), fold[None])
    found = other_opinions(dataset, labels, train, test, classes=2, seed=0, flips=asked)["trees"]
    expected = np.zeros(240)
    for f in range(3):
        turned = frame.assign(sex=np.where(fold == f, 1 - frame["sex"], frame["sex"]))
        again = make_dataset(turned, label="y", sensitive=["sex"])
        one = other_opinions(again, labels, [train[f]], [test[f]], classes=2, seed=0)["trees"]
        expected[test[f]] = (one.argmax(axis=1) != found.argmax(axis=1))[test[f]]
    assert 0.1 < expected.mean() < 0.9
    np.testing.assert_array_equal(asked.shares["trees"]["sex"], expected)


def test_networks_ask_the_members_that_held_the_row_out(make_dataset, monkeypatch):
    frame, seen = people(240, by_sex=0.5), {}
    flip = classification._flip

    def spy(test, predictor, *rest):
        seen["network"] = predictor.network
        flip(test, predictor, *rest)

    monkeypatch.setattr(classification, "_flip", spy)
    dataset = make_dataset(frame, label="y", sensitive=["sex"])
    found = out_of_sample(dataset, QUICK, opinions=False, asked=True)
    table = encode_table(frame.assign(sex=1 - frame["sex"]), dataset.roles.features, torch.device("cpu"))
    test = [np.flatnonzero(found.folds[r] == f) for r in range(2) for f in range(3)]
    after = np.zeros((2, 240, 2))
    for m, probabilities in enumerate(Predictor(seen["network"], table).predict(test)):
        after[m // 3, test[m]] = probabilities
    expected = after.mean(axis=0).argmax(axis=1) != found.pred_probs.argmax(axis=1)
    assert 0.05 < expected.mean() < 0.95
    np.testing.assert_array_equal(found.flips["the network"]["sex"], expected)


def test_the_network_alone_and_rows_without_a_label(make_dataset):
    frame = people()
    frame.loc[:9, "y"] = None
    found = out_of_sample(make_dataset(frame, label="y", sensitive=["sex"]), QUICK, opinions=False, asked=True)
    assert set(found.flips) == {"the network"}
    np.testing.assert_array_equal(np.isnan(found.flips["the network"]["sex"]), np.arange(300) < 10)


def test_a_feature_that_the_model_does_not_see_is_not_asked(make_dataset):
    frame = people()
    hidden = make_dataset(frame, label="y", sensitive=["sex"], learning={"use_sensitive": False})
    withheld = make_dataset(frame, label="y", sensitive=["sex"]).without(["sex"])
    for dataset in (hidden, withheld, make_dataset(frame, label="y")):
        assert plan_of(dataset) == ()
        assert out_of_sample(dataset, QUICK, asked=True).flips == {}


def test_values_are_those_of_the_groups_and_medians_of_bins(make_dataset):
    frame = people(40).assign(age=np.r_[np.arange(20, 39), np.arange(70, 91)], race=list("aabb") * 10)
    features = [{"column": "age", "bins": [50], "name": "old"}, "race", {"column": "age", "bins": [30]}]
    plan = plan_of(make_dataset(frame, label="y", sensitive=features))
    assert [(flip.feature, flip.column) for flip in plan] == [
        ("old", "age"), ("old", "age"), ("race", "race"), ("race", "race"), ("age", "age"), ("age", "age")
    ]  # fmt: skip
    assert sorted(frame["age"][flip.donor] for flip in plan[:2]) == [29, 80]
    for flip in plan[:2]:
        # Nobody is given the value of their own bin.
        assert (frame["age"][flip.rows] < 50).all() == (frame["age"][flip.donor] >= 50)
    assert {frame["race"][flip.donor] for flip in plan[2:4]} == {"a", "b"}


def test_many_values_and_a_missing_one(make_dataset):
    rng = np.random.default_rng(0)
    sizes = [60, 50, 40, 30, 20, 15, 10]
    names = [f"グループ {i}" for i in range(7)]
    frame = people(235).assign(race=rng.permutation(np.r_[np.repeat(names, sizes), [None] * 10]))
    dataset = make_dataset(frame, label="y", sensitive=["race"])
    plan = plan_of(dataset)
    assert [frame["race"][flip.donor] for flip in plan] == names[:5], "the most frequent, and no missing one"
    test = FlipTest(plan, np.arange(235)[None] % 2)
    p = np.tile([0.9, 0.1], (len(test.rows), 1))
    turned = np.concatenate([np.full(len(flip.rows), i < 2) for i, flip in enumerate(plan)])
    test.add("trees", p[None], np.where(turned[:, None], p[:, ::-1], p)[None])
    share = test.shares["trees"]["race"]
    # Two of the five values turn everybody: two of four for who has one of the others, one of four for the two.
    expected = frame["race"].map({names[0]: 1 / 4, names[1]: 1 / 4, **dict.fromkeys(names[2:5], 2 / 4)}).fillna(2 / 5)
    np.testing.assert_allclose(share, expected, atol=1e-6)


def test_rounding_turns_no_tie():
    plan = (flips.Flip("sex", "sex", 0, np.arange(3)),)
    test = FlipTest(plan, np.zeros((1, 4), dtype=np.int16))
    before = np.array([[0.5, 0.5], [0.4, 0.6], [0.4, 0.6]])
    test.add("linear", before[None], np.array([[[0.5 - 1e-8, 0.5 + 1e-8], [0.4, 0.6], [0.51, 0.49]]]))
    np.testing.assert_array_equal(test.shares["linear"]["sex"], [0, 0, 1, np.nan])


def test_rows_are_bounded(make_dataset, monkeypatch):
    dataset = make_dataset(people(), label="y", sensitive=["sex"])
    monkeypatch.setattr(flips, "MAX_PREDICTIONS", 100)
    assert sum(len(flip.rows) for flip in plan_of(dataset)) == 100
    monkeypatch.setattr(flips, "MAX_PROBABILITIES", 80)
    assert sum(len(flip.rows) for flip in plan_of(dataset)) == 40
    found = out_of_sample(dataset, QUICK, asked=True)
    for features in found.flips.values():
        assert np.isfinite(features["sex"]).sum() == 40


@pytest.mark.parametrize("race", [["one"] * 30, [None] * 29 + ["one"], [f"rare {i}" for i in range(30)]])
def test_values_that_nobody_could_learn_are_not_tried(make_dataset, race):
    found = out_of_sample(make_dataset(people(30).assign(race=race), label="y", sensitive=["race"]), QUICK, asked=True)
    for features in found.flips.values():
        assert np.isnan(features["race"]).all()


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)


def test_the_effect_is_the_shift_of_the_scores_and_each_members_own():
    """A linear model adds the same to the scores in every row, whatever their probabilities are."""
    rng = np.random.default_rng(0)
    folds = np.array([[0, 0, 1, 1, 2, -1], [2, 1, 0, 0, 1, -1]])
    rows = np.array([0, 1, 2, 3])
    plan = (flips.Flip("sex", "sex", 4, rows), flips.Flip("sex", "sex", 0, np.array([4])))
    test = FlipTest(plan, folds)
    added = rng.normal(size=(2, 3, 3))  # by each of 3 members of 2 repeats, to each of 3 classes
    scores = rng.normal(size=(2, 5, 3))
    member = np.take_along_axis(added, folds[:, :5, None], axis=1)
    test.add("linear", softmax(scores), softmax(scores + member))
    effects = test.effects["linear"]["sex"]
    assert effects.shape == (2, 3, 2, 3)
    expected = added - added.mean(axis=2, keepdims=True)
    np.testing.assert_allclose(effects[0, :2, 0], expected[0, :2])
    np.testing.assert_allclose(effects[1, :, 0], expected[1])
    np.testing.assert_allclose(effects[0, 2, 1], expected[0, 2])
    assert np.isnan(effects[0, 2, 0]).all(), "the third member of the first repeat holds out none of the rows"
    assert np.isnan(effects[0, :2, 1]).all()


def test_a_far_probability_shifts_no_farther():
    plan = (flips.Flip("sex", "sex", 0, np.arange(2)),)
    test = FlipTest(plan, np.zeros((1, 2), dtype=np.int16))
    test.add("trees", np.array([[[0.0, 1.0], [1e-9, 1.0]]]), np.array([[[1e-6, 1.0], [0.0, 1.0]]]))
    np.testing.assert_array_equal(test.effects["trees"]["sex"], np.zeros((1, 1, 1, 2)))


def test_effects_of_each_kind_of_model_have_the_direction_of_the_label(make_dataset):
    dataset = make_dataset(people(600, by_sex=0.8), label="y", sensitive=["sex"])
    found = out_of_sample(dataset, QUICK, asked=True)
    assert set(found.flip_effects) == KINDS
    for kind, features in found.flip_effects.items():
        assert features["sex"].shape == (2 if kind == "the network" else 1, 3, 2, 2)
        values = [dataset.frame["sex"][flip.donor] for flip in plan_of(dataset)]
        towards_yes = features["sex"][..., 1]
        assert (towards_yes[:, :, values.index(1)] > 0.2).all()
        assert (towards_yes[:, :, values.index(0)] < -0.2).all()
