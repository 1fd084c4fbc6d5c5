"""The in-toto Statement (version 1) about an audit: whose verdict it is, and what it stands on.

Specification: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. docs/attestation.md describes the
predicate, which is made of `report.json` alone: so a verifier makes it again, and believes nothing that stands in it.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from assay.known import identity_of
from assay.store import REPORT
from assay.utf8 import encodable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assay.config import AuditConfig

ATTESTATION = "attestation.json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:assay:audit:v1"
# Name of the content fingerprint (`assay.ingest.fingerprint`) in a digest set; lowercase hex, as SHA-256.
CONTENT = "assayContent1"
_BLOCK = 1 << 20


def render_statement(document: Mapping[str, Any], texts: Mapping[str, str], config: AuditConfig) -> str:
    """Statement about an audit as JSON text.

    Parameters
    ----------
    document
        The report, as `report.json` holds it.
    texts
        Files of the audit by name, as they are written in UTF-8; `report.json` is one of them.
    config
        Names the file of the data. Its digest is stated only where the file is still the one that was audited.
    """
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [*_audited_files(config, document["manifest"].get("identity")), content_subject(document)],
        "predicateType": PREDICATE_TYPE,
        "predicate": build_predicate(document, {name: sha256(text.encode()) for name, text in texts.items()}),
    }
    return json.dumps(statement, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def content_subject(document: Mapping[str, Any]) -> dict[str, Any]:
    """The data by their content, whatever file they are in."""
    name = f"content of {document['name']}"
    return {"name": name, "digest": {CONTENT: document["dataset"]["fingerprint"]}}


def file_digests(path: Path) -> list[dict[str, Any]]:
    """A subject for the file at `path`, or for each file below the directory `path`, in the order of their names.

    Raises
    ------
    OSError
        Where one cannot be read.
    """
    if not path.is_dir():
        return [_file_subject(path, path.name)]
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return [_file_subject(file, f"{path.name}/{file.relative_to(path).as_posix()}") for file in files]


def build_predicate(document: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """What is said of the data.

    Parameters
    ----------
    document
        The report.
    files
        SHA-256 in hex of the files of the audit by name; `report.json` is one of them.
    """
    manifest = document["manifest"]
    config = {key: value for key, value in manifest["config"].items() if key != "output"}
    suite = manifest.get("suite_sha256")
    return {
        "verdict": document["verdict"],
        "reasons": [{key: reason[key] for key in ("code", "severity", "status")} for reason in document["reasons"]],
        "report": {"name": REPORT, "digest": {"sha256": files[REPORT]}},
        "files": [
            {"name": name, "digest": {"sha256": digest}} for name, digest in sorted(files.items()) if name != REPORT
        ],
        "dataset": {
            "name": document["name"],
            "rows": document["dataset"]["rows"],
            "columns": document["dataset"]["columns"],
        },
        "identity": manifest.get("identity"),
        "configuration": {"digest": {"sha256": sha256(_canonical(config))}},
        "suite": None if suite is None else {"digest": {"sha256": suite}},
        "versions": {"assay": manifest["assay"], **manifest["versions"]},
        "created": manifest["created"],
        "waivers": document["waivers"]["used"],
        "accepted": [
            {key: entry[key] for key in ("check", "subject", "title", "owner", "reason", "expires", "finding")}
            for entry in (document.get("baseline") or {}).get("accepted", [])
        ],
    }


def sha256(content: bytes) -> str:
    """SHA-256 in lowercase hex."""
    return hashlib.sha256(content).hexdigest()


def _audited_files(config: AuditConfig, identity: str | None) -> list[dict[str, Any]]:
    """The files of the data, none where they are in no file or no longer known to be what was audited."""
    if identity is None or config.data is None or config.data.path is None:
        return []
    try:
        found = file_digests(config.data.path)
    except OSError:  # gone since
        return []
    # Hashed first, and only then held against the audited identity: what changes in between is noticed.
    return found if identity_of(config) == identity else []


def _file_subject(file: Path, name: str) -> dict[str, Any]:
    found = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
    return {"name": encodable(name), "digest": {"sha256": found.hexdigest()}}


def _canonical(value: Any) -> bytes:
    """JSON with sorted keys, without spaces, in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
