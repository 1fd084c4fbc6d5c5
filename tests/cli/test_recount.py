"""`assay recount`: from a stored audit to an exit code."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from assay.cli import app
from assay.fairness import assess_fairness
from assay.fairness_config import FairnessConfig
from assay.report.disclosure import count_rate_rows, hide_small_fairness
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
        fairness = plain({"by_group": result.by_group, "disparities": result.disparities})
        rate_rows = count_rate_rows(result.by_group)
        fairness = hide_small_fairness({**fairness, "counts": {"columns": [], "rows": []}}, rate_rows, 1.0)
        document = {
            "schema": "assay-report/1",
            "verdict": "reject",
            "reasons": [{"finding": "FB011-1"}],
            "findings": [
                {"id": "FB011-1", "code": "FB011", "severity": "critical", "subject": {"columns": ["g"]}},
                {"id": "FB011-2", "code": "FB011", "severity": "critical", "subject": {"columns": ["h"]}},
                {"id": "LN001-1", "code": "LN001", "severity": "critical", "subject": {"columns": ["y"]}},
            ],
            "dataset": {"fingerprint": dataset.fingerprint},
            "fairness": fairness,
        }
        (place / "report.json").write_text(json.dumps(document), encoding="utf-8")
        (place / "fairness.json").write_text(result.tables.to_json(), encoding="utf-8")
        return place

    return write


def run(*words):
    return CliRunner().invoke(app, ["recount", *map(str, words)])


def change(place, edit):
    """Write the report anew after `edit` of its document."""
    file = place / "report.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    edit(document)
    file.write_text(json.dumps(document), encoding="utf-8")
    return place


def by_feature(result):
    return json.loads(result.output)["features"]


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
    assert "could not be checked" in " ".join(result.output.split())


def partly_hidden(store):
    """Make the large groups of "g" errors of fewer than ten rows of one kind, so that its counts are hidden in part."""
    return store("partly", n=240)


def test_one_figure_that_cannot_be_checked_is_undecided(store):
    place = partly_hidden(store)
    found = json.loads(run(place, "--json").output)
    known = {figure["status"] for figure in found["figures"]}
    assert "equal" in known, known
    assert known - {"equal"}
    assert found["equal"] is None
    unchecked, every = found["features"]["g"]["unchecked"], found["features"]["g"]["figures"]
    assert 0 < unchecked < every
    result = run(place)
    assert result.exit_code == 3
    words = " ".join(result.output.split())
    assert f"{unchecked} of {every} of g" in words
    assert "Among them are figures behind the verdict 'reject': of FB011-1 (g)." in words


def test_what_a_passed_verdict_rests_on_is_what_could_have_blocked_it(store):
    def passes(document):
        document.update(verdict="pass", reasons=[])

    place = change(partly_hidden(store), passes)
    assert "The report shows no figure behind the verdict 'pass': of FB011-2 (h)." in " ".join(
        run(place).output.split()
    )
    found = json.loads(run(place, "--json").output)
    assert [(basis["finding"], basis["unchecked"] > 0) for basis in found["rests_on"]] == [
        ("FB011-1", True),
        ("FB011-2", False),
    ]


@pytest.mark.parametrize(("column", "told"), [("value", 0.5), ("value", 1.5), ("low", 0.01), ("high", None), ("n", 1)])
def test_an_uncountable_rate_is_held_against_its_own_rows(store, column, told):
    place = partly_hidden(store)
    keys = ("feature", "group", "metric")
    hidden = next(
        tuple(figure[key] for key in keys)
        for figure in json.loads(run(place, "--json").output)["figures"]
        if figure["status"] == "hidden counts" and figure["group"] and figure["metric"] != "average odds"
    )

    def forge(document):
        table = document["fairness"]["by_group"]
        at = table["columns"].index
        for row in table["rows"]:
            if tuple(row[at(key)] for key in keys) == hidden:
                n = row[at("n")]
                # A share that no whole number of n rows makes up.
                row[at(column)] = told if column != "value" or told > 1 else (n // 2 + 0.5) / n

    result = run(change(place, forge))
    assert result.exit_code == 1, result.output
    assert f"impossible: {column}" in result.output
    assert "In contradiction to their own n: 1." in " ".join(result.output.split())


def test_a_status_of_hidden_groups_is_not_taken_for_checked(store):
    found = json.loads(run(partly_hidden(store), "--json").output)
    columns = {figure["metric"]: figure["unchecked"] for figure in found["figures"] if figure["kind"]}
    assert columns
    assert all("status" in unchecked for unchecked in columns.values())


DAMAGES = {
    "no fairness": lambda d: d.pop("fairness"),
    "fairness is nothing": lambda d: d.update(fairness=None),
    "no table": lambda d: d["fairness"].pop("disparities"),
    "a list for a table": lambda d: d["fairness"].update(by_group=[1]),
    "no columns": lambda d: d["fairness"]["by_group"].pop("columns"),
    "a short row": lambda d: d["fairness"]["by_group"]["rows"][0].pop(),
    "a column less": lambda d: d["fairness"]["by_group"].update(columns=["feature", "group", "metric"], rows=[]),
    "a number for a name": lambda d: d["fairness"]["by_group"]["rows"][0].__setitem__(0, 3),
    "a list for a name": lambda d: d["fairness"]["by_group"]["rows"][0].__setitem__(0, []),
    "a text for a value": lambda d: d["fairness"]["by_group"]["rows"][0].__setitem__(3, "much"),
    "a value beyond floats": lambda d: d["fairness"]["by_group"]["rows"][0].__setitem__(3, 10**400),
    "not a number": lambda d: d["fairness"]["by_group"]["rows"][0].__setitem__(3, float("nan")),
    "no reasons": lambda d: d.pop("reasons"),
    "reasons of text": lambda d: d.update(reasons=["because"]),
    "findings without a subject": lambda d: d.update(findings=[{"id": "FB011-1", "code": "FB011"}]),
    "no verdict": lambda d: d.pop("verdict"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_report_is_a_mistake(store, damage):
    result = run(change(store("one"), damage))
    assert result.exit_code == 2, result.output
    assert "run the audit again" in " ".join(result.output.lower().split())


def test_braces_and_markup_in_a_report_are_text(store):
    result = run(change(store("one"), lambda d: d.update(verdict="{x} [red]")))
    assert result.exit_code == 0, result.output
    assert "{x} [red]" in result.output


def test_a_report_without_its_dataset_is_a_mistake(store):
    assert run(change(store("one"), lambda d: d.pop("dataset"))).exit_code == 2


def test_no_word_is_broken_on_a_narrow_screen(store, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = run(store("one")).output.splitlines()
    assert "g, Ünï, x, true positive rate: equal" in lines
    assert all(len(line) <= 80 for line in lines)
    assert not any(line.startswith("fea") for line in lines)
    before, after = store("before"), store("after", seed=1, drop=0.3)
    assert all(len(line) <= 90 for line in run(after, "--against", before).output.splitlines())


def test_a_wide_terminal_has_a_table(store, monkeypatch):
    from assay.cli.recount_view import recounting_text
    from assay.recounting import recount_audit

    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("FORCE_COLOR", "1")
    head = recounting_text(recount_audit(store("one"))).splitlines()[0]
    assert re.sub(r"\x1b\[\d+m", "", head).split() == ["feature", "group", "metric", "value", "low", "high", "n"]


def test_what_was_not_compared_is_named(store):
    before, after = store("before"), partly_hidden(store)
    result = run(after, "--against", before)
    words = " ".join(result.output.split())
    assert "Disparities that were not compared" in words
    missing = json.loads(run(after, "--against", before, "--json").output)["not_compared"]["g"]
    assert "equalized odds difference" in missing
    everything = json.loads(run(before, "--against", before, "--json").output)["not_compared"]["g"]
    document = json.loads((before / "report.json").read_text(encoding="utf-8"))
    table = document["fairness"]["disparities"]
    names = {f"{row[1]} {row[2]}" for row in table["rows"]}
    assert table["columns"][:3] == ["feature", "metric", "kind"]
    assert set(everything) == names
    assert json.loads(run(store("third", seed=3), "--against", before, "--json").output)["not_compared"] == {}


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
