"""DSSE, the envelope of a signed statement: what exactly is signed, and reading what comes from elsewhere.

Specification: Dead Simple Signing Envelope 1.0.0, https://github.com/secure-systems-lab/dsse/blob/master/protocol.md.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

PAYLOAD_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature; `keyid` is a hint that nobody vouches for."""

    sig: bytes
    keyid: str = ""


@dataclass(frozen=True, slots=True)
class Attestation:
    """An `attestation.json`, signed or not.

    Attributes
    ----------
    payload
        The statement, as the bytes that are signed.
    payload_type
        Of an envelope; `PAYLOAD_TYPE` of a bare statement.
    signatures
        None for a bare statement.
    """

    payload: bytes
    payload_type: str = PAYLOAD_TYPE
    signatures: tuple[Signature, ...] | None = None

    @property
    def signed_bytes(self) -> bytes:
        """What a signature is of."""
        return pre_authentication_encoding(self.payload_type, self.payload)

    def to_json(self) -> str:
        """Return the envelope as JSON text; a bare statement as it is."""
        if self.signatures is None:
            return self.payload.decode("utf-8")
        envelope = {
            "payload": base64.b64encode(self.payload).decode("ascii"),
            "payloadType": self.payload_type,
            "signatures": [
                {"keyid": signature.keyid, "sig": base64.b64encode(signature.sig).decode("ascii")}
                for signature in self.signatures
            ],
        }
        return json.dumps(envelope, indent=1) + "\n"


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """PAE of the specification: both parts with their lengths in bytes, so that neither can reach into the other.

    >>> pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def read_attestation(file: Path) -> Attestation:
    """Read a bare statement or an envelope.

    Raises
    ------
    StorageError
        Where there is none, or it is neither.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise StorageError(
            f"{file} must be there, and is not: `assay validate` and older versions write none. Audit again."
        ) from error
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}. Allow it, or audit again.") from error
    try:
        found = json.loads(content)
        return _envelope(found) if isinstance(found, dict) and "payloadType" in found else Attestation(content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StorageError(f"{file} must be an in-toto statement or a DSSE envelope, and is neither.") from error


def _envelope(found: dict[str, Any]) -> Attestation:
    signatures = tuple(Signature(_decode(entry["sig"]), str(entry.get("keyid", ""))) for entry in found["signatures"])
    if not signatures or not isinstance(found["payloadType"], str):
        raise ValueError("an envelope has signatures, and a type")
    found["payloadType"].encode("utf-8")  # a lone surrogate has no bytes that could be signed
    return Attestation(_decode(found["payload"]), found["payloadType"], signatures)


def _decode(text: str) -> bytes:
    """Decode base64 in either alphabet: a verifier must take both."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
