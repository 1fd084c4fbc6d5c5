"""What the controls of MH005 make of tables whose truth is known, and how often the bounds of MH008 hold.

python benchmarks/health/controls.py [--seeds 20]

Nothing is read. Prints the tables of README.md; with the default it takes about a minute of CPU time.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.auc import auc_within_folds
from assay.config_file import parse_config
from assay.findings import Status
from assay.health import HealthContext
from assay.health.fit import PART
from assay.health.fit.ceiling import _bound_error, _count
from assay.health.fit.shared import judge_shared
from assay.health.parts import assess_parts
from assay.ingest import read_dataset
from assay.intervals import wilson
from assay.learning import out_of_sample
from assay.learning.trials.kernel_ridge import compute_kernel, predict_held_out
from assay.learning.trials.shared_values import find_shared_values
from assay.learning.trials.shuffled import train_shuffled
from assay.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.dataset import Dataset
    from assay.findings import Finding

    Maker = Callable[[np.random.Generator], pd.DataFrame]

FIRST_SEED = 80_000


def numbers(rng: np.random.Generator, n: int = 250) -> pd.DataFrame:
    """Five numbers with heavy tails and labels that mean nothing."""
    frame = pd.DataFrame(rng.standard_t(1.5, size=(n, 5)), columns=list("abcde"))
    return frame.assign(y=rng.choice(["no", "yes"], n))


def coarse(rng: np.random.Generator, n: int, values: int, columns: int, positive: float) -> pd.DataFrame:
    """Categories of unequal shares and labels that mean nothing."""
    shares = 1 / np.arange(1, values + 1) ** 1.5
    drawn = {f"c{i}": rng.choice([f"v{v}" for v in range(values)], n, p=shares / shares.sum()) for i in range(columns)}
    return pd.DataFrame(drawn).assign(y=np.where(rng.random(n) < positive, "yes", "no"))


def units(rng: np.random.Generator) -> pd.DataFrame:
    """Groups of very different sizes, whose label is the group's and means nothing."""
    group = np.repeat(np.arange(80), np.minimum(2 * rng.pareto(1.1, 80) + 1, 60).astype(int))
    frame = pd.DataFrame(
        rng.normal(size=(80, 5))[group] + 0.3 * rng.normal(size=(len(group), 5)), columns=list("abcde")
    )
    return frame.assign(group=group, y=np.where(rng.permutation(80)[group] < 24, "yes", "no"))


def persons(rng: np.random.Generator, count: int, rows: int) -> pd.DataFrame:
    """Rows of a person are nearly alike, and their label is mostly the person's own."""
    return _shared(rng, count, rows, near=0.15, own=2.5)


def jobs(rng: np.random.Generator, count: int, rows: int) -> pd.DataFrame:
    """Rows of a job resemble each other, and the job has a part in the label."""
    return _shared(rng, count, rows, near=0.5, own=0.8)


def nothing(rng: np.random.Generator, count: int, rows: int) -> pd.DataFrame:
    """The column means nothing, neither to the features nor to the label."""
    return _shared(rng, count, rows, near=0.5, own=0.8).assign(who=rng.permutation(np.repeat(np.arange(count), rows)))


def regions(rng: np.random.Generator, count: int, rows: int) -> pd.DataFrame:
    """The column tells one of ten regions, which is a feature, and nothing else."""
    frame = nothing(rng, count, rows)
    return frame.assign(region=[f"r{v}" for v in frame["who"] % 10])


def _shared(rng: np.random.Generator, count: int, rows: int, *, near: float, own: float) -> pd.DataFrame:
    who = np.repeat(np.arange(count), rows)
    frame = pd.DataFrame(
        rng.normal(size=(count, 4))[who] + near * rng.normal(size=(len(who), 4)), columns=list("abcd")
    )
    score = own * rng.normal(size=count)[who] + frame["a"] + rng.logistic(size=len(who))
    return frame.assign(who=who, y=np.where(score > 0, "yes", "no"))


def read(frame: pd.DataFrame, **settings: object) -> Dataset:
    """Read a frame as an audit does."""
    return read_dataset(parse_config({"label": "y", **settings}), frame=frame)


def audit(frame: pd.DataFrame, seed: int, **settings: object) -> tuple[list[Finding], pd.DataFrame]:
    """MH005 of a table, and the figures of its controls."""
    learning = {"epochs": 2, "repeats": 1, "seed": seed}
    config = parse_config({"label": "y", "learning": learning, **settings})
    dataset = read_dataset(config, frame=frame)
    predictions = out_of_sample(dataset, config.learning)
    trial = train_shuffled(dataset, predictions, config, lambda _: None)
    context = HealthContext(dataset, predictions, config.health, seed, trials=Trials(shuffled=trial))
    findings, tables = assess_parts((PART,), context)
    return [f for f in findings if f.code == "MH005"], tables["shuffled"]


