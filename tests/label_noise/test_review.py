"""What a reviewed sample says: bounds against enumeration, closed forms and simulation, and what LN001 makes of them."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, hypergeom

from assay.config import LabelNoiseConfig
from assay.errors import ContractError
from assay.findings import Status
from assay.label_noise import find_label_noise
from assay.label_noise.review import (
    STRATA,
    Review,
    Stratum,
    allocate,
    assign_strata,
    bound_total,
    draw_rows,
    estimate_noise_rate,
    estimate_precision,
    estimate_recall,
)


def review_of(rows, right, wrong, unsure=(0, 0, 0), **told) -> Review:
    strata = tuple(Stratum(*values) for values in zip(STRATA, rows, right, wrong, unsure, strict=True))
    return Review(strata, **({"run": "run", "fingerprint": "data", "label": "y"} | told))


def sampled(rows, drawn, wrong, rng) -> Review:
    """A review of a population of which `wrong` rows of each stratum are wrong."""
    x = [int(rng.permutation(np.arange(n) < m)[:k].sum()) for n, m, k in zip(rows, wrong, drawn, strict=True)]
    return review_of(rows, [k - found for k, found in zip(drawn, x, strict=True)], x)


def outcomes(drawn):
    return product(*(range(n + 1) for n in drawn))


def test_no_population_is_missed_more_often_than_allowed():
    rows, drawn, error = (7, 6, 11), (3, 2, 4), 0.05
    bounds = {x: bound_total(rows, drawn, x, error) for x in outcomes(drawn)}
    for wrong in outcomes(rows):
        chances = [hypergeom.pmf(np.arange(k + 1), n, m, k) for n, m, k in zip(rows, wrong, drawn, strict=True)]
        too_high = sum(
            prod(c[i] for c, i in zip(chances, x, strict=True)) for x in bounds if bounds[x][0] > sum(wrong)
        )
        too_low = sum(prod(c[i] for c, i in zip(chances, x, strict=True)) for x in bounds if bounds[x][1] < sum(wrong))
        assert max(too_high, too_low) <= error + 1e-9, wrong


@pytest.mark.parametrize("wrong", [(0, 0), (1, 0), (0, 1), (2, 1), (3, 4)])
def test_the_upper_bound_is_the_one_that_trying_every_split_gives(wrong):
    rows, drawn, error = (12, 31), (3, 4), 0.025

    def estimate(x):
        return sum(n * i / k for n, i, k in zip(rows, x, drawn, strict=True))

    as_small = [x for x in outcomes(drawn) if estimate(x) <= estimate(wrong) + 1e-9]
    possible = [range(x, n - (k - x) + 1) for n, k, x in zip(rows, drawn, wrong, strict=True)]
    totals = [
        sum(truth)
        for truth in product(*possible)
        if sum(prod(hypergeom.pmf(x, rows, truth, drawn)) for x in as_small) > error
    ]
    assert bound_total(rows, drawn, wrong, error)[1] == max(totals)


def test_the_example_of_wendell_and_schmee():
    # Their own program answers 8 to 50; from below the sum of the strata's bounds is used here.
    low, high = bound_total((500, 300, 200), (75, 50, 25), (2, 1, 0))
    assert high == 50
    assert 3 <= low <= 8


@pytest.mark.parametrize("wrong", [0, 1, 7, 99, 100])
def test_in_one_large_stratum_the_bounds_are_those_of_clopper_and_pearson(wrong):
    low, high = bound_total([10**7], [100], [wrong])
    assert low / 10**7 == pytest.approx(0 if not wrong else beta.ppf(0.025, wrong, 101 - wrong), abs=1e-5)
    assert high / 10**7 == pytest.approx(1 if wrong == 100 else beta.ppf(0.975, wrong + 1, 100 - wrong), abs=1e-5)


def test_what_was_looked_at_as_a_whole_is_known():
    assert bound_total([40, 3], [40, 3], [7, 0]) == (7, 7)
    # The rest of the other stratum is all that is left to be estimated.
    low, high = bound_total([40, 1000], [40, 100], [7, 0])
    assert (low, high - 7) == (7, bound_total([1000], [100], [0])[1])


def test_what_was_not_looked_at_may_be_anything():
    assert bound_total([10, 50], [0, 50], [0, 5]) == (5, 15)
    assert estimate_noise_rate(review_of((10, 10, 10), (5, 0, 5), (0, 0, 0))).value is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=3))
def test_laws_of_the_bounds(strata):
    rows = [n for n, _, _ in strata]
    drawn = [round(share * n) for n, share, _ in strata]
    wrong = [round(share * n) for n, (_, _, share) in zip(drawn, strata, strict=True)]
    low, high = bound_total(rows, drawn, wrong)
    known_wrong, known_right = sum(wrong), sum(drawn) - sum(wrong)
    estimate = sum(n * x / k for n, k, x in zip(rows, drawn, wrong, strict=True) if k)
    assert known_wrong <= low <= high <= sum(rows) - known_right
    assert low <= estimate + 1e-9
    if all(drawn[i] or not rows[i] for i in range(len(rows))):
        assert estimate <= high + 1e-9
    if 0 in drawn:
        return
    for place in range(len(rows)):
        if wrong[place] < drawn[place]:
            more = [x + (i == place) for i, x in enumerate(wrong)]
            assert bound_total(rows, drawn, more)[1] >= high


@pytest.mark.parametrize(
    "wrong", [(0, 0, 0), (0, 0, 1), (3, 0, 0), (1, 1, 12), (55, 0, 0), (40, 6, 12)], ids=lambda wrong: f"{wrong}"
)
def test_simulated_reviews_hold_the_truth(wrong):
    rows, drawn, rng = (60, 120, 1000), (8, 4, 10), np.random.default_rng(3)
    known: dict[tuple, tuple] = {}
    held = np.zeros((800, 3))
    truth = sum(wrong) / sum(rows), wrong[0] / rows[0], wrong[0] / sum(wrong) if sum(wrong) else None
    for draw in held:
        review = sampled(rows, drawn, wrong, rng)
        found = tuple(stratum.wrong for stratum in review.strata)
        if found not in known:
            known[found] = estimate_noise_rate(review), estimate_precision(review), estimate_recall(review)
        for place, (estimate, value) in enumerate(zip(known[found], truth, strict=True)):
            inside = value is None or estimate.interval.low - 1e-12 <= value <= estimate.interval.high + 1e-12
            draw[place] = inside
    assert (held.mean(axis=0) >= 0.95 - 0.01).all()


def test_estimates_by_hand():
    review = review_of((10, 20, 100), (2, 9, 49), (8, 1, 1))
    noise, precision, recall = estimate_noise_rate(review), estimate_precision(review), estimate_recall(review)
    assert noise.value == pytest.approx((8 + 2 + 2) / 130)
    assert precision.value == precision.interval.low == precision.interval.high == 0.8
    assert recall.value == pytest.approx(8 / 12)
    assert 0.1 < recall.interval.low < 8 / 12 < recall.interval.high <= 8 / 10
    assert noise.interval.confidence == 0.95


def test_what_cannot_be_told_counts_both_ways():
    sure = estimate_noise_rate(review_of((50, 50, 500), (10, 19, 50), (10, 1, 0)))
    unsure = estimate_noise_rate(review_of((50, 50, 500), (10, 19, 46), (10, 1, 0), (0, 0, 4)))
    as_wrong = estimate_noise_rate(review_of((50, 50, 500), (10, 19, 46), (10, 1, 4)))
    assert unsure.interval.low == sure.interval.low
    assert unsure.interval.high == as_wrong.interval.high


@pytest.mark.parametrize(
    ("right", "wrong", "recall"),
    [
        ((3, 4, 5), (0, 0, 0), None),  # no label is wrong: nothing to find
        ((0, 4, 5), (3, 0, 0), (1, 1)),
        ((3, 0, 5), (0, 4, 0), (0, 0)),
        ((0, 0, 5), (3, 4, 0), (3 / 7, 3 / 7)),
    ],
)
def test_recall_where_every_row_was_looked_at(right, wrong, recall):
    interval = estimate_recall(review_of((3, 4, 5), right, wrong)).interval
    assert (interval and (interval.low, interval.high)) == recall


def test_without_suspects_there_is_neither_precision_nor_recall():
    review = review_of((0, 10, 90), (0, 10, 40), (0, 0, 0))
    assert estimate_precision(review).interval is estimate_recall(review).interval is None
    assert estimate_noise_rate(review).interval.high < 0.1


def test_a_stratum_has_no_fewer_rows_than_were_looked_at():
    with pytest.raises(ContractError, match="got 4 of 3 in 'near'"):
        Stratum("near", 3, right=4)


def test_strata_are_the_suspects_those_near_them_and_the_rest():
    quality = np.linspace(0, 1, 100)
    suspect = np.zeros(100, dtype=bool)
    suspect[[0, 2, 50]] = True
    strata = assign_strata(quality, suspect)
    assert np.flatnonzero(strata == 0).tolist() == [0, 2, 50]
    assert np.flatnonzero(strata == 1).tolist() == [1, *range(3, 12)]
    suspect[:40] = True
    assert (assign_strata(quality, suspect) == 1).sum() == 41


@given(st.tuples(*[st.integers(0, 300)] * 3), st.integers(1, 500))
def test_as_many_rows_are_drawn_as_asked_for_or_there_are(rows, sample):
    drawn = allocate(rows, sample)
    assert sum(drawn) == min(sample, sum(rows))
    assert all(0 <= one <= count for one, count in zip(drawn, rows, strict=True))


def test_the_draw_is_uniform_within_strata_and_in_random_order():
    strata = np.repeat([0, 1, 2], [20, 20, 40])
    counts, first = np.zeros(80), np.zeros(3)
    for seed in range(2000):
        drawn, sizes = draw_rows(strata, 10, np.random.default_rng(seed))
        assert sizes == (20, 20, 40)
        assert len(set(drawn.tolist())) == 10
        counts[drawn] += 1
        first[strata[drawn[0]]] += 1
    expected = 2000 * np.repeat([3 / 20, 2 / 20, 5 / 40], [20, 20, 40])
    # Chi-squared with 77 degrees of freedom, at most: 0.1% lie above 121.
    assert ((counts - expected) ** 2 / expected).sum() < 121
    assert np.allclose(first / 2000, [0.3, 0.2, 0.5], atol=0.04)


@pytest.fixture(scope="module")
def case(make_case):
    return make_case(400)


def judged(case, review, max_share=0.05):
    config = LabelNoiseConfig(max_share=max_share)
    result = find_label_noise(case.dataset, case.predictions, config, review=review)
    return next(finding for finding in result.findings if finding.code == "LN001")


def reviewed(case, wrong, **told):
    rows, drawn = (10, 40, 350), (10, 40, 100)
    right = [k - x for k, x in zip(drawn, wrong, strict=True)]
    return review_of(rows, right, wrong, **({"fingerprint": case.dataset.fingerprint} | told))


@pytest.mark.parametrize(
    ("wrong", "status"),
    [((0, 0, 0), Status.PASSED), ((10, 30, 50), Status.FAILED), ((5, 5, 4), Status.INCONCLUSIVE)],
)
def test_the_review_decides_ln001(case, wrong, status):
    review = reviewed(case, wrong)
    finding = judged(case, review)
    assert finding.status is status
    assert finding.evidence.interval == estimate_noise_rate(review).interval
    assert finding.evidence.n == 150
    assert "looked at 150 labels of 400" in finding.message
    assert bool(finding.remedy) is (status is not Status.PASSED)


def test_a_review_of_other_data_or_labels_is_an_error(case):
    other = judged(case, reviewed(case, (0, 0, 0), fingerprint="0" * 64))
    assert other.status is Status.ERROR
    assert "belongs to other data" in other.message
    assert "other labels" in judged(case, reviewed(case, (0, 0, 0), label="z")).message


def test_the_remedy_says_how_many_rows_would_do(case):
    finding = judged(case, review_of((0, 40, 4000), (0, 20, 78), (0, 0, 2), fingerprint=case.dataset.fingerprint))
    assert finding.status is Status.INCONCLUSIVE
    count = int(finding.remedy.split("about ")[1].split(" rows")[0].replace(",", ""))
    # With that many rows in the same proportions the bound lies near the limit.
    factor = count / 100
    x = round(2 * factor)
    enough = estimate_noise_rate(
        review_of((0, 40, 4000), (0, 40, round(80 * factor) - x), (0, 0, x), fingerprint="data")
    )
    assert enough.interval.high == pytest.approx(0.05, abs=0.01)
