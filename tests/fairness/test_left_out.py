"""What is left out of a comparison keeps it from passing, and is named once."""

from __future__ import annotations

import numpy as np
import pytest

from assay.fairness import assess_fairness
from assay.fairness_config import FairnessConfig

CONFIG = FairnessConfig()
FAIR = (425, 75, 75, 425)
# All labels of these groups are predicted wrongly.
INVERTED = (0, 22, 23, 0)


@pytest.fixture
def assess(make_case, cells):
    def run(counts, **settings):
        group, y, pred = cells(counts)
        return assess_fairness(*make_case({"g": group}, y, pred, positive="yes", **settings), CONFIG)

    return run


def small(many):
    return {f"g{i:02}": INVERTED for i in range(many)}


class TestShareOfRows:
    def test_many_small_groups_together_keep_it_from_passing(self, assess, of):
        # 48 groups of 45 rows are 2,160 of 12,160 rows.
        big = {"a": tuple(5 * n for n in FAIR), "b": tuple(5 * n for n in FAIR)}
        result = assess(big | small(48))
        [odds] = of(result, "FB011")
        assert odds.status == "inconclusive"
        assert odds.blocks
        assert "48 of 50 groups with 2,160 of 12,160 rows (17.8%)" in odds.message
        assert "more than 5.0% this cannot pass" in odds.message
        for code in ("FB002", "FB010", "FB012"):
            assert of(result, code)[0].status == "inconclusive", code
        table = result.disparities
        assert not (table["status"] == "passed").any()

    @pytest.mark.parametrize(("many", "status"), [(2, "passed"), (3, "inconclusive")])
    def test_the_limit_is_one_row_in_twenty(self, assess, of, many, status):
        # 90 of 2,090 rows are 4.3%, 135 of 2,135 are 6.3%.
        assert of(assess({"a": FAIR, "b": FAIR} | small(many)), "FB011")[0].status == status

    def test_failed_stays_failed(self, assess, of):
        result = assess({"a": FAIR, "b": (200, 300, 75, 425)} | small(10))
        assert of(result, "FB011")[0].status == "failed"

    def test_a_large_group_without_positives_is_left_out_with_all_its_rows(self, assess, of):
        result = assess({"a": FAIR, "b": FAIR, "c": (0, 0, 480, 2720)})
        [odds] = of(result, "FB011")
        assert odds.status == "inconclusive"
        assert odds.blocks

    def test_few_rows_of_great_weight_count_by_their_weight(self, make_case, cells, of):
        group, y, pred = cells({"a": FAIR, "b": FAIR, "c": INVERTED})
        dataset, predictions = make_case(
            {"g": group}, y, pred, columns={"w": np.where(group == "c", 20.0, 1.0)}, positive="yes", weight="w"
        )
        result = assess_fairness(dataset, predictions, CONFIG)
        assert of(result, "FB011")[0].status == "inconclusive"

    def test_missing_values_too(self, make_case, cells, of):
        group, y, pred = cells({"a": FAIR, "b": FAIR} | small(10))
        x = np.arange(len(y)) * 1.5
        x[::10] = np.nan
        dataset, predictions = make_case({"g": group}, y, pred, columns={"x": x}, positive="yes")
        [missing] = of(assess_fairness(dataset, predictions, CONFIG), "FB003")
        assert missing.status == "inconclusive"
        assert "1 feature with" in missing.message


