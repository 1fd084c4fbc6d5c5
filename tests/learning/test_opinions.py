"""Trees and a linear model in the networks' folds, held against scikit-learn and against planted truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.preprocessing import StandardScaler

from assay.errors import InputError
from assay.learning import opinions
from assay.learning.opinions import other_opinions
from assay.learning.plain_features import read_plain_features

BOTH = ["trees", "linear"]


@pytest.fixture
def ask(make_dataset):
    """Opinions on a frame of features and (N,) labels (-1 for none), one member a fold."""

    def opinions_on(frame, labels, *, fold=None, folds=3, classes=None, weight=None, **options):
        labels = np.asarray(labels, dtype=np.int64)
        roles = {"label": "given label"} if weight is None else {"label": "given label", "weight": "weight"}
        frame = frame.assign(**{"given label": np.arange(len(frame)) % 2})  # must not be read
        if weight is not None:
            frame = frame.assign(weight=weight)
        if fold is None:
            fold = np.where(labels >= 0, np.arange(len(labels)) % folds, -1)
        train = [np.flatnonzero((fold != f) & (fold >= 0)) for f in range(folds)]
        test = [np.flatnonzero(fold == f) for f in range(folds)]
        classes = int(labels.max()) + 1 if classes is None else classes
        found = other_opinions(make_dataset(frame, **roles), labels, train, test, classes=classes, seed=0, **options)
        assert set(found) == set(BOTH)
        for probabilities in found.values():
            assert probabilities.shape == (len(labels), classes)
            assert probabilities.dtype == np.float64
            assert (probabilities > 0).all()
            assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(labels)))
        return found

    return opinions_on


def blobs(n=240, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    x = rng.normal(size=(n, 4))
    x[np.arange(n), labels] += 4  # each class lies apart along an axis of its own
    return pd.DataFrame(x, columns=list("abcd")), labels


def accuracy(probabilities, labels):
    return (probabilities.argmax(axis=1) == labels).mean()


def test_they_are_scikit_learns_own_out_of_fold_predictions(ask):
    frame, labels = blobs()
    fold = np.random.default_rng(1).permutation(240) % 3
    found = ask(frame, labels, fold=fold)
    trees = HistGradientBoostingClassifier(
        learning_rate=0.1,
        max_iter=40,
        max_leaf_nodes=8,
        min_samples_leaf=8,  # a twentieth of 160 rows
        l2_regularization=10.0,
        max_features=0.75,  # three of four columns
        early_stopping=False,
        random_state=0,
    )
    expected = cross_val_predict(trees, frame.to_numpy(), labels, cv=PredefinedSplit(fold), method="predict_proba")
    assert found["trees"] == pytest.approx(expected, abs=1e-9)
    cut = frame.clip(
        frame.quantile(0.01, interpolation="nearest"), frame.quantile(0.99, interpolation="nearest"), axis=1
    )
    linear = LogisticRegression(C=opinions.INVERSE_PENALTY, tol=1e-6)
    scaled = StandardScaler().fit_transform(cut)
    expected = cross_val_predict(linear, scaled, labels, cv=PredefinedSplit(fold), method="predict_proba")
    assert found["linear"] == pytest.approx(expected, abs=0.01)


def test_a_label_never_reaches_its_own_rows_prediction(ask, monkeypatch):
    frame, labels = blobs()
    frame = frame.assign(word=np.where(np.arange(240) % 3, "x", "y"))
    fold = np.arange(240) % 3
    for most in (opinions.TRAINING_ROWS, 100):
        monkeypatch.setattr(opinions, "TRAINING_ROWS", most)
        before = ask(frame, labels, fold=fold)
        for row in (0, 17):
            flipped = labels.copy()
            flipped[row] = (labels[row] + 1) % 3
            after = ask(frame, flipped, fold=fold)
            for name in BOTH:
                # Nor those of the rows that are held out with it.
                assert (after[name][fold == fold[row]] == before[name][fold == fold[row]]).all()
                assert most == 100 or (after[name] != before[name]).any()


def test_both_find_planted_wrong_labels(ask):
    frame, truth = blobs(600)
    wrong = np.random.default_rng(2).random(600) < 0.1
    given = np.where(wrong, (truth + 1) % 3, truth)
    for probabilities in ask(frame, given, folds=5).values():
        doubt = 1 - probabilities[np.arange(600), given]
        # A tenth would be wrong by chance.
        assert wrong[np.argsort(-doubt)[: wrong.sum()]].mean() > 0.8


def test_random_labels_are_not_predicted(ask):
    frame, _ = blobs(600)
    labels = np.random.default_rng(3).integers(0, 2, 600)
    for probabilities in ask(frame, labels).values():
        hits = (probabilities.argmax(axis=1) == labels).sum()
        assert 300 - 4 * np.sqrt(150) < hits < 300 + 4 * np.sqrt(150)


def test_a_class_that_a_fold_holds_alone_gets_nothing_there_and_shifts_no_column(ask):
    frame, labels = blobs(classes=4)
    fold = np.where(labels == 1, 0, np.arange(240) % 3)
    for probabilities in ask(frame, labels, fold=fold).values():
        assert (probabilities[fold == 0, 1] < 1e-9).all()
        others = (fold == 0) & (labels != 1)
        assert accuracy(probabilities[others], labels[others]) > 0.7
        assert accuracy(probabilities[fold == 1], labels[fold == 1]) > 0.6


def test_a_class_that_no_row_has_keeps_its_column(ask):
    frame, labels = blobs(classes=2)
    for probabilities in ask(frame, labels * 2, classes=4).values():
        assert (probabilities[:, [1, 3]] < 1e-9).all()


def test_one_class_to_learn_from_is_predicted_everywhere(ask):
    frame, _ = blobs(60)
    for probabilities in ask(frame, np.zeros(60), classes=2).values():
        assert (probabilities[:, 0] > 1 - 1e-9).all()


def test_columns_without_values_predict_the_shares_of_the_classes(ask):
    frame = pd.DataFrame({"constant": np.ones(90), "empty": np.full(90, np.nan), "word": ["same"] * 90})
    labels = (np.arange(90) % 9 < 3).astype(int)
    fold = np.arange(90) // 9 % 2
    for probabilities in ask(frame, labels, fold=fold, folds=2).values():
        assert probabilities == pytest.approx(np.tile([2 / 3, 1 / 3], (90, 1)))


def test_constant_and_empty_columns_change_nothing(ask):
    frame, labels = blobs()
    more = frame.assign(constant=1.0, empty=np.nan, word="same")
    alone, beside = ask(frame, labels), ask(more, labels)
    for name in BOTH:
        assert (alone[name] == beside[name]).all()


def test_a_number_that_is_known_in_held_out_rows_only(ask):
    frame, labels = blobs()
    fold = np.arange(240) % 3
    rare = np.where((fold == 0) & (np.arange(240) < 30), np.arange(240.0), np.nan)
    for probabilities in ask(frame.assign(rare=rare), labels, fold=fold).values():
        assert accuracy(probabilities, labels) > 0.7


def test_whether_a_value_is_missing_can_be_learned(ask):
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 200)
    x = np.where(labels == 1, np.nan, 7.0)
    word = pd.Series(np.where(labels == 1, None, "there"), dtype="str")
    for frame in (pd.DataFrame({"x": x}), pd.DataFrame({"x": word, "noise": rng.normal(size=200)})):
        for probabilities in ask(frame, labels).values():
            assert accuracy(probabilities, labels) == 1


def test_infinite_and_heavy_tailed_numbers_leave_the_other_columns_alone(ask):
    frame, labels = blobs()
    plain = ask(frame, labels)
    heavy = np.random.default_rng(5).standard_cauchy(240) ** 5
    heavy[:4] = [np.inf, -np.inf, 1.7e308, -1.7e308]
    for name, probabilities in ask(frame.assign(heavy=heavy), labels).items():
        assert accuracy(probabilities, labels) > accuracy(plain[name], labels) - 0.06


def test_a_lone_infinity_does_not_hide_what_its_column_says(ask):
    frame, labels = blobs()
    frame.loc[[0, 1], "a"] = [np.inf, -np.inf]
    for probabilities in ask(frame, labels).values():
        assert accuracy(probabilities, labels) > 0.75


def test_five_thousand_categories_are_bounded(ask):
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 2, 6000)
    told = np.array([["ja", "jà"], ["nein", "nè in"]])[labels, rng.integers(0, 2, 6000)]
    many = np.array([f"Straße {i} 名 \U0001f600" for i in range(5000)])[rng.integers(0, 5000, 6000)]
    often = np.array([f"{i}" for i in range(400)])[rng.integers(0, 400, 6000)] + "号"
    frame = pd.DataFrame({"told": told, "many": many, "often": often})
    features = read_plain_features(frame, ["told", "many", "often"])
    # All of the 5,000 are rare, which leaves one category and nothing to learn from; the 400 are 253 and rare ones.
    assert features.sizes.tolist() == [4, 254]
    assert features.for_linear(np.arange(6000)).nnz == 2 * 6000
    for probabilities in ask(frame, labels, folds=2).values():
        assert accuracy(probabilities, labels) == 1


@pytest.mark.parametrize("kind", ["bool", "boolean", "datetime", "timedelta", "category", "Int64"])
def test_columns_of_any_type_are_read(ask, kind):
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 2, 200)
    column = {
        "bool": pd.Series(labels == 1),
        "boolean": pd.Series(labels == 1, dtype="boolean").where(rng.random(200) < 0.98),
        "datetime": pd.Timestamp("2024-05-01") + pd.to_timedelta(labels * 3600 + rng.integers(0, 60, 200), unit="s"),
        "timedelta": pd.Series(pd.to_timedelta(labels * 5 + rng.random(200), unit="h")),
        "category": pd.Series(labels).map({0: "ñ", 1: "ü"}).astype("category"),
        "Int64": pd.Series(labels + 2**53, dtype="Int64").where(rng.random(200) < 0.98),
    }[kind]
    for probabilities in ask(pd.DataFrame({"x": column}), labels).values():
        assert accuracy(probabilities, labels) > 0.95


def test_dates_beyond_the_nanoseconds_are_read(ask):
    labels = np.arange(100) // 2 % 2
    times = np.where(labels == 1, np.datetime64("9999-12-31", "s"), np.datetime64("1066-10-14", "s"))
    for probabilities in ask(pd.DataFrame({"t": times}), labels).values():
        assert accuracy(probabilities, labels) == 1


def test_a_row_of_weight_zero_is_not_learned_from(ask):
    frame, labels = blobs()
    weight = (np.arange(240) % 4 != 0).astype(float)
    flipped = np.where(weight == 0, (labels + 1) % 3, labels)
    fold = np.arange(240) % 3
    before, after = (ask(frame, y, fold=fold, weight=weight) for y in (labels, flipped))
    for name in BOTH:
        assert (before[name] == after[name]).all()


def test_weights_shift_the_prediction_and_their_unit_does_not(ask):
    frame = pd.DataFrame({"x": np.random.default_rng(8).normal(size=400)})
    labels = np.arange(400) // 3 % 2
    weight = np.where(labels == 1, 3.0, 1.0)
    found = ask(frame, labels, weight=weight)
    larger = ask(frame, labels, weight=weight * 2.0**900)
    for name in BOTH:
        assert found[name][:, 1].mean() == pytest.approx(0.75, abs=0.05)
        assert larger[name] == pytest.approx(found[name], abs=1e-6)


def test_only_weights_of_zero_are_refused(ask):
    frame, labels = blobs(30)
    fold = np.arange(30) % 3
    with pytest.raises(InputError, match="positive weight"):
        ask(frame, labels, fold=fold, weight=(fold == 0).astype(float))


def test_a_hundred_classes(ask, monkeypatch):
    monkeypatch.setattr(opinions, "MAX_CELLS", 1)  # the fewest iterations
    labels = np.arange(1000) % 100
    frame = pd.DataFrame({"tens": [f"{t}x" for t in labels // 10], "ones": [f"x{o}" for o in labels % 10]})
    for probabilities in ask(frame, labels, fold=np.random.default_rng(9).integers(0, 2, 1000), folds=2).values():
        own = probabilities[np.arange(1000), labels]
        assert (probabilities > own[:, None]).sum(axis=1).mean() < 35, "classes before the right one; 50 by chance"


def test_the_more_trees_an_iteration_grows_the_fewer_iterations():
    def cells(rows, columns, classes):
        trees = classes if classes > 2 else 1
        return opinions._bounded(rows * columns * trees, opinions.MIN_ITERATIONS, opinions.MAX_ITERATIONS) * trees

    assert cells(50_000, 20, 2) == 40
    assert cells(1_500, 64, 10) == 400
    assert cells(50_000, 20, 100) == 1000


def test_rows_without_a_label_get_the_mean_of_the_members(ask, make_dataset):
    frame, truth = blobs()
    labels = np.where(np.arange(240) < 40, -1, truth)
    fold = np.where(labels < 0, -1, np.arange(240) % 3)
    found = ask(frame, labels, fold=fold)
    # Each member alone: what it says of a row that it holds out.
    alone = []
    for f in range(3):
        train, test = np.flatnonzero((fold != f) & (fold >= 0)), np.flatnonzero(fold < 0)
        dataset = make_dataset(frame.assign(y=np.arange(240) % 2), label="y")
        alone.append(other_opinions(dataset, labels, [train], [test], classes=3, seed=0))
    for name in BOTH:
        assert found[name][:40] == pytest.approx(np.mean([a[name][:40] for a in alone], axis=0))
        assert accuracy(found[name][:40], truth[:40]) > 0.7


def test_the_training_rows_are_bounded_and_predicts_every_row(ask, monkeypatch):
    frame, labels = blobs(2000)
    labels[:5] = 3
    seen = []
    learn = opinions._learn_linear

    def noticed(features, rows, *rest, **settings):
        seen.append(rows)
        return learn(features, rows, *rest, **settings)

    monkeypatch.setattr(opinions, "_learn_linear", noticed)
    monkeypatch.setattr(opinions, "CHUNK_CELLS", 700)
    monkeypatch.setattr(opinions, "TRAINING_ROWS", 300)
    found = ask(frame, labels)
    assert [len(rows) for rows in seen] == [300] * 3
    # Of the five rows of class 3 every member gets all that are its own.
    assert [(labels[rows] == 3).sum() for rows in seen] == [(np.arange(5) % 3 != f).sum() for f in range(3)]
    for probabilities in found.values():
        assert accuracy(probabilities, labels) > 0.75


def test_chunks_change_no_prediction(ask, monkeypatch):
    frame, labels = blobs()
    frame = frame.assign(word=np.where(labels == 1, "x", "y"))
    whole = ask(frame, labels)
    monkeypatch.setattr(opinions, "CHUNK_CELLS", 50)
    for name, probabilities in ask(frame, labels).items():
        assert probabilities == pytest.approx(whole[name], abs=1e-6)


def test_the_same_seed_gives_the_same_probabilities_and_progress_ends_at_one(ask, monkeypatch):
    monkeypatch.setattr(opinions, "TRAINING_ROWS", 90)
    frame, labels = blobs()
    shares = []
    first, second = ask(frame, labels, progress=shares.append), ask(frame, labels)
    for name in BOTH:
        assert (first[name] == second[name]).all()
    assert shares == pytest.approx(np.arange(1, 7) / 6)


@pytest.mark.parametrize("n", [4, 9])
def test_a_handful_of_rows(ask, n):
    ask(
        pd.DataFrame({"x": np.arange(float(n)), "c": list("aabbccdde")[:n]}),
        np.arange(n) % 2,
        folds=2,
        fold=np.arange(n) // 2 % 2,
    )


def test_plain_features_by_hand():
    word = ["a"] * 10 + ["b"] * 10 + ["rare", None]
    x = np.append(np.repeat([1.0, 3.0], 10), [np.nan, 3.0])
    features = read_plain_features(pd.DataFrame({"word": word, "x": x}), ["word", "x"])
    dense = features.for_linear(np.array([0, 10, 20, 21])).toarray()
    # Of 21 known values 11 are 3: mean 43 / 21, variance 4 * 11 * 10 / 21**2.
    low, high = (1 - 43 / 21) / (2 * np.sqrt(110) / 21), (3 - 43 / 21) / (2 * np.sqrt(110) / 21)
    expected = [[low, 0, 1, 0, 0, 0], [high, 0, 0, 1, 0, 0], [0, 1, 0, 0, 1, 0], [high, 0, 0, 0, 0, 1]]
    assert dense == pytest.approx(np.array(expected), abs=1e-6)
    assert features.for_trees(np.array([0, 20])).tolist()[0] == [1.0, 0.0]
    assert np.isnan(features.for_trees(np.array([20]))[0, 0])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=2, max_size=150))
def test_any_numbers_become_finite_ones_in_order(values):
    features = read_plain_features(pd.DataFrame({"x": values}), ["x"])
    assert np.isfinite(features.scaled).all()
    known = [i for i in np.argsort(values, kind="stable") if not np.isnan(values[i])]
    if features.numbers.shape[1] and len({np.clip(values[i], -1e300, 1e300) for i in known}) > 1:
        scaled = features.scaled[:, 0]
        assert (np.diff(scaled[known]) >= 0).all(), "a larger number never lowers the input"
        assert scaled[known].std() == pytest.approx(1, abs=1e-3)


def test_a_number_that_hardly_ever_differs_from_one_value_keeps_its_sides():
    x = np.zeros(1000)
    x[:3] = [5.0, 1e9, -2.0]
    scaled = read_plain_features(pd.DataFrame({"x": x}), ["x"]).scaled[:, 0]
    assert scaled[0] == scaled[1] > scaled[4] > scaled[2]
