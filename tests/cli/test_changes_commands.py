"""`assay diff`, `assay accept` and `assay prune` on audits that were really stored."""

from __future__ import annotations

import dataclasses
import json
import time

import jsonschema
import pytest

from assay.changes.ratchet import hold
from assay.config import PolicyConfig
from assay.deciding import decide
from assay.findings import Evidence, Finding, Severity, Status, Subject


@pytest.fixture
def stored(make_report, tmp_path, monkeypatch):
    """Store an audit with one share, and return its directory."""
    monkeypatch.chdir(tmp_path)

    def build(value, baseline=None, *, status="failed", column="income", fingerprint="a", today=None):
        import datetime as dt

        threshold = 0.05
        evidence = Evidence("missing share", value, n=1000, threshold=threshold, unit="share")
        found = Finding(
            "DQ018",
            "Missing values",
            Severity.CRITICAL,
            Status(status),
            "Some are missing.",
            Subject((column,)),
            evidence,
        )
        good = [
            Finding(code, "Fine", Severity.WARNING, Status.PASSED, "Good.") for code in ("LN001", "FB001", "MH001")
        ]
        findings = (found, *good)
        today = today or dt.datetime.now(dt.UTC).date()
        ratchet = hold(findings, baseline, today=today) if baseline is not None else None
        report = make_report()
        report = dataclasses.replace(
            report,
            findings=findings,
            ruling=decide(findings, PolicyConfig(), today=today, ratchet=ratchet),
            dataset=dataclasses.replace(report.dataset, fingerprint=fingerprint * 64),
        )
        return report.save(tmp_path / "audits")

    return build


def read(place):
    return json.loads((place / "report.json").read_text(encoding="utf-8"))


def schema():
    from assay.report import page

    return json.loads((page._TEMPLATES / "report.schema.json").read_text(encoding="utf-8"))


def test_the_report_tells_what_changed_since_the_last_audit(stored):
    first, second = read(stored(0.1)), stored(0.3, fingerprint="b")
    document = read(second)
    assert first["change"] is None
    change = document["change"]
    assert [(item["code"], item["kind"]) for item in change["findings"]] == [("DQ018", "worse")]
    assert change["older"]["id"] == min(place.name for place in second.parent.glob("2*"))
    for told in (first, document):
        jsonschema.validate(told, schema())
    assert "What changed since the last audit" in (second / "report.html").read_text(encoding="utf-8")
    assert "1 worse" in (second / "report.md").read_text(encoding="utf-8")


def test_a_damaged_last_audit_is_passed_over(stored):
    first, second = stored(0.1), stored(0.1, fingerprint="b")
    (second / "report.json").write_text("{")
    assert read(stored(0.3, fingerprint="c"))["change"]["older"]["id"] == first.name


