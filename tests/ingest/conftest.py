"""Reading a frame or a file as an audit would, and the one sentence of a refusal."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from assay.config_file import parse_config
from assay.errors import InputError
from assay.ingest import read_dataset


@pytest.fixture
def read():
    """`read(frame_or_path, label="y", **settings)`; `data={...}` says how to read it."""

    def build(what, *, label="y", data=None, **settings):
        if isinstance(what, pd.DataFrame):
            given = {"data": data} if data else {}
            return read_dataset(parse_config({"label": label, **given, **settings}), frame=what)
        section = {"path": str(what), **(data or {})}
        return read_dataset(parse_config({"label": label, "data": section, **settings}))

    return build


@pytest.fixture
def refuse(read):
    """The problems with which the data are refused; each names a remedy, which makes it two sentences or more."""

    def build(what, **settings):
        with pytest.raises(InputError) as caught:
            read(what, **settings)
        assert all(problem.strip().endswith((".", "?")) and "\n" not in problem for problem in caught.value.problems)
        return "\n".join(caught.value.problems)

    return build


@pytest.fixture
def write(tmp_path):
    """`write("name.csv", "text")`: gzip-compressed where the name ends in .gz."""

    def build(name, text, encoding="utf-8"):
        path = tmp_path / name
        content = text if isinstance(text, bytes) else text.encode(encoding)
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return build


@pytest.fixture
def finding():
    """`finding(dataset, "DQ001")`: the only finding of a code; `finding(dataset, "DQ001", "column")` of a column."""

    def build(dataset, code, column=None):
        found = [f for f in dataset.findings if f.code == code and (column is None or column in f.subject.columns)]
        assert len(found) == 1, [f.message for f in dataset.findings if f.code == code]
        return found[0]

    return build


@pytest.fixture
def clean():
    """300 rows without any defect: numbers, texts, booleans, dates, two groups, two classes."""
    rng = np.random.default_rng(0)
    n = 300
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "income": rng.lognormal(10, 1, n).round(2),
            "city": rng.choice(["Ulm", "Köln", "other", "São Paulo"], n),
            "zip": rng.choice(["01067", "89073", "50667"], n),
            "owner": rng.choice([True, False], n),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
            "sex": rng.choice(["F", "M"], n),
            "y": rng.choice(["no", "yes"], n),
        }
    )
