"""A PostgreSQL of its own for the tests: from Debian's package, behind a socket in a temporary folder, without a port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_BINARIES = "/usr/lib/postgresql/*/bin/initdb"


@dataclass(frozen=True)
class PostgresServer:
    """A server that can be stopped and started.

    Attributes
    ----------
    url
        For SQLAlchemy; the user may do everything.
    """

    binaries: Path
    folder: Path
    user: str | None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg2://assay@/postgres?host={self.folder}"

    def start(self) -> None:
        # No TCP port that somebody else may have; nothing written to disk that need survive.
        options = f"-c listen_addresses= -k {self.folder} -F -c shared_buffers=16MB"
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), "-o", options, "start"
        )

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def is_running(self) -> bool:
        return (self.folder / "data" / "postmaster.pid").exists()

    def _run(self, *words: str) -> None:
        binary, *rest = words
        # PostgreSQL refuses to run as root.
        become = []
        if self.user:
            account = pwd.getpwnam(self.user)
            become = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        subprocess.run(
            [*become, str(self.binaries / binary), *rest], check=True, capture_output=True, timeout=60, cwd="/"
        )


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running server; skips the test by the name of what is missing, and always stops it at the end."""
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed: pip install 'assay[postgresql]'")
    found = sorted(Path("/").glob(_BINARIES.lstrip("/")))
    if not found:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    user = None
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("PostgreSQL refuses to run as root, and setpriv is not installed")
        user = "nobody"
    # Not below pytest's folder: only its owner may enter that, and the name of a socket is 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="assay-pg-") as name:
        folder = Path(name)
        if user:
            shutil.chown(folder, user)
        server = PostgresServer(found[-1].parent, folder, user)
        server._run(
            "initdb", "-D", str(folder / "data"), "-U", "assay", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"
        )
        server.start()
        try:
            yield server
        finally:
            if server.is_running():
                server.stop()
