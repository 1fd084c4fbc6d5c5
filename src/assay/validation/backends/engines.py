"""Great Expectations' engines for databases and Spark, with the answers of its pandas engine where a value is missing.

In a database a comparison with NULL is neither true nor false, and Great Expectations counts a row as unexpected only
where its condition is true: a row in which one of two columns is missing would keep "a is greater than b" there, and
breaks it in memory. One suite has one meaning here, and it is that of the pandas engine.

Importing this module imports Great Expectations.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine

from assay.validation.engine import asks_for_none
from assay.validation.own import rows_in_spark, rows_in_sql
from assay.validation.own.expectations import FOUND, MAJORITIES
from assay.validation.own.kinds import among, kind_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_SUM = "multicolumn_sum.equal.condition"
# What cannot be told of a row for want of a value breaks these in memory.
_UNKNOWN_BREAKS = (
    "column_pair_values.a_greater_than_b.condition",
    "column_pair_values.in_set.condition",
    _SUM,
)
_COPIES = "compound_columns.count.map"
_BETWEEN = "column_values.between.condition"
_MATCHES, _MATCHES_NOT = "column_values.match_regex.condition", "column_values.not_match_regex.condition"
_IN_SET, _NOT_IN_SET = "column_values.in_set.condition", "column_values.not_in_set.condition"
_TRUTH = {"true": ("true", "t", "1"), "false": ("false", "f", "0")}
# Values that break a rule, of which none are asked for.
_SAMPLES = ".unexpected_values"


class SqlEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]
    """Computes metrics in a database.

    Attributes
    ----------
    times_as_texts
        Columns of times that the database keeps as texts, as SQLite does: "2024-12-31 00:00:00" comes after
        "2024-12-31" there.
    query_columns
        Names and types of the columns of a query; empty for a table, which can be asked.
    kinds
        Name -> what a column holds, see `kind_of`.
    """

    times_as_texts: frozenset[str] = frozenset()
    query_columns: Mapping[str, Any] = MappingProxyType({})
    kinds: Mapping[str, str | None] = MappingProxyType({})

    def get_domain_records(self, domain_kwargs: dict[str, Any]) -> Any:
        """Rows, with the counts that a condition of ours needs."""
        rows = super().get_domain_records(domain_kwargs)
        majorities = domain_kwargs.get(MAJORITIES)
        return rows if majorities is None else rows_in_sql.with_majorities(rows, **majorities)

    def resolve_metrics(
        self, metrics_to_resolve: Collection[Any], metrics: Any = None, runtime_configuration: Any = None
    ) -> dict[Any, Any]:
        """Values of metrics by their id."""
        values, wanted = self._known(metrics_to_resolve)
        if wanted:
            values |= super().resolve_metrics(wanted, metrics, runtime_configuration)
        for metric in wanted:
            if (condition := self._condition(metric, values[metric.id])) is not None:
                _, *domains = values[metric.id]
                values[metric.id] = (condition, *domains)
        return values

    def _known(self, metrics: Collection[Any]) -> tuple[dict[Any, Any], list[Any]]:
        """Values that need no query, and the metrics that do."""
        values: dict[Any, Any] = {}
        for metric in metrics:
            if metric.metric_name.endswith(_SAMPLES) and asks_for_none(metric):
                values[metric.id] = []
            elif metric.metric_name == "table.column_types" and self.query_columns:
                # Great Expectations looks for a table that is called as the query is.
                values[metric.id] = [{"name": name, "type": kind} for name, kind in self.query_columns.items()]
        return values, [metric for metric in metrics if metric.id not in values]

    def _condition(self, metric: Any, value: Any) -> Any:
        """What takes the place of the condition in a metric's value; None for nothing."""
        if metric.metric_name in _UNKNOWN_BREAKS:
            return value[0] | value[0].is_(None)
        if metric.metric_name == _COPIES:
            return self._counted(metric.metric_domain_kwargs)
        name = metric.metric_domain_kwargs.get("column")
        if metric.metric_name == _BETWEEN and name in self.times_as_texts:
            return _outside(name, metric.metric_value_kwargs)
        if metric.metric_name in (_IN_SET, _NOT_IN_SET):
            return self._of_a_set(metric, str(name))
        if metric.metric_name in (_MATCHES, _MATCHES_NOT) and self.kinds.get(str(name)) == "time":
            return self._of_a_pattern(metric, str(name))
        return None

    def _of_a_set(self, metric: Any, name: str) -> Any:
        """The condition with the values that the column can hold; None where none need be left out."""
        import sqlalchemy as sa

        values = metric.metric_value_kwargs.get("value_set")
        if not values:
            return None
        column: Any = sa.column(name)
        kind = self.kinds.get(name)
        if kind is None and all(str(value).lower() in _TRUTH for value in values):
            # The column of a query may hold truth values, or texts.
            words = [word for value in values for word in _TRUTH[str(value).lower()]]
            found = sa.func.lower(sa.cast(column, sa.Text)).in_(words)
        else:
            held = rows_in_sql.time_as_text(column, "sqlite") if name in self.times_as_texts else column
            found = held.in_(among(values, kind))
        return column.is_not(None) & (found if metric.metric_name == _NOT_IN_SET else ~found)

    def _of_a_pattern(self, metric: Any, name: str) -> Any:
        """Whether a time does not match a pattern (or does), as a text file has it: without an hour at midnight."""
        import sqlalchemy as sa
        from great_expectations.expectations.metrics.util import get_dialect_regex_expression

        column: Any = sa.column(name)
        text = rows_in_sql.time_as_text(column, self.dialect_name)
        found = get_dialect_regex_expression(text, metric.metric_value_kwargs["regex"], self.dialect_module)
        if found is None:
            return None
        return column.is_not(None) & (found if metric.metric_name == _MATCHES_NOT else ~found)

    def _counted(self, domain_kwargs: dict[str, Any]) -> Any:
        """The columns, and how many rows have the same values in all of them: a missing value equals another.

        Great Expectations joins the rows with their counts, and loses those with a missing value on the way.
        """
        import sqlalchemy as sa

        columns: list[Any] = [sa.column(name) for name in domain_kwargs["column_list"]]
        rows = self.get_domain_records(domain_kwargs)
        rows = rows.subquery() if isinstance(rows, sa.Select) else rows
        copies = sa.func.count().over(partition_by=columns).label("_num_rows")
        return sa.select(*columns, copies).select_from(rows).subquery("counted")


