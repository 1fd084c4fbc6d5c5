"""What changed between two audits: planted changes are told, and nothing else is."""

from __future__ import annotations

import copy

import pytest

from assay.changes.audits import compare_audits
from assay.errors import ContractError
from assay.report.change_text import NOTHING, change_markdown, entries, render_change_markdown


def kinds(change):
    return {(c.shown.code, c.shown.subject.text): c.kind for c in change.findings}


@pytest.fixture
def planted(entry, document):
    """Two audits: one finding new, one gone, one worse, one better, one that only moved within noise."""
    older = document(
        entry("DQ011", "passed", value=0.0, threshold=0.01),
        entry("DQ004", "failed", "warning", value=0.2),
        entry("DQ018", "failed", column="worse", value=0.10),
        entry("DQ018", "failed", column="better", value=0.30),
        entry("DQ018", "failed", column="noise", value=0.100),
        entry("MH001", "passed", column="y"),
    )
    newer = document(
        entry("DQ011", "failed", value=0.08, threshold=0.01),
        entry("DQ004", "passed", "warning", value=0.0),
        entry("DQ018", "failed", column="worse", value=0.25),
        entry("DQ018", "failed", column="better", value=0.10),
        entry("DQ018", "failed", column="noise", value=0.104),
        entry("MH001", "passed", column="y"),
        fingerprint="b",
    )
    return older, newer


def test_planted_changes_are_found(planted):
    assert kinds(compare_audits(*planted)) == {
        ("DQ011", "x"): "new",
        ("DQ004", "x"): "gone",
        ("DQ018", "worse"): "worse",
        ("DQ018", "better"): "better",
        ("DQ018", "noise"): "same",
        ("MH001", "y"): "same",
    }


def test_the_other_way_round_everything_is_swapped(planted):
    mirror = {"new": "gone", "gone": "new", "worse": "better", "better": "worse"}
    there, back = kinds(compare_audits(*planted)), kinds(compare_audits(*reversed(planted)))
    assert back == {key: mirror.get(kind, kind) for key, kind in there.items()}


def test_rules_of_one_title_are_told_apart(entry, document):
    one, other = ({"code": "DQ100", "title": "where the row condition holds", "rule": rule} for rule in ("aa", "bb"))
    older = document(entry(**one, value=0.1), entry(**other, status="passed", value=0.0))
    newer = document(entry(**other, value=0.1), entry(**one, status="passed", value=0.0), fingerprint="b")
    found = [(c.kind, c.shown.rule) for c in compare_audits(older, newer).findings]
    assert found == [("new", "bb"), ("gone", "aa")]


def test_a_difference_to_the_harm_of_another_group_is_told(entry, document):
    told = {"value": 0.2, "metric": "selection rate difference", "threshold": 0.1}
    reports = [
        document(entry("FB011", **told, between=list(ends)), fingerprint=letter)
        for ends, letter in (("fm", "a"), ("mf", "b"))
    ]
    change = compare_audits(*reports)
    assert kinds(change) == {("FB011", "x"): "not comparable"}
    assert "other groups at its ends" in render_change_markdown(change.to_dict())


def test_one_more_of_what_none_may_be_is_worse(entry, document):
    reports = [
        document(entry("DQ012", metric="rows with a shared id", value=count, threshold=0, unit="rows"), fingerprint=f)
        for count, f in ((7, "a"), (8, "b"))
    ]
    change = compare_audits(*reports)
    assert (kinds(change), change.comparisons) == ({("DQ012", "x"): "worse"}, 0)


def test_identical_audits_show_nothing(planted):
    for document in planted:
        change = compare_audits(document, copy.deepcopy(document))
        assert change.is_nothing
        assert change.same_data
        assert set(kinds(change).values()) == {"same"}
        assert NOTHING in change_markdown(change.to_dict())


def test_verdict_rows_configuration_versions_and_columns_are_told(entry, document):
    older = document(entry(value=0.1), config={"label": "y", "fairness": {"tolerance": 0.1, "bins": [1]}})
    newer = document(
        entry(value=0.1),
        verdict="pass",
        rows=2000,
        fingerprint="b",
        config={"label": "y", "fairness": {"tolerance": 0.2, "bins": [1, 2]}, "output": {"folder": "elsewhere"}},
        roles={"features": ["x", "w"], "id": "z"},
        versions={"torch": "2.14.0", "numpy": "2.4"},
    )
    change = compare_audits(older, newer)
    assert change.configuration == ("fairness.bins", "fairness.tolerance")
    assert [(s.name, s.older, s.newer) for s in change.columns] == [("w", None, "feature"), ("z", "feature", "id")]
    assert [(s.name, s.older, s.newer) for s in change.versions] == [
        ("numpy", None, "2.4"),
        ("torch", "2.13.0", "2.14.0"),
    ]
    text = render_change_markdown(change.to_dict())
    assert "The verdict was reject and is pass" in text
    assert "1,000, now 2,000" in text


