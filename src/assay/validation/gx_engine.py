"""Great Expectations' pandas engine, with its own rules and less of its own work.

Each metric is still computed by the code of Great Expectations. What is left out was found by profiling: copying all
columns for each rule on one of them, hashing the whole table twice, computing metrics again because another one
failed, sample lists that nobody asked for, and rules in Python for each row where each distinct value is enough. What
is kept are the rows that break a rule, which Great Expectations computes to count them.

Importing this module imports Great Expectations.
"""

from __future__ import annotations

import datetime as dt
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from great_expectations.core.batch import BatchMarkers
from great_expectations.exceptions import MetricResolutionError
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.execution_engine.pandas_batch_data import PandasBatchData
from great_expectations.expectations.registry import get_metric_provider
from great_expectations.validator.metric_configuration import MetricConfiguration

from assay.validation.column_rows import instants
from assay.validation.condition import columns_of
from assay.validation.engine import asks_for_none, is_known_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

# Metrics that look at one value at a time: what they say of a value holds for every row that has it.
_BY_VALUE = frozenset(
    {
        "column_values.between.condition",
        "column_values.dateutil_parseable.condition",
        "column_values.in_set.condition",
        "column_values.json_parseable.condition",
        "column_values.match_json_schema.condition",
        "column_values.match_regex.condition",
        "column_values.match_regex_list.condition",
        "column_values.match_strftime_format.condition",
        "column_values.not_in_set.condition",
        "column_values.not_match_regex.condition",
        "column_values.not_match_regex_list.condition",
        "column_values.value_length.map",
    }
)
# Of these, the ones that Great Expectations computes for numbers and dates as a whole already.
_WHOLE = ("column_values.between.condition", "column_values.in_set.condition", "column_values.not_in_set.condition")
_BETWEEN = "column_values.between.condition"
# Sets of values that Great Expectations compares as they stand in the suite, where JSON has no dates; the other
# metrics of sets read texts as dates.
_IN_SET, _PAIR_IN_SET = "column_values.in_set.condition", "column_pair_values.in_set.condition"
_UNIQUE_WITHIN_RECORD = "select_column_values.unique.within_record.condition"

# A column whose sample has more distinct values than this share repeats too little to gain anything.
_MAX_DISTINCT_SHARE = 0.5
_SAMPLE = 10_000

# The batch that stands for a few columns of the whole one.
_PART = "part"


class _Exact(str):
    """A column name that Great Expectations compares as it is.

    Of plain texts it takes those for equal that differ only in case or in backticks around them, and the first for
    the one that is meant; of any other class it takes the equal one.
    """

    __slots__ = ()

    def startswith(self, prefix: Any, *span: Any) -> bool:
        """As any text, but for the backticks, which are not Spark's."""
        return prefix != "`" and super().startswith(prefix, *span)


