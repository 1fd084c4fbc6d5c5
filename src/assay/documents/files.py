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


def write_documents(documents: Mapping[str, Mapping[str, Any]], folder: Path) -> list[Path]:
    """Write each document as JSON and Markdown, each file whole or not at all, and return the files.

    Parameters
    ----------
    documents
        By name, as `build_documents` returns them.
    folder
        Is made where it is missing.

    Raises
    ------
    StorageError
        Where a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}. Give another folder.") from error
    written = []
    for name, document in documents.items():
        texts = {
            ".json": json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
            ".md": render_markdown(document),
        }
        for ending, text in texts.items():
            file = folder / (name + ending)
            with whole_file(file) as partial:
                partial.write_text(text, encoding="utf-8", newline="\n")
            written.append(file)
    return written
