"""How often disparities are found where there are none and where there are some, and how often intervals cover.

python benchmarks/fairness/evidence.py [--simulations 250] [--fairlearn 4] [--processes 2]
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame, selection_rate
from tqdm import tqdm

from assay.fairness.bootstrap import draw_tables, percentile_limits
from assay.fairness.context import EQUALIZED_ODDS, assess_counts
from assay.fairness.counts import Cells, Feature
from assay.fairness.permutation import parity_p_value
from assay.fairness.rates import AVERAGE_ODDS, MACRO_RECALL, Rates
from assay.fairness.simultaneous import cautious_limits, largest_difference, smallest_ratio, wilson_limits
from assay.fairness.to_overall import largest_deviation, smallest_ratio_to_overall
from assay.fairness_config import FairnessConfig
from assay.findings import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from assay.fairness.context import Assessment

    Floats = npt.NDArray[np.float64]
    Limits = tuple[float, float]

SEED = 20_240_501
LEVEL = 0.05
CONFIDENCE = 1 - LEVEL
Z = 1.959963985
SIX = np.array([1200, 600, 300, 150, 80, 40])
# What a model does that treats all groups alike: 30% are positive, 80% of them are found, 10% of the others selected.
BASE, FOUND, MISTAKEN = 0.3, 0.8, 0.1
DESIGNS = {
    "2 groups (400, 60)": np.array([400, 60]),
    "6 groups (1,200 to 40)": SIX,
    "50 groups (400 to 60)": np.linspace(400, 60, 50).astype(np.int64),
}
SIZES = (10, 30, 100, 1_000, 10_000, 100_000)
CLASSES = ("no", "yes")
FOUR_FIFTHS = 0.8


# The tables: group x label x prediction.


def draw_counts(rng: np.random.Generator, sizes: npt.NDArray[np.int64], found: Floats) -> npt.NDArray[np.int64]:
    """(G, 2, 2) rows by label and prediction, for a share of positives found in each group."""
    shares = np.stack(
        [
            np.full(len(sizes), (1 - BASE) * (1 - MISTAKEN)),
            np.full(len(sizes), (1 - BASE) * MISTAKEN),
            BASE * (1 - found),
            BASE * found,
        ],
        axis=1,
    )
    return np.stack([rng.multinomial(n, p) for n, p in zip(sizes, shares, strict=True)]).reshape(-1, 2, 2)


def assess(counts: npt.NDArray[np.int64]) -> Assessment:
    """Judge a table as the audit does, with its default configuration but for groups of 40 rows."""
    occurring = np.flatnonzero(counts)
    rows = counts.reshape(-1)[occurring]
    weight = rows.astype(np.float64)
    cells = Cells(tuple(np.unravel_index(occurring, counts.shape)), rows, weight, weight)
    feature = Feature("g", ("g",), tuple(f"{g:02d}" for g in range(len(counts))), np.zeros(0, dtype=np.int64))
    return assess_counts([(feature, cells)], CLASSES, 1, FairnessConfig(min_group_size=40))["g"]


# What each method calls a disparity.


def unadjusted_pairs(counts: npt.NDArray[np.int64]) -> bool:
    """Whether some pair's 95% interval of the selection rates' difference, by itself, leaves out 0."""
    n = counts.sum(axis=(1, 2))
    p = counts[:, :, 1].sum(axis=1) / n
    low, high = wilson_limits(p, n.astype(np.float64), Z)
    difference = p[:, None] - p
    return bool((difference > np.hypot(p[:, None] - low[:, None], high - p)).any())


def four_fifths(counts: npt.NDArray[np.int64]) -> bool:
    p = counts[:, :, 1].sum(axis=1) / counts.sum(axis=(1, 2))
    return bool(p.min() < FOUR_FIFTHS * p.max())


def fairlearn_interval(counts: npt.NDArray[np.int64], seed: int) -> bool:
    """Whether the 95% bootstrap interval of MetricFrame's difference of the selection rates leaves out 0."""
    group, _, predicted = (
        np.repeat(code, counts.reshape(-1)) for code in np.unravel_index(np.arange(counts.size), counts.shape)
    )
    frame = MetricFrame(
        metrics={"selection rate": selection_rate},
        y_true=predicted,
        y_pred=predicted,
        sensitive_features=group,
        n_boot=100,
        ci_quantiles=[LEVEL / 2, 1 - LEVEL / 2],
        random_state=seed,
    )
    return float(frame.difference_ci(method="between_groups")[0].iloc[0]) > 0


