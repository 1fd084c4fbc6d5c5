"""Values that decide the label alone: shortcuts in clean data, triggers in poisoned data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.findings import Check, Severity
from assay.health.parts import Part, switched_off
from assay.health.stamps.checks import check_stamps, tabulate
from assay.health.stamps.scan import Scan, scan_stamps

if TYPE_CHECKING:
    from assay.health.context import HealthContext

__all__ = ["PART"]


def _unasked(context: HealthContext) -> str | None:
    if (predictions := context.of_classes) is None:
        return "The label is a number: no value can decide for a class."
    if predictions.given is not None:
        return f"The models behind the given predictions ({predictions.given}) cannot be asked about other values."
    if predictions.models is None:
        return "The models were not kept, so that they cannot be asked about other values."
    return switched_off(context, "stamps")


def _scan(context: HealthContext) -> Scan:
    predictions = context.of_classes
    assert predictions is not None
    assert predictions.models is not None
    return scan_stamps(context.dataset, predictions, predictions.models, context.suspect, context.seed)


# Table "stamps", a row for each value that was tried, those that decide first: `columns` (a name, or two), `kind`
# ("exact value", "range", "missing", "pair"), `class`, `rows` (that carry it, of those that were drawn), `share` (of
# them with the class), `by` (who follows most: "the network", "trees" or "labels"), `n`, `follow` (a share), `low`,
# `high`, `control` (None: not held against anything), `suspects` (of `rows`; None: not known), `decides`. No value is
# in it. Of sensitive columns, counts of fewer than 10 rows, and what rests on them, are None.
PART: Part[Scan] = Part(
    checks=(Check("MH050", "Values that decide the label alone", Severity.WARNING, check_stamps),),
    prepare=_scan,
    tables=tabulate,
    unasked=_unasked,
)
