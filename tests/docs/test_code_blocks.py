"""The code blocks of the README and of docs/ run: Python in one namespace a page, `assay` commands in a shell's order."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ASSAY = str(Path(sys.executable).with_name("assay"))
# Verdicts; 2 is a mistake in what was typed, and a page must not contain one.
VERDICTS = (0, 1, 3)
# These start a server, or wait for a schedule: the tests of pipelines/ run what they describe.
NOT_HERE = ("assay run", "assay serve", "prefect", "make", "pip", "python", "git", "export", "#")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder that holds the samples as the checkout does."""
    for folder in ("data_samples", "expectations"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=named)
def test_python_blocks_run(page, checkout):
    namespace: dict[str, object] = {"__name__": "__main__"}
    for number, block in enumerate(blocks(page, "python")):
        code = compile(block, f"{named(page)}[{number}]", "exec")
        exec(code, namespace)
    assert len(namespace) > 1


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "bash")], ids=named)
def test_assay_commands_run(page, checkout):
    ran = 0
    for block in blocks(page, "bash"):
        for line in block.replace("\\\n", " ").splitlines():
            if not line.strip() or line.strip().startswith(NOT_HERE):
                continue
            words = shlex.split(line, comments=True)
            assert words[0] == "assay", f"{named(page)}: a block may hold commands of assay only, got {line!r}"
            done = subprocess.run([ASSAY, *words[1:]], capture_output=True, text=True, check=False)
            assert done.returncode in VERDICTS, f"{line}\n{done.stderr}"
            ran += 1
    if not ran:
        pytest.skip("the page holds only commands that other tests run")


def test_links_between_pages_land():
    pages = [*PAGES, ROOT / "CONTRIBUTING.md", *ROOT.glob("[a-z]*/README.md"), *ROOT.glob("[a-z]*/*/README.md")]
    broken = [
        f"{named(page)} -> {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists()
    ]
    assert not broken
