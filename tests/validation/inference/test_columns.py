"""The rules of single columns: each fires on its defect, and is not there where it would be rash."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.dataset import Roles
from assay.findings import Severity
from assay.small_cells import SMALLEST_CELL
from assay.validation.inference.columns import propose_columns
from assay.validation.inference.holding import broken_rules
from assay.validation.inference.proposing import propose_rules

N = 2000
RNG = np.random.default_rng(0)


def rules_of(frame, *, label="", fresh=None, alpha=0.02, numeric_label=False, **parts):
    frame = pd.DataFrame(frame)
    frame = frame.astype({name: "str" for name in frame if frame[name].dtype == object})
    roles = Roles(label, tuple(name for name in frame if name != label), **parts)
    rules = propose_columns(frame, roles, fresh=fresh or len(frame), alpha=alpha, numeric_label=numeric_label)
    return frame, {rule.key: rule for rule in rules}


def alarms(frame, rules):
    return {item.key for item in broken_rules(frame.reset_index(drop=True), rules.values())}


@pytest.fixture(scope="module")
def table():
    return rules_of(
        {
            "key": [f"K{k:06}" for k in RNG.permutation(10**5)[:N]],
            "serial": np.arange(N) + 500,
            "code": [
                f"{a}-{k:04}" for a, k in zip(RNG.choice(list("ABC"), N), RNG.integers(0, 10**4, N), strict=True)
            ],
            "kind": RNG.choice(["a", "b", "c"], N),
            "stars": RNG.choice([1, 2, 5], N),
            "kg": RNG.normal(70, 9, N),
            "gaps": np.where(RNG.random(N) < 0.2, np.nan, 1.5),
            "flag": RNG.random(N) < 0.5,
            "y": RNG.choice(["no", "yes"], N),
        },
        label="y",
        id="key",
    )


@pytest.mark.parametrize(
    ("column", "spoil", "alarm"),
    [
        ("kg", lambda v: v * 1000, "range: kg"),
        ("kg", lambda v: v * np.nan, "present: kg"),
        ("kind", lambda v: v + "x", "values: kind"),
        ("stars", lambda v: v * 0 + 3, "values: stars"),
        ("code", lambda v: v.str.slice(0, 4), "pattern: code"),
        ("code", lambda v: v.str.lower(), "pattern: code"),
        ("key", lambda v: v.iloc[0], "unique: key"),
        ("serial", lambda v: v * 0 + 700, "unique: serial"),
        ("serial", lambda v: v.sample(frac=1, random_state=0).to_numpy(), "order: serial"),
        ("y", lambda v: v.str.upper(), "values: y"),
        ("y", lambda v: None, "present: y"),
    ],
)
def test_it_alarms_on_a_twentieth_of_the_rows(table, column, spoil, alarm):
    frame, rules = table
    assert not alarms(frame, rules)
    hit = frame.index % 20 == 7
    spoilt = frame[column].astype(float) if frame[column].dtype.kind == "i" else frame[column].copy()
    spoilt[hit] = spoil(spoilt[hit])
    assert alarm in alarms(frame.assign(**{column: spoilt}), rules)


def test_severities(table):
    _, rules = table
    critical = {key for key, rule in rules.items() if rule.severity is Severity.CRITICAL and rule.name != "exists"}
    assert critical == {"present: key", "unique: key", "present: y", "values: y"}
    assert rules["order: serial"].severity is Severity.INFO
    assert all(rule.severity is Severity.CRITICAL for rule in rules.values() if rule.name == "exists")


def test_every_rule_says_why_in_a_sentence(table):
    _, rules = table
    for rule in rules.values():
        assert rule.reason.endswith(".")
        assert "n" in rule.evidence
        assert "method" in rule.evidence


def test_what_grows_has_no_range(table):
    _, rules = table
    assert "range: serial" not in rules
    assert "distinct: key" not in rules


def test_a_rare_category_says_that_others_will_come():
    few = ["a"] * 900 + ["b"] * 900 + [f"rare{k // 2}" for k in range(40)]
    _, plain = rules_of({"c": ["a"] * 900 + ["b"] * 900})
    _, rare = rules_of({"c": few})
    assert rare["values: c"].kwargs["mostly"] < plain["values: c"].kwargs["mostly"]
    _, none = rules_of({"c": ["a"] * 900 + [f"rare{k}" for k in range(400)]})
    assert "values: c" not in none


def test_a_text_column_that_a_batch_could_turn_into_numbers_has_no_rule_on_texts():
    _, rules = rules_of({"c": ["x1"] * 3 + [f"{k}" for k in range(997)]})
    assert set(rules) == {"exists: c", "present: c", "pattern: c"}
    _, zeros = rules_of({"c": ["007"] * 2 + [f"{k}" for k in range(998)]})
    assert set(zeros) == {"exists: c", "present: c"}


@pytest.mark.parametrize("n", [1, 2, 20])
def test_tiny_references_make_few_and_cautious_rules(n):
    _, rules = rules_of({"a": np.arange(n) * 1.5, "b": ["u", "v"] * n if n < 1 else (["u", "v"] * n)[:n]})
    assert {rule.name for rule in rules.values()} <= {"exists", "type"}


def test_empty_constant_and_infinite_columns():
    _, rules = rules_of(
        {
            "gone": np.full(N, np.nan),
            "same": np.full(N, 7),
            "word": ["x"] * N,
            "wild": np.r_[np.inf, RNG.normal(size=N - 1)],
        }
    )
    assert [key for key in rules if "gone" in key] == ["exists: gone"]
    assert rules["values: same"].kwargs["value_set"] == [7]
    assert rules["values: word"].kwargs["value_set"] == ["x"]
    assert "range: wild" not in rules
    assert np.isfinite(rules["usual range: wild"].kwargs["max_value"])


def test_strange_names_and_values():
    name = "naïve ☃ '\"\\n"
    frame, rules = rules_of({name: RNG.choice(["é", "ß", "名"], N), "": [f"名{k}" for k in range(N)]}, label="none")
    assert rules[f"values: {name}"].kwargs["value_set"] == sorted(["é", "ß", "名"])
    assert not alarms(frame, rules)


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "uint64", "float32", "float64"])
def test_types_of_numbers(dtype):
    _, rules = rules_of({"c": np.arange(100).astype(dtype)})
    assert {dtype, "int64", "float64"} <= set(rules["type: c"].kwargs["type_list"])


def test_bounds_are_outward_short_and_never_across_zero():
    values = np.r_[0.00123, RNG.uniform(0.1, 12345.678, N)]
    _, rules = rules_of({"c": values})
    low, high = rules["range: c"].kwargs["min_value"], rules["range: c"].kwargs["max_value"]
    assert low == 0
    assert high == np.ceil(values.max() / 100) * 100
    _, years = rules_of({"c": RNG.integers(1950, 2025, N)})
    assert years["range: c"].kwargs["min_value"] == 1950
    assert years["range: c"].kwargs["max_value"] == 2024


def test_numbers_with_slips_have_a_pattern_that_numbers_keep_too():
    values = [f"{value:.1f}" for value in RNG.normal(170, 10, 806)]
    frame, rules = rules_of({"c": [*(f"{value} cm" for value in values[:5]), *values[5:]]})
    assert set(rules) == {"exists: c", "present: c", "pattern: c"}
    assert "All but 5 of 806 values are numbers" in rules["pattern: c"].reason
    assert not alarms(frame, rules)
    assert not alarms(frame.iloc[5:].astype(float), rules)
    spoilt = frame["c"].where(np.arange(806) % 20 > 0, frame["c"] + " cm")
    assert alarms(spoilt.to_frame(), rules) == {"pattern: c"}
    _, codes = rules_of({"c": [f"{k}x" for k in range(30)] + [str(k) for k in range(970)]})
    assert "numbers" not in codes["pattern: c"].reason


def test_an_unknown_label_alarms_where_no_class_is_rare():
    frame, rules = rules_of({"y": ["no", "yes"] * 400}, label="y")
    assert not alarms(frame, rules)
    frame.loc[:4, "y"] = "maybe"
    assert "values: y" in alarms(frame, rules)
    assert rules["values: y"].severity is Severity.CRITICAL


def test_a_label_with_a_rare_class_or_few_rows_is_tolerant():
    _, small = rules_of({"y": [*["no", "yes"] * 200, *["odd"] * 8]}, label="y")
    assert small["values: y"].kwargs["mostly"] < 1
    assert small["values: y"].severity is Severity.CRITICAL
    _, rare = rules_of({"y": ["no", "yes"] * 1000 + ["odd"]}, label="y")
    assert rare["values: y"].kwargs["mostly"] < 1
    assert rare["values: y"].severity is Severity.WARNING
    _, sure = rules_of({"y": ["no", "yes"] * 1000}, label="y")
    assert "mostly" not in sure["values: y"].kwargs


def test_a_numeric_label_has_a_range():
    _, rules = rules_of({"y": RNG.normal(size=N)}, label="y", numeric_label=True)
    assert "range: y" in rules


def test_no_value_of_an_id_stands_in_its_rules():
    names = [f"Person {k:05}" for k in range(N)]
    _, rules = rules_of({"who": names, "n": RNG.integers(10**6, 10**7, N)}, id="who", group="n")
    said = " ".join(f"{rule.kwargs} {rule.reason}" for rule in rules.values())
    assert "Person" not in said
    assert "range: n" not in rules


def test_ignored_columns_have_no_rules():
    _, rules = rules_of({"a": RNG.normal(size=N), "b": RNG.normal(size=N)}, ignored=("b",))
    assert not any(rule.columns == ("b",) for rule in rules.values())


@pytest.mark.parametrize("role", [{"sensitive": ("c",)}, {"id": "c"}, {"group": "c"}])
def test_no_value_of_a_few_people_is_listed(role):
    words = [*["rare-syndrome-X"], *["second"] * (SMALLEST_CELL - 1), *RNG.choice(["a", "b"], 490)]
    for values in (words, [{"a": 0, "b": 1}.get(word, len(word)) for word in words]):
        _, rules = rules_of({"c": values}, **role)
        said = " ".join(f"{rule.kwargs} {rule.reason}" for rule in rules.values())
        assert not any(text in said for text in ("rare-syndrome-X", "second", "15"))


@pytest.mark.parametrize("rare", [1, 6, SMALLEST_CELL - 1])
@pytest.mark.parametrize("values", [("M", "F", "Diverse"), ("m", "f", "ö-x 7"), (1, 2, 3), (1.0, 2.0, 9.0)])
def test_no_rule_leaves_a_small_group_of_people_out(values, rare):
    column = np.array([*[values[2]] * rare, *(values[i % 2] for i in range(990))], dtype=type(values[2]))
    frame, rules = rules_of({"c": column}, sensitive=("c",))
    assert "values: c" not in rules
    assert not alarms(frame[frame["c"] == column[0]], rules)
    _, open_to_all = rules_of({"c": column})
    assert open_to_all["values: c"].evidence["broken"] == 0
    assert len(open_to_all["values: c"].kwargs["value_set"]) == 3


def test_a_sensitive_column_of_large_groups_has_its_set():
    _, rules = rules_of({"c": ["a"] * SMALLEST_CELL + ["b"] * 500}, sensitive=("c",))
    assert rules["values: c"].kwargs["value_set"] == ["a", "b"]


def test_bounds_of_a_sensitive_number_are_those_of_several_people():
    ages = np.r_[101, RNG.integers(18, 80, 499), 3]
    frame, rules = rules_of({"c": ages}, sensitive=("c",))
    ((low, high),) = [
        (rule.kwargs["min_value"], rule.kwargs["max_value"]) for key, rule in rules.items() if "range" in key
    ]
    assert (ages <= low).sum() >= SMALLEST_CELL or low < ages.min()
    assert (ages >= high).sum() >= SMALLEST_CELL or high > ages.max()
    assert "101" not in str([rule.kwargs for rule in rules.values()])
    assert not alarms(frame, rules)
    _, few = rules_of({"c": ages[:100]}, sensitive=("c",))
    assert not any("range" in key for key in few)
    _, names = rules_of({"c": ["x" * k for k in range(1, 500)]}, sensitive=("c",))
    assert "length: c" not in names


@pytest.mark.parametrize(
    ("write", "good", "bad"),
    [
        (lambda k: f"{2021 + k // 12}-{k % 12 + 1:02}", "2024-12", "2024-13"),
        (lambda k: f"{2021 + k // 4}-Q{k % 4 + 1}", "2031-Q1", "2031-Q5"),
        (lambda k: f"{2021 + k // 50}-W{k % 50 + 1:02}", "2029-W53", "2029-W54"),
        (lambda k: f"2021-{k // 28 + 1:02}-{k % 28 + 1:02}", "2022-01-01", "2022-00-01"),
    ],
)
def test_periods_have_a_pattern_and_no_set(write, good, bad):
    _, rules = rules_of({"c": [write(k) for k in np.sort(RNG.integers(0, 36, 800))]})
    assert "values: c" not in rules
    assert not alarms(pd.DataFrame({"c": [good] * 60}), rules)
    assert "pattern: c" in alarms(pd.DataFrame({"c": [bad] * 60}), rules)


def test_the_next_year_breaks_nothing():
    frame = pd.DataFrame({"y": np.sort(RNG.integers(2019, 2025, 900)), "q": RNG.choice(["2024-Q1", "2024-Q2"], 900)})
    rules = propose_rules(frame, Roles("", ("y", "q")), fresh=900)
    later = pd.DataFrame({"y": [2025] * 900, "q": ["2024-Q3"] * 900})
    assert not broken_rules(later, rules)
    _, codes = rules_of({"c": RNG.choice([1900, 2000, 2100], 900)})
    assert codes["values: c"].kwargs["value_set"] == [1900, 2000, 2100]
