"""Expectations on Great Expectations' engines for databases and Spark, and the condition that its count rests on."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

from assay.validation import engine
from assay.validation.backends.place import NOT_HERE
from assay.validation.engine import Raw, quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.validation.suite import Expectation

log = logging.getLogger(__name__)

# What a place decides itself, before Great Expectations sees the rows.
_ROW_CONDITION = ("row_condition", "condition_parser")
_RESULT = {"result_format": "BASIC", "partial_unexpected_count": 0}
# For code of the user's own, whose verdict may rest on values that break a rule; all of a large table would not fit.
_SOME_VALUES = {"result_format": "BASIC", "partial_unexpected_count": 10_000}


def _rule(item: Expectation) -> dict[str, Any]:
    """Arguments of an expectation whose rows have been chosen already."""
    return {name: value for name, value in item.kwargs.items() if name not in _ROW_CONDITION}


def validator_of(execution_engine: Any, data: Any) -> Any:
    """Great Expectations' validator of one selection of rows.

    The engine must be a new one: it remembers the last selection that it was given, and metrics of others.
    """
    from great_expectations.core.batch import Batch
    from great_expectations.validator.validator import Validator

    with quiet():
        return Validator(execution_engine=execution_engine, batches=[Batch(data=data)], data_context=_context())


@cache
def _context() -> Any:
    """A context for its progress bars only, which are on without one; it knows of no data."""
    return engine.quiet_context()


def run(validator: Any, items: Sequence[Expectation]) -> list[Raw]:
    """Hold the rows of a validator against expectations, in their order."""
    own = [engine.judges_itself(item.kind) for item in items]
    if len(set(own)) > 1:
        alike = {kind: [item for item, is_own in zip(items, own, strict=True) if is_own is kind] for kind in set(own)}
        found = {kind: iter(_run(validator, some, own=kind)) for kind, some in alike.items()}
        return [next(found[kind]) for kind in own]
    return _run(validator, items, own=any(own))


def _run(validator: Any, items: Sequence[Expectation], *, own: bool) -> list[Raw]:
    with quiet():
        try:
            results = validator.graph_validate(
                configurations=[_configuration(item, place) for place, item in enumerate(items)],
                runtime_configuration={
                    "catch_exceptions": True,
                    "result_format": dict(_SOME_VALUES if own else _RESULT),
                },
            )
        except Exception as error:  # whatever it is: every expectation becomes an error, and none passes
            log.exception("Great Expectations could not validate the suite")
            return [Raw(None, failure=type(error).__name__)] * len(items)
    by_place = {result.expectation_config.meta["place"]: engine.raw_of(result) for result in results}
    found = [by_place.get(place, Raw(None, failure="no result")) for place in range(len(items))]
    return [
        Raw(None, failure=NOT_HERE)
        if raw.success is None and not _is_known_to(validator.execution_engine, item)
        else raw
        for item, raw in zip(items, found, strict=True)
    ]


def _configuration(item: Expectation, place: int) -> Any:
    return engine.build(item.kind, {**_rule(item), "catch_exceptions": True}, place).configuration


def unexpected_condition(validator: Any, item: Expectation) -> tuple[Any, dict[str, Any]] | None:
    """The condition that Great Expectations counts the rows with, and the rows that it is put to.

    Nothing of the library names all rows of a database: it cuts its lists at 200, and its `unexpected_index_query`
    is a text with the values in it. What it counts with is an expression, which takes any columns beside it.

    Returns
    -------
    tuple or None
        An expression of the engine, and the arguments for its `get_domain_records`; None for an expectation that is
        not about rows, or that the engine does not know.
    """
    from great_expectations.validator.metric_configuration import MetricConfiguration

    with quiet():
        expectation = engine.build(item.kind, _rule(item))
        metric = getattr(type(expectation), "map_metric", None)
        if not metric:
            return None
        needed = expectation.get_validation_dependencies(
            execution_engine=validator.execution_engine, runtime_configuration={"result_format": dict(_RESULT)}
        ).metric_configurations
        counted = needed.get(f"{metric}.unexpected_count")
        if counted is None:
            return None
        asked = MetricConfiguration(f"{metric}.condition", counted.metric_domain_kwargs, counted.metric_value_kwargs)
        resolved, _ = validator.compute_metrics([asked])
        found = resolved.get(asked.id)
    if found is None:
        return None
    condition, compute, accessor = found
    return condition, {**compute, **accessor}


def _is_known_to(execution_engine: Any, item: Expectation) -> bool:
    """Whether an engine has the metrics of an expectation on rows; True for every other expectation."""
    from great_expectations.exceptions import MetricProviderError
    from great_expectations.expectations.registry import get_expectation_impl, get_metric_provider

    metric = getattr(get_expectation_impl(item.kind), "map_metric", None)
    if not metric:
        return True
    try:
        get_metric_provider(f"{metric}.condition", execution_engine)
    except MetricProviderError:
        return False
    return True
