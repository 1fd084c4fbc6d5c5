"""Expectations of the user's own, from a module that the configuration names."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from assay.config_file import parse_config
from assay.errors import ConfigurationError
from assay.validating import run_validation
from assay.validation import validate

MODULE = """
from great_expectations.execution_engine import PandasExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial


class ColumnValuesEven(ColumnMapMetricProvider):
    condition_metric_name = "column_values.{name}"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column, **kwargs):
        return column % 2 == 0

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column, **kwargs):
        return column % 2 == 0


class ExpectColumnValuesToBe{title}(ColumnMapExpectation):
    map_metric = "column_values.{name}"
"""


@pytest.fixture
def write(tmp_path):
    def module(name: str = "even", content: str | None = None) -> str:
        path = tmp_path / f"{name}.py"
        path.write_text(content or MODULE.replace("{name}", name).replace("{title}", name.title()), encoding="utf-8")
        return str(path)

    return module


def suite(tmp_path, kind="expect_column_values_to_be_even"):
    path = tmp_path / "suite.json"
    entry = {"type": kind, "kwargs": {"column": "x", "mostly": 0.9}}
    path.write_text(json.dumps({"name": "s", "expectations": [entry]}), encoding="utf-8")
    return str(path)


def test_a_module_of_the_user_in_memory(write, tmp_path, make_dataset):
    data = make_dataset(pd.DataFrame({"x": [2, 4, 5, None, 7, 8] * 20, "y": ["a", "b"] * 60}), label="y")
    settings = {"suite": suite(tmp_path), "expectation_modules": [write()]}
    config = parse_config({"label": "y", "validation": settings}).validation
    (finding,) = [f for f in validate(data, config).findings if f.code == "DQ100"]
    assert finding.status == "failed"
    assert finding.evidence.value == pytest.approx(40 / 100)
    assert finding.evidence.rows.positions.tolist() == [i for i in range(120) if i % 6 in (2, 4)]


def test_a_module_of_the_user_in_a_database(write, tmp_path):
    import sqlalchemy as sa

    url = f"sqlite:///{tmp_path}/t.db"
    engine = sa.create_engine(url)
    pd.DataFrame({"id": range(100), "x": range(100), "y": "a"}).to_sql("t", engine, index=False)
    engine.dispose()
    settings = {"suite": suite(tmp_path), "expectation_modules": [write()]}
    data = {"connection": url, "table": "t"}
    with run_validation(parse_config({"data": data, "id": "id", "label": "y", "validation": settings})) as report:
        place = report.save(tmp_path / "audits")
    assert pd.read_parquet(place / "rows" / "ledger.parquet")["row_id"].tolist() == list(range(1, 100, 2))


def test_paths_are_relative_to_the_configuration(write, tmp_path):
    settings = {"expectation_modules": ["odd/even.py", "package.module"]}
    config = parse_config({"label": "y", "validation": settings}, base=tmp_path)
    assert config.validation.expectation_modules == (str(tmp_path / "odd" / "even.py"), "package.module")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(0)", "SystemExit"),
        ("x = 1", "must define an expectation"),
        ("import no_such_module_at_all", "ModuleNotFoundError"),
    ],
)
def test_modules_that_cannot_be(write, content, words):
    from assay.validation import load_expectations

    with pytest.raises(ConfigurationError, match=words):
        load_expectations([write("wrong", content)])


def test_all_wrong_modules_are_told_at_once(write):
    from assay.validation import load_expectations

    with pytest.raises(ConfigurationError) as caught:
        load_expectations(["/nowhere/a.py", "no_such_module_at_all", write("wrong", "1 / 0")])
    assert len(caught.value.problems) == 3


def test_no_expectation_of_the_library_is_replaced(write):
    from assay.validation import load_expectations
    from assay.validation.engine import known_kinds

    before = known_kinds()
    content = MODULE.replace("ToBe{title}", "ToBeUnique").replace("{name}", "own_unique")
    with pytest.raises(ConfigurationError, match="expect_column_values_to_be_unique"):
        load_expectations([write("taken", content)])
    from great_expectations.expectations.registry import get_expectation_impl

    assert get_expectation_impl("expect_column_values_to_be_unique").map_metric == "column_values.unique"
    assert set(before) <= set(known_kinds())


def test_a_module_that_was_edited_is_read_again(write):
    from assay.validation import load_expectations
    from assay.validation.engine import known_kinds

    path = write("edited")
    load_expectations([path])
    load_expectations([path])
    write("edited", MODULE.replace("{name}", "edited").replace("{title}", "Edited") + "\n# once more\n")
    load_expectations([path])
    assert "expect_column_values_to_be_edited" in known_kinds()


def test_a_suite_cannot_name_a_module(tmp_path, make_dataset):
    data = make_dataset(pd.DataFrame({"x": range(120), "y": ["a", "b"] * 60}), label="y")
    settings = {"suite": suite(tmp_path, "expect_column_values_to_be_never_loaded")}
    with pytest.raises(ConfigurationError, match="unknown type"):
        validate(data, parse_config({"label": "y", "validation": settings}).validation)


JUDGES_BY_VALUES = """
from great_expectations.execution_engine import PandasExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial


