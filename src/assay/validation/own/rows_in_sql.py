"""The rules of `own.rows` as expressions of SQL, with the same answers: also where values are missing or tie."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.validation.own.kinds import among, kind_of
from assay.validation.own.rows import DETERMINES, FLOAT_ERROR, PRODUCT, SUM
from assay.validation.own.tables import TooManyKeysError, keys_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Columns that `with_majorities` adds: rows with the same values, and rows with values that are at least as frequent.
_SAME, _AS_FREQUENT = "assay_same", "assay_as_frequent"
# Key sets go to a database as one JSON text; those that cannot read one get a parameter for each key.
_MAX_PARAMETERS = 1_000


@dataclass(frozen=True, slots=True)
class SqlColumns:
    """The columns that a rule is about.

    Attributes
    ----------
    names
        In the order of the rule.
    kinds
        Name -> what it holds, see `kind_of`; of columns of a query it is not known.
    dialect
        What SQLAlchemy calls the database.
    """

    names: Sequence[str]
    kinds: Mapping[str, str | None]
    dialect: str

    @classmethod
    def of(cls, names: Sequence[str], column_types: Sequence[Mapping[str, Any]], dialect: str) -> SqlColumns:
        """With the types that Great Expectations has found."""
        kinds = {str(column["name"]): kind_of(str(column["type"])) for column in column_types}
        return cls([str(name) for name in names], kinds, dialect)

    def missing(self) -> Any:
        """Whether any of them is missing in a row."""
        import sqlalchemy as sa

        return sa.or_(*(sa.column(name).is_(None) for name in self.names))

    def numbers(self) -> dict[str, Any]:
        """Name -> column as double precision.

        Raises
        ------
        TypeError
            Where one is known to hold no numbers.
        """
        import sqlalchemy as sa

        numeric = ("integer", "number", "boolean", None)
        others = [name for name in self.names if self.kinds.get(name) not in numeric]
        if others:
            raise TypeError(f"Columns must be numbers, got others: {', '.join(others)}.")
        columns: dict[str, Any] = {name: sa.column(name) for name in self.names}
        for name in self.names:
            if self.kinds.get(name) == "boolean":
                columns[name] = sa.cast(columns[name], sa.Integer)
        return {name: sa.cast(column, sa.Double) for name, column in columns.items()}

    def compared(self, name: str) -> Any:
        """A column that is compared with values of a suite."""
        import sqlalchemy as sa

        column: Any = sa.column(name)
        # There a time is a text already, of more than one form.
        as_text = self.dialect == "sqlite" and self.kinds.get(name) == "time"
        return time_as_text(column, self.dialect) if as_text else column

    def hold_numbers(self) -> Any:
        """Whether a row has numbers in all of them, which SQLite does not see to."""
        import sqlalchemy as sa

        if self.dialect != "sqlite":
            return sa.true()
        return sa.and_(*(sa.func.typeof(sa.column(name)).in_(("integer", "real")) for name in self.names))


def time_as_text(column: Any, dialect: str) -> Any:
    """A column of times in ISO 8601 as a text file has it: without an hour at midnight."""
    import sqlalchemy as sa

    if dialect == "sqlite":
        midnight = sa.func.strftime("%H:%M:%f", column) == "00:00:00.000"
        return sa.case((midnight, sa.func.date(column)), else_=column)
    date = sa.cast(column, sa.Date)
    # A session of PostgreSQL may write dates otherwise.
    day = sa.func.to_char(date, "YYYY-MM-DD") if dialect == "postgresql" else sa.cast(date, sa.Text)
    return sa.case((column == date, day), else_=sa.cast(column, sa.Text))


def _adds_up(columns: SqlColumns, kwargs: Mapping[str, Any]) -> Any:
    import sqlalchemy as sa

    numbers = columns.numbers()
    total = numbers.pop(kwargs["total"])
    parts = list(numbers.values())
    size = sum((sa.func.abs(part) for part in parts[1:]), sa.func.abs(total) + sa.func.abs(parts[0]))
    return _near(columns, total, sum(parts[1:], parts[0]), kwargs, size)


def _multiplies(columns: SqlColumns, kwargs: Mapping[str, Any]) -> Any:
    import sqlalchemy as sa

    numbers = columns.numbers()
    product = numbers.pop(kwargs["product"])
    first, *others = numbers.values()
    for other in others:
        first = first * other
    factor = sa.cast(sa.literal(_factor(kwargs)), sa.Double)
    return _near(columns, product, factor * first, kwargs, sa.func.abs(product))


def _factor(kwargs: Mapping[str, Any]) -> float:
    factor = kwargs.get("factor")
    return 1.0 if factor is None else float(factor)


def _near(columns: SqlColumns, stated: Any, computed: Any, kwargs: Mapping[str, Any], size: Any) -> Any:
    import sqlalchemy as sa

    within = sa.literal(float(kwargs.get("tolerance") or 0.0)) + sa.literal(FLOAT_ERROR) * size
    near = sa.func.abs(stated - computed) <= within
    # An infinity equals nothing that was computed.
    finite = size <= sa.literal(sys.float_info.max)
    return _told(sa.or_(columns.missing(), sa.and_(columns.hold_numbers(), finite, near)))


def _told(condition: Any) -> Any:
    """A condition that is true or false: what cannot be told is false."""
    import sqlalchemy as sa

    return sa.case((condition, 1), else_=0) == 1


def _determined(columns: SqlColumns, kwargs: Mapping[str, Any]) -> Any:
    """On rows that `with_majorities` has counted: no other value is as frequent, or the value is the listed one."""
    import sqlalchemy as sa

    on = kwargs["determined"]
    by = [name for name in columns.names if name != on]
    kept = sa.case((sa.column(_SAME) == sa.column(_AS_FREQUENT), 1), else_=0)
    listed = {tuple(entry[:-1]): entry[-1] for entry in kwargs.get("mapping") or ()}
    stated = []
    for key, value in listed.items():
        here = [among([part], columns.kinds.get(name)) for name, part in zip(by, key, strict=True)]
        if not all(here):
            continue  # no row can have it
        right = [columns.compared(on) == sa.literal(fit) for fit in among([value], columns.kinds.get(on))]
        has_key = sa.and_(*(columns.compared(name) == sa.literal(fit[0]) for name, fit in zip(by, here, strict=True)))
        stated.append((has_key, sa.case((right[0], 1), else_=0) if right else 0))
    judged = sa.case(*stated, else_=kept) if stated else kept
    return sa.or_(columns.missing(), judged == 1)


def with_majorities(rows: Any, names: Sequence[str], on: str) -> Any:
    """Rows with two counts more: of those with the same values, and of those with values as frequent or more so.

    Both are equal where no other value of `on` is as frequent among the rows with the same other values. The counts
    come from two sorts, so that they do not grow with the square of the rows.

    Parameters
    ----------
    rows
        What SQLAlchemy can select from.
    names
        Columns of the rule, among them `on`.
    on
        The determined one.
    """
    import sqlalchemy as sa

    columns: dict[str, Any] = {name: sa.column(name) for name in names}
    by = [columns[name] for name in names if name != on]
    whole = sa.and_(*(column.is_not(None) for column in columns.values()))
    # A row with a missing value is one of no group.
    same = sa.case((whole, sa.func.count().over(partition_by=list(columns.values()))))
    rows = rows.subquery("asked") if isinstance(rows, sa.Select) else rows
    counted = sa.select(sa.text("*"), same.label(_SAME)).select_from(rows).subquery("counted")
    # Ordered, a window reaches to the last row that is as frequent.
    frequent = sa.func.count(sa.column(_SAME)).over(partition_by=by, order_by=sa.column(_SAME).desc())
    return sa.select(sa.text("*"), frequent.label(_AS_FREQUENT)).select_from(counted)


KEEPS: Mapping[str, Callable[[SqlColumns, Mapping[str, Any]], Any]] = {
    DETERMINES: _determined,
    SUM: _adds_up,
    PRODUCT: _multiplies,
}


def in_table(columns: SqlColumns, kwargs: Mapping[str, Any]) -> Any:
    """Whether a value that is there occurs in column `key` of the table in `file`.

    Raises
    ------
    UnknownColumnTypeError, TooManyKeysError
        Where the values cannot be compared as they are in memory.
    """
    import sqlalchemy as sa

    (name,) = columns.names
    kind = columns.kinds.get(name)
    keys = keys_for(kwargs["file"], kwargs["key"], kind)
    if kind == "boolean":
        return sa.column(name).in_(keys)
    held = {"integer": sa.BigInteger, "number": sa.Double, "text": sa.Text}[str(kind)]
    column: Any = sa.cast(sa.column(name), held)
    if columns.dialect == "sqlite":
        each = sa.func.json_each(sa.literal(json.dumps(keys))).table_valued("value")
        # Numbers are not cast: a text among them is none.
        return (column if kind == "text" else sa.column(name)).in_(sa.select(each.c.value))
    if columns.dialect == "postgresql":
        document = sa.cast(sa.literal(json.dumps(keys), sa.Text), sa.JSON)
        each = sa.func.json_array_elements_text(document).table_valued("value")
        return column.in_(sa.select(sa.cast(each.c.value, held)))
    if len(keys) > _MAX_PARAMETERS:
        raise TooManyKeysError(f"A table to refer to must have at most {_MAX_PARAMETERS:,} keys here.")
    return column.in_(keys)
