"""What is tried for one feature: every method fitted on some folds and judged on the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.fairness.context import DEMOGRAPHIC_PARITY, EQUALIZED_ODDS
from assay.fairness.counts import Cells
from assay.fairness.disparity import MIN_CASES, Ruler
from assay.fairness.mitigation.judged import Decided, Judged, held_back, judge_decisions
from assay.fairness.mitigation.thresholds import find_corners, fit_thresholds
from assay.intervals import bonferroni

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from assay.fairness.counts import Feature
    from assay.fairness.mitigation.score_table import ScoredRows, ScoreTable
    from assay.fairness_config import FairnessConfig

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

CRITERIA = (EQUALIZED_ODDS, DEMOGRAPHIC_PARITY)
# Rates whose differences each criterion bounds.
PARTS = {EQUALIZED_ODDS: 2, DEMOGRAPHIC_PARITY: 1}
NONE, THRESHOLDS, OPTIMIZER = "none", "group thresholds", "threshold optimizer"
EXPONENTIATED, REWEIGHING = "exponentiated gradient", "reweighing"
# Tolerances that thresholds are fitted for, as multiples of the configured one. What is fitted to just meet it meets
# it on other rows half the time: the smaller ones are what meets it by its whole interval; the larger ones are the
# rest of the curve, as is no limit at all.
MULTIPLES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
# With more groups, thresholds are fitted on too little and no interval of the largest difference is short.
MOST_GROUPS = 50
# With more, fairlearn's optimizer, which takes some 70 ms for each group, fold and criterion, is not tried: thresholds
# fitted for no difference at all are the same thing.
MOST_OPTIMIZED = 10


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One method in one setting, judged by one criterion; see `assay.results.MitigationResult`."""

    criterion: str
    method: str
    setting: float
    judged: Judged


@dataclass(frozen=True, slots=True, eq=False)
class Exploration:
    """All that was tried for a feature.

    Attributes
    ----------
    trials
        The model's own predictions first, for each criterion.
    groups
        Codes of the G compared groups, in the order of the rates in `trials`.
    kept
        Codes of the groups that keep the model's own predictions: too few rows, or of one label only, in all folds
        or in those that some fold's thresholds are fitted on.
    unseen
        Rows of groups that occur in no fold that their thresholds could be fitted on.
    obstacle
        Why nothing was tried, as a sentence; None where something was.
    """

    feature: Feature
    trials: tuple[Trial, ...]
    groups: Codes
    kept: tuple[int, ...] = ()
    unseen: int = 0
    obstacle: str | None = None

    def of(self, criterion: str) -> tuple[Trial, ...]:
        """Trials judged by a criterion; the model's own predictions first."""
        return tuple(trial for trial in self.trials if trial.criterion == criterion)


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """Decisions of models that were trained for a criterion, or for both where it is None.

    Attributes
    ----------
    rows
        (M,) int64: which of the judged rows were decided on.
    chosen
        (M,) in [0, 1]: probability of the favourable decision by the model that did not see the row.
    """

    criterion: str | None
    method: str
    setting: float
    rows: Codes
    chosen: Floats


def settings_of(tolerance: float) -> tuple[float, ...]:
    """Tolerances to fit for, ascending, the last one no limit at all."""
    return tuple(sorted({min(1.0, multiple * tolerance) for multiple in MULTIPLES} | {1.0}))


def rulers_of(config: FairnessConfig, criterion: str, features: int, methods: int) -> tuple[Ruler, Ruler]:
    """Rulers of the model's own predictions, and of what is tried to better them.

    The cheapest method that meets the tolerance is picked on the rows that it is judged on. So that the pick is no
    matter of luck, all that could be picked hold together: the settings up to the tolerance, and the other methods.
    """
    tried = sum(setting <= config.tolerance for setting in settings_of(config.tolerance)) + methods
    own, others = (
        Ruler(
            bonferroni(config.confidence, PARTS[criterion] * features * count),
            config.min_group_size,
            config.tolerance,
            config.min_ratio,
        )
        for count in (1, tried)
    )
    return own, others


