"""What becomes of a person's edits, and that nothing else moves."""

from __future__ import annotations

import copy
import json

import pytest

from assay.findings import Severity
from assay.validation.inference.document import compose, fingerprint, roles_of
from assay.validation.inference.rule import Rule, key_of

BETWEEN = "expect_column_values_to_be_between"


def rule(column="a", name="range", **kwargs):
    return Rule(BETWEEN, {"column": column, **(kwargs or {"min_value": 0})}, "Seen.", {"n": 9}, name=name)


RULES = [rule("a"), rule("a", "usual range", min_value=1), rule("b"), rule("c")]


@pytest.fixture
def first():
    return compose("s", RULES, {"rows": 9}).suite


def entry_of(suite, key):
    return next(e for e in suite["expectations"] if e.get("meta", {}).get("rule") == key)


def keys(suite):
    return [e.get("meta", {}).get("rule", "by hand") for e in suite["expectations"]]


def test_a_first_suite(first):
    assert keys(first) == ["range: a", "usual range: a", "range: b", "range: c"]
    assert json.loads(json.dumps(first)) == first
    assert set(first["meta"]["assay"]["fingerprints"]) == set(keys(first))
    assert entry_of(first, "range: b")["meta"]["reason"] == "Seen."


def test_the_same_again_is_the_same(first):
    again = compose("other", RULES, {"rows": 9}, first)
    assert json.dumps(again.suite) == json.dumps(first)
    assert len(again.same) == 4
    assert not any((again.new, again.changed, again.gone, again.edited, again.added, again.deleted))


def test_new_changed_and_gone_rules(first):
    rules = [rule("a"), rule("a", "usual range", min_value=2), rule("c"), rule("d")]
    update = compose("s", rules, {}, first)
    assert (update.new, update.changed, update.gone) == (("range: d",), ("usual range: a",), ("range: b",))
    assert keys(update.suite) == ["range: a", "usual range: a", "range: c", "range: d"]


@pytest.mark.parametrize("edit", [{"kwargs": {"column": "b", "min_value": -5}}, {"severity": "critical"}])
def test_an_edit_stays_and_stays_an_edit(first, edit):
    edited = copy.deepcopy(first)
    entry_of(edited, "range: b").update(edit)
    suite = edited
    for rules in (RULES, [rule("b", min_value=77)], RULES):
        update = compose("s", rules, {}, suite)
        assert update.edited == ("range: b",)
        kept, own = entry_of(update.suite, "range: b"), entry_of(edited, "range: b")
        assert {**kept, "meta": None} == {**own, "meta": None}
        assert kept["meta"]["edited"] is True
        suite = update.suite
    assert keys(suite) == keys(first)


def test_an_edit_taken_back_is_inferred_again(first):
    edited = copy.deepcopy(first)
    entry_of(edited, "range: b")["severity"] = "info"
    second = compose("s", RULES, {}, edited).suite
    entry_of(second, "range: b")["severity"] = "warning"
    assert compose("s", [rule("b", min_value=3)], {}, second).changed == ("range: b",)


def test_a_deleted_rule_is_not_proposed_again(first):
    suite = copy.deepcopy(first)
    suite["expectations"] = [e for e in suite["expectations"] if e["meta"]["rule"] != "range: b"]
    for _ in range(2):
        update = compose("s", RULES, {}, suite)
        assert update.deleted == ("range: b",)
        assert "range: b" not in keys(update.suite)
        suite = update.suite
    assert "range: b" in keys(compose("s", RULES, {}).suite)


def test_a_rule_by_hand_stays_behind_its_column(first):
    suite = copy.deepcopy(first)
    own = {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "b", "min_value": 1}}
    other = {"type": "expect_table_column_count_to_equal", "kwargs": {"value": 3}}
    suite["expectations"][:0] = [other, own]
    update = compose("s", RULES, {}, suite)
    assert update.added == ("table_column_count_to_equal", "column_mean_to_be_between: b")
    assert update.suite["expectations"][3] == own
    assert update.suite["expectations"][-1] == other
    assert compose("s", RULES, {}, update.suite).suite == update.suite


def test_a_changed_copy_of_an_inferred_rule_is_a_person_s(first):
    suite = copy.deepcopy(first)
    twin = copy.deepcopy(entry_of(suite, "range: b"))
    twin["kwargs"]["min_value"] = -1
    suite["expectations"].insert(0, twin)
    update = compose("s", RULES, {}, suite)
    assert twin in update.suite["expectations"]
    assert entry_of(first, "range: b") in update.suite["expectations"]
    assert update.added == ("range: b",)