class TestManyClasses:
    def test_rare_classes_together_keep_it_from_passing(self, make_case, of):
        # 60 classes of 15 rows, 11 of which in one group: none can be compared, and they are 23% of the rows.
        rare = [f"k{i:02}" for i in range(60) for _ in range(15)]
        y = np.array(["cat"] * 1500 + ["dog"] * 1500 + rare)
        g = np.concatenate([np.tile(["u", "v"], 1500), np.tile(["u"] * 11 + ["v"] * 4, 60)])
        [odds] = of(assess_fairness(*make_case({"g": g}, y, y), CONFIG), "FB011")
        assert odds.status == "inconclusive"
        assert "60 comparisons by class had to be left out" in odds.message
        assert "23.1% of the rows" in odds.message

    def test_a_class_that_is_never_predicted_is_named_and_decides_nothing(self, make_case, of):
        # 24 rows of eel: with so few the interval of a difference of 0 would be far too wide to pass.
        g = np.tile(["u", "v"], 3000)
        y = np.array(["cat"] * 2976 + ["dog"] * 3000 + ["eel"] * 24)
        pred = np.where(y == "eel", "cat", y)
        result = assess_fairness(*make_case({"g": g}, y, pred), CONFIG)
        [odds] = of(result, "FB011")
        assert odds.status == "passed"
        assert "eel" not in odds.message
        assert "1 comparison by class had to be left out" in odds.message
        [never] = of(result, "FB013")
        assert never.status == "inconclusive"
        assert "1 of 3 classes is never predicted" in never.message
        assert "[eel]" in never.message

    def test_a_model_that_predicts_one_class_does_not_pass_by_it(self, make_case, of):
        g, y = np.tile(["u", "v"], 60), np.repeat(["cat", "dog", "eel"], 40)
        result = assess_fairness(*make_case({"g": g}, y, np.full(120, "cat")), CONFIG)
        for code in ("FB010", "FB011"):
            [finding] = of(result, code)
            assert finding.status == "inconclusive"
            assert "the model predicts the class cat only" in finding.message

    @pytest.mark.parametrize(("predicted", "words"), [("no", "never predicts"), ("yes", "always predicts")])
    def test_a_model_that_says_the_same_of_everybody_says_nothing_of_fairness(self, make_case, of, predicted, words):
        rng = np.random.default_rng(0)
        g, y = rng.choice(["ä", "b"], 4000), np.where(rng.random(4000) < 0.04, "yes", "no")
        result = assess_fairness(*make_case({"g": g}, y, np.full(4000, predicted), positive="yes"), CONFIG)
        for code in ("FB010", "FB011", "FB012", "FB013"):
            [finding] = of(result, code)
            assert finding.status == "inconclusive"
            assert f"the model {words} the positive class yes" in finding.message
            # No group is too small, so that nobody is told to collect more rows of one.
            assert "would decide" not in finding.message
            assert "rows of the groups" not in finding.remedy

    def test_one_predicted_positive_is_no_constant(self, assess, of):
        result = assess({"a": (1, 499, 0, 500), "b": (0, 500, 0, 500)})
        assert of(result, "FB011")[0].status == "passed"

    def test_other_comparisons_are_counted_by_what_became_of_them(self, make_case, of):
        rng = np.random.default_rng(3)
        names = np.array(["ant", "bee", "cat", "dog", "eel"])
        y, g = rng.choice(names, 8000), rng.choice(["u", "v"], 8000)
        # Group v: half of every class but eel is taken for the next one.
        wrong = (g == "v") & (y != "eel") & (rng.random(8000) < 0.5)
        pred = np.where(wrong, names[(np.searchsorted(names, y) + 1) % 5], y)
        [odds] = of(assess_fairness(*make_case({"g": g}, y, pred), CONFIG), "FB011")
        assert odds.status == "failed"
        assert "2 other comparisons: 1 passed and 1 failed." in odds.message
        assert "no worse" not in odds.message


