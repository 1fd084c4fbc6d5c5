"""DQ040: whether the figures of an audit are what the audits before it predict."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from assay.errors import AssayError
from assay.findings import Check, Evidence, Outcome, Severity, Status, Subject, Table, run_checks
from assay.history.database import find_history
from assay.history.figures import CODE, ROWS, UNEXPECTED, figures_of
from assay.history.prediction import MIN_AUDITS
from assay.history.trend import ALPHA, hold_against

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from assay.config import AuditConfig
    from assay.findings import Finding
    from assay.history.figures import Key
    from assay.history.trend import Point, Trend

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Question:
    config: AuditConfig
    fingerprint: str
    document: Callable[[], Mapping[str, Any]]


def judge_history(
    config: AuditConfig, fingerprint: str, document: Callable[[], Mapping[str, Any]]
) -> tuple[Finding, ...]:
    """DQ040: hold the figures of an audit against those of the audits before it.

    Parameters
    ----------
    config
        Its `dataset_name`, `output.folder` and `output.history` say which audits those are.
    fingerprint
        Of the data: earlier audits of the same data do not count.
    document
        Gives the report's document, as `report.json` holds it, without this finding; only called where the history is
        long enough.

    Returns
    -------
    tuple of Finding
        One failed for each feature with figures that are not what was expected, one that passed, one not applicable
        where the history is too short, or one with the status `error` where it cannot be read.
    """
    return run_checks(CHECKS, _Question(config, fingerprint, document))


def _check(question: _Question) -> Iterator[Outcome]:
    config = question.config
    if config.name is None and (config.data is None or not config.data.has_source):
        yield _silent("A frame without a name has no history: `name` says which dataset it is.")
        return
    try:
        series, audits = _past(config, question.fingerprint)
    except AssayError as error:
        # The text names the database without its password, and no values.
        yield Outcome(Status.ERROR, f"The history was not read. {error}", remedy="Repair it, or set output.history.")
        return
    if audits < MIN_AUDITS:
        yield _silent(f"There are audits of {audits:,} earlier states of the data; {MIN_AUDITS} say what is usual.")
        return
    document = question.document()
    trends = hold_against(figures_of(document), series, (document.get("manifest") or {}).get("created"))
    judged = [trend for trend in trends if trend.prediction is not None]
    unexpected = sorted((trend for trend in judged if trend.is_unexpected), key=lambda trend: trend.figure.key.feature)
    for feature, found in groupby(unexpected, key=lambda trend: trend.figure.key.feature):
        yield _failed(feature, tuple(found), len(judged))
    if not judged:
        yield _silent(f"No figure is known from {MIN_AUDITS} earlier audits.")
    elif not unexpected:
        evidence = Evidence("figures outside what is expected", 0, n=len(judged), threshold=0, unit="figures")
        words = f"All of {len(judged):,} figures are what the last {_most(judged):,} audits predict."
        yield Outcome(Status.PASSED, words, evidence=evidence)


CHECKS = (Check(CODE, "Row count and metrics against the history", Severity.WARNING, _check),)


def _past(config: AuditConfig, fingerprint: str) -> tuple[dict[Key, list[Point]], int]:
    """Figures of the audits of other data under this name, and the number of those audits."""
    history = find_history(config.output.folder, config.output.history)
    if history is None:
        return {}, 0
    with history.reading() as link:
        if link is None:
            return {}, 0
        from assay.history.reading import read_audits, read_series, states

        known = states(read_audits(link, config.dataset_name), fingerprint)
        return (read_series(link, known) if len(known) >= MIN_AUDITS else {}), len(known)


def _silent(words: str) -> Outcome:
    return Outcome(Status.NOT_APPLICABLE, words)


def _failed(feature: str, found: Sequence[Trend], judged: int) -> Outcome:
    shown = "; ".join(_words(trend) for trend in found[:_SHOWN])
    more = f"; and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    words = f"{shown}{more}. Of {judged:,} figures, any would be told by chance in at most {ALPHA:.0%} of audits."
    first = found[0].figure
    evidence = Evidence(
        first.key.metric, first.value, n=first.n, unit="rows" if first.key.metric == ROWS else "", table=_table(found)
    )
    remedy = (
        "Look at how the data were made since the last audit. Where the change is right, waive this finding with a "
        "reason: the new figures then count as usual."
    )
    return Outcome(Status.FAILED, words, Subject((feature,) if feature else ()), evidence, remedy)


def _words(trend: Trend) -> str:
    assert trend.figure.value is not None
    assert trend.prediction is not None
    key, prediction = trend.figure.key, trend.prediction
    name, season = str(key), " of this weekday" if prediction.seasonal else ""
    return (
        f"{name[0].upper()}{name[1:]} is {shown(key, trend.figure.value)}, where the last {prediction.audits:,} audits"
        f" predict{season} {shown(key, prediction.low)} to {shown(key, prediction.high)}"
    )


def shown(key: Key, value: float) -> str:
    """Return a figure as text: rows are whole, everything else has four digits."""
    return f"{value:,.0f}" if key.metric == ROWS else f"{value:.4g}"


def _table(found: Sequence[Trend]) -> Table:
    rows = tuple(
        (
            *(trend.figure.key.metric, trend.figure.key.feature, trend.figure.key.group, trend.figure.value),
            *(trend.prediction.low, trend.prediction.high, trend.prediction.audits),
        )
        for trend in found
        if trend.prediction is not None
    )
    return Table(UNEXPECTED, rows)


def _most(judged: Sequence[Trend]) -> int:
    return max(trend.prediction.audits for trend in judged if trend.prediction is not None)
