"""The documents as files: of a live and of a stored audit, and with names that are markup."""

from __future__ import annotations

import hashlib
import json

import jsonschema
import numpy as np
import pandas as pd
import pytest
from document_trees import SCHEMA, finding, make_tree
from typer.testing import CliRunner

import assay
from assay.cli import app
from assay.cli.documents import DocumentName
from assay.documents import NAMES, build_documents, render_markdown, write_documents
from assay.errors import StorageError
from assay.store import read_audit

NASTY = "<script>alert(1)</script> | **b** [x](javascript:1) `c` @team\n# h \u202eé"
QUICK = {
    "learning": {"folds": 2, "repeats": 1, "epochs": 2, "other_models": False},
    "label_noise": {"rehearse": False},
    "fairness": {"cleaning_effect": False, "mitigation": "off"},
    "records": {"enabled": False},
    "cells": {"enabled": False},
}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 400
    sex, race = rng.choice(["F", "M"], n), rng.choice(["A", "B", NASTY], n, p=[0.5, 0.4, 0.1])
    score = rng.normal(size=n) + (sex == "M")
    frame = pd.DataFrame({"score": score, "sex": sex, "race": race, "age": rng.choice(["old", "young"], n)})
    frame["hired"] = np.where(score + rng.normal(size=n) > 0.5, "yes", "no")
    frame.loc[:14, "race"] = None
    return frame


@pytest.fixture(scope="module")
def report(frame):
    documents = {"sex": "sex", "race": "race", "decision": "label", "owner": NASTY}
    settings = {"sensitive": ["sex", "race", "age"], "positive": "yes", "documents": documents, **QUICK}
    return assay.audit(frame, label="hired", name="hires", **settings)


@pytest.fixture(scope="module")
def place(report, tmp_path_factory):
    return report.save(tmp_path_factory.mktemp("audits"))


