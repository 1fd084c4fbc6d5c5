"""Out-of-sample predictions: honest, deterministic, and right where the truth is known."""

import numpy as np
import pandas as pd
import pytest
import torch

from assay.config import LearningConfig
from assay.errors import ConfigurationError, InputError
from assay.learning import out_of_sample
from assay.learning.network import Dropout, StackedNetwork, clip_per_member

QUICK = LearningConfig(other_models=False, folds=3, repeats=2, epochs=4)


def separable(n: int = 300, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    return pd.DataFrame({"x": y * 4 + rng.normal(size=n), "noise": rng.normal(size=n), "y": np.where(y, "yes", "no")})


def test_shapes_and_sums(make_dataset):
    found = out_of_sample(make_dataset(separable(), label="y"), QUICK)
    assert found.classes == ("no", "yes")
    assert found.pred_probs.shape == (300, 2)
    assert found.pred_probs.sum(axis=1) == pytest.approx(np.ones(300), abs=1e-6)
    assert found.repeat_probs.shape == (2, 300, 2)
    assert found.folds.shape == (2, 300)
    assert set(found.folds[0]) == {0, 1, 2}
    assert found.train_loss.shape == (6, 4)
    assert np.isfinite(found.test_loss).all()
    assert found.trained.all()


def test_it_learns_what_can_be_learned(make_dataset):
    found = out_of_sample(make_dataset(separable(), label="y"), LearningConfig(other_models=False, folds=3, repeats=1))
    # The Bayes accuracy of two normals four standard deviations apart is Phi(2) = 0.977.
    assert (found.pred_probs.argmax(axis=1) == found.labels).mean() > 0.94


def test_noise_is_not_learned(make_dataset):
    """The honest-prediction test: labels drawn at random must not be predicted better than by chance."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(600, 5)), columns=list("abcde")).assign(y=rng.choice(["p", "q"], 600))
    found = out_of_sample(make_dataset(frame, label="y"), QUICK)
    hits = (found.pred_probs.argmax(axis=1) == found.labels).sum()
    assert 300 - 4 * np.sqrt(150) < hits < 300 + 4 * np.sqrt(150)


def test_a_twin_does_not_give_its_label_away(make_dataset):
    """Every row stands twice, with a random label: folds that split twins would reach an accuracy near 1."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"x": np.arange(300.0), "y": rng.choice(["p", "q"], 300)})
    found = out_of_sample(make_dataset(pd.concat([frame, frame], ignore_index=True), label="y"), QUICK)
    assert (found.pred_probs.argmax(axis=1) == found.labels).mean() < 0.62
    assert (found.folds[:, :300] == found.folds[:, 300:]).all()


def test_a_unique_text_does_not_part_twins(make_dataset):
    """A name that the network cannot read (every one is rare) must not send equal rows to different folds."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"x": np.arange(300.0), "y": rng.choice(["p", "q"], 300)})
    twice = pd.concat([frame, frame], ignore_index=True).assign(name=[f"person {i}" for i in range(600)])
    found = out_of_sample(make_dataset(twice, label="y"), QUICK)
    assert (found.folds[:, :300] == found.folds[:, 300:]).all()


def test_a_class_that_the_excluded_rows_take_along_is_only_not_predicted(make_dataset):
    frame = separable()
    frame.loc[:5, "y"] = "third"
    exclude = np.arange(300) < 5
    found = out_of_sample(make_dataset(frame, label="y"), QUICK, exclude=exclude)
    assert np.isfinite(found.pred_probs).all()


@pytest.mark.parametrize("rows", [12, 40, 64])
@pytest.mark.parametrize("epochs", [1, 2, 5])
def test_trainings_of_a_few_steps(make_dataset, rows, epochs):
    dataset = make_dataset(separable(rows), label="y")
    found = out_of_sample(dataset, LearningConfig(other_models=False, folds=2, repeats=1, epochs=epochs))
    assert np.isfinite(found.pred_probs).all()


def test_a_group_stays_in_one_fold(make_dataset):
    frame = separable().assign(person=np.arange(300) // 3)
    found = out_of_sample(make_dataset(frame, label="y", group="person"), QUICK)
    folds = found.folds[0].reshape(100, 3)
    assert (folds == folds[:, :1]).all()


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(make_dataset):
    dataset = make_dataset(separable(), label="y")
    one, two = out_of_sample(dataset, QUICK), out_of_sample(dataset, QUICK)
    assert (one.pred_probs == two.pred_probs).all()
    other = out_of_sample(dataset, QUICK.model_copy(update={"seed": 1}))
    assert (one.pred_probs != other.pred_probs).any()


def test_the_global_seed_is_left_alone(make_dataset):
    dataset = make_dataset(separable(60), label="y")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    out_of_sample(dataset, QUICK)
    assert (torch.get_rng_state() == before).all()


def test_rows_without_a_label_are_predicted_but_not_trained_on(make_dataset):
    frame = separable()
    frame.loc[:19, "y"] = None
    found = out_of_sample(make_dataset(frame, label="y"), QUICK)
    assert not found.trained[:20].any()
    assert (found.folds[:, :20] == -1).all()
    assert (found.labels[:20] == -1).all()
    assert found.pred_probs[:20].sum(axis=1) == pytest.approx(np.ones(20), abs=1e-6)


def test_a_class_smaller_than_the_folds_is_left_out_and_named(make_dataset):
    frame = separable()
    frame.loc[:1, "y"] = "rare"
    found = out_of_sample(make_dataset(frame, label="y"), QUICK)
    assert found.classes == ("no", "yes")
    assert found.left_out == {"rare": 2}
    assert (found.labels[:2] == -1).all()


def test_many_classes(make_dataset):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 12, 600)
    frame = pd.DataFrame(
        {"a": np.cos(y) * 5 + rng.normal(size=600), "b": np.sin(y) * 5 + rng.normal(size=600), "y": y}
    )
    found = out_of_sample(make_dataset(frame, label="y"), LearningConfig(other_models=False, folds=3, repeats=1))
    assert len(found.classes) == 12
    assert (found.pred_probs.argmax(axis=1) == found.labels).mean() > 0.5


def test_excluded_rows_are_held_out_in_the_same_folds_and_never_trained_on(make_dataset):
    """Rows 0-99 carry a contradicting label: without them in training, all rows are predicted by the others' rule."""
    frame = separable()
    frame.loc[:99, "y"] = np.where(frame.loc[:99, "y"] == "yes", "no", "yes")
    dataset = make_dataset(frame, label="y")
    exclude = np.arange(300) < 100
    whole = out_of_sample(dataset, QUICK)
    cut = out_of_sample(dataset, QUICK, exclude=exclude)
    assert (cut.folds == whole.folds).all()
    assert (cut.trained == ~exclude).all()
    assert (cut.pred_probs.argmax(axis=1) == cut.labels)[:100].mean() < 0.1


def test_weights_count(make_dataset):
    """One half of the rows says the contrary of the other; the heavy half is believed."""
    frame = separable(400)
    heavy = np.arange(400) % 2 == 0
    frame["y"] = np.where(heavy, frame["y"], np.where(frame["y"] == "yes", "no", "yes"))
    frame["w"] = np.where(heavy, 20.0, 1.0)
    found = out_of_sample(make_dataset(frame, label="y", weight="w"), QUICK)
    assert (found.pred_probs.argmax(axis=1) == found.labels)[heavy].mean() > 0.9


@pytest.mark.parametrize("other_models", [False, True])
def test_progress_rises_to_one(make_dataset, other_models):
    heard: list[float] = []
    config = QUICK.model_copy(update={"other_models": other_models})
    out_of_sample(make_dataset(separable(60), label="y"), config, progress=heard.append)
    assert len(heard) >= QUICK.epochs
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1.0)


