"""DQ006."""

import pandas as pd

from assay.findings import Severity, Status


def test_the_favourable_label_that_was_taken_is_named(read, finding):
    frame = pd.DataFrame({"x": [1, 2, 3], "y": ["approved", "denied", "denied"]})
    found = finding(read(frame), "DQ006")
    assert (found.status, found.severity) == (Status.PASSED, Severity.INFO)
    assert "'denied'" in found.message
    assert "positive" in found.remedy
    assert "'denied'" not in finding(read(frame, positive="approved"), "DQ006").message


def test_nothing_was_chosen_among_three_classes(read, finding):
    frame = pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "c"]})
    assert "states all" in finding(read(frame), "DQ006").message
