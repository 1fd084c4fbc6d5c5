"""Pictures of model health and grids: what they say, leave out, and how they take names of any kind."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assay.report.glossary import TERMS, terms_in
from assay.report.grids import plot_confusion, plot_missingness
from assay.report.health_figures import plot_health
from assay.report.series import confusion, missing_by_group

CURVE = ("group", "rows", "kind", "value", "low", "high", "metric")


def table(columns, *rows):
    return {"columns": list(columns), "rows": [list(row) for row in rows]}


def texts(svg: str) -> list[str]:
    return re.findall(r">([^<>\n]+)</text>", svg)


class TestHealth:
    def test_a_projection_is_told_with_its_range(self):
        rows = [
            *((None, n, "measured", 0.7 + n / 1e4, 0.69 + n / 1e4, 0.71 + n / 1e4, "AUC") for n in (100, 200, 400)),
            (None, 800, "projected", 0.76, 0.74, 0.78, "AUC"),
            ("women", 400, "measured", 0.5, 0.4, 0.6, "AUC"),
        ]
        (picture,) = plot_health({"learning_curve": table(CURVE, *rows)})
        assert "With 400 training rows the AUC is 0.740" in picture.sentence
        assert "with 800 it would be 0.760 (0.740 to 0.780)" in picture.sentence
        assert len(picture.rows) == 4

    def test_one_size_is_no_curve_and_unknown_tables_are_none_of_its_business(self):
        one = table(CURVE, (None, 100, "measured", 0.7, 0.6, 0.8, "AUC"))
        assert plot_health({"learning_curve": one, "elsewhere": table(("a",), ("b",))}) == []

    @pytest.mark.parametrize("name", ["<b>&", "$x^2$", "naïve ü 名前", "x" * 500, "a_b%{c}"])
    def test_names_are_text(self, name):
        columns = ("column", "share", "low", "high")
        (picture,) = plot_health({"attributions": table(columns, (name, 0.6, 0.5, 0.7), ("z", 0.4, 0.3, 0.5))})
        assert "<b>" not in picture.svg
        assert picture.rows[0][0] == name
        assert len(max(texts(picture.svg), key=len)) < 200

    def test_parts_of_the_widest_gap_are_drawn(self):
        columns = ("feature", "group", "column", "contribution", "low", "high")
        rows = [
            ("sex", "f", None, -0.2, -0.3, -0.1),
            ("sex", "f", "pay", -0.2, -0.3, -0.1),
            ("sex", "m", None, 0.9, 0.8, 1.0),
            ("sex", "m", "pay", 0.7, 0.6, 0.8),
            ("sex", "m", "age", 0.2, 0.1, 0.3),
        ]
        (picture,) = plot_health({"group_gaps": table(columns, *rows)})
        assert "of m differ" in picture.sentence
        assert [row[0] for row in picture.rows] == ["pay", "age"]

    def test_power_has_a_line_for_each_defect_and_what_decides_only(self):
        columns = ("defect", "size", "check", "decides", "trials", "found")
        rows = [
            ("wrong labels at random in all groups", 0.1, "LN001", True, 8, 8),
            ("wrong labels at random in all groups", 0.02, "LN001", True, 8, 1),
            ("wrong labels at random in all groups", 0.02, "LN001 (rows)", False, 8, 7),
            ("a leak", 1.0, "DQ017", True, 0, 0),
        ]
        (picture,) = plot_health({"power": table(columns, *rows)})
        assert [text for text in texts(picture.svg) if "/" in text] == ["2%: 1/8", "10%: 8/8"]
        assert "1 cell of 2 is below half" in picture.sentence
        assert [row[2] for row in picture.rows] == ["LN001", "LN001"]

    def test_robustness_beside_random_edits(self):
        columns = ("kind", "edits", "by", "name", "accuracy", "low", "high", "random", "n")
        rows = [
            ("trees", edits, "overall", None, 0.9 - 0.2 * edits, 0.0, 1.0, 0.9 - 0.05 * edits, 100)
            for edits in range(4)
        ]
        (picture,) = plot_health({"robustness": table(columns, *rows)})
        assert "right (90% of the rows), the worst edits found of 3 columns turn 66.7%" in picture.sentence


class TestGrids:
    def test_missing_values_by_group_are_those_of_the_frame(self, make_dataset):
        frame = pd.DataFrame(
            {
                "pay": [1.0, None, None, 4.0] * 10,
                "full": range(40),
                "sex": ["f", "f", "m", "m"] * 10,
                "y": ["a", "b"] * 20,
            }
        )
        found = missing_by_group(make_dataset(frame, label="y", sensitive=["sex"]))
        assert found.to_dict("records") == [
            {"feature": "sex", "group": "f", "column": "pay", "share": 0.5, "n": 20},
            {"feature": "sex", "group": "m", "column": "pay", "share": 0.5, "n": 20},
        ]
        rows = table(tuple(found.columns), *found.itertuples(index=False))
        (picture,) = plot_missingness(rows)
        assert texts(picture.svg).count("50%") == 2
        assert "up to 50% of a group" in picture.sentence

    def test_hidden_shares_are_not_drawn(self):
        rows = table(("feature", "group", "column", "share", "n"), ("sex", "f", "pay", None, "<10"))
        assert plot_missingness(rows) == []

    def test_confusion_counts_suspects_by_given_and_suggested_label(self, sample_report):
        labels = sample_report.label_noise
        n = len(labels.suspect)
        suspect, suggested = np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64)
        suspect[:5], suggested[:3] = True, 1
        given = np.zeros(n, dtype=np.int64)
        found = confusion(replace(labels, suspect=suspect, suggested=suggested), given, ("no", "yes"))
        assert set(found.itertuples(index=False, name=None)) == {("no", "no", 2), ("no", "yes", 3)}
        (picture,) = plot_confusion(table(tuple(found.columns), *found.itertuples(index=False)))
        assert "Of 5 suspect labels, most (3) are given as no where the models say yes." in picture.sentence

    def test_a_numeric_label_has_none(self, sample_report):
        labels = sample_report.label_noise
        found = confusion(labels, np.full(len(labels.suspect), -1), ())
        assert found.empty
        assert plot_confusion(table(tuple(found.columns))) == []


class TestGlossary:
    def test_terms_are_found_as_words(self):
        assert set(terms_in(["An AUC of 0.9, and the Leaks."])) == {"AUC", "leak"}
        assert not terms_in(["sauce, auc, bleak"])

    def test_the_page_of_the_documentation_is_the_same_list(self):
        page = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
        assert dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)) == {
            "Term": "Meaning",
            "---": "---",
            **TERMS,
        }
