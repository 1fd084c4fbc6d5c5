"""The report of `assay validate`: the document of an audit in which nothing was trained, and the failing rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from assay.changes.since import change_before
from assay.findings import Action
from assay.ledger import COLUMNS, LEDGER, build_ledger, split_rows
from assay.report.actions import first_actions
from assay.report.disclosure import hide_small_evidence
from assay.report.document import judged_parts
from assay.report.junit import render_junit
from assay.report.markdown import render_markdown
from assay.report.page import render_html
from assay.report.plain import plain
from assay.report.rows import write_rows
from assay.report.sarif import render_sarif
from assay.report.terminal import render_rich
from assay.store import SCHEMA, save_audit
from assay.utf8 import encodable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt
    import pyarrow as pa
    from rich.console import RenderableType

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.deciding import Decision, Verdict
    from assay.findings import Finding

_FAMILY = "DQ"
# In place of a digest of the content: that would be the one thing for which every row had to be fetched.
_NOT_READ = "not read"
# With more failing rows than this they are written, and not counted across the expectations: 8 bytes each.
_MOST_COUNTED = 20_000_000


class FailingRows(Protocol):
    """The rows that a validation found to be wrong."""

    def counts(self) -> dict[str, int | None]:
        """Rows by what becomes of them, `clean`, `quarantine` and `review`, and the length of the `ledger`."""

    def format(self, asked: str) -> str:
        """Of the row files, "csv" or "parquet", where `asked` is what the configuration says."""

    def write(self, folder: Path, format_: str) -> None:
        """Write what is known of the rows into a new `folder`, always with the ledger."""


class KeyFile(Protocol):
    """The failing keys of one expectation; see `assay.validation.backends.keys.Kept`."""

    @property
    def place(self) -> int:
        """Of the expectation in its suite, and of its finding."""

    @property
    def reason(self) -> str:
        """For all its rows."""

    @property
    def action(self) -> Action:
        """For all its rows."""

    @property
    def rows(self) -> int:
        """How many there are."""

    def chunks(self) -> Iterator[pa.Array]:
        """The keys, some at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class RowsInFrame:
    """Failing rows of a dataset in memory."""

    dataset: Dataset
    findings: tuple[Finding, ...]
    waived: tuple[Finding, ...]

    def counts(self) -> dict[str, int | None]:
        """Rows by what becomes of them."""
        ledger, dispositions = self._split()
        split = dispositions.tolist()
        counts: dict[str, int | None] = {n: split.count(n) for n in ("clean", "quarantine", "review")}
        return counts | {"ledger": len(ledger)}

    def format(self, asked: str) -> str:
        """As it was asked."""
        return asked

    def write(self, folder: Path, format_: str) -> None:
        """Write the row files of an audit: the ledger, and the rows themselves, split in three."""
        write_rows(self.dataset, *self._split(), folder, format_)

    def _split(self) -> tuple[pd.DataFrame, npt.NDArray[np.str_]]:
        ledger = build_ledger(self.dataset, self.findings, self.waived)
        return ledger, split_rows(self.dataset, ledger)


