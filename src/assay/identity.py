"""What an audit's answer depends on, as one digest: two audits of equal identity would answer the same.

It is made of the bytes of all files that the configuration names, not of the parsed table, so that a gate knows in a
fraction of a second whether it has answered before.
"""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import assay
from assay.baseline import read_accepted
from assay.errors import ConfigurationError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from assay.config import AuditConfig

# The libraries whose versions can change a figure.
LIBRARIES = (
    "cleanlab",
    "fairlearn",
    "great-expectations",
    "numpy",
    "openpyxl",
    "pandas",
    "prefect",
    "pyarrow",
    "pydantic",
    "pyspark",
    "scikit-learn",
    "scipy",
    "sqlalchemy",
    "torch",
)
# Keys of expectations that compare with now: Assay's own, and Great Expectations' parameters such as "now()".
_OF_THE_TIME = ("max_age_days", "$PARAMETER")
_BLOCK = 1 << 20


def identify(config: AuditConfig, today: dt.date) -> str | None:
    """Digest of everything that the answer to a configuration depends on.

    These are the configuration without the place of its output, the bytes of the files that it names, the waivers
    and accepted findings that are in force `today`, and the versions of Assay, of Python and of the libraries.

    Returns
    -------
    str or None
        64 hexadecimal digits; None where nothing can be said: the data are no file (what is in a database is not known
        without reading it), a file cannot be read, the suite asks for the time, or there are expectations of the
        user's own, whose code may ask for anything.
    """
    if config.data is None or config.data.path is None or config.validation.expectation_modules:
        return None
    settings = config.model_dump(mode="json", exclude={"output"})
    settings["policy"]["waivers"] = [
        waiver.model_dump(mode="json") for waiver in config.policy.waivers if waiver.expires >= today
    ]
    try:
        if config.validation.suite is not None and _asks_for_the_time(config.validation.suite):
            return None
        files = {name: _digest(path) for name, path in _files(config)}
        accepted = _accepted(config, today)
    except (OSError, ValueError, ConfigurationError):  # a baseline that cannot be read is told by the audit
        return None
    known = {
        "config": settings,
        # A folder of the output may hold a file of rows, and that in another format.
        "rows": config.output.rows,
        # Without a history nothing is held against one.
        "history": config.output.history != "off",
        "files": files,
        "accepted": accepted,
        "assay": {"version": assay.__version__, "source": _source()},
        "versions": library_versions(),
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def library_versions() -> dict[str, str | None]:
    """Version of Python and of each library of `LIBRARIES`; None for one that is not installed."""
    return {"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES}


def _files(config: AuditConfig) -> Iterator[tuple[str, Path]]:
    """All files that the configuration names, with the role of each."""
    assert config.data is not None
    single: dict[str, Any] = {
        "data": config.data.path,
        "suite": config.validation.suite,
        "review": config.label_noise.review,
        "probabilities": config.learning.pred_probs,
        "judged": config.cells.judged,
        "baseline": config.policy.baseline,
    }
    yield from ((role, path) for role, path in single.items() if path is not None)


def _accepted(config: AuditConfig, today: dt.date) -> list[list[str]]:
    """The findings of the baseline that are in force."""
    baseline = read_accepted(config)
    return [] if baseline is None else [list(e.key) for e in baseline.findings if e.in_force(today)]


def _asks_for_the_time(suite: Path) -> bool:
    """Whether an expectation compares with now: its answer changes though nothing else does."""

    def search(node: Any) -> bool:
        if isinstance(node, dict):
            return any((key in _OF_THE_TIME and value is not None) or search(value) for key, value in node.items())
        return isinstance(node, list) and any(map(search, node))

    return search(json.loads(suite.read_text(encoding="utf-8")))


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    # A dataset may be a directory of files.
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        found.update(file.relative_to(path).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                found.update(block)
    return found.hexdigest()


def _source() -> str:
    """Digest of Assay's own source: two checkouts of one version need not be the same."""
    found = hashlib.sha256()
    root = Path(assay.__file__).parent
    for path in sorted(root.rglob("*.py")):
        found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
