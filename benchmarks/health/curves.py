"""Learning curves: how often the range over the forms holds what two and four times the rows really bring.

python benchmarks/health/curves.py path/to/data

Of each table a part is kept apart as test rows, and a subset of the others stands for the data. From its curve the
score with twice and four times the rows is projected; the truth is the mean score of the same kind of model trained
on so many rows, judged on the same test rows. Beside the range: one power law, with an interval from 200 bootstrap
draws of the rounds. The folder holds adult/, german_credit/, usps/ and taxi/.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy.optimize import curve_fit
from sklearn import datasets as sklearn_data

from assay.config_file import parse_config
from assay.findings import Interval
from assay.health.quantity.projection import project, summarise
from assay.health.quantity.rows import WORTH
from assay.ingest import read_dataset
from assay.intervals import judge_upper, wilson
from assay.learning.plain_features import read_plain_features
from assay.learning.trials import curve
from assay.target import choose_scale

if TYPE_CHECKING:
    from collections.abc import Iterator

# Share of the rows that is kept for the truth alone.
TEST_SHARE = 0.3
# Of the rest, the shares that stand for the data: twice and four times as many are there.
SHARES = (0.06, 0.12, 0.25, 0.5)
# Half of a large table is left out: its truth takes minutes.
MOST = 6_000
# The audit asks for 300 rows; what it would have said with fewer is told too.
LEAST = 150
FOLDS = 5
TRUTHS = 6
BOOTSTRAPS = 200


def tables(data: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and frame of each table; the label is "y"."""
    adult = pd.read_csv(data / "adult" / "adult-train.csv", header=None, skipinitialspace=True, na_values="?")
    yield "Adult", adult.add_prefix("c").rename(columns={"c14": "y"})
    yield "Adult, hours a week", adult.add_prefix("c").rename(columns={"c12": "y"})
    german = pd.read_csv(data / "german_credit" / "german.csv", header=None)
    yield (
        "German credit",
        german.add_prefix("c").rename(columns={"c20": "y"}).assign(y=lambda f: "c" + f["y"].astype(str)),
    )
    usps = np.load(data / "usps" / "usps.npz")
    pixels, digits = _usps(usps)
    yield "USPS", pd.DataFrame(pixels).add_prefix("p").assign(y=[f"d{d}" for d in digits])
    months = [pd.read_csv(data / "taxi" / f"yellow_tripdata_sample_2019-{m:02d}.csv") for m in (1, 2, 3)]
    taxi = pd.concat(months, ignore_index=True)
    kept = [
        "vendor_id",
        "passenger_count",
        "trip_distance",
        "rate_code_id",
        "pickup_location_id",
        "dropoff_location_id",
    ]
    yield "taxi, fare", taxi[[*kept, "payment_type"]].assign(y=taxi["fare_amount"])
    yield "taxi, tip", taxi[[*kept, "payment_type", "fare_amount"]].assign(y=taxi["tip_amount"])
    for name in ("digits", "breast_cancer", "diabetes"):
        bunch = getattr(sklearn_data, f"load_{name}")(as_frame=True)
        y = bunch.target if name == "diabetes" else "c" + bunch.target.astype(str)
        yield name.replace("_", " "), bunch.data.assign(y=y)
    for seed in (0, 1):
        x, y = sklearn_data.make_friedman1(12_000, n_features=10, noise=2.0, random_state=seed)
        yield f"Friedman 1, seed {seed}", pd.DataFrame(x).add_prefix("x").assign(y=y)
        x, y = sklearn_data.make_classification(
            12_000, 20, n_informative=8, n_clusters_per_class=4, flip_y=0.1, class_sep=0.7, random_state=seed
        )
        yield f"clusters, seed {seed}", pd.DataFrame(x).add_prefix("x").assign(y=[f"c{c}" for c in y])


