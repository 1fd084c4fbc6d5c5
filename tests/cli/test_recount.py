"""`assay recount`: from a stored audit to an exit code."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from assay.cli import app
from assay.config import FairnessConfig
from assay.fairness import assess_fairness
from assay.report.plain import plain


@pytest.fixture
def store(tmp_path):
    """Write what `recount` reads of an audit: its fairness figures and its counts."""

    def write(name, seed=0, n=3000, drop=0.0):
        import pandas as pd

        from assay.config_file import parse_config
        from assay.ingest import read_dataset
        from assay.results import OutOfSample

        rng = np.random.default_rng(seed)
        g = rng.choice(["a", "b", "Ünï, x"], n)
        y = np.where(rng.random(n) < 0.4, "yes", "no")
        frame = pd.DataFrame({"g": g, "y": y, "x": rng.random(n)})
        dataset = read_dataset(parse_config({"label": "y", "sensitive": ["g"], "positive": "yes"}), frame=frame)
        right = rng.random(n) < np.where(g == "b", 0.8 - drop, 0.8)
        score = np.where((y == "yes") == right, 0.9, 0.1)
        probs = np.column_stack([1 - score, score])
        none = np.full((2, 1), np.nan)
        predictions = OutOfSample(
            classes=dataset.labels.classes,
            labels=dataset.labels.codes,
            pred_probs=probs,
            repeat_probs=probs[None].astype(np.float32),
            folds=(np.arange(n) % 2).astype(np.int16)[None],
            trained=np.ones(n, dtype=bool),
            left_out={},
            train_loss=none,
            test_loss=none,
            train_score=np.zeros(2),
            test_score=np.zeros(2),
            device="cpu",
        )
        result = assess_fairness(dataset, predictions, FairnessConfig(), checks=())
        place = tmp_path / "audits" / "set" / name
        place.mkdir(parents=True)
        fairness = {"by_group": result.by_group, "disparities": result.disparities}
        document = {
            "schema": "assay-report/1",
            "dataset": {"fingerprint": dataset.fingerprint},
            "fairness": plain(fairness),
        }
        (place / "report.json").write_text(json.dumps(document), encoding="utf-8")
        (place / "fairness.json").write_text(result.tables.to_json(), encoding="utf-8")
        return place

    return write


def run(*words):
    return CliRunner().invoke(app, ["recount", *map(str, words)])


def test_an_audit_as_it_was_written_is_equal(store):
    result = run(store("one"))
    assert result.exit_code == 0, result.output
    assert "follow from the counts alone, and are equal" in result.output
    found = json.loads(run(store("two"), "--json").output)
    assert found["equal"] is True
    assert {figure["status"] for figure in found["figures"]} == {"equal"}


def test_a_changed_report_is_not(store):
    place = store("one")
    document = json.loads((place / "report.json").read_text(encoding="utf-8"))
    table = document["fairness"]["by_group"]
    table["rows"][0][table["columns"].index("value")] += 1e-4
    (place / "report.json").write_text(json.dumps(document), encoding="utf-8")
    result = run(place)
    assert result.exit_code == 1
    assert "differs: value" in result.output


def test_a_figure_that_the_report_leaves_out_is_a_difference(store):
    place = store("one")
    document = json.loads((place / "report.json").read_text(encoding="utf-8"))
    del document["fairness"]["by_group"]["rows"][0]
    (place / "report.json").write_text(json.dumps(document), encoding="utf-8")
    assert run(place).exit_code == 1


def test_changed_counts_are_not_equal(store):
    place = store("one")
    document = json.loads((place / "fairness.json").read_text(encoding="utf-8"))
    document["features"][0]["cells"]["rows"][0] -= 1
    (place / "fairness.json").write_text(json.dumps(document), encoding="utf-8")
    assert run(place).exit_code == 1


def test_hidden_counts_are_named_and_nothing_known_is_undecided(store):
    place = store("few", n=60)
    result = run(place)
    assert result.exit_code == 3, result.output
    assert "cannot be computed again" in " ".join(result.output.split())


@pytest.mark.parametrize("text", [None, "{}", "x", '{"schema": "assay-fairness/9"}'])
def test_a_file_that_no_audit_writes_is_a_mistake(store, text):
    place = store("one")
    if text is None:
        (place / "fairness.json").unlink()
    else:
        (place / "fairness.json").write_text(text, encoding="utf-8")
    assert run(place).exit_code == 2


def test_counts_of_other_data_are_a_mistake(store):
    one, two = store("one"), store("two", seed=1)
    (one / "fairness.json").write_bytes((two / "fairness.json").read_bytes())
    result = run(one)
    assert result.exit_code == 2


def test_what_became_worse_has_exit_code_1(store):
    before, after = store("before"), store("after", seed=1, drop=0.3)
    result = run(after, "--against", before)
    assert result.exit_code == 1, result.output
    assert "worse" in result.output
    assert "not independent" in " ".join(result.output.split())
    found = json.loads(run(after, "--against", before, "--json").output)
    assert found["worse"] > 0
    assert run(before, "--against", after).exit_code == 0
    assert run(after, "--against", before, "--tolerance", "0.9").exit_code == 0


def test_the_same_data_are_not_tested(store):
    place = store("one")
    result = run(place, "--against", place)
    assert result.exit_code == 3
    assert "same data" in result.output


def test_a_tolerance_without_an_earlier_audit_is_a_mistake(store):
    assert run(store("one"), "--tolerance", "0.1").exit_code == 2
