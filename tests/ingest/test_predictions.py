"""`learning.pred_probs`: a user's own predictions, matched to the rows by name and never by luck."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from assay.errors import InputError
from assay.ingest import read_predictions

SECRET = "Zebra-4711"


@pytest.fixture
def people(make_dataset):
    """Six people in three classes; the last has no label."""
    frame = pd.DataFrame(
        {
            "person": ["a", "b", "c", "007", SECRET, "f"],
            "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "grade": ["low", "mid", "high", "low", "mid", None],
        }
    )
    return make_dataset(frame, label="grade", id="person")


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "person": ["a", "b", "c", "007", SECRET, "f"],
            "high": [0.1, 0.2, 0.6, 0.3, 0.1, 0.2],
            "low": [0.7, 0.2, 0.3, 0.4, 0.2, 0.5],
            "mid": [0.2, 0.6, 0.1, 0.3, 0.7, 0.3],
        }
    )


@pytest.fixture
def read(tmp_path):
    def build(table, dataset, name="mine.csv"):
        path = tmp_path / name
        match path.suffix:
            case ".csv":
                table.to_csv(path, index=False)
            case ".parquet":
                table.to_parquet(path, index=False)
            case _:
                table.to_feather(path)
        return read_predictions(path, dataset)

    return build


@pytest.fixture
def refuse(read):
    def build(table, dataset, name="mine.csv"):
        with pytest.raises(InputError) as caught:
            read(table, dataset, name)
        text = "\n".join(caught.value.problems)
        assert SECRET not in text
        return text

    return build


@pytest.mark.parametrize("name", ["mine.csv", "mine.parquet", "mine.feather"])
def test_neither_the_order_of_rows_nor_of_columns_matters(read, people, table, name):
    mixed = table.sample(frac=1, random_state=1)[["mid", "person", "high", "low"]].reset_index(drop=True)
    given = read(mixed, people, name)
    assert given.classes == ("high", "low", "mid")
    assert given.pred_probs.tolist() == table[["high", "low", "mid"]].to_numpy().tolist()
    assert given.repeat_probs.shape == (1, 6, 3)


def test_what_is_not_known_of_given_predictions(read, people, table, tmp_path):
    given = read(table, people)
    assert given.given == "mine.csv"
    assert "given by the user: mine.csv" in given.device
    assert given.details["sha256"] == hashlib.sha256((tmp_path / "mine.csv").read_bytes()).hexdigest()
    assert given.details["folds"] == "unknown"
    assert given.folds.tolist() == [[0, 0, 0, 0, 0, -1]]
    assert given.trained.tolist() == [True] * 5 + [False]
    assert given.train_loss.shape == given.test_loss.shape == (0, 0)
    assert not len(given.train_score)
    assert given.left_out == {}


def test_folds_are_read_by_name(read, people, table):
    given = read(table.assign(fold=["A", "B", "A", "C", "B", None]), people)
    assert given.folds.tolist() == [[0, 1, 0, 2, 1, -1]]
    assert given.details["folds"] == 3


def test_a_row_without_a_label_may_be_absent(read, people, table):
    given = read(table.iloc[:5], people)
    assert np.isnan(given.pred_probs[5]).all()
    assert np.isfinite(given.pred_probs[:5]).all()


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 2, 4]])
def test_rows_may_be_named_by_position(read, people, table, order):
    by_place = table.drop(columns="person").assign(row=range(6)).iloc[order]
    assert read(by_place, people).pred_probs[:, 0].tolist() == table["high"].tolist()


def test_numeric_ids_and_classes_are_compared_as_texts(read, make_dataset):
    dataset = make_dataset(pd.DataFrame({"id": [30, 10, 20], "x": [1.0, 2, 3], "y": [0, 1, 1]}), label="y", id="id")
    table = pd.DataFrame({"id": [10.0, 20.0, 30.0], "0": [0.1, 0.2, 0.3], "1": [0.9, 0.8, 0.7]})
    assert read(table, dataset).pred_probs[:, 0].tolist() == [0.3, 0.1, 0.2]


def test_unicode_names(read, make_dataset):
    frame = pd.DataFrame({"Schlüssel": ["ä", "ß", "Ω"], "x": [1.0, 2, 3], "y": ["да", "нет", "да"]})
    dataset = make_dataset(frame, label="y", id="Schlüssel")
    table = pd.DataFrame({"Schlüssel": ["Ω", "ä", "ß"], "нет": [0.5, 0.25, 1.0], "да": [0.5, 0.75, 0.0]})
    assert read(table, dataset).pred_probs.tolist() == [[0.75, 0.25], [0.0, 1.0], [0.5, 0.5]]


def test_equal_length_is_no_proof_of_equal_order(refuse, people, table):
    text = refuse(table.drop(columns="person"), people)
    assert "add the column the id 'person', or 'row' (position in the data, from 0)" in text


def test_unknown_missing_and_repeated_rows_are_named_at_once_by_position(refuse, people, table):
    table["person"] = ["a", "a", "x", "007", "f", "y"]
    text = refuse(table, people)
    assert "2 rows (2, 5, counted from 0) of the file with a 'person' that no row has" in text
    assert "1 row (1, counted from 0) of the file with a 'person' that an earlier one has" in text
    assert "3 rows (1, 2, 4, counted from 0) of the data that are not in the file" in text


def test_many_rows_are_shortened(refuse, make_dataset):
    dataset = make_dataset(pd.DataFrame({"x": range(40), "y": [0, 1] * 20}), label="y")
    text = refuse(pd.DataFrame({"row": [0], "0": [0.5], "1": [0.5]}), dataset)
    assert "39 rows (1, 2, 3, 4, 5, ..., counted from 0)" in text


def test_ids_of_the_data_that_are_shared(refuse, make_dataset):
    dataset = make_dataset(
        pd.DataFrame({"id": ["a", "a", None], "x": [1.0, 2, 3], "y": [0, 1, 1]}), label="y", id="id"
    )
    text = refuse(pd.DataFrame({"id": ["a", "b", "c"], "0": [0.5] * 3, "1": [0.5] * 3}), dataset)
    assert "3 rows (0, 1, 2, counted from 0) of the data whose id is missing or shared" in text


def test_a_missing_class_names_what_was_probably_meant(refuse, people, table):
    text = refuse(table.rename(columns={"high": "proba_high", "mid": "Mid "}), people)
    assert "none for 'high'; did you mean 'proba_high'?" in text
    assert "none for 'mid'; did you mean 'Mid" in text
    assert "got 2 more: 'proba_high', 'Mid" in text


def test_an_extra_class_is_refused(refuse, people, table):
    assert "got 1 more: 'none'. Drop or rename them; a class that no row has" in refuse(table.assign(none=0.0), people)


@pytest.mark.parametrize("first", [f"{SECRET},0.1,0.7,0.2", f"{SECRET},high,0.7,0.2"])
def test_a_file_without_a_header_is_told_without_a_value_of_its_rows(people, tmp_path, first):
    (tmp_path / "bare.csv").write_text(f"{first}\na,0.1,0.2,0.7\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_predictions(tmp_path / "bare.csv", people)
    text = "\n".join(caught.value.problems)
    assert "header" in text
    assert not any(value in text for value in (SECRET, "0.1", "0.7", "0.2"))


@pytest.mark.parametrize(
    "content", [b"a,b\n1\n", b"PAR1xx", b"\xff\xfe\x00", b"a,b\n", b",b\n1,2\n", b"a\xff,b\n1,2\n"]
)
def test_remedies_are_those_of_this_file_and_not_of_the_data(people, tmp_path, content):
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_predictions(tmp_path / "bad.csv", people)
    (text,) = caught.value.problems
    assert text.startswith("learning.pred_probs: ")
    assert text.endswith("Write it as Parquet, or as CSV in UTF-8, with a header.")
    assert not any(setting in text for setting in ("data.", "`header", "`encoding"))


def test_a_repeated_column_is_refused(read, people, table, tmp_path):
    (tmp_path / "two.csv").write_text("person,low,low,mid\na,1,0,0\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"learning\.pred_probs: .*unique"):
        read_predictions(tmp_path / "two.csv", people)


def test_predicted_classes_in_place_of_probabilities(refuse, people, table):
    text = refuse(table.assign(low=["yes"] * 6), people)
    assert "must have numbers in the columns of the classes, got something else in 'low'" in text


@pytest.mark.parametrize(
    ("fold", "words"),
    [([1] * 6, "must name 2 to 32,767 folds, got 1"), ([1, 2, None, 1, 2, None], "got none for 1 row (2,")],
)
def test_folds_that_are_none(refuse, people, table, fold, words):
    assert words in refuse(table.assign(fold=fold), people)


def test_a_class_called_as_the_column_of_rows(refuse, make_dataset):
    dataset = make_dataset(pd.DataFrame({"x": [1.0, 2, 3], "y": ["row", "column", "row"]}), label="y")
    text = refuse(pd.DataFrame({"row": [0, 1, 2], "column": [0.5] * 3}), dataset)
    assert "either the row's name or a class, got the class 'row'" in text


def test_a_class_called_fold_is_a_class(read, make_dataset):
    dataset = make_dataset(pd.DataFrame({"x": [1.0, 2, 3], "y": ["fold", "crease", "fold"]}), label="y")
    given = read(pd.DataFrame({"row": [0, 1, 2], "fold": [0.25, 0.5, 1.0], "crease": [0.75, 0.5, 0.0]}), dataset)
    assert given.pred_probs[:, 1].tolist() == [0.25, 0.5, 1.0]
    assert given.details["folds"] == "unknown"


def test_a_file_that_is_not_there(people, table, tmp_path):
    table.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(InputError, match=r"must be a file, got none at .*; did you mean 'mine\.csv'\?"):
        read_predictions(tmp_path / "mines.csv", people)
    with pytest.raises(InputError, match="must be a file, got a directory"):
        read_predictions(tmp_path, people)


@pytest.mark.parametrize("name", ["mine.pkl", "mine.npy"])
def test_no_pickle_is_read(people, tmp_path, name):
    (tmp_path / name).write_bytes(b"\x80\x04.")
    with pytest.raises(InputError, match=r"name tells its format, got 'mine\.(pkl|npy)'\. Write it as Parquet"):
        read_predictions(tmp_path / name, people)


def test_a_number_as_label_has_no_classes(read, make_dataset):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200), "y": rng.normal(size=200)})
    dataset = make_dataset(frame, label="y", task="regression")
    if dataset.target is None:
        pytest.skip("numeric labels are not read yet")
    with pytest.raises(InputError, match="must be for a label of classes"):
        read(pd.DataFrame({"row": range(200)}), dataset)
