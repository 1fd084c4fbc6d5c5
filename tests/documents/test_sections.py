"""Article 10, the model card and the datasheet: every point is there, and is filled by what is known and no more."""

from __future__ import annotations

from typing import Any

import pytest
import scipy.stats
from document_trees import finding, make_tree

from assay.documents import NAMES, build_documents, list_documents, render_markdown
from assay.documents.section import MOST_FINDINGS
from assay.documents.table import MOST_ROWS
from assay.documents_config import DocumentsConfig

ARTICLE_10 = "eu-ai-act-article-10"
RATES = {"sex": {"F": (100, 30), "M": (100, 60)}}
FACTS = {key: f"The {key}." for key in DocumentsConfig.model_fields if key not in {"sex", "race", "decision"}}


def by_number(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {section["number"]: section for section in document["sections"]}


def test_article_10_has_its_points_in_order(build):
    letters = [f"10(2)({letter})" for letter in "abcdefgh"]
    assert list(by_number(build(ARTICLE_10, RATES))) == [*letters, "10(3)", "10(4)", "10(5)"]


def test_the_model_card_and_the_datasheet_have_all_sections(build):
    card = [section["title"] for section in build("model-card", RATES)["sections"]]
    for title in (
        "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
        "Quantitative analyses: unitary results", "Quantitative analyses: intersectional results",
        "Ethical considerations", "Caveats and recommendations",
    ):  # fmt: skip
        assert title in card
    sheet = [section["title"].split(":")[0] for section in build("datasheet", RATES)["sections"]]
    assert list(dict.fromkeys(sheet)) == [
        "Motivation", "Composition", "Collection process", "Preprocessing, cleaning, labelling", "Uses",
        "Distribution", "Maintenance",
    ]  # fmt: skip


def test_what_only_people_know_is_open_until_they_say_it(build):
    empty, told = by_number(build(ARTICLE_10, RATES)), by_number(build(ARTICLE_10, RATES, **FACTS))
    for number in ("10(2)(a)", "10(2)(b)", "10(4)", "10(5)"):
        assert empty[number]["standing"] == "open"
        assert told[number]["standing"] == "filled"
    assert [entry["key"] for entry in empty["10(2)(b)"]["open"]] == [
        "documents.collection", "documents.origin", "documents.purpose",
    ]  # fmt: skip
    assert told["10(2)(b)"]["facts"][0] == {"key": "documents.collection", "text": "The collection."}


@pytest.mark.parametrize(
    ("statuses", "standing"),
    [
        (["passed", "failed"], "filled"),
        (["passed", "inconclusive"], "partly"),
        (["failed", "error"], "partly"),
        (["error"], "partly"),
        (["not_applicable"], "partly"),
        ([], "partly"),
    ],
)
def test_only_decided_findings_fill_a_point(build, statuses, standing):
    findings = tuple(finding("FB011", status, number) for number, status in enumerate(statuses, start=1))
    point = by_number(build(ARTICLE_10, RATES, findings=findings, **FACTS))["10(2)(f)"]
    assert point["standing"] == standing
    assert [entry["status"] for entry in point["findings"]] == sorted(
        statuses, key=["failed", "error", "inconclusive", "passed", "not_applicable"].index
    )
    undecided = [entry["id"] for entry in point["findings"] if entry["status"] in {"error", "inconclusive"}]
    assert all(name in str(point["open"]) for name in undecided)


def test_findings_alone_that_decide_nothing_leave_a_point_open(build):
    findings = (finding("FB011", "error"), finding("FB012", "not_applicable"))
    assert by_number(build(ARTICLE_10, RATES, findings=findings))["10(2)(f)"]["standing"] == "open"


def test_without_sensitive_features_nobody_was_examined(build):
    document = build(ARTICLE_10, findings=(finding("FB001", "not_applicable"),), **FACTS)
    point = by_number(document)["10(2)(f)"]
    assert point["standing"] == "partly"
    assert "No sensitive feature is named" in str(point["open"])
    assert by_number(build("model-card"))["7b"]["standing"] == "open"


def test_a_finding_is_told_with_its_figures_by_its_id(build):
    evidence = {
        "metric": "equalized odds difference", "value": 0.2, "interval": {"low": 0.1, "high": 0.3},
        "n": 400, "threshold": 0.1, "unit": "share", "rows": None, "table": None,
    }  # fmt: skip
    told = by_number(build(ARTICLE_10, RATES, findings=(finding("FB011", "failed", evidence=evidence),)))["10(2)(f)"]
    only = told["findings"][0]
    assert (only["id"], only["value"], only["low"], only["high"], only["n"]) == ("FB011-1", 0.2, 0.1, 0.3, 400)


def test_no_document_claims_compliance():
    documents = build_documents(make_tree(RATES, **FACTS))
    for document in documents.values():
        text = str(document).lower()
        assert "complies with" not in text
        assert "is compliant" not in text
        assert any("no " in sentence for sentence in document["is_not"])


def test_the_summary_counts_the_sections():
    documents = build_documents(make_tree(RATES))
    assert tuple(documents) == NAMES
    for listed, document in zip(list_documents(documents), documents.values(), strict=True):
        standings = [section["standing"] for section in document["sections"]]
        assert {key: standings.count(key) for key in ("filled", "partly", "open")} == document["summary"]
        assert document["summary"].items() <= listed.items()


def test_the_model_card_has_the_figures_of_the_tree(build):
    tree = make_tree({"sex": {"F": (100, 30), "M": (100, 60), "X": (4, 4)}})
    table = by_number(build("model-card", tree=tree))["7a"]["tables"][0]
    ends = [[f"{name}{end}" for end in ("", " low", " high")] for name in ("base rate", "selection rate")]
    assert table["columns"] == ["group", "rows", *ends[0], *ends[1]]
    shown = {group: (rows, *figures) for group, rows, *figures in table["rows"]}
    for group, (n, selected) in {"F": (100, 30), "M": (100, 60)}.items():
        low, high = scipy.stats.binomtest(selected, n).proportion_ci(method="wilson")
        assert shown[group] == (n, *[selected / n, pytest.approx(low), pytest.approx(high)] * 2)
    assert shown["X"] == ("<10", *[None] * 6)


def test_the_model_card_prints_the_intervals_that_it_names(build):
    text = render_markdown(build("model-card", {"sex": {"F": (100, 30), "M": (100, 60)}}))
    low, high = scipy.stats.binomtest(30, 100).proportion_ci(method="wilson")
    assert f"0.300 ({low:.3f} to {high:.3f})" in text


@pytest.mark.parametrize(("classes", "told"), [(["no", "yes"], "is half of it: 0.123"), (["a", "b", "c"], "wrong).")])
def test_the_brier_score_has_its_scale(build, classes, told):
    tree = make_tree(RATES, classes=tuple(classes), positive=classes[-1])
    tree["learning"]["classes"] = classes
    tree["health"]["metrics"]["rows"] = [["brier score", 0.246, 0.2, 0.3, 200]]
    sentences = by_number(build("model-card", tree=tree))["4"]["statements"]
    (brier,) = [sentence for sentence in sentences if "Brier" in sentence]
    assert "to 2 (certain and wrong)" in brier
    assert told in brier


def test_means_of_rates_are_explained_where_they_are_shown(build):
    tree = make_tree(RATES)
    assert "average odds" not in str(by_number(build("model-card", tree=tree))["4"])
    tree["fairness"]["by_group"]["rows"].append(["sex", "F", "average odds", 0.4, 0.3, 0.5, 30])
    assert "mean of its true and its false positive rate" in str(by_number(build("model-card", tree=tree))["4"])


@pytest.mark.parametrize("inferred", [True, False, None])
def test_rules_that_are_kept_are_counted_and_not_listed(build, inferred):
    statuses = ["passed"] * 30 + ["failed", "error"]
    tree = make_tree(RATES, findings=tuple(finding("DQ100", status, n) for n, status in enumerate(statuses)))
    tree["manifest"]["suite_inferred"] = inferred
    point = by_number(build(ARTICLE_10, tree=tree))["10(2)(d)"]
    assert [entry["status"] for entry in point["findings"]] == ["failed", "error"]
    assert "keep 30 of 32 rules" in str(point["statements"])
    assert ("inferred from data" in str(point["statements"])) is bool(inferred)


def test_long_lists_are_cut_and_say_so(build):
    groups = {"sex": {f"g{i}": (100, 30) for i in range(MOST_ROWS + 7)}}
    findings = tuple(finding("DQ100", "failed", i) for i in range(MOST_FINDINGS + 5))
    table = by_number(build("model-card", groups))["7a"]["tables"][0]
    assert (len(table["rows"]), table["more"]) == (MOST_ROWS, 7)
    point = by_number(build(ARTICLE_10, groups, findings=findings))["10(2)(d)"]
    assert (len(point["findings"]), point["more_findings"]) == (MOST_FINDINGS, 5)


@pytest.mark.parametrize("name", NAMES)
def test_a_tree_of_an_older_audit_is_enough(build, name):
    tree = make_tree(RATES)
    tree["manifest"] = {}
    assert build(name, tree=tree)["summary"]["open"] > 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "settings", [{"classes": (), "positive": None}, {"classes": ("a", "b", "c"), "positive": None}]
)
def test_any_label_has_its_documents(build, name, settings):
    assert build(name, RATES, **settings)["sections"]
