"""One table with planted defects in every place that it can live in: memory, SQLite, PostgreSQL, Spark."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from postgres_server import PostgresServer, postgres_server

from assay.config_file import parse_config
from assay.validating import run_validation

TABLE = "Loans 2026"


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """Names that need quotes, gaps in every column but the id, and Unicode."""
    n = 240
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "id": np.arange(n) + 1000,
            "Age in Years": rng.integers(18, 80, n).astype(float),
            "select": rng.choice(["a", "bb", "ccc", "größe", "x y"], n),
            "start": rng.integers(0, 50, n).astype(float),
            "end": rng.integers(40, 90, n).astype(float),
            "flag": rng.choice([True, False], n),
            "day": pd.to_datetime("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, n), unit="D"),
            "y": ["no", "yes"] * (n // 2),
        }
    )
    frame.loc[::40, "Age in Years"] = 200
    for place, name in enumerate(["Age in Years", "select", "start", "end"]):
        frame.loc[place::17, name] = None
    frame.loc[[3, 4], ["start", "end"]] = None  # both
    return frame


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def in_postgres(postgres, table) -> dict[str, Any]:
    _store(postgres.url, table)
    return {"connection": postgres.url, "table": TABLE}


@pytest.fixture(scope="session")
def in_sqlite(table, tmp_path_factory) -> dict[str, Any]:
    url = f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/loans.db"
    _store(url, table)
    return {"connection": url, "table": TABLE}


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session that is there already, in one thread."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'assay[spark]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Java is not installed: apt-get install openjdk-17-jre-headless")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").appName("assay tests")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def in_parquet(spark, table, tmp_path_factory) -> dict[str, Any]:
    """Partitioned by the label, which is no column of the files then."""
    folder = tmp_path_factory.mktemp("parquet") / "loans"
    # Spark reads no nanoseconds.
    table.astype({"day": "datetime64[us]"}).to_parquet(folder, partition_cols=["y"], index=False)
    return {"path": str(folder)}


@pytest.fixture(scope="session")
def in_memory(table, tmp_path_factory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("memory") / "loans.parquet"
    table.to_parquet(path, index=False)
    return {"path": str(path)}


def _store(url: str, table: pd.DataFrame) -> None:
    engine = sa.create_engine(url)
    table.to_sql(TABLE, engine, index=False)
    engine.dispose()


@pytest.fixture
def validated(tmp_path) -> Callable[..., dict[str, Any]]:
    """Hold data against expectations, and give the document, with the ledger under `ledger`."""

    def run(data: dict[str, Any], expectations: list[dict[str, Any]], **settings: Any) -> dict[str, Any]:
        suite = tmp_path / "suite.json"
        suite.write_text(json.dumps({"name": "s", "expectations": expectations}), encoding="utf-8")
        validation = {"suite": str(suite), **settings.pop("validation", {})}
        config = parse_config({"data": data, "label": "y", "id": "id", "validation": validation, **settings})
        with run_validation(config) as report:
            place = report.save(tmp_path / "audits")
            ledger = pd.read_parquet(place / "rows" / "ledger.parquet")
            return {**report.to_dict(), "ledger": ledger, "place": Path(place)}

    return run
