"""The gate in Python: nothing behind it runs unless the verdict is `pass`.

>>> import assay
>>> @assay.gate("audit.yaml")
... def train():
...     ...
"""

from __future__ import annotations

import functools
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from assay.auditing import audit, run_audit
from assay.config import AuditConfig
from assay.config_file import load_config
from assay.errors import ConfigurationError
from assay.known import Answer, known_answer, rejection
from assay.report import AuditReport
from assay.store import check_writable

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

P = ParamSpec("P")
T = TypeVar("T")

_CONFIGURATIONS = (".yaml", ".yml")


def require(
    what: str | Path | AuditConfig | AuditReport | pd.DataFrame,
    /,
    *,
    fresh: bool = False,
    **settings: Any,
) -> Answer:
    """Go on only where the verdict is `pass`.

    Parameters
    ----------
    what
        An `audit.yaml` or its configuration: the audit is stored, and answered from the record where nothing has
        changed. An `AuditReport`: its verdict counts. A frame: it is audited by `settings`.
    fresh
        Whether to audit again even where nothing has changed.
    **settings
        For a frame, as for `assay.audit`: `label="hired"`, `sensitive=["sex"]`, ...

    Returns
    -------
    Answer
        With `document`, the whole report.

    Raises
    ------
    GateRejected
        Unless the verdict is `pass`; `.findings` says why, and `.place` where the report lies.
    AssayError
        Where no audit could be made. Nothing passes then either.
    """
    answer = _answer(what, settings, fresh=fresh)
    if answer.verdict != "pass":
        raise rejection(answer)
    return answer


def gate(what: str | Path | AuditConfig, /, *, fresh: bool = False) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Put a gate in front of a function, such as a training: it is called only where `require` goes on.

    The audit is made, or looked up, at every call. Works for coroutine functions as well; the audit itself blocks.

    Parameters
    ----------
    what, fresh
        As in `require`.
    """
    if not isinstance(what, str | Path | AuditConfig):
        raise ConfigurationError(
            f"the gate must be given an audit.yaml or its configuration, got {type(what).__name__}. "
            'Write `@assay.gate("audit.yaml")`.'
        )

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def gated_coroutine(*args: P.args, **kwargs: P.kwargs) -> Any:
                require(what, fresh=fresh)
                return await function(*args, **kwargs)

            return gated_coroutine  # type: ignore[return-value]  # a coroutine function is what `T` stands for

        @functools.wraps(function)
        def gated(*args: P.args, **kwargs: P.kwargs) -> T:
            require(what, fresh=fresh)
            return function(*args, **kwargs)

        return gated

    return decorate


def _answer(what: object, settings: dict[str, Any], *, fresh: bool) -> Answer:
    if isinstance(what, AuditReport):
        _refuse(settings, "a report")
        return Answer(what.to_dict(), None)
    if isinstance(what, str | Path):
        if Path(what).suffix.lower() not in _CONFIGURATIONS:
            raise ConfigurationError(
                f"the gate must be given an audit.yaml, its configuration, a report or a frame, got '{what}'. For a "
                "file of data, write `assay.require(assay.audit(path, label=...))`."
            )
        what = load_config(Path(what))
    if isinstance(what, AuditConfig):
        _refuse(settings, "a configuration")
        return _of_config(what, fresh=fresh)
    if not hasattr(what, "columns"):
        raise ConfigurationError(
            "the gate must be given an audit.yaml, its configuration, a report or a frame, got "
            f"{type(what).__name__}. Give one of them."
        )
    if "label" not in settings:
        raise ConfigurationError("label must be given with a frame: the column that a model would predict. Name it.")
    return Answer(audit(what, **settings).to_dict(), None)  # type: ignore[arg-type]  # a frame, as far as one can ask


def _of_config(config: AuditConfig, *, fresh: bool) -> Answer:
    if not fresh and (known := known_answer(config)) is not None:
        return known
    check_writable(config.output.folder)
    report = run_audit(config)
    # Saved first: what changed since the last audit is part of the report from then on.
    place = report.save(config.output.folder)
    return Answer(report.to_dict(), place)


def _refuse(settings: dict[str, Any], what: str) -> None:
    if settings:
        raise ConfigurationError(f"{', '.join(settings)} must be left out where {what} is given. Drop it.")
