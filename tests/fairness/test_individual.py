"""FB017 and FB018: other predictions for another sensitive value, and for people who are alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.neighbors import NearestNeighbors

from assay.config import FairnessConfig, LearningConfig
from assay.fairness import assess_fairness
from assay.fairness.individual.checks import INDIVIDUAL, INDIVIDUAL_CHECKS
from assay.fairness.individual.flip_shares import lasting_share
from assay.fairness.individual.neighbours import compute_consistency, equal_rows, find_twins, read_points
from assay.intervals import wilson
from assay.learning import out_of_sample

CONFIG = FairnessConfig()
N = 1000
# Of ten members that all agree: nothing of it is luck.
LASTING = np.tile([[-1.0, 1.0], [1.0, -1.0]], (2, 5, 1, 1))


@pytest.fixture
def ask(make_case):
    """Result of FB017 and FB018 on a random case, with given flips of "sex" by the network."""

    def assess(flips=None, config=CONFIG, *, effects=LASTING, **rest):
        rng = np.random.default_rng(0)
        sex = rest.pop("sex", rng.choice(["f", "m"], N))
        y = rng.choice(["no", "yes"], len(sex))
        dataset, predictions = make_case({"sex": sex}, y, rest.pop("y_pred", y), positive="yes", **rest)
        if flips is not None:
            found = {"the network": {"sex": np.asarray(flips, dtype=np.float32)}}
            predictions = replace(predictions, flips=found, flip_effects={"the network": {"sex": effects}})
        return assess_fairness(dataset, predictions, config, INDIVIDUAL_CHECKS)

    return assess


class TestFlips:
    def test_a_model_that_follows_the_sex_fails(self, ask, of):
        result = ask(np.random.default_rng(1).permutation(np.r_[np.ones(300), np.zeros(700)]))
        [finding] = of(result, "FB017")
        assert (finding.status, finding.severity) == ("failed", "warning")
        assert finding.evidence.value == pytest.approx(0.3)
        known = wilson(300, N)
        assert (finding.evidence.interval.low, finding.evidence.interval.high) == pytest.approx(
            (known.low, known.high)
        )
        assert "The network would predict another class for 30.0% of the rows if sex alone" in finding.message
        assert "use_sensitive" in finding.remedy
        assert list(result.individual.columns) == list(INDIVIDUAL)
        assert result.individual.iloc[0].tolist() == pytest.approx(
            ["sex", "flip share", 0.3, known.low, known.high, N]
        )

    def test_one_that_ignores_it_passes(self, ask, of):
        assert of(ask(np.zeros(N)), "FB017")[0].status == "passed"

    def test_an_interval_around_the_limit_is_inconclusive(self, ask, of):
        assert of(ask(np.arange(N) < 20), "FB017")[0].status == "inconclusive"
        assert of(ask(np.zeros(N), FairnessConfig(max_flip_share=0)), "FB017")[0].status == "inconclusive"

    def test_by_the_group_that_the_rows_belong_to(self, ask, of):
        sex = np.repeat(["f", "m", "x"], [595, 400, 5])
        [finding] = of(ask(sex == "m", sex=sex), "FB017")
        assert [row[:3] for row in finding.evidence.table.rows] == [("f", 595, 0.0), ("m", 400, 1.0)]
        assert "Most often for sex = m: 100.0%" in finding.message

    def test_only_tried_and_judged_rows_count(self, ask, of):
        shares = np.where(np.arange(N) < 100, 0.5, np.nan)
        [finding] = of(ask(shares), "FB017")
        assert finding.evidence.n == 100
        assert finding.evidence.value == 0.5
        [finding] = of(ask(np.where(np.arange(N) < 9, 1, np.nan)), "FB017")
        assert finding.status == "inconclusive"
        assert finding.evidence is None

    def test_weights_weigh(self, ask, of):
        weight = np.where(np.arange(N) < 500, 3.0, 1.0)
        [finding] = of(ask(np.arange(N) < 500, columns={"w": weight, "x": np.arange(N)}, weight="w"), "FB017")
        known = wilson(0.75 * 2000**2 / 5000, 2000**2 / 5000)
        assert finding.evidence.value == pytest.approx(0.75)
        assert finding.evidence.interval.low == pytest.approx(known.low)

    def test_what_was_not_asked(self, make_case, ask, of):
        [finding] = of(ask(None), "FB017")
        assert finding.status == "inconclusive"
        sex, y = np.tile(["f", "m"], 100), np.repeat(["no", "yes"], 100)
        dataset, predictions = make_case({"sex": sex}, y, y, positive="yes", learning={"use_sensitive": False})
        [finding] = of(assess_fairness(dataset, predictions, CONFIG), "FB017")
        assert finding.status == "not_applicable"
        assert "does not see sex" in finding.message
        [finding] = of(assess_fairness(dataset, replace(predictions, given="mine.csv"), CONFIG), "FB017")
        assert finding.status == "not_applicable"
        assert "were given" in finding.message

    def test_the_flips_of_the_judged_kind_of_model(self, make_case, of):
        rng = np.random.default_rng(0)
        y = rng.choice(["no", "yes"], N)
        dataset, predictions = make_case({"sex": rng.choice(["f", "m"], N)}, y, rng.permutation(y), positive="yes")
        best = np.where((y == "yes")[:, None], [0.1, 0.9], [0.9, 0.1])
        flips = {
            kind: {"sex": np.full(N, share, dtype=np.float32)} for kind, share in (("the network", 1), ("trees", 0))
        }
        result = assess_fairness(dataset, replace(predictions, opinions={"trees": best}, flips=flips), CONFIG)
        assert result.model == "trees"
        [finding] = of(result, "FB017")
        assert finding.status == "passed"
        assert finding.message.startswith("The boosted trees")

    def test_flips_in_no_direction_that_lasts_are_luck(self, ask, of):
        """Thirty in a hundred rows change, and the members do not agree on where to."""
        turned = np.random.default_rng(1).permutation(np.r_[np.ones(300), np.zeros(700)])
        for effects in (np.random.default_rng(0).normal(size=(2, 5, 2, 2)), np.zeros((2, 5, 2, 2)), LASTING * np.nan):
            [finding] = of(ask(turned, effects=effects), "FB017")
            assert finding.status == "inconclusive"
            assert finding.evidence.interval.low == 0
            assert "may come from the luck of these rows" in finding.message

    def test_the_lower_limit_is_what_lasts(self, ask, of):
        turned = np.random.default_rng(1).permutation(np.r_[np.ones(300), np.zeros(700)])
        noise = np.random.default_rng(0).normal(size=LASTING.shape) / 20
        [finding] = of(ask(turned, effects=LASTING + noise), "FB017")
        assert finding.status == "failed"
        assert finding.evidence.interval.low == pytest.approx(
            lasting_share(LASTING + noise, 0.95) * wilson(300, N).low
        )

    def test_members_that_differ_are_known_less_well_than_rows(self, make_case, of):
        y = np.random.default_rng(0).choice(["no", "yes"], N)
        dataset, predictions = make_case({"sex": np.tile(["f", "m"], N // 2)}, y, y, positive="yes")
        turned = (predictions.folds[0] == 3).astype(np.float32)  # all the rows of one member
        predictions = replace(predictions, flips={"the network": {"sex": turned}})
        [finding] = of(assess_fairness(dataset, predictions, CONFIG, INDIVIDUAL_CHECKS), "FB017")
        of_members = 0.2 + stats.t.ppf(0.975, 4) * np.std([0, 0, 0, 0, 1], ddof=1) / np.sqrt(5)
        assert finding.evidence.interval.high == pytest.approx(of_members)

    def test_a_model_of_one_class_proves_nothing(self, ask, of):
        [finding] = of(ask(np.zeros(N), y_pred=["no"] * N), "FB017")
        assert finding.status == "inconclusive"
        assert "one class for all 1,000 rows" in finding.message
        assert finding.remedy
        assert of(ask(np.ones(N), y_pred=["no"] * N), "FB017")[0].status == "failed"

    def test_rows_without_weight_are_not_tried(self, ask, of):
        weight = np.where(np.arange(N) < 100, 1.0, 0.0)
        [finding] = of(ask(np.zeros(N), columns={"w": weight, "x": np.arange(N)}, weight="w"), "FB017")
        assert finding.evidence.n == 100
        few = np.where(np.arange(N) < 5, 1.0, 0.0)
        [finding] = of(ask(np.zeros(N), columns={"w": few, "x": np.arange(N)}, weight="w"), "FB017")
        assert (finding.status, finding.evidence) == ("inconclusive", None)

    @pytest.mark.parametrize(("by_sex", "fails"), [(0.0, 0), (2.0, 3)])
    def test_of_networks_that_were_trained(self, make_dataset, of, by_sex, fails):
        """Three tables each: 300 rows in which nothing depends on the sex, and such in which the label does."""
        statuses = []
        for seed in range(3):
            rng = np.random.default_rng(seed)
            sex, x = rng.integers(0, 2, 300), rng.normal(size=(300, 3))
            y = np.where(rng.logistic(size=300) < x[:, 0] + by_sex * (sex - 0.5), "yes", "no")
            frame = pd.DataFrame({"sex": np.where(sex, "m", "f"), "a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": y})
            dataset = make_dataset(frame, label="y", positive="yes", sensitive=["sex"])
            predictions = out_of_sample(dataset, LearningConfig(seed=seed), opinions=False, asked=True)
            statuses += [f.status for f in of(assess_fairness(dataset, predictions, CONFIG), "FB017")]
        assert statuses.count("failed") == fails


class TestLasting:
    def test_by_hand(self):
        # One repeat of three folds, two classes; of two values one is tried in each direction.
        towards = np.array([0.9, 1.0, 1.4])
        effects = np.stack([[-towards, towards], [towards, -towards]]).transpose(2, 0, 1)[None]
        spread = 2 / 3 * np.sum((towards - 1.1) ** 2)
        half = stats.t.ppf(0.95, 2) * np.sqrt(spread)
        assert lasting_share(effects, 0.9) == pytest.approx((1.1 - half) / 1.1)

    def test_some_effect_must_be_shown_among_all_values_and_classes(self):
        """Joint over twelve comparisons t is 5.8, alone 2.8: an effect of 4 deviations is shown alone only."""
        by_member = np.array([-1.0, -0.5, 0, 0.5, 1]) / np.sqrt(4 / 5 * 2.5)  # the jackknife's deviation is 1
        noise = by_member[None, :, None, None] * np.ones((1, 1, 3, 4))
        assert stats.t.ppf(1 - 0.05 / 24, 4) > 4 > stats.t.ppf(0.975, 4)
        assert lasting_share(4 + noise, 0.95) == 0
        one = 4 + noise
        one[..., 0, 0] += 4
        half = stats.t.ppf(0.975, 4)
        assert lasting_share(one, 0.95) == pytest.approx((8 - half + 11 * (4 - half)) / (8 + 11 * 4))
        assert lasting_share((4 + noise)[:, :, :1, :1], 0.95) == pytest.approx((4 - half) / 4)

    def test_what_a_member_was_not_asked_is_not_shown(self):
        effects = LASTING.copy()
        effects[1, 3, 0] = np.nan
        assert lasting_share(effects, 0.95) == pytest.approx(0.5)
        assert lasting_share(LASTING[:, :1], 0.95) == 0, "one fold has no spread"

    @settings(max_examples=50, deadline=None)
    @given(st.integers(0, 10**6), st.floats(1e-3, 1e3))
    def test_lies_between_0_and_1_and_has_no_unit(self, seed, unit):
        effects = np.random.default_rng(seed).normal(1, 0.3, size=(2, 4, 3, 2))
        found = lasting_share(effects, 0.95)
        assert 0 <= found <= 1
        assert lasting_share(-unit * effects, 0.95) == pytest.approx(found)

    @pytest.mark.parametrize(("repeats", "folds"), [(1, 5), (2, 5), (1, 2)])
    def test_folds_of_one_table_agree_by_chance_and_that_is_known(self, repeats, folds):
        """Each member has the mean of the rows that it does not hold out, as a coefficient has: the truth is 0."""
        shown = 0
        for seed in range(400):
            rng = np.random.default_rng(seed)
            x = rng.normal(size=300)
            fold = [rng.permutation(300) % folds for _ in range(repeats)]
            means = np.array([[x[of_repeat != f].mean() for f in range(folds)] for of_repeat in fold])
            shown += lasting_share(means[:, :, None, None], 0.95) > 0
        assert shown <= stats.binom.ppf(0.999, 400, 0.05)


def brute(points, predicted, k):
    """1 - mean |y - mean of the k nearest others' y|, row by row."""
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, axis=1)[:, :k]
    return 1 - np.abs(predicted - predicted[nearest].mean(axis=1)).mean()


