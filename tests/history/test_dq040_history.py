"""DQ040: a jump is told, quiet nights and short histories are not, and nothing breaks an audit."""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa
from history_parts import by_group, configure, keep_all, make_document, store

from assay.findings import Severity, Status
from assay.history import database, judge_history, keep_history
from assay.history.figures import figures_of
from assay.history.prediction import MIN_AUDITS
from assay.history.trend import Point, hold_against, usual


def nights(counts, **parts):
    return [make_document(float(rows), night=night, **parts) for night, rows in enumerate(counts)]


def judge(folder, document, **settings):
    config = configure(folder, **settings)
    return judge_history(config, document["manifest"]["fingerprint"], lambda: document)


def quiet(n=30, seed=0):
    return np.random.default_rng(seed).poisson(1000, n)


def must_not_be_called():
    raise AssertionError


def test_a_planted_jump_in_the_row_count_is_told(tmp_path):
    keep_all(tmp_path, nights(quiet()))
    (found,) = judge(tmp_path, make_document(500, night=30))
    assert (found.code, found.status, found.severity) == ("DQ040", Status.FAILED, Severity.WARNING)
    assert found.message.startswith("Rows is 500, where the last 30 audits predict ")
    assert found.evidence.value == 500
    metric, feature, group, value, low, high, audits = found.evidence.table.rows[0]
    assert (metric, feature, group, value, audits) == ("rows", "", "", 500, 30)
    assert 500 < low < 1000 < high


def test_quiet_nights_pass(tmp_path):
    keep_all(tmp_path, nights(quiet()))
    (found,) = judge(tmp_path, make_document(1010, night=30))
    assert found.status is Status.PASSED
    assert found.message == "All of 3 figures are what the last 30 audits predict."


def test_a_short_history_is_silent_and_costs_nothing(tmp_path):
    (found,) = judge_history(configure(tmp_path), "f", must_not_be_called)
    assert found.status is Status.NOT_APPLICABLE
    assert not (tmp_path / "history.db").exists()
    keep_all(tmp_path, nights(quiet(MIN_AUDITS - 1)))
    (found,) = judge_history(configure(tmp_path), "f", must_not_be_called)
    assert found.status is Status.NOT_APPLICABLE
    assert judge(tmp_path, make_document(1, night=99))[0].status is Status.NOT_APPLICABLE


def test_audits_of_the_same_data_count_once(tmp_path):
    history = keep_all(tmp_path, nights(quiet(MIN_AUDITS - 1)))
    same = [make_document(1000, night=50 + at) for at in range(MIN_AUDITS)]
    for document in same:
        document["manifest"]["fingerprint"] = "f" * 64
    keep_all(tmp_path, same)
    # Seven other states of the data and this one: it does not predict itself.
    assert judge(tmp_path, same[0])[0].status is Status.NOT_APPLICABLE
    assert judge(tmp_path, make_document(1000, night=99))[0].status is Status.PASSED
    assert history.file.exists()


def test_a_frame_without_a_name_and_no_history_are_not_applicable(tmp_path):
    keep_all(tmp_path, nights(quiet(), name="dataset"))
    config = configure(tmp_path)
    (unnamed,) = judge_history(config.model_copy(update={"name": None}), "f", must_not_be_called)
    (off,) = judge_history(configure(tmp_path, history="off"), "f", must_not_be_called)
    assert unnamed.status is off.status is Status.NOT_APPLICABLE


def test_figures_of_groups_are_told_by_their_feature(tmp_path):
    rng = np.random.default_rng(4)
    keep_all(
        tmp_path,
        [
            make_document(1000, night=night, fairness=by_group({"F": rng.binomial(1000, 0.5) / 1000, "M": 0.6}))
            for night in range(30)
        ],
    )
    after = make_document(1000, night=30, fairness=by_group({"F": 0.2, "M": 0.6}))
    (found,) = judge(tmp_path, after)
    assert found.status is Status.FAILED
    assert str(found.subject) == "sex"
    assert "Selection rate of sex (F) is 0.2, where" in found.message
    assert [row[2] for row in found.evidence.table.rows] == ["F"]


@pytest.mark.parametrize("rate", [None, "<10", float("nan")])
def test_a_figure_that_is_not_known_is_not_judged(tmp_path, rate):
    keep_all(tmp_path, [make_document(1000, night=n, fairness=by_group({"F": 0.5})) for n in range(12)])
    assert judge(tmp_path, make_document(1000, night=12, fairness=by_group({"F": rate})))[0].status is Status.PASSED


