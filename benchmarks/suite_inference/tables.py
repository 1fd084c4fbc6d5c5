"""Sources of rows: a reference and fresh batches of the same source, which a suite should let through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

ADULT = (  # noqa: SIM905 -- one name a word reads better
    "age workclass fnlwgt education education_num marital occupation relationship race sex gain loss hours country "
    "income"
).split()
Draw = Callable[[np.random.Generator], tuple[pd.DataFrame, pd.DataFrame]]


def read_adult(data: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(
        data / "adult" / name, names=ADULT, skipinitialspace=True, na_values="?", skiprows=int("test" in name)
    ).assign(income=lambda frame: frame["income"].str.rstrip("."))


def two_parts(table: pd.DataFrame, n: int, fresh: int) -> Draw:
    """A reference of `n` rows and a batch of `fresh` others, in random order."""

    def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
        chosen = table.sample(n + fresh, random_state=rng)
        return chosen.iloc[:n], chosen.iloc[n:]

    return draw


def two_tables(reference: pd.DataFrame, batch: pd.DataFrame, n: int) -> Draw:
    """`n` rows of either."""
    return lambda rng: (reference.sample(n, random_state=rng), batch.sample(n, random_state=rng))


def heavy(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Tails without a mean, categories of which most are rare, counts, prices, codes, gaps."""
    zipf = np.minimum(rng.zipf(1.6, n), 5_000)
    return pd.DataFrame(
        {
            "pareto": rng.pareto(1.1, n),
            "cauchy": rng.standard_cauchy(n),
            "lognormal": rng.lognormal(0, 2, n),
            "price": rng.lognormal(3, 1, n).round(2),
            "count": rng.geometric(0.3, n),
            "mostly_zero": np.where(rng.random(n) < 0.97, 0, rng.lognormal(5, 2, n)),
            "gaps": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
            "rare_gaps": np.where(rng.random(n) < 0.001, np.nan, rng.normal(size=n)),
            "zipf_word": [f"word{k}" for k in zipf],
            "zipf_few": [f"k{min(k, 60)}" for k in zipf],
            "code": [f"{a}{b}-{c:04}" for a, b, c in zip(*_letters(rng, n), rng.integers(0, 10_000, n), strict=True)],
            "odd_code": [
                f"{c}" if odd else f"X{c:03}"
                for odd, c in zip(rng.random(n) < 0.02, rng.integers(0, 1000, n), strict=True)
            ],
            "name": [_name(rng) for _ in range(n)],
            "flag": rng.random(n) < 0.01,
            "key": np.arange(n) + int(rng.integers(0, 10**6)),
            "y": rng.choice(["no", "yes", "open"], n, p=[0.6, 0.39, 0.01]),
        }
    )


def _letters(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    letters = np.array(list("ABCDEFGHJK"))
    return rng.choice(letters, n), rng.choice(letters, n)


def _name(rng: np.random.Generator) -> str:
    words = ["".join(rng.choice(list("abcdefghijklmnopéü"), rng.poisson(4) + 2)) for _ in range(rng.integers(1, 4))]
    return " ".join(words).title()


def heavy_parts(n: int, fresh: int) -> Draw:
    def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
        return heavy(rng, n), heavy(rng, fresh)

    return draw


def cases(data: Path) -> Iterator[tuple[str, str, Draw]]:
    """Name, label and draw of each source."""
    adult, test = read_adult(data, "adult-train.csv"), read_adult(data, "adult-test.csv")
    yield "adult, 10,000 rows -> 10,000 others", "income", two_parts(adult, 10_000, 10_000)
    yield "adult, 10,000 rows -> 10,000 of adult-test", "income", two_tables(adult, test, 10_000)
    yield "adult, 1,000 rows -> 1,000 others", "income", two_parts(adult, 1_000, 1_000)
    yield "adult, 10,000 rows -> 500 others", "income", two_parts(adult, 10_000, 500)
    taxi = pd.read_csv(data / "taxi" / "yellow_tripdata_sample_2019-01.csv")
    yield "taxi 2019-01, 5,000 rows -> 5,000 others", "payment_type", two_parts(taxi, 5_000, 5_000)
    for month in ("2019-02", "2019-03", "2020-04"):
        later = pd.read_csv(data / "taxi" / f"yellow_tripdata_sample_{month}.csv")
        yield f"taxi 2019-01, 5,000 rows -> 5,000 of {month}", "payment_type", two_tables(taxi, later, 5_000)
    for n in (200, 2_000, 10_000):
        yield f"heavy tails, {n:,} rows -> {n:,} others", "y", heavy_parts(n, n)
