"""The parts of the report's document that are about fairness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assay.documents.pairs import sex_by_race
from assay.report.disclosure import RateRows, hide_small_fairness, hide_small_rows, nearly_all_rows
from assay.report.plain import plain
from assay.report.series import missing_by_group

if TYPE_CHECKING:
    from assay.report.audit_report import AuditReport


def fairness_part(report: AuditReport, rate_rows: RateRows) -> dict[str, Any]:
    """The key `fairness`, without small cells."""
    result, weights = report.fairness_result, report.dataset.weights
    tables = {"by_group": result.by_group, "disparities": result.disparities, "counts": result.counts}
    heaviest = 1.0 if weights is None else float(np.max(weights, initial=0.0))
    shown = hide_small_fairness(plain(tables), rate_rows, heaviest)
    others = {
        "calibration": result.calibration,
        "reliability": result.reliability,
        "label_measures": result.label_measures,
        "proxies": result.proxies,
        "individual": result.individual,
        "missingness": missing_by_group(report.dataset),
    }
    # For Local Law 144, where the configuration says which feature is which.
    if (pairs := sex_by_race(report.dataset, report.predictions, report.config)) is not None:
        others["sex_by_race"] = pairs
    hidden = row_totals(report), nearly_all_rows(rate_rows)
    return {
        **shown,
        **{name: hide_small_rows(plain(table), *hidden) for name, table in others.items()},
        "model": result.model,
    }


def label_effect_part(report: AuditReport) -> dict[str, Any] | None:
    """The key `label_effect`; None where the label is a number."""
    effect = report.label_effect
    if effect is None:
        return None
    table = hide_small_rows(plain(effect.table), row_totals(report))
    return {"table": table, "tipping": effect.tipping, "review": len(effect.review)}


def mitigation_part(report: AuditReport) -> dict[str, Any] | None:
    """The key `mitigation`; None where the label is a number."""
    mitigation = report.mitigation
    if mitigation is None:
        return None
    return {
        "tolerance": report.config.fairness.tolerance,
        "frontier": hide_small_rows(plain(mitigation.frontier), row_totals(report)),
    }


def row_totals(report: AuditReport) -> tuple[int, ...]:
    """Numbers of rows that the report tells, so that a group could be told by what is missing from them."""
    labelled = int((report.dataset.labels.codes >= 0).sum())
    return len(report.dataset), labelled, int(report.predictions.trained.sum()), int(report.label_noise.judged.sum())
