"""DQ040: a jump is told, quiet nights and short histories are not, and nothing breaks an audit."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sqlalchemy as sa
from history_parts import by_group, configure, keep_all, make_document, store
from scipy import stats

from assay.findings import Severity, Status
from assay.history import database, keep_history
from assay.history.check import judge_history
from assay.history.figures import Figure, Key, figures_of
from assay.history.prediction import MIN_AUDITS
from assay.history.trend import Missing, Point, hold_against, missing, usual


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


def test_validations_are_recorded_and_predict_nothing(tmp_path):
    validations = nights(quiet())
    for document in validations:
        del document["manifest"]["fingerprint"]
    keep_all(tmp_path, validations)
    assert judge(tmp_path, make_document(1, night=40))[0].status is Status.NOT_APPLICABLE


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
def test_a_figure_that_is_not_known_is_told_and_not_judged(tmp_path, rate):
    keep_all(tmp_path, [make_document(1000, night=n, fairness=by_group({"F": 0.5})) for n in range(12)])
    (found,) = judge(tmp_path, make_document(1000, night=12, fairness=by_group({"F": rate})))
    assert found.status is Status.INCONCLUSIVE
    assert "selection rate of sex (F) (12 of the last 12 audits had it)" in found.message
    assert found.evidence.table.rows == (("selection rate", "sex", "F", 12, 12),)


def test_a_class_that_vanishes_is_told_until_a_tenth_of_the_audits_lack_it(tmp_path):
    def document(night, *names):
        classes = [{"name": name, "rows": 500 if name != "Zoë" else 20} for name in names]
        dataset = {"rows": 1000, "roles": {"label": "y", "sensitive": []}, "classes": classes}
        return make_document(1000 + night % 3, night=night, dataset=dataset)

    keep_all(tmp_path, [document(night, "a", "b", "Zoë") for night in range(20)])
    statuses = []
    for night in range(20, 25):
        after = document(night, "a", "b")
        found = judge(tmp_path, after)
        statuses.append({finding.status for finding in found})
        keep_all(tmp_path, [after])
    gone, usual_again = {Status.INCONCLUSIVE}, {Status.PASSED}
    # 20 of 20, 20 of 21 and 20 of 22 audits had it, then 20 of 23.
    assert statuses == [gone] * 3 + [usual_again] * 2


def test_a_figure_that_came_and_went_is_not_missed(tmp_path):
    rates = [0.5 if night % 3 else None for night in range(30)]
    keep_all(tmp_path, [make_document(1000, night=n, fairness=by_group({"F": r})) for n, r in enumerate(rates)])
    after = make_document(1000, night=30, fairness=by_group({"F": None}))
    assert judge(tmp_path, after)[0].status is Status.PASSED


def test_a_figure_that_vanishes_while_another_jumps_is_told_beside_it(tmp_path):
    past = [make_document(float(rows), night=n, fairness=by_group({"F": 0.5})) for n, rows in enumerate(quiet(12))]
    keep_all(tmp_path, past)
    jump, gone = judge(tmp_path, make_document(100, night=12))
    assert (jump.status, gone.status) == (Status.FAILED, Status.INCONCLUSIVE)
    assert jump.message.startswith("Rows is 100")
    assert str(gone.subject) == "sex"


def test_a_feature_has_one_finding_whatever_is_told_of_it(tmp_path):
    keep_all(tmp_path, [make_document(1000, night=n, fairness=by_group({"F": 0.5, "M": 0.5})) for n in range(12)])
    rows, sex = judge(tmp_path, make_document(990, night=12, fairness=by_group({"F": 0.1})))
    assert (str(rows.subject), rows.status) == ("the dataset", Status.INCONCLUSIVE)
    assert (str(sex.subject), sex.status) == ("sex", Status.FAILED)
    assert "Selection rate of sex (F) is 0.1" in sex.message
    assert "selection rate of sex (M) (12 of the last 12 audits had it)" in sex.message
    assert [row[2] for row in sex.evidence.table.rows] == ["F"]


def test_only_the_window_says_which_figures_are_missed():
    key = Key("AUC", "y")
    early = {key: [Point(0.8, state=at) for at in range(60)]}
    assert missing((), early, 60) == (Missing(key, 60, 60),)
    assert missing((Figure(key, 0.1),), early, 60) == ()
    assert missing((Figure(key, None),), early, 66) == (Missing(key, 54, 60),)
    assert missing((), early, 67) == ()
    assert missing((), {key: early[key][:7]}, 7) == ()


@pytest.mark.parametrize("rows", [999, 1001, 900])
def test_a_constant_number_of_rows_that_changes_a_little_is_inconclusive(tmp_path, rows):
    keep_all(tmp_path, nights([1000] * 30))
    (found,) = judge(tmp_path, make_document(rows, night=30))
    assert found.status is Status.INCONCLUSIVE
    assert f"Rows is {rows:,}, where nearly all of the last 30 audits had exactly 1,000." in found.message
    assert judge(tmp_path, make_document(1000, night=30))[0].status is Status.PASSED
    assert judge(tmp_path, make_document(500, night=30))[0].status is Status.FAILED


@pytest.mark.parametrize(
    ("past", "rows", "status"),
    [
        ([1000] * 19 + [990], 985, Status.INCONCLUSIVE),  # one change does not end it
        ([1000] * 17 + [990, 995, 1010], 985, Status.PASSED),
        ([1000] * 7, 990, Status.NOT_APPLICABLE),
    ],
)
def test_what_is_nearly_constant_and_what_is_not(tmp_path, past, rows, status):
    keep_all(tmp_path, nights(past))
    assert judge(tmp_path, make_document(rows, night=len(past)))[0].status is status


def test_chance_holds_no_count_constant():
    # The figure of `Trend.held`: at a mean of 1, where it is likeliest, for any number of audits up to the window.
    for n in range(MIN_AUDITS, 61):
        at_least = max(MIN_AUDITS, math.ceil(0.9 * n))
        for mean in (0.7, 1.0, 1.5, 2.0, 5.0):
            chances = [stats.binom.sf(at_least - 1, n, stats.poisson.pmf(rows, mean)) for rows in range(1, 20)]
            assert sum(chances) < 0.001


@pytest.mark.parametrize("loss", ["emptied", "deleted", "misnamed"])
def test_a_history_that_was_lost_is_made_again_from_the_stored_audits(tmp_path, loss):
    history = keep_all(tmp_path, nights(quiet()))
    settings = {"history": f"sqlite:///{tmp_path}/typo.db"} if loss == "misnamed" else {}
    if loss == "deleted":
        history.file.unlink()
    elif loss == "emptied":
        with history.writing() as link:
            link.execute(sa.text("DELETE FROM metrics"))
            link.execute(sa.text("DELETE FROM findings"))
            link.execute(sa.text("DELETE FROM audits"))
    (found,) = judge(tmp_path, make_document(500, night=30), **settings)
    assert found.status is Status.FAILED
    assert "the last 30 audits" in found.message


def test_a_lost_history_that_cannot_be_made_again_is_an_error(tmp_path):
    keep_all(tmp_path, nights(quiet()))
    elsewhere = f"sqlite:///{tmp_path}/no/such/folder.db"
    (found,) = judge(tmp_path, make_document(500, night=30), history=elsewhere)
    assert found.status is Status.ERROR
    assert "its folder does not exist" in found.message


def test_stored_audits_that_cannot_be_read_do_not_make_the_check_silent(tmp_path):
    history = keep_all(tmp_path, nights(quiet(MIN_AUDITS)))
    history.file.unlink()
    for place in sorted((tmp_path / "loans").iterdir())[:2]:
        (place / "report.json").write_text("{")
    (found,) = judge(tmp_path, make_document(500, night=30))
    assert found.status is Status.ERROR
    assert "2 stored audits are not in it" in found.message
    keep_all(tmp_path, [make_document(1000 + night, night=night) for night in (40, 41)])
    assert judge(tmp_path, make_document(500, night=50))[0].status is Status.FAILED


def test_rules_of_one_title_are_followed_each(tmp_path):
    def rule(value, metric="unexpected share", **parts):
        return {
            "code": "DQ100",
            "title": "Values match a pattern",
            "severity": "warning",
            "status": "passed",
            "subject": {"text": "x", "columns": ["x"], "group": None},
            "evidence": {"metric": metric, "value": value, "n": 1000},
            **parts,
        }

    found = [f for f in figures_of(make_document(findings=[rule(0.1), rule(0.2), rule(0.3)])) if f.key.feature == "x"]
    title = "Values match a pattern"
    assert [(f.key.group, f.value) for f in found] == [(title, 0.1), (f"{title} (2)", 0.2), (f"{title} (3)", 0.3)]
    # One that could not be judged keeps its number.
    found = [f for f in figures_of(make_document(findings=[rule(None, None), rule(0.2)])) if f.key.feature == "x"]
    assert [(f.key.group, f.value) for f in found] == [(f"{title} (2)", 0.2)]
    # A digest names a rule wherever it stands in the suite; a title that is one rule's own needs none.
    two = [rule(0.1, rule="aaaaaaaa11"), rule(0.2, rule="bbbbbbbb22")]
    expected = {(f"{title}, rule aaaaaaaa", 0.1), (f"{title}, rule bbbbbbbb", 0.2)}
    for findings in (two, two[::-1]):
        found = figures_of(make_document(findings=findings))
        assert {(f.key.group, f.value) for f in found if f.key.feature == "x"} == expected
    found = [f for f in figures_of(make_document(findings=two[:1])) if f.key.feature == "x"]
    assert [(f.key.group, f.value) for f in found] == [(title, 0.1)]
    keep_all(tmp_path, [make_document(1000, night=n, findings=[rule(0.0), rule(0.01)]) for n in range(12)])
    (told,) = judge(tmp_path, make_document(1000, night=12, findings=[rule(0.0), rule(0.5)]))
    assert told.status is Status.FAILED
    assert f"Unexpected share of x ({title} (2)) is 0.5" in told.message


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
