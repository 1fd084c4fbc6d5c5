"""`assay init`: what it writes and says."""

from __future__ import annotations

import shlex

import pytest

from assay.config_file import load_config


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "my loans.csv"
    rows = [f"{i},{i % 7 * 1.5},{'FM'[i % 2]},{'yes' if i % 3 else 'no'}" for i in range(300)]
    file.write_text("\n".join(["key,income,sex,approved", *rows]) + "\n")
    return file


def test_a_first_configuration_and_the_next_command(assay, data):
    result = assay("init", data, "--label", "approved", "--sensitive", "sex", "--id", "key", "--positive", "yes")
    assert result.exit_code == 0, result.output
    command = shlex.split(result.stdout.splitlines()[-1])
    assert command[:2] == ["assay", "gate"]
    config = load_config(command[2])
    assert (config.label, config.id, config.positive) == ("approved", "key", "yes")
    assert [feature.column for feature in config.sensitive] == ["sex"]
    assert config.validation.suite is not None
    assert config.validation.suite.is_file()


def test_nothing_is_overwritten_unless_asked(assay, data, tmp_path):
    (tmp_path / "audit.yaml").write_text("mine")
    result = assay("init", data, "--label", "approved")
    assert result.exit_code == 2
    assert (tmp_path / "audit.yaml").read_text() == "mine"
    assert assay("init", data, "--label", "approved", "--force").exit_code == 0
    assert load_config(tmp_path / "audit.yaml").label == "approved"


def test_an_unknown_column_is_2_and_writes_nothing(assay, data, tmp_path):
    result = assay("init", data, "--label", "aproved")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "aproved" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == [data.name]


def test_the_label_is_needed(assay, data):
    assert assay("init", data).exit_code == 2
