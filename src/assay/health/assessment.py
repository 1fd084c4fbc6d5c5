"""The stage "health": from out-of-sample predictions to what can be learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import run_checks
from assay.health.checks import CHECKS
from assay.health.vitals import take_vitals
from assay.results import HealthResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assay.config import HealthConfig
    from assay.dataset import Dataset
    from assay.findings import Check
    from assay.health.vitals import Figure, Vitals
    from assay.results import OutOfSample


def assess_health(
    dataset: Dataset,
    predictions: OutOfSample,
    config: HealthConfig,
    checks: Iterable[Check[Vitals]] = CHECKS,
) -> HealthResult:
    """Assess whether anything can be learned, and whether it holds on rows that the models did not see.

    Parameters
    ----------
    dataset
        N rows.
    predictions
        Out-of-sample predictions for the same N rows. Rows that were predicted only (label missing, class left out)
        enter no figure. Rows count alike: sample weights do not enter.
    config
        Required AUC and tolerated gap.
    checks
        The questions to ask.

    Returns
    -------
    HealthResult
        Metrics: macro one-versus-rest AUC, accuracy and that of the most frequent class, log loss (nats), Brier
        score (0 to 2), calibration error (0 to 1), accuracy on training and on held-out rows and their difference.
        NaN where not estimable. `n` is rows, or members of the training for the last three.

    Raises
    ------
    ContractError
        Where the predictions belong to another dataset.
    """
    dataset.check_predicted(len(predictions.labels))
    vitals = take_vitals(dataset, predictions, config)
    return HealthResult(findings=run_checks(checks, vitals), metrics=tabulate(vitals.figures))


def tabulate(figures: Mapping[str, Figure]) -> pd.DataFrame:
    """Figures as `HealthResult.metrics` has them."""

    def known(value: float | None) -> float:
        return np.nan if value is None else value

    return pd.DataFrame(
        [
            {
                "metric": name,
                "value": known(figure.value),
                "low": known(figure.interval.low if figure.interval else None),
                "high": known(figure.interval.high if figure.interval else None),
                "n": figure.n,
            }
            for name, figure in figures.items()
        ],
        columns=["metric", "value", "low", "high", "n"],
    )
