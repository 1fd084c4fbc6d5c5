"""`assay sign` and `assay verify`: lines, exit codes, keys."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from key_files import write_key
from stored import Stored
from typer.testing import CliRunner

from assay.cli import app
from assay.store import save_audit


def assay(*arguments, **options):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **options)


def test_sign_and_verify(audit, data, key_file, public_file):
    before = key_file.read_bytes()
    signed = assay("sign", audit, "--key", key_file)
    assert signed.exit_code == 0
    assert "verdict reject" in signed.stdout
    result = assay("verify", audit, "--data", data, "--key", public_file)
    assert result.exit_code == 0
    assert "Verified, authenticated by the given key. The verdict is reject." in result.stdout
    assert key_file.read_bytes() == before
    assert "PRIVATE" not in "".join(file.read_text() for file in audit.iterdir())


def test_unsigned_says_so(audit):
    result = assay("verify", audit)
    assert result.exit_code == 0
    assert "unsigned" in result.stdout
    assert "Consistent, not authenticated" in result.stdout


def test_a_changed_report_is_not_verified_and_not_signed(audit, key_file):
    (audit / "report.html").write_text("pass")
    before = (audit / "attestation.json").read_bytes()
    result = assay("verify", audit)
    assert result.exit_code == 1
    assert "FAILED  other files: changed: report.html" in result.stdout
    assert "Not verified." in result.stdout
    assert assay("sign", audit, "--key", key_file).exit_code == 1
    assert (audit / "attestation.json").read_bytes() == before


def test_json(audit, public_file):
    found = json.loads(assay("verify", audit, "--json", "--key", public_file).stdout)
    assert (found["verified"], found["authenticated"], found["verdict"]) == (False, False, "reject")
    assert found["points"][0] == {
        "about": "signature",
        "holds": False,
        "says": "unsigned, where a signature of the given key must be",
    }


def test_an_encrypted_key_takes_its_password_from_the_environment(audit, private, tmp_path, monkeypatch):
    key = write_key(tmp_path / "locked.pem", private, b"s\xc3\xa9same")
    monkeypatch.delenv("ASSAY_KEY_PASSWORD", raising=False)
    result = assay("sign", audit, "--key", key)
    assert result.exit_code == 2
    assert "Set ASSAY_KEY_PASSWORD" in result.stderr
    monkeypatch.setenv("ASSAY_KEY_PASSWORD", "wrong")
    result = assay("sign", audit, "--key", key)
    assert result.exit_code == 2
    assert "the password is wrong" in result.stderr
    assert "wrong" not in result.stderr.replace("password is wrong", "")
    monkeypatch.setenv("ASSAY_KEY_PASSWORD", "sésame")
    assert assay("sign", audit, "--key", key).exit_code == 0


@pytest.mark.parametrize("kind", ["rsa", "ec", "public", "text", "missing", "directory"])
def test_keys_of_other_kinds_are_refused(audit, public_file, tmp_path, kind):
    key = tmp_path / "odd.pem"
    match kind:
        case "rsa":
            write_key(key, rsa.generate_private_key(65537, 2048))
        case "ec":
            write_key(key, ec.generate_private_key(ec.SECP256R1()))
        case "public":
            key = public_file
        case "text":
            key.write_text("no key")
        case "directory":
            key.mkdir()
    result = assay("sign", audit, "--key", key)
    assert result.exit_code == 2
    assert str(key.name) in result.stderr
    if kind != "public":
        assert assay("verify", audit, "--key", key).exit_code == 2


def test_a_private_key_is_no_public_one(audit, key_file):
    result = assay("verify", audit, "--key", key_file)
    assert result.exit_code == 2
    assert "-pubout" in result.stderr


def test_no_audit_and_no_attestation_are_mistakes(audit, tmp_path):
    assert assay("verify", "latest", "--folder", tmp_path / "none").exit_code == 2
    (audit / "attestation.json").unlink()
    result = assay("verify", audit)
    assert result.exit_code == 2
    assert "older versions write none" in result.stderr


def test_cryptography_is_loaded_only_where_a_key_is_needed():
    code = "import sys, assay.attestation, assay.report; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_data_that_are_not_the_audited_ones_are_not_signed(audit, data, key_file, tmp_path):
    before = (audit / "attestation.json").read_bytes()
    evil = tmp_path / "evil.csv"
    evil.write_text(data.read_text().replace("39,m", "38,m"))
    assert assay("sign", audit, "--key", key_file, "--data", evil).exit_code == 1
    again = tmp_path / "again.csv"
    again.write_text(data.read_text() + "\n")  # the same content in other bytes
    assert assay("verify", audit, "--data", again).exit_code == 0
    result = assay("sign", audit, "--key", key_file, "--data", again)
    assert result.exit_code == 1
    assert "not the digest that the statement says" in result.stdout
    evil.replace(data)
    assert assay("sign", audit, "--key", key_file).exit_code == 1
    assert (audit / "attestation.json").read_bytes() == before


def test_nothing_is_signed_of_data_that_nobody_has_seen(audit, data, key_file):
    moved = data.rename(data.with_name("moved.csv"))
    result = assay("sign", audit, "--key", key_file)
    assert result.exit_code == 2
    assert "Give them with --data" in result.stderr
    assert assay("sign", audit, "--key", key_file, "--data", moved).exit_code == 0


def test_data_of_a_frame_must_be_given(config, document, data, key_file, tmp_path):
    config = config.model_copy(update={"data": None})
    document["manifest"] |= {"config": config.model_dump(mode="json"), "identity": None}
    audit = save_audit(Stored(config, document), tmp_path / "audits", "frame")
    result = assay("sign", audit, "--key", key_file)
    assert result.exit_code == 2
    assert "in no file that the audit names" in result.stderr
    assert assay("sign", audit, "--key", key_file, "--data", data).exit_code == 0
