"""The results that travel between the stages. Frozen; arrays in them are shared and must not be written to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from assay.fairness.stored.tables import FairnessTables
    from assay.findings import Finding
    from assay.held_out import HeldOutModels
    from assay.target import TargetScale


@dataclass(frozen=True, slots=True, eq=False)
class ValidationResult:
    """Result of the stage "validate".

    Attributes
    ----------
    findings
        One for each expectation of the suite and at least one for each always-on check.
    suite
        Name of the suite, or None where the configuration names none.
    leaks
        Features that give the label away (DQ017 failed).
    identifiers
        Features that identify rows (DQ015 failed).
    """

    findings: tuple[Finding, ...]
    suite: str | None = None
    leaks: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class OutOfSample:
    """Honest predictions: no row is predicted by a model that saw it, or a row equal to it, or one of its group.

    N rows, K learned classes, R repeats, F folds, E epochs, M = R * F members.

    Attributes
    ----------
    classes
        The K names of the learned classes: those of the dataset less the ones with too few rows.
    labels
        (N,) int64 in 0..K-1: the given label of each row; -1 where it is missing or its class was left out.
    pred_probs
        (N, K) float64, rows sum to 1: the mean over the repeats of the held-out probabilities.
    repeat_probs
        (R, N, K) float32: the held-out probabilities of each repeat.
    folds
        (R, N) int16: the fold that held the row out; -1 for a row that no member was trained on, whose prediction
        is the mean over the repeat's members.
    trained
        (N,) bool: rows that took part in training and testing; the others are predicted only.
    left_out
        Class name -> rows, for the classes with fewer rows than folds.
    train_loss, test_loss
        (M, E) mean cross-entropy of each member after each epoch, in nats: on (a sample of) its own training rows
        and on its held-out rows. NaN where it was not measured.
    train_score, test_score
        (M,) accuracy of each member on (a sample of) its own training rows and on its held-out rows.
    device
        "cpu", "cuda:0", ... and why it was chosen.
    details
        Recipe and size, for the manifest: seed, epochs, parameters a member, ...
    trajectory
        (N,) float32 in [0, 1]: the held-out probability of the given label, mean over epochs and repeats; NaN where
        it was not measured. None where the predictions were not made here.
    margin
        (N,) float32: area under the margin (Pleiss et al. 2020, arXiv:2001.10528): the logit of the given label less
        the largest other one, mean over the epochs of the members that trained on the row; NaN where none did. None
        where the predictions were not made here.
    epoch_probs
        (N, K) float32, rows sum to 1: the held-out probabilities, mean over epochs and repeats. None where the
        predictions were not made here.
    opinions
        Name -> (N, K) float64, rows sum to 1: out-of-sample probabilities of models of other kinds, in the same
        folds: "trees" (histogram gradient boosting) and "linear" (regularised multinomial logistic regression).
    flips
        Kind of model ("the network", "trees", "linear") -> sensitive feature -> (N,) float32 in [0, 1]: the share of
        the feature's other values that would change the row's predicted class, all else equal, by the model that
        held the row out; NaN where it was not tried. Empty where the model does not see the feature.
    flip_effects
        Kind of model -> sensitive feature -> (S, F, V, K) float64: by how much each of the F members of each of S
        repeats (one for other kinds than the network) shifts the log probability of each class, less its mean over
        the classes, where a row gets the v-th of the V values tried: the mean over the rows that the member holds
        out; NaN where it holds out none. Of a value that means nothing the shifts scatter around 0.
    able
        The kind of model that predicts best, once it is chosen (`assay.able.most_able`); empty before.
    models
        The models themselves, to ask what they predict where rows have other values; None where nothing was kept.
    given
        Name of the file that a user's own predictions were read from; None where they were made here. A user's rows
        without a label may be NaN, and where their folds are not known, all stand in fold 0.
    """

    classes: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    pred_probs: npt.NDArray[np.float64]
    repeat_probs: npt.NDArray[np.float32]
    folds: npt.NDArray[np.int16]
    trained: npt.NDArray[np.bool_]
    left_out: Mapping[str, int]
    train_loss: npt.NDArray[np.float64]
    test_loss: npt.NDArray[np.float64]
    train_score: npt.NDArray[np.float64]
    test_score: npt.NDArray[np.float64]
    device: str
    details: Mapping[str, str | int | float] = field(default_factory=dict)
    trajectory: npt.NDArray[np.float32] | None = None
    margin: npt.NDArray[np.float32] | None = None
    epoch_probs: npt.NDArray[np.float32] | None = None
    opinions: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    flips: Mapping[str, Mapping[str, npt.NDArray[np.float32]]] = field(default_factory=dict)
    flip_effects: Mapping[str, Mapping[str, npt.NDArray[np.float64]]] = field(default_factory=dict)
    able: str = ""
    models: HeldOutModels | None = None
    given: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OutOfSampleValues:
    """Honest predictions of a numeric label: no row is predicted by a model that saw it, or one that belongs to it.

    N rows, R repeats, F folds, E epochs, M = R * F members.

    Attributes
    ----------
    target
        (N,) float64: the given label; NaN where it is missing.
    predictions
        (N,) float64 in units of the label.
    scale
        The scale of the next three.
    scaled_target, scaled_predictions
        (N,) float64; the prediction is the mean over repeats and kinds of models.
    repeat_predictions
        (R, N) float32: the held-out prediction of each repeat.
    folds
        (R, N) int16: the fold that held the row out; -1 for a row that no member was trained on.
    trained
        (N,) bool: rows that took part in training and testing; the others are predicted only.
    train_loss, test_loss
        (M, E) mean Huber loss of each member after each epoch, on the scale: on (a sample of) its own training rows
        and on its held-out rows.
    train_score, test_score
        (M,) R2 of each member, on the scale: on (a sample of) its own training rows and on its held-out rows.
    device, details
        As in `OutOfSample`.
    given
        None: values are predicted here, and never given.
    """

    target: npt.NDArray[np.float64]
    predictions: npt.NDArray[np.float64]
    scale: TargetScale
    scaled_target: npt.NDArray[np.float64]
    scaled_predictions: npt.NDArray[np.float64]
    repeat_predictions: npt.NDArray[np.float32]
    folds: npt.NDArray[np.int16]
    trained: npt.NDArray[np.bool_]
    train_loss: npt.NDArray[np.float64]
    test_loss: npt.NDArray[np.float64]
    train_score: npt.NDArray[np.float64]
    test_score: npt.NDArray[np.float64]
    device: str
    details: Mapping[str, str | int | float] = field(default_factory=dict)
    given: str | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """None: a number has no classes."""
        return ()

    @property
    def left_out(self) -> Mapping[str, int]:
        """Empty: no class can be left out."""
        return {}


@dataclass(frozen=True, slots=True, eq=False)
class LabelNoiseResult:
    """Result of the stage "label noise"; the arrays have one entry for each of the N rows.

    Attributes
    ----------
    quality
        (N,) float64 in [0, 1], low is suspect; NaN where the row could not be judged.
    suspect
        (N,) bool.
    suggested
        (N,) int64 in 0..K-1, the most likely class; equal to the given label where nothing else is suggested; -1 for
        a row without a label that nobody predicted.
    judged
        (N,) bool: rows whose label was judged. A missing label and a class that was left out are not.
    estimates
        Tidy table of the estimated share of wrong labels: columns `by` ("overall", "class" or a sensitive feature),
        `name`, `n`, `suspects`, `share`, `low`, `high`.
    method
        What the labels are judged by (docs/checks/LN001.md); empty for a numeric label.
    rehearsal
        How the method fared on planted wrong labels: columns `kind`, `planted`, `flagged`, `found`; None where none
        were planted.
    suggested_value
        (N,) float64, the predicted value of a numeric label, where `suggested` is -1; else None.
    noise_rates
        How often labels of the favourable class and of the others go wrong in each sensitive group: columns
        `feature`, `group`, `true` ("positive" or "negative"), `n`, `rate`, `low`, `high`. Empty without a favourable
        class.
    """

    findings: tuple[Finding, ...]
    quality: npt.NDArray[np.float64]
    suspect: npt.NDArray[np.bool_]
    suggested: npt.NDArray[np.int64]
    judged: npt.NDArray[np.bool_]
    estimates: pd.DataFrame
    method: str = ""
    rehearsal: pd.DataFrame | None = None
    suggested_value: npt.NDArray[np.float64] | None = None
    noise_rates: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, slots=True, eq=False)
class FairnessResult:
    """Result of the stage "fairness".

    Attributes
    ----------
    by_group
        Tidy: columns `feature`, `group`, `metric`, `value`, `low`, `high`, `n` (the rows the metric rests on, such
        as the group's positives for the true positive rate). `value` is NaN where it is not estimable.
    disparities
        Tidy: columns `feature`, `metric`, `kind` ("difference" or "ratio"), `value`, `low`, `high`, `worst`, `best`
        (group names), `tolerance`, `status`, `p_value` (of the test that the groups do not differ at all, adjusted for
        the other tests; NaN where there is none).
    counts
        The table of counts everything is computed from: columns `feature`, `group`, `y_true`, `y_pred`, `n` (rows;
        with sample weights their total weight).
    scores
        The histogram of the score of the positive class: columns `feature`, `group`, `y_true`, `bin` (0..B-1 of
        equal width over [0, 1]), `n` (rows), `weight`, `weight_squared`. Empty without a positive class.
    calibration
        Columns `feature`, `group`, `metric` ("calibration error", "calibration slope", "calibration intercept",
        "calibration in the large", "AUC"), `value`, `low`, `high`, `n`.
    reliability
        The curve that a picture of the calibration shows: columns `feature`, `group`, `predicted` (mean score of a
        bin), `observed` (share of positives), `low`, `high`, `n`.
    label_measures
        Label disparity measures: columns `feature`, `group` (None: the largest over the groups), `measure`, `value`,
        `low`, `high`, `n`.
    proxies
        Columns `feature`, `column` (None: all columns together), `value` (out-of-sample AUC; of more than two groups
        the mean of each against the rest), `low`, `high`, `n`.
    individual
        Columns `feature` (None: all), `measure` ("flip share", "consistency"), `value`, `low`, `high`, `n`.
    model
        What kind of model was judged: "the network", "trees", "linear", or "" for given predictions.
    tables
        The counts without small cells, as they are stored with the audit; None where the label is a number.
    """

    findings: tuple[Finding, ...]
    by_group: pd.DataFrame
    disparities: pd.DataFrame
    counts: pd.DataFrame
    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    calibration: pd.DataFrame = field(default_factory=pd.DataFrame)
    reliability: pd.DataFrame = field(default_factory=pd.DataFrame)
    label_measures: pd.DataFrame = field(default_factory=pd.DataFrame)
    proxies: pd.DataFrame = field(default_factory=pd.DataFrame)
    individual: pd.DataFrame = field(default_factory=pd.DataFrame)
    model: str = ""
    tables: FairnessTables | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LabelEffect:
    """How much of the disparities the wrong labels may make.

    Attributes
    ----------
    table
        Tidy: columns `feature`, `metric` ("base rate difference", "equalized odds difference", ...), `view`
        ("observed", "suspects removed", "suspects relabelled", "noise corrected"), `value`, `low`, `high`, `n`.
    tipping
        Columns `feature`, `metric`, `value`: the difference in noise between the two groups (a share) that would
        explain the whole disparity; NaN where none would.
    review
        Rows whose review would settle most: columns `position` (int64), `feature`, `influence` (float64, most first).
    """

    findings: tuple[Finding, ...]
    table: pd.DataFrame
    tipping: pd.DataFrame
    review: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class MitigationResult:
    """What it would cost to meet the tolerance: advice, applied to nothing.

    Attributes
    ----------
    frontier
        Tidy: columns `feature`, `criterion` ("demographic parity" or "equalized odds"), `method` ("none", "group
        thresholds", "threshold optimizer", "exponentiated gradient", "reweighing"), `setting` (tolerance or
        parameter, float), `accuracy`, `accuracy_low`, `accuracy_high`, `disparity`, `low`, `high`, `n`, `status`
        ("passed", "failed" or "inconclusive" against the tolerance). All judged out of sample.
    """

    findings: tuple[Finding, ...]
    frontier: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class CleaningEffect:
    """What training without the suspect rows would change; both trainings judged on the same rows.

    Attributes
    ----------
    removed
        Number of suspect rows left out of the second training.
    table
        Tidy: columns `metric` ("accuracy", "demographic parity difference", ...), `feature` (None for overall),
        `rows` ("all" or "not suspect": what both were judged on), `before`, `after`, `change`, `low`, `high` (the
        paired 95% interval of the change), `n`.
    """

    removed: int
    table: pd.DataFrame
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class HealthResult:
    """Result of the stage "health".

    Attributes
    ----------
    metrics
        Tidy: columns `metric`, `value`, `low`, `high`, `n`.
    tables
        Name -> tidy table behind the checks and the pictures; which there are, and their columns, say the parts of
        `assay.health`. No figure of fewer rows of a sensitive group than `assay.small_cells` allows is in them.
    """

    findings: tuple[Finding, ...]
    metrics: pd.DataFrame
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class CellResult:
    """Result of the stage "cells": single values that are likely wrong, judged by the table itself.

    Attributes
    ----------
    cells
        One row for each suspicious cell: `position` (int64, of the row), `column`, `kind` ("contradiction",
        "misspelt", "form", "range", "missing"), `score` (float64 in [0, 1], low is suspect, as in cleanlab),
        `reason` (words, no raw values), `suggested` (the repair as text, or missing where the data do not say);
        sorted by position, then in the order of the columns. A cell is in it once.
    """

    findings: tuple[Finding, ...]
    cells: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class RecordResult:
    """Result of the stage "records": rows that likely mean the same thing.

    Attributes
    ----------
    pairs
        `first` < `second` (int64 positions) and `score` (float64 in [0, 1]: the probability of a match).
    cluster
        (N,) int64: equal for rows that belong together, -1 for a row of its own.
    """

    findings: tuple[Finding, ...]
    pairs: pd.DataFrame
    cluster: npt.NDArray[np.int64]
