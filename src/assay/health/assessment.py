"""The stage "health": from out-of-sample predictions to what can be learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import run_checks
from assay.health.attribution import PART as ATTRIBUTION
from assay.health.checks import CHECKS
from assay.health.cost import PART as COST
from assay.health.fit import PART as FIT
from assay.health.leakage import PART as LEAKAGE
from assay.health.parts import assess_parts
from assay.health.quantity import PART as QUANTITY
from assay.health.robustness import PART as ROBUSTNESS
from assay.health.self_test import PART as SELF_TEST
from assay.health.stamps import PART as STAMPS
from assay.health.variants import PART as VARIANTS
from assay.health.vitals import take_vitals
from assay.results import HealthResult, OutOfSample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from assay.findings import Check
    from assay.health.context import HealthContext
    from assay.health.parts import Part
    from assay.health.vitals import Figure, Vitals

PARTS: tuple[Part[Any], ...] = (*(FIT, QUANTITY, COST, ATTRIBUTION, LEAKAGE, VARIANTS, ROBUSTNESS, STAMPS, SELF_TEST),)


def assess_health(
    context: HealthContext,
    checks: Iterable[Check[Vitals]] = CHECKS,
    parts: Iterable[Part[Any]] = PARTS,
) -> HealthResult:
    """Assess whether anything can be learned, and whether it holds on rows that the models did not see.

    Parameters
    ----------
    context
        The dataset, its predictions, and what is asked. Rows that were predicted only (label missing, class left out)
        enter no figure. Rows count alike: sample weights do not enter.
    checks
        The questions to ask of the training itself.
    parts
        The other questions.

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
    assert isinstance(context.predictions, OutOfSample)
    context.dataset.check_predicted(len(context.predictions.labels))
    vitals = take_vitals(context.dataset, context.predictions, context.config)
    found, tables = assess_parts(parts, context)
    return HealthResult((*run_checks(checks, vitals), *found), tabulate(vitals.figures), tables)


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
