"""The rules of our own expectations in SQL and in Spark name the rows that those in memory name."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assay.validation.own import rows_in_sql
from assay.validation.own.kinds import among, kind_of
from assay.validation.own.rows import DETERMINES, IN_TABLE, PRODUCT, SUM, unexpected
from assay.validation.own.tables import TooManyKeysError, UnknownColumnTypeError, keys_for

SQLITE = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
NAMES = itertools.count()
NUMBERS = st.sampled_from([0.0, -0.0, 0.1, 0.2, 0.3, 1.0, 1e17, -5.5, np.inf, -np.inf, np.nan])


def broken_in_sqlite(frame: pd.DataFrame, kind: str, kwargs: dict[str, Any]) -> list[int]:
    name = f"t{next(NAMES)}"
    with SQLITE.begin() as link:
        frame.to_sql(name, link, index_label="place")
        names = kwargs.get("column_list") or [kwargs["column"]]
        columns = rows_in_sql.SqlColumns.of(names, sa.inspect(link).get_columns(name), "sqlite")
        rows: Any = sa.table(name)
        if kind == DETERMINES:
            rows = rows_in_sql.with_majorities(rows, names, kwargs["determined"]).subquery()
        keeps = rows_in_sql.in_table if kind == IN_TABLE else rows_in_sql.KEEPS[kind]
        column = sa.column("place")
        query = sa.select(column).select_from(rows).where(~keeps(columns, kwargs)).order_by(column)
        found = [row[0] for row in link.execute(query)]
        link.execute(sa.text(f"DROP TABLE {name}"))
    return found


SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, None]), st.sampled_from("ab"), st.sampled_from(["x", "y", "z", None])),
        max_size=16,
    ),
    st.sampled_from([None, [[1, "a", "x"]], [[1, "a", "q"], [2.0, "b", "y"], ["1", "b", "x"], [2, "a", 7]]]),
)
@example([(1, "a", "x"), (1, "a", "y")], None)  # a tie: both contradict
@example([], None)
@SETTINGS
def test_dependencies_with_gaps_ties_and_a_mapping(rows, mapping):
    frame = pd.DataFrame(rows, columns=["by", "as well", "on"]).astype({"by": float, "as well": "str", "on": "str"})
    kwargs = {"column_list": ["by", "as well", "on"], "determined": "on", "mapping": mapping}
    assert broken_in_sqlite(frame, DETERMINES, kwargs) == unexpected(frame, DETERMINES, kwargs).tolist()


@given(
    st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=10),
    st.sampled_from([0.0, 0.05, 1.0]),
    st.sampled_from([1, 0.5, -2]),
)
@SETTINGS
def test_sums_and_products_with_gaps_and_infinities(rows, tolerance, factor):
    frame = pd.DataFrame(rows, columns=["a", "b", "c"], dtype=float)
    given = {"column_list": ["a", "b", "c"], "tolerance": tolerance}
    for kind, kwargs in ((SUM, {"total": "b"}), (PRODUCT, {"product": "c", "factor": factor})):
        asked = given | kwargs
        assert broken_in_sqlite(frame, kind, asked) == unexpected(frame, kind, asked).tolist()


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 7, 10**15],
        [1.0, 2.5, np.nan, 7.0, 1e-05, 1e17, np.inf],
        ["1", "01", "ß", None, "2.5", "1e-05", ""],
        [True, False],
    ],
)
def test_inclusions_compare_texts_as_they_are_written(tmp_path, values):
    path = tmp_path / "keys.csv"
    path.write_text("k\n1\n007\n2.5\n2.50\n1e-05\n1e+17\nß\nTrue\ninf\n7.0\n99999999999999999999\n", encoding="utf-8")
    frame = pd.DataFrame({"x": values})
    kwargs = {"column": "x", "file": str(path), "key": "k"}
    truth = [place for place in unexpected(frame, IN_TABLE, kwargs) if values[place] is not None]
    # No infinity can be handed over.
    infinite = [place for place, value in enumerate(values) if value == np.inf]
    assert broken_in_sqlite(frame, IN_TABLE, kwargs) == sorted({*truth, *infinite})


def test_a_text_in_a_column_of_numbers_breaks_a_sum():
    """SQLite keeps it, and would count it as 0."""
    columns = rows_in_sql.SqlColumns(["a", "b"], {"a": "integer", "b": "integer"}, "sqlite")
    with SQLITE.begin() as link:
        link.execute(sa.text("CREATE TABLE loose (a INTEGER, b INTEGER)"))
        link.execute(sa.text("INSERT INTO loose VALUES (0, 'x'), (2, 2)"))
        keeps = rows_in_sql.KEEPS[SUM](columns, {"total": "a"})
        assert link.execute(sa.select(sa.column("b")).select_from(sa.table("loose")).where(~keeps)).all() == [("x",)]


def test_times_in_sqlite_as_a_text_file_has_them():
    times = ["2024-01-01", "2024-01-01 00:00:00.000000", "2024-01-01 00:00:00.500000", "2024-01-01 10:30:00", "soon"]
    with SQLITE.connect() as link:
        texts = [
            link.execute(sa.select(rows_in_sql.time_as_text(sa.literal(time), "sqlite"))).scalar() for time in times
        ]
    assert texts == ["2024-01-01", "2024-01-01", *times[2:]]


def test_columns_that_hold_no_numbers_have_no_sum():
    columns = rows_in_sql.SqlColumns(["a", "b"], {"a": "integer", "b": "text"}, "postgresql")
    with pytest.raises(TypeError, match="got others: b"):
        rows_in_sql.KEEPS[SUM](columns, {"total": "a"})


def test_keys_that_cannot_be_compared_or_handed_over(tmp_path, monkeypatch):
    path = tmp_path / "k.parquet"
    pd.DataFrame({"k": np.arange(1_200)}).to_parquet(path)
    kwargs = {"file": str(path), "key": "k"}
    for kind in ("time", None):
        with pytest.raises(UnknownColumnTypeError, match="texts or numbers"):
            keys_for(str(path), "k", kind)
    columns = rows_in_sql.SqlColumns(["x"], {"x": "integer"}, "oracle")
    with pytest.raises(TooManyKeysError, match="1,000 keys"):
        rows_in_sql.in_table(columns, kwargs)
    monkeypatch.setattr("assay.validation.own.tables.MAX_KEYS", 1_000)
    with pytest.raises(TooManyKeysError, match="got 1,200"):
        keys_for(str(path), "k", "integer")


@pytest.mark.parametrize(
    ("values", "kind", "held"),
    [
        ([True, False, "True", "False"], "boolean", [True, False]),
        ([True, False, "True", "False"], "text", ["True", "False"]),
        ([True, False, "True"], "integer", [1, 0]),
        ([1, 2.5, "1", None], "number", [1, 2.5]),
        (["no", 2], "boolean", []),
        ([1, "2024-01-01"], "time", [1, "2024-01-01"]),
        ([1, "x"], None, [1, "x"]),
    ],
)
def test_values_of_a_set_as_a_column_holds_them(values, kind, held):
    assert among(values, kind) == held


def test_types_by_their_names():
    names = ["VARCHAR(20)", "decimal(10,2)", "DOUBLE PRECISION", "BOOLEAN", "timestamp_ntz", "UUID", "JSONB"]
    assert [kind_of(name) for name in names] == ["text", "number", "number", "boolean", "time", "text", None]
