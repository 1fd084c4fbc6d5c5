"""Groups within the values of a control column (FB010 and FB011), by hand and by simulation."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError, InputError
from assay.fairness.context import build_context
from assay.fairness.control.spread import root_mean_square
from assay.fairness.control.strata import MOST_STRATA, mantel_haenszel, read_strata
from assay.fairness.model_checks import MODEL_CHECKS
from assay.fairness_config import FairnessConfig
from assay.findings import run_checks


def admissions(n=8000, seed=0, within=0.0, first=0.0):
    """Women apply where few are admitted; `within` is what they lose in every department, `first` in one of them."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["w", "m"], n)
    apply = {"w": [0.1, 0.2, 0.3, 0.4], "m": [0.4, 0.3, 0.2, 0.1]}
    department = np.where(sex == "w", rng.choice(4, n, p=apply["w"]), rng.choice(4, n, p=apply["m"]))
    rate = np.array([0.7, 0.5, 0.4, 0.2])[department] - (sex == "w") * (within + first * (department == 0))
    chosen = np.where(rng.random(n) < rate, "yes", "no")
    return sex, chosen, np.array(list("ABCD"))[department]


@pytest.fixture(scope="session")
def judge(make_case):
    """Findings within the control column, by code."""

    def run(sex, chosen, department, control=("department",), columns=None, **settings):
        columns = {"department": department, "x": np.arange(len(sex))} if columns is None else columns
        dataset, predictions = make_case({"sex": sex}, chosen, chosen, columns=columns, positive="yes", **settings)
        context = build_context(dataset, predictions, FairnessConfig(control=control))
        return {f.code: f for f in run_checks(MODEL_CHECKS[:2], context) if len(f.subject.columns) > 1}

    return run


