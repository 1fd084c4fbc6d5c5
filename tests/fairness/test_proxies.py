"""FB007: columns that stand in for a sensitive feature, found out of sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from assay.fairness import CHECKS, NUMERIC_CHECKS
from assay.fairness.context import DataContext
from assay.fairness.counts import read_features
from assay.fairness.data import proxy_aucs
from assay.fairness.data.group_aucs import compute_group_aucs, decisive
from assay.fairness.data.proxies import PROXIES, PROXY_CHECK, proxy_table
from assay.fairness_config import FairnessConfig
from assay.findings import run_checks

CONFIG = FairnessConfig()


@pytest.fixture
def ask(make_dataset):
    """Findings of FB007 and the table, for sensitive columns and other columns."""

    def proxies_of(groups: dict, columns: dict, config=CONFIG, **rest):
        n = len(next(iter(groups.values())))
        frame = pd.DataFrame({**groups, **columns, "y": np.tile(["no", "yes"], n)[:n]})
        dataset = make_dataset(frame, **{"label": "y", "sensitive": list(groups), **rest})
        features = read_features(dataset, intersections=True)
        context = DataContext(dataset, config, features, np.ones(n, dtype=bool), {})
        return run_checks([PROXY_CHECK], context), proxy_table(context)

    return proxies_of


def people(n=1000, groups="fm", seed=0):
    rng = np.random.default_rng(seed)
    return rng, rng.choice(list(groups), n)


def noised(rng, sex, share):
    """A copy of a column of which a share of the rows is drawn anew."""
    return np.where(rng.random(len(sex)) < share, rng.permutation(sex), sex)


def test_it_is_asked_for_labels_of_both_kinds():
    assert PROXY_CHECK in CHECKS
    assert PROXY_CHECK in NUMERIC_CHECKS


def test_a_noised_copy_is_named(ask):
    rng, sex = people()
    columns = {"title": noised(rng, sex, 0.1), "x": rng.normal(size=1000), "c": rng.choice(list("abc"), 1000)}
    [finding], table = ask({"sex": sex}, columns)
    assert (finding.code, finding.status, finding.severity) == ("FB007", "failed", "warning")
    assert finding.subject.columns == ("sex", "title")
    assert finding.evidence.value == pytest.approx(0.95, abs=0.02)  # a tenth is drawn anew, half of it right
    assert finding.evidence.interval.low > CONFIG.max_proxy_auc
    assert "title (0.9" in finding.message
    assert "leaving sex out would not hide it" in finding.message
    assert finding.remedy
    assert list(table.columns) == list(PROXIES)
    assert table["column"].tolist() == ["title", "x", "c", None]
    assert (table["n"] == 1000).all()


def test_the_auc_of_a_code_is_scikit_learns(ask):
    """Two values: the shares in four folds rank them as all rows do."""
    rng, sex = people(2000)
    copy = noised(rng, sex, 0.4)
    _, table = ask({"sex": sex}, {"copy": copy})
    assert table["value"][0] == pytest.approx(roc_auc_score(sex == "m", copy == "m"))


def test_several_groups_have_the_mean_of_one_against_the_rest(ask):
    rng, race = people(3000, "abc")
    copy = noised(rng, race, 0.5)
    _, table = ask({"race": race}, {"copy": copy})
    known = [
        roc_auc_score(race == g, pd.Series(race == g).groupby(copy).transform("mean")) for g in "abc"
    ]  # in sample, of three values
    assert table["value"][0] == pytest.approx(np.mean(known), abs=0.01)


def test_a_number_is_read_by_its_order_in_few_rows_and_by_its_bins_where_it_has_none(ask):
    rng, sex = people(150)
    shifted = rng.normal(size=150) - 2.0 * (sex == "m")
    _, table = ask({"sex": sex}, {"shifted": shifted})
    assert table["value"][0] == pytest.approx(roc_auc_score(sex == "f", shifted))
    rng, sex = people(2000)
    ring = rng.normal(size=2000) * np.where(sex == "m", 3, 0.3)
    _, table = ask({"sex": sex}, {"ring": ring})
    assert table["value"][0] == pytest.approx(roc_auc_score(sex == "m", abs(ring)), abs=0.03)


def test_clean_columns_are_quiet_and_chance_stays_one_half(ask):
    failed = 0
    for seed in range(5):
        rng, sex = people(400, seed=seed)
        columns = {f"x{i}": rng.normal(size=400) for i in range(4)} | {"c": rng.choice(list("abcdef"), 400)}
        [finding], table = ask({"sex": sex}, columns)
        failed += finding.status != "passed"
        assert table["value"].between(0.4, 0.6).all()
        assert "No column alone stands in for sex" in finding.message
        assert "no more than is tolerated" in finding.message
    assert failed == 0


def test_a_perfect_proxy_of_one_group_among_many_is_named(ask):
    """The mean over six groups is 0.67: of five nothing is told."""
    rng, race = people(3000, "uvwxyz")
    columns = {"area": np.where(race == "u", "L1", "L2"), "x": rng.normal(size=3000)}
    [finding], table = ask({"race": race}, columns)
    assert finding.status == "failed"
    assert finding.subject.columns == ("race", "area")
    assert "area (1.00 for u)" in finding.message
    assert "1.000 for u against the rest" in finding.message
    assert finding.evidence.value == pytest.approx(1)
    assert finding.evidence.table.columns == ("column", "group", "AUC", "low", "high")
    assert ("area", "u") in [row[:2] for row in finding.evidence.table.rows]
    assert table["value"][0] == pytest.approx(np.mean([1] + [0.6] * 5), abs=0.01), "the mean is kept"


def test_one_group_against_the_rest_is_scikit_learns(ask):
    rng, race = people(2000, "abc")
    copy = np.where(rng.random(2000) < 0.5, race == "b", rng.random(2000) < 0.4)
    [finding], _ = ask({"race": race}, {"copy": copy})
    assert finding.evidence.value == pytest.approx(roc_auc_score(race == "b", copy))
    assert finding.evidence.table.rows[1][:2] == ("copy", "b")


def test_clean_columns_are_quiet_with_many_groups(ask):
    rng, race = people(1200, "uvwxyz", seed=3)
    columns = {f"x{i}": rng.normal(size=1200) for i in range(4)} | {"c": rng.choice(list("abc"), 1200)}
    [finding], _ = ask({"race": race}, columns)
    assert finding.status == "passed"


def test_values_of_few_rows_do_not_pass(ask):
    """In sample, a name that every row has for itself would tell everything; out of sample it tells nothing."""
    rng, sex = people(600)
    [finding], table = ask({"sex": sex}, {"name": [f"人 {i}" for i in range(600)], "x": rng.normal(size=600)})
    assert finding.status == "inconclusive"
    assert finding.subject.columns == ("sex", "name")
    assert (
        "name lies below, but too many rows have a rare value there, which fewer than 10 rows have" in finding.message
    )
    assert "the rows do not decide whether leaving sex out would hide it" in finding.message
    assert table["value"][0] == pytest.approx(0.5, abs=0.02)


def test_more_values_than_are_read_do_not_pass(ask):
    """A thousand places that tell the sex without error, of which 250 are read: the AUC of those is 0.72."""
    rng = np.random.default_rng(0)
    place = rng.permutation(np.repeat(np.arange(1000), 10))
    sex = rng.choice(["f", "m"], 1000)[place]
    [finding], table = ask({"sex": sex}, {"place": np.array([f"p{i}" for i in range(1000)])[place]})
    assert table["value"][0] < CONFIG.max_proxy_auc
    assert finding.status == "inconclusive"


def test_a_few_rare_values_do_not_hinder(ask):
    rng, sex = people(1000)
    city = np.where(np.arange(1000) < 50, [f"c{i}" for i in range(1000)], rng.choice(list("abc"), 1000))
    [finding], _ = ask({"sex": sex}, {"city": city})
    assert finding.status == "passed"


@pytest.mark.parametrize("groups", ["xz", "xyz"])
def test_rare_values_of_one_group_are_that_groups(ask, groups):
    """A twentieth of all rows, but all of group z has a language that two people speak."""
    rng = np.random.default_rng(0)
    race = np.repeat(list(groups), [*[600] * (len(groups) - 1), 60])
    n = len(race)
    rare = (race == "z") | (rng.random(n) < 0.1)
    language = np.where(rare, [f"l{i // 2}" for i in range(n)], rng.choice(["a", "b", "c"], n))
    [finding], _ = ask({"race": race}, {"language": language})
    assert finding.status in {"failed", "inconclusive"}


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10**6))
def test_aucs_of_groups_by_one_line_each(groups, seed):
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.arange(200) % groups)
    scores, rare = rng.integers(0, 9, (200, groups)).astype(float), rng.random(200) < 0.2
    mean, *each = compute_group_aucs(group, [scores, -scores], 0.95, rare)
    assert [found.group for found in each] == (list(range(groups)) if groups > 2 else [])
    for g, found in enumerate(each):
        known = roc_auc_score(group == g, scores[:, g])
        assert found.auc.value == pytest.approx(max(known, 1 - known))
        q, r = rare[group == g].mean(), rare[group != g].mean()
        assert found.ceiling == pytest.approx(1 - (1 - found.auc.interval.high) * (1 - q) * (1 - r))
    assert mean.auc.interval.high <= mean.ceiling <= 1
    assert decisive((mean, *each), 0.99).auc.value == max(found.auc.value for found in (mean, *each))


def test_columns_together_tell_what_none_tells_alone(ask):
    rng, _ = people(2000)
    a, b = rng.integers(0, 2, (2, 2000))
    sex = np.where(a ^ b, "f", "m")
    [finding], table = ask({"sex": sex}, {"a": a, "b": b})
    assert finding.status == "passed"
    assert table["value"][:2].to_numpy() == pytest.approx([0.5, 0.5], abs=0.05)
    assert table["value"][2] > 0.99
    assert "leaving sex out would not hide it" in finding.message


def test_a_gap_in_a_number_may_tell_the_group(ask):
    rng, sex = people()
    x = np.where(sex == "f", np.nan, rng.normal(size=1000))
    [finding], _ = ask({"sex": sex}, {"x": x})
    assert finding.subject.columns == ("sex", "x")


def test_neither_sensitive_nor_other_parts_are_proxies_and_bins_are_no_proxy_of_their_column(ask):
    rng, sex = people(800)
    age = rng.integers(18, 80, 800)
    columns = {"id": np.arange(800), "t": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(800), "h")}
    columns |= {"w": rng.random(800) + 0.1, "x": rng.normal(size=800)}
    parts = {"id": "id", "time": "t", "weight": "w"}
    sensitive = [{"column": "age", "bins": [30, 60], "name": "old"}, "sex", "gender"]
    findings, table = ask({"sex": sex, "age": age, "gender": sex}, columns, sensitive=sensitive, **parts)
    assert set(table["column"]) == {"x", None}
    assert sorted(table["feature"].unique()) == ["gender", "old", "sex"]
    assert len(findings) == 3, "none on the intersection"
    assert {f.status for f in findings} == {"passed"}


def test_few_rows_are_inconclusive(ask):
    rng, sex = people(30)
    [finding], table = ask({"sex": sex}, {"x": rng.normal(size=30)})
    assert finding.status == "inconclusive"
    assert "fewer than two of its groups have 50 rows" in finding.message
    assert table.empty
    copy = np.where(np.arange(40) % 20 < 2, "m", "f")
    [finding], _ = ask({"sex": np.tile(["f", "m"], 20)}, {"copy": copy}, FairnessConfig(min_group_size=10))
    assert finding.status in {"passed", "inconclusive"}


def test_an_interval_around_the_limit_is_inconclusive(ask):
    rng, sex = people(300)
    copy = noised(rng, sex, 0.4)  # an AUC of about .8
    [finding], _ = ask({"sex": sex}, {"copy": copy})
    assert finding.status == "inconclusive"
    assert finding.subject.columns == ("sex", "copy")
    assert "The rows do not decide whether 1 column alone may stand in for sex" in finding.message


def test_unknown_and_small_groups_are_left_out(ask):
    rng, sex = people(600)
    sex = np.concatenate([sex, ["x"] * 5, [None] * 100])
    tells = np.r_[rng.normal(size=600), np.full(5, 9.0), np.full(100, -9.0)]
    [finding], table = ask({"sex": sex}, {"tells": tells})
    assert finding.status == "passed", "who is unknown is no group of people"
    assert "1 group left out" in finding.message
    assert (table["n"] == 600).all()


def test_a_handful_of_people_left_out_is_not_counted(ask):
    rng, sex = people(600)
    [finding], _ = ask({"sex": np.r_[sex, ["x"] * 5]}, {"x": rng.normal(size=605)})
    assert "605 rows, less fewer than 10" in finding.message
    assert "600" not in finding.message


@pytest.mark.parametrize("value", ["f", None])
def test_one_group_or_none(ask, value):
    [finding], table = ask({"sex": np.array([value] * 100, dtype=object)}, {"x": np.arange(100.0)})
    assert finding.status == ("not_applicable" if value else "inconclusive")
    assert table.empty


def test_no_column_is_left(ask):
    [finding], table = ask({"sex": np.tile(["f", "m", "f", "m", "m", "f"], 50)}, {})
    assert finding.status == "not_applicable"
    assert "No column besides the sensitive ones" in finding.message
    assert table.empty


def test_rows_of_one_person_stay_in_one_fold(ask):
    """Each person has twenty rows and a colour: memory of the person would tell the sex, the colour does not."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(200), 20)
    sex = rng.choice(["f", "m"], 200)[person]
    columns = {"colour": np.array([f"c{i}" for i in range(200)])[person], "person": person}
    [finding], table = ask({"sex": sex}, columns, group="person")
    assert finding.status == "inconclusive", "each colour is known of one person"
    assert table["value"][0] == pytest.approx(0.5, abs=0.1)


