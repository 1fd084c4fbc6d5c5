"""What changed since the audit before, for the report of an audit that is being stored."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from assay.changes.audits import compare_audits
from assay.changes.record import read_record
from assay.errors import ContractError, StorageError
from assay.fairness.stored.tables import FairnessTables
from assay.store import REPORT, read_audit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assay.changes.change import Change

log = logging.getLogger(__name__)

COUNTS = "fairness.json"
# Audits that are looked at for one that can be compared: there may be validations among them, or damaged ones.
_TRIED = 10


def stored_tables(place: Path) -> FairnessTables | None:
    """Table of counts of a stored audit; None where it has none, or a damaged one: nothing is compared then."""
    try:
        return FairnessTables.from_json((place / COUNTS).read_text(encoding="utf-8"))
    except (OSError, ValueError, ContractError):
        return None


def compare_stored(older: Path, newer: Path) -> Change:
    """Compare two stored audits: see `assay.changes.audits.compare_audits`.

    Parameters
    ----------
    older, newer
        Their directories, as `assay.store.find_audit` returns them.

    Raises
    ------
    StorageError, ContractError
        Where a report is missing or damaged, or the two are not of one dataset and one kind.
    """
    before, after = stored_tables(older), stored_tables(newer)
    return compare_audits(
        read_audit(older),
        read_audit(newer),
        ids=(older.name, newer.name),
        tables=(before, after) if before is not None and after is not None else None,
    )


def audits_beside(home: Path) -> list[Path]:
    """Directories of the audits in the folder of one dataset, newest first."""
    found = [report.parent for report in home.glob(f"*/{REPORT}") if not report.parent.name.startswith(".")]
    return sorted(found, key=lambda place: place.name, reverse=True)


def audit_before(place: Path) -> Path | None:
    """Newest audit before another one of the same dataset and kind; None where there is none that can be read."""
    record = read_record(read_audit(place), place.name)
    for earlier in audits_beside(place.parent):
        if earlier.name < place.name:
            try:
                found = read_record(read_audit(earlier), earlier.name)
                if (found.name, found.is_audit) == (record.name, record.is_audit):
                    return earlier
            except (StorageError, ContractError) as error:
                log.info("not compared with %s: %s", earlier.name, error)
    return None


def change_before(home: Path, document: Mapping[str, Any], tables: FairnessTables | None) -> dict[str, Any] | None:
    """Tell what changed since the newest audit in a folder that can be compared.

    Parameters
    ----------
    home
        Folder of the audits of one dataset.
    document, tables
        The audit that is about to be stored there.

    Returns
    -------
    dict or None
        See `Change.to_dict`; None where there is no such audit.
    """
    for place in audits_beside(home)[:_TRIED]:
        before = stored_tables(place)
        try:
            return compare_audits(
                read_audit(place),
                document,
                ids=(place.name, None),
                tables=(before, tables) if before is not None and tables is not None else None,
            ).to_dict()
        except (StorageError, ContractError) as error:
            log.info("not compared with %s: %s", place.name, error)
    return None