def report_controls(seeds: int) -> None:
    """Labels that mean nothing: what MH005 says of shuffled and of real labels."""
    makers: dict[str, tuple[Maker, dict[str, str]]] = {
        "250 rows of numbers": (numbers, {}),
        "400 rows of three categories, 5% positive": (lambda rng: coarse(rng, 400, 6, 3, 0.05), {}),
        "500 rows of two categories": (lambda rng: coarse(rng, 500, 4, 2, 0.3), {}),
        "80 groups of unequal sizes": (units, {"group": "group"}),
    }
    print("| table | kernel ridge, mean AUC | shuffled: passed | failed | real labels: passed | failed |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, (make, settings) in makers.items():
        counts, aucs = (Counter[Status](), Counter[Status]()), []
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            findings, table = audit(make(np.random.default_rng(seed)), seed, **settings)
            aucs += list(table.query("labels == 'shuffled' and model == 'kernel ridge'")["auc"])
            for counter, finding in zip(counts, findings, strict=False):
                counter[finding.status] += 1
        cells = [f"{c[s]} of {seeds}" for c in counts for s in (Status.PASSED, Status.FAILED)]
        print(f"| {name} | {np.mean(aucs):.3f} | {' | '.join(cells)} |", flush=True)


def report_variance(seeds: int) -> None:
    """Times the variance of independent folds that the AUC of kernel ridge has over shuffles."""
    ratios = []
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        rng = np.random.default_rng(seed)
        frame = numbers(rng)
        kernel = compute_kernel(frame, list("abcde"))
        assert kernel is not None
        folds = (rng.permutation(len(frame)) % 5).astype(np.int16)
        labels = np.zeros((len(frame), 200), dtype=np.bool_)
        for fold in range(5):
            half = np.arange(50) < 25
            labels[folds == fold] = rng.permuted(np.repeat(half[:, None], 200, axis=1), axis=0)
        aucs = auc_within_folds(predict_held_out(kernel, labels.astype(float), folds), labels, folds)
        ratios.append(aucs.var(ddof=1) / (51 / (12 * 25 * 25) / 5))
    low, high = np.quantile(ratios, [0.1, 0.9])
    print(
        f"\nVariance over shuffles, in that of independent folds: mean {np.mean(ratios):.2f}, "
        f"80% of tables {low:.2f} to {high:.2f}"
    )


def report_shared(seeds: int) -> None:
    """What MH005 says of a column that is no feature, by what it stands for and by its rows a value."""
    print(
        "\n| column | values | rows a value | AUC of labels by value | failed, blocks | warns | undecided | passed |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for make, count, rows in (
        *((persons, 400 // rows, rows) for rows in (3, 5, 10)),
        *((jobs, 60, rows) for rows in (3, 5, 10, 20)),
        *((make, 60, rows) for make in (nothing, regions) for rows in (5, 20)),
    ):
        said, known = Counter[str](), []
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            rng = np.random.default_rng(seed)
            dataset = read(make(rng, count, rows), ignore=["who"])
            folds = rng.integers(0, 5, len(dataset)).astype(np.int16)
            found = find_shared_values(dataset, folds, dataset.labels.codes == 1, np.arange(len(dataset)), seed)
            known += [column.recognised for column in found]
            for outcome in judge_shared(found):
                blocks = outcome.status is Status.FAILED and outcome.severity is None
                said["blocks" if blocks else str(outcome.status)] += 1
        cells = [said[key] for key in ("blocks", "failed", "inconclusive", "passed")]
        told = f"{np.median(known):.2f}, at most {max(known):.2f}"
        print(f"| {make.__name__} | {count} | {rows} | {told} | {' | '.join(map(str, cells))} |")


def report_bounds(seeds: int) -> None:
    """How often the range of MH008 holds the least error."""
    held, tables = 0, 0
    for seed in range(FIRST_SEED, FIRST_SEED + 40 * seeds):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(60, 201))
        p = rng.beta(*(2 * [rng.choice([0.2, 1.0, 5.0])]), count)
        sizes = rng.integers(2, rng.choice([3, 40, 200]), count)
        kind = np.repeat(np.arange(count), sizes)
        kinds = _count(kind, (rng.random(len(kind)) < p[kind]).astype(np.int64), 2)
        bounds = _bound_error(kinds, 1 - kinds.alike / (kinds.sizes * (kinds.sizes - 1)), 2)
        held, tables = (
            held + (bounds.low <= (np.minimum(p, 1 - p) * sizes).sum() / sizes.sum() <= bounds.high),
            tables + 1,
        )
    interval = wilson(held, tables)
    assert interval is not None
    print(
        f"\nThe range of MH008 held the least error in {held} of {tables} ({interval.low:.3f} to {interval.high:.3f})"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    for part in (report_controls, report_variance, report_shared, report_bounds):
        part(asked.seeds)
    print(f"\n{time.process_time():.0f} s of CPU time")
