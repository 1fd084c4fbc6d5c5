"""Signing what an audit attests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.attestation.envelope import PAYLOAD_TYPE, Attestation, Signature, read_attestation
from assay.attestation.keys import key_id
from assay.attestation.statement import ATTESTATION
from assay.store import whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def sign_attestation(audit: Path, key: Ed25519PrivateKey) -> Path:
    """Put the statement of an audit into a DSSE envelope with a signature; return the file, `attestation.json`.

    A second signer adds a signature; a second time with one key replaces the first. Whether the statement is true is
    asked by `verify_attestation`, before.

    Raises
    ------
    StorageError
        Where there is no statement, or the envelope cannot be written.
    """
    file = audit / ATTESTATION
    found = read_attestation(file)
    identifier = key_id(key.public_key())
    others = tuple(signature for signature in found.signatures or () if signature.keyid != identifier)
    unsigned = Attestation(found.payload, PAYLOAD_TYPE)
    signature = Signature(key.sign(unsigned.signed_bytes), identifier)
    envelope = Attestation(found.payload, PAYLOAD_TYPE, (*others, signature))
    with whole_file(file) as partial:
        partial.write_text(envelope.to_json(), encoding="utf-8", newline="\n")
    return file
