"""Whether rows that are equal are copies of each other, or combinations of a few values that come up by themselves."""

from __future__ import annotations

# Where a kind of row is there so often on average, equal rows are combinations of categories, and no copies.
_MANY_OF_A_KIND = 10
# Not so where a single column tells so many of the kinds apart: that is a key, or one measurement of a thing.
_KEY_SHARE = 0.95


def are_combinations(rows: int, kinds: int, telling: int) -> bool:
    """Whether a table is so coarse that its equal rows are pieces of evidence of their own.

    Parameters
    ----------
    rows
        All of them.
    kinds
        Different ones among them, the label counted as a column.
    telling
        The most different values that a single feature has.
    """
    return kinds * _MANY_OF_A_KIND <= rows and telling <= _KEY_SHARE * kinds
