"""What an audit shows in the Prefect UI: its progress, its verdict, and the findings and pictures behind it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, Any
from uuid import UUID

from assay.deciding import FAMILIES
from assay.findings import Severity, Status
from assay.report.text import NONE, clean, number, percent, percent_span

from .numbers import is_number
from .pictures import draw_images
from .verdict_page import escape, headline, verdict_markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.known import Answer

# The bar moves in steps of a tenth: each is a request to the server, and training takes seconds to minutes.
_PROGRESS_STEPS = 10

_KEY_LENGTH = 60
_SHOWN_RATES = 500
_SEVERITIES = [severity.value for severity in Severity]


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


def publish(answer: Answer, dataset: str) -> None:
    """Show an answer: the verdict as Markdown, the pictures, the failed findings by family, and the rates by group."""
    from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact

    # What is answered from the record was drawn when it was audited, and is to be answered at once.
    images = () if answer.known else draw_images(answer.document)
    create_markdown_artifact(
        verdict_markdown(answer, dataset, images),
        key=artifact_key(dataset, "verdict"),
        description=headline(answer),
    )
    for image in images:
        create_image_artifact(
            image.address,
            key=artifact_key(dataset, image.kind),
            description=escape(f"{image.title}. {image.sentence}"),
        )
    for kind, title, rows in _tables(answer.document):
        create_table_artifact(rows, key=artifact_key(dataset, kind), description=escape(f"{title} of {dataset}"))


def _tables(document: dict[str, Any]) -> list[tuple[str, str, list[dict[str, str]]]]:
    """Kind, title and rows of each table."""
    tables = []
    for family, title in FAMILIES.items():
        failed = [f for f in document["findings"] if f["status"] == Status.FAILED and f["code"].startswith(family)]
        worst_first = sorted(failed, key=lambda finding: _SEVERITIES.index(finding["severity"]))
        tables.append((f"failed-{family.lower()}", f"Failed findings: {title}", [_finding(f) for f in worst_first]))
    by_group = document["fairness"]["by_group"]
    rates = [_rate(dict(zip(by_group["columns"], row, strict=True))) for row in by_group["rows"][:_SHOWN_RATES]]
    cut = f"First {_SHOWN_RATES} of {len(by_group['rows']):,} rates" if len(rates) == _SHOWN_RATES else "Rates"
    tables.append(("groups", f"{cut} by group", rates))
    return [table for table in tables if table[2]]


def _finding(finding: dict[str, Any]) -> dict[str, str]:
    cells = {
        "check": finding["code"],
        "severity": finding["severity"],
        "subject": finding["subject"]["text"],
        "finding": finding["message"],
        "what to do": finding["remedy"],
    }
    return {name: clean(text) for name, text in cells.items()}


def _rate(rate: dict[str, Any]) -> dict[str, str]:
    # A mean or a quantile of a numeric label is no share, and may be anything.
    share = all(value is None or (is_number(value) and 0 <= value <= 1) for value in (rate["value"], rate["low"]))
    known = is_number(rate["low"]) and is_number(rate["high"])
    interval = percent_span(rate["low"], rate["high"]) if share else f"{number(rate['low'])} to {number(rate['high'])}"
    cells = {
        "feature": str(rate["feature"]),
        "group": str(rate["group"]),
        "figure": str(rate["metric"]),
        "value": percent(rate["value"]) if share else number(rate["value"]),
        "95% interval": interval if known else NONE,
        "rows": number(rate["n"]),
    }
    return {name: clean(text) for name, text in cells.items()}
