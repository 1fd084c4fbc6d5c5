"""Stored audits made by hand: the parts of a report.json that a history reads."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from assay.config import AuditConfig
from assay.history.database import History, find_history
from assay.history.recording import record

START = dt.datetime(2026, 1, 5, 2, 0, tzinfo=dt.UTC)  # a Monday


def make_document(rows: float | None = 1000, *, night: int = 0, name: str = "loans", **parts: Any) -> dict[str, Any]:
    """A report of `rows` rows, made on a night; other data every night."""
    created = (START + dt.timedelta(days=night)).isoformat(timespec="seconds")
    return {
        "schema": "assay-report/1",
        "name": name,
        "verdict": "pass",
        "reasons": [],
        "findings": [],
        "rows": {"total": rows, "clean": rows, "quarantine": 0, "review": 0},
        "dataset": {"rows": rows, "roles": {"label": "y", "sensitive": ["sex"]}, "classes": []},
        "manifest": {"assay": "0.1.0", "created": created, "fingerprint": f"{night:064x}", "identity": None},
        **parts,
    }


def by_group(rates: dict[str, float | None], n: int = 1000) -> dict[str, Any]:
    """Selection rates of the groups of `sex`."""
    columns = ["feature", "group", "metric", "value", "low", "high", "n"]
    rows = [["sex", group, "selection rate", rate, None, None, n] for group, rate in rates.items()]
    return {"by_group": {"columns": columns, "rows": rows}, "disparities": {"columns": [], "rows": []}}


def store(folder: Path, document: dict[str, Any], *, stamp: dt.datetime | None = None, home: str = "loans") -> Path:
    """Write a document where `save_audit` would."""
    when = stamp or dt.datetime.fromisoformat(document["manifest"]["created"])
    place = folder / home / f"{when:%Y%m%dT%H%M%S}.000Z-abcdef01"
    place.mkdir(parents=True)
    (place / "report.json").write_text(json.dumps(document), encoding="utf-8")
    return place


def keep_all(folder: Path, documents: list[dict[str, Any]]) -> History:
    """Store and record one audit after the other, as nights do."""
    history = find_history(folder)
    assert history is not None
    for document in documents:
        place = store(folder, document)
        record(history, place.parent, newest=place)
    return history


def configure(folder: Path, **settings: Any) -> AuditConfig:
    return AuditConfig.model_validate({"name": "loans", "label": "y", "output": {"folder": folder, **settings}})


def everything(history: History) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, without the keys that the database gave."""
    from assay.history import tables

    audits, of_audit = tables.audits, {}
    with history.reading() as link:
        assert link is not None
        rows = [tuple(row)[1:] for row in link.execute(sa.select(audits).order_by(audits.c.position))]
        for table in (tables.findings, tables.metrics):
            query = sa.select(audits.c.run, table).join(table, table.c.audit == audits.c.id)
            of_audit[table.name] = sorted([(row[0], *row[2:]) for row in link.execute(query)], key=repr)
    return {"audits": rows, **of_audit}
