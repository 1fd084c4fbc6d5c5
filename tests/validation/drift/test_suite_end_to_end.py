"""Rules of a reference, written into a suite, held against batches by `validate`."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from assay.config import ValidationConfig
from assay.findings import Status
from assay.validation import validate
from assay.validation.drift import propose_drift


def table(n, *, seed=0, start="2024-01-01", shift=0.0, cards=0.7):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "taken at": (
                pd.Timestamp(start) + pd.to_timedelta(np.sort(rng.uniform(0, 90 * 24 * 60, n)).round(), unit="min")
            ).astype(str),
            "Größe ✓": rng.normal(shift, 1, n),
            "paid": np.where(rng.random(n) < cards, "card", "cash"),
            "sex": rng.choice(["F", "M"], n),
            "label": rng.choice([0, 1], n),
        }
    )
    frame.loc[rng.random(n) < 0.05, "Größe ✓"] = np.nan
    return frame


@pytest.fixture
def held(tmp_path, make_dataset):
    """Hold a batch against the drift rules of a reference: findings by column, and those of the table."""

    def hold(reference, batch, fresh=None, role="sensitive"):
        # The rules are those of a suite in which nobody had yet said what "sex" is.
        known = make_dataset(reference, label="label", time="taken at")
        settings = {"label": "label", "time": "taken at", role: ["sex"] if role == "sensitive" else "sex"}
        rules = propose_drift(known.frame, known.roles, fresh=fresh or len(batch), alpha=0.05)
        suite = tmp_path / "suite.json"
        entries = [
            {"type": r.kind, "kwargs": dict(r.kwargs), "meta": {"reason": r.reason, **r.evidence}} for r in rules
        ]
        suite.write_text(json.dumps({"name": "s", "expectations": entries}, allow_nan=False), encoding="utf-8")
        found = validate(make_dataset(batch, **settings), ValidationConfig(suite=suite), checks=())
        return {(str(f.subject), f.evidence.metric if f.evidence else ""): f for f in found.findings}

    return hold


@pytest.mark.parametrize(("n", "rules"), [(30, 2), (150, 2), (800, 6), (4000, 6)])
def test_a_fresh_sample_of_the_same_source_raises_no_alarm_and_leaves_nothing_open(held, n, rules):
    found = held(table(n), table(n, seed=1))
    assert {f.status for f in found.values()} == {Status.PASSED}
    assert len(found) == rules


def test_planted_drift_fails_in_its_columns_alone_with_effect_and_interval(held):
    found = held(table(4000), table(4000, seed=1, shift=1.0, cards=0.4))
    failed = {key[0]: f for key, f in found.items() if f.status is Status.FAILED}
    assert set(failed) == {"Größe ✓", "paid"}
    evidence = failed["paid"].evidence
    assert evidence.interval.low <= 0.3 <= evidence.interval.high
    assert evidence.interval.low > evidence.threshold
    assert evidence.n == 4000
    assert "'ca" in failed["paid"].message
    assert "median" in failed["Größe ✓"].message


@pytest.mark.parametrize("role", ["sensitive", "group", "id"])
@pytest.mark.parametrize(
    ("before", "after", "unsaid"),
    [
        (["F", "M"], ["F", "F"], ("'F'", "'M'")),
        ([1, 2], [1, 1], (": 1 ", ": 2 ")),
        (np.arange(400) / 7, np.arange(400) / 7 + 30, ("median", "above", "up to")),
    ],
)
def test_values_of_people_are_not_quoted(held, role, before, after, unsaid):
    reference, batch = (frame.assign(sex=np.resize(v, 4000)) for frame, v in ((table(4000), before), (table(4000, seed=1), after)))  # fmt: skip
    finding = held(reference, batch, role=role)["sex", "total variation distance"]
    assert finding.status is Status.FAILED
    assert not any(words in finding.message for words in ("Largest change", *unsaid))


def test_an_old_batch_fails_by_its_newest_time(held):
    found = held(table(2000), table(2000, seed=1, start="2023-06-01"))
    stale = found["taken at", "age of the newest time"]
    assert stale.status is Status.FAILED
    assert "not before 2024-03" in stale.message


def test_a_fifth_of_the_rows_is_not_a_delivery(held):
    found = held(table(2000), table(400, seed=1), fresh=2000)
    assert [key for key, f in found.items() if f.status is Status.FAILED] == [
        ("the dataset", "table_row_count_to_be_between")
    ]


def test_a_few_rows_decide_nothing_and_pass_nothing(held):
    found = held(table(2000), table(20, seed=1), fresh=2000)
    effects = [f for key, f in found.items() if key[1] == "total variation distance"]
    assert {f.status for f in effects} == {Status.INCONCLUSIVE}
    assert all("20 rows are too few; about " in f.message for f in effects)


def test_a_suite_with_a_damaged_reference_is_refused_with_the_reason(tmp_path, make_dataset):
    from assay.errors import ConfigurationError

    frame = table(1000)
    rules = propose_drift(frame, make_dataset(frame, label="label").roles, fresh=500, alpha=0.05)
    rule = next(r for r in rules if r.kwargs.get("column") == "paid")
    broken = json.loads(json.dumps(dict(rule.kwargs)))
    broken["reference"]["shares"]["values"] = [0.5]
    suite = tmp_path / "suite.json"
    suite.write_text(json.dumps({"name": "s", "expectations": [{"type": rule.kind, "kwargs": broken}]}))
    with pytest.raises(ConfigurationError, match="one share"):
        validate(make_dataset(frame, label="label"), ValidationConfig(suite=suite), checks=())
