"""An audit by a user's own predictions, from the configuration to the report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import assay
from assay.config_file import load_config, parse_config
from assay.errors import AssayError, ContractError

ROWS, UNLABELLED = 1500, 10


@pytest.fixture(scope="module")
def people():
    """People, a tenth of whose labels are wrong; the probabilities that an honest model gives; which are wrong."""
    rng = np.random.default_rng(0)
    skill = rng.normal(size=ROWS)
    p = 1 / (1 + np.exp(-6 * skill))
    true = rng.random(ROWS) < p
    wrong = rng.random(ROWS) < 0.1
    frame = pd.DataFrame(
        {
            "person": [f"P{i:05d}" for i in range(ROWS)],
            "skill": skill,
            "sex": rng.choice(["F", "M"], ROWS),
            "hired": np.where(true ^ wrong, "yes", "no").astype(object),
        }
    )
    frame.loc[: UNLABELLED - 1, "hired"] = None
    learned = 0.1 + 0.8 * p
    probs = pd.DataFrame({"yes": learned, "person": frame["person"], "no": 1 - learned})
    return frame, probs.iloc[UNLABELLED:].sample(frac=1, random_state=0), wrong


SETTINGS = {"label": "hired", "id": "person", "sensitive": ["sex"]}


@pytest.fixture(scope="module")
def report(people, tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "mine.parquet"
    people[1].to_parquet(path, index=False)
    return assay.audit(people[0], **SETTINGS, learning={"pred_probs": str(path)})


def found(report, code):
    return [finding for finding in report.findings if finding.code == code]


def test_a_mistake_comes_to_light_before_the_first_long_stage(people, tmp_path):
    stages = []

    def stage(name, function, /, *args, **kwargs):
        stages.append(name)
        return function(*args, **kwargs)

    config = parse_config({**SETTINGS, "learning": {"pred_probs": str(tmp_path / "absent.csv")}})
    with pytest.raises(AssayError, match="must be a file, got none"):
        assay.run_audit(config, frame=people[0], stage=stage)
    numbers = parse_config({**SETTINGS, "label": "skill", "learning": {"pred_probs": str(tmp_path / "absent.csv")}})
    with pytest.raises(AssayError, match="must be left out where the label is a number"):
        assay.run_audit(numbers, frame=people[0], stage=stage)
    assert stages == ["ingest", "ingest"]


def test_nothing_is_trained(people, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a training")

    monkeypatch.setattr("assay.judging.out_of_sample", refuse)
    people[1].to_csv(tmp_path / "mine.csv", index=False)
    assay.audit(people[0], **SETTINGS, learning={"pred_probs": str(tmp_path / "mine.csv")})


def test_labels_are_judged_by_them(report, people):
    wrong, quality = people[2][UNLABELLED:], report.labels["quality"].to_numpy()
    assert roc_auc_score(~wrong, quality[UNLABELLED:]) > 0.85
    assert np.isnan(quality[:UNLABELLED]).all()
    assert not report.labels["suspect"][:UNLABELLED].any()


def test_the_report_says_whose_predictions_they_are(report):
    assert "given by the user: mine.parquet" in report.manifest["device"]
    assert report.manifest["training"]["predictions"] == "mine.parquet"
    assert len(report.manifest["training"]["sha256"]) == 64
    assert "given by the user: mine.parquet" in report.to_html()


def test_what_was_not_measured_is_said(report):
    (gap,), (cleaning,), (unseen,), (left_out,) = (found(report, c) for c in ("MH002", "FB020", "MH004", "MH003"))
    assert gap.status == "inconclusive"
    assert "was not measured: the predictions were given" in gap.message
    assert cleaning.status == "not_applicable"
    assert "the predictions were given (mine.parquet)" in cleaning.message
    assert unseen.status == "not_applicable"
    assert left_out.status == "passed"
    assert not found(report, "LN004")[1].blocks
    assert not [finding for finding in report.findings if finding.status == "error"]


def test_every_form_of_the_report_is_written(report, tmp_path):
    assert (report.save(tmp_path) / "report.html").exists()
    assert report.to_markdown()
    assert report.to_junit()


def test_the_path_is_relative_to_the_configuration(tmp_path):
    (tmp_path / "audit.yaml").write_text("label: y\nlearning: {pred_probs: sub/mine.csv}\n", encoding="utf-8")
    assert load_config(tmp_path / "audit.yaml").learning.pred_probs == tmp_path / "sub" / "mine.csv"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.assign(yes=1 - t["yes"], no=1 - t["no"]), "columns that look swapped"),
        (lambda t: t.assign(yes=100 * t["yes"], no=100 * t["no"]), "percentages"),
        (lambda t: t.assign(yes=t["yes"].where(t["person"] != "P00700")), r"1 rows \(700, counted from 0\) with NaN"),
        (lambda t: t.assign(no=0.5), "must sum to 1"),
        (lambda t: t.iloc[1:], "must have every labelled row, got 1 row"),
    ],
)
def test_what_is_refused(people, tmp_path, change, words):
    change(people[1]).to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(AssayError, match=words) as caught:
        assay.audit(people[0], **SETTINGS, learning={"pred_probs": str(tmp_path / "mine.csv")})
    assert "P00" not in str(caught.value)


def test_memorised_predictions_are_refused(people, tmp_path):
    frame, probs, _ = people
    given = frame.set_index("person")["hired"][probs["person"]].to_numpy() == "yes"
    memorised = probs.assign(yes=np.where(given, 0.9, 0.1), no=np.where(given, 0.1, 0.9))
    memorised.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(ContractError, match="must be out of sample"):
        assay.audit(frame, **SETTINGS, learning={"pred_probs": str(tmp_path / "mine.csv")})