class WholeColumnEngine(PandasExecutionEngine):  # type: ignore[misc]
    """Computes the metrics of one batch, whose frame has a RangeIndex.

    Attributes
    ----------
    unexpected
        Id of the metric of a count of unexpected rows -> their positions, ascending.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The dependencies of a metric are passed along with it; this cache would keep the masks of all of them.
        self._caching = False
        self.unexpected: dict[Any, npt.NDArray[np.int64]] = {}
        self._known: dict[Any, Any] = {}
        self._raised: dict[Any, MetricResolutionError] = {}
        self._meeting: dict[str, pd.Index] = {}
        self._coded: tuple[Any, Any] | None = None
        self._stand_in: pd.DataFrame | None = None
        self._narrow = True

    def forget(self) -> None:
        """Free what the next expectations, on other columns, will not use: all but single figures."""
        self.unexpected.clear()
        self._coded = None
        self._known = {key: value for key, value in self._known.items() if isinstance(value, int | float | str)}

    def get_batch_data_and_markers(self, batch_spec: Any) -> Any:
        """Take a frame as it is, without the fingerprint of all its cells."""
        data = getattr(batch_spec, "batch_data", None)
        if not isinstance(data, pd.DataFrame):
            return super().get_batch_data_and_markers(batch_spec)
        now = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        # As Great Expectations does; it writes the rest of the specification into its results.
        batch_spec.batch_data = "PandasDataFrame"
        return PandasBatchData(self, data), BatchMarkers({"ge_load_time": now})

    def get_domain_records(self, domain_kwargs: dict[str, Any]) -> pd.DataFrame:
        """Rows that a metric applies to; one that we know gets no other columns than those it names."""
        names = _columns(domain_kwargs) if self._narrow else []
        if not names:
            whole: pd.DataFrame = super().get_domain_records(domain_kwargs)
            return whole
        # A column that is not there is for Great Expectations to report.
        part = self._frame[[name for name in names if name in self._frame.columns]]
        if domain_kwargs.get("row_condition"):
            part = part.loc[self._rows_meeting(domain_kwargs)]
        return self._records_of(part, {**domain_kwargs, "row_condition": None})

    def get_compute_domain(self, *args: Any, **kwargs: Any) -> Any:
        """Rows that a metric applies to, or the distinct values that stand for them."""
        records, compute, accessor = super().get_compute_domain(*args, **kwargs)
        return (records if self._stand_in is None else self._stand_in), compute, accessor

    def resolve_metrics(
        self, metrics_to_resolve: Iterable[Any], metrics: Any = None, runtime_configuration: Any = None
    ) -> dict[Any, Any]:
        """Values of metrics by their id.

        Great Expectations asks for a whole set again, up to three times, for each one in it that raised.
        """
        values = {}
        for metric in metrics_to_resolve:
            if metric.id in self._raised:
                raise self._raised[metric.id]
            if metric.id not in self._known:
                try:
                    self._known[metric.id] = self._resolve(metric, metrics or {}, runtime_configuration)
                except MetricResolutionError as error:
                    self._raised[metric.id] = error
                    raise
                except Exception as error:
                    # Unless it is told which metric failed, Great Expectations fails all of them.
                    self._raised[metric.id] = MetricResolutionError(str(error), failed_metrics=(metric,))
                    raise self._raised[metric.id] from error
            values[metric.id] = self._known[metric.id]
            if metric.metric_name.endswith(".unexpected_count"):
                self._note_unexpected(metric, metrics or {})
        return values

    @property
    def _frame(self) -> pd.DataFrame:
        frame: pd.DataFrame = self.batch_manager.active_batch_data.dataframe
        return frame

    def _records_of(self, part: pd.DataFrame, domain_kwargs: dict[str, Any]) -> pd.DataFrame:
        self.batch_manager.batch_data_cache[_PART] = PandasBatchData(self, part)
        try:
            records: pd.DataFrame = super().get_domain_records({**domain_kwargs, "batch_id": _PART})
        finally:
            del self.batch_manager.batch_data_cache[_PART]
        return records

    def _rows_meeting(self, domain_kwargs: Mapping[str, Any]) -> pd.Index:
        condition = domain_kwargs["row_condition"]
        key = repr(condition)
        if key not in self._meeting:
            named = columns_of(condition) if isinstance(condition, str) else None
            part = self._frame if named is None else self._frame[[*named]]
            keys = ("row_condition", "condition_parser")
            records = self._records_of(part, {key: domain_kwargs.get(key) for key in keys})
            self._meeting[key] = records.index
        return self._meeting[key]

    def _note_unexpected(self, metric: Any, metrics: Mapping[Any, Any]) -> None:
        condition = metric.metric_dependencies.get("unexpected_condition")
        value = None if condition is None else metrics.get(condition.id)
        if isinstance(value, tuple) and value and isinstance(value[0], pd.Series):
            mask = value[0]
            self.unexpected[metric.id] = mask.index.to_numpy()[mask.to_numpy() == True].astype(np.int64)  # noqa: E712 -- as GX

    def _resolve(self, metric: Any, metrics: Any, runtime_configuration: Any) -> Any:
        if metric.metric_name == "table.columns":
            return [_Exact(name) for name in self._compute(metric, metrics, runtime_configuration)]
        if metric.metric_name.endswith(".unexpected_values") and asks_for_none(metric):
            return []
        if metric.metric_name == _UNIQUE_WITHIN_RECORD and self._is_plain(metric.metric_domain_kwargs):
            return self._unique_within_record(metric)
        rows = self._values_of(metric)
        if rows is None:
            return self._compute(metric, metrics, runtime_configuration)
        codes, distinct = rows
        self._stand_in = distinct.to_frame(metric.metric_domain_kwargs["column"])
        try:
            values, compute, accessor = self._compute(metric, metrics, runtime_configuration)
        finally:
            self._stand_in = None
        present = codes.to_numpy() >= 0
        codes = codes if present.all() else codes[present]
        return pd.Series(np.asarray(values)[codes.to_numpy()], index=codes.index), compute, accessor

    def _compute(self, metric: Any, metrics: Any, runtime_configuration: Any) -> Any:
        asked = self._with_instants(metric)
        provider, _ = get_metric_provider(metric.metric_name, self)
        # Code of the user's own may read any column.
        self._narrow = is_known_code(provider)
        try:
            return super().resolve_metrics([asked], metrics, runtime_configuration)[asked.id]
        finally:
            self._narrow = True

    def _with_instants(self, metric: Any) -> Any:
        """The same; texts in a set that are held against a column of dates are dates."""
        domain, values = metric.metric_domain_kwargs, metric.metric_value_kwargs or {}
        if metric.metric_name == _IN_SET and values.get("value_set"):
            taken = self._instants(domain.get("column"), values["value_set"])
            changed = {"value_set": taken}
        elif metric.metric_name == _PAIR_IN_SET and values.get("value_pairs_set"):
            sides = zip(*values["value_pairs_set"], strict=True)
            names = (domain.get("column_A"), domain.get("column_B"))
            read = [self._instants(name, side) for name, side in zip(names, sides, strict=True)]
            changed = {"value_pairs_set": list(zip(*read, strict=True))}
        else:
            return metric
        asked = MetricConfiguration(metric.metric_name, domain, {**values, **changed})
        asked.metric_dependencies = metric.metric_dependencies
        return asked

    def _instants(self, name: Any, values: Iterable[Any]) -> list[Any]:
        return instants(self._frame[name], values) if name in self._frame.columns else list(values)

    def _values_of(self, metric: Any) -> tuple[pd.Series[Any], pd.Series[Any]] | None:
        """Codes of the rows of a column, -1 where missing, and its distinct values; None to leave the rows alone."""
        domain = metric.metric_domain_kwargs
        name = domain.get("column")
        if metric.metric_name not in _BY_VALUE or name not in self._frame.columns or not self._is_plain(domain):
            return None
        dtype = self._frame[name].dtype
        whole = dtype in (np.dtype("int64"), np.dtype("datetime64[ns]")) and metric.metric_name in _WHOLE
        # 0.0 and -0.0 are one value and two texts.
        if whole or dtype.kind == "f":
            return None
        key = (name, repr(domain.get("row_condition")))
        if self._coded is None or self._coded[0] != key:
            self._coded = key, _code(self.get_domain_records(domain)[name])
        coded: tuple[pd.Series[Any], pd.Series[Any]] | None = self._coded[1]
        if coded is not None and metric.metric_name == _BETWEEN and dtype.kind == "M":
            # Great Expectations compares nanoseconds as a whole, and days or microseconds one by one.
            return coded[0], _as_nanoseconds(coded[1])
        return coded

    def _is_plain(self, domain_kwargs: Mapping[str, Any]) -> bool:
        """Whether equal values are equal in every respect, as in no column of objects."""
        names = [name for name in _columns(domain_kwargs) if name in self._frame.columns]
        return all(_is_plain(self._frame[name].dtype) for name in names)

    def _unique_within_record(self, metric: Any) -> Any:
        """The one rule that is not Great Expectations' own code: that counts the distinct values of row after row."""
        domain = metric.metric_domain_kwargs
        records = self.get_domain_records(domain)
        equal = np.zeros(len(records), dtype=bool)
        for first, second in combinations(domain["column_list"], 2):
            equal |= _equal(records[first], records[second])
        rest = {key: value for key, value in domain.items() if key != "column_list"}
        return pd.Series(equal, index=records.index), rest, {"column_list": domain["column_list"]}


