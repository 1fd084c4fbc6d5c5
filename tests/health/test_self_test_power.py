"""What counts as found, how trials are counted, and what MH060 says of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assay.config import HealthConfig
from assay.config_file import parse_config
from assay.findings import Action, Check, Evidence, Outcome, RowFlags, Severity, Status, Subject, stamp
from assay.health import HealthContext
from assay.health.parts import assess_parts
from assay.health.self_test import PART
from assay.intervals import wilson
from assay.self_testing import plant_and_look, testing
from assay.self_testing.defects import Defect, list_defects
from assay.self_testing.sights import Sight, compare
from assay.self_testing.truth import Truth, UnplantableError

TRUTH = Truth(np.array([2, 5, 7, 9]), ("x",), None)


def finding(code="DQ033", status=Status.FAILED, columns=("x",), group=None, rows=None):
    flags = None if rows is None else RowFlags(np.array(rows, dtype=np.int64), "why", Action.REVIEW)
    evidence = Evidence("share", 0.1, rows=flags)
    outcome = Outcome(status, "words", Subject(columns, group), evidence)
    return stamp(Check(code, "title", Severity.WARNING, lambda _: ()), outcome)


def test_a_failure_of_the_right_check_at_the_right_column_is_found():
    sight = Sight("DQ033")
    assert compare(sight, TRUTH, [finding()], []).found
    assert not compare(sight, TRUTH, [finding(columns=("z",))], []).found
    assert not compare(sight, TRUTH, [finding(code="DQ032")], []).found
    assert not compare(sight, TRUTH, [finding(status=Status.INCONCLUSIVE)], []).found
    assert compare(Sight("DQ033", located=False), TRUTH, [finding(columns=("z",))], []).found


def test_what_fails_on_the_control_too_is_a_false_alarm_and_not_found():
    seen = compare(Sight("DQ033"), TRUTH, [finding()], [finding()])
    assert (seen.found, seen.alarm) == (False, True)
    assert not compare(Sight("DQ033"), TRUTH, [finding()], [finding(columns=("z",))]).alarm


def test_another_group_is_not_the_group():
    truth = replace(TRUTH, group="sex = f")
    assert compare(Sight("DQ033"), truth, [finding(group="sex = f")], []).found
    assert not compare(Sight("DQ033"), truth, [finding(group="sex = m")], []).found


def test_passed_means_that_nothing_of_the_check_spoke_against():
    passed, failed = finding(status=Status.PASSED, columns=()), finding(columns=("z",))
    assert compare(Sight("DQ033"), TRUTH, [passed], []).passed
    assert not compare(Sight("DQ033"), TRUTH, [passed, failed], []).passed
    assert not compare(Sight("DQ033"), TRUTH, [finding(status=Status.NOT_APPLICABLE)], []).passed
    by_rows = Sight("DQ033", by_rows=True)
    assert compare(by_rows, TRUTH, [passed], []).passed
    assert not compare(by_rows, TRUTH, [finding(status=Status.PASSED, rows=[2, 5, 7])], []).passed


def test_rows_count_by_what_was_not_named_before():
    sight = Sight("DQ033", by_rows=True)
    seen = compare(sight, TRUTH, [finding(rows=[1, 2, 5, 8])], [finding(rows=[1])])
    assert (seen.found, seen.alarm) == (True, False)
    assert seen.recall == pytest.approx(2 / 4)
    assert seen.precision == pytest.approx(2 / 3)  # 2, 5 of 2, 5, 8
    known = compare(sight, TRUTH, [finding(rows=[2, 5, 7, 9])], [finding(rows=[2, 5])])
    assert (known.found, known.alarm) == (False, True)


def line(**values):
    low_high = wilson(values["found"], values["trials"])
    told = {"low": low_high.low, "high": low_high.high} if low_high else {"low": np.nan, "high": np.nan}
    plain = {"check": "LN001", "decides": True, "passed": 0, "false_alarms": 0, "errors": 0, "rows": 2000, "note": ""}
    return {**plain, "recall": np.nan, "precision": np.nan, **told, **values}


def judge(make_case, *lines, **settings):
    power = pd.DataFrame(lines, columns=list(testing.COLUMNS)) if lines else None
    context = HealthContext(*make_case(), HealthConfig(**{"self_test": True, **settings}), power=power)
    findings, tables = assess_parts((PART,), context)
    (one,) = findings
    return one, tables


def test_all_found_passes(make_case):
    one, tables = judge(make_case, line(defect="wrong labels", size=0.1, trials=8, found=8))
    assert one.status is Status.PASSED
    assert one.evidence.interval.low == pytest.approx(0.676, abs=0.001)  # 8 of 8 by Wilson's formula, by hand
    assert tables["power"]["found"].tolist() == [8]


def test_what_was_missed_is_told_with_its_figures(make_case):
    one, _ = judge(
        make_case,
        line(defect="wrong labels", size=0.2, trials=8, found=3, passed=4),
        line(defect="rows repeated", size=0.02, trials=20, found=20),
    )
    assert one.status is Status.INCONCLUSIVE
    assert one.message.startswith("Planted defects that this audit would most likely have found: 1 of 2.")
    assert "Not to be relied on here: wrong labels, 20% (3 of 8 trials)." in one.message
    assert "rows repeated" not in one.message


def test_most_of_few_trials_is_not_enough(make_case):
    one, _ = judge(make_case, line(defect="wrong labels", size=0.2, trials=8, found=6))  # low end .41
    assert one.status is Status.INCONCLUSIVE


def test_a_check_that_fails_anyway_can_tell_nothing(make_case):
    one, _ = judge(make_case, line(defect="rows repeated", size=0.02, trials=8, found=0, false_alarms=8))
    assert "rows repeated, 2% (alarm without it too)" in one.message


def test_the_three_worst_are_named_and_the_samples_told(make_case):
    found = {"a": 3, "b": 0, "c": 2, "d": 1, "e": 8}
    lines = [
        line(defect=name, size=size, trials=8, found=count) for name, count in found.items() for size in (0.1, 0.2)
    ]
    one, _ = judge(make_case, *lines, line(defect="f", size=0.1, trials=20, found=20, rows=10_000))
    assert "likely have found: 3 of 11. Not to be relied on here: b, 20%" in one.message
    assert [one.message.index(f" {name}, 20%") for name in "bdc"] == sorted(
        one.message.index(f" {name}, 20%") for name in "bdc"
    )
    assert "; and 1 more." in one.message
    assert "a, 20%" not in one.message
    assert "up to 10,000 rows (2,000 where models are trained anew)" in one.message
    assert len(one.message.split()) <= 60


def test_rows_that_do_not_decide_do_not_count(make_case):
    one, _ = judge(
        make_case,
        line(defect="wrong labels", size=0.02, trials=8, found=0, decides=False),
        line(defect="wrong labels", size=0.1, trials=8, found=8),
    )
    assert one.status is Status.PASSED


def test_nothing_planted_is_not_good_news(make_case):
    one, _ = judge(make_case, line(defect="drift", size=0.1, trials=0, found=0, note="No suite."))
    assert one.status is Status.NOT_APPLICABLE
    assert "drift (No suite)" in one.message


def test_nobody_asked_or_too_few_rows(make_case):
    assert "--deep" in judge(make_case, self_test=None)[0].message
    assert "false" in judge(make_case, self_test=False)[0].message
    assert "too few rows" in judge(make_case)[0].message


@pytest.fixture
def one_defect(monkeypatch):
    """Let the self-test plant one defect only, in few trials."""

    def choose(**fields):
        plain = {"name": "planted", "sizes": (0.5,), "sights": (Sight("DQ033"),), "look": lambda *_: (finding(),)}
        defect = Defect(**{**plain, **fields})
        monkeypatch.setattr(testing, "list_defects", lambda *_: (defect,))
        monkeypatch.setattr(testing, "UNTRAINED_TRIALS", 3)

    return choose


@pytest.fixture
def table(make_dataset):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200), "y": rng.choice(["no", "yes"], 200)})
    config = parse_config({"label": "y", "health": {"self_test": True}})
    return config, make_dataset(frame, label="y")


def plant_nothing(dataset, size, rng):
    return replace(dataset, source="planted"), Truth(np.array([0]), ("x",))


def test_trials_are_counted(one_defect, table):
    one_defect(plant=plant_nothing, look=lambda _, copy: (finding(),) if copy.source == "planted" else ())
    told = []
    (row,) = plant_and_look(*table, told.append).to_dict("records")
    assert (row["trials"], row["found"], row["false_alarms"], row["errors"]) == (3, 3, 0, 0)
    assert row["low"] == pytest.approx(wilson(3, 3).low)
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_a_stage_that_breaks_is_not_found_and_no_end(one_defect, table):
    def broken(_bench, _copy):
        raise KeyError("a value that nobody may see")

    one_defect(plant=plant_nothing, look=broken)
    (row,) = plant_and_look(*table, lambda _: None).to_dict("records")
    assert (row["trials"], row["found"], row["errors"]) == (3, 0, 3)
    assert row["note"] == "A stage broke: KeyError."


def test_a_planter_that_cannot_is_no_trial(one_defect, table):
    def refuse(*_):
        raise UnplantableError("There is nothing to plant it in.")

    one_defect(plant=refuse)
    (row,) = plant_and_look(*table, lambda _: None).to_dict("records")
    assert (row["trials"], row["note"]) == (0, "There is nothing to plant it in.")
    assert np.isnan(row["low"])


def test_sizes_within_the_limit_need_not_fail(one_defect, table):
    sights = (Sight("DQ033"), Sight("DQ033", by_rows=True))
    one_defect(plant=plant_nothing, sizes=(0.1, 0.5), limit=0.2, sights=sights)
    power = plant_and_look(*table, lambda _: None)
    assert power[["size", "check", "decides"]].to_numpy().tolist() == [
        [0.1, "DQ033 (rows)", False],
        [0.5, "DQ033", True],
        [0.5, "DQ033 (rows)", False],
    ]


def test_not_asked_and_tiny(table):
    config, dataset = table
    silent = parse_config({"label": "y"})
    assert plant_and_look(silent, dataset, lambda _: None) is None
    assert plant_and_look(config, dataset.take(np.arange(50)), lambda _: None) is None


def test_given_predictions_and_numbers_leave_labels_out(make_dataset, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200), "y": rng.normal(size=200)})
    numeric = make_dataset(frame, label="y", task="regression")
    config = parse_config({"label": "y", "task": "regression"})
    unfit = {defect.name: defect.unfit for defect in list_defects(config, numeric)}
    assert unfit["wrong labels at random"] == "The label is a number."
    assert unfit["rows repeated"] == unfit["a column with the label"] == ""
    assert "sensitive" in unfit["values missing in one sensitive group"]
    assert "suite" in unfit["values of a column drifted"]
    given = config.model_copy(update={"learning": config.learning.model_copy(update={"pred_probs": tmp_path})})
    classes = make_dataset(frame.assign(y=rng.choice(["a", "b"], 200)), label="y")
    unfit = {defect.name: defect.unfit for defect in list_defects(given, classes)}
    assert "given" in unfit["rows with a stamped value and a forced label"]


def test_groups_stay_together_in_a_sample(make_dataset):
    frame = pd.DataFrame({"x": np.arange(1000.0), "who": np.arange(1000) % 300, "y": ["a", "b"] * 500})
    dataset = make_dataset(frame, label="y", group="who")
    sample = testing.draw_sample(dataset, 400, np.random.default_rng(0))
    sizes = sample.frame["who"].value_counts()
    assert (sizes == frame["who"].value_counts()[sizes.index]).all()
    assert 400 <= len(sample) < 404
    assert sample.frame["x"].is_monotonic_increasing


def test_the_rows_of_a_sample_of_whole_groups_are_told_as_they_were(one_defect, make_dataset, monkeypatch):
    one_defect(plant=plant_nothing)
    monkeypatch.setattr(testing, "UNTRAINED_ROWS", 150)
    frame = pd.DataFrame({"x": np.arange(400.0), "who": np.arange(400) // 100, "y": ["a", "b"] * 200})
    config = parse_config({"label": "y", "group": "who", "health": {"self_test": True}})
    (row,) = plant_and_look(config, make_dataset(frame, label="y", group="who"), lambda _: None).to_dict("records")
    assert row["rows"] == 200


def test_a_huge_group_is_not_taken_whole(make_dataset):
    frame = pd.DataFrame({"x": np.arange(1000.0), "who": ["a", "b"] * 500, "y": ["a", "b"] * 500})
    dataset = make_dataset(frame, label="y", group="who")
    assert len(testing.draw_sample(dataset, 100, np.random.default_rng(0))) == 100
