"""MH003: classes that were left out of the training."""

from __future__ import annotations

from assay.findings import Severity, Status


def test_each_class_is_named_with_its_rows(make_case, assess, of_code):
    found = of_code(assess(make_case(left_out={"<b>rare</b>": 3, "ünique": 1})), "MH003")
    assert [finding.status for finding in found] == [Status.INCONCLUSIVE] * 2
    assert [finding.severity for finding in found] == [Severity.WARNING] * 2
    assert [finding.subject.group for finding in found] == ["y = <b>rare</b>", "y = ünique"]
    assert [finding.evidence.value for finding in found] == [3, 1]
    assert "3 rows, where 5 folds need at least 5" in found[0].message
    assert "1 row, where" in found[1].message


def test_none_left_out_passes(make_case, assess, of_code):
    (finding,) = of_code(assess(make_case(k=3)), "MH003")
    assert finding.status is Status.PASSED
    assert "3 classes" in finding.message
