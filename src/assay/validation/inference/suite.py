"""From a reference to a suite: what is proposed, how it was calibrated, and what a person made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.small_cells import SMALLEST_CELL
from assay.validation.inference.calibration import calibrate
from assay.validation.inference.document import compose
from assay.validation.inference.proposing import ALPHA, propose_rules
from assay.validation.inference.rule import columns_of
from assay.validation.inference.texts import MAX_NUMBERS, MAX_WORDS, has_small_group, value_counts
from assay.validation.relations.inclusions import propose_inclusions
from assay.validation.relations.searching import Relations, find_relations
from assay.validation.relations.table import MIN_ROWS, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from assay.dataset import Dataset, Roles
    from assay.validation.inference.calibration import Calibration
    from assay.validation.inference.document import Update

# Of the rules about other tables, which stand beside the calibrated ones: the false alarms that they may add.
INCLUSION_ALPHA = 0.01
# No file has the empty name.
_REFERENCE = ""
# Rules that are named in one line.
_TOLD = 3


def infer_suite(
    frame: pd.DataFrame,
    roles: Roles,
    name: str,
    *,
    numeric_label: bool = False,
    batch_rows: int | None = None,
    before: Mapping[str, Any] | None = None,
    others: Mapping[str, pd.DataFrame] | None = None,
) -> Update:
    """A Great Expectations suite that a reference keeps, and later batches of the same source too, but for 1 in 20.

    Parameters
    ----------
    frame
        The reference: N >= 1 rows in plain columns, see `assay.ingest.columns`. Not changed.
    roles
        Ignored columns get no rules; the label has the empty name where there is none.
    name
        Of the suite.
    numeric_label
        Whether the label is a number to predict, not a class.
    batch_rows
        Rows of the batches that will be held against it; by default as many as the reference has.
    before
        The suite that is inferred again: what a person did to it is kept. None to start over.
    others
        Path, relative to the suite, -> rows of other tables, whose keys columns of the reference may refer to.

    Returns
    -------
    Update
        The same for the same arguments.
    """
    fresh = batch_rows or len(frame)
    # Searched once: a search costs far more than all that is then asked of what it found.
    relations = find_relations(Table(frame, roles)) if len(frame) >= MIN_ROWS else Relations()
    asked: dict[str, Any] = {"fresh": fresh, "numeric_label": numeric_label, "relations": relations}
    rules, calibration = calibrate(frame, roles, propose_rules(frame, roles, **asked), **asked)
    if others:
        included = propose_inclusions({_REFERENCE: frame, **others}, fresh=fresh, alpha=INCLUSION_ALPHA)
        rules = [*rules, *included[_REFERENCE]]
    return compose(name, rules, _described(calibration, len(frame), fresh), before, roles=remembered(roles))


def remembered(roles: Roles) -> dict[str, Any]:
    """The roles that change what is inferred, as the suite keeps them for the next time."""
    said = {"label": roles.label, "sensitive": list(roles.sensitive), "id": roles.id}
    return {key: value for key, value in said.items() if value}


def propose_suite(dataset: Dataset, name: str) -> dict[str, Any]:
    """A first suite for a dataset, as plain JSON values; see `infer_suite`."""
    update = infer_suite(dataset.frame, dataset.roles, name, numeric_label=dataset.target is not None)
    return update.suite


def broken_already(suite: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence on the patterns and relations that rows of the reference break themselves; none where none does."""
    broken = []
    for entry in suite["expectations"]:
        meta = entry.get("meta") or {}
        evidence, rule = meta.get("evidence") or {}, str(meta.get("rule"))
        between = len(columns_of(entry.get("kwargs") or {})) > 1
        if (between or rule.startswith("pattern: ")) and evidence.get("broken"):
            name = "" if between else f"of {rule.removeprefix('pattern: ')}: "
            broken.append((evidence["broken"] / evidence["n"], f"{name}{str(meta.get('reason')).rstrip('.')}"))
    if not broken:
        return ()
    # The rarer a break, the likelier a slip.
    told = [said for _, said in sorted(broken)]
    more = f"; and {len(told) - _TOLD:,} more" if len(told) > _TOLD else ""
    return (f"Some rows of these data break what the others keep: {'; '.join(told[:_TOLD])}{more}.",)


def small_groups(frame: pd.DataFrame, roles: Roles) -> tuple[str, ...]:
    """A sentence for each sensitive column of few values of which some are rare: the suite has no set of them."""
    told = []
    for name in roles.sensitive:
        counts = value_counts(frame[name].dropna())
        if len(counts) <= (MAX_NUMBERS if frame[name].dtype.kind in "iuf" else MAX_WORDS) and has_small_group(counts):
            told.append(
                f"Sensitive feature '{name}' has groups of fewer than {SMALLEST_CELL} rows: they are too small to be "
                "compared, and the suite says nothing of which values may occur, lest it leave these people out or "
                "point at them. Write the set yourself if you know it (expect_column_values_to_be_in_set)."
            )
    return tuple(told)


def _described(calibration: Calibration, n: int, fresh: int) -> dict[str, Any]:
    fit, held = calibration.rows
    said: dict[str, Any] = {
        "rows": n,
        "batch_rows": fresh,
        "max_false_alarms": ALPHA,
        "splits": calibration.splits,
        "split_rows": [fit, held],
        "alarms": calibration.alarms,
        "alarm_share_interval": [round(calibration.low, 4), round(calibration.high, 4)],
        "loosened": list(calibration.loosened),
        "dropped": list(calibration.dropped),
    }
    if calibration.over_time is not None:
        said["broken_over_time"] = list(calibration.over_time)
    return said