def test_diff_takes_the_two_latest_audits(stored, assay):
    stored(0.5)
    stored(0.1, fingerprint="b")
    stored(0.3, fingerprint="c")
    done = assay("diff", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["counts"]["worse"] == 1
    assert "Worse" in assay("diff").stdout
    assert assay("diff", "--name", "loans", "--markdown").stdout.startswith("# What changed: loans")


def test_diff_takes_the_audits_that_are_named(stored, assay):
    first, second = stored(0.1), stored(0.3, fingerprint="b")
    there = json.loads(assay("diff", first.name, second.name, "--json").stdout)
    back = json.loads(assay("diff", second, first, "--json").stdout)
    assert (there["counts"]["worse"], back["counts"]["better"]) == (1, 1)
    same = json.loads(assay("diff", first, first, "--json").stdout)
    assert sum(count for kind, count in same["counts"].items() if kind != "same") == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("diff", "--json", "--markdown"), "Drop one"),
        (("diff", "latest", "--name", "loans"), "Drop one"),
        (("diff", "--name", "nobody"), "nobody"),
        (("diff",), "two audits"),
        (("diff", "nothing-like-it"), "fits none"),
        (("prune",), "--older-than"),
        (("prune", "--older-than", "soon"), "90d"),
        (("accept", "latest", "--reason", "x", "--owner", "y", "--expires", "soon"), "2026-12-31"),
        (("accept", "latest", "--reason", "", "--owner", "y"), "reason must"),
    ],
)
def test_a_mistake_has_code_2_and_says_what_to_do(stored, assay, arguments, said):
    stored(0.1)
    done = assay(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_accept_writes_a_baseline_that_the_next_audit_passes(stored, assay, tmp_path):
    from assay.baseline import read_baseline

    stored(0.1)
    done = assay("accept", "latest", "--reason", "Known.", "--owner", "Ada")
    assert done.exit_code == 0, done.output
    assert "policy: {baseline: baseline.yaml}" in done.stdout
    baseline = read_baseline(tmp_path / "baseline.yaml", "loans")
    place = stored(0.104, baseline, fingerprint="b")
    document = read(place)
    jsonschema.validate(document, schema())
    assert (document["verdict"], document["findings"][0]["accepted"]) == ("pass", True)
    assert [e["reason"] for e in document["baseline"]["accepted"]] == ["Known."]
    for file in ("report.html", "report.md"):
        assert "Accepted by the baseline" in (place / file).read_text(encoding="utf-8")
    assert "accepted: " in (place / "junit.xml").read_text(encoding="utf-8")
    assert "Accepted by the baseline: 1 finding (DQ018)" in assay("show", "latest").stdout
    # The rows of it stay what they are: the ledger is not told that it is waived.
    assert document["findings"][0]["waived"] is False
    worse = read(stored(0.4, baseline, fingerprint="c"))
    assert (worse["verdict"], len(worse["baseline"]["worse"])) == ("reject", 1)


def test_what_got_better_is_proposed_to_be_tightened(stored, assay, tmp_path):
    from assay.baseline import read_baseline

    stored(0.3)
    assay("accept", "latest", "--reason", "Known.", "--owner", "Ada")
    stored(0.1, read_baseline(tmp_path / "baseline.yaml", "loans"), fingerprint="b")
    assert "assay accept" in " ".join(assay("show", "latest").stdout.split())
    done = json.loads(assay("accept", "latest", "--reason", "Mended.", "--owner", "Ada", "--json").stdout)
    assert [entry["check"] for entry in done["tightened"]] == ["DQ018"]
    (entry,) = read_baseline(tmp_path / "baseline.yaml", "loans").findings
    assert (entry.value, entry.reason) == (0.1, "Mended.")


def test_what_several_write_at_once_is_all_kept(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    from assay.store import locked, whole_file

    file = tmp_path / "baseline.yaml"
    file.write_text("")

    def add(letter):
        with locked(file):
            text = file.read_text()
            time.sleep(0.01)
            with whole_file(file) as partial:
                partial.write_text(text + letter)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, "abcdefghijkl"))
    assert sorted(file.read_text()) == list("abcdefghijkl")
    assert list(tmp_path.iterdir()) == [file]


def test_accept_reads_and_writes_the_baseline_under_its_lock(stored, assay, tmp_path, monkeypatch):
    from assay import baseline

    stored(0.1)
    assay("accept", "latest", "--reason", "Known.", "--owner", "Ada")
    lock, seen = tmp_path / ".baseline.yaml.lock", []
    read, write = baseline.read_baseline, baseline.baseline_text
    monkeypatch.setattr(baseline, "read_baseline", lambda *a: (seen.append(lock.exists()), read(*a))[1])
    monkeypatch.setattr(baseline, "baseline_text", lambda *a: (seen.append(lock.exists()), write(*a))[1])
    assert assay("accept", "latest", "--reason", "Known.", "--owner", "Ada").exit_code == 0
    assert seen == [True, True]
    assert not lock.exists()


def test_a_lock_that_stays_is_named(stored, assay, tmp_path, monkeypatch):
    stored(0.1)
    monkeypatch.setattr("assay.store._PATIENCE", 0)
    lock = tmp_path / ".baseline.yaml.lock"
    lock.touch()
    done = assay("accept", "latest", "--reason", "Known.", "--owner", "Ada")
    assert done.exit_code == 2
    assert lock.name in done.stderr
    assert not (tmp_path / "baseline.yaml").exists()


def test_a_damaged_baseline_is_not_overwritten(stored, assay, tmp_path):
    stored(0.1)
    (tmp_path / "baseline.yaml").write_text("damaged")
    assert assay("accept", "latest", "--reason", "x", "--owner", "y").exit_code == 2
    assert (tmp_path / "baseline.yaml").read_text() == "damaged"


def test_prune_says_what_it_removed(stored, assay):
    for letter in "abc":
        last = stored(0.1, fingerprint=letter)
    done = assay("prune", "--keep", "1", "--dry-run")
    assert "Would remove 2 audits" in done.stdout
    told = json.loads(assay("prune", "--keep", "1", "--json").stdout)
    assert len(told["removed"]) == 2
    assert told["bytes"] > 0
    assert [place.name for place in last.parent.glob("2*")] == [last.name]
