"""How much the reference varies by itself from one stretch of time to the next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.times import read_times
from assay.validation.drift.distance import NEGLIGIBLE, chance_distance, total_variation
from assay.validation.drift.times import are_arrivals

if TYPE_CHECKING:
    import numpy.typing as npt

# The most different of four stretches says something; of more than twelve it is chance that is looked at.
MIN_BLOCKS, MAX_BLOCKS = 4, 12
# Fewer rows and the shares of a stretch are mostly chance.
MIN_BLOCK_ROWS = 200
# Beyond this, "as different as the reference is from itself" would let nearly everything pass.
MAX_TOLERANCE = 0.5
# A quarter of the rows elsewhere is a change that nobody overlooks; a rule that sees only more says too little.
MAX_CHANCE = 0.25


def time_blocks(times: pd.Series[Any] | None, fresh: int) -> npt.NDArray[np.int64] | None:
    """(N,) number of the stretch of time of each row, -1 for rows without a time; None where there is nothing to cut.

    The stretches follow each other and have equally many rows: about `fresh`, since longer samples vary less.
    """
    if times is None:
        return None
    numbers = times.astype("int64").where(times.notna()).to_numpy(dtype=np.float64)
    present = np.flatnonzero(~np.isnan(numbers))
    if len(present) < MIN_BLOCKS * MIN_BLOCK_ROWS:
        return None
    blocks = int(np.clip(len(present) // max(fresh, MIN_BLOCK_ROWS), MIN_BLOCKS, MAX_BLOCKS))
    # Rows of one moment stay together.
    ranks = pd.Series(numbers[present]).rank(method="min").to_numpy() - 1
    codes = np.full(len(numbers), -1, dtype=np.int64)
    codes[present] = (ranks * blocks // len(present)).astype(np.int64)
    return codes


def read_blocks(
    frame: pd.DataFrame, time: str | None, fresh: int, given: pd.Series[Any] | None
) -> npt.NDArray[np.int64] | None:
    """Blocks of the rows of a reference: those `given` (such as the file of each row), else stretches of its time."""
    if given is not None:
        return pd.factorize(given)[0].astype(np.int64)
    times = read_times(frame[time], days_matter=True) if time is not None else None
    # Stretches of people's birthdays are people of one age, and no stretches of time.
    return time_blocks(times, fresh) if times is not None and are_arrivals(times.dropna()) else None


def between_blocks(codes: npt.NDArray[np.int64], cells: int, blocks: npt.NDArray[np.int64] | None) -> float:
    """Largest distance of one block from all others, less what chance makes of it; 0 without blocks.

    Parameters
    ----------
    codes
        (N,) cell of each row, in 0..cells - 1.
    cells
        Their number.
    blocks
        (N,) block of each row, -1 for none.
    """
    if blocks is None:
        return 0.0
    inside = blocks >= 0
    number = int(blocks.max(initial=-1)) + 1
    flat = np.bincount(blocks[inside] * cells + codes[inside], minlength=number * cells)
    counts = flat.reshape(number, cells).astype(np.float64)
    whole, most = counts.sum(axis=0), 0.0
    for block in counts:
        others = whole - block
        if block.sum() < MIN_BLOCK_ROWS or others.sum() < MIN_BLOCK_ROWS:
            continue
        distance = total_variation(block / block.sum(), others / others.sum())
        most = max(most, distance - chance_distance(block, others))
    return most


def tolerance(variation: float, chance: float = 0.0) -> float:
    """Distance that is no drift: as far as the reference lies from itself, and a negligible effect more.

    Parameters
    ----------
    variation
        See `between_blocks`.
    chance
        What chance alone may reach in a batch, see `distance.reach_of_chance`: where it is more than a negligible
        effect, it takes its place.
    """
    # Rounded up: a tolerance just below what chance reaches would leave the batch undecided.
    return round(variation + max(NEGLIGIBLE, math.ceil(chance * 1000) / 1000), 3)
