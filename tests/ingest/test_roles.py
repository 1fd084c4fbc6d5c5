import numpy as np
import pandas as pd
import pytest

FRAME = pd.DataFrame(
    {
        "key": [11, 12, 13, 14],
        "when": ["a", "b", "c", "d"],
        "who": [1, 1, 2, 2],
        "w": [1.0, 2.0, 0.0, 1.0],
        "sex": ["F", "M", "F", "M"],
        "x": [1, 2, 3, 4],
        "junk": [1, 2, 3, 4],
        "gone": [None] * 4,
        "y": ["p", "n", "p", "n"],
    }
)
PARTS = {"id": "key", "time": "when", "group": "who", "weight": "w", "ignore": ["junk"], "sensitive": ["sex"]}


def test_features_are_what_is_left(read):
    roles = read(FRAME, **PARTS).roles
    assert roles.features == ("sex", "x")
    assert roles.sensitive == ("sex",)
    assert roles.ignored == ("junk",)


def test_the_split_is_no_feature_and_has_one_part_only(read, refuse):
    roles = read(FRAME.assign(part="train"), **PARTS, split="part").roles
    assert (roles.split, roles.features) == ("part", ("sex", "x"))
    assert read(FRAME).roles.split is None
    assert "'prt' (split)" in refuse(FRAME.assign(part="train"), split="prt")


def test_sensitive_columns_leave_the_features_where_the_configuration_says(read):
    derived = [{"column": "x", "bins": [3], "name": "size"}, "sex"]
    assert read(FRAME, **PARTS, learning={"use_sensitive": False}).roles.features == ("x",)
    without = read(FRAME, **(PARTS | {"sensitive": derived, "ignore": []}), learning={"use_sensitive": False})
    assert without.roles.features == ("junk",)


def test_all_absent_columns_are_named_with_the_nearest(refuse):
    text = refuse(FRAME, label="Y", id="kye", sensitive=["Sexx", {"column": "income", "bins": [1]}], ignore=["jnk"])
    for words in ("'Y' (label)", "mean 'y'?", "mean 'key'?", "mean 'sex'?", "'income' (sensitive)", "mean 'junk'?"):
        assert words in text
    assert len(text.splitlines()) == 5


def test_row_ids(read):
    assert read(FRAME, id="key").row_ids.tolist() == [11, 12, 13, 14]
    assert read(FRAME.set_axis(list("abcd"))).row_ids.tolist() == list("abcd")
    assert read(FRAME).row_ids.tolist() == [0, 1, 2, 3]
    levels = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1), ("b", 2)])
    assert read(FRAME.set_axis(levels)).row_ids.tolist() == ["a / 1", "a / 2", "b / 1", "b / 2"]


def test_a_missing_id_is_named_by_its_row(read):
    frame = FRAME.assign(key=[11, None, 13, 14])
    assert read(frame, id="key").row_ids.tolist() == ["11", "(no id, row 1)", "13", "14"]


def test_weights(read):
    assert read(FRAME, weight="w").weights.tolist() == [1, 2, 0, 1]
    assert read(FRAME).weights is None


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([1, -1, 2, np.nan], "1 missing, 1 negative; the first in row 1"),
        ([1, np.inf, 1, 1], "1 infinite"),
        ([0, 0, 0, 0], "zero in every row"),
        (["a", "b", "c", "d"], "another type"),
        ([True, True, False, True], "another type"),
    ],
)
def test_weights_that_cannot_be(refuse, weights, words):
    assert words in refuse(FRAME.assign(w=weights), weight="w")


def test_no_feature_left(refuse):
    assert "feature" in refuse(FRAME[["y", "gone"]])
    assert "feature" in refuse(FRAME[["y", "junk"]], ignore=["junk"])


def test_problems_of_several_parts_come_at_once(refuse):
    frame = FRAME.assign(y=1, w=-1)
    assert len(refuse(frame[["y", "w"]], weight="w").splitlines()) == 3


def test_frames_that_are_none(refuse, read):
    from assay.config_file import parse_config
    from assay.errors import InputError
    from assay.ingest import read_dataset

    for thing in ([1, 2], {"y": [1]}, FRAME["x"], "d.csv"):
        with pytest.raises(InputError, match=r"DataFrame, got"):
            read_dataset(parse_config({"label": "y"}), frame=thing)
    with pytest.raises(InputError, match="got neither"):
        read_dataset(parse_config({"label": "y"}))
    assert "0 rows" in refuse(FRAME.iloc[:0])
    assert "0 columns" in refuse(pd.DataFrame(index=[0, 1]))
    assert "more than once: 'x'" in refuse(FRAME.set_axis([*list("abcdefg"), "x", "x"], axis=1))


def test_names_that_are_no_texts(read):
    frame = FRAME.set_axis([*range(8), "y"], axis=1)
    assert read(frame, id="0").roles.id == "0"
    levels = pd.MultiIndex.from_product([["a"], [*"12345678", "y"]])
    assert "a_1" in read(FRAME.set_axis(levels, axis=1), label="a_y").frame


def test_the_callers_frame_is_not_changed(read):
    before = FRAME.copy(deep=True)
    read(FRAME, **PARTS)
    pd.testing.assert_frame_equal(FRAME, before)
