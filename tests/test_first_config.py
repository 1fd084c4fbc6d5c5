"""`assay init`'s logic: the first audit.yaml and suite for a file, what is guessed, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import assay.validation
from assay.config_file import load_config
from assay.errors import ConfigurationError, InputError, StorageError
from assay.first_config import FirstConfig, write_first_config
from assay.ingest import read_dataset

N = 200


def people() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "person": [f"P{n:05d}" for n in rng.permutation(N)],
            "seen": pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d"),
            "sex": rng.choice(["f", "m"], N),
            "age": rng.integers(18, 90, N),
            "weight_kg": rng.normal(70, 9, N).round(1),
            "granted": rng.choice(["no", "yes"], N),
        }
    )


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., FirstConfig]:
    """Write a frame as data.csv and the first configuration for it beside it."""

    def build(frame: pd.DataFrame, **settings) -> FirstConfig:
        path = tmp_path / "data.csv"
        frame.to_csv(path, index=False)
        return write_first_config(path, **{"label": "granted", **settings})

    return build


def test_written_files_load_and_give_the_dataset_its_roles(make):
    first = make(people(), sensitive=["sex"], positive="yes")
    config = load_config(first.config_path)
    assert (config.name, config.label, config.positive) == ("data", "granted", "yes")
    assert (config.id, config.time) == ("person", "seen")
    assert [feature.label for feature in config.sensitive] == ["sex"]
    assert config.validation.suite == first.suite_path
    dataset = read_dataset(config)
    assert dataset.roles.features == ("sex", "age", "weight_kg")
    suite = json.loads(first.suite_path.read_text(encoding="utf-8"))
    assert suite["name"] == "data"


def test_suite_is_proposed_for_the_columns_in_their_parts(make, monkeypatch):
    seen = {}

    def propose(dataset, name):
        seen["roles"] = dataset.roles
        return {"name": name, "expectations": [], "meta": {}}

    monkeypatch.setattr(assay.validation, "propose_suite", propose)
    make(people(), sensitive=["sex"])
    assert seen["roles"].id == "person"
    assert seen["roles"].time == "seen"
    assert "person" not in seen["roles"].features


def test_every_key_of_the_configuration_is_in_the_file(make):
    from assay.config import AuditConfig

    text = make(people()).config_path.read_text(encoding="utf-8")
    for section in ("validation", "learning", "label_noise", "fairness", "health", "policy", "output"):
        for key in type(AuditConfig.model_fields[section].default).model_fields:
            assert f"{key}:" in text, f"{section}.{key}"


def test_uncommented_defaults_change_nothing(make):
    """A user who takes the '#' from the keys gets the defaults that the comments promise."""
    first = make(people(), sensitive=["sex"])
    lines = first.config_path.read_text(encoding="utf-8").splitlines()
    start = lines.index("# How honest predictions are made.")
    keys = [line[2:] if ": " in line or line.endswith(":") else line for line in lines[start:]]
    keys = [line for line in keys if ":" in line]
    before = load_config(first.config_path)
    first.config_path.write_text("\n".join([*lines[:start], *keys]), encoding="utf-8")
    assert load_config(first.config_path) == before


def test_notes_tell_each_guess(make):
    told = "\n".join(make(people()).notes)
    assert "'person' was taken for the id" in told
    assert "'seen' was taken for the time" in told
    assert "'yes' is treated as the favourable label" in told
    assert "No sensitive feature is named" in told


def test_no_note_about_what_was_stated(make):
    frame = people().drop(columns=["seen"])
    assert make(frame, sensitive=["sex"], positive="yes", id="person").notes == ()


def test_a_whole_number_with_many_values_is_said_to_be_learned_as_classes(make):
    rows = 2_000
    frame = pd.DataFrame({"x": np.linspace(0, 1, rows), "score": np.arange(rows) % 80})
    first = make(frame, label="score")
    text = first.config_path.read_text(encoding="utf-8")
    assert "\ntask: classification\n" in text
    (note,) = [note for note in first.notes if "80 values" in note]
    assert "`task: regression`" in note
    assert load_config(first.config_path).task == "classification"


def test_a_label_that_can_only_be_a_class_shows_the_default(make):
    assert "\n# task: auto\n" in make(people()).config_path.read_text(encoding="utf-8")


def test_quantity_as_sensitive_feature_gets_its_bins_stated(make):
    frame = people()
    first = make(frame, sensitive=["age"])
    (feature,) = load_config(first.config_path).sensitive
    counts = np.diff([0, *np.searchsorted(np.sort(frame["age"]), feature.bins), N])
    assert len(feature.bins) == 3
    assert counts.min() > N * 0.15
    assert any("cut at its quartiles" in note for note in first.notes)


@pytest.mark.parametrize(
    ("values", "is_key"),
    [
        ([f"K-{n:04d}" for n in range(N)], True),
        ([f"K-{n:04d}" for n in range(N - 2)] + ["K-0000", "K-0001"], True),  # two repeated by mistake
        (list(range(1000, 1000 + N)), True),
        ([10_000_000 + 7919 * n for n in range(N)], True),  # long numbers of one width
        ([17 * n for n in range(N)], False),  # a quantity
        ([n + 0.5 for n in range(N)], False),
        ([f"written by hand {n}" for n in range(N)], False),  # free text
        (["a", "b"] * (N // 2), False),
        ([None, *[f"K-{n:04d}" for n in range(N - 1)]], False),
    ],
)
def test_id_is_told_by_its_values(make, values, is_key):
    frame = people().drop(columns=["person"]).assign(x=values)
    assert load_config(make(frame).config_path).id == ("x" if is_key else None)


@pytest.mark.parametrize(
    ("values", "is_time"),
    [
        (pd.date_range("2024-01-01", periods=N, freq="h").astype(str).tolist(), True),
        ([f"{n % 28 + 1:02d}.03.2024" for n in range(N)], True),
        ([f"{n % 28 + 1}/3/2024" for n in range(N)], True),
        (["2024-99-99"] * N, False),
        (["1-2", "3-4"] * (N // 2), False),
        ([20240101] * N, False),
    ],
)
def test_time_is_told_by_its_values(make, values, is_time):
    frame = people().drop(columns=["seen"]).assign(x=values)
    assert load_config(make(frame).config_path).time == ("x" if is_time else None)


def test_two_columns_of_dates_are_left_to_the_user(make):
    frame = people().assign(born="1980-05-05")
    first = make(frame)
    assert load_config(first.config_path).time is None
    assert any("'seen', 'born' hold dates" in note for note in first.notes)


def test_question_marks_are_missing_and_words_are_left_alone(make):
    frame = people()
    frame["job"] = np.where(np.arange(N) % 9 == 0, "?", "nurse")
    frame["pet"] = np.where(np.arange(N) % 9 == 0, "none", "cat")
    first = make(frame)
    config = load_config(first.config_path)
    assert config.data.missing == ("?",)
    assert read_dataset(config).frame["job"].isna().sum() == len(range(0, N, 9))
    assert any("'none' may mean 'missing' in 'pet'" in note for note in first.notes)


def test_other_encoding_is_found(tmp_path):
    frame = people().assign(town="Zürich")
    for encoding, expected in (("cp1252", "cp1252"), ("utf-16", "utf-16"), ("utf-8-sig", "utf-8")):
        path = tmp_path / f"{encoding}.csv"
        frame.to_csv(path, index=False, encoding=encoding)
        first = write_first_config(path, label="granted", folder=tmp_path / encoding)
        config = load_config(first.config_path)
        assert config.data.encoding == expected
        assert set(read_dataset(config).frame["town"]) == {"Zürich"}


def test_file_without_header_names_columns_by_place(tmp_path):
    path = tmp_path / "bare.data"
    people().to_csv(path, index=False, header=False)
    first = write_first_config(path, label="column_6", sensitive=["column_3"])
    config = load_config(first.config_path)
    assert config.data.header is False
    assert len(read_dataset(config)) == N
    assert any("not for a header" in note for note in first.notes)


def test_absent_label_names_the_nearest_and_the_way_without_header(make):
    with pytest.raises(InputError) as caught:
        make(people(), label="grantedd")
    assert "did you mean 'granted'" in str(caught.value)
    assert "--label column_3" in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "a: b",
        "# x",
        "'",
        '"q"',
        "yes",
        "12",
        "null",
        "<script>alert(1)</script>",
        "größe 😀",
        "- x",
        "a\nb",
        "x\x07",
        "{a",
        "2024-01-01",
        "w" * 300,
    ],
)
def test_odd_column_names_survive(make, name):
    frame = people().rename(columns={"sex": name, "granted": name + "!", "person": name + " id"})
    config = load_config(make(frame, label=name + "!", sensitive=[name]).config_path)
    assert config.label == name + "!"
    assert config.sensitive[0].column == name
    assert config.id == name + " id"
    assert read_dataset(config).roles.label == name + "!"


@pytest.mark.parametrize("file", ["my data (1).csv", "übung.csv", "..odd-.csv", "___.csv", "a.b.csv.gz"])
def test_name_of_the_dataset_is_one_that_may_be(tmp_path, file):
    path = tmp_path / file
    people().to_csv(path, index=False)
    first = write_first_config(path, label="granted")
    config = load_config(first.config_path)
    assert config.data.path == path
    assert first.suite_path == tmp_path / "expectations" / f"{config.name}.json"


def test_folder_and_yaml_path_say_where_it_is_written(tmp_path):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "data.csv"
    people().to_csv(path, index=False)
    assert write_first_config(path, label="granted", folder=tmp_path / "out").config_path.parent == tmp_path / "out"
    named = write_first_config(path, label="granted", folder=tmp_path / "mine" / "loans.yaml")
    assert named.config_path == tmp_path / "mine" / "loans.yaml"
    assert load_config(named.config_path).data.path == path


def test_existing_files_are_all_named_and_kept(make, tmp_path):
    make(people())
    (tmp_path / "audit.yaml").write_text("label: mine\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        make(people())
    assert len(caught.value.problems) == 2
    assert "--force" in str(caught.value)
    assert (tmp_path / "audit.yaml").read_text(encoding="utf-8") == "label: mine\n"
    make(people(), force=True)
    assert load_config(tmp_path / "audit.yaml").label == "granted"


def test_failure_writes_neither_file_and_leaves_no_folder(tmp_path, monkeypatch):
    path = tmp_path / "data.csv"
    people().to_csv(path, index=False)

    def full(self, target):
        if Path(target).name == "audit.yaml":
            raise OSError(28, "No space left on device")
        return real(self, target)

    real = Path.replace
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_first_config(path, label="granted", folder=tmp_path / "new")
    assert [file.name for file in tmp_path.iterdir()] == ["data.csv"]


def test_failure_puts_back_what_was_there(make, tmp_path, monkeypatch):
    first = make(people())
    before = {path: path.read_bytes() for path in (first.config_path, first.suite_path)}

    def interrupted(self, target):
        if Path(target).name == "audit.yaml":
            raise KeyboardInterrupt
        return real(self, target)

    real = Path.replace
    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(people().drop(columns=["sex"]), force=True)
    assert {path: path.read_bytes() for path in before} == before
    assert len(list(tmp_path.rglob("*.yaml*"))) == 1


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "empty"),
        (b"granted,x\n", "header only"),
        (b"granted,x\nyes,1\nyes,2\n", "two classes"),
        (bytes(range(256)) * 40, "binary"),
    ],
)
def test_bad_input_writes_nothing(tmp_path, content, error):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=error):
        write_first_config(path, label="granted")
    assert [file.name for file in tmp_path.iterdir()] == ["data.csv"]


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        write_first_config(tmp_path / "nope.csv", label="granted")


def test_label_as_sensitive_feature_is_refused(make):
    with pytest.raises(ConfigurationError, match="both the label and sensitive"):
        make(people(), sensitive=["granted"])


def test_tiny_data(make):
    first = make(pd.DataFrame({"x": [1, 2], "granted": ["no", "yes"]}))
    assert load_config(first.config_path).id is None


def test_decimal_commas_of_all_numbers_are_set(make):
    frame = people()
    frame["height"] = [f"1,{n % 90 + 10}" for n in range(N)]
    frame["weight_kg"] = frame["weight_kg"].map(lambda value: f"{value}".replace(".", ","))
    first = make(frame)
    config = load_config(first.config_path)
    assert (config.data.decimal, config.data.thousands) == (",", None)
    dataset = read_dataset(config)
    assert dataset.frame["height"].tolist() == [float(f"1.{n % 90 + 10}") for n in range(N)]
    assert any("decimal comma" in note and "data.decimal" in note for note in first.notes)
    assert not any(finding.code == "DQ001" and finding.blocks for finding in dataset.findings)


def test_points_between_the_thousands_are_set_with_the_comma(make):
    frame = people().drop(columns="weight_kg").assign(pay=[f"{n % 9 + 1}.{n:03},50" for n in range(N)])
    config = load_config(make(frame).config_path)
    assert (config.data.decimal, config.data.thousands) == (",", ".")
    assert read_dataset(config).frame["pay"][7] == 8007.5


@pytest.mark.parametrize(
    "other",
    [
        [f"{n}.25" for n in range(N)],  # a decimal point
        [f"{n + 1},234,567" for n in range(N)],  # commas between thousands
        ["nurse"] * (N - 1) + ["1,5"],  # words
    ],
)
def test_a_decimal_comma_is_not_guessed_against_other_numbers(make, other):
    frame = people().drop(columns="weight_kg").assign(pay=[f"1,{n % 9}" for n in range(N)], other=other)
    words = other[0] == "nurse"
    assert load_config(make(frame).config_path).data.decimal == ("," if words else ".")


def test_thousands_are_no_decimal_commas(make):
    frame = people().drop(columns="weight_kg").assign(pay=[f"{n % 9 + 1},234" for n in range(N)])
    assert load_config(make(frame).config_path).data.decimal == "."
