"""What is printed in CI: no line of it is a command, and everything else is as it was."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.cli.unobeyed import nothing_obeyed, unobeyed

PIECES = st.lists(st.sampled_from(["::", ":", "##", "#", "[", "vso[", " ", "\n", "\r", "\u200b", "\ufeff", "é", "a"]))


@given(PIECES.map("".join))
def test_no_line_is_a_command(text):
    for line in unobeyed(text).replace("\r", "\n").split("\n"):
        # As a comparison does that sees no zero-width characters.
        seen = line.replace("\u200b", "").replace("\ufeff", "").strip()
        assert not seen.startswith("::")
        assert "##[" not in seen
        assert "##vso[" not in seen


@given(st.recursive(PIECES.map("".join), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_says_the_same(value):
    for indent in (None, 2):
        assert json.loads(unobeyed(json.dumps(value, indent=indent))) == value


@pytest.mark.parametrize(
    "text", ["# Title\n## Part\n", "a::b", "(::)", '": "', "std::x", "x[1] # [2]", "##", "C: [x]", ""]
)
def test_other_text_stays(text):
    assert unobeyed(text) == text


def test_commands_in_parts_are_commands(monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    with nothing_obeyed():
        for part in ("#", "#", "[group]\n:", ":debug", "::x"):
            sys.stdout.write(part)
            sys.stdout.flush()
        sys.stdout.writelines(["\n::", "y\n"])
    assert out.getvalue() == "#\\u0023[group]\n:\\u003adebug::x\n:\\u003ay\n"
    assert sys.stdout is out


def test_elsewhere_and_in_a_file_it_is_as_it_was(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("TF_BUILD", raising=False)
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    with nothing_obeyed():
        sys.stdout.write("##[group]\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with (tmp_path / "out").open("w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with nothing_obeyed():
            sys.stdout.write("##[group]\n")
    assert out.getvalue() == (tmp_path / "out").read_text() == "##[group]\n"


def test_a_reader_that_went_away_is_no_error():
    code = (
        "from assay.cli.ending import ending, say\n"
        "with ending(verbose=False):\n    for _ in range(100000): say('x' * 100)\n"
    )
    environment = {"GITHUB_ACTIONS": "true"}
    done = subprocess.run(
        ["bash", "-c", f'{sys.executable} -c "$CODE" | head -1; exit ${{PIPESTATUS[0]}}'],
        env=environment | {"CODE": code, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_messages_of_the_parser_are_obeyed_by_nobody():
    code = "import sys; from assay.cli import main; sys.argv = ['assay', 'gate', 'a', '--ci', '##[group]']; main()"
    environment = {"GITHUB_ACTIONS": "true"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "##[" not in done.stderr
    assert "group]" in done.stderr
