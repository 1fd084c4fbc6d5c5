"""Putting stored audits into a history: each once, whoever comes first, and those that were missed as well."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from assay.errors import HistoryError, StorageError
from assay.history import tables
from assay.history.figures import CODE, UNEXPECTED, Key, count, figures_of, number, storable
from assay.history.trend import weekday_of
from assay.store import REPORT, read_audit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from assay.history.database import History

_TEXT_LENGTH = 64
_STAMP = re.compile(r"(\d{8}T\d{6})\.(\d{3})Z")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was put into a history.

    Attributes
    ----------
    added
        Directories of the audits that were not there before.
    unreadable
        Directories of audits that could not be read.
    """

    added: tuple[Path, ...] = ()
    unreadable: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """An audit as rows of the tables."""

    audit: Mapping[str, Any]
    findings: tuple[dict[str, Any], ...]
    metrics: tuple[dict[str, Any], ...]


def record(history: History, home: Path, newest: Path | None = None) -> Recorded:
    """Add the stored audits of one dataset that the history does not know yet.

    Parameters
    ----------
    history
        Its tables are made where they are missing.
    home
        Directory of the dataset, `<folder>/<name>`. What an earlier run could not record, as the history was locked,
        is added too.
    newest
        The audit that was stored just now: it comes last, whatever the clock says.

    Raises
    ------
    HistoryError
        Where the history cannot be written; it is then as it was.
    """
    added, unreadable = [], []
    stored = _stored(home)
    with history.writing() as link:
        known = _known_runs(link, home.name)
        for place in stored:
            if storable(place.name) in known:
                continue
            try:
                entry = _entry(place, read_audit(place))
            except (StorageError, LookupError, TypeError, ValueError, AttributeError):  # whatever somebody put there
                unreadable.append(place)
                continue
            _insert(link, entry, is_newest=place == newest)
            added.append(place)
    return Recorded(tuple(added), tuple(unreadable))


def complete(history: History, home: Path) -> Recorded:
    """`record` the stored audits of one dataset where the history lacks some, and write nothing where it lacks none.

    Raises
    ------
    HistoryError
        Where the history cannot be read, or what it lacks cannot be written.
    """
    stored = _stored(home)
    if not stored:
        return Recorded()
    with history.reading() as link:
        known = _known_runs(link, home.name) if link is not None else ()
    return record(history, home) if any(storable(place.name) not in known for place in stored) else Recorded()


def rebuild(history: History, folder: Path) -> Recorded:
    """Add all audits below `folder` that the history does not know.

    Raises
    ------
    HistoryError
        Where the history cannot be written, or there is no such folder.
    """
    if not folder.is_dir():
        raise HistoryError(f"{folder} must be the folder of the audits, and is no folder. Name it with --folder.")
    homes = sorted({report.parent.parent for report in folder.glob(f"*/*/{REPORT}")})
    parts = [record(history, home) for home in homes if not home.name.startswith(".")]
    return Recorded(
        tuple(place for part in parts for place in part.added),
        tuple(place for part in parts for place in part.unreadable),
    )


def _stored(home: Path) -> list[Path]:
    """Directories of the stored audits of one dataset, oldest first."""
    return sorted((p.parent for p in home.glob(f"*/{REPORT}") if not p.parent.name.startswith(".")), key=_order)


def _known_runs(link: sa.Connection, home: str) -> Collection[str]:
    query = sa.select(tables.audits.c.run).where(tables.audits.c.home == storable(home))
    return set(link.execute(query).scalars())


def _entry(place: Path, document: Mapping[str, Any]) -> _Entry:
    manifest = _mapping(document.get("manifest"))
    created = _time(manifest.get("created"))
    codes = [storable(str(reason["code"])) for reason in document.get("reasons") or []]
    audit = {
        "home": storable(place.parent.name),
        "run": storable(place.name),
        "position": _milliseconds(place, created),
        "name": storable(str(document.get("name") or place.parent.name))[: tables.NAME_LENGTH],
        "created": created,
        "verdict": storable(str(document["verdict"]))[:16],
        "reasons": ", ".join(dict.fromkeys(codes)),
        "identity": _text(manifest.get("identity")),
        "fingerprint": _text(manifest.get("fingerprint")),
        "rows": count(_mapping(document.get("rows")).get("total")),
        "assay": _text(manifest.get("assay")),
        "place": storable(str(place.absolute())),
    }
    return _Entry(audit, tuple(_finding_rows(document)), tuple(_metric_rows(document)))


