"""What a person wants to see of a history: the audits, and how the figures of the latest stand to the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import HistoryError
from assay.history.reading import read_audits, read_figures, read_series, states
from assay.history.trend import Trend, hold_against

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from assay.history.database import History
    from assay.history.reading import PastAudit


@dataclass(frozen=True, slots=True)
class Overview:
    """Part of a history.

    Attributes
    ----------
    place
        Where the history is.
    audits
        The latest, oldest first, and the number of all of them.
    in_all
        Number of audits, with those that are not listed.
    trends
        Of the latest audit of the one dataset that is asked for; none where there are several.
    """

    place: str
    audits: tuple[PastAudit, ...]
    in_all: int
    trends: tuple[Trend, ...] = ()


def look_back(history: History, name: str | None, metric: str | None, limit: int) -> Overview:
    """Read the last `limit` audits of dataset `name`, or of all, and the trends of figures whose names hold `metric`.

    Raises
    ------
    HistoryError
        Where there is no history, it cannot be read, it does not know the dataset, or none of the figures.
    """
    with history.reading() as link:
        if link is None:
            raise HistoryError(
                f"There is no history at {history.shown}. The next audit that is stored makes one, or "
                "`assay history --rebuild` of those that are stored already; name their folder with --folder."
            )
        known = read_audits(link, name)
        if not known:
            raise HistoryError(_nothing(link, name))
        one = len({audit.name for audit in known}) == 1
        trends = _trends(link, known) if one else ()
    chosen = tuple(
        trend for trend in trends if metric is None or metric.casefold() in str(trend.figure.key).casefold()
    )
    if metric is not None and not chosen:
        what = f"the figures of one dataset; name it: {_names(known)}" if not one else _metrics(trends)
        raise HistoryError(f"--metric must be part of the name of a figure, got '{metric}'. There are {what}.")
    return Overview(history.shown, known[-limit:], len(known), chosen)


def _trends(link: sa.Connection, known: Sequence[PastAudit]) -> tuple[Trend, ...]:
    latest = known[-1]
    series = read_series(link, states(known[:-1], latest.fingerprint))
    return hold_against(read_figures(link, latest), series, latest.created)


def _nothing(link: sa.Connection, name: str | None) -> str:
    others = read_audits(link)
    if name is None or not others:
        return "The history holds no audit yet: `assay run` or `assay gate` makes one."
    return f"NAME must be a dataset of the history, got '{name}'. Give one of: {_names(others)}."


def _names(known: Sequence[PastAudit]) -> str:
    return ", ".join(sorted({audit.name for audit in known}))


def _metrics(trends: Sequence[Trend]) -> str:
    return ", ".join(sorted({trend.figure.key.metric for trend in trends})) or "none"