def invoke(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_every_audit_has_its_documents(place):
    assert {path.name for path in (place / "documents").iterdir()} == {
        name + ending for name in NAMES for ending in (".json", ".md")
    }


def test_the_documents_of_a_stored_audit_are_those_of_the_live_one(report, place, tmp_path):
    live = build_documents(report.to_dict())
    assert build_documents(read_audit(place)) == live
    result = invoke("documents", place, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    for path in (place / "documents").iterdir():
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes()
        if path.suffix == ".json":
            document = json.loads(path.read_text("utf-8"))
            jsonschema.Draft202012Validator(SCHEMA).validate(document)
            assert document == live[path.stem]


def test_the_rates_by_sex_and_race_are_those_of_the_rows(report, frame):
    sections = build_documents(report.to_dict())["nyc-local-law-144"]["sections"]
    table = next(section for section in sections if section["title"] == "Intersections")["tables"][0]
    rows = {row[0]: row for row in table["rows"]}
    groups = frame.dropna(subset="race").groupby(["sex", "race"])["hired"].agg([len, lambda s: (s == "yes").mean()])
    assert set(rows) == {f"{sex} x {race}" for sex, race in groups.index}
    top = groups.iloc[:, 1].max()
    for (sex, race), (n, rate) in groups.iterrows():
        shown = rows[f"{sex} x {race}"]
        assert (shown[1], shown[2], shown[5]) == (n, pytest.approx(rate), pytest.approx(rate / top))


def test_the_figures_are_those_of_the_report(report):
    document = report.to_dict()
    base = {
        row[1]: row[3:] for row in document["fairness"]["by_group"]["rows"] if (row[0], row[2]) == ("sex", "base rate")
    }
    sections = build_documents(document)["nyc-local-law-144"]["sections"]
    for name, n, value, low, high, *_ in sections[0]["tables"][0]["rows"]:
        assert [value, low, high, n] == base[name]


@pytest.mark.parametrize("name", NAMES)
def test_markdown_has_no_markup_of_the_data(name):
    tree = make_tree({NASTY: {NASTY: (50, 20), "b": (40, 20)}}, sex=NASTY, owner=NASTY, origin=NASTY, impact=NASTY)
    tree["name"] = tree["dataset"]["source"] = tree["dataset"]["roles"]["label"] = NASTY
    text = render_markdown(build_documents(tree)[name])
    assert "alert(1)" in text
    for markup in ("<script", "**b**", "[x](", "`c`", "@team", "\n# h", "\u202e"):
        assert markup not in text
    for line in text.splitlines():
        cells = line.replace("\\|", "").count("|")
        assert cells == 0 or line.startswith("| ")


SAME = "data: hires.csv\nlabel: hired\npositive: 'yes'\nsensitive: [age, race, sex]\n"


def test_only_some_and_facts_given_later(place, tmp_path):
    config = tmp_path / "audit.yaml"
    config.write_text(f"{SAME}documents: {{design: Rows of 2024 only.}}\n", encoding="utf-8")
    result = invoke("documents", place, "--only", "datasheet", "--only", "eu-ai-act-article-10", "--out", tmp_path,
                    "--config", config)  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert {path.stem for path in tmp_path.glob("*.json")} == {"datasheet", "eu-ai-act-article-10"}
    text = (tmp_path / "eu-ai-act-article-10.md").read_text("utf-8")
    digest = hashlib.sha256(config.read_bytes()).hexdigest()
    assert "Rows of 2024 only." in text
    assert "was given on 20" in text
    assert digest in text
    document = json.loads((tmp_path / "datasheet.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert (document["audit"]["facts"]["source"], document["audit"]["facts"]["sha256"]) == ("audit.yaml", digest)
    own = json.loads((place / "documents" / "datasheet.json").read_text("utf-8"))
    assert own["audit"]["facts"] is None


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("name", SAME.replace("hires.csv", "others.csv")),
        ("label", SAME.replace("hired", "kept")),
        ("positive", SAME.replace("'yes'", "'no'")),
        ("sensitive", SAME.replace("[age, race, sex]", "[age, race]")),
        ("sensitive", SAME.replace("[age, race, sex]", "[age, race, zip]")),
    ],
)
def test_facts_of_another_dataset_are_refused(place, tmp_path, key, line):
    config = tmp_path / "audit.yaml"
    config.write_text(f"{line}documents: {{owner: Somebody else.}}\n", encoding="utf-8")
    refused = invoke("documents", place, "--config", config, "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert f"`{key}` must be" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_the_documents_of_the_audit_are_kept_unless_it_is_said(report, tmp_path):
    place = report.save(tmp_path / "audits")
    config = tmp_path / "audit.yaml"
    config.write_text(f"{SAME}documents: {{owner: Somebody.}}\n", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in (place / "documents").iterdir()}
    refused = invoke("documents", place, "--config", config)
    assert refused.exit_code == 2
    assert "--replace" in refused.stderr
    assert {path.name: path.read_bytes() for path in (place / "documents").iterdir()} == before
    assert invoke("documents", place).exit_code == 0
    assert {path.name: path.read_bytes() for path in (place / "documents").iterdir()} == before
    assert invoke("documents", place, "--config", config, "--replace").exit_code == 0
    assert "Somebody." in (place / "documents" / "datasheet.md").read_text("utf-8")


def test_what_a_forged_report_says_is_escaped_too():
    tree = make_tree(findings=(finding("FB011", "failed", severity=NASTY, id=NASTY, message=NASTY),))
    tree["verdict"] = tree["dataset"]["fingerprint"] = tree["manifest"]["created"] = tree["manifest"]["assay"] = NASTY
    tree["dataset"]["rows"] = 7
    for document in build_documents(tree).values():
        document["audit"]["rows"] = NASTY
        document["audit"]["facts"] = dict.fromkeys(("source", "sha256", "date"), NASTY)
        for section in document["sections"]:
            for told in section["findings"]:
                told["status"] = NASTY
            for entry in section["open"]:
                entry["key"] = NASTY
        text = render_markdown(document)
        for markup in ("<script", "**b**", "[x](", "`c`", "@team", "\n# h", "\u202e"):
            assert markup not in text


def test_the_command_names_the_documents_there_are():
    assert tuple(DocumentName) == NAMES


def test_an_audit_that_is_not_there_or_not_whole(tmp_path):
    assert invoke("documents", "nowhere", "--folder", tmp_path).exit_code == 2
    (tmp_path / "report.json").write_text(json.dumps(make_tree() | {"families": []}), encoding="utf-8")
    refused = invoke("documents", tmp_path)
    assert refused.exit_code == 2
    assert "whole audit" in refused.stderr


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        write_documents(build_documents(make_tree()), tmp_path / "file" / "below")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
