"""The keys of failing rows on their way from a database to a file: as many as there are, never all in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from assay.findings import Action

_COLUMN = "key"


@dataclass(frozen=True, slots=True)
class Kept:
    """The failing keys of one expectation.

    Attributes
    ----------
    place
        Of the expectation in its suite.
    reason, action
        For all its rows.
    rows
        How many failing rows, each with its key.
    file
        Parquet, with one column.
    """

    place: int
    reason: str
    action: Action
    rows: int
    file: Path

    def chunks(self) -> Iterator[pa.Array]:
        """The keys, int64 or string, some at a time."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.file) as file:
            for batch in file.iter_batches():
                yield batch.column(0)


@dataclass(slots=True)
class FailingKeys:
    """Takes the keys of one failed expectation after another.

    Attributes
    ----------
    folder
        For files of its own, which whoever made the folder removes.
    shown
        What messages call the file that all keys end in.
    kept
        One for each expectation whose keys are known, in the order of the suite.
    """

    folder: Path
    shown: str
    kept: list[Kept] = field(default_factory=list)

    def add(self, chunks: Iterable[Sequence[Any]], *, place: int, reason: str, action: Action, expected: int) -> int:
        """Keep the keys of an expectation where there are as many as were counted, else none of them.

        Parameters
        ----------
        chunks
            The keys; what is no whole number becomes a text.
        place, reason, action
            See `Kept`.
        expected
            How many rows were counted. No more than one chunk beyond them is read.

        Returns
        -------
        int
            How many keys were read.
        """
        file = self.folder / f"{place}.parquet"
        try:
            rows = _write(chunks, file, expected)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        if rows == expected:
            self.kept.append(Kept(place, reason, action, rows, file))
        else:
            file.unlink(missing_ok=True)
        return rows


def _write(chunks: Iterable[Sequence[Any]], file: Path, expected: int) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, writer, schema = 0, None, None
    try:
        for chunk in chunks:
            if schema is None or writer is None:
                whole = all(key is None or type(key) is int for key in chunk)
                schema = pa.schema([(_COLUMN, pa.int64() if whole else pa.string())])
                writer = pq.ParquetWriter(file, schema)
            writer.write_table(pa.table([_keys(chunk, schema.field(0).type)], schema=schema))
            rows += len(chunk)
            if rows > expected:
                break
    finally:
        if writer is not None:
            writer.close()
    return rows


def _keys(chunk: Sequence[Any], kind: Any) -> Any:
    import pyarrow as pa

    if kind == pa.string():
        chunk = [None if key is None else str(key) for key in chunk]
    return pa.array(chunk, type=kind)
