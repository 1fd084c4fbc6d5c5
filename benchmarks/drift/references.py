"""What is commonly used: tests of a null hypothesis, and the population stability index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEVEL = 0.05
# "Significant change" by the rule of thumb of credit scoring.
PSI_LIMIT = 0.2


def p_value(reference: pd.Series[Any], batch: pd.Series[Any]) -> float:
    """Kolmogorov-Smirnov test of numbers, chi-squared test of categories (missing values are one)."""
    if reference.dtype.kind in "iuf":
        first, second = reference.dropna(), batch.dropna()
        if len(first) == 0 or len(second) == 0:
            return 1.0 if len(first) == len(second) else 0.0
        return float(stats.ks_2samp(first, second, method="asymp").pvalue)
    table = _counts(reference, batch)
    return float(stats.chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0


def stability_index(reference: pd.Series[Any], batch: pd.Series[Any]) -> float:
    """PSI over tenths of the reference or over categories; an empty cell counts as one in ten thousand."""
    if reference.dtype.kind in "iuf":
        edges = np.unique(np.nanquantile(reference, np.linspace(0.1, 0.9, 9))) if reference.notna().any() else [0.0]
        reference, batch = (
            pd.Series(np.where(part.isna(), -1, np.searchsorted(edges, part.fillna(0)))) for part in (reference, batch)
        )
    table = _counts(reference, batch)
    p, q = (np.clip(row / row.sum(), 1e-4, None) for row in table)
    return float(((q - p) * np.log(q / p)).sum())


def _counts(reference: pd.Series[Any], batch: pd.Series[Any]) -> Any:
    both = [part.astype(str).where(part.notna(), "").value_counts() for part in (reference, batch)]
    table = pd.concat(both, axis=1).fillna(0).to_numpy().T
    return table[:, table.sum(axis=0) > 0]


def _by_p(reference: pd.DataFrame, batch: pd.DataFrame, columns: Sequence[str], level: float) -> list[str]:
    return [name for name in columns if p_value(reference[name], batch[name]) < level]


METHODS: dict[str, Callable[[pd.DataFrame, pd.DataFrame, Sequence[str]], list[str]]] = {
    "p < .05": lambda a, b, columns: _by_p(a, b, columns, LEVEL),
    "p < .05, Bonferroni": lambda a, b, columns: _by_p(a, b, columns, LEVEL / len(columns)),
    "PSI > .2": lambda a, b, columns: [name for name in columns if stability_index(a[name], b[name]) > PSI_LIMIT],
}
