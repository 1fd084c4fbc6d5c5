"""What a history holds: every stored audit once, whatever its names and figures are."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import sqlalchemy as sa
from history_parts import START, by_group, everything, keep_all, make_document, store

from assay.errors import ConfigurationError, HistoryError
from assay.history import database, keep_history
from assay.history.database import find_history
from assay.history.reading import read_audits
from assay.history.recording import rebuild, record


def query(history, statement):
    with history.reading() as link:
        return [tuple(row) for row in link.execute(sa.text(statement))]


def names(history):
    with history.reading() as link:
        return [audit.name for audit in read_audits(link)]


def runs(history):
    with history.reading() as link:
        return [audit.run for audit in read_audits(link)]


def test_an_audit_is_recorded_with_its_findings_and_figures(tmp_path):
    finding = {
        "code": "DQ011",
        "title": "Duplicate rows",
        "severity": "warning",
        "status": "failed",
        "waived": False,
        "subject": {"text": "the dataset", "columns": [], "group": None},
        "message": "m",
        "evidence": {"metric": "duplicate share", "value": 0.25, "n": 1000, "interval": {"low": 0.2, "high": 0.3}},
    }
    reasons = [{"code": "DQ100"}, {"code": "DQ100"}, {"code": "GATE"}]
    history = keep_all(
        tmp_path, [make_document(findings=[finding], reasons=reasons, verdict="reject", fairness=by_group({"F": 0.4}))]
    )
    assert query(history, "SELECT name, verdict, reasons, rows, created FROM audits") == [
        ("loans", "reject", "DQ100, GATE", 1000, "2026-01-05T02:00:00+00:00")
    ]
    assert query(history, "SELECT code, subject, status, severity, value, low, high FROM findings") == [
        ("DQ011", "the dataset", "failed", "warning", 0.25, 0.2, 0.3)
    ]
    found = {row[:3]: row[3:] for row in query(history, 'SELECT metric, feature, "group", value, low, n FROM metrics')}
    assert found["rows", "", ""] == (1000, None, 1000)
    assert found["clean share", "", ""] == (1, None, 1000)
    assert found["selection rate", "sex", "F"] == (0.4, None, 1000)
    assert found["duplicate share", "", ""] == (0.25, 0.2, 1000)


def test_each_audit_is_recorded_once(tmp_path):
    history = keep_all(tmp_path, [make_document(night=night) for night in range(3)])
    assert record(history, tmp_path / "loans").added == ()
    assert rebuild(history, tmp_path).added == ()
    assert len(runs(history)) == 3


def test_what_was_missed_is_added_with_the_next_audit_in_its_place(tmp_path):
    history = find_history(tmp_path)
    first, missed = store(tmp_path, make_document()), store(tmp_path, make_document(night=1))
    hidden = missed.rename(tmp_path / "hidden")
    record(history, tmp_path / "loans", newest=first)
    hidden.rename(missed)
    last = store(tmp_path, make_document(night=2))
    assert record(history, tmp_path / "loans", newest=last).added == (missed, last)
    assert runs(history) == [first.name, missed.name, last.name]


def test_a_rebuilt_history_equals_the_one_that_grew(tmp_path):
    documents = [make_document(1000 + night, night=night, fairness=by_group({"F": 0.5})) for night in range(5)]
    grown = keep_all(tmp_path, documents)
    again = find_history(tmp_path, f"sqlite:///{tmp_path}/again.db")
    assert len(rebuild(again, tmp_path).added) == 5
    assert everything(again) == everything(grown)


def test_the_order_is_that_of_recording_where_the_clock_went_back(tmp_path):
    history = find_history(tmp_path)
    stamps = [START, START + dt.timedelta(days=365), START + dt.timedelta(days=1), START + dt.timedelta(days=2)]
    places = []
    for night, stamp in enumerate(stamps):
        places.append(store(tmp_path, make_document(night=night), stamp=stamp))
        record(history, tmp_path / "loans", newest=places[-1])
    assert runs(history) == [place.name for place in places]


HOSTILE = [
    "'; DROP TABLE audits; --",
    'x" OR 1=1 --',
    "%s :name ?",
    "Zoë \u202e\U0001f600",
    "nul\0inside",
    "half \udc80",
    "[bold]markup[/bold]",
    "n" * 5000,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_texts_like_others(tmp_path, name):
    fairness = by_group({name: 0.5})
    history = keep_all(tmp_path, [make_document(name=name, fairness=fairness), make_document(night=1, name="other")])
    with history.reading() as link:
        (found,) = read_audits(link, name)
    assert found.run.startswith("20260105")
    assert len(names(history)) == 2
    assert query(history, "SELECT count(*) FROM metrics WHERE metric = 'selection rate'") == [(1,)]


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), "<10", True, 10**400, [], {}])
def test_figures_that_are_no_numbers_are_recorded_as_not_known(tmp_path, value):
    history = keep_all(tmp_path, [make_document(value, fairness=by_group({"F": value}))])
    assert query(history, "SELECT rows FROM audits") == [(None,)]
    assert query(history, "SELECT DISTINCT value, n FROM metrics WHERE feature = 'sex'") == [(None, 1000)]


@pytest.mark.parametrize("findings", ["text", [1], [{}], {"a": 1}])
def test_a_report_that_is_no_report_is_told_and_stops_nothing(tmp_path, findings):
    bad = store(tmp_path, make_document(findings=findings))
    with pytest.raises(HistoryError, match=r"is stored in .* not in the history"):
        keep_history(bad, None)
    good = store(tmp_path, make_document(night=1))
    keep_history(good, None)
    history = find_history(tmp_path)
    assert runs(history) == [good.name]
    (bad / "report.json").write_text("{")
    assert rebuild(history, tmp_path).unreadable == (bad,)


def test_off_writes_none(tmp_path):
    keep_history(store(tmp_path, make_document()), "off")
    assert not (tmp_path / "history.db").exists()


@pytest.mark.parametrize(
    ("found", "words"), [([2], "newer Assay"), ([0], "--rebuild"), ([], "--rebuild"), ([1, 1], "1, 1")]
)
def test_a_history_of_another_version_is_refused_and_left_alone(tmp_path, found, words):
    history = keep_all(tmp_path, [make_document()])
    with history.writing() as link:
        link.execute(sa.text("DELETE FROM assay_history"))
        for version in found:
            link.execute(sa.text("INSERT INTO assay_history VALUES (:v)"), {"v": version})
    before = (tmp_path / "history.db").read_bytes()
    with pytest.raises(HistoryError, match=words):
        keep_history(store(tmp_path, make_document(night=1)), None)
    with pytest.raises(HistoryError, match=words), history.reading():
        pass
    assert (tmp_path / "history.db").read_bytes() == before


def test_the_tables_of_others_are_left_alone(tmp_path):
    place = store(tmp_path, make_document())
    engine = sa.create_engine(f"sqlite:///{tmp_path}/history.db")
    with engine.begin() as link:
        link.execute(sa.text("CREATE TABLE audits (theirs text)"))
    engine.dispose()
    with pytest.raises(HistoryError, match="tables of others"):
        keep_history(place, None)


def test_what_is_no_database_is_told(tmp_path):
    (tmp_path / "history.db").write_bytes(b"no database at all, but long enough to look at" * 50)
    with pytest.raises(HistoryError, match="cannot be written: file is not a database"):
        keep_history(store(tmp_path, make_document()), None)


def test_a_locked_history_is_told_and_the_next_audit_adds_both(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    history = keep_all(tmp_path, [make_document()])
    second = store(tmp_path, make_document(night=1))
    with history.writing(), pytest.raises(HistoryError, match=r"is stored in .* locked"):
        keep_history(second, None)
    third = store(tmp_path, make_document(night=2))
    keep_history(third, None)
    assert runs(history)[1:] == [second.name, third.name]


def _break_off(history):
    with history.writing() as link:
        link.execute(sa.text("DELETE FROM metrics"))
        link.execute(sa.text("INSERT INTO nowhere VALUES (1)"))


def test_nothing_is_left_of_an_entry_that_broke_off(tmp_path, monkeypatch):
    history = keep_all(tmp_path, [make_document()])
    before = everything(history)
    place = store(tmp_path, make_document(night=1))
    with pytest.raises(HistoryError, match="no such table"):
        _break_off(history)
    assert everything(history) == before
    keep_history(place, None)


@pytest.mark.parametrize(
    "setting", ["mysql://u:secret@h/d", "nonsense", "sqlite://", "sqlite:///:memory:", "://secret"]
)
def test_other_databases_are_refused_without_the_password(tmp_path, setting):
    with pytest.raises(ConfigurationError, match=r"output.history must be") as error:
        find_history(tmp_path, setting)
    assert "secret" not in str(error.value)


def test_variables_come_from_the_environment(tmp_path, monkeypatch):
    with pytest.raises(ConfigurationError, match="HISTORY_PASSWORD, which is not set"):
        find_history(tmp_path, "postgresql://u:${HISTORY_PASSWORD}@h/d")
    monkeypatch.setenv("HISTORY_PASSWORD", "p@ss:w/rd")
    history = find_history(tmp_path, "postgresql://u:${HISTORY_PASSWORD}@h/d")
    assert history.url.password == "p@ss:w/rd"
    assert history.shown == "postgresql://u:***@h/d"


def test_a_server_that_is_down_is_told_without_the_password(tmp_path, monkeypatch):
    pytest.importorskip("psycopg2")
    monkeypatch.setattr(database, "WAIT_SECONDS", 1)
    place = store(tmp_path, make_document())
    with pytest.raises(HistoryError, match="is stored in") as error:
        keep_history(place, f"postgresql+psycopg2://u:hidden@/d?host={tmp_path}")
    assert "hidden" not in str(error.value)


def test_the_password_is_in_no_manifest(tmp_path):
    from assay.config_file import parse_config

    config = parse_config({"label": "y", "output": {"history": "postgresql://u:hidden@h/d"}}, base=tmp_path)
    assert config.output.history == "postgresql://u:hidden@h/d"
    assert "hidden" not in json.dumps(config.model_dump(mode="json"))
    relative = parse_config({"label": "y", "output": {"history": "sqlite:///all.db"}}, base=tmp_path)
    assert relative.output.history == f"sqlite:///{tmp_path}/all.db"
