"""Write a large table that is made up but looks like one of a lender: Parquet and CSV, and the truth beside them.

    python benchmarks/scale/make_table.py FOLDER --rows 1000000

20 columns: an id (0.05% of the cases are there twice), a date, 8 numbers (integers, heavy tails, zero-inflated, with
missing values), 9 categories of 2 to 300 levels, `sex` and `origin` among them, and `approved`. The label follows the
features with an area under the ROC curve of about .86; then 5% of the labels are flipped, those in `truth.parquet`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

# Name and number of levels; Zipf's law says how frequent each is.
CATEGORIES = {"branch": 300, "town": 120, "occupation": 60, "purpose": 25, "channel": 12, "housing": 4, "guarantor": 2}
ORIGINS = ("north", "south", "east", "west", "abroad")
WRONG_LABELS = 0.05
REPEATED_CASES = 0.0005
SIGNAL = 2.9


def make_frame(rows: int, seed: int = 0) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """Return the table and, for each row, whether its label was flipped."""
    rng = np.random.default_rng(seed)
    columns, score = _numbers(rng, rows)
    for name, levels in CATEGORIES.items():
        codes = _zipf(rng, rows, levels)
        columns[name] = np.array([f"{name} {i:03d}" for i in range(levels)], dtype=object)[codes]
        score += 0.3 * rng.standard_normal(levels)[codes]
    sex, origin = rng.random(rows) < 0.45, _zipf(rng, rows, len(ORIGINS))
    columns["sex"] = np.where(sex, "female", "male").astype(object)
    columns["origin"] = np.array(ORIGINS, dtype=object)[origin]
    score += np.where(sex, -0.15, 0.15) - 0.1 * origin
    frame = pd.DataFrame(columns)
    for name, share in {"debt_ratio": 0.08, "years_employed": 0.03, "occupation": 0.05}.items():
        frame.loc[rng.random(rows) < share, name] = np.nan if frame[name].dtype.kind == "f" else None
    score = SIGNAL * (score - score.mean()) / score.std()
    approved = rng.random(rows) < 1 / (1 + np.exp(-score))
    wrong = rng.random(rows) < WRONG_LABELS
    frame["approved"] = np.where(approved ^ wrong, "yes", "no").astype(object)
    frame.insert(0, "case", np.array([f"K{i:08d}" for i in rng.permutation(rows)], dtype=object))
    frame.insert(1, "opened", np.datetime64("2019-01-01", "D") + rng.integers(0, 2000, rows).astype("m8[D]"))
    again = rng.integers(1, rows, size=round(REPEATED_CASES * rows))
    frame.iloc[again] = frame.iloc[again - 1]
    wrong[again] = wrong[again - 1]
    return frame, wrong


def _numbers(rng: np.random.Generator, rows: int) -> tuple[dict[str, npt.NDArray[np.generic]], Floats]:
    """The numeric columns, and what they add to the score of the label."""
    age = np.clip(rng.gamma(9, 4.7, rows), 18, 95).astype(np.int64)
    income = np.round(np.exp(rng.normal(10.2, 0.7, rows)), 2)
    savings = np.where(rng.random(rows) < 0.6, 0.0, np.round(np.exp(rng.normal(7.5, 1.8, rows)), 2))
    amount = np.round(1000 * (1 + rng.pareto(2.2, rows)), 2)
    debt_ratio = np.round(rng.beta(2, 5, rows), 4)
    late_payments = rng.poisson(0.6, rows)
    open_accounts = rng.negative_binomial(3, 0.4, rows)
    years_employed = np.round(rng.exponential(6, rows), 1)
    score = (
        0.8 * (np.log(income) - 10.2)
        - 0.7 * (np.log(amount) - 7.3)
        - 2.5 * (debt_ratio - 0.28)
        - 0.6 * late_payments
        + 0.3 * (savings > 0)
        + 0.04 * np.minimum(years_employed, 20)
        - ((age - 48) / 30) ** 2
        + 0.5 * np.sin(open_accounts)
    )
    columns = {
        "age": age,
        "income": income,
        "savings": savings,
        "amount": amount,
        "debt_ratio": debt_ratio,
        "late_payments": late_payments,
        "open_accounts": open_accounts,
        "years_employed": years_employed,
    }
    return columns, score


def _zipf(rng: np.random.Generator, rows: int, levels: int) -> npt.NDArray[np.int64]:
    shares = 1 / np.arange(1, levels + 1) ** 0.8
    return rng.choice(levels, size=rows, p=shares / shares.sum())


def write(folder: Path, rows: int, seed: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    frame, wrong = make_frame(rows, seed)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    # Databases and Spark write days so, not as times.
    table = table.set_column(1, "opened", table["opened"].cast(pa.date32()))
    pyarrow.parquet.write_table(table, folder / "table.parquet")
    pyarrow.csv.write_csv(table, folder / "table.csv", pyarrow.csv.WriteOptions(quoting_style="needed"))
    pyarrow.parquet.write_table(pa.table({"case": table["case"], "wrong": wrong}), folder / "truth.parquet")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write(arguments.folder, arguments.rows, arguments.seed)


if __name__ == "__main__":
    main()
