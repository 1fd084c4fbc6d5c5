"""The suite is held against fresh rows, and what alarms too often is loosened and said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.dataset import Roles
from assay.findings import Severity
from assay.validation import infer_suite
from assay.validation.inference import calibration, proposing
from assay.validation.inference.calibration import calibrate
from assay.validation.inference.rule import Rule
from assay.validation.relations import arithmetic, searching
from assay.validation.relations.relation import Relation

N = 400
BETWEEN = "expect_column_values_to_be_between"


def frame_of(n=N):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": rng.normal(size=n), "b": rng.integers(0, 3, n)})


ROLES = Roles("", ("a", "b"))


def calibrated(monkeypatch, rules, frame=None, roles=ROLES):
    monkeypatch.setattr(calibration, "propose_rules", lambda *_args, **_kwargs: rules)
    frame = frame_of() if frame is None else frame
    return calibrate(frame, roles, rules, fresh=len(frame), numeric_label=False)


def strict(low, name="range", **kwargs):
    return Rule(BETWEEN, {"column": "a", "min_value": low, **kwargs}, "Seen.", {"n": N}, Severity.CRITICAL, name=name)


def test_a_quiet_suite_stays_as_it_is(monkeypatch):
    rules = [strict(-100)]
    kept, found = calibrated(monkeypatch, rules)
    assert kept == rules
    assert (found.splits, found.alarms, found.loosened, found.dropped) == (20, 0, (), ())
    # Clopper and Pearson for 0 of 20, by hand.
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 20))


def test_a_rule_that_alarms_is_loosened_to_twice_what_it_alarmed_at(monkeypatch):
    low = float(np.sort(frame_of()["a"])[6])  # 6 of 400 lie below
    kept, found = calibrated(monkeypatch, [strict(low), strict(-100, "other")])
    assert found.loosened == ("range: a",)
    assert found.alarms > 15
    looser = kept[0]
    assert looser.kwargs["mostly"] == pytest.approx(1 - 2 * 6 / 200, abs=0.02)
    assert looser.severity is Severity.WARNING
    assert looser.evidence["loosened"] == found.alarms
    assert kept[1].kwargs == strict(-100).kwargs


def test_a_rule_that_alarms_at_too_much_is_dropped(monkeypatch):
    kept, found = calibrated(monkeypatch, [strict(0.0)])
    assert kept == []
    assert found.dropped == ("range: a",)


def test_a_tiny_reference_is_not_split():
    frame = frame_of(20)
    suite = infer_suite(frame, ROLES, "s").suite
    assert suite["meta"]["assay"]["inference"]["splits"] == 0


def test_what_changes_over_time_is_told_and_kept():
    n = 1000
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=n, freq="h"),
            "x": rng.normal(size=n),
            "z": np.linspace(0, 9, n) + rng.normal(size=n),
        }
    )
    suite = infer_suite(frame, Roles("", ("x", "z"), time="when"), "s").suite
    said = suite["meta"]["assay"]["inference"]
    assert "range: z" in said["broken_over_time"]
    assert "range: x" not in said["broken_over_time"]
    assert said["alarms"] == 0
    assert any(e["meta"]["rule"] == "range: z" for e in suite["expectations"])


def test_the_same_data_give_the_same_suite_and_are_not_changed():
    frame = frame_of()
    before = frame.copy()
    assert infer_suite(frame, ROLES, "s").suite == infer_suite(frame, ROLES, "s").suite
    pd.testing.assert_frame_equal(frame, before)


def test_the_parts_of_the_false_alarms_add_up():
    assert sum(part for _, part in proposing.PROPOSERS) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(6))
def test_fresh_rows_of_heavy_tails_do_not_alarm(seed):
    from assay.validation.inference.holding import broken_rules

    rng = np.random.default_rng(seed)

    def draw(n):
        frame = pd.DataFrame(
            {
                "pareto": rng.pareto(1.1, n),
                "cauchy": rng.standard_cauchy(n),
                "zipf": [f"w{k}" for k in np.minimum(rng.zipf(1.6, n), 10**6)],
                "few": [f"k{min(k, 30)}" for k in rng.zipf(1.6, n)],
                "count": rng.geometric(0.3, n),
                "gaps": np.where(rng.random(n) < 0.002, np.nan, 1.0),
            }
        )
        return frame.astype({"zipf": "str", "few": "str"})

    reference, batch = draw(800), draw(800)
    rules = proposing.propose_rules(reference, Roles("", tuple(reference)), fresh=800)
    assert len(rules) > 15
    assert not broken_rules(batch, rules)


def test_relations_are_searched_once_and_tried_in_each_split(monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(9, 1, 400).round(2), "b": rng.normal(5, 1, 400).round(2)})
    frame["c"] = (frame["a"] + frame["b"]).round(2)
    searches, tried = [], []
    search, hold = arithmetic.find_arithmetic, calibration.broken_rules
    monkeypatch.setattr(searching, "find_arithmetic", lambda *args: searches.append(args) or search(*args))
    monkeypatch.setattr(calibration, "broken_rules", lambda rows, rules: tried.append(rules) or hold(rows, rules))
    suite = infer_suite(frame, Roles("", tuple(frame)), "s").suite
    assert len(searches) == 1
    assert "column_values_to_equal_sum_of_columns: a, b, c" in {e["meta"]["rule"] for e in suite["expectations"]}
    assert len(tried) == calibration.SPLITS
    assert all(any("equal_sum" in rule.kind for rule in rules) for rules in tried)


def test_a_known_relation_gets_the_tolerance_of_the_rows_at_hand():
    rng = np.random.default_rng(0)
    a, b = rng.normal(9, 1, 400).round(2), rng.normal(5, 1, 400).round(2)
    known = Relation("sum", "c", ("a", "b"), tolerance=7.0)
    (exact,) = arithmetic.refit([known], ["a", "b", "c"], np.array([a, b, (a + b).round(2)]))
    assert exact.tolerance == 0
    (rounded,) = arithmetic.refit([known], ["a", "b", "c"], np.array([a, b, (a + b).round(1)]))
    assert rounded.tolerance == pytest.approx(0.05, rel=1e-3)
    (unknown,) = arithmetic.refit([known], ["a", "b", "c"], np.full((3, 9), np.nan))
    assert unknown == known
