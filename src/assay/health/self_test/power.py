"""MH060: what known defects, planted in copies of the rows, were found, and what a clean verdict cannot mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Evidence, Interval, Outcome, Status, Table
from assay.health.parts import switched_off

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from assay.health.context import HealthContext

# A check that finds a defect less often than it misses it does not stand for its absence.
MOST = 0.5
MAX_NAMED = 6
SHOWN = ("defect", "size", "check", "trials", "found", "low", "high", "passed", "false_alarms")


def unasked(context: HealthContext) -> str | None:
    """Why there is nothing to judge."""
    if (why := switched_off(context, "self_test")) is not None:
        return why
    if context.power is None:
        return "Nothing was planted: too few rows to plant defects in."
    return None


def power_of(context: HealthContext) -> pd.DataFrame:
    """What was planted and found, see `assay.self_testing.testing.plant_and_look`."""
    assert context.power is not None
    return context.power


def tabulate(power: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The table `power`, one row for each defect, size and way of seeing it.

    Columns: `defect` (words), `size` (share), `check` ("LN001" fails, "LN001 (rows)" names half of the planted rows,
    "DQ017 or MH022" either), `decides` (bool: the row that speaks for the size), `trials`, `found`, `low`, `high`
    (95% interval of the power), `passed` (trials in which the check passed in spite of the defect), `false_alarms`
    (trials in which the control looked the same), `errors`, `recall`, `precision` (of the rows), `rows` (of the
    sample), `note`. NaN stands for what was not measured.
    """
    return {"power": power}


def judge_power(power: pd.DataFrame) -> Iterator[Outcome]:
    """MH060: whether every defect larger than its limit is found in most trials, by the lower end of the interval."""
    planted = power[power["decides"].astype(bool) & (power["trials"] > 0)]
    left_out = _left_out(power)
    if planted.empty:
        yield Outcome(Status.NOT_APPLICABLE, f"Nothing could be planted. {left_out}".rstrip())
        return
    seen = planted["low"] > MOST
    missed = planted[~seen]
    count = f"{int(seen.sum()):,} of {len(planted):,} planted kinds and sizes of defects"
    sure = "found in most trials by the lower end of a 95% interval"
    words = (
        f"Known defects were planted in copies of the data, on samples of up to {int(planted['rows'].max()):,} rows. "
        f"Of those that exceed their limits, {count} were {sure}."
    )
    if len(missed):
        words += f" That this audit reports none of the others does not mean that there are none: {_named(missed)}."
    if int(planted["errors"].sum()):
        words += " Some stages broke on planted rows, which counts as not found (see `errors` and `note`)."
    yield Outcome(
        Status.INCONCLUSIVE if len(missed) else Status.PASSED,
        f"{words} {left_out}".rstrip(),
        evidence=_evidence(planted),
        remedy=_REMEDY if len(missed) else "",
    )


_REMEDY = (
    "Read a clean verdict with this list: for what would not have been found, add rows, bound columns in a suite, or "
    "have a sample checked by a person (`assay review`)."
)


def _named(missed: pd.DataFrame) -> str:
    """The defects that were missed, each with its largest size that was, and what became of it."""
    told = []
    for defect, sizes in missed.groupby("defect", sort=False):
        # Of a leak the sizes fall: the largest is the one that should have been seen first.
        row = sizes.sort_values("size").iloc[-1]
        alarms, trials = int(row["false_alarms"]), int(row["trials"])
        why = ""
        if alarms == trials:
            why = ", as in the unchanged rows, so that nothing can be told"
        elif int(row["passed"]):
            why = f", passed in {int(row['passed']):,}"
        told.append(f"{defect}, {row['size']:.0%} ({row['check']} in {int(row['found']):,} of {trials:,} trials{why})")
    more = f"; and {len(told) - MAX_NAMED:,} more" if len(told) > MAX_NAMED else ""
    return "; ".join(told[:MAX_NAMED]) + more


def _left_out(power: pd.DataFrame) -> str:
    """What could not be planted, and why."""
    never = power[(power["trials"] == 0) & power["decides"].astype(bool)].drop_duplicates("defect")
    if never.empty:
        return ""
    told = (f"{defect} ({str(note).rstrip('.')})" for defect, note in zip(never["defect"], never["note"], strict=True))
    return f"Not planted: {'; '.join(told)}."


def _evidence(planted: pd.DataFrame) -> Evidence:
    rows = tuple(tuple(row) for row in planted[list(SHOWN)].to_dict("split")["data"])
    least = planted.sort_values("low", kind="stable").iloc[0]
    return Evidence(
        "lowest power over the planted kinds and sizes",
        float(least["found"] / least["trials"]),
        Interval(float(least["low"]), float(least["high"]), method="Wilson"),
        int(least["trials"]),
        MOST,
        "share",
        table=Table(SHOWN, rows),
    )
