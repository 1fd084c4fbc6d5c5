"""What a simpler tool would do, on the same texts: an outlier detector and rules learnt on the dirty table."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

# The settings of dBoost's authors were searched per table; these are one setting for all.
FAR, RARE, FEW_VALUES = 3.0, 0.01, 0.2


def gaussian_and_histogram(frame: pd.DataFrame) -> np.ndarray:
    """Do what dBoost does, plainly: numbers beyond three standard deviations, rare values of categories."""
    flags = np.zeros(frame.shape, dtype=bool)
    for place in range(frame.shape[1]):
        values = frame.iloc[:, place]
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.notna().mean() > 0.9:
            flags[:, place] = (numbers - numbers.mean()).abs() > FAR * numbers.std()
        elif values.nunique() < FEW_VALUES * len(values):
            flags[:, place] = values.map(values.value_counts(normalize=True)) < RARE
    return flags


def profiled_rules(frame: pd.DataFrame) -> np.ndarray:
    """Types, ranges (0.5% to 99.5%), sets (values of at least 1%) and patterns (of at least 5%) of the dirty table."""
    flags = np.zeros(frame.shape, dtype=bool)
    for place in range(frame.shape[1]):
        values = frame.iloc[:, place]
        filled = values != ""
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers[filled].notna().mean() > 0.9:
            low, high = numbers.quantile([0.005, 0.995])
            flags[:, place] = filled & ~numbers.between(low, high)
        elif values.nunique() <= 50:
            flags[:, place] = values.map(values.value_counts(normalize=True)) < RARE
        else:
            forms = values.map(lambda text: re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text)))
            share = forms.map(forms.value_counts(normalize=True))
            flags[:, place] = filled & (share < 0.05) & (forms.nunique() < 0.1 * len(forms))
    return flags
