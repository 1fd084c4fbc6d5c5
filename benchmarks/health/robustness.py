"""MH040 on clean tables of several kinds and on planted brittleness: the share of each status, and what changes.

python benchmarks/health/robustness.py [seeds] [rows]

A clean table has a label that follows its columns smoothly, or hardly. "stripes" is planted: the label turns eight
times along one number. "one category" is a label that a single category gives: no small step, and no false alarm
where the outcome is inconclusive.
"""

from __future__ import annotations

import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from assay.config import HealthConfig, LearningConfig
from assay.config_file import parse_config
from assay.health import HealthContext
from assay.health.parts import assess_parts
from assay.health.robustness import PART
from assay.ingest import read_dataset
from assay.learning import out_of_sample

Table = tuple[dict[str, np.ndarray], np.ndarray]


def additive(rng: np.random.Generator, n: int, weights: list[float], noise: float = 1.0, at: float = 0.0) -> Table:
    x = rng.normal(size=(n, len(weights)))
    return {f"x{i}": x[:, i] for i in range(len(weights))}, x @ weights + noise * rng.normal(size=n) > at


def mixed(rng: np.random.Generator, n: int) -> Table:
    x, c, b = rng.normal(size=(n, 3)), rng.integers(0, 4, (n, 2)), rng.random((n, 2)) < 0.4
    score = x @ [1, 0.6, 0.3] + np.array([-1, 0, 0.5, 1])[c[:, 0]] + 0.8 * b[:, 0] + rng.normal(size=n)
    columns = {f"x{i}": x[:, i] for i in range(3)}
    texts = {f"c{i}": np.array(list("abcd"))[c[:, i]] for i in range(2)}
    return {**columns, **texts, "b0": b[:, 0], "b1": b[:, 1]}, score > 0


def categories(rng: np.random.Generator, n: int) -> Table:
    c, weights = rng.integers(0, 5, (n, 6)), rng.normal(size=(6, 5))
    score = weights[np.arange(6), c].sum(axis=1) + 0.5 * rng.normal(size=n)
    return {f"c{i}": np.array(list("abcde"))[c[:, i]] for i in range(6)}, score > np.median(score)


def skewed(rng: np.random.Generator, n: int) -> Table:
    x = np.where(rng.random((n, 4)) < 0.4, 0, np.exp(1.5 * rng.normal(size=(n, 4))))
    return {f"x{i}": x[:, i] for i in range(4)}, np.log1p(x) @ [1, 1, 0.5, 0.2] + 0.7 * rng.normal(size=n) > 3


def blobs(rng: np.random.Generator, n: int) -> Table:
    middle, y = 2 * rng.normal(size=(6, 4)), rng.integers(0, 6, n)
    x = middle[y] + rng.normal(size=(n, 4))
    return {f"x{i}": x[:, i] for i in range(4)}, y


def ordered(rng: np.random.Generator, n: int) -> Table:
    x = rng.normal(size=(n, 5))
    return {f"x{i}": x[:, i] for i in range(5)}, np.clip(np.round(2 * x[:, 0] + x[:, 1]), -4, 4).astype(int)


def counts(rng: np.random.Generator, n: int) -> Table:
    x = rng.poisson([1, 3, 10], (n, 3))
    return {f"x{i}": x[:, i] for i in range(3)}, (x - [1, 3, 10]) @ [0.5, 0.4, 0.2] + rng.normal(size=n) > 0


def product(rng: np.random.Generator, n: int) -> Table:
    x = rng.normal(size=(n, 4))
    return {f"x{i}": x[:, i] for i in range(4)}, x[:, 0] * x[:, 1] > 0


def stripes(rng: np.random.Generator, n: int) -> Table:
    x = rng.random(n)
    return {"x": x, "z": rng.normal(size=n)}, np.floor(8 * x) % 2 == 1


def one_category(rng: np.random.Generator, n: int) -> Table:
    c = rng.integers(0, 4, n)
    return {"c": np.array(list("abcd"))[c], "z": rng.normal(size=n)}, (c < 2) ^ (rng.random(n) < 0.05)


KINDS = {
    "six numbers": lambda rng, n: additive(rng, n, [1, 0.8, 0.6, 0.4, 0.2, 0]),
    "one number": lambda rng, n: additive(rng, n, [1], noise=0.5),
    "weak, 20 numbers": lambda rng, n: additive(rng, n, [0.1] * 20),
    "rare class": lambda rng, n: additive(rng, n, [1, 1, 0.5, 0.5, 0], at=2.5),
    "no signal": lambda rng, n: additive(rng, n, [0.0] * 5),
    "mixed": mixed,
    "categories": categories,
    "skewed": skewed,
    "six blobs": blobs,
    "nine ordered classes": ordered,
    "counts": counts,
    "product of two": product,
    "stripes (planted)": stripes,
    "one category": one_category,
}


def main(seeds: int = 50, rows: int = 1_000) -> None:
    print("| table | passed | inconclusive | failed | median share changed | CPU seconds |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind, make in KINDS.items():
        found, shares, seconds = [], [], []
        for seed in range(seeds):
            columns, label = make(np.random.default_rng((seed, rows)), rows)
            frame = pd.DataFrame({**columns, "y": [f"class {int(value)}" for value in label]})
            dataset = read_dataset(parse_config({"label": "y"}), frame=frame)
            predictions = out_of_sample(dataset, LearningConfig(seed=seed, repeats=1), asked=True)
            start = time.process_time()
            context = HealthContext(dataset, predictions, HealthConfig(robustness=True), seed)
            ((finding,), _) = assess_parts((PART,), context)
            seconds.append(time.process_time() - start)
            found.append(finding.status.value)
            if finding.evidence is not None and finding.evidence.value is not None:
                shares.append(finding.evidence.value)
        shown = [f"{found.count(status) / seeds:.0%}" for status in ("passed", "inconclusive", "failed")]
        median = f"{np.median(shares):.0%}" if shares else "-"
        print(f"| {kind} | {' | '.join(shown)} | {median} | {np.median(seconds):.2f} |", flush=True)


if __name__ == "__main__":
    main(*[int(given) for given in sys.argv[1:]])