class TestConsistency:
    def test_by_hand(self):
        # Neighbours of 0, 1, 2, 10, 11 on a line, k = 2: (1, 2), (0, 2), (1, 0), (11, 2), (10, 2).
        points = np.array([[0], [1], [2.1], [10], [11]], dtype=np.float32)
        found = compute_consistency(points, np.array([0, 0, 1, 1, 1]), 2)
        assert found.value == pytest.approx(1 - (0.5 + 0.5 + 1 + 0 + 0) / 5)
        assert found.by_chance == pytest.approx((2 * 1 + 3 * 2) / 20)

    def test_is_the_formula_of_zemel_and_of_aif360_with_the_row_itself(self):
        rng = np.random.default_rng(0)
        points, y = rng.normal(size=(200, 3)).astype(np.float32), rng.integers(0, 2, 200)
        found = compute_consistency(points, y, 4).value
        assert found == pytest.approx(brute(points, y, 4))
        # AIF360 0.6: BinaryLabelDatasetMetric.consistency.
        indices = NearestNeighbors(n_neighbors=5, algorithm="ball_tree").fit(points).kneighbors(points)[1]
        aif360 = 1 - np.abs(y - y[indices].mean(axis=1)).mean()
        assert 1 - aif360 == pytest.approx(4 / 5 * (1 - found))

    @settings(max_examples=25, deadline=None)
    @given(st.integers(2, 60), st.integers(1, 4), st.integers(0, 1000))
    def test_lies_between_0_and_1_and_knows_no_names_of_classes(self, n, classes, seed):
        rng = np.random.default_rng(seed)
        points, y = rng.normal(size=(n, 2)).astype(np.float32), rng.integers(0, classes, n)
        found = compute_consistency(points, y)
        assert 0 <= found.value <= 1
        assert compute_consistency(points, rng.permutation(4)[y]).value == found.value

    def test_a_smooth_model_is_consistent_and_a_random_one_as_chance(self, make_case, of):
        rng = np.random.default_rng(1)
        x, sex = rng.normal(size=N), rng.choice(["f", "m"], N)
        y = np.where(x > 0, "yes", "no")
        for predicted, status in ((y, "passed"), (rng.permutation(y), "inconclusive")):
            case = make_case({"sex": sex}, y, predicted, columns={"x": x}, positive="yes")
            result = assess_fairness(*case, CONFIG, INDIVIDUAL_CHECKS)
            [finding] = of(result, "FB018")
            assert (finding.status, finding.severity) == (status, "info")
            assert finding.evidence.threshold == pytest.approx(0.5, abs=0.01)
            row = result.individual.iloc[-1]
            assert (row["feature"], row["measure"], row["value"]) == (None, "consistency", finding.evidence.value)

    def test_the_sensitive_feature_takes_no_part(self, make_case, of):
        rng = np.random.default_rng(2)
        sex = rng.choice(["f", "m"], N)
        y = np.where(sex == "f", "yes", "no")
        case = make_case({"sex": sex}, y, y, columns={"x": rng.normal(size=N)}, positive="yes")
        [finding] = of(assess_fairness(*case, CONFIG, INDIVIDUAL_CHECKS), "FB018")
        assert finding.status == "inconclusive"

    def test_equal_predictions_and_few_rows_tell_nothing(self, ask, make_case, of):
        [finding] = of(ask(y_pred=["no"] * N), "FB018")
        assert finding.status == "inconclusive"
        assert "predicted alike" in finding.message
        y = ["no", "yes"] * 4
        [finding] = of(assess_fairness(*make_case({"s": list("abababab")}, y, y), CONFIG, INDIVIDUAL_CHECKS), "FB018")
        assert finding.status == "not_applicable"

    def test_one_group_is_nothing_to_compare(self, ask):
        result = ask(sex=np.array(["f"] * 100))
        assert {f.status for f in result.findings} == {"not_applicable"}
        assert result.individual.empty


