"""The test of "no disparity at all": against enumeration, SciPy, and by simulation."""

from __future__ import annotations

import itertools
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact, permutation_test

from assay.fairness import assess_fairness, permutation
from assay.fairness.permutation import adjusted_p_values, change_p_values, holm, parity_p_value
from assay.fairness_config import FairnessConfig

CONFIG = FairnessConfig()
SIX = np.array([1200, 600, 300, 150, 80, 40])


def p_value(cases, hits):
    return parity_p_value(np.array(cases), np.array(hits))


def statistic(cases, hits):
    """Return the largest |group against the rest|, by the textbook formula."""
    cases, hits = np.asarray(cases), np.asarray(hits)
    total, found = cases.sum(), hits.sum(axis=-1, keepdims=True)
    variance = cases * (total - cases) * found * (total - found) / (total**2 * (total - 1))
    return np.max(np.abs(hits - cases * found / total) / np.sqrt(variance), axis=-1)


def enumerated(cases, hits):
    """P-value by going through every table with these margins."""
    found, observed = sum(hits), statistic(cases, hits)
    tables = [t for t in itertools.product(*(range(n + 1) for n in cases)) if sum(t) == found]
    ways = np.array([np.prod([float(comb(n, k)) for n, k in zip(cases, t, strict=True)]) for t in tables])
    extreme = statistic(cases, np.array(tables)) >= observed - 1e-9
    return ways[extreme].sum() / comb(sum(cases), found)


@pytest.mark.parametrize(
    ("one", "other", "n"), [(3, 9, 20), (0, 5, 12), (50, 50, 100), (420, 500, 1000), (12, 12, 12)]
)
def test_two_groups_of_one_size_are_fishers_exact_test(one, other, n):
    # Of equal sizes the distribution is symmetric, and "as unlikely" is "as far".
    expected = fisher_exact([[one, n - one], [other, n - other]]).pvalue
    assert p_value([n, n], [one, other]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("cases", "hits"),
    [([7, 12], [5, 2]), ([5, 6, 8], [0, 3, 6]), ([4, 4, 9], [3, 1, 4]), ([3, 3, 4, 10], [2, 0, 1, 2])],
)
def test_small_tables_are_those_of_an_enumeration(cases, hits):
    exact = enumerated(cases, hits)
    assert p_value(cases, hits) == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 9999) + 1e-4)


def test_it_is_a_permutation_of_the_rows():
    cases, hits = [30, 20, 10], [9, 12, 2]
    group = np.repeat([0, 1, 2], cases)
    rows = np.concatenate([np.arange(n) < k for n, k in zip(cases, hits, strict=True)]).astype(float)

    def of_rows(values, axis):
        counts = np.stack([values[..., group == g].sum(axis=-1) for g in range(3)], axis=-1)
        return statistic(cases, counts)

    expected = permutation_test(
        (rows,), of_rows, permutation_type="pairings", n_resamples=4000, vectorized=True, alternative="greater", rng=1
    )
    assert p_value(cases, hits) == pytest.approx(expected.pvalue, abs=0.02)


def test_large_groups_agree_with_chi_squared():
    table = np.array([[5200, 4800], [26200, 23800]])
    expected = chi2_contingency(table, correction=False).pvalue
    assert p_value(table.sum(axis=1), table[:, 0]) == pytest.approx(expected, rel=0.05)


def test_a_strong_disparity_has_a_p_value_finer_than_draws():
    assert 0 < p_value([500, 500, 500], [100, 250, 250]) < 1e-10
    assert p_value([10_000_000, 10_000_000], [2_000_000, 2_100_000]) < 1e-100


@pytest.mark.parametrize("sizes", [[400, 60], SIX, [12] * 30])
@pytest.mark.parametrize("rate", [0.05, 0.5])
def test_it_holds_its_level(sizes, rate, monkeypatch):
    # With any number of draws, and with fewer it takes less time.
    monkeypatch.setattr(permutation, "DRAWS", 499)
    rng = np.random.default_rng(11)
    sizes = np.array(sizes)
    rejected = np.mean([parity_p_value(sizes, rng.binomial(sizes, rate)) <= 0.05 for _ in range(150)])
    assert rejected <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


