"""Distribution and freshness as expectations of Great Expectations; what they compute is in `validation.drift`.

Annotations are read at run time by the pydantic of Great Expectations, so that they are not postponed here.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

import pandas as pd
from great_expectations.compatibility import pydantic
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import (
    PandasExecutionEngine,
    SparkDFExecutionEngine,
    SqlAlchemyExecutionEngine,
)
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.metrics import ColumnAggregateMetricProvider, column_aggregate_value
from great_expectations.expectations.metrics.metric_provider import metric_value

from assay.times import read_times
from assay.validation.drift.comparing import compare, count_cells
from assay.validation.drift.summary import Cells, Summary
from assay.validation.own import drift_elsewhere as elsewhere


class ColumnCells(ColumnAggregateMetricProvider):  # type: ignore[misc]
    """Metric of `ExpectColumnDistributionToMatchReference`: rows in each cell, None where nothing compares."""

    metric_name = "assay.column_cells"
    value_keys = ("reference",)

    # Great Expectations would leave out the missing values, whose share is a part of the distribution.
    @column_aggregate_value(engine=PandasExecutionEngine, filter_column_isnull=False)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: Any, **kwargs: Any) -> Any:  # noqa: N805 -- GX makes it a class method
        return count_cells(Summary.from_json(kwargs["reference"]), column)

    @metric_value(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sql(cls, execution_engine: Any, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any) -> Any:  # noqa: N805
        rows, name = _domain(execution_engine, metric_domain_kwargs)
        summary, sqlite = (
            Summary.from_json(metric_value_kwargs["reference"]),
            execution_engine.dialect_name == "sqlite",
        )
        return elsewhere.count_in_sql(execution_engine.execute_query, rows, name, summary, sqlite=sqlite)

    @metric_value(engine=SparkDFExecutionEngine)  # type: ignore[untyped-decorator]
    def _spark(cls, execution_engine: Any, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any) -> Any:  # noqa: N805
        rows, name = _domain(execution_engine, metric_domain_kwargs)
        return elsewhere.count_in_spark(rows, name, Summary.from_json(metric_value_kwargs["reference"]))


class ColumnNewest(ColumnAggregateMetricProvider):  # type: ignore[misc]
    """Metric of `ExpectColumnNewestToBeRecent`: the latest time in UTC, None where there is none."""

    metric_name = "assay.column_newest"

    @column_aggregate_value(engine=PandasExecutionEngine, filter_column_isnull=False)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: Any, **_kwargs: Any) -> Any:  # noqa: N805
        times = read_times(column, days_matter=True)
        return None if times is None or times.isna().all() else times.max()

    @metric_value(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sql(cls, execution_engine: Any, metric_domain_kwargs: Any, **_: Any) -> Any:  # noqa: N805
        return elsewhere.newest_in_sql(
            execution_engine.execute_query, *_domain(execution_engine, metric_domain_kwargs)
        )

    @metric_value(engine=SparkDFExecutionEngine)  # type: ignore[untyped-decorator]
    def _spark(cls, execution_engine: Any, metric_domain_kwargs: Any, **_: Any) -> Any:  # noqa: N805
        return elsewhere.newest_in_spark(*_domain(execution_engine, metric_domain_kwargs))


def _domain(execution_engine: Any, domain_kwargs: Any) -> tuple[Any, str]:
    """The rows that are asked about, and the name of the column."""
    rows, _, accessor = execution_engine.get_compute_domain(domain_kwargs, MetricDomainTypes.COLUMN)
    return rows, str(accessor["column"])


class ExpectColumnDistributionToMatchReference(ColumnAggregateExpectation):  # type: ignore[misc]
    """Expect a column to be distributed as a reference was, up to a tolerance.

    The effect is the total variation distance over the cells of the reference: the share of rows that would have to
    change their cell. The expectation fails where the whole interval of it lies above the tolerance. Its
    `observed_value` is the effect less what chance makes of samples of these sizes, or None where nothing compares.

    Parameters
    ----------
    column
        Of the table.
    reference
        The cells and their shares, as `assay suite infer` writes them.
    tolerance
        Largest distance that is no drift, in (0, 1).
    alpha
        One minus the confidence of the interval, in (0, 1).
    """

    reference: dict[str, Any]
    tolerance: pydantic.confloat(gt=0, lt=1)  # type: ignore[valid-type]
    alpha: pydantic.confloat(gt=0, lt=1) = 0.05  # type: ignore[valid-type]

    metric_dependencies: ClassVar[tuple[str, ...]] = (ColumnCells.metric_name,)
    success_keys: ClassVar[tuple[str, ...]] = ("reference", "tolerance", "alpha")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "reference", "tolerance", "alpha")

    @pydantic.validator("reference")  # type: ignore[untyped-decorator]
    def _reads(cls, reference: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        Summary.from_json(reference)
        return reference

    def _validate(self, metrics: dict[str, Any], *_args: Any, **_kwargs: Any) -> dict[str, Any]:
        cells: Cells | None = metrics[ColumnCells.metric_name]
        if cells is None:
            return {"success": True, "result": {"observed_value": None}}
        effect = compare(Summary.from_json(self.reference), cells, self.alpha)
        details = {
            "interval": [effect.interval.low, effect.interval.high],
            "confidence": effect.interval.confidence,
            "method": effect.interval.method,
            "tolerance": self.tolerance,
            "rows": effect.rows,
            "change": effect.change,
        }
        within = effect.interval.low <= self.tolerance
        return {"success": within, "result": {"observed_value": effect.distance, "details": details}}


class ExpectColumnNewestToBeRecent(ColumnAggregateExpectation):  # type: ignore[misc]
    """Expect the latest time of a column to be recent enough.

    Parameters
    ----------
    column
        Holds times; those without an offset count as UTC.
    not_before
        The latest one must not lie before this time, in ISO 8601.
    max_age_days
        The latest one must not lie further back than this, seen from the clock of the validation.
    """

    not_before: str | None = None
    max_age_days: pydantic.confloat(gt=0) | None = None  # type: ignore[valid-type]

    metric_dependencies: ClassVar[tuple[str, ...]] = (ColumnNewest.metric_name,)
    success_keys: ClassVar[tuple[str, ...]] = ("not_before", "max_age_days")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "not_before", "max_age_days")

    @pydantic.validator("not_before")  # type: ignore[untyped-decorator]
    def _is_a_time(cls, not_before: str | None) -> str | None:  # noqa: N805
        if not_before is not None:
            datetime.fromisoformat(not_before)
        return not_before

    def _validate(self, metrics: dict[str, Any], *_args: Any, **_kwargs: Any) -> dict[str, Any]:
        newest: pd.Timestamp | None = metrics[ColumnNewest.metric_name]
        if newest is None:
            return {"success": True, "result": {"observed_value": None}}
        age = (datetime.now(tz=UTC) - newest) / pd.Timedelta(days=1)
        late = self.not_before is not None and newest < pd.to_datetime(self.not_before, utc=True)
        old = self.max_age_days is not None and age > self.max_age_days
        details = {"age_days": round(age, 3)}
        return {"success": not (late or old), "result": {"observed_value": newest.isoformat(), "details": details}}
