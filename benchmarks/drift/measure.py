"""Which columns drift between the months of the taxi data, and how often samples alarm that do not or do differ.

python benchmarks/drift/measure.py ../shared/data
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from references import METHODS

from assay.dataset import Roles
from assay.validation.drift import compare_samples, propose_drift
from assay.validation.drift.comparing import compare, count_cells
from assay.validation.drift.distance import NEGLIGIBLE
from assay.validation.drift.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.findings import Interval
    from assay.validation.inference.rule import Rule

MONTHS = ("2019-01", "2019-02", "2019-03", "2020-01", "2020-04")
ALIKE = MONTHS[:3]
# Rows of the reference and of the batch, with the number of repetitions.
SIZES = ((500, 40), (2_000, 40), (10_000, 20), (50_000, 10), (200_000, 4), (1_000_000, 2))
SUITE_SIZES = ((100, 40), (300, 40), (600, 40), (1_000, 40), (3_000, 20), (10_000, 20))
# The part of a suite's false alarms that is left to drift.
SUITE_ALPHA = 0.015
# Share of a batch's rows that come from a part of the table only.
FOREIGN = {"same source": 0.0, "negligible": 0.03, "drift": 0.4}


def months(folder: Path) -> dict[str, pd.DataFrame]:
    return {name: pd.read_csv(folder / f"taxi/yellow_tripdata_sample_{name}.csv") for name in MONTHS}


def taxi_pairs(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Columns that alarm, each month as the reference of each other one; times are left to the rule on freshness."""
    roles = Roles(label="total_amount", features=(), time="pickup_datetime")
    rows = []
    for first, second in itertools.permutations(MONTHS, 2):
        reference, batch = tables[first], tables[second]
        columns = [name for name in reference.columns if not name.endswith("_datetime")]
        ours = compare_samples(reference, batch, roles).drifted
        others = {name: len(method(reference, batch, columns)) for name, method in METHODS.items()}
        rows.append({"reference": first, "batch": second, "assay": ", ".join(ours) or "none", **others})
    return pd.DataFrame(rows)


def taxi_pooled(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The three months of 2019 as one reference, whose months tell what varies by itself."""
    reference = pd.concat([tables[name] for name in ALIKE], ignore_index=True)
    columns = [name for name in reference.columns if not name.endswith("_datetime")]
    rows = []
    for time, blocks in (
        ("pickup_datetime", None),
        (None, pd.Series(np.repeat(ALIKE, [len(tables[name]) for name in ALIKE]))),
    ):
        roles = Roles(label="total_amount", features=(), time=time)
        for name in MONTHS:
            found = compare_samples(reference, tables[name], roles, blocks=blocks)
            drifted = found.table[found.table["status"] == "failed"]
            told = "; ".join(f"{row.column} ({row.distance:.2f}: {row.change})" for row in drifted.itertuples())
            others = {key: len(method(reference, tables[name], columns)) for key, method in METHODS.items()}
            rows.append(
                {"blocks": "stretches of time" if time else "files", "batch": name, "assay": told or "none"} | others
            )
    return pd.DataFrame(rows)


def sources(folder: Path, taxi: pd.DataFrame) -> dict[str, pd.DataFrame]:
    adult = pd.read_csv(folder / "adult/adult-train.csv", header=None, skipinitialspace=True, na_values="?")
    german = pd.read_csv(folder / "german_credit/german.csv", header=None)
    tables = {
        "adult": adult,
        "german": german,
        "taxi 2019-03": taxi.drop(columns=["pickup_datetime", "dropoff_datetime"]),
    }
    return {name: table.rename(columns=lambda column: f"c{column}") for name, table in tables.items()}


def alarms_by_size(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Share of the repetitions in which any column alarms."""
    rows = []
    for (name, table), (case, foreign), (n, times) in itertools.product(tables.items(), FOREIGN.items(), SIZES):
        rng = np.random.default_rng(n)
        columns = list(table.columns)
        found = dict.fromkeys(("assay", *METHODS), 0)
        for _ in range(times):
            first, second = samples(table, n, foreign, rng)
            found["assay"] += bool(compare_samples(first, second, Roles(label=columns[-1], features=())).drifted)
            for key, method in METHODS.items():
                found[key] += bool(method(first, second, columns))
        rows.append({"table": name, "case": case, "n": n, "runs": times} | {k: v / times for k, v in found.items()})
        print(rows[-1], file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


def suites_by_size(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Of rules that are inferred from n rows: how many, and in how many runs any is not kept by n others.

    A rule that stays inconclusive counts, since it has to be read; beside it the same rules with the tolerance of a
    tenth, whatever chance does. Under "drift", how often any fails on a batch of which 40% of the rows are foreign.
    """
    rows = []
    for (name, table), (n, times) in itertools.product(tables.items(), SUITE_SIZES):
        rng = np.random.default_rng(n)
        counted = {"rules": 0.0, "tolerance": 0.0, "not passed": 0.0, "not passed at .1": 0.0, "drift": 0.0}
        for _ in range(times):
            reference, batch = samples(table, n, 0.0, rng)
            _, foreign = samples(table, n, FOREIGN["drift"], rng)
            drawn = propose_drift(reference, Roles(label=table.columns[-1], features=()), fresh=n, alpha=SUITE_ALPHA)
            rules = [rule for rule in drawn if "reference" in rule.kwargs]
            if rules:
                counted["rules"] += len(rules)
                counted["tolerance"] += max(rule.kwargs["tolerance"] for rule in rules)
            counted["not passed"] += any(_interval(rule, batch).high > rule.kwargs["tolerance"] for rule in rules)
            counted["not passed at .1"] += any(_interval(rule, batch).high > NEGLIGIBLE for rule in rules)
            counted["drift"] += any(_interval(rule, foreign).low > rule.kwargs["tolerance"] for rule in rules)
        rows.append({"table": name, "n": n, "runs": times} | {key: value / times for key, value in counted.items()})
        print(rows[-1], file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


def _interval(rule: Rule, batch: pd.DataFrame) -> Interval:
    reference = Summary.from_json(rule.kwargs["reference"])
    cells = count_cells(reference, batch[rule.kwargs["column"]])
    assert cells is not None
    return compare(reference, cells, rule.kwargs["alpha"]).interval


def samples(
    table: pd.DataFrame, n: int, foreign: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reference and batch of n rows, drawn with replacement; some of the batch from a part of the table only.

    The part: rows above the median of the first column with many values.
    """
    many = next(
        table[name] for name in table.columns if table[name].dtype.kind in "iuf" and table[name].nunique() > 20
    )
    part = np.flatnonzero(many > many.median())
    second = rng.integers(0, len(table), n)
    from_part = rng.random(n) < foreign
    second[from_part] = rng.choice(part, int(from_part.sum()))
    drawn = (table.iloc[places].reset_index(drop=True) for places in (rng.integers(0, len(table), n), second))
    return next(drawn), next(drawn)


def as_markdown(table: pd.DataFrame, heads: Sequence[str] = ()) -> str:
    lines = ["| " + " | ".join(heads or table.columns) + " |", "|" + " --- |" * table.shape[1]]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    folder = Path(sys.argv[1])
    tables = months(folder)
    print(as_markdown(taxi_pairs(tables)), end="\n\n")
    print(as_markdown(taxi_pooled(tables)), end="\n\n")
    print(as_markdown(suites_by_size(sources(folder, tables["2019-03"]))), end="\n\n")
    print(as_markdown(alarms_by_size(sources(folder, tables["2019-03"]))))


if __name__ == "__main__":
    main()