def _outside(name: str, bounds: dict[str, Any]) -> Any:
    """Whether a time that SQLite keeps as a text lies outside bounds, compared as days and their fractions."""
    import sqlalchemy as sa

    column: Any = sa.column(name)
    day = sa.func.julianday(column)
    low, high = (bounds.get(key) for key in ("min_value", "max_value"))
    inside = []
    if low is not None:
        least = sa.func.julianday(sa.literal(str(low)))
        inside.append(day > least if bounds.get("strict_min") else day >= least)
    if high is not None:
        most = sa.func.julianday(sa.literal(str(high)))
        inside.append(day < most if bounds.get("strict_max") else day <= most)
    # A text that is no time lies nowhere.
    return sa.and_(column.is_not(None), sa.or_(day.is_(None), sa.not_(sa.and_(*inside))))


class SparkEngine(SparkDFExecutionEngine):  # type: ignore[misc]
    """Computes metrics in Spark."""

    def get_domain_records(self, domain_kwargs: dict[str, Any]) -> Any:
        """Rows, with the columns that a condition of ours needs."""
        rows = super().get_domain_records(domain_kwargs)
        if (majorities := domain_kwargs.get(MAJORITIES)) is not None:
            return rows_in_spark.with_majorities(rows, **majorities)
        found = domain_kwargs.get(FOUND)
        return rows if found is None else rows_in_spark.with_found(rows, **found)

    def resolve_metrics(
        self, metrics_to_resolve: Collection[Any], metrics: Any = None, runtime_configuration: Any = None
    ) -> dict[Any, Any]:
        """Values of metrics by their id."""
        from pyspark.sql import functions

        wanted = [
            metric
            for metric in metrics_to_resolve
            if not (metric.metric_name.endswith(_SAMPLES) and asks_for_none(metric))
        ]
        # Each would be a query of its own, for no row.
        values: dict[Any, Any] = {metric.id: [] for metric in metrics_to_resolve if metric not in wanted}
        if wanted:
            values |= super().resolve_metrics(wanted, metrics, runtime_configuration)
        for metric in wanted:
            if metric.metric_name in (_IN_SET, _NOT_IN_SET, _MATCHES, _MATCHES_NOT):
                values[metric.id] = self._of_a_kind(metric, values[metric.id])
            if metric.metric_name not in _UNKNOWN_BREAKS:
                continue
            condition, *domains = values[metric.id]
            broken = condition | condition.isNull()
            # There a missing summand is 0.
            for name in metric.metric_domain_kwargs["column_list"] if metric.metric_name == _SUM else ():
                broken = broken | functions.col(f"`{name}`").isNull()
            values[metric.id] = (broken, *domains)
        return values

    def _of_a_kind(self, metric: Any, value: Any) -> Any:
        """A metric's value, with values of a set that the column can hold, or times as a text file has them."""
        from pyspark.sql import functions

        _, *domains = value
        name, asked = metric.metric_domain_kwargs["column"], metric.metric_value_kwargs
        kind = kind_of(dict(self.get_domain_records(metric.metric_domain_kwargs).dtypes).get(name, ""))
        column = functions.col(f"`{name}`")
        if asked.get("value_set"):
            fitting = among(asked["value_set"], kind)
            found = column.isin(fitting) if fitting else functions.lit(False)
        elif asked.get("regex") and kind == "time":
            found = rows_in_spark.time_as_text(column).rlike(asked["regex"])
        else:
            return value
        condition = found if metric.metric_name in (_NOT_IN_SET, _MATCHES_NOT) else ~found
        return (column.isNotNull() & condition, *domains)
