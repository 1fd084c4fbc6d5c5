"""A clean table with everything that the detectors look at."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


def make_clean(n: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    towns = np.array(
        ["Ulmenau", "Mainzberg", "Bremerode", "Kasselburg", "Dresdorf", "Halletal", "Gerastein", "Sylthafen"]
    )
    place = rng.integers(0, 8, n)
    start = np.datetime64("2024-01-01") + rng.integers(0, 300, n).astype("timedelta64[D]")
    return pd.DataFrame(
        {
            "town": towns[place],
            "code": np.array([f"{10_100 + 37 * p:05d}" for p in range(8)])[place],
            "mayor": np.array([f"Person {chr(65 + p) * 4}" for p in range(8)])[place],
            "colour": rng.choice(["crimson", "turquoise", "lavender"], n),
            "weight": rng.normal(70, 10, n).round(1).astype(str),
            "income": rng.lognormal(10, 1.5, n).round(2).astype(str),
            "start": start.astype(str),
            "end": (start + rng.integers(1, 30, n).astype("timedelta64[D]")).astype(str),
        }
    )


@pytest.fixture
def clean() -> pd.DataFrame:
    return make_clean()
