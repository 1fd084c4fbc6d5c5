"""Given predictions that were made of the rows they predict are refused; honest ones of any model are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn import datasets
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from assay.config import LabelNoiseConfig
from assay.errors import ContractError
from assay.findings import Severity, Status
from assay.label_noise import find_label_noise
from assay.label_noise.in_sample import MAX_ROWS, Origin, find_origin

NAMES = "age workclass fnlwgt education education_num marital occupation relationship race sex gain loss hours country"
# Lightly trained, for time: what counts is whether a row was among those that the model saw.
MODELS = {
    "linear": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
    "neighbours": make_pipeline(StandardScaler(), KNeighborsClassifier(5)),
    "forest": RandomForestClassifier(30, random_state=1),
    "boosting": HistGradientBoostingClassifier(max_iter=30),
    "network": make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=2000, tol=1e-2, random_state=1)),
}


@pytest.fixture(scope="module")
def tables(real_data):
    def build(name):
        match name:
            case "adult":
                path = real_data("adult/adult-train.csv")
                frame = pd.read_csv(path, header=None, names=[*NAMES.split(), "y"], skipinitialspace=True, nrows=1500)
            case "german_credit":
                frame = pd.read_csv(real_data("german_credit/german.csv"), header=None)
                frame = frame.set_axis([*(f"x{c}" for c in frame.columns[:-1]), "y"], axis=1)
            case _:
                bunch = getattr(datasets, f"load_{name}")()
                frame = pd.DataFrame(bunch.data).add_prefix("x").assign(y=bunch.target)
        return frame

    return build


@pytest.fixture
def origin_of(make_dataset, make_out_of_sample):
    """`origin_of(frame, probs, columns)`: what is found where the data have some of the columns only."""

    def build(frame, probs, columns=None, **settings):
        kept = frame if columns is None else frame[[*columns, "y"]]
        dataset = make_dataset(kept, label="y", task="classification", **settings)
        predictions = replace(make_out_of_sample(dataset, probs), given="mine.csv")
        return find_origin(dataset, predictions)

    return build


def numbers(frame):
    return np.column_stack([pd.factorize(frame[c], sort=True)[0] for c in frame.columns if c != "y"]).astype(float)


def honest(model, frame, seed=3):
    folds = StratifiedKFold(4, shuffle=True, random_state=seed)
    return cross_val_predict(model, numbers(frame), frame["y"].astype(str), cv=folds, method="predict_proba")


def in_sample(model, frame):
    return model.fit(numbers(frame), frame["y"].astype(str)).predict_proba(numbers(frame))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", ["adult", "german_credit", "breast_cancer", "wine"])
def test_honest_predictions_are_accepted(tables, origin_of, name, model):
    frame = tables(name)
    probs = honest(MODELS[model], frame)
    columns = np.random.default_rng(0).permutation(frame.columns[:-1])
    contradicted = probs.argmax(axis=1) != pd.factorize(frame["y"], sort=True)[0]
    # The user's model saw twice as many columns: the harder case.
    assert origin_of(frame, probs, columns[: len(columns) // 2]).given == contradicted.sum()
    if model == "boosting":
        origin_of(frame, probs)


@pytest.mark.parametrize("model", ["linear", "neighbours"])
def test_honest_predictions_of_digits_are_accepted(tables, origin_of, model):
    frame = tables("digits")
    probs = honest(MODELS[model], frame)
    for columns in (None, [f"x{c}" for c in range(0, 64, 2)], ["x20", "x42"]):  # two pixels of 64
        origin_of(frame, probs, columns)


MEMORISING = {
    "neighbour": KNeighborsClassifier(1),
    "forest": RandomForestClassifier(100, random_state=2),
    "extra trees": ExtraTreesClassifier(50, random_state=2),
    "boosting": HistGradientBoostingClassifier(max_iter=300, early_stopping=False, learning_rate=0.3),
}


@pytest.mark.parametrize("model", MEMORISING)
@pytest.mark.parametrize("name", ["adult", "german_credit"])
def test_memorised_predictions_are_refused(tables, origin_of, name, model):
    frame = tables(name)
    probs = in_sample(MEMORISING[model], frame)
    with pytest.raises(
        ContractError, match=r"pred_probs must be out of sample, got predictions that contradict \d+ of"
    ):
        origin_of(frame, probs)


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_memorised_predictions_of_easy_data_are_refused(tables, origin_of, name):
    frame = tables(name)
    with pytest.raises(ContractError, match="out of sample"):
        origin_of(frame, in_sample(MEMORISING["forest"], frame))


def test_too_few_errors_cannot_tell(tables, origin_of):
    frame = tables("wine")
    origin = origin_of(frame, in_sample(MEMORISING["forest"], frame))
    assert origin.given == 0
    assert origin.forest < 22


@pytest.fixture
def judge(make_dataset, make_out_of_sample, of_code):
    """The LN004 finding about where the predictions come from."""

    def build(frame, probs, folds=None, **settings):
        dataset = make_dataset(frame, label="y", **settings)
        predictions = replace(make_out_of_sample(dataset, probs), given="mine.csv")
        known = np.zeros(len(frame)) if folds is None else folds
        predictions = replace(predictions, folds=np.asarray(known, dtype=np.int16)[None])
        found = of_code(find_label_noise(dataset, predictions, LabelNoiseConfig()), "LN004")
        return found[1:]

    return build


@pytest.fixture(scope="module")
def noisy():
    """Two classes, of which one number tells three in four."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1200, 2))
    p = 1 / (1 + np.exp(-1.5 * x[:, 0]))
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": np.where(rng.random(1200) < p, "yes", "no")})
    return frame, np.column_stack([1 - p, p])


