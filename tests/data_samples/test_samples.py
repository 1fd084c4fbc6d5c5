"""The committed samples are what their script makes, the truth says what is in them, and the suites load."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path

import pandas as pd
import pytest

from assay.config_file import load_config
from assay.ingest import read_dataset

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "data_samples"
SUITES = sorted((ROOT / "expectations").glob("*.json"))
FILES = ("loans/loans.csv", "loans/truth.csv", "loans_clean/loans.csv")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    spec = importlib.util.spec_from_file_location("make_loans", SAMPLES / "loans" / "make_loans.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("samples")
    module.write_loans(folder)
    return folder


@pytest.fixture(scope="module")
def loans() -> pd.DataFrame:
    return pd.read_csv(SAMPLES / "loans" / "loans.csv")


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    return pd.read_csv(SAMPLES / "loans" / "truth.csv", dtype={"row": "Int64"})


@pytest.mark.parametrize("name", FILES)
def test_script_makes_the_committed_file_again(made, name):
    assert (made / name).read_bytes() == (SAMPLES / name).read_bytes()
    assert (SAMPLES / name).stat().st_size < 1_000_000


def test_truth_counts_the_planted_defects(truth):
    counts = truth["defect"].value_counts().to_dict()
    assert counts.pop("missing_income") > 500
    assert counts.pop("wrong_label") > 240
    assert counts.pop("spelling") > 300
    assert counts == {"exact_copy": 60, "resubmitted": 40, "impossible_age": 25, "leak": 1}


def test_truth_points_at_the_spoilt_cells(loans, truth):
    placed = truth[truth["row"].notna()]
    assert (loans["application_id"].iloc[placed["row"]].to_numpy() == placed["application_id"]).all()
    for defect, column in {"wrong_label": "approved", "impossible_age": "age", "spelling": "employment"}.items():
        rows = placed[placed["defect"] == defect]
        assert (loans[column].iloc[rows["row"]].astype(str).to_numpy() != rows["true_value"].astype(str)).all()
    missing = placed.loc[placed["defect"] == "missing_income", "row"]
    # No income is missing but the planted ones: copies are of whole rows.
    assert sorted(missing) == loans.index[loans["income"].isna()].tolist()
    ages = loans["age"]
    assert (
        sorted(placed.loc[placed["defect"] == "impossible_age", "row"])
        == loans.index[(ages < 16) | (ages > 110)].tolist()
    )


def test_truth_lists_every_copy(loans, truth):
    copies = loans.index[loans.duplicated()].tolist()
    assert sorted(truth.loc[truth["defect"] == "exact_copy", "row"]) == copies
    apart_from_id = loans.drop(columns=["application_id"])
    others = loans.index[apart_from_id.duplicated() & ~loans.duplicated()].tolist()
    assert sorted(truth.loc[truth["defect"] == "resubmitted", "row"]) == others


def test_wrong_labels_fall_on_women_and_deny_them(loans, truth):
    rows = truth.loc[truth["defect"] == "wrong_label", "row"]
    wrong = loans.loc[rows]
    women = wrong["sex"] == "female"
    assert set(wrong.loc[women, "approved"]) == {"no"}
    assert set(wrong.loc[~women, "approved"]) == {"no", "yes"}
    shares = wrong["sex"].value_counts() / loans["sex"].value_counts()
    assert shares["female"] == pytest.approx(0.08, abs=0.005)
    assert shares["male"] == pytest.approx(0.025, abs=0.002)
    assert len(wrong) / len(loans) == pytest.approx(0.042, abs=0.005)


def test_leak_nearly_tells_the_decision(loans, truth):
    leak = truth.loc[truth["defect"] == "leak", "column"].item()
    opened, approved = loans[leak].notna(), loans["approved"] == "yes"
    # AUC of a yes/no feature: the mean of its two rates.
    assert (opened[approved].mean() + (~opened)[~approved].mean()) / 2 >= 0.995


@pytest.mark.parametrize("sample", ["loans", "loans_clean"])
def test_configuration_reads_its_sample(sample):
    config = load_config(SAMPLES / sample / "audit.yaml")
    dataset = read_dataset(config)
    assert config.output.folder == ROOT / "audits"
    assert config.validation.suite == ROOT / "expectations" / "loans.json"
    assert dataset.labels.positive_is_stated
    assert list(dataset.groups) == ["sex", "age_band"]
    # Groups must be large, or nothing about them could be said.
    for feature in dataset.groups:
        assert dataset.groups[feature].value_counts().min() > 1500


def test_clean_twin_has_neither_defect_nor_disparity():
    frame = pd.read_csv(SAMPLES / "loans_clean" / "loans.csv")
    assert not frame.isna().any(axis=None)
    assert frame["application_id"].is_unique
    assert not frame.drop(columns=["application_id"]).duplicated().any()
    approved = frame["approved"] == "yes"
    for group in (frame["sex"], frame["age"] >= 40):
        shares = approved.groupby(group).mean()
        assert shares.max() - shares.min() < 0.03


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_suite_loads_in_great_expectations(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Great Expectations imports is not up to date
        from great_expectations import ExpectationSuite

    document = json.loads(path.read_text(encoding="utf-8"))
    suite = ExpectationSuite(**document)
    assert suite.name == path.stem
    assert len(suite.expectations) == len(document["expectations"])
    for rule in document["expectations"]:
        assert rule["meta"]["reason"].endswith(".")
        assert rule["severity"] in ("critical", "warning", "info")
