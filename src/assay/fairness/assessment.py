"""The stage "fairness": tables by group, disparities, and the findings on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.fairness.context import build_context
from assay.fairness.data_checks import DATA_CHECKS
from assay.fairness.model_checks import MODEL_CHECKS
from assay.fairness.simultaneous import wilson_limits
from assay.findings import run_checks
from assay.intervals import normal_quantile
from assay.results import FairnessResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.config import FairnessConfig
    from assay.dataset import Dataset
    from assay.fairness.context import Assessment, FairnessContext
    from assay.findings import Check
    from assay.results import OutOfSample

CHECKS = (*DATA_CHECKS, *MODEL_CHECKS)
BY_GROUP = ("feature", "group", "metric", "value", "low", "high", "n")
DISPARITIES = ("feature", "metric", "kind", "value", "low", "high", "worst", "best", "tolerance", "status")
COUNTS = ("feature", "group", "y_true", "y_pred", "n")


def assess_fairness(
    dataset: Dataset,
    predictions: OutOfSample,
    config: FairnessConfig,
    checks: Iterable[Check[FairnessContext]] = CHECKS,
) -> FairnessResult:
    """Assess whom a model trained on the dataset would treat differently, and how.

    Only rows that were predicted out of sample and have a label count; the prediction is the most likely class. Each
    sensitive feature is assessed, and the intersection of all of them where the configuration asks for it.

    Parameters
    ----------
    dataset
        N rows with G groups for each sensitive feature. Sample weights, where there are any, weigh the rows; the
        intervals then rest on Kish's effective number of rows.
    predictions
        Out-of-sample class probabilities (N, K) of the same rows.
    config
        Tolerances and confidence.
    checks
        What is asked; by default all checks of this stage.

    Returns
    -------
    FairnessResult
        The intervals of `by_group` are Wilson's, each by itself; those of `disparities` hold together, over all
        pairs of groups (Tukey and Kramer) and over all metrics and features (Bonferroni). `n` counts rows, in
        `counts` it is their total weight.

    Raises
    ------
    ContractError
        Where the predictions do not belong to the dataset, or are not finite.
    """
    context = build_context(dataset, predictions, config)
    assessed = tuple(context.assessments.values())
    return FairnessResult(
        findings=run_checks(checks, context),
        by_group=_stack([_by_group(a, config.confidence) for a in assessed], BY_GROUP),
        disparities=_stack([_disparities(a) for a in assessed], DISPARITIES),
        counts=_stack([_counts(a, predictions.classes) for a in assessed], COUNTS),
    )


def _stack(frames: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(frames, ignore_index=True)[list(columns)]


def _by_group(assessment: Assessment, confidence: float) -> pd.DataFrame:
    z = normal_quantile(confidence)
    frames = []
    for rates in assessment.rates.values():
        low, high = wilson_limits(rates.shares, rates.cases, z)
        columns = {"metric": rates.metric, "value": rates.shares, "low": low, "high": high, "n": rates.rows}
        frames.append(pd.DataFrame({"group": assessment.feature.groups, **columns}))
    return pd.concat(frames, ignore_index=True).assign(feature=assessment.feature.name)


def _disparities(assessment: Assessment) -> pd.DataFrame:
    groups = assessment.feature.groups
    rows = [
        {
            "feature": assessment.feature.name,
            "metric": d.metric,
            "kind": d.kind,
            "value": d.value,
            "low": d.low,
            "high": d.high,
            "worst": None if d.worst is None else groups[d.worst],
            "best": None if d.best is None else groups[d.best],
            "tolerance": d.threshold,
            "status": str(d.status),
        }
        for d in assessment.all_disparities()
    ]
    # As objects, a missing worst or best group stays None.
    ends = {end: pd.Series([row[end] for row in rows], dtype=object) for end in ("worst", "best")}
    return pd.DataFrame(rows).assign(**ends)


def _counts(assessment: Assessment, classes: tuple[str, ...]) -> pd.DataFrame:
    cells = assessment.cells
    group, y_true, y_pred = cells.keys
    names = np.array(classes, dtype=object)
    weighted = not np.array_equal(cells.weight, cells.rows)
    return pd.DataFrame(
        {
            "feature": assessment.feature.name,
            "group": np.array(assessment.feature.groups, dtype=object)[group],
            "y_true": names[y_true],
            "y_pred": names[y_pred],
            "n": cells.weight if weighted else cells.rows,
        }
    )
