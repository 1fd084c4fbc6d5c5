"""MH030: verdicts of equally good configurations, held against counts that were planted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.config_file import parse_config
from assay.findings import Severity, Status
from assay.health import HealthContext
from assay.health.parts import assess_parts
from assay.health.variants import PART
from assay.health.variants.verdicts import read_verdicts
from assay.rejudging import rejudge
from assay.trials import Trials, VariantTrial
from assay.trials.variants import Variant

ROWS = 2000


def people(n=ROWS, seed=0):
    """Half the rows in each group, half of each group positive."""
    rng = np.random.default_rng(seed)
    at = np.arange(n)
    return pd.DataFrame(
        {"x": rng.normal(size=n), "g": np.where(at % 2, "b", "a"), "y": np.where(at // 2 % 2, "yes", "no")}
    )


def answers(frame, missed, seed=0):
    """Probabilities of (no, yes) that miss a share of the positives of each group, and take no negative for one."""
    rng = np.random.default_rng(seed)
    positive = (frame["y"] == "yes").to_numpy()
    say_yes = positive.copy()
    for group, share in missed.items():
        mine = np.flatnonzero(positive & (frame["g"] == group).to_numpy())
        say_yes[rng.choice(mine, round(share * len(mine)), replace=False)] = False
    p = np.where(say_yes, 0.9, 0.1)
    return np.stack([1 - p, p], axis=1).astype(np.float32)


def tried(probs, *, near_equal=None, positions=None, signal=True, by_seed=None, sampled=False):
    n = probs[0].shape[0]
    near_equal = [True] * len(probs) if near_equal is None else near_equal
    return VariantTrial(
        positions=np.arange(n) if positions is None else positions,
        variants=tuple(
            Variant(f"trees {at}", "trees", "depth 3", 0.9, 0.9, near) for at, near in enumerate(near_equal, start=1)
        ),
        sampled=sampled,
        pred_probs=np.stack(probs),
        best_auc=0.9,
        best_accuracy=0.9,
        tolerance=0.01,
        has_signal=signal,
        control="" if by_seed is None else "trees 1",
        by_seed=np.empty((0, n), dtype=np.int64) if by_seed is None else by_seed,
    )


@pytest.fixture
def judge(make_dataset, make_out_of_sample):
    """The findings and tables of the part for a frame and a trial."""

    def found(frame, trial, *, predictions=None, **settings):
        settings = {"label": "y", "sensitive": ["g"], "positive": "yes", "health": {"variants": True}, **settings}
        config, dataset = parse_config(settings), make_dataset(frame, **settings)
        if predictions is None:
            predictions = make_out_of_sample(dataset, np.full((len(frame), 2), 0.5))
        lines = rejudge(config, dataset, predictions, trial)
        context = HealthContext(dataset, predictions, config.health, trials=Trials(variants=trial), verdicts=lines)
        findings, tables = assess_parts([PART], context)
        return findings, tables, lines

    return found


def of(findings, subject):
    (finding,) = [f for f in findings if f.code == "MH030" and str(f.subject) == subject]
    return finding


def test_a_verdict_that_flips_is_not_robust(judge):
    """Both kinds of model miss 15% of the positives; one spreads that evenly, the other has one group pay for it."""
    frame = people()
    even = [answers(frame, {"a": 0.15, "b": 0.15}, seed) for seed in range(5)]
    uneven = [answers(frame, {"a": 0.0, "b": 0.3}, seed) for seed in range(3)]
    findings, tables, _ = judge(frame, tried(even + uneven))
    finding = of(findings, "g")
    assert finding.status is Status.FAILED
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith("The choice of hyperparameters decides ")
    assert "FB011, FB012 for g: it moves the selection rate ratio from 0.700 to 1.000, across the limit of 0.8" in (
        finding.message
    )
    assert "(3 of 8 configurations beyond)" in finding.message
    assert len(finding.message.split()) <= 75
    assert finding.evidence.n == ROWS
    assert finding.evidence.value >= 1
    assert finding.remedy
    line = tables["verdicts"].set_index(["code", "metric"]).loc[("FB011", "true positive rate")]
    assert (line["n"], line["beyond"], line["passed"], line["failed"]) == (8, 3, 5, 3)
    assert (line["low"], line["median"], line["high"]) == pytest.approx((0.0, 0.0, 0.3))


def test_a_verdict_that_holds_is_robust_whether_good_or_bad(judge):
    frame = people()
    for missed, became in (({"a": 0.1, "b": 0.1}, "passed"), ({"a": 0.0, "b": 0.5}, "failed")):
        findings, _, _ = judge(frame, tried([answers(frame, missed, seed) for seed in range(6)]))
        finding = of(findings, "g")
        assert finding.status is Status.PASSED
        assert f"FB011 {became}" in finding.message
        assert not finding.remedy


def test_configurations_that_are_not_near_equal_do_not_count(judge):
    frame = people()
    even = [answers(frame, {"a": 0.15, "b": 0.15}, seed) for seed in range(6)]
    trial = tried([*even, answers(frame, {"b": 0.6})], near_equal=[True] * 6 + [False])
    findings, tables, lines = judge(frame, trial)
    assert of(findings, "g").status is Status.PASSED
    assert "trees 7" not in set(lines["configuration"])
    assert tables["variants"]["near_equal"].tolist() == [True] * 6 + [False]


def test_figures_are_those_of_the_counts(judge):
    frame = people()
    probs = [answers(frame, {"a": 0.1 * at, "b": 0.05}, at) for at in range(5)]
    _, _, lines = judge(frame, tried(probs))
    positive, first = (frame["y"] == "yes").to_numpy(), (frame["g"] == "a").to_numpy()
    for at, p in enumerate(probs, start=1):
        said = p.argmax(axis=1) == 1
        mine = lines[lines["configuration"] == f"trees {at}"].set_index(["code", "metric", "kind"])["value"]
        tpr = said[positive & first].mean() - said[positive & ~first].mean()
        chosen = said[first].mean(), said[~first].mean()
        right = (said == positive)[first].mean() - (said == positive)[~first].mean()
        assert mine["FB011", "true positive rate", "difference"] == pytest.approx(abs(tpr))
        assert mine["FB010", "selection rate", "ratio"] == pytest.approx(min(chosen) / max(chosen))
        assert mine["FB012", "accuracy", "difference"] == pytest.approx(abs(right))


def test_undecided_by_all_is_inconclusive(judge):
    frame = people(300)
    findings, _, _ = judge(frame, tried([answers(frame, {"a": 0.0, "b": 0.1}, seed) for seed in range(6)]))
    finding = of(findings, "g")
    assert finding.status is Status.INCONCLUSIVE
    assert "Add rows" in finding.remedy


def figures(value, verdict, **other):
    """Lines of one figure by configuration."""
    columns = {"code": "FB011", "subject": "g", "metric": "true positive rate", "kind": "difference", "threshold": 0.1}
    names = [f"trees {at}" for at in range(len(value))]
    return pd.DataFrame(
        columns | {"configuration": names, "value": value, "status": verdict, "verdict": verdict, "apart": 9.0} | other
    )


def holds(lines):
    (verdict,) = read_verdicts(lines)
    return verdict.holds


def test_a_pass_that_is_lost_by_a_hair_is_no_flip():
    """One interval just within the tolerance, one just across it, and both figures far within."""
    verdict = ["passed"] * 5 + ["inconclusive"]
    assert holds(figures([0.05] * 5 + [0.06], verdict)) is Status.INCONCLUSIVE
    assert holds(figures([0.05] * 5 + [0.11], verdict)) is Status.FAILED
    assert holds(figures([0.2] * 5 + [np.nan], ["failed"] * 5 + ["inconclusive"])) is Status.INCONCLUSIVE
    assert holds(figures([0.9] * 5 + [0.7], verdict, kind="ratio", threshold=0.8)) is Status.FAILED


def test_a_figure_that_chance_moves_across_the_limit_is_no_flip():
    """Of 24 configurations there are 276 pairs: 3.5 standard errors between the farthest are nothing."""
    verdict, values = ["passed"] * 23 + ["inconclusive"], [0.05] * 23 + [0.11]
    assert holds(figures(values, verdict, apart=3.5)) is Status.INCONCLUSIVE
    assert holds(figures(values, verdict, apart=3.9)) is Status.FAILED
    # Where nothing is known of the pair, two intervals have to lie on either side.
    assert holds(figures(values, verdict, apart=np.nan)) is Status.INCONCLUSIVE
    assert holds(figures(values, ["passed"] * 23 + ["failed"], apart=np.nan)) is Status.FAILED


@pytest.mark.parametrize("alike", [0.6, 0.9])
def test_configurations_of_one_true_disparity_seldom_flip(alike):
    """Estimates of one true figure with correlated normal errors, at the place where chance flips most."""
    rng, m, n = np.random.default_rng(0), 24, 60
    for place in (-2.0, -1.0):
        common = np.sqrt(alike) * rng.normal(size=(n, 1))
        z = place + common + np.sqrt(1 - alike) * rng.normal(size=(n, m))
        apart = np.ptp(z, axis=1) / np.sqrt(2 * (1 - alike))
        flips = 0
        points = ((z.min(axis=1) < -1.96) & (z.max(axis=1) > 0)) | ((z.max(axis=1) > 1.96) & (z.min(axis=1) < 0))
        for at in np.flatnonzero(points):
            verdict = np.where(z[at] < -1.96, "passed", np.where(z[at] > 1.96, "failed", "inconclusive"))
            flips += holds(figures(z[at], verdict, threshold=0.0, apart=apart[at])) is Status.FAILED
        assert flips <= 0.1 * n


def test_the_paired_score_is_that_of_a_bootstrap(judge):
    frame = people()
    probs = [answers(frame, {"a": 0.1, "b": 0.1}, at) for at in range(4)] + [answers(frame, {"a": 0.1, "b": 0.25}, 9)]
    _, _, lines = judge(frame, tried(probs))
    mine = lines[(lines["code"] == "FB011") & (lines["metric"] == "true positive rate")]
    positive, first = (frame["y"] == "yes").to_numpy(), (frame["g"] == "a").to_numpy()
    low, high = (probs[at].argmax(axis=1) == 1 for at in (int(mine["value"].argmin()), 4))
    rng, drawn = np.random.default_rng(0), []
    for _ in range(2000):
        rows = rng.integers(0, ROWS, ROWS)
        a, b = rows[positive[rows] & first[rows]], rows[positive[rows] & ~first[rows]]
        drawn.append((high[a].mean() - high[b].mean()) - (low[a].mean() - low[b].mean()))
    assert mine["apart"].unique() == pytest.approx([np.mean(drawn) / np.std(drawn)], rel=0.07)


def test_every_kind_of_figure_has_a_paired_score(judge):
    frame = people()
    frame["h"], frame["w"] = np.where(np.arange(ROWS) % 3, "u", "v"), 1.0 + np.arange(ROWS) % 2
    probs = [answers(frame, {"a": 0.1, "b": 0.1 + 0.04 * at}, at) for at in range(3)]
    probs = [np.where(np.arange(ROWS)[:, None] % 17 == at, p[:, ::-1], p) for at, p in enumerate(probs)]
    for method in ("between_groups", "to_overall"):
        settings = {"sensitive": ["g", "h"], "weight": "w", "fairness": {"method": method}}
        _, _, lines = judge(frame, tried(probs), **settings)
        of_rates = lines[lines["code"] != "LN001"]
        assert of_rates["subject"].nunique() == 3
        assert (of_rates["apart"] > 0).all()
    assert lines.loc[lines["code"] == "LN001", "apart"].isna().all()


def test_few_near_equal_configurations_are_inconclusive(judge):
    frame = people()
    probs = [answers(frame, {"b": 0.3 * (at % 2)}, at) for at in range(6)]
    findings, _, _ = judge(frame, tried(probs, near_equal=[True] * 4 + [False] * 2))
    assert {f.status for f in findings} == {Status.INCONCLUSIVE}
    assert "Only 4 of 6" in findings[0].message


def test_verdicts_on_models_that_know_nothing_mean_nothing(judge):
    frame = people()
    probs = [answers(frame, {"b": 0.4 * (at % 2)}, at) for at in range(6)]
    findings, _, _ = judge(frame, tried(probs, signal=False))
    assert {f.status for f in findings} == {Status.INCONCLUSIVE}
    assert all("better than chance" in f.message for f in findings)


def test_few_rows_are_inconclusive(judge):
    findings, tables, lines = judge(people(40), None)
    assert {f.status for f in findings} == {Status.INCONCLUSIVE}
    assert lines is None
    assert not tables


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"health": {}}, "--deep"), ({"health": {"variants": False, "deep": True}}, "is false")],
)
def test_not_asked_is_not_applicable(judge, settings, words):
    findings, _, _ = judge(people(40), None, **settings)
    assert {f.status for f in findings} == {Status.NOT_APPLICABLE}
    assert all(words in f.message for f in findings)


def test_given_predictions_have_no_hyperparameters(judge, make_dataset, make_out_of_sample):
    from dataclasses import replace

    frame = people(40)
    given = make_out_of_sample(make_dataset(frame, label="y"), np.full((40, 2), 0.5))
    findings, _, _ = judge(frame, None, predictions=replace(given, given="mine.csv"))
    assert {f.status for f in findings} == {Status.NOT_APPLICABLE}


def test_a_share_of_the_rows_is_judged_where_only_they_were_trained_on(judge):
    frame = people()
    rows = np.flatnonzero(np.arange(ROWS) // 4 % 2)  # of every eight four, as balanced as all
    part = frame.iloc[rows].reset_index(drop=True)
    probs = [answers(part, {"a": 0.0, "b": 0.5}, seed) for seed in range(5)]
    findings, _, lines = judge(frame, tried(probs, positions=rows, sampled=True))
    figure = lines.set_index(["code", "metric"]).loc[("FB011", "true positive rate"), "value"]
    assert figure.to_numpy() == pytest.approx(np.full(5, 0.5), abs=0.01)
    assert "1,000 sampled rows" in of(findings, "g").message


def test_the_share_of_wrong_labels_is_judged_too(judge):
    frame = people()
    sure = [answers(frame, {}, seed) for seed in range(5)]
    findings, _, _ = judge(frame, tried(sure))
    finding = of(findings, "y")
    assert "LN001 passed" in finding.message
    findings, _, lines = judge(frame, tried(sure), sensitive=[])
    assert set(lines["code"]) == {"LN001"}
    assert not [f for f in findings if f.status is Status.ERROR]


def test_a_review_decides_for_itself(judge, tmp_path):
    frame = people()
    trial = tried([answers(frame, {}, seed) for seed in range(5)])
    _, _, lines = judge(frame, trial, label_noise={"review": str(tmp_path / "review.csv")})
    assert "LN001" not in set(lines["code"])


def test_many_classes_without_a_favourable_one(judge, make_dataset, make_out_of_sample):
    n, k = 1500, 3
    rng = np.random.default_rng(0)
    codes = rng.integers(0, k, n)
    frame = pd.DataFrame({"x": codes * 1.0, "g": rng.choice(["ä", "名前"], n), "y": np.array(["p", "q", "r"])[codes]})
    probs = []
    for _ in range(5):
        said = np.where(rng.random(n) < 0.1, rng.integers(0, k, n), codes)
        probs.append((np.eye(k)[said] * 0.7 + 0.1).astype(np.float32))
    dataset = make_dataset(frame, label="y")
    predictions = make_out_of_sample(dataset, np.full((n, k), 1 / k))
    findings, _, lines = judge(frame, tried(probs), predictions=predictions, positive=None)
    assert lines.loc[lines["code"] == "FB011", "metric"].nunique() == k
    assert not [f for f in findings if f.status is Status.ERROR]
