"""The documents as files: `<name>.json` and `<name>.md` for each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from assay.documents.markdown import render_markdown
from assay.errors import StorageError
from assay.store import whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Of the documents, in the directory of an audit.
FOLDER = "documents"


def write_documents(documents: Mapping[str, Mapping[str, Any]], folder: Path, *, replace: bool = True) -> list[Path]:
    """Write each document as JSON and Markdown, each file whole or not at all, and return the files.

    Parameters
    ----------
    documents
        By name, as `build_documents` returns them.
    folder
        Is made where it is missing.
    replace
        Whether files that say something else are replaced; else nothing is written where there are any.

    Raises
    ------
    StorageError
        Where a file cannot be written, or would be replaced and may not.
    """
    texts: dict[Path, str] = {}
    for name, document in documents.items():
        texts[folder / f"{name}.json"] = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        texts[folder / f"{name}.md"] = render_markdown(document)
    if not replace and (others := [file for file, text in texts.items() if _says_something_else(file, text)]):
        raise StorageError(
            f"{others[0]} must not be replaced, got another content{_and_more(len(others) - 1)}. "
            "Write elsewhere with --out, or replace what is there with --replace."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}. Give another folder.") from error
    for file, text in texts.items():
        with whole_file(file) as partial:
            partial.write_text(text, encoding="utf-8", newline="\n")
    return list(texts)


def _says_something_else(file: Path, text: str) -> bool:
    try:
        return file.read_bytes() != text.encode("utf-8")
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}. Write elsewhere with --out.") from error


def _and_more(count: int) -> str:
    return f" (and {count:,} more files)" if count else ""
