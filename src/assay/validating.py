"""`assay validate`: the suite alone, held against the data where they live, and the verdict on it."""

from __future__ import annotations

import datetime as dt
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from assay.baseline import read_accepted
from assay.changes.ratchet import hold
from assay.deciding import apply_severities, decide
from assay.errors import ConfigurationError, InputError
from assay.ingest import read_dataset
from assay.ingest.database import find_table, open_database, refuse_statements
from assay.ledger import LEDGER
from assay.manifest import Meter, StageRunner, write_validation_manifest
from assay.report import ValidationReport
from assay.report.validation_report import RowsByKey, RowsInFrame
from assay.validation import load_expectations, read_suite, suite_findings
from assay.validation.backends import FailingKeys, open_spark, open_sql, place_findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assay.baseline import Baseline
    from assay.config import AuditConfig
    from assay.data_config import DataConfig
    from assay.deciding import Decision
    from assay.findings import Finding
    from assay.validation.backends import Place
    from assay.validation.suite import Suite

P = ParamSpec("P")
T = TypeVar("T")

_FAMILIES = ("DQ",)


def _run_stage(_name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    return function(*args, **kwargs)


@contextmanager
def run_validation(config: AuditConfig, *, stage: StageRunner = _run_stage) -> Iterator[ValidationReport]:
    """Hold a suite against data where they live; nothing is trained.

    The report is to be saved before the context ends: failing keys that came from a database wait in a temporary
    folder until then.

    Parameters
    ----------
    config
        `validation.suite` is what is asked, `validation.backend` where.
    stage
        How a stage is run.

    Raises
    ------
    AssayError
        Where the configuration is wrong, or the data are not there, are empty or cannot be read. A database that
        goes away later is no such error: what could not be asked is a finding.
    """
    if config.validation.suite is None:
        raise ConfigurationError(
            "validation.suite must name a suite to validate, got none. `assay init` or `assay suite infer` writes one."
        )
    run = Meter(stage)
    backend = _backend(config)
    if backend == "pandas":
        yield _in_memory(config, run)
        return
    with closing(run("connect", _open, backend, config)) as place, tempfile.TemporaryDirectory() as folder:
        yield _in_place(config, run, place, Path(folder))


def _backend(config: AuditConfig) -> str:
    data, stated = config.data, config.validation.backend
    if data is None or not data.has_source:
        raise InputError("The data must be named under `data`, got nothing. Name a file, a table or a query.")
    in_database = data.connection is not None
    if stated == "sql" and not in_database:
        raise ConfigurationError("validation.backend: sql needs `data.connection`. Name the database, or drop it.")
    if stated == "spark" and in_database:
        raise ConfigurationError(
            "validation.backend: spark needs Parquet files in `data.path`. Name them, or drop it."
        )
    if stated == "auto":
        return "sql" if in_database else "pandas"
    return stated


def _in_memory(config: AuditConfig, run: Meter) -> ValidationReport:
    """The frame as an audit reads it, held against the suite as an audit does."""
    load_expectations(config.validation.expectation_modules)
    baseline = read_accepted(config)
    dataset = run("ingest", read_dataset, config)
    suite = _suite(config, list(dataset.frame.columns))
    findings, ruling = _judged(config, run, run("validate", suite_findings, dataset, suite), baseline)
    shape = (len(dataset), len(dataset.frame.columns))
    manifest = write_validation_manifest(
        config, source=dataset.source, engine="pandas", shape=shape, stages=run.stages
    )
    rows = RowsInFrame(dataset, findings, tuple(pair.finding for pair in ruling.waived))
    return ValidationReport(config, dataset.source, shape, findings, ruling, rows, manifest)


def _in_place(config: AuditConfig, run: Meter, place: Place, folder: Path) -> ValidationReport:
    """A table where it lives, of which nothing is fetched but figures and the keys of failing rows."""
    columns = list(place.columns)
    load_expectations(config.validation.expectation_modules)
    suite, baseline = _suite(config, columns), read_accepted(config)
    if config.id is not None and config.id not in columns:
        raise InputError(f"id: column '{config.id}' is not in {place.source}. Correct `id`, or leave it out.")
    total = run("count", place.count_rows)
    if not total:
        why = f"cannot be counted: {place.lost}" if place.lost else "must have rows, got none"
        raise InputError(f"The data ({place.source}) {why}. There is nothing to validate.")
    keys = FailingKeys(folder, LEDGER.as_posix())
    sensitive = [feature.column for feature in config.sensitive]
    private = [name for name in (*sensitive, config.id, config.group) if name is not None]
    found = run("validate", place_findings, place, total, suite, key=config.id, private=private, keys=keys)
    findings, ruling = _judged(config, run, found, baseline)
    unique = config.id is not None and (not keys.kept or place.count_keys(config.id) == total)
    shape = (total, len(columns))
    manifest = write_validation_manifest(
        config, source=place.source, engine=place.engine, shape=shape, stages=run.stages
    )
    rows = RowsByKey(total, keys.kept, findings, tuple(pair.finding for pair in ruling.waived), unique)
    return ValidationReport(config, place.source, shape, findings, ruling, rows, manifest)


def _suite(config: AuditConfig, columns: list[str]) -> Suite:
    assert config.validation.suite is not None
    return read_suite(config.validation.suite, columns)


def _judged(
    config: AuditConfig, run: Meter, found: tuple[Finding, ...], baseline: Baseline | None
) -> tuple[tuple[Finding, ...], Decision]:
    findings = apply_severities(found, config.policy)
    today = dt.datetime.now(dt.UTC).date()
    ratchet = hold(findings, baseline, today=today) if baseline is not None else None
    return findings, run("gate", decide, findings, config.policy, today=today, required=_FAMILIES, ratchet=ratchet)


def _open(backend: str, config: AuditConfig) -> Place:
    data = config.data
    assert data is not None
    if backend == "sql":
        return _open_database(data)
    assert data.path is not None
    if not data.path.exists():
        raise InputError(f"{data.path} does not exist. Correct data.path.")
    return open_spark(data.path)


def _open_database(data: DataConfig) -> Place:
    from sqlalchemy.exc import SQLAlchemyError

    assert data.connection is not None
    if data.query is not None:
        refuse_statements(data.query)
    database = open_database(data.connection)
    table = None
    if data.table is not None:
        try:
            with database.engine.connect() as link:
                table = find_table(link, data.table)
        except SQLAlchemyError as error:
            database.engine.dispose()
            raise InputError(
                f"{database.shown} cannot be read: {database.reason(error)}. Correct data.connection, or see to the "
                "database."
            ) from None
    source = f"{f'table {data.table}' if data.table is not None else 'a query'} on {database.shown}"
    return open_sql(database.engine, source=source, reason=database.reason, table=table, query=data.query)
