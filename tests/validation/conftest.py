"""Suites written on the spot, and Great Expectations asked directly as the independent truth."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

if TYPE_CHECKING:
    from assay.dataset import Dataset
    from assay.findings import Finding
    from assay.results import ValidationResult


@pytest.fixture
def write_suite(tmp_path: Path) -> Callable[..., Path]:
    """Write expectations, as (type, kwargs) or whole entries, to a suite file."""

    def write(*expectations: Any, **extra: Any) -> Path:
        entries = [{"type": e[0], "kwargs": e[1]} if isinstance(e, tuple) else e for e in expectations]
        path = tmp_path / "suite.json"
        path.write_text(json.dumps({"name": "rules", "expectations": entries, "meta": {}, **extra}), encoding="utf-8")
        return path

    return write


@pytest.fixture
def run_suite(make_dataset: Callable[..., Dataset], write_suite: Callable[..., Path]) -> Callable[..., tuple]:
    """Findings of the suite alone: `run_suite(frame, (type, kwargs), ...)`."""
    from assay.config import ValidationConfig
    from assay.validation import validate

    def run(frame: pd.DataFrame, *expectations: Any, label: str = "y", **settings: Any) -> tuple[Finding, ...]:
        dataset = make_dataset(frame, label=label, **settings)
        config = ValidationConfig(suite=write_suite(*expectations))
        return validate(dataset, config, checks=()).findings

    return run


@pytest.fixture(scope="session")
def findings_of(make_dataset: Callable[..., Dataset]) -> Callable[..., list[Finding]]:
    """Findings of one always-on check: `findings_of("DQ011", frame, label="y", max_duplicate_share=0.1)`."""
    from assay.config import ValidationConfig
    from assay.validation import CHECKS, validate

    def find(code: str, frame: pd.DataFrame, label: str = "y", **settings: Any) -> list[Finding]:
        limits = {key: settings.pop(key) for key in list(settings) if key in ValidationConfig.model_fields}
        dataset = make_dataset(frame, label=label, **settings)
        result: ValidationResult = validate(
            dataset, ValidationConfig(**limits), [check for check in CHECKS if check.code == code]
        )
        return list(result.findings)

    return find


@pytest.fixture(scope="session")
def ask_gx() -> Callable[..., dict[str, Any]]:
    """Result of one expectation at COMPLETE, from Great Expectations itself."""

    def ask(frame: pd.DataFrame, kind: str, kwargs: dict[str, Any]) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import great_expectations as gx
            from great_expectations.data_context.types.base import ProgressBarsConfig
            from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

            context = gx.get_context(mode="ephemeral")
            context.variables.progress_bars = ProgressBarsConfig(globally=False)
            asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
            batch = asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": frame})
            expectation = ExpectationConfiguration(type=kind, kwargs=kwargs).to_domain_obj()
            result = batch.validate(expectation, result_format={"result_format": "COMPLETE"})
        return {"success": result.success, "exception": result.exception_info, **result.result}

    return ask
