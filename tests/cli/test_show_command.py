"""`assay show`: a past verdict."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def saved(audit_file, make_report, tmp_path):
    return make_report("reject").save(tmp_path / "audits")


def test_latest_is_the_default(assay, saved):
    result = assay("show")
    assert result.exit_code == 0
    assert "REJECT" in result.stdout
    assert saved.name in result.stdout


@pytest.mark.parametrize("how", ["directory", "file", "id", "prefix", "folder"])
def test_an_audit_is_found_by(assay, saved, how):
    run = {
        "directory": saved,
        "file": saved / "report.json",
        "id": saved.name,
        "prefix": f"loans/{saved.name[:12]}",
        "folder": "audits",
    }[how]
    result = assay("show", run, "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["verdict"], told["exit_code"]) == ("reject", 1)
    assert told["directory"].endswith(saved.name)


def test_an_unknown_one_is_2_and_lists_those_there_are(assay, saved):
    result = assay("show", "20200101")
    assert result.exit_code == 2
    assert saved.name in result.stderr


def test_another_folder(assay, audit_file, make_report, tmp_path):
    make_report().save(tmp_path / "elsewhere")
    assert assay("show").exit_code == 2
    assert "PASS" in assay("show", "--folder", "elsewhere").stdout


def test_what_cannot_be_a_path_is_unknown_too(assay, saved):
    assert assay("show", "x" * 5000).exit_code == 2
