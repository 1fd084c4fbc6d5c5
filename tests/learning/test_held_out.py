"""The kept models answer as they did in the training, and as a retrained one would where values are others'."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.config import LearningConfig
from assay.learning import out_of_sample


@pytest.fixture(scope="module")
def trained(make_dataset):
    rng = np.random.default_rng(0)
    n = 400
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "z": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "c": rng.choice(["a", "b", "ü"], n),
            "constant": 1.0,
        }
    )
    frame["y"] = np.where(frame["x"] + (frame["c"] == "a") + rng.normal(size=n) * 0.3 > 0.4, "yes", "no")
    dataset = make_dataset(frame, label="y")
    return dataset, out_of_sample(dataset, LearningConfig(epochs=4), asked=True)


class TestKeptModels:
    def test_own_values_give_the_predictions_of_the_audit(self, trained):
        dataset, predictions = trained
        models, rows = predictions.models, np.arange(len(dataset))
        assert models.kinds == ("the network", "trees", "linear")
        assert set(models.columns) == {"x", "z", "c"}
        np.testing.assert_array_equal(models.asked, rows)
        np.testing.assert_allclose(models.predict("the network", rows), predictions.pred_probs, atol=1e-6)
        for kind in ("trees", "linear"):
            np.testing.assert_allclose(models.predict(kind, rows), predictions.opinions[kind], atol=1e-6)

    @pytest.mark.parametrize("kind", ["the network", "trees", "linear"])
    def test_a_row_with_all_values_of_another_is_that_row(self, trained, kind):
        _, predictions = trained
        folds = predictions.folds
        same = np.flatnonzero((folds == folds[:, :1]).all(axis=0))[:2]  # held out by the same members
        donors = dict.fromkeys(("x", "z", "c", "constant"), same[1:])
        edited = predictions.models.predict(kind, same[:1], donors)
        np.testing.assert_allclose(edited, predictions.models.predict(kind, same[1:]), atol=1e-6)

    def test_a_column_that_is_not_seen_changes_nothing(self, trained):
        _, predictions = trained
        rows = np.array([3, 3, 9])
        found = predictions.models.predict("trees", rows, {"elsewhere": rows[::-1]})
        np.testing.assert_array_equal(found, predictions.models.predict("trees", rows))

    def test_nothing_is_kept_unasked(self, trained):
        dataset, _ = trained
        assert out_of_sample(dataset, LearningConfig(epochs=1, repeats=1)).models is None
