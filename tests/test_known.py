"""Answers from the record: the same where nothing changed, none where anything did."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import assay.identity
from assay.config_file import parse_config
from assay.errors import HistoryError
from assay.findings import Finding, Severity, Status
from assay.history import find_history
from assay.history.reading import read_audits
from assay.history.recording import rebuild
from assay.identity import identify
from assay.known import identity_of, keep, known_answer

TODAY = dt.date(2026, 3, 1)


@dataclass
class Report:
    manifest: dict[str, Any]
    findings: tuple[Finding, ...] = ()
    document: dict[str, Any] = field(default_factory=lambda: {"schema": "assay-report/1", "verdict": "pass"})

    def write(self, folder: Path) -> None:
        (folder / "report.json").write_text(json.dumps(self.document))


@pytest.fixture
def make(tmp_path):
    def build(text="x,y\n1,a\n", **settings):
        (tmp_path / "d.csv").write_text(text)
        return parse_config({"label": "y", "data": "d.csv", **settings}, base=tmp_path)

    return build


def kept(config, identity=None, data="a", **settings):
    manifest = {"identity": identity or identity_of(config), "fingerprint": data * 64}
    document = {"schema": "assay-report/1", "verdict": "pass", "manifest": manifest}
    return keep(Report(manifest, document=document, **settings), config.output.folder, config.dataset_name)


def test_what_has_not_changed_is_answered_by_the_newest_audit(make):
    config = make()
    assert known_answer(config) is None
    first, second = kept(config), kept(config)
    assert first != second
    answer = known_answer(make())
    assert (answer.place, answer.known, answer.verdict) == (second, True, "pass")


@pytest.mark.parametrize(
    "change",
    [
        {"text": "x,y\n2,a\n"},
        {"label": "x"},
        {"fairness": {"tolerance": 0.2}},
        {"learning": {"seed": 1}},
        {"output": {"rows": "parquet"}},
    ],
)
def test_whatever_the_answer_depends_on_asks_for_a_new_one(make, change):
    kept(make())
    assert known_answer(make(**change)) is None


def test_the_bytes_of_every_file_that_is_named_count(make, tmp_path):
    suite = tmp_path / "suite.json"
    suite.write_text("{}")
    before = identify(make(validation={"suite": "suite.json"}), TODAY)
    assert identify(make(validation={"suite": "suite.json"}), TODAY) == before
    suite.write_text("{ }")
    assert identify(make(validation={"suite": "suite.json"}), TODAY) != before


@pytest.mark.parametrize("kwargs", [{"max_age_days": 2}, {"min_value": {"$PARAMETER": "now()"}}])
def test_a_suite_that_asks_for_the_time_is_never_answered_from_the_record(make, tmp_path, kwargs):
    suite = {"name": "s", "expectations": [{"type": "expect_x", "kwargs": kwargs}]}
    (tmp_path / "suite.json").write_text(json.dumps(suite))
    assert identify(make(validation={"suite": "suite.json"}), TODAY) is None
    (tmp_path / "suite.json").write_text(json.dumps(suite).replace("2}", "null}"))
    found = identify(make(validation={"suite": "suite.json"}), TODAY)
    assert (found is None) == ("$PARAMETER" in str(kwargs))


def test_expectations_of_ones_own_may_depend_on_anything(make, tmp_path):
    (tmp_path / "own.py").write_text("")
    assert identify(make(validation={"expectation_modules": ["own.py"]}), TODAY) is None


def test_where_the_output_lies_does_not_count(make):
    assert identify(make(output={"folder": "elsewhere"}), TODAY) == identify(make(), TODAY)


def test_a_waiver_counts_until_it_expires(make):
    waiver = {"check": "DQ011", "owner": "o", "reason": "r", "expires": "2026-03-01"}
    config = make(policy={"waivers": [waiver]})
    assert identify(config, TODAY) == identify(config, TODAY - dt.timedelta(days=9))
    assert identify(config, TODAY + dt.timedelta(days=1)) == identify(make(), TODAY)
    assert identify(config, TODAY) != identify(make(), TODAY)


def test_other_versions_ask_for_a_new_answer(make, monkeypatch):
    before = identify(make(), TODAY)
    monkeypatch.setattr(assay.identity, "version", lambda _: "99")
    other_library = identify(make(), TODAY)
    monkeypatch.setattr(assay.identity, "_source", lambda: "other source")
    assert len({before, other_library, identify(make(), TODAY)}) == 3


@pytest.mark.parametrize("files", [["a.parquet"], ["a.parquet", "b.parquet"]])
def test_a_directory_is_all_of_its_files(make, tmp_path, files):
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in files:
        (folder / name).write_bytes(b"1")
    before = identify(make(data="parts"), TODAY)
    (folder / files[-1]).rename(folder / "z.parquet")
    assert identify(make(data="parts"), TODAY) != before


def test_what_cannot_be_known_without_reading_it_has_no_identity(make, tmp_path):
    database = parse_config(
        {"label": "y", "data": {"connection": "sqlite:///a.db", "table": "t"}, "name": "t"}, base=tmp_path
    )
    assert identify(database, TODAY) is None
    config = make()
    (tmp_path / "d.csv").unlink()
    assert identify(config, TODAY) is None
    assert known_answer(config) is None


def test_an_audit_with_a_crashed_check_answers_nothing(make):
    crashed = Finding("DQ011", "t", Severity.CRITICAL, Status.ERROR, "It crashed.")
    kept(make(), findings=(crashed,))
    assert known_answer(make()) is None


def test_a_report_that_was_changed_or_removed_answers_nothing(make):
    place = kept(make())
    report = place / "report.json"
    report.write_text(report.read_text().replace("pass", "pass "))
    assert known_answer(make()) is None
    report.unlink()
    assert known_answer(make()) is None


@pytest.mark.parametrize("note", ["../../elsewhere", "", "/etc", "a\0b", "\udcff"])
def test_a_forged_note_answers_nothing(make, note):
    place = kept(make())
    file = place.parent / ".answers" / identity_of(make())
    assert file.read_text().split()[0] == place.name
    file.write_bytes(note.encode("utf-8", "surrogatepass"))
    assert known_answer(make()) is None


def test_a_note_that_leads_to_another_report_answers_nothing(make):
    place = kept(make(), identity="f" * 64)
    other = place.parent / ".answers" / ("f" * 64)
    other.rename(other.with_name(identity_of(make())))
    assert known_answer(make()) is None


def test_the_same_data_again_with_nothing_in_between_are_answered_from_the_record(make):
    kept(make("x,y\n2,a\n"), data="b")
    kept(make())
    again = kept(make())
    assert known_answer(make()).place == again


def test_audits_of_other_data_end_an_answer_that_was_held_against_fewer(make):
    kept(make())
    other = kept(make("x,y\n2,a\n"), data="b")
    assert known_answer(make()) is None
    make("x,y\n2,a\n")
    assert known_answer(make("x,y\n2,a\n")).place == other
    # Audited again, the first is answered once more; then the other is not.
    kept(make())
    assert known_answer(make()) is not None
    assert known_answer(make("x,y\n2,a\n")) is None


def test_an_audit_of_other_data_that_is_added_late_ends_an_answer_too(make, tmp_path):
    config = make("x,y\n2,a\n")
    missed = kept(make("x,y\n2,a\n"), data="b").rename(tmp_path / "missed")
    (config.output.folder / "history.db").unlink()
    place = kept(make())
    assert known_answer(make()) is not None
    missed.rename(place.parent / "20200101T000000.000Z-abcdef01")
    rebuild(find_history(config.output.folder), config.output.folder)
    assert known_answer(make()) is None


def test_validations_and_other_datasets_end_no_answer(make):
    place = kept(make())
    kept(make(name="other"), data="b")
    document = {"schema": "assay-report/1", "verdict": "pass", "manifest": {}}
    keep(Report({}, document=document), make().output.folder, make().dataset_name)
    assert known_answer(make()).place == place


@pytest.mark.parametrize("spoil", ["emptied", "deleted", "damaged", "newer", "misnamed", "no folder", "variable"])
def test_where_the_history_cannot_be_read_nothing_is_answered(make, spoil, tmp_path):
    kept(make())
    file = make().output.folder / "history.db"
    settings = {}
    if spoil in {"emptied", "newer"}:
        with contextlib.closing(sqlite3.connect(file)) as link, link:
            link.execute("DELETE FROM audits" if spoil == "emptied" else "UPDATE assay_history SET version = 99")
    elif spoil == "deleted":
        file.unlink()
    elif spoil == "damaged":
        file.write_bytes(b"no database" * 500)
    else:
        urls = {"misnamed": "other.db", "no folder": "none/h.db", "variable": "${NOBODY_SET_THIS}.db"}
        settings = {"output": {"folder": str(file.parent), "history": f"sqlite:///{urls[spoil]}"}}
    assert known_answer(make(**settings)) is None


def test_without_a_history_there_is_an_answer_all_the_same_but_no_other_one(make):
    off = {"output": {"history": "off"}}
    kept(make())
    assert known_answer(make(**off)) is None
    manifest = {"identity": identity_of(make(**off)), "fingerprint": "a" * 64}
    document = {"schema": "assay-report/1", "verdict": "pass", "manifest": manifest}
    keep(Report(manifest, document=document), make().output.folder, make().dataset_name, "off")
    assert known_answer(make(**off)) is not None


def test_an_audit_that_the_history_lacks_answers_nothing(make):
    config = make()
    config.output.folder.mkdir(parents=True)
    (config.output.folder / "history.db").write_bytes(b"no database" * 500)
    with pytest.raises(HistoryError, match="is not in the history"):
        kept(config)
    (config.output.folder / "history.db").unlink()
    # Whoever tries again audits again, and with that the gap is closed.
    assert known_answer(make()) is None
    place = kept(make())
    assert known_answer(make()).place == place
    with find_history(config.output.folder).reading() as link:
        assert len(read_audits(link)) == 2


def test_an_answer_from_the_record_does_not_wait_for_numpy():
    code = (
        "import sys; import assay.known; from assay.history import standing, tables, find_history; "
        "print([name for name in ('numpy', 'pandas', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_audit_without_an_identity_is_kept_and_answers_nothing(make):
    place = keep(Report({}), make().output.folder, "d")
    assert (place / "report.json").is_file()
    assert not (place.parent / ".answers").exists()


@pytest.mark.parametrize("limit", ["max_seconds", "max_memory_mb"])
def test_limits_of_time_and_memory_are_held_against_this_run(make, limit):
    assert identity_of(make()) is not None
    assert identity_of(make(health={limit: 1000.0})) is None
