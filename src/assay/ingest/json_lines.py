"""JSON Lines: one object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from assay.errors import InputError
from assay.ingest.text_file import open_text

if TYPE_CHECKING:
    from pathlib import Path


def read_json_lines(path: Path, encoding: str) -> pd.DataFrame:
    """Read one JSON object a line, gzip-compressed or not; a key that a line lacks is missing there.

    Columns stand in the order in which their keys first appear.

    Raises
    ------
    InputError
        Where a line is not a JSON object, or there is none.
    """
    rows: list[dict[str, Any]] = []
    with open_text(path, encoding) as text:
        for number, line in enumerate(text, 1):
            if line.strip():
                rows.append(_parse(path, number, line))
    if not rows:
        raise InputError(f"{path} must have a JSON object on each line, got blank lines only. Name another file.")
    return pd.DataFrame(rows)


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if "\\ud" in line.casefold():
            # Half of a surrogate pair can be written in JSON, but is no character.
            row = json.loads(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        what = "text that is not JSON"
        if number == 1 and line.lstrip().startswith("["):
            what = "the beginning of a JSON array"
        raise InputError(
            f"{path}, line {number:,}: every line must be a JSON object, got {what}. Write one object a line "
            "(pandas: `to_json(path, orient='records', lines=True)`)."
        ) from error
    if not isinstance(row, dict):
        kind = {list: "an array", str: "a text", type(None): "null"}.get(type(row), "a number or a boolean")
        raise InputError(
            f"{path}, line {number:,}: every line must be a JSON object, got {kind}. Write one object a line "
            "(pandas: `to_json(path, orient='records', lines=True)`)."
        )
    return row
