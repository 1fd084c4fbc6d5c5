"""DQ002."""

import pandas as pd

from assay.findings import Severity, Status


def frame(values):
    return pd.DataFrame({"x": values, "z": range(len(values)), "y": [i % 2 for i in range(len(values))]})


def test_quiet_on_clean_data(read, clean, finding):
    assert finding(read(clean), "DQ002").status is Status.PASSED


def test_objects_of_several_kinds(read, finding):
    found = finding(read(frame([1, "a", True, None, 2.5, pd.Timestamp("2020")])), "DQ002")
    assert (found.status, found.severity) == (Status.FAILED, Severity.WARNING)
    assert dict(found.evidence.table.rows) == {"date": 1, "number": 2, "text": 1, "true/false": 1}
    assert found.evidence.n == 5


def test_numbers_and_words_in_substance(read, finding):
    values = [f"{i}.5" for i in range(60)] + [f"w{i}" for i in range(40)]
    found = finding(read(frame(values)), "DQ002")
    assert found.status is Status.FAILED
    assert dict(found.evidence.table.rows) == {"number": 60, "word": 40}


def test_numbers_of_several_types_are_numbers(read, finding):
    from decimal import Decimal

    assert finding(read(frame([1, 2.5, Decimal(3), None])), "DQ002").status is Status.PASSED


def test_words_with_some_numbers_are_words(read, finding):
    values = [f"w{i}" for i in range(95)] + [f"{i}.5" for i in range(5)]
    assert finding(read(frame(values)), "DQ002").status is Status.PASSED


def test_nested_values_inform(read, finding):
    found = finding(read(frame([[1], {"a": 1}, None, [2]])), "DQ002")
    assert (found.status, found.severity) == (Status.FAILED, Severity.INFO)
    assert "3 rows" in found.message


def test_ignored_columns_are_not_asked(read, finding):
    assert finding(read(frame([1, "a", [3], None]), ignore=["x"]), "DQ002").status is Status.PASSED


def test_codes_with_letters_in_some_of_them_are_codes(read, finding):
    diagnoses = [f"{v % 700 + 200}.{v % 10}" if v % 3 else f"V{v % 90 + 10}" for v in range(300)]
    goods = [f"{v + 21000}" if v % 3 else f"{v + 84000}A" for v in range(300)]
    data = read(frame(diagnoses).assign(goods=goods))
    assert finding(data, "DQ002").status is Status.PASSED
    assert finding(data, "DQ001").status is Status.PASSED
