"""Relations between columns as expectations of Great Expectations.

The rules themselves are in `own.rows` for tables in memory, in `own.rows_in_sql` and `own.rows_in_spark`.

A class is registered by being defined, under its name in snake case. Annotations are read at run time by the
pydantic of Great Expectations, so that they are not postponed here.
"""

from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine import (
    PandasExecutionEngine,
    SparkDFExecutionEngine,
    SqlAlchemyExecutionEngine,
)
from great_expectations.expectations.expectation import ColumnMapExpectation, MulticolumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    MulticolumnMapMetricProvider,
    column_condition_partial,
    multicolumn_condition_partial,
)
from great_expectations.expectations.metrics.metric_provider import metric_partial

from assay.validation.own import rows, rows_in_spark, rows_in_sql

# In the domain of a condition: what the engines of `validation.backends` add to the rows first.
MAJORITIES, FOUND = "assay_majorities", "assay_found"
_CONDITION = {
    "partial_fn_type": MetricPartialFunctionTypes.MAP_CONDITION_FN,
    "domain_type": MetricDomainTypes.MULTICOLUMN,
}
# Not counted together with others, whose rows are the same and have nothing added.
_COLUMN_CONDITION = {
    "partial_fn_type": MetricPartialFunctionTypes.WINDOW_CONDITION_FN,
    "domain_type": MetricDomainTypes.COLUMN,
}


class _RelationRows(MulticolumnMapMetricProvider):  # type: ignore[misc]
    """Which rows keep an expectation on several columns: in memory, in a database, in Spark."""

    kind: ClassVar[str] = ""

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column_list: Any, **kwargs: Any) -> Any:  # noqa: N805 -- GX makes it a class method
        return _as_series(column_list, rows.MEETS[cls.kind](column_list, kwargs))

    @metric_partial(engine=SqlAlchemyExecutionEngine, **_CONDITION)  # type: ignore[untyped-decorator]
    def _sql(
        cls,  # noqa: N805
        execution_engine: Any,
        metric_domain_kwargs: Any,
        metric_value_kwargs: Any,
        metrics: Any,
        **_: Any,
    ) -> Any:
        _, compute, accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.MULTICOLUMN)
        columns = rows_in_sql.SqlColumns.of(
            accessor["column_list"], metrics["table.column_types"], execution_engine.dialect_name
        )
        unexpected = ~rows_in_sql.KEEPS[cls.kind](columns, metric_value_kwargs)
        return unexpected, compute | cls._added(accessor, metric_value_kwargs), accessor

    @metric_partial(engine=SparkDFExecutionEngine, **_CONDITION)  # type: ignore[untyped-decorator]
    def _spark(cls, execution_engine: Any, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any) -> Any:  # noqa: N805
        frame, compute, accessor = execution_engine.get_compute_domain(
            metric_domain_kwargs, MetricDomainTypes.MULTICOLUMN
        )
        unexpected = ~rows_in_spark.KEEPS[cls.kind](frame, accessor["column_list"], metric_value_kwargs)
        return unexpected, compute | cls._added(accessor, metric_value_kwargs), accessor

    @classmethod
    def _added(cls, _accessor: Any, _values: Any) -> dict[str, Any]:
        """What the engine must add to the rows before the condition can be put to them."""
        return {}


class ColumnsDetermineColumn(_RelationRows):
    """Metric of `ExpectColumnsToDetermineColumn`."""

    kind = rows.DETERMINES
    condition_metric_name = "assay.columns_determine_column"
    condition_value_keys = ("determined", "mapping")

    @classmethod
    def _added(cls, accessor: Any, values: Any) -> dict[str, Any]:
        return {MAJORITIES: {"names": list(accessor["column_list"]), "on": values["determined"]}}


class SumOfColumns(_RelationRows):
    """Metric of `ExpectColumnValuesToEqualSumOfColumns`."""

    kind = rows.SUM
    condition_metric_name = "assay.sum_of_columns"
    condition_value_keys = ("total", "tolerance")


class ProductOfColumns(_RelationRows):
    """Metric of `ExpectColumnValuesToEqualProductOfColumns`."""

    kind = rows.PRODUCT
    condition_metric_name = "assay.product_of_columns"
    condition_value_keys = ("product", "factor", "tolerance")


