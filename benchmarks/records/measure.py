"""Find repeated records: Assay beside two usual rules, on tables with known repeats and on tables without any.

python benchmarks/records/measure.py path/to/data --output records_results
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from references import equal_in_two_columns, sorted_neighbourhood
from tables import TABLES

from assay.records import match_records
from assay.records.blocking import find_candidates
from assay.records.fields import read_fields

if TYPE_CHECKING:
    import numpy.typing as npt

    Pairs = npt.NDArray[np.int64]

METHODS = ("assay", "equal in two columns", "sorted neighbourhood")


def main() -> None:
    """Run every method on every table in a process of its own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with febrl, adult, german_credit, taxi, hospital and beers")
    parser.add_argument("--tables", nargs="*", choices=TABLES, default=list(TABLES))
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS))
    parser.add_argument("--output", type=Path, default=Path("records_results"))
    parser.add_argument("--worker", nargs=2, metavar=("TABLE", "METHOD"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(measure(options.data, *options.worker)))
        return
    rows = []
    for table in options.tables:
        for method in options.methods:
            command = [sys.executable, __file__, str(options.data), "--worker", table, method]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append(json.loads(done.stdout))
            print(done.stdout.strip(), flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(options.output / "records.csv", index=False)


def measure(data: Path, table: str, method: str) -> dict[str, Any]:
    """Figures of one method on one table."""
    frame, entity = TABLES[table](data)
    n = len(frame)
    start, cpu = time.perf_counter(), time.process_time()
    found, extra = run(method, frame)
    # Pairs within one entity that are equal in all columns are copies, and no method's merit.
    result = {"table": table, "rows": n, "method": method, "pairs": len(found)} | scores(found, entity, n) | extra
    result["seconds"] = round(time.perf_counter() - start, 2)
    result["cpu"] = round(time.process_time() - cpu, 2)
    result["peak MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if method == "assay":
        result |= blocking(frame, entity)
    return result


def run(method: str, frame: pd.DataFrame) -> tuple[Pairs, dict[str, Any]]:
    """Pairs as first * n + second."""
    if method == "equal in two columns":
        return equal_in_two_columns(frame), {}
    if method == "sorted neighbourhood":
        return sorted_neighbourhood(frame), {}
    matches = match_records(frame, tuple(frame.columns))
    extra = {"expected": round(float(matches.repeats.sum()), 1), "applicable": matches.applicable}
    return matches.first * len(frame) + matches.second, extra


def true_pairs(entity: npt.NDArray[np.int64], n: int) -> Pairs:
    """Pairs of rows of one entity."""
    groups = pd.Series(np.arange(n)).groupby(entity).indices.values()
    pairs = [a * n + b for rows in groups for k, a in enumerate(rows) for b in rows[k + 1 :]]
    return np.asarray(pairs, dtype=np.int64)


def scores(found: Pairs, entity: npt.NDArray[np.int64], n: int) -> dict[str, float | None]:
    """Pairwise precision, recall and F1; None where there is nothing to find."""
    truth = true_pairs(entity, n)
    if not len(truth):
        return {"precision": None, "recall": None, "f1": None}
    hits = int(np.isin(found, truth).sum())
    return {
        "precision": round(hits / len(found), 4) if len(found) else None,
        "recall": round(hits / len(truth), 4),
        "f1": round(2 * hits / (len(found) + len(truth)), 4),
    }


def blocking(frame: pd.DataFrame, entity: npt.NDArray[np.int64]) -> dict[str, float | None]:
    """Share of all pairs that are compared, and share of the true pairs among them."""
    n = len(frame)
    fields = read_fields(frame, tuple(frame.columns))
    candidates = find_candidates(fields)
    truth = true_pairs(entity, n)
    inside = np.isin(truth, candidates.first * n + candidates.second)
    return {
        "compared": round(len(candidates.first) / (n * (n - 1) / 2), 5),
        "completeness": round(float(inside.mean()), 4) if len(truth) else None,
    }


if __name__ == "__main__":
    main()
