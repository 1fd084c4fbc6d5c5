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
MAX_NAMED = 3
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
    if planted.empty:
        yield Outcome(Status.NOT_APPLICABLE, f"Nothing could be planted. {_left_out(power, why=True)}".rstrip())
        return
    seen = planted["low"] > MOST
    missed = planted[~seen]
    words = f"Planted defects that this audit would most likely have found: {int(seen.sum()):,} of {len(planted):,}."
    if len(missed):
        words += f" Not to be relied on here: {_named(missed)}."
    words += f" {_samples(planted)}"
    if int(planted["errors"].sum()):
        words += " Some stages broke on planted rows: not found (see `note`)."
    yield Outcome(
        Status.INCONCLUSIVE if len(missed) else Status.PASSED,
        f"{words} {_left_out(power, why=False)}".rstrip(),
        evidence=_evidence(planted),
        remedy=_REMEDY if len(missed) else "",
    )


_REMEDY = (
    "Read a clean verdict with this list: for what would not have been found, add rows, bound columns in a suite, or "
    "have a sample checked by a person (`assay review`)."
)


def _named(missed: pd.DataFrame) -> str:
    """The defects that were found least, each by its largest size that was missed, and what became of it."""
    # Of a leak the sizes fall: the largest is the one that should have been seen first.
    largest = missed.sort_values("size", kind="stable").groupby("defect", sort=False).tail(1)
    worst = largest.sort_values(["low", "passed"], ascending=[True, False], kind="stable")
    told = []
    for _, row in worst.head(MAX_NAMED).iterrows():
        alarms, trials = int(row["false_alarms"]), int(row["trials"])
        found = f"{int(row['found']):,} of {trials:,} trials"
        # What fails without the defect too says nothing of it.
        told.append(f"{row['defect']}, {row['size']:.0%} ({'alarm without it too' if alarms == trials else found})")
    more = f"; and {len(worst) - MAX_NAMED:,} more" if len(worst) > MAX_NAMED else ""
    return "; ".join(told) + more


def _samples(planted: pd.DataFrame) -> str:
    """On how many rows: where models are trained the samples are smaller."""
    few, *more = sorted({int(rows) for rows in planted["rows"]})
    beyond = f" ({few:,} where models are trained anew)" if more else ""
    return f"Each copy had up to {more[-1] if more else few:,} rows{beyond}."


def _left_out(power: pd.DataFrame, *, why: bool) -> str:
    """What could not be planted; the table has why."""
    never = power[(power["trials"] == 0) & power["decides"].astype(bool)].drop_duplicates("defect")
    if never.empty:
        return ""
    notes = [f" ({str(note).rstrip('.')})" if why else "" for note in never["note"]]
    told = (f"{defect}{note}" for defect, note in zip(never["defect"], notes, strict=True))
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
