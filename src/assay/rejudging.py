"""The verdicts of the audit under other hyperparameters."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.fairness.between_models import paired_score
from assay.fairness.context import DEMOGRAPHIC_PARITY, EQUALIZED_ODDS, build_context
from assay.fairness.rates import ACCURACY
from assay.findings import Status
from assay.intervals import judge_upper
from assay.label_noise.judgement import judge_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.fairness.context import FairnessContext
    from assay.results import OutOfSample
    from assay.trials import VariantTrial

CODES = {"FB010": DEMOGRAPHIC_PARITY, "FB011": EQUALIZED_ODDS, "FB012": ACCURACY}
SHARE = "share"
COLUMNS = ("code", "subject", "metric", "kind", "configuration", "value", "threshold", "status", "verdict", "apart")


def rejudge(
    config: AuditConfig, dataset: Dataset, predictions: OutOfSample, variants: VariantTrial | None
) -> pd.DataFrame | None:
    """Judge labels and fairness by each of the near-equal configurations, as if it were the audit's only model.

    Parameters
    ----------
    config
        Tolerances of the audit.
    dataset, predictions
        N rows, and what the audit's own models say of them.
    variants
        Configurations that were trained on n of the rows.

    Returns
    -------
    DataFrame or None
        None where there are no variants. Tidy, one line for each figure that a verdict rests on and each near-equal
        configuration: `code` (LN001, FB010, FB011, FB012), `subject` (the label, or a sensitive feature), `metric`,
        `kind` ("share", "difference", "ratio"), `configuration`, `value` (NaN where it is not estimable),
        `threshold`, `status` of the figure, `verdict` of the check, `apart` (by how many standard errors, paired on
        the rows, the configurations of the lowest and of the highest figure differ in it; NaN where that is not
        known, as of LN001). LN001 is left out where a person's review decides
        it.
    """
    if variants is None:
        return None
    sample = dataset.take(variants.positions)
    # What is known of the audit's own models alone (other kinds, several repeats, epochs) must not enter.
    bare = replace(
        predictions,
        labels=predictions.labels[variants.positions],
        trained=np.ones(len(sample), dtype=np.bool_),
        folds=predictions.folds[:1, variants.positions],
        opinions={},
        flips={},
        flip_effects={},
        able="",
        models=None,
        trajectory=None,
        margin=None,
        epoch_probs=None,
    )
    rows: list[dict[str, Any]] = []
    contexts: dict[str, FairnessContext] = {}
    for at in variants.near_equal:
        found = variants.pred_probs[at]
        probabilities = found.astype(np.float64)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        judged = replace(bare, pred_probs=probabilities, repeat_probs=found[None])
        name = variants.variants[at].name
        contexts[name] = build_context(sample, judged, config.fairness)
        lines = (*_labels(config, sample, judged), *_fairness(contexts[name]))
        rows += [{**line, "configuration": name} for line in lines]
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    found["apart"] = math.nan
    for (code, subject, metric, kind), part in found.groupby(["code", "subject", "metric", "kind"], sort=False):
        if code in CODES:
            found.loc[part.index, "apart"] = _apart(contexts, part, (str(code), str(subject), str(metric), str(kind)))
    return found


def _apart(contexts: dict[str, FairnessContext], lines: pd.DataFrame, figure: tuple[str, str, str, str]) -> float:
    """By how many standard errors the configurations of the lowest and the highest figure differ in it."""
    code, subject, metric, kind = figure
    known = lines.dropna(subset="value").sort_values("value", kind="stable")
    if len(known) < 2:
        return math.nan
    first, second = (contexts[str(name)] for name in known["configuration"].iloc[[0, -1]])
    found = [
        next(d for d in c.assessments[subject].parts(CODES[code]) if (d.metric, d.kind) == (metric, kind))
        for c in (first, second)
    ]
    return paired_score((first, second), subject, (found[0], found[1]))


def _labels(config: AuditConfig, dataset: Dataset, predictions: OutOfSample) -> Iterator[dict[str, Any]]:
    if config.label_noise.review is not None:
        return
    judgement = judge_labels(dataset, predictions, config.label_noise)
    share, limit = judgement.overall, config.label_noise.max_share
    status = judge_upper(share.interval, limit) if judgement.footing.has_signal else Status.INCONCLUSIVE
    yield {
        "code": "LN001",
        "subject": dataset.roles.label,
        "metric": "share of wrong labels",
        "kind": SHARE,
        "value": math.nan if share.value is None or not judgement.footing.has_signal else share.value,
        "threshold": limit,
        "status": str(status),
        "verdict": str(status),
    }


def _fairness(context: FairnessContext) -> Iterator[dict[str, Any]]:
    for name, assessment in context.assessments.items():
        for code, question in CODES.items():
            verdict = str(assessment.status(question))
            for part in assessment.parts(question):
                yield {
                    "code": code,
                    "subject": name,
                    "metric": part.metric,
                    "kind": part.kind,
                    "value": part.value,
                    "threshold": part.threshold,
                    "status": str(part.status),
                    "verdict": verdict,
                }
