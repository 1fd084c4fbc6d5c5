"""The command line as a process: start, streams, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

HEAVY = ("pandas", "numpy", "torch", "prefect", "great_expectations", "cleanlab", "fairlearn", "sklearn", "scipy")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    # Coverage and warning settings of the tests are not the user's.
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")} | environment
    return subprocess.run(
        [sys.executable, "-m", "assay.cli", *arguments], capture_output=True, env=env, timeout=60, check=False
    )


@pytest.mark.parametrize("arguments", [["--help"], ["gate", "nowhere.yaml"], ["--version"], ["run", "--help"]])
def test_nothing_heavy_is_loaded_for_an_answer_that_needs_none(arguments):
    script = (
        "import sys\nfrom assay.cli import main\n"
        f"sys.argv = ['assay', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED []"


def test_version():
    from assay import __version__

    assert run("--version").stdout.decode().strip() == f"assay {__version__}"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_that_is_not_utf_8(encoding, tmp_path):
    done = run("gate", str(tmp_path / "größe ☃.yaml"), PYTHONIOENCODING=encoding)
    assert done.returncode == 2
    assert b"does not exist" in done.stderr
    assert b"Traceback" not in done.stderr
    assert run("--help", PYTHONIOENCODING=encoding).returncode == 0


@pytest.fixture
def slow_audit(tmp_path):
    """A program that is `assay gate` with an audit that says "working" and then takes a minute."""
    (tmp_path / "audit.yaml").write_text("label: y\nname: loans\ndata: loans.csv\n")
    script = (
        "import sys, time, types\n"
        "audit = types.ModuleType('assay.auditing')\n"
        "def work():\n    print('working', flush=True)\n    time.sleep(60)\n"
        "audit.run_audit = lambda config, *, stage, progress: stage('learn', work)\n"
        "sys.modules['assay.auditing'] = audit\n"
        "from assay.cli import main\n"
        f"sys.argv = ['assay', 'gate', {str(tmp_path / 'audit.yaml')!r}]\n"
        "main()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_an_audit_without_a_trace(slow_audit, tmp_path, sent, code):
    assert slow_audit.stdout.readline() == b"working\n"
    slow_audit.send_signal(sent)
    _, errors = slow_audit.communicate(timeout=30)
    assert slow_audit.returncode == code
    assert b"Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["audit.yaml"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_goes_away_is_no_error(make_report, tmp_path, options):
    place = make_report("reject").save(tmp_path)
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "assay.cli", "show", str(place), *options]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    errors = subprocess.run([*command[:4], "nothing"], stdout=writing, stderr=writing, timeout=60, check=False)
    os.close(writing)
    assert errors.returncode == 2
    assert (done.returncode, done.stderr) == (0, b"")
