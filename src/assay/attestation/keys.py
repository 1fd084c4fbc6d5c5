"""Ed25519 keys in PEM files, through `cryptography`. No private key is ever written."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from assay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_MAKE = "`openssl genpkey -algorithm ed25519 -out key.pem` makes one"
_PUBLIC = "`openssl pkey -in key.pem -pubout -out public.pem` writes it"


def read_private_key(file: Path, password: Callable[[], str | None]) -> Ed25519PrivateKey:
    """Read a private key (PKCS #8, PEM).

    Parameters
    ----------
    file
        The key.
    password
        Asked only where the key is encrypted; None where there is none.

    Raises
    ------
    ConfigurationError
        Where it is no such key, or the password is missing or wrong.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _read(file)
    # Said by the PEM header (RFC 7468, section 11), and by that of PEM's older encryption (RFC 1421).
    encrypted = b"ENCRYPTED" in content
    given = password() if encrypted else None
    if encrypted and not given:
        raise ConfigurationError(
            f"{file} is encrypted and must be given its password. Set ASSAY_KEY_PASSWORD, or run it in a terminal."
        )
    try:
        key = load_pem_private_key(content, given.encode("utf-8") if given else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        why = "the password is wrong, or it is no private key" if encrypted else "it is no private key"
        raise ConfigurationError(f"{file} must be an Ed25519 private key in PEM: {why}. {_MAKE}.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{file} must be an Ed25519 private key, got another kind of key. {_MAKE}.")
    return key


def read_public_key(file: Path) -> Ed25519PublicKey:
    """Read a public key (SubjectPublicKeyInfo, PEM).

    Raises
    ------
    ConfigurationError
        Where it is none, or of another kind.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_read(file))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"{file} must be an Ed25519 public key in PEM, and is not. {_PUBLIC}.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"{file} must be an Ed25519 public key, got another kind of key. {_PUBLIC}.")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 in hex of the 32 bytes of a public key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}. Name the file of the key.") from error
