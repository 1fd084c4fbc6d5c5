"""Verifying: what is true passes, and whatever is forged, by whomever, does not."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from stored import Stored

from assay.attestation import sign_attestation, verify_attestation
from assay.attestation.statement import build_predicate, sha256
from assay.config_file import parse_config
from assay.errors import StorageError
from assay.known import identity_of
from assay.store import save_audit

OTHER = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)


def failed(found) -> list[str]:
    return [point.about for point in found.points if point.holds is False]


def edit(file, change) -> None:
    """Change the JSON of a bare statement."""
    statement = json.loads(file.read_text(encoding="utf-8"))
    change(statement)
    file.write_text(json.dumps(statement), encoding="utf-8")


def test_unsigned_is_consistent_and_not_authenticated(audit, data):
    found = verify_attestation(audit, data=data)
    assert found.verified
    assert not found.authenticated
    assert [(point.about, point.holds) for point in found.points] == [
        ("signature", None),
        ("report.json", True),
        ("other files", True),
        ("statement", True),
        ("fingerprint", True),
        ("data", True),
    ]


def test_signed_is_authenticated_by_its_key_only(audit, data, private):
    sign_attestation(audit, private)
    found = verify_attestation(audit, data=data, key=private.public_key())
    assert found.verified
    assert found.authenticated
    assert failed(verify_attestation(audit, key=OTHER.public_key())) == ["signature"]
    without = verify_attestation(audit)
    assert without.verified
    assert not without.authenticated


def test_the_signature_is_of_the_encoding_of_the_specification(audit, private):
    statement = (audit / "attestation.json").read_bytes()
    sign_attestation(audit, private)
    envelope = json.loads((audit / "attestation.json").read_text())
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert base64.b64decode(envelope["payload"]) == statement
    signed = b"DSSEv1 28 application/vnd.in-toto+json " + str(len(statement)).encode() + b" " + statement
    private.public_key().verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)


def test_a_key_demands_a_signature(audit, private):
    assert failed(verify_attestation(audit, key=private.public_key())) == ["signature"]


def test_a_second_signer_adds_and_the_same_replaces(audit, private):
    for key in (private, OTHER, private):
        sign_attestation(audit, key)
    assert len(json.loads((audit / "attestation.json").read_text())["signatures"]) == 2
    for key in (private, OTHER):
        assert verify_attestation(audit, key=key.public_key()).authenticated


def test_a_keyid_is_believed_by_nobody(audit, private):
    sign_attestation(audit, OTHER)
    file = audit / "attestation.json"
    envelope = json.loads(file.read_text())
    from assay.attestation.keys import key_id

    envelope["signatures"][0]["keyid"] = key_id(private.public_key())
    file.write_text(json.dumps(envelope))
    assert failed(verify_attestation(audit, key=private.public_key())) == ["signature"]


def test_another_payload_under_the_same_signature(audit, private):
    sign_attestation(audit, private)
    file = audit / "attestation.json"
    envelope = json.loads(file.read_text())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["predicate"]["verdict"] = "pass"
    envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    file.write_text(json.dumps(envelope))
    assert failed(verify_attestation(audit, key=private.public_key())) == ["signature", "statement"]
    assert failed(verify_attestation(audit)) == ["statement"]


def test_another_type_of_payload(audit, private):
    sign_attestation(audit, private)
    file = audit / "attestation.json"
    envelope = json.loads(file.read_text())
    envelope["payloadType"] = "application/vnd.other+json"
    file.write_text(json.dumps(envelope))
    for key in (None, private.public_key()):
        assert "signature" in failed(verify_attestation(audit, key=key))


def test_a_changed_report_is_noticed(audit):
    file = audit / "report.json"
    file.write_text(file.read_text().replace('"verdict": "reject"', '"verdict": "pass"'))
    assert failed(verify_attestation(audit)) == ["report.json", "statement"]


def test_a_report_and_a_digest_that_were_changed_together_still_lack_the_signature(audit, private):
    sign_attestation(audit, private)
    signed = json.loads((audit / "attestation.json").read_text())
    statement = json.loads(base64.b64decode(signed["payload"]))
    report = audit / "report.json"
    report.write_text(report.read_text().replace('"verdict": "reject"', '"verdict": "pass"'))
    import hashlib

    statement["predicate"]["verdict"] = "pass"
    statement["predicate"]["report"]["digest"]["sha256"] = hashlib.sha256(report.read_bytes()).hexdigest()
    (audit / "attestation.json").write_text(json.dumps(statement))
    forged = verify_attestation(audit)
    assert forged.verified
    assert not forged.authenticated
    assert failed(verify_attestation(audit, key=private.public_key())) == ["signature"]


CLAIMS = {
    "verdict": "pass",
    "reasons": [],
    "identity": "0" * 64,
    "configuration": {"digest": {"sha256": "0" * 64}},
    "suite": {"digest": {"sha256": "0" * 64}},
    "versions": {},
    "created": "2030-01-01T00:00:00+00:00",
    "waivers": [],
    "dataset": {"name": "other"},
    "unheard of": True,
}


@pytest.mark.parametrize("key", CLAIMS)
def test_every_claim_is_held_against_the_report(audit, key):
    edit(audit / "attestation.json", lambda statement: statement["predicate"].update({key: CLAIMS[key]}))
    found = verify_attestation(audit)
    assert failed(found) == ["statement"]
    assert key in next(point.says for point in found.points if point.about == "statement")


def test_a_page_that_says_something_else_is_noticed_and_a_missing_one_is_told(audit):
    (audit / "report.html").write_text("<p>pass</p>")
    (audit / "report.md").unlink()
    found = verify_attestation(audit)
    assert failed(found) == ["other files"]
    assert next(point.says for point in found.points if point.about == "other files") == "changed: report.html"
    (audit / "report.html").unlink()
    assert verify_attestation(audit).verified


def test_a_statement_makes_nobody_read_files_elsewhere(audit, tmp_path):
    (tmp_path / "secret").write_text("s")
    entry = {"name": "../../../secret", "digest": {"sha256": "0" * 64}}
    edit(audit / "attestation.json", lambda statement: statement["predicate"]["files"].append(entry))
    found = verify_attestation(audit)
    assert "not there: ../../../secret" in next(point.says for point in found.points if point.about == "other files")


SUBJECTS = [[], {}, None, ["x"], [{"digest": 3}], [{"digest": {"sha256": ["x"]}}], [{"name": "a"}]]


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_odd_subjects_fail_and_crash_nothing(audit, data, subject):
    edit(audit / "attestation.json", lambda statement: statement.update({"subject": subject}))
    assert failed(verify_attestation(audit, data=data))


@pytest.mark.parametrize("files", [None, {}, [3], [{"name": ["x"]}], [{}]], ids=str)
def test_odd_files_crash_nothing(audit, files):
    edit(audit / "attestation.json", lambda statement: statement["predicate"].update({"files": files}))
    assert verify_attestation(audit).verified


@pytest.mark.parametrize("content", ["{}", "[]", "3", '"x"', '{"_type": "https://in-toto.io/Statement/v0.1"}'])
def test_another_statement_is_not_verified(audit, content):
    (audit / "attestation.json").write_text(content)
    assert failed(verify_attestation(audit)) == ["statement"]


@pytest.mark.parametrize(
    "change",
    [{"manifest": {}}, {"manifest": None}, {"waivers": []}, {"dataset": 3}, {"reasons": [{}]}, {"baseline": 3}],
    ids=str,
)
def test_a_report_that_is_not_whole_is_a_message(audit, change):
    file = audit / "report.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(StorageError, match="must be a whole report"):
        verify_attestation(audit)


def test_what_the_baseline_accepts_is_attested(document, config):
    entry = {"check": "DQ011", "subject": "x", "title": "t", "owner": "Ada", "reason": "r", "expires": None}
    document["baseline"] = {"accepted": [{**entry, "finding": "DQ011-1", "value": 0.3}]}
    made = build_predicate(document, {"report.json": "0" * 64})
    assert made["accepted"] == [{**entry, "finding": "DQ011-1"}]


def test_other_data_are_noticed(audit, data):
    data.write_text(data.read_text().replace("39,m", "38,m"))
    assert failed(verify_attestation(audit, data=data)) == ["data"]


def test_the_same_content_in_another_file_has_the_fingerprint(audit, data, tmp_path):
    other = tmp_path / "copy.parquet"
    pd.read_csv(data).to_parquet(other)
    found = verify_attestation(audit, data=other)
    assert found.verified
    assert "in another file" in found.points[-1].says
    pd.read_csv(data).iloc[::-1].to_parquet(other)
    assert failed(verify_attestation(audit, data=other)) == ["data"]


def test_data_that_cannot_be_read_as_the_audit_read_them(audit, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    assert failed(verify_attestation(audit, data=other)) == ["data"]


def test_data_that_are_not_there_are_a_mistake(audit, tmp_path):
    with pytest.raises(StorageError, match="Name the file of the data"):
        verify_attestation(audit, data=tmp_path / "none.csv")


def test_the_digest_of_another_file_beside_the_true_fingerprint_is_believed_by_nobody(audit, data, tmp_path):
    evil = tmp_path / "evil.csv"
    evil.write_text(data.read_text().replace("39,m", "38,m"))

    def forge(statement):
        statement["subject"][0] = {"name": "evil.csv", "digest": {"sha256": sha256(evil.read_bytes())}}

    edit(audit / "attestation.json", forge)
    assert failed(verify_attestation(audit, data=evil)) == ["data"]
    assert failed(verify_attestation(audit, data=data, same_files=True)) == ["data"]


@pytest.mark.parametrize("digest", [{"assayContent1": "0" * 64}, {"assayContent1": "0" * 64, "sha256": "0" * 64}, {}])
def test_a_second_content_beside_the_true_one_is_noticed(audit, digest):
    edit(audit / "attestation.json", lambda statement: statement["subject"].append({"name": "x", "digest": digest}))
    assert failed(verify_attestation(audit)) == ["fingerprint"]


def test_a_file_may_be_renamed(audit, data):
    found = verify_attestation(audit, data=data.rename(data.with_name("renamed.csv")), same_files=True)
    assert found.verified


@pytest.fixture
def parts(data) -> Path:
    """A folder of two Parquet files."""
    folder = data.with_name("parts")
    folder.mkdir()
    frame = pd.read_csv(data)
    frame[:20].to_parquet(folder / "a.parquet")
    frame[20:].to_parquet(folder / "b.parquet")
    return folder


@pytest.fixture
def audit_of_parts(parts, config, document, tmp_path) -> Path:
    values = config.model_dump(mode="json")
    config = parse_config({**values, "data": {"path": str(parts)}})
    document["manifest"] |= {"config": config.model_dump(mode="json"), "identity": identity_of(config)}
    return save_audit(Stored(config, document), tmp_path / "audits", "parts")


def test_a_folder_has_its_files_under_their_names(audit_of_parts, parts):
    assert verify_attestation(audit_of_parts, data=parts, same_files=True).verified
    moved = parts.rename(parts.with_name("moved"))
    assert verify_attestation(audit_of_parts, data=moved, same_files=True).verified


@pytest.mark.parametrize("damage", ["doubled", "swapped", "gone"])
def test_a_folder_of_other_files_is_noticed(audit_of_parts, parts, damage):
    first, second = parts / "a.parquet", parts / "b.parquet"
    match damage:
        case "doubled":
            shutil.copy(first, parts / "c.parquet")
        case "swapped":
            first.rename(parts / "z.parquet")
        case "gone":
            second.unlink()
    assert failed(verify_attestation(audit_of_parts, data=parts)) == ["data"]
