"""Whether the verdicts hold for other hyperparameters, and whose predictions hang on them.

Tables:

- "variants": `configuration`, `kind`, `settings` (its hyperparameters in words), `auc`, `accuracy` (out of sample,
  mean over the folds), `near_equal` (bool: AUC and accuracy within 0.01 of the best).
- "verdicts": `code`, `subject`, `metric`, `kind` ("share", "difference", "ratio"), `n` (near-equal configurations with
  a figure), `low`, `median`, `high` over them, `threshold`, `beyond` (how many cross it), and how many have each
  status: `passed`, `failed`, `inconclusive`, `not_applicable`, `error`.
- "ambiguity": `feature`, `group` (None: all rows), `n` (rows), `value` (share of the rows on which five near-equal
  models disagree), `low`, `high` (simultaneous over the groups), `elsewhere` (of all other rows). Groups of which the
  figure would rest on fewer than ten rows are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from assay.findings import Check, Severity
from assay.health.parts import Part, switched_off
from assay.health.variants.ambiguity import by_group, check_ambiguity
from assay.health.variants.multiplicity import Multiplicity, look
from assay.health.variants.verdicts import check_verdicts, summarise

if TYPE_CHECKING:
    from assay.health.context import HealthContext

__all__ = ["PART"]


def _why_not(context: HealthContext) -> str | None:
    if (why := switched_off(context, "variants")) is not None:
        return why
    if (predictions := context.of_classes) is None:
        return "The label is a number: other hyperparameters are tried for classes only."
    if predictions.given is not None:
        return "The predictions were given: nothing is known of the hyperparameters behind them."
    return None


def _tables(found: Multiplicity) -> dict[str, pd.DataFrame]:
    if found.trial is None:
        return {}
    columns = ("kind", "settings", "auc", "accuracy", "near_equal")
    variants = [
        {"configuration": v.name, **{name: getattr(v, name) for name in columns}} for v in found.trial.variants
    ]
    return {
        "variants": pd.DataFrame(variants, columns=["configuration", *columns]),
        "verdicts": summarise(found.verdicts),
        "ambiguity": by_group(found),
    }


PART: Part[Multiplicity] = Part(
    checks=(
        Check("MH030", "Verdicts under other hyperparameters", Severity.WARNING, check_verdicts),
        Check("MH031", "Rows that equally good models disagree on", Severity.INFO, check_ambiguity),
    ),
    prepare=look,
    tables=_tables,
    unasked=_why_not,
)