def _usps(usps: np.lib.npyio.NpzFile) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, 256) and digits (N,) of the training part."""
    arrays = [usps[name] for name in usps.files]
    pixels = max((a for a in arrays), key=lambda a: a.size)
    digits = next(a for a in arrays if a.size == len(pixels))
    return pixels.reshape(len(pixels), -1), digits.ravel()


class Case:
    """A table cut into test rows and the others."""

    def __init__(self, frame: pd.DataFrame, seed: int) -> None:
        frame = frame.sample(frac=1, random_state=seed).reset_index(drop=True)
        self.numeric = pd.api.types.is_numeric_dtype(frame["y"])
        settings = {"label": "y", "task": "regression"} if self.numeric else {"label": "y"}
        self.dataset = read_dataset(parse_config(settings), frame=frame)
        self.features = read_plain_features(self.dataset.frame, self.dataset.roles.features)
        n = len(frame)
        self.test, self.rest = np.arange(int(TEST_SHARE * n)), np.arange(int(TEST_SHARE * n), n)
        self.seed = seed

    def task(self, n: int) -> curve.CurveTask:
        """The first n of the rest stand for the data; the test rows are those of no fold."""
        rows = np.arange(len(self.dataset))
        folds = np.full((2, len(rows)), -1, dtype=np.int16)
        for r in range(2):
            folds[r, self.rest[:n]] = np.random.default_rng((self.seed, r)).permutation(n) % FOLDS
        if self.numeric:
            scale = choose_scale(self.dataset.target)
            target, codes = np.clip(scale.apply(self.dataset.target), -4, 4)[:, None], None
        else:
            codes = self.dataset.labels.codes
            target = np.eye(codes.max() + 1)[codes]
            target = target[:, 1:] if target.shape[1] == 2 else target
        return curve.CurveTask(rows, curve.Yardstick(target, codes is not None), codes, folds, None, self.seed)


def judge(case: Case, n: int) -> list[dict[str, object]]:
    """Project from n rows; a row for twice and four times as many."""
    task = case.task(n)
    repeats = 2 if n <= curve.MANY_ROWS else 1
    inside = [
        np.flatnonzero((task.folds[r] >= 0) & (task.folds[r] != f)) for r in range(repeats) for f in range(FOLDS)
    ]
    rounds = [(train, case.test[: curve.MAX_TEST_CELLS // task.yardstick.target.shape[1]]) for train in inside]
    # The choice of the kind reads how many rows there are from the task.
    name, learn, rounds, end = curve.choose_kind(case.features, _of_size(task, n), rounds)
    sizes = curve.geometric_sizes(end)
    draws = curve.DRAWS if name == "linear" and n <= curve.MANY_ROWS else 1
    scores, _ = curve.measure(task, learn, rounds, sizes, draws=draws)
    points = summarise(sizes, scores, FOLDS)
    found = project(points, n, 0.0)

    def truth(size: int) -> float:
        """Mean score of models trained on so many rows, other ones each time."""
        test = rounds[0][1]
        draws = [
            np.random.default_rng((case.seed, size, t)).choice(case.rest, size, replace=False) for t in range(TRUTHS)
        ]
        return float(np.mean([task.yardstick.score(learn(rows, t)(test), test) for t, rows in enumerate(draws)]))

    start, rows = truth(n), []
    for times in (2, 4):
        if times * n > len(case.rest):
            continue
        real, said, gain = truth(times * n), found.forms.value(times * n), found.forms.gain(n, times * n)
        low, high = power_law(sizes, scores, times * n)
        rows.append(
            {
                "rows": n,
                "model": name,
                "times": times,
                "truth": real,
                "low": said.low,
                "high": min(1.0, said.high),
                "covered": said.low <= real <= said.high,
                "gain": real - start,
                "gain low": gain.low,
                "gain high": gain.high,
                "gain covered": gain.low <= real - start <= gain.high,
                "back-test": found.back_test.held,
                "MH010": str(judge_upper(Interval(gain.low, gain.high), WORTH)),
                "power law": low <= real <= high,
                "power width": high - low,
            }
        )
    return rows


def _of_size(task: curve.CurveTask, n: int) -> curve.CurveTask:
    return curve.CurveTask(
        np.arange(n), task.yardstick, task.codes, np.tile(np.arange(FOLDS), (1, 1)), None, task.seed
    )


def power_law(sizes: np.ndarray, scores: np.ndarray, rows: int) -> tuple[float, float]:
    """The reference: a - b n^-c fitted to all sizes, 95% percentile interval over draws of the rounds."""

    def form(n: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
        return a - b * (n / sizes[0]) ** -c

    found = []
    for draw in range(BOOTSTRAPS):
        chosen = scores[np.random.default_rng(draw).integers(0, len(scores), len(scores))].mean(axis=0)
        try:
            fitted, _ = curve_fit(form, sizes, chosen, p0=(chosen[-1], 0.2, 0.5), bounds=([-1, 0, 0.01], [1, 5, 3]))
        except RuntimeError:
            continue
        found.append(form(np.array([rows]), *fitted)[0])
    return tuple(np.quantile(found, [0.025, 0.975]))


def main(data: Path, seeds: int) -> None:
    """Print a line for each projection, and the coverage over all."""
    every = []
    for name, frame in tables(data):
        started = time.process_time()
        for seed in range(seeds):
            case = Case(frame, seed)
            for share in SHARES:
                n = int(share * len(case.rest))
                if LEAST <= n <= MOST:
                    every += [{"table": name, "seed": seed} | row for row in judge(case, n)]
        done = pd.DataFrame([row for row in every if row["table"] == name])
        print(f"{name}: {time.process_time() - started:.0f} CPU seconds")
        print(done.round(4).to_string(index=False) if len(done) else "too few rows", flush=True)
    found = pd.DataFrame(every)
    found["width"] = found["high"] - found["low"]
    for told, part in (
        ("all", found),
        ("back-test held", found[found["back-test"]]),
        ("300 rows and more", found[found["rows"] >= curve.MIN_ROWS]),
    ):
        shares = (
            part.groupby("times")[["covered", "gain covered", "power law", "width", "power width"]].mean().round(3)
        )
        print(f"{told}: {len(part)} projections", shares.to_string(), sep="\n")
    twice = found[found["back-test"] & (found["times"] == 2) & (found["rows"] >= curve.MIN_ROWS)]
    print("MH010 by the gain that twice the rows really bring, of 300 rows and more")
    print(pd.crosstab(twice["gain"] > WORTH, twice["MH010"]).to_string())
    passed = twice[twice["MH010"] == "passed"]
    right = passed["gain"] <= WORTH
    print(f"passes: {right.sum()} of {len(passed)} right, Wilson {wilson(right.sum(), len(passed))}")
    print(f"passes are of {passed['table'].map(kind_of).nunique()} tables")
    by_table(found)


def kind_of(table: str) -> str:
    """Tables that differ by their seed alone are one."""
    return table.split(", seed", maxsplit=1)[0]


def by_table(found: pd.DataFrame) -> None:
    """Counts by table, and shares with intervals that resample tables: projections of one are not independent."""
    measures = ["back-test", "covered", "gain covered", "power law"]
    tables = found.assign(kind=found["table"].map(kind_of)).groupby("kind", sort=False)
    print("| table | projections | covered | gain covered | power law covered |")
    for kind, part in tables:
        print(f"| {kind} | {len(part)} | " + " | ".join(str(part[name].sum()) for name in measures[1:]) + " |")
    for times, part in (("twice", found[found["times"] == 2]), ("four times", found[found["times"] == 4])):
        counts = part.assign(kind=part["table"].map(kind_of)).groupby("kind")[measures].agg(["sum", "count"])
        draws = np.random.default_rng(0).integers(0, len(counts), (BOOTSTRAPS * 50, len(counts)))
        for name in measures:
            hits, n = (counts[name][which].to_numpy()[draws].sum(axis=1) for which in ("sum", "count"))
            low, high = np.quantile(hits / n, [0.025, 0.975])
            print(f"{times}, {name}: {part[name].mean():.2f}, of {len(counts)} tables, 95% {low:.2f} to {high:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    main(given.data, given.seeds)