@given(
    st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), min_size=3, max_size=8),
    st.randoms(use_true_random=False),
)
@settings(max_examples=25, deadline=None)
def test_the_names_of_the_groups_change_nothing(groups, random):
    cases = np.array([n for n, _ in groups])
    hits = np.array([round(n * share) for n, share in groups])
    order = random.sample(range(len(groups)), len(groups))
    p = parity_p_value(cases, hits)
    assert 0 < p <= 1
    assert parity_p_value(cases[order], hits[order]) == p


def test_it_neither_uses_nor_changes_the_global_state():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = p_value([50, 60, 70], [20, 30, 40])
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert p_value([50, 60, 70], [20, 30, 40]) == first


class TestEdges:
    @pytest.mark.parametrize("hits", [[0, 0, 0], [10, 20, 30]])
    def test_where_all_are_alike_no_other_table_is_possible(self, hits):
        assert p_value([10, 20, 30], hits) == 1

    @pytest.mark.parametrize(("cases", "hits"), [([], []), ([10], [3]), ([10, 0], [3, 0])])
    def test_fewer_than_two_groups_have_no_test(self, cases, hits):
        assert np.isnan(parity_p_value(np.array(cases, dtype=np.int64), np.array(hits, dtype=np.int64)))

    def test_a_p_value_is_never_0(self):
        assert p_value([20_000, 20_000], [0, 20_000]) == np.finfo(float).tiny
        assert p_value([20_000] * 3, [0, 0, 20_000]) == np.finfo(float).tiny

    def test_a_group_without_cases_is_no_group(self):
        assert p_value([30, 20, 0], [10, 15, 0]) == p_value([30, 20], [10, 15])

    @pytest.mark.parametrize("hits", [[-1, 3], [11, 3]])
    def test_hits_must_be_among_the_cases(self, hits):
        with pytest.raises(ValueError, match="hits must lie between 0 and cases"):
            p_value([10, 10], hits)

    def test_five_thousand_groups(self):
        rng = np.random.default_rng(5)
        sizes = rng.integers(50, 200, 5000)
        hits = rng.binomial(sizes, 0.2)
        assert parity_p_value(sizes, hits) > 0.01
        hits[17] = sizes[17]
        assert parity_p_value(sizes, hits) < 1e-6


class TestChanges:
    @given(st.lists(st.tuples(*[st.integers(1, 3000), st.floats(0, 1)] * 2), min_size=1, max_size=5))
    @settings(max_examples=25, deadline=None)
    def test_each_group_has_the_p_value_of_two_groups(self, samples):
        n, p, m, q = (np.array(column, dtype=float) for column in zip(*samples, strict=True))
        hits, others = np.rint(n * p), np.rint(m * q)
        found = change_p_values((hits / n, n), (others / m, m))
        expected = [p_value([a, b], [c, d]) for a, b, c, d in np.stack([n, m, hits, others], axis=1).astype(int)]
        assert found == pytest.approx(expected, rel=1e-6)
        assert (found > 0).all()

    def test_a_small_cell_against_scipy(self):
        found = change_p_values((np.array([0.001]), np.array([1000.0])), (np.array([0.2]), np.array([10.0])))
        assert found == pytest.approx(fisher_exact([[1, 999], [2, 8]]).pvalue)

    def test_too_few_effective_rows_have_no_test(self):
        some = np.array([0.5, 0.5]), np.array([0.2, 40.0])
        assert np.isnan(change_p_values(some, some)).tolist() == [True, False]


class TestFamilies:
    def test_holm_by_hand(self):
        # 3 x .01; 2 x .03; 1 x .04 is no smaller than the one before.
        assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
        assert holm(np.array([0.6, 0.7])) == pytest.approx([1, 1])
        assert holm(np.array([])).shape == (0,)

    def test_what_has_no_test_takes_nothing_from_the_others(self):
        known = (np.array([0.2, 0.5]), np.array([100.0, 100]))
        alone = adjusted_p_values({"a": known})["a"]
        both = adjusted_p_values({"a": known, "b": (np.array([0.2]), np.array([100.0]))})
        assert both["a"] == alone == parity_p_value(np.array([100, 100]), np.array([20, 50]))
        assert np.isnan(both["b"])

    def test_effective_numbers_hold_the_level(self):
        rng = np.random.default_rng(3)
        group = np.repeat(np.arange(4), [400, 200, 100, 60])
        rejected = 0
        for _ in range(150):
            weight, hit = rng.lognormal(0, 0.7, len(group)), rng.random(len(group)) < 0.3
            total = np.bincount(group, weights=weight)
            shares = np.bincount(group, weights=weight * hit) / total
            effective = total**2 / np.bincount(group, weights=weight**2)
            rejected += adjusted_p_values({"a": (shares, effective)})["a"] <= 0.05
        assert rejected / 150 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


