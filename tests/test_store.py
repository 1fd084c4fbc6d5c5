"""The store: whole or nothing, found again, and one sentence where it cannot."""

from __future__ import annotations

import doctest
import errno
import json
import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assay.store
from assay.errors import StorageError
from assay.store import check_writable, find_audit, read_audit, save_audit, slug, whole_file


class Report:
    """Writes two files, or fails between them."""

    def __init__(self, content="x", failure: BaseException | None = None):
        self.content = content
        self.failure = failure

    def write(self, folder: Path) -> None:
        (folder / "report.json").write_text(json.dumps({"schema": "assay-report/1", "content": self.content}))
        if self.failure is not None:
            raise self.failure
        (folder / "report.html").write_text("<p>done")


@pytest.fixture
def clock(monkeypatch):
    times = iter(f"20260102T0304{second:02}.000Z" for second in range(60))
    monkeypatch.setattr(assay.store, "_now", lambda: next(times))


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_audit_appears_whole_under_time_and_digest(tmp_path):
    path = save_audit(Report(), tmp_path / "new" / "audits", "loans")
    assert path.parent == tmp_path / "new" / "audits" / "loans"
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}", path.name)
    assert files_below(path.parent) == [f"{path.name}/report.html", f"{path.name}/report.json"]
    assert read_audit(path) == {"schema": "assay-report/1", "content": "x"}
    assert read_audit(path / "report.json") == read_audit(path)


def test_two_equal_audits_in_the_same_moment_are_both_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(assay.store, "_now", lambda: "20260102T030405.000Z")
    first, second = save_audit(Report(), tmp_path, "a"), save_audit(Report(), tmp_path, "a")
    assert first != second
    assert read_audit(first) == read_audit(second)


@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, "No space left on device"), PermissionError(errno.EACCES, "Permission denied")]
)
def test_a_failing_write_leaves_nothing_and_says_one_sentence(tmp_path, failure):
    with pytest.raises(StorageError, match=f"cannot be written to .*: {failure.strerror}. Free space, or") as caught:
        save_audit(Report(failure=failure), tmp_path, "loans")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), RuntimeError("a bug")])
def test_any_other_end_leaves_nothing_and_earlier_audits_stay(tmp_path, failure):
    earlier = save_audit(Report(), tmp_path, "loans")
    with pytest.raises(type(failure)):
        save_audit(Report(failure=failure), tmp_path, "loans")
    assert list((tmp_path / "loans").iterdir()) == [earlier]


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "audits").write_text("not a folder")
    for attempt in (lambda f: save_audit(Report(), f, "x"), check_writable):
        with pytest.raises(StorageError, match=r"output\.folder"):
            attempt(tmp_path / "audits")
        with pytest.raises(StorageError, match=r"output\.folder"):
            attempt(tmp_path / "audits" / "below")
    assert (tmp_path / "audits").read_text() == "not a folder"


def test_check_writable_leaves_nothing(tmp_path):
    check_writable(tmp_path)
    check_writable(tmp_path / "not" / "yet" / "there")
    assert list(tmp_path.iterdir()) == []


def test_check_writable_meets_a_full_disk_before_the_work(tmp_path, monkeypatch):
    def full(self, data):
        self.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="No space left on device"):
        check_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_find_by_latest_id_prefix_name_and_path(tmp_path, clock):
    old = save_audit(Report("old"), tmp_path, "zebra")
    middle = save_audit(Report("middle"), tmp_path, "ant")
    new = save_audit(Report("new"), tmp_path, "monkey")
    assert find_audit("latest", tmp_path) == new
    assert find_audit(old.name, tmp_path) == old
    assert find_audit("20260102T030401", tmp_path) == middle
    assert find_audit("zebra", tmp_path) == old
    assert find_audit(f"ant/{middle.name}", tmp_path) == middle
    assert find_audit(str(old), tmp_path / "elsewhere") == old
    assert find_audit(str(old / "report.html"), tmp_path) == old