def test_the_frame_is_not_changed(make_dataset):
    dataset = make_dataset(separable(60), label="y")
    before = dataset.frame.copy()
    out_of_sample(dataset, QUICK)
    pd.testing.assert_frame_equal(dataset.frame, before)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": list("aabb")}),
        pd.DataFrame({"x": [1.0] * 50, "y": ["a", "b"] * 25}),  # all rows identical: one unit
    ],
)
def test_too_little_to_learn_is_said(make_dataset, frame):
    with pytest.raises(InputError, match="At least two classes"):
        out_of_sample(make_dataset(frame, label="y"), QUICK)


def test_a_group_that_holds_a_whole_class_is_said(make_dataset):
    frame = separable(90).assign(g=0)
    frame["g"] = np.where(frame["y"] == "yes", -1, np.arange(90))
    with pytest.raises(InputError, match=r"At least two classes|belong together"):
        out_of_sample(make_dataset(frame, label="y", group="g"), QUICK)


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "mps"])
def test_a_device_that_is_not_there_is_said(make_dataset, device):
    with pytest.raises(ConfigurationError, match=r"learning\.device"):
        out_of_sample(make_dataset(separable(60), label="y"), QUICK.model_copy(update={"device": device}))


def test_a_stacked_member_computes_what_a_network_of_its_own_computes():
    """Against torch.nn on the same weights."""
    stack = StackedNetwork(3, (4, 8, 2), seed=1, device=torch.device("cpu"))
    x = torch.rand(3, 5, 4, generator=torch.Generator().manual_seed(0))
    for m in range(3):
        alone = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        with torch.no_grad():
            for layer, weight, bias in zip((alone[0], alone[2]), stack.weights, stack.biases, strict=True):
                layer.weight.copy_(weight[m].T)
                layer.bias.copy_(bias[m, 0])
        assert torch.allclose(stack.logits(x)[m], alone(x[m]), atol=1e-6)


def test_members_share_no_gradient_and_are_clipped_apart():
    stack = StackedNetwork(2, (3, 4, 2), seed=0, device=torch.device("cpu"))
    x = torch.rand(2, 6, 3, generator=torch.Generator().manual_seed(0))
    (stack.logits(x)[0].square().sum() * 100).backward()
    assert all((p.grad[1] == 0).all() for p in stack.parameters)
    clip_per_member(stack.parameters, 1.0)
    norm = torch.sqrt(sum(p.grad[0].square().sum() for p in stack.parameters))
    assert float(norm) == pytest.approx(1.0, abs=1e-4)


def test_dropout_leaves_out_its_share_and_keeps_the_mean():
    x = torch.ones(20, 100, 50)
    dropped = Dropout(0.2, seed=0, device=torch.device("cpu"))(x)
    # 51/256 of 100,000 units, standard deviation 0.0013.
    assert float((dropped == 0).float().mean()) == pytest.approx(51 / 256, abs=0.006)
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.008)
    again = Dropout(0.2, seed=0, device=torch.device("cpu"))(x)
    assert torch.equal(dropped, again)


def test_a_member_is_the_same_in_any_company():
    few = StackedNetwork(1, (3, 2), seed=4, device=torch.device("cpu"))
    many = StackedNetwork(5, (3, 2), seed=4, device=torch.device("cpu"))
    assert (few.weights[0][0] == many.weights[0][0]).all()