def judged(counts: npt.NDArray[np.int64]) -> dict[str, bool]:
    """Answers of every method but Fairlearn's on one table."""
    assessment = assess(counts)
    every = [d for parts in assessment.disparities.values() for d in parts]
    odds = assessment.disparities[EQUALIZED_ODDS]
    return {
        "status failed, any check": any(d.status is Status.FAILED for d in every),
        "status failed, equalized odds": any(d.status is Status.FAILED for d in odds),
        "interval leaves out parity, equalized odds": any(d.low > 0 for d in odds),
        "permutation test, equalized odds": any(d.p_value <= LEVEL for d in odds),
        "permutation test, all that warns": any(
            d.p_value <= LEVEL
            for name, parts in assessment.disparities.items()
            if name != EQUALIZED_ODDS
            for d in parts
        ),
        "pairs of groups, 95% intervals each": unadjusted_pairs(counts),
        "four-fifths rule": four_fifths(counts),
    }


def shares_found(
    rng: np.random.Generator, sizes: npt.NDArray[np.int64], found: Floats, simulations: int, with_fairlearn: int
) -> dict[str, str]:
    tables = [draw_counts(rng, sizes, found) for _ in range(simulations)]
    answers = pd.DataFrame([judged(counts) for counts in tqdm(tables, leave=False)])
    column = {name: f"{100 * share:.1f}%" for name, share in answers.mean().items()}
    if with_fairlearn:
        those = [fairlearn_interval(counts, seed) for seed, counts in enumerate(tables[:with_fairlearn])]
        column["Fairlearn, bootstrap interval"] = f"{sum(those)} of {with_fairlearn}"
    return column


def false_alarms(rng: np.random.Generator, simulations: int, with_fairlearn: int) -> pd.DataFrame:
    """Share of tables without any disparity in which a method finds one."""
    return pd.DataFrame(
        {
            name: shares_found(rng, sizes, np.full(len(sizes), FOUND), simulations, with_fairlearn)
            for name, sizes in DESIGNS.items()
        }
    )


def power(rng: np.random.Generator, simulations: int, with_fairlearn: int) -> pd.DataFrame:
    """Share of tables found in which fewer positives of one of six groups are found, by group and gap."""
    columns = {}
    for group, gap in ((1, 0.1), (1, 0.3), (3, 0.1), (3, 0.3), (4, 0.3)):
        found = np.full(len(SIX), FOUND)
        found[group] -= gap
        columns[f"{SIX[group]} rows, -{100 * gap:.0f} points"] = shares_found(
            rng, SIX, found, simulations, with_fairlearn
        )
    return pd.DataFrame(columns)


def level_of_the_test(rng: np.random.Generator, simulations: int) -> pd.DataFrame:
    """Share of p-values of a single test at most 5% where all groups have one rate."""
    small = np.full(30, 12)
    designs = {**DESIGNS, "30 groups of 12": small}
    return pd.DataFrame(
        {
            name: {
                f"rate {rate:g}": f"{100 * np.mean([_p(rng, sizes, rate) <= LEVEL for _ in range(simulations)]):.1f}%"
                for rate in (0.01, 0.1, 0.5)
            }
            for name, sizes in designs.items()
        }
    )


def _p(rng: np.random.Generator, sizes: npt.NDArray[np.int64], rate: float) -> float:
    return parity_p_value(sizes, rng.binomial(sizes, rate))


# Coverage.


@dataclass(frozen=True)
class Truth:
    """True rates of G groups (of K parts: (K, G)), and the cases of each group."""

    rates: Floats
    cases: int


def rates_of(shares: Floats, cases: int) -> Rates:
    n = np.full(shares.shape[-1], cases)
    if shares.ndim == 1:
        return Rates("rate", shares, n, n.astype(np.float64))
    return Rates("mean", shares.mean(axis=0), n, n.astype(np.float64), parts=tuple(rates_of(p, cases) for p in shares))


def cautious(rates: Rates) -> Callable[[float], tuple[Floats, Floats]]:
    """Limits of the rates as the audit compares them."""
    return partial(rates.limits, of_one=cautious_limits)


def of_a_rate(truth: Truth, shares: Floats) -> tuple[Limits, float]:
    low, high = rates_of(shares, truth.cases).limits(Z)
    return (low[0], high[0]), float(np.atleast_2d(truth.rates).mean(axis=0)[0])


