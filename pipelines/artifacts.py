"""What an audit shows in the Prefect UI: its progress, its verdict, and the findings behind it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING
from uuid import UUID

from assay.findings import Status
from assay.gate import FAMILIES, worst_first
from assay.report.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assay.findings import Finding
    from assay.report import AuditReport

# The bar moves in steps of a tenth: each is a request to the server, and training takes seconds to minutes.
_PROGRESS_STEPS = 10

_KEY_LENGTH = 60
_SHOWN_REASONS = 20
_MARKS = {"pass": "✅", "reject": "❌", "undecided": "❔"}


def artifact_key(dataset: str, kind: str) -> str:
    """Key of an artifact: `<dataset>-<kind>` in what Prefect allows, lower-case letters, digits and dashes.

    The same dataset has the same key in every run, so that the UI shows its history. A name that had to be changed
    beyond its case, spaces, dots and underscores keeps a digest, so that two datasets do not share a key.

    >>> artifact_key("Loans_2026", "verdict")
    'loans-2026-verdict'
    """
    plain = unicodedata.normalize("NFKD", dataset).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_KEY_LENGTH].strip("-")
    if re.fullmatch(rf"[A-Za-z0-9 ._-]{{1,{_KEY_LENGTH}}}", dataset) is None or not slug:
        slug = f"{slug or 'dataset'}-{hashlib.sha256(dataset.encode()).hexdigest()[:6]}"
    return f"{slug}-{kind}"


def progress_bar(dataset: str) -> Callable[[str, float], None]:
    """Return a listener that shows the progress of each stage that reports it, a bar a stage.

    The listener takes the stage's name and a fraction in [0, 1]; it must be called within a flow or task run.
    """
    from prefect.artifacts import create_progress_artifact, update_progress_artifact

    bars: dict[str, tuple[UUID, int]] = {}

    def show(stage: str, fraction: float) -> None:
        step = int(min(max(fraction, 0.0), 1.0) * _PROGRESS_STEPS)
        percent = 100 * step / _PROGRESS_STEPS
        if stage not in bars:
            key = artifact_key(dataset, re.sub(r"[^a-z0-9]+", "-", stage.lower()))
            bar = create_progress_artifact(percent, key=key, description=f"Progress of: {stage}")
            assert isinstance(bar, UUID)  # a coroutine in asynchronous flows only
            bars[stage] = (bar, step)
        elif step > bars[stage][1]:
            bar = bars[stage][0]
            update_progress_artifact(bar, percent)
            bars[stage] = (bar, step)

    return show


def publish(report: AuditReport, dataset: str, place: Path) -> None:
    """Write the verdict as a Markdown artifact, and the failed findings as one table for each family."""
    from prefect.artifacts import create_markdown_artifact, create_table_artifact

    create_markdown_artifact(
        verdict_markdown(report, dataset, place),
        key=artifact_key(dataset, "verdict"),
        description=f"{report.decision}: {clean(dataset)}",
    )
    for family, title in FAMILIES.items():
        failed = [f for f in report.findings if f.status is Status.FAILED and f.code.startswith(family)]
        if failed:
            create_table_artifact(
                [_row(finding) for finding in worst_first(failed)],
                key=artifact_key(dataset, f"failed-{family.lower()}"),
                description=f"Failed findings of {clean(dataset)}: {title}",
            )


def verdict_markdown(report: AuditReport, dataset: str, place: Path) -> str:
    """Return the verdict, its reasons, the counts by status and where the report lies, as Markdown."""
    counts = {status: sum(f.status is status for f in report.findings) for status in Status}
    lines = [
        f"# {_MARKS[report.decision]} {report.decision}: {escape(dataset)}",
        "",
        ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in counts.items() if n) or "No finding.",
        "",
    ]
    if report.reasons:
        lines += ["| Check | Subject | Reason | What to do |", "| --- | --- | --- | --- |"]
        for finding in report.reasons[:_SHOWN_REASONS]:
            cells = (finding.code, str(finding.subject), finding.message, finding.remedy)
            lines.append("| " + " | ".join(escape(cell) for cell in cells) + " |")
        if (more := len(report.reasons) - _SHOWN_REASONS) > 0:
            lines.append(f"\nand {more} more reasons in the report.")
        lines.append("")
    lines.append(f"Report: `{(place / 'report.html').as_posix().replace('`', '')}`")
    return "\n".join(lines)


def escape(text: str) -> str:
    r"""Return `text` as it is to be read: no character of it is Markdown, HTML or the end of a table's cell.

    >>> escape("<script>a|b_c")
    '&lt;script&gt;a\\|b\\_c'
    """
    text = " ".join(clean(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#+!|~$])", r"\\\1", text)


def _row(finding: Finding) -> dict[str, str]:
    cells = {
        "check": finding.code,
        "severity": finding.severity.value,
        "subject": str(finding.subject),
        "finding": finding.message,
        "what to do": finding.remedy,
    }
    return {name: clean(text) for name, text in cells.items()}
