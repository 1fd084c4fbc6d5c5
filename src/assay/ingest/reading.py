"""From a configuration, and a frame where there is one, to a `Dataset`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pandas as pd

from assay.data_config import DataConfig
from assay.dataset import Dataset
from assay.errors import InputError
from assay.findings import run_checks
from assay.ingest.checks import CHECKS
from assay.ingest.columns import plain_columns
from assay.ingest.fingerprint import compute_fingerprint
from assay.ingest.groups import derive_groups
from assay.ingest.intake import Intake
from assay.ingest.labels import read_labels
from assay.ingest.names import column_names
from assay.ingest.roles import assign_roles, find_missing_columns, read_weights, row_identifiers
from assay.ingest.source import Source, read_source
from assay.ingest.targets import bin_target, chosen_task, read_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.config import AuditConfig
    from assay.findings import Check


def read_dataset(
    config: AuditConfig, frame: pd.DataFrame | None = None, checks: tuple[Check[Intake], ...] = CHECKS
) -> Dataset:
    """Read the data, give every column its part, and say what reading them already shows.

    The frame of the dataset has columns of five plain kinds only: integers, floats (missing is NaN), booleans (never
    missing), datetimes without a time zone (UTC), and texts (missing is NaN). See `plain_columns` for how the others
    get there, `read_labels` for the classes and `derive_groups` for the groups.

    Parameters
    ----------
    config
        `config.data` says where the data are and which texts mean "missing".
    frame
        The data themselves, in place of `config.data`; not changed. Names of columns that are not texts become
        texts, the levels of a hierarchical name joined with "_".
    checks
        Put to the data; `Dataset.findings` holds what they answer.

    Raises
    ------
    InputError
        Where the data cannot be read or cannot be audited in the roles that they were given, with all offenders.
    """
    source = _source(config, frame)
    names = column_names(source.frame.columns)
    if not len(source.frame) or not names:
        raise InputError(
            f"The data ({source.name}) must have rows and columns, got {len(source.frame):,} rows and "
            f"{len(names):,} columns. There is nothing to audit."
        )
    if absent := find_missing_columns(config, names):
        raise InputError(absent)
    data = config.data or DataConfig()
    missing = {name: data.missing_in(name, is_id=name == config.id) for name in names}
    columns = plain_columns(source.frame.set_axis(names, axis=1), missing)
    table = columns.frame
    problems: list[str] = []
    with _collected(problems):
        target = read_target(table[config.label], config)
        labels = read_labels(table[config.label], config.positive) if target is None else bin_target(target)
    with _collected(problems):
        groups, chosen_bins = derive_groups(table, config.sensitive)
    with _collected(problems):
        weights = None if config.weight is None else read_weights(table[config.weight])
    with _collected(problems):
        roles = assign_roles(config, table)
    if problems:
        raise InputError(problems)
    task = chosen_task(table[config.label], target) if config.task == "auto" else None
    intake = Intake(table, roles, labels, groups, columns.mixed, columns.nested, source.padded, chosen_bins, task)
    return Dataset(
        frame=table,
        roles=roles,
        labels=labels,
        groups=groups,
        row_ids=row_identifiers(table, config.id, source.frame.index),
        weights=weights,
        source=source.name,
        fingerprint=compute_fingerprint(table),
        findings=run_checks(checks, intake),
        target=target,
    )


def _source(config: AuditConfig, frame: pd.DataFrame | None) -> Source:
    if frame is None:
        if config.data is None:
            raise InputError("The data must be named under `data`, or be given as a DataFrame, got neither.")
        return read_source(config.data, config.id, config.group)
    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            f"The data must be a pandas DataFrame, got {type(frame).__name__}. Make one of it: pd.DataFrame(...)."
        )
    return Source(frame, "a pandas DataFrame")


@contextmanager
def _collected(problems: list[str]) -> Iterator[None]:
    """Keep the problems for later, so that all are told at once."""
    try:
        yield
    except InputError as error:
        problems += error.problems
