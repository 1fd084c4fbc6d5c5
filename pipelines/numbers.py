"""The few numbers of an audit that a reader looks for first, each with its interval and its limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

from assay.report.text import NONE, number, percent, percent_digits

# Figures of `health.metrics` and how a reader calls them.
_SKILL = {"auc": "AUC on held-out rows", "r2": "R2 on held-out rows"}
_LIMITS = {"auc": "min_auc", "r2": "min_r2"}


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """A number in words, and what it is about; what the document does not know is a dash."""

    name: str
    value: str
    interval: str = NONE
    limit: str = NONE
    about: str = ""


def key_numbers(document: dict[str, Any]) -> list[KeyNumber]:
    """Return the skill of the model, the estimated share of wrong labels, the largest disparity and the rows.

    Parameters
    ----------
    document
        A report as `AuditReport.to_dict` gives it. Texts of the data in what is returned are not escaped.
    """
    return [*_skill(document), *_wrong_labels(document), *_disparity(document), *_rows(document)]


def differences(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the known differences of `fairness.disparities` as mappings, the largest first."""
    rows = _records(document["fairness"]["disparities"])
    known = [row for row in rows if row["kind"] == "difference" and is_number(row["value"])]
    return sorted(known, key=lambda row: -float(row["value"]))


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether `value` is a figure: small counts are hidden as texts such as "<10"."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _skill(document: dict[str, Any]) -> list[KeyNumber]:
    found = []
    limits = document["manifest"]["config"]["health"]
    for row in _records(document["health"]["metrics"]):
        if (name := _SKILL.get(row["metric"])) is not None:
            interval = NONE if row["low"] is None else f"{number(row['low'])} to {number(row['high'])}"
            limit = f"more than {number(limits[_LIMITS[row['metric']]])}"
            found.append(KeyNumber(name, number(row["value"]), interval, limit))
    return found


def _wrong_labels(document: dict[str, Any]) -> list[KeyNumber]:
    limit = document["manifest"]["config"]["label_noise"]["max_share"]
    return [
        _share("Wrong labels (estimate)", row["share"], row["low"], row["high"], limit)
        for row in _records(document["labels"]["estimates"])
        if row["by"] == "overall"
    ]


def _disparity(document: dict[str, Any]) -> list[KeyNumber]:
    known = differences(document)
    if not known:
        return []
    worst = known[0]
    sides = f": {worst['worst']} against {worst['best']}" if worst["worst"] and worst["best"] else ""
    about = f"{worst['metric']} by {worst['feature']}{sides}"
    # Rates differ by points; of a numeric label the means differ by its standard deviations.
    unit, scale = (" points", 100) if document["dataset"]["classes"] else (" SD", 1)
    value, low, high, most = (
        f"{scale * worst[key]:.{1 if scale > 1 else 2}f}" if is_number(worst[key]) else NONE
        for key in ("value", "low", "high", "tolerance")
    )
    return [KeyNumber("Largest disparity", value + unit, f"{low} to {high}{unit}", f"at most {most}{unit}", about)]


def _rows(document: dict[str, Any]) -> list[KeyNumber]:
    rows = document["rows"]
    return [
        KeyNumber(f"Rows {what}", f"{number(rows[key])} ({percent(rows[key] / rows['total'])})")
        for key, what in (("clean", "clean"), ("review", "to review"), ("quarantine", "to quarantine"))
        if rows["total"] and rows[key] is not None
    ]


def _share(name: str, value: Any, low: Any, high: Any, limit: float) -> KeyNumber:
    known = is_number(low) and is_number(high)
    digits = percent_digits(low, high) if known else 1
    return KeyNumber(
        name,
        percent(value, digits) if is_number(value) else NONE,
        f"{percent(low, digits)} to {percent(high, digits)}" if known else NONE,
        f"at most {100 * limit:.4g}%",
    )


def _records(table: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
