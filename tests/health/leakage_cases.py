"""Frames with a known defect, and the checks MH022 to MH026 on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from assay.config import HealthConfig
from assay.findings import Finding
from assay.health.context import HealthContext
from assay.health.leakage import PART
from assay.health.parts import assess_parts
from assay.results import OutOfSample, OutOfSampleValues
from assay.target import choose_scale

Found = tuple[dict[str, list[Finding]], dict[str, pd.DataFrame]]


def scan(dataset: Any, predictions: OutOfSample | OutOfSampleValues, suspect: np.ndarray | None = None) -> Found:
    """Findings by code, and the tables; `suspect` (N,) are rows whose label is doubted."""
    doubted = np.zeros(len(dataset), dtype=np.bool_) if suspect is None else suspect
    context = HealthContext(dataset, predictions, HealthConfig(), suspect=doubted)
    findings, tables = assess_parts((PART,), context)
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    return by_code, tables


def scanner(make_dataset: Callable[..., Any], make_out_of_sample: Callable[..., OutOfSample]) -> Callable[..., Found]:
    """From a frame with the label "y" to findings and tables; predictions know nothing unless they are given."""

    def of(
        frame: pd.DataFrame, probs: np.ndarray | None = None, *, suspect: np.ndarray | None = None, **settings: Any
    ) -> Found:
        dataset = make_dataset(frame, label="y", **settings)
        classes = len(dataset.labels.classes)
        probs = np.full((len(dataset), classes), 1 / classes) if probs is None else probs
        return scan(dataset, make_out_of_sample(dataset, probs), suspect)

    return of


def clean_table(seed: int, n: int = 1000, rate: float = 0.4) -> pd.DataFrame:
    """A label that depends smoothly on two of six features; one of the features has gaps, at random."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 4)), columns=["a", "b", "c", "d"])
    frame["kind"] = rng.choice(list("uvwxyz"), n)
    frame["count"] = rng.integers(18, 90, n)
    frame.loc[rng.random(n) < 0.2, "d"] = np.nan
    score = 1.5 * frame["a"] - frame["b"] + np.log(rate / (1 - rate))
    frame["y"] = np.where(rng.random(n) < 1 / (1 + np.exp(-score)), "yes", "no")
    return frame


def values_of(dataset: Any, predictions: np.ndarray) -> OutOfSampleValues:
    """Dress (N,) predictions of a numeric label up as out-of-sample ones."""
    scale = choose_scale(dataset.target)
    scaled, trained = scale.apply(predictions), ~np.isnan(dataset.target)
    fold = np.where(trained, np.arange(len(predictions)) % 5, -1).astype(np.int16)
    return OutOfSampleValues(
        target=dataset.target,
        predictions=predictions,
        scale=scale,
        scaled_target=scale.apply(dataset.target),
        scaled_predictions=scaled,
        repeat_predictions=scaled[None].astype(np.float32),
        folds=fold[None],
        trained=trained,
        train_loss=np.full((5, 1), np.nan),
        test_loss=np.full((5, 1), np.nan),
        train_score=np.full(5, 0.9),
        test_score=np.full(5, 0.8),
        device="cpu",
    )