class TestRowsNeeded:
    def test_they_follow_the_groups_own_share_of_cases(self, assess, of):
        # Positives are rare everywhere: that a group has few is no wonder, and more rows would bring them.
        rare = (24, 6, 30, 1940)
        result = assess({"a": rare, "b": rare, "c": (4, 0, 0, 896)})
        [finding] = of(result, "FB013")
        # Fewer than 10 in 900 rows count as 10: a share of at most 2% (Wilson); and 10 cases at the very least.
        found = int(finding.message.split("At least about ")[1].split(" rows")[0].replace(",", ""))
        assert 10 / 0.0204 < found < 200 / 0.0203

    def test_a_group_that_has_the_label_by_itself_is_not_asked_for_more_rows(self, make_case, of):
        sex = np.repeat(["F", "M"], 1500)
        y = np.where(sex == "F", "yes", "no")
        result = assess_fairness(*make_case({"sex": sex}, y, y, positive="yes"), CONFIG)
        for finding in of(result, "FB013"):
            assert "more rows of it will hardly decide" in finding.message
            assert "At least about" not in finding.message
        [odds] = of(result, "FB011")
        assert odds.status == "inconclusive"
        assert "more of their rows would not decide" in odds.message

    @pytest.mark.parametrize("none", [0, 3, 9])
    def test_how_few_the_cases_are_is_not_told(self, assess, of, none):
        found = [
            f.message.replace(f"{rows:,}", "")
            for n, rows in ((none, 1500), (5, 1500))
            for f in of(assess({"a": FAIR, "b": (0, n, 0, rows - n)}), "FB013")
        ]
        assert found[: len(found) // 2] == found[len(found) // 2 :]

    def test_nothing_is_said_where_the_rows_are_there_already(self, assess, of):
        # 9 of 12,000 are positive: at most 0.14%, and 10 cases would be found in 7,000 rows.
        result = assess({"a": (500, 0, 0, 500), "b": (500, 0, 0, 500), "c": (9, 0, 0, 11991)})
        [finding] = of(result, "FB013")
        assert "would decide" not in finding.message


class TestWording:
    def test_rates_that_cannot_be_compared_share_a_sentence(self, assess, of):
        result = assess({"a": FAIR, "b": (5, 5, 5, 5)})
        message = of(result, "FB010")[0].message
        assert message.count("cannot be compared") == 1
        assert "only 1 of 2 groups of g has enough rows" in message
        message = of(assess({"a": (5, 5, 5, 5), "b": (5, 5, 5, 5)}), "FB011")[0].message
        assert message.startswith("The true positive rate and the false positive rate cannot be compared: no group")

    def test_an_intersection_is_named_once(self, make_case, of):
        rng = np.random.default_rng(0)
        sex, age = rng.choice(["f", "m"], 4000), rng.choice(["<40", ">=40"], 4000)
        y = rng.choice(["no", "yes"], 4000)
        result = assess_fairness(*make_case({"sex": sex, "age": age}, y, y, positive="yes"), CONFIG)
        for code in ("FB001", "FB002", "FB010", "FB011", "FB012"):
            [both] = of(result, code, ("sex", "age"))
            assert both.message.startswith("sex x age"), code
            assert both.message.count("sex x age") == 1, code
            assert " x " in both.message.replace("sex x age", ""), code


class TestBudgets:
    def test_what_warns_takes_nothing_from_what_blocks(self, make_case):
        # One feature: one question blocks, three warn. By Bonferroni each budget is its own.
        from assay.fairness.context import EQUALIZED_ODDS, build_context

        g, h = np.tile(["u", "v"], 200), np.repeat(["p", "q"], 200)
        y = np.tile(["no", "no", "yes", "yes"], 100)
        one = build_context(*make_case({"g": g}, y, y, positive="yes"), CONFIG).assessments["g"]
        assert one.rulers[EQUALIZED_ODDS].confidence == pytest.approx(1 - 0.05)
        assert one.rulers["accuracy"].confidence == pytest.approx(1 - 0.05 / 3)
        two = build_context(*make_case({"g": g, "h": h}, y, y, positive="yes"), CONFIG).assessments
        assert two["g"].rulers[EQUALIZED_ODDS].confidence == pytest.approx(1 - 0.05 / 2)
        # Twice three of the features, four of the intersection.
        assert two["g x h"].rulers[EQUALIZED_ODDS].confidence == pytest.approx(1 - 0.05 / 10)

    def test_eight_hundred_rows_can_pass(self, assess, of):
        result = assess({"a": (190, 10, 10, 190), "b": (190, 10, 10, 190)})
        assert of(result, "FB011")[0].status == "passed"
        assert "joint 95% interval" in of(result, "FB011")[0].message
