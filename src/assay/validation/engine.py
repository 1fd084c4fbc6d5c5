"""Great Expectations, kept quiet: no telemetry, no progress bars, no file, one context for each call."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import warnings
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.validation import own

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

log = logging.getLogger(__name__)

# The project that is current is a global of Great Expectations: two validations in two threads would mix.
ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True, slots=True)
class Raw:
    """What became of one expectation.

    Attributes
    ----------
    success
        None where it could not be carried out.
    result
        Counts and figures, as Great Expectations names them; empty where it could not be carried out.
    failure
        Kind of the exception, without its text, which may quote raw values.
    rows
        Positions of the rows that break an expectation on rows, ascending; None where it did not fail, or where they
        are not known.
    """

    success: bool | None
    result: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""
    rows: npt.NDArray[np.int64] | None = None


@cache
def library() -> Any:
    """Great Expectations itself, with our own expectations registered."""
    # Read when the library is imported, and by nothing else.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations

        own.register()
    return great_expectations


def is_known_code(item: Any) -> bool:
    """Whether a class or function is Great Expectations' or ours, and not the user's own."""
    return str(getattr(item, "__module__", "")).partition(".")[0] in ("great_expectations", "assay")


def asks_for_none(metric: Any) -> bool:
    """Whether the values that a metric would list are not wanted; looking for them costs as much as counting them."""
    wanted = (metric.metric_value_kwargs or {}).get("result_format")
    return (
        isinstance(wanted, dict)
        and wanted.get("result_format") != "COMPLETE"
        and not wanted.get("partial_unexpected_count", 1)
    )


def judges_itself(kind: str) -> bool:
    """Whether a type of expectation has a verdict or metrics of the user's own, which may look at any value."""
    from great_expectations.expectations.registry import get_expectation_impl

    found = get_expectation_impl(kind)
    own = (getattr(found, name, None) for name in ("_validate", "get_validation_dependencies"))
    return any(item is not None and not is_known_code(item) for item in own)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let no warning out: those of GX and of the patterns of a suite concern neither the data nor the user."""
    level = logging.getLogger("great_expectations").level
    with ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # What it logs quotes raw values; what went wrong comes back in the result too.
        logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logging.getLogger("great_expectations").setLevel(level)


@cache
def known_kinds() -> tuple[str, ...]:
    """Types of all expectations that are registered, sorted."""
    library()
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    return tuple(sorted(list_registered_expectation_implementations()))


def check_arguments(kind: str, kwargs: Mapping[str, Any]) -> list[str]:
    """What is wrong with the arguments of a known type of expectation; empty where nothing is."""
    library()
    from great_expectations.exceptions import GreatExpectationsError

    try:
        with quiet():
            build(kind, kwargs)
    except (ValueError, TypeError, GreatExpectationsError) as error:
        # pydantic's errors are lists; what else is refused comes as one sentence.
        details = getattr(error, "errors", None)
        if not callable(details):
            return [f"{str(error).rstrip('.')}. Correct its `kwargs`."]
        by_argument: dict[str, list[str]] = {}
        for item in details():
            place = ".".join(str(part) for part in item["loc"] if part != "__root__")
            by_argument.setdefault(place, []).append(_plain(item["msg"]))
        return [_argument_problem(place, messages) for place, messages in by_argument.items()]
    return []


def _plain(message: str) -> str:
    known = {"extra fields not permitted": "is not known here", "field required": "is missing"}
    return known.get(message, message)


def _argument_problem(place: str, messages: Sequence[str]) -> str:
    said = " or ".join(dict.fromkeys(messages))
    return f"argument '{place}': {said}. Correct its `kwargs`." if place else f"{said}. Correct its `kwargs`."


def build(kind: str, kwargs: Mapping[str, Any], place: int = 0) -> Any:
    """An expectation of the library."""
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    # Results come back in an order of their own: the place in the suite travels along in the meta.
    configuration = ExpectationConfiguration(type=kind, kwargs=dict(kwargs), meta={"place": place})
    return configuration.to_domain_obj()


def quiet_context() -> Any:
    """A new context of the library, without files and progress bars."""
    context = library().get_context(mode="ephemeral")
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def raw_of(item: Any) -> Raw:
    """What a result of the library says."""
    failure = _failure(item.exception_info or {})
    # That of quantiles is NumPy's.
    if failure or not isinstance(item.success, bool | np.bool_):
        return Raw(None, failure=failure or "no verdict")
    return Raw(bool(item.success), dict(item.result or {}))


def _failure(info: Mapping[str, Any]) -> str:
    """Kind of the exception, or "": the information is one record, or one for each metric that raised."""
    records = [info] if "raised_exception" in info else [value for value in info.values() if isinstance(value, dict)]
    for record in records:
        if record.get("raised_exception"):
            trace = str(record.get("exception_traceback") or "")
            log.info("An expectation raised:\n%s", trace)
            # The first in the chain is what went wrong; the later ones are how GX passed it on.
            raised = re.search(r"^(?:\w+\.)*(\w+)(?::|$)", trace, re.MULTILINE)
            return raised[1] if raised else "an exception"
    return ""
