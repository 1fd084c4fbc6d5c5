"""LN005: whom removing the suspects would hit, against planted errors and against sums by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from assay.config import LabelNoiseConfig
from assay.findings import Interval, Severity, Status, run_checks
from assay.label_noise.anchors import Share
from assay.label_noise.checks import CHECKS
from assay.label_noise.judgement import judge_labels
from assay.report.disclosure import hide_small_evidence
from assay.report.document import _finding
from assay.report.plain import plain

CHECK = [check for check in CHECKS if check.code == "LN005"]


@pytest.fixture(scope="module")
def judgement(make_case):
    """4,000 rows in two groups, with signal; the flags are for each test to set."""
    case = make_case(noise=0.05)
    return judge_labels(case.dataset, case.predictions, LabelNoiseConfig())


@pytest.fixture
def flag(judgement):
    """The findings where `flagged[group]` rows of each group are suspect, each wrong with a probability of `wrong`.

    Of no group are more than `wrong_at_most` of the labels wrong.
    """

    def build(flagged: dict[str, int], wrong=0.5, groups=None, wrong_at_most=0.125, **settings):
        names = judgement.dataset.groups["sex"].to_numpy(dtype=object) if groups is None else groups
        suspect = np.zeros(len(names), dtype=bool)
        for group, rows in flagged.items():
            suspect[np.flatnonzero(names == group)[:rows]] = True
        share = Share(len(names), 0.05, Interval(0.0, wrong_at_most), None)
        by_group = {"sex": dict.fromkeys(np.unique(names.astype(str)), share)}
        dataset = replace(judgement.dataset, groups=judgement.dataset.groups.assign(sex=names))
        changed = replace(
            judgement,
            dataset=dataset,
            by_group=by_group,
            suspect=suspect,
            wrong=np.where(suspect, wrong, 0.0),
            config=LabelNoiseConfig(**settings),
        )
        return run_checks(CHECK, changed)

    return build


def sizes(judgement):
    names = judgement.dataset.groups["sex"].to_numpy()
    return {group: int((names == group).sum()) for group in ("A", "B")}


def newcombe_by_hand(first, second, confidence):
    (a, m), (b, n) = first, second
    one = binomtest(a, m).proportion_ci(confidence, method="wilson")
    two = binomtest(b, n).proportion_ci(confidence, method="wilson")
    p, q = a / m, b / n
    return p - q - np.hypot(p - one.low, two.high - q), p - q + np.hypot(one.high - p, q - two.low)


def test_a_group_whose_right_labels_are_flagged_fails(flag, judgement):
    # 400 flags in B, of which 200 are expected to be right; 20 in A, of which 10 are.
    (finding,) = flag({"A": 20, "B": 400})
    size = sizes(judgement)
    assert (finding.status, finding.subject.group, finding.severity) == (Status.FAILED, "sex = B", Severity.WARNING)
    inside, outside = (200, size["B"] - 200), (10, size["A"] - 10)
    evidence = finding.evidence
    assert evidence.value == pytest.approx(inside[0] / inside[1] - outside[0] / outside[1])
    # If as many are wrong as can be, 12.5% of B, half of which lie among the 400 by the probabilities already.
    expected = newcombe_by_hand(inside, outside, 0.975)
    fewest = newcombe_by_hand((round(400 - 0.125 * size["B"]), size["B"]), outside, 0.975)
    # If all flags of B are false, all of its labels are right; if all of A are true, none of its right ones is flagged.
    at_most = newcombe_by_hand((400, size["B"]), (0, outside[1]), 0.975)
    assert (evidence.interval.low, evidence.interval.high) == pytest.approx(
        (min(expected[0], fewest[0]), at_most[1]), abs=1e-3
    )
    assert evidence.n == size["B"]
    assert f"200 of {inside[1]:,} right labels of sex = B" in finding.message
    assert f"10 of {outside[1]:,} elsewhere" in finding.message
    row = dict(zip(evidence.table.columns, evidence.table.rows[1], strict=True))
    assert (row["group"], row["rows"], row["flagged"], row["right and flagged"]) == ("B", size["B"], 400, 200)
    assert row["flagged share"] == 400 / size["B"]


def test_flags_that_may_all_be_wrong_labels_are_open(flag):
    # The probabilities speak against the flags of B, but a quarter of its labels may be wrong, and a quarter is flagged.
    (finding,) = flag({"A": 20, "B": 400}, wrong_at_most=0.26)
    assert finding.status is Status.INCONCLUSIVE


def test_equal_flags_pass(flag):
    (finding,) = flag({"A": 24, "B": 16})
    assert finding.status is Status.PASSED
    assert "even if all the group's suspects are right" in finding.message


def test_what_passes_only_if_the_suspects_are_wrong_is_open(flag):
    # Every suspect is wrong for certain, says the model. 200 of 1,600 rows is more than it can be trusted with.
    (finding,) = flag({"A": 20, "B": 200}, wrong=1.0)
    assert finding.status is Status.INCONCLUSIVE
    assert "1 group: sex = B (" in finding.message
    assert "random sample of the suspects of this group" in finding.remedy


def test_tolerance_is_the_configured_one(flag):
    (finding,) = flag({"A": 20, "B": 400}, max_flag_difference=0.5)
    assert finding.status is Status.PASSED
    (finding,) = flag({"A": 24, "B": 16}, max_flag_difference=0.001)
    assert finding.status is Status.INCONCLUSIVE


def test_no_suspects_pass_whatever_the_size_of_the_groups(flag, judgement):
    groups = np.where(np.arange(len(judgement.positions)) < 3, "tiny", "rest").astype(object)
    (finding,) = flag({}, groups=groups)
    assert finding.status is Status.PASSED
    assert finding.evidence.value == 0


def test_a_small_group_is_named_and_not_judged(flag, judgement):
    groups = np.where(np.arange(len(judgement.positions)) < 30, "tiny", "rest").astype(object)
    (finding,) = flag({"tiny": 30}, groups=groups)
    assert finding.status is Status.INCONCLUSIVE
    assert "1 group: sex = tiny (fewer than 50 rows)" in finding.message


def test_small_cells_are_in_no_form_of_the_report(flag, judgement):
    groups = np.where(np.arange(len(judgement.positions)) < 9, "tiny", "rest").astype(object)
    groups[9:80] = "small"
    (finding,) = flag({"tiny": 4, "small": 7, "rest": 20}, groups=groups)
    shown = hide_small_evidence(plain(_finding(finding, "LN005-1", waived=False, accepted=False)), {}, ["sex"])
    table = shown["evidence"]["table"]
    rows = {row[1]: dict(zip(table["columns"], row, strict=True)) for row in table["rows"]}
    assert (rows["tiny"]["rows"], rows["tiny"]["flagged"], rows["tiny"]["right and flagged"]) == ("<10",) * 3
    assert rows["tiny"]["flagged share"] is rows["tiny"]["share of right flagged"] is None
    assert (rows["small"]["rows"], rows["small"]["flagged"]) == (71, "<10")
    assert rows["rest"]["flagged"] == 20


def test_few_people_are_not_counted_in_a_message(flag, judgement):
    groups = np.where(np.arange(len(judgement.positions)) < 60, "B", "A").astype(object)
    (finding,) = flag({"B": 18}, groups=groups)
    assert finding.status is Status.FAILED
    assert "take fewer than 10 of 51 right labels of sex = B" in finding.message
    assert "against fewer than 10 of" in finding.message


def test_all_flagged_for_certain_is_open_and_no_crash(flag, judgement):
    (finding,) = flag(sizes(judgement), wrong=1.0)
    assert finding.status is Status.INCONCLUSIVE


def test_one_group_and_no_feature_are_not_applicable(make_case, make_multiclass, of_code):
    for result in (make_case(300, share_b=0.0).judge(), make_multiclass(300, 3).judge()):
        (finding,) = of_code(result, "LN005")
        assert finding.status is Status.NOT_APPLICABLE


def test_without_signal_it_is_inconclusive(dress, of_code):
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.95, 2000)
    groups = np.where(rng.random(2000) < 0.5, "A", "B")
    result = dress(np.column_stack([1 - p, p]), np.arange(2000) % 2, groups).judge()
    (finding,) = of_code(result, "LN005")
    assert finding.status is Status.INCONCLUSIVE


def test_rows_that_are_not_judged_do_not_count(make_case, of_code):
    case = make_case(3000, noise=0.08)
    unlabelled = case.dataset.groups["sex"].to_numpy() == "B"
    unlabelled[np.flatnonzero(unlabelled)[:100]] = False
    predictions = replace(
        case.predictions,
        labels=np.where(unlabelled, -1, case.predictions.labels),
        trained=~unlabelled,
        folds=np.where(unlabelled, -1, case.predictions.folds).astype(np.int16),
    )
    (finding,) = of_code(replace(case, predictions=predictions).judge(), "LN005")
    rows = {row[1]: row[2] for row in finding.evidence.table.rows} if finding.evidence.table else {"B": 100}
    assert rows["B"] == 100


def two_groups(dress, seed, *, noise=(0.1, 0.1), hard=1.5, easy=6.0, n=6000):
    """Labels wrong at the given rates in A and B, of which the features describe B worse."""
    rng = np.random.default_rng(seed)
    in_b = rng.random(n) < 0.4
    p = 1 / (1 + np.exp(-np.where(in_b, hard, easy) * rng.normal(size=n)))
    true = (rng.random(n) < p).astype(int)
    noise = np.where(in_b, noise[1], noise[0])
    wrong = rng.random(n) < noise
    learned = noise + (1 - 2 * noise) * p
    groups = np.where(in_b, "B", "A")
    return dress(np.column_stack([1 - learned, learned]), np.where(wrong, 1 - true, true), groups, wrong=wrong)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [(0.0, 0.0), (0.1, 0.1), (0.25, 0.25), (0.2, 0.02), (0.03, 0.2)])
def test_no_group_is_hit_harder_than_the_upper_end_says(dress, of_code, seed, noise):
    case = two_groups(dress, seed, noise=noise)
    result = case.judge()
    findings = of_code(result, "LN005")
    table = findings[0].evidence.table
    in_b = case.dataset.groups["sex"].to_numpy() == "B"
    false = result.suspect & ~case.wrong
    if table is None:
        assert not false.any()
        return
    planted = false[in_b].sum() / (~case.wrong[in_b]).sum() - false[~in_b].sum() / (~case.wrong[~in_b]).sum()
    for sign, row in zip((-1, 1), table.rows, strict=True):
        assert sign * planted <= row[table.columns.index("high")]
    assert Status.FAILED not in {finding.status for finding in findings}
