"""Keys in files."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization


def write_key(file: Path, key, password: bytes | None = None) -> Path:
    lock = serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock))
    return file