class ColumnValuesOrdinary(ColumnMapMetricProvider):
    condition_metric_name = "column_values.ordinary"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column, **kwargs):
        return column < 100

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column, **kwargs):
        return column < 100


class ExpectColumnValuesToBeOrdinary(ColumnMapExpectation):
    map_metric = "column_values.ordinary"

    def _validate(self, metrics, runtime_configuration=None, execution_engine=None):
        result = super()._validate(metrics, runtime_configuration, execution_engine)
        return {**result, "success": 999 not in metrics["column_values.ordinary.unexpected_values"]}
"""


@pytest.mark.parametrize(("worst", "status"), [(999, "failed"), (998, "passed")])
def test_a_verdict_on_the_values_that_break_the_rule(write, tmp_path, make_dataset, worst, status):
    # Beyond the first twenty, which Great Expectations would show by default.
    data = make_dataset(pd.DataFrame({"x": [*range(170), worst] * 2, "y": ["a", "b"] * 171}), label="y")
    settings = {
        "suite": suite(tmp_path, "expect_column_values_to_be_ordinary"),
        "expectation_modules": [write("ordinary", JUDGES_BY_VALUES)],
    }
    config = parse_config({"label": "y", "validation": settings}).validation
    (finding,) = [f for f in validate(data, config).findings if f.code == "DQ100"]
    assert finding.status == status


@pytest.mark.parametrize(("worst", "status"), [(999, "failed"), (998, "passed")])
def test_a_verdict_on_such_values_in_a_database(write, tmp_path, worst, status):
    import sqlalchemy as sa

    url = f"sqlite:///{tmp_path}/t.db"
    engine = sa.create_engine(url)
    pd.DataFrame({"x": [*range(170), worst], "y": "a"}).to_sql("t", engine, index=False)
    engine.dispose()
    settings = {
        "suite": suite(tmp_path, "expect_column_values_to_be_ordinary"),
        "expectation_modules": [write("ordinary", JUDGES_BY_VALUES)],
    }
    data = {"connection": url, "table": "t"}
    with run_validation(parse_config({"data": data, "label": "y", "validation": settings})) as report:
        assert [finding.status for finding in report.findings if finding.code == "DQ100"] == [status]


READS_ANOTHER = """
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.metrics import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.metric_provider import metric_value


class ColumnBelowOther(ColumnAggregateMetricProvider):
    metric_name = "column.below_other"
    value_keys = ("other",)

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(cls, execution_engine, metric_domain_kwargs, metric_value_kwargs, metrics, runtime_configuration):
        frame, _, accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.COLUMN)
        return bool((frame[accessor["column"]] < frame[metric_value_kwargs["other"]]).all())


