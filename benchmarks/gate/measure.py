"""Time `assay gate` on Adult beside the script written by hand, in turn, and print a Markdown table.

    pip install -e '.[benchmark]'
    python benchmarks/gate/measure.py ../shared/data/adult/adult-train.csv --runs 3

Each run is a whole process: start, imports, work and writing included. Peak memory is the largest resident set of the
process, as the operating system accounts for it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(command: list[str]) -> tuple[float, float, int]:
    """Return wall seconds, peak MiB and exit code of a command."""
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, {**os.environ, "NO_COLOR": "1"})
    _, status, usage = os.wait4(pid, 0)
    return time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def config(data: Path, folder: Path) -> Path:
    text = (HERE / "adult.yaml").read_text()
    suite = HERE.parents[1] / "expectations" / "adult.json"
    path = folder / "adult.yaml"
    path.write_text(text.replace("DATA", str(data)).replace("SUITE", str(suite)).replace("OUT", str(folder / "out")))
    return path


def row(name: str, runs: list[tuple[float, float, int]]) -> str:
    seconds, memory, codes = zip(*runs, strict=True)
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    return f"| {name} | {middle:.1f} | {low:.1f} to {high:.1f} | {max(memory):.0f} | {sorted(set(codes))} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    data = arguments.data.resolve()
    assay = str(Path(sys.executable).with_name("assay"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        audit = config(data, folder)
        commands = {
            "assay --help": [assay, "--help"],
            "assay gate": [assay, "gate", str(audit), "--quiet"],
            "by hand": [sys.executable, "-W", "ignore", str(HERE / "by_hand.py"), str(data)],
        }
        runs: dict[str, list[tuple[float, float, int]]] = {name: [] for name in commands}
        for _ in range(arguments.runs):
            for name, command in commands.items():
                runs[name].append(run(command))
                if runs[name][-1][2] == 2:
                    sys.exit(f"{name} refused its input: run {' '.join(command)}")
        print("\n| command | median s | range s | peak MiB | exit code |\n| --- | --- | --- | --- | --- |")
        for name, found in runs.items():
            print(row(name, found))
        report = max(folder.glob("out/*/*/report.json"), key=lambda p: p.stat().st_mtime)
        stages = json.loads(report.read_text())["manifest"]["stages"]
        print("\n| stage of the last audit | s | CPU s | peak MiB so far |\n| --- | --- | --- | --- |")
        for name, spent in stages.items():
            print(f"| {name} | {spent['seconds']:.1f} | {spent['cpu_seconds']:.1f} | {spent['peak_memory_mb']:.0f} |")


if __name__ == "__main__":
    main()