def test_rules_of_a_suite_are_told_apart_by_their_titles(entry, document):
    older = document(entry("DQ100", value=0.1, title="one"), entry("DQ100", "passed", value=0.0, title="two"))
    newer = document(entry("DQ100", "passed", value=0.0, title="one"), entry("DQ100", value=0.1, title="two"))
    assert {c.shown.title: c.kind for c in compare_audits(older, newer).findings} == {"one": "gone", "two": "new"}


def test_the_title_of_any_other_check_may_change(entry, document):
    older, newer = document(entry(value=0.1, title="Old")), document(entry(value=0.1, title="New"))
    assert set(kinds(compare_audits(older, newer)).values()) == {"same"}


def test_a_check_that_crashes_is_new_and_one_without_a_figure_is_the_same(entry, document):
    older = document(entry("DQ016", "passed"), entry("DQ014", "failed", value=None))
    newer = document(entry("DQ016", "error"), entry("DQ014", "failed", value=None))
    assert kinds(compare_audits(older, newer)) == {("DQ016", "x"): "new", ("DQ014", "x"): "same"}


def test_what_is_no_longer_decided_is_no_news_unless_it_is_critical(entry, document):
    def told(severity, value):
        older = document(entry("FB012", "passed", severity, value=0.040))
        newer = document(entry("FB012", "inconclusive", severity, value=value), fingerprint="b")
        return kinds(compare_audits(older, newer))["FB012", "x"]

    assert (told("warning", 0.045), told("critical", 0.045)) == ("same", "new")
    assert told("warning", 0.2) == "new"


def test_counts_of_undecided_groups_are_not_tested(entry, document):
    def undecided(count):
        figure = {"metric": "groups not decided", "threshold": None, "unit": "groups", "n": 4}
        return entry("LN003", "inconclusive", "warning", value=count, **figure)

    change = compare_audits(document(undecided(2)), document(undecided(1), fingerprint="b"))
    assert kinds(change) == {("LN003", "x"): "not comparable"}


def test_a_status_that_moved_without_a_figure_is_not_comparable(entry, document):
    change = compare_audits(document(entry(status="inconclusive")), document(entry(status="failed")))
    assert kinds(change) == {("DQ018", "x"): "not comparable"}


def test_figures_of_the_same_data_are_not_tested(entry, document):
    change = compare_audits(document(entry(value=0.1)), document(entry(value=0.4)))
    assert kinds(change) == {("DQ018", "x"): "not comparable"}
    assert "not independent" in render_change_markdown(change.to_dict())


def test_another_dataset_is_refused(document):
    with pytest.raises(ContractError, match=r"one dataset.*loans.*people"):
        compare_audits(document(), document(name="people"))


def test_a_validation_is_no_audit(document):
    validation = document() | {"families": [{"family": "DQ"}]}
    with pytest.raises(ContractError, match="one of each"):
        compare_audits(document(), validation)


@pytest.mark.parametrize(
    "damage",
    [
        {"findings": None},
        {"findings": [{"code": "DQ001"}]},
        {"verdict": "fine"},
        {"dataset": {}},
        {"families": "all"},
        {"name": None},
        {"manifest": {"config": 3}},
    ],
)
def test_a_damaged_report_is_refused_whole(document, damage):
    with pytest.raises(ContractError, match=r"newer audit.*damaged"):
        compare_audits(document(), document() | damage)


def test_an_older_report_without_what_came_later_is_read(entry, document):
    older = document(entry(value=0.1))
    older["manifest"] = {}
    del older["dataset"]["roles"]
    change = compare_audits(older, document(entry(value=0.1), fingerprint="b"))
    assert kinds(change) == {("DQ018", "x"): "same"}
    assert change.older.created is None


def test_hostile_texts_are_escaped(entry, document):
    name = "<script>|`[x](y)\u202e@all\x1b[31m"
    change = compare_audits(document(entry(column="x")), document(entry(column=name, value=0.2)))
    text = render_change_markdown(change.to_dict())
    for dangerous in ("<script>", "\x1b", "\u202e", "@all"):
        assert dangerous not in text


def test_a_hundred_changes_are_counted_and_twenty_shown(entry, document):
    older, newer = document(), document(*(entry(column=f"c{i}", value=0.2) for i in range(100)))
    change = compare_audits(older, newer).to_dict()
    assert change["counts"]["new"] == 100
    assert len(change["findings"]) == 100
    listed = entries(change)
    assert len(listed) == 21
    assert listed[-1]["about"] == "80 more"
