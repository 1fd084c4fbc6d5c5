"""MH050: values that decide the label alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.findings import Action, Evidence, Outcome, RowFlags, Status, Subject
from assay.health.stamps.following import DECIDES, LABELS
from assay.health.stamps.values import LEAST_ROWS, MOST_SHARE
from assay.small_cells import is_small

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from assay.health.stamps.following import Followed
    from assay.health.stamps.scan import Looked, Scan
    from assay.health.stamps.values import Stamp

# Findings at most; the table has the others.
MOST_TOLD = 10
_REMEDY = (
    "Look at the flagged rows: where somebody wrote the value into them, remove them; where it is known only after "
    "the label, leave the column out; where it rightly decides, waive this finding."
)
_ASK = (
    "Ask whether the column is filled in only once the outcome is known. If so, list it under `ignore`; if it is "
    "known when a prediction is due, waive this finding."
)


def check_stamps(scan: Scan) -> Iterator[Outcome]:
    """MH050: a finding for each column, or pair of columns, with a value that decides, or of which all values do."""
    if not scan.looked:
        least = int(LEAST_ROWS / MOST_SHARE)
        words = (
            f"No value could be tried: none of {len(scan.columns):,} columns has one in {LEAST_ROWS} rows or more and "
            f"{MOST_SHARE:.0%} of the rows or fewer."
        )
        yield Outcome(Status.INCONCLUSIVE, words, remedy=f"It takes more than {least} rows, or rarer values.")
        return
    found: dict[tuple[str, ...], list[Looked]] = {}
    for one in scan.looked:
        if one.decides:
            found.setdefault(tuple(one.stamp.codes), []).append(one)
    for columns, of in list(found.items())[:MOST_TOLD]:
        yield _failed(scan, columns, of, len(found))
    whole = {tuple(one.stamp.codes): one for one in reversed(scan.looked) if one.column_decides}
    strong = [(columns, one) for columns, one in whole.items() if columns not in found]
    for columns, one in strong[:MOST_TOLD]:
        yield _of_column(scan, columns, one)
    if not found and not strong:
        yield _passed(scan)


def _failed(scan: Scan, columns: tuple[str, ...], of: Sequence[Looked], decisive: int) -> Outcome:
    strongest = of[0]
    flags = None
    # The report names rows by their positions, which would tell who carries a value of a sensitive column.
    if not _is_private(scan, columns):
        carriers = np.flatnonzero(np.logical_or.reduce([_carriers(scan, one.stamp) for one in of]))
        reason = f"carries a value of {_named(columns)} that decides the label alone"
        flags = RowFlags(carriers, reason, Action.REVIEW)
    evidence = _evidence(strongest.strongest, flags)
    return Outcome(Status.FAILED, _words(scan, columns, of, decisive), Subject(columns), evidence, _REMEDY)


def _words(scan: Scan, columns: tuple[str, ...], of: Sequence[Looked], decisive: int) -> str:
    one = of[0]
    target = scan.predictions.classes[one.stamp.target]
    what = "pair of values" if len(columns) > 1 else "value"
    more = f" ({len(of)} such; of the strongest)" if len(of) > 1 else ""
    private = _is_private(scan, columns)
    rows, suspects = _counts(scan, one.stamp)
    labelled = round(one.stamp.share * len(one.stamp.rows))
    words = [f"A {what} of {_named(columns)} decides the label alone{more}: {_followed(one.strongest, target)}"]
    # How many of a group are labelled so tells how few are not.
    if not private:
        words.append(f"Of {rows:,} rows that carry it, {labelled:,} are labelled '{target}'.")
    elif not is_small(rows):
        words.append(f"{rows:,} rows carry it.")
    if suspects is not None and not (private and is_small(suspects)):
        words.append(f"The labels of {suspects:,} of these rows are suspect.")
    words.append("In clean data that is a shortcut; a planted trigger looks the same.")
    if decisive > MOST_TOLD:
        words.append(f"{decisive - MOST_TOLD:,} more columns or pairs of columns have such values.")
    return " ".join(words)


def _followed(one: Followed, target: str) -> str:
    assert one.interval is not None
    interval = f"{one.share:.1%} (95% interval {one.interval.low:.1%} to {one.interval.high:.1%})"
    beside = f"where it is another value, or one of two alone, up to {one.control:.0%}"
    if one.by == LABELS:
        return (
            f"of {one.n:,} rows that carry it and would be predicted otherwise without it, {interval} are labelled "
            f"'{target}'; {beside}."
        )
    return (
        f"written into {one.n:,} rows that {one.by} predicted otherwise, it turns {interval} of the predictions to "
        f"'{target}'; {beside}."
    )


def _of_column(scan: Scan, columns: tuple[str, ...], one: Looked) -> Outcome:
    """No value decides beyond the others, since all of them do."""
    every = one.filled
    assert every is not None
    assert every.interval is not None
    words = (
        f"Every value of {_named(columns)} that was tried ({one.tried:,}, without the most frequent and missing ones) "
        f"makes the prediction by itself: written into rows that {every.by} predicted otherwise, they turn "
        f"{every.hits:,} of {every.n:,} (95% interval from {every.interval.low:.1%}) to "
        f"'{scan.predictions.classes[one.stamp.target]}': a strong feature, or a leak (MH022, MH023)."
    )
    return Outcome(Status.INCONCLUSIVE, words, Subject(columns), _evidence(every), _ASK)


def _passed(scan: Scan) -> Outcome:
    pairs = f" and {scan.pairs:,} pairs" if scan.pairs else ""
    most = max(scan.looked, key=lambda one: one.strongest.low).strongest
    tried, told = scan.least
    words = (
        "No value decides the label alone, beyond what other values of its column do. Of "
        f"{scan.singles:,} values{pairs} the {len(scan.looked):,} whose rows are most purely of one class were tried. "
        f"A value in fewer than about {tried:,} rows would be missed, and in fewer than {told:,} where the models "
        "have not learned it."
    )
    return Outcome(Status.PASSED, words, evidence=_evidence(most))


def _evidence(one: Followed, rows: RowFlags | None = None) -> Evidence:
    metric = "labels that follow the value" if one.by == LABELS else "predictions that follow the value"
    return Evidence(metric, one.share if one.n else None, one.interval, one.n, DECIDES, "share", rows)


def _named(columns: Sequence[str]) -> str:
    return " and ".join(f"'{name}'" for name in columns)


def _is_private(scan: Scan, columns: Sequence[str]) -> bool:
    roles = scan.dataset.roles
    return not {*roles.sensitive, *map(str, scan.dataset.groups.columns)}.isdisjoint(columns)


def _carriers(scan: Scan, stamp: Stamp) -> npt.NDArray[np.bool_]:
    """(N,) which rows of the dataset carry a stamp."""
    masks = [scan.columns[name].carriers(scan.dataset.frame, code) for name, code in stamp.codes.items()]
    return np.asarray(np.logical_and.reduce(masks), dtype=np.bool_)


def _counts(scan: Scan, stamp: Stamp) -> tuple[int, int | None]:
    """How many of the drawn rows carry it, and how many of those have a suspect label (None: not known)."""
    rows = scan.rows[stamp.rows]
    known = len(scan.suspect) == len(scan.dataset)
    return len(rows), int(scan.suspect[rows].sum()) if known else None


def tabulate(scan: Scan) -> dict[str, pd.DataFrame]:
    """Table "stamps": one row for each value that was tried, by who follows it most."""
    return {"stamps": pd.DataFrame([_row(scan, one) for one in scan.looked])}


def _row(scan: Scan, looked: Looked) -> dict[str, Any]:
    stamp, one = looked.stamp, looked.strongest
    names = tuple(stamp.codes)
    rows, suspects = _counts(scan, stamp)
    interval = one.interval
    row: dict[str, Any] = {
        "columns": " and ".join(names),
        "kind": "pair" if len(names) > 1 else scan.columns[names[0]].kinds[stamp.codes[names[0]]],
        "class": scan.predictions.classes[stamp.target],
        "rows": rows,
        "share": stamp.share,
        "by": one.by,
        "n": one.n,
        "follow": one.share if one.n else None,
        "low": interval.low if interval is not None else None,
        "high": interval.high if interval is not None else None,
        "control": one.control,
        "suspects": suspects,
        "decides": looked.decides,
    }
    if _is_private(scan, names):
        if one.by == LABELS and is_small(one.n):
            row |= dict.fromkeys(("n", "follow", "low", "high", "control"))
        if is_small(suspects):
            row["suspects"] = None
        # A share next to 0 or 1 would tell how few differ.
        if is_small(round(rows * min(stamp.share, 1 - stamp.share))):
            row["share"] = None
    return row
