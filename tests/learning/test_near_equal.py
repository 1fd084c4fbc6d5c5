"""Near-equal rows: planted copies are found, and what chance puts near each other is not."""

import numpy as np
import pandas as pd
import pytest
import torch

from assay.learning.encoding import encode_table
from assay.learning.folds import MAX_LINKED, MAX_LINKED_SHARE, find_units
from assay.learning.near_equal import near_equal


def units_of(frame, group=None):
    table = encode_table(frame, list(frame.columns), torch.device("cpu"))
    return find_units(table.numbers.numpy(), table.codes.numpy(), group)


def with_copies(frame, change, rng, copies=200):
    """Append changed copies of random rows; (frame, originals, copies) by row number."""
    originals = rng.choice(len(frame), copies, replace=False)
    changed = change(frame.iloc[originals].reset_index(drop=True), frame, rng)
    return pd.concat([frame, changed], ignore_index=True), originals, np.arange(len(frame), len(frame) + copies)


def typo(copies, frame, rng):
    texts = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
    for row in range(len(copies)):
        column = texts[rng.integers(len(texts))]
        copies.loc[row, column] = f"{copies.loc[row, column]}x"
    return copies


def gap(copies, frame, rng):
    copies = copies.astype({c: float for c in frame if pd.api.types.is_numeric_dtype(frame[c])})
    for row in range(len(copies)):
        copies.loc[row, frame.columns[rng.integers(frame.shape[1])]] = np.nan
    return copies


def rounded(copies, frame, rng):
    numbers = [c for c in frame if pd.api.types.is_numeric_dtype(frame[c]) and frame[c].nunique() > 50]
    for row in range(len(copies)):
        column = numbers[rng.integers(len(numbers))]
        digits = 2 if frame[column].max() > 1e5 else 1
        copies.loc[row, column] = int(float(f"{copies.loc[row, column]:.{digits}g}"))
    return copies


def shaken(copies, frame, rng):
    for column in frame:
        if pd.api.types.is_numeric_dtype(frame[column]):
            noise = 0.001 * frame[column].std() * rng.standard_normal(len(copies))
            copies[column] = copies[column].astype(float) + noise
    return copies


@pytest.fixture(scope="module")
def adult(real_data):
    frame = pd.read_csv(real_data("adult/adult-train.csv"), header=None, skipinitialspace=True, na_values="?")
    return frame.iloc[:12000, :14].add_prefix("c")


# A copy of an Adult row that lacks its sampling weight, one column of 14, has many rows that are as near to it.
@pytest.mark.parametrize(("change", "least"), [(typo, 0.95), (gap, 0.9), (rounded, 0.95), (shaken, 0.95)])
def test_changed_copies_among_people_are_found(adult, change, least):
    frame, originals, copies = with_copies(adult, change, np.random.default_rng(0))
    units = units_of(frame)
    assert (units[originals] == units[copies]).mean() >= least
    # Few other rows are linked: some of Adult's own rows do share their weight and nearly everything else.
    sizes = np.bincount(units)
    assert (sizes[units[: len(adult)]] > 1).mean() < 0.12


@pytest.mark.parametrize("change", [gap, shaken])
def test_changed_copies_among_digits_are_found(real_data, change):
    with np.load(real_data("usps/usps.npz")) as arrays:
        pixels = max((arrays[k] for k in arrays.files), key=lambda a: a.size)
    frame = pd.DataFrame(pixels.reshape(len(pixels), -1)[:2000].astype(np.float64)).add_prefix("p")
    frame, originals, copies = with_copies(frame, change, np.random.default_rng(0), copies=100)
    units = units_of(frame)
    assert (units[originals] == units[copies]).mean() >= 0.95
    others = np.setdiff1d(np.arange(2000), originals)
    assert len(np.unique(units[others])) >= 0.98 * len(others)


def test_a_table_of_nothing_but_pairs_is_paired():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((3000, 8)) @ rng.standard_normal((8, 12))
    both = np.concatenate([values, values + 0.001 * rng.standard_normal(values.shape)]).astype(np.float32)
    units = find_units(both, np.empty((6000, 0), np.int64), None)
    assert (units[:3000] == units[3000:]).mean() >= 0.95
    assert len(np.unique(units)) >= 2990


def independent_numbers(columns):
    return lambda rng: (rng.random((20000, columns)), np.empty((20000, 0)))


