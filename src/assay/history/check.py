"""DQ040: whether the figures of an audit are what the audits before it predict."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from assay.errors import AssayError, HistoryError
from assay.findings import Check, Evidence, Outcome, Severity, Status, Subject, Table, run_checks
from assay.history.database import find_history
from assay.history.figures import CODE, ROWS, UNEXPECTED, figures_of
from assay.history.prediction import MIN_AUDITS
from assay.history.trend import ALPHA, hold_against, missing
from assay.store import slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from assay.config import AuditConfig
    from assay.findings import Finding
    from assay.history.database import History
    from assay.history.figures import Key
    from assay.history.trend import Missing, Point, Trend

_SHOWN = 3
_MISSING = ("metric", "feature", "of", "audits that had it", "audits")


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

    Stored audits of the dataset that the history lacks are put into it first: one that was emptied, moved or misnamed
    would make the check silent.

    Returns
    -------
    tuple of Finding
        One failed for each feature with figures that are not what was expected, one inconclusive where figures are
        missing that the audits before had and one where a constant number of rows changed; one that passed where
        there is none of these. Or one not applicable where the history is too short, or with the status `error` where
        it cannot be read or completed.
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
        yield Outcome(Status.ERROR, f"The history cannot be used. {error}", remedy="Repair it, or set output.history.")
        return
    if audits < MIN_AUDITS:
        yield _silent(f"There are audits of {audits:,} earlier states of the data; {MIN_AUDITS} say what is usual.")
        return
    yield from _judged(question.document(), series, audits)


def _judged(document: Mapping[str, Any], series: Mapping[Key, Sequence[Point]], audits: int) -> Iterator[Outcome]:
    figures = figures_of(document)
    trends = hold_against(figures, series, (document.get("manifest") or {}).get("created"))
    gone = missing(figures, series, audits)
    judged = [trend for trend in trends if trend.prediction is not None]
    unexpected = sorted((trend for trend in judged if trend.is_unexpected), key=lambda trend: trend.figure.key.feature)
    for feature, found in groupby(unexpected, key=lambda trend: trend.figure.key.feature):
        yield _failed(feature, tuple(found), len(judged))
    changed = [trend for trend in judged if trend.held is not None and not trend.is_unexpected]
    if gone:
        yield _gone(gone)
    for trend in changed:
        yield _no_longer_held(trend)
    if not judged and not gone:
        yield _silent(f"No figure is known from {MIN_AUDITS} earlier audits.")
    elif not (unexpected or gone or changed):
        evidence = Evidence("figures outside what is expected", 0, n=len(judged), threshold=0, unit="figures")
        words = f"All of {len(judged):,} figures are what the last {_most(judged):,} audits predict."
        yield Outcome(Status.PASSED, words, evidence=evidence)


CHECKS = (Check(CODE, "Row count and metrics against the history", Severity.WARNING, _check),)


def _past(config: AuditConfig, fingerprint: str) -> tuple[dict[Key, list[Point]], int]:
    """Figures of the audits of other data under this name, and the number of those audits.

    Raises
    ------
    AssayError
        Where the history cannot be read or completed, or too many stored audits cannot be read to know what is usual.
    """
    history = find_history(config.output.folder, config.output.history)
    if history is None:
        return {}, 0
    from assay.history.recording import complete

    unreadable = complete(history, config.output.folder / slug(config.dataset_name)).unreadable
    series, audits = _read(history, config.dataset_name, fingerprint)
    if audits < MIN_AUDITS <= audits + len(unreadable):
        raise HistoryError(
            f"{len(unreadable):,} stored audits are not in it, as their report.json is not one that this version of "
            f"Assay can read, such as {unreadable[-1]}."
        )
    return series, audits


def _read(history: History, name: str, fingerprint: str) -> tuple[dict[Key, list[Point]], int]:
    with history.reading() as link:
        if link is None:
            return {}, 0
        from assay.history.reading import read_audits, read_series, states

        known = states(read_audits(link, name), fingerprint)
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


def _gone(gone: Sequence[Missing]) -> Outcome:
    shown = "; ".join(f"{one.key} ({one.had:,} of the last {one.audits:,} audits had it)" for one in gone[:_SHOWN])
    more = f"; and {len(gone) - _SHOWN:,} more" if len(gone) > _SHOWN else ""
    words = f"Figures of earlier audits are not known of this one, so that nothing can be said of them: {shown}{more}."
    rows = tuple((one.key.metric, one.key.feature, one.key.group, one.had, one.audits) for one in gone)
    evidence = Evidence("figures missing", len(gone), n=gone[0].audits, unit="figures", table=Table(_MISSING, rows))
    remedy = (
        "Look at why: a class, group or rule that is gone, one with too few rows to be told, a stage that was left "
        "out or failed. Where that is right, it is told until a tenth of the last audits lack the figure."
    )
    return Outcome(Status.INCONCLUSIVE, words, evidence=evidence, remedy=remedy)


def _no_longer_held(trend: Trend) -> Outcome:
    assert trend.figure.value is not None
    assert trend.prediction is not None
    key, prediction = trend.figure.key, trend.prediction
    words = (
        f"{_name(key)} is {shown(key, trend.figure.value)}, where nearly all of the last {prediction.audits:,} audits "
        f"had exactly {trend.held:,}. A count that chance moves would lie within {shown(key, prediction.low)} to "
        f"{shown(key, prediction.high)}; how far this one may move is not known, as it never did."
    )
    evidence = Evidence(key.metric, trend.figure.value, n=trend.figure.n, unit="rows")
    remedy = "Look whether the number of rows is meant to be constant, and if so, what was lost or added."
    return Outcome(Status.INCONCLUSIVE, words, evidence=evidence, remedy=remedy)


def _name(key: Key) -> str:
    name = str(key)
    return name[0].upper() + name[1:]


def _words(trend: Trend) -> str:
    assert trend.figure.value is not None
    assert trend.prediction is not None
    key, prediction = trend.figure.key, trend.prediction
    season = " of this weekday" if prediction.seasonal else ""
    return (
        f"{_name(key)} is {shown(key, trend.figure.value)}, where the last {prediction.audits:,} audits"
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
