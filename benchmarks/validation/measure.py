"""Time a suite of 71 expectations on a million rows, with all failing rows and why, beside Great Expectations.

    python benchmarks/validation/measure.py                     # all variants, each in a process of its own
    python benchmarks/validation/measure.py --rows 100000 --runs 3
    python benchmarks/validation/measure.py --row-by-row        # with two rules that Great Expectations runs in Python

Prints a Markdown table: CPU and wall seconds, and how far the resident set of the process grew beyond what it was
with the table loaded and Great Expectations imported. CPU seconds suffer less from what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import table

if TYPE_CHECKING:
    from collections.abc import Callable

Rules = list[tuple[str, dict[str, Any]]]
VARIANTS = ("assay", "assay, verdicts alone", "GX at SUMMARY", "GX at COMPLETE with keys")


def main() -> None:
    """Make the table, run each variant in its own process, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--row-by-row", action="store_true")
    parser.add_argument("--variant", choices=VARIANTS, action="append", help="only these")
    parser.add_argument("--table", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    rules = table.make_rules() + table.ROW_BY_ROW * arguments.row_by_row
    if arguments.table:
        print(json.dumps(run_variant(arguments.variant[0], pd.read_parquet(arguments.table), rules)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.parquet")
        table.make_table(arguments.rows).to_parquet(path)
        print(f"\n{arguments.rows:,} rows, {len(rules)} expectations, load average {os.getloadavg()[0]:.1f}\n")
        print("| variant | CPU s | s | MiB grown | failed | rows named |\n| --- | --- | --- | --- | --- | --- |")
        for variant in (arguments.variant or VARIANTS) * arguments.runs:
            command = [sys.executable, __file__, "--table", str(path), "--variant", variant]
            command += ["--row-by-row"] * arguments.row_by_row
            spent = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
            cells = json.loads(spent.splitlines()[-1])
            print(f"| {variant} | {' | '.join(str(cell) for cell in cells)} |", flush=True)


def run_variant(variant: str, frame: pd.DataFrame, rules: Rules) -> list[Any]:
    """CPU seconds, seconds, MiB, failed expectations and named rows of a variant."""
    run = _run_assay if variant.startswith("assay") else _run_library
    act = run(frame, rules, variant)
    before, watch = _resident(), _Watch()
    wall, cpu = time.perf_counter(), time.process_time()
    failed, named = act()
    spent = time.process_time() - cpu, time.perf_counter() - wall
    return [*(round(seconds, 1) for seconds in spent), round(watch.stop() - before), failed, named]


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


class _Watch:
    """The largest resident set while it runs: the process's own maximum would be that of reading the table."""

    def __init__(self) -> None:
        self._most, self._going = 0.0, True
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while self._going:
            self._most = max(self._most, _resident())
            time.sleep(0.02)

    def stop(self) -> float:
        self._going = False
        self._thread.join()
        return self._most


def _run_assay(frame: pd.DataFrame, rules: Rules, variant: str) -> Callable[[], tuple[int, int]]:
    from assay.config_file import parse_config
    from assay.findings import Severity, Status
    from assay.ingest import read_dataset
    from assay.validation.expectations import suite_findings
    from assay.validation.in_memory import run_expectations
    from assay.validation.suite import Expectation, Suite

    keys = ("column", "column_A", "column_B")

    def expectation(kind: str, kwargs: dict[str, Any]) -> Expectation:
        columns = [kwargs[key] for key in keys if key in kwargs] + kwargs.get("column_list", [])
        return Expectation(kind, kwargs, tuple(columns), Severity.CRITICAL)

    suite = Suite("benchmark", tuple(expectation(*rule) for rule in rules))
    dataset = read_dataset(parse_config({"label": "paid", "id": "id"}), frame=frame, checks=())
    run_expectations(dataset.frame.head(5), suite.expectations)  # imports

    def validate() -> tuple[int, int]:
        findings = suite_findings(dataset, suite)
        rows = [finding.evidence.rows for finding in findings if finding.evidence and finding.evidence.rows]
        return sum(finding.status is Status.FAILED for finding in findings), sum(
            len(flags.positions) for flags in rows
        )

    def judge() -> tuple[int, int]:
        raws = run_expectations(dataset.frame, suite.expectations)
        return sum(raw.success is False for raw in raws), 0

    return judge if "verdicts" in variant else validate


def _run_library(frame: pd.DataFrame, rules: Rules, variant: str) -> Callable[[], tuple[int, int]]:
    from assay.validation.engine import quiet, quiet_context

    warnings.simplefilter("ignore")
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    # Bounds of dates as instants: days of a suite in JSON are errors, see docs/checks/DQ100.md.
    instants = {"2019-01-01": "2019-01-01T00:00:00", "2030-01-01": "2030-01-01T00:00:00"}
    asset = quiet_context().data_sources.add_pandas("data").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
    suite = ExpectationSuite("suite")
    for kind, kwargs in rules:
        settled = {
            key: instants.get(value, value) if isinstance(value, str) else value for key, value in kwargs.items()
        }
        suite.add_expectation(ExpectationConfiguration(type=kind, kwargs=settled).to_domain_obj())
    complete = {"result_format": "COMPLETE", "unexpected_index_column_names": ["id"]}

    def validate() -> tuple[int, int]:
        with quiet():
            results = batch.validate(suite, result_format=complete if "keys" in variant else "SUMMARY").results
        named = sum(
            len((item.result or {}).get("unexpected_index_list") or ()) for item in results if not item.success
        )
        return sum(not item.success for item in results), named

    return validate


if __name__ == "__main__":
    main()
