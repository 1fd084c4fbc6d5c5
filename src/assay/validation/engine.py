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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from assay.validation.suite import Expectation

log = logging.getLogger(__name__)

# The project that is current is a global of Great Expectations: two validations in two threads would mix.
_ONE_AT_A_TIME = threading.RLock()


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
    """

    success: bool | None
    result: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""


@cache
def _great_expectations() -> Any:
    # Read when the library is imported, and by nothing else.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations
    return great_expectations


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let no warning out: those of GX and of the patterns of a suite concern neither the data nor the user."""
    level = logging.getLogger("great_expectations").level
    with _ONE_AT_A_TIME, warnings.catch_warnings():
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
    _great_expectations()
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    return tuple(sorted(list_registered_expectation_implementations()))


def check_arguments(kind: str, kwargs: Mapping[str, Any]) -> list[str]:
    """What is wrong with the arguments of a known type of expectation; empty where nothing is."""
    _great_expectations()
    from great_expectations.exceptions import GreatExpectationsError

    try:
        with quiet():
            _build(kind, kwargs)
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


def _build(kind: str, kwargs: Mapping[str, Any], place: int = 0) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    # Results come back in an order of their own: the place in the suite travels along in the meta.
    configuration = ExpectationConfiguration(type=kind, kwargs=dict(kwargs), meta={"place": place})
    return configuration.to_domain_obj()


def run_expectations(frame: pd.DataFrame, expectations: Sequence[Expectation]) -> list[Raw]:
    """Hold a frame against expectations, in their order.

    Parameters
    ----------
    frame
        Not changed.
    expectations
        Whose arguments were checked.
    """
    gx = _great_expectations()
    with quiet():
        try:
            results = _validate(gx, frame, expectations)
        except Exception as error:  # whatever it is: every expectation becomes an error, and none passes
            log.exception("Great Expectations could not validate the suite")
            return [Raw(None, failure=type(error).__name__)] * len(expectations)
    return [results.get(place, Raw(None, failure="no result")) for place in range(len(expectations))]


def _validate(gx: Any, frame: pd.DataFrame, expectations: Sequence[Expectation]) -> dict[int, Raw]:
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("data").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
    # A suite is a set to Great Expectations: the second of two equal rules is dropped and takes the first's result.
    suite = gx.ExpectationSuite(name="suite")
    first: dict[str, int] = {}
    same: dict[int, int] = {}
    for place, item in enumerate(expectations):
        key = repr((item.kind, sorted(item.kwargs.items(), key=lambda pair: pair[0])))
        same[place] = first.setdefault(key, place)
        if same[place] == place:
            suite.add_expectation(_build(item.kind, {**item.kwargs, "catch_exceptions": True}, place))
    results = batch.validate(suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 0})
    by_place = {item.expectation_config.meta["place"]: _raw(item) for item in results.results}
    return {place: by_place[origin] for place, origin in same.items() if origin in by_place}


def _raw(item: Any) -> Raw:
    failure = _failure(item.exception_info or {})
    if failure or not isinstance(item.success, bool):
        return Raw(None, failure=failure or "no verdict")
    return Raw(item.success, dict(item.result or {}))


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
