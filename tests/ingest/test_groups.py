import numpy as np
import pandas as pd
import pytest


def groups(read, values, feature="g", **kwargs):
    frame = pd.DataFrame({"x": range(len(values)), "g": values, "y": [i % 2 for i in range(len(values))]})
    return read(frame, sensitive=[feature], **kwargs).groups.iloc[:, 0]


def test_texts_are_stripped_and_missing_is_a_group(read):
    got = groups(read, ["F", " F", None, "", "Ä"])
    assert got.tolist() == ["F", "F", "(missing)", "(missing)", "Ä"]
    assert not got.isna().any()


def test_few_numbers_are_texts(read):
    assert groups(read, [1.0, 2.0, np.nan]).tolist() == ["1", "2", "(missing)"]
    assert groups(read, [True, False]).tolist() == ["True", "False"]
    assert groups(read, [0.5, 2]).tolist() == ["0.5", "2"]


def test_bins(read):
    feature = {"column": "g", "bins": [25, 60], "name": "age"}
    got = groups(read, [24.9, 25, 59, 60, np.nan, -np.inf, np.inf], feature)
    assert got.name == "age"
    assert got.tolist() == ["<25", "25-60", "25-60", ">=60", "(missing)", "<25", ">=60"]
    assert groups(read, [1, 2], {"column": "g", "bins": [1.5]}).tolist() == ["<1.5", ">=1.5"]
    assert groups(read, [-3, 2], {"column": "g", "bins": [-5, -1]}).tolist() == ["-5 to -1", ">=-1"]


def test_many_numbers_are_cut_at_their_quartiles(read, finding):
    values = np.arange(100)
    got = groups(read, values)
    # inverted_cdf: the smallest value with at least a quarter of the rows at or below it.
    assert got.value_counts().to_dict() == {"<24": 24, "24-49": 25, "49-74": 25, ">=74": 26}
    frame = pd.DataFrame({"x": values, "y": values % 2})
    data = read(frame, sensitive=["x"], positive=1)
    assert "'x'" in finding(data, "DQ006").message


def test_a_lump_at_the_lowest_value_makes_two_groups(read):
    values = [0] * 300 + list(range(5, 30))
    assert set(groups(read, values)) == {"<5", ">=5"}


def test_two_features_of_one_column(read):
    frame = pd.DataFrame({"age": [20, 30, 70], "x": [1, 2, 3], "y": [0, 1, 0]})
    data = read(frame, sensitive=["age", {"column": "age", "bins": [65], "name": "retired"}])
    assert list(data.groups) == ["age", "retired"]
    assert data.groups["retired"].tolist() == ["<65", "<65", ">=65"]
    assert data.roles.sensitive == ("age",)


def test_all_missing(read):
    assert set(groups(read, [None, None, None])) == {"(missing)"}
    assert set(groups(read, [None, None], {"column": "g", "bins": [1]})) == {"(missing)"}


@pytest.mark.parametrize(
    ("values", "feature", "words"),
    [
        ([f"name {i}" for i in range(5000)], "g", "got 5,000"),
        ([f"name {i}" for i in range(101)], "g", "at most 100 groups, got 101"),
        (pd.date_range("1950", periods=200), "g", "got 200"),
        (["a", "b"], {"column": "g", "bins": [1]}, "numeric"),
        ([True, False], {"column": "g", "bins": [1]}, "numeric"),
        (range(300), {"column": "g", "bins": list(range(1, 200))}, "got 200"),
    ],
)
def test_features_that_cannot_be(refuse, values, feature, words):
    frame = pd.DataFrame({"x": range(len(values)), "g": values, "y": [i % 2 for i in range(len(values))]})
    text = refuse(frame, sensitive=[feature])
    assert words in text
    assert "name 7" not in text


def test_no_sensitive_feature(read):
    frame = pd.DataFrame({"x": [1, 2, 3], "y": [0, 1, 0]})
    groups = read(frame).groups
    assert groups.shape == (3, 0)