def test_ambiguous_and_unknown_name_the_known_runs(tmp_path, clock, monkeypatch):
    # "../.." is a folder: what lies in it must not depend on where the tests run.
    (tmp_path / "here" / "there").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "there")
    folder = tmp_path / "audits"
    runs = [save_audit(Report(str(i)), folder, "loans") for i in range(12)]
    with pytest.raises(StorageError, match="got '2026', which fits 12") as caught:
        find_audit("2026", folder)
    assert f"loans/{runs[-1].name}" in str(caught.value)
    assert "and 2 older ones" in str(caught.value)
    for unknown in ("nothing", "", "../..", "x" * 5000, "a\0b"):
        with pytest.raises(StorageError, match="which fits none"):
            find_audit(unknown, folder)


def test_an_empty_store_says_how_to_fill_it(tmp_path):
    for run in ("latest", "2026"):
        with pytest.raises(StorageError, match="`assay run` or `assay gate`"):
            find_audit(run, tmp_path / "missing")


def test_an_audit_that_is_being_written_is_not_found(tmp_path):
    (tmp_path / "loans" / ".partial-1").mkdir(parents=True)
    (tmp_path / "loans" / ".partial-1" / "report.json").write_text("{}")
    with pytest.raises(StorageError):
        find_audit("latest", tmp_path)


def test_what_a_killed_run_left_is_removed_a_day_later(tmp_path):
    old, new = (tmp_path / "loans" / f".partial-{name}" for name in ("old", "new"))
    for folder in (old, new):
        (folder / "rows").mkdir(parents=True)
        (folder / "rows" / "clean.csv").write_text("a\n1\n")
    os.utime(old, (0, time.time() - 25 * 60 * 60))
    path = save_audit(Report(), tmp_path, "loans")
    assert sorted((tmp_path / "loans").iterdir()) == sorted([new, path])


def test_a_folder_of_audits_stands_for_the_latest_in_it(tmp_path, clock):
    save_audit(Report("old"), tmp_path / "elsewhere", "loans")
    new = save_audit(Report("new"), tmp_path / "elsewhere", "loans")
    assert find_audit(str(tmp_path / "elsewhere"), tmp_path) == new
    with pytest.raises(StorageError, match="no audit yet"):
        find_audit(str(new.parent), tmp_path)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("before")

    def fail() -> None:
        with whole_file(file) as partial:
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (file.read_text(), list(tmp_path.iterdir())) == ("before", [file])
    with whole_file(file) as partial:
        partial.write_text("after")
    assert (file.read_text(), list(tmp_path.iterdir())) == ("after", [file])
    with (
        pytest.raises(StorageError, match="cannot be written: No such file"),
        whole_file(tmp_path / "no" / "x") as partial,
    ):
        partial.write_text("x")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "not valid JSON"),
        ("[]", "must have the schema 'assay-report/1', got None"),
        ('{"schema": "assay-report/9"}', "got 'assay-report/9'"),
        ("\xff", "not valid JSON"),
    ],
)
def test_a_damaged_or_foreign_report(tmp_path, content, problem):
    (tmp_path / "report.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(StorageError, match=re.escape(problem)):
        read_audit(tmp_path)


def test_a_missing_report(tmp_path):
    with pytest.raises(StorageError, match="Run the audit again"):
        read_audit(tmp_path)


@given(st.text(max_size=300))
def test_a_slug_is_one_safe_part_of_a_path(name):
    part = slug(name)
    assert Path(part).parts == (part,)
    assert part not in {"", ".", ".."}
    assert not part.startswith(".")
    assert not set(part) & set('/\\:*?"<>|\0 ')
    assert len(part) <= 80
    assert len(part.encode()) <= 200
    assert slug(part) == part


def test_examples_in_the_docstrings():
    assert doctest.testmod(assay.store).failed == 0
