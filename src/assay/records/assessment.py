"""The stage "records": DQ035, the share of rows that repeat another row's record in other words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.errors import ConfigurationError
from assay.findings import (
    Action,
    Check,
    Evidence,
    Interval,
    Outcome,
    RowFlags,
    Severity,
    Status,
    Table,
    run_checks,
)
from assay.intervals import judge_upper, normal_quantile
from assay.records.matching import Matches, match_records
from assay.results import RecordResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.config import RecordsConfig
    from assay.dataset import Dataset

CONFIDENCE = 0.95
# Rows of one record that a row of the ledger names.
MAX_NEAREST = 5
# The odds of a match are known up to this factor: the number of repeats and what agrees by chance are estimates.
ODDS = 10.0
METHOD = f"model-based Poisson binomial, odds of each match times or over {ODDS:.0f}"
# Columns that a reason names.
MAX_NAMED_COLUMNS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """What the check looks at; `matches` is None where the stage is switched off."""

    dataset: Dataset
    config: RecordsConfig
    matches: Matches | None


def find_near_duplicates(dataset: Dataset, config: RecordsConfig) -> RecordResult:
    """Find the rows that mean the same thing and do not say it in the same way.

    Every column is compared but the id, the label, the weight, the group and what is ignored: two rows of one thing
    may have two ids, and other labels.

    Parameters
    ----------
    dataset
        N rows.
    config
        The section `records` of the configuration.

    Returns
    -------
    RecordResult
        One finding, DQ035; exact copies are no pairs, since DQ011 has them.

    Raises
    ------
    ConfigurationError
        `records.tell_apart` names a column that is not there.
    """
    columns = compared_columns(dataset)
    if unknown := [name for name in config.tell_apart if name not in dataset.frame.columns]:
        listed = ", ".join(f"'{name}'" for name in unknown)
        raise ConfigurationError(
            f"`records.tell_apart` must name columns of the data, got {listed}. Correct the name."
        )
    matches = match_records(dataset.frame, columns, config.tell_apart) if config.enabled else None
    findings = run_checks(CHECKS, Records(dataset, config, matches))
    if matches is None:
        empty = np.zeros(0, dtype=np.int64)
        return RecordResult(findings, _pairs(empty, empty, np.zeros(0)), np.full(len(dataset), -1, dtype=np.int64))
    return RecordResult(findings, _pairs(matches.first, matches.second, matches.probability), matches.cluster)


def compared_columns(dataset: Dataset) -> tuple[str, ...]:
    """Columns that say what a record is of."""
    roles = dataset.roles
    others = {roles.id, roles.label, roles.weight, roles.group, roles.split, *roles.ignored}
    return tuple(name for name in dataset.frame.columns if name not in others)


def _pairs(
    first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], score: npt.NDArray[np.float64]
) -> pd.DataFrame:
    return pd.DataFrame({"first": first, "second": second, "score": score})


def near_duplicate_records(records: Records) -> Iterator[Outcome]:
    """DQ035: the share of rows that repeat an earlier row's record without being an exact copy."""
    matches, n = records.matches, len(records.dataset)
    reason = _why_not(matches, n)
    if matches is None or reason:
        yield Outcome(Status.NOT_APPLICABLE, reason)
        return
    limit = records.config.max_share
    later = np.unique(matches.second)
    interval = _interval(matches.repeats, later)
    status = judge_upper(interval, limit)
    unjudged = _unjudged(matches, limit, interval.high) if status is Status.PASSED else ""
    status = Status.INCONCLUSIVE if unjudged else status
    clear = _are_clear(matches.repeats, later)
    rows = _flags(records.dataset, matches) if len(later) and clear else None
    evidence = Evidence(
        "near-duplicate share",
        float(matches.repeats.sum()) / n,
        interval=interval,
        n=n,
        threshold=limit,
        unit="share",
        rows=rows,
        table=_table(records.dataset, matches),
    )
    message = _message(matches, evidence, status, len(later), clear=clear, unjudged=unjudged)
    yield Outcome(status, message, evidence=evidence, remedy=_remedy(matches, named=rows is not None))


CHECKS: tuple[Check[Records], ...] = (
    Check("DQ035", "Near-duplicate records", Severity.WARNING, near_duplicate_records),
)


def _why_not(matches: Matches | None, n: int) -> str:
    if matches is None:
        return "`records.enabled` is false: near-duplicates were not looked for."
    if n < 2:
        return "A record can only be repeated where there are two."
    if len(matches.compared) < 2:
        return (
            "Fewer than two columns can tell one record from another: the others are constant, number the rows, or "
            "are no part of a record."
        )
    if not matches.applicable and not len(matches.first):
        return (
            "The columns hold too little information to tell one record from another: two rows that agree in all of "
            f"them share about {matches.attainable_bits:.0f} bits, and it takes {matches.needed_bits:.0f} to say "
            "that they are one."
        )
    return ""


def _interval(repeats: npt.NDArray[np.float64], later: npt.NDArray[np.int64]) -> Interval:
    """Of the share of rows that repeat another: each row does with a probability of its own, and all are counted.

    The lower end counts those in pairs that are named only: what lies between yes and no may all be no. The
    probabilities are those of a model, so that each end is taken where all odds are `ODDS` times smaller or larger.
    """
    n, z = len(repeats), normal_quantile(CONFIDENCE)
    named, all_rows = _with_odds(repeats[later], 1 / ODDS), _with_odds(repeats, ODDS)
    low = named.sum() - z * np.sqrt((named * (1 - named)).sum())
    high = all_rows.sum() + z * np.sqrt((all_rows * (1 - all_rows)).sum())
    return Interval(max(0.0, float(low)) / n, min(float(n), float(high)) / n, CONFIDENCE, METHOD)


