"""Real data, end to end: the audit of Adult and of German credit, held against independent recomputations."""

from __future__ import annotations

from pathlib import Path
from string import Template

import numpy as np
import pandas as pd
import pytest

from assay.auditing import run_audit
from assay.config_file import load_config
from assay.findings import Status

pytestmark = pytest.mark.real_data

HERE = Path(__file__).parent
SUITES = HERE.parents[1] / "expectations"

# Rates by their definitions, from masks over the rows: y and p are true where the label, the prediction is positive.
RATES = {
    "base rate": lambda y, p: y.mean(),
    "selection rate": lambda y, p: p.mean(),
    "true positive rate": lambda y, p: p[y].mean(),
    "false positive rate": lambda y, p: p[~y].mean(),
    "false negative rate": lambda y, p: (~p)[y].mean(),
    "precision": lambda y, p: y[p].mean(),
    "accuracy": lambda y, p: (y == p).mean(),
    "average odds": lambda y, p: (p[y].mean() + p[~y].mean()) / 2,
}


def configured(name: str, data: Path, folder: Path):
    """Configuration of a real dataset, from its template."""
    template = Template((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    path = folder / f"{name}.yaml"
    path.write_text(template.substitute(DATA=data, SUITE=SUITES / f"{name}.json"), encoding="utf-8")
    return load_config(path)


@pytest.fixture(scope="module")
def adult_csv(real_data) -> Path:
    return real_data("adult/adult-train.csv")


@pytest.fixture(scope="module")
def adult(adult_csv, tmp_path_factory):
    return run_audit(configured("adult", adult_csv, tmp_path_factory.mktemp("adult")))


@pytest.fixture(scope="module")
def german(real_data, tmp_path_factory):
    return run_audit(
        configured("german_credit", real_data("german_credit/german.csv"), tmp_path_factory.mktemp("german"))
    )


def raw(path: Path, names) -> pd.DataFrame:
    """The file as pandas alone reads it."""
    return pd.read_csv(path, header=None, names=list(names), skipinitialspace=True, na_values="?")


def findings(report, code, status=Status.FAILED):
    return [finding for finding in report.findings if finding.code == code and finding.status is status]


def by_mask(report, groups: pd.Series, group: str, metric: str) -> float:
    """A rate of one group, recomputed from the report's probabilities and the file's labels alone."""
    dataset = report.dataset
    positive = dataset.labels.classes[dataset.labels.positive]
    truth = (report.recorded == positive).to_numpy()
    predicted = (report.pred_probs.idxmax(axis=1) == positive).to_numpy()
    mask = (groups == group).to_numpy()
    return RATES[metric](truth[mask], predicted[mask])


class Recorded:
    """A report beside the labels as pandas alone read them."""

    def __init__(self, report, recorded: pd.Series) -> None:
        self.dataset, self.pred_probs, self.recorded = (
            report.dataset,
            report.pred_probs.reset_index(drop=True),
            recorded,
        )


def assert_rates_hold(report, beside: Recorded, feature: str, groups: pd.Series, least: int) -> None:
    """Every rate of the fairness table equals its recomputation, and lies in its interval."""
    table = report.fairness[report.fairness["feature"] == feature]
    assert set(table["group"]) == set(groups)
    assert set(table["metric"]) == set(RATES)
    compared = 0
    for row in table.itertuples():
        if row.n < least:
            continue
        assert row.value == pytest.approx(by_mask(beside, groups, row.group, row.metric), abs=1e-12), row
        assert row.low <= row.value <= row.high
        compared += 1
    assert compared > len(RATES)


def test_adult_has_all_rows_and_groups(adult):
    assert len(adult.dataset) == 32_561
    assert len(adult.labels) == len(adult.pred_probs) == 32_561
    assert set(adult.dataset.groups["sex"]) == {"Female", "Male"}
    assert adult.dataset.groups["race"].nunique() == 5
    assert "sex x race" in set(adult.fairness["feature"])


def test_adult_learns_as_well_as_a_plain_network_can(adult):
    from sklearn.metrics import roc_auc_score

    truth = adult.dataset.labels.codes
    probability = adult.pred_probs[">50K"].to_numpy()
    assert ((probability > 0.5) == truth).mean() >= 0.854
    assert roc_auc_score(truth, probability) >= 0.911


def test_adult_has_24_duplicate_rows(adult, adult_csv):
    names = adult.config.data.names
    expected = np.flatnonzero(raw(adult_csv, names).duplicated())
    assert len(expected) == 24
    rows = adult.ledger[adult.ledger["check"] == "DQ011"]
    assert rows["position"].tolist() == expected.tolist()


def test_adult_missing_markers_are_missing(adult, adult_csv):
    names = adult.config.data.names
    expected = raw(adult_csv, names).isna().sum()
    assert expected.sum() == 4262  # "?" in 1,836 workclasses, 1,843 occupations, 583 countries
    assert adult.dataset.frame.isna().sum().to_dict() == expected.to_dict()


def test_adult_missing_markers_are_found_where_they_are_not_configured(adult_csv, tmp_path):
    from assay.ingest import read_dataset

    config = configured("adult", adult_csv, tmp_path)
    config = config.model_copy(update={"data": config.data.model_copy(update={"missing": ()})})
    found = [f for f in read_dataset(config).findings if f.code == "DQ004" and f.status is Status.FAILED]
    rows = {f.subject.columns[0]: len(f.evidence.rows.positions) for f in found}
    assert {"workclass": 1836, "occupation": 1843, "native-country": 583}.items() <= rows.items()


def test_adult_keeps_its_suite(adult):
    """Every expectation of adult.names holds: that this dataset breaks none is known."""
    outcomes = [finding for finding in adult.findings if finding.code == "DQ100"]
    assert len(outcomes) == 18
    assert {finding.status for finding in outcomes} == {Status.PASSED}, [
        f.message for f in outcomes if f.status is not Status.PASSED
    ]


@pytest.mark.parametrize("feature", ["sex", "race", "sex x race"])
def test_adult_fairness_table_is_what_masks_give(adult, adult_csv, feature):
    frame = raw(adult_csv, adult.config.data.names)
    groups = frame["sex"] + " x " + frame["race"] if " x " in feature else frame[feature]
    assert_rates_hold(adult, Recorded(adult, frame["income"]), feature, groups, least=1)


def test_adult_disparity_between_the_sexes_is_found(adult):
    """That a model trained on Adult selects women far less often is long known."""
    assert adult.decision != "pass"
    assert any("sex" in finding.subject.columns for finding in findings(adult, "FB010"))


def test_german_credit_end_to_end(german, real_data):
    frame = raw(real_data("german_credit/german.csv"), german.config.data.names)
    assert len(german.dataset) == 1000
    assert german.dataset.labels.classes[german.dataset.labels.positive] == "1"
    beside = Recorded(german, frame["class"].astype(str))
    assert_rates_hold(german, beside, "personal_status", frame["personal_status"], least=1)
    bands = pd.cut(frame["age"], [0, 25, 60, 200], right=False, labels=["<25", "25-60", ">=60"]).astype(str)
    assert_rates_hold(german, beside, "age_band", bands, least=1)


def test_german_credit_keeps_its_suite(german):
    outcomes = [finding for finding in german.findings if finding.code == "DQ100"]
    assert len(outcomes) == 22
    assert {finding.status for finding in outcomes} == {Status.PASSED}, [
        f.message for f in outcomes if f.status is not Status.PASSED
    ]
