"""Events that automations can wait for: `assay.audit.passed`, `.rejected`, `.undecided` and `.approved`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect.events import emit_event

from assay.store import slug

if TYPE_CHECKING:
    from assay.known import Answer

_EVENTS = {"pass": "passed", "reject": "rejected", "undecided": "undecided"}


def announce(answer: Answer, dataset: str) -> None:
    """Emit the event of a verdict."""
    _emit(_EVENTS[answer.verdict], answer, dataset)


def announce_approval(answer: Answer, dataset: str) -> None:
    """Emit the event of an approval."""
    _emit("approved", answer, dataset)


def _emit(what: str, answer: Answer, dataset: str) -> None:
    """Emit an event about a dataset; the run that it is emitted in is related to it by Prefect.

    The payload has codes, counts and the place of the report: neither values of the data nor names of groups.
    """
    document = answer.document
    payload: dict[str, Any] = {
        "verdict": answer.verdict,
        "reasons": list(dict.fromkeys(reason["code"] for reason in document["reasons"])),
        "rows": {key: document["rows"][key] for key in ("total", "clean", "quarantine", "review")},
        "fingerprint": document["dataset"]["fingerprint"],
        "report": None if answer.place is None else str(answer.place / "report.html"),
        "known": answer.known,
    }
    resource = {"prefect.resource.id": f"assay.dataset.{slug(dataset)}", "prefect.resource.name": dataset}
    emit_event(f"assay.audit.{what}", resource=resource, payload=payload)
