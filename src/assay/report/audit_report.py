"""The report of an audit: everything that was found, in every form in which it is read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.able import most_able
from assay.attestation import ATTESTATION, render_statement
from assay.changes.since import change_before
from assay.documents import FOLDER, build_documents, write_documents
from assay.known import keep
from assay.ledger import build_ledger, split_rows
from assay.report.document import build_document
from assay.report.junit import render_junit
from assay.report.markdown import render_markdown
from assay.report.page import render_html, render_notebook
from assay.report.plain import plain
from assay.report.rows import write_label_review, write_labels, write_rows
from assay.report.sarif import render_sarif
from assay.report.terminal import render_rich, render_text
from assay.results import OutOfSampleValues

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    from rich.console import RenderableType

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.deciding import Decision, Verdict
    from assay.findings import Finding
    from assay.results import (
        CellResult,
        CleaningEffect,
        FairnessResult,
        HealthResult,
        LabelEffect,
        LabelNoiseResult,
        MitigationResult,
        OutOfSample,
        RecordResult,
        ValidationResult,
    )


@dataclass(frozen=True, eq=False, repr=False)
class AuditReport:
    """Result of an audit of N rows with K learned classes. Its frames are shared: copy before you change one.

    Attributes
    ----------
    config, dataset, validation, cells, records, predictions, label_noise, fairness_result, cleaning, health
        What was asked, and what each stage answered.
    findings
        Of all stages, under the severities of the policy.
    ruling
        The verdict with its reasons and the waivers.
    manifest
        What the audit ran on, with and for how long, in plain JSON values.
    index
        (N,) index of the caller's frame; by default the row ids.
    label_effect, mitigation
        What wrong labels may do to the disparities, and what it would cost to meet the tolerance; None where the
        label is a number.
    """

    config: AuditConfig
    dataset: Dataset
    validation: ValidationResult
    cells: CellResult
    records: RecordResult
    predictions: OutOfSample | OutOfSampleValues
    label_noise: LabelNoiseResult
    fairness_result: FairnessResult
    cleaning: CleaningEffect | None
    health: HealthResult
    findings: tuple[Finding, ...]
    ruling: Decision
    manifest: Mapping[str, Any]
    index: pd.Index | None = None
    label_effect: LabelEffect | None = None
    mitigation: MitigationResult | None = None

    @property
    def name(self) -> str:
        """Name of the dataset: the configured one, else the file's, else "dataset"."""
        return self.config.dataset_name

    @property
    def decision(self) -> Verdict:
        """The verdict: "pass", "reject" or "undecided" (a `str` enumeration)."""
        return self.ruling.verdict

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings that kept the verdict from "pass", most severe first."""
        return self.ruling.reasons

    @cached_property
    def labels(self) -> pd.DataFrame:
        """One row for each of the N rows, in input order and under the caller's index.

        Columns `quality` (float in [0, 1], low is suspect, NaN where the label could not be judged), `suspect`
        (bool), and `suggested` (name of the most likely class, or the predicted number; missing where the label could
        not be judged).
        """
        result = self.label_noise
        if result.suggested_value is not None:
            value = np.where(result.judged, result.suggested_value, np.nan)
            columns = {"quality": result.quality, "suspect": result.suspect, "suggested": value}
            return pd.DataFrame(columns, index=self._row_index)
        # One entry more than there are classes: -1, which means "no class", takes the last.
        names = np.array([*self.predictions.classes, None], dtype=object)
        suggested = names[np.where(result.judged, result.suggested, -1)]
        return pd.DataFrame(
            {
                "quality": result.quality,
                "suspect": result.suspect,
                "suggested": pd.array(suggested, dtype="string"),
            },
            index=self._row_index,
        )

    @cached_property
    def pred_probs(self) -> pd.DataFrame:
        """(N, K) out-of-sample probabilities, one column for each learned class, under the caller's index.

        Those of the kind of model that predicts best, by which fairness is judged: `fairness_result.model`.
        A numeric label has no classes, and no columns here: see `labels`.
        """
        if isinstance(self.predictions, OutOfSampleValues):
            return pd.DataFrame(index=self._row_index)
        columns = pd.Index(self.predictions.classes, dtype="object")
        _, judged = most_able(self.predictions)
        return pd.DataFrame(judged.pred_probs, index=self._row_index, columns=columns)

    @property
    def fairness(self) -> pd.DataFrame:
        """The rates by group with their intervals: see `FairnessResult.by_group`."""
        return self.fairness_result.by_group

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """One row for each (row, finding): see `assay.ledger.build_ledger`."""
        return build_ledger(self.dataset, self.findings, [pair.finding for pair in self.ruling.waived])

    @cached_property
    def dispositions(self) -> npt.NDArray[np.str_]:
        """(N,) "clean", "quarantine" or "review" for each row, in input order."""
        return split_rows(self.dataset, self.ledger)

    @cached_property
    def _document(self) -> dict[str, Any]:
        return build_document(self)

    @property
    def _row_index(self) -> pd.Index:
        return self.dataset.row_ids if self.index is None else self.index

    def to_dict(self) -> dict[str, Any]:
        """Everything in the report as plain JSON values, by the schema "assay-report/1" (docs/report.md)."""
        return dict(plain(self._document))

    def to_json(self) -> str:
        """`to_dict` as JSON text; the same audit gives the same text."""
        return json.dumps(self._document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def to_html(self) -> str:
        """One self-contained HTML file below 1 MB: nothing from the network, and readable without its script."""
        return render_html(self._document)

    def to_markdown(self) -> str:
        """Summary for a pull request or a chat."""
        return render_markdown(self._document)

    def to_junit(self) -> str:
        """JUnit XML, in which a CI system shows each finding as a test."""
        return render_junit(self._document)

    def to_sarif(self) -> str:
        """SARIF 2.1.0, which code scanning and editors show beside the files."""
        return render_sarif(self._document)

    def save(self, folder: str | Path) -> Path:
        """Store the audit in a new directory below `folder` and return that directory.

        Raises
        ------
        HistoryError
            Where the history cannot be written; the audit is stored.
        StorageError
            Where it cannot be written; nothing is left behind.
        """
        return keep(self, Path(folder), self.name, self.config.output.history)

    def write(self, folder: Path) -> None:
        """Write all files into `folder`, which exists; `save` does so atomically.

        What changed since the newest audit of the dataset beside `folder` is part of the report from now on.
        """
        change = change_before(folder.parent, self._document, self.fairness_result.tables)
        self.__dict__["_document"] = self._document | {"change": change}
        # Newlines as they are: a CSV or JSON file is the same on every platform.
        texts = {
            "report.json": self.to_json(),
            "report.html": self.to_html(),
            "report.md": self.to_markdown(),
            "junit.xml": self.to_junit(),
            "report.sarif": self.to_sarif(),
            "manifest.json": json.dumps(self._document["manifest"], indent=1, ensure_ascii=False) + "\n",
        }
        if self.fairness_result.tables is not None:
            texts["fairness.json"] = self.fairness_result.tables.to_json()
        texts[ATTESTATION] = render_statement(self._document, texts, self.config)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        write_documents(build_documents(self._document), folder / FOLDER)
        write_rows(self.dataset, self.ledger, self.dispositions, folder / "rows", self.config.output.rows)
        write_labels(self.label_noise, folder)
        if self.label_effect is not None:
            write_label_review(self.dataset, self.label_effect.review, folder)

    def __str__(self) -> str:
        """The verdict and its reasons."""
        return render_text(self._document)

    def __repr__(self) -> str:
        """The verdict in one line."""
        return f"<AuditReport {self.name!r}: {self.decision}, {len(self.findings)} findings>"

    def __rich__(self) -> RenderableType:
        """The verdict and its reasons, for a terminal."""
        return render_rich(self._document)

    def _repr_html_(self) -> str:
        """The verdict and its reasons, for a notebook."""
        return render_notebook(self._document)
