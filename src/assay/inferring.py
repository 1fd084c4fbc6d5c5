"""`assay suite infer`: a reference becomes a suite in a file, in which a person's edits are kept."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.config_file import load_config, parse_config
from assay.data_config import DataConfig
from assay.dataset import Roles
from assay.errors import ConfigurationError, InputError, StorageError
from assay.first_config import SUITE_FOLDER, name_of
from assay.first_guess import MIN_DISTINCT_KEYS, guess, guess_encoding, times_among
from assay.ingest import read_dataset
from assay.ingest.columns import plain_columns
from assay.ingest.names import column_names
from assay.ingest.source import format_of, read_source
from assay.validation import infer_suite
from assay.validation.inference.document import roles_of
from assay.validation.inference.suite import broken_already, small_groups
from assay.validation.own.tables import READABLE, read_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from assay.config import AuditConfig
    from assay.dataset import Dataset
    from assay.validation.inference.document import Update

# No column has the empty name: there is no label.
NO_LABEL_COLUMN = ""


@dataclass(frozen=True, slots=True, eq=False)
class Inferred:
    """What was written.

    Attributes
    ----------
    path
        Of the suite.
    update
        The suite, and what changed in it.
    existed
        Whether there was a suite before.
    notes
        Sentences about what was guessed and should be checked.
    """

    path: Path
    update: Update
    existed: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    frame: pd.DataFrame
    roles: Roles
    numeric_label: bool
    notes: tuple[str, ...] = ()


def write_inferred_suite(
    reference: Path | None,
    *,
    output: Path | None = None,
    label: str | None = None,
    sensitive: Sequence[str] = (),
    id: str | None = None,  # noqa: A002 -- the key of audit.yaml
    batch_rows: int | None = None,
    config_file: Path | None = None,
    others: Sequence[Path] = (),
    fresh: bool = False,
) -> Inferred:
    """Infer a suite from a reference and write it, with the edits of the file that was there.

    Parameters
    ----------
    reference
        File, or directory of Parquet files, whose rows are as rows should be; by default the configured data.
    output
        File to write; by default the configured suite, else `expectations/<name>.json` beside the reference.
    label, sensitive, id
        Roles of columns, as in `audit.yaml`; a label is not needed. What is not named is as it was when the suite
        that is there was inferred, else guessed.
    batch_rows
        Rows of the batches that will be held against the suite; by default as many as the reference has.
    config_file
        An `audit.yaml` that says how the data are read, and the roles, in place of the options.
    others
        CSV or Parquet files that columns of the reference may refer to by their key.
    fresh
        Whether what a person did to the file is forgotten.

    Raises
    ------
    ConfigurationError
        Where neither a reference nor a configuration names data, both name roles, or the file to write is no suite.
    InputError
        Where the reference cannot be read, or has not these columns.
    StorageError
        Where the file cannot be written.
    """
    config = None if config_file is None else load_config(config_file)
    stated = {"label": label, "sensitive": list(sensitive), "id": id}
    if config is not None and any(stated.values()):
        raise ConfigurationError("Roles must come from --config or from --label, --sensitive and --id, got both.")
    data = _source(reference, config)
    place = output or (None if config is None else config.validation.suite) or _beside(data)
    before = None if fresh else _read(place)

    if config is not None:
        read = _of_dataset(read_dataset(config.model_copy(update={"data": data})), ())
    else:
        read = _read_reference(data, stated, roles_of(before))
    update = infer_suite(
        read.frame,
        read.roles,
        name_of(place),
        numeric_label=read.numeric_label,
        batch_rows=batch_rows,
        before=before,
        others={_from(place, other): _other(other) for other in others},
    )
    existed = place.exists()
    _write(place, json.dumps(update.suite, indent=2, ensure_ascii=False) + "\n")
    notes = (*broken_already(update.suite), *small_groups(read.frame, read.roles), *read.notes)
    return Inferred(place, update, existed, notes)


def _source(reference: Path | None, config: AuditConfig | None) -> DataConfig:
    data = DataConfig() if config is None or config.data is None else config.data
    if reference is not None:
        data = data.model_copy(update={"path": Path(reference).absolute(), "connection": None, "query": None})
    if not data.has_source:
        raise ConfigurationError("A reference must be given, as REFERENCE or as `data` of --config, got neither.")
    return data


def _read_reference(data: DataConfig, stated: Mapping[str, Any], before: Mapping[str, Any]) -> _Reference:
    """The reference under the roles that are stated, and, for what is not, under those of the suite that is there."""
    taken = {stated["label"], *stated["sensitive"], stated["id"]}
    known: dict[str, Any] = {
        "label": None if before.get("label") in taken else before.get("label"),
        "sensitive": [name for name in before.get("sensitive", ()) if name not in taken],
        "id": None if before.get("id") in taken else before.get("id"),
    }
    roles: dict[str, Any] = {key: value or known[key] for key, value in stated.items()}
    if roles["label"] is None:
        read = _without_label(data, roles["sensitive"], roles["id"])
    else:
        first = guess(parse_config({"data": {"path": str(data.path)}, **roles}, name="assay suite infer"))
        read = _of_dataset(first.dataset, first.notes)
    kept = [f"{key} {_listed(roles[key])}" for key, value in stated.items() if roles[key] and not value]
    notes = (*read.notes, *_repeated_id(read))
    if kept:
        notes = (f"As in the suite before: {', '.join(kept)}. State others, or forget all edits with --fresh.", *notes)
    return replace(read, notes=notes)


def _listed(names: str | Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in ([names] if isinstance(names, str) else names))


def _repeated_id(read: _Reference) -> tuple[str, ...]:
    name = read.roles.id
    if name is None:
        return ()
    distinct, n = read.frame[name].nunique(), int(read.frame[name].notna().sum())
    if distinct >= MIN_DISTINCT_KEYS * n:
        return ()
    said = f"Column '{name}' is named as the id, but has {distinct:,} different values in {n:,} rows"
    return (f"{said}: it tells no rows apart, and no rule says that it must. Name another, or none.",)


def _other(path: Path) -> pd.DataFrame:
    """The rows of another table, if a validation can read it: it is not told how, as it is of the data."""
    frame = _without_label(DataConfig(path=path.absolute()), (), None).frame
    try:
        if path.suffix.lower() in READABLE:
            read_keys(str(path.absolute()), str(frame.columns[0]))
            return frame
    except ConfigurationError:
        pass
    must = f"Table {path} of --other must be a CSV file in UTF-8 with commas and a header, or a Parquet file"
    raise InputError([f"{must}, got something else. Convert it."])


def _beside(data: DataConfig) -> Path:
    if data.path is None:
        raise ConfigurationError("The file to write must be named by --output where the data come from a database.")
    return data.path.parent / SUITE_FOLDER / f"{name_of(data.path)}.json"


def _from(suite: Path, other: Path) -> str:
    """Path of another table as the suite names it: from the folder in which the suite lies."""
    return Path(os.path.relpath(other.absolute(), suite.absolute().parent)).as_posix()


def _read(place: Path) -> dict[str, Any] | None:
    """The suite that is there, or None."""
    remedy = "Correct it, write elsewhere with --output, or replace it with --fresh."
    try:
        content = json.loads(place.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"Suite {place} cannot be read: {error.strerror}. {remedy}") from error
    except ValueError as error:
        raise ConfigurationError(f"Suite {place} must be JSON in UTF-8, got something else. {remedy}") from error
    entries = content.get("expectations") if isinstance(content, dict) else None
    shaped = isinstance(entries, list) and all(
        isinstance(entry, dict)
        and isinstance(entry.get("kwargs") or {}, dict)
        and isinstance(entry.get("meta") or {}, dict)
        for entry in entries
    )
    if not shaped or not isinstance(content.get("meta") or {}, dict):
        raise ConfigurationError(
            f"Suite {place} must be an object with a list of `expectations`, got something else. {remedy}"
        )
    return dict(content)


def _of_dataset(dataset: Dataset, notes: tuple[str, ...]) -> _Reference:
    return _Reference(dataset.frame, dataset.roles, dataset.target is not None, notes)


def _without_label(data: DataConfig, sensitive: Sequence[str], id_column: str | None) -> _Reference:
    """A table in which nothing is to be predicted, read as one with a label would be."""
    assert data.path is not None
    if format_of(data.path) in ("csv", "tsv", "jsonl"):
        data = data.model_copy(update={"encoding": guess_encoding(data.path)})
    source = read_source(data, id_column)
    names = column_names(source.frame.columns)
    absent = [name for name in (*sensitive, *([id_column] if id_column else [])) if name not in names]
    if absent:
        raise InputError([f"Column '{name}' is not in the data. Name one of its columns." for name in absent])
    if not len(source.frame) or not names:
        raise InputError(f"The data ({source.name}) must have rows and columns, got none. There is nothing to infer.")
    missing = {name: data.missing_in(name, is_id=name == id_column) for name in names}
    frame = plain_columns(source.frame.set_axis(names, axis=1), missing).frame
    times = times_among(frame[[name for name in names if name != id_column]])
    time = times[0] if len(times) == 1 else None
    notes = () if time is None else (f"Column '{time}' was taken for the time when a row arose.",)
    features = tuple(name for name in names if name not in (id_column, time))
    roles = Roles(NO_LABEL_COLUMN, features, tuple(sensitive), id=id_column, time=time)
    return _Reference(frame, roles, numeric_label=False, notes=notes)


def _write(place: Path, text: str) -> None:
    """Whole or not at all."""
    partial = place.with_name(f".{place.name}-{secrets.token_hex(8)}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(place)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StorageError(
                f"{place} must be a file that can be written, got: {error.strerror or error}. "
                "Choose another with --output."
            ) from error
        raise