def correlated_numbers(rng):
    x = rng.standard_normal((20000, 3)) @ rng.standard_normal((3, 15))
    return x + 0.05 * rng.standard_normal(x.shape), np.empty((20000, 0))


def clusters(rng):
    centres = 5 * rng.standard_normal((50, 15))
    return centres[rng.integers(50, size=20000)] + 0.3 * rng.standard_normal((20000, 15)), np.empty((20000, 0))


def binary(columns):
    return lambda rng: (np.empty((20000, 0)), rng.integers(0, 2, (20000, columns)))


def categories_of_a_class(rng):
    hidden = rng.integers(0, 10, (20000, 1))
    return np.empty((20000, 0)), 3 * hidden + rng.integers(0, 4, (20000, 12))


def age_and_sex(rng):
    return rng.integers(18, 90, (20000, 1)), rng.integers(0, 2, (20000, 1))


@pytest.mark.parametrize(
    "make",
    [
        *[independent_numbers(c) for c in (1, 2, 3, 10)],
        *[binary(c) for c in (5, 20, 60)],
        correlated_numbers,
        clusters,
        categories_of_a_class,
        age_and_sex,
    ],
)
def test_rows_near_by_chance_are_not_linked(make):
    values, codes = (x.astype(t) for x, t in zip(make(np.random.default_rng(1)), (np.float32, np.int64), strict=True))
    distinct = len(np.unique(np.concatenate([values, codes], axis=1), axis=0))
    found = len(np.unique(find_units(values, codes, None)))
    assert distinct * 0.999 <= found <= distinct


def test_nobody_is_linked_where_the_columns_of_real_people_are_shuffled(adult):
    rng = np.random.default_rng(0)
    shuffled = pd.DataFrame({c: rng.permutation(adult[c].to_numpy()) for c in adult})
    assert len(np.unique(units_of(shuffled))) >= 0.999 * len(shuffled)


def test_no_unit_outgrows_the_bound():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((8000, 20)).astype(np.float32)
    values[:1000] = values[0] + 1e-4 * rng.standard_normal((1000, 20))  # one row, a thousand times
    units = find_units(values, np.empty((8000, 0), np.int64), None)
    assert 1 < np.bincount(units).max() <= min(MAX_LINKED, 8000 * MAX_LINKED_SHARE)


def test_groups_are_not_chained_by_near_equal_rows():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((5000, 10)).astype(np.float32)
    values[2500:] = values[:2500] + 1e-4 * rng.standard_normal((2500, 10))
    units = find_units(values, np.empty((5000, 0), np.int64), rng.integers(0, 250, 5000))
    assert np.bincount(units).max() <= 5000 * MAX_LINKED_SHARE


def test_the_order_of_rows_changes_nothing_and_groups_stay_whole():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((600, 8)).astype(np.float32)
    values[500:] = values[:100] + 1e-4 * rng.standard_normal((100, 8))
    codes = rng.integers(0, 5, (600, 2))
    codes[500:] = codes[:100]
    group = rng.integers(-1, 300, 600)
    order = rng.permutation(600)
    for g in (None, group):
        units = find_units(values, codes, g)
        moved = find_units(values[order], codes[order], None if g is None else g[order])
        together = units[:, None] == units[None, :]
        assert (together[order][:, order] == (moved[:, None] == moved[None, :])).all()
    for g in range(300):
        assert len(set(units[group == g])) <= 1


def test_pairs_come_sorted_once_each_and_alike_for_the_same_seed():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((400, 10)).astype(np.float32)
    values[300:] = values[:100] + 1e-4 * rng.standard_normal((100, 10))
    pairs, excess = near_equal(values, np.empty((400, 0), np.int64))
    again, _ = near_equal(values, np.empty((400, 0), np.int64))
    assert (pairs == again).all()
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs) >= 95
    assert (np.diff(excess) <= 0).all()


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 20])
@pytest.mark.parametrize(("numbers", "categories"), [(0, 0), (3, 0), (0, 3), (2, 2)])
def test_tiny_tables_and_empty_columns_pass(rows, numbers, categories):
    values = np.full((rows, numbers), np.nan, dtype=np.float32)
    codes = np.arange(rows * categories).reshape(rows, categories)
    assert len(find_units(values, codes, None)) == rows
    pairs, _ = near_equal(values, codes)
    assert pairs.shape == (0, 2)
