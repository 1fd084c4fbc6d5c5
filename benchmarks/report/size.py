"""Size of the HTML report in KB on tables of 20 and 2,000 columns (3,000 rows), beside other tools' where installed.

python benchmarks/report/size.py [assay] [evidently] [ydata]

Evidently and ydata-profiling need versions of libraries that Assay does not: run this file with the Python of an
environment of their own. Where one is not installed, its column is empty.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")

import numpy as np
import pandas as pd

ROWS, SIZES = 3_000, (20, 2_000)
TEXT_SHARE = 0.3
KB = 1_000


def make_table(columns: int, rows: int = ROWS) -> pd.DataFrame:
    """Seven in ten features are numbers with gaps and heavy tails, the others categories; a label and a sex beside."""
    rng = np.random.default_rng(columns)
    texts = int(TEXT_SHARE * (columns - 2))
    features = {}
    for i in range(columns - 2):
        if i < texts:
            features[f"category {i}"] = rng.choice([f"level {k}" for k in range(3 + i % 20)], rows)
        else:
            number = np.exp(rng.normal(size=rows))
            features[f"number {i}"] = np.where(rng.random(rows) < 0.02 * (i % 5), np.nan, number.round(3))
    frame = pd.DataFrame(features)
    score = frame[[name for name in frame if name.startswith("number")][:4]].fillna(1).sum(axis=1)
    sex = rng.choice(["female", "male"], rows)
    label = np.where(score + rng.normal(size=rows) > score.median(), "yes", "no")
    return frame.assign(sex=sex, approved=label)


def assay_report(frame: pd.DataFrame, file: Path) -> None:
    """As a user would, with the defaults."""
    import assay

    report = assay.audit(frame, label="approved", sensitive=["sex"])
    file.write_text(report.to_html(), encoding="utf-8")


def evidently_report(frame: pd.DataFrame, file: Path) -> None:
    """Its summary of a dataset: the preset that is nearest to a report on data quality."""
    from evidently import Dataset, Report
    from evidently.presets import DataSummaryPreset

    Report([DataSummaryPreset()]).run(Dataset.from_pandas(frame), None).save_html(str(file))


def ydata_report(frame: pd.DataFrame, file: Path) -> None:
    """Minimal mode, which its documentation recommends for wide tables."""
    from ydata_profiling import ProfileReport

    ProfileReport(frame, minimal=True, progress_bar=False).to_file(file)


TOOLS = {
    "assay": ("assay", assay_report),
    "evidently": ("evidently", evidently_report),
    "ydata": ("ydata_profiling", ydata_report),
}


def main(tools: list[str]) -> None:
    print("| columns | tool | HTML, KB | CPU seconds |")
    print("| --- | --- | --- | --- |")
    for columns in SIZES:
        frame = make_table(columns)
        for name in tools or list(TOOLS):
            module, write = TOOLS[name]
            if importlib.util.find_spec(module) is None:
                print(f"| {columns:,} | {name} | not installed | |", flush=True)
                continue
            with tempfile.TemporaryDirectory() as folder:
                file, start = Path(folder) / "report.html", time.process_time()
                write(frame, file)
                size, seconds = file.stat().st_size / KB, time.process_time() - start
            print(f"| {columns:,} | {name} | {size:,.0f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