@dataclass(frozen=True, slots=True, eq=False)
class RowsByKey:
    """Failing rows of a table elsewhere, which are known by their keys and never all in memory.

    Attributes
    ----------
    total
        Rows of the table.
    kept
        One for each failed expectation whose rows are known.
    findings, waived
        Of all expectations, in the order of the suite; those that a waiver excuses.
    keys_are_unique
        Whether each row has a key of its own.
    """

    total: int
    kept: Sequence[KeyFile]
    findings: tuple[Finding, ...]
    waived: tuple[Finding, ...]
    keys_are_unique: bool

    def counts(self) -> dict[str, int | None]:
        """Rows by what becomes of them; None where the keys do not tell rows apart, or are too many to compare."""
        ledger = sum(entry.rows for entry in self.kept)
        if not self.keys_are_unique or ledger > _MOST_COUNTED:
            return {"clean": None, "quarantine": None, "review": None, "ledger": ledger}
        out = self._distinct(Action.QUARANTINE)
        review = np.setdiff1d(self._distinct(Action.REVIEW), out, assume_unique=True)
        clean = self.total - len(out) - len(review)
        return {"clean": clean, "quarantine": len(out), "review": len(review), "ledger": ledger}

    def format(self, asked: str) -> str:  # noqa: ARG002 -- the rows themselves are not fetched
        """Parquet, since the ledger is all there is."""
        return "parquet"

    def write(self, folder: Path, format_: str) -> None:  # noqa: ARG002
        """Write the ledger, some keys at a time, in the order of the suite."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        whole = all(pa.types.is_integer(chunk.type) for entry in self.kept for chunk in _first(entry))
        schema = _schema(pa.int64() if whole else pa.string())
        folder.mkdir()
        with pq.ParquetWriter(folder / LEDGER.name, schema) as writer:
            for entry in self.kept:
                for chunk in entry.chunks():
                    writer.write_table(self._part(entry, chunk, schema))

    def _part(self, entry: KeyFile, keys: pa.Array, schema: pa.Schema) -> pa.Table:
        import pyarrow as pa

        finding = self.findings[entry.place]
        columns = finding.subject.columns
        same = {
            "check": finding.code,
            "subject": encodable(str(finding.subject)),
            "column": encodable(columns[0]) if len(columns) == 1 else None,
            "score": float("nan"),
            "reason": encodable(entry.reason),
            "action": entry.action.value,
            "severity": finding.severity.value,
            "waived": any(finding is waived for waived in self.waived),
        }
        arrays = [
            keys.cast(field.type)
            if field.name == "row_id"
            else pa.repeat(pa.scalar(same.get(field.name), field.type), len(keys))
            for field in schema
        ]
        return pa.table(arrays, schema=schema)

    def _distinct(self, action: Action) -> npt.NDArray[Any]:
        excused = {id(finding) for finding in self.waived}
        counting = [e for e in self.kept if e.action is action and id(self.findings[e.place]) not in excused]
        parts = [_codes(chunk) for entry in counting for chunk in entry.chunks()]
        return np.unique(np.concatenate([np.zeros(0, np.uint64), *parts]))


@dataclass(frozen=True, eq=False, repr=False)
class ValidationReport:
    """Result of a validation by `assay validate`.

    Attributes
    ----------
    config
        What was asked.
    source, shape
        What the table is called, and its numbers of rows and columns.
    findings, ruling
        Under the severities of the policy, and the verdict on them.
    rows
        The failing rows.
    manifest
        What it ran on, with and for how long, in plain JSON values.
    """

    config: AuditConfig
    source: str
    shape: tuple[int, int]
    findings: tuple[Finding, ...]
    ruling: Decision
    rows: FailingRows
    manifest: Mapping[str, Any]

    @property
    def decision(self) -> Verdict:
        """The verdict: "pass", "reject" or "undecided" (a `str` enumeration)."""
        return self.ruling.verdict

    @cached_property
    def _document(self) -> dict[str, Any]:
        return _build(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything in the report as plain JSON values, by the schema of an audit's report (docs/report.md)."""
        return dict(plain(self._document))

    def save(self, folder: str | Path) -> Path:
        """Store the report in a new directory below `folder` and return that directory.

        Raises
        ------
        StorageError
            Where it cannot be written; nothing is left behind.
        """
        return save_audit(self, Path(folder), self.config.dataset_name)

    def write(self, folder: Path) -> None:
        """Write all files into `folder`, which exists; `save` does so atomically.

        What changed since the newest validation beside `folder` is part of the report from now on.
        """
        self.__dict__["_document"] = self._document | {"change": change_before(folder.parent, self._document, None)}
        texts = {
            "report.json": json.dumps(self._document, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
            "report.html": render_html(self._document),
            "report.md": render_markdown(self._document),
            "junit.xml": render_junit(self._document),
            "report.sarif": render_sarif(self._document),
            "manifest.json": json.dumps(self._document["manifest"], indent=1, ensure_ascii=False) + "\n",
        }
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        self.rows.write(folder / LEDGER.parent, self._document["rows"]["format"])

    def __rich__(self) -> RenderableType:
        """The verdict and its reasons, for a terminal."""
        return render_rich(self._document)


def _build(report: ValidationReport) -> dict[str, Any]:
    config, (rows, columns) = report.config, report.shape
    sensitive = [name for feature in config.sensitive for name in (feature.column, feature.label)]
    judged = judged_parts(
        config.dataset_name,
        report.findings,
        report.ruling,
        hide=lambda finding: hide_small_evidence(finding, {}, sensitive, (rows,)),
    )
    format_ = report.rows.format(config.output.rows)
    document = {
        "schema": SCHEMA,
        **judged,
        "families": [family for family in judged["families"] if family["family"] == _FAMILY],
        "actions": first_actions(judged["findings"], {}, format_),
        "dataset": {
            "source": report.source,
            "fingerprint": _NOT_READ,
            "rows": rows,
            "columns": columns,
            "roles": {
                "label": config.label,
                "features": [],
                "sensitive": [feature.label for feature in config.sensitive],
                "id": config.id,
                "time": config.time,
                "group": config.group,
                "weight": config.weight,
                "split": config.split,
                "ignored": config.ignore,
            },
            "classes": [],
            "positive_is_stated": config.positive is not None,
            "without_label": 0,
        },
        "rows": {"total": rows, **report.rows.counts(), "format": format_},
        **_nothing_trained(config.fairness.min_group_size),
        "manifest": report.manifest,
    }
    return dict(plain(document))


def _nothing_trained(least: int) -> dict[str, Any]:
    """The parts of an audit's document that are about a training, empty."""

    def table(*columns: str) -> dict[str, Any]:
        return {"columns": list(columns), "rows": []}

    return {
        "learning": {
            "classes": [],
            "left_out": {},
            "trained": 0,
            "train_accuracy": None,
            "test_accuracy": None,
            "curves": None,
            "device": "none",
            "details": {},
        },
        "labels": {
            "judged": 0,
            "suspects": 0,
            "estimates": table("by", "name", "n", "suspects", "share", "low", "high"),
            "histogram": None,
            "confusion": table("given", "suggested", "n"),
        },
        "fairness": {
            "by_group": table("feature", "group", "metric", "value", "low", "high", "n"),
            "disparities": table("feature", "metric", "kind", "value", "low", "high", "worst", "best", "tolerance"),
            "counts": table("feature", "group", "y_true", "y_pred", "n"),
            **{name: table() for name in _OF_MODELS},
            "model": "",
        },
        "cleaning": None,
        "label_effect": None,
        "mitigation": None,
        "health": {"metrics": table("metric", "value", "low", "high", "n"), "tables": {}},
        "limits": {"classes_left_out": {}, "labels_not_judged": 0, "min_group_size": least, "small_groups": []},
    }


# Tables of the key `fairness` that a validation leaves empty.
_OF_MODELS = ("calibration", "reliability", "label_measures", "proxies", "individual", "missingness")


def _schema(key: pa.DataType) -> pa.Schema:
    """The columns of the ledger, as `assay.ledger.build_ledger` has them."""
    import pyarrow as pa

    # A text that is the same in a million rows is stored once.
    text = pa.dictionary(pa.int32(), pa.string())
    types = {"row_id": key, "position": pa.int64(), "score": pa.float64(), "waived": pa.bool_()}
    return pa.schema([(name, types.get(name, text)) for name in COLUMNS])


def _first(entry: KeyFile) -> Iterator[pa.Array]:
    for chunk in entry.chunks():
        yield chunk
        return


def _codes(keys: pa.Array) -> npt.NDArray[np.uint64]:
    """Numbers that are equal where keys are; of texts, but for one chance in some ten thousand."""
    values = keys.to_numpy(zero_copy_only=False)
    return np.asarray(pd.util.hash_array(values), dtype=np.uint64)
