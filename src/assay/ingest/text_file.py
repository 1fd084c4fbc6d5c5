"""Text files, compressed with gzip or not, whose bytes are known to be text in the stated encoding."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GZIP = b"\x1f\x8b"
# First bytes of what is often found under another name.
OTHER_FORMATS = {
    b"PAR1": ("a Parquet file", "Set data.format to parquet."),
    b"ARROW1": ("an Arrow file", "Set data.format to feather."),
    b"PK\x03\x04": ("a ZIP or Excel file", "Set data.format to excel, or unpack it."),
    b"\xd0\xcf\x11\xe0": ("an old Excel file", "Save it as .xlsx or .csv."),
    b"SQLite format 3\x00": ("an SQLite database", "Give data.connection and data.query instead of data.path."),
    b"BZh": ("a bzip2 file", "Unpack it, or pack it with gzip."),
    b"\xfd7zXZ\x00": ("an xz file", "Unpack it, or pack it with gzip."),
    b"\x28\xb5\x2f\xfd": ("a zstd file", "Unpack it, or pack it with gzip."),
}
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
SAMPLE = 65_536
# Text has a tab and line ends, and hardly any other control character.
MAX_CONTROL_SHARE = 0.05
_CONTROL = bytes(sorted(set(range(32)) - {9, 10, 12, 13, 27}))


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[IO[str]]:
    """Open a text file; line ends are kept as they are, a byte order mark is not.

    Raises
    ------
    InputError
        On entering: where the file is not text, or the encoding does not exist. On reading: where the bytes are not
        of that encoding, or the compressed file is broken.
    """
    codec = _codec(encoding)
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP
        with gzip.open(path) if packed else path.open("rb") as binary:
            sample = binary.read(SAMPLE)
            _refuse_binary(path, sample, codec)
            binary.seek(0)
            with io.TextIOWrapper(binary, encoding=codec, newline="") as text:
                yield text
    except UnicodeDecodeError as error:
        raise InputError(_not_encoded(path, encoding, error)) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} must be a whole gzip file, got a broken or cut-off one. Copy it again.") from error


def _codec(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise InputError(
            f"data.encoding must be an encoding that Python knows, got '{encoding}'. Common ones are utf-8, latin-1, "
            "cp1252 and utf-16."
        ) from error
    return "utf-8-sig" if name == "utf-8" else name


def _refuse_binary(path: Path, sample: bytes, codec: str) -> None:
    if not sample:
        raise InputError(f"{path} must have a header and rows, got an empty file. Write it again, or name another.")
    for start, (what, remedy) in OTHER_FORMATS.items():
        if sample.startswith(start):
            raise InputError(f"{path} must be a text file, got {what}. {remedy}")
    for mark, name in BYTE_ORDER_MARKS.items():
        if sample.startswith(mark) and not codec.startswith(name):
            raise InputError(f"{path} must be {codec} text, got a byte order mark of {name}. Set `encoding: {name}`.")
    if codec.startswith(("utf-16", "utf-32")):
        return
    control = len(sample) - len(sample.translate(None, _CONTROL))
    if b"\x00" in sample or control > MAX_CONTROL_SHARE * len(sample):
        raise InputError(
            f"{path} must be a text file, got binary data. Set data.format if it is another format, or data.encoding "
            "(utf-16, for example) if it is text."
        )


def _not_encoded(path: Path, encoding: str, error: UnicodeDecodeError) -> str:
    other = "latin-1 or cp1252" if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "ascii") else "utf-8"
    return (
        f"{path} must be {encoding} text, got a byte 0x{error.object[error.start]:02x} that is not. "
        f"Set the encoding that it was written in, for example `encoding: {other.split(maxsplit=1)[0]}`."
    )