def explore(
    table: ScoreTable,
    trainings: Sequence[Training],
    rows: ScoredRows,
    config: FairnessConfig,
    *,
    features: int,
) -> Exploration:
    """Try everything on one feature.

    Parameters
    ----------
    table
        Its scores as counts.
    trainings
        What was trained for it.
    rows
        The judged rows, as `trainings` count them.
    config
        Tolerance and confidence.
    features
        Number of features in all.
    """
    seen = _fitted_groups(table)
    kept = np.setdiff1d(np.arange(len(table.feature.groups)), table.groups[seen.all(axis=0)])
    trials: list[Trial] = []
    optimized = rows.weights is None and len(table.groups) <= MOST_OPTIMIZED
    for criterion in CRITERIA:
        trained = [t for t in trainings if t.criterion in (None, criterion)]
        rulers = rulers_of(config, criterion, features, len(trained) + optimized)
        own = judge_decisions(_decided(table, _policy(table)[None]), criterion, rulers[0], config.confidence)
        tried = [
            (method, setting, _decided(table, policies))
            for method, setting, policies in _policies(table, seen, criterion, config.tolerance, optimized=optimized)
        ]
        tried += [(t.method, t.setting, _trained(table, rows, t)) for t in trained]
        trials.append(Trial(criterion, NONE, 1.0, own))
        for method, setting, decided in tried:
            judged = held_back(judge_decisions(decided, criterion, rulers[1], config.confidence), own)
            trials.append(Trial(criterion, method, setting, judged))
    return Exploration(table.feature, tuple(trials), table.groups, tuple(kept.tolist()), _unseen(table))


def _fitted_groups(table: ScoreTable) -> Mask:
    """(F, G) bool: groups with enough rows of each label outside the fold for thresholds of their own."""
    return np.stack([(table.fitting(fold)[1].sum(axis=2) >= MIN_CASES).all(axis=1) for fold in range(table.folds)])


def _unseen(table: ScoreTable) -> int:
    """Rows whose group occurs in their own fold only."""
    fold, group, _, _ = table.cells.keys
    absent = np.stack([table.fitting(f)[1].sum(axis=(1, 2)) == 0 for f in range(table.folds)])
    absent = np.column_stack([absent, np.zeros(table.folds, dtype=np.bool_)])
    return int(table.cells.rows[absent[fold, group]].sum())


def _policies(
    table: ScoreTable, seen: Mask, criterion: str, tolerance: float, *, optimized: bool
) -> Iterator[tuple[str, float, Floats]]:
    """Each method and setting with its decisions (F, G + 1, B) on every fold, fitted on the others."""
    fits: dict[tuple[str, float], list[Floats]] = {}
    for fold in range(table.folds):
        weight, rows = table.fitting(fold)
        fitted = np.flatnonzero(seen[fold])
        corners = [find_corners(weight[group]) for group in fitted]
        for setting in settings_of(tolerance):
            chosen = fit_thresholds(corners, criterion, setting, table.bins) if corners else None
            fits.setdefault((THRESHOLDS, setting), []).append(_policy(table, fitted, chosen))
        if optimized:
            from assay.fairness.mitigation.optimizer import optimize_thresholds

            chosen = optimize_thresholds(rows[fitted], criterion) if corners else None
            fits.setdefault((OPTIMIZER, 0.0), []).append(_policy(table, fitted, chosen))
    for (method, setting), policies in fits.items():
        yield method, setting, np.stack(policies)


def _policy(table: ScoreTable, fitted: Codes | None = None, chosen: Floats | None = None) -> Floats:
    """Decisions (G + 1, B): what was fitted, and the model's own for all other groups."""
    policy = np.tile(table.own_decisions, (len(table.groups) + 1, 1))
    if chosen is not None:
        policy[fitted] = chosen
    return policy


def _decided(table: ScoreTable, policies: Floats) -> Decided:
    """Decisions (F, G + 1, B), or (1, G + 1, B) that are the same for all folds."""
    fold, group, label, score = table.cells.keys
    cells = table.cells
    counts = Cells((group, label), cells.rows, cells.weight, cells.weight_squared)
    return Decided(counts, len(table.groups), policies[fold % len(policies), group, score], table.own_decisions[score])


def _trained(table: ScoreTable, rows: ScoredRows, training: Training) -> Decided:
    used = training.rows
    weight = np.ones(len(used)) if rows.weights is None else rows.weights[used]
    counts = Cells((table.group_of[used], rows.label[used]), np.ones(len(used), dtype=np.int64), weight, weight**2)
    return Decided(counts, len(table.groups), training.chosen, rows.own[used])
