"""MH005: models that are trained on shuffled labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from assay.auc import auc_within_folds
from assay.config_file import parse_config
from assay.findings import Interval, Severity, Status
from assay.health import HealthContext
from assay.health.fit import PART
from assay.health.parts import assess_parts
from assay.learning import out_of_sample, out_of_sample_values
from assay.learning.trials.shuffled import train_shuffled
from assay.trials import ShuffledTrial, Trials
from assay.trials.shuffled import Control


@pytest.fixture(scope="module")
def look(make_dataset):
    """Train on a frame, once with its labels and once with shuffled ones, and ask MH005."""

    def run(frame, change=lambda predictions: predictions, **settings):
        settings = {"label": "y", "learning": {"epochs": 2, "repeats": 1, "other_models": False}, **settings}
        config, dataset = parse_config(settings), make_dataset(frame, **settings)
        train = out_of_sample if dataset.target is None else out_of_sample_values
        predictions = change(train(dataset, config.learning))
        trial = train_shuffled(dataset, predictions, config, lambda _: None)
        context = HealthContext(dataset, predictions, config.health, trials=Trials(shuffled=trial))
        findings, tables = assess_parts((PART,), context)
        assert all(finding.status is not Status.ERROR for finding in findings)
        return [finding for finding in findings if finding.code == "MH005"], tables

    return run


def clean(n=240, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))
    return frame.assign(y=np.where(frame["a"] + 0.5 * rng.logistic(size=n) > 0, "yes", "no"))


def people(persons=80, rows=5, seed=0, tell=2.5):
    """Rows of persons with features nearly alike, whose label is mostly the person's own."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(persons), rows)
    features = rng.normal(size=(persons, 4))[person] + 0.15 * rng.normal(size=(len(person), 4))
    score = tell * rng.normal(size=persons)[person] + features[:, 0] + rng.normal(size=len(person))
    frame = pd.DataFrame(features, columns=list("abcd")).assign(noise=rng.normal(size=len(person)))
    frame["who"] = [f"P{p:03d}" for p in person]
    frame["y"] = np.where(score > 0, "yes", "no")
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def test_clean_tables_pass(look):
    findings, tables = look(clean())
    assert [finding.status for finding in findings] == [Status.PASSED, Status.PASSED]
    assert findings[0].severity is Severity.CRITICAL
    assert set(tables["shuffled"]["labels"]) == {"shuffled", "permuted", "real"}


def test_rows_of_a_person_in_several_folds_fail(look):
    findings, tables = look(people(), ignore=["who"])
    (failed,) = [finding for finding in findings if finding.status is Status.FAILED]
    assert failed.severity is Severity.CRITICAL
    assert failed.subject.columns == ("who",)
    assert "`group`" in failed.remedy
    assert "P0" not in failed.message
    (row,) = tables["shared_values"].to_dict("records")
    assert row["recognised"] > 0.6
    assert row["apart"] > row["together"] + 0.05


@pytest.mark.parametrize(
    ("frame", "settings"),
    [
        pytest.param(people(), {}, id="a feature"),
        pytest.param(people(), {"sensitive": ["who"]}, id="a sensitive column"),
        pytest.param(people(60, 15), {"ignore": ["who"]}, id="many rows a value"),
    ],
)
def test_values_that_new_rows_may_share_only_warn(look, frame, settings):
    findings, _ = look(frame, **settings)
    (failed,) = [finding for finding in findings if finding.status is Status.FAILED]
    assert failed.severity is Severity.WARNING


def test_what_is_configured_as_group_is_quiet(look):
    findings, tables = look(people(), group="who")
    assert {finding.status for finding in findings} <= {Status.PASSED, Status.INCONCLUSIVE}
    assert "shared_values" not in tables


def test_persons_that_do_not_tell_the_label_pass(look):
    frame = people(300, 4, tell=0.0)
    rng = np.random.default_rng(1)
    frame["y"] = np.where(frame["noise"] + 0.3 * rng.logistic(size=len(frame)) > 0, "yes", "no")
    findings, _ = look(frame, ignore=["who"])
    assert [finding.status for finding in findings] == [Status.PASSED] * 3
    assert "at most" in findings[-1].message