def of_a_difference(truth: Truth, shares: Floats) -> tuple[Limits, float]:
    rates, true = rates_of(shares, truth.cases), np.atleast_2d(truth.rates).mean(axis=0)
    return largest_difference(rates.shares, cautious(rates), CONFIDENCE), float(np.ptp(true))


def of_a_ratio(truth: Truth, shares: Floats) -> tuple[Limits, float]:
    rates = rates_of(shares, truth.cases)
    return smallest_ratio(rates.shares, cautious(rates), CONFIDENCE), float(truth.rates.min() / truth.rates.max())


def of_the_larger(truth: Truth, shares: Floats) -> tuple[Limits, float]:
    """Equalized odds: the larger of the differences of two rates."""
    parts = [rates_of(p, truth.cases) for p in shares]
    limits = [largest_difference(part.shares, cautious(part), CONFIDENCE, len(parts)) for part in parts]
    return (max(low for low, _ in limits), max(high for _, high in limits)), float(np.ptp(truth.rates, axis=1).max())


def of_a_bootstrap(truth: Truth, shares: Floats) -> tuple[Limits, float]:
    """Percentiles of the largest difference in tables drawn from the observed one."""
    hits = np.rint(shares * truth.cases).astype(np.int64)
    rows = np.stack([truth.cases - hits, hits], axis=1).reshape(-1)
    weight = rows.astype(np.float64)
    keys = np.unravel_index(np.arange(len(rows)), (len(hits), 2))
    [drawn] = list(draw_tables(Cells(tuple(keys), rows, weight, weight)))
    drawn = drawn.reshape(len(drawn), -1, 2)
    with np.errstate(invalid="ignore"):
        differences = np.ptp(drawn[:, :, 1] / drawn.sum(axis=2), axis=1)
    return percentile_limits(differences, CONFIDENCE), float(np.ptp(truth.rates))


def anywhere(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Floats]:
    return lambda rng: rng.uniform(0.05, 0.95, size=shape)


def alike(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Floats]:
    return lambda rng: np.broadcast_to(rng.uniform(0.05, 0.95, size=(*shape[:-1], 1)), shape)


def nearby(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Floats]:
    """Groups spread evenly over 10 points, so that several are near the ends."""
    return lambda rng: rng.uniform(0.05, 0.85, size=(*shape[:-1], 1)) + np.linspace(0, 0.1, shape[-1])


KINDS: dict[str, tuple[Callable[[Truth, Floats], tuple[Limits, float]], Callable[[np.random.Generator], Floats]]] = {
    "rate": (of_a_rate, anywhere((1,))),
    f"{MACRO_RECALL} of 4 classes": (of_a_rate, anywhere((4, 1))),
    "difference of 2 groups, rates anywhere": (of_a_difference, anywhere((2,))),
    "difference of 2 groups, parity": (of_a_difference, alike((2,))),
    "difference of 6 groups, rates anywhere": (of_a_difference, anywhere((6,))),
    "difference of 6 groups, parity": (of_a_difference, alike((6,))),
    "difference of 6 groups within 10 points": (of_a_difference, nearby((6,))),
    "ratio of 2 groups, rates anywhere": (of_a_ratio, anywhere((2,))),
    "ratio of 6 groups, rates anywhere": (of_a_ratio, anywhere((6,))),
    "ratio of 6 groups, parity": (of_a_ratio, alike((6,))),
    "equalized odds, 2 groups anywhere": (of_the_larger, anywhere((2, 2))),
    "equalized odds, 6 groups anywhere": (of_the_larger, anywhere((2, 6))),
    "equalized odds, 6 groups, parity": (of_the_larger, alike((2, 6))),
    f"{AVERAGE_ODDS}, 6 groups anywhere": (of_a_difference, anywhere((2, 6))),
    "(bootstrap) difference of 6 groups, rates anywhere": (of_a_bootstrap, anywhere((6,))),
    "(bootstrap) difference of 6 groups, parity": (of_a_bootstrap, alike((6,))),
}


def coverage(rng: np.random.Generator, simulations: int) -> pd.DataFrame:
    """Share of 95% intervals that hold the truth, drawn anew each time, by kind and cases in each group.

    Of the bootstrap, which takes longer, a fifth as many.
    """
    table: dict[str, dict[str, str]] = {}
    for name, (interval, draw_truth) in tqdm(KINDS.items(), leave=False):
        intervals = simulations // 5 if interval is of_a_bootstrap else simulations
        for cases in SIZES:
            covered = [_covers(rng, interval, Truth(draw_truth(rng), cases)) for _ in range(intervals)]
            table.setdefault(name, {})[f"{cases:,}"] = f"{100 * np.mean(covered):.1f}%"
    return pd.DataFrame(table).T


