"""Assay on a case: its stages from the frame to the judged labels."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from references import Found

from assay.config_file import parse_config
from assay.ingest import read_dataset
from assay.judging import rehearse
from assay.label_noise import find_label_noise
from assay.learning import out_of_sample

if TYPE_CHECKING:
    from cases import Case

LABEL = "the label"


def audit_labels(case: Case) -> tuple[Found, np.ndarray, str]:
    """What Assay finds, its first repeat's folds (N,), and the method that the rehearsal chose."""
    start = time.perf_counter()
    frame = case.table.frame.assign(**{LABEL: [f"class {code:02d}" for code in case.given]})
    sensitive = [case.table.group[0]] if case.table.group is not None else []
    config = parse_config({"label": LABEL, "sensitive": sensitive, "learning": {"seed": case.seed}})
    dataset = read_dataset(config, frame)
    predictions = out_of_sample(dataset, config.learning)
    rehearsals = rehearse(config, dataset, predictions, lambda _: None)
    result = find_label_noise(dataset, predictions, config.label_noise, (), rehearsals=rehearsals)
    seconds = time.perf_counter() - start
    overall = result.estimates.iloc[0]
    n = len(frame)
    known = not np.isnan(overall["low"])
    found = Found(
        score=1 - result.quality,
        flagged=result.suspect,
        estimate=float(overall["share"]) * n if not np.isnan(overall["share"]) else None,
        interval=(float(overall["low"]) * n, float(overall["high"]) * n) if known else None,
        seconds=seconds,
    )
    return found, predictions.folds[0], result.method
