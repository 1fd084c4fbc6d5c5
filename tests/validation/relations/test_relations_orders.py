"""Orders between columns: informative ones are found, trivial and merely correlated ones are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.validation.inference.holding import broken_rules
from assay.validation.relations.orders import chance_of_break, find_orders


def stays(n=1_500, seed=0):
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 500, n), "D")
    return pd.DataFrame({"start": start, "end": start + pd.to_timedelta(rng.integers(0, 60, n), "D")}), rng


def test_start_and_end(rules_of):
    frame, _ = stays()
    found = rules_of(frame)
    assert set(found) == {(">=", "end", "start")}
    kwargs = found[">=", "end", "start"].kwargs
    assert kwargs["or_equal"] is True
    assert kwargs["ignore_row_if"] == "either_value_is_missing"


def test_missing_ends_and_a_few_slips_do_not_hide_it(rules_of):
    frame, rng = stays()
    frame.loc[rng.random(len(frame)) < 0.4, "end"] = pd.NaT
    slips = rng.choice(frame.index[frame["end"].notna()], 12, replace=False)
    frame.loc[slips, "end"] -= pd.Timedelta("200D")
    rule = rules_of(frame)[">=", "end", "start"]
    assert rule.evidence["n"] == frame["end"].notna().sum()
    assert rule.evidence["broken"] == (frame["end"] < frame["start"]).sum() > 0
    assert rule.kwargs["mostly"] < 1


def test_a_chain_of_three_without_its_short_cut(rules_of):
    frame, rng = stays()
    frame["paid"] = frame["end"] + pd.to_timedelta(rng.integers(0, 90, len(frame)), "D")
    assert set(rules_of(frame)) == {(">=", "end", "start"), (">=", "paid", "end")}


def test_an_age_below_an_income_is_true_and_no_rule(rules_of):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(18, 80, 1_000), "income": rng.integers(9_000, 90_000, 1_000)})
    assert rules_of(frame) == {}


def test_a_part_of_a_count(rules_of):
    rng = np.random.default_rng(0)
    total = rng.poisson(8, 2_000)
    frame = pd.DataFrame({"returned": rng.binomial(total, 0.6), "sold": total})
    assert set(rules_of(frame)) == {(">=", "sold", "returned")}


def test_correlated_columns_whose_difference_thins_out_have_no_order(rules_of):
    rng = np.random.default_rng(0)
    level = rng.normal(size=3_000)
    first = (level + 0.05 * rng.normal(size=3_000)).round(2)
    second = (level + 0.17 + 0.05 * rng.normal(size=3_000)).round(2)
    assert 0 < (first > second).mean() < 0.02
    assert rules_of(pd.DataFrame({"first": first, "second": second})) == {}


def test_two_columns_full_of_zeros_have_no_order(rules_of):
    rng = np.random.default_rng(0)
    gain = np.where(rng.random(3_000) < 0.09, rng.integers(1, 9_000, 3_000), 0)
    loss = np.where(rng.random(3_000) < 0.01, rng.integers(1, 4_000, 3_000), 0)
    assert rules_of(pd.DataFrame({"gain": gain, "loss": loss})) == {}


def test_chance_is_the_share_of_all_pairs():
    rng = np.random.default_rng(0)
    low, high = rng.integers(0, 9, 40).astype(float), rng.integers(3, 12, 40).astype(float)
    assert chance_of_break(low, high) == pytest.approx((low[:, None] > high[None, :]).mean())


def test_equal_columns_are_left_to_equality():
    values = np.tile(np.arange(200.0), (2, 1))
    assert find_orders(("a", "b"), values, alike=False) == []


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m"])
def test_start_and_end_as_texts_of_one_iso_form(rules_of, form):
    frame, rng = stays()
    texts = frame.apply(lambda days: days.dt.strftime(form)).astype("str")
    texts.loc[rng.random(len(texts)) < 0.2, "end"] = np.nan
    texts.loc[3, "start"] = "unknown"
    rule = rules_of(texts)[">=", "end", "start"]
    both = texts["end"].notna() & (texts["start"] != "unknown")
    assert rule.evidence["n"] - both.sum() in {0, 1}
    texts[["start", "end"]] = texts[["end", "start"]]
    assert [item.key for item in broken_rules(texts, [rule])] == [rule.key]


def test_texts_of_other_forms_have_no_order(rules_of):
    frame, _ = stays()
    other = frame.apply(lambda days: days.dt.strftime("%d.%m.%Y")).astype("str")
    assert not any(sign == ">=" for sign, *_ in rules_of(other))
    mixed = frame.assign(end=frame["end"].dt.strftime("%Y-%m-%d").astype("str"))
    assert not any(sign == ">=" for sign, *_ in rules_of(mixed))
    offsets = frame.apply(lambda days: days.dt.strftime("%Y-%m-%dT%H:%M:%S+02:00")).astype("str")
    assert not any(sign == ">=" for sign, *_ in rules_of(offsets))
