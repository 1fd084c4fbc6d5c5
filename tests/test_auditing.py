"""`assay.audit`: its settings of `data` for a frame and for a path; the audit itself is not run."""

import pandas as pd
import pytest

import assay.auditing
from assay.errors import ConfigurationError
from assay.ingest import read_dataset


@pytest.fixture
def read(monkeypatch):
    """What `assay.audit` would audit."""
    monkeypatch.setattr(assay.auditing, "run_audit", lambda config, frame=None: read_dataset(config, frame))
    return assay.auditing.audit


FRAME = pd.DataFrame({"t": ["?", "NA", "a"], "n": [9, 1, 2], "y": ["p", "n", "p"]})


def test_missing_values_of_a_frame(read):
    data = read(FRAME, label="y", data={"missing": ["?"]})
    assert data.frame["t"].isna().tolist() == [True, True, False]
    data = read(FRAME, label="y", data={"missing": {"n": [9]}, "default_missing": False})
    assert data.frame["t"].tolist() == ["?", "NA", "a"]
    assert data.frame["n"].isna().tolist() == [True, False, False]
    assert read(FRAME, label="y").frame["t"].isna().tolist() == [False, True, False]


def test_how_a_path_is_read(read, tmp_path):
    (tmp_path / "d.txt").write_text("x:y\n1,5:p\n?:n\n", encoding="latin-1")
    reading = {"delimiter": ":", "decimal": ",", "missing": ["?"], "encoding": "latin-1"}
    for path in (tmp_path / "d.txt", str(tmp_path / "d.txt")):
        assert read(path, label="y", data=reading).frame["x"].tolist()[0] == 1.5


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"delimiter": ";"}, "data.delimiter"),
        ({"path": "a.csv"}, "data.path"),
        ("a.csv", "mapping"),
        (None, "mapping"),
    ],
)
def test_a_frame_is_not_read(read, data, words):
    with pytest.raises(ConfigurationError, match=words):
        read(FRAME, label="y", data=data)


def test_a_path_is_named_once(read, tmp_path):
    with pytest.raises(ConfigurationError, match=r"data\.path"):
        read(tmp_path / "d.csv", label="y", data={"path": "other.csv"})
    with pytest.raises(ConfigurationError, match=r"unknown key 'data\.delimeter'"):
        read(FRAME, label="y", data={"delimeter": ";"})


def test_the_data_are_positional():
    with pytest.raises(TypeError, match="positional"):
        assay.auditing.audit(data=FRAME, label="y")
