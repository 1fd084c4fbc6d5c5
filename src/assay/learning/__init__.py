"""Learning: one training, and an honest prediction for every row.

The only importer of torch.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from assay.config import LearningConfig
    from assay.dataset import Dataset
    from assay.results import OutOfSample, OutOfSampleValues

__all__ = ["out_of_sample", "out_of_sample_values"]

# OpenMP's idle threads spin by default. Where many other processes want the same cores, a step of a small network may
# wait for a thread that is not running: at a load of 6 to 9 on two cores, 6,000 rows took 160 to 210 s by default and
# 12 s at a spin count of 1,000. This higher count costs a twentieth on idle cores, where sleeping at once
# (OMP_WAIT_POLICY=PASSIVE) costs a third; beside two busy loops it made no difference (13.6 s against 12.9 s).
# GNU OpenMP reads this once, when torch is first imported; a user's own setting stands.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def _ignore(_fraction: float) -> None:
    """Stand in for a progress display that nobody asked for."""


def out_of_sample(
    dataset: Dataset,
    config: LearningConfig,
    *,
    exclude: npt.NDArray[np.bool_] | None = None,
    repeats: int | None = None,
    opinions: bool = True,
    asked: bool = False,
    progress: Callable[[float], None] = _ignore,
) -> OutOfSample:
    """Predict every row by networks that saw neither the row, nor one equal to it, nor one of its group.

    `folds` x `repeats` two-layer networks are trained as one stacked program. The same seed gives the same folds
    with and without `exclude`, so that two such trainings can be compared row by row.

    Parameters
    ----------
    dataset
        N rows. Rows without a label, and of a class that occurs in fewer independent units than there are folds, are
        predicted but neither trained on nor tested.
    config
        Folds, repeats, epochs, budget, seed, device.
    exclude
        (N,) bool: rows that are held out as any other but never trained on, such as suspect labels.
    repeats
        In place of the configured number.
    opinions
        Whether models of other kinds are asked too, where the configuration has them.
    asked
        Whether each model is also asked what it would predict if the sensitive features alone had other values, and
        kept for more questions (`OutOfSample.models`).
    progress
        Is told the finished share, in (0, 1].

    Raises
    ------
    InputError
        Where fewer than two classes can be learned, or no feature is left.
    ConfigurationError
        Where the device does not exist.
    AssayError
        Where one row of each network does not fit into the device's memory.
    """
    from assay.learning.classification import predict_classes

    return predict_classes(
        dataset,
        config,
        exclude=exclude,
        repeats=repeats or config.repeats,
        opinions=opinions and config.other_models,
        asked=asked,
        progress=progress,
    )


def out_of_sample_values(
    dataset: Dataset, config: LearningConfig, *, progress: Callable[[float], None] = _ignore
) -> OutOfSampleValues:
    """Predict the numeric label of every row out of sample: see `assay.learning.regression.predict_values`."""
    from assay.learning.regression import predict_values

    return predict_values(dataset, config, progress=progress)
