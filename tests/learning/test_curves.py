"""How each row was learned: the trajectory and the area under the margin, against their definitions."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.config import LearningConfig
from assay.learning import out_of_sample
from assay.learning.curves import ALWAYS_MEASURED, MarginTally, TrajectoryTally, measured_epochs

CPU = torch.device("cpu")


def planted(n: int = 400, flips: int = 40, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Two normals four standard deviations apart; the first rows carry the wrong label."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    wrong = np.arange(n) < flips
    frame = pd.DataFrame({"x": y * 4 + rng.normal(size=n), "z": rng.normal(size=n)})
    return frame.assign(y=np.where(y ^ wrong, "yes", "no")), wrong


def test_a_margin_is_the_given_logit_less_the_largest_other():
    logits = torch.tensor([[[2.0, 5.0, -1.0], [0.0, 0.0, 3.5]]])
    tally = MarginTally(4, CPU)
    tally.add(logits, torch.tensor([[0, 2]]), torch.tensor([[3, 1]]))
    tally.add(logits, torch.tensor([[1, 2]]), torch.tensor([[3, 3]]))
    # Row 1: 3.5. Row 3: the mean of 2 - 5, 5 - 2 and 3.5 - 0. The others were never seen.
    np.testing.assert_allclose(tally.mean(), [np.nan, 3.5, np.nan, 3.5 / 3], atol=1e-4)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_margins_add_up_in_any_order_and_over_any_members(seed, classes):
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=5, size=(3, 8, classes)).astype(np.float32)
    labels, rows = rng.integers(0, classes, (3, 8)), rng.integers(0, 5, (3, 8))
    one, many = MarginTally(5, CPU), MarginTally(5, CPU)
    one.add(*map(torch.from_numpy, (logits, labels, rows)))
    for m in (2, 0, 1):
        many.add(*(torch.from_numpy(a[m : m + 1]) for a in (logits, labels, rows)))
    np.testing.assert_array_equal(one.mean(), many.mean())
    own = np.take_along_axis(logits, labels[..., None], -1)[..., 0]
    others = np.where(np.arange(classes) == labels[..., None], -np.inf, logits).max(-1)
    by_hand = [(own - others)[rows == r].mean() if (rows == r).any() else np.nan for r in range(5)]
    np.testing.assert_allclose(one.mean(), by_hand, atol=1e-4)


def test_a_trajectory_is_the_mean_over_epochs_and_repeats():
    tally = TrajectoryTally(3, 2)
    test = [np.array([0]), np.array([1]), np.array([1]), np.array([0])]  # two folds, two repeats
    for first in ([0.2, 0.6, 0.8, 0.4], [0.6, 0.6, 0.4, 0.8]):
        tally.add(test, [np.float32([[p, 1 - p]]) for p in first])
    np.testing.assert_allclose(tally.mean(), [[0.5, 0.5], [0.6, 0.4], [np.nan, np.nan]], atol=1e-6)


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 10**7), st.integers(1, 10**7))
def test_measured_epochs_hold_the_last_and_cost_little(epochs, trained, held_out):
    found = measured_epochs(epochs, trained, held_out)
    assert epochs - 1 in found
    assert found <= set(range(epochs))
    if held_out <= ALWAYS_MEASURED:
        assert len(found) == epochs
    else:  # each at a quarter of what a row costs in a training step
        assert len(found) == 1 or len(found) * held_out / 4 <= 0.15 * epochs * trained
    gaps = np.diff([-1, *sorted(found)])
    assert gaps.max() - gaps.min() <= 1


def test_one_epoch_leaves_the_final_prediction(make_dataset):
    """With one epoch the trajectory is the held-out probability of the given label, which is known otherwise."""
    frame, _ = planted()
    found = out_of_sample(
        make_dataset(frame, label="y"), LearningConfig(other_models=False, folds=3, repeats=2, epochs=1)
    )
    final = found.repeat_probs[:, np.arange(400), found.labels].mean(axis=0)
    np.testing.assert_allclose(found.trajectory, final, atol=1e-6)


def test_the_loss_of_the_last_epoch_is_that_of_the_final_prediction(make_dataset):
    frame, _ = planted()
    found = out_of_sample(
        make_dataset(frame, label="y"), LearningConfig(other_models=False, folds=4, repeats=1, epochs=3)
    )
    losses = -np.log(found.repeat_probs[0, np.arange(400), found.labels])
    np.testing.assert_allclose(
        found.test_loss[:, -1], [losses[found.folds[0] == f].mean() for f in range(4)], rtol=1e-4
    )


@pytest.mark.parametrize("field", ["trajectory", "margin"])
def test_wrong_labels_stand_out(make_dataset, field):
    frame, wrong = planted()
    found = out_of_sample(make_dataset(frame, label="y"), LearningConfig(other_models=False, folds=4, repeats=1))
    score = getattr(found, field)
    assert score.dtype == np.float32
    assert np.median(score[wrong]) < np.quantile(score[~wrong], 0.05)


def test_rows_that_nothing_is_known_of_are_nan(make_dataset):
    """A missing label has neither; an excluded row is held out but never trained on."""
    frame, _ = planted()
    frame.loc[:9, "y"] = None
    exclude = (np.arange(400) >= 10) & (np.arange(400) < 20)
    found = out_of_sample(
        make_dataset(frame, label="y"),
        LearningConfig(other_models=False, folds=3, repeats=1, epochs=2),
        exclude=exclude,
    )
    np.testing.assert_array_equal(np.isnan(found.margin), np.arange(400) < 20)
    np.testing.assert_array_equal(np.isnan(found.trajectory), np.arange(400) < 10)