def test_honest_predictions_pass(judge, noisy):
    (finding,) = judge(*noisy)
    assert finding.status is Status.PASSED
    assert finding.severity is Severity.WARNING
    assert finding.evidence.value > finding.evidence.threshold


def test_predictions_made_here_are_not_asked(noisy, make_dataset, make_out_of_sample, of_code):
    frame, probs = noisy
    dataset = make_dataset(frame, label="y")
    result = find_label_noise(dataset, make_out_of_sample(dataset, probs), LabelNoiseConfig())
    assert len(of_code(result, "LN004")) == 1


def test_a_model_that_knows_more_is_not_told_from_one_that_saw_labels(judge, noisy):
    frame, _ = noisy
    wrong = np.random.default_rng(1).random(len(frame)) < 0.05
    right = (frame["y"] == "yes").to_numpy() ^ wrong
    (finding,) = judge(frame, np.where(right[:, None] == [False, True], 0.9, 0.1))
    assert finding.status is Status.INCONCLUSIVE
    assert "cannot be told" in finding.message


def test_a_perfect_model_of_texts_that_columns_cannot_say(judge):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"text": [f"text {i}" for i in rng.permutation(600)], "y": rng.choice(["no", "yes"], 600)})
    (finding,) = judge(frame, np.where((frame["y"] == "yes").to_numpy()[:, None], [0.01, 0.99], [0.99, 0.01]))
    assert finding.status is Status.INCONCLUSIVE
    assert "they contradict 0 of 600 labels" in finding.message


def test_nothing_that_a_forest_contradicts(judge):
    x = np.linspace(0, 1, 200)
    frame = pd.DataFrame({"x": x, "y": np.where(x > 0.5, "yes", "no")})
    (finding,) = judge(frame, np.where(x[:, None] > 0.5, [0.1, 0.9], [0.9, 0.1]))
    assert finding.status is Status.INCONCLUSIVE
    assert "could not be checked" in finding.message


@pytest.mark.parametrize("rows", [6, 30])
def test_tiny_tables_cannot_be_checked(judge, rows):
    frame = pd.DataFrame({"x": range(rows), "y": ["no", "yes"] * (rows // 2)})
    (finding,) = judge(frame, np.full((rows, 2), 0.5))
    assert finding.status is Status.INCONCLUSIVE


def test_equal_rows_in_several_folds(judge, noisy):
    frame, probs = noisy
    twice, probs = pd.concat([frame.iloc[:600]] * 2, ignore_index=True), np.tile(probs[:600], (2, 1))
    _, apart = judge(twice, probs, folds=np.repeat([0, 1], 600))
    assert apart.status is Status.INCONCLUSIVE
    assert apart.evidence.value == 1.0
    assert len(judge(twice, probs, folds=np.arange(1200) % 600 % 3)) == 1


def test_groups_in_several_folds(judge, noisy):
    frame, probs = noisy
    frame = frame.assign(g=[None if i < 600 else i // 4 for i in range(1200)])
    _, apart = judge(frame, probs, folds=np.arange(1200) % 2, group="g")
    assert apart.evidence.value == 0.5


def test_odd_columns_do_not_stop_the_forest(judge, noisy):
    frame, probs = noisy
    rng = np.random.default_rng(0)
    odd = frame.assign(
        text=[f"ä{i}" for i in range(1200)],
        day=pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99, 1200), unit="D"),
        huge=rng.choice([np.inf, -np.inf, np.nan, 1e300], 1200),
        flag=rng.choice([True, False], 1200),
    )
    assert len(judge(odd, probs)) == 1


def test_many_rows_are_sampled(make_dataset, make_out_of_sample):
    rng = np.random.default_rng(0)
    n = MAX_ROWS + 500
    frame = pd.DataFrame({"x": rng.normal(size=n).round(2), "y": rng.choice(["no", "yes"], n)})
    dataset = make_dataset(frame, label="y")
    predictions = replace(make_out_of_sample(dataset, np.full((n, 2), 0.5)), given="mine.csv")
    assert find_origin(dataset, predictions).rows == MAX_ROWS


@pytest.mark.parametrize(
    ("given", "forest", "both"),
    [(0, 21, 0), (0, 22, 0), (0, 400, 0), (8, 400, 8), (9, 400, 9), (8, 400, 0), (0, 0, 0)],
)
def test_the_rule_of_refusal(given, forest, both):
    origin = Origin("y", "mine.csv", 1000, given, forest, both, informed=True, apart=None)
    assert not replace(origin, informed=False).is_memorised
    differ = forest + given - 2 * both
    beyond = differ > 0 and binomtest(forest - both, differ, alternative="greater").pvalue < 2.8665e-7
    assert origin.is_memorised == (beyond and given <= 0.02 * forest)


def test_the_interval_holds_the_ratio():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(1000):
        shared, ours, theirs = rng.random((3, 2000)) < np.array([[0.1], [0.05], [0.04]])
        given, forest = shared | ours, shared | theirs
        counts = (int(mask.sum()) for mask in (given, forest, given & forest))
        origin = Origin("y", "mine.csv", 2000, *counts, informed=True, apart=None)
        true = (1 - 0.9 * 0.95) / (1 - 0.9 * 0.96)
        held.append(origin.interval.low <= true <= origin.interval.high)
    assert 0.93 < np.mean(held) < 0.97
