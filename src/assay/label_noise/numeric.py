"""The stage "label noise" for a numeric label: judged by its distance from out-of-sample predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.errors import ContractError
from assay.findings import run_checks
from assay.label_noise.numeric_checks import NUMERIC_CHECKS
from assay.label_noise.numeric_judgement import NumericJudgement, judge_values
from assay.results import LabelNoiseResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assay.config import LabelNoiseConfig
    from assay.dataset import Dataset
    from assay.findings import Check
    from assay.label_noise.residuals import Excess
    from assay.results import OutOfSampleValues


def find_numeric_label_noise(
    dataset: Dataset,
    predictions: OutOfSampleValues,
    config: LabelNoiseConfig,
    checks: Iterable[Check[NumericJudgement]] = NUMERIC_CHECKS,
) -> LabelNoiseResult:
    """Judge the labels by predictions of models that did not see them.

    The residual of each label is divided by its local spread and held against what right labels do (see
    `assay.label_noise.residuals`). Its quality is the share of right labels at least as far out; it is suspect where
    it is more likely wrong than right, and the labels as far out are mostly wrong.

    Parameters
    ----------
    dataset
        N rows with a `target`, and their sensitive groups.
    predictions
        Out-of-sample predictions of the same N rows.
    config
        How many wrong labels are too many.
    checks
        The questions to ask of the judged labels.

    Returns
    -------
    LabelNoiseResult
        `suggested` is -1 for all rows, `suggested_value` the prediction. A row whose label is missing is not judged.

    Raises
    ------
    ContractError
        Where the predictions belong to another dataset, or are not finite.
    """
    n = len(dataset)
    for values in (predictions.target, predictions.scaled_predictions):
        dataset.check_predicted(len(values))
    if not np.isfinite(predictions.scaled_predictions).all():
        raise ContractError("scaled_predictions must be finite, got NaN or infinity. Train again.")
    judgement = judge_values(dataset, predictions, config)
    at = judgement.positions
    quality = np.full(n, np.nan)
    quality[at] = judgement.quality
    suspect, judged = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    suspect[at], judged[at] = judgement.suspect, True
    return LabelNoiseResult(
        findings=run_checks(checks, judgement),
        quality=quality,
        suspect=suspect,
        suggested=np.full(n, -1, dtype=np.int64),
        judged=judged,
        estimates=_estimates(judgement),
        suggested_value=predictions.predictions,
    )


def _estimates(judgement: NumericJudgement) -> pd.DataFrame:
    def row(by: str, name: str, n: int, suspects: int, excess: Excess | None) -> dict[str, str | int | float]:
        low, high = (np.nan, np.nan) if excess is None else (excess.interval.low, excess.interval.high)
        share = np.nan if excess is None else excess.value
        return {"by": by, "name": name, "n": n, "suspects": suspects, "share": share, "low": low, "high": high}

    def rows() -> Iterator[dict[str, str | int | float]]:
        suspect = judgement.suspect
        yield row("overall", "all rows", len(suspect), int(suspect.sum()), judgement.excess)
        for group in judgement.groups:
            yield row(group.feature, group.name, group.n, int(suspect[group.rows].sum()), group.excess)

    return pd.DataFrame(rows(), columns=["by", "name", "n", "suspects", "share", "low", "high"])
