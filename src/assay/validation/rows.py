"""Checks on rows: how many, repeated, unlabelled, contradictory.

Every figure here is a full count of the dataset at hand, not a sample of something: it is exact, has no sampling
error, and meets its limit without an interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.dataset import NO_LABEL
from assay.findings import Action, Evidence, Outcome, Severity, Status, Subject
from assay.validation.context import flags
from assay.validation.reasons import reasons_of
from assay.validation.repeats import equal_by_chance, row_keys
from assay.validation.wording import share_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from assay.validation.context import Context
    from assay.validation.repeats import Copies

# Where more rows than this contradict each other, the features are too coarse to tell rows apart: that is a
# property of the table, and naming single rows as suspects would be noise.
MAX_NAMED_CONFLICTS = 0.2

# A dataset of which more than half has no label is no dataset to train on.
MAX_MISSING_LABELS = 0.5


def row_count(context: Context) -> Iterator[Outcome]:
    """DQ010: at least `min_rows` rows."""
    n, least = len(context.dataset), context.config.min_rows
    enough = n >= least
    yield Outcome(
        Status.PASSED if enough else Status.FAILED,
        f"The dataset has {n:,} row{'s' * (n != 1)}; at least {least:,} are needed.",
        evidence=Evidence("rows", n, n=n, threshold=least, unit="rows"),
        remedy="" if enough else "Collect more rows, or lower `validation.min_rows` if fewer are truly enough.",
    )


def duplicate_rows(context: Context) -> Iterator[Outcome]:
    """DQ011: the share of rows equal to an earlier one in all columns but the id and those that identify rows.

    Later copies are named for quarantine even where their share is within the limit, and not at all where chance
    alone makes so many rows equal that a repeated row is no copy.
    """
    n, limit = len(context.dataset), context.config.max_duplicate_share
    if n < 2:
        yield Outcome(Status.NOT_APPLICABLE, "A row can only be repeated where there are two.")
        return
    copies = context.copies
    count = int(copies.later.sum())
    share = count / n
    failed = share > limit
    status = Status.FAILED if failed else Status.PASSED
    message = f"No row of {n:,} repeats an earlier one{_besides(copies)}."
    remedy = ""
    if count:
        repeats = f"{share_of(count, n, 'rows')} repeat an earlier row in every column but the id{_besides(copies)}"
        message = f"{repeats}, {'more than' if failed else 'within'} the limit of {limit:.2%}."
        remedy = "Find out why rows were written twice, and keep the first of each."
    if count and copies.coarse:
        message += (
            " The columns are too coarse to tell copies from equal rows: about "
            f"{copies.by_chance:,.0f} would be equal by chance, so that single rows are not named."
        )
        status = Status.INCONCLUSIVE if failed else status
        remedy = "Name a column that identifies rows as `id`, or add one at the source." if failed else ""
    nameable = count and not copies.coarse
    rows = flags(copies.later, "Repeats an earlier row.", Action.QUARANTINE) if nameable else None
    evidence = Evidence("duplicate share", share, n=n, threshold=limit, unit="share", rows=rows)
    yield Outcome(status, message, evidence=evidence, remedy=remedy)


def _besides(copies: Copies) -> str:
    listed = ", ".join(f"'{name}'" for name in copies.left_out)
    return f" and what identifies rows (left out: {listed})" if listed else ""


def duplicate_ids(context: Context) -> Iterator[Outcome]:
    """DQ012: every row has an id of its own."""
    roles, n = context.dataset.roles, len(context.dataset)
    if roles.id is None:
        yield Outcome(Status.NOT_APPLICABLE, "No column is named as the id.")
        return
    subject = Subject((roles.id,))
    if roles.id == roles.group:
        message = f"Column '{roles.id}' also keeps rows together, so that its values may repeat."
        yield Outcome(Status.NOT_APPLICABLE, message, subject)
        return
    ids = context.dataset.frame[roles.id]
    absent = ids.isna().to_numpy()
    shared = ids.duplicated(keep=False).to_numpy() & ~absent
    count = int(shared.sum())
    copied = _exact_copies(context, shared) if count else 0
    copies = f" {copied:,} of them are exact copies of another of them." if copied else ""
    remedies = ["Decide which row is right, or name a column that identifies rows."] * (copied < count)
    remedies += ["Of exact copies keep one of each."] * (copied > 0)
    rows = flags(shared, _namesakes(context, shared), Action.REVIEW) if count else None
    yield Outcome(
        Status.FAILED if count else Status.PASSED,
        f"{share_of(count, n, 'rows')} share their id with another row.{copies}"
        if count
        else f"No two of {n:,} rows share an id.",
        subject,
        Evidence("rows with a shared id", count, n=n, threshold=0, unit="rows", rows=rows),
        " ".join(remedies) if count else "",
    )
    if absent.any():
        lacking = int(absent.sum())
        yield Outcome(
            Status.FAILED,
            f"{share_of(lacking, n, 'rows')} have no id.",
            subject,
            Evidence(
                "rows without id",
                lacking,
                n=n,
                threshold=0,
                unit="rows",
                rows=flags(absent, f"Has no id (column '{roles.id}').", Action.REVIEW),
            ),
            "Fill in the ids at the source; a finding cannot be traced back without one.",
            severity=Severity.WARNING,
        )


def _namesakes(context: Context, shared: npt.NDArray[np.bool_]) -> str | list[str]:
    """For each of the rows that share their id the first that has it, as the expectation of uniqueness says it."""
    frame, name = context.dataset.frame, context.dataset.roles.id
    return reasons_of(frame, "expect_column_values_to_be_unique", {"column": name}, np.flatnonzero(shared))


def _exact_copies(context: Context, shared: npt.NDArray[np.bool_]) -> int:
    """Number of rows all of whose namesakes are equal to them in every column."""
    frame, name = context.dataset.frame, context.dataset.roles.id
    rows = frame.loc[shared]
    whole = pd.Series(row_keys(rows, frame.columns), index=rows.index)
    return int((whole.groupby(rows[name]).transform("nunique") == 1).sum())


def missing_labels(context: Context) -> Iterator[Outcome]:
    """DQ013: every row has a label; critical only where more than half have none."""
    n, label = len(context.dataset), context.dataset.roles.label
    if n == 0:
        yield Outcome(Status.NOT_APPLICABLE, "There are no rows.")
        return
    absent = context.dataset.labels.codes == NO_LABEL
    count = int(absent.sum())
    rows = flags(absent, f"Has no label (column '{label}').", Action.QUARANTINE) if count else None
    yield Outcome(
        Status.FAILED if count else Status.PASSED,
        f"{share_of(count, n, 'rows')} have no label (column '{label}')."
        if count
        else f"All {n:,} rows have a label.",
        Subject((label,)),
        Evidence("share of missing labels", count / n, n=n, threshold=0, unit="share", rows=rows),
        "Label these rows, or leave them out; ask whether the unlabelled differ from the labelled." if count else "",
        severity=Severity.WARNING if 0 < count <= MAX_MISSING_LABELS * n else None,
    )


def conflicting_labels(context: Context) -> Iterator[Outcome]:
    """DQ016: rows with identical features have the same label.

    The irreducible error is (1/N) * sum over sets of identical rows of (rows - rows of the most frequent label):
    no model that sees only these features makes fewer mistakes on these rows.
    """
    if context.dataset.target is not None:
        words = "The label is a number: rows with the same features may well have different values."
        yield Outcome(Status.NOT_APPLICABLE, words)
        return
    codes = context.dataset.labels.codes
    labelled = codes != NO_LABEL
    n = int(labelled.sum())
    if n < 2:
        yield Outcome(Status.NOT_APPLICABLE, "Labels can only conflict where two rows have one.")
        return
    keys = np.asarray(pd.factorize(context.feature_keys[labelled])[0])
    classes = int(codes.max()) + 1
    cells, sizes = np.unique(keys * classes + codes[labelled], return_counts=True)
    kinds = cells // classes
    largest = np.zeros(keys.max() + 1, dtype=np.int64)
    np.maximum.at(largest, kinds, sizes)
    right = int(largest.sum())
    error = (n - right) / n
    conflicting = np.bincount(kinds)[keys] > 1
    count = int(conflicting.sum())
    mask = np.zeros(len(codes), dtype=bool)
    mask[np.flatnonzero(labelled)[conflicting]] = True
    named = mask & ~_twins(context, mask)
    message = f"No two of {n:,} labelled rows have the same features and different labels"
    if count:
        message = (
            f"{share_of(count, n, 'labelled rows')} have the same features as another row with another label; a model "
            f"that sees only these features is wrong on at least {n - right:,} of the {n:,} rows ({error:.2g})"
        )
    if count and not named.any():
        message += ". The features are too coarse to tell rows apart: chance makes them equal, so that none is named"
    elif count > MAX_NAMED_CONFLICTS * n:
        message += ". The features are too coarse to tell so many rows apart, so that single rows are not named"
        named[:] = False
    elif count > named.sum():
        message += (
            f". {count - int(named.sum()):,} of them are not named: they hold so little that chance makes them equal"
        )
    rows = flags(named, "Has the features of another row, but another label.", Action.REVIEW) if named.any() else None
    yield Outcome(
        Status.FAILED if count else Status.PASSED,
        f"{message}.",
        evidence=Evidence("irreducible error", error, n=n, threshold=0, unit="share", rows=rows),
        remedy="Check the labels of these rows, or add the feature that tells them apart." if count else "",
    )


def _twins(context: Context, conflicting: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Those of some rows that are as likely equal to another by chance: they do not contradict it."""
    if not conflicting.any() or context.feature_copies.coarse:
        return conflicting
    return equal_by_chance(context.coded, context.dataset.roles.features, conflicting)
