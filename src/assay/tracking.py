"""An audit beside the training that it allowed: its verdict, its figures and its report in the active MLflow run."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from assay.errors import ConfigurationError
from assay.known import Answer
from assay.report import AuditReport, render_html, render_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

# What MLflow takes in a name; it takes 250 characters.
_FORBIDDEN = re.compile(r"[^\w. /-]", flags=re.ASCII)
_NAME = 200
# Of a tag.
_TEXT = 5000
FOLDER = "assay"
# Of a stored audit, as they are; never rows/, which holds the data.
_FILES = ("report.json", "report.html", "report.md", "report.sarif", "manifest.json", "attestation.json")


def log_to_mlflow(what: AuditReport | Answer, /) -> None:
    """Log an audit to the active MLflow run; see docs/python.md for the names.

    Tags say verdict, reasons and fingerprints; metrics are the counts of rows and findings and the figures of the
    model's health; the report is an artifact below `assay/`. The row files are not logged: they hold the data.

    Parameters
    ----------
    what
        A report, or the answer of `assay.require`.

    Raises
    ------
    ConfigurationError
        Where MLflow is not installed, no run is active, or `what` is neither.
    """
    if isinstance(what, AuditReport):
        what = Answer(what.to_dict(), None)
    if not isinstance(what, Answer):
        raise ConfigurationError(
            f"what is logged must be a report or the answer of assay.require, got {type(what).__name__}. "
            "Give what assay.audit or assay.require returned."
        )
    try:
        import mlflow
    except ImportError as error:
        raise ConfigurationError("MLflow must be installed to log to it. Install it: `pip install mlflow`.") from error
    if mlflow.active_run() is None:
        raise ConfigurationError("An MLflow run must be active, got none. Log within `with mlflow.start_run():`.")
    mlflow.set_tags(_tags(what.document))
    mlflow.log_metrics(dict(_metrics(what.document)))
    if what.place is not None:
        for name in _FILES:
            if (file := what.place / name).is_file():
                mlflow.log_artifact(str(file), artifact_path=FOLDER)
        return
    mlflow.log_text(json.dumps(what.document, indent=1), f"{FOLDER}/report.json")
    mlflow.log_text(render_html(what.document), f"{FOLDER}/report.html")
    mlflow.log_text(render_markdown(what.document), f"{FOLDER}/report.md")


def _tags(document: dict[str, Any]) -> dict[str, str]:
    manifest = document["manifest"]
    tags = {
        "verdict": document["verdict"],
        "name": document["name"],
        "reasons": ", ".join(dict.fromkeys(reason["code"] for reason in document["reasons"])),
        "fingerprint": document["dataset"]["fingerprint"],
        "identity": manifest.get("identity") or "",
        "created": manifest.get("created", ""),
        "version": manifest["assay"],
    }
    return {f"assay.{key}": str(value)[:_TEXT] for key, value in tags.items()}


def _metrics(document: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Names and figures; what is not known is left out."""
    statuses = [finding["status"] for finding in document["findings"]]
    for status in ("failed", "inconclusive", "error", "passed"):
        yield f"assay.findings.{status}", float(statuses.count(status))
    for name in ("total", "clean", "quarantine", "review"):
        if (count := document["rows"][name]) is not None:
            yield f"assay.rows.{name}", float(count)
    yield "assay.labels.suspects", float(document["labels"]["suspects"])
    table = document["health"]["metrics"]
    for row in table["rows"]:
        cells = dict(zip(table["columns"], row, strict=True))
        for end, key in (("", "value"), (".low", "low"), (".high", "high")):
            figure = cells.get(key)
            if isinstance(figure, int | float) and math.isfinite(figure):
                yield _FORBIDDEN.sub("_", f"assay.health.{cells['metric']}")[:_NAME] + end, float(figure)