def jobs(seed, rows, of_job=1.5):
    """Forty jobs that are told by pay, hours and training, and have an effect of their own on the label."""
    rng = np.random.default_rng(seed)
    job = np.repeat(np.arange(40), rows)
    frame = pd.DataFrame(rng.normal(size=(40, 3))[job] + 0.3 * rng.normal(size=(len(job), 3)), columns=list("abc"))
    frame["tenure"] = rng.gamma(2, 3, len(job)).round(1)
    score = of_job * rng.normal(size=40)[job] - 0.2 * (frame["tenure"] - 6) + rng.logistic(size=len(job))
    frame = frame.assign(job=[f"J{j}" for j in job], y=np.where(score > 0, "yes", "no"))
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


@pytest.mark.parametrize("rows", [10, 20, 30])
def test_a_job_that_has_its_part_in_the_label_does_not_block(look, rows):
    for seed in range(2):
        findings, _ = look(jobs(seed, rows), ignore=["job"])
        assert not [f for f in findings if f.blocks]


def test_a_column_that_means_nothing_passes(look):
    frame = clean()
    frame["code"] = np.random.default_rng(1).integers(0, 60, len(frame))
    findings, _ = look(frame, ignore=["code"])
    assert [finding.status for finding in findings] == [Status.PASSED] * 3
    assert findings[-1].subject.columns == ("code",)


def test_columns_of_which_nothing_is_seen_are_told_together(look):
    frame = clean()
    for name in ("code", "shelf", "box"):
        frame[name] = np.random.default_rng(len(name)).permutation(len(frame)) % 60
    findings, _ = look(frame, ignore=["code", "shelf", "box"])
    assert len(findings) == 3
    assert sorted(findings[-1].subject.columns) == ["box", "code", "shelf"]


def test_columns_that_part_the_rows_alike_are_judged_once(look):
    frame = people(40)
    frame["name"] = frame["who"].str.replace("P", "Ms ")
    _, tables = look(frame, ignore=["who", "name"])
    assert list(tables["shared_values"]["column"]) == ["who"]


def test_hospitals_are_recognised_by_their_rows(look, real_data):
    """Whether a hospital has an emergency service is a fact of the hospital, which has 22 rows."""
    frame = pd.read_csv(real_data("hospital/clean.csv")).rename(columns={"EmergencyService": "y"})
    findings, _ = look(frame, id="ProviderNumber", ignore=["index"])
    failed = {f.subject.columns: f for f in findings if f.status is Status.FAILED}
    assert failed["ProviderNumber",].severity is Severity.CRITICAL
    assert failed["ProviderNumber",].evidence.value > 0.1


def test_copies_in_several_folds_fail(look):
    frame = pd.concat([clean(120)] * 2, ignore_index=True)

    def scatter(predictions):
        folds = np.random.default_rng(0).permutation(len(frame)) % 5
        return replace(predictions, folds=folds[None].astype(np.int16))

    findings, _ = look(frame, scatter)
    assert findings[0].status is Status.FAILED
    assert findings[0].severity is Severity.CRITICAL
    assert findings[0].evidence.interval.low > 0.52
    # As the audit makes its folds, it is chance.
    assert look(frame)[0][0].status is Status.PASSED


def test_combinations_of_categories_are_no_copies(look):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice(["v0", "v1", "v2"], 1500) for name in ("c0", "c1", "c2")})
    score = 1.0 * (frame["c0"] == "v0") - 0.8 * (frame["c1"] == "v1")
    frame["y"] = np.where(np.random.default_rng(1).logistic(size=len(frame)) < score, "yes", "no")
    findings, tables = look(frame)
    assert not [f for f in findings if f.blocks]
    assert findings[1].status is Status.PASSED
    assert tables["shuffled"].set_index("labels").loc["real", "n"] == 1500


def quiet():
    interval = Interval(0.49, 0.51, 0.99)
    return Trials(shuffled=ShuffledTrial((Control("kernel ridge", 0.5, interval, 0.55, 100, 300),), ()))


@pytest.mark.parametrize(
    ("n", "strength", "status"),
    [(2500, 0.0, Status.FAILED), (60, 0.0, Status.INCONCLUSIVE), (300, 1.0, Status.PASSED)],
)
def test_real_labels_must_reach_farther_than_permuted_ones(make_case, n, strength, status):
    context = HealthContext(*make_case(n, strength=strength), parse_config({"label": "y"}).health, trials=quiet())
    findings, _ = assess_parts((PART,), context)
    real = [finding for finding in findings if finding.code == "MH005"][1]
    assert real.status is status
    assert real.severity is (Severity.WARNING if status is Status.INCONCLUSIVE else Severity.CRITICAL)


