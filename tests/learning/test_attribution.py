"""Integrated gradients: exact for a linear network, complete, and what a slow computation by autograd gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from assay.config import LearningConfig
from assay.learning import attribution, out_of_sample
from assay.learning.encoding import encode_table
from assay.learning.held_out import KeptModels
from assay.learning.network import StackedNetwork
from assay.learning.prediction import Predictor

COLUMNS = ("gap", "ünits", "code", "constant")


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    n = 120
    return pd.DataFrame(
        {
            "gap": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "ünits": rng.normal(size=n),
            "code": rng.choice(["a", "b", None], n),
            "constant": 1.0,
        }
    )


def keep(frame, hidden=(), classes=2):
    """Random networks on an encoded table, of three folds in each of two repeats."""
    repeats, folds, seed = 2, 3, 0
    table = encode_table(frame, COLUMNS, torch.device("cpu"))
    sizes = (table.width, *hidden, classes)
    network = StackedNetwork(repeats * folds, sizes, seed=seed, device=torch.device("cpu"))
    with torch.no_grad():
        for bias in network.biases:
            bias.normal_(generator=torch.Generator().manual_seed(seed + 1))
        for weight in network.weights:
            weight.mul_(4)
    drawn = np.random.default_rng(seed).integers(folds, size=(repeats, len(frame))).astype(np.int16)
    return KeptModels(Predictor(network, replace(table, cache=None)), drawn)


def owners(table):
    """Column of each input, by changing one column of a row at a time: which inputs may change with it."""
    names = [table.number_names[i] for i in (*table.unit_column.tolist(), *table.gaps.tolist())]
    for name, codes in zip(table.code_names, table.codes.T, strict=True):
        names += [name] * int(codes.max() + 1 - len(names))
    return np.array(names)


def by_autograd(models, rows, target, steps):
    """Gradients of the log odds at many points between the baseline and each row, one row and member at a time."""
    table, network = models.predictor.table, models.predictor.network
    everything = table.rows(torch.arange(len(table)))
    baseline, owner = everything.mean(dim=0), owners(table)
    repeats = len(models.folds)
    found = np.zeros((len(rows), len(models.columns)))
    for at, row in enumerate(rows):
        for r in range(repeats):
            member = r * (network.members // repeats) + int(models.folds[r, row])
            total = torch.zeros(table.width)
            for step in range(steps):
                point = baseline + (step + 0.5) / steps * (everything[row] - baseline)
                point.requires_grad_()
                logits = network.logits(point.expand(network.members, 1, -1))[member, 0]
                p = logits.softmax(dim=-1)[target]
                total += torch.autograd.grad(torch.log(p) - torch.log1p(-p), point)[0]
            inputs = (total / steps * (everything[row] - baseline)).detach().numpy()
            found[at] += [inputs[owner == name].sum() / repeats for name in models.columns]
    return found


class TestIntegrateGradients:
    @pytest.mark.parametrize("target", [0, 1])
    def test_of_a_linear_network_each_input_has_its_weight_times_its_distance(self, frame, target):
        models = keep(frame)
        rows = np.arange(0, 120, 7)
        found = models.attribute(rows, target, steps=1)
        table, weights = models.predictor.table, models.predictor.network.weights[0].detach().numpy()
        x = table.rows(torch.arange(len(table))).numpy()
        slope = (weights[:, :, target] - weights[:, :, 1 - target])[models.folds[:, rows] + np.array([[0], [3]])]
        by_input = (slope * (x[rows] - x.mean(axis=0))).mean(axis=0)
        expected = np.column_stack([by_input[:, owners(table) == name].sum(axis=1) for name in found.columns])
        np.testing.assert_allclose(found.shares, expected, atol=1e-4)
        np.testing.assert_allclose(found.error, 0, atol=1e-4)

    @pytest.mark.parametrize("classes", [2, 4])
    def test_a_slow_computation_by_autograd_agrees(self, frame, classes):
        models, rows = keep(frame, (16, 8), classes), np.array([3, 50, 119])
        found = models.attribute(rows, 1, steps=200)
        np.testing.assert_allclose(found.shares, by_autograd(models, rows, 1, 200), atol=2e-3)

    def test_the_shares_sum_to_the_score(self, frame):
        models = keep(frame, (16, 8), classes=3)
        found = models.attribute(models.asked, 2)
        np.testing.assert_allclose(
            found.shares.sum(axis=1) + found.error, found.score - found.baseline, rtol=0, atol=1e-9
        )
        assert np.abs(found.error).max() < 0.05 * np.abs(found.score - found.baseline).mean()

    def test_few_points_are_made_more_where_they_miss(self, frame, monkeypatch):
        models = keep(frame, (16, 8))
        refined = np.abs(models.attribute(models.asked, 1, steps=2).error).mean()
        monkeypatch.setattr(attribution, "ROUNDS", 0)
        assert refined < np.abs(models.attribute(models.asked, 1, steps=2).error).mean() / 3

    def test_each_row_may_have_a_target_of_its_own(self, frame):
        models, rows = keep(frame, (8,), classes=3), np.array([4, 8, 15, 16])
        each = models.attribute(rows, np.array([0, 2, 1, 0])).shares
        for at, target in enumerate([0, 2, 1, 0]):
            np.testing.assert_allclose(each[at], models.attribute(rows, target).shares[at], atol=1e-5)

    def test_the_other_of_two_classes_has_the_sign_turned(self, frame):
        models = keep(frame, (8,))
        np.testing.assert_allclose(
            models.attribute(models.asked, 0).shares, -models.attribute(models.asked, 1).shares, atol=1e-4
        )

    def test_portions_change_nothing(self, frame, monkeypatch):
        models = keep(frame, (16, 8))
        whole = models.attribute(models.asked, 1)
        monkeypatch.setattr(attribution, "EVALUATION_BYTES", 40_000)
        pieces = models.attribute(models.asked, 1)
        np.testing.assert_allclose(pieces.shares, whole.shares, atol=1e-4)

    def test_it_goes_on_with_fewer_rows_where_memory_runs_out(self, frame, monkeypatch):
        models = keep(frame, (16, 8))
        whole, explain = models.attribute(models.asked, 1), attribution._explain

        def small(line, x, *rest):
            if len(x) > 5:
                raise torch.OutOfMemoryError
            return explain(line, x, *rest)

        monkeypatch.setattr(attribution, "_explain", small)
        np.testing.assert_allclose(models.attribute(models.asked, 1).shares, whole.shares, atol=1e-4)

    def test_the_scores_are_the_log_odds_of_the_members_that_hold_the_row_out(self, make_dataset):
        rng = np.random.default_rng(1)
        x = rng.normal(size=200)
        frame = pd.DataFrame({"x": x, "y": np.where(x + rng.normal(size=200) > 0, "yes", "no")})
        models = out_of_sample(make_dataset(frame, label="y"), LearningConfig(epochs=2, repeats=1), asked=True).models
        p = models.predict("the network", models.asked)[:, 1]
        np.testing.assert_allclose(models.attribute(models.asked, 1).score, np.log(p / (1 - p)), atol=1e-4)

    def test_no_rows_give_no_shares(self, frame):
        found = keep(frame, (8,)).attribute(np.empty(0, dtype=np.int64), 1)
        assert found.shares.shape == (0, 3)

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
    def test_a_gpu_agrees(self, make_dataset):
        rng = np.random.default_rng(1)
        frame = pd.DataFrame({"x": rng.normal(size=300), "c": rng.choice(["a", "b"], 300)})
        frame["y"] = np.where(frame["x"] + (frame["c"] == "a") > 0, "yes", "no")
        dataset = make_dataset(frame, label="y")
        on = {
            device: out_of_sample(
                dataset, LearningConfig(epochs=2, repeats=1, device=device), asked=True
            ).models.attribute(np.arange(300), 1)
            for device in ("cpu", "cuda")
        }
        np.testing.assert_allclose(on["cuda"].shares, on["cpu"].shares, atol=0.05)
