"""Every check has a page, every page a check, and the index names all of them."""

from __future__ import annotations

import re
from pathlib import Path

from assay import cells, config, fairness, health, ingest, label_noise, quarantine, records, validation
from assay.fairness import CLEANING_CHECK
from assay.history import check as history
from assay.validation import EXPECTATION_CHECK

DOCS = Path(__file__).resolve().parents[2] / "docs" / "checks"
CHECKS = [
    check
    for stage in (ingest, validation, label_noise, fairness, health, quarantine, records, cells, history)
    for check in stage.CHECKS
]
CODES = {check.code for check in (*CHECKS, *fairness.NUMERIC_CHECKS)} | {
    EXPECTATION_CHECK.code,
    CLEANING_CHECK.code,
    fairness.LABEL_EFFECT_CHECK.code,
    fairness.MITIGATION_CHECK.code,
}


def test_codes_are_unique():
    codes = [check.code for check in CHECKS]
    assert len(codes) == len(set(codes))


def test_the_configuration_knows_every_code():
    assert set(config.CODES) == CODES


def test_every_check_has_a_page_and_every_page_a_check():
    pages = {page.stem for page in DOCS.glob("*.md")} - {"README"}
    assert pages == CODES


def test_the_index_names_every_page():
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(([A-Z]{2}\d{3})\.md\)", index)) == CODES


def test_a_page_begins_with_its_code():
    for page in DOCS.glob("[A-Z][A-Z][0-9]*.md"):
        assert page.read_text(encoding="utf-8").startswith(f"# {page.stem}")
