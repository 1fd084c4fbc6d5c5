"""Old audits go; a dataset's newest, its newest that passed, and those that something refers to stay."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.changes.pruning import parse_age, prune
from assay.errors import ConfigurationError, StorageError
from assay.store import find_audit, known_audits, recall

NOW = dt.datetime(2026, 3, 31, 12, tzinfo=dt.UTC)


def store(folder, day, verdict="reject", name="loans", *, called=None, families=(), **config):
    place = folder / name / f"202603{day:02}T060000.000Z-0000000{day % 10}"
    place.mkdir(parents=True)
    document = {"schema": "assay-report/1", "name": called or name, "verdict": verdict, "manifest": {"config": config}}
    document |= {
        "families": [{"family": family} for family in families],
        "findings": [],
        "dataset": {"fingerprint": "a", "rows": 1},
    }
    (place / "report.json").write_text(json.dumps(document))
    (place / "report.html").write_bytes(bytes(1000))
    return place


def days(folder, name="loans"):
    return [int(place.name[6:8]) for place in known_audits(folder) if place.parent.name == name]


def test_what_is_old_goes_and_is_counted(tmp_path):
    places = [store(tmp_path, day) for day in (1, 10, 20, 30)]
    size = sum(file.stat().st_size for place in places[:2] for file in place.iterdir())
    done = prune(tmp_path, now=NOW, older_than=dt.timedelta(15))
    assert [place.name for place, _ in done.removed] == [place.name for place in places[:2]]
    assert done.bytes == size
    assert days(tmp_path) == [20, 30]
    assert not list((tmp_path / "loans").glob(".*"))


def test_a_dry_run_removes_nothing(tmp_path):
    for day in (1, 2, 3):
        store(tmp_path, day)
    done = prune(tmp_path, now=NOW, dry_run=True)
    assert (len(done.removed), days(tmp_path)) == (2, [1, 2, 3])


def test_each_dataset_keeps_its_newest_ones(tmp_path):
    for day in (1, 2, 3):
        store(tmp_path, day)
        store(tmp_path, day, name="people")
    prune(tmp_path, now=NOW, keep=2)
    assert days(tmp_path) == days(tmp_path, "people") == [2, 3]


def test_both_conditions_must_hold(tmp_path):
    for day in (1, 2, 29, 30):
        store(tmp_path, day)
    prune(tmp_path, now=NOW, keep=3, older_than=dt.timedelta(10))
    assert days(tmp_path) == [2, 29, 30]


def test_the_newest_that_passed_stays(tmp_path):
    for day, verdict in ((1, "pass"), (2, "pass"), (3, "reject"), (4, "reject")):
        store(tmp_path, day, verdict)
    done = prune(tmp_path, now=NOW)
    assert days(tmp_path) == [2, 4]
    assert [why for _, why in done.kept] == ["it is the newest that passed"]


def test_a_validation_that_passed_is_no_reason_to_remove_an_audit(tmp_path):
    for day, verdict in ((1, "reject"), (2, "pass"), (3, "reject")):
        store(tmp_path, day, verdict, families=("DQ", "MH"))
    store(tmp_path, 4, "reject", families=("DQ",))
    store(tmp_path, 5, "pass", families=("DQ",))
    store(tmp_path, 6, "pass", families=("DQ",))
    prune(tmp_path, now=NOW)
    assert days(tmp_path) == [2, 3, 6]


def test_two_names_that_share_a_folder_are_two_datasets(tmp_path):
    for day in (1, 2):
        store(tmp_path, day, "pass", called="Loans (EU)")
    for day in (3, 4):
        store(tmp_path, day, called="Loans EU")
    prune(tmp_path, now=NOW)
    assert days(tmp_path) == [2, 4]


def test_what_a_baseline_or_a_signature_refers_to_stays(tmp_path):
    for day in (1, 2, 3, 4):
        place = store(tmp_path, day, policy={"baseline": str(tmp_path / "baseline.yaml")})
        text = '{"payload": ""}' if day == 3 else '{"_type": "statement"}'
        (place / "attestation.json").write_text(text)
    (tmp_path / "baseline.yaml").write_text(
        "schema: assay-baseline/1\nname: loans\nfindings:\n- {code: DQ018, subject: x, title: t, status: failed, "
        "run: 20260302T060000.000Z-00000002, created: 2026-03-01, owner: a, reason: b}\n"
    )
    prune(tmp_path, now=NOW)
    assert days(tmp_path) == [2, 3, 4]
    (tmp_path / "baseline.yaml").write_text("damaged")
    with pytest.raises(ConfigurationError):
        prune(tmp_path, now=NOW)
    assert days(tmp_path) == [2, 3, 4]


def test_the_notes_of_removed_audits_go_too(tmp_path):
    old, new = store(tmp_path, 1), store(tmp_path, 2)
    answers = tmp_path / "loans" / ".answers"
    answers.mkdir()
    (answers / "aa").write_text(old.name)
    (answers / "bb").write_text(new.name)
    prune(tmp_path, now=NOW)
    assert [note.name for note in answers.iterdir()] == ["bb"]
    assert recall(tmp_path, "loans", "aa") is None


def test_an_interrupted_removal_is_finished(tmp_path, monkeypatch):
    store(tmp_path, 1)
    store(tmp_path, 2)

    def die(_path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", die)
        with pytest.raises(KeyboardInterrupt):
            prune(tmp_path, now=NOW)
    # Half removed is not seen by anybody.
    assert days(tmp_path) == [2]
    assert find_audit("latest", tmp_path).name.startswith("20260302")
    prune(tmp_path, now=NOW)
    assert not list((tmp_path / "loans").glob(".removing-*"))


def test_what_assay_has_not_named_and_damaged_audits_are_no_trouble(tmp_path):
    store(tmp_path, 1)
    (store(tmp_path, 2) / "report.json").write_text("{")
    (tmp_path / "loans" / "mine").mkdir()
    (tmp_path / "loans" / "mine" / "report.json").write_text("{}")
    (tmp_path / "index.html").write_text("")
    store(tmp_path, 3)
    prune(tmp_path, now=NOW, keep=1)
    assert (tmp_path / "loans" / "mine").is_dir()
    assert (tmp_path / "index.html").is_file()
    assert any(place.name.startswith("20260303") for place in known_audits(tmp_path))


@pytest.mark.parametrize(
    ("text", "expected"), [("90d", 90), ("2w", 14), ("6m", 180), ("1Y", 365), ("9" * 30 + "y", 36500)]
)
def test_ages_are_read(text, expected):
    assert parse_age(text).days == expected


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1.5d", "90 days", "٣d!"])
def test_what_is_no_age_is_refused(text):
    with pytest.raises(ConfigurationError, match="90d"):
        parse_age(text)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(ConfigurationError, match="1 or more"):
        prune(tmp_path, now=NOW, keep=0)
    with pytest.raises(StorageError, match="no folder"):
        prune(tmp_path / "nowhere", now=NOW)


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(st.integers(1, 28), st.sampled_from(["pass", "reject", "undecided"]), min_size=1, max_size=6),
    st.integers(1, 3),
    st.one_of(st.none(), st.integers(0, 40)),
)
def test_the_newest_and_the_newest_that_passed_always_stay(tmp_path_factory, audits, keep, age):
    folder = tmp_path_factory.mktemp("audits")
    for day, verdict in audits.items():
        store(folder, day, verdict)
    prune(folder, now=NOW, keep=keep, older_than=None if age is None else dt.timedelta(age))
    left = days(folder)
    assert max(audits) in left
    passed = [day for day, verdict in audits.items() if verdict == "pass"]
    assert not passed or max(passed) in left
    assert set(sorted(audits)[-keep:]) <= set(left)
