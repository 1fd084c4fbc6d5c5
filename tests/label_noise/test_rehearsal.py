"""Planted wrong labels, and the method that finds them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.config import LabelNoiseConfig
from assay.label_noise import find_label_noise, plan_injections
from assay.label_noise.candidates import ALL_MODELS, BY_GROUP, DEFAULT_METHOD, gather_views
from assay.label_noise.injection import MAX_ROWS, Injection
from assay.label_noise.judgement import judge_labels
from assay.label_noise.rehearsal import Rehearsal, choose_method
from assay.label_noise.strata import find_strata

CONFIG = LabelNoiseConfig()


def views(case):
    positions = np.arange(len(case.dataset))
    return gather_views(case.predictions, positions, find_strata(case.dataset, positions))


def test_planted_labels_are_wrong_and_the_others_as_given(make_case):
    case = make_case(5000, noise=0.05)
    found = plan_injections(case.dataset, case.predictions, CONFIG, seed=1)
    assert [injection.kind for injection in found] == [
        "at random",
        "one way, from class to class",
        "one way in one group",
        "where the models are in doubt",
    ]
    suspect = set(case.dataset.row_ids[case.judge().suspect])
    for injection in found:
        rows = case.dataset.row_ids.get_indexer(injection.dataset.row_ids)
        given = case.dataset.labels.codes[rows]
        np.testing.assert_array_equal(injection.dataset.labels.codes != given, injection.planted)
        np.testing.assert_array_equal(injection.dataset.frame["x"], case.dataset.frame["x"].iloc[rows])
        assert len(injection.dataset) == MAX_ROWS
        assert not suspect & set(injection.dataset.row_ids)
        assert 10 <= injection.planted.sum() <= 0.3 * MAX_ROWS


def test_one_way_labels_go_one_way(make_multiclass):
    case = make_multiclass(5000, 6)
    one_way = plan_injections(case.dataset, case.predictions, CONFIG, seed=0)[1]
    rows = case.dataset.row_ids.get_indexer(one_way.dataset.row_ids[one_way.planted])
    pairs = set(zip(case.dataset.labels.codes[rows], one_way.dataset.labels.codes[one_way.planted], strict=True))
    losing, gaining = {a for a, _ in pairs}, {b for _, b in pairs}
    assert not losing & gaining
    assert len(pairs) == len(losing)


def test_the_same_seed_plants_the_same(make_case):
    case = make_case(3000)
    first, again, other = (plan_injections(case.dataset, case.predictions, CONFIG, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(first[0].planted, again[0].planted)
    assert not np.array_equal(first[0].dataset.row_ids, other[0].dataset.row_ids)


@pytest.mark.parametrize("settings", [{"n": 100}, {"n": 3000, "spread": 0.05}])
def test_nothing_is_planted_where_nothing_would_be_found(make_case, settings):
    case = make_case(**settings)
    assert plan_injections(case.dataset, case.predictions, CONFIG, seed=0) == ()


def rehearse_with(case, *, blind: bool) -> Rehearsal:
    """Planted labels are known here; the network knows nothing of the truth where it is `blind`, the trees do."""
    able = case.predictions.pred_probs
    rng = np.random.default_rng(0)
    unable = 0.5 + 0.02 * rng.normal(size=len(able))
    network = np.column_stack([unable, 1 - unable]) if blind else able
    predictions = replace(
        case.predictions,
        pred_probs=network,
        repeat_probs=network[None].astype(np.float32),
        opinions={"trees": able, "linear": network},
    )
    return Rehearsal(Injection("known", case.dataset, case.wrong), predictions)


def choose(rehearsal: Rehearsal, known: tuple[str, ...] | None = None):
    positions = np.arange(len(rehearsal.injection.dataset))
    found = gather_views(rehearsal.predictions, positions, find_strata(rehearsal.injection.dataset, positions))
    return choose_method([rehearsal], found.methods if known is None else known, 0.5)


def test_a_method_that_the_data_lack_is_not_taken(make_case):
    choice = choose(rehearse_with(make_case(noise=0.1), blind=True), known=(DEFAULT_METHOD, "self-confidence"))
    assert set(choice.precision.index) == {DEFAULT_METHOD, "self-confidence"}


def test_the_model_that_finds_the_planted_labels_is_taken(make_case):
    choice = choose(rehearse_with(make_case(noise=0.1), blind=True))
    assert choice.method == f"trees{BY_GROUP}"
    assert choice.precision.loc[choice.method, "known"] == choice.precision["known"].max()
    known = choice.found.iloc[0]
    assert 0 < known["found"] <= min(known["planted"], known["flagged"])
    assert choice.recall == (known["found"] / known["planted"],) * 2


def test_the_default_stays_where_nothing_is_much_better(make_case):
    choice = choose(rehearse_with(make_case(noise=0.1), blind=False))
    assert choice.method == DEFAULT_METHOD


def test_without_rehearsals_there_is_no_choice(make_case):
    assert choose_method([], (DEFAULT_METHOD,), 0.5) is None
    case = make_case(noise=0.1)
    assert judge_labels(case.dataset, case.predictions, CONFIG).method == DEFAULT_METHOD


def test_what_was_found_is_told(make_case):
    case = make_case(6000, noise=0.15)
    rehearsal = Rehearsal(Injection("at random", case.dataset, case.wrong), case.predictions)
    result = find_label_noise(case.dataset, case.predictions, CONFIG, rehearsals=[rehearsal])
    (finding,) = [f for f in result.findings if f.code == "LN001"]
    assert "known wrong labels that were planted in" in finding.message
    planted = result.rehearsal.iloc[0]
    assert planted["planted"] == case.wrong.sum()
    assert planted["found"] == (result.suspect & case.wrong).sum()


def test_every_method_ranks_the_labels(make_case):
    case = make_case(2000, noise=0.1)
    predictions = replace(
        case.predictions,
        opinions={"trees": case.predictions.pred_probs, "linear": case.predictions.pred_probs},
        epoch_probs=case.predictions.pred_probs.astype(np.float32),
        trajectory=np.full(2000, 0.5, dtype=np.float32),
        margin=np.linspace(-1, 1, 2000, dtype=np.float32),
    )
    found = views(replace(case, predictions=predictions))
    assert found.methods[0] == DEFAULT_METHOD
    assert {"self-confidence", "normalised margin", "area under the margin", "trajectory"} <= set(found.methods)
    default, _ = found.judge()
    for method in found.methods:
        wrong, suggested = found.judge(method)
        assert ((wrong >= 0) & (wrong <= 1)).all()
        assert (suggested != found.labels).all()
    wrong, _ = found.judge("area under the margin")
    # Probabilities of the default in the order of the score: the lowest margin is the most suspect.
    np.testing.assert_array_equal(np.sort(wrong), np.sort(default))
    assert (np.diff(wrong) <= 0).all()


def test_labels_of_equal_score_are_judged_alike(make_case):
    case = make_case(2000, noise=0.1)
    predictions = replace(case.predictions, trajectory=np.repeat([0.2, 0.7], 1000).astype(np.float32))
    wrong, _ = views(replace(case, predictions=predictions)).judge("trajectory")
    assert len(np.unique(wrong)) == 2
    assert wrong[0] > wrong[-1]


def test_one_opinion_is_all_opinions(make_case):
    found = views(make_case(500))
    assert list(found.opinions) == [ALL_MODELS]
