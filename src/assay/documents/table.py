"""Figures of a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# A document is read by people; `report.json` has all rows.
MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Table:
    """Figures of a section, as the tree has them; a cell that is None is not known or not shown."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def plain(self) -> dict[str, Any]:
        """As JSON values, with the first `MOST_ROWS` rows and how many more there are."""
        return {
            "title": self.title,
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows[:MOST_ROWS]],
            "more": max(0, len(self.rows) - MOST_ROWS),
        }
