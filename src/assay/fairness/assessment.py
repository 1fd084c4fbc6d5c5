"""The stage "fairness": tables by group, disparities, and the findings on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.able import most_able
from assay.fairness.context import build_context
from assay.fairness.counts import judged_rows
from assay.fairness.data.checks import DATA_CHECKS
from assay.fairness.data.label_measures import class_label_measures
from assay.fairness.data.proxies import proxy_table
from assay.fairness.individual.checks import INDIVIDUAL_CHECKS, individual_table
from assay.fairness.model_checks import MODEL_CHECKS
from assay.fairness.scores.checks import SCORE_CHECKS
from assay.fairness.scores.frames import calibration_table, reliability_table
from assay.fairness.stored.tables import build_tables, scores_frame, tabulate_scores
from assay.findings import run_checks
from assay.intervals import normal_quantile
from assay.results import FairnessResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from assay.dataset import Dataset
    from assay.fairness.context import Assessment, FairnessContext
    from assay.fairness_config import FairnessConfig
    from assay.findings import Check
    from assay.results import OutOfSample

CHECKS = (*DATA_CHECKS, *MODEL_CHECKS, *SCORE_CHECKS, *INDIVIDUAL_CHECKS)
BY_GROUP = ("feature", "group", "metric", "value", "low", "high", "n")
DISPARITIES = ("feature", "metric", "kind", "value", "low", "high", "worst", "best", "tolerance", "status", "p_value")
COUNTS = ("feature", "group", "y_true", "y_pred", "n")


def assess_fairness(
    dataset: Dataset,
    predictions: OutOfSample,
    config: FairnessConfig,
    checks: Iterable[Check[FairnessContext]] = CHECKS,
    *,
    defects: Mapping[str, npt.NDArray[np.bool_]] | None = None,
) -> FairnessResult:
    """Assess whom a model trained on the dataset would treat differently, and how.

    The kind of model that predicts best is judged. Only rows that were predicted out of sample and have a label
    count; the prediction is the most likely class. Each
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
    defects
        What is wrong with which rows -> (N,) bool, such as "repeated", "invalid", "suspect label".

    Returns
    -------
    FairnessResult
        The intervals of `by_group` are Wilson's, each by itself; those of `disparities` hold together, over all
        pairs of groups (`simultaneous`) and over all questions and features (Bonferroni); their p-values are adjusted
        over all metrics and features (Holm). `n` counts rows, in `counts` it is their total weight.

    Raises
    ------
    ContractError
        Where the predictions do not belong to the dataset, or are not finite.
    """
    judged_rows(dataset, predictions)  # before anything is computed of what does not belong together
    model, predictions = most_able(predictions)
    context = replace(build_context(dataset, predictions, config, defects), model=model)
    findings = run_checks(checks, context)
    assessed = tuple(context.assessments.values())
    by_group, disparities = figures(assessed, config.confidence)
    scores = tabulate_scores(context)
    return FairnessResult(
        findings=findings,
        by_group=by_group,
        disparities=disparities,
        counts=_stack([_counts(a, predictions.classes) for a in assessed], COUNTS),
        calibration=calibration_table(context.scores, config.confidence),
        reliability=reliability_table(context.scores, config.confidence),
        scores=scores_frame(context, scores),
        label_measures=class_label_measures(dataset, context.features, config),
        proxies=proxy_table(context),
        individual=individual_table(context),
        model=model,
        tables=build_tables(context, scores, model),
    )


def figures(assessed: Iterable[Assessment], confidence: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`FairnessResult.by_group` and `.disparities` of some assessments."""
    assessed = tuple(assessed)
    by_group = _stack([_by_group(a, confidence) for a in assessed], BY_GROUP)
    return by_group, _stack([_disparities(a) for a in assessed], DISPARITIES)


def _stack(frames: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(frames, ignore_index=True)[list(columns)]


def _by_group(assessment: Assessment, confidence: float) -> pd.DataFrame:
    z = normal_quantile(confidence)
    frames = []
    for rates in assessment.rates.values():
        low, high = rates.limits(z)
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
            "p_value": d.p_value,
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
