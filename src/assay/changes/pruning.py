"""Old audits that nobody needs any more, and their removal.

Never removed are the newest audit of a dataset, its newest one that passed (of audits and of validations each), and
those that a baseline or an attestation names.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.attestation import ATTESTATION
from assay.baseline import read_baseline
from assay.changes.record import read_record
from assay.changes.since import audits_beside
from assay.errors import ConfigurationError, ContractError, StorageError
from assay.store import ANSWERS, read_audit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from assay.changes.record import Record

_NAME = re.compile(r"(\d{8}T\d{6})\.\d{3}Z-[0-9a-f]{8}(-\d+)?")
_TIME = "%Y%m%dT%H%M%S"
# Of a directory that is being removed: it begins with a dot, so that no reader takes it for an audit.
_REMOVING = ".removing-"
_AGE = re.compile(r"(\d+)([dwmy])")
_OLDEST = 36_500
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be.

    Attributes
    ----------
    removed
        Directories of the audits, oldest first, with the bytes of each.
    kept
        Why an old audit is kept all the same, by its directory.
    """

    removed: tuple[tuple[Path, int], ...]
    kept: tuple[tuple[Path, str], ...]

    @property
    def bytes(self) -> int:
        """Size of what was removed."""
        return sum(size for _, size in self.removed)


def parse_age(text: str) -> dt.timedelta:
    """An age such as "90d", "12w", "6m" (of 30 days) or "1y" (of 365).

    Raises
    ------
    ConfigurationError
        Where it is none.
    """
    match = _AGE.fullmatch(text.strip().lower())
    if match is None:
        raise ConfigurationError(f"--older-than must be an age such as 90d, 12w, 6m or 1y, got '{text[:40]}'.")
    # No audit is that old, and a date before the year 1 is none.
    return dt.timedelta(days=min(int(match[1][:9]) * _DAYS[match[2]], _OLDEST))


def prune(
    folder: Path,
    *,
    now: dt.datetime,
    keep: int = 1,
    older_than: dt.timedelta | None = None,
    baselines: Iterable[Path] = (),
    dry_run: bool = False,
) -> Pruned:
    """Remove old audits of all datasets below a folder.

    Audits of one dataset are those of one name and one kind: whole audits, or validations (`assay validate`). Folders
    do not tell them apart, for two names may give one. Damaged reports tell neither, and count by their folder.

    An audit is removed where it is none of the newest `keep` of its dataset and is older than `older_than`, and
    nothing else needs it. It is renamed first: no reader ever sees half an audit. Where it is deleted, notes that it
    answers something go with it.

    Parameters
    ----------
    folder
        Folder of all audits.
    now
        With its time zone.
    keep
        At least 1: the newest audit of a dataset is always kept.
    older_than
        None for any age.
    baselines
        Files whose audits are kept, beside those that the audits themselves and this folder name.
    dry_run
        Whether nothing is removed.

    Raises
    ------
    ConfigurationError
        Where `keep` is less than 1.
    StorageError
        Where an audit cannot be removed, or a folder cannot be read.
    """
    if keep < 1:
        raise ConfigurationError(f"--keep must be 1 or more, got {keep}. The newest audit is always kept.")
    if not folder.is_dir():
        raise StorageError(f"{folder} must be the folder of the audits, and is no folder. Name it with --folder.")
    before = now - older_than if older_than is not None else now
    named = set(_named_runs(baselines))
    removed: list[tuple[Path, int]] = []
    kept: list[tuple[Path, str]] = []
    for home in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        # A directory that Assay has not named is left alone.
        places = [place for place in audits_beside(home) if _NAME.fullmatch(place.name)]
        old = [place for place in places[keep:] if _is_older(place, before)]
        groups = _groups(places) if old else []
        newest = {place for group in groups for place in list(group)[:keep]}
        old = [place for place in old if place not in newest]
        reasons = _reasons_to_keep(places, groups, named)
        kept += [(place, reasons[place]) for place in reversed(old) if place in reasons]
        removed += [(place, _size(place)) for place in reversed(old) if place not in reasons]
    if not dry_run:
        for place, _ in removed:
            _hide(place)
        for home in folder.glob("[!.]*/"):
            _clear(home)
    return Pruned(tuple(removed), tuple(kept))


def _is_older(place: Path, before: dt.datetime) -> bool:
    match = _NAME.fullmatch(place.name)
    return match is not None and dt.datetime.strptime(match[1], _TIME).replace(tzinfo=dt.UTC) < before


def _groups(places: Sequence[Path]) -> list[dict[Path, Record]]:
    """Audits of one name and one kind each, in the order of `places`; without damaged ones."""
    groups: dict[tuple[str, bool], dict[Path, Record]] = {}
    for place in places:
        if (record := _record(place)) is not None:
            groups.setdefault((record.name, record.is_audit), {})[place] = record
    return list(groups.values())


def _reasons_to_keep(
    places: Sequence[Path], groups: Sequence[Mapping[Path, Record]], named: Collection[str]
) -> dict[Path, str]:
    """Why audits of a folder are kept whatever their age; all are newest first."""
    baselines = (next(iter(group.values())).baseline for group in groups)
    named = {*named, *_named_runs({path for path in baselines if path is not None})}
    reasons = {place: "a baseline was accepted from it" for place in places if place.name in named}
    reasons |= {place: "it has a signed attestation" for place in places if _is_signed(place)}
    for group in groups:
        passing = next((place for place, record in group.items() if record.verdict == "pass"), None)
        reasons |= {} if passing is None else {passing: "it is the newest that passed"}
    return reasons


def _record(place: Path) -> Record | None:
    """The report of an audit; None where it cannot be read, so that nobody can compare with it any more."""
    try:
        return read_record(read_audit(place), place.name)
    except (StorageError, ContractError):
        return None


def _named_runs(baselines: Iterable[Path]) -> Iterator[str]:
    """Audits from which findings were accepted. A damaged baseline is an error: what it named is not known."""
    for path in baselines:
        yield from (entry.run for entry in read_baseline(path).findings)


def _is_signed(place: Path) -> bool:
    """Whether somebody signed its attestation: an envelope has a payload, a statement has none."""
    try:
        found = json.loads((place / ATTESTATION).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "payload" in found


def _size(place: Path) -> int:
    return sum(path.lstat().st_size for path in place.rglob("*") if path.is_file() and not path.is_symlink())


def _hide(place: Path) -> None:
    """Take an audit out of every reader's sight, in one step."""
    try:
        place.rename(place.with_name(f"{_REMOVING}{place.name}"))
    except FileNotFoundError:
        return  # somebody else prunes
    except OSError as error:
        raise _cannot(place, error) from error


def _clear(home: Path) -> None:
    """Delete what is hidden, by an interrupted run too, and the notes on audits that are gone."""
    for hidden in home.glob(f"{_REMOVING}*"):
        try:
            shutil.rmtree(hidden)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _cannot(hidden, error) from error
    for note in (home / ANSWERS).glob("*"):
        with contextlib.suppress(OSError, ValueError):
            if not (home / note.read_text(encoding="utf-8").partition(" ")[0]).is_dir():
                note.unlink()


def _cannot(place: Path, error: OSError) -> StorageError:
    reason = (error.strerror or type(error).__name__).rstrip(".")
    return StorageError(f"{place} cannot be removed: {reason}. Allow it, and prune again.")
