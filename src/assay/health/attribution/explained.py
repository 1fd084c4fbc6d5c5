"""What the checks MH020 and MH021 look at, computed once, and the tables that it leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.able import NETWORK
from assay.health.attribution.gaps import Gaps, compare_probabilities, decompose, find_groups
from assay.health.attribution.samples import KEY, Sample, draw_sample
from assay.health.attribution.shares import Shares, permute_columns, share_separation
from assay.health.parts import switched_off

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.dataset import Dataset
    from assay.health.context import HealthContext

TREES = "trees"
ATTRIBUTIONS = ("column", "share", "low", "high", "importance", "importance_low", "importance_high", "n")
GROUP_GAPS = ("feature", "group", "column", "contribution", "low", "high", "p_value", "n")


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """What each column carries.

    Attributes
    ----------
    sample
        The rows that were looked at.
    target
        Name of the class whose log odds are traced; None where each row's own class is.
    shares
        By integrated gradients of the networks; None where a class has too few rows.
    importances
        By dealing out the values of a column anew, for `kind` of model; None where a class is missing.
    kind
        "trees", or "the network" where no trees were trained.
    gaps
        None where nothing was compared.
    probabilities
        By feature and group, the gap of its mean predicted probability of the target, in the same rows by the same
        networks: what the gap of the score comes to, between -1 and 1.
    min_auc
        What the models must reach before it makes sense to ask what carries them.
    """

    dataset: Dataset
    sample: Sample
    target: str | None
    shares: Shares | None
    importances: Shares | None
    kind: str
    gaps: Gaps | None
    probabilities: Mapping[tuple[str, str], float]
    min_auc: float


def unasked(context: HealthContext) -> str | None:
    """Why nothing is asked, in words; None where it is."""
    if (off := switched_off(context, "attributions")) is not None:
        return off
    predictions = context.of_classes
    if predictions is None:
        return "The label is a number: the models of a number are not kept to be asked what carries them."
    if predictions.given is not None:
        return f"The predictions were given ({predictions.given}): there is no model to ask what carries them."
    if predictions.models is None:
        return "The models of this training were not kept, so that they cannot be asked what carries them."
    return None


def explain(context: HealthContext) -> Explained:
    """Ask the held-out models what carries their predictions of a sample of rows."""
    predictions = context.of_classes
    assert predictions is not None
    models = predictions.models
    assert models is not None
    sample = draw_sample(context, predictions, models)
    shares = share_separation(sample)
    order = np.argsort(-np.abs(sample.shown.shares).mean(axis=0), kind="stable")
    kind = TREES if TREES in models.kinds else NETWORK
    ranked = tuple(sample.columns[at] for at in order)
    groups = {} if sample.target is None else find_groups(context.dataset.groups.iloc[sample.rows])
    return Explained(
        dataset=context.dataset,
        sample=sample,
        target=None if sample.target is None else predictions.classes[sample.target],
        shares=shares,
        importances=permute_columns(models, kind, sample, ranked, np.random.default_rng((context.seed, KEY, 1))),
        kind=kind,
        gaps=decompose(
            groups,
            sample.shown.shares,
            sample.columns,
            sample.units,
            np.random.default_rng((context.seed, KEY, 2)),
        )
        if groups
        else None,
        probabilities=compare_probabilities(groups, sample.shown.score),
        min_auc=context.config.min_auc,
    )


def tabulate(found: Explained) -> dict[str, pd.DataFrame]:
    """Two tidy tables.

    `attributions`, a row for each column, the largest share first:

    - column: its name; "(all other columns)" for those of a wide table that were dealt out together.
    - share, low, high: its share of the distance between the mean score of the classes, by integrated gradients of the
      networks; the shares sum to 1.
    - importance, importance_low, importance_high: the share of the trees' AUC above 0.5 that is lost without it.
    - n: rows.

    `group_gaps`, a row for each group and column:

    - feature, group: a sensitive feature and one of its groups, with ten rows or more on either side.
    - column: None for the whole gap, to which the others sum.
    - contribution, low, high: what the column adds to the mean score of the group less that of all other rows, in log
      odds of the positive class; the limits hold for the whole table together.
    - p_value: of "the column adds nothing", adjusted for the whole table.
    - n: rows of the group.
    """
    return {"attributions": _attributions(found), "group_gaps": _group_gaps(found.gaps)}


def _attributions(found: Explained) -> pd.DataFrame:
    names = list(found.sample.columns)
    if found.importances is not None:
        names += [name for name in found.importances.names if name not in names]
    rows = [(name, *_figures(found.shares, name), *_figures(found.importances, name)) for name in names]
    rows.sort(key=lambda row: -(row[1] if isinstance(row[1], float) else -math.inf))
    return pd.DataFrame([(*row, len(found.sample.rows)) for row in rows], columns=list(ATTRIBUTIONS), dtype=object)


def _figures(shares: Shares | None, name: str) -> tuple[float | None, ...]:
    figures = None if shares is None else shares.of(name)
    return (None, None, None) if figures is None or math.isnan(figures[0]) else figures


def _group_gaps(gaps: Gaps | None) -> pd.DataFrame:
    if gaps is None:
        return pd.DataFrame(columns=list(GROUP_GAPS), dtype=object)
    columns = (*gaps.columns, None)
    rows = [
        (feature, group, column, *(float(of[g, c]) for of in (gaps.value, gaps.low, gaps.high, gaps.p_value)), int(n))
        for g, (feature, group, n) in enumerate(zip(gaps.feature, gaps.group, gaps.n, strict=True))
        for c, column in enumerate(columns)
    ]
    return pd.DataFrame(rows, columns=list(GROUP_GAPS), dtype=object)