class TestCommonDifference:
    def test_one_stratum_is_the_plain_difference_with_its_score_interval(self):
        found = mantel_haenszel((np.array([0.3]), np.array([100.0])), (np.array([0.5]), np.array([80.0])), 1.96)
        difference, low, high = found
        assert difference == pytest.approx(-0.2)
        # Sato's variance of one stratum at the estimate is nearly the sum of the two binomial variances.
        error = np.sqrt(0.3 * 0.7 / 100 + 0.5 * 0.5 / 80)
        assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.03)

    def test_by_hand_of_two_strata(self):
        (p1, n1), (p2, n2) = ([0.2, 0.6], [50, 40]), ([0.3, 0.5], [100, 60])
        weight = np.array([50 * 100 / 150, 40 * 60 / 100])
        expected = (weight @ np.array([-0.1, 0.1])) / weight.sum()
        found = mantel_haenszel(
            (np.array(p1), np.array(n1, dtype=float)), (np.array(p2), np.array(n2, dtype=float)), 1.96
        )
        assert found[0] == pytest.approx(expected)

    def test_a_stratum_with_one_group_does_not_count_and_without_any_there_is_nothing(self):
        first, second = (np.array([0.2, 0.9]), np.array([50.0, 40.0])), (np.array([0.3, 0.0]), np.array([50.0, 0.0]))
        assert mantel_haenszel(first, second, 1.96)[0] == pytest.approx(-0.1)
        apart = (np.array([0.0, 0.3]), np.array([0.0, 50.0]))
        assert mantel_haenszel((first[0], np.array([50.0, 0.0])), apart, 1.96) is None

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(20, 40)] * 2), min_size=1, max_size=6))
    def test_exchanging_the_groups_turns_the_sign(self, strata):
        x, y, n, m = np.array(strata, dtype=float).T
        one, two = mantel_haenszel((x / n, n), (y / m, m), 1.96), mantel_haenszel((y / m, m), (x / n, n), 1.96)
        assert one == pytest.approx((-two[0], -two[2], -two[1]))
        assert one[1] <= one[0] <= one[2]
        assert max(map(abs, one)) <= 1 + 1e-12

    @pytest.mark.parametrize(("strata", "size"), [(5, 200), (60, 5)])
    def test_the_interval_holds_few_large_and_many_small_strata(self, strata, size):
        rng, held = np.random.default_rng(0), 0
        base = rng.uniform(0.2, 0.7, strata)
        for _ in range(500):
            n, m = rng.integers(size // 2, 2 * size, (2, strata)).astype(float) + 1
            x, y = rng.binomial(n.astype(int), base + 0.1), rng.binomial(m.astype(int), base)
            _, low, high = mantel_haenszel((x / n, n), (y / m, m), 1.96)
            held += low <= 0.1 <= high
        assert 0.925 * 500 <= held <= 0.98 * 500


class TestFindings:
    def test_a_disparity_between_departments_is_none_within(self, judge):
        sex, chosen, department = admissions()
        crude = abs(np.mean(chosen[sex == "w"] == "yes") - np.mean(chosen[sex == "m"] == "yes"))
        assert crude > 0.12
        finding = judge(sex, chosen, department)["FB010"]
        assert str(finding.status) == "passed"
        assert finding.subject.columns == ("sex", "department")
        assert f"{100 * crude:.1f} points" in finding.message

    def test_a_disparity_within_departments_fails(self, judge):
        finding = judge(*admissions(within=0.18))["FB010"]
        assert str(finding.status) == "failed"
        assert finding.evidence.interval.low <= 0.18 <= finding.evidence.interval.high
        assert {row[0] for row in finding.evidence.table.rows} == set("ABCD")

    def test_one_department_fails_though_the_common_difference_is_small(self, judge):
        finding = judge(*admissions(first=0.35))["FB010"]
        assert str(finding.status) == "failed"
        assert float(re.search(r"selection rate differs by ([\d.]+) points", finding.message)[1]) < 10
        assert "department = A" in finding.message
        # A quarter of the people, 35 points apart.
        assert finding.evidence.interval.low <= np.sqrt(0.25 * 0.35**2) <= finding.evidence.interval.high

    def test_error_rates_within_warn_and_never_block(self, judge, make_case):
        findings = judge(*admissions())
        assert str(findings["FB011"].severity) == "warning"
        # A perfect model has no disparity in its errors.
        assert str(findings["FB011"].status) == "passed"

    def test_few_rows_decide_nothing(self, judge):
        finding = judge(*admissions(n=300))["FB010"]
        assert str(finding.status) == "inconclusive"
        assert "times as many rows would decide" in finding.message

    def test_parity_within_rarely_fails(self, judge):
        failed = [str(judge(*admissions(n=1500, seed=seed))["FB010"].status) == "failed" for seed in range(15)]
        assert not any(failed)

    def test_a_column_that_tells_the_groups_apart(self, judge):
        sex, chosen, _ = admissions(n=1000)
        finding = judge(sex, chosen, sex)["FB010"]
        assert str(finding.status) == "inconclusive"
        assert "share a value" in finding.message

    def test_rows_alone_in_their_value_hold_a_pass_back(self, judge):
        sex, chosen, department = admissions()
        department = np.where((sex == "w") & (np.arange(len(sex)) % 4 == 0), "women only", department)
        finding = judge(sex, chosen, department)["FB010"]
        assert str(finding.status) == "inconclusive"
        assert "alone in its value" in finding.message

    @pytest.mark.parametrize("kind", ["many", "number", "date", "missing", "unicode"])
    def test_any_kind_of_column(self, judge, kind):
        n = 3000
        sex, chosen, department = admissions(n=n)
        column = {
            "many": [f"v{i % 997}" for i in range(n)],
            "number": np.where(np.arange(n) % 7 == 0, np.nan, np.arange(n) / 3),
            "date": pd.date_range("2020-01-01", periods=n, freq="h"),
            "missing": np.full(n, np.nan),
            "unicode": np.where(department == "A", "Ä <b>", "ß"),
        }[kind]
        finding = judge(sex, chosen, None, columns={"department": column, "x": np.arange(n)})["FB010"]
        assert finding.evidence is not None
        if kind != "unicode":  # the others explain nothing
            assert str(finding.status) in {"failed", "inconclusive"}

    def test_more_values_than_can_be_told_apart_count_as_one(self, make_dataset):
        n = 2000
        names = [f"v{i % 7}" if i % 2 else f"rare {i}" for i in range(n)]
        dataset = make_dataset(pd.DataFrame({"c": names, "y": np.arange(n) % 2}), label="y")
        strata = read_strata(dataset, "c")
        assert len(strata.names) == MOST_STRATA
        for i in range(7):
            name = strata.names.index(f"v{i}")
            assert (strata.codes == name).sum() == sum(x == f"v{i}" for x in names)

    def test_numbers_are_cut_at_their_quintiles(self, make_dataset):
        dataset = make_dataset(pd.DataFrame({"c": np.arange(1000.0), "y": np.arange(1000) % 2}), label="y")
        assert np.bincount(read_strata(dataset, "c").codes).tolist() == pytest.approx([200] * 5, abs=1)

    def test_a_column_that_is_not_there(self, judge, make_dataset):
        with pytest.raises(ConfigurationError, match="'department'"):
            judge(*admissions(n=200), control=("departmnt",))
        frame = pd.DataFrame({"department": list("ab") * 50, "y": np.arange(100) % 2})
        with pytest.raises(InputError, match="did you mean 'department'"):
            make_dataset(frame, label="y", fairness={"control": ["departmnt"]})

    def test_many_classes(self, make_case):
        rng = np.random.default_rng(0)
        n = 6000
        sex, department = rng.choice(["w", "m"], n), rng.choice(["A", "B"], n)
        label = rng.choice(["p", "q", "r"], n)
        chosen = np.where((sex == "w") & (rng.random(n) < 0.5), "p", label)
        dataset, predictions = make_case({"sex": sex}, label, chosen, columns={"department": department})
        context = build_context(dataset, predictions, FairnessConfig(control=("department",)))
        found = {f.code: f for f in run_checks(MODEL_CHECKS[:2], context) if len(f.subject.columns) > 1}
        assert str(found["FB010"].status) == str(found["FB011"].status) == "failed"
        assert "[p]" in found["FB010"].message

    def test_weights_count_as_rows(self, make_case):
        sex, chosen, department = admissions(n=600, within=0.18)
        weights = np.random.default_rng(1).integers(1, 4, 600)
        times = np.repeat(np.arange(600), weights)
        values = []
        for rows, w in ((np.arange(600), weights.astype(float)), (times, np.ones(len(times)))):
            columns = {"department": department[rows], "w": w, "x": np.arange(len(rows))}
            case = make_case(
                {"sex": sex[rows]}, chosen[rows], chosen[rows], columns=columns, positive="yes", weight="w"
            )
            context = build_context(*case, FairnessConfig(control=("department",)))
            values.append([f.evidence.value for f in run_checks(MODEL_CHECKS[:1], context)][1])
        assert values[0] == pytest.approx(values[1], abs=0.02)  # Kish's effective rows weigh the strata a little else


def opposite(n=6000, strata=60, size=0.2, seed=0, rare=False):
    """As many of both in each stratum, where one group is ahead by `size` in every other and behind in the rest."""
    rng = np.random.default_rng(seed)
    sex, stratum = rng.choice(["w", "m"], n), rng.integers(0, strata, n)
    rate = 0.5 + np.where(stratum % 2, 1, -1) * (sex == "w") * size
    return sex, np.where(rng.random(n) < rate, "yes", "no"), np.char.add("s", stratum.astype(str))


class TestSpread:
    @pytest.mark.parametrize("cases", [(2, 5), (3, 10), (50, 150)])
    @pytest.mark.parametrize("size", [0.0, 0.1, 0.25])
    def test_the_limits_hold_of_sparse_strata_and_of_full_ones(self, cases, size):
        rng, missed, strata = np.random.default_rng(0), np.zeros(2), 40
        base = rng.uniform(0.3, 0.7, strata)
        true = base + np.where(np.arange(strata) % 2, size, -size)
        for _ in range(300):
            n, m = rng.integers(cases[0], cases[1] + 1, (2, strata))
            weight = n * m / (n + m)
            truth = np.sqrt(weight @ (true - base) ** 2 / weight.sum())
            first, second = (rng.binomial(n, true) / n, n.astype(float)), (rng.binomial(m, base) / m, m.astype(float))
            found = root_mean_square((0, 1), first, second, (0.025, 0.025))
            assert found.low <= found.value <= found.high
            missed += [found.low > truth + 1e-9, found.high < truth]
        assert (missed <= 0.05 * 300).all()

    def test_by_hand_of_many_rows(self):
        many = np.full(2, 1e8)
        found = root_mean_square((0, 1), (np.array([0.5, 0.5]), many), (np.array([0.3, 0.6]), many), (0.01, 0.01))
        assert (found.low, found.value, found.high) == pytest.approx((np.sqrt(0.025),) * 3, abs=1e-3)

    def test_rates_of_which_none_varies_are_not_known_exactly(self):
        found = root_mean_square((0, 1), (np.ones(3), np.full(3, 30.0)), (np.ones(3), np.full(3, 30.0)), (0.01, 0.01))
        assert found.value == found.low == 0
        assert 0.05 < found.high < 0.5

    def test_pairs_of_single_cases_tell_nothing(self):
        one = (np.array([0.0, 1.0] * 50), np.ones(100))
        found = root_mean_square((0, 1), one, one, (0.01, 0.01))
        assert np.isnan(found.value)
        assert (found.low, found.high) == (0, 1)

    def test_opposite_disparities_do_not_cancel(self, judge):
        for seed in range(3):
            finding = judge(*opposite(seed=seed))["FB010"]
            assert str(finding.status) == "failed"
            assert finding.evidence.metric.startswith("root mean square")
            assert finding.evidence.interval.low > 0.1
            assert finding.evidence.interval.low < finding.evidence.value < finding.evidence.interval.high
            assert "more than is tolerated, though not in what the values have in common" in finding.message

    def test_opposite_disparities_of_few_rows_do_not_pass(self, judge):
        for seed in range(3):
            assert str(judge(*opposite(n=1500, size=0.15, seed=seed))["FB010"].status) != "passed"

    def test_alike_strata_pass_and_unlike_ones_within_the_tolerance_do_not_fail(self, judge):
        assert str(judge(*opposite(n=20_000, size=0.0))["FB010"].status) == "passed"
        statuses = {str(judge(*opposite(n=20_000, size=0.08, seed=seed))["FB010"].status) for seed in range(5)}
        assert "failed" not in statuses

    def test_parity_in_many_small_strata_rarely_fails(self, judge):
        failed = [str(judge(*opposite(n=1200, size=0.0, seed=s))["FB010"].status) == "failed" for s in range(15)]
        assert not any(failed)

    def test_one_value_is_not_said_to_be_unlike_itself(self, judge):
        rng = np.random.default_rng(0)
        sex = rng.choice(["w", "m"], 4000)
        chosen = np.where(rng.random(4000) < 0.4 + 0.25 * (sex == "w"), "yes", "no")
        finding = judge(sex, chosen, np.full(4000, "all"))["FB010"]
        assert str(finding.status) == "failed"
        assert finding.evidence.metric.startswith("selection rate difference")
        assert "in common" not in finding.message

    def test_matched_pairs_cannot_be_told(self, judge):
        n = 40
        sex, pair = np.tile(["w", "m"], n), np.char.add("p", np.repeat(np.arange(n), 2).astype(str))
        finding = judge(sex, np.repeat(["yes", "no"], n), pair)["FB010"]
        assert str(finding.status) == "inconclusive"