def _covers(rng: np.random.Generator, interval: Callable[[Truth, Floats], tuple[Limits, float]], truth: Truth) -> bool:
    shares = rng.binomial(truth.cases, truth.rates) / truth.cases
    if interval is of_a_ratio and shares.max() == 0:
        return True  # not estimable: no interval is given
    (low, high), true = interval(truth, shares)
    return low - 1e-9 <= true <= high + 1e-9


# Few hits.

FEW = {
    "11 of 50, one of 20,000, rate 0.5%": ([50] * 11 + [20_000], [0.005] * 12),
    "19 of 10, one of 100,000, rate 2%": ([10] * 19 + [100_000], [0.02] * 20),
    "7 of 10, one of 5,000, rate 1%": ([10] * 7 + [5_000], [0.01] * 8),
    "12 of 200, one of 100,000, rate 5%": ([200] * 12 + [100_000], [0.05] * 13),
    "20 of 400, one of 100,000, rate 5%": ([400] * 20 + [100_000], [0.05] * 21),
    "six groups (1,200 to 40), rate 5%": (SIX.tolist(), [0.05] * 6),
    "10 and 1,000, rates 11% and 1%": ([10, 1000], [0.11, 0.01]),
    "10 and 1,000, rates 15% and 5%": ([10, 1000], [0.15, 0.05]),
}


def few_hits(rng: np.random.Generator, simulations: int) -> pd.DataFrame:
    """Share of 95% intervals that miss the truth where groups are small and hits are rare.

    The first column is Newcombe's with Wilson's limits alone, which the audit does not use.
    """
    table = {}
    for name, (sizes, rates) in FEW.items():
        n, p = np.array(sizes), np.array(rates)
        draws = [shares for shares in rng.binomial(n, p, size=(simulations, len(n))) / n if shares.any()]
        missed = np.mean([_misses(Rates("rate", shares, n, n.astype(float)), p) for shares in draws], axis=0)
        columns = ("difference, Wilson alone", "difference", "ratio", "difference to everybody", "ratio to everybody")
        table[name] = {column: f"{100 * share:.1f}%" for column, share in zip(columns, missed, strict=True)}
    return pd.DataFrame(table).T


def _misses(rates: Rates, truth: Floats) -> list[bool]:
    every, overall = np.arange(len(truth)), float(truth @ rates.rows / rates.rows.sum())
    apart, ratio = np.abs(truth - overall).max(), (np.minimum(truth, overall) / np.maximum(truth, overall)).min()
    found = [largest_deviation(rates, every, CONFIDENCE), smallest_ratio_to_overall(rates, every, CONFIDENCE)]
    limits = [
        (largest_difference(rates.shares, rates.limits, CONFIDENCE), np.ptp(truth)),
        (largest_difference(rates.shares, cautious(rates), CONFIDENCE), np.ptp(truth)),
        (smallest_ratio(rates.shares, cautious(rates), CONFIDENCE), truth.min() / truth.max()),
        *(((d.low, d.high), true) for d, true in zip(found, (apart, ratio), strict=True)),
    ]
    return [not low - 1e-9 <= true <= high + 1e-9 for (low, high), true in limits]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=250, help="tables of each design")
    parser.add_argument("--fairlearn", type=int, default=4, help="of these, tables that Fairlearn's bootstrap sees")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args(arguments)
    n = chosen.simulations
    first, second, third, fourth, fifth = (np.random.default_rng([SEED, section]) for section in range(5))
    with ProcessPoolExecutor(chosen.processes) as pool:
        sections = {
            f"False alarms ({n} tables)": pool.submit(false_alarms, first, n, chosen.fairlearn),
            f"Level of one test ({n} tables)": pool.submit(level_of_the_test, second, n),
            f"Power ({n // 2} tables)": pool.submit(power, third, n // 2, chosen.fairlearn),
            f"Coverage ({4 * n} intervals each)": pool.submit(coverage, fourth, 4 * n),
            f"Few hits ({4 * n} tables)": pool.submit(few_hits, fifth, 4 * n),
        }
        for title, table in sections.items():
            print(title, table.result().to_markdown(), "", sep="\n\n")


if __name__ == "__main__":
    main()