def _insert(link: sa.Connection, entry: _Entry, *, is_newest: bool) -> None:
    audit = dict(entry.audit)
    if is_newest:
        audit["position"] = max(audit["position"], _last_position(link, audit["home"]) + 1)
    key = link.execute(sa.insert(tables.audits).values(audit)).inserted_primary_key
    assert key is not None
    for table, rows in ((tables.findings, entry.findings), (tables.metrics, entry.metrics)):
        if rows:
            link.execute(sa.insert(table), [{"audit": key[0], **row} for row in rows])


def _finding_rows(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for finding in document.get("findings") or []:
        evidence = _mapping(finding.get("evidence"))
        interval = _mapping(evidence.get("interval"))
        metric = evidence.get("metric")
        yield {
            "code": storable(str(finding["code"]))[:64],
            "subject": storable(str(_mapping(finding.get("subject")).get("text"))),
            "status": storable(str(finding["status"]))[:16],
            "severity": storable(str(finding["severity"]))[:16],
            "waived": bool(finding.get("waived")),
            "metric": storable(str(metric)) if metric is not None else None,
            "value": number(evidence.get("value")),
            "low": number(interval.get("low")),
            "high": number(interval.get("high")),
        }


def _metric_rows(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    told = _unexpected(document)
    for figure in figures_of(document):
        key = figure.key
        yield {
            "metric": storable(key.metric),
            "feature": storable(key.feature),
            "group": storable(key.group),
            "value": figure.value,
            "low": figure.low,
            "high": figure.high,
            "n": figure.n,
            "unexpected": key in told,
        }


def _unexpected(document: Mapping[str, Any]) -> set[Key]:
    """What DQ040 told of, as the tables beside its findings have it, and no person answers for."""
    told = [f for f in document.get("findings") or [] if f.get("code") == CODE and f.get("status") == "failed"]
    open_ = [f for f in told if not f.get("waived") and not f.get("accepted")]
    found = [_mapping(_mapping(f.get("evidence")).get("table")) for f in open_]
    rows = [row for table in found if tuple(table.get("columns") or ()) == UNEXPECTED for row in table["rows"]]
    return {Key(*(str(cell) for cell in row[:3])) for row in rows}


def _last_position(link: sa.Connection, home: str) -> int:
    """Position of the dataset's last audit.

    A clock that goes back does not put an audit before those that it followed, and one that ran ahead for a night
    does not leave that night the last for ever.
    """
    query = sa.select(sa.func.max(tables.audits.c.position)).where(tables.audits.c.home == home)
    return int(link.execute(query).scalar() or 0)


def _milliseconds(place: Path, created: str | None) -> int:
    try:
        if (stamp := _STAMP.match(place.name)) is not None:
            when = dt.datetime.strptime(stamp[1], "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
            return int(when.timestamp()) * 1000 + int(stamp[2])
        when = dt.datetime.fromisoformat(created or "")
        return int((when if when.tzinfo else when.replace(tzinfo=dt.UTC)).timestamp()) * 1000
    except (ValueError, OverflowError):
        return 0


def _order(place: Path) -> tuple[str, int, str]:
    """By time; of two audits of equal content in one millisecond, the second has a number behind it."""
    stamp, _, rest = place.name.partition("-")
    return stamp, len(rest), rest


def _time(value: object) -> str | None:
    text = str(value) if value is not None else ""
    return text[:32] if weekday_of(text) is not None else None


def _text(value: object) -> str | None:
    return storable(value)[:_TEXT_LENGTH] if isinstance(value, str) and value else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