def _columns(domain_kwargs: Mapping[str, Any]) -> list[str]:
    single = [domain_kwargs[key] for key in ("column", "column_A", "column_B") if domain_kwargs.get(key) is not None]
    return list(dict.fromkeys([*single, *(domain_kwargs.get("column_list") or ())]))


def _is_plain(dtype: Any) -> bool:
    return isinstance(dtype, pd.StringDtype) or (isinstance(dtype, np.dtype) and dtype.kind in "iufbM")


def _code(values: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]] | None:
    sample = values.iloc[:: max(1, len(values) // _SAMPLE)]
    repeats_little = sample.nunique() > _MAX_DISTINCT_SHARE * len(sample)
    # Instants are worth it in any case: see `_as_nanoseconds`.
    if repeats_little and values.dtype.kind != "M":
        return None
    codes, distinct = pd.factorize(values)
    return pd.Series(codes.astype(np.int32, copy=False), index=values.index), pd.Series(distinct)


def _as_nanoseconds(values: pd.Series[Any]) -> pd.Series[Any]:
    try:
        return values.astype("datetime64[ns]")
    except pd.errors.OutOfBoundsDatetime:
        return values


def _equal(first: pd.Series[Any], second: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """Whether two values are one; two missing ones are."""
    try:
        same = np.asarray(first == second)
    except TypeError:
        same = np.zeros(len(first), dtype=bool)
    return np.asarray(same | (first.isna() & second.isna()), dtype=bool)