def test_fifty_quiet_histories_of_many_figures_raise_few_false_alarms():
    rng = np.random.default_rng(5)
    alarms = 0
    for at in range(50):
        nights_ = int(rng.choice([MIN_AUDITS, 12, 20, 31]))
        past = [_quiet_document(rng, night) for night in range(nights_ + 1)]
        series = {}
        for document in past[:-1]:
            for figure in figures_of(document):
                series.setdefault(figure.key, []).append(Point(figure.value, document["manifest"]["created"]))
        trends = hold_against(figures_of(past[-1]), series, past[-1]["manifest"]["created"])
        assert all(trend.prediction is not None for trend in trends), at
        alarms += any(trend.is_unexpected for trend in trends)
    assert alarms <= 0.05 * 50


def _quiet_document(rng, night):
    rates = {str(group): rng.binomial(300, 0.3) / 300 for group in range(20)}
    return make_document(int(rng.poisson(2000)), night=night, fairness=by_group(rates, 300))


def test_what_was_told_does_not_become_usual_at_once(tmp_path):
    counts = list(quiet())
    keep_all(tmp_path, nights(counts))
    for night in range(30, 30 + MIN_AUDITS + 1):
        document = make_document(500 + night, night=night)
        (found,) = judge(tmp_path, document)
        document["findings"] = [_as_document(found)]
        keep_history(store(tmp_path, document), None)
        # Eight nights on a new level make it the usual one.
        assert found.status is (Status.FAILED if night < 30 + MIN_AUDITS else Status.PASSED)


def _as_document(found):
    from assay.report.document import _finding
    from assay.report.plain import plain

    return dict(plain(_finding(found, "DQ040-1", waived=False, accepted=False)))


def test_unexpected_points_do_not_count_until_they_are_many():
    normal, odd = Point(1.0), Point(9.0, unexpected=True)
    assert usual([normal] * 3 + [odd] * 2 + [normal]) == (normal,) * 4
    assert usual([normal] * 3 + [odd] * MIN_AUDITS + [normal]) == (odd,) * MIN_AUDITS + (normal,)


@pytest.mark.parametrize("key", ["waived", "accepted"])
def test_what_a_person_answers_for_counts_as_usual(tmp_path, key):
    keep_all(tmp_path, nights(quiet()))
    document = make_document(500, night=30)
    document["findings"] = [{**_as_document(judge(tmp_path, document)[0]), key: True}]
    keep_history(store(tmp_path, document), None)
    assert judge(tmp_path, make_document(500, night=31))[0].status is Status.PASSED


@pytest.mark.parametrize("spoil", ["lock", "newer", "garbage"])
def test_a_history_that_cannot_be_read_is_an_error_and_no_end_of_the_audit(tmp_path, spoil, monkeypatch):
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    history = keep_all(tmp_path, nights(quiet(MIN_AUDITS)))
    blocker = sa.create_engine(f"sqlite:///{history.file}").connect()
    if spoil == "lock":
        blocker.connection.driver_connection.isolation_level = None
        blocker.exec_driver_sql("BEGIN EXCLUSIVE")
    elif spoil == "newer":
        blocker.exec_driver_sql("UPDATE assay_history SET version = 99")
        blocker.commit()
    else:
        history.file.write_bytes(b"x" * 5000)
    (found,) = judge_history(configure(tmp_path), "f", must_not_be_called)
    assert found.status is Status.ERROR
    assert str(tmp_path) in found.message
    blocker.close()


def test_an_audit_is_held_against_its_history_and_the_policy_rules(tmp_path):
    import pandas as pd

    from assay.auditing import run_audit
    from assay.config_file import parse_config

    rng = np.random.default_rng(6)
    keep_all(tmp_path, nights(quiet(12) * 10))
    frame = pd.DataFrame({"x": rng.normal(size=300), "z": rng.normal(size=300)})
    frame["y"] = np.where(frame["x"] + rng.normal(0, 0.3, 300) > 0, "yes", "no")
    config = parse_config(
        {
            "name": "loans",
            "label": "y",
            "output": {"folder": str(tmp_path)},
            "learning": {"repeats": 1, "epochs": 2, "other_models": False},
            "label_noise": {"rehearse": False},
            "policy": {"severity": {"DQ040": "critical"}},
        }
    )
    report = run_audit(config, frame=frame)
    (found,) = [finding for finding in report.findings if finding.code == "DQ040"]
    assert found.status is Status.FAILED
    assert report.decision == "reject"
    assert found in report.reasons
    place = report.save(tmp_path)
    assert place.is_dir()
    again = run_audit(config, frame=frame)
    # The same data are judged by the same past, though the history has grown by them.
    assert [f.message for f in again.findings if f.code == "DQ040"] == [found.message]
