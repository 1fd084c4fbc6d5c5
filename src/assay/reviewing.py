"""A review: from a stored audit to a random sample of its labels, and from the filled sample to figures."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.config_file import load_config, parse_config
from assay.errors import InputError
from assay.ingest import read_dataset
from assay.label_noise.review import (
    STRATA,
    assign_strata,
    draw_rows,
    estimate_noise_rate,
    estimate_precision,
    estimate_recall,
)
from assay.report.plain import plain
from assay.report.rows import LABELS
from assay.review_file import ROW_ID, Plan, read_plan_and_review, write_review_files, write_text
from assay.store import read_audit

if TYPE_CHECKING:
    from pathlib import Path

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.label_noise.review import Estimate

SCHEMA = "assay-review-result/1"
RESULT = "review.json"
_SEEDS = 2**31


def draw_review(
    audit: Path, sample: int, place: Path | str, *, seed: int | None = None, config_file: Path | None = None
) -> tuple[Plan, Path, Path]:
    """Draw rows of a stored audit at random, and write them for a person to look at.

    The data are read again: by the audit's own configuration, or by `config_file`.

    Parameters
    ----------
    audit
        Directory of the audit.
    sample
        How many rows to draw; all there are where there are fewer.
    place
        See `write_review_files`.
    seed
        Of the draw; by default one that nobody knows beforehand.
    config_file
        An audit.yaml that names the same data.

    Returns
    -------
    tuple
        How the rows were drawn, the CSV file and the JSON file.

    Raises
    ------
    AssayError
        Where the audit is not complete, the data cannot be read again or are not those that were audited, or the
        files cannot be written.
    """
    document = read_audit(audit)
    judged = _read_labels(audit)
    if not len(judged):
        raise InputError(f"The audit {audit.name} judged no label (see its finding LN004): there is nothing to draw.")
    dataset = _read_same_data(document, audit, config_file)
    seed = secrets.randbelow(_SEEDS) if seed is None else seed
    strata = _strata(judged)
    drawn, sizes = draw_rows(strata, sample, np.random.default_rng(seed))
    positions = judged["position"].to_numpy()[drawn]
    plan = Plan(
        run=audit.name,
        name=str(document["name"]),
        fingerprint=dataset.fingerprint,
        label=dataset.roles.label,
        classes=_classes(dataset),
        seed=seed,
        sizes=sizes,
        positions=tuple(positions.tolist()),
        strata=tuple(strata[drawn].tolist()),
        given=_given(dataset, positions),
    )
    rows = dataset.frame.loc[positions, list(dataset.roles.features)]
    rows.insert(0, ROW_ID, dataset.row_ids.take(positions).to_flat_index().array, allow_duplicates=True)
    return plan, *write_review_files(plan, rows, place)


def record_review(audit: Path, file: Path, *, config_file: Path | None = None) -> dict[str, Any]:
    """Estimate what a filled sample says, store it as `review.json` in the audit's directory, and return it.

    The keys are those of docs/review.md. The figures stand on the strata, their sizes and the given labels that the
    JSON file beside the sample states; all of them are held against the audit and its data, which are read again as
    by `draw_review`. That the rows were drawn at random cannot be told.

    Raises
    ------
    AssayError
        Where the file is not one that `read_plan_and_review` takes, is of another audit, or was drawn in another way
        than from this audit and its data; and where these cannot be read again.
    """
    document = read_audit(audit)
    plan, review = read_plan_and_review(file)
    if (review.run, review.fingerprint) != (audit.name, document["dataset"]["fingerprint"]):
        raise InputError(
            f"{file} must hold rows of the audit {audit.name}, got rows of {review.run}. Name that audit: "
            f"assay review {review.run} --read {file}."
        )
    _refuse_other_plan(plan, file, _read_labels(audit), _read_same_data(document, audit, config_file))
    result: dict[str, Any] = plain(
        {
            "schema": SCHEMA,
            "run": review.run,
            "name": document["name"],
            "fingerprint": review.fingerprint,
            "label": review.label,
            "task": "classification" if document["dataset"]["classes"] else "regression",
            "rows": review.rows,
            "reviewed": review.reviewed,
            "unsure": review.unsure,
            "skipped": review.skipped,
            "unread": review.unread,
            "noise_rate": _figure(estimate_noise_rate(review)),
            "precision": _figure(estimate_precision(review)),
            "recall": _figure(estimate_recall(review)),
            "strata": [
                {"name": s.name, "rows": s.rows, "right": s.right, "wrong": s.wrong, "unsure": s.unsure}
                for s in review.strata
            ],
            "max_share": document["manifest"]["config"]["label_noise"]["max_share"],
        }
    )
    write_text(audit / RESULT, json.dumps(result, indent=1) + "\n")
    return result


def _refuse_other_plan(plan: Plan, file: Path, judged: pd.DataFrame, dataset: Dataset) -> None:
    """Refuse a plan that says of the audit or of the data what is not so."""
    strata = _strata(judged)
    stratum_of = dict(zip(judged["position"].tolist(), strata.tolist(), strict=True))
    wrong = {
        "label": plan.label != dataset.roles.label,
        "classes": plan.classes != _classes(dataset),
        "sizes of the strata": plan.sizes != tuple(np.bincount(strata, minlength=len(STRATA)).tolist()),
        "rows": len(set(plan.positions)) < len(plan.positions) or not stratum_of.keys() >= set(plan.positions),
    }
    if not wrong["rows"]:
        wrong["strata of the rows"] = plan.strata != tuple(stratum_of[row] for row in plan.positions)
        wrong["given labels"] = plan.given != _given(dataset, np.array(plan.positions, dtype=np.int64))
    if any(wrong.values()):
        what = ", ".join(name for name, differs in wrong.items() if differs)
        raise InputError(
            f"The JSON file beside {file} must say of the audit {plan.run} what its rows/labels.parquet and its data "
            f"say, got other {what}. Restore the files as `assay review` wrote them, or draw a new sample."
        )


def _strata(judged: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    return assign_strata(judged["quality"].to_numpy(), judged["suspect"].to_numpy())


def _classes(dataset: Dataset) -> tuple[str, ...] | None:
    return dataset.labels.classes if dataset.target is None else None


def _figure(estimate: Estimate) -> dict[str, Any]:
    known = estimate.interval
    return {
        "value": estimate.value,
        "low": known and known.low,
        "high": known and known.high,
        "confidence": known and known.confidence,
        "method": known and known.method,
    }


def _read_labels(audit: Path) -> pd.DataFrame:
    file = audit / LABELS
    try:
        table = pd.read_parquet(file)
        return table[["position", "quality", "suspect"]]
    except OSError as error:
        reason = error.strerror or "it is no Parquet file"
    except (ValueError, KeyError):
        reason = "it is damaged"
    raise InputError(
        f"{file} says which labels were judged, and cannot be read: {reason}. Audits of earlier versions do not have "
        "it. Run the audit again, and review that one."
    )


def _read_same_data(document: dict[str, Any], audit: Path, config_file: Path | None) -> Dataset:
    config = load_config(config_file) if config_file is not None else _stored_config(document)
    dataset = read_dataset(config)
    told = document["dataset"]
    if (dataset.fingerprint, dataset.roles.label) != (told["fingerprint"], told["roles"]["label"]):
        raise InputError(
            f"The data ({dataset.source}) must be those of the audit {audit.name}, with the label "
            f"'{told['roles']['label']}', got others: they changed since, or are read in another way. Restore them, "
            "or audit them again and review that audit."
        )
    return dataset


def _stored_config(document: dict[str, Any]) -> AuditConfig:
    config = parse_config(document["manifest"]["config"], name="the configuration of the audit")
    data = config.data
    gone = data is not None and data.path is not None and not data.path.exists()
    # Passwords are not stored.
    hidden = data is not None and "***" in (data.connection or "")
    if data is None or not data.has_source or gone or hidden:
        raise InputError(
            f"The data of the audit ({document['dataset']['source']}) cannot be read again from here. Give a "
            "configuration that names them: --config AUDIT.yaml."
        )
    return config


def _given(dataset: Dataset, positions: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[str, ...]:
    if dataset.target is not None:
        return tuple(repr(float(value)) for value in dataset.target[positions])
    return tuple(dataset.labels.classes[code] for code in dataset.labels.codes[positions])
