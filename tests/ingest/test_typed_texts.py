"""What becomes of the texts of a CSV file: nothing is lost on the way to a number."""

import numpy as np
import pandas as pd
import pytest

from assay.ingest.columns import TEXT_DTYPE


@pytest.fixture
def column(read, write):
    """Column x of a CSV file with these texts."""

    def build(texts, *, part=None, **data):
        rows = "".join(f'"{text}",{i},{"pn"[i % 2]}\n' for i, text in enumerate(texts))
        settings = {part: "x"} if part else {}
        return read(write("d.csv", "x,z,y\n" + rows), data=data, **settings).frame["x"]

    return build


@pytest.mark.parametrize("part", ["id", "group", None])
@pytest.mark.parametrize(
    "texts", [[f"{i:03}" for i in range(100)], ["01234", "12345", "99999"], ["0123", "7", "1.5"], ["00", "1"]]
)
def test_leading_zeros_are_kept(column, texts, part):
    assert column(texts, part=part).tolist() == texts


@pytest.mark.parametrize("part", ["id", "group"])
@pytest.mark.parametrize("texts", [["1e5", "100000"], ["1.0", "1"], ["1.50", "1.5"], ["+1", "1"], ["True", "true"]])
def test_texts_that_tell_rows_apart_never_become_one_number(column, texts, part):
    assert column(texts, part=part).tolist() == texts


def test_an_id_of_plain_integers_is_one_of_numbers(column):
    assert column(["1", "2", "30"], part="id").tolist() == [1, 2, 30]


@pytest.mark.parametrize("part", ["id", None])
def test_long_ids_with_a_blank_are_exact(column, part):
    texts = [str(10**18 + i) for i in range(9)]
    got = column([*texts, ""], part=part)
    assert got.tolist()[:9] == texts
    assert pd.isna(got[9])
    assert column(texts, part=part).tolist() == [int(text) for text in texts]


@pytest.mark.parametrize(
    ("texts", "want"),
    [
        (["1", "-2", "+3"], [1, -2, 3]),
        (["0.1", ".5", "2.", "1e-3", "-0"], [0.1, 0.5, 2.0, 0.001, 0.0]),
        (["inf", "-Infinity", "1"], [np.inf, -np.inf, 1.0]),
        (["True", "false", "TRUE"], [True, False, True]),
        ([" 1 ", "2  "], [1, 2]),
        (["1_000", "2"], ["1_000", "2"]),
        (["0x1F", "2"], ["0x1F", "2"]),
        (["1,5", "2"], ["1,5", "2"]),
        ([str(2**63), "1"], [2**63, 1]),
        ([str(2**64), "1"], [str(2**64), "1"]),
    ],
)
def test_types(column, texts, want):
    assert column(texts).tolist() == want


def test_floats_are_the_nearest_to_what_is_written(column):
    numbers = np.random.default_rng(0).normal(size=500) * 10.0 ** np.random.default_rng(1).integers(-300, 300, 500)
    assert column([repr(float(number)) for number in numbers]).tolist() == numbers.tolist()


def test_gaps(column):
    assert column(["1", "", "NA"]).isna().tolist() == [False, True, True]
    assert column(["1", "", "3"]).tolist()[::2] == [1.0, 3.0]
    assert column(["true", "", "False"]).tolist()[::2] == ["True", "False"]
    assert column(["", " ", "nan"]).dtype.kind == "f"


def test_marks_between_thousands_stand_where_thousands_end(column):
    assert column(["1.234,5", "2"], decimal=",", thousands=".").tolist() == [1234.5, 2.0]
    dates = ["1.2.2024", "13.2.2024"]
    assert column(dates, decimal=",", thousands=".").tolist() == dates


def test_default_markers_can_be_switched_off(column):
    assert column(["NA", "DE", "null"]).isna().tolist() == [True, False, True]
    got = column(["NA", "DE", ""], default_missing=False)
    assert got.tolist()[:2] == ["NA", "DE"]
    assert pd.isna(got[2])
    assert column(["nan", "1"], default_missing=False).tolist() == ["nan", "1"]


def test_markers_in_a_file_and_in_a_frame_mean_the_same(read, tmp_path):
    frame = pd.DataFrame({"t": ["NA", "None", "null", "?", "a"], "n": [9, 1, 2, 9, 3], "y": list("pnpnp")})
    frame.to_csv(tmp_path / "d.csv", index=False)
    frame.to_parquet(tmp_path / "d.parquet")
    for data in ({}, {"missing": ["?"]}, {"missing": {"n": [9]}}, {"default_missing": False}):
        prints = {read(of, data=data).fingerprint for of in (frame, tmp_path / "d.csv", tmp_path / "d.parquet")}
        assert len(prints) == 1, data


def test_markers_of_one_column_leave_the_others_alone(read, write):
    path = write("d.csv", "age,n,t,y\n999,999,?,p\n20,1,a,n\n30,2,b,p\n")
    data = read(path, data={"missing": {"age": [999], "*": ["?"]}}).frame
    assert data.isna().sum().to_dict() == {"age": 1, "n": 0, "t": 1, "y": 0}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_markers_blank_no_id_unless_it_is_named(read, tmp_path, suffix):
    frame = pd.DataFrame({"person": [7, 8, 9], "x": [9, 1, 2], "y": list("pnp")})
    path = tmp_path / f"d.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    data = read(path, id="person", data={"missing": ["9"]}).frame
    assert data["person"].tolist() == [7, 8, 9]
    assert data["x"].isna().tolist() == [True, False, False]
    assert read(path, id="person", data={"missing": {"person": [9]}}).frame["person"].isna().sum() == 1


def test_the_same_content_has_the_same_fingerprint(read, tmp_path):
    rng = np.random.default_rng(0)
    n = 200
    frame = pd.DataFrame(
        {
            "key": [2**60 + i for i in range(n)],
            "zip": [f"{v:05}" for v in rng.integers(0, 99999, n)],
            "x": rng.normal(size=n),
            "gap": pd.array([None, *range(n - 1)], dtype="Int64"),
            "long": pd.array([None, *(2**62 + i for i in range(n - 1))], dtype="Int64"),
            "b": rng.choice([True, False], n),
            "y": rng.choice(["n", "p"], n),
        }
    )
    frame.to_csv(tmp_path / "d.csv", index=False)
    frame.to_parquet(tmp_path / "d.parquet")
    for part in ("key", "zip", "long"):
        prints = {read(of, id=part).fingerprint for of in (frame, tmp_path / "d.csv", tmp_path / "d.parquet")}
        assert len(prints) == 1
    assert read(tmp_path / "d.csv").frame["zip"].dtype == TEXT_DTYPE
