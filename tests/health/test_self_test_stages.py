"""The stages of the audit see what is planted in a table in which it can be seen, and nothing in the table itself."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assay import audit
from assay.config_file import parse_config
from assay.findings import Status
from assay.self_testing import columns, labels, looks, testing
from assay.self_testing.defects import list_defects
from assay.self_testing.sights import Sight, compare
from assay.validation.drift import propose_drift


def make_frame(n=600, seed=0):
    """A label that two numbers say all but surely, two groups of equal size, heights of a known spread."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n))
    return pd.DataFrame(
        {
            "a": a,
            "b": b,
            "height": rng.normal(170.0, 8.0, n).round(1),
            "town": rng.choice(["Ulm", "Bonn", "Köln"], n),
            "sex": rng.choice(["f", "m"], n),
            "y": np.where(3 * a + 3 * b + rng.normal(size=n) / 4 > 0, "yes", "no"),
        }
    )


SETTINGS = {"label": "y", "sensitive": ["sex"], "health": {"self_test": True}}


@pytest.fixture(scope="module")
def bench(make_dataset):
    dataset = make_dataset(make_frame(), label="y", sensitive=["sex"])
    return looks.Bench(parse_config(SETTINGS), dataset, seed=0)


@pytest.mark.parametrize(
    ("look", "plant", "size", "code"),
    [
        (looks.look_at_labels, labels.plant_wrong_labels, 0.2, "LN001"),
        (looks.look_at_missing, columns.plant_missing_in_group, 0.3, "FB003"),
        (looks.look_at_copies, columns.plant_duplicates, 0.05, "DQ011"),
        (looks.look_at_cells, columns.plant_thousandfold, 0.025, "DQ033"),
        (looks.look_at_leaks, columns.plant_leak, 1.0, "DQ017"),
        (looks.look_at_leaks, columns.plant_one_sided_leak, 0.5, "MH023"),
    ],
)
def test_a_stage_sees_its_defect_and_not_the_unchanged_rows(bench, look, plant, size, code):
    planted, truth = plant(bench.unchanged, size, np.random.default_rng(1))
    seen = compare(Sight(code), truth, look(bench, planted), look(bench, bench.unchanged))
    assert (seen.found, seen.alarm) == (True, False)


def test_planted_labels_are_among_the_suspect_rows(bench):
    planted, truth = labels.plant_wrong_labels(bench.unchanged, 0.1, np.random.default_rng(1))
    sight = Sight("LN001", by_rows=True, located=False)
    seen = compare(sight, truth, looks.look_at_labels(bench, planted), looks.look_at_labels(bench, bench.unchanged))
    # Of so few rows, few are named; but these are the right ones, as the label is all but sure.
    assert seen.recall > 0.25
    assert seen.precision > 0.9


def test_a_stamp_is_looked_at_with_models_that_can_be_asked(bench):
    planted, _ = labels.plant_trigger(bench.unchanged, 0.05, np.random.default_rng(1))
    found = looks.look_at_stamps(bench, planted)
    assert {finding.code for finding in found} == {"LN001", "LN003", "MH050"}
    assert not {finding.status for finding in found if finding.code == "MH050"} & {Status.ERROR, Status.NOT_APPLICABLE}


def test_leaks_of_a_part_are_asked_where_there_are_models(bench, tmp_path):
    assert {f.code for f in looks.look_at_leaks(bench, bench.unchanged)} == {"DQ017", "MH022", "MH023"}
    settings = bench.config.learning.model_copy(update={"pred_probs": tmp_path / "mine.csv"})
    given = replace(bench, config=bench.config.model_copy(update={"learning": settings}))
    assert {f.code for f in looks.look_at_leaks(given, bench.unchanged)} == {"DQ017"}


def test_drift_is_seen_by_the_bounds_of_the_suite(bench, tmp_path):
    dataset = bench.unchanged
    rules = propose_drift(dataset.frame, dataset.roles, fresh=600, alpha=0.05)
    suite = tmp_path / "suite.json"
    entries = [{"type": rule.kind, "kwargs": dict(rule.kwargs)} for rule in rules]
    suite.write_text(json.dumps({"name": "s", "expectations": entries}, allow_nan=False), encoding="utf-8")
    config = parse_config({**SETTINGS, "validation": {"suite": str(suite)}})
    (defect,) = [d for d in list_defects(config, dataset) if d.name == "values of a column drifted"]
    assert not defect.unfit
    bounded = replace(bench, config=config)
    assert "y" not in defect.plant.keywords["columns"]
    planted, truth = columns.plant_drift(dataset, 0.5, np.random.default_rng(0), ["height"])
    seen = compare(defect.sights[0], truth, defect.look(bounded, planted), defect.look(bounded, dataset))
    assert (seen.found, seen.alarm) == (True, False)


def test_the_whole_self_test_in_an_audit(monkeypatch):
    monkeypatch.setattr(testing, "TRAINED_TRIALS", 1)
    monkeypatch.setattr(testing, "UNTRAINED_TRIALS", 1)
    monkeypatch.setattr(labels, "LEAST_GROUP", 20)
    monkeypatch.setattr(testing, "list_defects", lambda *given: list_defects(*given)[3::2])
    quick = {"learning_curve": False, "shuffled": False, "attributions": False, "stamps": False}
    report = audit(
        make_frame(150),
        **{**SETTINGS, "health": {"self_test": True, **quick}},
        learning={"folds": 2, "repeats": 1, "epochs": 2, "other_models": False},
        label_noise={"rehearse": False},
        fairness={"cleaning_effect": False},
    )
    (finding,) = [one for one in report.findings if one.code == "MH060"]
    assert finding.status is Status.INCONCLUSIVE  # one trial proves nothing
    assert set(report.health.tables["power"]["defect"]) >= {"a column with the label"}
    assert json.loads(report.to_json())["health"]
