"""The figures of a report that are followed from audit to audit.

They are read from the report's document, in which small cells are hidden already, so that none of them comes in here.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The check that holds the figures against the history, and the columns of the table beside what it tells of: the key
# of a figure (its group is not called so: small cells are hidden already, by the table that it comes from), and what
# was expected.
CODE = "DQ040"
UNEXPECTED = ("metric", "feature", "of", "value", "expected from", "expected to", "audits")
ROWS = "rows"
# Findings whose figure is one share in every audit, whether the check passed or not.
_OF_FINDINGS = {"DQ011": "duplicate share", "DQ013": "share of missing labels", "DQ100": "unexpected share"}
_OF_MODEL = {"auc": "AUC", "accuracy": "accuracy", "r2": "R2"}
# The figures that lie in [0, 1].
SHARES = (
    *("clean share", "quarantine share", "suspect share", "share of wrong labels", "class share", "AUC", "accuracy"),
    *("selection rate", *_OF_FINDINGS.values()),
)
# A label with more classes is hardly watched class by class.
_MOST_CLASSES = 20
_LARGEST = 2**63 - 1
# Of the digest of a rule, where its title does not tell it from others.
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Key:
    """What is followed: a metric, of a column or a sensitive feature, of a group or a rule; "" where of none."""

    metric: str
    feature: str = ""
    group: str = ""

    def __str__(self) -> str:
        """As it stands in a message."""
        of = f" of {self.feature}" if self.feature else ""
        return f"{self.metric}{of}" + (f" ({self.group})" if self.group else "")


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95% interval, where it has one, and the number of rows behind it; None where not known."""

    key: Key
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


def figures_of(document: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Return the figures of a report that are followed, each key once.

    These are the number of rows, the shares of clean and of suspect rows, the share of each class and of wrong
    labels, AUC, accuracy or R2, the selection rate and base rate of each group, the differences between the groups of
    a feature, and the share of rows that break each expectation.

    Rules of one column with the same title are told apart by their digests, and where they have none, as in reports of
    older versions, or are the same, by numbers in the order of the suite.

    Parameters
    ----------
    document
        As `report.json` holds it. Parts that it lacks are left out.
    """
    found: dict[Key, Figure] = {}
    for part in (_rows, _classes, _model, _fairness, _findings):
        for figure in part(document):
            key = Key(*map(storable, (figure.key.metric, figure.key.feature, figure.key.group)))
            found.setdefault(key, replace(figure, key=key))
    return tuple(found.values())


def storable(text: str) -> str:
    """`text` without what a database refuses: NUL and halves of surrogate pairs, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def number(value: object) -> float | None:
    """`value` as a finite number; None for everything else, such as a figure that is hidden."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def count(value: object) -> int | None:
    """`value` as a number that a database holds; None for everything else, such as "<10"."""
    known = number(value)
    return int(known) if known is not None and abs(known) < _LARGEST else None


def _figure(key: Key, row: Mapping[str, Any]) -> Figure:
    low, high = number(row.get("low")), number(row.get("high"))
    return Figure(key, number(row.get("value")), low, high, count(row.get("n")))


def _share(key: Key, part: object, total: float | None) -> Figure:
    known = number(part)
    value = known / total if known is not None and total else None
    return Figure(key, value, n=count(total))


def _rows(document: Mapping[str, Any]) -> Iterator[Figure]:
    rows = document.get("rows") or {}
    total = number(rows.get("total"))
    yield Figure(Key(ROWS), total, n=count(total))
    yield _share(Key("clean share"), rows.get("clean"), total)
    yield _share(Key("quarantine share"), rows.get("quarantine"), total)
    labels, label = document.get("labels") or {}, _label(document)
    yield _share(Key("suspect share", label), labels.get("suspects"), number(labels.get("judged")))
    for row in _records(labels.get("estimates")):
        if row.get("by") == "overall":
            yield _figure(Key("share of wrong labels", label), {**row, "value": row.get("share")})


def _classes(document: Mapping[str, Any]) -> Iterator[Figure]:
    dataset = document.get("dataset") or {}
    classes = dataset.get("classes") or []
    total = number(dataset.get("rows"))
    for entry in classes if len(classes) <= _MOST_CLASSES else []:
        yield _share(Key("class share", _label(document), str(entry.get("name"))), entry.get("rows"), total)


def _model(document: Mapping[str, Any]) -> Iterator[Figure]:
    for row in _records((document.get("health") or {}).get("metrics")):
        if (metric := _OF_MODEL.get(str(row.get("metric")).lower())) is not None:
            yield _figure(Key(metric, _label(document)), row)


def _fairness(document: Mapping[str, Any]) -> Iterator[Figure]:
    fairness = document.get("fairness") or {}
    # Intersections of features follow from what is said of each, and are many.
    sensitive = set(((document.get("dataset") or {}).get("roles") or {}).get("sensitive") or [])
    for row in _records(fairness.get("by_group")):
        if row.get("feature") in sensitive and row.get("metric") in {"selection rate", "base rate"}:
            yield _figure(Key(str(row["metric"]), str(row["feature"]), str(row.get("group"))), row)
    for row in _records(fairness.get("disparities")):
        if row.get("feature") in sensitive and row.get("kind") == "difference":
            yield _figure(Key(f"{row.get('metric')} difference", str(row["feature"])), row)


def _findings(document: Mapping[str, Any]) -> Iterator[Figure]:
    followed = [finding for finding in document.get("findings") or [] if finding.get("code") in _OF_FINDINGS]
    times, sharing = Counter[Key](), Counter(map(_key_of, followed))
    for finding in followed:
        key, metric, evidence = _key_of(finding), _OF_FINDINGS[finding["code"]], finding.get("evidence") or {}
        if key.group and sharing[key] > 1 and (digest := finding.get("rule")):
            key = replace(key, group=f"{key.group}, rule {str(digest)[:_DIGITS]}")
        # Also one without a figure is counted: the next keeps its number.
        times[key] += 1
        if evidence.get("metric") != metric:
            continue
        if key.group and times[key] > 1:
            key = replace(key, group=f"{key.group} ({times[key]})")
        interval = evidence.get("interval") or {}
        yield _figure(key, {**interval, "value": evidence.get("value"), "n": evidence.get("n")})


def _key_of(finding: Mapping[str, Any]) -> Key:
    subject = finding.get("subject") or {}
    # Two expectations of one column are told apart by what they expect.
    rule = str(finding.get("title")) if finding["code"] == "DQ100" else ""
    return Key(_OF_FINDINGS[finding["code"]], ", ".join(map(str, subject.get("columns") or ())), rule)


def _label(document: Mapping[str, Any]) -> str:
    return str(((document.get("dataset") or {}).get("roles") or {}).get("label") or "")


def _records(table: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    for row in (table or {}).get("rows", ()):
        yield dict(zip(table["columns"], row, strict=True))  # type: ignore[index]  # it has rows, so it is one
