"""The power of an audit's checks on two real tables: planted defects by kind and size.

python benchmarks/health/planted.py path/to/data

The folder holds adult/adult-train.csv and german_credit/german.csv.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd

from assay.config_file import parse_config
from assay.ingest import read_dataset
from assay.self_testing import plant_and_look

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

ADULT = (
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship"),
    *("race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"),
)


def tables(data: Path) -> Iterator[tuple[str, pd.DataFrame, dict[str, Any]]]:
    """Name, frame and settings of each table."""
    path = data / "adult" / "adult-train.csv"
    frame = pd.read_csv(path, header=None, names=list(ADULT), skipinitialspace=True, na_values="?")
    yield "Adult", frame, {"label": "income", "sensitive": ["sex", "race"]}
    frame = pd.read_csv(data / "german_credit" / "german.csv", header=None).add_prefix("a")
    frame["sex"] = frame.pop("a8").isin(["A92", "A95"]).map({True: "female", False: "male"})
    yield "German credit", frame.rename(columns={"a20": "class"}), {"label": "class", "sensitive": ["sex"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    for name, frame, settings in tables(parser.parse_args().data):
        config = parse_config({**settings, "health": {"self_test": True}})
        dataset = read_dataset(config, frame=frame)
        start = time.process_time()
        power = plant_and_look(config, dataset, lambda _: None)
        assert power is not None
        print(f"\n{name}: {len(frame):,} rows, {time.process_time() - start:.0f} s of CPU\n", flush=True)
        show(power[power["trials"] > 0])


def show(power: pd.DataFrame) -> None:
    print("| defect | size | check | found | interval | passed | alarms | recall | precision |")
    print("| --- | ---: | --- | ---: | --- | ---: | ---: | ---: | ---: |")
    for row in power.to_dict("records"):
        named = ["" if pd.isna(row[key]) else f"{row[key]:.2f}" for key in ("recall", "precision")]
        cells = (
            *(row["defect"], f"{row['size']:.0%}", row["check"], f"{row['found']} of {row['trials']}"),
            *(f"{row['low']:.2f} to {row['high']:.2f}", row["passed"], row["false_alarms"], *named),
        )
        print("| " + " | ".join(map(str, cells)) + " |")


if __name__ == "__main__":
    main()