class ExpectColumnToBeBelow(ColumnAggregateExpectation):
    other: str
    metric_dependencies = ("column.below_other",)
    success_keys = ("other",)

    def _validate(self, metrics, runtime_configuration=None, execution_engine=None):
        return {"success": metrics["column.below_other"], "result": {}}
"""


@pytest.mark.parametrize(("condition", "status"), [(None, "failed"), ("x > 0", "passed")])
def test_a_metric_that_reads_a_second_column(write, tmp_path, make_dataset, condition, status):
    data = make_dataset(pd.DataFrame({"x": range(120), "z": [0, *range(2, 121)], "y": ["a", "b"] * 60}), label="y")
    kwargs = {"column": "x", "other": "z"}
    kwargs |= {"row_condition": condition, "condition_parser": "pandas"} if condition else {}
    path = tmp_path / "suite.json"
    entry = {"type": "expect_column_to_be_below", "kwargs": kwargs}
    path.write_text(json.dumps({"name": "s", "expectations": [entry]}), encoding="utf-8")
    settings = {"suite": str(path), "expectation_modules": [write("below", READS_ANOTHER)]}
    (finding,) = [
        f
        for f in validate(data, parse_config({"label": "y", "validation": settings}).validation).findings
        if f.code == "DQ100"
    ]
    assert finding.status == status, finding.message


def nice(write, name, test):
    content = MODULE.replace("{name}", "nice").replace("{title}", "Nice").replace("column % 2 == 0", test)
    return write(name, content)


def test_modules_of_one_run_are_not_those_of_the_next(write, tmp_path, make_dataset):
    from assay.validation import load_expectations
    from assay.validation.engine import known_kinds

    data = make_dataset(pd.DataFrame({"x": range(1, 121), "y": ["a", "b"] * 60}), label="y")
    kind = "expect_column_values_to_be_nice"
    strict, lax = nice(write, "a", "column < 0"), nice(write, "b", "column > 0")

    def status(*modules):
        settings = {"suite": suite(tmp_path, kind), "expectation_modules": [*modules]}
        found = validate(data, parse_config({"label": "y", "validation": settings}).validation).findings
        return [f.status.value for f in found if f.code == "DQ100"]

    assert [status(strict), status(lax), status(strict), status(lax)] == [["failed"], ["passed"]] * 2
    with pytest.raises(ConfigurationError, match=kind):
        status(strict, lax)
    # The second took the name of the first: that one stays until others are asked for.
    nice(write, "a", "column > 0")
    assert status(strict) == ["passed"]
    with pytest.raises(ConfigurationError, match="unknown type"):
        status()
    load_expectations([])
    assert kind not in known_kinds()


def test_nothing_of_a_refused_module_stays_in_force(write, tmp_path, make_dataset):
    from assay.validation import load_expectations
    from assay.validation.engine import library

    library()
    from great_expectations.expectations.registry import get_expectation_impl

    data = make_dataset(pd.DataFrame({"x": [None] * 119 + [1.0], "y": ["a", "b"] * 60}), label="y")
    before = get_expectation_impl("expect_column_values_to_not_be_null")
    taking = MODULE.replace("{name}", "nonnull").replace("column % 2 == 0", "column == column")
    taking = taking.replace("ExpectColumnValuesToBe{title}", "ExpectColumnValuesToNotBeNull") + "\n1 / 0\n"
    metric = MODULE.replace("{title}", "Fine").replace("{name}", "nonnull")
    for number, content in enumerate((taking, metric)):
        with pytest.raises(ConfigurationError):
            load_expectations([write(f"refused_{number}", content)])
    assert get_expectation_impl("expect_column_values_to_not_be_null") is before
    path = suite(tmp_path, "expect_column_values_to_not_be_null")
    config = parse_config({"label": "y", "validation": {"suite": path}}).validation
    (finding,) = [f for f in validate(data, config).findings if f.code == "DQ100"]
    assert finding.status == "failed"
    assert finding.evidence.value == pytest.approx(119 / 120)
