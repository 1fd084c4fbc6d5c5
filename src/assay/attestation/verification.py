"""Verifying what an audit attests, offline, from its folder, the data and a public key.

Nothing in `attestation.json` is believed: its statement is made again of `report.json` and compared, digests are
computed, and who made it is known only by a signature of a key that the verifier brings.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.attestation.envelope import PAYLOAD_TYPE, Attestation, read_attestation
from assay.attestation.keys import key_id
from assay.attestation.statement import (
    ATTESTATION,
    CONTENT,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    build_predicate,
    content_subject,
    file_digests,
    sha256,
)
from assay.config_file import parse_config
from assay.errors import AssayError, StorageError
from assay.store import REPORT, read_audit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was verified.

    Attributes
    ----------
    about
        What it is about.
    holds
        Whether it does; None where it was not checked.
    says
        In words.
    """

    about: str
    holds: bool | None
    says: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What verifying an audit showed.

    Attributes
    ----------
    points
        In the order in which they were looked at.
    verdict
        That of `report.json`.
    authenticated
        Whether the statement has a signature of the key that was given.
    """

    points: tuple[Point, ...]
    verdict: str
    authenticated: bool

    @property
    def verified(self) -> bool:
        """Whether nothing that was checked failed."""
        return all(point.holds is not False for point in self.points)


def verify_attestation(
    audit: Path, *, data: Path | None = None, key: Ed25519PublicKey | None = None, same_files: bool = False
) -> Verification:
    """Verify the statement of an audit.

    Parameters
    ----------
    audit
        Directory of the audit.
    data
        File or directory that should be the audited data: read as the audit's configuration says, their content must
        have the fingerprint of the report.
    key
        Public key that must have signed it.
    same_files
        Whether `data` must also be the files whose digests the statement names, where it names any: what a signer
        asks, so that no digest is signed that nobody has seen.

    Raises
    ------
    StorageError
        Where the statement or the report cannot be read, or the report is not whole.
    """
    attestation = read_attestation(audit / ATTESTATION)
    document = read_audit(audit)
    signature = _signature(attestation, key)
    points = [signature]
    statement = _statement(attestation)
    if statement is None:
        points.append(
            Point("statement", holds=False, says="it is no in-toto statement of an audit that this version knows")
        )
        return Verification(tuple(points), str(document.get("verdict")), authenticated=signature.holds is True)
    try:
        points += [
            *_claims(statement, document, audit),
            _data(statement["subject"], document, data, same_files=same_files),
        ]
        verdict = str(document["verdict"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(f"{audit / REPORT} must be a whole report, and lacks parts. Audit again.") from error
    return Verification(tuple(points), verdict, authenticated=signature.holds is True)


def _signature(attestation: Attestation, key: Ed25519PublicKey | None) -> Point:
    about, signatures = "signature", attestation.signatures
    if signatures is None:
        said = "unsigned" if key is None else "unsigned, where a signature of the given key must be"
        return Point(about, None if key is None else False, said)
    if attestation.payload_type != PAYLOAD_TYPE:
        return Point(about, holds=False, says=f"the type must be {PAYLOAD_TYPE}, got {attestation.payload_type}")
    if key is None:
        return Point(about, None, "signed, by whom is not known: give the public key with --key")
    from cryptography.exceptions import InvalidSignature

    for signature in signatures:
        try:
            key.verify(signature.sig, attestation.signed_bytes)
        except InvalidSignature:
            continue
        return Point(about, holds=True, says=f"signed by the given key (sha256 {key_id(key)[:16]})")
    return Point(about, holds=False, says="none of the signatures is of the given key")


def _statement(attestation: Attestation) -> dict[str, Any] | None:
    """Return the statement, or None where it is none about an audit."""
    try:
        found = json.loads(attestation.payload)
        kinds = found["_type"], found["predicateType"]
        about = found["subject"]
        whole = isinstance(found["predicate"], dict) and isinstance(about, list)
        whole = whole and all(isinstance(subject["digest"], dict) for subject in about)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return dict(found) if whole and kinds == (STATEMENT_TYPE, PREDICATE_TYPE) else None


def _claims(statement: Mapping[str, Any], document: dict[str, Any], audit: Path) -> Iterator[Point]:
    """Hold the statement against the report, and the report against the statement."""
    claimed = statement["predicate"]
    made = build_predicate(document, _digests(audit, {REPORT, *(file["name"] for file in _listed(claimed))}))
    same = claimed.get("report") == made["report"]
    said = "has the digest that the statement says" if same else "is not the one that the statement is about"
    yield Point(REPORT, same, said)
    yield _files(claimed, made)
    wrong = [key for key in sorted({*made, *claimed} - {"report", "files"}) if claimed.get(key) != made.get(key)]
    said = (
        "says what report.json says" if not wrong else f"says something else than report.json of: {', '.join(wrong)}"
    )
    yield Point("statement", not wrong, said)
    # All of them: beside the true one, another would be attested too.
    contents = [subject for subject in statement["subject"] if set(subject["digest"]) != {"sha256"}]
    holds = contents == [content_subject(document)]
    said = "is that of report.json" if holds else "is not that of report.json"
    yield Point("fingerprint", holds, said)


def _files(claimed: Mapping[str, Any], made: Mapping[str, Any]) -> Point:
    """Hold the other forms of the report against their digests; one that is gone misleads nobody."""
    now = {file["name"]: file["digest"] for file in made["files"]}
    stated = _listed(claimed)
    changed = [file["name"] for file in stated if file["name"] in now and file.get("digest") != now[file["name"]]]
    gone = [file["name"] for file in stated if file["name"] not in now]
    if changed:
        return Point("other files", holds=False, says=f"changed: {', '.join(sorted(changed))}")
    said = f"{len(now)} have the digests that the statement says"
    return Point("other files", holds=True, says=said + (f"; not there: {', '.join(sorted(gone))}" if gone else ""))


def _data(subjects: list[dict[str, Any]], document: dict[str, Any], data: Path | None, *, same_files: bool) -> Point:
    if data is None:
        return Point("data", None, "not checked: give the file with --data")
    try:
        found = _files_of(file_digests(data))
    except OSError as error:
        raise StorageError(f"{data} cannot be read: {error.strerror}. Name the file of the data.") from error
    stated = _files_of(subject for subject in subjects if CONTENT not in subject["digest"])
    same = bool(stated) and found == stated
    # Asked for whatever the files' digests are: these stand beside the fingerprint, and only the content ties the two.
    fingerprint = _fingerprint(document, data)
    but = "have the digest that the statement says, but " if same else "are others than the audited ones, and "
    if fingerprint is None:
        return Point("data", holds=False, says=f"{but}cannot be read as the audited ones were")
    if fingerprint != document["dataset"]["fingerprint"]:
        said = f"{but}not the content of the audited ones" if same else "are others than the audited ones"
        return Point("data", holds=False, says=said)
    if same:
        return Point("data", holds=True, says="have the digest that the statement says, and the content")
    if stated and same_files:
        return Point("data", holds=False, says="have the content, but not the digest that the statement says")
    other = ", in another file" if stated else ""
    return Point("data", holds=True, says=f"have the content of the audited ones, cell by cell{other}")


def _files_of(subjects: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, str]]:
    """Files by their place in the folder of the data ("" for a single file, which may be renamed) and SHA-256."""
    pairs = ((str(subject.get("name", "")), str(subject["digest"].get("sha256"))) for subject in subjects)
    return Counter((name.partition("/")[2], digest) for name, digest in pairs)


def _fingerprint(document: dict[str, Any], data: Path) -> str | None:
    """Fingerprint of the content of a file, read as the audit read its data; None where that fails."""
    from assay.ingest import read_dataset

    settings = dict(document["manifest"]["config"])
    reading = dict(settings.get("data") or {})
    former = reading.get("path")
    # Another file may be of another format, which its name tells.
    kept = ("delimiter", "encoding", "decimal", "thousands", "header", "names", "missing", "default_missing", "sheet")
    same = former is not None and Path(former).suffix == data.suffix
    reading = {key: value for key, value in reading.items() if key in kept or (same and key == "format")}
    try:
        config = parse_config({**settings, "data": {**reading, "path": str(data.resolve())}})
        return read_dataset(config, checks=()).fingerprint
    except AssayError:
        return None


def _digests(audit: Path, names: set[str]) -> dict[str, str]:
    """SHA-256 of the files of an audit that have one of these names; no name leads out of its directory."""
    try:
        return {
            file.name: sha256(file.read_bytes()) for file in audit.iterdir() if file.name in names and file.is_file()
        }
    except OSError as error:
        raise StorageError(f"{audit} cannot be read: {error.strerror}. Allow it, and verify again.") from error


def _listed(claimed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The other files that a statement names."""
    files = claimed.get("files")
    entries = files if isinstance(files, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