def _with_odds(probability: npt.NDArray[np.float64], factor: float) -> npt.NDArray[np.float64]:
    return np.asarray(factor * probability / (factor * probability + 1 - probability))


def _unjudged(matches: Matches, limit: float, high: float) -> str:
    """Why a share within the limit may still be above it: repeats that were set aside, or never compared."""
    n = len(matches.repeats)
    aside = np.maximum(matches.hidden - matches.repeats, 0).sum() / n
    listed = "all but " + ", ".join(f"'{name}'" for name in matches.apart) if matches.apart else "most columns"
    if high + aside > limit:
        return (
            f"About {aside:.1%} of the rows agree with an earlier row in {listed}: another record, or the "
            "same one with a value that was changed since; the values do not say which."
        )
    if high + aside + matches.missed / n > limit:
        return f"The pairs that were not compared could hold {matches.missed / n:.1%} of the rows."
    return ""


def _are_clear(repeats: npt.NDArray[np.float64], later: npt.NDArray[np.int64]) -> bool:
    """Whether at least half of the repeats to expect are in pairs that are named.

    Rows that resemble each other by degrees, such as those of a slow series, are no records with copies.
    """
    return bool(2 * repeats[later].sum() >= repeats.sum())


def _message(matches: Matches, evidence: Evidence, status: Status, count: int, *, clear: bool, unjudged: str) -> str:
    interval, n = evidence.interval, evidence.n
    assert interval is not None
    span = f"{interval.confidence:.0%} interval {interval.low:.2%} to {interval.high:.2%}"
    words = f"{count:,} of {n:,} rows likely repeat{'s' * (count == 1)} the record of an earlier row in other words"
    against = {Status.PASSED: "within", Status.FAILED: "more than"}.get(status, "which is too wide for")
    if unjudged:
        against = "which leaves out what was not judged, for"
    limit = f"{against} the limit of {evidence.threshold:.2%}"
    parts = [f"{words} (expected share {evidence.value:.2%}, {span}), {limit}."]
    if count and not clear:
        parts.append("The rows resemble each other by degrees, so that single ones are not named.")
    if unjudged:
        parts.append(unjudged)
    elif matches.apart:
        listed = ", ".join(f"'{name}'" for name in matches.apart)
        parts.append(f"Rows that agree in all else differ in {listed} as a rule and were taken as different records.")
    if matches.dropped:
        parts.append(
            f"{matches.candidates:,} pairs of rows were compared, and {matches.dropped:,} that had less in common "
            "were not."
        )
    if matches.too_large:
        parts.append(f"{matches.too_large:,} rows are in groups of similar rows too large to be of one record.")
    return " ".join(parts)


def _remedy(matches: Matches, *, named: bool) -> str:
    parts = []
    if named:
        parts.append("Look at the rows with the ones that `nearest` names, and keep one of each record.")
    if matches.apart:
        parts.append(
            "List a column that differs as a rule under `records.tell_apart` if rows that differ there are different "
            "records (a month, a subject), and under `ignore` if they are not (a time of change)."
        )
    return " ".join(parts)


def _table(dataset: Dataset, matches: Matches) -> Table:
    n = len(dataset)
    figures: list[tuple[str, int | float | None]] = [
        ("columns compared", len(matches.compared)),
        ("pairs of rows compared", matches.candidates),
        ("of all pairs", round(matches.candidates / (n * (n - 1) / 2), 6)),
        ("pairs of one record", len(matches.first)),
        ("of these with different labels", int(_other_label(dataset, matches.first, matches.second).sum())),
    ]
    return Table(("figure", "value"), tuple(figures))


def _other_label(
    dataset: Dataset, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    if dataset.target is not None:
        a, b = dataset.target[first], dataset.target[second]
        return np.asarray((a != b) & ~np.isnan(a) & ~np.isnan(b))
    codes = dataset.labels.codes
    return np.asarray((codes[first] != codes[second]) & (codes[first] >= 0) & (codes[second] >= 0))


def _flags(dataset: Dataset, matches: Matches) -> RowFlags:
    """The rows of each record but the first, with the earlier ones that they repeat."""
    order = np.lexsort((matches.first, -matches.probability, matches.second))
    first, second, probability = matches.first[order], matches.second[order], matches.probability[order]
    positions, starts = np.unique(second, return_index=True)
    groups = np.split(first, starts[1:])
    best = first[starts]
    return RowFlags(
        positions=positions,
        reason=_reasons(dataset, matches.compared, best, positions),
        action=Action.REVIEW,
        score=1 - probability[starts],
        nearest=[[int(place) for place in group[:MAX_NEAREST]] for group in groups],
    )


def _reasons(
    dataset: Dataset, columns: tuple[str, ...], best: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]
) -> list[str]:
    """Where each row differs from the one that it repeats, without the values."""
    differing: list[list[str]] = [[] for _ in positions]
    for name in columns:
        codes = pd.factorize(dataset.frame[name])[0]
        for place in np.flatnonzero(codes[best] != codes[positions]).tolist():
            differing[place].append(f"'{name}'")
    other = _other_label(dataset, best, positions)
    return [_reason(names, other_label=bool(label)) for names, label in zip(differing, other, strict=True)]


def _reason(names: list[str], *, other_label: bool) -> str:
    more = f" and {len(names) - MAX_NAMED_COLUMNS} more" if len(names) > MAX_NAMED_COLUMNS else ""
    where = f"; differs in {', '.join(names[:MAX_NAMED_COLUMNS])}{more}" if names else ""
    return f"Likely the record of an earlier row{where}{'; has another label' if other_label else ''}."
