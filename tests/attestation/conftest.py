"""An audit on disk whose data are a file, and keys."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from key_files import write_key
from stored import Stored

from assay.config_file import parse_config
from assay.ingest import read_dataset
from assay.known import identity_of
from assay.store import save_audit


@pytest.fixture
def data(tmp_path) -> Path:
    file = tmp_path / "löans.csv"
    frame = pd.DataFrame({"x": range(40), "sex": ["f", "m"] * 20, "y": ["no", "yes", "no", "no"] * 10})
    frame.to_csv(file, index=False)
    return file


@pytest.fixture
def config(data, tmp_path):
    waiver = {"check": "DQ018", "owner": "Ada", "reason": "Known.", "expires": "2999-01-01"}
    return parse_config(
        {
            "label": "y",
            "sensitive": ["sex"],
            "data": {"path": str(data)},
            "policy": {"waivers": [waiver]},
            "output": {"folder": str(tmp_path / "audits")},
        }
    )


@pytest.fixture
def document(config):
    """A report of these data, as far as an attestation needs one."""
    fingerprint = read_dataset(config).fingerprint
    return {
        "schema": "assay-report/1",
        "name": "loans",
        "verdict": "reject",
        "reasons": [{"code": "DQ011", "severity": "critical", "status": "failed", "message": "3 of 40 rows repeat."}],
        "dataset": {"rows": 40, "columns": 3, "fingerprint": fingerprint},
        "waivers": {"used": [{"check": "DQ018", "owner": "Ada", "finding": "DQ018-1"}]},
        "manifest": {
            "assay": "0.1.0",
            "versions": {"python": "3.11.9"},
            "created": "2026-03-14T09:26:53+00:00",
            "config": config.model_dump(mode="json"),
            "suite_sha256": None,
            "identity": identity_of(config),
        },
    }


@pytest.fixture
def audit(config, document, tmp_path) -> Path:
    return save_audit(Stored(config, document), tmp_path / "audits", "loans")


@pytest.fixture
def private() -> Ed25519PrivateKey:
    # The first key of RFC 8032, section 7.1.
    return Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )


@pytest.fixture
def key_file(private, tmp_path) -> Path:
    return write_key(tmp_path / "key.pem", private)


@pytest.fixture
def public_file(private, tmp_path) -> Path:
    file = tmp_path / "public.pem"
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    file.write_bytes(private.public_key().public_bytes(serialization.Encoding.PEM, form))
    return file