class InTable(ColumnMapMetricProvider):  # type: ignore[misc]
    """Metric of `ExpectColumnValuesToBeInTable`."""

    condition_metric_name = "assay.in_table"
    condition_value_keys = ("file", "key")

    @column_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: Any, **kwargs: Any) -> Any:  # noqa: N805
        frame = column.to_frame("values")
        return _as_series(frame, rows.in_table(frame, {**kwargs, "column": "values"}))

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sql(cls, column: Any, *, _metrics: Any, _execution_engine: Any, **kwargs: Any) -> Any:  # noqa: N805
        types = _metrics["table.column_types"]
        columns = rows_in_sql.SqlColumns.of([column.name], types, _execution_engine.dialect_name)
        return rows_in_sql.in_table(columns, kwargs)

    @metric_partial(engine=SparkDFExecutionEngine, **_COLUMN_CONDITION)  # type: ignore[untyped-decorator]
    def _spark(cls, execution_engine: Any, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any) -> Any:  # noqa: N805
        frame, compute, accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.COLUMN)
        name = str(accessor["column"])
        # Here, where what it raises is the outcome of this expectation and of no other.
        found = rows_in_spark.with_found(frame, name, metric_value_kwargs["file"], metric_value_kwargs["key"])
        return ~rows_in_spark.in_table(found, name), compute | {FOUND: {"name": name, **metric_value_kwargs}}, accessor


def _as_series(frame: Any, meets: Any) -> Any:
    import pandas as pd

    return pd.Series(meets, index=frame.index)


class _Relation(MulticolumnMapExpectation):  # type: ignore[misc]
    """A rule about one column, named by the argument `target`, and all others of `column_list`."""

    target: ClassVar[str] = ""

    @pydantic.root_validator(skip_on_failure=True)  # type: ignore[untyped-decorator]
    def _names_one_of_the_columns(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        columns = values.get("column_list") or []
        if cls.target and values.get(cls.target) not in columns:
            raise ValueError(f"argument '{cls.target}' must be one of `column_list`")
        if len(set(columns)) < len(columns):
            raise ValueError("argument 'column_list' must name each column once")
        return values


class ExpectColumnsToDetermineColumn(_Relation):
    """Expect the other columns of `column_list` to determine column `determined` (a functional dependency).

    A row breaks it where its value is not the one that `mapping` lists for its determining values, or, for those that
    are not listed, where another value is as frequent among the rows with the same determining values.

    Parameters
    ----------
    column_list
        The determining columns and the determined one.
    determined
        One of them.
    mapping
        [determining values..., determined value] for values whose partner is known; None to judge by the batch alone.
    mostly
        Share of rows that must keep it.
    """

    determined: pydantic.StrictStr
    mapping: list[list[Any]] | None = None

    target: ClassVar[str] = "determined"
    map_metric = "assay.columns_determine_column"
    success_keys = ("determined", "mapping", "mostly")
    args_keys = ("column_list", "determined")

    @pydantic.validator("mapping")  # type: ignore[untyped-decorator]
    def _one_value_for_each_column(cls, mapping: Any, values: dict[str, Any]) -> Any:  # noqa: N805
        width = len(values.get("column_list") or ())
        if mapping is not None and any(len(entry) != width for entry in mapping):
            raise ValueError(f"each entry must have {width} values, one for each column and the determined one last")
        return mapping


class ExpectColumnValuesToEqualSumOfColumns(_Relation):
    """Expect column `total` to be the sum of the other columns of `column_list`, within `tolerance`."""

    total: pydantic.StrictStr
    tolerance: pydantic.confloat(ge=0) = 0.0  # type: ignore[valid-type]

    target: ClassVar[str] = "total"
    map_metric = "assay.sum_of_columns"
    success_keys = ("total", "tolerance", "mostly")
    args_keys = ("column_list", "total")


class ExpectColumnValuesToEqualProductOfColumns(_Relation):
    """Expect column `product` to be `factor` times the other columns of `column_list`, within `tolerance`."""

    product: pydantic.StrictStr
    factor: float = 1.0
    tolerance: pydantic.confloat(ge=0) = 0.0  # type: ignore[valid-type]

    target: ClassVar[str] = "product"
    map_metric = "assay.product_of_columns"
    success_keys = ("product", "factor", "tolerance", "mostly")
    args_keys = ("column_list", "product")


class ExpectColumnValuesToBeInTable(ColumnMapExpectation):  # type: ignore[misc]
    """Expect the values of a column to occur in column `key` of another table (an inclusion dependency).

    Parameters
    ----------
    column
        Of this table.
    file
        The other table, CSV or Parquet; in a suite, relative to its folder.
    key
        Column of the other table.
    mostly
        Share of the values that must occur there.
    """

    file: pydantic.StrictStr
    key: pydantic.StrictStr

    map_metric = "assay.in_table"
    success_keys = ("file", "key", "mostly")
    args_keys = ("column", "file", "key")