class TestTwins:
    def test_by_hand(self):
        kinds = np.array([0, 0, 0, 1, 1, 2, 2, 3])
        group = np.array([0, 1, 1, 0, 1, 0, 0, 0])
        predicted = np.array([0, 1, 0, 1, 1, 0, 1, 0])
        found = find_twins(kinds, group, predicted)
        # Kinds 0 and 1 have both groups; only in kind 0 the first two rows are predicted otherwise than each other.
        assert (found.rows, found.apart) == (5, 2)

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=30))
    def test_as_pair_by_pair(self, rows):
        kinds, group, predicted = np.array(rows).T
        pairs = (kinds[:, None] == kinds) & (group[:, None] != group)
        found = find_twins(kinds, group, predicted)
        assert found.rows == pairs.any(axis=1).sum()
        assert found.apart == (pairs & (predicted[:, None] != predicted)).any(axis=1).sum()

    def test_are_counted_in_the_message_and_the_unknown_are_not_theirs(self, make_case, of):
        sex = np.r_[np.tile(["f", "m"], 100), [None] * 100]
        predicted = np.where(sex == "f", "yes", "no")
        columns = {"größe": np.r_[np.repeat(np.arange(100), 2), np.arange(100)], "c": ["ü"] * 300}
        case = make_case({"sex": sex}, predicted, predicted, columns=columns, positive="yes")
        [finding] = of(assess_fairness(*case, CONFIG, INDIVIDUAL_CHECKS), "FB018")
        assert "Of 200 rows that equal a row of another group of sex in all features" in finding.message
        assert "200 are predicted otherwise" in finding.message

    def test_a_few_are_not_counted(self, make_case, of):
        sex = np.tile(["f", "m"], 100)
        predicted = np.where(np.arange(200) == 0, "yes", np.where(np.arange(200) > 100, "yes", "no"))
        columns = {"x": np.repeat(np.arange(100), 2)}
        case = make_case({"sex": sex}, predicted, predicted, columns=columns, positive="yes")
        [finding] = of(assess_fairness(*case, CONFIG, INDIVIDUAL_CHECKS), "FB018")
        assert "fewer than 10 are predicted otherwise" in finding.message


def test_points_by_hand():
    frame = pd.DataFrame(
        {
            "x": np.r_[np.repeat([1.0, 3.0], 10), np.nan, np.inf],
            "c": ["a"] * 11 + ["b"] * 10 + ["rare"],
            "when": pd.to_datetime(["2024-01-01", "9999-12-31"] * 11).astype("datetime64[s]"),
            "constant": 5,
        }
    )
    points = read_points(frame, list(frame))
    assert points.shape == (22, 5)
    assert np.isfinite(points).all()
    assert points[20, 0] == 0
    assert points[20, 1] == 2, "missing"
    assert points[21, 0] == points[10, 0], "an infinity counts as the end of its column"
    assert np.linalg.norm(points[0, 2:4] - points[11, 2:4]) == pytest.approx(2)
    assert points[:, 4].std() == pytest.approx(1, abs=1e-5)
    assert equal_rows(frame.iloc[[0, 2, 1]]).tolist() == [0, 0, 1]


def test_points_of_nothing():
    assert read_points(pd.DataFrame({"a": ["x"] * 5, "b": [np.nan] * 5}), ["a", "b"]).shape == (5, 1)
