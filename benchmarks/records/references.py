"""What is usually written by hand: equality of a few columns, and a sorted neighbourhood with Jaro-Winkler."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

WINDOW = 10
# Mean similarity from which two rows are taken for one record; the usual choice.
THRESHOLD = 0.85


def equal_in_two_columns(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Pairs of rows that are equal in the two columns with the most values, as first * n + second."""
    texts = _texts(frame)
    keys = texts[_telling(texts)[:2]].replace("", pd.NA).dropna()
    n = len(frame)
    pairs = []
    for rows in keys.groupby(list(keys.columns)).indices.values():
        places = keys.index.to_numpy()[rows]
        pairs += [a * n + b for k, a in enumerate(places) for b in places[k + 1 :]]
    return np.asarray(pairs, dtype=np.int64)


def sorted_neighbourhood(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Pairs of neighbours in the order of the three columns with the most values, of mean similarity .85 or more."""
    texts = _texts(frame)
    n = len(texts)
    pairs: set[int] = set()
    for name in _telling(texts)[:3]:
        order = np.argsort(texts[name].to_numpy(), kind="stable")
        for lag in range(1, WINDOW):
            low, high = np.minimum(order[:-lag], order[lag:]), np.maximum(order[:-lag], order[lag:])
            pairs |= set((low * n + high).tolist())
    values = texts.to_numpy()
    found = [pair for pair in pairs if _mean_similarity(values[pair // n], values[pair % n]) >= THRESHOLD]
    return np.sort(np.asarray(found, dtype=np.int64))


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype("str").fillna("").reset_index(drop=True)


def _telling(texts: pd.DataFrame) -> list[str]:
    """Columns by their number of values, without row numbers."""
    values = {name: texts[name].nunique() for name in texts}
    return sorted((name for name in values if values[name] < len(texts)), key=lambda name: -values[name])


def _mean_similarity(a: npt.NDArray[np.object_], b: npt.NDArray[np.object_]) -> float:
    both = [(x, y) for x, y in zip(a, b, strict=True) if x and y]
    return sum(1.0 if x == y else jaro_winkler(x, y) for x, y in both) / max(1, len(both))


@lru_cache(maxsize=500_000)
def jaro_winkler(a: str, b: str) -> float:
    """Similarity by Winkler (1990), prefix weight 0.1."""
    reach = max(len(a), len(b)) // 2 - 1
    taken = [False] * len(b)
    matched_a = []
    for i, letter in enumerate(a):
        for j in range(max(0, i - reach), min(len(b), i + reach + 1)):
            if not taken[j] and b[j] == letter:
                taken[j] = True
                matched_a.append(letter)
                break
    m = len(matched_a)
    if not m:
        return 0.0
    matched_b = [letter for letter, is_taken in zip(b, taken, strict=True) if is_taken]
    swaps = sum(x != y for x, y in zip(matched_a, matched_b, strict=True)) / 2
    jaro = (m / len(a) + m / len(b) + (m - swaps) / m) / 3
    prefix = next((k for k in range(min(4, len(a), len(b))) if a[k] != b[k]), min(4, len(a), len(b)))
    return jaro + prefix * 0.1 * (1 - jaro)