def test_thirty_rows_are_answered(look):
    findings, _ = look(clean(30))
    assert not findings[0].blocks
    assert Status.FAILED not in {finding.status for finding in findings}


def test_a_handful_of_rows_is_inconclusive(make_case):
    context = HealthContext(*make_case(8), parse_config({"label": "y"}).health)
    findings, _ = assess_parts((PART,), context)
    assert next(f for f in findings if f.code == "MH005").status is Status.INCONCLUSIVE


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(clean().assign(b=np.nan), id="all missing"),
        pytest.param(clean()[["a", "y"]], id="one feature"),
        pytest.param(clean().assign(b="x", c=0, d=1.5), id="constant features"),
        pytest.param(clean().assign(y=np.where(np.arange(240) < 8, "no", "yes")), id="nearly one class"),
        pytest.param(clean().assign(y=[f"class {i % 40}" for i in range(240)]), id="many classes"),
        pytest.param(clean().rename(columns={"a": "<b>ü 男</b>"}), id="strange names"),
        pytest.param(clean().assign(y=np.where(np.arange(240) % 9 == 0, None, clean()["y"])), id="missing labels"),
        pytest.param(clean().assign(y=clean()["a"] + 0.1 * clean()["b"]), id="a number"),
        pytest.param(clean(30)[["a", "y"]].assign(y=[f"class {i % 5}" for i in range(30)]), id="tiny, many classes"),
        pytest.param(clean(30)[["a", "y"]].round(1), id="tiny, one feature"),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_odd_tables_are_answered(look, frame, weighted):
    weights = np.random.default_rng(0).gamma(1.0, 1.0, len(frame))
    findings, _ = look(frame.assign(w=weights), weight="w") if weighted else look(frame)
    assert findings[0].status in {Status.PASSED, Status.INCONCLUSIVE}


def test_the_same_seed_gives_the_same_figures(look):
    frame = people(40)
    first, second = (look(frame, ignore=["who"])[1] for _ in range(2))
    for name in ("shuffled", "shared_values"):
        pd.testing.assert_frame_equal(first[name], second[name])


@pytest.mark.parametrize("change", [{"given": "scores.csv"}, {}])
def test_what_was_not_trained_does_not_apply(make_case, change):
    context = HealthContext(
        *make_case(**change), parse_config({"label": "y", "health": {"shuffled": bool(change)}}).health
    )
    findings, tables = assess_parts((PART,), context)
    assert next(f for f in findings if f.code == "MH005").status is Status.NOT_APPLICABLE
    assert "shuffled" not in tables


def test_auc_within_folds_is_the_mean_over_pairs():
    rng = np.random.default_rng(0)
    folds, positive = rng.integers(0, 3, 60).astype(np.int16), rng.random((60, 2)) < 0.4
    scores = np.round(rng.normal(size=(60, 2)), 1)
    for column, found in enumerate(auc_within_folds(scores, positive, folds)):
        won, pairs = 0.0, 0
        for fold in range(3):
            y, s = positive[folds == fold, column], scores[folds == fold, column]
            won, pairs = won + roc_auc_score(y, s) * y.sum() * (~y).sum(), pairs + y.sum() * (~y).sum()
        assert found == pytest.approx(won / pairs)


def test_auc_without_pairs_is_not_known():
    assert np.isnan(auc_within_folds(np.zeros((4, 1)), np.ones((4, 1), dtype=bool), np.zeros(4, dtype=np.int16))[0])


def test_real_auc_is_the_one_of_the_predictions(make_case):
    dataset, predictions = make_case(600, strength=0.6)
    _, tables = assess_parts((PART,), HealthContext(dataset, predictions, parse_config({"label": "y"}).health))
    shown = tables["shuffled"].set_index("labels")
    expected = auc_within_folds(
        predictions.repeat_probs[0][:, 1:].astype(float), (predictions.labels == 1)[:, None], predictions.folds[0]
    )
    assert shown.loc["real", "auc"] == pytest.approx(expected[0])
    assert shown.loc["permuted", "auc"] == pytest.approx(0.5, abs=0.02)