def test_large_tables_are_sampled_with_their_small_groups(ask, monkeypatch):
    monkeypatch.setattr(proxy_aucs, "MAX_ROWS", 500)
    monkeypatch.setattr(proxy_aucs, "MIN_SAMPLED", 60)
    rng = np.random.default_rng(1)
    sex = rng.permutation(np.repeat(["f", "m", "x"], [3900, 2000, 100]))
    [finding], table = ask({"sex": sex}, {"copy": noised(rng, sex, 0.1), "x": rng.normal(size=6000)})
    assert finding.status == "failed"
    assert "3 groups" in finding.message
    assert 500 < table["n"][0] < 600


def test_many_groups_are_capped(ask):
    rng = np.random.default_rng(2)
    place = rng.permutation(np.repeat([f"Straße {i}" for i in range(60)], 55))
    [finding], table = ask({"place": place}, {"x": rng.normal(size=len(place))})
    assert finding.status == "passed"
    assert "20 groups; 40 groups left out" in finding.message
    assert table["n"][0] == 20 * 55


def test_odd_names_and_types(ask):
    rng, sex = people(500)
    columns = {
        "größe 身": rng.normal(size=500),
        "<b>": noised(rng, sex, 0.1),
        "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, 500), "h"),
        "bool": rng.random(500) < 0.5,
        "infinite": np.where(rng.random(500) < 0.1, np.inf, rng.normal(size=500)),
        "constant": 1,
    }
    [finding], table = ask({"sex": sex}, columns)
    assert finding.subject.columns == ("sex", "<b>")
    assert table["value"].between(0, 1).all()


def test_the_order_of_the_rows_and_the_names_of_the_groups_change_little(ask):
    rng, sex = people(2000)
    copy = noised(rng, sex, 0.5)
    order = rng.permutation(2000)
    _, one = ask({"sex": sex}, {"copy": copy})
    _, other = ask({"sex": np.where(sex == "f", "z", "a")[order]}, {"copy": copy[order]})
    assert one["value"].to_numpy() == pytest.approx(other["value"].to_numpy(), abs=5e-3)
