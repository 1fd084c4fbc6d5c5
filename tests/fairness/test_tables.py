"""The stored counts: what they hold, that every figure follows from them, and which files are refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ContractError
from assay.fairness import assess_fairness
from assay.fairness.context import build_context
from assay.fairness.counts import SCORE_BINS, count_cells, count_scores, read_features
from assay.fairness.stored.recount import recount
from assay.fairness.stored.tables import FairnessTables, build_tables, tabulate_scores
from assay.fairness_config import FairnessConfig

CONFIG = FairnessConfig()


def rows(n=4000, seed=0, groups=("a", "b", "c")):
    rng = np.random.default_rng(seed)
    g = rng.choice(list(groups), n)
    h = rng.choice(["u", "v"], n)
    y = np.where(rng.random(n) < 0.3 + 0.2 * (h == "u"), "yes", "no")
    pred = np.where(rng.random(n) < 0.75, y, rng.choice(["yes", "no"], n))
    return g, h, y, pred


@pytest.fixture(scope="module")
def assessed(make_case):
    g, h, y, pred = rows()
    return assess_fairness(*make_case({"g": g, "h": h}, y, pred, positive="yes"), CONFIG)


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_dtype=False)


def again(tables: FairnessTables) -> FairnessTables:
    return FairnessTables.from_json(tables.to_json())


class TestCounts:
    def test_cells_are_those_of_crosstab(self, assessed):
        g, _, y, pred = rows()
        expected = pd.crosstab([g, y], pred)
        [table] = [t for t in assessed.tables.features if t.name == "g"]
        for group, y_true, y_pred, n in zip(*table.cells.keys, table.cells.rows, strict=True):
            names = assessed.tables.classes
            assert expected.loc[(table.groups[group], names[y_true]), names[y_pred]] == n
        assert table.cells.rows.sum() == 4000

    def test_cells_are_those_of_the_confusion_matrix(self, assessed):
        g, _, y, pred = rows()
        [table] = [t for t in assessed.tables.features if t.name == "g"]
        for code, group in enumerate(table.groups):
            here = g == group
            of = table.cells.keys[0] == code
            matrix = np.zeros((2, 2))
            matrix[table.cells.keys[1][of], table.cells.keys[2][of]] = table.cells.rows[of]
            np.testing.assert_array_equal(matrix, sk.confusion_matrix(y[here], pred[here], labels=["no", "yes"]))

    @given(st.integers(0, 10**6), st.integers(1, 60), st.booleans())
    @settings(max_examples=50, deadline=None)
    def test_cells_add_up_to_the_rows_and_their_order_changes_nothing(self, seed, n, weighted):
        rng = np.random.default_rng(seed)
        codes = [(rng.integers(0, size, n), size) for size in (5, 2, 3)]
        weights = rng.random(n) + 0.1 if weighted else None
        cells = count_cells(codes, weights)
        assert cells.rows.sum() == n
        assert (cells.rows > 0).all()
        order = rng.permutation(n)
        other = count_cells([(code[order], size) for code, size in codes], None if weights is None else weights[order])
        for one, two in zip((*cells.keys, cells.rows), (*other.keys, other.rows), strict=True):
            np.testing.assert_array_equal(one, two)
        if weighted:
            np.testing.assert_allclose(cells.weight.sum(), weights.sum())
            np.testing.assert_allclose(cells.weight_squared.sum(), (weights**2).sum())

    def test_many_groups_are_counted_as_few_are(self):
        # Beyond DENSE_CELLS the occurring combinations are sorted.
        rng = np.random.default_rng(0)
        dense = [(rng.integers(0, 50, 500), 50), (rng.integers(0, 2, 500), 2)]
        sparse = [(dense[0][0], 1 << 22), dense[1]]
        one, two = count_cells(dense, None), count_cells(sparse, None)
        for a, b in zip((*one.keys, one.rows), (*two.keys, two.rows), strict=True):
            np.testing.assert_array_equal(a, b)

    def test_the_intersection_knows_its_parts(self, make_case):
        g, h, y, pred = rows(200)
        dataset, _ = make_case({"g": g, "h": h}, y, pred)
        *parts, both = read_features(dataset, intersections=True)
        for place, part in enumerate(parts):
            np.testing.assert_array_equal(both.parts[place][both.codes], part.codes)


class TestScores:
    def test_bins_are_those_of_numpy(self):
        rng = np.random.default_rng(0)
        group, y, score = rng.integers(0, 3, 500), rng.integers(0, 2, 500), rng.random(500)
        cells = count_scores((group, 3), (y, 2), score, None)
        for g in range(3):
            for t in range(2):
                expected, _ = np.histogram(score[(group == g) & (y == t)], bins=SCORE_BINS, range=(0, 1))
                of = (cells.keys[0] == g) & (cells.keys[1] == t)
                found = np.zeros(SCORE_BINS)
                found[cells.keys[2][of]] = cells.rows[of]
                np.testing.assert_array_equal(found, expected)

    def test_0_and_1_are_in_the_first_and_the_last_bin(self):
        one = np.zeros(2, dtype=np.int64)
        np.testing.assert_array_equal(count_scores((one, 1), (one, 1), np.array([0.0, 1.0]), None).keys[2], [0, 99])

    @pytest.mark.parametrize("bad", [-0.1, 1.2, np.nan, np.inf])
    def test_what_is_no_probability_is_refused(self, bad, make_case):
        one = np.zeros(2, dtype=np.int64)
        with pytest.raises(ContractError, match=r"must be finite|must lie in"):
            count_scores((one, 1), (one, 1), np.array([0.5, bad]), None)
        g, _, y, pred = rows(60)
        dataset, predictions = make_case({"g": g}, y, pred)
        predictions.pred_probs[3, 0] = bad
        with pytest.raises(ContractError, match=r"pred_probs must be finite|pred_probs must lie in"):
            assess_fairness(dataset, predictions, CONFIG)

    def test_the_frame_adds_up_to_the_rows(self, assessed):
        assert list(assessed.scores.columns) == ["feature", "group", "y_true", "bin", "n", "weight", "weight_squared"]
        assert (assessed.scores.groupby("feature")["n"].sum() == 4000).all()

    def test_pieces_add_up_to_the_cells(self, make_case, make_out_of_sample):
        g, h, y, _ = rows()
        dataset, _ = make_case({"g": g, "h": h}, y, y, positive="yes")
        score = np.clip(np.random.default_rng(1).normal(0.4 + 0.2 * (y == "yes"), 0.2), 0, 1)
        result = assess_fairness(dataset, make_out_of_sample(dataset, np.column_stack([1 - score, score])), CONFIG)
        tables = again(result.tables)
        assert set(tables.edges) == {0, 1}
        for table in tables.features:
            if table.is_intersection:
                assert table.scores is None
                continue
            assert (table.scores.rows >= 10).all()
            for code, group in enumerate(table.groups):
                for t, name in enumerate(tables.classes):
                    edges = np.array(tables.edges[t]) / SCORE_BINS
                    of = (g if table.name == "g" else h) == group
                    expected, _ = np.histogram(score[of & (y == name)], bins=edges)
                    here = (table.scores.keys[0] == code) & (table.scores.keys[1] == t)
                    np.testing.assert_array_equal(table.scores.rows[here], expected)

    def test_scores_of_half_are_not_told(self, make_case, make_out_of_sample):
        # The first class is predicted at 0.5: the pieces and the counts would differ by these rows.
        g, h, y, _ = rows()
        dataset, _ = make_case({"g": g, "h": h}, y, y, positive="yes")
        score = np.random.default_rng(1).random(len(y))
        score[:3] = 0.5
        result = assess_fairness(dataset, make_out_of_sample(dataset, np.column_stack([1 - score, score])), CONFIG)
        assert len(result.tables.edges) < 2


class TestRecount:
    def test_every_figure_follows_from_the_file(self, assessed):
        found = recount(again(assessed.tables))
        assert not found.hides
        same(found.by_group, assessed.by_group)
        same(found.disparities, assessed.disparities)

    @pytest.mark.parametrize("settings_", [{"method": "to_overall"}, {"confidence": 0.9, "intersections": False}])
    def test_whatever_the_configuration_is(self, make_case, settings_):
        g, h, y, pred = rows()
        config = FairnessConfig(**settings_)
        result = assess_fairness(*make_case({"g": g, "h": h}, y, pred, positive="yes"), config)
        found = recount(again(result.tables))
        same(found.by_group, result.by_group)
        same(found.disparities, result.disparities)

    def test_with_weights(self, make_case):
        g, h, y, pred = rows()
        w = np.random.default_rng(0).gamma(2.0, size=len(y)) + 0.1
        dataset, predictions = make_case({"g": g, "h": h}, y, pred, columns={"w": w}, positive="yes", weight="w")
        result = assess_fairness(dataset, predictions, CONFIG)
        found = recount(again(result.tables))
        same(found.by_group, result.by_group)
        same(found.disparities, result.disparities)

    def test_with_three_classes(self, make_case):
        rng = np.random.default_rng(3)
        g = rng.choice(["a", "b"], 3000)
        y = rng.choice(["x", "y", "z"], 3000)
        pred = np.where(rng.random(3000) < 0.5, y, rng.choice(["x", "y", "z"], 3000))
        result = assess_fairness(*make_case({"g": g}, y, pred), CONFIG)
        found = recount(again(result.tables))
        same(found.by_group, result.by_group)
        same(found.disparities, result.disparities)

    @given(st.integers(0, 10**6))
    @settings(max_examples=8, deadline=None)
    def test_what_is_computed_again_is_what_was_reported(self, make_case, seed):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(40, 900))
        groups = ["a", "b", "c", "d"]
        g, h = rng.choice(groups, n, p=rng.dirichlet(np.ones(4))), rng.choice(["u", "v"], n)
        y = np.where(rng.random(n) < rng.random(), "yes", "no")
        y[:2] = ["yes", "no"]
        pred = np.where(rng.random(n) < 0.8, y, rng.choice(["yes", "no"], n))
        result = assess_fairness(*make_case({"g": g, "h": h}, y, pred, positive="yes"), CONFIG, checks=())
        found = recount(again(result.tables))
        for name, keys in (
            ("by_group", ["feature", "group", "metric"]),
            ("disparities", ["feature", "metric", "kind"]),
        ):
            reported, counted = (getattr(of, name).astype(dict.fromkeys(keys, object)) for of in (result, found))
            reported, counted = reported.set_index(keys), counted.set_index(keys)
            assert set(counted.index) <= set(reported.index)
            if not len(counted):
                continue
            columns = ["value", "low", "high"]
            expected = reported.loc[counted.index, columns].astype(float)
            pd.testing.assert_frame_equal(counted[columns].astype(float), expected)

    def test_the_order_of_the_rows_changes_nothing(self, make_case, assessed):
        g, h, y, pred = (column[::-1] for column in rows())
        other = assess_fairness(*make_case({"g": g, "h": h}, y, pred, positive="yes"), CONFIG)
        fingerprint = assessed.tables.fingerprint
        assert replace(other.tables, fingerprint=fingerprint).to_json() == assessed.tables.to_json()

    def test_a_small_group_hides_a_partner_and_leaves_the_others(self, make_case, cells):
        group, y, pred = cells(
            {"a": (80, 20, 30, 90), "b": (70, 30, 40, 80), "c": (60, 40, 50, 70), "few": (3, 0, 1, 2)}
        )
        result = assess_fairness(*make_case({"g": group}, y, pred, positive="yes"), CONFIG)
        [table] = result.tables.features
        shown = {table.groups[code] for code in table.cells.keys[0]}
        assert "few" not in shown
        assert len(shown) == 2
        found = recount(again(result.tables))
        assert found.hides
        assert set(found.by_group["group"]) == shown
        # A group that is compared is hidden: the disparities rest on it.
        assert not len(found.disparities)

    def test_hidden_groups_that_are_not_compared_leave_the_disparities(self, make_case, cells):
        group, y, pred = cells(
            {"a": (80, 20, 30, 90), "b": (70, 30, 40, 80), "few": (3, 0, 1, 2), "less": (9, 12, 12, 13)}
        )
        result = assess_fairness(*make_case({"g": group}, y, pred, positive="yes"), CONFIG)
        found = recount(again(result.tables))
        columns = ["value", "low", "high", "worst", "best"]
        same(found.disparities[columns], result.disparities[columns])
        assert found.disparities["status"].isna().all()

    def test_what_one_label_hides_leaves_the_rates_of_the_other(self, make_case, cells):
        group, y, pred = cells({"a": (80, 20, 3, 90), "b": (70, 30, 40, 80)})
        result = assess_fairness(*make_case({"g": group}, y, pred, positive="yes"), CONFIG)
        found = recount(again(result.tables))
        assert set(found.by_group["metric"]) == {"true positive rate", "false negative rate"}
        assert set(found.disparities["metric"]) == {"true positive rate"}


class TestHidden:
    def test_no_small_cell_is_in_the_file(self, make_case, cells):
        group, y, pred = cells({"a": (80, 20, 7, 90), "b": (70, 9, 40, 80), "c": (1, 0, 0, 2)})
        document = json.loads(assess_fairness(*make_case({"g": group}, y, pred), CONFIG).tables.to_json())
        for feature in document["features"]:
            assert all(n >= 10 for n in feature["cells"]["rows"])

    def test_what_a_city_hides_its_region_does_not_tell(self, make_case, cells):
        # "north" is the cities n1 and n2: one hidden city would follow from its region and its neighbour.
        cities = {"n1": (60, 30, 3, 80), "n2": (60, 30, 40, 80), "s1": (90, 30, 12, 90), "s2": (90, 30, 50, 95)}
        city, y, pred = cells(cities)
        region = np.array([name[0] for name in city], dtype=object)
        result = assess_fairness(*make_case({"city": city, "region": region}, y, pred, positive="yes"), CONFIG)
        by_name = {table.name: table for table in result.tables.features}
        negative = result.tables.classes.index("no")
        assert not by_name["city"].shown(2)[:, negative].any()
        assert by_name["region"].shown(2).all()

    def test_the_names_of_combinations_of_a_few_are_not_told(self, make_case):
        g, h, y, pred = rows()
        g[:2], h[:2] = "rare", "u"
        result = assess_fairness(*make_case({"g": g, "h": h}, y, pred, positive="yes"), CONFIG)
        [both] = [t for t in result.tables.features if t.is_intersection]
        assert not any("rare" in name for name in both.groups)

    def test_five_thousand_groups(self, make_case):
        rng = np.random.default_rng(0)
        n = 50_000
        y = rng.choice(["no", "yes"], n)
        dataset, predictions = make_case({"g": rng.choice(["a", "b"], n)}, y, y)
        many = pd.DataFrame({"g": rng.integers(0, 5000, n).astype(str)})
        context = build_context(replace(dataset, groups=many), predictions, CONFIG)
        tables = build_tables(context, tabulate_scores(context), "")
        assert not len(tables.features[0].cells.rows)
        assert recount(again(tables)).hides

    def test_one_group_has_no_table(self, make_case, cells):
        group, y, pred = cells({"a": (80, 20, 30, 90)})
        tables = assess_fairness(*make_case({"g": group}, y, pred), CONFIG).tables
        assert tables.features == ()
        assert not len(recount(again(tables)).by_group)

    def test_a_perfect_model_hides_what_it_never_does(self, make_case, cells):
        # No false positive in any group: that is a count of 0, and it is hidden in all.
        group, y, pred = cells({"a": (80, 0, 0, 90), "b": (70, 0, 0, 80)})
        tables = assess_fairness(*make_case({"g": group}, y, pred), CONFIG).tables
        assert not len(again(tables).features[0].cells.rows)


@pytest.mark.parametrize("name", ["Männlich, <b>", "a x b", 'q"uote', "日本", "x\ty", "=1+1", " "])
def test_names_arrive_as_they_are(make_case, cells, name):
    group, y, pred = cells({"a": (80, 20, 30, 90), name: (70, 30, 40, 80)})
    dataset, predictions = make_case({"g": np.where(group == name, "other", group)}, y, pred, positive="yes")
    named = pd.DataFrame({"g": pd.Series(group, dtype=object)})
    tables = assess_fairness(replace(dataset, groups=named), predictions, CONFIG).tables
    assert again(tables).features[0].groups == tables.features[0].groups
    assert name in tables.features[0].groups
    assert again(tables).to_json() == tables.to_json()


class TestRefused:
    @pytest.fixture
    def document(self, assessed):
        return json.loads(assessed.tables.to_json())

    @pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"schema": "assay-fairness/2"}', "[" * 100_000])
    def test_what_is_no_table(self, text):
        with pytest.raises(ContractError, match=r"must be valid JSON|must have the schema"):
            FairnessTables.from_json(text)

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("features", 0, "cells", "rows", 0), -1),
            (("features", 0, "cells", "rows", 0), 3),
            (("features", 0, "cells", "rows", 0), float("nan")),
            (("features", 0, "cells", "rows", 0), 20.5),
            (("features", 0, "cells", "rows", 0), "20"),
            (("features", 0, "cells", "rows", 0), True),
            (("features", 0, "cells", "rows", 0), 10**9),
            (("features", 0, "cells", "group", 0), 9),
            (("features", 0, "cells", "y_pred", 0), 1),
            (("features", 0, "cells", "y_true", 0), -1),
            (("features", 0, "cells", "weight"), [1.0]),
            (("features", 0, "cells", "rows"), [20]),
            (("features", 0, "groups"), ["a", "a", "b"]),
            (("features", 0, "compared"), [True]),
            (("features", 0, "all_compared"), 1),
            (("features", 1, "name"), "g"),
            (("settings", "confidence"), 1.5),
            (("settings", "min_group_size"), 1),
            (("settings", "method"), "other"),
            (("classes",), ["no", "no"]),
            (("classes",), ["no"]),
            (("positive",), 2),
            (("fingerprint",), "x"),
            (("rows",), 3),
            (("extra",), 1),
            (("edges",), {"0": [0, 50, 40, 100]}),
            (("edges",), {"x": [0, 100]}),
        ],
    )
    def test_what_no_audit_writes(self, document, path, value):
        *steps, last = path
        place = document
        for step in steps:
            place = place[step]
        place[last] = value
        with pytest.raises(ContractError, match="table of counts"):
            FairnessTables.from_json(json.dumps(document))

    def test_what_is_missing(self, document):
        for key in list(document):
            with pytest.raises(ContractError, match="table of counts"):
                FairnessTables.from_json(json.dumps({k: v for k, v in document.items() if k != key}))

    def test_part_of_a_block(self, document):
        cells = document["features"][0]["cells"]
        document["features"][0]["cells"] = {key: column[1:] for key, column in cells.items()}
        with pytest.raises(ContractError, match="all together, or none"):
            FairnessTables.from_json(json.dumps(document))
