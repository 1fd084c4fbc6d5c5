"""A suite held against a table in memory by Great Expectations' pandas engine, a few expectations at a time."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assay.validation.engine import Raw, build, library, quiet, quiet_context, raw_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from assay.validation.suite import Expectation

log = logging.getLogger(__name__)

# Great Expectations keeps all masks until a suite is done: this many cells, at 9 bytes where a column has gaps.
_MOST_CELLS = 10_000_000
# It compares each rule of a suite with all others, and searches the graph of their metrics again and again.
_MOST_RULES = 100

_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


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
    kind = type(source)
    kind.execution_engine_override = WholeColumnEngine
    try:
        asset = source.add_dataframe_asset("frame")
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
        yield _Batch(frame, batch, source.get_execution_engine())
    finally:
        kind.execution_engine_override = None


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """A frame as Great Expectations' batch, with the `WholeColumnEngine` that computes its metrics."""

    frame: pd.DataFrame
    batch: Any
    engine: Any

    def validate(self, expectations: Mapping[int, Expectation]) -> dict[int, Raw]:
        """Results by the place in the suite; the memory that they took is free again."""
        try:
            # Added one by one, each would be compared with all before it.
            suite = library().ExpectationSuite("suite", [self._build(*pair) for pair in expectations.items()])
            results = self.batch.validate(suite, result_format=_RESULT_FORMAT).results
            return {item.expectation_config.meta["place"]: self._with_rows(item) for item in results}
        except Exception as error:  # one that cannot even be prepared must not take the others with it
            if len(expectations) > 1:
                alone = (self.validate({place: item}) for place, item in expectations.items())
                return {place: raw for raws in alone for place, raw in raws.items()}
            log.exception("Great Expectations could not carry out an expectation")
            return dict.fromkeys(expectations, Raw(None, failure=type(error).__name__))
        finally:
            self.engine.forget()

    def _build(self, place: int, item: Expectation) -> Any:
        return build(item.kind, {**item.kwargs, **self._instants(item.kwargs), "catch_exceptions": True}, place)

    def _instants(self, kwargs: Mapping[str, Any]) -> dict[str, str]:
        """Bounds of a column of dates as instants in UTC, which it holds: pandas compares no instant with a day."""
        column = kwargs.get("column")
        if column not in self.frame.columns or self.frame[column].dtype.kind != "M":
            return {}
        bounds = {key: kwargs.get(key) for key in ("min_value", "max_value")}
        return {key: _instant(bound) for key, bound in bounds.items() if isinstance(bound, str)}

    def _with_rows(self, item: Any) -> Raw:
        """What a result says, with the rows that were counted where the expectation failed on rows."""
        raw = raw_of(item)
        # Of distinct values an unexpected count is no count of rows.
        if raw.success is not False or "element_count" not in raw.result:
            return raw
        expectation = item.expectation_config.to_domain_obj()
        needed = expectation.get_validation_dependencies(self.engine, {"result_format": _RESULT_FORMAT})
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
