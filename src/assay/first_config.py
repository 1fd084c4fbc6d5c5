"""The first `audit.yaml` and the first expectation suite for a dataset: what `assay init` writes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from assay.config import AuditConfig
from assay.config_file import CONFIG_NAME, load_config, parse_config
from assay.errors import ConfigurationError, StorageError
from assay.first_guess import FirstGuess, guess

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from assay.data_config import Section

SUITE_FOLDER = "expectations"
_ENDINGS = re.compile(r"(\.(csv|tsv|txt|tab|data|parquet|pq|jsonl|ndjson|json|feather|arrow|ipc|xlsx|xlsm))?(\.gz)?$")
_SECTIONS = ("validation", "cells", "records", "learning", "label_noise", "fairness", "health", "policy", "output")


@dataclass(frozen=True, slots=True)
class FirstConfig:
    """What was written, and what was guessed on the way.

    Attributes
    ----------
    config_path, suite_path
        The two files.
    notes
        Sentences about what was guessed and should be checked.
    """

    config_path: Path
    suite_path: Path
    notes: tuple[str, ...]


def write_first_config(
    data: Path,
    *,
    label: str,
    sensitive: Sequence[str] = (),
    positive: str | None = None,
    id: str | None = None,  # noqa: A002 -- the key of audit.yaml
    folder: Path | None = None,
    force: bool = False,
) -> FirstConfig:
    """Write a first configuration and a first suite for a dataset, both or neither.

    Parameters
    ----------
    data
        The file, or a directory of Parquet files.
    label, sensitive, positive, id
        Roles of columns, as in `audit.yaml`. An id is guessed where none is given.
    folder
        Where `audit.yaml` and `expectations/<name>.json` go; by default beside the data. A path that ends in
        ".yaml" or ".yml" is the configuration file itself.
    force
        Whether files that exist are replaced.

    Raises
    ------
    ConfigurationError
        Where a file exists and `force` is False, or the roles contradict each other.
    InputError
        Where the data cannot be read, or cannot be audited with these roles.
    StorageError
        Where the files cannot be written.
    """
    data = Path(data)
    config_path, name = _config_path(data, folder), name_of(data)
    suite_path = config_path.parent / SUITE_FOLDER / f"{name}.json"
    if not force:
        _refuse_to_overwrite(config_path, suite_path)
    # Absolute, because relative paths of a configuration refer to its file, and there is none yet.
    roles = {"label": label, "positive": positive, "sensitive": list(sensitive), "id": id}
    first = guess(parse_config({"data": {"path": str(data.absolute())}, **roles}, name="assay init"))

    from assay.validation import propose_suite
    from assay.validation.inference.suite import broken_already, small_groups

    suite = propose_suite(first.dataset, name)
    text = _compose(first, name, data=_relative(data, config_path.parent), suite=f"{SUITE_FOLDER}/{name}.json")
    contents = {suite_path: json.dumps(suite, indent=2, ensure_ascii=False) + "\n", config_path: text}
    _write_all(contents, check=config_path)
    rare = small_groups(first.dataset.frame, first.dataset.roles)
    return FirstConfig(config_path, suite_path, (*broken_already(suite), *rare, *first.notes))


def _config_path(data: Path, folder: Path | None) -> Path:
    place = data.parent if folder is None else Path(folder)
    return place if place.suffix in (".yaml", ".yml") else place / CONFIG_NAME


def name_of(data: Path) -> str:
    """Name of the dataset: the file's without its ending, in the characters that a name may have."""
    stem = _ENDINGS.sub("", data.absolute().name)
    return re.sub(r"[^\w.-]+", "_", stem).strip("._-")[:100] or "dataset"


def _refuse_to_overwrite(*paths: Path) -> None:
    existing = [path for path in paths if path.exists()]
    if existing:
        raise ConfigurationError(
            [
                f"{path} must not exist yet, got a file. Write elsewhere with --output, or replace it with --force."
                for path in existing
            ]
        )


def _relative(data: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(data.absolute(), folder.absolute())).as_posix()
    except ValueError:  # on another drive of Windows
        return data.absolute().as_posix()


