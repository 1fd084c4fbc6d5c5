"""Where the data are: a file of some format, a directory, or a database; and all the ways it can fail to be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from assay.data_config import DataConfig

FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".data": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".feather": "feather",
    ".arrow": "feather",
    ".ipc": "feather",
    ".xlsx": "excel",
    ".xlsm": "excel",
}
NAMED_FORMATS = ("csv", "tsv", "parquet", "jsonl", "feather", "excel")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What was read.

    Attributes
    ----------
    frame
        As the format's own reader gives it.
    name
        Where it came from, fit to be shown.
    padded
        Column -> (R,) positions of the rows whose text, but for spaces around it, is another row's text.
    """

    frame: pd.DataFrame
    name: str
    padded: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)


def read_source(data: DataConfig, id: str | None = None, group: str | None = None) -> Source:  # noqa: A002 -- the key
    """Read the file, the directory of Parquet files or the query that the configuration names.

    Parameters
    ----------
    data
        Where the data are and how to read them.
    id, group
        Columns whose texts tell rows apart: none may become a number that is written in another way.

    Raises
    ------
    InputError
        Where it is not there, may not be read, is not what its name says, or does not fit into memory.
    """
    if not data.has_source:
        raise InputError(
            "The data must be named by `data.path`, or by `data.connection` and `data.query` or `data.table`, got "
            "neither."
        )
    if data.path is None:
        from assay.ingest.database import read_query, read_table

        assert data.connection is not None
        if data.query is not None:
            frame, name = read_query(data.connection, data.query)
        else:
            assert data.table is not None
            frame, name = read_table(data.connection, data.table)
        return Source(frame, name)
    path = Path(data.path)
    try:
        return _read_path(path, data, id, group)
    except FileNotFoundError as error:
        raise InputError(_absent(path)) from error
    except MemoryError as error:
        raise InputError(
            f"{path} must fit into memory, got more data than there is room for. Audit a random sample of the rows, "
            "or use a machine with more memory."
        ) from error
    except OSError as error:
        reason = error.strerror or "its content is damaged"
        raise InputError(f"{path} cannot be read: {reason}. See to it, and run again.") from error


def format_of(path: Path, stated: str | None = None) -> str:
    """Format of a file: as stated, else by its name; ".gz" at its end counts for nothing.

    Raises
    ------
    InputError
        Where the name does not tell.
    """
    if stated is not None:
        return stated
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    if path.is_dir():
        return "parquet"
    if suffixes and suffixes[-1] in FORMATS:
        return FORMATS[suffixes[-1]]
    raise InputError(
        f"The format of {path} must be told by its name or by data.format, got the name '{path.name}'. "
        f"Set data.format to one of {', '.join(NAMED_FORMATS)}."
    )


def _read_path(path: Path, data: DataConfig, key: str | None, group: str | None) -> Source:
    if not path.exists():
        raise FileNotFoundError(path)
    kind = format_of(path, data.format)
    if path.is_dir() and kind != "parquet":
        raise InputError(f"{path} must be a file to be read as {kind}, got a directory. Name the file in it.")
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path} must have a header and rows, got an empty file. Write it again, or name another.")
    match kind:
        case "csv" | "tsv":
            from assay.ingest.delimited import read_delimited

            delimiter = data.delimiter or ("\t" if kind == "tsv" else None)
            frame, padded = read_delimited(path, data, delimiter, key=key, group=group)
            return Source(frame, str(path), padded)
        case "jsonl":
            from assay.ingest.json_lines import read_json_lines

            frame = read_json_lines(path, data.encoding)
        case "excel":
            from assay.ingest.excel import read_excel

            frame = read_excel(path, data)
        case "feather":
            from assay.ingest.arrow import read_feather

            frame = read_feather(path)
        case _:
            from assay.ingest.arrow import read_parquet

            frame = read_parquet(path)
    return Source(frame, str(path))


def _absent(path: Path) -> str:
    from assay.ingest.names import nearest

    beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    where = "" if path.parent.is_dir() else f" (nor does the directory {path.parent})"
    return f"{path} does not exist{where}{nearest(path.name, beside) or '. Correct data.path.'}"
