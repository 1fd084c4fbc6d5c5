"""What changed between two audits of a dataset, from their reports."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from assay.changes.change import GONE, KINDS, NEW, Audit, Change, FindingChange, RateChange, Swap, is_same_data
from assay.changes.figures import METHOD, NOT_COMPARABLE, SAME, Movement, compare_figures, is_tested, other_groups
from assay.changes.record import read_record
from assay.errors import ContractError
from assay.findings import Interval
from assay.intervals import bonferroni
from assay.shown_text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from assay.baseline import Key
    from assay.changes.record import Entry, Figure, Record
    from assay.fairness.stored.tables import FairnessTables

# All intervals of findings hold together with it; those of rates and of disparities are families of their own.
CONFIDENCE = 0.95
_SEVERITIES = ("critical", "warning", "info")
# What the report's manifest says of the place of the output changes no finding.
_NOT_COMPARED = ("output.",)
_ROLES = ("label", "id", "time", "group", "weight", "split")

Pair = tuple["Entry | None", "Entry | None"]
Tables = tuple["FairnessTables", "FairnessTables"]


def compare_audits(
    older: Mapping[str, Any],
    newer: Mapping[str, Any],
    *,
    ids: tuple[str | None, str | None] = (None, None),
    tables: Tables | None = None,
) -> Change:
    """Tell what changed from one audit to another.

    A finding is the same in both where code and subject are, and what is asked where it is a rule of a suite. Whether
    its figure is worse or better is tested (see `assay.changes.figures.compare_figures`), with intervals that hold
    together for all findings (Bonferroni). Rates of groups and disparities are tested on the tables of counts, by
    `assay.fairness.stored.comparison`.

    Parameters
    ----------
    older, newer
        As `report.json` holds them.
    ids
        Names of the two audits' directories, where they are stored.
    tables
        The tables of counts (`fairness.json`) of both, where both have one.

    Raises
    ------
    ContractError
        Where a report is damaged, or the two are not of one dataset and one kind.
    """
    first, second = read_record(older, "the older audit"), read_record(newer, "the newer audit")
    _check(first, second)
    rates, why = _rates(first, second, tables)
    findings, comparisons = _findings(first, second, rates, tables)
    return Change(
        name=second.name,
        older=_audit(first, ids[0]),
        newer=_audit(second, ids[1]),
        findings=findings,
        rates=rates,
        rates_why=why,
        configuration=tuple(_changed_keys(first, second)),
        versions=tuple(_swaps(_versions(first), _versions(second))),
        columns=tuple(_swaps(_columns(first), _columns(second))),
        comparisons=comparisons,
        confidence=CONFIDENCE,
    )


def _check(first: Record, second: Record) -> None:
    if first.name != second.name:
        raise ContractError(
            f"The two audits must be of one dataset, got '{clean(first.name, 80)}' and '{clean(second.name, 80)}'. "
            "Compare two audits of one name."
        )
    if first.is_audit != second.is_audit:
        raise ContractError(
            "The two must be audits, or both validations (`assay validate`), got one of each. Compare two of a kind."
        )


def _audit(record: Record, name: str | None) -> Audit:
    manifest, dataset = record.manifest, record.dataset
    return Audit(name, manifest.created, record.verdict, dataset.rows, dataset.fingerprint, manifest.assay)


def _findings(
    first: Record, second: Record, rates: Sequence[RateChange], tables: Tables | None
) -> tuple[tuple[FindingChange, ...], int]:
    pairs = list(_match(first.findings, second.findings))
    counted = _by_disparity(rates, tables)
    tested = sum(a is not None and b is not None and is_tested(a.evidence, b.evidence) for a, b in pairs)
    confidence = bonferroni(CONFIDENCE, tested)
    same_data = is_same_data(first.dataset.fingerprint, second.dataset.fingerprint)
    found = [_finding_change(a, b, confidence, counted, same_data=same_data) for a, b in pairs]
    found.sort(key=lambda c: (KINDS.index(c.kind), _SEVERITIES.index(c.shown.severity), c.shown.code))
    return tuple(found), tested


def _match(older: Iterable[Entry], newer: Iterable[Entry]) -> Iterator[Pair]:
    """Findings of one key, the first with the first where several have it; then those that only one audit has."""
    first, second = dict(_numbered(older)), dict(_numbered(newer))
    yield from ((first.get(key), entry) for key, entry in second.items())
    yield from ((entry, None) for key, entry in first.items() if key not in second)


def _numbered(entries: Iterable[Entry]) -> Iterator[tuple[tuple[Key, int], Entry]]:
    seen: Counter[Key] = Counter()
    for entry in entries:
        yield (entry.key, seen[entry.key]), entry
        seen[entry.key] += 1


def _finding_change(
    older: Entry | None,
    newer: Entry | None,
    confidence: float,
    counted: Mapping[tuple[tuple[str, ...], str], RateChange],
    *,
    same_data: bool,
) -> FindingChange:
    was, is_ = older is not None and older.is_problem, newer is not None and newer.is_problem
    movement = None
    if older is not None and newer is not None:
        movement = _movement(older, newer, confidence, counted, same_data=same_data)
    if movement is not None and _is_noise(older, newer, movement):
        kind = SAME
    elif was != is_:
        kind = NEW if is_ else GONE
    elif movement is None:  # a check that asks for nothing, and was not asked before
        kind = SAME
    else:
        kind = movement.verdict
    return FindingChange(kind, older, newer, movement)


def _is_noise(older: Entry | None, newer: Entry | None, movement: Movement) -> bool:
    """Whether it only became decidable, or ceased to be, by a figure of which no change is shown.

    A critical one counts all the same: it moves the verdict.
    """
    pair = [entry for entry in (older, newer) if entry is not None]
    statuses = {entry.status for entry in pair}
    critical = any(entry.severity == "critical" for entry in pair)
    return movement.verdict == SAME and statuses == {"passed", "inconclusive"} and not critical


def _movement(
    older: Entry,
    newer: Entry,
    confidence: float,
    counted: Mapping[tuple[tuple[str, ...], str], RateChange],
    *,
    same_data: bool,
) -> Movement:
    figures: tuple[Figure | None, Figure | None] = older.evidence, newer.evidence
    if older.status == newer.status and all(f is None or f.value is None for f in figures):
        return Movement(SAME)
    if why := other_groups((older.evidence, older.status), (newer.evidence, newer.status)):
        return Movement(NOT_COMPARABLE, why=why)
    metric = newer.evidence.metric if newer.evidence is not None else ""
    by_counts = counted.get((newer.subject.columns, metric))
    if by_counts is not None and by_counts.kind != NOT_COMPARABLE:
        # The table of counts knows more than the limits of two figures.
        interval = None
        if by_counts.low is not None and by_counts.high is not None:
            interval = Interval(by_counts.low, by_counts.high, CONFIDENCE, METHOD)
        return Movement(by_counts.kind, by_counts.change, interval)
    told = compare_figures(
        newer.code, (older.evidence, older.status), (newer.evidence, newer.status), confidence, same_data=same_data
    )
    good = {"passed", "not_applicable"}
    if told.verdict == NOT_COMPARABLE and {older.status, newer.status} <= good:
        # Two findings that ask for nothing: what they counted is no news.
        return Movement(SAME, told.change, why=told.why)
    return told


def _by_disparity(rates: Sequence[RateChange], tables: Tables | None) -> dict[tuple[tuple[str, ...], str], RateChange]:
    """Disparities by the columns of their feature and the metric of a finding on them."""
    if tables is None:
        return {}
    columns = {table.name: table.columns for table in tables[1].features}
    return {
        (columns[rate.feature], f"{rate.metric} {rate.disparity}"): rate
        for rate in rates
        if rate.disparity is not None and rate.feature in columns
    }


def _rates(first: Record, second: Record, tables: Tables | None) -> tuple[tuple[RateChange, ...], str]:
    """Compare rates and disparities, or say why they cannot be."""
    if tables is None:
        return (), "not both audits have a table of counts"
    for record, table in zip((first, second), tables, strict=True):
        if record.dataset.fingerprint != table.fingerprint:
            return (), "a table of counts is of other data than the report beside it"
    from assay.fairness.stored.comparison import NO_CHANGE, compare_tables

    try:
        comparison = compare_tables(*tables)
    except ContractError as error:
        return (), error.problems[0]
    rows = [row for t in (comparison.disparities, comparison.rates) for row in t.to_dict("records")]
    found = [_rate_change(row, SAME if row["status"] == NO_CHANGE else str(row["status"])) for row in rows]
    found.sort(key=lambda rate: KINDS.index(rate.kind))
    return tuple(found), "not independent: the same data" if comparison.same_data else ""


def _rate_change(row: Mapping[Any, Any], kind: str) -> RateChange:
    known = {key: None if value != value else value for key, value in row.items()}  # noqa: PLR0124 -- NaN
    return RateChange(
        kind=kind,
        feature=str(known["feature"]),
        group=known.get("group"),
        metric=str(known["metric"]),
        disparity=known.get("kind"),
        older=known["before"],
        newer=known["after"],
        change=known["change"],
        low=known["low"],
        high=known["high"],
    )


def _changed_keys(first: Record, second: Record) -> list[str]:
    before, after = (dict(_flat(record.manifest.config)) for record in (first, second))
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    found = [key for key in keys if not key.startswith(_NOT_COMPARED)]
    if first.manifest.suite_sha256 != second.manifest.suite_sha256:
        found.append("validation.suite (its content)")
    return found


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Values by their dotted keys, as texts that are equal where they are; a list is one value."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{key}.")
        elif value is not None:
            yield f"{above}{key}", json.dumps(value, sort_keys=True, default=str)


def _versions(record: Record) -> dict[str, str]:
    told = {"assay": record.manifest.assay, **record.manifest.versions}
    return {name: version for name, version in told.items() if version is not None}


def _columns(record: Record) -> dict[str, str]:
    roles = record.dataset.roles
    # Of a column with two uses both are told: a sensitive feature may be a feature too.
    uses: dict[str, list[str]] = {}
    named = {"feature": roles.features, "sensitive": roles.sensitive, "ignored": roles.ignored}
    for use, names in named.items():
        for name in names:
            uses.setdefault(name, []).append(use)
    for use in _ROLES:
        if (name := getattr(roles, use)) is not None:
            uses.setdefault(name, []).append(use)
    return {name: ", ".join(sorted(found)) for name, found in uses.items()}


def _swaps(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Swap]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Swap(name, before.get(name), after.get(name))
