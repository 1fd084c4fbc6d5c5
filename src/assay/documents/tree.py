"""The report's document tree, as the documents read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from assay.documents.table import Table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Row = dict[str, Any]
# Worst first: what a document lists first.
_ORDER = ("failed", "error", "inconclusive", "passed", "not_applicable")


@dataclass(frozen=True, eq=False)
class Tree:
    """What an audit says: the tree that `AuditReport.to_dict` returns and `report.json` holds.

    Attributes
    ----------
    document
        Already without small cells: whatever is read from it may be shown.
    given
        The section `documents` of a configuration in place of the audit's own; None for that one.
    given_in
        Where that one is from: `source`, `sha256` and `date`; None for the audit's own.
    """

    document: Mapping[str, Any]
    given: Mapping[str, Any] | None = None
    given_in: Mapping[str, str] | None = None

    @cached_property
    def facts(self) -> dict[str, str]:
        """What people said in the section `documents` of the configuration; only what they said."""
        given = self._own_facts if self.given is None else self.given
        return {key: str(value) for key, value in given.items() if value is not None}

    @property
    def _own_facts(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self.config.get("documents") or {}
        return facts

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration of the audit."""
        config: Mapping[str, Any] = self.document["manifest"].get("config") or {}
        return config

    @property
    def dataset(self) -> Mapping[str, Any]:
        """Source, fingerprint, rows, columns, roles and classes."""
        dataset: Mapping[str, Any] = self.document["dataset"]
        return dataset

    @property
    def sensitive(self) -> list[str]:
        """Names of the sensitive features."""
        return [str(name) for name in self.dataset["roles"]["sensitive"]]

    @property
    def positive(self) -> str | None:
        """The favourable class, or None."""
        return next((str(entry["name"]) for entry in self.dataset["classes"] if entry["positive"]), None)

    @property
    def model(self) -> str:
        """Whose predictions they are, as it goes on after "the predictions"."""
        if (self.config.get("learning") or {}).get("pred_probs"):
            return "given to the audit as a file"
        kind = self.document["fairness"].get("model")
        return f"of the audit's reference model ({kind})" if kind else "of the audit's reference model"

    def rows(self, *path: str) -> list[Row]:
        """Rows of a table such as ("fairness", "by_group"), by column; none where the tree has no such table."""
        table = self._at(path)
        return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]

    def table(self, title: str, *path: str) -> tuple[Table, ...]:
        """The same as a table of a document; none where it has no rows."""
        table = self._at(path)
        return (Table(title, tuple(table["columns"]), tuple(map(tuple, table["rows"]))),) if table["rows"] else ()

    def _at(self, path: Sequence[str]) -> Mapping[str, Any]:
        place: Any = self.document
        for key in path:
            place = (place or {}).get(key)
        return place or {"columns": [], "rows": []}

    @cached_property
    def rates(self) -> dict[str, dict[str, list[Row]]]:
        """Rows of `fairness.by_group` by feature and metric."""
        found: dict[str, dict[str, list[Row]]] = {}
        for row in self.rows("fairness", "by_group"):
            found.setdefault(str(row["feature"]), {}).setdefault(str(row["metric"]), []).append(row)
        return found

    @property
    def pairs(self) -> list[Row]:
        """Rates by sex and race together; none where the audit took other features for these."""
        same = all(self.facts.get(key) == self._own_facts.get(key) for key in ("sex", "race"))
        return self.rows("fairness", "sex_by_race") if same else []

    def group_rows(self, feature: str) -> dict[str, int | str | None]:
        """Rows of each group of a feature that has rates; empty where it has none.

        "<10" where they are so few, None where all others are so few that they are hidden too.
        """
        sizes: dict[str, int | str | None] = {}
        for row in (row for rows in self.rates.get(feature, {}).values() for row in rows):
            group, n = str(row["group"]), row["n"]
            held = sizes.setdefault(group, n)
            # The rate that rests on all rows of the group has the most of them.
            if isinstance(n, int) and (not isinstance(held, int) or n > held):
                sizes[group] = n
        return sizes

    def findings(self, codes: Collection[str]) -> list[Row]:
        """The findings of these checks, worst first."""
        found = [finding for finding in self.document["findings"] if finding["code"] in codes]
        # A status that nobody knows is good news of nothing.
        ranks = {status: rank for rank, status in enumerate(_ORDER)}
        return sorted(found, key=lambda finding: ranks.get(finding["status"], 0))
