"""MH020 and MH021: they fire on what was planted, stay quiet without, and say where they cannot know."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from logistic_models import LogisticModels

from assay.config import HealthConfig, LearningConfig
from assay.findings import Severity, Status, run_checks
from assay.health import HealthContext, assess_health
from assay.health.attribution import PART
from assay.learning import out_of_sample


@pytest.fixture(scope="session")
def explain(make_dataset, make_out_of_sample):
    """Findings by code, and the tables, for columns with known weights and labels drawn from them."""

    def run(
        x, weights, labels=None, *, groups=None, seed=0, incomplete=0.0, trees=None, change=lambda p: p, **settings
    ):
        models = LogisticModels(x, np.asarray(weights, dtype=float))
        probs = models.predict("trees", np.arange(len(x)))
        if labels is None:
            labels = np.where(np.random.default_rng(seed).random(len(x)) < probs[:, 1], "yes", "no")
        frame = pd.DataFrame(x, columns=list(models.columns)).assign(**(groups or {}), y=labels)
        dataset = make_dataset(frame, **{"label": "y", "positive": "yes", "sensitive": list(groups or {})} | settings)
        if incomplete:
            models = Incomplete(models.x, models.weights)
        if trees is not None:
            models = Divided(models.x, models.weights, trees)
        predictions = change(replace(make_out_of_sample(dataset, probs), models=models))
        return findings_of(HealthContext(dataset, predictions, HealthConfig()))

    return run


@dataclass(frozen=True)
class Divided(LogisticModels):
    """The trees have weights of their own."""

    trees: np.ndarray

    def predict(self, kind, rows, donors=None):
        return LogisticModels(self.x, self.trees).predict(kind, rows, donors)


class Incomplete(LogisticModels):
    """The shares miss a tenth of the scores."""

    def attribute(self, rows, target, steps=32):
        found = super().attribute(rows, target, steps)
        return replace(found, shares=found.shares * 0.9, error=found.shares.sum(axis=1) * 0.1)


def findings_of(context):
    why = PART.unasked(context)
    if why is not None:
        return why, {}
    subject = PART.prepare(context)
    return {f.code: f for f in run_checks(PART.checks, subject)}, PART.tables(subject)


def normal(n, columns, seed=0):
    return np.random.default_rng(seed).normal(size=(n, columns))


class TestColumnsThatCarry:
    def test_a_column_that_carries_all_is_named(self, explain):
        found, tables = explain(normal(1500, 4), [4, 0.3, 0.3, 0.3])
        assert found["MH020"].status is Status.FAILED
        assert found["MH020"].severity is Severity.WARNING
        assert found["MH020"].subject.columns == ("x0",)
        assert "'x0' carries nearly everything" in found["MH020"].message
        assert "'x0' is known" in found["MH020"].remedy
        assert tables["attributions"]["column"].tolist()[0] == "x0"
        assert tables["attributions"]["share"].sum() == pytest.approx(1)

    def test_columns_that_share_the_work_pass(self, explain):
        found, _ = explain(normal(1500, 4), [1, 1, 1, 0])
        assert found["MH020"].status is Status.PASSED
        assert "No column alone carries nearly everything" in found["MH020"].message
        assert len(found["MH020"].message.split()) <= 60

    def test_nearly_perfect_predictions_by_one_column_take_less(self, explain):
        found, _ = explain(normal(1500, 4), [20, 8, 8, 0])
        assert found["MH020"].status is Status.FAILED
        assert "more than all other columns together" in found["MH020"].message
        assert found["MH020"].evidence.threshold == 0.5

    def test_models_that_lean_on_other_columns_are_told(self, explain):
        x = normal(1500, 3)
        labels = np.where(x @ [1, 1, 0.5] + np.random.default_rng(1).normal(size=1500) > 0, "yes", "no")
        found, _ = explain(x, [2, 0.5, 0.5], labels, trees=np.array([0.5, 2, 0.5]))
        assert "First comes 'x0' in the networks, and 'x1' in the boosted trees." in found["MH020"].message

    def test_thirty_rows_do_not_decide(self, explain):
        found, _ = explain(normal(30, 3), [4, 0.3, 0.3])
        assert found["MH020"].status is Status.INCONCLUSIVE

    def test_without_signal_nothing_is_carried(self, explain):
        labels = np.where(np.arange(400) % 2, "yes", "no")
        found, tables = explain(normal(400, 3), [1, 1, 1], labels)
        assert found["MH020"].status is Status.INCONCLUSIVE
        assert "MH001" in found["MH020"].message
        assert len(tables["attributions"]) == 3

    def test_one_feature_is_no_question(self, explain):
        found, _ = explain(normal(200, 1), [4])
        assert found["MH020"].status is Status.NOT_APPLICABLE

    def test_incomplete_shares_decide_nothing(self, explain):
        found, _ = explain(
            normal(1500, 4), [4, 0.3, 0.3, 0.3], incomplete=0.1, groups={"sex": np.repeat(["m", "f"], 750)}
        )
        assert {f.status for f in found.values()} == {Status.INCONCLUSIVE}
        assert "miss 10%" in found["MH020"].message


class TestColumnsBehindTheGaps:
    def grouped(self, n=1500, seed=0):
        x = normal(n, 4, seed)
        sex = np.random.default_rng(seed + 1).choice(["Fräu", "M"], n)
        return x, sex

    def test_a_proxy_is_named_with_what_it_carries(self, explain):
        x, sex = self.grouped()
        x[:, 1] += np.where(sex == "M", 1.0, 0.0)
        found, tables = explain(x, [1, 1.5, 1, 0], groups={"sex": sex})
        finding, gaps = found["MH021"], tables["group_gaps"]
        assert finding.status is Status.FAILED
        assert finding.subject.columns == ("sex", "x1")
        assert finding.subject.group == "sex = Fräu"
        assert finding.message.startswith("sex = Fräu: the mean predicted probability of 'yes' is ")
        score = (x - x.mean(axis=0)) @ [1, 1.5, 1, 0] + x.mean(axis=0) @ [1, 1.5, 1, 0]
        p = 1 / (1 + np.exp(-score))
        points = 100 * (p[sex != "Fräu"].mean() - p[sex == "Fräu"].mean())
        assert f"{points:.1f} percentage points lower than in all other rows" in finding.message
        assert "standard deviation of all scores" in finding.message
        assert "FB007" in finding.remedy
        assert "Leave the sensitive column out" not in finding.remedy
        whole = gaps[gaps["column"].isna()]
        assert whole["contribution"].tolist() == [pytest.approx(gaps["contribution"].dropna().sum() / 2)]
        assert finding.evidence.value == whole["contribution"].iloc[0]
        assert gaps.loc[gaps["column"] == "x1", "p_value"].item() < 0.01

    def test_the_sensitive_column_itself_is_told_apart(self, explain):
        x, _ = self.grouped()
        x[:, 0] = x[:, 0] > 0
        found, _ = explain(x, [3, 1, 1, 0], sensitive=["x0"])
        finding = found["MH021"]
        assert finding.status is Status.FAILED
        assert finding.subject.columns == ("x0",)
        assert "The sensitive column 'x0' itself carries" in finding.message
        assert finding.remedy.startswith("Leave the sensitive column out")

    def test_without_a_sensitive_feature_there_is_no_question(self, explain):
        found, tables = explain(normal(100, 2), [1, 1])
        assert found["MH021"].status is Status.NOT_APPLICABLE
        assert tables["group_gaps"].empty

    def test_groups_that_do_not_differ_pass(self, explain):
        x, sex = self.grouped(3000)
        found, tables = explain(x, [1, 1, 1, 0], groups={"sex": sex})
        assert found["MH021"].status is Status.PASSED
        assert len(tables["group_gaps"]) == 5

    def test_of_many_groups_the_surest_comes_first_and_three_are_named(self, explain):
        x, _ = self.grouped(4000)
        group = np.repeat(["rare", "a", "b", "c", "d"], [24, 994, 994, 994, 994])
        x[:, 1] += np.select([group == "rare", group == "a", group == "b", group == "c"], [3.0, -2.0, 1.8, -1.6], 2.0)
        found, tables = explain(x, [1, 1.5, 1, 0], groups={"group": group})
        finding = found["MH021"]
        assert finding.status is Status.FAILED
        whole = tables["group_gaps"].query("column.isna()").set_index("group")
        nearer = np.maximum(whole["low"], -whole["high"]).astype(float)
        assert finding.subject.group == f"group = {nearer.idxmax()}"
        assert finding.subject.group != f"group = {whole['contribution'].abs().astype(float).idxmax()}"
        assert finding.message.count("group = ") == 3
        assert "more." in finding.message
        assert len(finding.message.split()) <= 80

    def test_a_small_gap_is_tolerated(self, explain):
        x, sex = self.grouped(3000)
        x[:, 1] += np.where(sex == "M", 0.15, 0.0)
        found, _ = explain(x, [1, 1, 1, 0], groups={"sex": sex})
        assert found["MH021"].status is not Status.FAILED

    def test_thirty_rows_do_not_decide(self, explain):
        x, sex = self.grouped(30)
        found, _ = explain(x, [1, 1, 1, 0], groups={"sex": sex})
        assert found["MH021"].status is Status.INCONCLUSIVE

    def test_models_without_signal_pass_nothing(self, explain):
        x, sex = self.grouped()
        found, _ = explain(x, [0.1, 0.1, 0, 0], np.where(np.arange(1500) % 2, "yes", "no"), groups={"sex": sex})
        assert found["MH021"].status is Status.INCONCLUSIVE
        assert "nothing can pass" in found["MH021"].message

    def test_small_groups_are_in_no_table_and_nothing_passes_without_them(self, explain):
        x, _ = self.grouped(200)
        group = np.repeat(["big", *"abc"], [176, 8, 8, 8])
        found, tables = explain(x, [1, 1, 1, 0], groups={"group": group})
        assert set(tables["group_gaps"]["group"]) == {"big"}
        assert found["MH021"].status is Status.INCONCLUSIVE
        alone, tables = explain(x, [1, 1, 1, 0], groups={"group": np.repeat("one", 200)})
        assert alone["MH021"].status is Status.INCONCLUSIVE
        assert tables["group_gaps"].empty


class TestUnasked:
    def test_given_predictions_and_none_kept(self, explain):
        why, _ = explain(normal(50, 2), [1, 1], change=lambda p: replace(p, given="mine.csv", models=None))
        assert "mine.csv" in why
        why, _ = explain(normal(50, 2), [1, 1], change=lambda p: replace(p, models=None))
        assert "not kept" in why

    def test_switched_off(self, make_case):
        dataset, predictions = make_case(100)
        result = assess_health(HealthContext(dataset, predictions, HealthConfig(attributions=False)))
        found = {f.code: f for f in result.findings}
        assert found["MH020"].status is found["MH021"].status is Status.NOT_APPLICABLE
        assert "health.attributions" in found["MH020"].message


class TestTrainedModels:
    def test_of_many_classes_each_row_is_held_against_its_own(self, make_dataset):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(300, 3))
        frame = pd.DataFrame(x, columns=["a", "b", "weird: \n name"])
        frame["c"] = rng.choice(["u", None], 300)
        frame["g"] = rng.choice(["p", "q"], 300)
        frame["y"] = np.select([x[:, 0] < -0.5, x[:, 0] < 0.5], ["low", "mid"], "high")
        dataset = make_dataset(frame, label="y", sensitive=["g"])
        predictions = out_of_sample(dataset, LearningConfig(epochs=8, repeats=1), asked=True)
        found, tables = findings_of(HealthContext(dataset, predictions, HealthConfig()))
        assert tables["attributions"]["column"].iloc[0] == "a"
        assert found["MH020"].status in {Status.FAILED, Status.INCONCLUSIVE}
        assert found["MH021"].status is Status.NOT_APPLICABLE
        assert "`positive`" in found["MH021"].message

    def test_columns_that_say_nothing_and_rows_without_a_label(self, make_dataset):
        rng = np.random.default_rng(0)
        n = 240
        frame = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n), "constant": 1, "empty": np.nan})
        frame["who"] = np.repeat(np.arange(n // 4), 4)
        frame["y"] = np.where(frame["x"] + frame["z"] + rng.normal(size=n) > 0, "yes", "no")
        frame.loc[::17, "y"] = None
        frame["w"] = rng.random(n)
        dataset = make_dataset(frame, label="y", group="who", weight="w")
        predictions = out_of_sample(dataset, LearningConfig(epochs=8, repeats=2), asked=True)
        found, tables = findings_of(HealthContext(dataset, predictions, HealthConfig()))
        assert set(tables["attributions"]["column"]) == {"x", "z"}
        assert found["MH020"].status is not Status.ERROR
        assert tables["attributions"]["n"].iloc[0] == int(predictions.trained.sum())
        again, _ = findings_of(HealthContext(dataset, predictions, HealthConfig()))
        assert again["MH020"].message == found["MH020"].message

    def test_of_census_incomes_the_sex_gap_goes_through_the_family(self, make_dataset, real_data):
        names = "age workclass fnlwgt education years marital occupation relationship race sex gain loss hours country income"
        frame = pd.read_csv(
            real_data("adult/adult-train.csv"), header=None, names=names.split(), skipinitialspace=True, nrows=2000
        )
        dataset = make_dataset(frame, label="income", positive=">50K", sensitive=["sex"])
        predictions = out_of_sample(dataset, LearningConfig(epochs=3, repeats=1), asked=True)
        found, tables = findings_of(HealthContext(dataset, predictions, HealthConfig()))
        assert found["MH020"].status is Status.PASSED
        assert found["MH021"].status is Status.FAILED
        assert found["MH021"].subject.group == "sex = Female"
        assert {"marital", "relationship"} & set(found["MH021"].subject.columns)
        gaps = tables["group_gaps"].set_index("column")["contribution"].abs()
        assert gaps["fnlwgt"] < 0.1 < min(gaps["marital"], gaps["relationship"])  # fnlwgt is a sampling weight
