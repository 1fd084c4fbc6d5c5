"""Parquet files held against a suite by Great Expectations' Spark engine, on one machine or a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.errors import InputError
from assay.validation.backends import gx
from assay.validation.backends.conditions import Language, translate
from assay.validation.backends.place import CHUNK, LostError, hold_in_parts
from assay.validation.engine import library

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from assay.validation.engine import Raw
    from assay.validation.suite import Expectation

# For a session of our own; a session or a cluster that is there already keeps its settings.
_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
}
_UNEXPECTED = "assay_unexpected"


def open_spark(path: Path) -> SparkPlace:
    """Look at a Parquet file, or at a directory of them; `key=value` directories are columns.

    The session that is active is used, else one with Spark's own settings (`spark-defaults.conf`, `SPARK_CONF_DIR`),
    on this machine unless these say otherwise.

    Raises
    ------
    InputError
        Where Spark or Java is not installed, or the files cannot be read.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise InputError(
            "validation.backend: spark needs the Python module pyspark, which is not installed. Install it: "
            "`pip install 'assay[spark]'`."
        ) from None
    active = SparkSession.getActiveSession()
    try:
        session = active or _new_session(SparkSession)
        # Spark takes the columns of any one file by default: a column that this one lacks would not be there at all.
        frame = session.read.option("mergeSchema", "true").parquet(_literal_path(path))
        columns = dict(frame.dtypes)
    except PySparkException as error:
        raise InputError(
            f"Spark cannot read {path}: {_reason(error)}. Spark 4 needs Java 17 or later, and Parquet files whose "
            "columns have one type in all of them."
        ) from None
    return SparkPlace(str(path), columns, session, frame, is_ours=active is None)


@dataclass(slots=True)
class SparkPlace:
    """See `Place`."""

    source: str
    columns: Mapping[str, str]
    _session: Any
    _frame: Any
    is_ours: bool
    engine: str = "Spark"
    lost: str = field(default="", init=False)

    def count_rows(self, condition: str | None = None) -> int | None:
        """Rows that meet a condition."""
        return self._number(lambda: self._selected(condition).count())

    def count_keys(self, key: str) -> int | None:
        """Different values of a column; a missing one is none."""
        from pyspark.sql import functions

        return self._number(lambda: self._frame.agg(functions.count_distinct(_column(key))).first()[0])

    def hold(self, expectations: Sequence[Expectation]) -> list[Raw]:
        """What becomes of each expectation."""
        return hold_in_parts(self, expectations, self._run)

    def check(self) -> None:
        """Note in `lost` whether Spark still answers."""
        try:
            self._session.range(1).count()
        except _errors() as error:
            self.lost = f"Spark does not answer: {_reason(error)}"

    def failing_keys(self, item: Expectation, key: str) -> Iterator[Sequence[Any]] | None:
        """Values of `key` in the rows that break an expectation, one partition at a time."""
        validator = self._validator(item)
        found = gx.unexpected_condition(validator, item)
        if found is None:
            return None
        condition, domain = found
        rows = validator.execution_engine.get_domain_records(domain_kwargs=domain)
        # A condition that looks at several rows becomes a column before anything can be chosen by it.
        failing = rows.withColumn(_UNEXPECTED, condition).where(_column(_UNEXPECTED)).select(_column(key))
        return self._stream(failing)

    def close(self) -> None:
        """Stop a session of our own."""
        if self.is_ours:
            self._session.stop()

    def _run(self, expectations: Sequence[Expectation]) -> list[Raw]:
        return gx.run(self._validator(expectations[0]), expectations)

    def _validator(self, item: Expectation) -> Any:
        """Great Expectations on the rows that an expectation is about."""
        library()
        from great_expectations.execution_engine.sparkdf_batch_data import SparkDFBatchData

        from assay.validation.backends.engines import SparkEngine

        # It would keep the table in memory, or on disk, beside the files.
        engine = SparkEngine(spark=self._session, persist=False)
        rows = self._selected(item.kwargs.get("row_condition"))
        return gx.validator_of(engine, SparkDFBatchData(execution_engine=engine, dataframe=rows))

    def _selected(self, condition: str | None) -> Any:
        return self._frame if condition is None else self._frame.where(translate(condition, _language()))

    def _stream(self, failing: Any) -> Iterator[Sequence[Any]]:
        chunk: list[Any] = []
        try:
            for row in failing.toLocalIterator():
                chunk.append(row[0])
                if len(chunk) == CHUNK:
                    yield chunk
                    chunk = []
        except _errors() as error:
            raise LostError(_reason(error)) from None
        if chunk:
            yield chunk

    def _number(self, ask: Any) -> int | None:
        try:
            return int(ask())
        except _errors():
            self.check()
            return None


def _new_session(kind: Any) -> Any:
    builder = kind.builder.appName("assay")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    # What it warns of on the terminal concerns neither the data nor the user.
    session.sparkContext.setLogLevel("OFF")
    return session


def _errors() -> tuple[type[BaseException], ...]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    # A connection that is refused: the process that runs Spark is gone.
    return (PySparkException, Py4JError, OSError)


def _reason(error: BaseException) -> str:
    """The kind of an error of Spark, whose text can quote values of the data."""
    kind = getattr(error, "getCondition", getattr(error, "getErrorClass", None))
    name = kind() if callable(kind) else None
    return str(name or type(error).__name__)


def _column(name: str) -> Any:
    from pyspark.sql import functions

    # In backticks a dot in a name is no path into a structure.
    return functions.col("`" + name.replace("`", "``") + "`")


def _language() -> Language:
    from pyspark.sql import functions

    return Language(
        column=_column,
        literal=functions.lit,
        is_missing=lambda column: column.isNull(),
        among=lambda column, values: column.isin(list(values)),
    )


def _literal_path(path: Path) -> str:
    """A path in which Spark sees no pattern."""
    special = "[]{}*?\\"
    return "".join(f"\\{letter}" if letter in special else letter for letter in str(path))
