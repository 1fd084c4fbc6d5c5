"""The stages of a numeric label, on handmade predictions and against hand computation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.config import FairnessConfig, HealthConfig, LabelNoiseConfig, LearningConfig, ValidationConfig
from assay.errors import ContractError, InputError
from assay.fairness import assess_numeric_fairness
from assay.health import HealthContext, assess_numeric_health
from assay.label_noise import find_numeric_label_noise
from assay.learning import out_of_sample_values
from assay.validation import propose_suite, validate
from assay.validation.out_of_fold import choose_out_of_fold, out_of_fold_line


def table(n: int = 2000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame({"x": x, "sex": rng.choice(["f", "m"], n), "y": x * 3 + rng.normal(size=n)})


def of(result, code: str) -> list:
    return [finding for finding in result.findings if finding.code == code]


class TestFairness:
    def test_a_group_predicted_too_low(self, make_dataset, make_values):
        frame = table()
        dataset = make_dataset(frame, label="y", sensitive=["sex"])
        women = frame["sex"].to_numpy() == "f"
        values = make_values(dataset, frame["x"] * 3 - 1.5 * women)
        result = assess_numeric_fairness(dataset, values, FairnessConfig())
        bias, size, prediction = of(result, "FB014")
        assert (str(bias.status), str(bias.severity)) == ("failed", "critical")
        assert str(size.severity) == str(prediction.severity) == "warning"
        assert bias.evidence.value == pytest.approx(1.5 / values.scale.spread, abs=0.06)
        assert bias.evidence.interval.low <= 1.5 / values.scale.spread <= bias.evidence.interval.high
        row = result.by_group.query("group == 'f' and metric == 'mean error'").iloc[0]
        bound = np.clip(values.scaled_target, -4, 4)
        expected = (np.clip(values.scaled_predictions, -4, 4) - bound)[women].mean()
        assert row["value"] == pytest.approx(expected)
        assert row["n"] == women.sum()
        assert list(result.counts.columns) == ["feature", "group", "y_true", "y_pred", "n"]

    def test_parity_passes_and_weights_weigh(self, make_dataset, make_values):
        frame = table(20_000)
        dataset = make_dataset(frame.assign(w=1.0), label="y", sensitive=["sex"], weight="w")
        plain = make_dataset(frame, label="y", sensitive=["sex"])
        results = [
            assess_numeric_fairness(d, make_values(d, frame["x"] * 3), FairnessConfig()) for d in (dataset, plain)
        ]
        assert [str(f.status) for f in of(results[0], "FB014")] == ["passed", "passed", "passed"]
        pd.testing.assert_frame_equal(results[0].disparities, results[1].disparities)

    def test_small_groups_are_named_and_nothing_passes(self, make_dataset, make_values):
        frame = table(100).assign(sex=["f"] * 20 + ["m"] * 80)
        dataset = make_dataset(frame, label="y", sensitive=["sex"])
        result = assess_numeric_fairness(dataset, make_values(dataset, frame["x"] * 3), FairnessConfig())
        assert {str(f.status) for f in of(result, "FB014")} == {"inconclusive"}
        assert "f (20)" in of(result, "FB013")[0].message

    def test_no_feature_and_one_group(self, make_dataset, make_values):
        frame = table(200)
        for roles in ({}, {"sensitive": ["one"]}):
            dataset = make_dataset(frame.assign(one="a"), label="y", **roles)
            result = assess_numeric_fairness(dataset, make_values(dataset, frame["x"]), FairnessConfig())
            assert {str(f.status) for f in of(result, "FB014")} == {"not_applicable"}
            assert result.by_group.empty

    def test_predictions_of_other_rows(self, make_dataset, make_values):
        dataset, other = make_dataset(table(200), label="y"), make_dataset(table(100), label="y")
        values = make_values(other, np.zeros(100))
        for stage, config in (
            (assess_numeric_fairness, FairnessConfig()),
            (lambda *given: assess_numeric_health(HealthContext(*given)), HealthConfig()),
            (find_numeric_label_noise, LabelNoiseConfig()),
        ):
            with pytest.raises(ContractError, match="200 rows, got 100"):
                stage(dataset, values, config)


class TestHealth:
    def test_figures(self, make_dataset, make_values):
        frame = table()
        dataset = make_dataset(frame, label="y")
        result = assess_numeric_health(HealthContext(dataset, make_values(dataset, frame["x"] * 3), HealthConfig()))
        metrics = result.metrics.set_index("metric")
        assert metrics.loc["r2", "value"] == pytest.approx(0.9, abs=0.02)
        assert metrics.loc["mean absolute error", "value"] == pytest.approx(np.abs(frame["y"] - frame["x"] * 3).mean())
        assert str(of(result, "MH001")[0].status) == "passed"
        assert "falls by 0.102" in of(result, "MH002")[0].message

    def test_predictions_worse_than_the_mean(self, make_dataset, make_values):
        frame = table()
        dataset = make_dataset(frame, label="y")
        result = assess_numeric_health(
            HealthContext(dataset, make_values(dataset, -frame["x"], train=0.99), HealthConfig())
        )
        assert str(of(result, "MH001")[0].status) == "failed"
        assert str(of(result, "MH002")[0].status) == "failed"

    @pytest.mark.parametrize(("unit", "known"), [(1.0, True), (1e307, False)])
    def test_errors_too_large_for_a_number_are_not_told(self, make_dataset, make_values, unit, known):
        frame = table(300)
        frame["y"] *= unit
        dataset = make_dataset(frame, label="y")
        result = assess_numeric_health(
            HealthContext(dataset, make_values(dataset, frame["x"] * 3 * unit), HealthConfig())
        )
        message = of(result, "MH001")[0].message
        assert ("The mean absolute error is" in message) == known
        assert "inf" not in message.replace("interval", "")
        assert not message.endswith(" ")
        assert not np.isinf(result.metrics[["value"]]).any(axis=None)
        assert str(of(result, "MH001")[0].status) == "passed"


class TestLabelNoise:
    def test_a_group_with_more_errors(self, make_dataset, make_values):
        frame = table(4000)
        women = np.flatnonzero(frame["sex"] == "f")
        frame.loc[women[: len(women) // 6], "y"] += 30
        dataset = make_dataset(frame, label="y", sensitive=["sex"])
        result = find_numeric_label_noise(dataset, make_values(dataset, frame["x"] * 3), LabelNoiseConfig())
        failed = [f for f in of(result, "LN003") if f.status == "failed"]
        assert [f.subject.group for f in failed] == ["sex = f"]
        assert set(result.estimates["by"]) == {"overall", "sex"}
        assert str(of(result, "LN001")[0].status) == "failed"
        assert result.suspect[women[: len(women) // 6]].all()

    def test_contract(self, make_dataset, make_values):
        dataset = make_dataset(table(200), label="y")
        values = dataclasses.replace(make_values(dataset, np.zeros(200)), scaled_predictions=np.full(200, np.nan))
        with pytest.raises(ContractError, match="finite"):
            find_numeric_label_noise(dataset, values, LabelNoiseConfig())

    @pytest.mark.parametrize("n", [3, 20, 60])
    def test_few_rows_are_not_judged(self, make_dataset, make_values, n):
        frame = table(n)
        dataset = make_dataset(frame, label="y", task="regression", sensitive=["sex"])
        result = find_numeric_label_noise(dataset, make_values(dataset, frame["x"] * 3), LabelNoiseConfig())
        assert not {"error", "passed"} & {str(f.status) for f in of(result, "LN001")} or n == 60
        assert not result.suspect.any() or n == 60


class TestValidation:
    def leaks(self, make_dataset, **columns):
        frame = table(600).assign(**columns)
        dataset = make_dataset(frame.drop(columns="sex"), label="y")
        return [f for f in validate(dataset, ValidationConfig()).findings if f.code == "DQ017"]

    def test_a_function_of_the_label_is_a_leak(self, make_dataset):
        for leak in (lambda f: -(f["y"] ** 3), lambda f: f["y"].round(2).rank().astype(int) * 7):
            (found,) = self.leaks(make_dataset, z=leak)
            assert (str(found.status), str(found.subject)) == ("failed", "z")

    def test_the_signed_label_of_a_size_is_a_leak_too(self, make_dataset):
        """V-shaped: no line through it, but the rows of a bin have nearly one value."""
        frame = table(4000).drop(columns="sex")
        frame["z"], frame["y"] = frame["y"], frame["y"].abs()
        found = [f for f in validate(make_dataset(frame, label="y"), ValidationConfig()).findings if f.code == "DQ017"]
        assert [str(f.status) for f in found] == ["failed"]

    def test_a_label_of_one_value_in_the_rows_looked_at_cannot_be_judged(self, make_dataset, monkeypatch):
        """Five rows of 6,000 have another value than 0, and none of them is drawn."""
        monkeypatch.setattr("assay.validation.numeric_leakage.MAX_ROWS", 50)
        drawn = np.random.default_rng(0).choice(6000, 50, replace=False)
        label = np.zeros(6000)
        label[np.setdiff1d(np.arange(6000), drawn)[:5]] = np.arange(1, 6) * 1.5
        frame = pd.DataFrame({"x": np.random.default_rng(1).normal(size=6000), "y": label})
        dataset = make_dataset(frame, label="y", task="regression")
        (found,) = [f for f in validate(dataset, ValidationConfig()).findings if f.code == "DQ017"]
        assert str(found.status) == "inconclusive"
        assert "50 labelled rows have one value" in found.message

    @given(seed=st.integers(0, 2**31), row=st.integers(0, 59), value=st.floats(-1e3, 1e3))
    @settings(max_examples=30, deadline=None)
    def test_no_label_reaches_the_line_that_predicts_its_fold(self, seed, row, value):
        rng = np.random.default_rng(seed)
        places, values, fold = rng.random(60), rng.random(60), rng.permutation(60) % 5
        before = out_of_fold_line(places, values, fold)
        values[row] = value
        own = fold == fold[row]
        assert (out_of_fold_line(places, values, fold)[own] == before[own]).all()
        for held_out in range(5):
            test = fold == held_out
            expected = np.polyval(np.polyfit(places[~test], values[~test], 1), places[test])
            np.testing.assert_allclose(out_of_fold_line(places, values, fold)[test], expected, atol=1e-9, rtol=1e-6)

    def test_a_line_without_two_places_or_another_fold_is_the_mean(self):
        values = np.arange(4.0)
        assert out_of_fold_line(np.ones(4), values, np.array([0, 0, 1, 1])).tolist() == [2.5, 2.5, 0.5, 0.5]
        assert out_of_fold_line(values, values, np.zeros(4)).tolist() == [1.5] * 4

    def test_what_is_chosen_for_a_fold_is_what_errs_least_in_the_others(self):
        values, fold = np.zeros(4), np.array([0, 0, 1, 1])
        guesses = [np.array([0.0, 0, 9, 9]), np.array([9.0, 9, 0, 0])]
        # The first is right in fold 0, and so is taken in fold 1, where it errs.
        assert choose_out_of_fold(guesses, values, fold).tolist() == [9, 9, 9, 9]

    def test_a_strong_feature_and_a_name_are_none(self, make_dataset):
        (found,) = self.leaks(make_dataset, z=lambda f: [f"p{i}" for i in range(len(f))])
        assert str(found.status) == "passed"
        assert "column 'x'" in found.message

    def test_the_suite_has_a_range_for_the_label(self, make_dataset):
        suite = propose_suite(make_dataset(table(300), label="y"), "t")
        rules = {e["type"] for e in suite["expectations"] if e["kwargs"].get("column") == "y"}
        assert "expect_column_values_to_be_between" in rules
        assert "expect_column_values_to_be_in_set" not in rules


class TestLearning:
    CONFIG = LearningConfig(folds=3, repeats=2, epochs=3)

    def test_no_row_is_predicted_by_a_model_that_saw_its_twin(self, make_dataset):
        """Every feature row occurs twice, with opposite labels: memory would predict the twin's."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(150, 3))
        noise = rng.normal(size=150) * 5
        frame = pd.DataFrame(np.vstack([x, x]), columns=list("abc")).assign(y=np.r_[noise, noise])
        values = out_of_sample_values(make_dataset(frame, label="y", task="regression"), self.CONFIG)
        assert (values.folds[:, :150] == values.folds[:, 150:]).all()
        assert np.corrcoef(values.scaled_predictions, values.scaled_target)[0, 1] < 0.3

    def test_shapes_seeds_and_missing_labels(self, make_dataset):
        frame = table(120)
        frame.loc[:4, "y"] = np.nan
        dataset = make_dataset(frame, label="y")
        one, two = (out_of_sample_values(dataset, self.CONFIG) for _ in range(2))
        np.testing.assert_array_equal(one.predictions, two.predictions)
        assert one.repeat_predictions.shape == one.folds.shape == (2, 120)
        assert (one.folds[:, :5] == -1).all()
        assert not one.trained[:5].any()
        assert np.isfinite(one.predictions).all()
        assert one.test_loss.shape == (6, 3)
        assert np.corrcoef(one.scaled_predictions[5:], one.scaled_target[5:])[0, 1] > 0.7

    def test_constant_wide_and_missing_features(self, make_dataset):
        rng = np.random.default_rng(0)
        frame = table(150).assign(
            same=1,
            gaps=np.where(rng.random(150) < 0.9, np.nan, 5.0),
            city=[f"c{i % 300}" for i in range(150)],
            lone=np.r_[1.0, np.zeros(149)],
        )
        values = out_of_sample_values(make_dataset(frame, label="y"), self.CONFIG)
        assert np.isfinite(values.predictions).all()

    def test_only_constant_features(self, make_dataset):
        frame = pd.DataFrame({"same": [1.0] * 60, "g": range(60), "y": np.linspace(0, 1, 60)})
        dataset = make_dataset(frame, label="y", ignore=["g"])
        with pytest.raises(InputError, match="different labelled rows"):
            out_of_sample_values(dataset, self.CONFIG)

    def test_groups_stay_together(self, make_dataset):
        frame = table(200).assign(person=np.arange(200) // 4)
        values = out_of_sample_values(make_dataset(frame, label="y", group="person"), self.CONFIG)
        for folds in values.folds:
            assert (folds.reshape(-1, 4) == folds.reshape(-1, 4)[:, :1]).all()
