"""Whether the answer of a stored audit still stands, as far as DQ040 is concerned.

No NumPy: a gate that answers from the record should not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import ConfigurationError, HistoryError
from assay.history.database import find_history
from assay.history.figures import storable

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa


def still_stands(place: Path, name: str, fingerprint: str | None, setting: str | None) -> bool:
    """Whether no other state of the data has been put into the history since an audit.

    What DQ040 says of data depends on the audits of other data before it: with more of these its answer is another.

    Parameters
    ----------
    place
        Directory of the audit.
    name
        Of the dataset.
    fingerprint
        Of the data that it audited.
    setting
        `output.history`, see `assay.history.database.find_history`.

    Returns
    -------
    bool
        False also where the history cannot be read, or does not hold the audit: then nobody knows. True where it is
        "off".
    """
    try:
        history = find_history(place.parent.parent, setting)
        if history is None:
            return True
        with history.reading() as link:
            return link is not None and _is_followed_by_none(link, place, name, fingerprint)
    except (ConfigurationError, HistoryError):
        return False


def _is_followed_by_none(link: sa.Connection, place: Path, name: str, fingerprint: str | None) -> bool:
    import sqlalchemy as sa

    from assay.history.tables import NAME_LENGTH, audits

    this = audits.alias("this")
    # An audit that was added late has a position of the past, and is news all the same: its number is higher.
    follows = sa.or_(audits.c.position > this.c.position, audits.c.id > this.c.id)
    # A validation has no fingerprint, and is no part of the past.
    others = sa.select(audits.c.id).where(
        audits.c.name == storable(name)[:NAME_LENGTH], audits.c.fingerprint != (fingerprint or ""), follows
    )
    query = sa.select(this.c.id).where(
        this.c.home == storable(place.parent.name),
        this.c.run == storable(place.name),
        ~others.correlate(this).exists(),
    )
    return link.execute(query).first() is not None
