"""Answers from the record: what was audited before, and has not changed since, need not be audited again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from assay.errors import GateRejected
from assay.findings import Status
from assay.history import keep_history, still_stands
from assay.identity import identify
from assay.store import parse_audit, recall, remember, save_audit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assay.config import AuditConfig
    from assay.findings import Finding


class Report(Protocol):
    """What is kept of an audit: usually an `assay.report.AuditReport`."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """With `identity`, see `assay.identity.identify`."""

    @property
    def findings(self) -> Sequence[Finding]:
        """Of all stages."""

    def write(self, folder: Path) -> None:
        """Write all files."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The answer of an audit, made now or before.

    Attributes
    ----------
    document
        The report as `report.json` holds it.
    place
        Directory of the audit; None where it was not saved.
    known
        Whether it was answered from the record.
    """

    document: dict[str, Any]
    place: Path | None
    known: bool = False

    @property
    def verdict(self) -> str:
        """One of "pass", "reject", "undecided"."""
        return str(self.document["verdict"])


def known_answer(config: AuditConfig) -> Answer | None:
    """Answer from the record where data, configuration, suite, waivers in force and versions are the same.

    DQ040 holds the data against other data: where audits of others followed in the history, the answer is of no use.

    Returns
    -------
    Answer or None
        None where there is none, and where that cannot be known: of data in a database, or where the history cannot be
        read or does not hold the audit.

    Raises
    ------
    StorageError
        Where the recorded report is of a schema that this version does not know.
    """
    identity = identity_of(config)
    found = recall(config.output.folder, config.dataset_name, identity) if identity is not None else None
    if found is None:
        return None
    place, content = found
    document = parse_audit(content, place)
    manifest = document["manifest"]
    # A note that leads to another audit's report answers nothing.
    if manifest.get("identity") != identity:
        return None
    if not still_stands(place, config.dataset_name, manifest.get("fingerprint"), config.output.history):
        return None
    return Answer(document, place, known=True)


def rejection(answer: Answer) -> GateRejected:
    """Return the exception for an answer that is not `pass`."""
    reasons = answer.document["reasons"]
    named = {reason["finding"] for reason in reasons}
    return GateRejected(
        answer.verdict,
        [reason["message"] for reason in reasons],
        findings=[finding for finding in answer.document["findings"] if finding["id"] in named],
        place=answer.place,
    )


def keep(report: Report, folder: Path, name: str, history: str | None = None) -> Path:
    """Store an audit, put it into the history, note what it answers, and return its directory.

    An audit in which a check crashed is stored, but answers nothing: the crash may not happen again. So is one that
    the history lacks: a second try would pass over the gap.

    Parameters
    ----------
    report, folder, name
        As for `assay.store.save_audit`.
    history
        `output.history` of the configuration.

    Raises
    ------
    HistoryError
        Where the history cannot be written; the audit is stored.
    StorageError
        Where it cannot be written.
    """
    place = save_audit(report, folder, name)
    keep_history(place, history)
    identity = report.manifest.get("identity")
    if identity is not None and all(finding.status is not Status.ERROR for finding in report.findings):
        remember(place, identity)
    return place


def identity_of(config: AuditConfig) -> str | None:
    """What the answer to a configuration depends on, with the waivers that are in force today.

    None where it depends on more: what an audit takes (MH012) is a matter of the machine and of what else it does.
    """
    if config.health.max_seconds is not None or config.health.max_memory_mb is not None:
        return None
    return identify(config, dt.datetime.now(dt.UTC).date())
