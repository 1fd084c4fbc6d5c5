"""How often two intervals hold the generalisation gap: the corrected t interval, and a bootstrap over rows.

python benchmarks/health/gap_coverage.py [--tables 200]

Tables from a known population are cross-validated with a decision tree of limited depth (5 folds, 2 repeats). The true
gap is the mean over all of them of the training accuracy less the accuracy on 4,000 fresh rows.
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from assay.health.vitals import over_members

FOLDS, REPEATS, DRAWS = 5, 2, 400


def draw(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = rng.normal(size=(n, 6))
    return x, (x[:, 0] + x[:, 1] * x[:, 2] + rng.logistic(size=n) > 0).astype(int)


def assess(n: int, depth: int, rng: np.random.Generator) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Interval by members, interval by rows, and the gap of these members on fresh rows."""
    (x, y), (fresh, answer) = draw(n, rng), draw(4000, rng)
    right_of_row, times = np.zeros((2, n)), np.zeros((2, n))  # seen, held out
    gaps, true = [], []
    for _ in range(REPEATS):
        fold = rng.permutation(n) % FOLDS
        for f in range(FOLDS):
            held = fold == f
            tree = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(x[~held], y[~held])
            right = tree.predict(x) == y
            gaps.append(right[~held].mean() - right[held].mean())
            true.append(right[~held].mean() - (tree.predict(fresh) == answer).mean())
            part = held.astype(int)
            right_of_row[part, np.arange(n)] += right
            times[part, np.arange(n)] += 1
    by_member = over_members(np.array(gaps), FOLDS, least=-1.0).interval
    assert by_member is not None
    seen, held_out = right_of_row / times
    means = (seen - held_out)[rng.integers(0, n, (DRAWS, n))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return (by_member.low, by_member.high), (float(low), float(high)), float(np.mean(true))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=200)
    tables = parser.parse_args().tables
    print("| rows | depth | true gap | corrected t | width | bootstrap over rows | width |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for n, depth in ((100, 2), (100, 6), (300, 4), (300, 8), (1000, 6)):
        rng = np.random.default_rng((n, depth))
        members, rows, true = zip(*(assess(n, depth, rng) for _ in range(tables)), strict=True)
        gap, told = np.mean(true), []
        for intervals in (np.array(members), np.array(rows)):
            inside = (intervals[:, 0] <= gap) & (gap <= intervals[:, 1])
            told.append(f"{inside.mean():.1%} | {np.diff(intervals).mean():.3f}")
        print(f"| {n} | {depth} | {gap:.3f} | {told[0]} | {told[1]} |", flush=True)


if __name__ == "__main__":
    main()
