"""How well models fit: against chance, against simple models, over the training, and against what is possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.findings import Check, Severity
from assay.health.fit.against import check_against, compare, tabulate_comparisons
from assay.health.fit.ceiling import check_ceiling, find_equal
from assay.health.fit.length import check_length, read_curves
from assay.health.fit.permuted import permute
from assay.health.fit.shuffled import check_shuffled
from assay.health.fit.subject import Fit, clusters, equal_kinds, tested_rows
from assay.health.parts import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.health.context import HealthContext

__all__ = ["PART"]


def _prepare(context: HealthContext) -> Fit:
    rows = tested_rows(context)
    kind = equal_kinds(context, rows)
    unit = clusters(context, rows, kind)
    return Fit(
        context=context,
        permuted=permute(context, rows, unit) if context.config.asks("shuffled") else None,
        comparisons=compare(context, rows, unit),
        curves=read_curves(context),
        equal=find_equal(context, rows, kind),
    )


def _tables(fit: Fit) -> Mapping[str, pd.DataFrame]:
    tables = {"against_simple": tabulate_comparisons(fit.comparisons)}
    if fit.curves is not None:
        tables["loss_curves"] = fit.curves.table
    if (trial := fit.context.trials.shuffled) is not None or fit.permuted is not None:
        tables["shuffled"] = _tabulate_shuffled(fit)
    if trial is not None and trial.shared:
        tables["shared_values"] = pd.DataFrame(
            [
                {
                    "column": s.column,
                    "values": s.kinds,
                    "rows": s.rows,
                    "recognised": s.recognised,
                    "apart": np.nan if s.apart is None else s.apart,
                    "together": np.nan if s.together is None else s.together,
                    "low": np.nan if s.fall is None else s.fall.low,
                    "high": np.nan if s.fall is None else s.fall.high,
                }
                for s in trial.shared
            ]
        )
    return tables


def _tabulate_shuffled(fit: Fit) -> pd.DataFrame:
    trial, permuted = fit.context.trials.shuffled, fit.permuted
    rows = [
        {
            "labels": "shuffled",
            "model": c.kind,
            "auc": c.auc,
            "low": c.interval.low,
            "high": c.interval.high,
            "n": c.rows,
        }
        for c in (trial.controls if trial is not None else ())
    ]
    if permuted is not None:
        low, high = np.quantile(permuted.null, [0.025, 0.975])
        null = {"auc": float(permuted.null.mean()), "low": float(low), "high": float(high), "n": permuted.rows}
        real = {"auc": permuted.auc, "low": np.nan, "high": np.nan, "n": permuted.rows}
        rows += [
            {"labels": "permuted", "model": permuted.kind, **null},
            {"labels": "real", "model": permuted.kind, **real},
        ]
    return pd.DataFrame(rows, columns=["labels", "model", "auc", "low", "high", "n"])


PART: Part[Fit] = Part(
    checks=(
        Check("MH005", "Shuffled labels", Severity.CRITICAL, check_shuffled),
        Check("MH006", "Models against simple ones", Severity.WARNING, check_against),
        Check("MH007", "Length of the training", Severity.INFO, check_length),
        Check("MH008", "Labels that no model can tell apart", Severity.WARNING, check_ceiling),
    ),
    prepare=_prepare,
    tables=_tables,
)
"""Checks on the fit.

Tables
------
against_simple
    `model` ("dummy", "trees", "linear"), `metric` ("AUC", "Brier score", "mean absolute error"), `network` and `other`
    (the figure of each), `gain` (how much better the network is), `low`, `high` (its paired interval), `n` (rows).
loss_curves
    `epoch` (from 1), `part` ("train", "held out"), `mean` (loss over the members), `low`, `high` (corrected t
    interval). Missing for given predictions.
shuffled
    `labels` ("shuffled": trained on; "permuted": after the training; "real"), `model`, `auc`, `low`, `high` (99%
    interval of the mean; of "permuted" the range of 95% of the permutations; of "real" missing), `n` (rows that it was
    judged by: one of each unit where shuffled).
shared_values
    `column`, `values`, `rows`, `recognised` (AUC of labels drawn by value), `apart`, `together` (AUC of the real
    labels in the audit's folds, and in folds that keep values together), `low`, `high` (interval of their difference).
"""
