"""The end of every audit that is stored: its entry in the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import ConfigurationError, HistoryError
from assay.history.database import find_history

if TYPE_CHECKING:
    from pathlib import Path


def keep_history(place: Path, setting: str | None) -> None:
    """Put a stored audit into the history of its folder, with those of the same dataset that are missing there.

    Parameters
    ----------
    place
        Directory of the audit.
    setting
        `output.history`, see `assay.history.database.find_history`.

    Raises
    ------
    HistoryError
        Where it cannot be written. The audit is stored all the same, and the next one of the dataset puts both there.
    """
    stored = f"The audit is stored in {place}, and is not in the history."
    try:
        history = find_history(place.parent.parent, setting)
        if history is None:
            return
        from assay.history.recording import record

        done = record(history, place.parent, newest=place)
    except (HistoryError, ConfigurationError) as error:
        raise HistoryError(f"{stored} {error}", audit=place) from error
    if place in done.unreadable:
        raise HistoryError(f"{stored} Its report.json is not one that this version of Assay can read.", audit=place)
