"""Audits and series out of a history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from assay.history.figures import Figure, Key, storable
from assay.history.prediction import WINDOW
from assay.history.tables import NAME_LENGTH, audits, metrics
from assay.history.trend import Point

if TYPE_CHECKING:
    from collections.abc import Sequence

# Twice the window: what is unexpected does not count, and fills it up.
_READ = 2 * WINDOW


@dataclass(frozen=True, slots=True)
class PastAudit:
    """An audit as the history has it; `reasons` are codes, and `place` is where it was stored."""

    id: int
    name: str
    run: str
    created: str | None
    verdict: str
    reasons: tuple[str, ...]
    rows: int | None
    fingerprint: str | None
    identity: str | None
    assay: str | None
    place: str


def read_audits(link: sa.Connection, name: str | None = None) -> tuple[PastAudit, ...]:
    """Audits of a dataset, or of all, oldest first.

    They are in the order in which they were recorded, which is that of their times unless a clock jumped.
    """
    columns = [audits.c[field] for field in PastAudit.__dataclass_fields__]
    query = sa.select(*columns).order_by(audits.c.position, audits.c.id)
    if name is not None:
        query = query.where(audits.c.name == storable(name)[:NAME_LENGTH])
    return tuple(
        PastAudit(**{**row, "reasons": tuple(row["reasons"].split(", ")) if row["reasons"] else ()})
        for row in link.execute(query).mappings()
    )


def states(known: Sequence[PastAudit], fingerprint: str | None) -> tuple[PastAudit, ...]:
    """The last audit of each state of the data other than `fingerprint`, oldest first.

    Auditing the same data again says nothing new about what they are usually like. Of a validation it is not known
    which data they were.
    """
    last = {audit.fingerprint: audit for audit in known}
    kept = [audit for audit in known if last[audit.fingerprint] is audit]
    return tuple(audit for audit in kept if audit.fingerprint not in {None, fingerprint})[-_READ:]


def read_series(link: sa.Connection, known: Sequence[PastAudit]) -> dict[Key, list[Point]]:
    """Each figure of these audits, in their order."""
    series: dict[Key, list[Point]] = {}
    order = {audit.id: (at, audit.created) for at, audit in enumerate(known)}
    query = sa.select(metrics).where(metrics.c.audit.in_(list(order)), metrics.c.value.is_not(None))
    found = sorted(link.execute(query).mappings(), key=lambda row: order[row["audit"]][0])
    for row in found:
        at, created = order[row["audit"]]
        point = Point(row["value"], created, unexpected=row["unexpected"], state=at)
        series.setdefault(_key(row), []).append(point)
    return series


def read_figures(link: sa.Connection, audit: PastAudit) -> tuple[Figure, ...]:
    """Return the figures of one audit."""
    query = sa.select(metrics).where(metrics.c.audit == audit.id)
    return tuple(
        Figure(_key(row), row["value"], row["low"], row["high"], row["n"]) for row in link.execute(query).mappings()
    )


def _key(row: sa.RowMapping) -> Key:
    return Key(row["metric"], row["feature"], row["group"])
