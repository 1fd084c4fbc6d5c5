"""Audits on disk: each appears whole or not at all, and is found again.

An audit is the directory `<folder>/<name>/<UTC time>-<digest>`; docs/report.md says what lies in it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assay.errors import StorageError

# Audits of equal content in one millisecond: more is no coincidence.
_MOST_TWINS = 1000

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds to wait for somebody else who writes a file, and between two looks.
_PATIENCE = 10.0
_PAUSE = 0.02

SCHEMA = "assay-report/1"
REPORT = "report.json"

# Long enough to tell names apart, short enough for every file system with the rest of the path.
_SLUG_LENGTH = 80
_PROBE_BYTES = 4096
_SHOWN_RUNS = 10
_DAY = 24 * 60 * 60
# Digits of the report's SHA-256 in the name of its directory.
_DIGEST = 8
# Directory beside the audits of a dataset: a file for each identity, which names the audit that answers it.
ANSWERS = ".answers"


class Savable(Protocol):
    """What can be stored: something that writes its own files, `report.json` among them."""

    def write(self, folder: Path) -> None:
        """Write all files into `folder`, which exists and is empty."""


def save_audit(report: Savable, folder: Path, name: str) -> Path:
    """Write an audit to a new directory `<folder>/<name>/<UTC time>-<digest>` and return that directory.

    Everything is written beside its place and renamed at the end, so that a reader, or a run that dies, never
    sees half an audit.

    Parameters
    ----------
    report
        Usually an `assay.report.AuditReport`.
    folder
        Folder of all audits; made where it is missing.
    name
        Name of the dataset; see `slug`.

    Raises
    ------
    StorageError
        Where it cannot be written: a full disk, no permission, a file in the way. Nothing is left behind.
    """
    home = folder / slug(name)
    partial = home / f".partial-{secrets.token_hex(8)}"
    try:
        partial.mkdir(parents=True)
        _remove_leftovers(home)
        report.write(partial)
        digest = hashlib.sha256((partial / REPORT).read_bytes()).hexdigest()[:_DIGEST]
        return _move(partial, home / f"{_now()}-{digest}")
    except OSError as error:
        raise _cannot_write(folder, error) from error
    finally:
        # Also after Ctrl-C. After the rename there is nothing left to remove.
        shutil.rmtree(partial, ignore_errors=True)
        with contextlib.suppress(OSError):
            home.rmdir()  # only where it is empty


def check_writable(folder: Path) -> None:
    """Try out, before any work begins, whether an audit could be written below `folder`.

    Leaves nothing behind, and does not make the folder.

    Raises
    ------
    StorageError
        Where it could not.
    """
    try:
        existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        probe = existing / f".assay-probe-{secrets.token_hex(8)}"
        try:
            probe.write_bytes(bytes(_PROBE_BYTES))
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error


def find_audit(run: str, folder: Path) -> Path:
    """Directory of a stored audit.

    Parameters
    ----------
    run
        A path of an audit's directory or of a file in it; an id or the unique beginning of one, also as
        `<name>/<id>`; "latest", the audit with the newest time; or another folder of audits, for the latest in it.
    folder
        Folder of all audits.

    Raises
    ------
    StorageError
        Where there is none, or more than one; the message lists the known ones.
    """
    if run and (place := _audit_at(Path(run))):
        return place
    known = known_audits(folder)
    if run == "latest" and known:
        return known[-1]
    found = [path for path in known if run and _answers_to(path, run)]
    exact = [path for path in found if path.name == run]
    if len(found) == 1 or exact:
        return (exact or found)[0]
    # Any text may come, and `Path.is_dir` refuses some with an error.
    if run and not found and os.path.isdir(run):  # noqa: PTH112
        return find_audit("latest", Path(run))
    problem = f"must be one audit in {folder}, got '{run}', which fits {len(found) or 'none'}."
    elsewhere = "" if known else " Name the folder of the audits with --folder, or the audit by its path."
    raise StorageError(f"run {problem} {_listing(found or known)}{elsewhere}")


@contextlib.contextmanager
def whole_file(file: Path) -> Iterator[Path]:
    """Give a place to write to that becomes `file` at the end, or nothing does.

    Raises
    ------
    StorageError
        Where it cannot be written.
    """
    partial = file.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        try:
            yield partial
            os.replace(partial, file)  # noqa: PTH105 -- replaces on every platform
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).rstrip(".")
        raise StorageError(f"{file} cannot be written: {reason}. Free space, or give another place.") from error


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Keep others that ask for it from changing `file`, from reading it to replacing it; they wait.

    Raises
    ------
    StorageError
        Where somebody else holds it for longer than `_PATIENCE` seconds, or the lock cannot be written.
    """
    lock = file.with_name(f".{file.name}.lock")
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError as error:
            if time.monotonic() >= end:
                raise StorageError(
                    f"{file} must be written by one at a time, and {lock} says that somebody does. Try again, or "
                    "delete that file where nobody does."
                ) from error
            time.sleep(_PAUSE)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).rstrip(".")
            raise StorageError(f"{file} cannot be written: {reason}. Free space, or give another place.") from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def remember(place: Path, identity: str) -> None:
    """Note that the audit in `place` answers what has this identity (`assay.identity.identify`).

    Raises
    ------
    StorageError
        Where it cannot be written.
    """
    notes = place.parent / ANSWERS
    try:
        notes.mkdir(exist_ok=True)
    except OSError as error:
        raise _cannot_write(place.parent.parent, error) from error
    with whole_file(notes / identity) as file:
        file.write_text(f"{place.name} {_digest(place)[1]}", encoding="utf-8")


