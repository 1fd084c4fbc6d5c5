"""Numbers of a second unit: a group, apart from the others, that is their copy at a known factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.cells.ascending import Numbers

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]
    Places = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

# So begins what is said of them; the conversion follows.
SLIPPED = "looks as if"
# Numbers in all, of them different; and in the group. Fewer have no shape that could be compared.
MIN_ROWS, MIN_VALUES, MIN_GROUP, MIN_GROUP_VALUES = 50, 8, 8, 4
# Of the numbers that are not zero. From so many on, little says which unit is the right one; then, nothing.
LARGE_GROUP, MAX_GROUP = 0.25, 0.45
# The cut is in the emptiest stretch, so many standard deviations of the logarithms wide, in which lies so little of
# the group. Of a tail that fades exponentially, the spacing at the k-th largest is exponential with mean excess / k
# (Renyi 1953, doi:10.1007/BF02127580): the widest in those units is about log(rows), and a gap is wider by this.
STRETCH, MAX_BETWEEN, CLEAR = 0.5, 0.02, 4.0
# Where it is looked for: these parts of the way from the one median to the other.
WAY = np.linspace(0.2, 0.8, 61)
# The two-sided two-sample Kolmogorov-Smirnov statistic times sqrt(nm / (n + m)) that a copy exceeds in 1 of 100 cases
# (Smirnov 1948, doi:10.1214/aoms/1177730256); and what a few rows on the wrong side of the cut may add to it.
CRITICAL, STRAY = 1.628, 0.02
# The copy must be no more often the larger (by the rank sum, in standard errors), either.
OFFSET = 2.24
# The factor must be known so well, as the half-width of its 95% interval in logarithms: there are more units than
# decimal points to be met by chance, and two kinds of things are more often ten times apart than a thousand times.
MAX_VAGUE, MAX_VAGUE_TEN, MAX_VAGUE_UNIT = 0.2, 0.1, 0.03
# Where all have the zeros or decimals that the factor gave them, that says more than any interval.
MIN_DIGITS_FACTOR, MIN_WITH_DIGITS = 50.0, 0.5
# How sure, where one factor fits, where several do, and where the group is large.
SURE, SURE_OF_SOME, SURE_OF_LARGE = 0.95, 0.85, 0.7
# No conversion leads further than floats go.
LARGEST = 1e100


@dataclass(frozen=True, slots=True)
class Conversion:
    """A way in which x may have become `scale` * x + `offset`, in words, and whether the decimal point slipped."""

    words: str
    scale: float
    offset: float = 0.0
    decimal: bool = False

    @property
    def most_vague(self) -> float:
        """How vaguely the factor may be known."""
        if not self.decimal:
            return MAX_VAGUE_UNIT
        return MAX_VAGUE_TEN if abs(np.log10(self.scale)) < 1.5 else MAX_VAGUE


def _conversions() -> tuple[Conversion, ...]:
    tens = [10.0**k for k in range(1, 7)]
    # Miles, pounds, inches, feet, months, millimetres in inches, minutes, seconds in hours.
    units = [1.609344, 2.20462262, 2.54, 3.2808399, 12.0, 25.4, 60.0, 3600.0]
    found = []
    for factor in tens + units:
        text, decimal = f"{factor:,.4g}" if factor < 1_000 else f"{factor:,.0f}", factor in tens
        found += [
            Conversion(f"multiplied by {text}", factor, decimal=decimal),
            Conversion(f"divided by {text}", 1 / factor, decimal=decimal),
        ]
    found += [
        Conversion("converted from degrees Celsius to Fahrenheit", 1.8, 32.0),
        Conversion("converted from degrees Fahrenheit to Celsius", 1 / 1.8, -32 / 1.8),
    ]
    return tuple(found)


CONVERSIONS = _conversions()


@dataclass(frozen=True, slots=True, eq=False)
class Slip:
    """A group of numbers that look converted.

    Attributes
    ----------
    values
        (D,) bool: those of the distinct numbers that are in the group.
    words
        What seems to have been done to them: "multiplied by 1,000".
    sure
        Probability in [0, 1] that each of them is wrong.
    repaired
        (D,) float64, what they were before; NaN elsewhere, and everywhere where several conversions fit or
        the group is large.
    """

    values: Mask
    words: str
    sure: float
    repaired: Floats


def slipped_values(figures: Floats, counts: Counts) -> tuple[Slip, ...]:
    """Find the groups of distinct numbers that are a copy of the others at a known factor.

    The sizes are compared, whatever their sign; zero is the same in all units.

    Parameters
    ----------
    figures
        (D,) distinct numbers; NaN is left out.
    counts
        (D,) rows of each.
    """
    sizes = np.abs(figures)
    places = np.flatnonzero((sizes > 1 / LARGEST) & (sizes < LARGEST))  # NaN is neither
    places = places[np.argsort(sizes[places], kind="stable")]
    left = Numbers(sizes[places], counts[places])
    possible = [c for c in CONVERSIONS if c.offset == 0 or not (figures < 0).any()]
    slips = []
    # The furthest first: what is a thousand times too large lies beyond what is ten times too large.
    for conversion in sorted(possible, key=lambda c: -abs(np.log(c.scale))):
        if left.rows < MIN_ROWS or len(left.sizes) < MIN_VALUES:
            break
        mine = _group_apart(left, conversion)
        if mine is None:
            continue
        theirs = slice(mine.stop, None) if mine.start is None else slice(None, mine.start)
        group, others = left.part(mine), left.part(theirs)
        if not _fits(group, others, conversion):
            continue
        fitting = [c for c in possible if _fits(group, others, c)]
        best = min(fitting, key=lambda c: (not c.decimal, _differences(group, others, c)))
        share = group.rows / left.rows
        slips.append(_slip(figures, places[mine], best, others, share=share, alone=len(fitting) == 1))
        left, places = others, places[theirs]
    return tuple(slips)


def _slip(
    figures: Floats, places: Places, conversion: Conversion, others: Numbers, *, share: float, alone: bool
) -> Slip:
    values = np.zeros(len(figures), dtype=bool)
    values[places] = True
    repaired = np.full(len(figures), np.nan)
    if share > LARGE_GROUP:
        return Slip(values, f"{conversion.words} (if the others are right)", SURE_OF_LARGE, repaired)
    if not alone:
        return Slip(values, f"{conversion.words} (another unit fits, too)", SURE_OF_SOME, repaired)
    repaired[places] = _rounded(_undone(figures[places], conversion), others)
    return Slip(values, conversion.words, SURE, repaired)


def _undone(figures: Floats, conversion: Conversion) -> Floats:
    return (figures - conversion.offset) / conversion.scale


def _group_apart(left: Numbers, conversion: Conversion) -> slice | None:
    """Those beyond the emptiest stretch on the way to where the copy would be; None where it is not empty."""
    middle = float(left.quantiles([0.5])[0])
    there = middle * conversion.scale + conversion.offset
    if there <= 0 or there == middle:
        return None
    half = STRETCH * left.spread / 2
    if half <= 0:
        return None
    up = there > middle
    cuts = np.log(middle) + WAY * np.log(there / middle)
    between = left.below(cuts + half) - left.below(cuts - half)
    emptiest = np.flatnonzero(between == between.min())
    place = int(np.searchsorted(left.logs, cuts[emptiest[len(emptiest) // 2]]))
    mine = slice(place, None) if up else slice(None, place)
    group = left.part(mine)
    if not MIN_GROUP <= group.rows <= MAX_GROUP * left.rows or len(group.sizes) < MIN_GROUP_VALUES:
        return None
    if between.min() > MAX_BETWEEN * group.rows or not _is_gap(left, place, group, up=up):
        return None
    return mine


def _is_gap(left: Numbers, place: int, group: Numbers, *, up: bool) -> bool:
    """Whether what parts the group from the others is more than the wide spacing of rows in a tail."""
    # Numbers in steps are one step apart however many rows they hold.
    low, high = left.sizes[place - 1], left.sizes[place] - left.step
    if high <= low:
        return False
    excess = np.abs(group.logs - group.logs[0 if up else -1])
    mean = (excess * group.counts).sum() / group.rows
    return bool(group.rows * np.log(high / low) >= (np.log(left.rows) + CLEAR) * mean)


def _fits(group: Numbers, others: Numbers, conversion: Conversion) -> bool:
    """Whether the group, converted back, is distributed as the others are, and well enough known to say so."""
    n, m = others.rows, group.rows
    distance, offset = _differences(group, others, conversion)
    error = np.sqrt((n + m + 1) / (12 * n * m))
    if distance > CRITICAL * np.sqrt((n + m) / (n * m)) + STRAY or offset > OFFSET * error + STRAY:
        return False
    # The interval of a difference of medians; of a normal distribution their variance is pi/2 times that of a mean.
    vague = 1.96 * np.sqrt(np.pi / 2) * others.spread * np.sqrt(1 / n + 1 / m)
    if vague <= conversion.most_vague:
        return True
    return conversion.decimal and _has_its_digits(group, others, conversion)


def _differences(group: Numbers, others: Numbers, conversion: Conversion) -> tuple[float, float]:
    """How the group, converted back, differs from the others, less what rounding did to it.

    Returns
    -------
    tuple
        The Kolmogorov-Smirnov distance, and by how much the probability that one of the group is the larger of two
        differs from a half; both in [0, 1].
    """
    back = _undone(group.sizes, conversion)
    slack = group.step / conversion.scale / 2 + 1e-9 * np.abs(back)
    mine = group.counts / group.rows
    share = np.append(0, np.cumsum(mine))
    most = others.total[np.searchsorted(others.sizes, back + slack, side="right")] / others.rows
    least = others.total[np.searchsorted(others.sizes, back - slack, side="left")] / others.rows
    distance = max((share[1:] - most).max(), (least - share[:-1]).max(), 0.0)
    return float(distance), float(abs((mine * (most + least)).sum() / 2 - 0.5))


def _has_its_digits(group: Numbers, others: Numbers, conversion: Conversion) -> bool:
    """Whether all have the zeros, or most the decimals, that the factor makes of numbers like the others."""
    if others.step == 0 or max(conversion.scale, 1 / conversion.scale) < MIN_DIGITS_FACTOR:
        return False
    step = others.step * conversion.scale
    if group.off_grid(step):
        return False
    if conversion.scale > 1:
        return others.off_grid(step) >= MIN_WITH_DIGITS * others.rows
    return group.off_grid(others.step) >= MIN_WITH_DIGITS * group.rows


def _rounded(figures: Floats, others: Numbers) -> Floats:
    """Write repaired numbers in the steps of the others."""
    if others.step == 0:
        return np.array([float(f"{x:.12g}") for x in figures.tolist()])
    decimals = max(0, -round(np.log10(others.step)))
    return np.array([round(round(x / others.step) * others.step, decimals) for x in figures.tolist()])