class TestInTheAudit:
    def p_values(self, result):
        return result.disparities.set_index(["feature", "metric", "kind"])["p_value"]

    def test_each_rate_has_a_p_value_and_the_message_says_what_it_means(self, make_case, cells, of):
        group, y, pred = cells({"a": (213, 37, 37, 213), "b": (150, 100, 37, 213)})
        result = assess_fairness(*make_case({"g": group}, y, pred, positive="yes"), CONFIG)
        found = self.p_values(result)
        # Two tests block; of the other four rates each family has its own correction.
        assert found["g", "true positive rate", "difference"] == pytest.approx(
            2 * p_value([250, 250], [213, 150]), rel=1e-9
        )
        assert found["g", "false positive rate", "difference"] == 1
        assert found["g", "equalized odds", "difference"] == found["g", "true positive rate", "difference"]
        assert found["g", "selection rate", "ratio"] == found["g", "selection rate", "difference"]
        assert (
            "do not differ at all is excluded: p < 0.001 (permutation test, adjusted)"
            in of(result, "FB011")[0].message
        )
        assert "do not differ at all is not excluded: p = 1.00" in of(result, "FB002")[0].message

    def test_a_group_without_positives_is_no_disparity(self, make_case, cells):
        group, y, pred = cells({"a": (200, 50, 50, 200), "b": (200, 50, 50, 200), "c": (0, 0, 20, 80)})
        found = self.p_values(assess_fairness(*make_case({"g": group}, y, pred, positive="yes"), CONFIG))
        assert found["g", "equalized odds", "difference"] == 1

    def test_all_predictions_equal(self, make_case, of):
        y, g = np.tile(["no", "yes"], 200), np.repeat(["ä", "<b>"], 200)
        result = assess_fairness(*make_case({"g": g}, y, np.full(400, "yes"), positive="yes"), CONFIG)
        assert self.p_values(result)["g", "selection rate", "difference"] == 1
        assert "p = 1.00" in of(result, "FB010")[0].message

    def test_weights_are_named(self, make_case, of):
        rng = np.random.default_rng(2)
        y, g = rng.choice(["no", "yes"], 600), rng.choice(["a", "b"], 600)
        weights = {"w": rng.uniform(1, 3, 600), "x": rng.normal(size=600)}
        case = make_case({"g": g}, y, y, positive="yes", columns=weights, weight="w")
        [finding] = of(assess_fairness(*case, CONFIG), "FB010")
        assert "permutation test on effective counts" in finding.message

    def test_too_few_rows_have_no_test(self, make_case, cells, of):
        group, y, pred = cells({"a": (20, 5, 5, 20), "b": (3, 1, 1, 3)})
        result = assess_fairness(*make_case({"g": group}, y, pred, positive="yes"), CONFIG)
        assert self.p_values(result).isna().all()
        assert "p =" not in of(result, "FB011")[0].message

    def test_a_thousand_groups_and_one_group(self, make_case, of):
        rng = np.random.default_rng(4)
        first, second = np.divmod(np.repeat(np.arange(1000), 10), 25)
        y = rng.choice(["no", "yes"], len(first))
        case = make_case({"a": first.astype(str), "b": second.astype(str)}, y, y, positive="yes")
        many = assess_fairness(*case, FairnessConfig(min_group_size=10))
        assert 0 < self.p_values(many)["a x b", "base rate", "difference"] <= 1
        assert of(many, "FB002", ("a", "b"))[0].status == "inconclusive"
        one = assess_fairness(*make_case({"g": np.full(60, "a")}, y[:60], y[:60], positive="yes"), CONFIG)
        assert one.disparities.empty
