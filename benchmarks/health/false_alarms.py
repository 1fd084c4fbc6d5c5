"""How often the checks of model health fail on clean tables.

python benchmarks/health/false_alarms.py [--seeds 50] [--deep] [--rows 800] [--processes 2]

Each table is audited as a user would audit it; what is counted is by how many tables each check failed. A table is
clean by construction: rows are drawn independently (but for a common day), every feature has its part in the label,
the label is a draw from its probability, and the sensitive feature has no part in anything.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

import assay
from assay.findings import Status
from assay.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Callable

    Table = Callable[[np.random.Generator, int], pd.DataFrame]

# Seeds of their own: those of the tests and of the other benchmarks are smaller.
FIRST_SEED = 70_000


def numbers(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Ten numbers on scales of their own, and two classes that depend on all of them."""
    x = rng.normal(size=(n, 10))
    score = x @ rng.normal(size=10) * 0.6
    frame = pd.DataFrame({f"n{i}": np.exp(x[:, i] * 0.5) * 10.0 ** (i % 4) for i in range(10)})
    return frame.assign(y=draw(rng, score))


def categories(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Six categories of many sizes with an interaction, and two numbers."""
    frame = pd.DataFrame({f"c{i}": skewed(rng, n, 3 + 2 * i) for i in range(6)})
    frame = frame.assign(u=rng.gamma(2.0, 30.0, n), v=rng.integers(0, 2, n) * rng.gamma(1.0, 500.0, n))
    score = (frame["u"].to_numpy() - 60) / 40
    for i in range(6):
        codes, found = pd.factorize(frame[f"c{i}"], sort=True)
        score += rng.normal(size=len(found))[codes]
    return frame.assign(y=draw(rng, score * 0.8))


def rare(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """One row in eight is positive; a tenth of one column is missing at random."""
    x = rng.normal(size=(n, 6))
    frame = pd.DataFrame({f"n{i}": x[:, i].round(2) for i in range(6)}).assign(kind=skewed(rng, n, 4))
    frame.loc[rng.random(n) < 0.1, "n2"] = np.nan
    return frame.assign(y=draw(rng, x[:, 0] + x[:, 1] * x[:, 3] * 0.5 - 2.3))


def dominated(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """One legitimate feature carries most of the signal."""
    x = rng.normal(size=(n, 5))
    frame = pd.DataFrame({f"n{i}": x[:, i] for i in range(5)}).assign(place=skewed(rng, n, 8))
    return frame.assign(y=draw(rng, 2.0 * x[:, 0] + 0.4 * x[:, 1:].sum(axis=1)))


def four_classes(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Four classes around centres that overlap."""
    y = rng.integers(0, 4, n)
    x = rng.normal(size=(n, 6)) + rng.normal(size=(4, 6))[y]
    return pd.DataFrame({f"n{i}": x[:, i] for i in range(6)}).assign(y=np.array(["a", "b", "c", "d"])[y])


def survey(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Coarse answers, some the same everywhere; a question that not all are asked; a random split; towns that matter.

    Who answers all questions alike, and whom a question does not concern, is as in any survey: no defect.
    """
    mood = rng.normal(size=n)
    answers = np.clip(np.round(3 + mood[:, None] * 0.7 + rng.normal(size=(n, 8))), 1, 5).astype(int)
    answers[rng.random(n) < 0.08] = 3
    town = rng.integers(0, 30, n)
    employed = rng.random(n) < 0.7
    hours = np.where(employed, rng.normal(36, 6, n).round(), np.nan)
    frame = pd.DataFrame({f"q{i}": answers[:, i] for i in range(8)}).assign(hours=hours, town=[f"t{t}" for t in town])
    frame["part"] = np.where(rng.random(n) < 0.8, "train", "test")
    effect = rng.normal(size=30) * 0.6
    return frame.assign(y=draw(rng, 0.9 * mood + effect[town] + 0.8 * employed - 0.5))


def spikes(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Amounts of which a fifth of the rows has none at all, and a random split."""
    active = rng.random(n) < 0.8
    x = rng.gamma(1.5, 40.0, (n, 6)).round(2) * active[:, None]
    frame = pd.DataFrame({f"amount{i}": x[:, i] for i in range(6)})
    frame["part"] = np.where(rng.random(n) < 0.8, "train", "test")
    return frame.assign(y=draw(rng, (x[:, 0] - x[:, 1]) / 80 + active - 1))


def days(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Rows of sixty days, of which each is like the one before; nothing has changed in the end."""
    day = np.sort(rng.integers(0, 60, n))
    common = np.zeros(60)
    for i in range(1, 60):
        common[i] = 0.8 * common[i - 1] + rng.normal() * 0.3
    x = rng.normal(size=(n, 5))
    frame = pd.DataFrame({f"n{i}": x[:, i] for i in range(5)})
    frame["when"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(day, unit="D")
    return frame.assign(y=draw(rng, x[:, 0] - x[:, 1] + common[day]))


# What a user would say of these tables.
SETTINGS: dict[str, dict[str, object]] = {
    "survey": {"split": "part", "ignore": ["town"]},
    "spikes": {"split": "part"},
    "days": {"time": "when"},
}

TABLES: dict[str, Table] = {
    "numbers": numbers,
    "categories": categories,
    "rare positives": rare,
    "one dominating feature": dominated,
    "four classes": four_classes,
    "survey": survey,
    "spikes": spikes,
    "days": days,
}


def draw(rng: np.random.Generator, score: np.ndarray) -> np.ndarray:
    """Labels by their log odds."""
    return np.where(rng.random(len(score)) < 1 / (1 + np.exp(-score)), "yes", "no")


def skewed(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Categories of which each is rarer than the one before."""
    share = 0.6 ** np.arange(k)
    return rng.choice([f"k{i}" for i in range(k)], n, p=share / share.sum())


def audit(job: tuple[str, int], *, rows: int, deep: bool) -> tuple[str, list[tuple[str, str]]]:
    """The statuses of all checks of model health on one table."""
    logging.disable(logging.WARNING)
    kind, seed = job
    rng = np.random.default_rng((FIRST_SEED, seed))
    frame = TABLES[kind](rng, rows).assign(person=rng.choice(["f", "m"], rows))
    report = assay.audit(frame, label="y", sensitive=["person"], health={"deep": deep}, **SETTINGS.get(kind, {}))
    return kind, [(f.code, str(f.status)) for f in report.findings if f.code.startswith("MH")]


def main() -> None:
    """Audit all tables and print a table of rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--rows", type=int, default=800)
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    jobs = [(kind, seed) for seed in range(options.seeds) for kind in TABLES]
    failed: Counter[tuple[str, str]] = Counter()
    statuses: Counter[tuple[str, str]] = Counter()
    with ProcessPoolExecutor(options.processes) as pool:
        work = pool.map(partial(audit, rows=options.rows, deep=options.deep), jobs)
        for kind, found in tqdm(work, total=len(jobs)):
            for code, status in set(found):
                statuses[code, status] += 1
                failed[code, kind] += status == Status.FAILED
    print("| check | " + " | ".join(TABLES) + " | all | 95% interval | passed | inconclusive |")
    print("| --- |" + " --- |" * (len(TABLES) + 4))
    for code in sorted({code for code, _ in statuses}):
        alarms = [failed[code, kind] for kind in TABLES]
        interval = wilson(sum(alarms), len(jobs))
        span = f"{interval.low:.1%} to {interval.high:.1%}" if interval else ""
        rest = [statuses[code, status] for status in (Status.PASSED, Status.INCONCLUSIVE)]
        of_kind = [f"{count / options.seeds:.0%}" for count in alarms]
        cells = [*of_kind, f"{sum(alarms) / len(jobs):.1%}", span, *map(str, rest)]
        print(f"| {code} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
