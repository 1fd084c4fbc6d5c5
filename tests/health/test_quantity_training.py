"""Learning curves from trainings: what they are trained on and judged by, and that planted shortage is found."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score, roc_auc_score

from assay.config_file import parse_config
from assay.findings import Status
from assay.health import HealthContext, assess_health, assess_numeric_health
from assay.health.quantity import PART
from assay.learning.plain_features import read_plain_features
from assay.learning.trials import curve as training
from assay.learning.trials.curve import geometric_sizes, train_curve
from assay.learning.trials.curve_scores import Yardstick
from assay.learning.trials.plain_models import linear_inputs, ridge, trees
from assay.results import OutOfSampleValues
from assay.target import choose_scale
from assay.trials import Trials


@pytest.fixture
def run_curve(make_dataset, make_out_of_sample):
    """The trial of a frame with the label y, and the finding of each code."""

    def run(frame, goal=None, **settings):
        dataset = make_dataset(frame, label="y", **settings)
        k = max(2, len(dataset.labels.classes))
        if dataset.target is None:
            predictions = make_out_of_sample(dataset, np.full((len(frame), k), 1 / k))
        else:
            predictions = values_of(dataset)
        config = parse_config({"label": "y", "health": {"goal": goal}} | settings)
        trial = train_curve(dataset, predictions, config, lambda _: None)
        context = HealthContext(dataset, predictions, config.health, trials=Trials(curve=trial))
        assess = assess_health if dataset.target is None else assess_numeric_health
        result = assess(context, checks=(), parts=(PART,))
        return SimpleNamespace(trial=trial, findings={f.code: f for f in result.findings}, tables=result.tables)

    return run


def values_of(dataset):
    target, n = dataset.target, len(dataset)
    scale = choose_scale(target)
    zeros, folds = np.zeros(n), (np.random.default_rng(0).permutation(n) % 5).astype(np.int16)
    none = np.zeros((5, 1))
    return OutOfSampleValues(
        target, zeros, scale, scale.apply(target), zeros, zeros[None].astype(np.float32), folds[None],
        np.isfinite(target), none, none, none[:, 0], none[:, 0], "cpu",
    )  # fmt: skip


def table_of(n, columns=5, seed=0, weights=(1.5, 1.0), noise=1.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, columns))
    score = x[:, : len(weights)] @ np.array(weights) + rng.normal(size=n) * noise
    return pd.DataFrame(x).add_prefix("x"), score


def test_few_columns_and_many_rows_are_enough(run_curve):
    frame, score = table_of(2000)
    found = run_curve(frame.assign(y=np.where(score > 0, "yes", "no")))
    assert found.findings["MH010"].status is Status.PASSED, found.findings["MH010"].message
    assert len(found.trial.sizes) == 8
    assert found.trial.sizes[-1] == 1600


def test_many_weak_columns_lack_rows(run_curve):
    # 240 columns of equal weight under much noise: with 900 rows ridge regression is at half of what it can reach.
    frame, score = table_of(900, 240, weights=np.full(240, 0.3), noise=6.0)
    found = run_curve(frame.assign(y=score))
    assert found.findings["MH010"].status is Status.FAILED, found.findings["MH010"].message


def test_a_group_of_its_own_law_is_not_said_to_have_enough(run_curve):
    frame, score = table_of(900, 40, weights=(2.0, 1.0))
    rng = np.random.default_rng(5)
    own = rng.random(900) < 0.3
    law = frame.to_numpy() @ rng.normal(size=40) * 0.5
    frame["g"] = np.where(own, "own", "usual")
    # Columns that mean something for this group alone, and the less the fewer its rows.
    frame = pd.concat([frame, pd.DataFrame(np.where(own[:, None], frame.iloc[:, :40], 0.0)).add_prefix("z")], axis=1)
    found = run_curve(frame.assign(y=np.where(np.where(own, law, score) > 0, "yes", "no")), sensitive=["g"])
    by_group = {g.group: g for g in found.trial.groups}
    rise = {name: g.scores[:, -1].mean() - g.scores[:, -4].mean() for name, g in by_group.items()}
    assert rise["own"] > rise["usual"] + 0.05
    finding = found.findings["MH011"]
    assert finding.status in {Status.FAILED, Status.INCONCLUSIVE}
    gains = {row[0]: row[3] for row in finding.evidence.table.rows}
    assert gains["own"] > 0.02


def test_a_numeric_label_is_judged_by_r2(run_curve):
    frame, score = table_of(900)
    found = run_curve(frame.assign(y=score))
    assert found.trial.metric == "R2"
    # Weights 1.5 and 1 with noise of variance 1: R2 is 3.25 / 4.25, bounded labels and few rows cost a little.
    assert found.trial.scores[:, -1].mean() == pytest.approx(3.25 / 4.25, abs=0.04)
    assert found.findings["MH010"].status is Status.PASSED


def test_trees_are_taken_where_columns_act_together(run_curve):
    frame, _ = table_of(1200)
    product = frame["x0"] * frame["x1"]
    found = run_curve(frame.assign(y=np.where(product > 0, "yes", "no")))
    assert found.trial.model == "trees"
    assert found.trial.scores[:, -1].mean() > 0.9


def test_more_than_two_classes(run_curve):
    frame, score = table_of(900)
    found = run_curve(frame.assign(y=np.array(["low", "middle", "high"])[np.digitize(score, [-1, 1])]))
    assert 0.7 < found.trial.scores[:, -1].mean() < 1
    assert np.isfinite(found.trial.scores).all()


def test_no_test_row_is_drawn_and_groups_are_drawn_whole(run_curve, monkeypatch):
    seen = []

    def spy(inputs, target):
        learn = ridge(inputs, target)

        def watched(rows, seed):
            score = learn(rows, seed)
            return lambda test: (seen.append((rows, test)), score(test))[1]

        return watched

    monkeypatch.setattr(training, "ridge", spy)
    frame, score = table_of(400)
    person = np.repeat(np.arange(100), 4)
    run_curve(frame.assign(person=person, y=np.where(score > 0, "yes", "no")), group="person")
    assert seen
    for rows, test in seen:
        assert not len(np.intersect1d(rows, test))
        assert len(np.unique(rows)) == len(rows)
    # Folds here split persons; within the training rows of a draw at most the last person is cut.
    smallest = min(seen, key=lambda pair: len(pair[0]))[0]
    assert len(np.unique(person[smallest])) <= len(smallest) / 2


@pytest.mark.parametrize(("n", "why"), [(30, "30 labelled rows"), (200, "200 labelled rows")])
def test_small_tables_are_told_why_not(run_curve, n, why):
    frame, score = table_of(n)
    found = run_curve(frame.assign(y=np.where(score > 0, "yes", "no"), g="a"), sensitive=["g"])
    for code in ("MH010", "MH011"):
        assert found.findings[code].status is Status.INCONCLUSIVE
        assert why in found.findings[code].message


def test_nearly_one_class_and_constant_features_are_told(run_curve):
    frame, _ = table_of(400)
    rare = run_curve(frame.assign(y=np.where(np.arange(400) < 12, "yes", "no")))
    assert "fewer than 40 rows" in rare.findings["MH010"].message
    constant = run_curve(pd.DataFrame({"x": 1.0, "z": None, "y": ["a", "b"] * 200}))
    assert "No feature has two different values." in constant.findings["MH010"].message


def test_odd_columns_and_names_do_no_harm(run_curve):
    frame, score = table_of(400)
    frame = frame.assign(gap=np.nan, kind=np.where(score > 1, "männlich <b>", "Ж"), one=7, big=1e300)
    frame.loc[::3, "x0"] = np.nan
    found = run_curve(frame.assign(y=np.where(score > 0, "ja", "nein")), sensitive=["kind"])
    assert {f.status for f in found.findings.values()} <= set(Status) - {Status.ERROR}
    assert found.tables["learning_curve"]["value"].notna().all()


def test_the_same_seed_gives_the_same_scores(run_curve):
    frame, score = table_of(400)
    one, two = (run_curve(frame.assign(y=np.where(score > 0, "yes", "no"))).trial.scores for _ in range(2))
    assert (one == two).all()


def test_sizes_are_geometric():
    sizes = geometric_sizes(3200)
    assert len(sizes) == 8
    assert np.allclose(sizes[1:] / sizes[:-1], 1.6, rtol=0.02)
    assert geometric_sizes(240)[0] == 30


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    y, found = rng.integers(0, 3, 200), rng.random((200, 3)).round(1)
    rows = np.arange(200)
    columns = np.eye(3)[y]
    expected = np.mean([roc_auc_score(columns[:, k], found[:, k]) for k in range(3)])
    assert Yardstick(columns, of_classes=True).score(found, rows) == pytest.approx(expected)
    z, guess = rng.normal(size=(2, 200, 1))
    assert Yardstick(z, of_classes=False).score(guess, rows) == pytest.approx(r2_score(z, guess))
    assert np.isnan(Yardstick(np.ones((200, 1)), of_classes=True).score(guess, rows))


def test_ridge_is_that_of_scikit_learn():
    frame, score = table_of(200, 8)
    inputs = frame.to_numpy(dtype=np.float32)
    rows = np.arange(150)
    predicted = ridge(inputs, score[:, None])(rows, 0)(np.arange(150, 200))[:, 0]
    fitted = RidgeCV(alphas=np.geomspace(1e-2, 1e4, 40)).fit(inputs[rows], score[rows])
    assert predicted == pytest.approx(fitted.predict(inputs[150:]), abs=0.05)


def test_wide_tables_are_projected_and_bounded():
    rng = np.random.default_rng(0)
    features = read_plain_features(pd.DataFrame(rng.normal(size=(300, 400))), list(range(400)))
    assert linear_inputs(features, 0).shape == (300, 256)


def test_trees_of_a_draw_without_a_class_give_it_no_probability():
    frame, _ = table_of(300)
    features = read_plain_features(frame, list(frame))
    codes = np.arange(300) % 3
    learn = trees(features, codes, np.eye(3)[codes])
    found = learn(np.flatnonzero(codes < 2)[:80], 0)(np.arange(20))
    assert found.shape == (20, 3)
    assert (found[:, 2] == 0).all()
    one = learn(np.flatnonzero(codes == 1)[:80], 0)(np.arange(20))
    assert one.shape == (20, 3)
