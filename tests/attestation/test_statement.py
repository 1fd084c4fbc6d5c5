"""attestation.json: an in-toto Statement of the data, true to the report, without raw values."""

from __future__ import annotations

import hashlib
import json

import pytest

from assay.attestation import render_statement
from assay.config_file import parse_config

TEXTS = {"report.json": "{}", "junit.xml": "ü"}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def statement_of(document, config, texts=None) -> dict:
    return json.loads(render_statement(document, texts or TEXTS, config))


def test_the_subject_is_the_file_and_its_content(document, config, data):
    statement = statement_of(document, config)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [
        {"name": "löans.csv", "digest": {"sha256": sha(data.read_bytes())}},
        {"name": "content of loans", "digest": {"assayContent1": document["dataset"]["fingerprint"]}},
    ]


def test_the_predicate_says_what_the_report_says(document, config):
    predicate = statement_of(document, config)["predicate"]
    assert predicate["verdict"] == "reject"
    assert predicate["reasons"] == [{"code": "DQ011", "severity": "critical", "status": "failed"}]
    assert predicate["report"] == {"name": "report.json", "digest": {"sha256": sha(b"{}")}}
    assert predicate["files"] == [{"name": "junit.xml", "digest": {"sha256": sha("ü".encode())}}]
    assert predicate["identity"] == document["manifest"]["identity"]
    assert predicate["waivers"] == document["waivers"]["used"]
    assert predicate["versions"] == {"assay": "0.1.0", "python": "3.11.9"}
    assert predicate["created"] == "2026-03-14T09:26:53+00:00"


def test_the_digest_of_the_configuration_is_of_canonical_json_without_the_output(document, config):
    settings = {key: value for key, value in document["manifest"]["config"].items() if key != "output"}
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":")).encode()
    assert statement_of(document, config)["predicate"]["configuration"] == {"digest": {"sha256": sha(canonical)}}


def test_data_that_changed_since_have_no_file_in_the_subject(document, config, data):
    data.write_text(data.read_text() + "41,f,no\n")
    assert [subject["name"] for subject in statement_of(document, config)["subject"]] == ["content of loans"]
    data.unlink()
    assert [subject["name"] for subject in statement_of(document, config)["subject"]] == ["content of loans"]


def test_a_frame_has_its_content_only(document):
    document["manifest"]["identity"] = None
    statement = statement_of(document, parse_config({"label": "y"}))
    assert [list(subject["digest"]) for subject in statement["subject"]] == [["assayContent1"]]


def test_a_directory_has_a_subject_for_each_file(document, config, tmp_path, monkeypatch):
    folder = tmp_path / "parts"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "1.parquet").write_bytes(b"one")
    (folder / "a.parquet").write_bytes(b"two")
    monkeypatch.setattr("assay.attestation.statement.identity_of", lambda _: document["manifest"]["identity"])
    parted = parse_config({"label": "y", "data": {"path": str(folder)}})
    subject = statement_of(document, parted)["subject"]
    assert subject[:-1] == [
        {"name": "parts/a.parquet", "digest": {"sha256": sha(b"two")}},
        {"name": "parts/b/1.parquet", "digest": {"sha256": sha(b"one")}},
    ]


@pytest.mark.parametrize("verdict", ["pass", "undecided"])
def test_any_verdict_is_attested(document, config, verdict):
    document |= {"verdict": verdict, "reasons": []}
    assert statement_of(document, config)["predicate"]["verdict"] == verdict


def test_messages_are_not_in_it(document, config):
    assert "repeat" not in render_statement(document, TEXTS, config)