def test_a_suite_written_by_hand_is_kept_and_not_repeated():
    by_hand = {"name": "mine", "expectations": [{"type": BETWEEN, "kwargs": {"column": "a", "max_value": 3}}]}
    update = compose("s", RULES, {}, by_hand)
    assert update.suite["name"] == "mine"
    assert update.suite["expectations"][-1] == by_hand["expectations"][0]
    assert keys(update.suite) == ["range: b", "range: c", "by hand"]
    assert set(update.suite["meta"]["assay"]["fingerprints"]) == {"range: b", "range: c"}


def test_notes_of_a_person_stay(first):
    suite = copy.deepcopy(first)
    suite["meta"]["owner"] = "me"
    entry_of(suite, "range: b")["meta"]["ticket"] = 7
    entry_of(suite, "range: b")["id"] = "of GX"
    update = compose("s", [rule("b", min_value=1)], {}, suite)
    assert update.changed == ("range: b",)
    assert update.suite["meta"]["owner"] == "me"
    assert update.suite["expectations"][0]["meta"]["ticket"] == 7
    assert update.suite["expectations"][0]["id"] == "of GX"


def test_a_fingerprint_is_of_what_the_rule_says():
    entry = {"type": "t", "kwargs": {"column": "é", "b": 1}, "severity": "info"}
    same = {"severity": "info", "meta": {"x": 1}, "kwargs": {"b": 1, "column": "é", "mostly": None}, "type": "t"}
    assert fingerprint(entry) == fingerprint(same)
    assert (
        len({fingerprint(entry | change) for change in ({}, {"severity": "warning"}, {"type": "u"}, {"kwargs": {}})})
        == 4
    )


def test_keys_name_the_columns():
    assert key_of("expect_table_row_count_to_be_between", {"min_value": 1}) == "table_row_count_to_be_between"
    assert key_of("expect_x", {"column_A": "a", "column_B": "b"}) == "x: a, b"
    assert key_of("expect_x", {"column_list": ["a", "b"], "sum_total": 1}, "sum") == "sum: a, b"
    assert Rule("expect_x", {"column": "a"}, "r", severity=Severity.INFO).key == "x: a"


def test_what_was_seen_does_not_stand_beside_an_edit(first):
    entry_of(first, "range: b")["kwargs"]["min_value"] = -5
    entry_of(first, "range: c")["severity"] = "info"
    second = compose("s", RULES, {}, first).suite
    assert entry_of(second, "range: b")["meta"] == {"rule": "range: b", "edited": True}
    # The bounds of the other are still those that were seen.
    assert entry_of(second, "range: c")["meta"]["reason"] == "Seen."
    entry_of(second, "range: b")["meta"]["reason"] = "Debts are negative."
    third = compose("s", RULES, {}, second)
    assert entry_of(third.suite, "range: b")["meta"]["reason"] == "Debts are negative."
    entry_of(third.suite, "range: b")["kwargs"]["min_value"] = 0
    fourth = compose("s", RULES, {}, third.suite)
    assert "range: b" in fourth.same
    assert "edited" not in entry_of(fourth.suite, "range: b")["meta"]


def test_a_person_s_reason_stays_when_the_rule_follows_the_data(first):
    entry_of(first, "range: b")["meta"]["reason"] = "The scale ends there."
    suite = first
    for least in (3, 4):
        update = compose("s", [rule("b", min_value=least)], {}, suite)
        assert update.changed == ("range: b",)
        suite = update.suite
        assert entry_of(suite, "range: b")["meta"]["reason"] == "The scale ends there."
        assert entry_of(suite, "range: b")["meta"]["evidence"] == {"n": 9}


def test_the_old_name_of_the_type_is_no_edit(first):
    old = copy.deepcopy(first)
    for entry in old["expectations"]:
        entry["expectation_type"] = entry.pop("type")
    update = compose("s", RULES, {"rows": 9}, old)
    assert len(update.same) == 4
    assert update.suite == first


def test_roles_are_kept_for_the_next_time():
    suite = compose("s", RULES, {}, roles={"label": "y", "sensitive": ["a"]}).suite
    assert roles_of(suite) == {"label": "y", "sensitive": ["a"]}
    for damaged in (None, {}, {"meta": {"assay": 3}}, {"meta": {"assay": {"roles": {"label": 3, "sensitive": "a"}}}}):
        assert roles_of(damaged) == {}
