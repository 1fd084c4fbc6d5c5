"""DQ040: whether the figures of an audit are what the audits before it predict."""

from __future__ import annotations

from dataclasses import dataclass
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
_IF_OUTSIDE = (
    "Look at how the data were made since the last audit. Where the change is right, waive this finding with a "
    "reason: the new figures then count as usual."
)
_IF_MOVED = "Look whether the number of rows is meant to be constant, and if so, what was lost or added."
_IF_GONE = (
    "Look at why a figure is missing: a class, group or rule that is gone or has too few rows to be told, a stage "
    "that was left out or failed. It is told until more than a tenth of the last audits lack the figure."
)
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
        One for each feature of which something is told: failed where figures are not what was expected, inconclusive
        where figures are missing that the audits before had, or a constant number of rows changed. Else one that
        passed, one not applicable where the history is too short, or one with the status `error` where it cannot be
        read or completed.
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
    features = {trend.figure.key.feature for trend in judged if trend.is_unexpected or trend.held is not None}
    # One finding for each feature: a baseline knows a finding by its code and subject.
    for feature in sorted(features | {one.key.feature for one in gone}):
        of_feature = [trend for trend in judged if trend.figure.key.feature == feature]
        yield _told(feature, of_feature, [one for one in gone if one.key.feature == feature], len(judged))
    if features or gone:
        return
    if not judged:
        yield _silent(f"No figure is known from {MIN_AUDITS} earlier audits.")
        return
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


def _told(feature: str, trends: Sequence[Trend], gone: Sequence[Missing], judged: int) -> Outcome:
    outside = [trend for trend in trends if trend.is_unexpected]
    moved = [trend for trend in trends if trend.held is not None and not trend.is_unexpected]
    words, remedies = [], []
    if outside:
        chance = f"Of {judged:,} figures, any would be told by chance in at most {ALPHA:.0%} of audits."
        words.append(f"{_listed([_words(trend) for trend in outside])}. {chance}")
        remedies.append(_IF_OUTSIDE)
    if moved:
        words.extend(_no_longer_held(trend) for trend in moved)
        remedies.append(_IF_MOVED)
    if gone:
        lost = [f"{one.key} ({one.had:,} of the last {one.audits:,} audits had it)" for one in gone]
        words.append(f"Not known of this audit, so that nothing can be said of them: {_listed(lost)}.")
        remedies.append(_IF_GONE)
    status = Status.FAILED if outside else Status.INCONCLUSIVE
    subject = Subject((feature,) if feature else ())
    return Outcome(status, " ".join(words), subject, _evidence(outside, moved, gone), " ".join(remedies))


def _evidence(outside: Sequence[Trend], moved: Sequence[Trend], gone: Sequence[Missing]) -> Evidence:
    if outside or moved:
        first = (*outside, *moved)[0].figure
        unit = "rows" if first.key.metric == ROWS else ""
        return Evidence(
            first.key.metric, first.value, n=first.n, unit=unit, table=_table(outside) if outside else None
        )
    rows = tuple((one.key.metric, one.key.feature, one.key.group, one.had, one.audits) for one in gone)
    return Evidence("missing figures", len(gone), n=gone[0].audits, unit="figures", table=Table(_MISSING, rows))


def _listed(texts: Sequence[str]) -> str:
    return "; ".join(texts[:_SHOWN]) + (f"; and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else "")


def _no_longer_held(trend: Trend) -> str:
    assert trend.figure.value is not None
    assert trend.prediction is not None
    key, prediction = trend.figure.key, trend.prediction
    return (
        f"{_name(key)} is {shown(key, trend.figure.value)}, where nearly all of the last {prediction.audits:,} audits "
        f"had exactly {trend.held:,}. A count that chance moves lies within {shown(key, prediction.low)} to "
        f"{shown(key, prediction.high)}; how far this one may move is not known, as it hardly ever did."
    )


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
