import numpy as np
import pandas as pd
import pytest

from assay.dataset import NO_LABEL


def frame(labels):
    return pd.DataFrame({"x": range(len(labels)), "y": labels})


@pytest.mark.parametrize(
    ("labels", "classes", "codes"),
    [
        ([1.0, 0.0, np.nan], ("0", "1"), [1, 0, -1]),
        ([10, 9, 1], ("1", "9", "10"), [2, 1, 0]),
        (["10", "9", "1"], ("1", "9", "10"), [2, 1, 0]),
        (["b", "a", None], ("a", "b"), [1, 0, -1]),
        ([" b", "b ", "a"], ("a", "b"), [1, 1, 0]),
        ([True, False, True], ("False", "True"), [1, 0, 1]),
        ([True, None, False], ("False", "True"), [1, -1, 0]),
        (["a", "", " "], None, None),
        ([0.5, 1.5, 2.0], ("0.5", "1.5", "2"), [0, 1, 2]),
        (pd.Categorical(["z", "a", "z"]), ("a", "z"), [1, 0, 1]),
        (["ja", "nein", "  "], ("ja", "nein"), [0, 1, -1]),
    ],
)
def test_classes(read, refuse, labels, classes, codes):
    if classes is None:
        assert "at least two classes" in refuse(frame(labels))
        return
    got = read(frame(labels)).labels
    assert got.classes == classes
    assert got.codes.tolist() == codes
    assert got.codes.dtype == np.int64
    assert NO_LABEL == -1


def test_positive(read):
    two = frame(["bad", "good", "bad"])
    assert (read(two).labels.positive, read(two).labels.positive_is_stated) == (1, False)
    stated = read(two, positive="bad").labels
    assert (stated.positive, stated.positive_is_stated) == (0, True)
    three = frame(["a", "b", "c"])
    assert read(three).labels.positive is None
    assert read(three, positive="b").labels.positive == 1
    numbers = frame([1.0, 0.0, np.nan])
    assert read(numbers, positive=1).labels.positive == 1
    assert read(numbers, positive=1.0).labels.positive == 1
    assert read(frame([True, False, True]), positive=False).labels.positive == 0


def test_positive_that_is_no_class(refuse):
    text = refuse(frame(["denied", "approved"]), positive="aproved")
    assert "did you mean 'approved'?" in text
    assert "'approved', 'denied'" in text


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([None] * 50, "missing in every row"),
        (["a"] * 50, "at least two classes, got 1"),
        (np.linspace(0, 1, 50), "a quantity"),
        (range(50), "a quantity"),
        (np.tile(np.arange(30), 10) + 0.5, "a quantity"),
        (pd.date_range("2020", periods=50), "dates"),
        ([f"comment {i}" for i in range(50)], "free texts"),
        (np.repeat([f"c{i}" for i in range(1001)], 3), "at most 1,000 classes, got 1,001"),
    ],
)
def test_labels_that_are_no_classes(refuse, labels, words):
    assert words in refuse(frame(labels), task="classification")


def test_many_classes_that_recur_are_classes(read):
    assert len(read(frame(np.tile(np.arange(77), 30))).labels.classes) == 77
    assert len(read(frame([f"intent {i % 77}" for i in range(770)])).labels.classes) == 77
    assert len(read(frame(np.arange(20))).labels.classes) == 20
