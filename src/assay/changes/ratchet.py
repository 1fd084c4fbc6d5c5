"""The ratchet: what a baseline accepts of the findings of an audit, and the baseline that a stored audit gives.

A finding that stands in the baseline does not count until it is worse by a test. The baseline keeps the figures of
the day on which they were accepted: many small steps for the worse add up, and are found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.baseline import OF_A_RULE, Acceptance, Baseline, finding_key, is_acceptable
from assay.changes.figures import BETTER, NOT_COMPARABLE, SAME, WORSE, Movement, compare_figures
from assay.changes.record import Entry, Record, entry_of, figure_of, read_record
from assay.errors import ConfigurationError
from assay.intervals import bonferroni
from assay.shown_text import clean
from assay.small_cells import SMALLEST_CELL, is_small

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping

    from assay.baseline import Key
    from assay.findings import Finding

# The intervals of all entries of a baseline hold together with it.
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class HeldFinding:
    """A finding that stands in the baseline, and what became of its figure since."""

    finding: Finding
    acceptance: Acceptance
    movement: Movement


@dataclass(frozen=True, slots=True, eq=False)
class Ratchet:
    """What a baseline says of the findings of an audit.

    Attributes
    ----------
    accepted
        They stand in it and are not worse: they do not count.
    worse
        They stand in it, and are worse or cannot be held against it: they count.
    expired
        Entries whose last day has gone by; their findings count.
    unused
        Entries that no finding needs any more: `assay accept` takes them out.
    """

    accepted: tuple[HeldFinding, ...] = ()
    worse: tuple[HeldFinding, ...] = ()
    expired: tuple[Acceptance, ...] = ()
    unused: tuple[Acceptance, ...] = ()


def hold(findings: Iterable[Finding], baseline: Baseline | None, *, today: dt.date) -> Ratchet:
    """Hold the findings of an audit against a baseline.

    Accepted are findings that failed or are inconclusive, stand in the baseline, and are not worse by `compare_with`.
    Where the baseline has a figure and the audit has none, or another one, nothing is accepted.

    Parameters
    ----------
    findings
        Of all stages.
    baseline
        None where there is none: nothing is accepted then.
    today
        The day on which entries are judged; an entry counts up to and including its last day.
    """
    if baseline is None:
        return Ratchet()
    in_force = {entry.key: entry for entry in baseline.findings if entry.in_force(today)}
    # By the number of entries, which does not depend on what was found.
    confidence = bonferroni(CONFIDENCE, len(in_force))
    held = [
        HeldFinding(finding, entry, compare_with(entry, entry_of(finding), confidence))
        for finding in findings
        if is_acceptable(finding.status) and (entry := in_force.get(finding_key(finding))) is not None
    ]
    used = {pair.acceptance.key for pair in held}
    return Ratchet(
        accepted=tuple(pair for pair in held if pair.movement.verdict in {SAME, BETTER}),
        worse=tuple(pair for pair in held if pair.movement.verdict not in {SAME, BETTER}),
        expired=tuple(entry for entry in baseline.findings if not entry.in_force(today)),
        unused=tuple(entry for key, entry in in_force.items() if key not in used),
    )


def compare_with(entry: Acceptance, found: Entry, confidence: float) -> Movement:
    """Test whether a finding is worse than when it was accepted.

    What could not be told and is shown now is worse, whatever its figure. A failure without a figure is held against
    the number of rows that it flagged, else against its words: other words are not comparable.
    """
    if (entry.status, found.status) == ("inconclusive", "failed"):
        return Movement(WORSE, why="inconclusive was accepted, and it failed now")
    figure = figure_of(entry)
    if figure.value is not None:
        return compare_figures(entry.code, (figure, entry.status), (found.evidence, found.status), confidence)
    return _compare_without_figure(entry, found)


def _compare_without_figure(entry: Acceptance, found: Entry) -> Movement:
    why, figure = "no figure was accepted", found.evidence
    rows = figure.rows if figure is not None else None
    if found.status != "failed":
        return Movement(SAME, why=why)
    if entry.rows is not None and rows is not None:
        # In words: a few people are not counted.
        verdict = SAME if rows == entry.rows else WORSE if rows > entry.rows else BETTER
        than = {SAME: "as many", WORSE: "more", BETTER: "fewer"}[verdict]
        return Movement(verdict, why=f"{why}, and {than} rows are flagged now")
    if found.words == entry.words:
        return Movement(SAME, why=why)
    if entry.code == OF_A_RULE and figure is not None and figure.metric == entry.metric and is_small(rows):
        # The report hid how few people broke it then, and hides it now.
        return Movement(SAME, why=f"{why}, and fewer than {SMALLEST_CELL} rows break it now")
    return Movement(NOT_COMPARABLE, why=f"{why}, and the message is another now")


@dataclass(frozen=True, slots=True)
class Accepting:
    """What `accept` did, each as entries: `kept` as they were, the others as they are now.

    `tightened` were better, `loosened` worse; `removed` are not found any more; `renewed` have a new reason only.
    """

    baseline: Baseline
    added: tuple[Acceptance, ...]
    tightened: tuple[Acceptance, ...]
    loosened: tuple[Acceptance, ...]
    renewed: tuple[Acceptance, ...]
    removed: tuple[Acceptance, ...]
    kept: tuple[Acceptance, ...]
    errors: int


def accept(
    document: Mapping[str, Any],
    *,
    run: str,
    reason: str,
    owner: str,
    today: dt.date,
    expires: dt.date | None = None,
    checks: Collection[str] = (),
    earlier: Baseline | None = None,
) -> Accepting:
    """Accept the findings of a stored audit: critical ones that failed or are inconclusive and are not waived.

    An entry that is there already is kept as it is, with its figure, where no change is shown. It gets the new figure
    and reason where the finding is better or worse, only the new reason where it has expired or its check is named.
    It is removed where the check was carried out and does not find it any more.

    Parameters
    ----------
    document
        As `assay.store.read_audit` returns it.
    run
        Name of the audit's directory.
    reason, owner
        Why the findings are acceptable, and who answers for them.
    today, expires
        The day, and the last day on which the new entries count; None for ever.
    checks
        Codes of the checks whose findings are accepted, whatever their severity; by default all critical ones.
    earlier
        The baseline so far.

    Raises
    ------
    ConfigurationError
        Where reason or owner is missing, the date is past, or there is nothing to accept.
    ContractError
        Where the report is damaged.
    """
    record = read_record(document, f"audit {clean(run, 80)}")
    _check(record, {"reason": reason, "owner": owner}, (today, expires), checks)
    stamp = {"run": run, "created": today, "owner": owner.strip(), "reason": reason.strip(), "expires": expires}
    before = {entry.key: entry for entry in earlier.findings} if earlier is not None else {}
    confidence = bonferroni(CONFIDENCE, len(before))
    fates: dict[str, list[Acceptance]] = {
        name: [] for name in ("added", "tightened", "loosened", "renewed", "removed", "kept")
    }
    # Of several findings of one key, one that is a problem counts.
    found = {entry.key: entry for entry in sorted(record.findings, key=lambda entry: entry.is_problem)}
    for entry in before.values():
        fate, now = _fate(entry, found, record, confidence, stamp=stamp, checks=checks)
        fates[fate].append(now)
    new = [entry for key, entry in found.items() if key not in before and _is_wanted(entry, checks)]
    fates["added"] = [_acceptance(entry, stamp) for entry in new]
    standing = [entry for name, entries in fates.items() if name != "removed" for entry in entries]
    errors = sum(entry.status == "error" for entry in record.findings)
    baseline = Baseline(schema="assay-baseline/1", name=record.name, findings=tuple(standing))
    return Accepting(baseline, errors=errors, **{name: tuple(entries) for name, entries in fates.items()})


def _check(
    record: Record, texts: Mapping[str, str], days: tuple[dt.date, dt.date | None], checks: Collection[str]
) -> None:
    today, expires = days
    problems = [
        f"{name} must say something, got an empty text. Give one." for name, text in texts.items() if not text.strip()
    ]
    if expires is not None and expires < today:
        problems.append(f"expires must be today or later, got {expires}. Give a later day.")
    known = {entry.code for entry in record.findings}
    problems += [
        f"check must be one of the audit's, got '{clean(code, 40)}'. It has {', '.join(sorted(known))}."
        for code in checks
        if code not in known
    ]
    if problems:
        raise ConfigurationError(problems)


def _is_wanted(entry: Entry, checks: Collection[str]) -> bool:
    asked = entry.code in checks if checks else entry.severity == "critical"
    return asked and is_acceptable(entry.status) and not entry.waived


def _fate(
    entry: Acceptance,
    found: Mapping[Key, Entry],
    record: Record,
    confidence: float,
    *,
    stamp: Mapping[str, Any],
    checks: Collection[str],
) -> tuple[str, Acceptance]:
    """What becomes of an entry that is there already: its fate, and the entry as it is now."""
    now = found.get(entry.key)
    if (checks and entry.code not in checks) or (now is not None and now.waived):
        return "kept", entry
    if now is None or not is_acceptable(now.status):
        # A check names what is wrong: what it looked at and does not name any more is right.
        statuses = {now.status} if now is not None else {e.status for e in record.findings if e.code == entry.code}
        looked = bool(statuses) and not statuses & {"error", "not_applicable"}
        return ("removed" if looked else "kept"), entry
    movement = compare_with(entry, now, confidence)
    if movement.verdict == BETTER:
        return "tightened", _acceptance(now, stamp)
    if movement.verdict != SAME:
        return "loosened", _acceptance(now, stamp)
    if not checks and entry.in_force(stamp["created"]):
        return "kept", entry
    # With the figure that was accepted first: else each night could be a little worse than the last.
    return "renewed", entry.model_copy(update=dict(stamp))


def _acceptance(entry: Entry, stamp: Mapping[str, Any]) -> Acceptance:
    figure = entry.evidence
    return Acceptance(
        code=entry.code,
        subject=entry.subject.text,
        title=entry.title,
        status="failed" if entry.status == "failed" else "inconclusive",
        metric=None if figure is None else figure.metric,
        value=None if figure is None else figure.value,
        interval=None if figure is None else figure.interval,
        n=None if figure is None or figure.n is None else int(figure.n),
        threshold=None if figure is None else figure.threshold,
        unit="" if figure is None else figure.unit,
        rule=entry.rule,
        between=() if figure is None else figure.between,
        rows=None if figure is None else figure.rows,
        words=entry.words,
        **stamp,
    )
