"""Ten audits that end at once, in processes of their own: all are recorded, each once."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from history_parts import everything, keep_all, make_document, store
from postgres_server import postgres_server

from assay.errors import HistoryError
from assay.history import keep_history
from assay.history.database import find_history
from assay.history.reading import read_audits

HERE = Path(__file__).resolve().parent
AUDITS = 10


@pytest.fixture(scope="module")
def server():
    with postgres_server() as running:
        yield running


def end_at_once(folder, names, url=None):
    """Start a process for each name; when all have stored their audit, let all record it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1] / "src")])}
    processes = [
        subprocess.Popen(
            [sys.executable, str(HERE / "writer.py"), str(folder), str(night), name, *([url] if url else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for night, name in enumerate(names)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(names), errors


def recorded(history):
    with history.reading() as link:
        return sorted((audit.name, audit.rows) for audit in read_audits(link))


def test_ten_audits_at_once_in_sqlite(tmp_path):
    names = ["loans"] * (AUDITS // 2) + [f"set{at}" for at in range(AUDITS // 2)]
    end_at_once(tmp_path, names)
    history = find_history(tmp_path)
    assert recorded(history) == sorted((name, 1000 + night) for night, name in enumerate(names))
    with history.reading() as link:
        assert link.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
        assert link.execute(sa.text("SELECT count(*) FROM metrics WHERE metric = 'rows'")).scalar() == AUDITS


def test_ten_audits_at_once_in_postgresql(tmp_path, server):
    end_at_once(tmp_path, ["loans"] * AUDITS, server.url)
    history = find_history(tmp_path, server.url)
    assert recorded(history) == [("loans", 1000 + night) for night in range(AUDITS)]
    # The same audits in SQLite are the same history.
    alone = find_history(tmp_path, f"sqlite:///{tmp_path}/alone.db")
    from assay.history.recording import rebuild

    rebuild(alone, tmp_path)
    found, expected = everything(history), everything(alone)
    assert sorted(found["metrics"], key=repr) == sorted(expected["metrics"], key=repr)


@pytest.mark.parametrize("name", ["'; DROP TABLE audits; --", "nul\0half \udc80", "Zoë"])
def test_hostile_names_in_postgresql(tmp_path, server, name):
    place = store(tmp_path, make_document(name=name), home=f"hostile{len(name)}")
    keep_history(place, server.url)
    history = find_history(tmp_path, server.url)
    with history.reading() as link:
        assert [audit.place for audit in read_audits(link, name)] == [str(place)]


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path):
    history = keep_all(tmp_path, [make_document()])
    before = everything(history)
    place = store(tmp_path, make_document(night=1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No file may grow beyond what the database has already, as on a disk that is full.
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(HistoryError, match="is stored in"):
            keep_history(place, None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert everything(history) == before
    keep_history(place, None)
    assert len(recorded(history)) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only files")
def test_a_read_only_history_is_read_and_not_written(tmp_path):
    history = keep_all(tmp_path, [make_document()])
    history.file.chmod(0o400)
    with pytest.raises(HistoryError, match="readonly"):
        keep_history(store(tmp_path, make_document(night=1)), None)
    assert recorded(history) == [("loans", 1000)]
