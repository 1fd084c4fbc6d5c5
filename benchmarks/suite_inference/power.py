"""Which planted defects an inferred suite notices, by the share of rows that they spoil.

The reference and the batch are other rows of the same source; Great Expectations holds the batch, once as it is and
once with one defect in it, and a defect is noticed where a rule alarms that did not alarm before.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.config_file import parse_config
from assay.ingest import read_dataset
from assay.validation.in_memory import run_expectations
from assay.validation.inference.proposing import propose_rules
from assay.validation.suite import Expectation

if TYPE_CHECKING:
    from collections.abc import Callable

SHARES = (0.002, 0.01, 0.05)


def orders(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A table of orders, such as a shop has."""
    price = rng.lognormal(3, 0.8, n).round(2)
    pieces = rng.integers(1, 9, n)
    placed = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90 * 24 * 60, n), unit="m")
    return pd.DataFrame(
        {
            "order_id": [f"O{k:07}" for k in rng.choice(10**7, n, replace=False)],
            "country": rng.choice(["DE", "FR", "IT", "PL", "ES"], n, p=[0.4, 0.3, 0.15, 0.1, 0.05]),
            "sku": [f"{rng.choice(list('ABCD'))}{rng.choice(list('XYZ'))}-{k:05}" for k in rng.integers(0, 10**5, n)],
            "mail": [f"user{k}@mail{k % 7}.org" for k in rng.integers(0, 10**6, n)],
            "day": placed.strftime("%Y-%m-%d"),
            "weight_kg": rng.normal(4, 0.6, n).round(3),
            "price": price,
            "pieces": pieces,
            "note": np.where(rng.random(n) < 0.6, None, "gift"),
            "returned": rng.choice(["no", "yes"], n, p=[0.9, 0.1]),
        }
    )


def _set(column: str, value: Callable[[pd.Series], pd.Series]) -> Callable[[pd.DataFrame, np.ndarray], pd.DataFrame]:
    def spoil(batch: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
        changed = batch[column].copy()
        if changed.dtype.kind in "iu":
            changed = changed.astype(float)
        changed.iloc[rows] = value(changed.iloc[rows])
        return batch.assign(**{column: changed})

    return spoil


def _swap(batch: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    changed = batch.copy()
    changed["price"], changed["weight_kg"] = batch["price"].copy(), batch["weight_kg"].copy()
    changed.iloc[rows, [batch.columns.get_loc("price"), batch.columns.get_loc("weight_kg")]] = batch.iloc[rows][
        ["weight_kg", "price"]
    ].to_numpy()
    return changed


def _swap_texts(batch: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    places = [batch.columns.get_loc("sku"), batch.columns.get_loc("mail")]
    changed = batch.copy()
    changed.iloc[rows, places] = batch.iloc[rows, places[::-1]].to_numpy()
    return changed


def _twice(batch: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    changed = batch["order_id"].copy()
    changed.iloc[rows] = changed.iloc[(rows + 1) % len(batch)].to_numpy()
    return batch.assign(order_id=changed)


DEFECTS: dict[str, Callable[[pd.DataFrame, np.ndarray], pd.DataFrame]] = {
    "missing prices": _set("price", lambda values: values * np.nan),
    "a new country": _set("country", lambda values: values.map(lambda _: "XX")),
    "countries in lower case": _set("country", lambda values: values.str.lower()),
    "a label of another spelling": _set("returned", lambda values: values.str.upper()),
    "kilograms as grams": _set("weight_kg", lambda values: values * 1000),
    "kilograms as pounds": _set("weight_kg", lambda values: values * 2.2046),
    "prices in cents": _set("price", lambda values: values * 100),
    "negative pieces": _set("pieces", lambda values: -values),
    "999 for missing": _set("pieces", lambda values: values * 0 + 999),
    "codes cut short": _set("sku", lambda values: values.str.slice(0, 6)),
    "dates in another form": _set("day", lambda values: pd.to_datetime(values).dt.strftime("%d.%m.%Y")),
    "broken e-mails": _set("mail", lambda values: values.str.replace("@", " at ")),
    "price and weight swapped": _swap,
    "code and e-mail swapped": _swap_texts,
    "ids given twice": _twice,
}


def noticed(n: int, defect: str, share: float, seed: int) -> bool:
    rng = np.random.default_rng(seed)
    config = parse_config({"label": "returned", "id": "order_id"})
    known = read_dataset(config, frame=orders(rng, n))
    rules = propose_rules(known.frame, known.roles, fresh=n)
    held = [Expectation(rule.kind, rule.kwargs, rule.columns, rule.severity) for rule in rules]
    batch = orders(rng, n)
    rows = rng.choice(n, max(1, round(share * n)), replace=False)
    before = run_expectations(read_dataset(config, frame=batch).frame, held)
    after = run_expectations(read_dataset(config, frame=DEFECTS[defect](batch, rows)).frame, held)
    return any(new.success is not True and old.success is True for new, old in zip(after, before, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    print(f"| defect | {' | '.join(f'{share:.1%} of the rows' for share in SHARES)} |")
    print(f"| --- |{' --- |' * len(SHARES)}")
    for defect in DEFECTS:
        runs = [[noticed(chosen.rows, defect, share, seed) for seed in range(chosen.repeats)] for share in SHARES]
        print(f"| {defect} | {' | '.join(f'{sum(run)} of {len(run)}' for run in runs)} |", flush=True)


if __name__ == "__main__":
    main()
