"""How the stages of this audit look at a copy of the data: cheaply, and with no more than what a defect needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.cells import find_cell_errors
from assay.errors import AssayError
from assay.fairness.context import DataContext
from assay.fairness.counts import read_features
from assay.fairness.data.checks import BEFORE_TRAINING
from assay.findings import run_checks
from assay.health.context import HealthContext
from assay.health.leakage import PART as LEAKAGE
from assay.health.parts import assess_parts
from assay.health.stamps import PART as STAMPS
from assay.label_noise import find_label_noise
from assay.label_noise.checks import CHECKS as LABEL_CHECKS
from assay.learning import out_of_sample
from assay.validation import validate
from assay.validation.checks import CHECKS as DATA_CHECKS
from assay.validation.custom import load_expectations
from assay.validation.drift.proposal import DISTRIBUTION
from assay.validation.expectations import suite_findings
from assay.validation.suite import Suite, read_suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.findings import Check, Finding
    from assay.health.parts import Part
    from assay.results import LabelNoiseResult, OutOfSample

# Of a training: the sample is small, and there are many of them.
FOLDS = 3


@dataclass(frozen=True, eq=False)
class Bench:
    """What the copies of one trial have in common; `seed` is of their trainings."""

    config: AuditConfig
    unchanged: Dataset
    seed: int

    @cached_property
    def predictions(self) -> OutOfSample:
        """Of the unchanged rows."""
        return self.train(self.unchanged)

    def train(self, dataset: Dataset, *, asked: bool = False) -> OutOfSample:
        """Train as the audit does, on fewer folds and once."""
        settings = self.config.learning
        small = settings.model_copy(
            update={"folds": min(FOLDS, settings.folds), "epochs": None, "budget": None, "seed": self.seed}
        )
        return out_of_sample(dataset, small, repeats=1, asked=asked)


def look_at_labels(bench: Bench, dataset: Dataset) -> tuple[Finding, ...]:
    """LN001 and LN003, by the method that is used where nothing was rehearsed."""
    predictions = bench.predictions if dataset is bench.unchanged else bench.train(dataset)
    return _judge_labels(bench, dataset, predictions).findings


def look_at_stamps(bench: Bench, dataset: Dataset) -> tuple[Finding, ...]:
    """MH050 and LN001."""
    predictions = bench.train(dataset, asked=True)
    labels = _judge_labels(bench, dataset, predictions)
    if not bench.config.health.asks("stamps"):
        return labels.findings
    context = HealthContext(dataset, predictions, bench.config.health, seed=bench.seed, suspect=labels.suspect)
    return (*labels.findings, *_of_part(STAMPS, ("MH050",), context))


def look_at_leaks(bench: Bench, dataset: Dataset) -> tuple[Finding, ...]:
    """DQ017, and MH022 and MH023 where there are models."""
    found = _validated(bench, dataset, "DQ017")
    if dataset.target is not None or bench.config.learning.pred_probs is not None:
        return found
    # These are asked of the table; the predictions are those of models that never saw the column.
    try:
        context = HealthContext(dataset, bench.predictions, bench.config.health, seed=bench.seed)
    except AssayError:  # the sample has too few rows of its classes to train on
        return found
    return (*found, *_of_part(LEAKAGE, ("MH022", "MH023"), context))


def look_at_missing(bench: Bench, dataset: Dataset) -> tuple[Finding, ...]:
    """FB003."""
    settings = bench.config.fairness
    features = read_features(dataset, intersections=settings.intersections)
    context = DataContext(dataset, settings, features, np.ones(len(dataset), dtype=np.bool_), {})
    return run_checks(_only(BEFORE_TRAINING, ("FB003",)), context)


def look_at_cells(bench: Bench, dataset: Dataset) -> tuple[Finding, ...]:
    """DQ030 to DQ033, without what a person has judged."""
    return find_cell_errors(dataset, bench.config.cells.model_copy(update={"judged": None})).findings


def look_at_copies(bench: Bench, dataset: Dataset) -> tuple[Finding, ...]:
    """DQ011."""
    return _validated(bench, dataset, "DQ011")


def look_at_drift(_bench: Bench, dataset: Dataset, bounds: Suite) -> tuple[Finding, ...]:
    """DQ100 of some expectations."""
    return suite_findings(dataset, bounds)


def bounds_on_drift(config: AuditConfig, dataset: Dataset) -> Suite:
    """What the suite expects of the distribution of single columns; empty where there is no suite."""
    if config.validation.suite is None:
        return Suite("", ())
    load_expectations(config.validation.expectation_modules)
    suite = read_suite(config.validation.suite, list(dataset.frame.columns))
    return replace(suite, expectations=tuple(item for item in suite.expectations if item.kind == DISTRIBUTION))


def _only(checks: Sequence[Check[Any]], codes: Sequence[str]) -> tuple[Check[Any], ...]:
    return tuple(check for check in checks if check.code in codes)


def _validated(bench: Bench, dataset: Dataset, code: str) -> tuple[Finding, ...]:
    settings = bench.config.validation.model_copy(update={"suite": None, "expectation_modules": ()})
    return validate(dataset, settings, _only(DATA_CHECKS, (code,))).findings


def _judge_labels(bench: Bench, dataset: Dataset, predictions: OutOfSample) -> LabelNoiseResult:
    checks = _only(LABEL_CHECKS, ("LN001", "LN003"))
    return find_label_noise(dataset, predictions, bench.config.label_noise, checks)


def _of_part(part: Part[Any], codes: Sequence[str], context: HealthContext) -> tuple[Finding, ...]:
    # Without its tables, for which the part may compute more than these checks ask.
    small = replace(part, checks=_only(part.checks, codes), tables=lambda _: {})
    return assess_parts((small,), context)[0]
