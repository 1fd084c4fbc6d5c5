"""The files that a report is about, named as a CI system names them: from the root of the checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def data_file(document: dict[str, Any]) -> str | None:
    """File or folder of the data; None where they are in a database or came as a frame."""
    return _from_checkout((document["manifest"]["config"].get("data") or {}).get("path"))


def suite_file(document: dict[str, Any]) -> str | None:
    """File of the expectation suite; None where there is none."""
    return _from_checkout((document["manifest"]["config"].get("validation") or {}).get("suite"))


def _from_checkout(path: str | None) -> str | None:
    """`path` from the nearest folder above it that git knows, else from the working directory, else as it is.

    CI systems show a finding beside a file only where they find the file in the checkout.
    """
    if path is None:
        return None
    file = Path(path)
    for root in (*(folder for folder in file.parents if (folder / ".git").exists()), Path.cwd()):
        if file.is_relative_to(root):
            return file.relative_to(root).as_posix()
    return file.as_posix()