def recall(folder: Path, name: str, identity: str) -> tuple[Path, bytes] | None:
    """Directory and report of the newest audit of dataset `name` that answered what has this identity.

    None where none did, and where the report is no longer the one that was noted: it was changed. Who may write to
    the folder can change both; only a signature would tell.
    """
    home = folder / slug(name)
    try:
        run, _, noted = (home / ANSWERS / identity).read_text(encoding="utf-8").partition(" ")
        place = home / run
        content, digest = _digest(place)
    except (OSError, ValueError):
        return None
    return (place, content) if place.parent == home and digest == noted else None


def _digest(place: Path) -> tuple[bytes, str]:
    """The report of an audit, and its SHA-256."""
    content = (place / REPORT).read_bytes()
    return content, hashlib.sha256(content).hexdigest()


def read_audit(path: Path) -> dict[str, Any]:
    """Read the `report.json` of a stored audit.

    Parameters
    ----------
    path
        Directory of the audit, as `find_audit` returns it, or the file itself.

    Raises
    ------
    StorageError
        Where it is missing, damaged, or of a schema that this version does not know.
    """
    file = path / REPORT if path.is_dir() else path
    try:
        content = file.read_bytes()
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}. Run the audit again.") from error
    return parse_audit(content, file)


def parse_audit(content: bytes, file: Path) -> dict[str, Any]:
    """Read the content of a `report.json`; `file` is named in errors, which are those of `read_audit`."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{file} is not an audit: it is not valid JSON. Run the audit again.") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise StorageError(
            f"{file} must have the schema '{SCHEMA}', got {schema!r}. Read it with the version of Assay that "
            "wrote it, or run the audit again."
        )
    return dict(document)


def slug(name: str) -> str:
    """`name` as the name of a directory: letters, digits, `.`, `_` and `-`, no leading dot, 80 characters at most.

    >>> slug("Loans 2026 (EU)"), slug("../../etc/passwd"), slug("")
    ('Loans-2026-EU', 'etc-passwd', 'dataset')
    """
    text = re.sub(r"[^\w.]+", "-", unicodedata.normalize("NFC", name))
    # Windows drops trailing dots and spaces; a leading dot hides, and ".." climbs.
    text = text[:_SLUG_LENGTH].strip(".-")
    # File systems count bytes: 255 at most, and a letter may take four.
    while len(text.encode()) > 200:
        text = text[:-1]
    return text or "dataset"


def _now() -> str:
    # To the millisecond, so that "latest" is told apart when audits follow each other quickly.
    return dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"


def _remove_leftovers(home: Path) -> None:
    """Remove what killed runs left half written: it holds raw values. No run writes for a day."""
    for path in home.glob(".partial-*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _DAY:
                shutil.rmtree(path)


def _move(source: Path, path: Path) -> Path:
    """Rename `source` to `path`, or to the first of path-2, path-3, ... that nobody has taken meanwhile."""
    for number in range(1, _MOST_TWINS):
        target = path if number == 1 else path.with_name(f"{path.name}-{number}")
        if target.exists():  # renaming onto an empty directory would replace it
            continue
        try:
            return source.rename(target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    raise OSError(errno.EEXIST, f"{path} and its numbered twins are taken")


def _audit_at(path: Path) -> Path | None:
    try:
        place = path.parent if path.is_file() else path
        return place if (place / REPORT).is_file() else None
    except OSError:  # a text too long for a path, or a directory that may not be looked into
        return None


def known_audits(folder: Path) -> list[Path]:
    """Directories of all audits below `folder`, oldest first; the hidden ones are still being written."""

    def audits() -> Iterator[Path]:
        for report in folder.glob(f"*/*/{REPORT}"):
            if not report.parent.name.startswith("."):
                yield report.parent

    return sorted(audits(), key=lambda path: path.name)


def _answers_to(path: Path, run: str) -> bool:
    return path.name.startswith(run) or f"{path.parent.name}/{path.name}".startswith(run)


def _listing(known: list[Path]) -> str:
    if not known:
        return "There is no audit yet: `assay run` or `assay gate` makes one."
    shown = [f"{path.parent.name}/{path.name}" for path in reversed(known[-_SHOWN_RUNS:])]
    more = f" and {len(known) - len(shown):,} older ones" if len(known) > len(shown) else ""
    return f"Give one of: {', '.join(shown)}{more}."


def _cannot_write(folder: Path, error: OSError) -> StorageError:
    reason = (error.strerror or type(error).__name__).rstrip(".")
    return StorageError(
        f"The audit cannot be written to {folder}: {reason}. Free space, or give another folder (output.folder)."
    )
