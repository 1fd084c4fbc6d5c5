"""The frame as the searches see it: a sample of rows in random order, and which columns may take part."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assay.validation.repeats import find_copies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from assay.dataset import Roles

# Fewer rows show no relation between columns.
MIN_ROWS = 50
# Rows and cells on which candidates are searched; what survives is verified on all rows.
SAMPLE_ROWS = 20_000
SAMPLE_CELLS = 8_000_000
LARGEST = 1e75
# Columns that the searches look at, so that a table of thousands is searched in seconds: the cost of a search grows
# with the square of the first and of the third, and with the cube of the other two.
MAX_CODED = 150
MAX_COMBINED = 25
MAX_ORDERED = 60
MAX_SUMMED = 40
# Texts of which this share is a date of one form are dates; the others are slips.
MIN_DATES = 0.98
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?Z?)?)?")
# So many values tell the form.
_LOOKED_AT = 200


@dataclass(frozen=True, eq=False)
class Table:
    """A frame to search.

    Attributes
    ----------
    frame
        N rows, columns of plain kinds.
    roles
        Columns of it that play a part.
    """

    frame: pd.DataFrame
    roles: Roles

    @cached_property
    def sample(self) -> pd.DataFrame:
        """S rows in random order, under a RangeIndex; the same ones each time.

        Rows that were written several times count once, or whatever has a value of its own would seem to determine
        all else.
        """
        size = min(SAMPLE_ROWS, SAMPLE_CELLS // max(1, self.frame.shape[1]))
        order = np.random.default_rng(0).permutation(len(self.frame))[:size]
        sample = self.frame.iloc[order].reset_index(drop=True)
        apart = {self.roles.id, self.roles.split, *self.roles.ignored}
        compared = [name for name in sample.columns if name not in apart]
        if len(compared) < 2 or not sample.duplicated(compared).any():
            return sample
        copies = find_copies(sample, compared)
        return sample if copies.coarse else sample.loc[~copies.later].reset_index(drop=True)

    @cached_property
    def codes(self) -> dict[str, npt.NDArray[np.int64]]:
        """(S,) codes of the sampled values of each column that may take part, -1 where missing.

        Left out are ignored columns, the weight, the split, and columns without values or with a single one.
        """
        left_out = {*self.roles.ignored, self.roles.weight, self.roles.split}
        coded = {
            name: np.asarray(pd.factorize(self.sample[name])[0], dtype=np.int64)
            for name in self.frame.columns
            if name not in left_out
        }
        return {name: codes for name, codes in coded.items() if (codes >= 0).sum() >= MIN_ROWS and codes.max() > 0}

    @cached_property
    def written(self) -> tuple[str, ...]:
        """Columns of names, codes, days or whole numbers: what is written the same way twice, and no measurement."""
        return tuple(name for name in self.codes if self._is_written(name))

    def _is_written(self, name: str) -> bool:
        values = self.sample[name]
        if values.dtype.kind != "f":
            return True
        numbers = values.dropna().to_numpy()
        return bool(np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all())

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Numeric columns, booleans and the label left out."""
        return tuple(name for name in self.codes if self.frame[name].dtype.kind in "iuf" and name != self.roles.label)

    @cached_property
    def days(self) -> dict[str, tuple[str, ...]]:
        """Form -> columns of days and times that are written in it, and so compare as they are; see `form_of`."""
        forms: dict[str, list[str]] = defaultdict(list)
        for name in self.codes:
            form = form_of(self.sample[name])
            if form is not None:
                forms[form].append(name)
        return {form: tuple(names) for form, names in forms.items()}

    def instants(self, names: Sequence[str]) -> npt.NDArray[np.float64]:
        """(columns, S) sampled times in microseconds, NaN where missing or no time."""
        return np.array([_instants(self.sample[name]) for name in names]).reshape(len(names), len(self.sample))

    @cached_property
    def private(self) -> frozenset[str]:
        """Columns whose raw values do not belong into a suite."""
        roles = self.roles
        return frozenset(name for name in (*roles.sensitive, roles.id, roles.group) if name is not None)

    @property
    def unsearched(self) -> tuple[str, ...]:
        """What the searches did not look at, as sentences; empty for a table of moderate width."""
        ordered = max(len(self.numbers), *map(len, self.days.values()), 0)
        limits = (
            ("Dependencies were searched", MAX_CODED, len(self.codes), "columns"),
            ("Orders were searched", MAX_ORDERED, ordered, "columns of one kind"),
            ("Sums and products were searched", MAX_SUMMED, len(self.numbers), "numeric columns"),
        )
        return tuple(
            f"{what} among the first {limit} of {count:,} {kind} only."
            for what, limit, count, kind in limits
            if count > limit
        )

    def matrix(self, names: Sequence[str]) -> npt.NDArray[np.float64]:
        """(columns, S) sampled numbers, NaN where missing, infinite, or too large for a product of three."""
        values = self.sample[list(names)].to_numpy(dtype=np.float64).T
        return np.where(np.abs(values) < LARGEST, values, np.nan)


def form_of(values: pd.Series[Any]) -> str | None:
    """How a column writes days or times: "time" where it holds them as such, else the ISO form of (nearly) all texts.

    Texts of one ISO form, without offsets, compare as the times do that they stand for: start <= end can be asked of
    them as they are.
    """
    if values.dtype.kind == "M":
        return "time"
    present = values.dropna()
    if present.dtype.kind in "iufbmc" or present.empty:
        return None
    form, count = Counter(_form(value) for value in present.head(_LOOKED_AT)).most_common(1)[0]
    if form is None or count < MIN_DATES * min(len(present), _LOOKED_AT):
        return None
    texts = present.where(present.map(_form) == form)
    return form if pd.to_datetime(texts, format="ISO8601", errors="coerce").notna().mean() >= MIN_DATES else None


def _form(value: object) -> str | None:
    return re.sub("[0-9]", "9", value) if isinstance(value, str) and _DATE.fullmatch(value) else None


def _instants(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    if values.dtype.kind != "M":
        values = pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
    return np.where(values.isna(), np.nan, values.astype("datetime64[us]").astype("int64").astype(np.float64))
