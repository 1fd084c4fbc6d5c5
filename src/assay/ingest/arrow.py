"""Parquet files, directories of them, and Feather (Arrow) files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.errors import InputError
from assay.ingest.names import quoted

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file, or all of a directory in the order of their paths; `key=value` directories are columns.

    Raises
    ------
    InputError
        Where a file is not Parquet, a directory has none, or the files of a directory have different columns.
    """
    import pyarrow as pa

    files = [path] if path.is_file() else parquet_files(path)
    if not files:
        raise InputError(f"{path} must hold Parquet files (*.parquet), got a directory without any. Name another.")
    _refuse_other_columns(files, [_schema(file) for file in files])
    try:
        return _as_frame(_read_file(path) if path.is_file() else _read_files(path, files))
    except pa.ArrowException as error:
        raise InputError(
            f"{path} cannot be read as Parquet: {_first_line(error)}. Write it again, or set data.format."
        ) from error


def _read_file(path: Path) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(path, partitioning=None)


def _read_files(folder: Path, files: list[Path]) -> Any:
    import pyarrow.dataset as ds
    from pyarrow.fs import LocalFileSystem

    options = ds.FileSystemFactoryOptions(partition_base_dir=str(folder), partitioning=ds.HivePartitioning.discover())
    paths = [str(file) for file in files]
    factory = ds.FileSystemDatasetFactory(LocalFileSystem(), paths, ds.ParquetFileFormat(), options)
    # A column of integers in one file and of floats in the next is a column of floats.
    return factory.finish(factory.inspect(promote_options="permissive")).to_table()


def parquet_files(folder: Path) -> list[Path]:
    """Parquet files below a directory, less those that begin with "_" or "." as do Spark's own."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix in (".parquet", ".pq") and file.is_file() and not file.name.startswith(("_", "."))
    )


def read_feather(path: Path) -> pd.DataFrame:
    """Read an Arrow IPC file (Feather version 2), or an Arrow stream.

    Raises
    ------
    InputError
        Where it is neither.
    """
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as file:
            try:
                table = pa.ipc.open_file(file).read_all()
            except pa.ArrowInvalid:
                file.seek(0)
                table = pa.ipc.open_stream(file).read_all()
            return _as_frame(table)
    except pa.ArrowException as error:
        raise InputError(
            f"{path} must be a Feather or Arrow file, got one that is not, or is broken. Write it again, or set "
            "data.format."
        ) from error


def _schema(file: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(file)
    except pa.ArrowException as error:
        raise InputError(
            f"{file} must be a Parquet file, got one that is not, or is broken. Write it again, or set data.format."
        ) from error


def _refuse_other_columns(files: list[Path], schemas: list[Any]) -> None:
    expected = schemas[0].names
    problems = []
    for file, schema in zip(files, schemas, strict=True):
        lacking = [name for name in expected if name not in schema.names]
        surplus = [name for name in schema.names if name not in expected]
        parts = [f"lacks {quoted(lacking)}"] if lacking else []
        parts += [f"has also {quoted(surplus)}"] if surplus else []
        if parts:
            problems.append(
                f"{file} must have the same columns as {files[0].name}, but {' and '.join(parts)}. Write the files "
                "with the same columns, or name one of them."
            )
    if problems:
        raise InputError(problems)


def _as_frame(table: Any) -> pd.DataFrame:
    """A frame whose index is what was saved as an unnamed index; a named one becomes columns again."""
    repeated = [name for name in dict.fromkeys(table.column_names) if table.column_names.count(name) > 1]
    if repeated:
        raise InputError(f"Column names must be unique, got more than once: {quoted(repeated)}. Rename or drop them.")
    frame: pd.DataFrame = _with_times(table).to_pandas()
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index(level=named) if named else frame


def _with_times(table: Any) -> Any:
    """The table with days as times: pandas would make a Python object of each of them.

    A saved index without a name keeps its days, which are row ids to be shown.
    """
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_date(field.type) and not field.name.startswith("__index_level_"):
            times = table.column(place).cast(pa.timestamp("s"))
            table = table.set_column(place, pa.field(field.name, times.type), times)
    return table


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
