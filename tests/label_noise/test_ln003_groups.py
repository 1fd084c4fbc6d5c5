"""LN003: wrong labels by sensitive group."""

from __future__ import annotations

import numpy as np
import pytest

from assay.findings import Severity, Status
from assay.intervals import judge_upper
from assay.label_noise.group_check import _Contrast, _needed, _two_digits, newcombe


def test_a_group_with_many_wrong_labels_fails(make_case, of_code):
    case = make_case(noise=0.03, noise_b=0.2)
    failed = of_code(case.judge(), "LN003")
    assert [(finding.status, finding.subject.group) for finding in failed] == [(Status.FAILED, "sex = B")]
    assert failed[0].severity is Severity.WARNING
    in_b = case.dataset.groups["sex"].to_numpy() == "B"
    planted = case.wrong[in_b].mean() - case.wrong[~in_b].mean()
    interval = failed[0].evidence.interval
    assert interval.low <= planted <= interval.high


def test_estimates_follow_the_groups(make_case):
    case = make_case(20_000, noise=0.03, noise_b=0.2)
    shares = case.judge().estimates.set_index(["by", "name"])
    in_b = case.dataset.groups["sex"].to_numpy() == "B"
    assert shares.loc[("sex", "A"), "share"] == pytest.approx(case.wrong[~in_b].mean(), abs=0.03)
    assert shares.loc[("sex", "B"), "share"] == pytest.approx(case.wrong[in_b].mean(), abs=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_equally_wrong_groups_do_not_fail(make_case, of_code, seed):
    result = make_case(noise=0.08, seed=seed).judge()
    assert Status.FAILED not in {finding.status for finding in of_code(result, "LN003")}


def test_clean_groups_pass(make_case, of_code):
    (finding,) = of_code(make_case(spread=4.0).judge(), "LN003")
    assert finding.status is Status.PASSED
    assert "2 groups" in finding.message


def test_tolerance_is_the_configured_one(make_case, of_code):
    result = make_case(noise=0.03, noise_b=0.2).judge(max_group_difference=0.5)
    (finding,) = of_code(result, "LN003")
    assert finding.status is Status.PASSED


def test_a_small_group_is_named_with_the_rows_that_would_decide(make_case, of_code):
    (finding,) = of_code(make_case(spread=4.0, share_b=0.04).judge(), "LN003")
    assert finding.status is Status.INCONCLUSIVE
    assert "sex = B (" in finding.message
    assert "would decide" in finding.message


@pytest.mark.parametrize("group", [(0, 12), (1, 30), (2, 40)])
def test_rows_that_would_decide_do_decide(group):
    # 10 of 1,000 contradicted elsewhere, and a group whose rate stays: the rows named decide, half of them do not.
    k, n = group
    elsewhere, rate = (10, 1000), k / n
    contrast = _Contrast("sex", "B", 10 * n, n, rate, 0.01, elsewhere, newcombe(group, elsewhere, 0.975))
    words = _needed(contrast, 0.05)
    rows = int(words.removeprefix(", about ").removesuffix(" would decide").replace(",", ""))
    assert 10 * n < rows <= 100 * 10 * n + 1
    assert len(str(rows).rstrip("0")) <= 2
    assert judge_upper(newcombe((rate * rows / 10, rows / 10), elsewhere, 0.975), 0.05) is Status.PASSED
    half = rows / 20
    assert judge_upper(newcombe((rate * half, half), elsewhere, 0.975), 0.05) is Status.INCONCLUSIVE


def test_no_number_where_a_hundred_times_the_rows_would_not_decide():
    # A difference of 4.9 points is too near to the tolerated 5.
    contrast = _Contrast("sex", "B", 100, 10, 0.059, 0.01, (10, 1000), newcombe((0.59, 10), (10, 1000), 0.975))
    assert _needed(contrast, 0.05) == ""


@pytest.mark.parametrize(("rows", "shown"), [(7, 7), (26, 26), (101, 110), (176, 180), (143_352, 150_000)])
def test_rows_are_rounded_up_to_two_digits(rows, shown):
    assert _two_digits(rows) == shown


def test_one_group_is_not_applicable(make_case, of_code):
    (finding,) = of_code(make_case(300, share_b=0.0).judge(), "LN003")
    assert finding.status is Status.NOT_APPLICABLE


def test_no_sensitive_feature_is_not_applicable(make_multiclass, of_code):
    (finding,) = of_code(make_multiclass(300, 3).judge(), "LN003")
    assert finding.status is Status.NOT_APPLICABLE


def test_strange_group_names(make_multiclass, of_code):
    names = np.array(["<script>alert(1)</script>", "ü 男", " ", "nan"], dtype=object)
    result = make_multiclass(4000, 3, groups=names[np.arange(4000) % 4]).judge()
    assert set(result.estimates.loc[result.estimates["by"] == "sex", "n"]) <= {1000, 2000}
    assert of_code(result, "LN003")[0].status in {Status.PASSED, Status.INCONCLUSIVE}