def _compose(first: FirstGuess, name: str, *, data: str, suite: str) -> str:
    """The text of `audit.yaml`: what was told and guessed as keys, all other keys as comments with their defaults."""
    config, labels = first.config, first.dataset.labels
    assert config.data is not None
    lines = [
        "# An audit of a dataset before a model is trained on it; written by `assay init`, to be edited.",
        "# Run it with `assay gate`, which answers with an exit code, or with `assay run`, as a Prefect flow.",
        "# Paths are relative to this file. A line that begins with '#' shows a default.",
        *_todo(first.notes),
        "",
        f"name: {_scalar(name)}",
        "",
        "data:",
        f"  path: {_scalar(data)}",
    ]
    read = {field: getattr(config.data, field) for field in ("encoding", "decimal", "thousands", "header", "missing")}
    lines += _section(type(config.data), read, hide=("path", "connection", "query"))
    favourable = labels.classes[labels.positive] if labels.positive is not None else "LABEL"
    lines += [
        "",
        "# What a model would predict, and the label that is good for the person concerned.",
        f"label: {_scalar(config.label)}",
        _key("task", None if config.task == "auto" else config.task, "auto"),
        *([_key("positive", config.positive, favourable)] if first.dataset.target is None else []),
        "",
        "# Columns with a part of their own: never features.",
        _key("id", config.id, "COLUMN", "identifies a row"),
        _key("time", config.time, "COLUMN", "says when a row arose"),
        _key("group", None, "COLUMN", "equal values stay in one fold: rows of one person, for example"),
        _key("weight", None, "COLUMN", "sample weights"),
        _key("split", None, "COLUMN", "says which part a row is in, such as train or test"),
        "# ignore: [COLUMN]  # columns that no model should see",
        "",
        "# Features by which people may be treated differently: columns, or bins of a number.",
        *_sensitive(config),
    ]
    for key in _SECTIONS:
        field = AuditConfig.model_fields[key]
        stated = {"suite": suite} if key == "validation" else {}
        rows = list(_section(type(field.default), stated, commented=not stated))
        lines += ["", f"# {field.description}", f"{key}:" if stated else f"# {key}:", *rows]
    lines += [
        "",
        "# What only people know (owner, intended use, which feature is the sex) goes under `documents`, see",
        "# docs/documents.md, and from there into the model card and the other documents.",
    ]
    return "\n".join(lines) + "\n"


def _todo(notes: Iterable[str]) -> list[str]:
    # YAML allows no control characters, not even in a comment; a column's name may have them.
    texts = ("".join(c if c.isprintable() else "?" for c in " ".join(note.split())) for note in notes)
    listed = [f"# - {text}" for text in texts]
    return ["#", "# To check:", *listed] if listed else []


def _key(key: str, value: str | None, example: str, comment: str = "") -> str:
    tail = f"  # {comment}" if comment else ""
    return f"# {key}: {_scalar(example)}{tail}" if value is None else f"{key}: {_scalar(value)}{tail}"


def _sensitive(config: AuditConfig) -> list[str]:
    if not config.sensitive:
        return ["# sensitive:", "#   - COLUMN", "#   - {column: COLUMN, bins: [25, 60], name: age_band}"]
    lines = []
    for feature in config.sensitive:
        if feature.bins is None:
            lines.append(f"  - {_scalar(feature.column)}")
        else:
            bins = ", ".join(f"{edge:g}" if edge == float(f"{edge:g}") else repr(edge) for edge in feature.bins)
            lines.append(f"  - {{column: {_scalar(feature.column)}, bins: [{bins}]}}")
    return ["sensitive:", *lines]


def _section(
    model: type[Section], stated: Mapping[str, Any], *, hide: Iterable[str] = (), commented: bool = False
) -> Iterator[str]:
    """Lines for the keys of a section: those that differ from their default as keys, the others as comments."""
    for key, field in model.model_fields.items():
        if key in hide:
            continue
        default = field.get_default(call_default_factory=True)
        value = stated.get(key, default)
        is_set = key in stated and value != default
        indent = "#   " if commented else "  " if is_set else "  # "
        yield f"{indent}{key}: {_scalar(value)}  # {field.description}"


def _scalar(value: Any) -> str:
    """A value as YAML on one line, quoted where the loader would read it as something else."""
    if isinstance(value, Path):
        value = value.as_posix()
    if isinstance(value, tuple):
        value = list(value)
    style = '"' if isinstance(value, str) and not value.isprintable() else None
    # Without an end, the width never folds a long name over two lines.
    text: str = yaml.safe_dump(
        value, default_style=style, default_flow_style=True, allow_unicode=True, width=float("inf")
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _write_all(contents: Mapping[Path, str], *, check: Path) -> None:
    """Write all files or none: each beside its place first, and what was replaced is put back on failure."""
    token = secrets.token_hex(8)
    made: list[Path] = []
    old: dict[Path, bytes | None] = {}
    try:
        for path, text in contents.items():
            made += _make_folder(path.parent)
            partial = path.with_name(f".{path.name}-{token}")
            made.append(partial)
            partial.write_text(text, encoding="utf-8")
        load_config(check.with_name(f".{check.name}-{token}"))
        for path in contents:
            old[path] = path.read_bytes() if path.exists() else None
            path.with_name(f".{path.name}-{token}").replace(path)
    except BaseException as error:  # Ctrl-C too must leave nothing behind
        for path, content in old.items():
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True) if content is None else path.write_bytes(content)
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StorageError(
                f"{check.parent} must be a folder that can be written to, got: {error.strerror or error}. "
                "Choose another with --output."
            ) from error
        raise


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder and return the ones that were not there, outermost first."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()][::-1]
    folder.mkdir(parents=True, exist_ok=True)
    return missing
