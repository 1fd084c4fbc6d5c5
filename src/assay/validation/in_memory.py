"""A suite held against a table in memory by Great Expectations' pandas engine, a few expectations at a time."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assay.validation.column_rows import instants
from assay.validation.engine import Raw, build, judges_itself, library, quiet, quiet_context, raw_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from assay.validation.suite import Expectation

log = logging.getLogger(__name__)

# Great Expectations keeps all masks until a suite is done: this many cells, at 9 bytes where a column has gaps.
_MOST_CELLS = 10_000_000
# It compares each rule of a suite with all others, and searches the graph of their metrics again and again.
_MOST_RULES = 100

_COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}
_MOST_COMMON = "expect_column_most_common_value_to_be_in_set"
# For code of the user's own, whose verdict may rest on any of the values that break a rule.
_ALL_VALUES = {"result_format": "COMPLETE"}


def run_expectations(frame: pd.DataFrame, expectations: Sequence[Expectation]) -> list[Raw]:
    """Hold a frame against expectations, in their order.

    Parameters
    ----------
    frame
        N rows under a RangeIndex, not changed.
    expectations
        Whose arguments were checked.
    """
    # A suite is a set to Great Expectations: the second of two equal rules is dropped and takes the first's result.
    first: dict[str, int] = {}
    same = [first.setdefault(_rule(item), place) for place, item in enumerate(expectations)]
    found: dict[int, Raw] = {}
    with quiet():
        try:
            with _batch(frame) as batch:
                for places in _chunks(len(frame), expectations, sorted(set(same))):
                    found |= batch.validate({place: expectations[place] for place in places})
        except Exception as error:  # whatever it is: what was not carried out becomes an error, and does not pass
            log.exception("Great Expectations could not validate the suite")
            missing = Raw(None, failure=type(error).__name__)
            return [found.get(place, missing) for place in same]
    return [found.get(place, Raw(None, failure="no result")) for place in same]


def _rule(item: Expectation) -> str:
    return repr((item.kind, sorted(item.kwargs.items(), key=lambda pair: pair[0])))


def _chunks(n_rows: int, expectations: Sequence[Expectation], places: Sequence[int]) -> Iterator[list[int]]:
    """Places of a few expectations at a time, those on one column together: they share metrics."""
    most = max(1, min(_MOST_RULES, _MOST_CELLS // max(1, n_rows)))
    ordered = sorted(places, key=lambda place: (expectations[place].columns, place))
    for start in range(0, len(ordered), most):
        yield ordered[start : start + most]


@contextlib.contextmanager
def _batch(frame: pd.DataFrame) -> Iterator[_Batch]:
    library()
    from assay.validation.gx_engine import WholeColumnEngine

    source = quiet_context().data_sources.add_pandas("data")
    # Of this source alone: Great Expectations' own override is that of the class, and of all other threads.
    source.get_execution_engine()
    source._execution_engine = WholeColumnEngine(**source._cached_execution_engine_kwargs)  # noqa: SLF001
    asset = source.add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
    engine = batch.data.execution_engine
    if not isinstance(engine, WholeColumnEngine):
        raise TypeError(f"the batch must be that of a {WholeColumnEngine.__name__}, got {type(engine).__name__}")
    yield _Batch(frame, batch, engine)


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """A frame as Great Expectations' batch, with the `WholeColumnEngine` that computes its metrics."""

    frame: pd.DataFrame
    batch: Any
    engine: Any

    def validate(self, expectations: Mapping[int, Expectation]) -> dict[int, Raw]:
        """Results by the place in the suite; the memory that they took is free again."""
        own = {place: item for place, item in expectations.items() if judges_itself(item.kind)}
        others = {place: item for place, item in expectations.items() if place not in own}
        return self._validate(others, _COUNTS) | self._validate(own, _ALL_VALUES)

    def _validate(self, expectations: Mapping[int, Expectation], result_format: Mapping[str, Any]) -> dict[int, Raw]:
        if not expectations:
            return {}
        try:
            # Added one by one, each would be compared with all before it.
            suite = library().ExpectationSuite("suite", [self._build(*pair) for pair in expectations.items()])
            results = self.batch.validate(suite, result_format=dict(result_format)).results
            return {item.expectation_config.meta["place"]: self._with_rows(item, result_format) for item in results}
        except Exception as error:  # one that cannot even be prepared must not take the others with it
            if len(expectations) > 1:
                alone = (self._validate({place: item}, result_format) for place, item in expectations.items())
                return {place: raw for raws in alone for place, raw in raws.items()}
            log.exception("Great Expectations could not carry out an expectation")
            return dict.fromkeys(expectations, Raw(None, failure=type(error).__name__))
        finally:
            self.engine.forget()

    def _build(self, place: int, item: Expectation) -> Any:
        return build(item.kind, {**item.kwargs, **self._instants(item), "catch_exceptions": True}, place)

    def _instants(self, item: Expectation) -> dict[str, Any]:
        """Bounds and sets of a column of dates as instants in UTC, which it holds.

        pandas compares no instant with a day, and no text with an instant. Great Expectations reads the texts of
        some sets as dates, but for their time zones; `WholeColumnEngine` those of the others.
        """
        column, listed = item.kwargs.get("column"), item.kwargs.get("value_set")
        if column not in self.frame.columns or self.frame[column].dtype.kind != "M":
            return {}
        bounds = {key: item.kwargs.get(key) for key in ("min_value", "max_value")}
        read: dict[str, Any] = {key: _instant(bound) for key, bound in bounds.items() if isinstance(bound, str)}
        if isinstance(listed, list) and item.kind == _MOST_COMMON:
            # Which is no metric: it is held against the values themselves.
            return read | {"value_set": instants(self.frame[column], listed)}
        if isinstance(listed, list):
            read["value_set"] = [_instant(value) if isinstance(value, str) else value for value in listed]
        return read

    def _with_rows(self, item: Any, result_format: Mapping[str, Any]) -> Raw:
        """What a result says, with the rows that were counted where some break an expectation on rows."""
        raw = raw_of(item)
        # Of distinct values an unexpected count is no count of rows.
        if "element_count" not in raw.result or (raw.success and not raw.result.get("unexpected_count")):
            return raw
        expectation = item.expectation_config.to_domain_obj()
        needed = expectation.get_validation_dependencies(self.engine, {"result_format": dict(result_format)})
        # Expectations about a whole column that count values too have no metric for each row.
        metric = getattr(expectation, "map_metric", None)
        counted = needed.metric_configurations.get(f"{metric}.unexpected_count")
        return raw if counted is None else replace(raw, rows=self.engine.unexpected.get(counted.id))


def _instant(text: str) -> str:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return (instant.astimezone(dt.UTC).replace(tzinfo=None) if instant.tzinfo else instant).isoformat()
